//! The penalised logistic model: one effect for each bin of each column, and their sum.
//!
//! Effects of neighbouring bins of a number are drawn towards one another (a random walk, so that a
//! straight line costs least), those of categories, of the missing and of the rare towards 0. How
//! strongly is found for each column from the data itself: the fixed point of MacKay (1992),
//! "Bayesian interpolation", Neural Computation 4, which Wood & Fasiolo (2017), "A generalized
//! Fellner–Schall method for smoothing parameter optimization", Biometrics 73, prove for penalties
//! like these. A column that tells nothing is thereby drawn to nothing. The fit is by iteratively
//! reweighted least squares, solved column by column (Gauss–Seidel); the equations of one column
//! have a tridiagonal matrix.

use super::bins::{Binned, Encoder, MISSING_BIN};
use super::likelihood::{Seen, common_logit, slope};

/// Reweightings, and rounds through the columns in each.
const REWEIGHTINGS: usize = 7;
const ROUNDS: usize = 2;
/// Reweightings that take a fit from one strength of the penalty to the next.
const REWEIGHTINGS_MORE: usize = 2;
/// A column's penalty begins with this, as if each effect had a deviation of 0.7.
const PRECISION_START: f64 = 2.0;
const PRECISION_MAX: f64 = 1e6;
/// The weak prior of a column's precision: half an effect of variance 0.02.
const PRIOR_EFFECTS: f64 = 0.5;
const PRIOR_SQUARES: f64 = 0.02;
/// What draws the whole of a number's effects to 0, beside what draws them together.
const LEVEL_SHARE: f64 = 0.1;

/// A fitted sum of effects, as logits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Additive {
    pub intercept: f64,
    /// By column and bin.
    pub effects: Vec<Vec<f64>>,
}

impl Additive {
    pub(super) fn logit(&self, row: &[u8]) -> f64 {
        let effects = self.effects.iter().zip(row).map(|(effects, bin)| effects[*bin as usize]);
        self.intercept + effects.sum::<f64>()
    }

    /// The mean of several, effect by effect.
    pub(super) fn mean_of(all: &[&Self]) -> Self {
        let share = 1.0 / all.len() as f64;
        let mut mean = all[0].clone();
        mean.intercept = all.iter().map(|one| one.intercept).sum::<f64>() * share;
        for (column, effects) in mean.effects.iter_mut().enumerate() {
            for (bin, effect) in effects.iter_mut().enumerate() {
                *effect = all.iter().map(|one| one.effects[column][bin]).sum::<f64>() * share;
            }
        }
        mean
    }
}

/// The fits to `rows` at each of the `strengths` of the penalty.
pub(super) fn fit(
    binned: &Binned,
    encoders: &[Encoder],
    seen: &[Seen],
    rows: &[u32],
    strengths: &[f64],
) -> Vec<Additive> {
    let mut fit = Fit::new(binned, encoders, seen, rows);
    for _ in 0..REWEIGHTINGS {
        fit.reweight(1.0, true);
    }
    let at_strength = |strength: &f64| {
        for _ in 0..REWEIGHTINGS_MORE {
            fit.reweight(*strength, false);
        }
        fit.model.clone()
    };
    strengths.iter().map(at_strength).collect()
}

/// A fit under way. All vectors are by place among `rows`.
struct Fit {
    seen: Vec<Seen>,
    columns: Vec<Vec<u8>>,
    is_ordered: Vec<bool>,
    precisions: Vec<f64>,
    model: Additive,
    logits: Vec<f64>,
    /// The derivative of the loss, kept up with the steps taken, and its curvature.
    gradients: Vec<f64>,
    curvatures: Vec<f64>,
}

