//! Draws a company inside the model from a seed; `twist` makes the other worlds of it.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::company::{
    Amounts, AmountsKnown, Arrivals, Began, Calendar, Class, Company, Deals, Habits, Product,
    Records, Segment, Seller, StageShare,
};
use super::days::quarter_end;
use super::hazards::Shape;
use super::twist;
use super::world::World;
use crate::random::{Stream, Subject};

/// Deals created by the day of the export.
const DEALS_MIN: f64 = 60.0;
const DEALS_MAX: f64 = 20_000.0;

pub const FOREVER: i64 = 1_000_000;

pub fn company(seed: u64) -> Company {
    let world = World::of(seed);
    let mut stream = Stream::of(seed, Subject::Company, 0);
    let mut company = plain(seed, world, &mut stream);
    let mut expected_deals = log_uniform(&mut stream, DEALS_MIN, DEALS_MAX);
    company.also = twist::others(seed, world);
    let mut worlds = [&[world], company.also.as_slice()].concat();
    // Sizes first: what other worlds do is measured by them.
    worlds.sort_by_key(|world| !world.is_of_size());
    for world in worlds {
        let mut stream = Stream::of(seed, Subject::Twist, world as u64);
        twist::twist(&mut company, &mut expected_deals, world, &mut stream);
    }
    settle(&mut company, expected_deals);
    company
}

/// What follows from the rest: the rate that gives the wanted number of deals, and the usual load.
fn settle(company: &mut Company, expected_deals: f64) {
    let days = company.day_of(company.export_on) + 1;
    let weight: f64 = (0..days).map(|day| company.arrival_weight(day)).sum();
    company.arrivals.per_day = expected_deals / weight.max(1e-9);
    let cycle: f64 = company.classes.iter().map(|it| it.share * it.cycle_days_median).sum();
    let sellers = company.sellers.len().max(1) as f64;
    company.deals.load_reference = (expected_deals / days as f64 * cycle / sellers).max(1.0);
}

fn plain(seed: u64, world: World, stream: &mut Stream) -> Company {
    let history_days = stream.between(365, 4 * 365);
    let start = day_in_2018_to_2022(stream);
    let export_on = start.saturating_add(history_days.days());
    let quarter = quarter_end(export_on.saturating_add(1.days()));
    let end = (0..3).fold(quarter, |end, _| quarter_end(end.saturating_add(1.days())));
    let deal_median = log_uniform(stream, 300.0, 120_000.0);
    Company {
        seed,
        world,
        is_inside: world.is_inside(),
        also: Vec::new(),
        start,
        export_on,
        end,
        began: weighted(
            stream,
            &[(Began::Empty, 0.4), (Began::Running, 0.35), (Began::Migrated, 0.25)],
        ),
        arrivals: arrivals(stream),
        products: products(stream, deal_median),
        sources: sources(stream),
        sellers: sellers(stream),
        classes: vec![class(stream)],
        stages: stages(stream),
        deals: deals(stream),
        calendar: calendar(stream),
        habits: Habits::default(),
        renewals: None,
        records: records(stream),
    }
}

fn day_in_2018_to_2022(stream: &mut Stream) -> Date {
    date(2018, 1, 1).saturating_add(stream.between(0, 5 * 365).days())
}

fn arrivals(stream: &mut Stream) -> Arrivals {
    let weekend = if stream.chance(0.8) { 0.05 } else { 0.6 };
    Arrivals {
        per_day: 0.0,
        growth_per_year: if stream.chance(0.5) { stream.normal(0.05, 0.12) } else { 0.0 },
        month_effect: if stream.chance(0.5) { season(stream, 0.12) } else { [1.0; 12] },
        weekday_effect: [1.1, 1.2, 1.15, 1.1, 0.9, weekend, weekend],
        spells: Vec::new(),
        in_lots: 0.0,
    }
}

/// Effects of the months: a yearly wave and noise, 1 on average.
pub fn season(stream: &mut Stream, sigma: f64) -> [f64; 12] {
    let phase = stream.uniform() * std::f64::consts::TAU;
    let raw: [f64; 12] = std::array::from_fn(|month| {
        let wave = (std::f64::consts::TAU * month as f64 / 12.0 + phase).sin();
        (sigma * wave + stream.normal(0.0, 0.6 * sigma)).exp()
    });
    let mean = raw.iter().sum::<f64>() / 12.0;
    raw.map(|effect| effect / mean)
}

fn products(stream: &mut Stream, deal_median: f64) -> Vec<Product> {
    let count = stream.between(1, 7) as usize;
    let spread = 0.2 + stream.uniform();
    let list_prices = stream.chance(0.3);
    let step: f64 = weighted(stream, &[(1.0, 0.4), (10.0, 0.2), (100.0, 0.3), (500.0, 0.1)]);
    let shares = shares(stream, count, 1.0);
    let product = |(index, share): (usize, f64)| {
        let sigma = if list_prices { 0.08 } else { 0.3 + 0.7 * stream.uniform() };
        Product {
            name: format!("Product {}", char::from(b'A' + index as u8)),
            share,
            from_day: -FOREVER,
            to_day: FOREVER,
            win_effect: stream.normal(0.0, 0.15).exp(),
            pace_effect: stream.normal(0.0, 0.15).exp(),
            amounts: Amounts {
                median: deal_median * stream.normal(0.0, spread).exp(),
                sigma,
                tail_share: 0.0,
                tail_alpha: 2.0,
                step: step.min(deal_median / 10.0).max(1.0).round(),
            },
        }
    };
    shares.into_iter().enumerate().map(product).collect()
}

const SOURCES: [&str; 7] =
    ["Website", "Referral", "Outbound", "Event", "Partner", "Paid Search", "Webinar"];

