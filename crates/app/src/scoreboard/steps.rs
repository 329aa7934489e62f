//! What to do next: first what the leg that holds the team back lacks, then what lies waiting.

use domain::deal::Deal;
use domain::money::Money;
use domain::time::day_number;
use reports::render::{capital, grouped, short};
use reports::scoreboard::{Amount, Leg, Step};

use super::arrivals::Arrivals;
use crate::context::Context;
use crate::world::World;

/// Closed deals from which on an age beyond all of theirs says something.
const CLOSED_MIN: usize = 30;

/// The steps, the most pressing first.
pub fn steps(
    context: &Context,
    world: &World,
    arrivals: &Arrivals,
    bottleneck: Option<&Leg>,
) -> Vec<Step> {
    let open: Vec<&Deal> = world.deals.iter().filter(|deal| deal.is_open()).collect();
    let waiting = Waiting { context, world, arrivals, open };
    let found =
        [bottleneck.and_then(missing), waiting.overdue(), waiting.dead(), waiting.unworked()];
    found.into_iter().flatten().collect()
}

/// What the leg lacks by now.
fn missing(leg: &Leg) -> Option<Step> {
    let wanted = leg.given_input.or(leg.expected)?;
    let lacking = wanted.size() - leg.actual.size();
    let told = |amount: Amount| match amount {
        Amount::Money(money) => short(money),
        Amount::Count(count) => grouped(&format!("{:.0}", count.max(0.0))),
    };
    let what = leg.metric.replace('_', " ");
    let (advice, see) = match leg.leg {
        "awareness" => ("See who came, and from where", "awareness"),
        "demand" => ("See what came, and from where", "leads?outcome=any"),
        "hand-off" => ("See the leads that wait", "leads"),
        "pipeline" => ("See what the plan asks for", "plan"),
        "close" => ("See the deals that can still close", "deals"),
        _ => ("See what is up for renewal", "retention"),
    };
    (lacking > 0.0).then(|| Step {
        text: format!(
            "{} is {} short: {} of {} {what}. {advice}.",
            capital(leg.leg),
            told(leg.actual.like(lacking)),
            told(leg.actual),
            told(wanted)
        ),
        see,
    })
}

/// What the steps beyond the leg are found in.
struct Waiting<'a> {
    context: &'a Context,
    world: &'a World,
    arrivals: &'a Arrivals,
    open: Vec<&'a Deal>,
}

impl Waiting<'_> {
    /// Open deals whose day of closing has passed.
    fn overdue(&self) -> Option<Step> {
        let is_overdue = |deal: &&&Deal| deal.is_overdue(self.world.as_of);
        let overdue: Vec<&Deal> = self.open.iter().filter(is_overdue).copied().collect();
        let told = self.told(&overdue)?;
        Some(Step {
            text: format!(
                "{told} past the day on which they were to close: close them, or say when."
            ),
            see: "deals?outcome=overdue",
        })
    }

    /// Open deals that are older than any that ever closed.
    fn dead(&self) -> Option<Step> {
        let sound = self.world.deals.iter().filter(|deal| !deal.contradictory);
        let age = |deal: &Deal| Some(day_number(deal.closed_on?) - day_number(deal.created_on));
        let ages: Vec<i32> = sound.filter_map(age).collect();
        let oldest = ages.iter().max().filter(|_| ages.len() >= CLOSED_MIN)?;
        let today = day_number(self.world.as_of);
        let is_dead = |deal: &&&Deal| today - day_number(deal.created_on) > *oldest;
        let dead: Vec<&Deal> = self.open.iter().filter(is_dead).copied().collect();
        let told = self.told(&dead)?;
        Some(Step {
            text: format!(
                "{told} open for longer than any that ever closed ({oldest} days): win them back \
                 or let them go."
            ),
            see: "deals?outcome=open",
        })
    }

    /// `12 deals (1.2 m) are`; `None` where there are none.
    fn told(&self, deals: &[&Deal]) -> Option<String> {
        let worth = |deal: &&Deal| deal.estimated_amount.map_or(0, |amount| amount.minor);
        let minor = deals.iter().map(worth).sum();
        let amount = short(Money { minor, currency: self.context.company.currency });
        match deals.len() {
            0 => None,
            1 => Some(format!("1 deal ({amount}) is")),
            count => Some(format!("{} deals ({amount}) are", grouped(&count.to_string()))),
        }
    }

    /// New leads that have not moved since they came.
    fn unworked(&self) -> Option<Step> {
        let waiting = self.arrivals.unworked.filter(|waiting| *waiting > 0)?;
        Some(Step {
            text: format!(
                "{} of the last quarter of a year {} where they came in: work or recycle them.",
                match waiting {
                    1 => "1 lead".to_owned(),
                    count => format!("{} leads", grouped(&count.to_string())),
                },
                if waiting == 1 { "still stands" } else { "still stand" }
            ),
            see: "leads",
        })
    }
}
