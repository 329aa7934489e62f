//! The pipeline as it stood at an as-of pair, and the waterfall between two of them.

mod waterfall;

use std::collections::BTreeMap;

use domain::deal::Deal;
use domain::money::{Currency, Money};
use domain::stage::Stages;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{code, short};

pub use waterfall::{Behind, Flow, Step, Waterfall, waterfall};

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

fn is_estimated(deal: &Deal) -> bool {
    deal.amount.is_none() && deal.estimated_amount.is_some()
}

fn amount_minor(deal: &Deal) -> i64 {
    deal.amount.or(deal.estimated_amount).map_or(0, |amount| amount.minor)
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

#[cfg(test)]
mod tests;
