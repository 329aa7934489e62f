//! The goals that are set, and what history says of each: the SMART check.

pub mod tree;

use domain::goal::Goal;
use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::short;

/// The chances for which a check says what is reached with them.
pub const LEVELS: [f64; 5] = [0.9, 0.8, 0.5, 0.2, 0.1];
/// Those of them that an answer names where a goal is not within reach.
const NAMED: [f64; 3] = [0.5, 0.8, 0.9];
/// A goal that is less likely than this is out of reach as things stand.
const STRETCH_MIN: f64 = 0.2;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Goals {
    pub goals: Vec<Goal>,
    /// Of some of the goals, or all.
    pub checks: Vec<Check>,
}

/// A goal held against history.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub goal: Goal,
    pub as_of: Date,
    /// Of the goal on the present course; `None` where history cannot tell.
    pub probability: Option<f64>,
    /// The amounts that are reached with the chances of [`LEVELS`]; empty where history cannot
    /// tell.
    pub attainable: Vec<(f64, Money)>,
    /// `None` without the same period of an earlier year.
    pub growth: Option<Growth>,
    /// Specific, measurable, attainable, relevant, time-bound.
    pub criteria: Vec<Criterion>,
}

/// The same period in earlier years, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// The amount of the goal.
    pub goal: Money,
    pub past: Vec<Past>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    pub period: Period,
    pub amount: Money,
    /// Whether the period had ended; else the amount is what is expected of it.
    pub is_over: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    /// specific, measurable, attainable, relevant or time-bound
    pub name: &'static str,
    pub verdict: Verdict,
    pub reason: String,
}

/// From best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Yes,
    Partly,
    No,
    Unknown,
}

/// Whether a goal may be signed for at a confidence, by its probability on the present course.
pub fn attainability(probability: f64, confidence: f64) -> Verdict {
    match probability {
        sure if sure >= confidence => Verdict::Yes,
        stretch if stretch >= STRETCH_MIN => Verdict::Partly,
        _ => Verdict::No,
    }
}

impl Verdict {
    /// What a verdict on attainability says of a goal.
    pub fn reach(self) -> &'static str {
        match self {
            Verdict::Yes => "within reach",
            Verdict::Partly => "a stretch",
            Verdict::No => "out of reach as things stand",
            Verdict::Unknown => "of unknown reach",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Verdict::Yes => "yes",
            Verdict::Partly => "partly",
            Verdict::No => "no",
            Verdict::Unknown => "unknown",
        }
    }
}

impl Growth {
    /// By how much the goal exceeds the last of the past periods, as a share of it.
    pub fn asked(&self) -> Option<f64> {
        let last = self.past.last()?;
        over(self.goal, last.amount)
    }

    /// Each past period with its growth over the one before.
    fn each(&self) -> impl Iterator<Item = (&Past, Option<f64>)> {
        let before = std::iter::once(None).chain(self.past.iter().map(Some));
        self.past.iter().zip(before).map(|(past, before)| {
            (past, before.and_then(|before| over(past.amount, before.amount)))
        })
    }
}

/// By how much an amount exceeds an earlier one, as a share of that.
fn over(amount: Money, earlier: Money) -> Option<f64> {
    (earlier.minor > 0).then(|| amount.minor as f64 / earlier.minor as f64 - 1.0)
}

impl Check {
    fn answer(&self) -> String {
        let Goal { amount, period, confidence, .. } = self.goal;
        let goal = format!("The goal of {period} is {}", short(amount));
        let Some(probability) = self.probability else {
            return format!("{goal}; history cannot tell yet how likely that is.");
        };
        let verdict = attainability(probability, confidence);
        let advice = match verdict {
            Verdict::Yes => "it can be signed for".to_owned(),
            verdict => format!("it is {}. {}", verdict.reach(), self.attainable_in_words()),
        };
        format!(
            "{goal}{}. On the present course it is reached with {:.0} % probability, {:.0} % are \
             wanted: {advice}.",
            self.asked_in_words().unwrap_or_default(),
            probability * 100.0,
            confidence * 100.0
        )
    }

