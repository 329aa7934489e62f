//! From facts to records: for each record and field, what held last.
//!
//! Records are ordered by what they say (creation, external id, contents), never by their random
//! ids, so that the same data give the same figures in every data folder.

use std::cmp::Ordering;

use domain::history::{Fact, Latest};
use domain::journal::Provenance;
use domain::kind::{Field, Kind};
use domain::money::Money;
use domain::value::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::prelude::*;
use uuid::Uuid;

use crate::error::LakeError;
use crate::history::Columns;

/// The records of one kind that exist, in order, each with its facts.
pub(crate) struct Folded {
    kind: Kind,
    records: Vec<Kept>,
}

struct Kept {
    id: Uuid,
    created_at: Timestamp,
    /// Whether any of its facts was put together from exports.
    is_reconstructed: bool,
    /// Where the last fact of its external id is: records are put in order by it.
    external_id: Option<u32>,
    facts: Box<[Fact]>,
}

/// One record and its facts, sorted by time and field.
pub(crate) struct Record<'a> {
    pub kind: Kind,
    pub id: Uuid,
    pub created_at: Timestamp,
    facts: &'a [Fact],
}

/// Facts of one record that stand together in one part of what was read.
struct Run {
    subject: u128,
    part: usize,
    first: usize,
    rows: usize,
}

impl Folded {
    /// Facts of one field at one time count in the order of their recording, then of their
    /// journal entry; the last one holds. A record that was not created yet, or was deleted in
    /// its source, does not exist.
    pub fn new(kind: Kind, parts: &[Columns]) -> Result<Folded, LakeError> {
        // Facts come in runs of whole records: sorting the runs takes little time, and each fact
        // is made once, where it stays.
        let runs =
            parts.par_iter().enumerate().flat_map_iter(|(part, columns)| runs(part, columns));
        let mut runs: Vec<Run> = runs.collect();
        runs.par_sort_unstable_by_key(|run| (run.subject, run.part, run.first));
        let kept =
            runs.par_chunk_by(|a, b| a.subject == b.subject).map(|runs| Kept::new(parts, runs));
        let kept: Vec<Option<Kept>> = kept.collect::<Result<_, _>>()?;
        let mut records: Vec<Kept> = kept.into_iter().flatten().collect();
        records.par_sort_unstable_by(|a, b| a.order(b, kind));
        Ok(Folded { kind, records })
    }

    /// The records in order.
    pub fn records(&self) -> Vec<Record<'_>> {
        self.records.iter().map(|kept| kept.record(self.kind)).collect()
    }

    /// What the facts of each record amount to, in order, where they amount to anything. Facts are
    /// in the order of their effective time, those of one field at one instant in the order in
    /// which they hold.
    pub fn of_facts<'a, T: Send, F: From<&'a [Fact]>>(
        &'a self,
        of: impl Fn(Uuid, F) -> Option<T> + Sync,
    ) -> Vec<T> {
        let of_record = |kept: &'a Kept| of(kept.id, F::from(&*kept.facts));
        // Each is written where it stays; parts of unknown length would be gathered once more.
        let all: Vec<Option<T>> = self.records.par_iter().map(of_record).collect();
        all.into_iter().flatten().collect()
    }

    /// Whether any fact of a record was put together from exports.
    pub fn is_reconstructed(&self) -> bool {
        self.records.iter().any(|kept| kept.is_reconstructed)
    }

    /// Leaves out what is not to be seen.
    pub fn retain(&mut self, keep: impl Fn(&Record<'_>) -> bool) {
        let kind = self.kind;
        self.records.retain(|kept| keep(&kept.record(kind)));
    }
}

fn runs(part: usize, columns: &Columns) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for row in 0..columns.rows() {
        let subject = columns.subject_id(row).as_u128();
        match runs.last_mut() {
            Some(run) if run.subject == subject => run.rows += 1,
            _ => runs.push(Run { subject, part, first: row, rows: 1 }),
        }
    }
    runs
}

