//! The journal: entries are appended with every write and never change.
//!
//! A row keeps its changes as one JSON object, `{field: [before, after]}`. The personal fields of
//! a person stand in an object of their own, encrypted under that person's key, so that the row
//! (and the chain over it) stays as it is when the key is destroyed.

pub mod search;

use std::collections::{BTreeMap, HashMap};

use domain::journal::{Change, Entry, Provenance, SETTINGS};
use domain::kind::Kind;
use domain::value::Value;
use sea_orm::{ConnectionTrait, FromQueryResult, Value as SqlValue};
use serde::ser::{Serialize, SerializeMap, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::chain::Unchained;
use crate::error::Error;
use crate::insert::Insert;
use crate::person::{Key, Keys};
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db};

const COLUMNS: [&str; 11] = [
    "id",
    "kind",
    "subject_id",
    "actor",
    "reason",
    "import_id",
    "effective_at",
    "recorded_at",
    "provenance",
    "changes",
    "sealed_changes",
];

/// One row of the journal as it stands in the table.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Row {
    pub id: String,
    pub kind: String,
    pub subject_id: String,
    pub actor: String,
    pub reason: String,
    pub import_id: Option<String>,
    pub effective_at: i64,
    pub recorded_at: i64,
    pub provenance: String,
    pub changes: String,
    pub sealed_changes: Option<Vec<u8>>,
}

/// `select` with every column of a journal row, to be followed by `where`.
pub(crate) const SELECT: &str = "select journal.* from journal";

impl Store {
    /// The entries of one subject by effective time, then recorded time, then id. Personal values
    /// are among them as long as the person's key exists.
    pub async fn entries(&self, kind: Kind, subject_id: Uuid) -> Result<Vec<Entry>, Error> {
        let mut entries = self.entries_of(kind, &[subject_id]).await?;
        Ok(entries.remove(&subject_id).unwrap_or_default())
    }

