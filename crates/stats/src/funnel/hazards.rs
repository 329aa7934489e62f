//! How fast individuals leave one state, by age and by next state.
//!
//! Discrete cause-specific hazards per day of age: a share of those still there. Smoothed, they are
//! constant within bins of age whose number is chosen by cross-validated likelihood (the
//! leave-one-out criterion of Stone 1974 and Rudemo 1982 for histograms, applied to events per day
//! at risk). Segments differ from the pool by one factor per next state, shrunk by a Gamma–Poisson
//! empirical Bayes estimate (Clayton & Kaldor 1987, "Empirical Bayes estimates of age-standardized
//! relative risks"). Past the oldest event the hazard is that of no event in the exposure seen
//! there
//! under the Jeffreys prior, if follow-up suffices in the sense of Maller & Zhou (1996), *Survival
//! Analysis with Long-Term Survivors*; otherwise the last bin carries on.

use std::collections::BTreeMap;

use super::exposure::{Exposure, Seen};
use super::place::PARTS;

/// Events per bin below which a bin says too little.
const EVENTS_PER_BIN_MIN: usize = 8;
/// Numbers of bins that compete.
const BIN_COUNTS: [usize; 12] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
/// Events that the Jeffreys prior of a rate stands for.
pub(crate) const JEFFREYS_EVENTS: f64 = 0.5;
/// Rounds in which hazards by age and factors by place settle on one another.
const PLACE_ROUNDS: usize = 5;
/// Level of the Maller–Zhou test.
const FOLLOW_UP_LEVEL: f64 = 0.05;

/// The fitted hazards of one state.
#[derive(Clone, Debug, PartialEq)]
pub struct Hazards {
    /// The next states seen, ascending; all lists "by cause" follow this order.
    pub next: Vec<usize>,
    /// Pooled hazard by cause and day of age. The last entry holds for every greater age.
    pub daily: Vec<Vec<f64>>,
    /// Exits by cause.
    pub events: Vec<u64>,
    /// Exits by age, all causes, up to the oldest one.
    pub exits: Vec<u64>,
    /// Individuals still there just before each age, up to the oldest age seen.
    pub at_risk: Vec<u64>,
    /// Share that is still there after the oldest exit: those who never leave, if
    /// `follow_up_suffices`.
    pub never_leaving_share: f64,
    /// Whether the flat part after the oldest exit is long enough to be believed.
    pub follow_up_suffices: bool,
    /// Events that stand behind the hazard past the oldest exit (0.5 for the Jeffreys prior).
    pub tail_events: f64,
    /// Factor on the hazard by cause and part of the period; all 1 without an effect of place.
    pub places: Vec<[f64; PARTS]>,
    /// Posterior factor on the pooled hazard, by segment and cause.
    pub segments: BTreeMap<u32, Vec<Factor>>,
}

/// A Gamma posterior of a factor whose prior mean is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    pub shape: f64,
    pub rate: f64,
}

/// Daily probabilities of one state ready for the recursion, by run of ages that share them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    pub next: Vec<usize>,
    /// The first age of each run; the last run is of the oldest age and every greater one.
    pub first_ages: Vec<usize>,
    /// Of leaving, by cause, then by run.
    pub leave: Vec<Vec<f64>>,
    /// 1 − the sum over causes, by run.
    pub stay: Vec<f64>,
}

impl Hazards {
    /// Fits every state to what a view sees of it; `None` where nobody has been.
    pub(crate) fn fit_all(exposure: &Exposure, view: usize) -> Vec<Option<Self>> {
        exposure.states(view).map(|seen| Self::fit(&seen)).collect()
    }

    /// Every state with each day's own hazard.
    pub(crate) fn fit_all_unsmoothed(exposure: &Exposure, view: usize) -> Vec<Option<Self>> {
        exposure.states(view).map(|seen| Self::fit_unsmoothed(&seen)).collect()
    }

