//! Closed periods. None is ever changed or taken away, and the journal has the hash of each.

use std::collections::BTreeMap;

use domain::handoff::Handoff;
use domain::period::Period;
use domain::period_close::PeriodClose;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db};

/// A closed period, and who closed it when.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    pub close: PeriodClose,
    pub actor: String,
    pub reason: String,
    pub recorded_at: Timestamp,
}

/// Entries of one kind that were recorded later and tell of an earlier time, by what wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// A kind of record or of setting.
    pub kind: String,
    pub import: Option<Uuid>,
    pub actor: String,
    pub reason: String,
    pub entries: u64,
    /// When the first of them was recorded.
    pub recorded_at: Timestamp,
}

/// Fields of an entry, each before and after.
type Changes = BTreeMap<String, [Option<String>; 2]>;

#[derive(FromQueryResult)]
struct Row {
    period: String,
    figures: String,
    figures_sha256: String,
    proof: String,
    opens: String,
    actor: String,
    reason: String,
    recorded_at: i64,
}

#[derive(FromQueryResult)]
struct LaterRow {
    kind: String,
    import_id: Option<String>,
    actor: String,
    reason: String,
    entries: i64,
    recorded_at: i64,
}

#[derive(FromQueryResult)]
struct Changed {
    subject_id: String,
    changes: String,
}

impl Store {
    /// All closed periods in the order in which they were closed.
    pub async fn closed_periods(&self) -> Result<Vec<Closed>, Error> {
        let sql = "select * from period_close order by recorded_at, period";
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        rows.into_iter().map(Row::closed).collect()
    }

    pub async fn closed_period(&self, period: Period) -> Result<Option<Closed>, Error> {
        read(&self.db.reader, period).await
    }

    /// What the journal says of a closed period: each field of its entry.
    pub async fn journalled_close(
        &self,
        period: Period,
    ) -> Result<Option<BTreeMap<String, String>>, Error> {
        let sql = "select subject_id, changes from journal where kind = 'period_close'
            and subject_id = $1 order by recorded_at, id limit 1";
        let values = vec![period.to_string().into()];
        let rows: Vec<Changed> = db::rows(&self.db.reader, sql, values).await?;
        let fields = |row: Changed| {
            let changes: Changes = serde_json::from_str(&row.changes).map_err(damaged)?;
            let after = changes.into_iter().map(|(field, [_, after])| (field, after));
            Ok(after.filter_map(|(field, after)| Some((field, after?))).collect())
        };
        rows.into_iter().next().map(fields).transpose()
    }

    /// The hash of a link of the chain, and where the chain ends where no place is named.
    pub async fn link(&self, position: Option<u64>) -> Result<Option<(u64, Vec<u8>)>, Error> {
        #[derive(FromQueryResult)]
        struct Link {
            position: i64,
            hash: Vec<u8>,
        }
        let (which, values) = match position {
            Some(position) => ("where position = $1", vec![crate::record::bounded(position)]),
            None => ("order by position desc limit 1", Vec::new()),
        };
        let sql = format!("select position, hash from journal_link {which}");
        let rows: Vec<Link> = db::rows(&self.db.reader, sql, values).await?;
        Ok(rows.into_iter().next().map(|link| (link.position.unsigned_abs(), link.hash)))
    }

    /// What was recorded after one instant and was true by another, by kind and by what wrote it.
    pub async fn recorded_later(
        &self,
        recorded_after: Timestamp,
        true_by: Timestamp,
    ) -> Result<Vec<Later>, Error> {
        let sql = "select kind, import_id, actor, reason, count(*) as entries,
            min(recorded_at) as recorded_at from journal
            where recorded_at > $1 and effective_at <= $2
            group by kind, import_id, actor, reason order by 6, 1, 3, 4";
        let values = vec![recorded_after.as_microsecond().into(), true_by.as_microsecond().into()];
        let rows: Vec<LaterRow> = db::rows(&self.db.reader, sql, values).await?;
        let later = |row: LaterRow| {
            Ok(Later {
                kind: row.kind,
                import: row.import_id.as_deref().map(parse_id).transpose()?,
                actor: row.actor,
                reason: row.reason,
                entries: row.entries.unsigned_abs(),
                recorded_at: instant(row.recorded_at)?,
            })
        };
        rows.into_iter().map(later).collect()
    }

