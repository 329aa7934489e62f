//! How fast new individuals arrive, by the state in which they enter.
//!
//! The daily rate is the mean of a recent window; which window, the past decides: the one whose
//! forecasts of the next 30 days would have been nearest. The counts are Gamma–Poisson (negative
//! binomial): the variance beyond Poisson is estimated from the same one-step errors. It refuses to
//! know why anyone arrives.

use std::collections::BTreeMap;

use super::history::Entry;
use super::season::Season;

/// Windows that compete, in days.
const WINDOWS_DAYS: [u32; 6] = [30, 60, 90, 120, 180, 365];
/// The step whose forecasts are compared, in days.
pub(crate) const STEP_DAYS: u32 = 30;
/// The most steps back that are compared.
const STEPS_MAX: u32 = 12;
/// Squared coefficient of variation of a step's count beyond Poisson, where history is too short to
/// tell: a relative standard deviation of 20 %.
const OVERDISPERSION_UNKNOWN: f64 = 0.04;

/// New individuals in one entry state.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// The window that was chosen.
    pub window_days: u32,
    /// Arrivals in it.
    pub count: u64,
    /// Mean arrivals a day.
    pub rate_per_day: f64,
    /// Squared coefficient of variation of a 30-day count beyond Poisson.
    pub overdispersion: f64,
    /// Share of the window's arrivals, by segment.
    pub segment_shares: BTreeMap<u32, f64>,
    /// How the rate differs by time of year; `rate_per_day` is that of an average day.
    pub season: Option<Season>,
}

impl Arrivals {
    /// Expected arrivals on a day.
    #[must_use]
    pub fn rate_on(&self, day: i32) -> f64 {
        self.rate_per_day * self.factor_on(day)
    }

    /// The rate on a day as a multiple of an average day's.
    #[must_use]
    pub fn factor_on(&self, day: i32) -> f64 {
        self.season.as_ref().map_or(1.0, |season| season.factor(day))
    }

    /// Squared coefficient of variation of the estimated rate: from the count in the window, and
    /// from the window's months being draws themselves.
    #[must_use]
    pub fn rate_variation(&self) -> f64 {
        let months = (f64::from(self.window_days) / f64::from(STEP_DAYS)).max(1.0);
        1.0 / (self.count as f64).max(0.5) + self.overdispersion / months
    }
}

/// Fits every entry state seen.
pub(crate) fn fit(
    entries: &[Entry],
    as_of_day: i32,
    with_season: bool,
) -> BTreeMap<usize, Arrivals> {
    let first_day = entries.iter().map(|entry| entry.day).min().unwrap_or(as_of_day);
    let mut by_state: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        by_state.entry(entry.state).or_default().push(*entry);
    }
    let fit = |(state, entries): (usize, Vec<Entry>)| {
        let history_days = as_of_day.abs_diff(first_day) + 1;
        let days = || entries.iter().map(|entry| entry.day).collect::<Vec<_>>();
        let season = with_season.then(|| Season::fit(&days(), as_of_day, history_days)).flatten();
        (state, fit_state(&entries, as_of_day, history_days, season))
    };
    by_state.into_iter().map(fit).collect()
}

fn fit_state(
    entries: &[Entry],
    as_of_day: i32,
    history_days: u32,
    season: Option<Season>,
) -> Arrivals {
    let counts = Counts::new(entries, as_of_day, history_days, season.as_ref());
    let window_days = counts.best_window();
    let recent = entries.iter().filter(|entry| as_of_day.abs_diff(entry.day) < window_days);
    let count = recent.clone().count() as u64;
    let mut segment_shares = BTreeMap::new();
    for entry in recent {
        *segment_shares.entry(entry.segment).or_default() += 1.0 / count as f64;
    }
    Arrivals {
        window_days,
        count,
        rate_per_day: counts.sum(0, window_days) / f64::from(window_days),
        overdispersion: counts.overdispersion(window_days),
        segment_shares,
        season,
    }
}

/// Arrivals by days before the as-of day, each divided by its season, summed.
struct Counts {
    /// Arrivals in the last `n` days, for each `n`.
    last_days: Vec<f64>,
}

