//! Tracked events: sealed exactly once whoever dies on the way, and under the person they are of.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use app::attribution::{self, Question};
use app::context::{Context, Place, Session};
use app::tracking::{Refusal, Request, Tracking, keys, seal, status};
use app::{person, upkeep};
use domain::access::Scope;
use domain::kind::Kind;
use jiff::Timestamp;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use reports::attribution::{By, Conversions, Model};
use reports::document::Report;
use serde_json::{Value, json};
use testkit::{How, TestCompany};

/// A company with a write key, and the key.
async fn company() -> (TestCompany, String) {
    let company = TestCompany::new().await;
    let key = keys::make(&company.context, "site").await.expect("a key");
    (company, key)
}

fn track(id: &str, more: Value) -> Value {
    let mut event = json!({
        "type": "track", "event": "Signed Up", "messageId": id,
        "timestamp": "2026-05-20T10:00:00Z",
    });
    let fields = more.as_object().expect("an object").clone();
    event.as_object_mut().expect("an object").extend(fields);
    event
}

async fn send(
    tracking: &Tracking,
    context: &Context,
    key: &str,
    events: &[Value],
) -> Result<usize, Refusal> {
    let body = json!({ "batch": events }).to_string();
    let request = Request {
        to: "batch",
        body: body.as_bytes(),
        is_gzip: false,
        write_key: Some(key),
        received_at: context.now,
    };
    Ok(tracking.take(context, request).await?.kept)
}

fn open(context: &Context) -> Tracking {
    Tracking::open(&context.folder).expect("is opened")
}

/// The number of events by outcome, all details together.
async fn outcomes(context: &Context) -> Vec<(String, u64)> {
    let status = status(context).await.expect("a status");
    let names = ["touch", "within a visit", "who is who", "robot", "quarantined"];
    names.map(|name| (name.to_owned(), status.events(name))).into()
}

const FOLDER: &str = "APP_TEST_TRACKING_FOLDER";
const STEP: &str = "APP_TEST_TRACKING_STEP";
const KEY: &str = "APP_TEST_TRACKING_KEY";

/// Events of every sort in three segments; the second segment says some of the first again.
fn segments() -> [Vec<Value>; 3] {
    let touch = |number: u32| {
        let (id, person) = (format!("m{number}"), format!("u{}", number % 5));
        track(&id, json!({ "userId": person, "anonymousId": format!("a{number}") }))
    };
    let others = vec![
        json!({ "type": "identify", "userId": "u1", "messageId": "i1",
            "traits": { "email": "one@example.com" } }),
        json!({ "type": "page" }),
        track("bot", json!({ "anonymousId": "b", "context": { "userAgent": "Googlebot/2.1" } })),
    ];
    [
        (0..20).map(touch).collect(),
        [(10..40).map(touch).collect(), others].concat(),
        (40..50).map(touch).collect(),
    ]
}

/// The parent starts this test alone in processes of their own, each of which sends events and dies
/// at one step of sealing them; then the events are sent again and sealed to the end.
#[test]
fn who_dies_while_sealing_leaves_every_event_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    if let Some(folder) = std::env::var_os(FOLDER) {
        let key = std::env::var(KEY).expect("a key");
        runtime.block_on(send_and_seal(Path::new(&folder), &key));
        return;
    }
    for step in 1.. {
        let (company, key) = runtime.block_on(company());
        let folder = company.folder.path();
        let died = dies_at(step, folder, &key);
        runtime.block_on(async {
            let context = reopened(folder, 9).await;
            let tracking = open(&context);
            for events in segments() {
                // Who sent these heard no answer, and sends them once more.
                send(&tracking, &context, &key, &events[..7]).await.expect("is taken");
            }
            tracking.seal(&context).await.expect("is sealed");
            assert_eq!(context.lake.tracked_touches().await.expect("a count"), 50, "step {step}");
            let waiting = status(&context).await.expect("a status").waiting_bytes;
            assert_eq!(waiting, 0, "step {step}");
            let quarantined = status(&context).await.expect("a status").quarantined.len();
            assert_eq!(quarantined, 1, "step {step}");
        });
        if !died {
            assert!(step > 12, "there are steps to die at: {step}");
            return;
        }
    }
}

async fn send_and_seal(folder: &Path, key: &str) {
    let context = reopened(folder, 1).await;
    for events in segments() {
        let tracking = open(&context);
        send(&tracking, &context, key, &events).await.expect("is taken");
        // As a server that is killed leaves it: the segment stays behind.
        drop(tracking);
    }
    open(&context).seal(&context).await.expect("is sealed");
}

fn dies_at(step: u32, folder: &Path, key: &str) -> bool {
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "tracking::who_dies_while_sealing_leaves_every_event_once"])
        .env(FOLDER, folder)
        .env(STEP, step.to_string())
        .env(KEY, key)
        .output()
        .expect("a child")
        .status;
    !status.success()
}

/// The steps that this process has taken.
static STEPS: AtomicU32 = AtomicU32::new(0);

