//! How likely a relay pays its pool, and to what cost.

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{chance, grouped};

#[derive(Clone, Debug, PartialEq)]
pub struct RelayOutlook {
    pub plan: String,
    pub version: u32,
    pub name: String,
    pub period: Period,
    pub as_of: Date,
    pub pool: Money,
    pub legs: Vec<LegOutlook>,
}

/// A leg, in the unit of its mark.
#[derive(Clone, Debug, PartialEq)]
pub struct LegOutlook {
    pub name: String,
    pub mark: String,
    pub unit: String,
    /// By today.
    pub reached: Option<f64>,
    /// By the period's end, on average.
    pub expected: Option<f64>,
    pub probability: Option<f64>,
    pub source: Source,
}

/// What a leg's probability rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was judged.
    Judged,
    /// The period is over, and its metric has a figure.
    Over,
    /// The funnel model's distribution of revenue.
    Funnel,
    /// What came in so many past weeks.
    Weeks(i64),
    /// Its metric is no count, and nothing forecasts it.
    NoForecast,
    /// Nobody but the judge says what it reaches.
    NoMetric,
}

/// Probabilities that all legs meet their marks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct All {
    /// If each leg went its own way.
    independent: f64,
    /// Whatever binds legs together (Fréchet's bounds).
    least: f64,
    most: f64,
}

impl Source {
    fn told(self) -> String {
        match self {
            Source::Judged => "judged".to_owned(),
            Source::Over => "the period is over; not judged yet".to_owned(),
            Source::Funnel => "the funnel model".to_owned(),
            Source::Weeks(weeks) => format!("the pace of {weeks} weeks"),
            Source::NoForecast => "its metric has no forecast".to_owned(),
            Source::NoMetric => "no metric: its judge will say".to_owned(),
        }
    }
}

impl RelayOutlook {
    fn all(&self) -> Option<All> {
        let each: Option<Vec<f64>> = self.legs.iter().map(|leg| leg.probability).collect();
        let each = each.filter(|each| !each.is_empty())?;
        let least = each.iter().sum::<f64>() - (each.len() as f64 - 1.0);
        Some(All {
            independent: each.iter().product(),
            least: least.max(0.0),
            most: each.iter().copied().fold(1.0, f64::min),
        })
    }

    fn answer(&self) -> String {
        let pool = format!("{} {}", grouped(&self.pool.to_decimal()), self.pool.currency.code());
        let what = format!("{} of {} pays {pool} to all or none", self.name, self.period);
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        match self.all() {
            None => format!("{what}: of some legs nobody can say yet how likely they are."),
            Some(all) if all.most == 0.0 => format!("{what}: a leg has missed its mark, so none."),
            Some(all) if all.least >= 1.0 => format!("{what}: every leg has met its mark."),
            Some(all) if all.most < 0.005 => {
                format!("{what}: {} likely, whatever binds the legs.", chance(all.most))
            }
            Some(all) => format!(
                "{what}: {} likely if each leg went its own way, between {} and {} whatever binds \
                 them.",
                chance(all.independent),
                percent(all.least),
                percent(all.most)
            ),
        }
    }
}

fn number(value: Option<f64>) -> Cell {
    match value {
        Some(value) if value.fract() == 0.0 => Cell::Count(value as i64),
        Some(value) => Cell::Number(value),
        None => Cell::Missing,
    }
}

impl Report for RelayOutlook {
    fn document(&self) -> Document {
        let columns = ["Leg", "Mark", ">So far", ">Expected", ">Probability", "By"];
        let title = format!("{} up to {}", self.period, self.as_of);
        let mut table = Table::new(&title, &columns);
        for leg in &self.legs {
            table.row([
                leg.name.as_str().into(),
                leg.mark.as_str().into(),
                number(leg.reached),
                number(leg.expected),
                leg.probability.map_or(Cell::Missing, Cell::Share),
                leg.source.told().into(),
            ]);
        }
        let mut notes = vec![format!("Plan {}, version {}.", self.plan, self.version)];
        if let Some(all) = self.all() {
            let minor = (self.pool.minor as f64 * all.independent).round() as i64;
            let cost = Money { minor, ..self.pool };
            let (cost, code) = (grouped(&cost.to_decimal()), self.pool.currency.code());
            notes.push(format!("On average that costs {cost} {code}, on top of all other pay."));
        }
        Document { answer: self.answer(), tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        let leg = |leg: &LegOutlook| {
            json!({
                "leg": leg.name,
                "mark": leg.mark,
                "unit": leg.unit,
                "reached": leg.reached,
                "expected": leg.expected,
                "probability": leg.probability,
                "by": leg.source.told(),
            })
        };
        let all = self.all();
        json!({
            "plan": self.plan,
            "version": self.version,
            "relay": self.name,
            "period": self.period.to_string(),
            "as_of": self.as_of.to_string(),
            "pool": self.pool.to_decimal(),
            "currency": self.pool.currency.code(),
            "legs": self.legs.iter().map(leg).collect::<Vec<_>>(),
            "probability_if_independent": all.map(|all| all.independent),
            "probability_least": all.map(|all| all.least),
            "probability_most": all.map(|all| all.most),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(probabilities: &[Option<f64>]) -> RelayOutlook {
        let leg = |probability: &Option<f64>| LegOutlook {
            name: "close".to_owned(),
            mark: "10 wins".to_owned(),
            unit: "wins".to_owned(),
            reached: Some(4.0),
            expected: Some(9.5),
            probability: *probability,
            source: Source::Weeks(26),
        };
        RelayOutlook {
            plan: "Sales".to_owned(),
            version: 1,
            name: "The quarter together".to_owned(),
            period: "2026-Q1".parse().unwrap(),
            as_of: jiff::civil::date(2026, 2, 1),
            pool: Money {
                minor: 1_000_000,
                currency: domain::money::parse_currency("USD").unwrap(),
            },
            legs: probabilities.iter().map(leg).collect(),
        }
    }

    #[test]
    fn all_legs_are_as_likely_as_their_bounds_allow() {
        let check = |each: &[Option<f64>], said: &str| {
            let answer = outlook(each).document().answer;
            assert!(answer.contains(said), "{answer}");
        };
        check(
            &[Some(0.9), Some(0.8)],
            "72 % likely if each leg went its own way, between 70 % and",
        );
        check(&[Some(0.9), Some(0.8)], "and 80 % whatever binds");
        check(&[Some(0.4), Some(0.3)], "12 % likely");
        check(&[Some(0.4), Some(0.3)], "between 0 % and 30 %");
        check(&[Some(1.0), Some(0.0)], "a leg has missed its mark");
        check(&[Some(1.0), Some(1.0)], "every leg has met its mark");
        check(&[Some(1.0), None], "nobody can say yet");
        let notes = outlook(&[Some(0.9), Some(0.8)]).document().notes;
        assert!(notes[1].contains("7,200.00 USD"), "{notes:?}");
    }
}