impl Counts {
    fn new(entries: &[Entry], as_of_day: i32, history_days: u32, season: Option<&Season>) -> Self {
        let mut last_days = vec![0.0; history_days as usize + 1];
        for entry in entries {
            let factor = season.map_or(1.0, |season| season.factor(entry.day));
            last_days[as_of_day.abs_diff(entry.day) as usize + 1] += 1.0 / factor;
        }
        for day in 1..last_days.len() {
            last_days[day] += last_days[day - 1];
        }
        Self { last_days }
    }

    fn history_days(&self) -> u32 {
        self.last_days.len() as u32 - 1
    }

    /// Arrivals in the `window_days` that ended `back_days` ago.
    fn sum(&self, back_days: u32, window_days: u32) -> f64 {
        let until = |days: u32| self.last_days[days.min(self.history_days()) as usize];
        until(back_days + window_days) - until(back_days)
    }

    /// Forecast and outcome of each past step for which history holds the whole window.
    fn past_steps(&self, window_days: u32) -> impl Iterator<Item = (f64, f64)> + '_ {
        let backs = (1..=STEPS_MAX).map(|step| step * STEP_DAYS);
        let known = backs.filter(move |back| back + window_days <= self.history_days());
        known.map(move |back| {
            let share = f64::from(STEP_DAYS) / f64::from(window_days);
            let forecast = self.sum(back, window_days) * share;
            (forecast, self.sum(back - STEP_DAYS, STEP_DAYS))
        })
    }

    /// The window with the least mean absolute error; all of a history too short to compare.
    fn best_window(&self) -> u32 {
        let error = |window: u32| {
            let (mut sum, mut steps) = (0.0, 0.0);
            for (forecast, outcome) in self.past_steps(window) {
                sum += (forecast - outcome).abs();
                steps += 1.0;
            }
            (steps >= 2.0).then_some((sum / steps, window))
        };
        let scored = WINDOWS_DAYS.into_iter().filter_map(error);
        let best = scored.min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        best.map_or_else(|| self.history_days().clamp(1, STEP_DAYS * 3), |(_, window)| window)
    }

    /// What the one-step errors vary beyond Poisson, relative to the forecast, squared.
    fn overdispersion(&self, window_days: u32) -> f64 {
        let window_share = f64::from(STEP_DAYS) / f64::from(window_days);
        let (mut excess, mut weight, mut steps) = (0.0, 0.0, 0);
        for (forecast, outcome) in self.past_steps(window_days) {
            excess += (forecast - outcome).powi(2) - forecast * (1.0 + window_share);
            weight += forecast.powi(2) * (1.0 + window_share);
            steps += 1;
        }
        let enough = steps >= 3 && weight > 0.0;
        if enough { (excess / weight).max(0.0) } else { OVERDISPERSION_UNKNOWN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `per_day` arrivals on each day of `0..days`, from a rate that may depend on the day.
    fn entries(days: i32, per_day: impl Fn(i32) -> i32) -> Vec<Entry> {
        let on =
            |day| (0..per_day(day)).map(move |i| Entry { segment: i as u32 % 2, state: 0, day });
        (0..days).flat_map(on).collect()
    }

    fn check(entries: &[Entry], as_of_day: i32, window_days: u32, rate: f64) -> Arrivals {
        let fitted = fit(entries, as_of_day, false).remove(&0).expect("arrivals in state 0");
        assert_eq!(fitted.window_days, window_days);
        assert!((fitted.rate_per_day - rate).abs() < 1e-9, "{}", fitted.rate_per_day);
        fitted
    }

    #[test]
    fn the_past_chooses_the_window() {
        let even = check(&entries(500, |_| 4), 499, 365, 4.0);
        assert_eq!(even.overdispersion, 0.0);
        for share in even.segment_shares.values() {
            assert!((share - 0.5).abs() < 1e-9);
        }
        check(&entries(600, |day| 1 + day / 60), 599, 30, 10.0);
    }

    #[test]
    fn months_that_differ_are_overdispersed() {
        let uneven = entries(720, |day| if (day / 30) % 2 == 0 { 2 } else { 6 });
        let fitted = fit(&uneven, 719, false).remove(&0).expect("arrivals in state 0");
        assert!(fitted.overdispersion > 0.15, "{fitted:?}");
        assert!(fitted.rate_variation() > 0.01);
    }

    #[test]
    fn a_short_history_takes_what_there_is() {
        let fitted = check(&entries(20, |_| 3), 19, 20, 3.0);
        assert_eq!(fitted.overdispersion, OVERDISPERSION_UNKNOWN);
    }
}
