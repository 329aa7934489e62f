//! The pipeline as it stood at an as-of pair, and the waterfall between two of them.

use std::collections::BTreeMap;

use domain::deal::Deal;
use domain::money::{Currency, Money};
use domain::period::Days;
use domain::stage::{Outcome, Stages};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{code, short};

/// What a deal without a recorded stage is listed under.
const STAGE_UNKNOWN: &str = "(stage not recorded)";

/// The open deals on a day. `estimated` counts those whose amount was not known then and stands
/// at the product's list price or at the mean of past wins.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    pub as_of: Date,
    pub deals: usize,
    pub amount: Money,
    pub estimated: usize,
    pub by_stage: Vec<StageTotal>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StageTotal {
    pub stage: String,
    pub deals: usize,
    pub amount: Money,
}

/// Sums the open deals of `deals`, by stage in the order of `stages`.
pub fn pipeline(as_of: Date, deals: &[Deal], stages: &Stages, currency: Currency) -> Pipeline {
    let open: Vec<&Deal> = deals.iter().filter(|deal| deal.is_open()).collect();
    let mut by_stage: BTreeMap<(usize, &str), StageTotal> = BTreeMap::new();
    for deal in &open {
        let written = deal.stage.as_deref().unwrap_or(STAGE_UNKNOWN);
        let position = stages.position(written).unwrap_or(usize::MAX);
        let stage = stages.stages.get(position).map_or(written, |stage| stage.name.as_str());
        let total = by_stage.entry((position, stage)).or_insert_with(|| StageTotal {
            stage: stage.to_owned(),
            deals: 0,
            amount: Money::zero(currency),
        });
        total.deals += 1;
        total.amount.minor += amount_minor(deal);
    }
    let by_stage: Vec<StageTotal> = by_stage.into_values().collect();
    let minor = by_stage.iter().map(|total| total.amount.minor).sum();
    Pipeline {
        as_of,
        deals: open.len(),
        amount: Money { minor, currency },
        estimated: open.iter().filter(|deal| is_estimated(deal)).count(),
        by_stage,
    }
}

/// From the pipeline at one day's end to that at another's. Each unit of money takes one path, so
/// `start + created + pulled_in + raised - lowered - pushed_out - lost - won = end`, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Waterfall {
    pub from: Date,
    pub to: Date,
    /// The expected close dates that are looked at; `None` means every open deal.
    pub closing: Option<Days>,
    pub start: Step,
    pub created: Step,
    pub pulled_in: Step,
    pub raised: Step,
    pub lowered: Step,
    pub pushed_out: Step,
    pub lost: Step,
    pub won: Step,
    pub end: Step,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub deals: usize,
    pub amount: Money,
}

/// The waterfall between two pictures of the same deals, `before` at the end of `from` and
/// `after` at the end of `to`.
///
/// Without `closing` a deal is in the pipeline while it is open; then *pulled in* are deals that
/// were opened again and *pushed out* those that the source deleted. With `closing` it is in while
/// open and expected to close within those days, and pulls and pushes are moves of that date.
pub fn waterfall(
    (from, before): (Date, &[Deal]),
    (to, after): (Date, &[Deal]),
    closing: Option<Days>,
    currency: Currency,
) -> Waterfall {
    let none = Step { deals: 0, amount: Money::zero(currency) };
    let mut fall = Waterfall {
        from,
        to,
        closing,
        start: none,
        created: none,
        pulled_in: none,
        raised: none,
        lowered: none,
        pushed_out: none,
        lost: none,
        won: none,
        end: none,
    };
    let mut pairs: BTreeMap<_, (Option<&Deal>, Option<&Deal>)> = BTreeMap::new();
    before.iter().for_each(|deal| pairs.entry(deal.id).or_default().0 = Some(deal));
    after.iter().for_each(|deal| pairs.entry(deal.id).or_default().1 = Some(deal));
    for (before, after) in pairs.into_values() {
        fall.follow(before, after);
    }
    fall.assert_sums();
    fall
}

impl Waterfall {
    /// Takes one deal along its path.
    fn follow(&mut self, before: Option<&Deal>, after: Option<&Deal>) {
        let was_in = before.is_some_and(|deal| self.contains(deal));
        let is_in = after.is_some_and(|deal| self.contains(deal));
        let closed = after.filter(|deal| !deal.is_open());
        let closed_meanwhile = closed.filter(|_| before.is_none_or(Deal::is_open));
        let created_meanwhile = before.is_none();
        let concerned = was_in || is_in || (created_meanwhile && self.passed_through(after));
        if !concerned {
            return;
        }
        let last = after.or(before).map_or(0, amount_minor);
        let entered = match before {
            Some(deal) if was_in || !deal.is_open() => amount_minor(deal),
            _ => after.map_or(0, first_amount_minor),
        };
        let left = match closed_meanwhile.map(|deal| deal.outcome) {
            Some(Outcome::Lost) => entered,
            _ if after.is_none() => entered,
            _ => last,
        };
        match (was_in, created_meanwhile) {
            (true, _) => self.start.add(entered),
            (false, true) => self.created.add(entered),
            (false, false) => self.pulled_in.add(entered),
        }
        match left - entered {
            0 => {}
            raised if raised > 0 => self.raised.add(raised),
            lowered => self.lowered.add(-lowered),
        }
        match (is_in, closed_meanwhile.map(|deal| deal.outcome)) {
            (true, _) => self.end.add(left),
            (false, Some(Outcome::Won)) => self.won.add(left),
            (false, Some(Outcome::Lost)) => self.lost.add(left),
            (false, _) => self.pushed_out.add(left),
        }
    }

