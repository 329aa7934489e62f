//! Simple forecasts that a model must beat.
//!
//! They see dated amounts and open individuals' stages, and nothing else. A fact after the as-of
//! day is never used.

use crate::funnel::place::Periods;

/// Days in a year, for what came a year ago.
const YEAR_DAYS: i32 = 365;

/// An amount that came on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Booking {
    pub day: i32,
    pub amount: f64,
}

/// Days after `after_day`, up to and including `until_day`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub after_day: i32,
    pub until_day: i32,
}

impl Window {
    #[must_use]
    pub fn days(self) -> u32 {
        u32::try_from(i64::from(self.until_day) - i64::from(self.after_day)).unwrap_or(0)
    }

    /// The same window some days earlier.
    #[must_use]
    pub fn back(self, days: i32) -> Self {
        Self {
            after_day: self.after_day.saturating_sub(days),
            until_day: self.until_day.saturating_sub(days),
        }
    }
}

/// Dated amounts, ready for sums over windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Bookings {
    /// By day, and what had come by its end.
    by_day: Vec<(i32, f64)>,
}

impl Bookings {
    /// Takes the amounts in any order.
    #[must_use]
    pub fn new(mut bookings: Vec<Booking>) -> Self {
        bookings.sort_by(|a, b| a.day.cmp(&b.day).then(a.amount.total_cmp(&b.amount)));
        let mut by_day: Vec<(i32, f64)> = Vec::new();
        let mut total = 0.0;
        for booking in bookings {
            total += booking.amount;
            match by_day.last_mut() {
                Some((day, sum)) if *day == booking.day => *sum = total,
                _ => by_day.push((booking.day, total)),
            }
        }
        Self { by_day }
    }

    /// The day of the first amount, from which on history is known.
    fn first_day(&self) -> i32 {
        self.by_day.first().map_or(i32::MAX, |&(day, _)| day)
    }

    /// What came in a window.
    #[must_use]
    pub fn sum(&self, window: Window) -> f64 {
        self.until(window.until_day) - self.until(window.after_day)
    }

    fn until(&self, day: i32) -> f64 {
        let after = self.by_day.partition_point(|&(other, _)| other <= day);
        after.checked_sub(1).map_or(0.0, |index| self.by_day[index].1)
    }

    /// The mean of the last `days` up to the as-of day, or of all there are, carried on over the
    /// window; `None` without a month of history.
    #[must_use]
    pub fn run_rate(&self, as_of_day: i32, days: u32, window: Window) -> Option<f64> {
        const HISTORY_DAYS_MIN: u32 = 30;
        let known =
            as_of_day.saturating_sub(self.first_day()).max(-1).saturating_add(1).unsigned_abs();
        let days = days.min(known);
        if known < HISTORY_DAYS_MIN {
            return None;
        }
        let after_day = as_of_day.saturating_sub_unsigned(days);
        let past = self.sum(Window { after_day, until_day: as_of_day });
        Some(past / f64::from(days) * f64::from(window.days()))
    }

    /// What came in the same days, counted back from the end, of the last period whose days were
    /// all over on the as-of day; `None` where history does not reach back to it.
    #[must_use]
    pub fn last_period(&self, as_of_day: i32, periods: &Periods, window: Window) -> Option<f64> {
        let starts = &periods.first_days;
        let next = starts.partition_point(|&first| first <= window.until_day);
        let end = starts.get(next)? - 1;
        let from_end = end - window.until_day;
        let mut earlier = starts[..next].iter().rev().map(|first| first - 1 - from_end);
        let until_day = earlier.find(|&until| until <= as_of_day)?;
        let after_day = until_day.saturating_sub_unsigned(window.days());
        self.known(Window { after_day, until_day })
    }

    /// What came in the same days of the last year in which they were all over.
    #[must_use]
    pub fn last_year(&self, as_of_day: i32, window: Window) -> Option<f64> {
        let years = (1..).map(|year| window.back(year * YEAR_DAYS));
        let past = years.take(5).find(|past| past.until_day <= as_of_day)?;
        self.known(past)
    }

    fn known(&self, window: Window) -> Option<f64> {
        (window.after_day >= self.first_day().saturating_sub(1)).then(|| self.sum(window))
    }
}

/// Each open amount times the chance of its stage; an unknown stage counts as 0.
#[must_use]
pub fn stage_weighted(open: &[(usize, f64)], chance_by_stage: &[f64]) -> f64 {
    let chance = |stage: usize| chance_by_stage.get(stage).copied().unwrap_or(0.0);
    open.iter().map(|&(stage, amount)| amount * chance(stage)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One unit on day 1, two on day 2, and so on to day 20.
    fn rising() -> Bookings {
        let all = (1..=20).map(|day| Booking { day, amount: f64::from(day) });
        Bookings::new(all.rev().collect())
    }

    #[test]
    fn baselines_by_hand_and_blind_to_the_future() {
        let long: Vec<Booking> =
            (1..=800).map(|day| Booking { day, amount: f64::from(day) }).collect();
        let long = Bookings::new(long);
        let rest = Window { after_day: 500, until_day: 504 };
        assert_eq!(long.run_rate(500, 40, rest), Some((461 + 500) as f64 / 2.0 * 4.0));
        assert_eq!(rising().run_rate(12, 4, Window { after_day: 12, until_day: 16 }), None);
        let periods = Periods { first_days: (0..9).map(|period| 1 + period * 100).collect() };
        let wanted: i32 = (401..=404).sum();
        assert_eq!(long.last_period(500, &periods, rest), Some(f64::from(wanted)));
        let far = Window { after_day: 600, until_day: 604 };
        assert_eq!(long.last_period(500, &periods, far), Some(f64::from(wanted)));
        assert_eq!(long.last_period(90, &periods, Window { after_day: 90, until_day: 100 }), None);
        let wanted: i32 = (136..=139).sum();
        assert_eq!(long.last_year(500, rest), Some(f64::from(wanted)));
        assert_eq!(long.last_year(300, Window { after_day: 300, until_day: 310 }), None);
        assert_eq!(stage_weighted(&[(0, 100.0), (1, 10.0), (7, 5.0)], &[0.1, 0.5]), 15.0);
    }
}
