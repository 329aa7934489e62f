//! What each world does to a plain company. Strengths are drawn from wide ranges, so that within a
//! world some companies are hardly touched and others are bent out of shape.

use super::company::{Company, Holiday, Renewals, Review, Spell};
use super::draw::{FOREVER, class, log_uniform, season, weighted};
use super::hazards::Shape;
use super::world::World;
use crate::random::{Stream, Subject};

/// The further worlds of a company outside the model: often one or two, for it never rains but it
/// pours.
pub fn others(seed: u64, world: World) -> Vec<World> {
    if world.is_inside() {
        return Vec::new();
    }
    let mut stream = Stream::of(seed, Subject::Twist, 1_000);
    let count = match world {
        World::Combined => stream.between(3, 5) as usize,
        _ => weighted(&mut stream, &[(0, 0.45), (1, 0.35), (2, 0.2)]),
    };
    let mut others: Vec<World> = Vec::new();
    while others.len() < count {
        let other = stream.pick(&World::OUTSIDE);
        if other != world && other != World::Combined && !others.contains(&other) {
            others.push(other);
        }
    }
    others
}

pub fn twist(company: &mut Company, deals: &mut f64, world: World, stream: &mut Stream) {
    match world {
        World::Steady => steady(company),
        World::Trending => company.arrivals.growth_per_year = either(stream, 0.1, 0.33),
        World::Seasonal => {
            company.arrivals.month_effect = season(stream, 0.25);
            company.calendar.month_effect = season(stream, 0.12);
        }
        World::Segmented => segmented(company, stream),
        World::QuarterEnd => quarter_end(company, stream),
        World::Mixed => mixed(company, stream),
        World::Loaded => company.deals.load_exponent = 0.3 + 0.6 * stream.uniform(),
        World::Small => *deals = log_uniform(stream, 30.0, 150.0),
        World::Capacity => capacity(company, *deals, stream),
        World::Sandbagging => {
            company.habits.quota = 0.7 + 0.5 * stream.uniform();
            company.habits.sandbagging = 0.4 + 0.6 * stream.uniform();
        }
        World::HockeyStick => company.habits.hockey_stick = 0.3 + 0.65 * stream.uniform(),
        World::NeverLost => {
            company.deals.unmarked_losses = if stream.chance(0.5) { 1.0 } else { 0.7 };
            company.deals.never_closing = 0.5 * stream.uniform();
        }
        World::DemandShock => demand_shock(company, stream),
        World::WinBreak => win_break(company, stream),
        World::StrongTrend => {
            company.arrivals.growth_per_year = either(stream, 0.5, 1.4);
            company.deals.pace_growth_per_year = stream.normal(0.0, 0.15);
        }
        World::Holidays => holidays(company, stream),
        World::Thin => *deals = thin(company, stream),
        World::Dirty => dirty(company, stream),
        World::Whales => whales(company, stream),
        World::BatchUpdates => {
            let reviews = [Review::Fridays, Review::SecondFridays, Review::MonthEnds];
            company.habits.review = Some(stream.pick(&reviews));
        }
        World::ProductLaunch => product_launch(company, stream),
        World::Weather => weather(company, stream),
        World::Turnover => turnover(company, stream),
        World::Drift => drift(company, stream),
        World::Renewals => renewals(company, *deals, stream),
        World::Combined => {}
    }
}

fn steady(company: &mut Company) {
    company.arrivals.growth_per_year = 0.0;
    company.arrivals.month_effect = [1.0; 12];
    company.calendar.quarter_start = 1.0;
    company.calendar.quarter_end = 1.0;
    company.calendar.cleaning = 1.0;
    company.deals.load_exponent = 0.0;
}

/// A size above zero or, as often, its opposite in the logarithm: + 0.25 or − 0.2.
fn either(stream: &mut Stream, from: f64, to: f64) -> f64 {
    let size = from + (to - from) * stream.uniform();
    if stream.chance(0.55) { size } else { 1.0 / (1.0 + size) - 1.0 }
}

