//! Dead pipeline: open deals older than any deal was when it closed.
//!
//! A deal's age is the days since it was created. The oldest age at which any deal ever closed, won
//! or lost, is the mark: nothing in the company's history says that an older one will close.

use std::collections::BTreeMap;

use domain::deal::Deal;
use domain::money::{Currency, Money};
use domain::stage::Outcome;
use jiff::civil::Date;
use serde_json::{Value, json};
use stats::sample::Sample;
use uuid::Uuid;

use super::sales::cycle_days;
use crate::document::{Cell, Table};
use crate::render::{code, counted, named, short};

/// How many of the dead deals are listed.
pub const BIGGEST_LISTED: usize = 25;
/// How many bars the picture of ages has at most.
const AGE_BINS_MAX: i32 = 40;

#[derive(Clone, Debug, PartialEq)]
pub struct DeadPipeline {
    /// The open deals whose age is known, and what they are worth.
    pub open: Amounts,
    /// Open deals whose creation day the source does not tell.
    pub of_unknown_age: usize,
    /// The age of the oldest deal that ever closed, and which that was.
    pub oldest_close_days: i32,
    pub oldest_close_id: String,
    pub oldest_win_days: Option<i32>,
    pub bands: Vec<Band>,
    pub dead: Amounts,
    pub by_stage: Vec<Share>,
    pub by_owner: Vec<Share>,
    /// The dead deals that are worth most.
    pub biggest: Vec<DeadDeal>,
    pub ages: Vec<AgeBin>,
    /// Whether any amount stands in for one that is not known.
    pub estimated: usize,
}

/// A number of deals and their amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amounts {
    pub deals: usize,
    pub amount: Money,
}

/// The open deals of an age, against the ages at which deals closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    pub name: String,
    pub open: Amounts,
}

/// How much of the open pipeline of an owner or a stage is dead.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub name: String,
    pub open: usize,
    pub dead: Amounts,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DeadDeal {
    pub id: String,
    pub name: Option<String>,
    pub account: Option<String>,
    pub owner: Option<String>,
    pub stage: Option<String>,
    pub created_on: Date,
    pub age_days: i32,
    pub amount: Option<Money>,
}

/// Deals aged from `from_days` up to and including `to_days`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgeBin {
    pub from_days: i32,
    pub to_days: i32,
    pub open: usize,
    /// Closed at that age.
    pub closed: usize,
}

/// What deals are called by, and which of them tell when they were created.
pub struct Names<'a> {
    pub owners: &'a BTreeMap<Uuid, String>,
    pub accounts: &'a BTreeMap<Uuid, String>,
    pub tells_creation: &'a dyn Fn(&Deal) -> bool,
}

impl DeadPipeline {
    /// `None` where nothing is open or nothing has ever closed.
    pub fn new(deals: &[Deal], as_of: Date, currency: Currency, names: &Names) -> Option<Self> {
        let sound = || deals.iter().filter(|deal| !deal.contradictory);
        let all_open: Vec<&Deal> = sound().filter(|deal| deal.is_open()).collect();
        let open: Vec<Aged> = (all_open.iter().filter(|deal| (names.tells_creation)(deal)))
            .map(|deal| Aged { deal, age_days: (as_of - deal.created_on).get_days() })
            .collect();
        let closed: Vec<Aged> = sound()
            .filter_map(|deal| Some(Aged { deal, age_days: cycle_days(deal)? as i32 }))
            .collect();
        let oldest = closed.iter().max_by_key(|aged| (aged.age_days, &aged.deal.external_id))?;
        if open.is_empty() {
            return None;
        }
        let mark = oldest.age_days;
        let won = closed.iter().filter(|aged| aged.deal.outcome == Outcome::Won);
        let win_ages: Vec<i32> = won.map(|aged| aged.age_days).collect();
        let dead: Vec<&Aged> = open.iter().filter(|aged| aged.age_days > mark).collect();
        let owner = |aged: &Aged| aged.deal.owner.and_then(|id| names.owners.get(&id)).cloned();
        let stage = |aged: &Aged| aged.deal.stage.clone();
        Some(DeadPipeline {
            of_unknown_age: all_open.len() - open.len(),
            oldest_close_days: mark,
            oldest_close_id: oldest.deal.external_id.clone(),
            oldest_win_days: win_ages.iter().max().copied(),
            bands: bands(&open, &win_ages, mark, currency),
            dead: amounts(dead.iter().copied(), currency),
            by_stage: shares(&open, mark, currency, stage),
            by_owner: shares(&open, mark, currency, owner),
            biggest: biggest(&dead, names),
            ages: bins(&open, &closed, mark),
            estimated: dead.iter().filter(|aged| aged.deal.amount.is_none()).count(),
            open: amounts(open.iter(), currency),
        })
    }

