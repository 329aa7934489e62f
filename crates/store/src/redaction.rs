//! Redaction: what names an erased person leaves the texts of other records, and the chain holds.
//!
//! An entry is never changed but for this. The chain keeps the digest of the row as it was; an
//! entry of its own, chained like any other, says which row was redacted and what its digest was
//! before and is after. It belongs to the erasure of a person and stands beside that in the chain.
//! So `verify` still tells a redaction from an edit behind the store's back.

pub(crate) mod proof;

use std::collections::{BTreeMap, BTreeSet};

use domain::erasure::Traces;
use domain::kind::{Holds, Kind};
use domain::value::Value;
use sea_orm::FromQueryResult;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::journal::{Row, SELECT, to_json};
use crate::record::{bounded, parse_id, records_of};
use crate::{Tx, db, limits};

/// The kind of the entries that account for redactions.
pub(crate) const REDACTION: &str = "redaction";

/// What a redaction changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redacted {
    /// Rows of the journal.
    pub entries: u64,
    /// Records whose present texts changed.
    pub records: u64,
    /// Rows of what exports said.
    pub observations: u64,
}

impl Tx {
    /// Takes the traces of a person out of the texts of all records that are not people: out of
    /// the journal, the records, what exports said of them, and the keys by which they are found.
    /// It goes with [`Tx::erase_person`] in one transaction, without which the chain breaks.
    ///
    /// Old pages keep the bytes until [`crate::Store::scrub`] has run.
    pub async fn redact(&mut self, person: Uuid, traces: &Traces) -> Result<Redacted, Error> {
        let mut redacted = Redacted::default();
        if traces.is_empty() {
            return Ok(redacted);
        }
        let (changed, mut subjects) = self.redact_journal(traces).await?;
        redacted.entries = changed.len() as u64;
        for page in changed.chunks(limits::KEYS_MAX) {
            let changes: Vec<_> = page.iter().map(Change::as_setting).collect();
            self.append_setting(REDACTION, &person.to_string(), &changes).await?;
        }
        redacted.observations = self.redact_observations(traces, &mut subjects).await?;
        for (kind, id) in &subjects {
            redacted.records += self.redact_record(*kind, *id, traces).await?;
            self.redact_aliases(*id, traces).await?;
        }
        Ok(redacted)
    }

    /// Redacts rows of the journal; gives how, and the records that they are about.
    async fn redact_journal(
        &mut self,
        traces: &Traces,
    ) -> Result<(Vec<Change>, BTreeSet<(Kind, Uuid)>), Error> {
        let (mut changes, mut subjects) = (Vec::new(), BTreeSet::new());
        let mut after = String::new();
        loop {
            let sql = format!("{SELECT} where id > $1 order by id limit $2");
            let values = vec![after.clone().into(), bounded(limits::LINKS_MAX)];
            let rows: Vec<Row> = db::rows(&self.sql, sql, values).await?;
            let Some(last) = rows.last() else { return Ok((changes, subjects)) };
            after.clone_from(&last.id);
            for row in rows {
                let Some(kind) = redacted_kind(&row.kind) else { continue };
                let Some(texts) = redacted_json::<[Option<String>; 2]>(kind, &row.changes, traces)?
                else {
                    continue;
                };
                subjects.insert((kind, parse_id(&row.subject_id)?));
                changes.push(self.redact_entry(row, texts).await?);
            }
        }
    }

    async fn redact_entry(&self, mut row: Row, changes: String) -> Result<Change, Error> {
        let before = row.digest();
        row.changes = changes;
        let sql = "update journal set changes = $2 where id = $1";
        let values = vec![row.id.clone().into(), row.changes.clone().into()];
        db::run(&self.sql, sql, values).await?;
        Ok(Change { before, after: row.digest(), entry_id: row.id })
    }

    /// Redacts what exports said, and adds the records of which they said it.
    async fn redact_observations(
        &self,
        traces: &Traces,
        subjects: &mut BTreeSet<(Kind, Uuid)>,
    ) -> Result<u64, Error> {
        let mut after = (String::new(), String::new(), 0_i64);
        let mut redacted = 0;
        loop {
            let sql = "select subject_id, import_id, file_row, kind, field_values, spelled
                from observation where (subject_id, import_id, file_row) > ($1, $2, $3)
                order by subject_id, import_id, file_row limit $4";
            let (subject, import, row) = after;
            let values =
                vec![subject.into(), import.into(), row.into(), bounded(limits::LINKS_MAX)];
            let rows: Vec<Said> = db::rows(&self.sql, sql, values).await?;
            let Some(last) = rows.last() else { return Ok(redacted) };
            after = (last.subject_id.clone(), last.import_id.clone(), last.file_row);
            for said in rows {
                let Some(kind) = redacted_kind(&said.kind) else { continue };
                if self.redact_observation(kind, &said, traces).await? {
                    subjects.insert((kind, parse_id(&said.subject_id)?));
                    redacted += 1;
                }
            }
        }
    }