    /// The entries of many subjects, each as [`Store::entries`] gives them.
    pub async fn entries_of(
        &self,
        kind: Kind,
        subjects: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Entry>>, Error> {
        entries_of(&self.db.reader, kind, subjects).await
    }
}

impl Store {
    /// The records of a kind that somebody has edited in Baton, by id.
    pub async fn edited(&self, kind: Kind) -> Result<Vec<Uuid>, Error> {
        // `live` stands in the text so that its index serves.
        let sql = "select distinct subject_id from journal
            where kind = $1 and provenance = 'live' order by subject_id";
        let rows = db::raw_rows(&self.db.reader, sql, vec![kind.name().into()]).await?;
        rows.iter().map(|row| parse_id(&row.try_get_by_index::<String>(0)?)).collect()
    }
}

impl Tx {
    /// As [`Store::entries_of`], with what this transaction has written.
    pub async fn entries_of(
        &self,
        kind: Kind,
        subjects: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<Entry>>, Error> {
        entries_of(&self.sql, kind, subjects).await
    }

    pub(crate) fn check_signature(&self, entry: &Entry) -> Result<(), Error> {
        let author = &self.author;
        let signed = entry.actor == author.actor
            && entry.reason == author.reason
            && entry.recorded_at == author.at;
        if signed { Ok(()) } else { Err(Error::UnsignedEntry(entry.id)) }
    }

    /// Appends entries of one kind of record.
    pub(crate) async fn append(&mut self, kind: Kind, entries: &[&Entry]) -> Result<(), Error> {
        let people: Vec<String> = entries
            .iter()
            .filter(|entry| entry.changes.iter().any(|change| is_personal(kind, change)))
            .map(|entry| entry.subject_id.to_string())
            .collect();
        let keys = Keys::load_or_create(&self.sql, &people).await?;
        self.append_rows(entries, |entry| Row::of(entry, &keys)).await
    }

    /// Appends an entry about something that is not a record, such as a goal: values are texts.
    pub(crate) async fn append_setting(
        &mut self,
        setting: &str,
        name: &str,
        changes: &[(&str, Option<String>, Option<String>)],
    ) -> Result<(), Error> {
        let changes: BTreeMap<&str, [Option<&str>; 2]> = changes
            .iter()
            .filter(|(_, before, after)| before != after)
            .map(|(field, before, after)| (*field, [before.as_deref(), after.as_deref()]))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        debug_assert!(SETTINGS.contains(&setting), "`{setting}` is among the settings");
        let changes = to_json(&changes)?;
        let at = self.author.at.as_microsecond();
        let row = Row {
            id: self.own_entry_id(&format!("{setting} {name} {changes}")).to_string(),
            kind: setting.to_owned(),
            subject_id: name.to_owned(),
            actor: self.author.actor.clone(),
            reason: self.author.reason.clone(),
            import_id: None,
            effective_at: at,
            recorded_at: at,
            provenance: Provenance::Live.name().to_owned(),
            changes,
            sealed_changes: None,
        };
        self.append_rows(&[row], |row| Ok(row.clone())).await
    }

    /// The id of an entry that the store makes itself: the transaction's time, and a digest of
    /// what it says in place of random bits.
    pub(crate) fn own_entry_id(&mut self, content: &str) -> Uuid {
        self.own_entries += 1;
        let seed = format!("{} {} {content}", self.author.at.as_microsecond(), self.own_entries);
        let digest = Sha256::digest(seed.as_bytes());
        let bits: [u8; 10] = std::array::from_fn(|index| digest[index]);
        let millis = u64::try_from(self.author.at.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid()
    }

    async fn append_rows<T>(
        &mut self,
        items: &[T],
        row_of: impl Fn(&T) -> Result<Row, Error>,
    ) -> Result<(), Error> {
        let (sql, unchained) = (&self.sql, &mut self.unchained);
        Insert { table: "journal", columns: &COLUMNS, on_conflict: "" }
            .run(sql, items, |item, values| {
                let row = row_of(item)?;
                unchained.push(Unchained {
                    recorded_at: row.recorded_at,
                    digest: row.digest(),
                    entry_id: row.id.clone(),
                });
                row.bind(values);
                Ok(())
            })
            .await
    }
}

async fn entries_of(
    connection: &impl ConnectionTrait,
    kind: Kind,
    subjects: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Entry>>, Error> {
    let ask = |subjects: &[Uuid]| {
        let among = db::parameters(2, subjects.len());
        let sql = format!(
            "{SELECT} where kind = $1 and subject_id in {among}
            order by effective_at, recorded_at, id"
        );
        let mut values = vec![kind.name().into()];
        values.extend(subjects.iter().map(|id| id.to_string().into()));
        (sql, values)
    };
    let rows: Vec<Row> = db::paged(connection, subjects, ask, db::named).await?;
    let sealed = rows.iter().filter(|row| row.sealed_changes.is_some());
    let people: Vec<String> = sealed.map(|row| row.subject_id.clone()).collect();
    let keys = Keys::load(connection, &people).await?;
    let mut entries: HashMap<Uuid, Vec<Entry>> = HashMap::with_capacity(subjects.len());
    for row in rows {
        // Personal values are among them where their key still exists.
        let entry = row.into_entry(Some(&keys))?;
        entries.entry(entry.subject_id).or_default().push(entry);
    }
    Ok(entries)
}

impl Row {
    fn of(entry: &Entry, keys: &Keys) -> Result<Row, Error> {
        let personal = Changes { entry, personal: true };
        let sealed_changes = match keys.of(&entry.subject_id) {
            Some(key) if personal.selected().next().is_some() => {
                Some(key.seal(entry.id, to_json(&personal)?.as_bytes())?)
            }
            _ => None,
        };
        Ok(Row {
            id: entry.id.to_string(),
            kind: entry.kind.name().to_owned(),
            subject_id: entry.subject_id.to_string(),
            actor: entry.actor.clone(),
            reason: entry.reason.clone(),
            import_id: entry.import_id.map(|id| id.to_string()),
            effective_at: entry.effective_at.as_microsecond(),
            recorded_at: entry.recorded_at.as_microsecond(),
            provenance: entry.provenance.name().to_owned(),
            changes: to_json(&Changes { entry, personal: false })?,
            sealed_changes,
        })
    }

    fn bind(self, values: &mut Vec<SqlValue>) {
        values.extend([
            self.id.into(),
            self.kind.into(),
            self.subject_id.into(),
            self.actor.into(),
            self.reason.into(),
            self.import_id.into(),
            self.effective_at.into(),
            self.recorded_at.into(),
            self.provenance.into(),
            self.changes.into(),
            self.sealed_changes.into(),
        ]);
    }

    /// The entry of a record, changes sorted by field; personal ones only where `keys` has the key.
    pub fn into_entry(self, keys: Option<&Keys>) -> Result<Entry, Error> {
        let id = parse_id(&self.id)?;
        let subject_id = parse_id(&self.subject_id)?;
        let kind: Kind = self.kind.parse().map_err(|error| Error::damaged("the journal", error))?;
        let mut changes = parse_changes(kind, self.changes.as_bytes())?;
        if let Some((sealed, key)) =
            self.sealed_changes.zip(keys.and_then(|keys| keys.of(&subject_id)))
        {
            changes.extend(open(kind, id, &sealed, key)?);
            changes.sort_by_key(|change| change.field);
        }
        Ok(Entry {
            id,
            kind,
            subject_id,
            actor: self.actor,
            reason: self.reason,
            import_id: self.import_id.as_deref().map(parse_id).transpose()?,
            effective_at: instant(self.effective_at)?,
            recorded_at: instant(self.recorded_at)?,
            provenance: Provenance::parse(&self.provenance)
                .ok_or_else(|| Error::damaged("the journal", &self.provenance))?,
            changes,
        })
    }

    /// SHA-256 over every column. Each is preceded by its length, so that no two rows have one
    /// text; an empty column differs from one of length zero.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let (effective_at, recorded_at) =
            (self.effective_at.to_be_bytes(), self.recorded_at.to_be_bytes());
        for column in [
            Some(self.id.as_bytes()),
            Some(self.kind.as_bytes()),
            Some(self.subject_id.as_bytes()),
            Some(self.actor.as_bytes()),
            Some(self.reason.as_bytes()),
            self.import_id.as_deref().map(str::as_bytes),
            Some(&effective_at),
            Some(&recorded_at),
            Some(self.provenance.as_bytes()),
            Some(self.changes.as_bytes()),
            self.sealed_changes.as_deref(),
        ] {
            let length = column.map_or(u64::MAX, |bytes| bytes.len() as u64);
            hasher.update(length.to_be_bytes());
            hasher.update(column.unwrap_or_default());
        }
        hasher.finalize().into()
    }
}

/// Either the personal or the other changes of an entry, as a JSON object.
struct Changes<'a> {
    entry: &'a Entry,
    personal: bool,
}

impl Changes<'_> {
    fn selected(&self) -> impl Iterator<Item = &Change> {
        let of_interest = |change: &&Change| is_personal(self.entry.kind, change) == self.personal;
        self.entry.changes.iter().filter(of_interest)
    }
}

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for change in self.selected() {
            let before = change.before.as_ref().map(Value::encode);
            let after = change.after.as_ref().map(Value::encode);
            object.serialize_entry(change.field, &[before, after])?;
        }
        object.end()
    }
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::damaged("a value", error))
}

fn is_personal(kind: Kind, change: &Change) -> bool {
    kind.is_person() && kind.field(change.field).is_some_and(|field| field.personal)
}

fn parse_changes(kind: Kind, json: &[u8]) -> Result<Vec<Change>, Error> {
    let damaged = |detail: String| Error::damaged("the journal", detail);
    let texts: BTreeMap<String, [Option<String>; 2]> =
        serde_json::from_slice(json).map_err(|error| damaged(error.to_string()))?;
    let mut changes = Vec::with_capacity(texts.len());
    for (name, [before, after]) in texts {
        let field = kind.field(&name).ok_or_else(|| damaged(format!("{kind} has no `{name}`")))?;
        let decode =
            |text: Option<String>| text.map(|text| Value::decode(field.holds, &text)).transpose();
        let decode = |text| decode(text).map_err(|error| damaged(error.to_string()));
        changes.push(Change { field: field.name, before: decode(before)?, after: decode(after)? });
    }
    Ok(changes)
}

fn open(kind: Kind, entry_id: Uuid, sealed: &[u8], key: &Key) -> Result<Vec<Change>, Error> {
    parse_changes(kind, &key.open(entry_id, sealed)?)
}
