//! Tracking: the keys by which sites send events, and what became of the events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::document::{Document, Report, Table};
use crate::render::{counted, grouped};

/// Characters of a refused event that a table shows.
const EVENT_CHARACTERS_SHOWN: usize = 60;

/// All write keys by name.
#[derive(Clone, Debug)]
pub struct Keys {
    pub zone: TimeZone,
    pub keys: Vec<Key>,
}

/// A write key, without its secret.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub name: String,
    pub made_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// A day, and its events by outcome.
pub type Day = (String, BTreeMap<String, u64>);

/// What came in and what became of it.
#[derive(Clone, Debug)]
pub struct Tracked {
    pub zone: TimeZone,
    /// Touches that the lake holds, each once.
    pub touches: u64,
    /// Bytes that are acknowledged and not sealed yet.
    pub waiting_bytes: u64,
    pub outcomes: Vec<Outcome>,
    /// Events of the last days by outcome.
    pub days: Vec<Day>,
    /// The newest refused events.
    pub quarantined: Vec<Refused>,
}

/// How many events had an outcome: `touch`, `within a visit`, `who is who`, `robot`, `quarantined`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub outcome: String,
    pub detail: String,
    pub events: u64,
}

/// An event that said too little.
#[derive(Clone, Debug)]
pub struct Refused {
    pub received_at: Timestamp,
    pub code: String,
    pub why: String,
    pub event: String,
}

impl Keys {
    pub fn valid(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| key.revoked_at.is_none())
    }

    /// The minute of a moment in the company's zone.
    pub fn minute(&self, at: &Timestamp) -> String {
        minute(*at, &self.zone)
    }
}

impl Report for Keys {
    fn document(&self) -> Document {
        let mut table = Table::new("Write keys", &["Name", "Made", "Revoked"]);
        for key in &self.keys {
            table.row([
                key.name.as_str().into(),
                self.minute(&key.made_at).into(),
                key.revoked_at.as_ref().map(|at| self.minute(at)).into(),
            ]);
        }
        let answer = match self.valid().count() {
            0 => "No site may send events: make a write key first.".to_owned(),
            valid => format!("Events may come by {}.", counted(valid, "write key")),
        };
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let key = |key: &Key| {
            json!({
                "id": key.id,
                "name": key.name,
                "made_at": key.made_at.to_string(),
                "revoked_at": key.revoked_at.map(|at| at.to_string()),
            })
        };
        json!({ "write_keys": self.keys.iter().map(key).collect::<Vec<Value>>() })
    }
}

impl Tracked {
    /// How many events had an outcome.
    pub fn events(&self, outcome: &str) -> u64 {
        let same = self.outcomes.iter().filter(|it| it.outcome == outcome);
        same.map(|it| it.events).sum()
    }

    /// Touches that were told more than once: senders send again what they are not sure of.
    pub fn told_again(&self) -> u64 {
        self.events("touch").saturating_sub(self.touches)
    }

    fn days(&self) -> Table {
        const OUTCOMES: [&str; 5] =
            ["touch", "within a visit", "who is who", "robot", "quarantined"];
        let columns =
            ["Day", ">Touches", ">Within visits", ">Who is who", ">Robots", ">Quarantined"];
        let mut table = Table::new("The last days", &columns);
        for (day, counts) in &self.days {
            let count = |name: &str| counts.get(name).copied().unwrap_or(0) as usize;
            let cells = OUTCOMES.map(|name| count(name).into());
            table.row([&[day.as_str().into()], &cells[..]].concat());
        }
        table
    }

    fn quarantine(&self) -> Table {
        let mut table = Table::new("The newest refused events", &["Came", "Why", "Event"]);
        for refused in &self.quarantined {
            let event: String = refused.event.chars().take(EVENT_CHARACTERS_SHOWN).collect();
            let more = if event.len() < refused.event.len() { "…" } else { "" };
            table.row([
                minute(refused.received_at, &self.zone).into(),
                refused.why.as_str().into(),
                format!("{event}{more}").into(),
            ]);
        }
        table
    }
}

impl Report for Tracked {
    fn document(&self) -> Document {
        let mut outcomes = Table::new("What became of events", &["Outcome", "What", ">Events"]);
        for Outcome { outcome, detail, events } in &self.outcomes {
            outcomes.row([
                outcome.as_str().into(),
                detail.as_str().into(),
                (*events as usize).into(),
            ]);
        }
        let touches = usize::try_from(self.touches).unwrap_or(usize::MAX);
        let answer = match (self.touches, self.outcomes.is_empty(), self.waiting_bytes) {
            (0, true, 0) => "No event has come in yet.".to_owned(),
            _ => format!(
                "{} tracked; {} events of robots and {} refused ones count for nothing.",
                match touches {
                    1 => "1 touch is".to_owned(),
                    touches => format!("{} touches are", grouped(&touches.to_string())),
                },
                grouped(&self.events("robot").to_string()),
                grouped(&self.events("quarantined").to_string()),
            ),
        };
        let waiting =
            format!("{} bytes wait to be sealed.", grouped(&self.waiting_bytes.to_string()));
        let again = format!(
            "{} of the touches were told more than once, and count once.",
            grouped(&self.told_again().to_string())
        );
        Document {
            answer,
            tables: vec![outcomes, self.days(), self.quarantine()],
            notes: vec![waiting, again],
        }
    }

    fn json(&self) -> Value {
        let outcome =
            |it: &Outcome| json!({ "outcome": it.outcome, "what": it.detail, "events": it.events });
        let day = |(day, events): &Day| json!({ "day": day, "events": events });
        let refused = |it: &Refused| {
            json!({
                "received_at": it.received_at.to_string(),
                "code": it.code,
                "why": it.why,
                "event": it.event,
            })
        };
        json!({
            "touches": self.touches,
            "told_again": self.told_again(),
            "waiting_bytes": self.waiting_bytes,
            "outcomes": self.outcomes.iter().map(outcome).collect::<Vec<Value>>(),
            "days": self.days.iter().map(day).collect::<Vec<Value>>(),
            "quarantined": self.quarantined.iter().map(refused).collect::<Vec<Value>>(),
        })
    }
}

fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}
