//! The chain from a lead to revenue: stages, the share that goes on, and the time that it takes,
//! as history shows them or as they are assumed.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::deal::Deal;
use domain::lead::Lead;
use domain::lifecycle::{Stay, is_beside_the_way};
use domain::money::decimals;
use domain::name::plain;
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::civil::Date;
use stats::funnel::CurvePoint;
use stats::plan::{AmountAssumption, Assumptions, Step};
use stats::sample::Sample;
use stats::survival::{Point, aalen_johansen};
use uuid::Uuid;

use super::assumptions::Assumed;
use crate::context::Context;
use crate::error::Error;
use crate::model::{Matches, passages, sound_leads};
use crate::world::World;

/// The name of the last stage, and of those that have no name of their own.
const WON: &str = "won";
pub const OPPORTUNITY: &str = "opportunity";
const LEAD: &str = "lead";
/// Days from which the present way is read where all of history would be too old.
const RECENT_DAYS: i32 = 365;
/// Wins of those days from which on their amounts stand for the average sales price.
const RECENT_WINS_MIN: usize = 30;
/// The share of opportunities that must come from leads for a plan to begin with them.
const FROM_LEADS_MIN: f64 = 0.05;

pub struct Chain {
    /// The stages, first to last; one more than there are steps.
    pub names: Vec<String>,
    pub steps: Vec<Step>,
    pub amount: AmountAssumption,
    /// The mean of past amounts, where an assumed one takes its place.
    pub past_mean: Option<f64>,
    pub origin: Origin,
    pub notes: Vec<String>,
    /// Whether all of it is assumed.
    pub is_assumed: bool,
}

/// Where the steps come from.
pub enum Origin {
    Assumed,
    /// From the opportunity on, with the curve of those who are won.
    Deals(Curve),
    /// From the lead on.
    Leads(FromLeads),
    /// From the lead on, without deals.
    LeadsAlone,
}

/// What history tells of leads that become opportunities.
pub struct FromLeads {
    /// By lead stage.
    pub curves: Vec<Curve>,
    /// Of opportunities that are won.
    pub won: Curve,
    /// The share of the last year's opportunities that came from leads.
    pub share: f64,
}

/// The share of those who entered a stage that has gone on, and that is still there, by the end of
/// each day of age.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    pub gone_on: Vec<f64>,
    pub there: Vec<f64>,
}

impl Chain {
    pub fn new(
        context: &Context,
        world: &World,
        deals: &[Deal],
        assumed: Option<Assumed>,
    ) -> Result<Chain, Error> {
        let assumed = assumed.unwrap_or(Assumed { average_sales_price: None, stages: Vec::new() });
        let unit = 10_f64.powi(i32::try_from(decimals(context.company.currency)).unwrap_or(2));
        let price = assumed.average_sales_price.map(|price| price * unit);
        let past = won_amounts(context, world, deals);
        let is_assumed = price.is_some() && !assumed.stages.is_empty();
        let (names, steps, origin, notes) = match assumed.stages.is_empty() {
            true => Way::new(world, deals).learn()?,
            false => {
                let names = assumed.stages.iter().map(|stage| stage.name.clone()).collect();
                let onward = assumed.stages.into_iter().filter_map(|stage| stage.onward);
                let step = |(share, lag)| Step { share, share_known_from: None, lag };
                (names, onward.map(step).collect(), Origin::Assumed, Vec::new())
            }
        };
        let past_mean = price.and(past.as_ref()).map(AmountAssumption::mean);
        let amount = price.map(AmountAssumption::Fixed).or(past).ok_or_else(no_amount)?;
        Ok(Chain { names, steps, amount, past_mean, origin, notes, is_assumed })
    }

    pub fn assumptions(&self) -> Assumptions {
        Assumptions { steps: self.steps.clone(), amount: self.amount.clone() }
    }
}

fn no_amount() -> Error {
    Error::Plan(
        "no won deal with an amount is known by then: import deals, or give average_sales_price \
         in an --assume file"
            .to_owned(),
    )
}

/// The amounts of the last year's wins, or of all where those are few.
fn won_amounts(context: &Context, world: &World, deals: &[Deal]) -> Option<AmountAssumption> {
    let since = day_number(world.as_of) - RECENT_DAYS;
    let won = |from: i32| -> Vec<f64> {
        let won = deals.iter().filter(|deal| deal.outcome == Outcome::Won);
        let recent = won.filter(|deal| deal.closed_on.is_some_and(|day| day_number(day) > from));
        let amounts = recent.filter_map(|deal| deal.amount);
        let same = amounts.filter(|amount| amount.currency == context.company.currency);
        same.map(|amount| amount.minor as f64).filter(|minor| *minor > 0.0).collect()
    };
    let recent = won(since);
    let amounts = if recent.len() >= RECENT_WINS_MIN { recent } else { won(i32::MIN) };
    (!amounts.is_empty()).then(|| AmountAssumption::Empirical(Sample::new(amounts)))
}

