//! Records: the present state of every subject, one typed table a kind.
//!
//! Statements are built from the catalogue; there is no code for any one kind. A record is only
//! ever written together with the journal entries that account for it.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::history::Values;
use domain::journal::Entry;
use domain::kind::{Field, Holds, Kind};
use domain::money::{Money, parse_currency};
use domain::value::Value;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult, Value as SqlValue};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::insert::Insert;
use crate::{Store, Tx, db};

/// What is known of one subject now. Fields that are empty or unknown are absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub kind: Kind,
    pub id: Uuid,
    pub values: Values,
    pub first_recorded_at: Timestamp,
    pub last_recorded_at: Timestamp,
}

/// The new state of one record, and the entries that account for the difference.
#[derive(Clone, Debug)]
pub struct SubjectWrite {
    pub kind: Kind,
    pub id: Uuid,
    pub is_new: bool,
    /// The whole state from now on, external id included; what is absent becomes empty.
    pub current: Values,
    pub entries: Vec<Entry>,
}

impl Tx {
    /// Writes records and their journal entries, in any number and of any kinds.
    ///
    /// # Errors
    /// Refuses a record that changes in a field that none of its entries names, one written
    /// twice in this call, and entries of another subject or author.
    pub async fn apply(&mut self, writes: &[SubjectWrite]) -> Result<(), Error> {
        let mut by_kind: BTreeMap<Kind, Vec<&SubjectWrite>> = BTreeMap::new();
        for write in writes {
            by_kind.entry(write.kind).or_default().push(write);
        }
        for (kind, writes) in by_kind {
            is_record_kind(kind)?;
            let stored = self.stored(kind, &writes).await?;
            for write in &writes {
                self.check(write, stored.get(&write.id))?;
            }
            self.put_records(kind, &writes, &stored).await?;
            let entries: Vec<&Entry> = writes.iter().flat_map(|write| &write.entries).collect();
            self.append(kind, &entries).await?;
        }
        Ok(())
    }

    /// The records that are about to change, as they stand.
    async fn stored(
        &self,
        kind: Kind,
        writes: &[&SubjectWrite],
    ) -> Result<HashMap<Uuid, Values>, Error> {
        let mut seen = HashSet::with_capacity(writes.len());
        if let Some(write) = writes.iter().find(|write| !seen.insert(write.id)) {
            return Err(Error::WrittenTwice { kind, id: write.id });
        }
        let ids: Vec<Uuid> = writes.iter().filter(|w| !w.is_new).map(|w| w.id).collect();
        let records = records_of(&self.sql, kind, &ids).await?;
        Ok(records.into_iter().map(|record| (record.id, record.values)).collect())
    }

    fn check(&self, write: &SubjectWrite, stored: Option<&Values>) -> Result<(), Error> {
        let (kind, id) = (write.kind, write.id);
        if !write.is_new && stored.is_none() {
            return Err(Error::UnknownRecord { kind, id });
        }
        if write.entries.is_empty() {
            return Err(Error::WithoutEntries { kind, id });
        }
        for entry in &write.entries {
            if (entry.kind, entry.subject_id) != (kind, id) {
                return Err(Error::ForeignEntry(entry.id));
            }
            self.check_signature(entry)?;
        }
        for field in kind.fields() {
            let before = stored.and_then(|values| held(values, field));
            if before != held(&write.current, field) && !accounts_for(&write.entries, field) {
                return Err(Error::Unjournalled { kind, id, field: field.name });
            }
        }
        Ok(())
    }

