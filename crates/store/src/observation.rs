//! Observations: what each export said of each record, kept so that histories can be derived anew.

use std::collections::{BTreeMap, HashMap};

use domain::history::{DatedRow, Observation, Values};
use domain::kind::Kind;
use domain::value::Value;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Value as SqlValue};
use serde::ser::{Serialize, SerializeMap, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::insert::Insert;
use crate::record::{bounded, instant, parse_id};
use crate::{Store, Tx, db};

const COLUMNS: [&str; 10] = [
    "subject_id",
    "import_id",
    "file_row",
    "kind",
    "dated",
    "holds_at",
    "modified_at",
    "digest",
    "field_values",
    "spelled",
];

/// What one row of one file said of one record.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    pub import_id: Uuid,
    /// The record's kind; a row of changes belongs to the kind that it changes.
    pub kind: Kind,
    pub subject_id: Uuid,
    /// The row of the file. Rows of one time count in this order.
    pub file_row: u64,
    pub said: Said,
    /// How the row names other records, by field, where it spells them otherwise than they do
    /// themselves. Never a person's name.
    pub spelled: BTreeMap<&'static str, String>,
}

/// A record that the latest row on it names by another spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    pub kind: Kind,
    pub subject_id: Uuid,
    /// The field that refers to the record, and the name in it.
    pub field: &'static str,
    pub spelled: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Observation(Observation),
    Dated(DatedRow),
}

/// Everything that was said of one record, in the form in which `domain::history::derive` takes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    pub observations: Vec<Observation>,
    pub dated: Vec<DatedRow>,
}

#[derive(FromQueryResult)]
struct Row {
    subject_id: String,
    dated: i64,
    holds_at: i64,
    modified_at: Option<i64>,
    field_values: String,
}