/// Names, steps, where they come from, and what to say about them.
type Learnt = (Vec<String>, Vec<Step>, Origin, Vec<String>);

/// The way that leads and deals went by the as-of day.
struct Way<'a> {
    world: &'a World,
    deals: &'a [Deal],
    leads: Vec<&'a Lead>,
}

impl<'a> Way<'a> {
    fn new(world: &'a World, deals: &'a [Deal]) -> Way<'a> {
        Way { world, deals, leads: sound_leads(&world.leads) }
    }

    fn learn(&self) -> Result<Learnt, Error> {
        if self.deals.is_empty() {
            return self.of_leads_alone();
        }
        if self.leads.is_empty() {
            return self.of_deals(Vec::new());
        }
        let share = self.share_from_leads();
        if share < FROM_LEADS_MIN {
            let note = format!(
                "{:.0} % of the last year's opportunities came from leads that are known, so the \
                 plan begins at the opportunity.",
                share * 100.0
            );
            return self.of_deals(vec![note]);
        }
        self.through_leads(share).or_else(|problem| match problem {
            Error::Plan(problem) => {
                self.of_deals(vec![format!("The plan begins at the opportunity: {problem}.")])
            }
            other => Err(other),
        })
    }

    fn of_leads_alone(&self) -> Result<Learnt, Error> {
        if self.leads.is_empty() {
            return Err(Error::Plan(
                "there are no leads or deals by then from which to learn: import some, or give \
                 the stages in an --assume file"
                    .to_owned(),
            ));
        }
        let mut names = self.lead_stages();
        let steps: Result<Vec<Step>, Error> =
            (0..names.len()).map(|index| Ok(self.lead_step(&names, index)?.0)).collect();
        names.push(WON.to_owned());
        Ok((names, steps?, Origin::LeadsAlone, Vec::new()))
    }

    fn of_deals(&self, notes: Vec<String>) -> Result<Learnt, Error> {
        let names = vec![OPPORTUNITY.to_owned(), WON.to_owned()];
        let (step, won) = self.deal_step()?;
        Ok((names, vec![step], Origin::Deals(won), notes))
    }

    fn through_leads(&self, share: f64) -> Result<Learnt, Error> {
        let all = self.lead_stages();
        let count = all.iter().position(|name| plain(name) == OPPORTUNITY).unwrap_or(all.len());
        let (mut steps, mut curves) = (Vec::new(), Vec::new());
        for index in 0..count {
            let (step, curve) = match index + 1 == all.len() {
                true => self.step_to_deal(&all[index], index == 0)?,
                false => self.lead_step(&all, index)?,
            };
            steps.push(step);
            curves.push(curve);
        }
        let (step, won) = self.deal_step()?;
        steps.push(step);
        let mut names: Vec<String> = all.into_iter().take(count).collect();
        names.extend([OPPORTUNITY.to_owned(), WON.to_owned()]);
        Ok((names, steps, Origin::Leads(FromLeads { curves, won, share }), Vec::new()))
    }

    /// The share of the last year's opportunities that came from leads: by their links, or, where
    /// there are none at all, by how many leads became one.
    fn share_from_leads(&self) -> f64 {
        let since = day_number(self.world.as_of) - RECENT_DAYS;
        let is_recent = |day: Date| day_number(day) > since;
        let recent = || self.deals.iter().filter(|deal| is_recent(deal.created_on));
        let linked: HashSet<Uuid> = self.leads.iter().filter_map(|lead| lead.deal).collect();
        let from_leads = match linked.is_empty() {
            false => recent().filter(|deal| linked.contains(&deal.id)).count(),
            true => {
                let became = |stay: &&Stay| {
                    plain(&stay.stage) == OPPORTUNITY || stay.outcome == Outcome::Won
                };
                let day =
                    |lead: &&&Lead| lead.stays.iter().find(became).map(|stay| stay.entered_on);
                self.leads.iter().filter(|lead| day(lead).is_some_and(is_recent)).count()
            }
        };
        (from_leads as f64 / recent().count().max(1) as f64).min(1.0)
    }

    /// The stages that leads have been in, in the company's order, from their entry on.
    fn lead_stages(&self) -> Vec<String> {
        let stages = &self.world.lead_stages;
        let on_the_way =
            |stay: &&Stay| stay.outcome == Outcome::Open && !is_beside_the_way(&stay.stage);
        let named: BTreeSet<&str> = (self.leads.iter().flat_map(|lead| &lead.stays))
            .filter(on_the_way)
            .map(|stay| stay.stage.as_str())
            .collect();
        let mut names: Vec<&str> = named.into_iter().collect();
        names.sort_by_key(|name| (stages.position(name).unwrap_or(usize::MAX), *name));
        if names.first().is_none_or(|first| plain(first) == OPPORTUNITY) {
            names.insert(0, LEAD);
        }
        names.into_iter().map(str::to_owned).collect()
    }

    fn lead_step(&self, names: &[String], index: usize) -> Result<(Step, Curve), Error> {
        let later = names.get(index + 1..).unwrap_or_default().to_vec();
        let onward = move |stay: &Stay| stay.outcome == Outcome::Won || later.contains(&stay.stage);
        let here = names[index].clone();
        let enters = move |stay: &Stay| stay.stage == here;
        // Everyone begins in the first stage, whether or not the source wrote that down.
        let from: Option<Matches> = if index == 0 { None } else { Some(&enters) };
        let ways = self.leads.iter().map(|lead| (lead.created_on, lead.stays.as_slice()));
        self.step(&names[index], ways, from, &onward)
    }

    fn deal_step(&self) -> Result<(Step, Curve), Error> {
        let sound = self.deals.iter().filter(|deal| !deal.contradictory);
        let ways = sound.map(|deal| (deal.created_on, deal.stays.as_slice()));
        self.step(OPPORTUNITY, ways, None, &|stay| stay.outcome == Outcome::Won)
    }

    /// From a lead's last stage to its deal.
    fn step_to_deal(&self, name: &str, is_first: bool) -> Result<(Step, Curve), Error> {
        let deals: HashMap<Uuid, &Deal> = self.deals.iter().map(|deal| (deal.id, deal)).collect();
        let created = |lead: &&Lead| {
            lead.deal.and_then(|id| deals.get(&id)).map(|deal| Stay {
                stage: OPPORTUNITY.to_owned(),
                outcome: Outcome::Won,
                entered_at: deal.created_at,
                entered_on: deal.created_on,
            })
        };
        let ways: Vec<(Date, Vec<Stay>)> = (self.leads.iter())
            .map(|lead| {
                let mut stays = lead.stays.clone();
                stays.extend(created(lead));
                stays.sort_by_key(|stay| stay.entered_at);
                (lead.created_on, stays)
            })
            .collect();
        let here = name.to_owned();
        let enters = move |stay: &Stay| stay.stage == here;
        let from: Option<Matches> = if is_first { None } else { Some(&enters) };
        let ways = ways.iter().map(|(on, stays)| (*on, stays.as_slice()));
        self.step(name, ways, from, &|stay| stay.stage == OPPORTUNITY)
    }

    fn step<'s>(
        &self,
        name: &str,
        ways: impl Iterator<Item = (Date, &'s [Stay])>,
        from: Option<Matches>,
        onward: Matches,
    ) -> Result<(Step, Curve), Error> {
        let found = passages(ways, from, onward, self.world.as_of);
        let points = aalen_johansen(&found.observations);
        let point = |point: &Point| CurvePoint {
            age_days: point.age_days,
            at_risk: point.at_risk,
            cumulative: gone_on(point),
        };
        let curve: Vec<CurvePoint> = points.iter().map(point).collect();
        let step = Step::from_curve(&curve).ok_or_else(|| {
            Error::Plan(format!(
                "nobody has gone on from `{name}` by {}: give the stages in an --assume file",
                self.world.as_of
            ))
        })?;
        Ok((step, Curve::new(&points)))
    }
}

