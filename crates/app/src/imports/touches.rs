//! Importing touches: columns from the file straight into the lake.
//!
//! Persons are known to the lake by random ids. The keys by which a file names them lead to these
//! ids through the store's aliases; a person whom nothing but a key is known of gets an id there
//! and no record yet.

use std::collections::{BTreeMap, HashMap};

use domain::kind::Kind;
use domain::name::plain;
use intake::touches::block::{Namespace, TouchBlock};
use lake::touches::{Appended, Coded, TouchColumns};
use store::Tx;
use store::alias::Alias;
use uuid::Uuid;

use super::directory::{ANONYMOUS_ID, EMAIL, ID, NAME};
use super::{Run, Watch};
use crate::context::Context;
use crate::error::Error;
use crate::limits::{REMEMBERED_KEYS_MAX, TOUCHES_PER_PART_MAX};

/// Reads the touches of a file and, unless it is a dry run, adds them to the lake part by part.
pub(super) async fn read(run: &mut Run<'_>, watch: &Watch<'_>, dry_run: bool) -> Result<(), Error> {
    let mapping = &run.preview.mapping;
    let mut reader = intake::touches::read(&run.order.file, mapping, run.assumptions)?;
    let context = run.context;
    let mut appender = context.lake.touch_appender(run.import_id)?;
    let mut persons = Persons::default();
    let mut part = Part::new(context);
    while let Some(block) = reader.next_block()? {
        run.counts.read += (block.line.len() + block.rejects.len()) as u64;
        run.counts.rejected += block.rejects.len() as u64;
        for reject in &block.rejects {
            run.write_reject(reader.headers(), reject)?;
        }
        if !dry_run {
            part.add(context, &mut persons, block).await?;
        }
        if part.columns.touch_key.len() >= TOUCHES_PER_PART_MAX {
            let full = std::mem::replace(&mut part, Part::new(context));
            run.count_touches(appender.append(full.columns).await?);
        }
        (watch.progress)(reader.bytes_read(), reader.bytes_total(), run.counts.read);
    }
    if !dry_run {
        run.count_touches(appender.append(part.columns).await?);
        run.count_touches(appender.finish().await?);
    }
    Ok(())
}

impl Run<'_> {
    fn count_touches(&mut self, appended: Appended) {
        self.counts.new += appended.new as u64;
        self.counts.unchanged += appended.duplicates as u64;
    }
}

/// The touches that are added to the lake at one time.
struct Part {
    columns: TouchColumns,
    channels: Names,
    touch_kinds: Names,
    campaigns: Names,
    /// Places of persons and accounts by id.
    persons: HashMap<Uuid, u32>,
    accounts: HashMap<Uuid, u32>,
}

impl Part {
    fn new(context: &Context) -> Part {
        let columns =
            TouchColumns { recorded_at: context.now.as_microsecond(), ..TouchColumns::default() };
        Part {
            columns,
            channels: Names::default(),
            touch_kinds: Names::default(),
            campaigns: Names::default(),
            persons: HashMap::new(),
            accounts: HashMap::new(),
        }
    }

    async fn add(
        &mut self,
        context: &Context,
        persons: &mut Persons,
        block: TouchBlock,
    ) -> Result<(), Error> {
        let ids = persons.ids(context, &block).await?;
        let accounts = account_ids(context, &block.account.names).await?;
        let columns = &mut self.columns;
        let person: Vec<u32> =
            ids.into_iter().map(|id| place(&mut self.persons, &mut columns.persons, id)).collect();
        let account: Vec<Option<u32>> = accounts
            .into_iter()
            .map(|id| id.map(|id| place(&mut self.accounts, &mut columns.accounts, id)))
            .collect();
        let at = |places: &[u32], code: &u32| places.get(*code as usize).copied().unwrap_or(0);
        columns.person.extend(block.person.iter().map(|code| at(&person, code)));
        let account_at = |code: &u32| account.get(*code as usize).copied().flatten();
        columns.account.extend(block.account.codes.iter().map(account_at));
        columns.touch_key.extend(block.touch_key);
        columns.occurred_at.extend(block.occurred_at);
        self.channels.add(&mut columns.channel, block.channel);
        self.touch_kinds.add(&mut columns.touch_kind, block.touch_kind);
        self.campaigns.add(&mut columns.campaign, block.campaign);
        let offset = u32::try_from(columns.url.text.len()).unwrap_or(u32::MAX);
        columns.url.text.push_str(&block.urls);
        columns.url.ends.extend(block.url_ends.iter().map(|end| offset + end));
        Ok(())
    }
}

fn place(places: &mut HashMap<Uuid, u32>, all: &mut Vec<[u8; 16]>, id: Uuid) -> u32 {
    *places.entry(id).or_insert_with(|| {
        all.push(*id.as_bytes());
        u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
    })
}

/// The names of a coded column over several blocks.
#[derive(Default)]
struct Names {
    places: HashMap<String, u32>,
}

