//! Who is meant: from the keys by which rows name records to the ids of these records.
//!
//! A key is looked for as an id, then as a name whose spelling may differ, then as an e-mail
//! address. What nobody has heard of yet gets a record that is known by its key alone, and takes
//! on its fields when its own file is imported.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use domain::history::Values;
use domain::kind::Kind;
use domain::name::plain;
use domain::value::Value;
use intake::reader::Row;
use store::alias::Alias;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::limits::REMEMBERED_KEYS_MAX;

pub const ID: &str = "external_id";
pub const NAME: &str = "name";
pub const EMAIL: &str = "email";
pub const ANONYMOUS_ID: &str = "anonymous_id";

/// The keys that an import has met, and the records that they lead to.
#[derive(Default)]
pub struct Directory {
    known: HashMap<(Kind, String), Uuid>,
    canonical: HashMap<Kind, HashMap<Uuid, String>>,
    /// How many rows without an id of each content have been met.
    equals: HashMap<Uuid, u32>,
}

/// A record that is named by others before its own file is imported.
#[derive(Clone, Debug)]
pub struct Stub {
    pub kind: Kind,
    pub id: Uuid,
    pub key: String,
}

impl Directory {
    pub fn id(&self, kind: Kind, key: &str) -> Option<Uuid> {
        self.known.get(&(kind, key.to_owned())).copied()
    }

    /// Looks up keys and returns a stub for each that nobody has heard of.
    pub async fn look_up(
        &mut self,
        context: &Context,
        keys: BTreeSet<(Kind, String)>,
    ) -> Result<Vec<Stub>, Error> {
        if self.known.len() > REMEMBERED_KEYS_MAX {
            self.known.clear();
        }
        let mut unknown: HashMap<Kind, Vec<String>> = HashMap::new();
        for (kind, key) in keys {
            if !self.known.contains_key(&(kind, key.clone())) {
                unknown.entry(kind).or_default().push(key);
            }
        }
        let mut kinds: Vec<Kind> = unknown.keys().copied().collect();
        kinds.sort_unstable();
        let mut stubs = Vec::new();
        for kind in kinds {
            let keys = unknown.remove(&kind).unwrap_or_default();
            self.look_up_kind(context, kind, keys, &mut stubs).await?;
        }
        Ok(stubs)
    }

    async fn look_up_kind(
        &mut self,
        context: &Context,
        kind: Kind,
        keys: Vec<String>,
        stubs: &mut Vec<Stub>,
    ) -> Result<(), Error> {
        let by_id = context.store.find(kind, ID, &keys).await?;
        let spelled: Vec<String> = keys.iter().map(|key| plain(key)).collect();
        let by_name = match goes_by_name(kind) {
            true => context.store.find(kind, NAME, &spelled).await?,
            false => HashMap::new(),
        };
        let emails: Vec<String> = keys.iter().map(|key| key.to_lowercase()).collect();
        let by_email = match kind.is_person() {
            true => context.store.find(kind, EMAIL, &emails).await?,
            false => HashMap::new(),
        };
        let mut made: HashMap<String, Uuid> = HashMap::new();
        for ((key, spelled), email) in keys.into_iter().zip(spelled).zip(emails) {
            let found = by_id.get(&key).or(by_name.get(&spelled)).or(by_email.get(&email));
            let spelling = spelling(kind, &key);
            let id = match found.or(made.get(&spelling)) {
                Some(id) => *id,
                None => {
                    let id = context.new_id();
                    stubs.push(Stub { kind, id, key: key.clone() });
                    made.insert(spelling, id);
                    id
                }
            };
            self.known.insert((kind, key), id);
        }
        Ok(())
    }