    /// What no new record fills, and what of no other one changes, need not be said of each.
    async fn put_records(
        &self,
        kind: Kind,
        writes: &[&SubjectWrite],
        stored: &HashMap<Uuid, Values>,
    ) -> Result<(), Error> {
        let (new, others): (Vec<&SubjectWrite>, Vec<&SubjectWrite>) =
            writes.iter().partition(|write| write.is_new);
        let is_filled =
            |field: &&Field| new.iter().any(|write| held(&write.current, field).is_some());
        let filled: Vec<&Field> = kind.fields().iter().filter(is_filled).collect();
        self.put(kind, &filled, &new, "").await?;
        let is_changed = |field: &&Field| {
            others.iter().any(|write| {
                let before = stored.get(&write.id).and_then(|values| held(values, field));
                before != held(&write.current, field)
            })
        };
        let changed: Vec<&Field> = kind.fields().iter().filter(is_changed).collect();
        let replace = replacements(&columns_of(&changed));
        let replace = format!("on conflict (id) do update set {replace}");
        self.put(kind, &changed, &others, &replace).await
    }

    async fn put(
        &self,
        kind: Kind,
        fields: &[&Field],
        writes: &[&SubjectWrite],
        on_conflict: &str,
    ) -> Result<(), Error> {
        let columns = columns_of(fields);
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let recorded_at = self.author.at.as_microsecond();
        Insert { table: kind.name(), columns: &names, on_conflict }
            .run(&self.sql, writes, |write, row| {
                row.push(write.id.to_string().into());
                for field in fields {
                    bind(kind, field, held(&write.current, field), row)?;
                }
                row.extend([recorded_at.into(), recorded_at.into()]);
                Ok(())
            })
            .await
    }
}