fn die_at_step(_: app::sealing::Step) {
    let wanted: Option<u32> = std::env::var(STEP).ok().and_then(|step| step.parse().ok());
    if Some(STEPS.fetch_add(1, Ordering::Relaxed) + 1) == wanted {
        std::process::abort();
    }
}

async fn reopened(folder: &Path, seed: u8) -> Context {
    let place = Place { folder: folder.join("data"), database_url: None, lake_url: None };
    let now: Timestamp = "2026-07-01T00:00:00Z".parse().expect("a time");
    let session = Session { actor: "test".to_owned(), now, id_seed: [seed; 32] };
    let mut context = Context::open(place, session).await.expect("a company");
    context.after = die_at_step;
    context
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_counts_once_however_it_is_sent_and_sealed() {
    for seed in 0..4_u8 {
        let mut random = ChaCha20Rng::from_seed([seed; 32]);
        let (company, key) = company().await;
        let context = &company.context;
        let mut tracking = open(context);
        let events: Vec<Value> = segments().concat();
        // Each is sent up to three times, in any order and in batches of any size.
        let mut sent: Vec<&Value> = Vec::new();
        for event in &events {
            sent.extend(std::iter::repeat_n(event, 1 + random.next_u32() as usize % 3));
        }
        for place in (1..sent.len()).rev() {
            sent.swap(place, random.next_u32() as usize % (place + 1));
        }
        let mut rest = &sent[..];
        while !rest.is_empty() {
            let (batch, later) =
                rest.split_at((1 + random.next_u32() as usize % 9).min(rest.len()));
            rest = later;
            let batch: Vec<Value> = batch.iter().map(|event| (*event).clone()).collect();
            send(&tracking, context, &key, &batch).await.expect("is taken");
            match random.next_u32() % 5 {
                0 => drop(tracking.seal(context).await.expect("is sealed")),
                1 => {
                    drop(tracking);
                    seal(context).await.expect("is sealed");
                    tracking = open(context);
                }
                _ => {}
            }
        }
        tracking.seal(context).await.expect("is sealed");
        assert_eq!(context.lake.tracked_touches().await.expect("a count"), 50, "seed {seed}");
        let report = status(context).await.expect("a status");
        assert_eq!(report.events("touch") - report.told_again(), 50, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_counted_by_what_became_of_them() {
    let (company, key) = company().await;
    let context = &company.context;
    let tracking = open(context);
    let [first, second, third] = segments();
    for (events, kept) in [(&first, 20), (&second, 23), (&third, 10), (&first, 0)] {
        let sent = send(&tracking, context, &key, events).await.expect("is taken");
        assert_eq!(sent, kept, "what waits already is not kept twice");
    }
    tracking.seal(context).await.expect("is sealed");
    let expected =
        [("touch", 50), ("within a visit", 0), ("who is who", 1), ("robot", 1), ("quarantined", 1)];
    assert_eq!(outcomes(context).await, expected.map(|(name, count)| (name.to_owned(), count)));
    let told = status(context).await.expect("a status").json();
    assert_eq!(told["quarantined"][0]["code"], "missing_person", "{told}");
    assert_eq!(told["quarantined"][0]["event"], r#"{"type":"page"}"#);
    assert_eq!(tracking.seal(context).await.expect("is sealed").segments, 0, "nothing is left");
}

#[tokio::test]
async fn a_revoked_or_unknown_key_brings_nothing() {
    let (company, key) = company().await;
    let context = &company.context;
    let tracking = open(context);
    let events = [track("m", json!({ "userId": "u" }))];
    let refused = send(&tracking, context, "baton_write_0", &events).await.expect_err("is refused");
    assert!(matches!(refused, Refusal::UnknownKey), "{refused}");
    assert_eq!(send(&tracking, context, &key, &events).await.expect("is taken"), 1);
    let twice = keys::make(context, " site ").await.expect_err("is refused");
    assert!(twice.to_string().contains("already"), "{twice}");
    keys::revoke(context, "site").await.expect("is revoked");
    let refused = send(&tracking, context, &key, &events).await.expect_err("is refused");
    assert!(matches!(refused, Refusal::UnknownKey), "{refused}");
    keys::revoke(context, "site").await.expect_err("there is none");
    assert_ne!(keys::make(context, "site").await.expect("a key"), key);
    let listed = keys::list(context).await.expect("a list");
    assert_eq!((listed.keys.len(), listed.valid().count()), (2, 1));
    let database = std::fs::read(context.folder.join("baton.sqlite")).expect("a file");
    let log = std::fs::read(context.folder.join("baton.sqlite-wal")).unwrap_or_default();
    let kept = [database, log].concat();
    assert!(!kept.windows(key.len()).any(|part| part == key.as_bytes()), "only a hash is kept");
}

/// The channel of the first touch before each purchase, with its conversions.
async fn first_channels(context: &Context) -> Vec<(String, u64)> {
    let question = Question {
        conversion: Some(Conversions::Purchases),
        by: By::Channel,
        model: Some(Model::First),
        from: None,
        to: None,
        lookback_days: None,
        half_life_days: 7,
        as_of: None,
        known_at: None,
        seed: 1,
    };
    let report = attribution::attribution(context, &question, &|| 0.0).await.expect("a report");
    let credits = report.json()["models"][0]["credits"].clone();
    let credits = credits.as_array().expect("a list").iter();
    let mut credits: Vec<(String, u64)> = credits
        .map(|it| (it["key"].to_string(), it["conversions"].as_f64().expect("a number") as u64))
        .filter(|(_, conversions)| *conversions > 0)
        .collect();
    credits.sort();
    credits
}

fn page(id: &str, more: Value) -> Value {
    let mut event = json!({
        "type": "page", "messageId": id, "timestamp": "2026-05-10T10:00:00Z",
        "context": { "page": { "url": "https://acme.example/", "referrer": "https://t.co/x" } },
    });
    let fields = more.as_object().expect("an object").clone();
    event.as_object_mut().expect("an object").extend(fields);
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn touches_without_a_name_are_the_persons_who_turn_out_to_be_theirs() {
    let (company, key) = company().await;
    let context = &company.context;
    let people = "person_id,email\np1,ann@example.com\np2,bob@example.com\n";
    company.import_text(Kind::People, people, How::default()).await.expect("people");
    let purchases = "order_id,person_id,created_at,amount\n\
        o1,p1,2026-05-25,10\no2,p2,2026-05-25,20\n";
    company.import_text(Kind::Purchases, purchases, How::default()).await.expect("purchases");
    let tracking = open(context);
    let identify = |id: &str, more: Value| {
        let mut event = json!({ "type": "identify", "messageId": id });
        event.as_object_mut().expect("one").extend(more.as_object().expect("one").clone());
        event
    };
    // Seen before anybody knew who it was, and known since: it takes a segment of its own.
    let before = [page("m1", json!({ "anonymousId": "x" }))];
    send(&tracking, context, &key, &before).await.expect("is taken");
    tracking.seal(context).await.expect("is sealed");
    let traits = json!({ "anonymousId": "x", "traits": { "email": "Ann@example.com" } });
    send(&tracking, context, &key, &[identify("i1", traits)]).await.expect("is taken");
    tracking.seal(context).await.expect("is sealed");
    // Somebody else on the same browser, who is known too: their touches stay apart.
    let other = [
        identify("i2", json!({ "anonymousId": "x", "userId": "p2" })),
        track(
            "m2",
            json!({ "userId": "p2", "anonymousId": "x",
            "properties": { "channel": "Event" } }),
        ),
    ];
    send(&tracking, context, &key, &other).await.expect("is taken");
    tracking.seal(context).await.expect("is sealed");
    let same = context.store.same_people().await.expect("are read");
    assert_eq!(same.len(), 1, "the anonymous one was Ann: {same:?}");
    let expected = [("\"Event\"".to_owned(), 1), ("\"Organic Social\"".to_owned(), 1)];
    assert_eq!(first_channels(context).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_seals_what_a_server_left_and_merges_its_small_files() {
    let (company, key) = company().await;
    let context = &company.context;
    let tracking = open(context);
    let mut merged = 0;
    for number in 0..20 {
        let events = [track(&format!("m{number}"), json!({ "userId": format!("u{number}") }))];
        send(&tracking, context, &key, &events).await.expect("is taken");
        if number == 19 {
            break;
        }
        tracking.seal(context).await.expect("is sealed");
        merged += upkeep::tend(context).await.expect("is done").files_merged;
    }
    assert_eq!(upkeep::tend(context).await.expect("is done").touches_sealed, 0, "it is held");
    drop(tracking);
    assert_eq!(upkeep::tend(context).await.expect("is done").touches_sealed, 1);
    assert!(merged >= 16, "{merged} files became fewer");
    assert_eq!(context.lake.tracked_touches().await.expect("a count"), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_leaves_buffer_and_quarantine() {
    let (company, key) = company().await;
    let context = company.context.renewed("test", company.context.now, Scope::All);
    let people = "person_id,email\np1,zelda@example.com\n";
    company.import_text(Kind::People, people, How::default()).await.expect("people");
    let tracking = open(&context);
    let events = [
        json!({ "type": "track", "traits": { "email": "ZELDA@example.com" } }),
        json!({ "type": "track", "traits": { "email": "other@example.com" } }),
        page(
            "m1",
            json!({ "context": { "traits": { "email": "zelda@example.com" },
            "page": { "url": "https://acme.example/?mail=zelda@example.com" } } }),
        ),
    ];
    send(&tracking, &context, &key, &events).await.expect("is taken");
    drop(tracking);
    person::erase(&context, "people:p1").await.expect("is erased");
    let kept = status(&context).await.expect("a status");
    assert_eq!((kept.quarantined.len(), kept.touches), (1, 1));
    for entry in walk(&context.folder) {
        let bytes = std::fs::read(&entry).expect("a file").to_ascii_lowercase();
        let holds = bytes.windows(17).any(|part| part == b"zelda@example.com");
        assert!(!holds, "{}", entry.display());
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|it| it.expect("one").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
