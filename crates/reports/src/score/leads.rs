//! What is likely to become of open leads, why, and how good such words have been.

use jiff::civil::Date;
use serde_json::{Value, json};
use stats::propensity::grade::{Decile, Grade};

use super::points::told;
use super::{decile_json, deciles_table};
use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

/// The table of open leads.
pub const OPEN: &str = "Open leads, the likeliest first";

/// Reasons that stand beside a lead among others.
pub const REASONS: usize = 3;

const SCORED: [&str; 8] =
    ["Lead", ">Created", ">Probability", ">80 % between", ">and", ">Fit", ">Engagement", "Why"];
const SCORED_WITHOUT_RULES: [&str; 6] =
    ["Lead", ">Created", ">Probability", ">80 % between", ">and", "Why"];

/// Open leads, the likeliest first.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadScores {
    pub as_of: Date,
    /// Leads that were learned from, and how many of them have gone on.
    pub leads: usize,
    pub came: usize,
    /// Leads that are open, and how many of them are to be expected to go on.
    pub open: usize,
    pub expected: f64,
    /// The age by which nine in ten of those who go on have done so.
    pub ripe_after_days: u32,
    /// Weight of the penalised logistic model, 0 to 1; trees have the rest.
    pub additive_weight: f64,
    /// `None` where too few leads are old enough.
    pub held_out: Option<HeldOut>,
    /// The version of the rules by which leads have points, where there are any.
    pub rules_version: Option<u64>,
    pub scores: Vec<LeadScore>,
}

/// What had been learned before some leads came, graded on them.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// The days on which the graded leads were created.
    pub from: Date,
    pub to: Date,
    /// Each lead is looked at several times.
    pub looks: usize,
    pub grade: Grade,
    pub deciles: Vec<Decile>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeadScore {
    pub lead: String,
    /// Thousandths of points of fit and of engagement, where there are rules.
    pub points_milli: Option<(i64, i64)>,
    pub created_on: Date,
    /// That it goes on in the end.
    pub probability: f64,
    /// Between these with 80 % probability, had other leads like these been learned from.
    pub low: f64,
    pub high: f64,
    /// The strongest first.
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub column: String,
    /// What the lead has there.
    pub told: String,
    /// What that adds to the logit.
    pub share: f64,
}

impl Reason {
    fn text(&self) -> String {
        let way = if self.share < 0.0 { "−" } else { "+" };
        format!("{way} {}: {}", self.column, self.told)
    }
}

impl LeadScore {
    fn why(&self) -> String {
        let strongest = self.reasons.iter().take(REASONS);
        strongest.map(Reason::text).collect::<Vec<_>>().join("; ")
    }

    fn json(&self) -> Value {
        let reason = |reason: &Reason| {
            let Reason { column, told, share } = reason;
            json!({ "column": column, "told": told, "share": share })
        };
        json!({
            "lead": self.lead,
            "fit_milli_points": self.points_milli.map(|(fit, _)| fit),
            "engagement_milli_points": self.points_milli.map(|(_, engagement)| engagement),
            "created_on": self.created_on.to_string(),
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
            "reasons": self.reasons.iter().map(reason).collect::<Vec<_>>(),
        })
    }
}

impl LeadScores {
    fn answer(&self) -> String {
        match &self.scores[..] {
            [only] if self.open == 1 => format!(
                "Lead {} goes on to an opportunity with {:.0} %, seen from {}; between {:.0} and \
                 {:.0} %, with 80 % probability.",
                only.lead,
                100.0 * only.probability,
                self.as_of,
                100.0 * only.low,
                100.0 * only.high,
            ),
            _ => format!(
                "Of {} that are open by {}, {:.0} are to be expected to go on to an opportunity.",
                counted(self.open, "lead"),
                self.as_of,
                self.expected,
            ),
        }
    }

    /// What it was learned from, and how good such words were.
    fn grounds(&self) -> String {
        let learned = format!(
            "Learned from {}, {} of which have gone on.",
            counted(self.leads, "lead"),
            self.came
        );
        match &self.held_out {
            Some(held_out) => format!(
                "{learned} What was known before graded on those of {} to {}: AUC {:.3}, \
                 calibration error {:.3}.",
                held_out.from, held_out.to, held_out.grade.auc, held_out.grade.calibration_error
            ),
            None => format!("{learned} Too few of them are old enough to grade it."),
        }
    }

    fn scores_table(&self) -> Table {
        let columns: &[&str] = match self.rules_version {
            Some(_) => &SCORED,
            None => &SCORED_WITHOUT_RULES,
        };
        let mut table = Table::new(OPEN, columns);
        for score in &self.scores {
            let mut row: Vec<Cell> = vec![
                score.lead.as_str().into(),
                Cell::Date(score.created_on),
                Cell::Share(score.probability),
                Cell::Share(score.low),
                Cell::Share(score.high),
            ];
            if self.rules_version.is_some() {
                let [fit, engagement] = [0, 1].map(|place| {
                    let both = score.points_milli.map(|(fit, engagement)| [fit, engagement]);
                    both.map_or(Cell::Missing, |both| Cell::Text(told(both[place])))
                });
                row.extend([fit, engagement]);
            }
            row.push(score.why().into());
            table.row(row);
        }
        table
    }

    /// Of one lead alone: each column by itself.
    fn reasons_table(score: &LeadScore) -> Table {
        let columns = ["Column", "Of this lead", ">Odds times"];
        let mut table = Table::new(&format!("Why: lead {}", score.lead), &columns);
        for reason in &score.reasons {
            table.row([
                reason.column.as_str().into(),
                reason.told.as_str().into(),
                Cell::Text(format!("{:.2}", reason.share.exp())),
            ]);
        }
        table
    }
}

impl Report for LeadScores {
    fn document(&self) -> Document {
        let mut tables = vec![self.scores_table()];
        if let [only] = &self.scores[..] {
            tables.push(LeadScores::reasons_table(only));
        }
        if let Some(held_out) = &self.held_out {
            tables.push(deciles_table("Held-out looks by probability", &held_out.deciles));
        }
        let notes = vec![
            self.grounds(),
            format!(
                "Nine in ten of those who go on have done so after {}; a lead that is younger is \
                 not taken for lost.",
                counted(self.ripe_after_days as usize, "day")
            ),
            "Reasons count beside all other columns: + raises the probability, − lowers it."
                .to_owned(),
        ];
        Document { answer: self.answer(), tables, notes }
    }

    fn json(&self) -> Value {
        let held_out = self.held_out.as_ref().map(|held_out| {
            json!({
                "from": held_out.from.to_string(),
                "to": held_out.to.to_string(),
                "looks": held_out.looks,
                "auc": held_out.grade.auc,
                "log_loss": held_out.grade.log_loss,
                "brier": held_out.grade.brier,
                "calibration_error": held_out.grade.calibration_error,
                "deciles": held_out.deciles.iter().map(decile_json).collect::<Vec<_>>(),
            })
        });
        json!({
            "as_of": self.as_of.to_string(),
            "leads": self.leads,
            "came": self.came,
            "open": self.open,
            "expected": self.expected,
            "ripe_after_days": self.ripe_after_days,
            "additive_weight": self.additive_weight,
            "held_out": held_out,
            "rules_version": self.rules_version,
            "scores": self.scores.iter().map(LeadScore::json).collect::<Vec<_>>(),
        })
    }
}