impl Fit {
    fn new(binned: &Binned, encoders: &[Encoder], seen: &[Seen], rows: &[u32]) -> Self {
        let of_rows = |column: &Vec<u8>| rows.iter().map(|row| column[*row as usize]).collect();
        let seen: Vec<Seen> = rows.iter().map(|row| seen[*row as usize]).collect();
        let intercept = common_logit(seen.iter().copied());
        let count = seen.len();
        Self {
            columns: binned.columns.iter().map(of_rows).collect(),
            is_ordered: encoders.iter().map(Encoder::is_ordered).collect(),
            precisions: vec![PRECISION_START; encoders.len()],
            model: Additive {
                intercept,
                effects: encoders.iter().map(|encoder| vec![0.0; encoder.bins]).collect(),
            },
            logits: vec![intercept; count],
            gradients: vec![0.0; count],
            curvatures: vec![0.0; count],
            seen,
        }
    }

    /// One linearisation of the likelihood, solved column by column.
    fn reweight(&mut self, strength: f64, learns_precisions: bool) {
        for (place, seen) in self.seen.iter().enumerate() {
            let (gradient, curvature) = slope(*seen, self.logits[place]);
            self.gradients[place] = gradient;
            self.curvatures[place] = curvature.max(1e-9);
        }
        let before = self.model.clone();
        for round in 0..ROUNDS {
            self.step_intercept();
            for column in 0..self.columns.len() {
                let learns = learns_precisions && round + 1 == ROUNDS;
                self.step_column(column, strength, learns);
            }
        }
        self.move_logits(&before);
    }

    fn step_intercept(&mut self) {
        let slope: f64 = self.gradients.iter().sum();
        let curvature: f64 = self.curvatures.iter().sum();
        let step = -slope / curvature;
        self.model.intercept += step;
        let curvatures = self.curvatures.iter();
        self.gradients.iter_mut().zip(curvatures).for_each(|(slope, it)| *slope += it * step);
    }

    fn step_column(&mut self, column: usize, strength: f64, learns_precision: bool) {
        let codes = &self.columns[column];
        let effects = &mut self.model.effects[column];
        let mut sums = vec![[0.0_f64; 2]; effects.len()];
        let slopes = self.gradients.iter().zip(&self.curvatures);
        for (code, (slope, curvature)) in codes.iter().zip(slopes) {
            let sum = &mut sums[*code as usize];
            sum[0] += slope;
            sum[1] += curvature;
        }
        let penalty = Penalty { is_ordered: self.is_ordered[column], bins: effects.len() };
        let precision = strength * self.precisions[column];
        let (wanted, freedom) = penalty.solve(&sums, effects, precision);
        let steps: Vec<f64> = wanted.iter().zip(&*effects).map(|(to, from)| to - from).collect();
        if learns_precision {
            let found = (freedom + PRIOR_EFFECTS) / (penalty.square(&wanted) + PRIOR_SQUARES);
            self.precisions[column] = found.min(PRECISION_MAX);
        }
        *effects = wanted;
        let slopes = self.gradients.iter_mut().zip(&self.curvatures);
        for (code, (slope, curvature)) in codes.iter().zip(slopes) {
            *slope += curvature * steps[*code as usize];
        }
    }

    fn move_logits(&mut self, before: &Additive) {
        let moved = self.model.intercept - before.intercept;
        self.logits.iter_mut().for_each(|logit| *logit += moved);
        let effects = self.model.effects.iter().zip(&before.effects);
        for (codes, (now, before)) in self.columns.iter().zip(effects) {
            let moved: Vec<f64> =
                now.iter().zip(before).map(|(now, before)| now - before).collect();
            let logits = self.logits.iter_mut().zip(codes);
            logits.for_each(|(logit, code)| *logit += moved[*code as usize]);
        }
    }
}

/// What effects of a column cost, for a precision of 1: `effects' S effects`.
struct Penalty {
    is_ordered: bool,
    bins: usize,
}

impl Penalty {
    /// Scaled so that a straight line from one end to the other costs the square of its rise.
    fn tie(&self) -> f64 {
        self.bins.saturating_sub(2).max(1) as f64
    }

    fn joins(&self, bin: usize) -> bool {
        self.is_ordered && bin > MISSING_BIN as usize && bin + 1 < self.bins
    }