    fn fit(seen: &Seen) -> Option<Self> {
        let counts = Counts::new(seen)?;
        let bins = counts.best_bins();
        let (mut daily, places) = counts.daily_and_places(&bins, seen.has_periods());
        let follow_up_suffices = counts.follow_up_suffices();
        let (tail, tail_events) = counts.tail(&bins, follow_up_suffices);
        daily.iter_mut().zip(tail).for_each(|(hazards, tail)| hazards.push(tail));
        let segments = shrink(seen, &counts, &daily);
        Some(Self { follow_up_suffices, tail_events, segments, ..Self::of(counts, daily, places) })
    }

    fn fit_unsmoothed(seen: &Seen) -> Option<Self> {
        let counts = Counts::new(seen)?;
        let follow_up_suffices = counts.follow_up_suffices();
        let (mut daily, places) = counts.daily_and_places(&counts.single_days(), false);
        daily.iter_mut().for_each(|hazards| hazards.push(0.0));
        Some(Self { follow_up_suffices, ..Self::of(counts, daily, places) })
    }

    fn of(counts: Counts, daily: Vec<Vec<f64>>, places: Vec<[f64; PARTS]>) -> Self {
        Self {
            never_leaving_share: plateau(&daily, counts.exits.len()),
            events: counts.by_cause.iter().map(|days| days.iter().sum()).collect(),
            next: counts.next,
            daily,
            exits: counts.exits,
            at_risk: counts.at_risk,
            follow_up_suffices: false,
            tail_events: 0.0,
            places,
            segments: BTreeMap::new(),
        }
    }

    /// Posterior mean factor of a segment by cause; 1 for a segment never seen.
    #[must_use]
    pub fn segment_factors(&self, segment: u32) -> Vec<f64> {
        let mean = |factors: &Vec<Factor>| factors.iter().map(|f| f.shape / f.rate).collect();
        self.segments.get(&segment).map_or_else(|| vec![1.0; self.next.len()], mean)
    }

    /// The daily probabilities when the pooled hazards are multiplied by `factors` (by cause) and
    /// the hazard past the oldest exit by `tail_factor` as well. Where they would sum to more than
    /// 1 they are scaled to 1.
    #[must_use]
    pub fn rates(&self, factors: &[f64], tail_factor: f64) -> Rates {
        let first_ages = self.first_ages();
        let scale = |(days, factor): (&Vec<f64>, &f64)| {
            first_ages.iter().map(|&age| days[age] * factor).collect()
        };
        let mut leave: Vec<Vec<f64>> = self.daily.iter().zip(factors).map(scale).collect();
        for tail in leave.iter_mut().filter_map(|days| days.last_mut()) {
            *tail *= tail_factor;
        }
        let stay = (0..first_ages.len()).map(|run| cap_at_one(&mut leave, run)).collect();
        Rates { next: self.next.clone(), first_ages, leave, stay }
    }

    fn first_ages(&self) -> Vec<usize> {
        let oldest = self.exits.len();
        let begins =
            |age: &usize| *age == 0 || self.daily.iter().any(|days| days[*age] != days[*age - 1]);
        (0..oldest).filter(begins).chain([oldest]).collect()
    }
}

impl Rates {
    /// The probabilities on a day on which each cause runs faster by its factor.
    #[must_use]
    pub(crate) fn scaled(&self, factors: &[f64]) -> Self {
        let mut stay = vec![1.0; self.stay.len()];
        let mut leave = self.leave.clone();
        for (runs, factor) in leave.iter_mut().zip(factors) {
            for (hazard, stay) in runs.iter_mut().zip(&mut stay) {
                *hazard *= factor;
                *stay -= *hazard;
            }
        }
        for run in (0..stay.len()).filter(|&run| stay[run] < 0.0).collect::<Vec<_>>() {
            stay[run] = cap_at_one(&mut leave, run);
        }
        Self { leave, stay, ..self.clone() }
    }
}

/// Scales the hazards of one run so that they sum to at most 1; what is left to stay.
fn cap_at_one(leave: &mut [Vec<f64>], run: usize) -> f64 {
    let sum: f64 = leave.iter().map(|runs| runs[run]).sum();
    if sum > 1.0 {
        leave.iter_mut().for_each(|runs| runs[run] /= sum);
    }
    (1.0 - sum).max(0.0)
}

