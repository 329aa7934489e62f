//! The one story: a company is founded, imports and edits happen, and everything reads back.

use std::collections::{BTreeMap, HashMap};

use domain::goal::{Counts, Goal};
use domain::history::{DatedRow, Observation, Values};
use domain::kind::Kind;
use domain::money::{Currency, Money};
use domain::plan_version::{Month, PlanVersion};
use domain::stage::{Outcome, Stage, Stages};
use domain::time::AsOf;
use store::alias::Alias;
use store::chain::{Verdict, Verified};
use store::error::Error;
use store::import::{Coverage, Import, RowCounts, Status};
use store::observation::{Evidence, Said, Sighting};
use store::{Author, Location, Store, Tx};
use uuid::Uuid;

use crate::world::{at, author, company, created, deal, id, person, text, write};

pub async fn tell(location: &Location) {
    assert!(matches!(Store::open(location).await, Err(Error::NotInitialised { .. })));
    let store = created(location).await;
    assert!(matches!(
        Store::create(location, &company(), author(0)).await,
        Err(Error::AlreadyInitialised { .. })
    ));
    settings(&store).await;
    records(&store).await;
    refusals(&store).await;
    people(&store).await;
    imports(&store).await;
    goals(&store).await;
    chain(&store).await;
    sealing(&store).await;
    erasure(&store).await;
    concurrent_writers(&store).await;
    leases(&store).await;
    plan_versions(&store).await;
    opened_twice(&store, location).await;
    store.close().await.unwrap();
    reopened(location).await;
}

async fn settings(store: &Store) {
    let company = store.company().await.unwrap();
    assert_eq!((company.name.as_str(), company.calendar.start_month()), ("Example Instruments", 2));
    let stage = |name: &str, outcome| Stage { name: name.into(), outcome };
    let stages = Stages {
        stages: vec![stage("Prospecting", Outcome::Open), stage("Won", Outcome::Won)],
        entry: Some("Prospecting".into()),
    };
    let unknown = Stages { entry: Some("Nowhere".into()), ..stages.clone() };
    let refused =
        store.write(author(1), async |tx: &mut Tx| tx.set_stages(Kind::Deals, &unknown).await);
    assert!(matches!(refused.await, Err(Error::UnknownEntryStage(_))));
    for mapping in ["a = 1", "a = 2"] {
        let write = async |tx: &mut Tx| {
            tx.set_stages(Kind::Deals, &stages).await?;
            tx.save_mapping(Kind::Deals, "f00d", mapping).await
        };
        store.write(author(1), write).await.unwrap();
    }
    assert_eq!(store.stages(Kind::Deals).await.unwrap(), stages);
    assert_eq!(store.stages(Kind::Leads).await.unwrap(), Stages::default());
    assert_eq!(store.mapping(Kind::Deals, "f00d").await.unwrap().as_deref(), Some("a = 2"));
    assert_eq!(store.mapping(Kind::Leads, "f00d").await.unwrap(), None);
}

async fn records(store: &Store) {
    let (first, raised) = (deal(100_000), deal(120_000));
    let new = write(Kind::Deals, id(1), id(101), 2, &Values::new(), &first);
    let edit = write(Kind::Deals, id(1), id(102), 3, &first, &raised);
    let entries = [new.entries.clone(), edit.entries.clone()].concat();
    store.write(author(2), async |tx: &mut Tx| tx.apply(&[new]).await).await.unwrap();
    store.write(author(3), async |tx: &mut Tx| tx.apply(&[edit]).await).await.unwrap();
    let record = store.record(Kind::Deals, id(1)).await.unwrap().unwrap();
    assert_eq!(record.values, raised);
    assert_eq!((record.first_recorded_at, record.last_recorded_at), (at(2), at(3)));
    assert_eq!(store.entries(Kind::Deals, id(1)).await.unwrap(), entries);
    let names = store.names(Kind::Deals).await.unwrap();
    assert_eq!(names, [(id(1), "Twelve scales".to_owned())]);
    assert_eq!(store.record_count(Kind::Deals).await.unwrap(), 1);
    assert_eq!(store.records_page(Kind::Deals, Some(id(1)), 10).await.unwrap(), []);
    assert_eq!(store.records_page(Kind::Deals, None, 10).await.unwrap(), [record]);
}

