//! From facts to records: for each record and field, what held last.
//!
//! Records are ordered by what they say (creation, external id, contents), never by their random
//! ids, so that the same data give the same figures in every data folder.

use std::cmp::Ordering;
use std::ops::Range;

use domain::history::Fact;
use domain::journal::Provenance;
use domain::kind::Kind;
use domain::money::Money;
use domain::value::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::prelude::*;
use uuid::Uuid;

use crate::history::HistoryRow;

/// Facts of one kind, record by record, each record's sorted by field and time.
pub(crate) struct Folded {
    kind: Kind,
    rows: Vec<HistoryRow>,
    /// Where the facts of each record stand: the records that exist, in order.
    records: Vec<Range<usize>>,
}

/// One record: its facts, sorted by field and time, and the last value of each field.
pub(crate) struct Record<'a> {
    pub kind: Kind,
    pub id: Uuid,
    pub facts: &'a [HistoryRow],
    pub created_at: Timestamp,
    external_id: Option<&'a str>,
    latest: Vec<Option<&'a Value>>,
}

impl Folded {
    /// Facts of one field at one time count in the order of their recording, then of their
    /// journal entry; the last one holds. A record that was not created yet, or was deleted in
    /// its source, does not exist.
    pub fn new(kind: Kind, mut rows: Vec<HistoryRow>) -> Folded {
        // Facts come in runs of whole records, so that their places are sorted in little time;
        // sorting the facts themselves would move each of them many times.
        let mut places: Vec<(Uuid, usize)> =
            rows.iter().enumerate().map(|(place, row)| (row.subject_id, place)).collect();
        places.sort();
        let value = |place: usize, rows: &mut Vec<HistoryRow>| rows[place].value.take();
        let mut rows: Vec<HistoryRow> = places
            .into_iter()
            .map(|(_, place)| HistoryRow { value: value(place, &mut rows), ..rows[place] })
            .collect();
        let mut facts: Vec<&mut [HistoryRow]> =
            rows.chunk_by_mut(|a, b| a.subject_id == b.subject_id).collect();
        facts.par_iter_mut().for_each(|facts| {
            facts.sort_unstable_by_key(|fact| {
                (fact.field, fact.effective_at, fact.recorded_at, fact.entry_id)
            });
        });
        let ends = facts.iter().scan(0, |end, facts| {
            let start = *end;
            *end += facts.len();
            Some(start..*end)
        });
        let ranges: Vec<Range<usize>> = ends.collect();
        let mut records: Vec<(Record<'_>, Range<usize>)> = ranges
            .into_par_iter()
            .filter_map(|range| Some((Record::new(kind, &rows[range.clone()])?, range)))
            .collect();
        records.par_sort_unstable_by(|(a, _), (b, _)| a.order(b));
        let records = records.into_iter().map(|(_, range)| range).collect();
        Folded { kind, rows, records }
    }

    /// The records in order.
    pub fn records(&self) -> Vec<Record<'_>> {
        let record = |range: &Range<usize>| Record::new(self.kind, &self.rows[range.clone()]);
        self.records.par_iter().filter_map(record).collect()
    }

    /// What the facts of each record amount to, in order, where they amount to anything. Facts are
    /// in the order of their effective time, those of one field at one instant in the order in
    /// which they hold.
    pub fn of_facts<T: Send>(&self, of: impl Fn(Uuid, Vec<Fact>) -> Option<T> + Sync) -> Vec<T> {
        let of_record = |range: &Range<usize>| {
            let rows = &self.rows[range.clone()];
            let mut facts: Vec<Fact> = (rows.iter())
                .map(|row| Fact {
                    field: row.field,
                    effective_at: row.effective_at,
                    value: row.value.clone(),
                })
                .collect();
            facts.sort_by_key(|fact| fact.effective_at);
            of(rows.first()?.subject_id, facts)
        };
        self.records.par_iter().filter_map(of_record).collect()
    }

    /// Whether any fact of a record was put together from exports.
    pub fn is_reconstructed(&self) -> bool {
        let reconstructed = |row: &HistoryRow| row.provenance == Provenance::Reconstructed;
        self.records.iter().any(|range| self.rows[range.clone()].iter().any(reconstructed))
    }

    /// Leaves out what is not to be seen.
    pub fn retain(&mut self, keep: impl Fn(&Record<'_>) -> bool) {
        let (kind, rows) = (self.kind, &self.rows);
        self.records
            .retain(|range| Record::new(kind, &rows[range.clone()]).is_some_and(|r| keep(&r)));
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
        let created_at = Timestamp::MIN;
        let mut record = Record { kind, id, facts, created_at, external_id: None, latest };
        record.created_at = record.instant("created_at")?;
        record.external_id = record.text("external_id");
        let deleted = matches!(record.get("deleted"), Some(Value::Boolean(true)));
        (!deleted).then_some(record)
    }

    /// By creation and external id; what is equal in those, by all else it says but ids.
    fn order(&self, other: &Record<'_>) -> Ordering {
        let contents = |record: &Record<'_>| -> Vec<Option<String>> {
            let values = record.latest.iter().map(|value| match value {
                Some(Value::Reference(_)) | None => None,
                Some(value) => Some(value.encode()),
            });
            values.collect()
        };
        (self.created_at, self.external_id)
            .cmp(&(other.created_at, other.external_id))
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