    /// The ids of rows; a row without one goes by its content and its place among its equals.
    pub fn row_keys(&mut self, rows: &[Row]) -> Vec<String> {
        let mut by_content = |row: &Row| {
            let content = format!("{:?}", row.values);
            let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, content.as_bytes());
            let place = self.equals.entry(digest).or_insert(0);
            *place += 1;
            format!("row-{digest}-{place}")
        };
        rows.iter().map(|row| row.id.clone().unwrap_or_else(|| by_content(row))).collect()
    }

    /// The name that a record goes by, where it is spelled otherwise than in `key`.
    pub async fn other_spelling(
        &mut self,
        context: &Context,
        kind: Kind,
        key: &str,
    ) -> Result<Option<String>, Error> {
        let id = self.id(kind, key);
        let names = self.names(context, kind).await?;
        let name = id.and_then(|id| names.get(&id));
        Ok(name.filter(|name| *name != key && plain(name) == plain(key)).cloned())
    }

    /// Takes note of the name under which a record is first heard of.
    pub async fn add_name(&mut self, context: &Context, stub: &Stub) -> Result<(), Error> {
        if goes_by_name(stub.kind) {
            self.names(context, stub.kind).await?.insert(stub.id, stub.key.clone());
        }
        Ok(())
    }

    /// What the records of a kind are called.
    async fn names(
        &mut self,
        context: &Context,
        kind: Kind,
    ) -> Result<&mut HashMap<Uuid, String>, Error> {
        Ok(match self.canonical.entry(kind) {
            Entry::Occupied(names) => names.into_mut(),
            Entry::Vacant(place) => {
                place.insert(context.store.names(kind).await?.into_iter().collect())
            }
        })
    }
}

impl Stub {
    /// The stubs of a kind by the spelling of their key.
    pub fn of_kind(stubs: &[Stub], kind: Kind) -> HashMap<String, Uuid> {
        let of_kind = stubs.iter().filter(|stub| stub.kind == kind);
        of_kind.map(|stub| (spelling(kind, &stub.key), stub.id)).collect()
    }

    pub fn aliases(&self) -> Vec<Alias> {
        aliases(self.kind, self.id, None, &self.values(), Some(&self.key))
    }

    /// What the key tells of the record: its name or e-mail address, or of a lead or deal its id.
    pub fn values(&self) -> Values {
        let field = match self.kind {
            kind if kind.is_person() && self.key.contains('@') => "email",
            kind if goes_by_name(kind) => "name",
            _ => "external_id",
        };
        Values::from([(field, Some(Value::Text(self.key.clone())))])
    }
}

/// What makes two keys of a kind one.
pub fn spelling(kind: Kind, key: &str) -> String {
    match kind {
        kind if kind.is_person() && key.contains('@') => key.to_lowercase(),
        kind if goes_by_name(kind) => plain(key),
        _ => key.to_owned(),
    }
}

/// Whether one name means one record of the kind. Two people may well have the same name.
pub fn goes_by_name(kind: Kind) -> bool {
    kind.is_timeless() && kind != Kind::People
}

/// The keys by which a record is found from now on.
pub fn aliases(
    kind: Kind,
    record_id: Uuid,
    external_id: Option<&str>,
    values: &Values,
    key: Option<&str>,
) -> Vec<Alias> {
    let alias = |namespace: &str, key: String| Alias {
        kind,
        namespace: namespace.to_owned(),
        key,
        record_id,
    };
    let text = |field: &str| values.get(field).and_then(Option::as_ref).and_then(Value::as_text);
    let mut aliases: Vec<Alias> =
        external_id.map(|id| alias(ID, id.to_owned())).into_iter().collect();
    if goes_by_name(kind) {
        let names = text("name").into_iter().chain(key);
        aliases.extend(names.map(|name| alias(NAME, plain(name))));
    } else if let (None, Some(key)) = (external_id, key) {
        aliases.push(alias(ID, key.to_owned()));
    }
    if kind.is_person() {
        aliases.extend(text("email").map(|email| alias(EMAIL, email.to_lowercase())));
    }
    aliases.dedup();
    aliases
}
