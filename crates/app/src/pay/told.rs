//! What pay is calculated from, as the company's picture has it: won deals, and whatever else
//! somebody is paid by, each with its owner or with the touches that led to it.

mod leads;
mod shares;
mod subscriptions;

pub(super) use subscriptions::is_as_long;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::deal::Deal;
use domain::kind::Kind;
use domain::pay::counted::{Counted, Metric};
use domain::pay::facts::{Fact, What, Won};
use domain::pay::plan::Plan;
use domain::period::Period;
use domain::stage::Outcome;
use jiff::civil::Date;
use reports::attribution::Conversions;
use uuid::Uuid;

use crate::attribution::touched::channels;
use crate::context::Context;
use crate::error::Error;
use crate::world::World;
use shares::After;

/// What plans count, and the periods over which somebody is kept as a customer.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    pub counted: BTreeSet<Counted>,
    pub first_periods: BTreeSet<Period>,
}

impl Needs {
    pub fn of<'p>(plans: impl IntoIterator<Item = &'p Plan>) -> Needs {
        let mut needs = Needs::default();
        for plan in plans {
            needs.counted.extend(plan.counted());
            needs.first_periods.insert(plan.terms().first_period);
        }
        needs
    }

    fn has(&self, metric: Metric) -> bool {
        self.counted.iter().any(|counted| counted.metric == metric)
    }
}

/// The facts with what the reader must know of them. Owners are named by the ids of users.
#[derive(Default)]
pub(super) struct Told {
    pub facts: Vec<Fact>,
    pub notes: Vec<String>,
}

/// Gathers what is needed.
pub(super) async fn told(context: &Context, world: &World, needs: &Needs) -> Result<Told, Error> {
    let products = products(context).await?;
    let after = match needs.counted.iter().any(|counted| counted.metric.is_of_wins()) {
        true => shares::after(world).await?,
        false => HashMap::new(),
    };
    let deals = Deals { products: &products, after: &after };
    let mut told = Told::default();
    let own = |metric| needs.counted.contains(&Counted { metric, by_touch: false });
    for metric in Metric::ALL.into_iter().filter(|metric| needs.has(*metric)) {
        let found = match metric {
            Metric::Revenue => {
                let won = world.deals.iter().filter(|deal| deal.outcome == Outcome::Won);
                deals.of(won, metric)
            }
            Metric::Wins => {
                let won = world.deals.iter().filter(|deal| deal.outcome == Outcome::Won);
                deals.of(won.filter(|deal| !deal.contradictory), metric)
            }
            Metric::PipelineCreated | Metric::OpportunitiesCreated => {
                let sound = world.deals.iter().filter(|deal| !deal.contradictory);
                deals.of(sound, metric)
            }
            Metric::Mqls | Metric::HandOffsAccepted | Metric::Sqls => {
                leads::of_leads(context, world, metric, &products).await?
            }
            Metric::RenewedMonthlyAmount => {
                subscriptions::kept((context, world), &needs.first_periods, &products).await?
            }
        };
        if own(metric) {
            told.own(metric, &found);
        }
        if needs.counted.contains(&Counted { metric, by_touch: true }) {
            told.touched(context, world, (metric, found)).await?;
        }
    }
    told.beyond_whole(world, &after);
    Ok(told)
}

/// A record that counts, before it is known for whom.
struct Found {
    record: Uuid,
    owner: Option<Uuid>,
    facts: Vec<Fact>,
}

impl Told {
    /// Names deals whose shares make no sense: their owner has all of their credit.
    fn beyond_whole(&mut self, world: &World, after: &HashMap<Uuid, After>) {
        let is_beyond =
            |deal: &&Deal| after.get(&deal.id).is_some_and(|after| after.is_beyond_whole);
        let deals = world.deals.iter().filter(is_beyond).map(|deal| deal.external_id.as_str());
        let deals: Vec<&str> = deals.collect();
        if !deals.is_empty() {
            self.notes.push(format!(
                "Shares of other owners beyond 100 %, so that the owner has all: {}.",
                deals.join(", ")
            ));
        }
    }

