//! Deals as they stood: how each ended, when, and for how much as far as was known.

use std::collections::HashMap;

use domain::lifecycle::outcome_of;
use domain::money::Currency;
use domain::stage::Outcome;
use domain::time::day_of;
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::prelude::*;
use uuid::Uuid;

use super::View;
use crate::fold::Record;

/// One deal at an as-of pair. Days are in the company's zone, amounts in minor units of its
/// currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Deal {
    pub id: Uuid,
    pub external_id: Option<String>,
    pub created_at: Timestamp,
    pub entered_on: Date,
    pub stage: Option<String>,
    pub outcome: Outcome,
    pub closed_at: Option<Timestamp>,
    pub closed_on: Option<Date>,
    pub expected_close_on: Option<Date>,
    /// What was known; `None` where nothing was, or in another currency.
    pub amount_minor: Option<i64>,
    /// What was known, else the product's list price, else the mean of the product's past wins,
    /// else of all past wins.
    pub estimated_amount_minor: Option<i64>,
    pub account: Option<Uuid>,
    pub product: Option<Uuid>,
    pub owner: Option<Uuid>,
    pub lead: Option<Uuid>,
    pub campaign: Option<Uuid>,
    pub source: Option<String>,
    pub probability_ppm: Option<i64>,
    /// Closed before it was created: metrics leave it out.
    pub impossible_order: bool,
}

/// The deals of the records, in their order, with estimates from those among them that were won.
pub(crate) fn deals(records: &[Record<'_>], products: &[Record<'_>], view: &View) -> Vec<Deal> {
    let products: HashMap<Uuid, &Record<'_>> = products.iter().map(|one| (one.id, one)).collect();
    let mut deals: Vec<Deal> = records.par_iter().map(|record| deal(record, view)).collect();
    let past = PastWins::of(&deals);
    for deal in &mut deals {
        let list_price = || {
            let product = products.get(&deal.product?)?;
            in_currency(product, "list_price", view.world.currency)
        };
        deal.estimated_amount_minor =
            deal.amount_minor.or_else(list_price).or_else(|| past.mean(deal.product));
    }
    deals
}

fn deal(record: &Record<'_>, view: &View) -> Deal {
    let stages = &view.world.deal_stages;
    let stage = record.text("stage").or(stages.entry.as_deref());
    let outcome = outcome_of(stage, stages);
    let day = |at: Timestamp| day_of(at, &view.world.timezone);
    let closed_at = (outcome != Outcome::Open)
        .then(|| record.instant("closed_at").or_else(|| stage_since(record)))
        .flatten();
    let (entered_on, closed_on) = (day(record.created_at), closed_at.map(day));
    Deal {
        id: record.id,
        external_id: record.text("external_id").map(str::to_owned),
        created_at: record.created_at,
        entered_on,
        stage: stage.map(str::to_owned),
        outcome,
        closed_at,
        closed_on,
        expected_close_on: record.date("expected_close_on"),
        amount_minor: in_currency(record, "amount", view.world.currency),
        estimated_amount_minor: None,
        account: record.reference("account"),
        product: record.reference("product"),
        owner: record.reference("owner"),
        lead: record.reference("lead"),
        campaign: record.reference("campaign"),
        source: record.text("source").map(str::to_owned),
        probability_ppm: record.number("probability"),
        impossible_order: closed_on.is_some_and(|closed| closed < entered_on),
    }
}

fn stage_since(record: &Record<'_>) -> Option<Timestamp> {
    record.timeline("stage").next_back().map(|fact| fact.effective_at)
}

fn in_currency(record: &Record<'_>, field: &str, currency: Currency) -> Option<i64> {
    record.money(field).filter(|money| money.currency == currency).map(|money| money.minor)
}

/// Sum and number of past wins, by product and over all.
#[derive(Default)]
struct PastWins {
    by_product: HashMap<Uuid, (i128, i128)>,
    all: (i128, i128),
}

impl PastWins {
    fn of(deals: &[Deal]) -> PastWins {
        let mut past = PastWins::default();
        let won = |deal: &&Deal| deal.outcome == Outcome::Won && !deal.impossible_order;
        for deal in deals.iter().filter(won) {
            let Some(minor) = deal.amount_minor else { continue };
            let of_product = deal.product.map(|id| past.by_product.entry(id).or_default());
            for (sum, count) in of_product.into_iter().chain([&mut past.all]) {
                *sum += i128::from(minor);
                *count += 1;
            }
        }
        past
    }

    fn mean(&self, product: Option<Uuid>) -> Option<i64> {
        let of_product = product.and_then(|id| self.by_product.get(&id));
        of_product.and_then(|past| mean_half_up(*past)).or_else(|| mean_half_up(self.all))
    }
}

/// The mean, rounded half up to the minor unit; `None` of nothing.
fn mean_half_up((sum, count): (i128, i128)) -> Option<i64> {
    (count > 0).then(|| i64::try_from((2 * sum + count).div_euclid(2 * count)).ok()).flatten()
}
