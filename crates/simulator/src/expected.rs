//! What the true parameters imply: the shares and rates that an estimator should come near when it
//! is given enough data. Computed from the parameters alone, never from what was drawn.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::World;
use crate::long_run::{MQL_TO_SAL, win_share_by_product};
use crate::model::{CHANNELS, DEALS, LEADS, PERSONAS, PRODUCTS, STAGES, age_band};

#[derive(Serialize)]
pub struct Expected {
    /// Leads by month of arrival.
    leads_by_month: BTreeMap<String, f64>,
    /// Share of inquiries that ever become MQL, by source, over all products and personas.
    inquiry_to_mql_by_source: BTreeMap<&'static str, f64>,
    inquiry_to_mql: f64,
    /// Over all MQLs, dropped hand-offs included.
    mql_to_sal: f64,
    sal_to_sql: f64,
    sql_to_opportunity: f64,
    /// Of the visits to a stage by deals that close some day, without effects of segment or
    /// quarter, where each leads.
    deal_stage_shares: Vec<Exits>,
    /// Of new-business deals that leads brought and that close some day, the share won, by product.
    win_share_by_product: BTreeMap<&'static str, f64>,
    /// The same by source, over all products and with the mean effects of competitor and quarter,
    /// so correct to about 0.02.
    win_share_by_source: BTreeMap<&'static str, f64>,
    /// Share of closable among all deals.
    closable: f64,
}

#[derive(Serialize)]
struct Exits {
    stage: &'static str,
    advance: f64,
    lost: f64,
    back: f64,
}

/// After so many days in a stage nothing is left to happen.
const AGE_DAYS_MAX: i64 = 3_000;

impl Expected {
    pub fn of(world: &World) -> Self {
        let fit = average(PRODUCTS.iter().map(|it| (it.lead_share, it.mql_effect)))
            * average(PERSONAS.iter().map(|it| (it.share, it.mql_effect)));
        let mql = LEADS.inquiry_to_mql * world.model.mql_scale * fit;
        let by_source = CHANNELS.iter().map(|channel| (channel.name, mql * channel.mql_effect));
        let mix = average(CHANNELS.iter().map(|it| (it.lead_share, it.mql_effect)));
        let sources = (0..CHANNELS.len()).map(|channel| {
            let shares = PRODUCTS.iter().map(|product| product.lead_share);
            (CHANNELS[channel].name, mean(shares, |product| win_share(product, channel)))
        });
        Self {
            leads_by_month: leads_by_month(world),
            inquiry_to_mql_by_source: by_source.collect(),
            inquiry_to_mql: mql * mix,
            mql_to_sal: MQL_TO_SAL,
            sal_to_sql: LEADS.sal_to_sql,
            sql_to_opportunity: LEADS.sql_to_opportunity,
            deal_stage_shares: (0..STAGES.len()).map(|stage| exits(stage, 1.0, 1.0, 1.0)).collect(),
            win_share_by_product: PRODUCTS
                .iter()
                .map(|it| it.name)
                .zip(win_share_by_product())
                .collect(),
            win_share_by_source: sources.collect(),
            closable: 1.0 - DEALS.never_closing,
        }
    }
}

fn leads_by_month(world: &World) -> BTreeMap<String, f64> {
    let mut months = BTreeMap::new();
    for (day, share) in world.calendar.arrival_shares() {
        let month = months.entry(world.calendar.month_name(day)).or_insert(0.0);
        *month += share * world.settings.leads as f64;
    }
    months
}

/// Of pairs of a share and an effect.
fn average(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    pairs.map(|(share, effect)| share * effect).sum()
}

fn mean(shares: impl Iterator<Item = f64>, value: impl Fn(usize) -> f64) -> f64 {
    shares.enumerate().map(|(index, share)| share * value(index)).sum()
}

/// Share won of new business that closes some day.
fn win_share(product: usize, channel: usize) -> f64 {
    let product = &PRODUCTS[product];
    let late = product.win_effect * CHANNELS[channel].deal_effect * competitor_mean();
    let effects = [1.0, 1.0, late, late * won_quarter_mean()];
    let stages: Vec<Exits> = (0..STAGES.len())
        .map(|stage| exits(stage, product.pace_effect, effects[stage], lost_quarter_mean()))
        .collect();
    absorbed_in_win(&stages)
}

/// Solves p(stage) = advance · p(next) + back · p(previous), with p = 1 once won, for the first.
fn absorbed_in_win(stages: &[Exits]) -> f64 {
    let mut win = vec![0.0; stages.len() + 1];
    win[stages.len()] = 1.0;
    for _ in 0..100 {
        for (index, exits) in stages.iter().enumerate() {
            let before = win[index.saturating_sub(1)];
            win[index] = exits.advance * win[index + 1] + exits.back * before;
        }
    }
    win[0]
}

fn exits(stage: usize, pace: f64, advance_effect: f64, lost_effect: f64) -> Exits {
    let truth = &STAGES[stage];
    let mut exits = Exits { stage: truth.stage, advance: 0.0, lost: 0.0, back: 0.0 };
    let mut staying = 1.0;
    for age in 0..AGE_DAYS_MAX {
        let band = age_band(age);
        let (advance, lost) =
            (truth.advance[band] * advance_effect, truth.lost[band] * lost_effect);
        let total = advance + lost + truth.back[band];
        let leaving = staying * (1.0 - (-pace * total).exp());
        exits.advance += leaving * advance / total;
        exits.lost += leaving * lost / total;
        exits.back += leaving * truth.back[band] / total;
        staying -= leaving;
    }
    exits
}

fn competitor_mean() -> f64 {
    1.0 + DEALS.competitor_share * (DEALS.competitor_effect - 1.0)
}

/// A quarter has 91 days, of which 14 at either end are special; half of the amounts are large.
fn won_quarter_mean() -> f64 {
    let last = f64::midpoint(DEALS.quarter_end_large, DEALS.quarter_end_small);
    (14.0 * last + 14.0 * DEALS.quarter_start + 63.0) / 91.0
}

fn lost_quarter_mean() -> f64 {
    (14.0 * DEALS.quarter_start_lost + 77.0) / 91.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_left_in_one_of_three_ways() {
        for stage in 0..STAGES.len() {
            let Exits { stage, advance, lost, back } = exits(stage, 1.0, 1.0, 1.0);
            assert!((advance + lost + back - 1.0).abs() < 1e-6, "{stage}");
        }
    }

    #[test]
    fn winning_without_ways_back_is_the_product_of_the_stages() {
        let stage = |advance| Exits { stage: "", advance, lost: 1.0 - advance, back: 0.0 };
        assert!((absorbed_in_win(&[stage(0.5), stage(0.4)]) - 0.2).abs() < 1e-12);
    }
}