/// Exits and individuals at risk by day of age.
struct Counts {
    next: Vec<usize>,
    /// By cause and age.
    by_cause: Vec<Vec<u64>>,
    exits: Vec<u64>,
    at_risk: Vec<u64>,
    /// By part of the period, for the ages of `exits`; all in part 0 without periods.
    at_risk_by_part: Vec<Vec<f64>>,
    /// Exits by cause and part.
    by_part: Vec<[f64; PARTS]>,
    /// Stays that were looked at.
    stays: u64,
}

/// Ages `from..until`, and what happened in them.
struct Bin {
    from: usize,
    until: usize,
}

impl Counts {
    /// `None` when nobody was there.
    fn new(seen: &Seen) -> Option<Self> {
        let causes = 0..seen.next().len();
        let at_risk = without_trailing_zeros(sum_rows(seen.there()));
        let mut by_cause: Vec<Vec<u64>> =
            causes.clone().map(|cause| sum_rows(seen.exits(cause))).collect();
        let exits = without_trailing_zeros(sum_days(&by_cause));
        by_cause.iter_mut().for_each(|days| days.truncate(exits.len()));
        let counts = Self {
            next: seen.next().to_vec(),
            by_part: causes.map(|cause| exits_by_part(seen, cause)).collect(),
            at_risk_by_part: at_risk_by_part(seen, exits.len()),
            stays: seen.stays_by_segment().iter().sum(),
            by_cause,
            exits,
            at_risk,
        };
        (counts.stays > 0).then_some(counts)
    }

    fn single_days(&self) -> Vec<Bin> {
        (0..self.exits.len()).map(|from| Bin { from, until: from + 1 }).collect()
    }

    /// The bins, with equal numbers of exits, that predict a left-out exit best.
    fn best_bins(&self) -> Vec<Bin> {
        let exits: u64 = self.exits.iter().sum();
        let most = (exits as usize / EVENTS_PER_BIN_MIN).max(1);
        let candidates = BIN_COUNTS.iter().filter(|&&count| count <= most);
        let scored = candidates.map(|&count| self.quantile_bins(count, exits));
        let scored = scored.map(|bins| (self.left_out_likelihood(&bins), bins));
        scored.max_by(|a, b| a.0.total_cmp(&b.0)).map_or_else(Vec::new, |(_, bins)| bins)
    }

    fn quantile_bins(&self, count: usize, exits: u64) -> Vec<Bin> {
        let mut bins: Vec<Bin> = Vec::with_capacity(count);
        let (mut from, mut seen) = (0, 0);
        for (age, &left) in self.exits.iter().enumerate() {
            seen += left;
            let quota = (bins.len() as u64 + 1) * exits / count as u64;
            if seen >= quota.max(1) && age + 1 < self.exits.len() || age + 1 == self.exits.len() {
                bins.push(Bin { from, until: age + 1 });
                from = age + 1;
            }
        }
        bins
    }

    fn left_out_likelihood(&self, bins: &[Bin]) -> f64 {
        let score = |bin: &Bin| {
            let exits: u64 = self.exits[bin.from..bin.until].iter().sum();
            let others = (exits as f64 - 1.0).max(JEFFREYS_EVENTS);
            exits as f64 * (others / self.exposure(bin)).ln()
        };
        bins.iter().map(score).sum()
    }

    fn exposure(&self, bin: &Bin) -> f64 {
        self.at_risk[bin.from..bin.until].iter().sum::<u64>() as f64
    }

    /// Hazard by cause and age, constant within each bin, and factor by cause and part.
    fn daily_and_places(
        &self,
        bins: &[Bin],
        with_places: bool,
    ) -> (Vec<Vec<f64>>, Vec<[f64; PARTS]>) {
        let fit = |cause: usize| {
            let mut places = [1.0; PARTS];
            let mut daily = self.daily(cause, bins, &places);
            for _ in 0..if with_places { PLACE_ROUNDS } else { 0 } {
                places = self.places(cause, &daily);
                daily = self.daily(cause, bins, &places);
            }
            (daily, places)
        };
        (0..self.next.len()).map(fit).unzip()
    }

