//! Draws from a seed that the caller gives, one stream per chunk of work.
//!
//! The generator is ChaCha8 with the chunk's index as its stream, so the numbers do not depend on
//! which thread works on which chunk. Nothing here reads a clock or the system's randomness.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, Gamma, Poisson};

/// The generator of one chunk.
pub(crate) fn stream(seed: u64, chunk: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(chunk);
    random
}

/// A Gamma factor of mean 1 whose squared coefficient of variation is `variation`; 1 for 0.
pub(crate) fn factor(variation: f64, random: &mut ChaCha8Rng) -> f64 {
    gamma(1.0 / variation, variation, random).unwrap_or(1.0)
}

/// A Gamma draw; `None` when shape or scale are not positive and finite.
pub(crate) fn gamma(shape: f64, scale: f64, random: &mut ChaCha8Rng) -> Option<f64> {
    let usable = |value: f64| value.is_finite() && value > 0.0;
    let distribution = Gamma::new(shape, scale).ok().filter(|_| usable(shape) && usable(scale));
    distribution.map(|gamma| gamma.sample(random))
}

/// A Poisson count; 0 for a mean that is not positive.
pub(crate) fn poisson(mean: f64, random: &mut ChaCha8Rng) -> u64 {
    Poisson::new(mean).map_or(0, |poisson| poisson.sample(random) as u64)
}

/// A binomial count; the probability is drawn in to 0..=1.
pub(crate) fn binomial(trials: u64, probability: f64, random: &mut ChaCha8Rng) -> u64 {
    let probability = if probability > 0.0 { probability.min(1.0) } else { 0.0 };
    Binomial::new(trials, probability).map_or(0, |binomial| binomial.sample(random))
}
