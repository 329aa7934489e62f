//! The rates of the funnel: what share of deals is won in the end, after how long and for how much,
//! what share of leads goes on from each stage, and how many arrive a month.

use std::collections::{BTreeMap, HashMap};

use domain::deal::Deal;
use domain::kind::Kind;
use domain::lead::Lead;
use domain::lifecycle::{Stay, is_beside_the_way};
use domain::name::plain;
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::funnel::rates::{ArrivalRates, DealRates, LeadStep, Rates};
use stats::rates::arrivals::{Day, arrivals};
use stats::rates::{Cohort, Shares};
use stats::survival::{Observation, Outcome as Ending};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::limits::RATE_GROUPS_MAX;
use crate::model::sound_leads;
use crate::world::World;

/// What is asked for; without a dimension deals are told apart by type.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub by: Option<String>,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
}

const MONTHS: usize = 12;
/// A deal or lead that ended, but not at the target.
const MISSED: usize = 1;

/// Every rate with its interval, from what was known at an as-of pair.
///
/// # Errors
/// When there are neither deals nor leads by then, or the dimension is unknown.
pub async fn rates(context: &Context, question: &Question) -> Result<Rates, Error> {
    let dimension = Dimension::parse(question.by.as_deref())?;
    let world = World::at(context, context.as_of(question.as_of, question.known_at)).await?;
    let names = dimension.names(context).await?;
    let rates = of_world(context, &world, dimension, &names);
    rates.ok_or_else(|| {
        Error::Input(format!(
            "no deals and no leads are known by {}: import some, or choose a later day",
            world.as_of
        ))
    })
}

/// Every rate of a picture, deals told apart by type; `None` with neither deals nor leads.
pub(crate) fn by_type(context: &Context, world: &World) -> Option<Rates> {
    of_world(context, world, Dimension::Type, &HashMap::new())
}

fn of_world(
    context: &Context,
    world: &World,
    dimension: Dimension,
    names: &HashMap<Uuid, String>,
) -> Option<Rates> {
    let sound: Vec<&Deal> = world.deals.iter().filter(|deal| !deal.contradictory).collect();
    let leads = sound_leads(&world.leads);
    if sound.is_empty() && leads.is_empty() {
        return None;
    }
    let groups = dimension.groups(&sound, names);
    let of = |(name, deals): &(String, Vec<&Deal>)| deal_rates(name, deals, world.as_of);
    let left_out = (world.deals.iter().filter(|deal| deal.contradictory).count())
        + (world.leads.iter().filter(|lead| lead.contradictory).count());
    Some(Rates {
        as_of: world.as_of,
        currency: context.company.currency,
        by: dimension.name().to_owned(),
        all: deal_rates("all deals", &sound, world.as_of),
        groups: groups.iter().take(RATE_GROUPS_MAX).filter_map(of).collect(),
        groups_left_out: groups.len().saturating_sub(RATE_GROUPS_MAX),
        leads: lead_steps(world, &leads),
        arrivals: all_arrivals(&leads, &sound, &groups, world.as_of),
        left_out,
        in_other_currency: world.in_other_currency.len(),
    })
}

/// By what deals are told apart.
#[derive(Clone, Copy)]
enum Dimension {
    Type,
    Product,
    Source,
    Owner,
}

impl Dimension {
    fn parse(name: Option<&str>) -> Result<Dimension, Error> {
        match name.map(plain).as_deref() {
            None | Some("type") => Ok(Dimension::Type),
            Some("product") => Ok(Dimension::Product),
            Some("source") => Ok(Dimension::Source),
            Some("owner") => Ok(Dimension::Owner),
            Some(other) => Err(Error::Input(format!(
                "deals are not told apart by `{other}`: choose type, product, source or owner"
            ))),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Dimension::Type => "type",
            Dimension::Product => "product",
            Dimension::Source => "source",
            Dimension::Owner => "owner",
        }
    }

    async fn names(self, context: &Context) -> Result<HashMap<Uuid, String>, Error> {
        let kind = match self {
            Dimension::Product => Kind::Products,
            Dimension::Owner => Kind::Users,
            Dimension::Type | Dimension::Source => return Ok(HashMap::new()),
        };
        Ok(context.store.names(kind).await?.into_iter().collect())
    }

    fn label(self, deal: &Deal, names: &HashMap<Uuid, String>) -> Option<String> {
        match self {
            Dimension::Type => deal.deal_type.clone(),
            Dimension::Source => deal.source.clone(),
            Dimension::Product => names.get(&deal.product?).cloned(),
            Dimension::Owner => names.get(&deal.owner?).cloned(),
        }
    }

    /// Deals by their label, most deals first; nothing where all are alike.
    fn groups<'a>(
        self,
        deals: &[&'a Deal],
        names: &HashMap<Uuid, String>,
    ) -> Vec<(String, Vec<&'a Deal>)> {
        let mut groups: BTreeMap<String, Vec<&Deal>> = BTreeMap::new();
        for deal in deals {
            let label = self.label(deal, names).unwrap_or_else(|| "not known".to_owned());
            groups.entry(label).or_default().push(deal);
        }
        let mut groups: Vec<(String, Vec<&Deal>)> = groups.into_iter().collect();
        groups.sort_by_key(|(_, deals)| std::cmp::Reverse(deals.len()));
        if groups.len() < 2 { Vec::new() } else { groups }
    }
}