impl Record {
    /// A text that is another whenever any value is: what a person has seen before an edit.
    pub fn version(&self) -> String {
        let mut hasher = Sha256::new();
        for (field, value) in &self.values {
            let text = value.as_ref().map(Value::encode).unwrap_or_default();
            hasher.update(format!("{field}:{}:{text}", text.len()));
        }
        hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Tx {
    /// The record as it stands; until the end of this transaction nobody else changes it.
    pub async fn hold(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Error> {
        is_record_kind(kind)?;
        // An update of nothing waits for whoever writes the row, on either database.
        let sql = format!(r#"update "{}" set id = id where id = $1"#, kind.name());
        db::run(&self.sql, sql, vec![id.to_string().into()]).await?;
        Ok(records_of(&self.sql, kind, &[id]).await?.pop())
    }

    /// As [`Store::records`], with what this transaction has written.
    pub async fn records(&self, kind: Kind, ids: &[Uuid]) -> Result<Vec<Record>, Error> {
        is_record_kind(kind)?;
        records_of(&self.sql, kind, ids).await
    }
}

impl Store {
    pub async fn record(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Error> {
        Ok(self.records(kind, &[id]).await?.pop())
    }

    /// The records with these ids, in no particular order; ids without a record are left out.
    pub async fn records(&self, kind: Kind, ids: &[Uuid]) -> Result<Vec<Record>, Error> {
        is_record_kind(kind)?;
        records_of(&self.db.reader, kind, ids).await
    }

    /// One page of all records of a kind by id: at most `limit` of those behind `after`.
    pub async fn records_page(
        &self,
        kind: Kind,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Record>, Error> {
        is_record_kind(kind)?;
        let sql = format!("{} where id > $1 order by id limit $2", select(kind));
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows = db::raw_rows(&self.db.reader, sql, vec![after.into(), bounded(limit)]).await?;
        rows.iter().map(|row| read(kind, row)).collect()
    }

    /// The records of a kind that a user owns, at most `limit` of those that changed last.
    pub async fn owned(&self, kind: Kind, owner: Uuid, limit: u64) -> Result<Vec<Record>, Error> {
        is_record_kind(kind)?;
        if kind.field("owner").is_none() {
            return Ok(Vec::new());
        }
        let order = "order by last_recorded_at desc, id limit $2";
        let sql = format!("{} where owner = $1 {order}", select(kind));
        let values = vec![owner.to_string().into(), bounded(limit)];
        let rows = db::raw_rows(&self.db.reader, sql, values).await?;
        rows.iter().map(|row| read(kind, row)).collect()
    }

    pub async fn record_count(&self, kind: Kind) -> Result<u64, Error> {
        is_record_kind(kind)?;
        let sql = format!(r#"select count(*) from "{}""#, kind.name());
        db::count(&self.db.reader, sql, Vec::new()).await
    }

    /// What to call each record of a kind, its name or else its external id, sorted by that.
    pub async fn names(&self, kind: Kind) -> Result<Vec<(Uuid, String)>, Error> {
        is_record_kind(kind)?;
        let named = kind.field("name").is_some();
        let name = if named { "coalesce(name, external_id)" } else { "external_id" };
        let sql = format!(r#"select id, {name} from "{}" where {name} is not null"#, kind.name());
        let rows = db::raw_rows(&self.db.reader, sql, Vec::new()).await?;
        let named = |row: &QueryResult| Ok((id_at(row, 0)?, row.try_get_by_index(1)?));
        let mut names: Vec<(Uuid, String)> =
            rows.iter().map(named).collect::<Result<_, Error>>()?;
        // Sorted here, since databases differ in how they compare texts.
        names.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        Ok(names)
    }
}

/// A column of a record's table.
pub(crate) struct RecordColumn {
    pub name: String,
    /// A 64-bit integer, or else a text.
    #[cfg_attr(not(test), expect(dead_code, reason = "the migration's test reads it"))]
    pub number: bool,
}

/// The columns of a record's table in their order.
pub(crate) fn columns(kind: Kind) -> Vec<RecordColumn> {
    columns_of(&kind.fields().iter().collect::<Vec<_>>())
}

/// The columns that some fields of a record take, with those that every record has.
fn columns_of(fields: &[&Field]) -> Vec<RecordColumn> {
    let column = |name: &str, number| RecordColumn { name: name.to_owned(), number };
    let mut columns = vec![column("id", false)];
    for field in fields {
        if field.holds == Holds::Money {
            columns.push(column(&format!("{}_minor", field.name), true));
            columns.push(column(&format!("{}_currency", field.name), false));
        } else {
            columns.push(column(field.name, is_number(field.holds)));
        }
    }
    columns.extend([column("first_recorded_at", true), column("last_recorded_at", true)]);
    columns
}

/// An integer that fits the database's own, for `limit`.
pub(crate) fn bounded(limit: u64) -> SqlValue {
    i64::try_from(limit).unwrap_or(i64::MAX).into()
}

pub(crate) fn parse_id(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| Error::damaged("an id", text))
}

pub(crate) fn instant(micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|_| Error::damaged("a time", micros))
}

pub(crate) fn is_record_kind(kind: Kind) -> Result<(), Error> {
    if Kind::RECORDS.contains(&kind) { Ok(()) } else { Err(Error::NotRecords(kind)) }
}

fn held<'a>(values: &'a Values, field: &Field) -> Option<&'a Value> {
    values.get(field.name)?.as_ref()
}

fn accounts_for(entries: &[Entry], field: &Field) -> bool {
    entries.iter().any(|entry| entry.changes.iter().any(|change| change.field == field.name))
}

fn is_number(holds: Holds) -> bool {
    matches!(holds, Holds::Integer | Holds::Ratio | Holds::Instant | Holds::Boolean)
}

fn replacements(columns: &[RecordColumn]) -> String {
    let kept = ["id", "first_recorded_at"];
    let names = columns.iter().map(|column| column.name.as_str());
    let replaced: Vec<_> = names
        .filter(|name| !kept.contains(name))
        .map(|name| format!(r#""{name}" = excluded."{name}""#))
        .collect();
    replaced.join(", ")
}

fn select(kind: Kind) -> String {
    let names: Vec<String> = columns(kind).into_iter().map(|column| column.name).collect();
    format!(r#"select "{}" from "{}""#, names.join(r#"", ""#), kind.name())
}

pub(crate) async fn records_of(
    connection: &impl ConnectionTrait,
    kind: Kind,
    ids: &[Uuid],
) -> Result<Vec<Record>, Error> {
    let ask = |ids: &[Uuid]| {
        let sql = format!("{} where id in {}", select(kind), db::parameters(1, ids.len()));
        (sql, ids.iter().map(|id| id.to_string().into()).collect())
    };
    db::paged(connection, ids, ask, |row| read(kind, row)).await
}

fn bind(
    kind: Kind,
    field: &Field,
    value: Option<&Value>,
    row: &mut Vec<SqlValue>,
) -> Result<(), Error> {
    let wrong = |value: &Value| Error::WrongType {
        kind,
        field: field.name.to_owned(),
        value: format!("{value:?}"),
    };
    match (field.holds, value) {
        (Holds::Money, None) => row.extend([SqlValue::BigInt(None), SqlValue::String(None)]),
        (Holds::Money, Some(Value::Money(money))) => {
            row.extend([money.minor.into(), money.currency.code().into()]);
        }
        (holds, None) if is_number(holds) => row.push(SqlValue::BigInt(None)),
        (_, None) => row.push(SqlValue::String(None)),
        (holds, Some(value)) => row.push(scalar(holds, value).ok_or_else(|| wrong(value))?),
    }
    Ok(())
}

/// The one column of a value that is not money, or `None` where the field holds another type.
fn scalar(holds: Holds, value: &Value) -> Option<SqlValue> {
    Some(match (holds, value) {
        (Holds::Text | Holds::Stage, Value::Text(text)) => text.clone().into(),
        (Holds::Integer, Value::Integer(number)) | (Holds::Ratio, Value::Ratio(number)) => {
            (*number).into()
        }
        (Holds::Instant, Value::Instant(at)) => at.as_microsecond().into(),
        (Holds::Boolean, Value::Boolean(truth)) => i64::from(*truth).into(),
        (Holds::Date, Value::Date(date)) => date.to_string().into(),
        (Holds::Reference(_), Value::Reference(id)) => id.to_string().into(),
        _ => return None,
    })
}

fn read(kind: Kind, row: &QueryResult) -> Result<Record, Error> {
    let mut values = Values::new();
    let mut index = 1;
    for field in kind.fields() {
        if let Some(value) = read_field(field.holds, row, index)? {
            values.insert(field.name, Some(value));
        }
        index += if field.holds == Holds::Money { 2 } else { 1 };
    }
    Ok(Record {
        kind,
        id: id_at(row, 0)?,
        values,
        first_recorded_at: instant(row.try_get_by_index(index)?)?,
        last_recorded_at: instant(row.try_get_by_index(index + 1)?)?,
    })
}

fn read_field(holds: Holds, row: &QueryResult, index: usize) -> Result<Option<Value>, Error> {
    if holds == Holds::Money {
        let minor: Option<i64> = row.try_get_by_index(index)?;
        let code: Option<String> = row.try_get_by_index(index + 1)?;
        return minor.zip(code).map(|(minor, code)| money(minor, &code)).transpose();
    }
    if is_number(holds) {
        let number: Option<i64> = row.try_get_by_index(index)?;
        return number.map(|number| read_number(holds, number)).transpose();
    }
    let text: Option<String> = row.try_get_by_index(index)?;
    let decode = |text: String| Value::decode(holds, &text);
    text.map(decode).transpose().map_err(|error| Error::damaged("a record", error))
}

fn read_number(holds: Holds, number: i64) -> Result<Value, Error> {
    Ok(match holds {
        Holds::Instant => Value::Instant(instant(number)?),
        Holds::Boolean => Value::Boolean(number != 0),
        Holds::Ratio => Value::Ratio(number),
        _ => Value::Integer(number),
    })
}

fn money(minor: i64, code: &str) -> Result<Value, Error> {
    let currency = parse_currency(code).map_err(|error| Error::damaged("an amount", error))?;
    Ok(Value::Money(Money { minor, currency }))
}

fn id_at(row: &QueryResult, index: usize) -> Result<Uuid, Error> {
    parse_id(&row.try_get_by_index::<String>(index)?)
}
