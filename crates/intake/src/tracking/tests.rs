//! What is read of events, and what is refused.

use serde_json::{Value, json};

use super::*;

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("a time")
}

fn micros(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a time").as_microsecond()
}

/// The one event of a batch.
fn one(event: Value) -> Told {
    let body = json!({ "batch": [event] }).to_string();
    let mut sent = read(body.as_bytes(), Route::Batch, now()).expect("is read");
    assert_eq!(sent.told.len(), 1);
    sent.told.remove(0)
}

fn event(event: Value) -> Event {
    match one(event) {
        Told::Event(event) => event,
        Told::Refused(refused) => panic!("{refused:?}"),
    }
}

#[test]
fn addresses_are_those_of_the_clients() {
    let check = |name: &str, expected: Option<Route>| assert_eq!(Route::named(name), expected);
    for name in ["batch", "b", "import"] {
        check(name, Some(Route::Batch));
    }
    for (long, short, act) in [
        ("track", "t", Act::Track),
        ("identify", "i", Act::Identify),
        ("page", "p", Act::Page),
        ("screen", "s", Act::Screen),
        ("group", "g", Act::Group),
        ("alias", "a", Act::Alias),
    ] {
        check(long, Some(Route::One(act)));
        check(short, Some(Route::One(act)));
    }
    check("m", None);
    check("", None);
}

#[test]
fn an_event_says_who_did_what_when_and_how_they_came() {
    let told = event(json!({
        "type": "page", "messageId": "m1", "userId": 42, "anonymousId": "a1",
        "timestamp": "2026-06-01T11:00:00.123Z",
        "context": {
            "userAgent": "Mozilla/5.0 Firefox/140.0",
            "ip": "203.0.113.7",
            "page": {
                "url": "https://www.acme.example/pricing?utm_source=google&utm_medium=cpc\
                    &utm_campaign=spring%20sale",
                "referrer": "https://www.google.com/",
            },
            "traits": { "email": "Ann@Example.com" },
            "groupId": "acc1",
        },
    }));
    assert_eq!((told.user_id.as_str(), told.email.as_str()), ("42", "ann@example.com"));
    assert_eq!(told.anonymous_id, "a1");
    assert_eq!(told.occurred_at, micros("2026-06-01T11:00:00.123Z"));
    assert_eq!((told.channel.as_str(), told.campaign.as_str()), ("Paid Search", "spring sale"));
    assert_eq!((told.touch_kind.as_str(), told.account.as_str()), ("page view", "acc1"));
    assert_eq!((told.robot.as_str(), told.is_within_visit), ("", false));
    assert_eq!(told.key, crate::touches::key_of_id("m1"));
    let kept = Told::Event(told).bytes();
    assert!(!String::from_utf8_lossy(&kept).contains("203.0.113"), "no machine's address is kept");
}

#[test]
fn what_is_kept_reads_back() {
    let told =
        one(json!({ "type": "track", "event": "Signed Up", "userId": "u", "messageId": "m" }));
    assert_eq!(Told::read(told.key(), &told.bytes()).expect("is read"), told);
    let refused = one(json!({ "type": "track", "event": "Signed Up" }));
    assert!(matches!(refused, Told::Refused(_)));
    assert_eq!(Told::read(refused.key(), &refused.bytes()).expect("is read"), refused);
}

#[test]
fn times_are_put_right_by_the_clock_that_sent_them() {
    let check = |timestamp: Value, sent_at: Value, expected: &str| {
        let event = json!({
            "type": "track", "event": "e", "userId": "u", "timestamp": timestamp,
        });
        let body = json!({ "batch": [event], "sentAt": sent_at }).to_string();
        let sent = read(body.as_bytes(), Route::Batch, now()).expect("is read");
        let Told::Event(event) = &sent.told[0] else { panic!("{sent:?}") };
        assert_eq!(event.occurred_at, micros(expected), "{timestamp} {sent_at}");
    };
    let noon = "2026-06-01T12:00:00Z";
    check(json!(null), json!(null), noon);
    check(json!("2026-05-01T08:00:00Z"), json!(null), "2026-05-01T08:00:00Z");
    // The sender's clock is an hour behind, or two days ahead.
    check(json!("2026-06-01T10:59:50Z"), json!("2026-06-01T11:00:00Z"), "2026-06-01T11:59:50Z");
    check(json!("2026-06-03T11:59:50Z"), json!("2026-06-03T12:00:00Z"), "2026-06-01T11:59:50Z");
    // Python writes an offset and microseconds.
    check(json!("2026-06-01T13:00:00.5+02:00"), json!(null), "2026-06-01T11:00:00.5Z");
    check(json!("2026-06-01T11:00:00"), json!(null), "2026-06-01T11:00:00Z");
    // A little ahead is believed, two days are not.
    check(json!("2026-06-01T13:00:00Z"), json!(null), "2026-06-01T13:00:00Z");
    check(json!("2026-06-03T13:00:00Z"), json!(null), noon);
}

