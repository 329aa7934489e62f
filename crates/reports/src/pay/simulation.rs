//! A plan tried out: on what was won, on what the forecast expects, and at the ends of periods.

use serde_json::{Value, json};

use super::Simulated;
use super::forecast::ForecastCost;
use super::sandbagging::Sandbagging;
use crate::document::{Document, Report};

#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// From the plan's first period to the last one that is over; `None` where none is.
    pub past: Option<Simulated>,
    /// From the period that runs; `None` where nothing has been won to forecast from.
    pub coming: Option<ForecastCost>,
    pub sandbagging: Sandbagging,
}

impl Report for Simulation {
    fn document(&self) -> Document {
        let coming = self.coming.as_ref().map(Report::document);
        let past = self.past.as_ref().map(Report::document);
        let parts: Vec<Document> =
            coming.into_iter().chain(past).chain([self.sandbagging.document()]).collect();
        let mut whole = Document::default();
        for (place, part) in parts.into_iter().enumerate() {
            match place {
                0 => whole.answer = part.answer,
                _ => whole.notes.push(part.answer),
            }
            whole.tables.extend(part.tables);
            for note in part.notes {
                if !whole.notes.contains(&note) {
                    whole.notes.push(note);
                }
            }
        }
        whole
    }

    fn json(&self) -> Value {
        json!({
            "past": self.past.as_ref().map(Report::json),
            "forecast": self.coming.as_ref().map(Report::json),
            "sandbagging": self.sandbagging.json(),
        })
    }
}
