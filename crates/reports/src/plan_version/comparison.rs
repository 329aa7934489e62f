//! A saved plan beside another one, the present one, or what came in the year before.

use std::collections::BTreeSet;

use domain::money::{Currency, Money};
use domain::period::{Period, month_of};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::Planned;
use crate::document::{Cell, Document, Report, Table};
use crate::plan::{Need, Row};
use crate::render::{grouped, short, shown};

/// A plan (A) held against another one, or against what came (B). Periods of B stand beside those
/// of A that are as many years later as the goals are apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What A is called.
    pub name: String,
    pub plan: Planned,
    /// What B is called.
    pub other_name: String,
    pub other: Other,
    /// By how many years B's periods are earlier than A's.
    pub years_apart: i16,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Other {
    Plan(Box<Planned>),
    /// What came: the stages of which it is known, each month, and until when it is known where the
    /// period is not over.
    Came {
        stages: Vec<String>,
        need: Need,
        until: Option<Date>,
    },
}

/// What is compared within a period: the number in a stage, or the revenue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure<'a> {
    Stage(&'a str),
    Revenue,
}

/// One figure of A and B; `None` where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    pub a: Option<f64>,
    pub b: Option<f64>,
}

impl Measure<'_> {
    pub fn name(&self) -> &str {
        match self {
            Measure::Stage(name) => name,
            Measure::Revenue => "revenue",
        }
    }
}

impl Comparison {
    fn currency(&self) -> Currency {
        self.plan.goal.amount.currency
    }

    fn confidence(&self) -> String {
        format!("for {:.0} %", self.plan.goal.confidence * 100.0)
    }