fn gone_on(point: &Point) -> f64 {
    point.cumulative.first().copied().unwrap_or(0.0)
}

impl Curve {
    fn new(points: &[Point]) -> Curve {
        let mut curve = Curve::default();
        let (mut gone, mut there) = (0.0, 1.0);
        for point in points {
            let age = point.age_days as usize;
            curve.gone_on.resize(age, gone);
            curve.there.resize(age, there);
            (gone, there) = (gone_on(point), point.survival);
            curve.gone_on.push(gone);
            curve.there.push(there);
        }
        curve
    }

    /// The chance that one who is there at an age goes on on the day that lies `ahead`.
    pub fn chance(&self, age_days: usize, ahead: usize) -> f64 {
        let at = |figures: &[f64], age: usize| match figures.len() {
            0 => 0.0,
            length => figures[age.min(length - 1)],
        };
        let there = at(&self.there, age_days);
        let gained = at(&self.gone_on, age_days + ahead) - at(&self.gone_on, age_days + ahead - 1);
        if there > 0.0 { gained / there } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::survival::{Observation, Outcome as Ending};

    #[test]
    fn who_is_still_there_goes_on_as_the_curve_says() {
        let seen = [(2, Ending::Event(0)), (3, Ending::Event(1)), (5, Ending::Event(0))]
            .map(|(age_days, outcome)| Observation { age_days, outcome });
        let curve = Curve::new(&aalen_johansen(&seen));
        let from = |age: usize| (1..=9).map(|ahead| curve.chance(age, ahead)).sum::<f64>();
        assert!((from(0) - 2.0 / 3.0).abs() < 1e-12);
        assert!((from(2) - 0.5).abs() < 1e-12, "one of the two who are left");
        assert!((curve.chance(3, 2) - 1.0).abs() < 1e-12, "the last one, on day 5");
        assert_eq!(from(5), 0.0);
    }
}
