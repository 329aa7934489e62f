//! What share of individuals comes to which end, after how long and worth how much: each figure
//! with an interval of 95 %, and fair to those whose end is not known yet.
//!
//! Individuals are seen from their entry until they end or are last seen; being last seen must say
//! nothing of what comes later (they entered late, and that is all). Shares are Aalen–Johansen
//! curves at the end of the follow-up ([`Cohort::shares`]); means and medians of those that
//! reached the target weigh each by the inverse probability of being followed to its age
//! ([`Cohort::mean_of_reached`]), because the slow and the great are seen less often than they
//! are. It knows no calendar and does not know what is reached.

pub mod arrivals;
mod follow_up;
mod interval;
mod weights;

use crate::proportion;
use crate::survival::{Observation, Outcome, Point, aalen_johansen};
use follow_up::horizon;
use weights::{Influences, Weights};

/// A figure and the interval that holds the truth in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Reaching the target; every other cause is an end that misses it.
const REACHED: usize = 0;
const MISSED: usize = 1;

/// Individuals seen for as long as enough of them could be followed.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// Cut at the end of the follow-up; causes are [`REACHED`] and [`MISSED`].
    observations: Vec<Observation>,
    follow_up: FollowUp,
    weights: Weights,
}

/// How long individuals were followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// The greatest age to which a tenth of them, and ten of them (or half of fewer than twenty),
    /// could be followed. What came later is left out.
    pub days: u32,
    /// Whether hardly anything is left to happen after so many days, so that what remains then
    /// remains for ever.
    pub is_long_enough: bool,
}

/// Where individuals are when they have been followed for [`FollowUp::days`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    pub individuals: usize,
    /// How many of them were seen to reach the target, and to end otherwise, within the follow-up.
    pub seen_reached: usize,
    pub seen_missed: usize,
    pub follow_up: FollowUp,
    /// Reached the target.
    pub reached: Estimate,
    /// Ended otherwise.
    pub missed: Estimate,
    /// Still there: never ending, when the follow-up is long enough, else an upper limit of that.
    pub remaining: Estimate,
    /// Reached, of those that ended; `None` when nobody ended.
    pub reached_of_ended: Option<Estimate>,
}

/// The age at reaching the target, of those that reach it within the follow-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ages {
    /// Half of them take at most so many days.
    pub median_days: Estimate,
    pub mean_days: Estimate,
}

impl Cohort {
    /// Individuals whose cause 0 is the target. `None` without individuals.
    #[must_use]
    pub fn new(observations: &[Observation]) -> Option<Self> {
        let days = horizon(observations)?;
        let cut = |seen: &Observation| cut(*seen, days);
        let observations: Vec<Observation> = observations.iter().map(cut).collect();
        let is_long_enough = follow_up::is_long_enough(&observations, days);
        let weights = Weights::of(&observations);
        Some(Self { observations, follow_up: FollowUp { days, is_long_enough }, weights })
    }

    /// Shares by the end of the follow-up: the cumulative incidence of Aalen & Johansen (1978) and
    /// its Greenwood-type variance, read as a proportion among so many individuals as would have
    /// that variance, with the score interval of Wilson (1927); Franco, Little, Louis & Slud
    /// (2019), "Comparative study of confidence intervals for proportions in complex sample
    /// surveys", J. Surv. Stat. Methodol. 7, 334–364, find it to hold where Wald's does not.
    #[must_use]
    pub fn shares(&self) -> Shares {
        let count = |outcome| self.observations.iter().filter(|it| it.outcome == outcome).count();
        let (reached, missed) = (count(Outcome::Event(REACHED)), count(Outcome::Event(MISSED)));
        let end = End::of(&self.observations);
        let followed = self.weights.followed_to_the_end();
        let individuals = self.observations.len();
        let share = |value, variance| interval::share(value, variance, followed, individuals);
        Shares {
            individuals,
            seen_reached: reached,
            seen_missed: missed,
            follow_up: self.follow_up,
            reached: share(end.reached, end.reached_variance),
            missed: share(end.missed, end.missed_variance),
            remaining: share(end.remaining, end.remaining_variance),
            reached_of_ended: end.reached_of_ended().map(|(value, variance)| {
                let ended = reached + missed;
                interval::share(value, variance, ended as f64, ended)
            }),
        }
    }

