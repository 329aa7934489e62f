//! How far into the age of individuals one can look, and whether that is far enough to see all that
//! is going to happen.
//!
//! Maller & Zhou (1992), "Estimating the proportion of immunes in a censored sample", Biometrika
//! 79, 731–739: the share that remains is that which never ends only if the follow-up reaches
//! beyond the last possible end. Their test (1994) compares the last end with the last age seen;
//! with whole days and thousands of individuals it finds ends on the last days always, and one
//! straggler upsets it. The rule here asks how much still happened late.

use crate::survival::{Observation, aalen_johansen, risk_rows};

/// At the end of the follow-up so many could still be followed: a share and a number of all.
const FOLLOWED_SHARE_MIN: f64 = 0.1;
const FOLLOWED_MIN: f64 = 10.0;
/// Of all that ended, so many may have ended after the first third of the follow-up. If each third
/// had that part of the one before, a thousandth of all ends would come after it. A rule on a later
/// part, such as a twentieth after the half, answers just when few of those ends happened to come,
/// and so leans to one side.
const LATE_SHARE_MAX: f64 = 0.1;
const EARLY_PARTS: u32 = 3;

/// The greatest age, in days, to which enough could be followed; `None` without individuals. Being
/// last seen is what ends the following; its curve is that of Kaplan & Meier (1958).
pub(super) fn horizon(observations: &[Observation]) -> Option<u32> {
    let individuals = observations.len() as f64;
    let least = FOLLOWED_SHARE_MIN.max((FOLLOWED_MIN / individuals).min(0.5));
    let rows = risk_rows(observations);
    let mut followed = 1.0;
    let mut days = None;
    for row in &rows {
        if followed < least {
            break;
        }
        days = Some(row.age_days);
        followed *= row.share_seen_longer();
    }
    days
}

/// Whether nine of ten ends came in the first third of the follow-up.
pub(super) fn is_long_enough(observations: &[Observation], days: u32) -> bool {
    let points = aalen_johansen(observations);
    let ended = |by: u32| {
        let until = points.iter().rev().find(|point| point.age_days <= by);
        until.map_or(0.0, |point| 1.0 - point.survival)
    };
    let all = ended(days);
    all > 0.0 && all - ended(days / EARLY_PARTS) <= LATE_SHARE_MAX * all
}

/// The first age at which a curve, given as pairs of age and share, reaches a share of its end.
pub(super) fn quantile(curve: &[(u32, f64)], share: f64) -> Option<u32> {
    let (_, end) = *curve.last()?;
    let reached = curve.iter().find(|(_, height)| *height >= share * end);
    reached.or(curve.last()).map(|(age_days, _)| *age_days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::Outcome;

    fn seen(age_days: u32, outcome: Outcome) -> Observation {
        Observation { age_days, outcome }
    }

    #[test]
    fn the_follow_up_ends_where_a_tenth_is_left() {
        let last_seen: Vec<_> = (1..=100).map(|age| seen(age, Outcome::Censored)).collect();
        assert_eq!(horizon(&last_seen), Some(90));
        let few: Vec<_> = (1..=10).map(|age| seen(age, Outcome::Censored)).collect();
        assert_eq!(horizon(&few), Some(6));
        let ended: Vec<_> = (1..=100).map(|age| seen(age, Outcome::Event(0))).collect();
        assert_eq!(horizon(&ended), Some(100), "who ended could have been followed");
        assert_eq!(horizon(&[]), None);
    }

    #[test]
    fn it_is_long_enough_when_little_happens_late() {
        let check = |late: usize, expected: bool| {
            let mut all = vec![seen(10, Outcome::Event(0)); 100 - late];
            all.extend(vec![seen(60, Outcome::Event(1)); late]);
            all.extend(vec![seen(100, Outcome::Censored); 20]);
            assert_eq!(is_long_enough(&all, 100), expected, "{late} late");
        };
        check(0, true);
        check(9, true);
        check(12, false);
        assert!(!is_long_enough(&[seen(9, Outcome::Censored)], 9), "nothing has happened yet");
    }
}
