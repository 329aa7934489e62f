//! The common weather of a company's market: logarithms of demand and of luck that wander around
//! zero (Ornstein–Uhlenbeck, day by day), correlated with each other.

use super::company::Company;
use crate::random::{Stream, Subject};

/// Correlation of demand and luck.
const TOGETHER: f64 = 0.6;

pub struct Market {
    first: i64,
    /// Factors of demand and of the hazard to advance.
    days: Vec<[f64; 2]>,
}

impl Market {
    pub fn new(company: &Company, first: i64, last: i64) -> Self {
        let sigmas = [company.deals.demand_weather_sigma, company.deals.win_weather_sigma];
        let keep = (-1.0 / company.deals.weather_days.max(1.0)).exp();
        let fresh = (1.0 - keep * keep).sqrt();
        let mut stream = Stream::of(company.seed, Subject::Market, 0);
        let mut shocks = || {
            let demand = stream.normal(0.0, 1.0);
            let own = stream.normal(0.0, (1.0 - TOGETHER * TOGETHER).sqrt());
            [demand, TOGETHER * demand + own]
        };
        let mut state = shocks();
        let day = |_| {
            let shock = shocks();
            for (value, shock) in state.iter_mut().zip(shock) {
                *value = keep * *value + fresh * shock;
            }
            // The mean of the factor is 1.
            std::array::from_fn(|at| (sigmas[at] * state[at] - 0.5 * sigmas[at].powi(2)).exp())
        };
        Self { first, days: (first..=last).map(day).collect() }
    }

    pub fn demand(&self, day: i64) -> f64 {
        self.on(day)[0]
    }

    pub fn luck(&self, day: i64) -> f64 {
        self.on(day)[1]
    }

    fn on(&self, day: i64) -> [f64; 2] {
        self.days.get((day - self.first).max(0) as usize).copied().unwrap_or([1.0; 2])
    }
}
