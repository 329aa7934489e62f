//! How likely a relay pays its pool while its period runs, and what its legs have reached by their
//! metrics.

use domain::access::Scope;
use domain::goal::{Counts, Goal};
use domain::money::{Money, decimals};
use domain::pay::plan::Terms;
use domain::pay::relay::{Leg, Relay};
use domain::period::{Days, Period};
use domain::time::day_number;
use jiff::ToSpan;
use reports::document::Cell;
use reports::pay::gate::{LegOutlook, RelayOutlook, Source};
use stats::remainder::Remainder;

use super::people::People;
use super::plans::{self, Kept, Saved};
use crate::context::Context;
use crate::error::Error;
use crate::metrics;
use crate::scoreboard::probability;
use crate::world::World;

/// Parts of one in which marks are kept.
const MILLION: f64 = 1_000_000.0;
/// Past weeks from which is told what the weeks to come bring.
const WEEKS: i64 = 26;
/// What a goal asks for; a probability does not depend on it.
const CONFIDENCE: f64 = 0.8;
/// The metric whose distribution the funnel model knows.
const REVENUE: &str = "revenue";

/// A leg names no metric, or one of the catalogue.
pub(super) fn known(leg: &Leg) -> Result<(), Error> {
    match &leg.metric {
        Some(metric) if !metrics::names()?.contains(metric) => Err(Error::Field {
            field: "terms",
            why: format!(
                "leg `{}`: `{metric}` is no metric: `baton metrics list` has their names",
                leg.name
            ),
        }),
        _ => Ok(()),
    }
}

/// What a leg's metric was over a period that is over, in millionths of the mark's unit.
///
/// # Errors
/// [`Error::Field`] for a leg without a metric, or a period that still runs.
pub(super) async fn measured(context: &Context, period: Period, leg: &Leg) -> Result<i64, Error> {
    let wrong = |why: String| Error::Field { field: "reached", why };
    let metric = leg.metric.as_deref();
    let metric = metric.ok_or_else(|| wrong(format!("say what the leg {} reached", leg.name)))?;
    let days = context.company.calendar.days(period);
    if days.last >= context.today() {
        return Err(wrong(format!("{period} still runs: judge the leg once it is over")));
    }
    let world = World::of_tables(context, context.as_of(None, None)).await?;
    let found = figure(context, &world, metric, days).await?;
    world.let_go();
    let found = found.ok_or_else(|| wrong(format!("{metric} has no figure for {period}")))?;
    Ok((found * MILLION).round() as i64)
}

/// A metric over some days, in the unit in which marks are written: money in whole units of the
/// currency, shares in per cent.
async fn figure(
    context: &Context,
    world: &World,
    metric: &str,
    days: Days,
) -> Result<Option<f64>, Error> {
    Ok(match metrics::total(context, world, metric, days).await? {
        Cell::Count(count) => Some(count as f64),
        Cell::Number(number) | Cell::Days(number) => Some(number),
        Cell::Share(share) => Some(share * 100.0),
        Cell::Money(money) => Some(money.minor as f64 / unit(money)),
        _ => None,
    })
}

/// How many minor units a whole one has.
fn unit(money: Money) -> f64 {
    f64::from(10_u32.pow(decimals(money.currency)))
}

/// How likely each leg of a plan's relay meets its mark by the end of its period, and all of them.
///
/// # Errors
/// [`Error::NotSeen`] for a plan that is not within reach; [`Error::Input`] for one without a
/// relay.
pub async fn outlook(
    context: &Context,
    which: &Saved,
    reach: &Scope,
) -> Result<RelayOutlook, Error> {
    // Whoever runs in it sees how the team stands, and no single records.
    let whole = context.renewed(&context.actor, context.now, Scope::All);
    let kept = plans::find(&whole, which).await?;
    let terms = kept.plan.terms();
    if !is_seen(&whole, terms, reach).await? {
        return Err(Error::NotSeen(format!("pay plan `{}`", which.name)));
    }
    let relay = terms.relay.as_ref();
    let relay = relay.ok_or_else(|| Error::Input(format!("{} has no relay", terms.name)))?;
    let world = World::of_deals(&whole, whole.as_of(None, None)).await?;
    let mut legs = Vec::new();
    for leg in &relay.legs {
        legs.push(leg_outlook((&whole, &world), &kept, relay, leg).await?);
    }
    world.let_go();
    let pool = Money { minor: relay.pool, currency: terms.currency };
    let today = context.today();
    let (plan, version) = (terms.name.clone(), terms.version);
    let (name, period) = (relay.name.clone(), relay.period);
    Ok(RelayOutlook { plan, version, name, period, as_of: today, pool, legs })
}