    /// The share of the open deals that are dead.
    pub fn share(&self) -> f64 {
        self.dead.deals as f64 / self.open.deals.max(1) as f64
    }

    pub fn answer(&self) -> String {
        if self.dead.deals == 0 {
            return format!(
                "No open deal is older than the oldest that ever closed ({} days).",
                self.oldest_close_days
            );
        }
        format!(
            "{} of {} are older than any deal that ever closed ({} days): {} that nothing in your \
             history says will come.",
            grouped(self.dead.deals),
            counted_grouped(self.open.deals, "open deal"),
            self.oldest_close_days,
            short(self.dead.amount)
        )
    }

    pub fn bands_table(&self) -> Table {
        let code = code(self.open.amount.currency);
        let mut table = Table::new(
            "Open deals by age",
            &["Age", ">Deals", ">Share", &format!(">Amount {code}")],
        );
        for band in &self.bands {
            let share = band.open.deals as f64 / self.open.deals.max(1) as f64;
            table.row([
                band.name.as_str().into(),
                band.open.deals.into(),
                Cell::Share(share),
                band.open.amount.into(),
            ]);
        }
        table
    }

    pub fn owners_table(&self) -> Table {
        shares_table("Dead deals by owner", "Owner", &self.by_owner, self.open.amount.currency)
    }

    pub fn stages_table(&self) -> Table {
        shares_table("Dead deals by stage", "Stage", &self.by_stage, self.open.amount.currency)
    }

    pub fn biggest_table(&self) -> Table {
        let code = code(self.open.amount.currency);
        let title = format!("The {} that are worth most", counted(self.biggest.len(), "dead deal"));
        let mut table = Table::new(
            &title,
            &[
                "Deal",
                "Account",
                "Owner",
                "Stage",
                "Created",
                ">Age, days",
                &format!(">Amount {code}"),
            ],
        );
        for deal in &self.biggest {
            table.row([
                deal.name.as_ref().unwrap_or(&deal.id).as_str().into(),
                deal.account.clone().into(),
                deal.owner.clone().into(),
                deal.stage.clone().into(),
                deal.created_on.into(),
                Cell::Count(i64::from(deal.age_days)),
                deal.amount.into(),
            ]);
        }
        table
    }

    pub fn ages_table(&self) -> Table {
        let mut table =
            Table::new("Ages", &["Age, days", ">Closed at that age", ">Open at that age"]);
        for bin in &self.ages {
            table.row([
                format!("{} to {}", bin.from_days, bin.to_days).into(),
                bin.closed.into(),
                bin.open.into(),
            ]);
        }
        table
    }

    pub fn json(&self) -> Value {
        let deal = |deal: &DeadDeal| {
            json!({
                "id": deal.id,
                "name": deal.name,
                "account": deal.account,
                "owner": deal.owner,
                "stage": deal.stage,
                "created_on": deal.created_on.to_string(),
                "age_days": deal.age_days,
                "amount": deal.amount.map(Money::to_decimal),
            })
        };
        let band = |band: &Band| json!({ "name": band.name, "open": band.open.json() });
        json!({
            "open": self.open.json(),
            "open_of_unknown_age": self.of_unknown_age,
            "oldest_close_days": self.oldest_close_days,
            "oldest_close_id": self.oldest_close_id,
            "oldest_win_days": self.oldest_win_days,
            "dead": self.dead.json(),
            "dead_with_estimated_amount": self.estimated,
            "bands": self.bands.iter().map(band).collect::<Vec<_>>(),
            "by_stage": self.by_stage.iter().map(Share::json).collect::<Vec<_>>(),
            "by_owner": self.by_owner.iter().map(Share::json).collect::<Vec<_>>(),
            "biggest": self.biggest.iter().map(deal).collect::<Vec<_>>(),
        })
    }
}

impl Amounts {
    fn json(self) -> Value {
        json!({ "deals": self.deals, "amount": self.amount.to_decimal() })
    }
}

impl Share {
    fn json(&self) -> Value {
        json!({ "name": self.name, "open": self.open, "dead": self.dead.json() })
    }
}

struct Aged<'a> {
    deal: &'a Deal,
    age_days: i32,
}

fn amounts<'a>(aged: impl Iterator<Item = &'a Aged<'a>>, currency: Currency) -> Amounts {
    let mut sum = Amounts { deals: 0, amount: Money::zero(currency) };
    for aged in aged {
        sum.deals += 1;
        sum.amount.minor += worth(aged.deal).map_or(0, |amount| amount.minor);
    }
    sum
}

/// The amount known, else what stands in for it.
fn worth(deal: &Deal) -> Option<Money> {
    deal.estimated_amount.or(deal.amount)
}