/// `None` without deals.
fn deal_rates(name: &str, deals: &[&Deal], as_of: Date) -> Option<DealRates> {
    let seen: Vec<Observation> = deals.iter().map(|deal| deal_seen(deal, as_of)).collect();
    let cohort = Cohort::new(&seen)?;
    let minor = |deal: &&Deal| deal.amount.map(|amount| amount.minor as f64);
    let amounts: Vec<Option<f64>> = deals.iter().map(minor).collect();
    Some(DealRates {
        name: name.to_owned(),
        shares: cohort.shares(),
        days_to_win: cohort.ages_of_reached(),
        won_amount_minor: cohort.mean_of_reached(&amounts),
    })
}

fn deal_seen(deal: &Deal, as_of: Date) -> Observation {
    let end = deal.closed_on.filter(|_| !deal.is_open()).map(|day| {
        let cause = if deal.outcome == Outcome::Won { 0 } else { MISSED };
        (day, Ending::Event(cause))
    });
    observation(deal.created_on, end, as_of)
}

fn observation(entered: Date, end: Option<(Date, Ending)>, as_of: Date) -> Observation {
    let (day, outcome) = end.unwrap_or((as_of, Ending::Censored));
    let age_days = (day_number(day) - day_number(entered)).max(0).unsigned_abs();
    Observation { age_days, outcome }
}

/// From each stage of leads to the next: of the stays in it, the share that goes on.
fn lead_steps(world: &World, leads: &[&Lead]) -> Vec<LeadStep> {
    let names = lead_stages(world, leads);
    // What becomes of the last stage is told by the deal, where there are deals.
    let to_win = world.deals.is_empty().then(|| "won".to_owned());
    let steps = names.iter().enumerate().zip(names.iter().skip(1).chain(&to_win));
    let step = |((place, from), to): ((usize, &String), &String)| {
        let seen: Vec<Observation> =
            leads.iter().flat_map(|lead| stays_in(lead, place, &names, world.as_of)).collect();
        let shares: Shares = Cohort::new(&seen)?.shares();
        Some(LeadStep { from: from.clone(), to: to.clone(), shares })
    };
    steps.filter_map(step).collect()
}

/// The stages on the way that leads have been in, in the company's order.
fn lead_stages(world: &World, leads: &[&Lead]) -> Vec<String> {
    let on_the_way =
        |stay: &&Stay| stay.outcome == Outcome::Open && !is_beside_the_way(&stay.stage);
    let stays = leads.iter().flat_map(|lead| &lead.stays).filter(on_the_way);
    let mut names: Vec<&str> = stays.map(|stay| stay.stage.as_str()).collect();
    names.sort_by_key(|name| (world.lead_stages.position(name).unwrap_or(usize::MAX), *name));
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

/// A lead's stays in the stage of that place, each until the next. Everyone begins in the first
/// stage, whether or not the source wrote that down.
fn stays_in<'a>(
    lead: &'a Lead,
    place: usize,
    names: &'a [String],
    as_of: Date,
) -> impl Iterator<Item = Observation> + 'a {
    let name = &names[place];
    let end = move |next: &Stay| {
        let goes_on = next.outcome == Outcome::Won || names[place + 1..].contains(&next.stage);
        (next.entered_on, Ending::Event(if goes_on { 0 } else { MISSED }))
    };
    let unwritten = lead.stays.first().filter(|first| place == 0 && first.stage != *name);
    let first = unwritten.map(|next| observation(lead.created_on, Some(end(next)), as_of));
    let stay = move |(index, stay): (usize, &Stay)| {
        let next = lead.stays.get(index + 1).map(end);
        (stay.stage == *name).then(|| observation(stay.entered_on, next, as_of))
    };
    first.into_iter().chain(lead.stays.iter().enumerate().filter_map(stay))
}

fn all_arrivals(
    leads: &[&Lead],
    deals: &[&Deal],
    groups: &[(String, Vec<&Deal>)],
    as_of: Date,
) -> Vec<ArrivalRates> {
    let created = |deals: &[&Deal]| deals.iter().map(|deal| deal.created_on).collect::<Vec<_>>();
    let mut rows = vec![
        ("leads".to_owned(), leads.iter().map(|lead| lead.created_on).collect()),
        ("all deals".to_owned(), created(deals)),
    ];
    let groups = groups.iter().take(RATE_GROUPS_MAX);
    rows.extend(groups.map(|(name, deals)| (name.clone(), created(deals))));
    let first = |arrived: &[Date]| arrived.iter().min().copied();
    let rates = |(name, arrived): (String, Vec<Date>)| {
        let days = days_of_whole_months(&arrived, first(&arrived)?, as_of);
        Some(ArrivalRates { name, arrivals: arrivals(&days, MONTHS) })
    };
    rows.into_iter().filter_map(rates).collect()
}

/// The days of the months that are known from their first to their last day: not that of the first
/// arrival, in which records may have begun at any time.
fn days_of_whole_months(arrived: &[Date], first: Date, as_of: Date) -> Vec<Day> {
    let mut counts: BTreeMap<Date, u32> = BTreeMap::new();
    for day in arrived {
        *counts.entry(*day).or_default() += 1;
    }
    let from = first.last_of_month().tomorrow().unwrap_or(first);
    let is_whole = |day: &Date| day.last_of_month() <= as_of;
    let days = from.series(1.day()).take_while(is_whole);
    days.map(|date| Day {
        arrived: counts.get(&date).copied().unwrap_or(0),
        period: u32::from(date.year().unsigned_abs()) * 12 + u32::from(month(date)),
        season: u32::from(month(date)),
        kind: u32::from(date.weekday().to_monday_zero_offset().unsigned_abs()),
    })
    .collect()
}

fn month(date: Date) -> u8 {
    date.month().unsigned_abs()
}
