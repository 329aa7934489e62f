//! Survival with competing risks: which share of individuals has left, by age and by cause.
//!
//! It sees one age and one outcome per individual and nothing else. The estimator is that of
//! Aalen & Johansen (1978), "An empirical transition matrix for non-homogeneous Markov chains based
//! on censored observations", Scand. J. Statist. 5, 141–150; the variance is of Greenwood type as
//! in
//! Andersen, Borgan, Gill & Keiding (1993), *Statistical Models Based on Counting Processes*,
//! section IV.4, with multinomial increments so that it stays right under ties.

use std::collections::BTreeMap;

/// One individual: how old it was when it left, or when it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    pub age_days: u32,
    pub outcome: Outcome,
}

/// What ended the observation of an individual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Left by this cause, counted from 0.
    Event(usize),
    /// Still there when last seen.
    Censored,
}

/// The curves just after one age at which somebody left.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub age_days: u32,
    /// Individuals still there just before this age.
    pub at_risk: u64,
    /// Share still there after this age.
    pub survival: f64,
    /// Greenwood variance of `survival`.
    pub survival_variance: f64,
    /// Share that has left, by cause; with `survival` they sum to 1.
    pub cumulative: Vec<f64>,
    /// Greenwood-type variance of each of `cumulative`.
    pub cumulative_variance: Vec<f64>,
}

/// The Aalen–Johansen cumulative incidence by age, one point per distinct age with an event.
///
/// Causes are `0..=` the greatest cause index seen. At equal ages events come before censorings, so
/// an individual censored at an age was at risk at that age. Events at age 0 are allowed. Without
/// any event the result is empty.
///
/// ```
/// use stats::survival::{Observation, Outcome, aalen_johansen};
/// let seen = [(1, Outcome::Event(0)), (2, Outcome::Censored), (3, Outcome::Event(1))]
///     .map(|(age_days, outcome)| Observation { age_days, outcome });
/// let points = aalen_johansen(&seen);
/// assert_eq!(points[0].cumulative, [1.0 / 3.0, 0.0]);
/// assert_eq!(points[1].survival, 0.0);
/// ```
#[must_use]
pub fn aalen_johansen(observations: &[Observation]) -> Vec<Point> {
    let rows = risk_rows(observations);
    let causes = rows.first().map_or(0, |row| row.events.len());
    let mut curves = Curves::new(causes);
    rows.iter().filter_map(|row| curves.step(row)).collect()
}

/// Everything that happened at one age.
pub(crate) struct RiskRow {
    pub age_days: u32,
    at_risk: u64,
    events: Vec<u64>,
    pub last_seen: u64,
}

impl RiskRow {
    /// Still there after the events of this age.
    pub(crate) fn staying(&self) -> u64 {
        self.at_risk - self.events.iter().sum::<u64>()
    }

    /// Of those that stay, the share that is seen at a greater age.
    pub(crate) fn share_seen_longer(&self) -> f64 {
        let staying = self.staying().max(1) as f64;
        1.0 - self.last_seen as f64 / staying
    }
}

/// One row per distinct age, youngest first, with the number at risk just before it.
pub(crate) fn risk_rows(observations: &[Observation]) -> Vec<RiskRow> {
    let mut leaving: BTreeMap<u32, (Vec<u64>, u64)> = BTreeMap::new();
    let causes = observations.iter().filter_map(|seen| cause(seen.outcome)).max();
    let causes = causes.map_or(0, |greatest| greatest + 1);
    for seen in observations {
        let (events, all) = leaving.entry(seen.age_days).or_insert_with(|| (vec![0; causes], 0));
        *all += 1;
        if let Some(cause) = cause(seen.outcome) {
            events[cause] += 1;
        }
    }
    let mut at_risk = observations.len() as u64;
    let row = |(age_days, (events, all)): (u32, (Vec<u64>, u64))| {
        let last_seen = all - events.iter().sum::<u64>();
        let row = RiskRow { age_days, at_risk, events, last_seen };
        at_risk -= all;
        row
    };
    leaving.into_iter().map(row).collect()
}

fn cause(outcome: Outcome) -> Option<usize> {
    match outcome {
        Outcome::Event(cause) => Some(cause),
        Outcome::Censored => None,
    }
}

/// The running curves, and the sums from which their variances follow in one pass.
struct Curves {
    survival: f64,
    greenwood: f64,
    causes: Vec<CauseSums>,
}

/// For one cause, with `F` its curve and `w = d / (n (n - d))`: the variance at a later age is
/// `sum w (F - F_i)^2 - 2 sum v_i (F - F_i) + own`, expanded so that `F` stands outside the sums.
#[derive(Clone, Default)]
struct CauseSums {
    cumulative: f64,
    own: f64,
    weight_cumulative: f64,
    weight_cumulative_squared: f64,
    cross: f64,
    cross_cumulative: f64,
}

impl Curves {
    fn new(causes: usize) -> Self {
        Self { survival: 1.0, greenwood: 0.0, causes: vec![CauseSums::default(); causes] }
    }

    /// Moves past one age; a point where somebody left.
    fn step(&mut self, row: &RiskRow) -> Option<Point> {
        let left: u64 = row.events.iter().sum();
        if left == 0 {
            return None;
        }
        let at_risk = row.at_risk as f64;
        let before = self.survival;
        self.survival *= (row.at_risk - left) as f64 / at_risk;
        for (sums, &events) in self.causes.iter_mut().zip(&row.events) {
            sums.add_own(before, events as f64, at_risk);
        }
        let weight_before = self.greenwood;
        let variances = self.causes.iter().map(|sums| sums.variance(weight_before)).collect();
        if row.at_risk > left {
            let weight = left as f64 / (at_risk * (row.at_risk - left) as f64);
            self.greenwood += weight;
            for (sums, &events) in self.causes.iter_mut().zip(&row.events) {
                sums.add_weights(weight, before * events as f64 / (at_risk * at_risk));
            }
        }
        Some(Point {
            age_days: row.age_days,
            at_risk: row.at_risk,
            survival: self.survival,
            survival_variance: self.survival * self.survival * self.greenwood,
            cumulative: self.causes.iter().map(|sums| sums.cumulative).collect(),
            cumulative_variance: variances,
        })
    }
}

