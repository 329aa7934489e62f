//! Draws from a seed that the caller gives, one stream per chunk of work.
//!
//! The generator is ChaCha8 with the chunk's index as its stream, so the numbers do not depend on
//! which thread works on which chunk. Nothing here reads a clock or the system's randomness.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, Gamma, Poisson, StandardNormal, StudentT};

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

/// A draw of Student's t; 0 for degrees of freedom that are not positive.
pub(crate) fn student_t(freedom: f64, random: &mut ChaCha8Rng) -> f64 {
    StudentT::new(freedom).map_or(0.0, |student| student.sample(random))
}

/// A Gamma draw; `None` when shape or scale are not positive and finite.
pub(crate) fn gamma(shape: f64, scale: f64, random: &mut ChaCha8Rng) -> Option<f64> {
    let usable = |value: f64| value.is_finite() && value > 0.0;
    let distribution = Gamma::new(shape, scale).ok().filter(|_| usable(shape) && usable(scale));
    distribution.map(|gamma| gamma.sample(random))
}

/// A Poisson count; 0 for a mean that is not positive.
pub(crate) fn poisson(mean: f64, random: &mut ChaCha8Rng) -> u64 {
    if (VARIANCE_MIN..f64::INFINITY).contains(&mean) {
        return large_count(mean, mean, 1.0, random);
    }
    Poisson::new(mean).map_or(0, |poisson| poisson.sample(random) as u64)
}

/// A binomial count; the probability is drawn in to 0..=1.
pub(crate) fn binomial(trials: u64, probability: f64, random: &mut ChaCha8Rng) -> u64 {
    let probability = if probability > 0.0 { probability.min(1.0) } else { 0.0 };
    let mean = trials as f64 * probability;
    let variance = mean * (1.0 - probability);
    if variance >= VARIANCE_MIN {
        return large_count(mean, variance, 1.0 - 2.0 * probability, random).min(trials);
    }
    Binomial::new(trials, probability).map_or(0, |binomial| binomial.sample(random))
}

/// Variance from which a count is drawn from a curve: an order of magnitude faster than by
/// rejection, and no share of counts up to a number is off by more than 0.001.
const VARIANCE_MIN: f64 = 10.0;

/// The normal curve bent to a third central moment (`third_share` of the variance) by the expansion
/// of Cornish & Fisher (1938, "Moments and cumulants in the specification of distributions"),
/// rounded to whole numbers.
fn large_count(mean: f64, variance: f64, third_share: f64, random: &mut ChaCha8Rng) -> u64 {
    let bend = third_share / 6.0;
    // The bend and the rounding have variances of their own.
    let deviation = (variance - 2.0 * bend * bend - 1.0 / 12.0).sqrt();
    let normal: f64 = StandardNormal.sample(random);
    (mean + deviation * normal + bend * (normal * normal - 1.0) + 0.5) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The curve's share up to each count is that of the exact distribution, given by the ratios of
    /// neighbouring probabilities.
    fn check(draw: impl Fn(&mut ChaCha8Rng) -> u64, mean: f64, ratio: impl Fn(f64) -> f64) {
        const DRAWS: usize = 400_000;
        let mut random = stream(9, 0);
        let mut seen = vec![0_usize; 6 * mean as usize];
        (0..DRAWS).for_each(|_| seen[draw(&mut random) as usize] += 1);
        // Small at first, as the mode may be many orders of magnitude above it.
        let mut exact = vec![f64::MIN_POSITIVE];
        for count in 1..seen.len() {
            exact.push(exact[count - 1] * ratio(count as f64));
        }
        let whole: f64 = exact.iter().sum();
        let (mut below, mut below_exact) = (0.0, 0.0);
        for (seen, exact) in seen.iter().zip(&exact) {
            below += *seen as f64 / DRAWS as f64;
            below_exact += exact / whole;
            // Four standard errors of a share on top.
            assert!((below - below_exact).abs() < 4.0 * 0.5 / (DRAWS as f64).sqrt() + 0.001);
        }
    }

    #[test]
    fn large_counts_are_distributed_as_they_should_be() {
        check(|random| poisson(VARIANCE_MIN, random), VARIANCE_MIN, |count| VARIANCE_MIN / count);
        let of = |trials: f64, probability: f64| {
            let odds = probability / (1.0 - probability);
            let draw = move |random: &mut ChaCha8Rng| binomial(trials as u64, probability, random);
            check(draw, trials * probability, |count| (trials - count + 1.0) / count * odds);
        };
        of(41.0, 0.5);
        of(100.0, 0.12);
        of(70.0, 0.8);
    }
}
