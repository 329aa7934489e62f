//! A set of drawn or observed numbers, asked for its mean, quantiles and shares.
//!
//! It does not know what the numbers measure.

/// Finite numbers in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    sorted: Vec<f64>,
}

impl Sample {
    /// Sorts the values; what is not finite is left out.
    #[must_use]
    pub fn new(mut values: Vec<f64>) -> Self {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        Self { sorted: values }
    }

    /// The values, ascending.
    #[must_use]
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// Arithmetic mean; 0 for an empty sample.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / (self.sorted.len().max(1) as f64)
    }

    /// Mean squared distance from the mean (divisor `n`); 0 for an empty sample.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.central_moment(2)
    }

    /// Mean of the squares; 0 for an empty sample.
    #[must_use]
    pub fn mean_square(&self) -> f64 {
        self.variance() + self.mean().powi(2)
    }

    /// Third standardised moment; 0 when all values are equal.
    #[must_use]
    pub fn skewness(&self) -> f64 {
        let variance = self.variance();
        if variance > 0.0 { self.central_moment(3) / variance.powf(1.5) } else { 0.0 }
    }

    fn central_moment(&self, power: i32) -> f64 {
        let mean = self.mean();
        let sum: f64 = self.sorted.iter().map(|value| (value - mean).powi(power)).sum();
        sum / (self.sorted.len().max(1) as f64)
    }

    /// The quantile at `probability` in 0..=1 by linear interpolation between order statistics
    /// (type 7 of Hyndman & Fan 1996, "Sample quantiles in statistical packages"); 0 when empty.
    #[must_use]
    pub fn quantile(&self, probability: f64) -> f64 {
        let Some(last) = self.sorted.len().checked_sub(1) else { return 0.0 };
        let position = probability.clamp(0.0, 1.0) * last as f64;
        let below = position.floor() as usize;
        let above = (below + 1).min(last);
        let (low, high) = (self.sorted[below], self.sorted[above]);
        low + (position - below as f64) * (high - low)
    }

    /// [`Sample::quantile`] of each probability, in the order given.
    #[must_use]
    pub fn quantiles(&self, probabilities: &[f64]) -> Vec<f64> {
        probabilities.iter().map(|&probability| self.quantile(probability)).collect()
    }

    /// Share of the values that are at least `threshold`; 0 when empty.
    #[must_use]
    pub fn share_at_least(&self, threshold: f64) -> f64 {
        let below = self.sorted.partition_point(|&value| value < threshold);
        (self.sorted.len() - below) as f64 / (self.sorted.len().max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_and_shares_count_ties() {
        let sample = Sample::new(vec![4.0, 1.0, f64::NAN, 2.0, 3.0]);
        assert_eq!(sample.quantiles(&[0.0, 0.25, 0.5, 0.9, 1.0]), [1.0, 1.75, 2.5, 3.7, 4.0]);
        assert_eq!(sample.share_at_least(2.0), 0.75);
        assert_eq!((sample.mean(), sample.variance(), sample.skewness()), (2.5, 1.25, 0.0));
    }

    #[test]
    fn an_empty_sample_answers_zero() {
        let sample = Sample::new(Vec::new());
        assert_eq!((sample.mean(), sample.quantile(0.5), sample.share_at_least(0.0)), (0., 0., 0.));
    }
}
