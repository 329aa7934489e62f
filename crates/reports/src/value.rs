//! Values of records: as people write them, and for programs.

use std::collections::BTreeMap;

use domain::value::Value as FieldValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

/// What it takes to show values.
#[derive(Clone, Debug)]
pub struct Shown {
    pub timezone: TimeZone,
    /// The names of records that values refer to.
    pub names: BTreeMap<Uuid, String>,
}

impl Shown {
    /// A moment to the minute, in the company's zone.
    pub fn instant(&self, at: Timestamp) -> String {
        if at == domain::history::BEGINNING {
            return "since ever".to_owned();
        }
        at.to_zoned(self.timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// A value as people write it.
    pub fn text(&self, value: &FieldValue) -> String {
        match value {
            FieldValue::Money(money) => money.to_string(),
            FieldValue::Instant(at) => self.instant(*at),
            FieldValue::Boolean(truth) => (if *truth { "yes" } else { "no" }).to_owned(),
            FieldValue::Ratio(parts_per_million) => {
                format!("{} %", *parts_per_million as f64 / 10_000.0)
            }
            FieldValue::Reference(id) => {
                self.names.get(id).cloned().unwrap_or_else(|| id.to_string())
            }
            other => other.encode(),
        }
    }

    /// A value for programs: amounts as decimal strings, times in ISO 8601, references by name.
    pub fn json(&self, value: &FieldValue) -> Value {
        match value {
            FieldValue::Money(money) => json!(money.to_decimal()),
            FieldValue::Instant(at) => json!(at.to_string()),
            FieldValue::Boolean(truth) => json!(truth),
            FieldValue::Integer(number) => json!(number),
            FieldValue::Ratio(parts_per_million) => json!(*parts_per_million as f64 / 1e6),
            other => json!(self.text(other)),
        }
    }
}
