//! Who is who among events: from the keys that events bear to the ids of people.
//!
//! Somebody without a name is known by an anonymous id. An event that bears it beside a user id or
//! an e-mail address says whose it is: the anonymous id leads to that person from then on, and who
//! was known by it alone turns out to be that person. Two people who both have names are never
//! taken for one here, even where they share a browser.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::key::canonical;
use domain::kind::Kind;
use intake::tracking::Event;
use store::Tx;
use store::alias::Alias;
use store::tracking::SamePerson;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::imports::directory::{ANONYMOUS_ID, EMAIL, ID};

/// A key of a person: its namespace, and its text.
type Key<'a> = (&'static str, &'a str);

/// The keys that an event bears, the best first.
fn keys(event: &Event) -> impl Iterator<Item = Key<'_>> {
    let keys = [
        (ID, canonical(&event.user_id)),
        (EMAIL, event.email.as_str()),
        (ANONYMOUS_ID, event.anonymous_id.as_str()),
        (ANONYMOUS_ID, event.previous_id.as_str()),
    ];
    keys.into_iter().filter(|(_, key)| !key.is_empty())
}

/// The person of each event; what was learnt of them is written down.
///
/// # Errors
/// When the store cannot be read or written.
pub(super) async fn resolve(context: &Context, events: &[Event]) -> Result<Vec<Uuid>, Error> {
    let mut people = People::known(context, events).await?;
    for event in events {
        let mut all = keys(event);
        if let Some(best) = all.next() {
            all.for_each(|other| people.join(context, best, other));
        }
    }
    let ids = events.iter().map(|event| {
        let best = keys(event).next();
        best.map_or(Uuid::nil(), |best| people.id_or_new(context, best))
    });
    let ids: Vec<Uuid> = ids.collect();
    let ids = ids.into_iter().map(|id| people.same.get(&id).copied().unwrap_or(id)).collect();
    people.write(context).await?;
    Ok(ids)
}

/// What is known of people by their keys, and what is learnt.
#[derive(Default)]
struct People<'a> {
    known: HashMap<Key<'a>, Uuid>,
    /// Those who have a name: a user id or an address leads to them.
    named: HashSet<Uuid>,
    learnt: Vec<(Key<'a>, Uuid)>,
    /// Whom others turned out to be.
    same: HashMap<Uuid, Uuid>,
}

impl<'a> People<'a> {
    async fn known(context: &Context, events: &'a [Event]) -> Result<People<'a>, Error> {
        let mut asked: BTreeMap<&'static str, Vec<&'a str>> = BTreeMap::new();
        for (namespace, key) in events.iter().flat_map(keys) {
            asked.entry(namespace).or_default().push(key);
        }
        let mut people = People::default();
        for (namespace, mut texts) in asked {
            texts.sort_unstable();
            texts.dedup();
            let owned: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let found = context.store.find(Kind::People, namespace, &owned).await?;
            let known = texts.iter().filter_map(|text| Some((*text, *found.get(*text)?)));
            people.known.extend(known.clone().map(|(text, id)| ((namespace, text), id)));
            if namespace == ANONYMOUS_ID {
                let ids: Vec<Uuid> = known.map(|(_, id)| id).collect();
                let named = context.store.known_otherwise(ANONYMOUS_ID, &ids).await?;
                people.named.extend(named);
            } else {
                people.named.extend(known.map(|(_, id)| id));
            }
        }
        Ok(people)
    }

    fn id(&self, key: Key<'a>) -> Option<Uuid> {
        let id = self.known.get(&key).copied()?;
        Some(self.same.get(&id).copied().unwrap_or(id))
    }

    fn id_or_new(&mut self, context: &Context, key: Key<'a>) -> Uuid {
        self.id(key).unwrap_or_else(|| self.learn(key, context.new_id()))
    }

    fn learn(&mut self, key: Key<'a>, id: Uuid) -> Uuid {
        self.known.insert(key, id);
        self.learnt.push((key, id));
        if key.0 != ANONYMOUS_ID {
            self.named.insert(id);
        }
        id
    }

    /// Two keys of one event are one person's, where nothing speaks against it.
    fn join(&mut self, context: &Context, best: Key<'a>, other: Key<'a>) {
        match (self.id(best), self.id(other)) {
            (None, None) => {
                let id = self.learn(best, context.new_id());
                self.learn(other, id);
            }
            (Some(id), None) => {
                self.learn(other, id);
            }
            // An anonymous id that is somebody else's by name stays theirs.
            (None, Some(id)) if other.0 != ANONYMOUS_ID || !self.named.contains(&id) => {
                self.learn(best, id);
            }
            (None, Some(_)) => {
                self.learn(best, context.new_id());
            }
            (Some(one), Some(two)) if one != two && !self.named.contains(&two) => {
                self.same.insert(two, one);
            }
            (Some(_), Some(_)) => {}
        }
    }

    async fn write(self, context: &Context) -> Result<(), Error> {
        if self.learnt.is_empty() && self.same.is_empty() {
            return Ok(());
        }
        let alias = |((namespace, key), record_id): ((&'static str, &str), Uuid)| Alias {
            kind: Kind::People,
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            record_id,
        };
        let aliases: Vec<Alias> = self.learnt.into_iter().map(alias).collect();
        let learnt_at = context.now;
        let mut same: Vec<SamePerson> =
            self.same.into_iter().map(|(from, to)| SamePerson { from, to, learnt_at }).collect();
        same.sort_unstable();
        let write = async |tx: &mut Tx| {
            tx.put_aliases(aliases).await?;
            tx.put_same_people(&same).await?;
            Ok::<_, Error>(())
        };
        context.store.write(context.author("who is who among tracked events"), write).await
    }
}
