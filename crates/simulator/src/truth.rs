//! `truth.json`: the true parameters, what they lead one to expect, and what came to pass. An
//! estimator's yardstick; no estimate is made here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::deal::Deal;
use crate::expected::Expected;
use crate::long_run::{Group, InTheLongRun};
use crate::model::Model;
use crate::rows::Money;
use crate::workforce::Employment;
use crate::{Error, Export, Settings, World, deal, lead};

/// What came to pass, counted while it was written.
#[derive(Default)]
pub struct Totals {
    /// By final stage, in the order of [`lead::Stage::ALL`].
    pub leads_now: [u64; 8],
    /// Leads that were ever in the stage.
    pub leads_ever: [u64; 8],
    pub deals_now: [u64; 6],
    pub deals_never_closing: u64,
    pub deals_from_leads: u64,
    pub expansion_deals: u64,
    /// In the order of [`Group::ALL`].
    pub deals_by_group: [u64; Group::ALL.len()],
    /// By calendar quarter of closing: number and amount.
    pub won_by_quarter: BTreeMap<String, (u64, i64)>,
    pub touches_by_channel: BTreeMap<&'static str, u64>,
    pub anonymous_touches: u64,
    pub subscriptions_by_status: BTreeMap<&'static str, u64>,
}

impl Totals {
    pub fn count_lead(&mut self, last: lead::Stage, ever: [bool; 8]) {
        self.leads_now[last as usize] += 1;
        for (count, was) in self.leads_ever.iter_mut().zip(ever) {
            *count += u64::from(was);
        }
    }

    pub fn count_deal(&mut self, world: &World, kind: deal::Kind, deal: &Deal, from_lead: bool) {
        self.deals_now[deal.last.stage as usize] += 1;
        self.deals_never_closing += u64::from(deal.never_closes);
        self.deals_from_leads += u64::from(from_lead);
        self.expansion_deals += u64::from(kind == deal::Kind::Expansion);
        self.deals_by_group[Group { kind, from_lead }.index()] += 1;
        if deal.last.stage == deal::Stage::ClosedWon {
            let quarter = world.calendar.quarter_name(deal.last.close_day);
            let won = self.won_by_quarter.entry(quarter).or_default();
            *won = (won.0 + 1, won.1 + deal.last.amount.0);
        }
    }
}

#[derive(Serialize)]
pub struct Truth<'a> {
    settings: &'a Settings,
    parameters: &'a Model,
    expected: Expected,
    in_the_long_run: InTheLongRun,
    realised: Realised<'a>,
    employment: Vec<Employment>,
}

#[derive(Serialize)]
struct Realised<'a> {
    rows: BTreeMap<&'static str, u64>,
    leads_by_final_stage: BTreeMap<&'static str, u64>,
    leads_ever_in_stage: BTreeMap<&'static str, u64>,
    deals_by_stage: BTreeMap<&'static str, u64>,
    deals_never_closing: u64,
    deals_from_leads: u64,
    expansion_deals: u64,
    won_by_quarter: BTreeMap<&'a str, Won>,
    touches_by_channel: &'a BTreeMap<&'static str, u64>,
    anonymous_touches: u64,
    subscriptions_by_status: &'a BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Won {
    deals: u64,
    /// Dollars.
    revenue: Money,
}

pub fn write(
    world: &World,
    totals: &Totals,
    files: &[Export],
    folder: &Path,
) -> Result<PathBuf, Error> {
    let path = folder.join("truth.json");
    let failed = |source| Error::Write { path: path.clone(), source };
    let truth = serde_json::to_string_pretty(&Truth::of(world, totals, files));
    let text = truth.map_err(|error| failed(error.into()))?;
    fs::write(&path, text + "\n").map_err(failed)?;
    Ok(path)
}

impl<'a> Truth<'a> {
    pub fn of(world: &'a World, totals: &'a Totals, files: &[Export]) -> Self {
        Self {
            settings: &world.settings,
            parameters: &world.model,
            expected: Expected::of(world),
            in_the_long_run: InTheLongRun::of(totals.deals_by_group),
            realised: realised(totals, files),
            employment: world.workforce.employment(&world.calendar),
        }
    }
}

fn realised<'a>(totals: &'a Totals, files: &[Export]) -> Realised<'a> {
    let lead_names = lead::Stage::ALL.map(lead::Stage::name);
    let deal_names = deal::Stage::ALL.map(deal::Stage::name);
    let won = totals.won_by_quarter.iter();
    Realised {
        rows: files.iter().map(|file| (file.kind, file.rows)).collect(),
        leads_by_final_stage: lead_names.into_iter().zip(totals.leads_now).collect(),
        leads_ever_in_stage: lead_names.into_iter().zip(totals.leads_ever).collect(),
        deals_by_stage: deal_names.into_iter().zip(totals.deals_now).collect(),
        deals_never_closing: totals.deals_never_closing,
        deals_from_leads: totals.deals_from_leads,
        expansion_deals: totals.expansion_deals,
        won_by_quarter: won
            .map(|(quarter, (deals, cents))| {
                (quarter.as_str(), Won { deals: *deals, revenue: Money(*cents) })
            })
            .collect(),
        touches_by_channel: &totals.touches_by_channel,
        anonymous_touches: totals.anonymous_touches,
        subscriptions_by_status: &totals.subscriptions_by_status,
    }
}