    /// Hazard of one cause by age, per individual at risk weighted by its place.
    fn daily(&self, cause: usize, bins: &[Bin], places: &[f64; PARTS]) -> Vec<f64> {
        let mut daily = Vec::with_capacity(self.exits.len() + 1);
        for bin in bins {
            let events: u64 = self.by_cause[cause][bin.from..bin.until].iter().sum();
            let parts = self.at_risk_by_part.iter().zip(places);
            let weigh = |(days, place): (&Vec<f64>, &f64)| {
                place * days[bin.from..bin.until].iter().sum::<f64>()
            };
            let exposure: f64 = parts.map(weigh).sum();
            // Late entry may leave young ages without anyone to look at.
            daily.resize(bin.until, events as f64 / exposure.max(f64::MIN_POSITIVE));
        }
        daily
    }

    /// Exits of one cause in each part against what the hazards by age expect, shrunk towards 1.
    fn places(&self, cause: usize, daily: &[f64]) -> [f64; PARTS] {
        let expected = |part: usize| {
            let days = &self.at_risk_by_part[part];
            days.iter().zip(daily).map(|(at_risk, hazard)| at_risk * hazard).sum::<f64>()
        };
        let pairs: BTreeMap<u32, (f64, f64)> =
            (0..PARTS).map(|p| (p as u32, (self.by_part[cause][p], expected(p)))).collect();
        let prior = prior_events(&pairs);
        let mut places = [1.0; PARTS];
        for (place, (seen, expected)) in places.iter_mut().zip(pairs.values()) {
            *place = (seen + prior) / (expected + prior);
        }
        places
    }

    /// Hazard by cause past the oldest exit, and the events that stand behind it.
    fn tail(&self, bins: &[Bin], follow_up_suffices: bool) -> (Vec<f64>, f64) {
        let beyond: u64 = self.at_risk.iter().skip(self.exits.len()).sum();
        let exits: u64 = self.exits.iter().sum();
        let share = |days: &Vec<u64>| days.iter().sum::<u64>() as f64 / (exits as f64).max(1.0);
        let (events, exposure) = match bins.last() {
            Some(last) if !follow_up_suffices => {
                let events: u64 = self.exits[last.from..].iter().sum();
                (events as f64, self.exposure(last) + beyond as f64)
            }
            _ => (JEFFREYS_EVENTS, beyond as f64),
        };
        let hazard = (events / exposure.max(1.0)).min(1.0);
        (self.by_cause.iter().map(|days| hazard * share(days)).collect(), events)
    }

    /// Maller & Zhou's test: were an exit still to come, exits would be unlikely to be missing from
    /// the stretch between the oldest exit and the oldest age seen.
    fn follow_up_suffices(&self) -> bool {
        let Some(oldest_exit) = self.exits.len().checked_sub(1) else { return false };
        let gap = (self.at_risk.len() - 1).saturating_sub(oldest_exit);
        let recent = self.exits.iter().rev().take(gap).sum::<u64>() as f64;
        let all = self.stays as f64;
        (1.0 - recent / all).powf(all) < FOLLOW_UP_LEVEL
    }
}

fn sum_rows<'a>(rows: impl Iterator<Item = (usize, &'a [u32])>) -> Vec<u64> {
    let mut sums: Vec<u64> = Vec::new();
    for (_, row) in rows {
        sums.resize(row.len(), 0);
        sums.iter_mut().zip(row).for_each(|(sum, &count)| *sum += u64::from(count));
    }
    sums
}

fn sum_days(by_cause: &[Vec<u64>]) -> Vec<u64> {
    let days = by_cause.first().map_or(0, Vec::len);
    (0..days).map(|age| by_cause.iter().map(|days| days[age]).sum()).collect()
}

fn without_trailing_zeros(mut counts: Vec<u64>) -> Vec<u64> {
    counts.truncate(counts.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1));
    counts
}