    /// The mean of a value over those that reach the target; `values` are in the order of the
    /// individuals, and `None` or not finite where not known. `None` when fewer than three are
    /// known.
    ///
    /// Each is weighed by the inverse probability of being followed to its age (Horvitz & Thompson
    /// 1952; for censoring Robins & Rotnitzky 1992, and Bang & Tsiatis 2000, "Estimating medical
    /// costs with censored data", Biometrika 87, 329–343, for this mean and its influence
    /// function). The interval is that of Student's t with its skewness removed by the cubic
    /// transformation of Hall (1992), "On the removal of skewness by transformation", J. R. Stat.
    /// Soc. B 54, 221–228: amounts have heavy tails.
    #[must_use]
    pub fn mean_of_reached(&self, values: &[Option<f64>]) -> Option<Estimate> {
        let known = |(index, seen): (usize, &Observation)| {
            let value = values.get(index).copied().flatten().filter(|value| value.is_finite());
            value.filter(|_| seen.outcome == Outcome::Event(REACHED))
        };
        let values: Vec<Option<f64>> = self.observations.iter().enumerate().map(known).collect();
        self.influences(&values).and_then(|found| interval::mean(&found))
    }

    /// Median and mean age at reaching the target; `None` when fewer than three reached it.
    ///
    /// The median is the inverse of the curve of those that reach it; its interval is where that
    /// curve passes the ends of the score interval of one half, as Woodruff (1952), "Confidence
    /// intervals for medians and other position measures", J. Am. Stat. Assoc. 47, 635–646, with
    /// the variance of the curve at the median (Brookmeyer & Crowley 1982 test every age instead).
    #[must_use]
    pub fn ages_of_reached(&self) -> Option<Ages> {
        let age = |seen: &Observation| {
            (seen.outcome == Outcome::Event(REACHED)).then_some(f64::from(seen.age_days))
        };
        let ages: Vec<Option<f64>> = self.observations.iter().map(age).collect();
        let mean_days = self.mean_of_reached(&ages)?;
        let curve = self.weights.curve(&self.observations, REACHED);
        let median = follow_up::quantile(&curve, 0.5)?;
        let by_then = ages.iter().map(|age| age.map(|age| f64::from(age <= f64::from(median))));
        let found = self.influences(&by_then.collect::<Vec<_>>())?;
        let half = interval::share(0.5, found.variance(), found.known as f64, found.known);
        let at = |share| follow_up::quantile(&curve, share).map(f64::from);
        let median = f64::from(median);
        let (low, high) = (at(half.low).unwrap_or(median), at(half.high).unwrap_or(median));
        Some(Ages { median_days: Estimate { value: median, low, high }, mean_days })
    }

    fn influences(&self, values: &[Option<f64>]) -> Option<Influences> {
        self.weights.influences(&self.observations, values)
    }
}

impl From<proportion::Proportion> for Estimate {
    fn from(found: proportion::Proportion) -> Self {
        Self { value: found.share, low: found.low, high: found.high }
    }
}

/// What was seen by an age; two causes in place of many.
fn cut(seen: Observation, days: u32) -> Observation {
    if seen.age_days > days {
        return Observation { age_days: days, outcome: Outcome::Censored };
    }
    let outcome = match seen.outcome {
        Outcome::Event(REACHED) | Outcome::Censored => seen.outcome,
        Outcome::Event(_) => Outcome::Event(MISSED),
    };
    Observation { outcome, ..seen }
}

