//! The curve from one state to another by age: what share has arrived after so many days.

pub mod rates;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};

/// How many ages the terminal table shows; the JSON holds them all.
const ROWS_SHOWN: usize = 20;

#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub from: String,
    pub to: String,
    pub as_of: Date,
    pub unsmoothed: bool,
    /// How many entered `from`, and how many of them reached `to` by the as-of day.
    pub entered: usize,
    pub arrived: usize,
    /// How many were left out because their dates contradict one another.
    pub contradictory: usize,
    pub points: Vec<CurvePoint>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    pub age_days: u32,
    pub at_risk: u64,
    /// The share that has reached `to` by this age, censoring accounted for.
    pub cumulative: f64,
}

impl Report for Curve {
    fn document(&self) -> Document {
        let mut table = Table::new(
            &format!("From {} to {} by age, as of {}", self.from, self.to, self.as_of),
            &[">Age, days", ">At risk", ">Arrived"],
        );
        let step = self.points.len().div_ceil(ROWS_SHOWN).max(1);
        let last = self.points.len().saturating_sub(1);
        for (index, point) in self.points.iter().enumerate() {
            if index % step == 0 || index == last {
                let at_risk = Cell::Count(i64::try_from(point.at_risk).unwrap_or(i64::MAX));
                table.row([
                    Cell::Count(i64::from(point.age_days)),
                    at_risk,
                    Cell::Share(point.cumulative),
                ]);
            }
        }
        let reached = self.points.last().map_or(0.0, |point| point.cumulative);
        let oldest = self.points.last().map_or(0, |point| point.age_days);
        let mut notes = vec![format!(
            "{} entered, {} arrived; those still under way count for as long as they were seen.",
            self.entered, self.arrived
        )];
        if self.contradictory > 0 {
            notes.push(format!(
                "{} left out because their dates contradict one another (see `baton check`).",
                self.contradictory
            ));
        }
        Document {
            answer: format!(
                "{:.1} % of {} reach {} within {oldest} days.",
                reached * 100.0,
                self.from,
                self.to
            ),
            tables: vec![table],
            notes,
        }
    }

    fn json(&self) -> Value {
        let points: Vec<Value> = self
            .points
            .iter()
            .map(|point| {
                json!({
                    "age_days": point.age_days,
                    "at_risk": point.at_risk,
                    "cumulative": point.cumulative,
                })
            })
            .collect();
        json!({
            "from": self.from,
            "to": self.to,
            "as_of": self.as_of.to_string(),
            "unsmoothed": self.unsmoothed,
            "entered": self.entered,
            "arrived": self.arrived,
            "left_out": self.contradictory,
            "points": points,
        })
    }
}