    async fn redact_observation(
        &self,
        kind: Kind,
        said: &Said,
        traces: &Traces,
    ) -> Result<bool, Error> {
        let values = redacted_json::<Option<String>>(kind, &said.field_values, traces)?;
        let spelled = said.spelled.as_deref().filter(|text| traces.redacted(text).is_some());
        if values.is_none() && spelled.is_none() {
            return Ok(false);
        }
        let values = values.unwrap_or_else(|| said.field_values.clone());
        let kept = if spelled.is_some() { None } else { said.spelled.clone() };
        let sql = "update observation set field_values = $4, digest = $5, spelled = $6
            where subject_id = $1 and import_id = $2 and file_row = $3";
        let digest = Sha256::digest(values.as_bytes()).to_vec();
        let key = [said.subject_id.clone(), said.import_id.clone()].map(sea_orm::Value::from);
        let key = key.into_iter().chain([said.file_row.into()]);
        let values = key.chain([values.into(), digest.into(), kept.into()]).collect();
        db::run(&self.sql, sql, values).await?;
        Ok(true)
    }

    /// Redacts the present texts of a record; 1 where there were any to redact.
    async fn redact_record(&self, kind: Kind, id: Uuid, traces: &Traces) -> Result<u64, Error> {
        let Some(record) = records_of(&self.sql, kind, &[id]).await?.pop() else { return Ok(0) };
        let mut redacted = 0;
        for (field, value) in &record.values {
            let text = value.as_ref().and_then(Value::as_text).filter(|_| is_text(kind, field));
            if let Some(text) = text.and_then(|text| traces.redacted(text)) {
                let sql = format!(r#"update "{}" set "{field}" = $2 where id = $1"#, kind.name());
                db::run(&self.sql, sql, vec![id.to_string().into(), text.into()]).await?;
                redacted = 1;
            }
        }
        Ok(redacted)
    }

    async fn redact_aliases(&self, id: Uuid, traces: &Traces) -> Result<(), Error> {
        let sql = "select namespace, key from alias where record_id = $1";
        let aliases: Vec<Alias> = db::rows(&self.sql, sql, vec![id.to_string().into()]).await?;
        for alias in aliases.into_iter().filter(|alias| traces.are_in_key(&alias.key)) {
            let sql = "delete from alias where record_id = $1 and namespace = $2 and key = $3";
            let values = vec![id.to_string().into(), alias.namespace.into(), alias.key.into()];
            db::run(&self.sql, sql, values).await?;
        }
        Ok(())
    }
}

/// How the row of an entry was redacted: its digests before and after.
struct Change {
    entry_id: String,
    before: [u8; 32],
    after: [u8; 32],
}

impl Change {
    fn as_setting(&self) -> (&str, Option<String>, Option<String>) {
        (&self.entry_id, Some(hexadecimal(&self.before)), Some(hexadecimal(&self.after)))
    }
}

#[derive(FromQueryResult)]
struct Said {
    subject_id: String,
    import_id: String,
    file_row: i64,
    kind: String,
    field_values: String,
    spelled: Option<String>,
}

#[derive(FromQueryResult)]
struct Alias {
    namespace: String,
    key: String,
}

/// The kind of a subject whose texts are redacted. What a person's own record holds is encrypted
/// under a key that is destroyed instead.
fn redacted_kind(name: &str) -> Option<Kind> {
    Kind::RECORDS.into_iter().find(|kind| kind.name() == name && !kind.is_person())
}

fn is_text(kind: Kind, field: &str) -> bool {
    kind.field(field).is_some_and(|field| field.holds == Holds::Text)
}

/// The texts of one field, present or not.
trait Texts: serde::de::DeserializeOwned + serde::Serialize {
    fn texts(&mut self) -> impl Iterator<Item = &mut String>;
}

impl Texts for Option<String> {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        self.iter_mut()
    }
}

impl Texts for [Option<String>; 2] {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        self.iter_mut().flatten()
    }
}

/// A JSON object of texts by field without the traces; `None` where there is none in it.
fn redacted_json<T: Texts>(
    kind: Kind,
    json: &str,
    traces: &Traces,
) -> Result<Option<String>, Error> {
    let mut fields: BTreeMap<String, T> =
        serde_json::from_str(json).map_err(|error| Error::damaged("a record's history", error))?;
    let mut found = false;
    for (_, held) in fields.iter_mut().filter(|(field, _)| is_text(kind, field)) {
        for text in held.texts() {
            if let Some(redacted) = traces.redacted(text) {
                *text = redacted;
                found = true;
            }
        }
    }
    if found { to_json(&fields).map(Some) } else { Ok(None) }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