fn exits_by_part(seen: &Seen, cause: usize) -> [f64; PARTS] {
    let mut by_part = [0.0; PARTS];
    for (part, exits) in seen.exits(cause) {
        by_part[part] += f64::from(exits.iter().sum::<u32>());
    }
    by_part
}

fn at_risk_by_part(seen: &Seen, ages: usize) -> Vec<Vec<f64>> {
    let mut at_risk = vec![vec![0.0; ages]; PARTS];
    for (part, there) in seen.there() {
        at_risk[part].iter_mut().zip(there).for_each(|(sum, &there)| *sum += f64::from(there));
    }
    at_risk
}

fn plateau(daily: &[Vec<f64>], ages: usize) -> f64 {
    let stay = |age: usize| (1.0 - daily.iter().map(|days| days[age]).sum::<f64>()).max(0.0);
    (0..ages).map(stay).product()
}

/// Posterior factors by segment and cause.
fn shrink(seen: &Seen, counts: &Counts, daily: &[Vec<f64>]) -> BTreeMap<u32, Vec<Factor>> {
    let mut segments: BTreeMap<u32, Vec<Factor>> = BTreeMap::new();
    for (cause, days) in daily.iter().enumerate() {
        let mut of_cause = seen_and_expected(seen, cause, &days[..counts.exits.len()]);
        balance(&mut of_cause);
        let prior = prior_events(&of_cause);
        for (segment, (seen, expected)) in of_cause {
            let factor = Factor { shape: seen + prior, rate: expected + prior };
            segments.entry(segment).or_default().push(factor);
        }
    }
    segments
}

/// By segment: events of one cause, and those that the pooled hazard would have given.
fn seen_and_expected(
    seen: &Seen,
    cause: usize,
    hazard_by_age: &[f64],
) -> BTreeMap<u32, (f64, f64)> {
    let exits = seen.exits_by_segment(cause).into_iter().map(|exits| exits as f64);
    let events = exits.zip(seen.sum_by_segment(hazard_by_age));
    let segments = seen.segments().iter().copied().zip(events).zip(seen.stays_by_segment());
    segments.filter(|&(_, stays)| stays > 0).map(|(row, _)| row).collect()
}

/// Scales what is expected to the sum of what was seen, from which place in the period moves it.
fn balance(segments: &mut BTreeMap<u32, (f64, f64)>) {
    let seen: f64 = segments.values().map(|(seen, _)| seen).sum();
    let expected: f64 = segments.values().map(|(_, expected)| expected).sum();
    if expected > 0.0 {
        segments.values_mut().for_each(|(_, of_segment)| *of_segment *= seen / expected);
    }
}

/// The strength of the prior, in events, that makes the segments' counts most likely when each is
/// Poisson with a Gamma factor of mean 1 (a negative binomial).
pub(crate) fn prior_events(segments: &BTreeMap<u32, (f64, f64)>) -> f64 {
    let candidates = (-4..=40).map(|step| (f64::from(step) / 4.0).exp());
    let likelihood = |prior: f64| -> f64 {
        segments.values().map(|&(seen, expected)| log_likelihood(seen, expected, prior)).sum()
    };
    let scored = candidates.map(|prior| (likelihood(prior), prior));
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(1.0, |(_, prior)| prior)
}

/// Log of the negative binomial probability, without the part that does not depend on the prior.
fn log_likelihood(seen: f64, expected: f64, prior: f64) -> f64 {
    let rising = libm::lgamma(prior + seen) - libm::lgamma(prior);
    rising + prior * prior.ln() - (prior + seen) * (prior + expected).ln()
}

#[cfg(test)]
mod tests {
    use super::super::exposure::View;
    use super::super::history::{Entry, Facts, Kind, Sojourn, State};
    use super::super::place::Periods;
    use super::*;

    fn sojourns(rows: &[(u32, u32, Option<usize>)]) -> Vec<Sojourn> {
        let one = |&(segment, age_days, next)| Sojourn {
            segment,
            state: 0,
            start_day: 0,
            age_days,
            next,
        };
        rows.iter().map(one).collect()
    }

