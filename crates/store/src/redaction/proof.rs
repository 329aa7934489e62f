//! Which redactions are answered for: by an erasure in the chain, made at one time with them.
//!
//! A row of the journal that is no longer what was chained is either redacted or forged. What
//! tells them apart is nothing that stands outside of the chain: the redaction is linked, it
//! names the row and its digest before, it stands behind the row, and it belongs to the erasure of
//! a person whose key is destroyed. Both were recorded at one time by one actor, and nothing of
//! another time is linked between them. The walk over the chain shows that they are what was
//! linked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::journal::Provenance;
use domain::kind::Kind;
use domain::value::Value;
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::{REDACTION, hexadecimal, redacted_kind};
use crate::chain::Fault;
use crate::db;
use crate::error::Error;
use crate::journal::Row;

/// The redactions of the journal by the entry that each names, in the order of the chain.
pub(crate) struct Redactions(HashMap<String, Vec<Redaction>>);

struct Redaction {
    position: Option<i64>,
    before: String,
    after: String,
    is_answered: bool,
}

impl Redactions {
    pub async fn load(connection: &impl ConnectionTrait) -> Result<Redactions, Error> {
        let erasures = Erasures::load(connection).await?;
        let mut redactions: HashMap<String, Vec<Redaction>> = HashMap::new();
        for entry in entries(connection, "journal.kind = $1").await? {
            let changes: BTreeMap<String, [String; 2]> = serde_json::from_str(&entry.changes)
                .map_err(|error| Error::damaged("a redaction", error))?;
            let is_answered = erasures.answer(connection, &entry).await?;
            for (entry_id, [before, after]) in changes {
                let position = entry.position;
                let redaction = Redaction { position, before, after, is_answered };
                redactions.entry(entry_id).or_default().push(redaction);
            }
        }
        Ok(Redactions(redactions))
    }

    /// Accepts a row that has another digest than it was chained with, if redactions lead from
    /// the one to the other.
    pub fn check(&self, row: &Row, position: i64, chained: &[u8]) -> Result<(), Fault> {
        let mut digest = hexadecimal(chained);
        let mut is_answered = redacted_kind(&row.kind).is_some();
        for redaction in self.0.get(&row.id).into_iter().flatten() {
            if redaction.before == digest {
                digest.clone_from(&redaction.after);
                is_answered &= redaction.is_answered && redaction.position > Some(position);
            }
        }
        if digest != hexadecimal(&row.digest()) {
            return Err(Fault::Edited);
        }
        if is_answered { Ok(()) } else { Err(Fault::Unanswered) }
    }
}

/// The erasures in the chain of people whose keys are destroyed, by person.
struct Erasures(HashMap<String, Vec<Entry>>);

impl Erasures {
    async fn load(connection: &impl ConnectionTrait) -> Result<Erasures, Error> {
        let named = "journal.subject_id in (select subject_id from journal where kind = $1)";
        let without_key = keyless(connection).await?;
        let mut erasures: HashMap<String, Vec<Entry>> = HashMap::new();
        for entry in entries(connection, named).await? {
            if entry.is_erasure()? && without_key.contains(&entry.subject_id) {
                erasures.entry(entry.subject_id.clone()).or_default().push(entry);
            }
        }
        Ok(Erasures(erasures))
    }

    async fn answer(
        &self,
        connection: &impl ConnectionTrait,
        redaction: &Entry,
    ) -> Result<bool, Error> {
        let of_person = self.0.get(&redaction.subject_id).into_iter().flatten();
        for erasure in of_person.filter(|erasure| erasure.signed_like(redaction)) {
            if is_beside(connection, erasure, redaction).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// An entry, with its position where it is in the chain.
#[derive(FromQueryResult)]
struct Entry {
    position: Option<i64>,
    kind: String,
    subject_id: String,
    actor: String,
    recorded_at: i64,
    provenance: String,
    changes: String,
}

impl Entry {
    fn is_erasure(&self) -> Result<bool, Error> {
        let is_person = self.kind.parse().is_ok_and(|kind: Kind| kind.is_person());
        if !is_person || self.provenance != Provenance::Live.name() {
            return Ok(false);
        }
        let changes: BTreeMap<String, [Option<String>; 2]> = serde_json::from_str(&self.changes)
            .map_err(|error| Error::damaged("the journal", error))?;
        let truth = Value::Boolean(true).encode();
        Ok(changes.get("deleted").is_some_and(|[_, after]| after.as_ref() == Some(&truth)))
    }

    fn signed_like(&self, other: &Entry) -> bool {
        (&self.actor, self.recorded_at) == (&other.actor, other.recorded_at)
    }
}

/// The entries that a condition on `journal` selects, in the order of the chain; `$1` in it is the
/// kind of redactions.
async fn entries(connection: &impl ConnectionTrait, which: &str) -> Result<Vec<Entry>, Error> {
    let sql = format!(
        "select link.position, journal.kind, journal.subject_id, journal.actor,
            journal.recorded_at, journal.provenance, journal.changes
        from journal left join journal_link as link on link.entry_id = journal.id
        where {which} order by link.position"
    );
    db::rows(connection, sql, vec![REDACTION.into()]).await
}

/// The persons whose redactions are claimed and whose keys are destroyed.
async fn keyless(connection: &impl ConnectionTrait) -> Result<BTreeSet<String>, Error> {
    let sql = "select person_id from person_key where key is null and person_id in
        (select subject_id from journal where kind = $1)";
    let rows = db::raw_rows(connection, sql, vec![REDACTION.into()]).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Whether both are in the chain, and nothing of another time between them.
async fn is_beside(
    connection: &impl ConnectionTrait,
    erasure: &Entry,
    redaction: &Entry,
) -> Result<bool, Error> {
    let Some((one, other)) = erasure.position.zip(redaction.position) else { return Ok(false) };
    let sql = "select count(*) from journal_link as link
        join journal on journal.id = link.entry_id
        where link.position between $1 and $2 and journal.recorded_at <> $3";
    let values = vec![one.min(other).into(), one.max(other).into(), erasure.recorded_at.into()];
    Ok(db::count(connection, sql, values).await? == 0)
}