#[test]
fn what_says_too_little_is_refused_by_name() {
    let long = "x".repeat(600);
    let check = |event: Value, code: &str| match one(event) {
        Told::Refused(refused) => assert_eq!(refused.code, code, "{refused:?}"),
        Told::Event(event) => panic!("{event:?}"),
    };
    check(json!("text"), "no_object");
    check(json!({ "userId": "u" }), "unknown_type");
    check(json!({ "type": "tracks", "userId": "u" }), "unknown_type");
    check(json!({ "type": "page" }), "missing_person");
    check(json!({ "type": "page", "userId": " " }), "missing_person");
    check(json!({ "type": "track", "userId": "u" }), "missing_event_name");
    check(json!({ "type": "alias", "userId": "u" }), "missing_previous_id");
    check(json!({ "type": "alias", "previousId": "a" }), "missing_previous_id");
    check(json!({ "type": "group", "userId": "u" }), "missing_group");
    check(json!({ "type": "page", "userId": long }), "id_too_long");
    check(json!({ "type": "page", "userId": "u", "timestamp": "soon" }), "unreadable_time");
    check(json!({ "type": "page", "userId": "u", "timestamp": 7 }), "unreadable_time");
    let large = "x".repeat(EVENT_BYTES_MAX);
    check(
        json!({ "type": "page", "userId": "u", "properties": { "x": large } }),
        "event_too_large",
    );
}

#[test]
fn one_bad_event_leaves_its_batch() {
    let good = |id: &str| json!({ "type": "page", "anonymousId": id, "messageId": id });
    let body = json!({ "batch": [good("a"), {}, good("b")], "writeKey": "k" }).to_string();
    let sent = read(body.as_bytes(), Route::Batch, now()).expect("is read");
    let events = sent.told.iter().filter(|told| matches!(told, Told::Event(_)));
    assert_eq!((sent.told.len(), events.count()), (3, 2));
    assert_eq!(sent.write_key.as_deref(), Some("k"));
}

#[test]
fn a_request_that_is_none_is_refused() {
    let check = |body: &[u8], route, expected: Refusal| {
        assert_eq!(read(body, route, now()).expect_err("is refused"), expected);
    };
    check(b"", Route::Batch, Refusal::NotJson);
    check(b"[1]", Route::Batch, Refusal::NotJson);
    check(b"{}", Route::Batch, Refusal::NoBatch);
    check(br#"{"batch":{}}"#, Route::Batch, Refusal::NoBatch);
    check(&vec![b' '; EVENTS_BYTES_MAX + 1], Route::Batch, Refusal::TooLarge);
    let many = json!({ "batch": vec![0; EVENTS_PER_BATCH_MAX + 1] }).to_string();
    check(many.as_bytes(), Route::Batch, Refusal::TooMany);
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    check(format!(r#"{{"batch":{deep}}}"#).as_bytes(), Route::Batch, Refusal::NotJson);
}

#[test]
fn gzip_is_unpacked_within_bounds() {
    use std::io::Write;
    let packed = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).expect("is packed");
        packer.finish().expect("is packed")
    };
    assert_eq!(unpacked(&packed(b"{}")).expect("is unpacked"), b"{}");
    let full = vec![b' '; EVENTS_BYTES_MAX];
    assert_eq!(unpacked(&packed(&full)).expect("is unpacked"), full);
    let bomb = packed(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < EVENTS_BYTES_MAX, "it comes in");
    assert_eq!(unpacked(&bomb).expect_err("is refused"), Refusal::TooLarge);
    assert_eq!(unpacked(b"{}").expect_err("is refused"), Refusal::NotGzip);
    let cut = packed(&full);
    assert_eq!(unpacked(&cut[..cut.len() - 9]).expect_err("is refused"), Refusal::NotGzip);
}

#[test]
fn pages_within_a_visit_are_told_from_its_beginning() {
    let page = |url: &str, referrer: &str| {
        let page = json!({ "url": url, "referrer": referrer });
        let told =
            event(json!({ "type": "page", "anonymousId": "a", "context": { "page": page } }));
        (told.is_within_visit, told.channel)
    };
    let check = |url, referrer, within, channel: &str| {
        assert_eq!(page(url, referrer), (within, channel.to_owned()), "{url} {referrer}");
    };
    let own = "https://acme.example/a";
    check(own, "", false, "Direct");
    check(own, "https://www.acme.example/", true, "");
    check(own, "https://duckduckgo.com/", false, "Organic Search");
    check("https://acme.example/?gclid=1", "https://acme.example/", false, "Paid Other");
    check("https://acme.example/?utm_source=newsletter", "https://acme.example/", false, "Email");
    let track = event(json!({ "type": "track", "event": "Paid", "userId": "u" }));
    assert_eq!(track.channel, "", "what a server sends tells of no way");
    let said = json!({ "type": "track", "event": "Met", "userId": "u",
        "properties": { "channel": "Event" } });
    assert_eq!(event(said).channel, "Event");
}

#[test]
fn an_event_is_one_event_by_its_id_or_its_content() {
    let key = |told: Value| event(told).key;
    let with = |id: &str, name: &str| {
        json!({ "type": "track", "event": name, "userId": "u", "messageId": id,
            "timestamp": "2026-06-01T10:00:00Z" })
    };
    assert_eq!(key(with("m", "one")), key(with("m", "two")));
    assert_ne!(key(with("m", "one")), key(with("n", "one")));
    assert_eq!(key(with("", "one")), key(with("", "one")));
    assert_ne!(key(with("", "one")), key(with("", "two")));
}
