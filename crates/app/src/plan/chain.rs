//! The chain from a lead to revenue: stages, the share that goes on, and the time that it takes,
//! as history shows them or as they are assumed.

use domain::deal::Deal;
use domain::lead::Lead;
use domain::lifecycle::Stay;
use domain::money::decimals;
use domain::name::plain;
use domain::stage::Outcome;
use jiff::civil::Date;
use stats::funnel::CurvePoint;
use stats::plan::{AmountAssumption, Assumptions, Step};
use stats::sample::Sample;
use stats::survival::aalen_johansen;

use super::assumptions::Assumed;
use crate::context::Context;
use crate::error::Error;
use crate::model::{Matches, passages, sound_leads};
use crate::world::World;

/// Stages that lie beside the way, not on it.
const BESIDE_THE_WAY: [&str; 5] = ["recycled", "nurture", "onhold", "parked", "other"];
/// The name of the last stage.
const WON: &str = "won";

pub struct Chain {
    /// The stages, first to last; one more than there are steps.
    pub names: Vec<String>,
    pub steps: Vec<Step>,
    pub amount: AmountAssumption,
    pub notes: Vec<String>,
    /// Whether all of it is assumed.
    pub is_assumed: bool,
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
        let amount = match assumed.average_sales_price {
            Some(price) => AmountAssumption::Fixed(price * unit),
            None => won_amounts(context, deals)?,
        };
        let is_assumed = assumed.average_sales_price.is_some() && !assumed.stages.is_empty();
        let mut notes = Vec::new();
        let (names, steps) = if assumed.stages.is_empty() {
            Way { world, deals, leads: sound_leads(&world.leads) }.learn(&mut notes)?
        } else {
            let names = assumed.stages.iter().map(|stage| stage.name.clone()).collect();
            let onward = assumed.stages.into_iter().filter_map(|stage| stage.onward);
            let step = |(share, lag)| Step { share, share_known_from: None, lag };
            (names, onward.map(step).collect())
        };
        Ok(Chain { names, steps, amount, notes, is_assumed })
    }

    pub fn assumptions(&self) -> Assumptions {
        Assumptions {
            steps: self.steps.clone(),
            amount: self.amount.clone(),
            season_weights: Vec::new(),
        }
    }
}

fn won_amounts(context: &Context, deals: &[Deal]) -> Result<AmountAssumption, Error> {
    let won = deals.iter().filter(|deal| deal.outcome == Outcome::Won);
    let amounts = won.filter_map(|deal| deal.amount);
    let same = amounts.filter(|amount| amount.currency == context.company.currency);
    let minor: Vec<f64> =
        same.map(|amount| amount.minor as f64).filter(|minor| *minor > 0.0).collect();
    if minor.is_empty() {
        return Err(Error::Plan(
            "no won deal with an amount is known by then: import deals, or give \
             average_sales_price in an --assume file"
                .to_owned(),
        ));
    }
    Ok(AmountAssumption::Empirical(Sample::new(minor)))
}

/// The way that leads and deals went by the as-of day.
struct Way<'a> {
    world: &'a World,
    deals: &'a [Deal],
    leads: Vec<&'a Lead>,
}

impl Way<'_> {
    fn learn(&self, notes: &mut Vec<String>) -> Result<(Vec<String>, Vec<Step>), Error> {
        let mut names = self.lead_stages();
        let mut steps = Vec::new();
        for index in 0..names.len() {
            let is_last = index + 1 == names.len();
            if is_last && !self.deals.is_empty() {
                break;
            }
            let later = names.get(index + 1..).unwrap_or_default().to_vec();
            let onward =
                move |stay: &Stay| stay.outcome == Outcome::Won || later.contains(&stay.stage);
            steps.push(self.lead_step(&names, index, &onward)?);
        }
        if !self.deals.is_empty() {
            self.join_deals(&mut names, &mut steps, notes)?;
        }
        if steps.is_empty() {
            return Err(Error::Plan(
                "there are no leads or deals by then from which to learn: import some, or give \
                 the stages in an --assume file"
                    .to_owned(),
            ));
        }
        names.push(WON.to_owned());
        Ok((names, steps))
    }

    /// The stages that leads have been in, in the company's order, from their entry on.
    fn lead_stages(&self) -> Vec<String> {
        let stages = &self.world.lead_stages;
        let on_the_way = |stay: &&Stay| {
            stay.outcome == Outcome::Open && !BESIDE_THE_WAY.contains(&plain(&stay.stage).as_str())
        };
        let mut names: Vec<&str> = (self.leads.iter().flat_map(|lead| &lead.stays))
            .filter(on_the_way)
            .map(|stay| stay.stage.as_str())
            .collect();
        names.sort_by_key(|name| (stages.position(name).unwrap_or(usize::MAX), *name));
        names.dedup();
        names.into_iter().map(str::to_owned).collect()
    }

    fn lead_step(&self, names: &[String], index: usize, onward: Matches) -> Result<Step, Error> {
        let here = names[index].clone();
        let enters = move |stay: &Stay| stay.stage == here;
        // Everyone begins in the first stage, whether or not the source wrote that down.
        let from: Option<Matches> = if index == 0 { None } else { Some(&enters) };
        let ways = self.leads.iter().map(|lead| (lead.created_on, lead.stays.as_slice()));
        self.step(&names[index], ways, from, onward)
    }

    fn step<'s>(
        &self,
        name: &str,
        ways: impl Iterator<Item = (Date, &'s [Stay])>,
        from: Option<Matches>,
        onward: Matches,
    ) -> Result<Step, Error> {
        let found = passages(ways, from, onward, self.world.as_of);
        let points = aalen_johansen(&found.observations);
        let point = |point: &stats::survival::Point| CurvePoint {
            age_days: point.age_days,
            at_risk: point.at_risk,
            cumulative: point.cumulative.first().copied().unwrap_or(0.0),
        };
        let curve: Vec<CurvePoint> = points.iter().map(point).collect();
        Step::from_curve(&curve).ok_or_else(|| {
            Error::Plan(format!(
                "nobody has gone on from `{name}` by {}: give the stages in an --assume file",
                self.world.as_of
            ))
        })
    }

    /// The deals' part of the way: from the last stage of leads to a deal, and from it to winning.
    fn join_deals(
        &self,
        names: &mut Vec<String>,
        steps: &mut Vec<Step>,
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        let is_deal = |name: &String| plain(name) == "opportunity";
        match names.iter().position(is_deal) {
            Some(position) => {
                names.truncate(position + 1);
                steps.truncate(position);
            }
            None => {
                if let Some(last) = names.last().cloned() {
                    steps.push(self.step_to_deal(&last, names.len() == 1)?);
                }
                names.push("opportunity".to_owned());
            }
        }
        let sound = self.deals.iter().filter(|deal| !deal.contradictory);
        let ways = sound.map(|deal| (deal.created_on, deal.stays.as_slice()));
        steps.push(self.step("opportunity", ways, None, &|stay| stay.outcome == Outcome::Won)?);
        if names.len() > 1 {
            notes.push(
                "The plan lets every opportunity come from a lead; those that come without one \
                 ask for fewer leads."
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// From a lead's last stage to its deal.
    fn step_to_deal(&self, name: &str, is_first: bool) -> Result<Step, Error> {
        let created = |lead: &&Lead| {
            self.deals.iter().find(|deal| Some(deal.id) == lead.deal).map(|deal| Stay {
                stage: "opportunity".to_owned(),
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
        self.step(name, ways, from, &|stay| stay.stage == "opportunity")
    }
}