    fn contains(&self, deal: &Deal) -> bool {
        let expected = |days: Days| deal.expected_close_on.is_some_and(|day| days.contains(day));
        deal.is_open() && self.closing.is_none_or(expected)
    }

    /// Whether a deal that was created and closed between the two days counts as having been in.
    fn passed_through(&self, after: Option<&Deal>) -> bool {
        let within = |deal: &Deal| match (self.closing, deal.closed_on) {
            (None, _) => true,
            (Some(days), Some(closed_on)) => days.contains(closed_on),
            (Some(_), None) => false,
        };
        after.is_some_and(|deal| !deal.is_open() && within(deal))
    }

    fn assert_sums(&self) {
        let gains = [self.start, self.created, self.pulled_in, self.raised];
        let losses = [self.lowered, self.pushed_out, self.lost, self.won, self.end];
        let sum = |steps: &[Step]| steps.iter().map(|step| step.amount.minor).sum::<i64>();
        assert_eq!(sum(&gains), sum(&losses), "each unit of money takes one path");
    }

    fn steps(&self) -> [(&'static str, &'static str, Step); 9] {
        [
            ("start", "", self.start),
            ("created", "+", self.created),
            ("pulled_in", "+", self.pulled_in),
            ("raised", "+", self.raised),
            ("lowered", "−", self.lowered),
            ("pushed_out", "−", self.pushed_out),
            ("lost", "−", self.lost),
            ("won", "−", self.won),
            ("end", "=", self.end),
        ]
    }
}

impl Step {
    fn add(&mut self, minor: i64) {
        self.deals += 1;
        self.amount.minor += minor;
    }
}

fn is_estimated(deal: &Deal) -> bool {
    deal.amount.is_none() && deal.estimated_amount.is_some()
}

fn amount_minor(deal: &Deal) -> i64 {
    deal.amount.or(deal.estimated_amount).map_or(0, |amount| amount.minor)
}

/// What a deal entered the pipeline with: lost deals are often set to nothing at closing, so
/// their estimate stands for them.
fn first_amount_minor(deal: &Deal) -> i64 {
    let known = deal.amount.filter(|amount| amount.minor != 0);
    known.or(deal.estimated_amount).map_or(0, |amount| amount.minor)
}

impl Report for Pipeline {
    fn document(&self) -> Document {
        let code = code(self.amount.currency);
        let mut table = Table::new(
            &format!("Open pipeline at the end of {}", self.as_of),
            &["Stage", ">Deals", &format!(">Amount {code}")],
        );
        for total in &self.by_stage {
            table.row([total.stage.as_str().into(), total.deals.into(), total.amount.into()]);
        }
        table.row(["Total".into(), self.deals.into(), Cell::Money(self.amount)]);
        let mut notes = Vec::new();
        if self.estimated > 0 {
            notes.push(format!(
                "{} of the deals had no amount that day; they stand at their product's list price \
                 or at the mean of past wins.",
                self.estimated
            ));
        }
        Document {
            answer: format!("{} open deals worth {}.", self.deals, short(self.amount)),
            tables: vec![table],
            notes,
        }
    }

    fn json(&self) -> Value {
        let by_stage: Vec<Value> = self
            .by_stage
            .iter()
            .map(|total| {
                json!({
                    "stage": total.stage,
                    "deals": total.deals,
                    "amount": total.amount.to_decimal(),
                })
            })
            .collect();
        json!({
            "as_of": self.as_of.to_string(),
            "currency": self.amount.currency.code(),
            "deals": self.deals,
            "amount": self.amount.to_decimal(),
            "deals_with_estimated_amount": self.estimated,
            "by_stage": by_stage,
        })
    }
}

impl Report for Waterfall {
    fn document(&self) -> Document {
        let code = code(self.start.amount.currency);
        let mut table = Table::new(
            &format!("Pipeline from the end of {} to the end of {}", self.from, self.to),
            &["Step", "", ">Deals", &format!(">Amount {code}")],
        );
        for (name, sign, step) in self.steps() {
            table.row([
                name.replace('_', " ").into(),
                sign.into(),
                step.deals.into(),
                step.amount.into(),
            ]);
        }
        let moved = Money {
            minor: self.end.amount.minor - self.start.amount.minor,
            currency: self.start.amount.currency,
        };
        let direction = if moved.minor < 0 { "shrank" } else { "grew" };
        let size = Money { minor: moved.minor.abs(), ..moved };
        Document {
            answer: format!(
                "The pipeline {direction} by {}: {} won, {} lost, {} created.",
                short(size),
                short(self.won.amount),
                short(self.lost.amount),
                short(self.created.amount)
            ),
            tables: vec![table],
            notes: Vec::new(),
        }
    }

    fn json(&self) -> Value {
        let mut fields = serde_json::Map::new();
        fields.insert("from".into(), json!(self.from.to_string()));
        fields.insert("to".into(), json!(self.to.to_string()));
        for (name, _, step) in self.steps() {
            fields.insert(name.into(), json!(step.amount.to_decimal()));
            fields.insert(format!("{name}_deals"), json!(step.deals));
        }
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests;