async fn is_seen(context: &Context, terms: &Terms, reach: &Scope) -> Result<bool, Error> {
    let users = People::of(context).await?.users(&terms.payees)?;
    Ok(*reach == Scope::All || users.values().any(|user| reach.shows(Some(*user))))
}

async fn leg_outlook(
    (context, world): (&Context, &World),
    kept: &Kept,
    relay: &Relay,
    leg: &Leg,
) -> Result<LegOutlook, Error> {
    let mark = leg.mark_millionths as f64 / MILLION;
    let told = |reached: Option<f64>, expected, probability, source| LegOutlook {
        name: leg.name.clone(),
        mark: leg.told(leg.mark_millionths),
        unit: leg.unit.clone(),
        reached,
        expected,
        probability,
        source,
    };
    let judged = kept.kept.judgements.iter().find(|(judgement, _)| judgement.leg == leg.name);
    if let Some((judgement, _)) = judged {
        let reached = judgement.reached_millionths as f64 / MILLION;
        let is_met = judgement.reached_millionths >= leg.mark_millionths;
        let certain = Some(if is_met { 1.0 } else { 0.0 });
        return Ok(told(Some(reached), Some(reached), certain, Source::Judged));
    }
    let Some(metric) = leg.metric.as_deref() else {
        return Ok(told(None, None, None, Source::NoMetric));
    };
    let days = context.company.calendar.days(relay.period);
    let today = context.today();
    let so_far = Days { first: days.first, last: days.last.min(today) };
    let reached = match so_far.first <= so_far.last {
        true => figure(context, world, metric, so_far).await?,
        false => Some(0.0),
    };
    if days.last < today {
        let certain = reached.map(|reached| if reached >= mark { 1.0 } else { 0.0 });
        return Ok(told(reached, reached, certain, Source::Over));
    }
    if metric == REVENUE {
        let probability = revenue(context, world, relay.period, mark)?;
        return Ok(told(reached, None, probability, Source::Funnel));
    }
    let Some(past) = weeks(context, world, metric).await? else {
        return Ok(told(reached, None, None, Source::NoForecast));
    };
    let from = today.max(days.first.saturating_sub(1.day()));
    let left = f64::from(day_number(days.last) - day_number(from)) / 7.0;
    let found = reached.unwrap_or(0.0);
    let remainder = Remainder::new(&past, left);
    let needed = (mark - found).ceil().max(0.0) as u64;
    let expected = remainder.map(|remainder| found + remainder.mean);
    let probability = remainder.map(|remainder| remainder.at_least(needed));
    Ok(told(reached, expected, probability, Source::Weeks(WEEKS)))
}

/// The probability that the funnel model gives an amount of revenue.
fn revenue(
    context: &Context,
    world: &World,
    period: Period,
    mark: f64,
) -> Result<Option<f64>, Error> {
    let currency = context.company.currency;
    let whole = unit(Money { minor: 0, currency });
    let amount = Money { minor: (mark * whole).round() as i64, currency };
    let goal = Goal { amount, period, counts: Counts::All, confidence: CONFIDENCE };
    probability(context, world, goal)
}

/// How often something came in each of the past weeks; `None` for what is no count.
async fn weeks(context: &Context, world: &World, metric: &str) -> Result<Option<Vec<u64>>, Error> {
    let mut weeks = Vec::new();
    for week in 0..WEEKS {
        let last = world.as_of.saturating_sub((7 * week + 1).days());
        let days = Days { first: last.saturating_sub(6.days()), last };
        match metrics::total(context, world, metric, days).await? {
            Cell::Count(count) => weeks.push(count.unsigned_abs()),
            _ => return Ok(None),
        }
    }
    Ok(Some(weeks))
}