/// Nothing of a refused transaction stays, and no record changes without saying so.
async fn refusals(store: &Store) {
    let new = || write(Kind::Deals, id(2), id(103), 4, &Values::new(), &deal(5));
    let silent = {
        let mut write = new();
        write.entries[0].changes.retain(|change| change.field != "amount");
        write
    };
    let unsigned = {
        let mut write = new();
        write.entries[0].actor = "somebody else".into();
        write
    };
    let foreign = {
        let mut write = new();
        write.entries[0].subject_id = id(77);
        write
    };
    let mut bare = new();
    bare.entries.clear();
    let mut unknown = new();
    unknown.is_new = false;
    let mut mistyped = new();
    mistyped.current.insert("amount", text("a lot"));
    let expect = |error: &Error, words: &str| {
        assert!(error.to_string().contains(words), "{error} lacks {words}");
    };
    for (bad, words) in [
        (vec![silent], "without a journal entry for `amount`"),
        (vec![unsigned], "does not bear the actor"),
        (vec![foreign], "about another subject"),
        (vec![bare], "without any journal entry"),
        (vec![unknown], "there is no such record"),
        (vec![mistyped], "`amount` of deals cannot hold"),
        (vec![new(), new()], "written twice"),
    ] {
        let error = store.write(author(4), async |tx: &mut Tx| tx.apply(&bad).await).await;
        expect(&error.unwrap_err(), words);
    }
    let failing = async |tx: &mut Tx| {
        tx.apply(&[new()]).await?;
        assert_eq!(tx.records(Kind::Deals, &[id(2)]).await?.len(), 1, "seen from within");
        assert_eq!(tx.entries_of(Kind::Deals, &[id(2)]).await?.len(), 1);
        assert_eq!(store.record(Kind::Deals, id(2)).await?, None, "not seen from outside");
        Err::<(), Error>(Error::UnknownImport(id(0)))
    };
    assert!(store.write(author(4), failing).await.is_err());
    assert_eq!(store.record(Kind::Deals, id(2)).await.unwrap(), None);
    assert_eq!(store.entries(Kind::Deals, id(2)).await.unwrap(), []);
    expect(&store.names(Kind::Touches).await.unwrap_err(), "not kept as records");
}

async fn people(store: &Store) {
    let new = write(Kind::People, id(3), id(104), 5, &Values::new(), &person("Ada Example"));
    let entries = new.entries.clone();
    store.write(author(5), async |tx: &mut Tx| tx.apply(&[new]).await).await.unwrap();
    assert_eq!(store.entries(Kind::People, id(3)).await.unwrap(), entries);
    let tail = store.unsealed(&[], None, 100).await.unwrap();
    let sealed = tail.iter().find(|entry| entry.kind == Kind::People).unwrap();
    let fields: Vec<&str> = sealed.changes.iter().map(|change| change.field).collect();
    assert_eq!(fields, ["persona"]);
    let alias = |namespace: &str, key: &str, record_id| Alias {
        kind: Kind::People,
        namespace: namespace.into(),
        key: key.into(),
        record_id,
    };
    let aliases = vec![alias("email", "ada@example.test", id(3)), alias("name", "ada", id(3))];
    let again = vec![alias("email", "ada@example.test", id(4))];
    let put = async |tx: &mut Tx| {
        tx.put_aliases(aliases).await?;
        tx.put_aliases(again).await
    };
    store.write(author(5), put).await.unwrap();
    let keys = ["ada@example.test".to_owned(), "nobody".to_owned()];
    let found = store.find(Kind::People, "email", &keys).await.unwrap();
    assert_eq!(found, HashMap::from([(keys[0].clone(), id(3))]));
    assert!(store.find(Kind::Users, "email", &keys).await.unwrap().is_empty());
}