fn segmented(company: &mut Company, stream: &mut Stream) {
    for product in &mut company.products {
        product.win_effect = stream.normal(0.0, 0.5).exp();
        product.pace_effect = stream.normal(0.0, 0.5).exp();
        product.amounts.median *= stream.normal(0.0, 0.8).exp();
    }
    for source in &mut company.sources {
        source.win_effect = stream.normal(0.0, 0.5).exp();
        source.pace_effect = stream.normal(0.0, 0.3).exp();
    }
}

fn quarter_end(company: &mut Company, stream: &mut Stream) {
    company.calendar.quarter_start = 0.4 + 0.4 * stream.uniform();
    company.calendar.quarter_end = 2.0 + 3.0 * stream.uniform();
    company.calendar.cleaning = 1.0 + 1.5 * stream.uniform();
}

fn mixed(company: &mut Company, stream: &mut Stream) {
    let mut slow = class(stream);
    let mut fast = class(stream);
    slow.share = 0.25 + 0.5 * stream.uniform();
    fast.share = 1.0 - slow.share;
    slow.cycle_days_median = log_uniform(stream, 70.0, 270.0);
    fast.cycle_days_median = log_uniform(stream, 2.0, 25.0);
    slow.amount_effect = log_uniform(stream, 1.0, 6.0);
    company.classes = vec![fast, slow];
}

/// Sellers can win between 60 and 130 % of what would be won without a limit.
fn capacity(company: &mut Company, deals: f64, stream: &mut Stream) {
    let weeks = company.day_of(company.export_on) as f64 / 7.0;
    let share: f64 = company.classes.iter().map(|it| it.share * it.win_share).sum();
    let wins_a_week = deals * share * (1.0 - company.deals.never_closing) / weeks;
    let limit = 0.6 + 0.7 * stream.uniform();
    company.habits.wins_a_week_max = Some(limit * wins_a_week / company.sellers.len() as f64);
    company.habits.impatience = 0.01 * stream.uniform();
}

/// One or two spells of one to six months; one may begin after the export.
fn demand_shock(company: &mut Company, stream: &mut Stream) {
    let known = company.day_of(company.export_on);
    for _ in 0..stream.between(1, 2) {
        let from_day = stream.between(known / 3, known + 60);
        let to_day = from_day + stream.between(30, 180);
        let factor = if stream.chance(0.6) {
            0.1 + 0.5 * stream.uniform()
        } else {
            1.6 + 1.9 * stream.uniform()
        };
        company.arrivals.spells.push(Spell { from_day, to_day, factor });
    }
}

fn win_break(company: &mut Company, stream: &mut Stream) {
    let known = company.day_of(company.export_on);
    let from_day = stream.between(known / 3, known);
    let factor = if stream.chance(0.6) {
        0.25 + 0.45 * stream.uniform()
    } else {
        1.5 + 1.5 * stream.uniform()
    };
    let to_day = if stream.chance(0.5) { FOREVER } else { from_day + stream.between(60, 240) };
    company.deals.win_spells.push(Spell { from_day, to_day, factor });
}

fn holidays(company: &mut Company, stream: &mut Stream) {
    let summer = stream.between(1, 3) as i8;
    let all = [
        Holiday { month: 8, from: 1, to: 9 * summer },
        Holiday { month: 12, from: 31 - 5 * summer, to: 31 },
        Holiday { month: 1, from: 1, to: 3 + 2 * summer },
    ];
    company.calendar.holidays = all.to_vec();
    company.arrivals.month_effect = season(stream, 0.45);
    company.calendar.month_effect = season(stream, 0.3);
}

/// So many deals that 20 to 100 are closed by the export.
fn thin(company: &Company, stream: &mut Stream) -> f64 {
    let closed = log_uniform(stream, 20.0, 100.0);
    let days = company.day_of(company.export_on) as f64;
    let cycle = company.classes.first().map_or(60.0, |class| class.cycle_days_median);
    closed / (1.0 - company.deals.never_closing) / (1.0 - 0.7 * (cycle / days).min(0.8))
}

