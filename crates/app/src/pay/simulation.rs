//! What a plan will cost, told by the futures of the forecast, and what it gives who moves wins
//! across the end of a period.

use std::collections::{BTreeMap, HashMap};

use domain::pay::calculate::calculate;
use domain::pay::counted::Counted;
use domain::pay::facts::{Fact, Facts, Seen, What, Won};
use domain::pay::plan::{Hold, Plan, Terms};
use domain::period::{Days, Period};
use domain::stage::Outcome;
use jiff::ToSpan;
use jiff::civil::Date;
use rayon::prelude::*;
use reports::pay::forecast::{Distribution, ForecastCost, OfPayee, OfPeriod};
use reports::pay::simulation::Simulation;
use stats::sample::Sample;
use stats::winners::{Candidate, Winners, draw};
use uuid::Uuid;

use super::file::Read;
use super::told::{Needs, tags};
use super::{Found, PlanOf, Question, input, owned, read, sandbagging, simulated};
use crate::context::Context;
use crate::error::Error;
use crate::forecast::Outlook;
use crate::limits::{FORECAST_PERIODS_MAX, FUTURES, PAY_FUTURES_MIN, PAY_FUTURES_WORK};
use crate::world::{Wanted, World};

/// Days of past wins by which new ones go to owners.
const PAST_DAYS: i64 = 365;
/// The seed of the futures where none is said.
const SEED: u64 = 1;

/// The distribution of what a plan costs in the period that runs and those up to the one asked for,
/// perhaps beside another plan on the same futures.
///
/// # Errors
/// As `payroll`; when the period is over, or nothing has been won to forecast from.
pub async fn forecast_cost(
    context: &Context,
    question: &Question,
    other: Option<&PlanOf>,
    seed: u64,
) -> Result<ForecastCost, Error> {
    let plan = read(context, &question.plan).await?;
    let other = match other {
        Some(plan) => Some(read(context, plan).await?),
        None => None,
    };
    let plans: Vec<Read> = std::iter::once(plan).chain(other).collect();
    let needs = Needs::of(plans.iter().map(|read| &read.plan));
    let as_of = context.as_of(question.as_of, question.known_at);
    let found = Found::at(context, as_of, &needs).await?;
    let wanted = Wanted { deals: true, leads: false, estimates: true };
    let world = World::of(context, as_of, wanted).await?;
    if !world.deals.iter().any(|deal| deal.outcome == Outcome::Won) {
        let why = "nothing has been won yet, so there is nothing to forecast from".to_owned();
        return Err(Error::Input(why));
    }
    let outlook = Outlook::new(context, &world, &world.deals)?;
    let drawing = Drawing::new(context, (&world, &outlook), &found, seed).await?;
    let periods = periods(context, plans[0].plan.terms(), question.period, world.as_of)?;
    let mut told = Vec::new();
    for period in periods {
        let days = context.company.calendar.days(period);
        let futures = drawing.futures(days, &plans)?;
        let mut of_plans = Vec::new();
        for read in &plans {
            of_plans.push(drawing.costs(read, period, &futures)?);
        }
        told.push((period, of_plans));
    }
    let notes = plans.iter().flat_map(|read| notes(&read.plan)).collect();
    let futures = told.first().map_or(0, |(_, plans)| plans[0].totals.len());
    let report = reported((&plans, context), told, (world.as_of, futures), notes);
    drop(drawing);
    drop(outlook);
    world.let_go();
    Ok(report)
}