async fn imports(store: &Store) {
    let import = Import {
        id: id(500),
        kind: Kind::DealChanges,
        file_name: "changes.csv".into(),
        content_sha256: "00ff".into(),
        observed_at: at(1),
        coverage: Coverage::Partial,
        actor: "import".into(),
        recorded_at: at(6),
        counts: RowCounts { read: 3, new: 1, updated: 1, unchanged: 0, rejected: 1 },
        status: Status::Done,
    };
    let stage = |name: &str| Values::from([("stage", text(name)), ("reason", None)]);
    let row = |name: &str| DatedRow { changed_at: at(1), values: stage(name) };
    let seen = Observation { observed_at: at(9), modified_at: Some(at(8)), values: stage("Won") };
    let said = [Said::Dated(row("Z")), Said::Dated(row("A")), Said::Observation(seen.clone())];
    let sightings = (1..).zip(said).map(|(file_row, said)| Sighting {
        import_id: id(500),
        kind: Kind::DealChanges,
        subject_id: id(1),
        file_row,
        said,
        spelled: BTreeMap::from([("product", "GTXPro".to_owned())]),
    });
    let put = async |tx: &mut Tx| {
        tx.put_import(&import).await?;
        tx.put_observations(sightings.collect()).await
    };
    store.write(author(6), put).await.unwrap();
    assert_eq!(store.imports().await.unwrap(), [import]);
    assert_eq!(store.subjects_of_import(Kind::Deals, id(500)).await.unwrap(), [id(1)]);
    let evidence = store.observations(Kind::Deals, &[id(1), id(2)]).await.unwrap();
    let expected = Evidence { observations: vec![seen], dated: vec![row("Z"), row("A")] };
    assert_eq!(evidence, HashMap::from([(id(1), expected)]));
    let spellings = store.spellings(None, 10).await.unwrap();
    let spelled: Vec<(&str, &str)> =
        spellings.iter().map(|found| (found.field, found.spelled.as_str())).collect();
    assert_eq!(spelled, [("product", "GTXPro")], "only the latest row tells");
    assert_eq!(store.spellings(Some(id(1)), 10).await.unwrap(), []);
    assert_eq!(store.names_by_others(Kind::Products).await.unwrap(), []);
    let undo = async |tx: &mut Tx| {
        tx.set_import_undone(id(500)).await?;
        tx.remove_observations(id(500)).await
    };
    assert_eq!(store.write(author(7), undo).await.unwrap(), 3);
    assert!(store.observations(Kind::Deals, &[id(1)]).await.unwrap().is_empty());
    assert_eq!(store.import(id(500)).await.unwrap().unwrap().status, Status::Undone);
    let unknown = store.write(author(7), async |tx: &mut Tx| tx.set_import_undone(id(0)).await);
    assert!(matches!(unknown.await, Err(Error::UnknownImport(_))));
}