    fn fit(rows: &[(u32, u32, Option<usize>)]) -> Hazards {
        fit_sojourns(sojourns(rows), View { first_day: i32::MIN, periods: None })
    }

    fn fit_sojourns(sojourns: Vec<Sojourn>, view: View) -> Hazards {
        let entry = |one: &Sojourn| Entry { segment: one.segment, state: 0, day: one.start_day };
        let entries = sojourns.iter().map(entry).collect();
        let until = |one: &Sojourn| one.start_day.saturating_add_unsigned(one.age_days);
        let as_of_day = sojourns.iter().map(until).max().expect("a stay");
        let facts = Facts { sojourns, entries, ..Facts::default() };
        let states = [State { kind: Kind::Transient, is_target: false }; 2];
        let views = [view];
        let exposure = Exposure::new(&facts, &states, &views, as_of_day);
        Hazards::fit_all(&exposure, 0).swap_remove(0).expect("somebody was there")
    }

    #[test]
    fn one_bin_is_events_per_day_at_risk_and_the_tail_knows_its_exposure() {
        // Seven leave at age 3 and two are followed to age 103: 36 days at risk by then.
        let mut rows = vec![(0, 3, Some(1)); 7];
        rows.extend([(0, 103, None); 2]);
        let hazards = fit(&rows);
        assert_eq!(hazards.daily[0][..4], [7.0 / 36.0; 4]);
        assert!(hazards.follow_up_suffices);
        assert_eq!(hazards.daily[0][4], 0.5 / 200.0);
        assert!((hazards.never_leaving_share - (1.0_f64 - 7.0 / 36.0).powi(4)).abs() < 1e-12);
    }

    #[test]
    fn without_follow_up_the_last_bin_carries_on() {
        let hazards = fit(&[(0, 1, Some(1)), (0, 2, Some(1)), (0, 3, None)]);
        assert!(!hazards.follow_up_suffices);
        // Two exits in 3 + 3 + 2 days at risk up to age 2, and one more day beyond.
        assert_eq!(hazards.daily[0], [0.25, 0.25, 0.25, 2.0 / 9.0]);
    }

    #[test]
    fn segments_alike_are_pooled_and_segments_apart_keep_their_own() {
        let rows = |fast: u32, slow: u32| -> Vec<(u32, u32, Option<usize>)> {
            let segment = |segment: u32, left: u32| {
                (0..400).map(move |i| (segment, 10, (i < left).then_some(1)))
            };
            segment(0, fast).chain(segment(1, slow)).collect()
        };
        let factor = |hazards: &Hazards, segment| hazards.segment_factors(segment)[0];
        let alike = fit(&rows(100, 104));
        assert!((factor(&alike, 0) - 1.0).abs() < 0.01);
        let apart = fit(&rows(300, 100));
        assert!((factor(&apart, 0) - 1.5).abs() < 0.05, "{}", factor(&apart, 0));
        assert!((factor(&apart, 1) - 0.5).abs() < 0.05, "{}", factor(&apart, 1));
        assert_eq!(factor(&apart, 77), 1.0);
    }

    #[test]
    fn an_effect_of_place_is_found() {
        let periods = Periods { first_days: (0..20).map(|period| period * 90).collect() };
        // Whoever leaves, leaves in the last sixth.
        let one = |i: i32| Sojourn {
            segment: 0,
            state: 0,
            start_day: (i % 15) * 90 + (i / 15) % 90,
            age_days: 89 - ((i / 15) % 90).unsigned_abs() % 30,
            next: (((i % 15) * 90 + (i / 15) % 90 + 89 - (i / 15) % 90 % 30) % 90 >= 60)
                .then_some(1),
        };
        let sojourns: Vec<Sojourn> = (0..3_000).map(one).collect();
        let view = View { first_day: i32::MIN, periods: Some(&periods) };
        let places = fit_sojourns(sojourns, view).places[0];
        assert!(places[..5].iter().all(|&place| place < 0.1) && places[5] > 1.0, "{places:?}");
    }
}
