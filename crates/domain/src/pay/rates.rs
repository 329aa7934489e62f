//! What credit earns: tiers, marginal or retroactive, with threshold and cap.

use super::exact::{Overflow, Rate, Rounding, product};
use super::formula::{Asked, Formula};
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
    formula: Option<ByFormula>,
}

/// A formula with what it is asked of beside the credit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ByFormula {
    formula: Formula,
    is_money: bool,
    quota: i64,
    target: i64,
}

/// What one minor unit of credit, or one of a count, earns, as `numerator` ÷ `denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Rate(Rate),
    Each(i64),
    Target {
        target: i64,
        quota: i64,
    },
    /// What a formula pays at the credit so far, and with this deal.
    Formula {
        target: i64,
        credited: i64,
        before: i64,
        after: i64,
    },
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
    pub base: Base,
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
                Basis::Each(amount) => Base::Each(amount),
                Basis::Target => Base::Target { target, quota },
            },
            steps: measure.tiers.iter().map(step).collect::<Result<_, Overflow>>()?,
            way: measure.way,
            threshold: measure.threshold.map_or(Ok(0), |rate| reached_at(rate, quota))?,
            cap,
            rounding,
            formula: measure.formula.clone().map(|formula| {
                let is_money = measure.metric.unit().is_none();
                ByFormula { formula, is_money, quota, target }
            }),
        })
    }

    pub fn cap(&self) -> Option<i64> {
        self.cap
    }

    /// What credits earn in their order, piece by piece with the place of the credit.
    pub fn pieces(&self, credits: &[i64]) -> Result<Vec<(usize, Piece)>, Overflow> {
        let total = super::exact::sum(credits.iter().copied())?;
        let below = total < self.threshold;
        if let (Some(by), false) = (&self.formula, below) {
            return self.pieces_by(by, credits);
        }
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
                let piece = Piece {
                    credit,
                    base: self.base,
                    from,
                    multiplier,
                    earned,
                    paid: left,
                    is_below_threshold,
                };
                pieces.push((place, piece));
            }
            before += credit;
        }
        Ok(pieces)
    }

    /// What each credit adds to what the formula pays. Without any credit it pays nothing.
    fn pieces_by(&self, by: &ByFormula, credits: &[i64]) -> Result<Vec<(usize, Piece)>, Overflow> {
        let ByFormula { formula, is_money, quota, target } = by;
        let (is_money, quota, target) = (*is_money, *quota, *target);
        let mut pieces = Vec::with_capacity(credits.len());
        let (mut credited, mut before, mut paid) = (0_i64, 0_i64, 0_i64);
        for (place, credit) in credits.iter().enumerate() {
            let with = credited.checked_add(*credit).ok_or(Overflow)?;
            let asked = Asked { credit: with, quota, target };
            let after = formula.pays(asked, is_money, self.rounding)?;
            let earned = after.checked_sub(before).ok_or(Overflow)?;
            let left = self.cap.map_or(earned, |cap| earned.min(cap - paid));
            paid = paid.checked_add(left).ok_or(Overflow)?;
            let piece = Piece {
                credit: *credit,
                base: Base::Formula { target, credited, before, after },
                from: Rate::default(),
                multiplier: Rate::ONE,
                earned,
                paid: left,
                is_below_threshold: false,
            };
            pieces.push((place, piece));
            (credited, before) = (with, after);
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
            Base::Each(_) => 1_000_000,
            Base::Target { quota, .. } => i128::from(quota) * 1_000_000,
            Base::Formula { .. } => 1,
        }
    }

    fn earned(&self, credit: i64, multiplier: Rate) -> Result<i64, Overflow> {
        self.rounding.divide(self.numerator(credit, multiplier)?, self.denominator())
    }

    fn numerator(&self, credit: i64, multiplier: Rate) -> Result<i128, Overflow> {
        let base = match self.base {
            Base::Rate(rate) => rate.millionths,
            Base::Each(amount) => amount,
            Base::Target { target, .. } => target,
            // A formula is no product: what it pays is found whole.
            Base::Formula { .. } => return Err(Overflow),
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