fn bands(open: &[Aged], win_ages: &[i32], mark: i32, currency: Currency) -> Vec<Band> {
    let ages = Sample::new(win_ages.iter().map(|age| f64::from(*age)).collect());
    let usual = ages.quantile(0.9).floor() as i32;
    let last_win = win_ages.iter().max().copied().unwrap_or(0);
    let edges = [
        (format!("up to {usual} days: 9 of 10 wins came by then"), i32::MIN, usual),
        (format!("up to {last_win} days: the slowest win"), usual, last_win),
        (format!("up to {mark} days: the slowest loss"), last_win, mark),
        (format!("beyond {mark} days: nothing ever closed so late"), mark, i32::MAX),
    ];
    let band = |(name, above, to): (String, i32, i32)| {
        let within = open.iter().filter(|aged| above < aged.age_days && aged.age_days <= to);
        Band { name, open: amounts(within, currency) }
    };
    edges.into_iter().filter(|(_, above, to)| above < to).map(band).collect()
}

fn shares(
    open: &[Aged],
    mark: i32,
    currency: Currency,
    name: impl Fn(&Aged) -> Option<String>,
) -> Vec<Share> {
    let mut groups: BTreeMap<String, Vec<&Aged>> = BTreeMap::new();
    for aged in open {
        let name = name(aged).unwrap_or_else(|| "(not recorded)".to_owned());
        groups.entry(name).or_default().push(aged);
    }
    let share = |(name, aged): (String, Vec<&Aged>)| Share {
        name,
        open: aged.len(),
        dead: amounts(aged.into_iter().filter(|aged| aged.age_days > mark), currency),
    };
    let mut shares: Vec<Share> = groups.into_iter().map(share).collect();
    shares.retain(|share| share.dead.deals > 0);
    shares.sort_by_key(|share| std::cmp::Reverse(share.dead.amount.minor));
    shares
}

fn biggest(dead: &[&Aged], names: &Names) -> Vec<DeadDeal> {
    let mut dead: Vec<&&Aged> = dead.iter().collect();
    let size = |aged: &Aged| worth(aged.deal).map_or(0, |amount| amount.minor);
    dead.sort_by_key(|aged| (-size(aged), -aged.age_days, &aged.deal.external_id));
    let listed = |aged: &&&Aged| DeadDeal {
        id: aged.deal.external_id.clone(),
        name: aged.deal.name.clone(),
        account: aged.deal.account.and_then(|id| names.accounts.get(&id)).cloned(),
        owner: aged.deal.owner.and_then(|id| names.owners.get(&id)).cloned(),
        stage: aged.deal.stage.clone(),
        created_on: aged.deal.created_on,
        age_days: aged.age_days,
        amount: worth(aged.deal),
    };
    dead.iter().take(BIGGEST_LISTED).map(listed).collect()
}

/// Bars that hold all ages, of closed deals at closing and of open ones now: of equal width but
/// for the first, so that one ends with the mark.
fn bins(open: &[Aged], closed: &[Aged], mark: i32) -> Vec<AgeBin> {
    let oldest = open.iter().chain(closed).map(|aged| aged.age_days).max().unwrap_or(0).max(1);
    let width = [1, 2, 5, 7, 10, 14, 30, 60, 90, 180, 365]
        .into_iter()
        .find(|width| oldest / width < AGE_BINS_MAX)
        .unwrap_or(oldest / AGE_BINS_MAX + 1);
    let count = |aged: &[Aged], from: i32, to: i32| {
        aged.iter().filter(|aged| (from..=to).contains(&aged.age_days)).count()
    };
    let first = (mark + 1).rem_euclid(width);
    let (mut bins, mut from_days) = (Vec::new(), 0);
    while from_days <= oldest {
        let is_short = from_days == 0 && first > 0;
        let to_days = from_days + if is_short { first } else { width } - 1;
        let (open, closed) = (count(open, from_days, to_days), count(closed, from_days, to_days));
        bins.push(AgeBin { from_days, to_days, open, closed });
        from_days = to_days + 1;
    }
    bins
}

fn shares_table(title: &str, first: &str, shares: &[Share], currency: Currency) -> Table {
    let amount = format!(">Dead amount {}", code(currency));
    let columns = [first, ">Open", ">Dead", ">Share", amount.as_str()];
    let mut table = Table::new(title, &columns);
    for share in shares {
        table.row([
            share.name.as_str().into(),
            share.open.into(),
            share.dead.deals.into(),
            Cell::Share(share.dead.deals as f64 / share.open.max(1) as f64),
            share.dead.amount.into(),
        ]);
    }
    table
}

fn grouped(count: usize) -> String {
    crate::render::grouped(&count.to_string())
}

fn counted_grouped(count: usize, thing: &str) -> String {
    format!("{} {}", grouped(count), named(count, thing))
}