/// A plan that is kept tried out in all ways, perhaps beside another: on past periods, on the
/// forecast of a period (the one that runs, where none is named), and at the ends of past ones.
///
/// # Errors
/// As `payroll`.
pub async fn tried(
    context: &Context,
    (plan, other): (&str, Option<&str>),
    period: Option<Period>,
) -> Result<Simulation, Error> {
    let plan = PlanOf::Kept(plan.to_owned());
    let other = other.map(|name| PlanOf::Kept(name.to_owned()));
    let read = read(context, &plan).await?;
    let terms = read.plan.terms();
    let (today, calendar) = (context.today(), context.company.calendar);
    let first = calendar.days(terms.first_period).first;
    let running = terms.period_of(today.max(first));
    let asked = |period| Question { plan: plan.clone(), period, as_of: None, known_at: None };
    let coming = asked(period.unwrap_or(running));
    let before = terms.period_of(calendar.days(running).first.saturating_sub(1.day()));
    let past = match calendar.days(before).first >= first {
        true => Some(simulated(context, &asked(before), other.as_ref()).await?),
        false => None,
    };
    let coming = match forecast_cost(context, &coming, other.as_ref(), SEED).await {
        Ok(coming) => Some(coming),
        Err(Error::Input(_)) => None,
        Err(error) => return Err(error),
    };
    let sandbagging = sandbagging(context, &asked(running)).await?;
    Ok(Simulation { past, coming, sandbagging })
}

/// From the period that runs up to the one that is asked for.
fn periods(
    context: &Context,
    terms: &Terms,
    until: Period,
    as_of: Date,
) -> Result<Vec<Period>, Error> {
    let calendar = context.company.calendar;
    let wrong = |why: String| Error::Field { field: "period", why };
    let last = calendar.days(until).last;
    if !terms.is_of_length(until) || last < calendar.days(terms.first_period).first {
        return Err(wrong(format!("{until} is no period of {}", terms.name)));
    }
    if last <= as_of {
        return Err(wrong(format!("{until} is over: simulate it without a forecast")));
    }
    let first = calendar.days(terms.first_period).first.max(as_of.saturating_add(1.day()));
    let periods: Vec<Period> = calendar
        .following(terms.period_of(first))
        .take(FORECAST_PERIODS_MAX + 1)
        .take_while(|period| calendar.days(*period).first <= last)
        .collect();
    if periods.len() > FORECAST_PERIODS_MAX {
        let why = format!("{until} lies more than {FORECAST_PERIODS_MAX} periods ahead");
        return Err(wrong(why));
    }
    Ok(periods)
}

/// Costs that nobody can foresee, or that are no costs, are left out. What is a plan's from then on
/// is what its measures and SPIFFs earn in the period.
pub(super) fn bare(plan: &Plan) -> Result<Plan, Error> {
    let mut terms = plan.terms().clone();
    (terms.hold, terms.clawback_days, terms.relay) = (Hold::None, None, None);
    terms.payees.iter_mut().for_each(|payee| payee.draw = None);
    Plan::new(terms).map_err(input)
}

fn notes(plan: &Plan) -> Vec<String> {
    let Terms { name, relay, hold, clawback_days, payees, .. } = plan.terms();
    let mut notes = Vec::new();
    let counted = plan.counted().into_iter();
    let still = counted.filter(|of| !of.is_of_winners());
    let still: Vec<String> = still.map(|of| of.to_string()).collect();
    if !still.is_empty() {
        let all = still.join(", ");
        notes.push(format!("{name}: only wins are forecast; as they stand today: {all}."));
    }
    let has_draw = payees.iter().any(|payee| payee.draw.is_some());
    let left_out = [
        (relay.is_some(), "the relay's pool (`baton pay relay` tells how likely it is)"),
        (*hold != Hold::None, "holds, which only delay what is earned"),
        (clawback_days.is_some(), "clawbacks"),
        (has_draw, "draws"),
    ];
    let left_out: Vec<&str> =
        left_out.into_iter().filter_map(|(is_there, what)| is_there.then_some(what)).collect();
    if !left_out.is_empty() {
        notes.push(format!("{name}: left out are {}.", left_out.join(", ")));
    }
    notes
}

/// What futures are drawn from.
struct Drawing<'a> {
    outlook: &'a Outlook<'a>,
    found: &'a Found,
    world: &'a World,
    /// The facts that an open deal would be if it were won, but for its day and amount.
    products: BTreeMap<Uuid, String>,
    /// Who wins what is not opened yet, each by past wins.
    owners: Vec<(String, f64)>,
    seed: u64,
}

/// A period's futures, with what is booked in it.
struct Drawn {
    days: Days,
    open: Vec<usize>,
    winners: Vec<Winners>,
}

