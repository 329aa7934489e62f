//! How far marketing and sales run for the same number: what each kept of what it owed the other,
//! beside what the team won and retained, quarter by quarter.

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{chance, short};

/// From this probability on a goal is likely.
const LIKELY: f64 = 0.5;

/// Shares between 0 and 1; `None` where nothing is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quarter {
    pub period: Period,
    /// The metric `alignment`, and its two parts.
    pub alignment: Option<f64>,
    pub marketing: Option<f64>,
    pub sales: Option<f64>,
    pub acceptance_rate: Option<f64>,
    pub win_rate: Option<f64>,
    /// Of the monthly amounts that ended, those that were renewed.
    pub retained: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    pub as_of: Date,
    /// In order of time; the last one may still run.
    pub quarters: Vec<Quarter>,
    /// Legs of the scoreboard of which is known how they stand.
    pub legs_judged: usize,
    /// Those that are on pace or ahead.
    pub legs_green: usize,
    pub goal: Option<Money>,
    pub goal_probability: Option<f64>,
}

impl Alignment {
    /// Whether legs look well while the number that they run for does not.
    pub fn is_green_while_red(&self) -> bool {
        let is_red = self.goal_probability.is_some_and(|probability| probability < LIKELY);
        is_red && 2 * self.legs_green >= self.legs_judged && self.legs_green > 0
    }

    fn answer(&self) -> String {
        let known = |quarter: &&Quarter| quarter.alignment.is_some();
        let mut latest = self.quarters.iter().rev().filter(known);
        let Some(last) = latest.next() else {
            return "Nothing is known of how the agreement is kept: sign one, and hand leads over."
                .to_owned();
        };
        let share = |quarter: &Quarter| quarter.alignment.unwrap_or_default() * 100.0;
        let said = format!(
            "Marketing and sales kept {:.0} % of what they owed each other in {}",
            share(last),
            last.period
        );
        match latest.next() {
            Some(before) => format!("{said}, after {:.0} % in {}.", share(before), before.period),
            None => format!("{said}."),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let (true, Some(goal), Some(probability)) =
            (self.is_green_while_red(), self.goal, self.goal_probability)
        {
            notes.push(format!(
                "{} of {} legs are on pace or ahead while the {} are {} likely: legs that \
                 are green do not make the number.",
                self.legs_green,
                self.legs_judged,
                short(goal),
                chance(probability)
            ));
        }
        notes.push(
            "Alignment is the mean of both sides: leads given of those promised, and what sales \
             owed that came in time."
                .to_owned(),
        );
        notes
    }
}

impl Quarter {
    /// Whether anything is known of it.
    pub fn is_known(&self) -> bool {
        self.shares().iter().any(|(_, share)| share.is_some())
    }

    fn shares(&self) -> [(&'static str, Option<f64>); 6] {
        [
            ("alignment", self.alignment),
            ("marketing", self.marketing),
            ("sales", self.sales),
            ("acceptance_rate", self.acceptance_rate),
            ("win_rate", self.win_rate),
            ("retained", self.retained),
        ]
    }
}

impl Report for Alignment {
    fn document(&self) -> Document {
        let columns = [
            "Quarter",
            ">Alignment",
            ">Marketing gave",
            ">Sales in time",
            ">Accepted",
            ">Win rate",
            ">Retained",
        ];
        let mut table = Table::new("Quarter by quarter", &columns);
        for quarter in &self.quarters {
            let shares = quarter.shares();
            let shares = shares.map(|(_, share)| share.map_or(Cell::Missing, Cell::Share));
            let cells = [quarter.period.to_string().into()].into_iter().chain(shares);
            table.row(cells.collect::<Vec<Cell>>());
        }
        Document { answer: self.answer(), tables: vec![table], notes: self.notes() }
    }

    fn json(&self) -> Value {
        let quarter = |quarter: &Quarter| {
            let mut json = json!({ "period": quarter.period.to_string() });
            for (name, share) in quarter.shares() {
                json[name] = json!(share);
            }
            json
        };
        json!({
            "as_of": self.as_of.to_string(),
            "quarters": self.quarters.iter().map(quarter).collect::<Vec<_>>(),
            "legs_green": self.legs_green,
            "legs_judged": self.legs_judged,
            "goal_probability": self.goal_probability,
            "is_green_while_red": self.is_green_while_red(),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;
    use jiff::civil::date;

    use super::*;

    #[track_caller]
    fn check((green, judged): (usize, usize), goal_probability: Option<f64>, is_noted: bool) {
        let found = Alignment {
            as_of: date(2026, 6, 1),
            quarters: Vec::new(),
            legs_judged: judged,
            legs_green: green,
            goal: Some(Money { minor: 1_000_000_000, currency: Currency::USD }),
            goal_probability,
        };
        assert_eq!(found.is_green_while_red(), is_noted);
        let noted = found.document().notes.iter().any(|note| note.contains("legs are on pace"));
        assert_eq!(noted, is_noted);
    }

    #[test]
    fn green_legs_are_noted_while_the_total_is_red() {
        check((6, 7), Some(0.01), true);
        check((6, 7), Some(0.9), false);
        check((2, 7), Some(0.01), false);
        check((0, 0), Some(0.01), false);
        check((7, 7), None, false);
    }
}
