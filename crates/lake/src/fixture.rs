//! A small world for tests, read from text, and lakes that hold it.

use std::collections::BTreeSet;

use domain::handoff::{Handoff, State};
use domain::journal::Provenance;
use domain::kind::{Field, Holds, Kind};
use domain::money::{Currency, Money};
use domain::period::FiscalCalendar;
use domain::stage::{Outcome, Stage, Stages};
use domain::time::{AsOf, end_of_day};
use domain::value::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::Lake;
use crate::history::{Batch, HistoryRow};
use crate::tables::Agreed;
use crate::touches::{Coded, Texts, TouchColumns};
use crate::world::World;

pub(crate) const WORLD: &str = include_str!("../metrics/world.txt");

pub(crate) fn world() -> World {
    let stages = |names: &[(&str, Outcome)]| Stages {
        stages: names
            .iter()
            .map(|(name, outcome)| Stage { name: (*name).to_owned(), outcome: *outcome })
            .collect(),
        entry: names.first().map(|(name, _)| (*name).to_owned()),
    };
    World {
        currency: Currency::EUR,
        timezone: TimeZone::get("Europe/Berlin").unwrap(),
        calendar: FiscalCalendar::new(2).unwrap(),
        deal_stages: stages(&[
            ("Prospecting", Outcome::Open),
            ("Proposal", Outcome::Open),
            ("Won", Outcome::Won),
            ("Lost", Outcome::Lost),
        ]),
        lead_stages: stages(&[
            ("New", Outcome::Open),
            ("MQL", Outcome::Open),
            ("Sales Accepted", Outcome::Open),
            ("SQL", Outcome::Open),
            ("Disqualified", Outcome::Lost),
        ]),
        same_people: std::sync::Arc::default(),
        agreed: std::sync::Arc::new(agreed()),
    }
}

/// L1 was taken and called in time. L2 was taken late and called in time; when it came again it was
/// declined. Nobody took L3 in time. Ten leads were promised on each of three days.
fn agreed() -> Agreed {
    let handoff = |number: u128, lead: &str, pass: u32, offered: &str, accept_by: &str| {
        let at = instant(offered);
        let offered = Handoff::new(Uuid::from_u128(number), id(Kind::Leads, lead), pass, at);
        Handoff { offered_at: Some(at), accept_by: Some(instant(accept_by)), ..offered }
    };
    let taken =
        |handoff: Handoff, user: &str, accepted: &str, contact_by: &str, called: &str| Handoff {
            state: State::Contacted,
            owner: Some(id(Kind::Users, user)),
            accepted_at: Some(instant(accepted)),
            contact_by: Some(instant(contact_by)),
            first_call_at: Some(instant(called)),
            ..handoff
        };
    let first = handoff(1, "L1", 1, "2024-01-10", "2024-01-11");
    let second = handoff(2, "L2", 1, "2024-02-01", "2024-02-02");
    let again = handoff(3, "L2", 2, "2024-03-01", "2024-03-02");
    let third = handoff(4, "L3", 1, "2024-03-04", "2024-03-05");
    Agreed {
        handoffs: vec![
            taken(first, "U1", "2024-01-11", "2024-01-13", "2024-01-12"),
            taken(second, "U2", "2024-02-04", "2024-02-06", "2024-02-05"),
            Handoff {
                state: State::Declined,
                offered_to: Some(id(Kind::Users, "U2")),
                ended_at: Some(instant("2024-03-02")),
                ..again
            },
            Handoff {
                state: State::Expired,
                offered_to: Some(id(Kind::Users, "U1")),
                ended_at: Some(instant("2024-03-07")),
                ..third
            },
        ],
        promises: ["2024-01-09", "2024-02-06", "2024-03-05"]
            .map(|day| (day.parse().unwrap(), 1.25))
            .to_vec(),
    }
}