/// What a plan pays in each future, and to whom.
struct Costs {
    booked: Vec<i64>,
    totals: Vec<i64>,
    /// By payee, future after future.
    payees: Vec<Vec<i64>>,
}

impl<'a> Drawing<'a> {
    async fn new(
        context: &Context,
        (world, outlook): (&'a World, &'a Outlook<'a>),
        found: &'a Found,
        seed: u64,
    ) -> Result<Drawing<'a>, Error> {
        let since = world.as_of.saturating_sub(PAST_DAYS.days());
        let mut wins: BTreeMap<Uuid, f64> = BTreeMap::new();
        for deal in world.deals.iter().filter(|deal| deal.outcome == Outcome::Won) {
            if let (Some(owner), true) = (deal.owner, deal.closed_on.is_some_and(|on| on > since)) {
                *wins.entry(owner).or_default() += 1.0;
            }
        }
        let owners = wins.into_iter().map(|(owner, wins)| (owner.to_string(), wins)).collect();
        let products = super::told::products(context).await?;
        Ok(Drawing { outlook, found, world, products, owners, seed })
    }

    /// Fewer futures where there is more to calculate in each.
    fn futures(&self, days: Days, plans: &[Read]) -> Result<Drawn, Error> {
        let Some(coming) = self.outlook.coming(days, self.seed)? else {
            return Ok(Drawn { days, open: Vec::new(), winners: Vec::new() });
        };
        let chances = self.outlook.chances(&coming.forecast.fitted, days);
        let amount = |place: usize| {
            let amount = self.world.deals[place].amounts.last().map(|(_, money)| *money);
            amount.or(self.world.deals[place].estimated_amount)
        };
        let candidate = |(place, chance): &(usize, f64)| Candidate {
            chance: *chance,
            amount: amount(*place).map_or(0.0, |money| money.minor as f64),
        };
        let candidates: Vec<Candidate> = chances.iter().map(candidate).collect();
        let payees: usize = plans.iter().map(|read| read.plan.terms().payees.len()).sum();
        let work = candidates.len() + self.found.facts.len() + payees;
        let most = (PAY_FUTURES_WORK / work.max(1)).clamp(PAY_FUTURES_MIN, FUTURES);
        let mut outcomes = coming.outcomes();
        outcomes.truncate(most);
        let weights: Vec<f64> = self.owners.iter().map(|(_, weight)| *weight).collect();
        let winners = draw(&candidates, &weights, &outcomes, self.seed);
        let open = chances.into_iter().map(|(place, _)| place).collect();
        Ok(Drawn { days, open, winners })
    }

    fn costs(&self, read: &Read, period: Period, drawn: &Drawn) -> Result<Costs, Error> {
        let plan = bare(&read.plan)?;
        let payees = self.found.people.payees(&plan.terms().payees)?;
        let counted = plan.counted();
        let is_of = |fact: &&Fact| match &fact.what {
            What::Won(won) => counted.contains(&fact.of) && drawn.days.contains(won.on),
            _ => false,
        };
        let booked: Vec<Fact> =
            self.found.facts.iter().filter(is_of).map(|fact| owned(fact, &payees)).collect();
        let of_wins: Vec<Counted> =
            counted.iter().filter(|of| of.is_of_winners()).copied().collect();
        let paid = |more: Vec<Fact>| earned(&plan, [booked.clone(), more].concat(), period);
        let one = |winners: &Winners| paid(self.facts(winners, drawn, (&of_wins, &payees)));
        let each: Vec<Vec<i64>> =
            drawn.winners.par_iter().map(one).collect::<Result<_, Error>>()?;
        Ok(Costs {
            booked: paid(Vec::new())?,
            totals: each.iter().map(|payees| payees.iter().sum()).collect(),
            payees: (0..plan.terms().payees.len())
                .map(|payee| each.iter().map(|future| future[payee]).collect())
                .collect(),
        })
    }