async fn goals(store: &Store) {
    let goal = |minor| {
        let amount = Money { minor, currency: Currency::USD };
        Goal::new(amount, "2018".parse().unwrap(), Counts::New, 0.8).unwrap()
    };
    for minor in [1_000, 2_000, 2_000] {
        store.write(author(8), async |tx: &mut Tx| tx.set_goal(&goal(minor)).await).await.unwrap();
    }
    assert_eq!(store.goal("2018".parse().unwrap()).await.unwrap(), Some(goal(2_000)));
    assert_eq!(store.goal("2019".parse().unwrap()).await.unwrap(), None);
    let versions = store.goal_versions("2018".parse().unwrap()).await.unwrap();
    assert_eq!(versions.iter().map(|v| v.version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(store.goals().await.unwrap(), [goal(2_000)]);
}

async fn chain(store: &Store) {
    let before = verified(store).await;
    assert_eq!((before.links, before.head), (0, [0; 32]));
    // The company, stages twice named (entry and list in one entry), mapping twice, two entries of
    // the deal, one of the person, two goals.
    assert_eq!(before.unchained, 9);
    assert_eq!(store.chain("one", at(10)).await.unwrap(), Some(9));
    let after = verified(store).await;
    assert_eq!((after.links, after.unchained), (9, 0));
    assert_eq!(store.chain("one", at(10)).await.unwrap(), Some(0));
    assert_eq!(verified(store).await, after);
}

async fn sealing(store: &Store) {
    let unsealed = store.unsealed(&[], None, 100).await.unwrap();
    assert_eq!(unsealed.len(), 3);
    let add = async |tx: &mut Tx| {
        let values = Values::from([("name", text("South"))]);
        tx.apply(&[write(Kind::Teams, id(850), id(900), 11, &Values::new(), &values)]).await?;
        let batch = tx.chain().await?;
        assert_eq!(tx.chain().await?, None, "there is nothing more to link");
        Ok::<_, Error>(batch)
    };
    let second = store.write(author(11), add).await.unwrap().unwrap();
    assert_eq!((second.id, second.entries), (id(900), 1));
    let batches = store.batches().await.unwrap();
    let first = batches[0];
    assert_eq!((first.entries, batches[1..].to_vec()), (9, vec![second]));
    assert_eq!(store.entries_of_batch(first.id).await.unwrap(), unsealed);
    let lacking = store.unsealed(&[first.id], None, 100).await.unwrap();
    assert_eq!(store.entries_of_batch(second.id).await.unwrap(), lacking);
    assert_eq!(lacking[0].subject_id, id(850));
    assert_eq!(store.unsealed(&[], Some(unsealed[0].id), 1).await.unwrap(), unsealed[1..2]);
    assert_eq!(store.forget_sealed(&[first.id, second.id]).await.unwrap(), 2);
    assert_eq!(store.unsealed(&[], None, 100).await.unwrap(), []);
    assert_eq!((verified(store).await.links, verified(store).await.unchained), (10, 0));
}

async fn erasure(store: &Store) {
    let erase = async |tx: &mut Tx| tx.erase_person(Kind::People, id(3)).await;
    store.write(author(11), erase).await.unwrap();
    store.scrub().await.unwrap();
    let record = store.record(Kind::People, id(3)).await.unwrap().unwrap();
    let left: Vec<&str> = record.values.keys().copied().collect();
    assert_eq!(left, ["deleted", "persona"]);
    let entries = store.entries(Kind::People, id(3)).await.unwrap();
    let fields: Vec<&str> =
        entries.iter().flat_map(|entry| &entry.changes).map(|change| change.field).collect();
    assert_eq!(fields, ["persona", "deleted"]);
    assert!(store.find(Kind::People, "name", &["ada".into()]).await.unwrap().is_empty());
    let mut named = record.values.clone();
    named.insert("name", text("Ada Example"));
    let again = write(Kind::People, id(3), id(105), 12, &record.values, &named);
    let refused = store.write(author(12), async |tx: &mut Tx| tx.apply(&[again]).await).await;
    assert!(matches!(refused, Err(Error::PersonErased(_))));
    let no_person = async |tx: &mut Tx| tx.erase_person(Kind::Deals, id(1)).await;
    assert!(matches!(store.write(author(12), no_person).await, Err(Error::NotPeople(_))));
    assert_eq!(verified(store).await.unchained, 1);
}

/// Tasks that write at the same time all succeed, and writing may be spawned.
async fn concurrent_writers(store: &Store) {
    let tasks: Vec<_> = (0..8_u128)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { add_team(&store, id(800 + number)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.record_count(Kind::Teams).await.unwrap(), 9);
    let two = tokio::join!(store.chain("one", at(20)), store.chain("two", at(20)));
    let linked = two.0.unwrap().unwrap_or(0) + two.1.unwrap().unwrap_or(0);
    assert_eq!(linked, 9);
    assert_eq!(verified(store).await.links, 19);
}

async fn add_team(store: &Store, team: Uuid) {
    let values = Values::from([("name", text("North"))]);
    let new =
        write(Kind::Teams, team, Uuid::from_u128(team.as_u128() + 50), 13, &Values::new(), &values);
    store.write(author(13), async |tx: &mut Tx| tx.apply(&[new]).await).await.unwrap();
}

/// A plan is saved once under its name, with all that it says, and the journal has it.
async fn plan_versions(store: &Store) {
    let year = "2018".parse().unwrap();
    let amount = Money { minor: 2_000, currency: Currency::USD };
    let month = |tenths| Month {
        month: "2018-03".parse().unwrap(),
        revenue_minor: 2_000,
        tenths: vec![tenths, 12],
    };
    let version = |name: &str| PlanVersion {
        name: name.parse().unwrap(),
        goal: Goal::new(amount, year, Counts::All, 0.8).unwrap(),
        day: "2018-02-28".parse().unwrap(),
        as_of: AsOf { effective_at: at(1), known_at: at(2) },
        seed: u64::MAX,
        changes: vec!["asp=1.05".into()],
        assumed_from: Some("assume.toml".into()),
        stages: vec!["lead".into(), "won".into()],
        probability: Some(0.25),
        expected_probability: None,
        present_course: None,
        expected: vec![month(95)],
        at_confidence: vec![month(120)],
    };
    let before = verified(store).await.unchained;
    let saved = version("Board, January");
    store
        .write(author(130), async |tx: &mut Tx| tx.save_plan(id(700), &saved).await)
        .await
        .unwrap();
    assert_eq!(verified(store).await.unchained, before + 1);
    assert_eq!(store.chain("one", at(130)).await.unwrap(), Some(1));
    let again = version("board january");
    let refused =
        store.write(author(131), async |tx: &mut Tx| tx.save_plan(id(701), &again).await).await;
    assert!(matches!(refused, Err(Error::TakenVersionName(_))));
    let found = store.plan_version(&again.name).await.unwrap().unwrap();
    assert_eq!((found.id, found.recorded_at, &found.version), (id(700), at(130), &saved));
    assert_eq!(store.plan_versions().await.unwrap(), [found]);
    assert_eq!(store.plan_version(&"other".parse().unwrap()).await.unwrap(), None);
}

async fn leases(store: &Store) {
    for (holder, second, expected) in [
        ("one", 0, true),
        ("two", 59, false),
        ("one", 59, true),
        ("two", 118, false),
        ("two", 119, true),
    ] {
        let taken = store.lease("sealer", holder, at(second)).await.unwrap();
        assert_eq!(taken, expected, "{holder} at {second}");
    }
    store.release("sealer", "one").await.unwrap();
    assert!(!store.lease("sealer", "one", at(120)).await.unwrap(), "two still has it");
    store.release("sealer", "two").await.unwrap();
    assert!(store.lease("sealer", "one", at(120)).await.unwrap());
}

/// A command opens and reads the store while a server is in the middle of a write.
async fn opened_twice(store: &Store, location: &Location) {
    let write = async |_: &mut Tx| {
        let other = Store::open(location).await?;
        assert_eq!(other.company().await?.name, "Example Instruments");
        other.close().await
    };
    store.write(author(29), write).await.unwrap();
}

async fn reopened(location: &Location) {
    let store = Store::open(location).await.unwrap();
    assert_eq!(store.company().await.unwrap().name, "Example Instruments");
    assert_eq!(verified(&store).await.links, 20);
    let signature = Author { actor: "ada".into(), ..author(30) };
    let goal = store.goals().await.unwrap().remove(0);
    store.write(signature, async |tx: &mut Tx| tx.set_goal(&goal).await).await.unwrap();
    assert_eq!(verified(&store).await.unchained, 0, "setting what stands changes nothing");
    store.close().await.unwrap();
}

async fn verified(store: &Store) -> Verified {
    match store.verify().await.unwrap() {
        Verdict::Holds(verified) => verified,
        Verdict::Broken(place) => panic!("the chain is broken: {place:?}"),
    }
}
