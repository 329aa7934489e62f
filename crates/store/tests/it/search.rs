//! Searching the journal gives what a reading of everything that was written gives, page by page,
//! however little is looked at for one page.

use std::collections::BTreeMap;

use domain::history::Values;
use domain::journal::{Cause, Provenance, UNDO};
use domain::kind::Kind;
use domain::master::{Master, Realm};
use domain::value::Value;
use jiff::Timestamp;
use store::journal::search::{Effort, Search};
use store::record::SubjectWrite;
use store::{Author, Location, Store, Tx};
use uuid::Uuid;

use crate::world::{at, created, dollars, id, text, write};

/// One entry as it was written.
struct Wrote {
    id: Uuid,
    kind: Kind,
    subject: Uuid,
    actor: &'static str,
    cause: Cause,
    at: Timestamp,
    changes: Vec<(&'static str, Option<Value>, Option<Value>)>,
}

/// What was written, and what records then hold.
#[derive(Default)]
struct Told {
    entries: Vec<Wrote>,
    records: BTreeMap<(Kind, Uuid), Values>,
}

const TEXTS: [&str; 6] = [
    "Call ZÜRICH on Monday",
    "100% sure_thing!",
    "they say \"yes\"",
    "wait \\ see",
    "next_step",
    "",
];
const ACTORS: [&str; 3] = ["command line", "member:0190", "Import Bot"];

/// An id that bears the moment, as every entry's does.
fn entry_id(at: Timestamp, number: u8) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap();
    uuid::Builder::from_unix_timestamp_millis(millis, &[number; 10]).into_uuid()
}

/// The values of a record after one more change; the first time, its first values.
fn next_values(kind: Kind, subject: u128, step: usize, before: &Values) -> Values {
    let mut values = before.clone();
    let owner = id(700 + (subject + step as u128 / 90) % 3);
    match kind {
        Kind::People => {
            values.insert("name", text("Ada Lovelace"));
            values.insert("persona", text(["buyer", "user"][step / 4 % 2]));
        }
        Kind::Accounts => {
            values.insert("external_id", text(&format!("A-{subject}")));
            values.insert("name", text(&format!("Harbour {subject}")));
            values.insert("owner", Some(Value::Reference(owner)));
            values.insert("region", text(["north", "south"][step / 4 % 2]));
        }
        _ => {
            values.insert("external_id", text(&format!("D-{subject}")));
            values.insert("name", text(&format!("Twelve scales {subject}")));
            values.insert("owner", Some(Value::Reference(owner)));
            values.insert("amount", dollars(step as i64 * 100));
            let account = id(1_000 + (step as u128 / 3) % 12);
            values.insert("account", Some(Value::Reference(account)));
            values.insert("next_step", text(TEXTS[step % 6]).filter(|_| step % 6 != 5));
        }
    }
    values.retain(|_, value| value.is_some());
    values
}

async fn tell_one(store: &Store, told: &mut Told, step: usize) {
    let kind = [Kind::Deals, Kind::Deals, Kind::Accounts, Kind::People][step % 4];
    let subject = 1_000 + (step * 7 % 12) as u128;
    let before = told.records.get(&(kind, id(subject))).cloned().unwrap_or_default();
    let after = next_values(kind, subject, step, &before);
    let second = 10 + step as i64 * 1_800;
    let entry = entry_id(at(second), (step % 250) as u8);
    let mut one = write(kind, id(subject), entry, second, &before, &after);
    one.is_new = before.is_empty();
    let cause = [Cause::Edit, Cause::Import, Cause::Import, Cause::Undo][step / 4 % 4];
    let actor = ACTORS[step % 3];
    let reason = match cause {
        Cause::Undo => format!("{UNDO}{}", id(9)),
        _ => format!("reason {step}"),
    };
    for entry in &mut one.entries {
        entry.actor = actor.to_owned();
        entry.reason = reason.clone();
        if cause == Cause::Edit {
            entry.provenance = Provenance::Live;
        }
    }
    let changes = one.entries[0].changes.iter();
    let changes = changes.map(|it| (it.field, it.before.clone(), it.after.clone())).collect();
    told.entries.push(Wrote {
        id: entry,
        kind,
        subject: id(subject),
        actor,
        cause,
        at: at(second),
        changes,
    });
    told.records.insert((kind, id(subject)), after);
    let author = Author { actor: actor.to_owned(), reason, at: at(second) };
    apply(store, author, one).await;
}

