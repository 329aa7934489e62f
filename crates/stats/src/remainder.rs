//! How many more events come in the weeks that are left, from how many came in past weeks.
//!
//! The count is taken as negative binomial, matched to a mean and a variance: the weeks' own
//! spread, and how little so many weeks say about their mean (Johnson, Kemp and Kotz, *Univariate
//! Discrete Distributions*, 3rd edition, 2005, chapter 5). Where weeks vary no more than chance
//! alone would have it, that is a Poisson count of uncertain mean.

use libm::{exp, lgamma, log, log1p};

/// What is to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remainder {
    pub mean: f64,
    /// At least the mean.
    pub variance: f64,
}

impl Remainder {
    /// From the counts of past weeks, of which there is at least one; `weeks` are left.
    pub fn new(past: &[u64], weeks: f64) -> Option<Remainder> {
        let count = past.len() as f64;
        if past.is_empty() {
            return None;
        }
        let mean = past.iter().map(|week| *week as f64).sum::<f64>() / count;
        let squares: f64 = past.iter().map(|week| (*week as f64 - mean).powi(2)).sum();
        let spread = (squares / (count - 1.0).max(1.0)).max(mean);
        let weeks = weeks.max(0.0);
        let variance = weeks * spread + weeks * weeks * spread / count;
        Some(Remainder { mean: weeks * mean, variance })
    }

    /// The probability that at least so many come.
    pub fn at_least(&self, needed: u64) -> f64 {
        if needed == 0 {
            return 1.0;
        }
        if self.mean <= 0.0 {
            return 0.0;
        }
        let fewer: f64 = (0..needed).map(|count| exp(self.log_probability(count))).sum();
        (1.0 - fewer).clamp(0.0, 1.0)
    }

    fn log_probability(&self, count: u64) -> f64 {
        let count = count as f64;
        let excess = self.variance - self.mean;
        if excess <= 1e-9 * self.mean {
            return count * log(self.mean) - self.mean - lgamma(count + 1.0);
        }
        let size = self.mean * self.mean / excess;
        let share = self.mean / self.variance;
        lgamma(count + size) - lgamma(size) - lgamma(count + 1.0)
            + size * log(share)
            + count * log1p(-share)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::random::poisson;

    #[test]
    fn tails_are_those_of_the_textbook() {
        // A negative binomial of size 5 and share one half: as many failures as successes.
        let half = Remainder { mean: 5.0, variance: 10.0 };
        assert!((half.at_least(5) - 0.5).abs() < 1e-12);
        // P(X >= 1) = 1 - 2^-5.
        assert!((half.at_least(1) - 0.968_75).abs() < 1e-12);
        // Poisson of mean 3: P(X >= 2) = 1 - 4 e^-3.
        let poisson = Remainder { mean: 3.0, variance: 3.0 };
        assert!((poisson.at_least(2) - (1.0 - 4.0 * exp(-3.0))).abs() < 1e-12);
        assert_eq!(Remainder { mean: 0.0, variance: 0.0 }.at_least(1), 0.0);
        assert_eq!(Remainder { mean: 0.0, variance: 0.0 }.at_least(0), 1.0);
        assert!(Remainder::new(&[], 3.0).is_none());
    }

    #[test]
    fn probabilities_hold_as_often_as_they_say() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut by_tenth = [(0_u32, 0.0_f64, 0_u32); 10];
        for world in 0..4_000 {
            let weekly = 2.0 + f64::from(world % 50);
            let past: Vec<u64> = (0..13).map(|_| poisson(weekly, &mut random)).collect();
            let to_come: u64 = (0..6).map(|_| poisson(weekly, &mut random)).sum();
            let needed = (weekly * 6.0 * (0.8 + 0.1 * f64::from(world % 5))).round() as u64;
            let Some(remainder) = Remainder::new(&past, 6.0) else { continue };
            let said = remainder.at_least(needed);
            let tenth = &mut by_tenth[((said * 10.0) as usize).min(9)];
            *tenth = (tenth.0 + 1, tenth.1 + said, tenth.2 + u32::from(to_come >= needed));
        }
        for (cases, said, came) in by_tenth.into_iter().filter(|(cases, ..)| *cases >= 100) {
            let (said, came) = (said / f64::from(cases), f64::from(came) / f64::from(cases));
            let chance = (said * (1.0 - said) / f64::from(cases)).sqrt();
            assert!((said - came).abs() < 4.0 * chance + 0.02, "{said:.3} said, {came:.3} came");
        }
    }
}
