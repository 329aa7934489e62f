//! Shapley values of channels, where a coalition is worth what the chain converts when only its
//! channels remain (Shapley 1953, "A value for n-person games").

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::chain::{Chain, Fate};
use crate::random;

/// Pairs of orders that are drawn, at least and at most, and the work that decides between.
const PAIRS_MIN: usize = 50;
const PAIRS_MAX: usize = 1_000;
const MULTIPLICATIONS: usize = 300_000_000;

/// By channel: the part in conversions and in value.
pub(super) type Parts = Vec<[f64; 2]>;

pub(super) struct Values {
    pub values: Parts,
    /// Of the part in conversions.
    pub standard_errors: Vec<f64>,
}

/// Exact values from all coalitions. They are gone through as a tree that passes or drops one
/// channel at each fork, so that coalitions share the work that they have in common.
pub(super) fn exact(chain: &Chain) -> Parts {
    let channels = chain.states();
    let mut sums = Sums { parts: vec![[0.0; 2]; channels], weights: weights(channels) };
    sums.visit(chain, 0);
    sums.parts
}

struct Sums {
    parts: Parts,
    /// Of a coalition of so many others, which a channel joins.
    weights: Vec<f64>,
}

impl Sums {
    fn visit(&mut self, chain: &Chain, members: u32) {
        let Some(last) = chain.states().checked_sub(1) else {
            return self.count(chain.converted_at_once(), members);
        };
        for (fate, members) in [(Fate::Pass, members | 1 << last), (Fate::Drop, members)] {
            let of = |channel: usize| if channel == last { fate } else { Fate::Keep };
            self.visit(&chain.reduced(of), members);
        }
    }

    /// A coalition's worth counts for whoever is in it, as what it is with them, and against
    /// whoever is not, as what it would have been without.
    fn count(&mut self, worth: [f64; 2], members: u32) {
        let size = members.count_ones() as usize;
        for (channel, part) in self.parts.iter_mut().enumerate() {
            let factor = match members & (1 << channel) {
                0 => -self.weights[size],
                _ => self.weights[size - 1],
            };
            part[0] += factor * worth[0];
            part[1] += factor * worth[1];
        }
    }
}

/// `size! (channels - size - 1)! / channels!` by size.
fn weights(channels: usize) -> Vec<f64> {
    let mut weights = Vec::with_capacity(channels);
    let mut weight = 1.0 / channels.max(1) as f64;
    for size in 0..channels {
        weights.push(weight);
        weight *= (size + 1) as f64 / (channels - size - 1).max(1) as f64;
    }
    weights
}

/// Values from random orders (Castro, Gómez & Tejada 2009, "Polynomial calculation of the Shapley
/// value based on sampling", Comput. Oper. Res. 36, 1726–1730), each drawn order also walked
/// backward, which cancels much of the chance in it. The parts of any sample sum to the whole.
pub(super) fn sampled(chain: &Chain, seed: u64) -> Values {
    let channels = chain.states();
    let pairs = (MULTIPLICATIONS / channels.pow(3).max(1)).clamp(PAIRS_MIN, PAIRS_MAX);
    let drawn: Vec<Parts> =
        (0..pairs as u64).into_par_iter().map(|pair| of_pair(chain, seed, pair)).collect();
    let mean = |of: &dyn Fn(&Parts) -> f64| drawn.iter().map(of).sum::<f64>() / pairs as f64;
    let values: Parts =
        (0..channels).map(|c| [0, 1].map(|which| mean(&|parts| parts[c][which]))).collect();
    let standard_error = |channel: usize| {
        let squares = mean(&|parts| (parts[channel][0] - values[channel][0]).powi(2));
        (squares / (pairs - 1) as f64).sqrt()
    };
    let standard_errors = (0..channels).map(standard_error).collect();
    Values { values, standard_errors }
}

fn of_pair(chain: &Chain, seed: u64, pair: u64) -> Parts {
    let mut order: Vec<usize> = (0..chain.states()).collect();
    order.shuffle(&mut random::stream(seed, pair));
    let mut parts = vec![[0.0; 2]; order.len()];
    for _ in 0..2 {
        let mut before = chain.converted_at_once();
        for (channel, worth) in order.iter().zip(chain.along(&order)) {
            parts[*channel][0] += (worth[0] - before[0]) / 2.0;
            parts[*channel][1] += (worth[1] - before[1]) / 2.0;
            before = worth;
        }
        order.reverse();
    }
    parts
}