fn sources(stream: &mut Stream) -> Vec<Segment> {
    let count = stream.between(1, SOURCES.len() as i64) as usize;
    let shares = shares(stream, count, 1.0);
    let source = |(name, share): (&&str, f64)| Segment {
        name: (*name).to_owned(),
        share,
        win_effect: stream.normal(0.0, 0.15).exp(),
        pace_effect: stream.normal(0.0, 0.1).exp(),
    };
    SOURCES.iter().zip(shares).map(source).collect()
}

fn sellers(stream: &mut Stream) -> Vec<Seller> {
    let count = log_uniform(stream, 1.0, 60.0).round() as usize;
    let skill = 0.3 * stream.uniform();
    let shares = shares(stream, count, 3.0);
    let seller = |(index, share)| Seller {
        name: format!("Seller {:02}", index + 1),
        share,
        win_effect: stream.normal(0.0, skill).exp(),
        from_day: -FOREVER,
        to_day: FOREVER,
    };
    shares.into_iter().enumerate().map(seller).collect()
}

pub fn class(stream: &mut Stream) -> Class {
    let shape = match stream.below(4) {
        0 | 1 => Shape::LogNormal { sigma: 0.4 + 0.9 * stream.uniform() },
        2 => Shape::Weibull { shape: 0.7 + 1.6 * stream.uniform() },
        _ => Shape::Gamma { shape: 0.6 + 3.4 * stream.uniform() },
    };
    Class {
        share: 1.0,
        shape,
        cycle_days_median: log_uniform(stream, 4.0, 270.0),
        win_share: 0.06 + 0.6 * stream.uniform() * stream.uniform().sqrt(),
        lost_lag: log_uniform(stream, 0.5, 2.5),
        amount_effect: 1.0,
    }
}

const STAGES: [&[&str]; 5] = [
    &["Engaging"],
    &["Qualification", "Proposal"],
    &["Discovery", "Proposal", "Negotiation"],
    &["Qualification", "Demo", "Proposal", "Negotiation"],
    &["Qualification", "Discovery", "Demo", "Proposal", "Negotiation", "Contract Sent"],
];

fn stages(stream: &mut Stream) -> Vec<StageShare> {
    let names = stream.pick(&STAGES);
    let of_days = shares(stream, names.len(), 2.0);
    let of_losses = shares(stream, names.len(), 1.5);
    let parts = of_days.into_iter().zip(of_losses);
    let stage =
        |(name, (of_days, of_losses)): (&&'static str, _)| StageShare { name, of_days, of_losses };
    names.iter().zip(parts).map(stage).collect()
}

fn deals(stream: &mut Stream) -> Deals {
    Deals {
        never_closing: if stream.chance(0.7) { 0.3 * stream.uniform() } else { 0.0 },
        unmarked_losses: 0.0,
        load_exponent: if stream.chance(0.3) { 0.3 * stream.uniform() } else { 0.0 },
        load_reference: 1.0,
        amount_change: 0.5 * stream.uniform(),
        amount_change_mean: stream.normal(-0.04, 0.05),
        amount_change_sigma: 0.2 * stream.uniform(),
        price_growth_per_year: 0.0,
        price_spells: Vec::new(),
        pace_growth_per_year: 0.0,
        win_spells: Vec::new(),
        demand_weather_sigma: 0.0,
        win_weather_sigma: 0.0,
        weather_days: 60.0,
        entered_when_won: if stream.chance(0.15) { 0.2 * stream.uniform() } else { 0.0 },
        repeat_share: 0.4 * stream.uniform(),
    }
}

fn calendar(stream: &mut Stream) -> Calendar {
    let has_quarters = stream.chance(0.5);
    let of_quarter = |value: f64| if has_quarters { value } else { 1.0 };
    Calendar {
        edge_days: stream.between(7, 21),
        quarter_start: of_quarter(0.6 + 0.4 * stream.uniform()),
        quarter_end: of_quarter(1.0 + 1.5 * stream.uniform()),
        cleaning: of_quarter(1.0 + stream.uniform()),
        weekend: if stream.chance(0.8) { 0.02 } else { 0.5 },
        month_effect: [1.0; 12],
        holidays: Vec::new(),
    }
}

fn records(stream: &mut Stream) -> Records {
    Records {
        has_stage_history: stream.chance(0.5),
        amounts: weighted(
            stream,
            &[
                (AmountsKnown::Always, 0.7),
                (AmountsKnown::UnlessLost, 0.1),
                (AmountsKnown::WhenWon, 0.2),
            ],
        ),
        has_products: stream.chance(0.8),
        has_sources: stream.chance(0.7),
        has_times: stream.chance(0.4),
        has_expected_dates: stream.chance(0.6),
        dates_foreseen: 0.8 * stream.uniform(),
        dates_neglected: 0.4 * stream.uniform(),
        missing_amount: 0.0,
        missing_product: 0.0,
        missing_owner: 0.0,
        closed_undated: 0.0,
        duplicated: 0.0,
        misspelt: 0.0,
    }
}

/// Shares that sum to 1; the greater `evenness`, the more alike.
pub fn shares(stream: &mut Stream, count: usize, evenness: f64) -> Vec<f64> {
    let parts: Vec<f64> = (0..count).map(|_| (stream.normal(0.0, 1.0 / evenness)).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.iter().map(|part| part / sum).collect()
}

pub fn log_uniform(stream: &mut Stream, from: f64, to: f64) -> f64 {
    (from.ln() + stream.uniform() * (to / from).ln()).exp()
}

pub fn weighted<T: Copy>(stream: &mut Stream, items: &[(T, f64)]) -> T {
    items[stream.weighted(items.iter().map(|(_, weight)| *weight))].0
}