async fn apply(store: &Store, author: Author, one: SubjectWrite) {
    store.write(author, async |tx: &mut Tx| tx.apply(&[one]).await).await.unwrap();
}

/// All that a search finds of records, page by page; settings are counted apart.
async fn found(store: &Store, search: &Search) -> (Vec<Uuid>, usize) {
    let mut search = search.clone();
    let (mut entries, mut settings) = (Vec::new(), 0);
    loop {
        let page = store.search_journal(&search).await.unwrap();
        assert!(page.entries.len() <= search.limit);
        assert!(page.next.is_some() || page.searched_back_to.is_none());
        for entry in &page.entries {
            match entry.record() {
                Some(_) => entries.push(entry.id),
                None => settings += 1,
            }
        }
        match page.next {
            Some(next) => search.after = Some(next),
            None => return (entries, settings),
        }
    }
}

type Matches = fn(&Told, &Wrote) -> bool;

fn has_text(told: &Told, wrote: &Wrote, wanted: &str) -> bool {
    let contains = |value: &Option<Value>| {
        let text = value.as_ref().and_then(Value::as_text);
        text.is_some_and(|text| text.to_lowercase().contains(&wanted.to_lowercase()))
    };
    let record = &told.records[&(wrote.kind, wrote.subject)];
    let is_public = |field: &str| !wrote.kind.field(field).unwrap().personal;
    let refers = |value: &Option<Value>| {
        let account = value.as_ref().and_then(Value::as_reference);
        let account = account.and_then(|id| told.records.get(&(Kind::Accounts, id)));
        account.is_some_and(|account| account.get("name").is_some_and(contains))
    };
    let has = |value: &Option<Value>| contains(value) || refers(value);
    let in_changes = wrote
        .changes
        .iter()
        .filter(|(field, _, _)| is_public(field))
        .any(|(_, before, after)| has(before) || has(after));
    let in_name = ["name", "external_id"]
        .into_iter()
        .any(|field| is_public(field) && record.get(field).is_some_and(contains));
    in_changes || in_name
}

/// Every filter, alone and with others, and what it means.
fn questions() -> Vec<(Search, Matches)> {
    let base = || Search { limit: 7, ..Search::default() };
    let text = |text: &str| Search { text: Some(text.into()), ..base() };
    let deals = || vec!["deals".to_owned()];
    let owners = || Some(vec![id(701)]);
    vec![
        (base(), |_, _| true),
        (Search { kinds: deals(), ..base() }, |_, it| it.kind == Kind::Deals),
        (
            Search { subject: Some(("accounts".into(), id(1_002).to_string())), ..base() },
            |_, it| it.kind == Kind::Accounts && it.subject == id(1_002),
        ),
        (Search { owners: owners(), ..base() }, owns),
        (Search { owners: Some(Vec::new()), ..base() }, |_, _| false),
        (Search { owners: owners(), kinds: deals(), ..base() }, |told, it| {
            owns(told, it) && it.kind == Kind::Deals
        }),
        (Search { field: Some("region".into()), ..base() }, |_, it| {
            it.changes.iter().any(|(field, _, _)| *field == "region")
        }),
        (Search { field: Some("name".into()), ..base() }, |_, it| {
            it.kind != Kind::People && it.changes.iter().any(|(field, _, _)| *field == "name")
        }),
        (Search { actor: Some("import bot".into()), ..base() }, |_, it| it.actor == "Import Bot"),
        (Search { cause: Some(Cause::Edit), ..base() }, |_, it| it.cause == Cause::Edit),
        (Search { cause: Some(Cause::Undo), ..base() }, |_, it| it.cause == Cause::Undo),
        (Search { cause: Some(Cause::Import), kinds: deals(), ..base() }, |_, it| {
            it.cause == Cause::Import && it.kind == Kind::Deals
        }),
        (Search { cause: Some(Cause::Setting), ..base() }, |_, _| false),
        (Search { since: Some(at(40_000)), until: Some(at(90_010)), ..base() }, |_, it| {
            it.at >= at(40_000) && it.at < at(90_010)
        }),
        (text("harbour 1002"), |told, it| has_text(told, it, "harbour 1002")),
        (text("zürich"), |told, it| has_text(told, it, "zürich")),
        (text("0% SURE_"), |told, it| has_text(told, it, "0% sure_")),
        (text("e_t"), |told, it| has_text(told, it, "e_t")),
        (text("\"yes\""), |told, it| has_text(told, it, "\"yes\"")),
        (text("\\ see"), |told, it| has_text(told, it, "\\ see")),
        (text("next_step"), |told, it| has_text(told, it, "next_step")),
        (text("lovelace"), |_, _| false),
        (
            Search { owners: owners(), field: Some("next_step".into()), ..text("100%") },
            |told, it| {
                owns(told, it)
                    && it.changes.iter().any(|(field, _, _)| *field == "next_step")
                    && has_text(told, it, "100%")
            },
        ),
    ]
}