/// The curves at the end of the follow-up, with their variances.
struct End {
    reached: f64,
    missed: f64,
    remaining: f64,
    reached_variance: f64,
    missed_variance: f64,
    remaining_variance: f64,
}

impl End {
    fn of(observations: &[Observation]) -> Self {
        let points = aalen_johansen(observations);
        let at = |pick: fn(&Point) -> &[f64], cause: usize| {
            points.last().and_then(|point| pick(point).get(cause)).copied().unwrap_or(0.0)
        };
        Self {
            reached: at(|point| &point.cumulative, REACHED),
            missed: at(|point| &point.cumulative, MISSED),
            remaining: points.last().map_or(1.0, |point| point.survival),
            reached_variance: at(|point| &point.cumulative_variance, REACHED),
            missed_variance: at(|point| &point.cumulative_variance, MISSED),
            remaining_variance: points.last().map_or(0.0, |point| point.survival_variance),
        }
    }

    /// By the delta method. Reached, missed and remaining sum to 1, which gives the covariance of
    /// the first two.
    fn reached_of_ended(&self) -> Option<(f64, f64)> {
        let ended = self.reached + self.missed;
        if ended <= 0.0 {
            return None;
        }
        let share = self.reached / ended;
        let both = self.reached_variance + self.missed_variance;
        let covariance = 0.5 * (self.remaining_variance - both);
        let variance = (1.0 - share).powi(2) * self.reached_variance
            + share.powi(2) * self.missed_variance
            - 2.0 * share * (1.0 - share) * covariance;
        Some((share, variance / ended.powi(2)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(rows: &[(u32, i32)]) -> Vec<Observation> {
        let outcome = |cause| usize::try_from(cause).map_or(Outcome::Censored, Outcome::Event);
        rows.iter().map(|&(age_days, c)| Observation { age_days, outcome: outcome(c) }).collect()
    }

    fn cohort(rows: &[(u32, i32)]) -> Cohort {
        Cohort::new(&seen(rows)).expect("individuals")
    }

    /// Ages and ends (-1: last seen) that repeat, for as many individuals as are asked for; about
    /// a third is last seen.
    fn many(individuals: u32) -> Vec<(u32, i32)> {
        let end = |i: u32| match (i * 7 + i / 5) % 9 {
            0..=2 => -1,
            3..=5 => 0,
            6 | 7 => 1,
            _ => 2,
        };
        (0..individuals).map(|i| (1 + (i * 37 + i * i) % 61, end(i))).collect()
    }

    fn check(found: Estimate, expected: [f64; 3]) {
        for (found, expected) in [found.value, found.low, found.high].into_iter().zip(expected) {
            assert!((found - expected).abs() < 5e-4, "{found} {expected}");
        }
    }

    /// The score intervals of Newcombe (1998), table I.
    #[test]
    fn shares_of_those_whose_end_is_known_are_plain() {
        let mut rows = vec![(5, 0); 81];
        rows.extend(vec![(9, 1); 182]);
        let shares = cohort(&rows).shares();
        check(shares.reached, [81.0 / 263.0, 0.2553, 0.3662]);
        check(shares.missed, [182.0 / 263.0, 0.6338, 0.7447]);
        check(shares.remaining, [0.0, 0.0, 0.0144]);
        assert_eq!(shares.reached_of_ended, Some(shares.reached));
        assert_eq!((shares.seen_reached, shares.seen_missed, shares.follow_up.days), (81, 182, 9));
    }

    #[test]
    fn who_is_not_followed_to_the_end_counts_for_as_long_as_it_was_seen() {
        // Ten leave on day 1, five each way; ten more are seen no longer; of the ten that stay
        // all reach it on day 5, and stand for the twenty that had stayed.
        let mut rows = vec![(1, 0); 5];
        rows.extend(vec![(1, 1); 5]);
        rows.extend(vec![(2, -1); 10]);
        rows.extend(vec![(5, 0); 10]);
        let cohort = cohort(&rows);
        let shares = cohort.shares();
        assert!((shares.reached.value - 25.0 / 30.0).abs() < 1e-12);
        assert!((shares.missed.value - 5.0 / 30.0).abs() < 1e-12);
        let ages = cohort.ages_of_reached().expect("fifteen reached it");
        assert!((ages.mean_days.value - (5.0 * 1.0 + 20.0 * 5.0) / 25.0).abs() < 1e-12);
        assert_eq!(ages.median_days.value, 5.0);
    }

    #[test]
    fn causes_but_the_first_are_one() {
        let (two, many) = (many(300), many(300));
        let two: Vec<_> = two.iter().map(|&(age, cause)| (age, cause.min(1))).collect();
        assert_eq!(cohort(&two).shares(), cohort(&many).shares());
    }

    #[test]
    fn the_curve_of_the_weights_is_that_of_aalen_and_johansen() {
        let cohort = cohort(&many(500));
        let curve = cohort.weights.curve(&cohort.observations, REACHED);
        let found = curve.last().map(|(_, height)| *height).expect("a curve");
        assert!((found - cohort.shares().reached.value).abs() < 1e-12);
    }

    /// Efron (1982), *The Jackknife*: leave each out in turn.
    #[test]
    fn the_variance_of_a_weighted_mean_is_that_of_the_jackknife() {
        let rows = many(400);
        let value = |index: usize| Some(f64::from(rows[index].0) + (index % 7) as f64);
        let mean = |left_out: usize| {
            let kept: Vec<usize> = (0..rows.len()).filter(|index| *index != left_out).collect();
            let some: Vec<_> = kept.iter().map(|&index| rows[index]).collect();
            let values: Vec<_> = kept.iter().map(|&index| value(index)).collect();
            cohort(&some).mean_of_reached(&values).expect("many reached it").value
        };
        let means: Vec<f64> = (0..rows.len()).map(mean).collect();
        let centre = means.iter().sum::<f64>() / 400.0;
        let jackknife =
            means.iter().map(|mean| (mean - centre).powi(2)).sum::<f64>() * 399.0 / 400.0;
        let cohort = cohort(&rows);
        let known = |(index, seen): (usize, &Observation)| {
            value(index).filter(|_| seen.outcome == Outcome::Event(REACHED))
        };
        let values: Vec<_> = cohort.observations.iter().enumerate().map(known).collect();
        let found = cohort.influences(&values).expect("many reached it").variance();
        assert!((found / jackknife - 1.0).abs() < 0.03, "{found} {jackknife}");
    }

    #[test]
    fn both_ways_to_the_variance_of_a_share_agree() {
        let cohort = cohort(&many(2_000));
        let reached = |seen: &Observation| match seen.outcome {
            Outcome::Event(cause) => Some(f64::from(u8::from(cause == REACHED))),
            Outcome::Censored => None,
        };
        let values: Vec<_> = cohort.observations.iter().map(reached).collect();
        let influences = cohort.influences(&values).expect("many ended");
        let (share, variance) =
            End::of(&cohort.observations).reached_of_ended().expect("many ended");
        assert!((influences.mean - share).abs() < 1e-12);
        assert!((influences.variance() / variance - 1.0).abs() < 0.01, "{variance}");
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        assert!(Cohort::new(&[]).is_none());
        let nobody = cohort(&[(3, -1), (9, -1)]);
        let shares = nobody.shares();
        assert_eq!(shares.reached_of_ended, None);
        assert!(!shares.follow_up.is_long_enough);
        assert_eq!(nobody.ages_of_reached(), None);
        let alike = cohort(&[(3, 0), (3, 0), (3, 0), (3, 0)]);
        assert_eq!(alike.mean_of_reached(&[Some(7.0); 4]), None, "no spread tells no error");
        assert_eq!(alike.mean_of_reached(&[None; 4]), None);
    }
}
