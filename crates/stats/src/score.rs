//! Grades for forecasts once the outcome is known: lower is better, honesty is cheapest.
//!
//! All but the percent error are proper scoring rules: Gneiting & Raftery (2007), "Strictly proper
//! scoring rules, prediction, and estimation", J. Am. Stat. Assoc. 102, 359–378. This module sees a
//! forecast and an outcome; it does not know what was forecast.

use crate::sample::Sample;

/// Continuous ranked probability score of a sample against the outcome, in the outcome's unit:
/// `E|X − y| − ½ E|X − X'|`. For a sample of one it is the absolute error; `None` when empty.
///
/// ```
/// use stats::{sample::Sample, score::crps};
/// assert_eq!(crps(&Sample::new(vec![0.0, 2.0]), 1.0), Some(0.5));
/// ```
#[must_use]
pub fn crps(sample: &Sample, outcome: f64) -> Option<f64> {
    let values = sample.sorted();
    if values.is_empty() {
        return None;
    }
    let count = values.len() as f64;
    let error: f64 = values.iter().map(|value| (value - outcome).abs()).sum::<f64>() / count;
    // In ascending order the mean absolute difference is a weighted sum.
    let weight = |(index, value): (usize, &f64)| (2.0 * index as f64 + 1.0 - count) * value;
    let spread: f64 = values.iter().enumerate().map(weight).sum::<f64>() / (count * count);
    Some(error - spread)
}

/// Pinball loss of the quantile forecast at `probability`, in the outcome's unit.
#[must_use]
pub fn pinball_loss(quantile: f64, probability: f64, outcome: f64) -> f64 {
    let gap = outcome - quantile;
    if gap >= 0.0 { probability * gap } else { (probability - 1.0) * gap }
}

/// A central prediction interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// Nominal probability that the outcome lies inside, such as 0.9.
    pub level: f64,
}

impl Interval {
    /// Whether the outcome lies inside, ends included.
    #[must_use]
    pub fn covers(&self, outcome: f64) -> bool {
        self.low <= outcome && outcome <= self.high
    }

    /// Width, and `2 / (1 − level)` times how far the outcome lies outside.
    #[must_use]
    pub fn score(&self, outcome: f64) -> f64 {
        let outside = (self.low - outcome).max(outcome - self.high).max(0.0);
        self.high - self.low + 2.0 / (1.0 - self.level) * outside
    }
}

/// Share of outcomes inside their intervals; `None` without any.
#[must_use]
pub fn coverage(forecasts: &[(Interval, f64)]) -> Option<f64> {
    let inside = forecasts.iter().filter(|(interval, outcome)| interval.covers(*outcome)).count();
    (!forecasts.is_empty()).then(|| inside as f64 / forecasts.len() as f64)
}

/// Absolute error as a share of the outcome; `None` for an outcome of 0.
#[must_use]
pub fn absolute_percent_error(forecast: f64, outcome: f64) -> Option<f64> {
    (outcome != 0.0).then(|| ((forecast - outcome) / outcome).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crps_is_that_of_its_definition() {
        let check = |values: &[f64], outcome: f64| {
            let count = values.len() as f64;
            let error: f64 = values.iter().map(|x| (x - outcome).abs()).sum::<f64>() / count;
            let pairs = values.iter().flat_map(|x| values.iter().map(move |y| (x - y).abs()));
            let wanted = error - pairs.sum::<f64>() / (2.0 * count * count);
            let found = crps(&Sample::new(values.to_vec()), outcome).expect("not empty");
            assert!((found - wanted).abs() < 1e-12, "{found} is not {wanted}");
        };
        check(&[3.0], 5.0);
        check(&[1.0, 4.0, 2.0, 9.0, 9.0], 3.5);
        check(&[-1.0, 0.5, 7.0], 20.0);
        assert_eq!(crps(&Sample::new(Vec::new()), 1.0), None);
    }

    #[test]
    fn losses_weigh_the_side_of_the_error() {
        assert_eq!((pinball_loss(10.0, 0.9, 20.0), pinball_loss(20.0, 0.5, 10.0)), (9.0, 5.0));
        let interval = Interval { low: 10.0, high: 20.0, level: 0.5 };
        let scores = [15.0, 5.0, 22.0].map(|outcome| interval.score(outcome));
        assert_eq!(scores, [10.0, 30.0, 18.0]);
        assert_eq!(coverage(&[(interval, 20.0), (interval, 21.0)]), Some(0.5));
        assert_eq!(coverage(&[]), None);
        assert_eq!(absolute_percent_error(90.0, 100.0), Some(0.1));
        assert_eq!(absolute_percent_error(90.0, 0.0), None);
    }
}
