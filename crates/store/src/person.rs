//! People's keys, and erasure: destroying the key leaves only ciphertext in the journal.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::journal::{self, Change, Provenance};
use domain::kind::Kind;
use domain::value::Value;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::insert::Insert;
use crate::record::parse_id;
use crate::{Store, Tx, db, limits};

const NONCE_BYTES: usize = 24;

/// The key of one person, for XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
pub(crate) struct Key([u8; 32]);

/// The keys of some people; those who were erased have none.
#[derive(Default)]
pub(crate) struct Keys(HashMap<Uuid, Key>);

impl Tx {
    /// Erases a person: blanks the personal fields of the record, removes what exports said of it
    /// and the keys by which it was found, destroys its key, and journals that this was done. The
    /// record stays, deleted and nameless, so that what refers to it still adds up.
    ///
    /// Old pages keep the bytes until [`Store::scrub`] has run.
    pub async fn erase_person(&mut self, kind: Kind, id: Uuid) -> Result<(), Error> {
        if !kind.is_person() {
            return Err(Error::NotPeople(kind));
        }
        let was_deleted = self.was_deleted(kind, id).await?;
        let entry_id = self.own_entry_id(&format!("{kind}:{id} erased"));
        let deletion = Change {
            field: "deleted",
            before: was_deleted.map(Value::Boolean),
            after: Some(Value::Boolean(true)),
        };
        let tombstone = journal::Entry {
            id: entry_id,
            kind,
            subject_id: id,
            actor: self.author.actor.clone(),
            reason: self.author.reason.clone(),
            import_id: None,
            effective_at: self.author.at,
            recorded_at: self.author.at,
            provenance: Provenance::Live,
            changes: vec![deletion],
        };
        self.append(kind, &[&tombstone]).await?;
        self.forget_person(kind, id).await
    }

    async fn was_deleted(&self, kind: Kind, id: Uuid) -> Result<Option<bool>, Error> {
        let sql = format!(r#"select deleted from "{}" where id = $1"#, kind.name());
        let rows = db::raw_rows(&self.sql, sql, vec![id.to_string().into()]).await?;
        let row = rows.first().ok_or(Error::UnknownRecord { kind, id })?;
        Ok(row.try_get_by_index::<Option<i64>>(0)?.map(|flag| flag != 0))
    }

    async fn forget_person(&self, kind: Kind, id: Uuid) -> Result<(), Error> {
        let personal = kind.fields().iter().filter(|field| field.personal);
        let blanks: Vec<String> = personal.map(|f| format!(r#""{}" = null"#, f.name)).collect();
        let (table, blanks) = (kind.name(), blanks.join(", "));
        let at = self.author.at.as_microsecond();
        let id = || id.to_string().into();
        let blank = format!(
            r#"update "{table}" set {blanks}, deleted = 1, last_recorded_at = $2 where id = $1"#
        );
        db::run(&self.sql, blank, vec![id(), at.into()]).await?;
        db::run(&self.sql, "delete from observation where subject_id = $1", vec![id()]).await?;
        db::run(&self.sql, "delete from alias where record_id = $1", vec![id()]).await?;
        let destroy = "insert into person_key (person_id, key, erased_at) values ($1, null, $2)
            on conflict (person_id) do update set key = null, erased_at = excluded.erased_at";
        db::run(&self.sql, destroy, vec![id(), at.into()]).await?;
        Ok(())
    }
}

impl Store {
    /// Rewrites the database so that no page keeps what was erased; it takes as long as copying
    /// the file, and on SQLite fails while another process reads.
    ///
    /// Not covered: backups and, on PostgreSQL, the server's write-ahead log until it is recycled.
    pub async fn scrub(&self) -> Result<(), Error> {
        self.db.scrub().await
    }
}

impl Keys {
    pub fn of(&self, person_id: &Uuid) -> Option<&Key> {
        self.0.get(person_id)
    }

    /// The keys that exist of these people, whose ids may repeat.
    pub async fn load(connection: &impl ConnectionTrait, people: &[String]) -> Result<Keys, Error> {
        let mut keys = HashMap::new();
        for row in stored(connection, people).await? {
            if let Some(key) = row.key {
                keys.insert(parse_id(&row.person_id)?, Key::from_bytes(&key)?);
            }
        }
        Ok(Keys(keys))
    }

    /// The keys of these people, made where there is none yet.
    pub async fn load_or_create(
        sql: &DatabaseTransaction,
        people: &[String],
    ) -> Result<Keys, Error> {
        let mut keys = HashMap::new();
        for row in stored(sql, people).await? {
            let id = parse_id(&row.person_id)?;
            let key = row.key.ok_or(Error::PersonErased(id))?;
            keys.insert(id, Key::from_bytes(&key)?);
        }
        let mut fresh = Vec::new();
        for person in people {
            if let Entry::Vacant(place) = keys.entry(parse_id(person)?) {
                let key = place.insert(Key::random()?);
                fresh.push((person, key.0.to_vec()));
            }
        }
        let columns = ["person_id", "key"];
        Insert { table: "person_key", columns: &columns, on_conflict: "" }
            .run(sql, &fresh, |(person, key), row| {
                row.extend([person.as_str().into(), key.clone().into()]);
                Ok(())
            })
            .await?;
        Ok(Keys(keys))
    }
}

#[derive(FromQueryResult)]
struct KeyRow {
    person_id: String,
    key: Option<Vec<u8>>,
}

async fn stored(
    connection: &impl ConnectionTrait,
    people: &[String],
) -> Result<Vec<KeyRow>, Error> {
    let mut people: Vec<&String> = people.iter().collect();
    people.sort_unstable();
    people.dedup();
    let mut rows = Vec::new();
    for people in people.chunks(limits::KEYS_MAX) {
        let among = db::parameters(1, people.len());
        let sql = format!("select person_id, key from person_key where person_id in {among}");
        let values = people.iter().map(|person| person.as_str().into()).collect();
        rows.extend(db::rows::<KeyRow>(connection, sql, values).await?);
    }
    Ok(rows)
}

impl Key {
    /// A key that a caller could choose or a seed repeat would protect nobody, so this is the one
    /// place where the store draws on the operating system's randomness.
    fn random() -> Result<Key, Error> {
        Ok(Key(Generate::try_generate().map_err(|_| Error::NoRandomness)?))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Key, Error> {
        let key = bytes.try_into().map_err(|_| Error::damaged("a person's key", "wrong length"))?;
        Ok(Key(key))
    }

    /// A random nonce, then the ciphertext, which only opens for this entry.
    pub fn seal(&self, entry_id: Uuid, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_BYTES] = Generate::try_generate().map_err(|_| Error::NoRandomness)?;
        let payload = Payload { msg: plain, aad: entry_id.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Encryption(entry_id))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub fn open(&self, entry_id: Uuid, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let damaged = || Error::damaged("an encrypted journal entry", entry_id);
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let payload = Payload { msg: sealed, aad: entry_id.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}
