//! What a lead costs, where costs tell: money into campaigns becomes leads.
//!
//! A campaign's leads cost what was spent on campaigns in the last year, divided by the leads that
//! came by them in it. A larger budget is taken to buy leads at the same cost; leads that come by
//! no campaign come anyway. Without such costs or leads nothing is said.

use domain::history::{Fact, Latest};
use domain::kind::Kind;
use domain::money::Money;
use domain::time::{day_number, day_of};
use domain::value::Value;
use reports::render::grouped;

use super::chain::{Chain, Origin};
use crate::context::Context;
use crate::error::Error;
use crate::model::sound_leads;
use crate::world::World;

/// Days over which costs and leads are looked at.
const DAYS: i32 = 365;
/// Leads by campaigns below which their cost says little.
const LEADS_MIN: usize = 30;

/// What was spent on campaigns in a year, and the leads that it brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    spent: Money,
    bought: usize,
    /// Leads by campaigns, as a share of all.
    share: f64,
}

/// The budget of the last year; `None` where a plan does not begin with leads, or where costs do
/// not tell.
///
/// # Errors
/// When the costs cannot be read.
pub async fn of(context: &Context, world: &World, chain: &Chain) -> Result<Option<Budget>, Error> {
    if !matches!(chain.origin, Origin::Leads(_)) {
        return Ok(None);
    }
    let since = day_number(world.as_of) - DAYS;
    let (zone, currency) = (&context.company.timezone, context.company.currency);
    let of_campaign = |_, facts: &[Fact]| {
        let last = Latest(facts);
        last.get("campaign").and_then(Value::as_reference)?;
        let day = day_of(last.instant("created_at")?, zone);
        let amount = last.get("amount")?.as_money().filter(|one| one.currency == currency)?;
        (day_number(day) > since).then_some(amount.minor)
    };
    let costs = world.tables.records(Kind::Costs, of_campaign).await?.records;
    let leads = sound_leads(&world.leads);
    let recent = leads.iter().filter(|lead| day_number(lead.created_on) > since);
    let bought = recent.clone().filter(|lead| lead.campaign.is_some()).count();
    let spent = Money { minor: costs.iter().sum(), currency };
    let share = bought as f64 / recent.count().max(1) as f64;
    let tells = spent.minor > 0 && bought >= LEADS_MIN;
    Ok(tells.then_some(Budget { spent, bought, share }))
}

impl Budget {
    /// So many times the leads come, where so many times as much is spent.
    pub fn leads_factor(&self, factor: f64) -> f64 {
        1.0 + (factor - 1.0) * self.share
    }

    /// What is spent in a year, and on a lead, when it is so many times what it is.
    pub fn words(&self, factor: f64) -> String {
        let of =
            |minor: f64| grouped(&Money { minor: minor.round() as i64, ..self.spent }.to_decimal());
        let spent = self.spent.minor as f64;
        let code = self.spent.currency.code();
        format!("{} {code} a year, {} a lead", of(spent * factor), of(spent / self.bought as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;

    #[test]
    fn more_money_buys_leads_at_the_cost_that_they_had() {
        let spent = Money { minor: 10_000_000, currency: Currency::USD };
        let budget = Budget { spent, bought: 500, share: 0.4 };
        assert_eq!(budget.words(1.5), "150,000.00 USD a year, 200.00 a lead");
        assert_eq!((budget.leads_factor(1.0), budget.leads_factor(1.5)), (1.0, 1.2));
    }
}