    /// All hand-offs as they stood at an instant: what was done since is taken back, entry by entry
    /// of the journal.
    pub async fn handoffs_at(&self, at: Timestamp) -> Result<Vec<Handoff>, Error> {
        let sql = "select subject_id, changes from journal where kind = 'handoff'
            and recorded_at > $1";
        let later: Vec<Changed> =
            db::rows(&self.db.reader, sql, vec![at.as_microsecond().into()]).await?;
        let mut entries = Vec::new();
        for Changed { subject_id, changes } in later {
            let changes: Changes = serde_json::from_str(&changes).map_err(damaged)?;
            let version = changes.get("version").and_then(|[_, after]| after.as_deref());
            let version: u64 = version.and_then(|it| it.parse().ok()).unwrap_or_default();
            entries.push((version, subject_id, changes));
        }
        // Entries of one transaction have one time: which came last is told by the version.
        entries.sort_by_key(|(version, ..)| std::cmp::Reverse(*version));
        let mut undone: BTreeMap<String, BTreeMap<String, Option<String>>> = BTreeMap::new();
        for (_, subject, changes) in entries {
            let before = changes.into_iter().map(|(field, [before, _])| (field, before));
            undone.entry(subject).or_default().extend(before);
        }
        let mut handoffs = Vec::new();
        for handoff in self.handoffs().await? {
            let name = format!("{}/{}", handoff.lead, handoff.pass);
            match undone.get(&name) {
                None => handoffs.push(handoff),
                Some(before) => handoffs.extend(crate::handoff::taken_back(handoff, before)?),
            }
        }
        Ok(handoffs)
    }
}

impl Tx {
    /// Closes a period. The journal has its proof and the hash of its figures.
    ///
    /// # Errors
    /// [`Error::ClosedPeriod`] when it is closed already.
    pub async fn close_period(&mut self, close: &PeriodClose) -> Result<(), Error> {
        let PeriodClose { period, figures, figures_sha256, proof, opens } = close;
        if read(&self.sql, *period).await?.is_some() {
            return Err(Error::ClosedPeriod(*period));
        }
        let sql = "insert into period_close (period, figures, figures_sha256, proof, opens,
            actor, reason, recorded_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = vec![
            period.to_string().into(),
            figures.as_str().into(),
            figures_sha256.as_str().into(),
            proof.as_str().into(),
            opens.to_string().into(),
            self.author.actor.clone().into(),
            self.author.reason.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let changes = [
            ("figures_sha256", None, Some(figures_sha256.clone())),
            ("proof", None, Some(proof.clone())),
            ("opens", None, Some(opens.to_string())),
        ];
        self.append_setting("period_close", &period.to_string(), &changes).await
    }
}

fn damaged(error: impl ToString) -> Error {
    Error::damaged("a closed period", error)
}

async fn read(connection: &impl ConnectionTrait, period: Period) -> Result<Option<Closed>, Error> {
    let sql = "select * from period_close where period = $1";
    let mut rows: Vec<Row> = db::rows(connection, sql, vec![period.to_string().into()]).await?;
    rows.pop().map(Row::closed).transpose()
}

impl Row {
    fn closed(self) -> Result<Closed, Error> {
        Ok(Closed {
            close: PeriodClose {
                period: self.period.parse().map_err(damaged)?,
                figures: self.figures,
                figures_sha256: self.figures_sha256,
                proof: self.proof,
                opens: self.opens.parse().map_err(damaged)?,
            },
            actor: self.actor,
            reason: self.reason,
            recorded_at: instant(self.recorded_at)?,
        })
    }
}
