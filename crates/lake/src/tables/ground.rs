//! What an answer rests on: as long as it stays the same, nothing has to be counted again.

use std::collections::HashMap;

use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use domain::kind::Kind;
use domain::time::{day_of, end_of_day};
use jiff::Timestamp;
use jiff::civil::Date;

use super::picture::{
    DEAL_PUSHES, DEAL_STAGES, HANDOFF_CLOCKS, HANDOFFS, LEAD_STAGES, PROMISED_LEADS, TOUCHES,
};
use super::{Agreed, Tables, zone};
use crate::error::LakeError;
use crate::history::HistoryRow;
use crate::metric::Metric;

/// By whose names others are filed.
const LABELS: [Kind; 3] = [Kind::Accounts, Kind::Products, Kind::Campaigns];

/// What an answer for whoever sees everything rests on, beside the question and the company's
/// settings: of two that read the same, so do the answers.
#[derive(Debug)]
#[expect(dead_code, reason = "read as its text, which has all of it")]
pub struct Ground<'a> {
    as_of_day: Date,
    /// A view of a whole day sees what is dated later on it; a view of this moment does not.
    is_whole_day: bool,
    /// Clocks run on while nothing is told: theirs is the very moment.
    moment: Option<Timestamp>,
    known_on: Date,
    history_version: Option<u64>,
    touches_version: Option<u64>,
    /// Who turned out to be whom: how many, and a digest of them in whatever order.
    same_people: Option<(usize, u128)>,
    /// What is told of its kinds and not sealed yet.
    told: Vec<&'a HistoryRow>,
    agreed: Option<&'a Agreed>,
}

/// The tables that an answer is read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Read {
    kinds: Vec<Kind>,
    agreed: bool,
    touches: bool,
}

impl Read {
    fn by(session: &SessionContext, sql: &str) -> Result<Read, DataFusionError> {
        let state = session.state();
        let dialect = state.config().options().sql_parser.dialect;
        let statement = state.sql_to_statement(sql, &dialect)?;
        let tables = state.resolve_table_references(&statement)?;
        let asks = |names: &[&str]| tables.iter().any(|table| names.contains(&table.table()));
        let reads = |kind: &Kind| {
            asks(&[kind.name()])
                || match kind {
                    Kind::Deals => asks(&[DEAL_STAGES, DEAL_PUSHES]),
                    Kind::Leads => asks(&[LEAD_STAGES, HANDOFFS, HANDOFF_CLOCKS]),
                    _ => false,
                }
        };
        Ok(Read {
            kinds: Kind::RECORDS.into_iter().filter(reads).collect(),
            agreed: asks(&[HANDOFFS, HANDOFF_CLOCKS, PROMISED_LEADS]),
            touches: asks(&[TOUCHES]),
        })
    }
}

impl Tables {
    /// What a metric rests on that is not broken down.
    ///
    /// # Errors
    /// When its question is no SQL.
    pub fn ground_of(&self, metric: &Metric) -> Result<Ground<'_>, LakeError> {
        let what = || LakeError::query::<DataFusionError>(format!("the metric `{}`", metric.name));
        Ok(self.ground(Read::by(&self.session, &metric.sql).map_err(what())?))
    }

    /// What the records of a kind rest on.
    pub fn ground_of_kind(&self, kind: Kind) -> Ground<'_> {
        self.ground(Read { kinds: vec![kind], ..Read::default() })
    }

    fn ground(&self, read: Read) -> Ground<'_> {
        let view = &self.picture().view;
        let version = |table: &Option<deltalake::DeltaTable>| table.as_ref()?.version();
        let as_of_day = self.as_of_day();
        let is_meant = |row: &&HistoryRow| {
            !read.kinds.is_empty() && (read.kinds.contains(&row.kind) || LABELS.contains(&row.kind))
        };
        Ground {
            as_of_day,
            is_whole_day: view.as_of.effective_at == end_of_day(as_of_day, zone(view)),
            moment: read.agreed.then_some(view.as_of.effective_at),
            known_on: day_of(view.as_of.known_at, zone(view)),
            history_version: version(&view.history).filter(|_| !read.kinds.is_empty()),
            touches_version: version(&view.touches).filter(|_| read.touches),
            same_people: read.touches.then(|| digest(&view.world.same_people)),
            told: view.tail.iter().filter(is_meant).collect(),
            agreed: read.agreed.then_some(&*view.world.agreed),
        }
    }
}

fn digest(same: &HashMap<u128, u128>) -> (usize, u128) {
    let one = |(from, to): (&u128, &u128)| from ^ to.rotate_left(1);
    (same.len(), same.iter().map(one).fold(0, u128::wrapping_add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::catalogue;

    fn read(metric: &str) -> Read {
        let found = catalogue().unwrap().into_iter().find(|known| known.name == metric).unwrap();
        Read::by(&SessionContext::new(), &found.sql).unwrap()
    }

    #[test]
    fn a_metric_rests_on_the_tables_that_it_asks() {
        assert_eq!(read("mqls"), Read { kinds: vec![Kind::Leads], ..Read::default() });
        assert_eq!(read("touches"), Read { touches: true, ..Read::default() });
        assert_eq!(read("wins").kinds, [Kind::Deals]);
        let accepted = read("hand_offs_accepted");
        assert!(accepted.kinds.contains(&Kind::Leads));
        assert!(!accepted.kinds.contains(&Kind::Deals) && !accepted.touches);
        assert!(read("acceptance_rate").agreed);
    }

    #[test]
    fn who_is_whom_is_told_by_its_digest() {
        let same = |pairs: &[(u128, u128)]| digest(&pairs.iter().copied().collect());
        assert_eq!(same(&[(1, 2), (3, 4)]), same(&[(3, 4), (1, 2)]));
        assert_ne!(same(&[(1, 2), (3, 4)]), same(&[(1, 4), (3, 4)]));
        assert_ne!(same(&[(1, 2)]), same(&[(2, 1)]));
    }

    #[test]
    fn every_metric_rests_on_something() {
        for metric in catalogue().unwrap() {
            assert_ne!(read(&metric.name), Read::default(), "{}", metric.name);
        }
    }
}