    /// What its owners are credited with; what nobody owns, or has no day or amount, pays nobody.
    fn own(&mut self, metric: Metric, found: &[Found]) {
        let pays = |found: &&Found| found.owner.is_some() && !found.facts.is_empty();
        let without = found.iter().filter(|found| !pays(found)).count();
        self.facts.extend(found.iter().filter(pays).flat_map(|found| found.facts.iter().cloned()));
        if without > 0 {
            self.notes.push(match metric {
                Metric::Revenue => format!(
                    "Won deals without an owner, a day or an amount, which pay nobody: {without}."
                ),
                _ => format!(
                    "Of {}, without an owner or an amount, which pay nobody: {without}.",
                    metric.name()
                ),
            });
        }
    }

    /// The same by the touches that led to it, whoever owns it.
    async fn touched(
        &mut self,
        context: &Context,
        world: &World,
        (metric, found): (Metric, Vec<Found>),
    ) -> Result<(), Error> {
        let conversion = match metric {
            Metric::Revenue | Metric::Wins => Conversions::Wins,
            Metric::PipelineCreated | Metric::OpportunitiesCreated => Conversions::Opportunities,
            _ => Conversions::Mqls,
        };
        let led: HashMap<Uuid, Vec<String>> = channels(context, world, conversion).await?;
        let mut without = 0_usize;
        for found in found {
            let Some(touched) = led.get(&found.record) else {
                without += 1;
                continue;
            };
            for mut fact in found.facts {
                fact.of.by_touch = true;
                if let What::Won(won) = &mut fact.what {
                    (won.owner, won.splits) = (String::new(), Vec::new());
                    won.touched.clone_from(touched);
                }
                self.facts.push(fact);
            }
        }
        if without > 0 {
            let name = metric.name();
            self.notes
                .push(format!("Of {name}, without a touch before, so of no channel: {without}."));
        }
        Ok(())
    }
}

pub(super) async fn products(context: &Context) -> Result<BTreeMap<Uuid, String>, Error> {
    Ok(context.store.names(Kind::Products).await?.into_iter().collect())
}

/// What deals come to, with what is told of them beside.
struct Deals<'t> {
    products: &'t BTreeMap<Uuid, String>,
    after: &'t HashMap<Uuid, After>,
}

impl Deals<'_> {
    fn of<'d>(&self, deals: impl Iterator<Item = &'d Deal>, metric: Metric) -> Vec<Found> {
        deals.map(|deal| self.of_deal(deal, metric)).collect()
    }

    /// What counts of a deal with the amount of its day, and each amount that became known later.
    /// It is taken as known on the day on which it counts, and what followed on its own day.
    fn of_deal(&self, deal: &Deal, metric: Metric) -> Found {
        let of = Counted { metric, by_touch: false };
        let on = match metric.is_of_wins() {
            true => deal.closed_on,
            false => Some(deal.created_on),
        };
        let owner = deal.owner.map(|owner| owner.to_string()).unwrap_or_default();
        let after = self.after.get(&deal.id).filter(|_| metric.is_of_wins());
        let splits = match (metric, after) {
            (Metric::Revenue, Some(after)) => after.splits(&owner),
            _ => Vec::new(),
        };
        let fact = |known_on: Date, what: What| Fact {
            of,
            deal: deal.external_id.clone(),
            known_on,
            what,
        };
        let won = |on: Date, (known_on, amount): (Date, i64)| {
            let (owner, splits, touched) = (owner.clone(), splits.clone(), Vec::new());
            let tags = tags(deal, self.products);
            fact(known_on, What::Won(Won { on, amount, owner, splits, tags, touched }))
        };
        let mut facts: Vec<Fact> = on.map_or(Vec::new(), |on| {
            // One amount a day: the last of it.
            let known: BTreeMap<Date, i64> = match metric.unit() {
                Some(_) => [(on, 1)].into(),
                None => {
                    let told = deal.amounts.iter();
                    told.map(|(day, amount)| ((*day).max(on), amount.minor)).collect()
                }
            };
            known.into_iter().map(|known| won(on, known)).collect()
        });
        if !facts.is_empty() {
            let events = after.into_iter().flat_map(|after| &after.events);
            facts.extend(events.map(|(on, what)| fact(*on, what.clone())));
        }
        Found { record: deal.id, owner: deal.owner, facts }
    }
}

/// What measures and SPIFFs may ask for.
pub(super) fn tags(deal: &Deal, products: &BTreeMap<Uuid, String>) -> Vec<String> {
    let product = deal.product.and_then(|product| products.get(&product));
    let mut tags: Vec<String> = deal.deal_type.iter().chain(product).cloned().collect();
    tags.sort();
    tags
}
