//! What credit earns: tiers, marginal or retroactive, with threshold and cap.

use super::exact::{Overflow, Rate, Rounding, product};
use super::plan::{Basis, Cap, Measure, Way};

/// The rates of one measure for one payee in one period, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    pub base: Base,
    steps: Vec<Step>,
    way: Way,
    threshold: i64,
    cap: Option<i64>,
    rounding: Rounding,
}

/// What one minor unit of credit earns, as `numerator` ÷ `denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Rate(Rate),
    Target { target: i64, quota: i64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    /// The credit from which it holds.
    bound: i64,
    from: Rate,
    multiplier: Rate,
}

/// A part of a deal's credit that lies in one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub credit: i64,
    pub from: Rate,
    pub multiplier: Rate,
    /// Before the cap.
    pub earned: i64,
    pub paid: i64,
    pub is_below_threshold: bool,
}

impl Scale {
    pub fn new(
        measure: &Measure,
        (quota, target): (i64, i64),
        rounding: Rounding,
    ) -> Result<Scale, Overflow> {
        let step = |tier: &super::plan::Tier| {
            let bound = reached_at(tier.from, quota)?;
            Ok(Step { bound, from: tier.from, multiplier: tier.multiplier })
        };
        let cap = match measure.cap {
            Some(Cap::OfTarget(rate)) => {
                let whole = product(&[target, rate.millionths])?;
                Some(Rounding::Down.divide(whole, 1_000_000)?)
            }
            Some(Cap::Amount(amount)) => Some(amount),
            None => None,
        };
        Ok(Scale {
            base: match measure.basis {
                Basis::Rate(rate) => Base::Rate(rate),
                Basis::Target => Base::Target { target, quota },
            },
            steps: measure.tiers.iter().map(step).collect::<Result<_, Overflow>>()?,
            way: measure.way,
            threshold: measure.threshold.map_or(Ok(0), |rate| reached_at(rate, quota))?,
            cap,
            rounding,
        })
    }

    pub fn cap(&self) -> Option<i64> {
        self.cap
    }

    /// What credits earn in their order, piece by piece with the place of the credit.
    pub fn pieces(&self, credits: &[i64]) -> Result<Vec<(usize, Piece)>, Overflow> {
        let total = super::exact::sum(credits.iter().copied())?;
        let below = total < self.threshold;
        let mut pieces = Vec::with_capacity(credits.len());
        let mut before = 0;
        let mut paid = 0;
        for (place, credit) in credits.iter().enumerate() {
            let parts = match self.way {
                _ if below => vec![(*credit, self.step_at(0))],
                Way::Retroactive => vec![(*credit, self.step_at(total))],
                Way::Marginal => self.cut(before, before + credit),
            };
            for (credit, step) in parts {
                let multiplier = if below { Rate::default() } else { step.multiplier };
                let earned = self.earned(credit, multiplier)?;
                let left = self.cap.map_or(earned, |cap| earned.min(cap - paid));
                paid += left;
                let from = step.from;
                let is_below_threshold = below;
                let piece =
                    Piece { credit, from, multiplier, earned, paid: left, is_below_threshold };
                pieces.push((place, piece));
            }
            before += credit;
        }
        Ok(pieces)
    }

    /// What a credit earns before any rounding, as a numerator over [`Scale::denominator`].
    pub fn exact(&self, total: i64) -> Result<i128, Overflow> {
        if total < self.threshold {
            return Ok(0);
        }
        let parts = match self.way {
            Way::Retroactive => vec![(total, self.step_at(total))],
            Way::Marginal => self.cut(0, total),
        };
        parts.into_iter().try_fold(0_i128, |sum, (credit, step)| {
            sum.checked_add(self.numerator(credit, step.multiplier)?).ok_or(Overflow)
        })
    }

    pub fn denominator(&self) -> i128 {
        match self.base {
            Base::Rate(_) => 1_000_000_000_000,
            Base::Target { quota, .. } => i128::from(quota) * 1_000_000,
        }
    }

    fn earned(&self, credit: i64, multiplier: Rate) -> Result<i64, Overflow> {
        self.rounding.divide(self.numerator(credit, multiplier)?, self.denominator())
    }

    fn numerator(&self, credit: i64, multiplier: Rate) -> Result<i128, Overflow> {
        let base = match self.base {
            Base::Rate(rate) => rate.millionths,
            Base::Target { target, .. } => target,
        };
        product(&[credit, base, multiplier.millionths])
    }

    fn step_at(&self, credit: i64) -> Step {
        let place = self.steps.partition_point(|step| step.bound <= credit);
        self.steps[place.saturating_sub(1)]
    }

    /// The credit from one total to another, cut where tiers begin. A deal without an amount
    /// stays one piece.
    fn cut(&self, from: i64, to: i64) -> Vec<(i64, Step)> {
        if from == to {
            return vec![(0, self.step_at(from))];
        }
        let ends = self.steps.iter().skip(1).map(|step| step.bound).chain([i64::MAX]);
        self.steps
            .iter()
            .zip(ends)
            .map(|(step, end)| (to.min(end) - from.max(step.bound), *step))
            .filter(|(credit, _)| *credit > 0)
            .collect()
    }
}

/// The least credit that is at least a share of the quota.
fn reached_at(share: Rate, quota: i64) -> Result<i64, Overflow> {
    let whole = product(&[share.millionths, quota])?;
    i64::try_from((whole + 999_999) / 1_000_000).map_err(|_| Overflow)
}