impl Store {
    /// The evidence on these records, by record. Its order does not depend on the order in which
    /// the imports were made.
    pub async fn observations(
        &self,
        kind: Kind,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Evidence>, Error> {
        evidence(&self.db.reader, kind, ids).await
    }

    /// What the latest rows spell otherwise, by subject: one page of at most `limit` rows behind
    /// the subject `after`.
    pub async fn spellings(&self, after: Option<Uuid>, limit: u64) -> Result<Vec<Spelling>, Error> {
        let sql = "select subject_id, kind, spelled from observation as seen
            where spelled is not null and subject_id > $1 and not exists (
                select 1 from observation as later
                where later.subject_id = seen.subject_id and later.holds_at > seen.holds_at
            ) order by subject_id, holds_at, file_row limit $2";
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let values = vec![after.into(), bounded(limit)];
        let mut spellings = Vec::new();
        for row in db::rows::<SpelledRow>(&self.db.reader, sql, values).await? {
            row.add_to(&mut spellings)?;
        }
        Ok(spellings)
    }

    /// The names under which the files of other kinds first made the records of a kind known,
    /// by record.
    pub async fn names_by_others(&self, kind: Kind) -> Result<Vec<(Uuid, String)>, Error> {
        let sql = "select seen.subject_id, seen.field_values from observation as seen
            join import on import.id = seen.import_id
            where seen.kind = $1 and import.kind <> $1 and seen.file_row = 0
            order by seen.subject_id";
        let values = vec![kind.name().into()];
        let mut names = Vec::new();
        for row in db::raw_rows(&self.db.reader, sql, values).await? {
            let told = parse_values(kind, &row.try_get_by_index::<String>(1)?)?;
            if let Some(Some(Value::Text(name))) = told.get("name") {
                names.push((parse_id(&row.try_get_by_index::<String>(0)?)?, name.clone()));
            }
        }
        Ok(names)
    }

    /// The records of a kind that an import spoke of, by id.
    pub async fn subjects_of_import(
        &self,
        kind: Kind,
        import_id: Uuid,
    ) -> Result<Vec<Uuid>, Error> {
        let sql = "select distinct subject_id from observation
            where import_id = $1 and kind = $2 order by subject_id";
        let values = vec![import_id.to_string().into(), kind.name().into()];
        let rows = db::raw_rows(&self.db.reader, sql, values).await?;
        rows.iter().map(|row| parse_id(&row.try_get_by_index::<String>(0)?)).collect()
    }
}

impl Tx {
    /// As [`Store::observations`], with what this transaction has written.
    pub async fn observations(
        &self,
        kind: Kind,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Evidence>, Error> {
        evidence(&self.sql, kind, ids).await
    }

    pub async fn put_observations(&mut self, sightings: Vec<Sighting>) -> Result<(), Error> {
        Insert { table: "observation", columns: &COLUMNS, on_conflict: "" }
            .run(&self.sql, &sightings, |sighting, row| sighting.bind(row))
            .await
    }

    /// Removes what an import said, so that histories can be derived without it.
    pub async fn remove_observations(&mut self, import_id: Uuid) -> Result<u64, Error> {
        let sql = "delete from observation where import_id = $1";
        db::run(&self.sql, sql, vec![import_id.to_string().into()]).await
    }
}

impl Sighting {
    fn bind(&self, row: &mut Vec<SqlValue>) -> Result<(), Error> {
        let (dated, holds_at, modified_at, values) = match &self.said {
            Said::Observation(seen) => (0_i64, seen.observed_at, seen.modified_at, &seen.values),
            Said::Dated(row) => (1, row.changed_at, None, &row.values),
        };
        let json = crate::journal::to_json(&ValuesJson(values))?;
        row.extend([
            self.subject_id.to_string().into(),
            self.import_id.to_string().into(),
            bounded(self.file_row),
            self.kind.subject().name().into(),
            dated.into(),
            holds_at.as_microsecond().into(),
            modified_at.map(|at| at.as_microsecond()).into(),
            Sha256::digest(json.as_bytes()).to_vec().into(),
            json.into(),
            spelled_json(&self.spelled)?.into(),
        ]);
        Ok(())
    }
}

#[derive(FromQueryResult)]
struct SpelledRow {
    subject_id: String,
    kind: String,
    spelled: String,
}

impl SpelledRow {
    fn add_to(&self, spellings: &mut Vec<Spelling>) -> Result<(), Error> {
        let damaged = |detail: String| Error::damaged("an observation", detail);
        let kind: Kind = self.kind.parse().map_err(|_| damaged(self.kind.clone()))?;
        let subject_id = parse_id(&self.subject_id)?;
        let names: BTreeMap<String, String> =
            serde_json::from_str(&self.spelled).map_err(|error| damaged(error.to_string()))?;
        for (field, spelled) in names {
            let field = kind.field(&field).ok_or_else(|| damaged(format!("{kind}: `{field}`")))?;
            spellings.push(Spelling { kind, subject_id, field: field.name, spelled });
        }
        Ok(())
    }
}

fn spelled_json(spelled: &BTreeMap<&'static str, String>) -> Result<Option<String>, Error> {
    if spelled.is_empty() { Ok(None) } else { crate::journal::to_json(spelled).map(Some) }
}

async fn evidence(
    connection: &impl ConnectionTrait,
    kind: Kind,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Evidence>, Error> {
    let ask = |ids: &[Uuid]| {
        let sql = format!(
            "select subject_id, dated, holds_at, modified_at, field_values from observation
            where subject_id in {} order by subject_id, holds_at, file_row, digest",
            db::parameters(1, ids.len())
        );
        (sql, ids.iter().map(|id| id.to_string().into()).collect())
    };
    let read = |row: &QueryResult| {
        let row: Row = db::named(row)?;
        let mut seen = Evidence::default();
        row.add_to(kind, &mut seen)?;
        Ok((parse_id(&row.subject_id)?, seen))
    };
    let mut evidence: HashMap<Uuid, Evidence> = HashMap::with_capacity(ids.len());
    for (id, seen) in db::paged(connection, ids, ask, read).await? {
        let all = evidence.entry(id).or_default();
        all.observations.extend(seen.observations);
        all.dated.extend(seen.dated);
    }
    Ok(evidence)
}

impl Row {
    fn add_to(&self, kind: Kind, evidence: &mut Evidence) -> Result<(), Error> {
        let values = parse_values(kind, &self.field_values)?;
        let at = instant(self.holds_at)?;
        if self.dated != 0 {
            evidence.dated.push(DatedRow { changed_at: at, values });
        } else {
            let modified_at = self.modified_at.map(instant).transpose()?;
            evidence.observations.push(Observation { observed_at: at, modified_at, values });
        }
        Ok(())
    }
}

/// `{field: text or null}`, by field.
struct ValuesJson<'a>(&'a Values);

impl Serialize for ValuesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (field, value) in self.0 {
            object.serialize_entry(field, &value.as_ref().map(Value::encode))?;
        }
        object.end()
    }
}

fn parse_values(kind: Kind, json: &str) -> Result<Values, Error> {
    let damaged = |detail: String| Error::damaged("an observation", detail);
    let texts: BTreeMap<String, Option<String>> =
        serde_json::from_str(json).map_err(|error| damaged(error.to_string()))?;
    let mut values = Values::new();
    for (name, text) in texts {
        let field = kind.field(&name).ok_or_else(|| damaged(format!("{kind} has no `{name}`")))?;
        let value = text.map(|text| Value::decode(field.holds, &text)).transpose();
        values.insert(field.name, value.map_err(|error| damaged(error.to_string()))?);
    }
    Ok(values)
}
