//! Who comes: deals by a Poisson process, some in lots, each with a product, a source, a seller, an
//! account and an amount.

use super::Kind;
use super::company::{Product, factor};
use super::days::Civil;
use super::run::{Life, Run};
use crate::random::{Stream, Subject};

/// Deals in one lot.
const LOT_MIN: i64 = 5;
const LOT_MAX: i64 = 40;
/// What is left of arrivals on a holiday.
const HOLIDAY_ARRIVALS: f64 = 0.15;

impl Run<'_> {
    pub fn arrive(&mut self, day: i64, civil: &Civil) {
        let arrivals = &self.company.arrivals;
        let quiet = if self.is_holiday(civil) { HOLIDAY_ARRIVALS } else { 1.0 };
        let weight = self.company.arrival_weight(day) * self.market.demand(day) * quiet;
        let mean = arrivals.per_day * weight;
        let mut count = self.stream.poisson(mean * (1.0 - arrivals.in_lots));
        let lot_mean = (LOT_MIN + LOT_MAX) as f64 / 2.0;
        if arrivals.in_lots > 0.0 && self.stream.chance(mean * arrivals.in_lots / lot_mean) {
            count += self.stream.between(LOT_MIN, LOT_MAX) as u64;
        }
        for _ in 0..count {
            let life = self.new_life(day);
            self.open.push(self.lives.len());
            self.lives.push(life);
        }
        self.renew_due(day);
    }

    fn new_life(&mut self, day: i64) -> Life {
        let company = self.company;
        let mut stream = Stream::of(company.seed, Subject::Deal, self.lives.len() as u64);
        let class = stream.weighted(company.classes.iter().map(|class| class.share));
        let sold = |product: &Product| (product.from_day..product.to_day).contains(&day);
        let product = stream
            .weighted(company.products.iter().map(|it| if sold(it) { it.share } else { 0.0 }));
        let source = stream.weighted(company.sources.iter().map(|it| it.share));
        let seller = self.seller_on(&mut stream, day);
        let never = stream.chance(company.deals.never_closing);
        let rests_in = never.then(|| stream.below(company.stages.len()));
        let amount = self.asked(&mut stream, &company.products[product], class, day);
        Life {
            kind: Kind::New,
            account: self.account(&mut stream),
            class,
            product,
            source,
            seller,
            created: day,
            stage: 0,
            clock_from: day,
            stalled_until: day,
            rests_in,
            moves: vec![(day, 0)],
            amounts: vec![(day, amount)],
            closed: None,
            stream,
        }
    }

    pub fn seller_on(&self, stream: &mut Stream, day: i64) -> usize {
        let works = |from: i64, to: i64| if (from..to).contains(&day) { 1.0 } else { 1e-9 };
        let sellers = self.company.sellers.iter();
        stream.weighted(sellers.map(|it| it.share * works(it.from_day, it.to_day)))
    }

    fn account(&mut self, stream: &mut Stream) -> u64 {
        if self.accounts > 0 && stream.chance(self.company.deals.repeat_share) {
            return 1 + stream.below(self.accounts as usize) as u64;
        }
        self.accounts += 1;
        self.accounts
    }

    /// In minor units.
    pub fn asked(&self, stream: &mut Stream, product: &Product, class: usize, day: i64) -> i64 {
        let (amounts, deals) = (&product.amounts, &self.company.deals);
        let growth = (1.0 + deals.price_growth_per_year).max(0.1).powf(day as f64 / 365.25);
        let level = growth * factor(&deals.price_spells, day);
        let median = amounts.median * self.company.classes[class].amount_effect * level;
        let mut amount = stream.lognormal(median, amounts.sigma);
        if stream.chance(amounts.tail_share) {
            let pareto = (1.0 - stream.uniform()).powf(-1.0 / amounts.tail_alpha);
            amount *= 3.0 * pareto.min(3_000.0);
        }
        rounded(amount, amounts.step)
    }
}

/// In minor units; at least one step.
pub fn rounded(amount: f64, step: f64) -> i64 {
    ((amount / step).round().max(1.0) * step * 100.0) as i64
}
