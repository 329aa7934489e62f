//! How well a probability fits what was seen of a row, when some rows were not watched to the end.
//!
//! Let `p` be the probability that the outcome comes at all, and `G` the share of outcomes that
//! have come at the row's age (its *ripeness*). That it came has likelihood `p` (times a density
//! that does not depend on `p`), that it has not come yet `1 − pG`: the mixture cure model of
//! Boag (1949) and Farewell (1982), "The use of mixture models for the analysis of survival data
//! with long-term survivors", Biometrics 38. With `G = 1` it is the ordinary log loss, and a row
//! that was only just begun (`G = 0`) says nothing.

/// What is known of the outcome of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Whether the outcome came.
    pub came: bool,
    /// Of a row whose outcome has not come: the share of outcomes, 0 to 1, that come by its age; 1
    /// when it can come no more.
    pub ripeness: f64,
}

impl Seen {
    /// An outcome that is settled.
    #[must_use]
    pub fn settled(came: bool) -> Self {
        Self { came, ripeness: 1.0 }
    }
}

/// Logits are held within this: beyond it a probability cannot be told from 0 or 1.
const LOGIT_MAX: f64 = 30.0;

/// The logistic function.
pub(super) fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit.clamp(-LOGIT_MAX, LOGIT_MAX)).exp())
}

/// The negative log likelihood at a logit.
pub(super) fn loss(seen: Seen, logit: f64) -> f64 {
    let probability = logistic(logit);
    if seen.came {
        -probability.ln()
    } else if seen.ripeness >= 1.0 {
        // `1 - probability` has no digits left where the probability is nearly 1.
        -logistic(-logit).ln()
    } else {
        -(-probability * seen.ripeness).ln_1p()
    }
}

/// The first derivative of the loss by the logit, and the information that stands for the second.
///
/// The information is that of Fisher's scoring: unlike the second derivative of `1 − pG` it is
/// never negative.
pub(super) fn slope(seen: Seen, logit: f64) -> (f64, f64) {
    let probability = logistic(logit);
    if seen.came {
        return (probability - 1.0, probability * (1.0 - probability));
    }
    let by_now = probability * seen.ripeness;
    let gradient = by_now * (1.0 - probability) / (1.0 - by_now);
    (gradient, gradient * (1.0 - probability))
}

/// The logit of one probability for all rows, by Newton's method with a pseudo-row of each kind.
pub(super) fn common_logit(seen: impl Iterator<Item = Seen> + Clone) -> f64 {
    let mut at = 0.0;
    for _ in 0..50 {
        let prior = [Seen::settled(true), Seen::settled(false)].map(|seen| slope(seen, at));
        let start = (0.5 * (prior[0].0 + prior[1].0), 0.5 * (prior[0].1 + prior[1].1));
        let sum = seen
            .clone()
            .map(|seen| slope(seen, at))
            .fold(start, |sum, next| (sum.0 + next.0, sum.1 + next.1));
        let step = (sum.0 / sum.1).clamp(-2.0, 2.0);
        at -= step;
        if step.abs() < 1e-9 {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_loss() {
        for (came, ripeness) in [(true, 1.0), (false, 1.0), (false, 0.3), (false, 0.0)] {
            for logit in [-4.0, -0.5, 0.0, 1.0, 3.0] {
                let seen = Seen { came, ripeness };
                let wanted = (loss(seen, logit + 1e-6) - loss(seen, logit - 1e-6)) / 2e-6;
                let (found, information) = slope(seen, logit);
                assert!((found - wanted).abs() < 1e-7, "{seen:?} at {logit}: {found}, {wanted}");
                assert!(information >= 0.0);
            }
        }
    }

    #[test]
    fn the_common_probability_is_that_of_the_ripe_share() {
        // Of ripe rows 20 in 100 came; of rows of ripeness one half 10 in 100: the same 0.2.
        let row = |came, ripeness| Seen { came, ripeness };
        let rows = [
            vec![row(true, 1.0); 2000],
            vec![row(false, 1.0); 8000],
            vec![row(true, 0.5); 1000],
            vec![row(false, 0.5); 9000],
        ]
        .concat();
        let found = logistic(common_logit(rows.iter().copied()));
        assert!((found - 0.2).abs() < 1e-4, "{found}");
    }
}