fn dirty(company: &mut Company, stream: &mut Stream) {
    let mut rate = |most: f64| most * stream.uniform();
    company.records.missing_amount = rate(0.06);
    company.records.missing_product = rate(0.10);
    company.records.missing_owner = rate(0.08);
    company.records.closed_undated = rate(0.03);
    company.records.duplicated = rate(0.03);
    company.records.misspelt = rate(0.06);
}

fn whales(company: &mut Company, stream: &mut Stream) {
    for product in &mut company.products {
        product.amounts.sigma = 0.9 + 0.9 * stream.uniform();
        product.amounts.tail_share = 0.01 + 0.05 * stream.uniform();
        product.amounts.tail_alpha = 1.1 + 0.7 * stream.uniform();
    }
}

fn product_launch(company: &mut Company, stream: &mut Stream) {
    let known = company.day_of(company.export_on);
    let from_day = stream.between(known / 4, known * 9 / 10);
    let Some(mut new) = company.products.first().cloned() else { return };
    if let Some(old) = company.products.first_mut().filter(|_| stream.chance(0.4)) {
        old.to_day = from_day + stream.between(0, 180);
    }
    new.name = "Product New".to_owned();
    new.share = 0.2 + 0.8 * stream.uniform();
    new.from_day = from_day;
    new.win_effect *= stream.normal(0.0, 0.4).exp();
    new.pace_effect *= stream.normal(0.0, 0.4).exp();
    new.amounts.median *= stream.normal(0.0, 0.9).exp();
    company.products.push(new);
}

fn weather(company: &mut Company, stream: &mut Stream) {
    company.deals.demand_weather_sigma = 0.15 + 0.45 * stream.uniform();
    company.deals.win_weather_sigma = 0.1 + 0.35 * stream.uniform();
    company.deals.weather_days = log_uniform(stream, 10.0, 180.0);
    company.arrivals.in_lots = 0.5 * stream.uniform();
}

/// Each seller may leave on some day; a new one takes over after a while, with a skill of his own.
fn turnover(company: &mut Company, stream: &mut Stream) {
    let last = company.day_of(company.end);
    let leaving = 0.3 + 0.6 * stream.uniform();
    let mut new = Vec::new();
    for seller in &mut company.sellers {
        if !stream.chance(leaving) {
            continue;
        }
        seller.to_day = stream.between(60, last);
        let mut successor = seller.clone();
        successor.from_day = seller.to_day + stream.between(0, 120);
        successor.to_day = FOREVER;
        successor.win_effect = stream.normal(0.0, 0.4).exp();
        new.push(successor);
    }
    company.sellers.extend(new);
    for (index, seller) in company.sellers.iter_mut().enumerate() {
        seller.name = format!("Seller {:02}", index + 1);
    }
    company.habits.handover_days = stream.between(10, 60);
}

fn drift(company: &mut Company, stream: &mut Stream) {
    let known = company.day_of(company.export_on);
    company.deals.pace_growth_per_year = either(stream, 0.15, 0.6);
    company.deals.price_growth_per_year = stream.normal(0.05, 0.12);
    if stream.chance(0.5) {
        let from_day = stream.between(known / 3, known);
        let factor = stream.normal(0.1, 0.25).exp();
        company.deals.price_spells.push(Spell { from_day, to_day: FOREVER, factor });
    }
}

fn renewals(company: &mut Company, deals: f64, stream: &mut Stream) {
    let years = company.day_of(company.export_on) as f64 / 365.25;
    let share: f64 = company.classes.iter().map(|it| it.share * it.win_share).sum();
    let wins_a_year = deals * share / years;
    company.renewals = Some(Renewals {
        share_of_wins: 0.3 + 0.7 * stream.uniform(),
        ahead_days: stream.between(30, 120),
        win_share: 0.7 + 0.25 * stream.uniform(),
        uplift_mean: stream.normal(0.03, 0.04),
        customers_at_start: (wins_a_year * 1.5 * stream.uniform()) as u32,
    });
    if let [class, ..] = company.classes.as_mut_slice() {
        class.shape = Shape::LogNormal { sigma: 0.8 };
    }
}
