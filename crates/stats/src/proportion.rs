//! A share seen in a few, and how sure that makes of the share in all.
//!
//! It counts; it does not know what.

/// A share with its interval, all within 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportion {
    pub share: f64,
    pub low: f64,
    pub high: f64,
}

/// The normal quantile of a central interval of 95 %.
pub(crate) const Z_95: f64 = 1.959_963_984_540_054;

/// The share of `successes` in `trials` with its Wilson score interval of 95 % (Wilson 1927,
/// "Probable inference, the law of succession, and statistical inference", J. Am. Stat. Assoc. 22,
/// 209–212; recommended for small numbers by Brown, Cai & DasGupta 2001, "Interval estimation for
/// a binomial proportion", Stat. Sci. 16, 101–133). `None` without trials, or with more successes.
#[must_use]
pub fn wilson_95(successes: usize, trials: usize) -> Option<Proportion> {
    if trials == 0 || successes > trials {
        return None;
    }
    Some(wilson_95_of_share(successes as f64 / trials as f64, trials as f64))
}

/// The same interval for a share that is as sure as if it were seen in so many trials, which need
/// not be a whole number; 0 to 1 without trials.
pub(crate) fn wilson_95_of_share(share: f64, trials: f64) -> Proportion {
    let (trials, squared) = (trials.max(1e-9), Z_95 * Z_95);
    let centre = (share + squared / (2.0 * trials)) / (1.0 + squared / trials);
    let variance = share * (1.0 - share) / trials + squared / (4.0 * trials * trials);
    let half = Z_95 * variance.sqrt() / (1.0 + squared / trials);
    Proportion { share, low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The score intervals of Newcombe (1998), "Two-sided confidence intervals for the single
    /// proportion", Stat. Med. 17, 857–872, table I.
    #[test]
    fn intervals_are_those_of_the_published_table() {
        for (successes, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = wilson_95(successes, trials).expect("there are trials");
            assert!((found.low - low).abs() < 5e-5, "{successes} of {trials}: {found:?}");
            assert!((found.high - high).abs() < 5e-5, "{successes} of {trials}: {found:?}");
        }
    }

    #[test]
    fn nothing_tried_says_nothing() {
        assert_eq!(wilson_95(0, 0), None);
        assert_eq!(wilson_95(2, 1), None);
        assert_eq!(wilson_95(5, 5).map(|found| found.high), Some(1.0));
    }
}
