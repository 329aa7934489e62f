//! Every point of a lead, with the rule and the touch that gave it.

use domain::score::rules::Score;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};

#[derive(Clone, Debug, PartialEq)]
pub struct LeadPoints {
    pub lead: String,
    pub as_of: Date,
    /// The version of the rules.
    pub version: Option<u64>,
    /// Thousandths of a point; each is the sum of its lines.
    pub fit_milli: i64,
    pub engagement_milli: i64,
    pub log: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub score: Score,
    /// The rule, or what bounds the score.
    pub why: String,
    /// The rule's condition.
    pub when: Option<String>,
    /// The touch for which the points are: its day and channel.
    pub touch: Option<(Date, String)>,
    pub milli: i64,
}

/// Thousandths of a point as people read them: whole where they are.
pub fn told(milli: i64) -> String {
    let sign = if milli < 0 { "−" } else { "" };
    let (whole, rest) = (milli.unsigned_abs() / 1_000, milli.unsigned_abs() % 1_000);
    if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:03}") }
}

impl Report for LeadPoints {
    fn document(&self) -> Document {
        let answer = format!(
            "Lead {} has {} points of fit and {} of engagement by {}.",
            self.lead,
            told(self.fit_milli),
            told(self.engagement_milli),
            self.as_of,
        );
        let columns = ["Score", "Why", ">Points", ">Touch of", "By", "When"];
        let mut table = Table::new("How they came about", &columns);
        for line in &self.log {
            table.row([
                line.score.name().into(),
                line.why.as_str().into(),
                Cell::Text(told(line.milli)),
                line.touch.as_ref().map_or(Cell::Missing, |(day, _)| Cell::Date(*day)),
                line.touch.as_ref().map_or(Cell::Missing, |(_, channel)| channel.as_str().into()),
                line.when.as_deref().map_or(Cell::Missing, Cell::from),
            ]);
        }
        let version = self.version.unwrap_or_default();
        let notes = vec![
            format!("By version {version} of the rules and what was known by that day."),
            "A touch fades with its rule's half-life; each score is the sum of its lines."
                .to_owned(),
        ];
        let tables = if self.log.is_empty() { Vec::new() } else { vec![table] };
        Document { answer, tables, notes }
    }

    fn json(&self) -> Value {
        let line = |line: &Line| {
            json!({
                "score": line.score.name(),
                "why": line.why,
                "when": line.when,
                "touch_on": line.touch.as_ref().map(|(day, _)| day.to_string()),
                "touch_channel": line.touch.as_ref().map(|(_, channel)| channel),
                "milli_points": line.milli,
            })
        };
        json!({
            "lead": self.lead,
            "as_of": self.as_of.to_string(),
            "rules_version": self.version,
            "fit_milli_points": self.fit_milli,
            "engagement_milli_points": self.engagement_milli,
            "log": self.log.iter().map(line).collect::<Vec<_>>(),
        })
    }
}