fn owns(told: &Told, wrote: &Wrote) -> bool {
    told.records[&(wrote.kind, wrote.subject)].get("owner")
        == Some(&Some(Value::Reference(id(701))))
}

pub async fn tell(location: &Location) {
    let store = created(location).await;
    let mut told = Told::default();
    for step in 0..120 {
        tell_one(&store, &mut told, step).await;
    }
    let realm = Realm { kind: Kind::Deals, field: None };
    let author = Author { actor: "command line".into(), reason: "settled".into(), at: at(50_000) };
    let settle = async |tx: &mut Tx| tx.set_master(realm, Master::Baton).await;
    store.write(author, settle).await.unwrap();

    let efforts = [(20_000, 50_000), (0, 50_000), (0, 11), (1_000, 1)];
    for (number, (search, matches)) in questions().into_iter().enumerate() {
        let newest_first = told.entries.iter().rev();
        let expected: Vec<Uuid> =
            newest_first.filter(|it| matches(&told, it)).map(|it| it.id).collect();
        for (gathered_max, searched_max) in efforts {
            let effort = Effort { gathered_max, searched_max, ..Effort::default() };
            let search = Search { effort, ..search.clone() };
            let (entries, settings) = found(&store, &search).await;
            assert_eq!(entries, expected, "question {number} with {effort:?}");
            match search.cause {
                Some(Cause::Setting) => assert!(settings >= 2, "{settings}"),
                Some(_) => assert_eq!(settings, 0),
                None => {}
            }
            if search.owners.is_some() {
                assert_eq!(settings, 0, "no owner owns a setting");
            }
        }
    }
    stands_still(&store, &mut told).await;
    people_stay_closed(&store).await;
    store.close().await.unwrap();
}

/// What is written between two pages neither moves nor repeats what follows.
async fn stands_still(store: &Store, told: &mut Told) {
    let search = Search { kinds: vec!["deals".into()], limit: 20, ..Search::default() };
    let first = store.search_journal(&search).await.unwrap();
    let (before, _) = found(store, &search).await;
    for step in 120..128 {
        tell_one(store, told, step).await;
    }
    let rest = Search { after: first.next, ..search.clone() };
    let (rest, _) = found(store, &rest).await;
    assert_eq!(rest, before[20..]);
    let (now, _) = found(store, &search).await;
    assert_eq!(now.len(), before.len() + 4);
    assert_eq!(now[4..], before);
}

async fn people_stay_closed(store: &Store) {
    let search = Search { text: Some("harbour".into()), limit: 5, ..Search::default() };
    assert!(!store.search_journal(&search).await.unwrap().is_widespread);
    let effort = Effort { referred_max: 2, ..Effort::default() };
    let few = Search { effort, ..search };
    assert!(store.search_journal(&few).await.unwrap().is_widespread);
    let called = store.records_called(Kind::Accounts, "HARBOUR 1002", 5).await.unwrap();
    assert_eq!(called, [id(1_002)]);
    let people = store.records_called(Kind::People, "ada lovelace", 5).await.unwrap();
    assert!(people.is_empty());
    let search = Search { kinds: vec!["people".into()], limit: 500, ..Search::default() };
    let page = store.search_journal(&search).await.unwrap();
    assert!(page.entries.iter().any(|entry| entry.has_personal));
    assert!(!format!("{page:?}").contains("Lovelace"), "{page:?}");
    let persona = page.entries.iter().flat_map(|entry| &entry.changes);
    assert!(persona.clone().all(|change| ["persona"].contains(&change.field.as_str())));
    assert!(persona.count() > 0);
}