    fn asked_in_words(&self) -> Option<String> {
        let growth = self.growth.as_ref()?;
        let last = growth.past.last()?;
        let percent = growth.asked()? * 100.0;
        Some(match last.is_over {
            true => format!(", {percent:+.0} % over {}", last.period),
            false => format!(", {percent:+.0} % over what {} is expected to bring", last.period),
        })
    }

    fn attainable_in_words(&self) -> String {
        let named = |level: &f64| self.attainable.iter().find(|(of, _)| of == level);
        let words = NAMED.iter().filter_map(named).map(|(level, amount)| {
            format!("{} with {:.0} % probability", short(*amount), level * 100.0)
        });
        format!("Attainable would be {}", words.collect::<Vec<_>>().join(", "))
    }

    fn tables(&self) -> Vec<Table> {
        let code = self.goal.amount.currency.code();
        let period = self.goal.period;
        let mut smart = Table::new(&format!("Is the goal of {period} SMART?"), &["", "", "Why"]);
        for criterion in &self.criteria {
            let verdict = criterion.verdict.name();
            smart.row([criterion.name.into(), verdict.into(), criterion.reason.clone().into()]);
        }
        let mut attainable = Table::new(
            &format!("What {period} brings on the present course"),
            &[">Chance", &format!(">At least {code}")],
        );
        for (level, amount) in &self.attainable {
            attainable.row([Cell::Text(format!("{:.0} %", level * 100.0)), (*amount).into()]);
        }
        vec![smart, attainable, self.growth_table(code)]
    }

    fn growth_table(&self, code: &str) -> Table {
        let amount = format!(">Amount {code}");
        let mut table =
            Table::new("Beside the years before", &["Period", &amount, ">Over the year before"]);
        let Some(growth) = &self.growth else { return table };
        let share = |share: Option<f64>| {
            share.map_or(Cell::Missing, |share| Cell::Text(format!("{:+.1} %", share * 100.0)))
        };
        for (past, grown) in growth.each() {
            let expected = if past.is_over { "" } else { " (expected)" };
            let name = format!("{}{expected}", past.period);
            table.row([name.into(), past.amount.into(), share(grown)]);
        }
        let name = format!("{} (the goal)", self.goal.period);
        table.row([name.into(), self.goal.amount.into(), share(growth.asked())]);
        table
    }
}

impl Report for Check {
    fn document(&self) -> Document {
        let notes = vec![format!("Seen from the end of {}.", self.as_of)];
        Document { answer: self.answer(), tables: self.tables(), notes }
    }

    fn json(&self) -> Value {
        let attainable = |(probability, amount): &(f64, Money)| {
            let amount = amount.to_decimal();
            json!({ "probability": probability, "amount": amount })
        };
        let criterion = |criterion: &Criterion| {
            json!({
                "criterion": criterion.name,
                "verdict": criterion.verdict.name(),
                "reason": criterion.reason,
            })
        };
        let past = |(past, growth): (&Past, Option<f64>)| {
            json!({
                "period": past.period.to_string(),
                "amount": past.amount.to_decimal(),
                "is_over": past.is_over,
                "growth": growth,
            })
        };
        let growth = self.growth.as_ref().map(|growth| {
            json!({ "asked": growth.asked(), "past": growth.each().map(past).collect::<Vec<_>>() })
        });
        json!({
            "period": self.goal.period.to_string(),
            "amount": self.goal.amount.to_decimal(),
            "currency": self.goal.amount.currency.code(),
            "counts": self.goal.counts.name(),
            "confidence": self.goal.confidence,
            "as_of": self.as_of.to_string(),
            "probability": self.probability,
            "attainable": self.attainable.iter().map(attainable).collect::<Vec<_>>(),
            "growth": growth,
            "smart": self.criteria.iter().map(criterion).collect::<Vec<_>>(),
        })
    }
}

impl Goals {
    fn check_of(&self, goal: &Goal) -> Option<&Check> {
        self.checks.iter().find(|check| check.goal.period == goal.period)
    }
}