impl Kept {
    /// `None` where the facts do not make a record that exists.
    fn new(parts: &[Columns], runs: &[Run]) -> Result<Option<Kept>, LakeError> {
        let rows = |run: &Run| {
            let (part, rows) = (&parts[run.part], run.first..run.first + run.rows);
            rows.map(move |row| (part, row))
        };
        let mut rows: Vec<(&Columns, usize)> = runs.iter().flat_map(rows).collect();
        rows.sort_unstable_by(|one, other| Columns::order(*one, *other));
        let Some((part, row)) = rows.first() else { return Ok(None) };
        let id = part.subject_id(*row);
        let reconstructed =
            |(part, row): &(&Columns, usize)| part.provenance(*row) == Provenance::Reconstructed;
        let is_reconstructed = rows.iter().any(reconstructed);
        // A collection of results does not know how many there will be.
        let mut facts = Vec::with_capacity(rows.len());
        for (part, row) in rows {
            facts.push(part.fact(row)?);
        }
        let facts = facts.into_boxed_slice();
        let last = Latest(&facts);
        let is_deleted = matches!(last.get("deleted"), Some(Value::Boolean(true)));
        let Some(created_at) = last.instant("created_at").filter(|_| !is_deleted) else {
            return Ok(None);
        };
        let external_id = facts.iter().rposition(|fact| fact.field == "external_id");
        let external_id = external_id.and_then(|place| u32::try_from(place).ok());
        Ok(Some(Kept { id, created_at, is_reconstructed, external_id, facts }))
    }

    fn record(&self, kind: Kind) -> Record<'_> {
        Record { kind, id: self.id, created_at: self.created_at, facts: &self.facts }
    }

    /// By creation and external id; what is equal in those, by all else it says but ids.
    fn order(&self, other: &Kept, kind: Kind) -> Ordering {
        (self.created_at.cmp(&other.created_at))
            .then_with(|| self.external_id().cmp(&other.external_id()))
            .then_with(|| self.contents(kind).cmp(&other.contents(kind)))
            .then_with(|| self.id.cmp(&other.id))
    }

    fn external_id(&self) -> Option<&str> {
        self.facts.get(self.external_id? as usize)?.value.as_ref()?.as_text()
    }

    fn contents(&self, kind: Kind) -> Vec<Option<String>> {
        let value = |field: &Field| match Latest(&self.facts).get(field.name) {
            Some(Value::Reference(_)) | None => None,
            Some(value) => Some(value.encode()),
        };
        kind.fields().iter().map(value).collect()
    }
}

impl<'a> Record<'a> {
    pub fn get(&self, field: &str) -> Option<&'a Value> {
        Latest(self.facts).get(field)
    }

    /// The facts of one field in the order in which they hold.
    pub fn timeline(&self, field: &str) -> impl DoubleEndedIterator<Item = &'a Fact> {
        self.facts.iter().filter(move |fact| fact.field == field)
    }

    pub fn text(&self, field: &str) -> Option<&'a str> {
        self.get(field)?.as_text()
    }

    pub fn instant(&self, field: &str) -> Option<Timestamp> {
        self.get(field)?.as_instant()
    }

    pub fn money(&self, field: &str) -> Option<Money> {
        self.get(field)?.as_money()
    }

    pub fn reference(&self, field: &str) -> Option<Uuid> {
        self.get(field)?.as_reference()
    }

    pub fn date(&self, field: &str) -> Option<Date> {
        match self.get(field)? {
            Value::Date(date) => Some(*date),
            _ => None,
        }
    }

    pub fn number(&self, field: &str) -> Option<i64> {
        match self.get(field)? {
            Value::Integer(number) | Value::Ratio(number) => Some(*number),
            _ => None,
        }
    }

    /// Its name, else the id by which its source knows it.
    pub fn label(&self) -> Option<&'a str> {
        self.text("name").or_else(|| self.text("external_id"))
    }
}