    /// The facts that the winners of a future are, on the last day of the period.
    fn facts(
        &self,
        winners: &Winners,
        drawn: &Drawn,
        (of_wins, payees): (&[Counted], &HashMap<String, String>),
    ) -> Vec<Fact> {
        let on = drawn.days.last;
        let fact = |of: Counted, deal: String, (owner, amount): (&str, i64), tags: Vec<String>| {
            let owner = payees.get(owner).map_or(owner, String::as_str).to_owned();
            let amount = of.metric.size(amount);
            let (splits, touched) = (Vec::new(), Vec::new());
            let won = Won { on, amount, owner, splits, tags, touched };
            Fact { of, deal, known_on: on, what: What::Won(won) }
        };
        let mut facts = Vec::new();
        for of in of_wins {
            for (place, amount) in &winners.open {
                let deal = &self.world.deals[drawn.open[*place]];
                let owner = deal.owner.map(|owner| owner.to_string()).unwrap_or_default();
                let tags = tags(deal, &self.products);
                let id = format!("open {}", deal.external_id);
                facts.push(fact(*of, id, (&owner, *amount), tags));
            }
            for (nth, (owner, amount)) in winners.new.iter().enumerate() {
                let owner = self.owners[*owner].0.as_str();
                facts.push(fact(*of, format!("new {nth}"), (owner, *amount), Vec::new()));
            }
        }
        facts
    }
}

/// What each payee of a bare plan earns in a period by facts that are all known in time.
pub(super) fn earned(plan: &Plan, facts: Vec<Fact>, period: Period) -> Result<Vec<i64>, Error> {
    let days = plan.terms().calendar.days(period);
    let facts = Facts::new(facts, Vec::new()).map_err(input)?;
    let seen = Seen { effective_on: days.last, known_on: plan.frozen_on(days) };
    let found = calculate(plan, &facts, period, seen).map_err(input)?;
    let own = found.statements.iter().filter(|one| one.period == period);
    Ok(own.map(|one| one.total).collect())
}

fn reported(
    (plans, context): (&[Read], &Context),
    told: Vec<(Period, Vec<Costs>)>,
    (as_of, futures): (Date, usize),
    notes: Vec<String>,
) -> ForecastCost {
    let mut payees: Vec<OfPayee> = Vec::new();
    let last = told.last().map(|(period, _)| *period);
    if let Some((_, costs)) = told.last() {
        for (which, (read, costs)) in plans.iter().zip(costs).enumerate() {
            for (place, payee) in read.plan.terms().payees.iter().enumerate() {
                let distribution = distribution(costs.booked[place], &costs.payees[place]);
                let known = payees.iter_mut().find(|one| one.id == payee.id);
                if let Some(one) = known {
                    one.other = Some(distribution);
                    continue;
                }
                let (id, name) = (payee.id.clone(), payee.name.clone());
                let (here, other) = match which {
                    0 => (Some(distribution), None),
                    _ => (None, Some(distribution)),
                };
                payees.push(OfPayee { id, name, here, other });
            }
        }
    }
    let of_period = |(period, costs): &(Period, Vec<Costs>)| {
        let all = |costs: &Costs| distribution(costs.booked.iter().sum(), &costs.totals);
        let dearer = costs.get(1).map(|other| {
            let pairs = costs[0].totals.iter().zip(&other.totals);
            let dearer = pairs.filter(|(here, there)| there > here).count();
            dearer as f64 / other.totals.len().max(1) as f64
        });
        OfPeriod { period: *period, here: all(&costs[0]), other: costs.get(1).map(all), dearer }
    };
    ForecastCost {
        plan: plans[0].plan.terms().name.clone(),
        version: plans[0].plan.terms().version,
        other: plans.get(1).map(|read| read.plan.terms().name.clone()),
        currency: context.company.currency,
        as_of,
        futures,
        periods: told.iter().map(of_period).collect(),
        payees_of: last,
        payees,
        notes,
    }
}

fn distribution(so_far: i64, all: &[i64]) -> Distribution {
    let sample = Sample::new(all.iter().map(|minor| *minor as f64).collect());
    let at = |probability: f64| sample.quantile(probability).round() as i64;
    Distribution {
        so_far,
        p10: at(0.1),
        p50: at(0.5),
        p90: at(0.9),
        mean: sample.mean().round() as i64,
    }
}
