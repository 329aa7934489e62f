//! Which part of a goal a deal belongs to: its product, its account's region, its owner's team.

use std::collections::{BTreeMap, BTreeSet};

use domain::deal::Deal;
use domain::goal::tree::{Dimension, Part, Tree};
use domain::kind::Kind;
use domain::name::plain;
use domain::period::{Days, FiscalCalendar, Period};
use jiff::civil::Date;
use store::record::Record;
use uuid::Uuid;

use super::referred;
use crate::context::Context;
use crate::error::Error;
use crate::listing::names;

/// What belongs to no other part.
pub const OTHER: &str = "Other";

/// Deals beside the names by which they are told apart.
pub struct Lens {
    deals: Vec<Deal>,
    products: BTreeMap<Uuid, String>,
    regions: BTreeMap<Uuid, String>,
    teams: BTreeMap<Uuid, String>,
}

impl Lens {
    /// Looks up what the dimensions need.
    pub async fn new(
        context: &Context,
        deals: &[Deal],
        dimensions: &[Dimension],
    ) -> Result<Lens, Error> {
        let mut lens = Lens {
            deals: deals.to_vec(),
            products: BTreeMap::new(),
            regions: BTreeMap::new(),
            teams: BTreeMap::new(),
        };
        if dimensions.contains(&Dimension::Product) {
            let ids = referred(deals, |deal| deal.product);
            lens.products = names(context, Kind::Products, ids.into_iter()).await?;
        }
        if dimensions.contains(&Dimension::Region) {
            let ids = referred(deals, |deal| deal.account);
            let accounts = context.store.records(Kind::Accounts, &ids).await?;
            let region = |account: &Record| text(account, "region").or(text(account, "country"));
            lens.regions = accounts.iter().filter_map(|a| Some((a.id, region(a)?))).collect();
        }
        if dimensions.contains(&Dimension::Team) {
            let ids = referred(deals, |deal| deal.owner);
            let users = context.store.records(Kind::Users, &ids).await?;
            let team = |user: &Record| user.values.get("team")?.as_ref()?.as_reference();
            let of: BTreeMap<Uuid, Uuid> =
                users.iter().filter_map(|user| Some((user.id, team(user)?))).collect();
            let teams: BTreeSet<Uuid> = of.values().copied().collect();
            let teams = names(context, Kind::Teams, teams.into_iter()).await?;
            let named = of.into_iter().filter_map(|(user, team)| Some((user, teams.get(&team)?)));
            lens.teams = named.map(|(user, team)| (user, team.clone())).collect();
        }
        Ok(lens)
    }

    /// The first day on which a deal was created.
    pub fn since(&self) -> Option<Date> {
        self.deals.iter().map(|deal| deal.created_on).min()
    }

    /// What a deal is called by a dimension; `None` where it has no such name.
    pub fn name(&self, deal: &Deal, dimension: Dimension) -> Option<String> {
        match dimension {
            Dimension::Quarter | Dimension::Leg => None,
            Dimension::Team => self.teams.get(&deal.owner?).cloned(),
            Dimension::Region => self.regions.get(&deal.account?).cloned(),
            Dimension::Product => self.products.get(&deal.product?).cloned(),
            Dimension::Source => deal.source.clone(),
            Dimension::Person => deal.owner.map(|owner| owner.to_string()),
        }
    }

    /// The deals of a part and the days in which they count; `None` where a part on the way is by
    /// what no deal tells, such as a leg.
    pub fn of_path(
        &self,
        tree: &Tree,
        part: Uuid,
        calendar: FiscalCalendar,
        within: Days,
    ) -> Option<(Vec<Deal>, Days)> {
        let mut days = within;
        let mut deals: Vec<&Deal> = self.deals.iter().collect();
        for part in tree.path(part) {
            match part.dimension {
                Dimension::Leg => return None,
                Dimension::Quarter => {
                    let quarter = calendar.days(part.name.parse::<Period>().ok()?);
                    days.first = days.first.max(quarter.first);
                    days.last = days.last.min(quarter.last);
                }
                _ => {
                    let siblings: Vec<String> =
                        tree.parts_of(part.whole).map(|part| plain(&part.name)).collect();
                    deals.retain(|deal| self.belongs(deal, part, &siblings));
                }
            }
        }
        Some((deals.into_iter().cloned().collect(), days))
    }

    fn belongs(&self, deal: &Deal, part: &Part, siblings: &[String]) -> bool {
        let name = self.name(deal, part.dimension).map(|name| plain(&name));
        let is_named = name.as_ref().is_some_and(|name| siblings.contains(name));
        match is_named {
            true => name.is_some_and(|name| name == plain(&part.name)),
            false => part.name == OTHER,
        }
    }
}

fn text(record: &Record, field: &str) -> Option<String> {
    record.values.get(field)?.as_ref()?.as_text().map(str::to_owned)
}