impl Report for Goals {
    fn document(&self) -> Document {
        let columns = ["Period", ">Amount", "Counts", ">Confidence", ">Probability"];
        let mut table = Table::new("Goals", &columns);
        for goal in &self.goals {
            let probability = self.check_of(goal).and_then(|check| check.probability);
            table.row([
                goal.period.to_string().into(),
                goal.amount.into(),
                goal.counts.name().into(),
                Cell::Share(goal.confidence),
                probability.map_or(Cell::Missing, Cell::Share),
            ]);
        }
        let answer = match (self.goals.as_slice(), self.checks.as_slice()) {
            ([], _) => "No goal is set: run `baton goal set`.".to_owned(),
            (_, [check]) => check.answer(),
            (goals, _) => format!("{} goals are set.", goals.len()),
        };
        let mut tables = vec![table];
        tables.extend(self.checks.iter().flat_map(Check::tables));
        Document { answer, tables, notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let goal = |goal: &Goal| {
            json!({
                "period": goal.period.to_string(),
                "amount": goal.amount.to_decimal(),
                "currency": goal.amount.currency.code(),
                "counts": goal.counts.name(),
                "confidence": goal.confidence,
                "check": self.check_of(goal).map(Check::json),
            })
        };
        json!({ "goals": self.goals.iter().map(goal).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use domain::goal::Counts;
    use domain::money::Currency;
    use expect_test::expect;
    use jiff::civil::date;

    use super::*;
    use crate::render::terminal;

    fn usd(minor: i64) -> Money {
        Money { minor, currency: Currency::USD }
    }

    fn year(year: i16) -> Period {
        Period::Year { year }
    }

    fn goals() -> Goals {
        let goal = Goal::new(usd(1_200_000_000), year(2018), Counts::All, 0.8).unwrap();
        let past =
            |of: i16, minor| Past { period: year(of), amount: usd(minor), is_over: of < 2017 };
        let past = vec![past(2016, 800_000_000), past(2017, 1_000_000_000)];
        let criterion =
            |name, verdict| Criterion { name, verdict, reason: "because of that".to_owned() };
        let check = Check {
            goal,
            as_of: date(2017, 11, 30),
            probability: Some(0.25),
            attainable: LEVELS.map(|level| (level, usd((1_300.0 - 500.0 * level) as i64))).to_vec(),
            growth: Some(Growth { goal: goal.amount, past }),
            criteria: vec![
                criterion("specific", Verdict::Yes),
                criterion("attainable", Verdict::Partly),
            ],
        };
        Goals { goals: vec![goal], checks: vec![check] }
    }

    #[test]
    fn a_goal_comes_with_what_history_says_of_it() {
        expect![[r#"

            Goals
             Period          Amount   Counts   Confidence   Probability
            ────────────────────────────────────────────────────────────
             2018     12,000,000.00   all          80.0 %        25.0 %

            Is the goal of 2018 SMART?
                                   Why
            ───────────────────────────────────────
             specific     yes      because of that
             attainable   partly   because of that

            What 2018 brings on the present course
             Chance   At least USD
            ───────────────────────
               90 %           8.50
               80 %           9.00
               50 %          10.50
               20 %          12.00
               10 %          12.50

            Beside the years before
             Period               Amount USD   Over the year before
            ────────────────────────────────────────────────────────
             2016               8,000,000.00                      –
             2017 (expected)   10,000,000.00                +25.0 %
             2018 (the goal)   12,000,000.00                +20.0 %
        "#]]
        .assert_eq(&terminal(&Document { answer: String::new(), ..goals().document() }, 100));
        assert_eq!(
            goals().document().answer,
            "The goal of 2018 is 12.0 m USD, +20 % over what 2017 is expected to bring. On the \
             present course it is reached with 25 % probability, 80 % are wanted: it is a stretch. \
             Attainable would be 10.50 USD with 50 % probability, 9.00 USD with 80 % probability, \
             8.50 USD with 90 % probability."
        );
        let json = goals().json();
        assert_eq!(json["goals"][0]["check"]["growth"]["asked"], 1_200.0 / 1_000.0 - 1.0);
        assert_eq!(json["goals"][0]["check"]["growth"]["past"][1]["growth"], 0.25);
        assert_eq!(json["goals"][0]["check"]["smart"][1]["verdict"], "partly");
    }

    #[test]
    fn without_history_nothing_is_claimed() {
        let mut goals = goals();
        let check = &mut goals.checks[0];
        (check.probability, check.growth) = (None, None);
        check.attainable.clear();
        assert!(goals.document().answer.contains("cannot tell yet"));
    }
}