    /// The stages of A in their order, those that B alone has, and the revenue.
    pub fn measures(&self) -> Vec<Measure<'_>> {
        let (own, others) = (&self.plan.stages, self.other.stages());
        let alone = others.iter().filter(|stage| !own.contains(stage));
        let stages = own.iter().chain(alone).map(|stage| Measure::Stage(stage));
        stages.chain([Measure::Revenue]).collect()
    }

    /// The months of either side, as A names them.
    pub fn months(&self) -> Vec<Period> {
        self.periods(|need| &need.months)
    }

    fn periods(&self, of: impl Fn(&Need) -> &Vec<(Period, Row)>) -> Vec<Period> {
        let own = of(&self.plan.at_confidence).iter().map(|(period, _)| *period);
        let others = of(self.other.at_confidence()).iter();
        let others = others.map(|(period, _)| period.later(self.years_apart));
        own.chain(others).collect::<BTreeSet<Period>>().into_iter().collect()
    }

    /// What is needed on average in a period, `None` for all of them; of what came, what came.
    pub fn on_average(&self, period: Option<Period>, measure: Measure) -> Pair {
        self.pair(period, measure, (&self.plan.expected, self.other.on_average()))
    }

    /// As [`Comparison::on_average`], of what is needed for the confidence.
    pub fn at_confidence(&self, period: Option<Period>, measure: Measure) -> Pair {
        self.pair(period, measure, (&self.plan.at_confidence, self.other.at_confidence()))
    }

    fn pair(&self, period: Option<Period>, measure: Measure, (a, b): (&Need, &Need)) -> Pair {
        let there = period.map(|period| period.later(-self.years_apart));
        let b_from = match &self.other {
            Other::Plan(plan) => Some(plan),
            Other::Came { .. } => None,
        };
        Pair {
            a: figure(a, &self.plan.stages, period, measure)
                .filter(|_| is_told(Some(&self.plan), period, measure)),
            b: figure(b, self.other.stages(), there, measure)
                .filter(|_| is_told(b_from.map(Box::as_ref), there, measure)),
        }
    }

    fn cell(&self, measure: Measure, figure: Option<f64>) -> Cell {
        let currency = self.currency();
        let money = |minor: f64| Cell::Money(Money { minor: minor.round() as i64, currency });
        match (figure, measure) {
            (None, _) => Cell::Missing,
            (Some(count), Measure::Stage(_)) => Cell::Number((count * 10.0).round() / 10.0),
            (Some(minor), Measure::Revenue) => money(minor),
        }
    }

    /// What a row shows of a period and a measure.
    fn cells(&self, period: Option<Period>, measure: Measure) -> Vec<Cell> {
        let (mean, sure) = (self.on_average(period, measure), self.at_confidence(period, measure));
        let figures = match self.other {
            Other::Plan(_) => {
                vec![mean.a, mean.b, mean.difference(), sure.a, sure.b, sure.difference()]
            }
            Other::Came { .. } => vec![mean.b, mean.a, mean.more(), sure.a, sure.more()],
        };
        figures.into_iter().map(|figure| self.cell(measure, figure)).collect()
    }

    fn heads(&self) -> Vec<String> {
        let (a, b, sure) = (&self.name, &self.other_name, self.confidence());
        match self.other {
            Other::Plan(_) => vec![
                format!(">{a}, on average"),
                format!(">{b}, on average"),
                ">Difference".to_owned(),
                format!(">{a}, {sure}"),
                format!(">{b}, {sure}"),
                ">Difference".to_owned(),
            ],
            Other::Came { .. } => vec![
                format!(">Came in {b}"),
                format!(">{a}, on average"),
                ">More".to_owned(),
                format!(">{a}, {sure}"),
                ">More".to_owned(),
            ],
        }
    }

    fn total_table(&self) -> Table {
        let mut columns = vec!["In all".to_owned()];
        columns.extend(self.heads());
        let mut table = Table::new("In all", &columns);
        for measure in self.measures() {
            let mut cells = vec![Cell::Text(self.named(measure))];
            cells.extend(self.cells(None, measure));
            table.row(cells);
        }
        table
    }

    fn period_table(&self, title: &str, periods: &[Period]) -> Table {
        let mut columns = vec!["Period".to_owned(), "Stage".to_owned()];
        columns.extend(self.heads());
        let mut table = Table::new(title, &columns);
        for period in periods {
            for measure in self.measures() {
                let mut cells = vec![period.to_string().into(), self.named(measure).into()];
                cells.extend(self.cells(Some(*period), measure));
                table.row(cells);
            }
        }
        table
    }

    fn named(&self, measure: Measure) -> String {
        match measure {
            Measure::Stage(name) => name.to_owned(),
            Measure::Revenue => format!("revenue {}", self.currency().code()),
        }
    }

    /// The goals, from when each was planned, and how likely each was reached.
    fn goal_table(&self) -> Option<Table> {
        let Other::Plan(other) = &self.other else { return None };
        let columns = [
            "Plan".to_owned(),
            "Period".to_owned(),
            "As of".to_owned(),
            format!(">Goal {}", self.currency().code()),
            ">Reached on the present course".to_owned(),
            ">Reached with what it takes on average".to_owned(),
        ];
        let mut table = Table::new("The two plans", &columns);
        for (name, plan) in [(&self.name, &self.plan), (&self.other_name, other)] {
            table.row([
                name.as_str().into(),
                plan.goal.period.to_string().into(),
                plan.as_of.into(),
                plan.goal.amount.into(),
                plan.probability.map(Cell::Share).into(),
                plan.expected_probability.map(Cell::Share).into(),
            ]);
        }
        Some(table)
    }

    fn answer(&self) -> String {
        match &self.other {
            Other::Plan(other) => self.answer_of_plans(other),
            Other::Came { .. } => self.answer_of_last_year(),
        }
    }

    fn answer_of_plans(&self, other: &Planned) -> String {
        let (a, b) = (&self.name, &self.other_name);
        let goal = match self.plan.goal.amount == other.goal.amount {
            true => format!("the goal stays {}", short(self.plan.goal.amount)),
            false => format!(
                "the goal goes from {} to {}",
                short(self.plan.goal.amount),
                short(other.goal.amount)
            ),
        };
        let chance = match (self.plan.probability, other.probability) {
            (Some(before), Some(now)) => format!(
                ", its probability on the present course goes from {:.0} % to {:.0} %",
                before * 100.0,
                now * 100.0
            ),
            _ => String::new(),
        };
        let takes = self.words(|comparison, measure| {
            let Pair { a, b } = comparison.at_confidence(None, measure);
            Some((a?, b?))
        });
        let sure = self.confidence();
        format!("From “{a}” to “{b}” {goal}{chance}; {sure} confidence it takes {takes}.")
    }

    fn answer_of_last_year(&self) -> String {
        let (a, b) = (&self.name, &self.other_name);
        let takes = self.words(|comparison, measure| {
            let Pair { a, b } = comparison.on_average(None, measure);
            Some((b?, a?))
        });
        format!("Against what came in {b}, “{a}” takes on average {takes}.")
    }

    /// `90 wins in place of 80, and 10.0 m USD in place of 9.4 m USD`
    fn words(&self, of: impl Fn(&Comparison, Measure) -> Option<(f64, f64)>) -> String {
        let word = |measure: Measure, figure: f64| match measure {
            Measure::Stage(_) => grouped(&format!("{figure:.0}")),
            Measure::Revenue => {
                short(Money { minor: figure.round() as i64, currency: self.currency() })
            }
        };
        let last = self.plan.stages.last().map(|stage| Measure::Stage(stage));
        let first = self.plan.stages.first().map(|stage| Measure::Stage(stage));
        let mut shown: Vec<Measure> = last.into_iter().chain(first).collect();
        shown.dedup();
        shown.push(Measure::Revenue);
        let said = |(index, measure): (usize, Measure)| {
            let (before, now) = of(self, measure)?;
            let name = match (measure, index) {
                (Measure::Revenue, _) => String::new(),
                (_, 0) => " wins".to_owned(),
                (Measure::Stage(name), _) => format!(" {}", crate::plan::plural(name)),
            };
            let (before, now) = (word(measure, before), word(measure, now));
            (before != now).then(|| format!("{now}{name} in place of {before}"))
        };
        let words: Vec<String> = shown.into_iter().enumerate().filter_map(said).collect();
        match words.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            None => "as much".to_owned(),
            _ => words.concat(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let (a, b) = (&self.name, &self.other_name);
        let mut notes = vec![match &self.other {
            Other::Plan(_) => format!("The difference is {b} less {a}."),
            Other::Came { .. } => format!("More is what {a} takes, less what came in {b}."),
        }];
        let day = self.plan.as_of;
        notes.push(match &self.other {
            Other::Plan(other) if other.as_of != day => format!(
                "Counts are of what comes after {day} in {a}, after {} in {b}: of what came \
                 before, there are none.",
                other.as_of
            ),
            _ => format!("Counts of {a} are of what comes after {day}."),
        });
        if let Other::Came { until: Some(day), .. } = &self.other {
            notes.push(format!("{b} is not over: what came is known until {day}."));
        }
        if self.years_apart != 0 {
            let pair = self.periods(|need| &need.months).into_iter().next_back();
            notes.extend(pair.map(|last| {
                let there = last.later(-self.years_apart);
                format!("Each period stands beside that of {b}: {last} beside {there}.")
            }));
        }
        notes
    }
}