impl Names {
    fn add(&mut self, column: &mut Coded, block: intake::touches::block::Coded) {
        let places: Vec<u32> = block
            .names
            .into_iter()
            .map(|name| {
                *self.places.entry(name).or_insert_with_key(|name| {
                    column.names.push(name.clone());
                    u32::try_from(column.names.len() - 1).unwrap_or(u32::MAX)
                })
            })
            .collect();
        let at = |code: u32| places.get(code as usize).copied().unwrap_or(0);
        column.codes.extend(block.codes.into_iter().map(at));
    }
}

/// The ids of persons by the digest of the key that names them.
#[derive(Default)]
struct Persons {
    known: HashMap<u128, Uuid>,
}

impl Persons {
    /// The ids of the persons of a block, in the order of its `persons`.
    async fn ids(&mut self, context: &Context, block: &TouchBlock) -> Result<Vec<Uuid>, Error> {
        if self.known.len() > REMEMBERED_KEYS_MAX {
            self.known.clear();
        }
        let unknown: Vec<u32> = (0..block.persons.digests.len())
            .filter(|place| !self.known.contains_key(&block.persons.digests[*place]))
            .filter_map(|place| u32::try_from(place).ok())
            .collect();
        self.look_up(context, block, &unknown).await?;
        let unknown: Vec<u32> = unknown
            .into_iter()
            .filter(|place| !self.known.contains_key(&digest(block, *place)))
            .collect();
        self.make(context, block, &unknown).await?;
        Ok(block
            .persons
            .digests
            .iter()
            .filter_map(|digest| self.known.get(digest).copied())
            .collect())
    }

    async fn look_up(
        &mut self,
        context: &Context,
        block: &TouchBlock,
        places: &[u32],
    ) -> Result<(), Error> {
        for namespace in [Namespace::CrmId, Namespace::Email, Namespace::Anonymous] {
            let of_namespace =
                |place: &&u32| block.persons.namespaces[**place as usize] == namespace;
            let mut keys: BTreeMap<String, Vec<u128>> = BTreeMap::new();
            for place in places.iter().filter(of_namespace) {
                keys.entry(key_of(block, *place)).or_default().push(digest(block, *place));
            }
            let asked: Vec<String> = keys.keys().cloned().collect();
            let found =
                context.store.find(Kind::People, alias_namespace(namespace), &asked).await?;
            for (key, digests) in &keys {
                let id = found.get(key);
                self.known.extend(id.into_iter().flat_map(|id| digests.iter().map(|d| (*d, *id))));
            }
        }
        Ok(())
    }

    /// Gives ids to persons whom nobody has heard of. Two keys of one row are one person.
    async fn make(
        &mut self,
        context: &Context,
        block: &TouchBlock,
        places: &[u32],
    ) -> Result<(), Error> {
        for (one, other) in &block.same_person {
            let (one, other) = (digest(block, *one), digest(block, *other));
            let known = self.known.get(&one).or(self.known.get(&other)).copied();
            let id = known.unwrap_or_else(|| context.new_id());
            self.known.entry(one).or_insert(id);
            self.known.entry(other).or_insert(id);
        }
        let mut aliases = Vec::with_capacity(places.len());
        // Two spellings of one e-mail address have two digests and are one key.
        let mut made: HashMap<(Namespace, String), Uuid> = HashMap::new();
        for place in places {
            let key = (block.persons.namespaces[*place as usize], key_of(block, *place));
            let known = self.known.get(&digest(block, *place)).copied();
            let record_id = known
                .unwrap_or_else(|| *made.entry(key.clone()).or_insert_with(|| context.new_id()));
            made.insert(key, record_id);
            self.known.insert(digest(block, *place), record_id);
            aliases.push(Alias {
                kind: Kind::People,
                namespace: alias_namespace(block.persons.namespaces[*place as usize]).to_owned(),
                key: key_of(block, *place),
                record_id,
            });
        }
        if aliases.is_empty() {
            return Ok(());
        }
        let author = context.author("import of touches");
        let store = &context.store;
        store
            .write(author, async |tx: &mut Tx| Ok::<(), Error>(tx.put_aliases(aliases).await?))
            .await
    }
}

fn digest(block: &TouchBlock, place: u32) -> u128 {
    block.persons.digests[place as usize]
}

/// The key at a place as aliases hold it: e-mail addresses differ by no case.
fn key_of(block: &TouchBlock, place: u32) -> String {
    let key = block.persons.key(place);
    match block.persons.namespaces[place as usize] {
        Namespace::Email => key.to_lowercase(),
        _ => key.to_owned(),
    }
}

fn alias_namespace(namespace: Namespace) -> &'static str {
    match namespace {
        Namespace::CrmId => ID,
        Namespace::Email => EMAIL,
        Namespace::Anonymous => ANONYMOUS_ID,
    }
}

/// The accounts that names or ids lead to; a touch makes no account.
pub(crate) async fn account_ids(
    context: &Context,
    names: &[String],
) -> Result<Vec<Option<Uuid>>, Error> {
    let by_id = context.store.find(Kind::Accounts, ID, names).await?;
    let spelled: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let by_name = context.store.find(Kind::Accounts, NAME, &spelled).await?;
    let found = names.iter().zip(&spelled);
    Ok(found.map(|(name, spelled)| by_id.get(name).or(by_name.get(spelled)).copied()).collect())
}
