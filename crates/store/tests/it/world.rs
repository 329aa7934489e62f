//! Small made-up things to write into a store.

use domain::company::Company;
use domain::history::Values;
use domain::journal::{Change, Entry, Provenance};
use domain::kind::Kind;
use domain::money::{Currency, Money};
use domain::period::FiscalCalendar;
use domain::value::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::record::SubjectWrite;
use store::{Author, Location, Store};
use uuid::Uuid;

pub fn company() -> Company {
    Company {
        name: "Example Instruments".into(),
        currency: Currency::USD,
        timezone_name: "Europe/Berlin".into(),
        timezone: TimeZone::get("Europe/Berlin").unwrap(),
        calendar: FiscalCalendar::new(2).unwrap(),
    }
}

pub async fn created(location: &Location) -> Store {
    Store::create(location, &company(), author(0)).await.unwrap()
}

/// The second of the day on which everything here happens.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_500_000_000 + second).unwrap()
}

pub fn author(second: i64) -> Author {
    Author { actor: "import".into(), reason: "a test".into(), at: at(second) }
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub fn text(text: &str) -> Option<Value> {
    Some(Value::Text(text.into()))
}

pub fn dollars(minor: i64) -> Option<Value> {
    Some(Value::Money(Money { minor, currency: Currency::USD }))
}

/// A write of one entry that carries every given change, recorded and effective at `second`.
pub fn write(
    kind: Kind,
    subject: Uuid,
    entry: Uuid,
    second: i64,
    before: &Values,
    after: &Values,
) -> SubjectWrite {
    let mut changes: Vec<Change> = Vec::new();
    for field in kind.fields() {
        let value = |values: &Values| values.get(field.name).cloned().flatten();
        let (before, after) = (value(before), value(after));
        if before != after {
            changes.push(Change { field: field.name, before, after });
        }
    }
    changes.sort_by_key(|change| change.field);
    let entry = Entry {
        id: entry,
        kind,
        subject_id: subject,
        actor: author(second).actor,
        reason: author(second).reason,
        import_id: None,
        effective_at: at(second),
        recorded_at: at(second),
        provenance: Provenance::Reconstructed,
        changes,
    };
    SubjectWrite {
        kind,
        id: subject,
        is_new: before.is_empty(),
        current: after.clone(),
        entries: vec![entry],
    }
}

/// A deal with a value in every type of column.
pub fn deal(amount_minor: i64) -> Values {
    Values::from([
        ("external_id", text("D-1")),
        ("created_at", Some(Value::Instant(at(-100)))),
        ("deleted", Some(Value::Boolean(false))),
        ("name", text("Twelve scales")),
        ("stage", text("Engaging")),
        ("amount", dollars(amount_minor)),
        ("expected_close_on", Some(Value::Date(jiff::civil::date(2017, 9, 30)))),
        ("account", Some(Value::Reference(id(900)))),
        ("type", text("new")),
        ("probability", Some(Value::Ratio(250_000))),
    ])
}

pub fn person(name: &str) -> Values {
    Values::from([
        ("external_id", text("P-1")),
        ("name", text(name)),
        ("email", text("ada@example.test")),
        ("persona", text("buyer")),
    ])
}
