//! Reading: a file under its mapping, as typed rows and rejects, one by one in bounded memory.

use std::collections::BTreeMap;
use std::path::Path;

use domain::kind::Kind;
use domain::value::Value;
use jiff::Timestamp;

use crate::Assumptions;
use crate::digests::Digests;
use crate::limits::{REJECTED_CELL_BYTES_MAX, REJECTED_CELLS_MAX};
use crate::mapping::{Mapping, Target};
use crate::plan::{CellFault, Plan, id_target};
use crate::refusal::{Reason, Refusal, Reject, shorten};
use crate::source::{Record, Source};

/// One good row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The physical line, from 1, on which the row begins; in a workbook its row.
    pub line: u64,
    /// The source's id of the record; of a change, the id of the record that changed. `None` only
    /// where the kind may go without (purchases, subscriptions, costs).
    pub id: Option<String>,
    /// The fields that the file has; `None` where the row leaves one empty.
    pub values: BTreeMap<&'static str, Option<Cell>>,
    /// What the row tells of records that it refers to, by reference field and their field.
    pub related: BTreeMap<(&'static str, &'static str), Value>,
    pub changed_at: Option<Timestamp>,
    pub modified_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Value(Value),
    /// The text by which a reference names its record: an id, or where the source has none a name.
    Key(String),
}

/// Opens a file under a mapping. What the mapping leaves open (delimiter, encoding) is detected.
pub fn read(path: &Path, mapping: &Mapping, assumptions: &Assumptions) -> Result<Reader, Refusal> {
    let source = Source::open(path, mapping)?;
    require_targets(&source, mapping)?;
    let plan = Plan::new(&source.headers, mapping, assumptions);
    let is_record = mapping.kind.subject() == mapping.kind;
    Ok(Reader {
        source,
        plan,
        record: Record::default(),
        seen: is_record.then(Digests::new),
        rows_ignored: 0,
        broken_off: None,
    })
}

/// The rows of a file.
pub struct Reader {
    source: Source,
    plan: Plan,
    record: Record,
    seen: Option<Digests>,
    /// Rows of a history of properties that tell no field of the kind.
    pub rows_ignored: u64,
    broken_off: Option<Refusal>,
}

impl Reader {
    pub fn headers(&self) -> &[String] {
        &self.source.headers
    }

    /// How far the file has been read, in its own bytes.
    pub fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    pub fn bytes_total(&self) -> u64 {
        self.source.bytes_total
    }

    /// To be called when the rows have come to an end: says whether the file did too, or whether
    /// reading broke off before.
    pub fn finish(self) -> Result<(), Refusal> {
        self.broken_off.map_or(Ok(()), Err)
    }

    fn typed(&mut self) -> Option<Result<Row, Reject>> {
        let row = match self.plan.row(&self.record) {
            Ok(row) => row?,
            Err(fault) => return Some(Err(reject(&self.record, fault))),
        };
        let id = row.id.as_deref();
        let is_new = id.zip(self.seen.as_mut()).is_none_or(|(id, seen)| seen.insert(id));
        if is_new {
            return Some(Ok(row));
        }
        let column = self.plan.id_header().map(str::to_owned);
        let value = row.id.unwrap_or_default();
        let fault = CellFault { column, value, reason: Reason::DuplicateId };
        Some(Err(reject(&self.record, fault)))
    }
}

impl Iterator for Reader {
    type Item = Result<Row, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.broken_off.is_none() {
            match self.source.next(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(refusal) => {
                    self.broken_off = Some(refusal);
                    return None;
                }
            }
            if let Some(item) = self.typed() {
                return Some(item);
            }
            self.rows_ignored += 1;
        }
        None
    }
}

/// The reject of a record, its cells shortened.
pub fn reject(record: &Record, fault: CellFault) -> Reject {
    let cells = record.cells().take(REJECTED_CELLS_MAX);
    Reject {
        line: record.line,
        column: fault.column,
        value: shorten(&fault.value),
        reason: fault.reason,
        row: cells.map(|cell| cut(cell, REJECTED_CELL_BYTES_MAX).to_owned()).collect(),
    }
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// Refuses a file that lacks a column without which its rows mean nothing.
pub fn require_targets(source: &Source, mapping: &Mapping) -> Result<(), Refusal> {
    let present = |target: Target| {
        mapping.constants.iter().any(|(other, _)| *other == target)
            || mapping.header_of(target).is_some_and(|it| source.headers.iter().any(|h| h == it))
    };
    let missing = |target: &'static str| Refusal::MissingTarget {
        path: source.path.clone(),
        kind: mapping.kind.name(),
        target,
        headers: source.headers.join(", "),
    };
    if mapping.kind == Kind::Touches {
        return require_touch_targets(present, missing);
    }
    let may_lack_id = matches!(mapping.kind, Kind::Purchases | Kind::Subscriptions | Kind::Costs);
    match id_target(mapping) {
        Some(target) if present(target) => {}
        None if may_lack_id => {}
        _ => return Err(missing("id")),
    }
    if mapping.kind.subject() != mapping.kind && !present(Target::ChangedAt) {
        return Err(missing("changed_at"));
    }
    Ok(())
}

/// A touch needs a time and somebody.
fn require_touch_targets(
    present: impl Fn(Target) -> bool,
    missing: impl Fn(&'static str) -> Refusal,
) -> Result<(), Refusal> {
    if !Target::field(Kind::Touches, "occurred_at").is_some_and(&present) {
        return Err(missing("occurred_at"));
    }
    let keys = [Target::PersonKey, Target::Email, Target::AnonymousId];
    if keys.into_iter().any(present) { Ok(()) } else { Err(missing("person_key")) }
}