impl CauseSums {
    fn add_own(&mut self, survival_before: f64, events: f64, at_risk: f64) {
        self.cumulative += survival_before * events / at_risk;
        self.own += survival_before.powi(2) * events * (at_risk - events) / at_risk.powi(3);
    }

    fn add_weights(&mut self, weight: f64, cross: f64) {
        self.weight_cumulative += weight * self.cumulative;
        self.weight_cumulative_squared += weight * self.cumulative.powi(2);
        self.cross += cross;
        self.cross_cumulative += cross * self.cumulative;
    }

    fn variance(&self, weight: f64) -> f64 {
        let now = self.cumulative;
        let spread = now * now * weight - 2.0 * now * self.weight_cumulative
            + self.weight_cumulative_squared;
        (self.own + spread - 2.0 * (now * self.cross - self.cross_cumulative)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(rows: &[(u32, i32)]) -> Vec<Observation> {
        let outcome = |cause| usize::try_from(cause).map_or(Outcome::Censored, Outcome::Event);
        rows.iter().map(|&(age_days, c)| Observation { age_days, outcome: outcome(c) }).collect()
    }

    /// Age, at risk, survival, cumulative incidence by cause and its variance by cause.
    type Expected = (u32, u64, f64, [f64; 2], [f64; 2]);

    fn check(rows: &[(u32, i32)], expected: &[Expected]) {
        let points = aalen_johansen(&seen(rows));
        assert_eq!(points.len(), expected.len());
        for (point, want) in points.iter().zip(expected) {
            assert_eq!((point.age_days, point.at_risk), (want.0, want.1));
            assert!((point.survival - want.2).abs() < 1e-9, "{point:?}");
            for cause in 0..2 {
                assert!((point.cumulative[cause] - want.3[cause]).abs() < 1e-9, "{point:?}");
                let variance = point.cumulative_variance[cause];
                assert!((variance - want.4[cause]).abs() < 1e-9, "{point:?}");
            }
            let whole = point.survival + point.cumulative.iter().sum::<f64>();
            assert!((whole - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn ties_put_events_before_censorings_and_age_zero_counts() {
        // By hand: 5 at risk at 0, 4 at 2 (one of each cause, one censored), 1 at 7.
        let rows = [(0, 0), (2, 0), (2, 1), (2, -1), (7, 1)];
        check(
            &rows,
            &[
                (0, 5, 0.8, [0.2, 0.0], [0.2 * 0.8 / 5.0, 0.0]),
                (2, 4, 0.4, [0.4, 0.2], [0.4 * 0.6 / 5.0, 0.2 * 0.8 / 5.0]),
                (7, 1, 0.0, [0.4, 0.6], [0.4 * 0.6 / 5.0, 0.4 * 0.6 / 5.0]),
            ],
        );
    }

    #[test]
    fn nobody_left_means_no_point() {
        check(&[], &[]);
        check(&[(3, -1), (9, -1)], &[]);
    }

    /// Leaving ages and causes (-1: censored).
    const UNTIED: &str = "1 0 3 1 4 -1 6 0 7 0 9 1 11 -1 13 0 14 -1 17 1 18 0 22 -1 25 0 31 1 \
        40 -1 41 0 55 -1";
    /// Figures of lifelines 0.30, `AalenJohansenFitter(calculate_variance=True)`: age, at risk,
    /// survival, incidence by cause, variance by cause.
    const REFERENCE: &str = "
        1 17 0.941176470588 0.058823529412 0.000000000000 0.003256665988 0.000000000000
        3 16 0.882352941176 0.058823529412 0.058823529412 0.003256665988 0.003256665988
        6 14 0.819327731092 0.121848739496 0.058823529412 0.006540109865 0.003256665988
        7 13 0.756302521008 0.184873949580 0.058823529412 0.009318408530 0.003256665988
        9 12 0.693277310924 0.184873949580 0.121848739496 0.009318408530 0.006540109865
        13 10 0.623949579832 0.254201680672 0.121848739496 0.012184339875 0.006540109865
        17 8 0.545955882353 0.254201680672 0.199842436975 0.012184339875 0.010931682975
        18 7 0.467962184874 0.332195378151 0.199842436975 0.015164855483 0.010931682975
        25 5 0.374369747899 0.425787815126 0.199842436975 0.018519248145 0.010931682975
        31 4 0.280777310924 0.425787815126 0.293434873950 0.018519248145 0.015979344640
        41 2 0.140388655462 0.566176470588 0.293434873950 0.022897203269 0.015979344640";

    #[test]
    fn agrees_with_the_reference_implementation() {
        let numbers = |text: &str| -> Vec<f64> {
            text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
        };
        let pair = |pair: &[f64]| (pair[0] as u32, pair[1] as i32);
        let rows: Vec<(u32, i32)> = numbers(UNTIED).chunks(2).map(pair).collect();
        let expected = |n: &[f64]| (n[0] as u32, n[1] as u64, n[2], [n[3], n[4]], [n[5], n[6]]);
        check(&rows, &numbers(REFERENCE).chunks(7).map(expected).collect::<Vec<Expected>>());
    }
}
