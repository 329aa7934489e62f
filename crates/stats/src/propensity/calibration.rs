//! A last correction: logits stretched and shifted so that what is said of a row comes so often.
//!
//! Platt (1999), "Probabilistic outputs for support vector machines", on held-out rows. It is kept
//! only if it helps more than its two parameters would by chance.

use super::likelihood::{Seen, loss, slope};

/// `stretch × logit + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calibration {
    pub stretch: f64,
    pub shift: f64,
}

/// Leaves logits as they are.
const NONE: Calibration = Calibration { stretch: 1.0, shift: 0.0 };
/// By how much the sum of losses must fall: twice what two parameters are worth (Akaike 1974).
const GAIN_MIN: f64 = 4.0;
const STEPS_MAX: usize = 25;

impl Calibration {
    /// Fits to held-out logits and what was seen of their rows.
    pub(super) fn fit(held_out: &[(Seen, f64)]) -> Self {
        let mut found = NONE;
        for _ in 0..STEPS_MAX {
            let Some(next) = found.stepped(held_out) else { return NONE };
            let moved = (next.stretch - found.stretch).abs() + (next.shift - found.shift).abs();
            found = next;
            if moved < 1e-9 {
                break;
            }
        }
        let gain = NONE.loss(held_out) - found.loss(held_out);
        if gain > GAIN_MIN && found.stretch > 0.0 { found } else { NONE }
    }

    pub(super) fn apply(self, logit: f64) -> f64 {
        self.stretch * logit + self.shift
    }

    fn loss(self, held_out: &[(Seen, f64)]) -> f64 {
        held_out.iter().map(|(seen, logit)| loss(*seen, self.apply(*logit))).sum()
    }

    /// One step of Fisher's scoring; `None` where the logits do not differ.
    fn stepped(self, held_out: &[(Seen, f64)]) -> Option<Self> {
        let (mut first, mut second) = ([0.0; 2], [0.0; 3]);
        for (seen, logit) in held_out {
            let (gradient, curvature) = slope(*seen, self.apply(*logit));
            first[0] += gradient * logit;
            first[1] += gradient;
            second[0] += curvature * logit * logit;
            second[1] += curvature * logit;
            second[2] += curvature;
        }
        let determinant = second[0] * second[2] - second[1] * second[1];
        if determinant <= 1e-9 * second[0] * second[2] {
            return None;
        }
        let stretch = (second[2] * first[0] - second[1] * first[1]) / determinant;
        let shift = (second[0] * first[1] - second[1] * first[0]) / determinant;
        let within = |step: f64| step.clamp(-1.0, 1.0);
        Some(Self { stretch: self.stretch - within(stretch), shift: self.shift - within(shift) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use rand::RngExt;

    /// Rows whose true logit is `stretch × logit + shift`.
    fn rows(stretch: f64, shift: f64) -> Vec<(Seen, f64)> {
        let mut random = stream(5, 0);
        (0..20_000)
            .map(|_| {
                let logit: f64 = random.random_range(-3.0..3.0);
                let probability = 1.0 / (1.0 + f64::exp(-(stretch * logit + shift)));
                (Seen::settled(random.random::<f64>() < probability), logit)
            })
            .collect()
    }

    #[test]
    fn what_is_off_is_corrected_and_what_is_not_is_left() {
        let found = Calibration::fit(&rows(0.5, -0.7));
        assert!(
            (found.stretch - 0.5).abs() < 0.03 && (found.shift + 0.7).abs() < 0.05,
            "{found:?}"
        );
        assert_eq!(Calibration::fit(&rows(1.0, 0.0)), NONE);
        assert_eq!(Calibration::fit(&[(Seen::settled(true), 0.5)]), NONE);
    }
}