/// The facts of a world in text; see the head of `world.txt`.
pub(crate) fn rows(text: &str) -> Vec<HistoryRow> {
    let mut created = BTreeSet::new();
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut parts = line.split(" | ").map(|part| part.trim_end_matches('|').trim());
        let at = instant(parts.next().unwrap());
        let (kind, key) = parts.next().unwrap().split_once(' ').unwrap();
        let kind: Kind = kind.parse().unwrap();
        let mut push = |field: &Field, value: Value| {
            let entry_id = Uuid::from_u128(rows.len() as u128);
            rows.push(HistoryRow {
                kind,
                subject_id: id(kind, key),
                field: field.name,
                value: Some(value),
                effective_at: at,
                recorded_at: at,
                entry_id,
                provenance: Provenance::Live,
            });
        };
        if created.insert((kind, key.to_owned())) {
            push(kind.field("created_at").unwrap(), Value::Instant(at));
            if let Some(field) = kind.field("external_id").filter(|field| !field.personal) {
                push(field, Value::Text(key.to_owned()));
            }
        }
        for part in parts.filter(|part| !part.is_empty()) {
            let (field, text) = part.split_once(" = ").unwrap();
            let field = kind.field(field).unwrap();
            push(field, value(field.holds, text));
        }
    }
    rows
}

pub(crate) fn id(kind: Kind, key: &str) -> Uuid {
    let bytes = format!("{kind} {key}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, bytes.as_bytes())
}

/// An instant, or noon (UTC) of a day.
fn instant(text: &str) -> Timestamp {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T12:00:00Z") };
    whole.parse().unwrap()
}

fn value(holds: Holds, text: &str) -> Value {
    match holds {
        Holds::Money => {
            Value::Money(Money { minor: text.parse().unwrap(), currency: Currency::EUR })
        }
        Holds::Instant => Value::Instant(instant(text)),
        Holds::Reference(kind) => Value::Reference(id(kind, text)),
        other => Value::decode(other, text).unwrap(),
    }
}

/// The end of a day in the company's zone, with all that was known by then.
pub(crate) fn as_of(day: &str) -> AsOf {
    let at = end_of_day(day.parse().unwrap(), &world().timezone);
    AsOf { effective_at: at, known_at: at }
}

/// A lake that holds half of the world and its touches, and the other half as a tail.
pub(crate) async fn lake(text: &str) -> (tempfile::TempDir, Lake, Vec<HistoryRow>) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap()).unwrap();
    let (sealed, tail): (Vec<_>, Vec<_>) =
        rows(text).into_iter().enumerate().partition(|(place, _)| place % 2 == 0);
    let plain = |rows: Vec<(usize, HistoryRow)>| rows.into_iter().map(|(_, row)| row).collect();
    let sealed: Vec<HistoryRow> = plain(sealed);
    lake.seal(vec![Batch { id: Uuid::from_u128(1), rows: sealed }]).await.unwrap();
    lake.append_touches(part(Uuid::from_u128(2)), touches()).await.unwrap();
    (folder, lake, plain(tail))
}

/// Five touches of three people; two of them stand at the edges of a quarter in Berlin.
pub(crate) fn touches() -> TouchColumns {
    let rows = [
        ("2024-01-02", 0, 0, "https://example.com/?email=ann%40example.com", None),
        ("2024-01-03", 0, 1, "https://example.com/pricing#top", None),
        ("2024-02-01", 1, 1, "https://example.com/share?by=ANN@example.com", Some(0)),
        ("2024-03-31T22:30:00Z", 1, 1, "", None),
        ("2023-12-31T23:30:00Z", 2, 0, "https://example.com/", None),
    ];
    let mut url = Texts::default();
    for row in &rows {
        url.text.push_str(row.3);
        url.ends.push(u32::try_from(url.text.len()).unwrap());
    }
    let coded = |codes: Vec<u32>, names: &[&str]| Coded {
        codes,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    TouchColumns {
        recorded_at: instant("2024-01-01").as_microsecond(),
        touch_key: (1..=5).map(|key| key << 64).collect(),
        occurred_at: rows.iter().map(|row| instant(row.0).as_microsecond()).collect(),
        person: rows.iter().map(|row| row.1).collect(),
        persons: vec![[1; 16], [2; 16], [3; 16]],
        channel: coded(rows.iter().map(|row| row.2).collect(), &["email", "web"]),
        touch_kind: coded(vec![0; 5], &["visit"]),
        campaign: coded(vec![0; 5], &[""]),
        url,
        account: rows.iter().map(|row| row.4).collect(),
        accounts: vec![*id(Kind::Accounts, "Birch").as_bytes()],
    }
}

/// The only part of an import.
pub fn part(import_id: Uuid) -> crate::touches::Part {
    crate::touches::Part { import_id, number: 0, is_tracked: false }
}