impl Other {
    fn stages(&self) -> &[String] {
        match self {
            Other::Plan(plan) => &plan.stages,
            Other::Came { stages, .. } => stages,
        }
    }

    fn on_average(&self) -> &Need {
        match self {
            Other::Plan(plan) => &plan.expected,
            Other::Came { need, .. } => need,
        }
    }

    fn at_confidence(&self) -> &Need {
        match self {
            Other::Plan(plan) => &plan.at_confidence,
            Other::Came { need, .. } => need,
        }
    }
}

impl Pair {
    /// B less A.
    pub fn difference(self) -> Option<f64> {
        Some(self.b? - self.a?)
    }

    /// A less B.
    pub fn more(self) -> Option<f64> {
        Some(self.a? - self.b?)
    }
}

/// Whether a plan tells of a period: of a month that is over it counts nobody.
fn is_told(plan: Option<&Planned>, period: Option<Period>, measure: Measure) -> bool {
    match (plan, period, measure) {
        (Some(plan), Some(month @ Period::Month { .. }), Measure::Stage(_)) => {
            month >= month_of(plan.as_of.saturating_add(1.day()))
        }
        _ => true,
    }
}

fn figure(need: &Need, stages: &[String], period: Option<Period>, measure: Measure) -> Option<f64> {
    let row = match period {
        None => &need.total,
        Some(period) => {
            let mut rows = need.months.iter().chain(&need.quarters);
            &rows.find(|(other, _)| *other == period)?.1
        }
    };
    match measure {
        Measure::Revenue => Some(row.revenue.minor as f64),
        Measure::Stage(name) => {
            row.counts.get(stages.iter().position(|stage| stage == name)?).copied()
        }
    }
}

impl Report for Comparison {
    fn document(&self) -> Document {
        let mut tables: Vec<Table> = self.goal_table().into_iter().collect();
        tables.push(self.total_table());
        tables.push(self.period_table("By quarter", &self.periods(|need| &need.quarters)));
        tables.push(self.period_table("By month", &self.months()));
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        let amount = |measure: Measure, figure: Option<f64>| match (measure, figure) {
            (_, None) => Value::Null,
            (Measure::Stage(_), Some(count)) => json!((count * 10.0).round() / 10.0),
            (Measure::Revenue, _) => match self.cell(measure, figure) {
                Cell::Money(money) => json!(money.to_decimal()),
                other => json!(shown(&other)),
            },
        };
        let pair = |measure: Measure, pair: Pair| {
            json!({
                "a": amount(measure, pair.a),
                "b": amount(measure, pair.b),
                "difference": amount(measure, pair.difference()),
            })
        };
        let row = |period: Option<Period>, measure: Measure| {
            json!({
                "period": period.map(|period| period.to_string()),
                "measure": measure.name(),
                "on_average": pair(measure, self.on_average(period, measure)),
                "at_confidence": pair(measure, self.at_confidence(period, measure)),
            })
        };
        let rows = |periods: Vec<Option<Period>>| -> Vec<Value> {
            let all = |period| self.measures().into_iter().map(move |measure| (period, measure));
            periods
                .into_iter()
                .flat_map(all)
                .map(|(period, measure)| row(period, measure))
                .collect()
        };
        let quarters = self.periods(|need| &need.quarters);
        json!({
            "a": self.name,
            "b": self.other_name,
            "plan_a": self.plan.json(),
            "plan_b": match &self.other {
                Other::Plan(plan) => plan.json(),
                Other::Came { .. } => Value::Null,
            },
            "totals": rows(vec![None]),
            "quarters": rows(quarters.into_iter().map(Some).collect()),
            "periods": rows(self.months().into_iter().map(Some).collect()),
        })
    }
}
