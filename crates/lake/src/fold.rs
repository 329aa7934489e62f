//! From facts to records: for each record and field, what held last.
//!
//! Records are ordered by what they say (creation, external id, contents), never by their random
//! ids, so that the same data give the same figures in every data folder.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use domain::kind::Kind;
use domain::money::Money;
use domain::value::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::prelude::*;
use uuid::Uuid;

use crate::history::HistoryRow;

/// Facts sorted by kind, record, field and time, and where each record's facts stand.
pub(crate) struct Folded {
    rows: Vec<HistoryRow>,
    records: BTreeMap<Kind, Vec<Range<usize>>>,
}

/// One record: its facts, sorted by field and time, and the last value of each field.
pub(crate) struct Record<'a> {
    pub kind: Kind,
    pub id: Uuid,
    pub facts: &'a [HistoryRow],
    pub created_at: Timestamp,
    latest: Vec<Option<&'a Value>>,
}

impl Folded {
    /// Facts of one field at one time count in the order of their recording, then of their
    /// journal entry; the last one holds.
    pub fn new(mut rows: Vec<HistoryRow>) -> Folded {
        rows.par_sort_unstable_by(|a, b| {
            (a.kind, a.subject_id, a.field, a.effective_at, a.recorded_at, a.entry_id).cmp(&(
                b.kind,
                b.subject_id,
                b.field,
                b.effective_at,
                b.recorded_at,
                b.entry_id,
            ))
        });
        let mut records: BTreeMap<Kind, Vec<Range<usize>>> = BTreeMap::new();
        let mut start = 0;
        for chunk in rows.chunk_by(|a, b| (a.kind, a.subject_id) == (b.kind, b.subject_id)) {
            let end = start + chunk.len();
            records.entry(chunk[0].kind).or_default().push(start..end);
            start = end;
        }
        Folded { rows, records }
    }

    /// The records of a kind that exist: created by then, and not deleted in their source.
    pub fn records(&self, kind: Kind) -> Vec<Record<'_>> {
        let ranges = self.records.get(&kind).map_or(&[][..], Vec::as_slice);
        let mut records: Vec<Record<'_>> = ranges
            .par_iter()
            .filter_map(|range| Record::new(kind, &self.rows[range.clone()]))
            .collect();
        records.par_sort_unstable_by(Record::order);
        records
    }
}

impl<'a> Record<'a> {
    fn new(kind: Kind, facts: &'a [HistoryRow]) -> Option<Record<'a>> {
        let fields = kind.fields();
        let mut latest = vec![None; fields.len()];
        for facts in facts.chunk_by(|a, b| a.field == b.field) {
            let last = facts.last()?;
            let place = fields.iter().position(|field| field.name == last.field)?;
            latest[place] = last.value.as_ref();
        }
        let id = facts.first()?.subject_id;
        let mut record = Record { kind, id, facts, created_at: Timestamp::MIN, latest };
        record.created_at = record.instant("created_at")?;
        let deleted = matches!(record.get("deleted"), Some(Value::Boolean(true)));
        (!deleted).then_some(record)
    }

    /// By creation and external id; what is equal in those, by all else it says but ids.
    fn order(&self, other: &Record<'_>) -> Ordering {
        let key = |record: &Record<'a>| (record.created_at, record.text("external_id"));
        let contents = |record: &Record<'_>| -> Vec<Option<String>> {
            let values = record.latest.iter().map(|value| match value {
                Some(Value::Reference(_)) | None => None,
                Some(value) => Some(value.encode()),
            });
            values.collect()
        };
        let other_key = (other.created_at, other.text("external_id"));
        key(self)
            .cmp(&other_key)
            .then_with(|| contents(self).cmp(&contents(other)))
            .then_with(|| self.id.cmp(&other.id))
    }

    pub fn get(&self, field: &str) -> Option<&'a Value> {
        let place = self.kind.fields().iter().position(|known| known.name == field)?;
        self.latest[place]
    }

    /// The facts of one field in the order in which they hold.
    pub fn timeline(&self, field: &str) -> &'a [HistoryRow] {
        let start = self.facts.partition_point(|fact| fact.field < field);
        let length = self.facts[start..].iter().take_while(|fact| fact.field == field).count();
        &self.facts[start..start + length]
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
