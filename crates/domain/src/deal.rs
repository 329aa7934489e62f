//! A deal as it stood at an as-of pair, with the way that it had come by then.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::category::Category;
use crate::history::{Fact, Latest};
use crate::lifecycle::{Stay, contradictory, outcome_of, stays};
use crate::money::Money;
use crate::stage::{Outcome, Stages};
use crate::time::day_of;
use crate::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub struct Deal {
    pub id: Uuid,
    /// The id by which the source knows it; with `created_at` it fixes the order of deals.
    pub external_id: String,
    pub name: Option<String>,
    pub created_at: Timestamp,
    /// Days are those of the company's zone.
    pub created_on: Date,
    pub closed_on: Option<Date>,
    /// The stage by its own name; `None` where the source does not tell it for that day.
    pub stage: Option<String>,
    pub outcome: Outcome,
    /// What was known of the amount then.
    pub amount: Option<Money>,
    /// The amount known then; without one the product's list price, without that the mean of the
    /// product's wins by then, without those the mean of all wins by then. It takes all deals to
    /// tell, so it is filled in by who has them.
    pub estimated_amount: Option<Money>,
    /// The amounts as they became known, in order of time.
    pub amounts: Vec<(Date, Money)>,
    pub expected_close_on: Option<Date>,
    /// Its forecast category, where its source tells it in a word that is understood.
    pub category: Option<Category>,
    pub product: Option<Uuid>,
    pub owner: Option<Uuid>,
    pub account: Option<Uuid>,
    pub source: Option<String>,
    pub deal_type: Option<String>,
    /// The stages that it has been in by then, in order of time.
    pub stays: Vec<Stay>,
    /// Whether its dates contradict one another (closed before created): it is shown, and left
    /// out of every rate and curve that it would falsify.
    pub contradictory: bool,
}

impl Deal {
    /// The deal that facts in order of time amount to, or `None` where they do not make one: the
    /// source had deleted it, or it was not yet created.
    pub fn of_facts(id: Uuid, facts: &[Fact], stages: &Stages, zone: &TimeZone) -> Option<Deal> {
        let last = Latest(facts);
        if last.get("deleted") == Some(&Value::Boolean(true)) {
            return None;
        }
        let created_at = last.instant("created_at")?;
        let stays = stays(facts, stages, zone);
        let text = |field: &str| last.text(field).map(str::to_owned);
        let reference = |field: &str| last.get(field).and_then(Value::as_reference);
        let stage = text("stage");
        let outcome = outcome_of(stage.as_deref(), stages);
        let closed_at = last.instant("closed_at").filter(|_| outcome != Outcome::Open);
        let last_stay = stays.last().filter(|_| outcome != Outcome::Open);
        let closed_on =
            closed_at.map(|at| day_of(at, zone)).or(last_stay.map(|stay| stay.entered_on));
        Some(Deal {
            id,
            external_id: text("external_id").unwrap_or_else(|| id.to_string()),
            name: text("name"),
            created_at,
            created_on: day_of(created_at, zone),
            closed_on,
            stage,
            outcome,
            amount: last.get("amount").and_then(Value::as_money),
            estimated_amount: None,
            amounts: amounts(facts, zone),
            expected_close_on: date(last.get("expected_close_on")),
            category: last.text("forecast_category").and_then(Category::parse),
            product: reference("product"),
            owner: reference("owner"),
            account: reference("account"),
            source: text("source"),
            deal_type: text("type"),
            contradictory: contradictory(created_at, closed_at, &stays),
            stays,
        })
    }

    /// Whether it is open though the day on which it was to close has passed.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.is_open() && self.expected_close_on.is_some_and(|day| day < today)
    }

    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Open
    }
}

fn amounts(facts: &[Fact], zone: &TimeZone) -> Vec<(Date, Money)> {
    let of_amount = facts.iter().filter(|fact| fact.field == "amount");
    of_amount
        .filter_map(|fact| {
            Some((day_of(fact.effective_at, zone), fact.value.as_ref()?.as_money()?))
        })
        .collect()
}

fn date(value: Option<&Value>) -> Option<Date> {
    if let Some(Value::Date(date)) = value { Some(*date) } else { None }
}