    fn own(&self, bin: usize) -> f64 {
        let is_number = self.is_ordered && bin > MISSING_BIN as usize;
        if is_number { LEVEL_SHARE / self.tie() } else { 1.0 }
    }

    fn square(&self, effects: &[f64]) -> f64 {
        let each = |(bin, effect): (usize, &f64)| {
            let tie = if self.joins(bin) { self.tie() } else { 0.0 };
            let next = effects.get(bin + 1).map_or(0.0, |next| next - effect);
            self.own(bin) * effect * effect + tie * next * next
        };
        effects.iter().enumerate().map(each).sum()
    }

    /// The effects that minimise the linearised loss with the penalty, and the freedom that they
    /// take: the trace of the smoother.
    fn solve(&self, sums: &[[f64; 2]], effects: &[f64], precision: f64) -> (Vec<f64>, f64) {
        let count = self.bins;
        let tie = |bin: usize| if self.joins(bin) { precision * self.tie() } else { 0.0 };
        let before = |bin: usize| if bin == 0 { 0.0 } else { tie(bin - 1) };
        let diagonal: Vec<f64> = (0..count)
            .map(|bin| sums[bin][1] + precision * self.own(bin) + tie(bin) + before(bin))
            .collect();
        let right = |bin: usize| sums[bin][1] * effects[bin] - sums[bin][0];
        // Elimination from the first bin on and from the last back: the two pivots of a bin give
        // the diagonal of the inverse.
        let (mut down, mut value) = (diagonal.clone(), (0..count).map(right).collect::<Vec<_>>());
        for bin in 1..count {
            let share = before(bin) / down[bin - 1];
            down[bin] -= share * before(bin);
            value[bin] += share * value[bin - 1];
        }
        let mut up = diagonal.clone();
        for bin in (0..count.saturating_sub(1)).rev() {
            up[bin] -= tie(bin) * tie(bin) / up[bin + 1];
        }
        let freedom = |bin: usize| sums[bin][1] / (down[bin] + up[bin] - diagonal[bin]);
        let freedom = (0..count).map(freedom).sum();
        for bin in (0..count).rev() {
            let next = value.get(bin + 1).copied().unwrap_or(0.0);
            value[bin] = (value[bin] + tie(bin) * next) / down[bin];
        }
        (value, freedom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_is_that_of_the_normal_equations() {
        let sums = [[0.3, 2.0], [-1.0, 3.0], [0.5, 0.5], [2.0, 4.0], [-0.2, 1.0]];
        let effects = [0.1, -0.2, 0.3, 0.0, 0.5];
        for is_ordered in [true, false] {
            let penalty = Penalty { is_ordered, bins: 5 };
            let (found, freedom) = penalty.solve(&sums, &effects, 0.7);
            // The derivative of the quadratic loss with the penalty vanishes in every bin.
            let cost = |effects: &[f64]| {
                let loss = |bin: usize| {
                    let step = effects[bin] - [0.1, -0.2, 0.3, 0.0, 0.5][bin];
                    sums[bin][0] * step + 0.5 * sums[bin][1] * step * step
                };
                (0..5).map(loss).sum::<f64>() + 0.35 * penalty.square(effects)
            };
            for bin in 0..5 {
                let moved = |by: f64| {
                    let mut moved = found.clone();
                    moved[bin] += by;
                    cost(&moved)
                };
                assert!((moved(1e-4) - moved(-1e-4)).abs() < 1e-9);
            }
            // The trace: how each fitted effect answers to its own working value.
            let answer = |bin: usize| {
                let mut pushed = sums;
                pushed[bin][0] -= pushed[bin][1];
                penalty.solve(&pushed, &effects, 0.7).0[bin] - found[bin]
            };
            let trace: f64 = (0..5).map(answer).sum();
            assert!((trace - freedom).abs() < 1e-9, "{trace} {freedom}");
        }
    }
}
