//! Simple forecasts that a model must beat.
//!
//! They see dated amounts and open individuals' stages, and nothing else. A fact after the as-of
//! day is never used.

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
    fn days(self) -> f64 {
        f64::from(self.until_day) - f64::from(self.after_day)
    }

    fn holds(self, day: i32) -> bool {
        self.after_day < day && day <= self.until_day
    }
}

/// The mean of the last `window_days` up to the first window's start, carried on over it.
#[must_use]
pub fn run_rate(bookings: &[Booking], window_days: u32, rest: Window) -> f64 {
    let past = Window {
        after_day: rest.after_day.saturating_sub_unsigned(window_days),
        until_day: rest.after_day,
    };
    booked(bookings, past) / f64::from(window_days.max(1)) * rest.days().max(0.0)
}

/// What came in the last days of the previous period, as many as are left of this one.
#[must_use]
pub fn same_days_before(bookings: &[Booking], rest: Window, previous: Window) -> f64 {
    let days = rest.until_day.abs_diff(rest.after_day);
    let after_day = previous.until_day.saturating_sub_unsigned(days).max(previous.after_day);
    let until_day = previous.until_day.min(rest.after_day);
    booked(bookings, Window { after_day, until_day })
}

/// The mean of whole past periods less what this one has already brought; at least 0.
#[must_use]
pub fn mean_of_periods(bookings: &[Booking], past: &[Window], so_far: Window) -> f64 {
    let whole: f64 = past.iter().map(|&period| booked(bookings, period)).sum();
    (whole / (past.len().max(1) as f64) - booked(bookings, so_far)).max(0.0)
}

/// Each open amount times the chance of its stage; an unknown stage counts as 0.
#[must_use]
pub fn stage_weighted(open: &[(usize, f64)], chance_by_stage: &[f64]) -> f64 {
    let chance = |stage: usize| chance_by_stage.get(stage).copied().unwrap_or(0.0);
    open.iter().map(|&(stage, amount)| amount * chance(stage)).sum()
}

fn booked(bookings: &[Booking], window: Window) -> f64 {
    bookings.iter().filter(|booking| window.holds(booking.day)).map(|booking| booking.amount).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One unit on day 1, two on day 2, and so on to day 20.
    fn rising() -> Vec<Booking> {
        (1..=20).map(|day| Booking { day, amount: f64::from(day) }).collect()
    }

    #[test]
    fn baselines_by_hand_and_blind_to_the_future() {
        let rest = Window { after_day: 12, until_day: 16 };
        let previous = Window { after_day: 0, until_day: 8 };
        assert_eq!(run_rate(&rising(), 4, rest), 9.0 + 10.0 + 11.0 + 12.0);
        assert_eq!(same_days_before(&rising(), rest, previous), 5.0 + 6.0 + 7.0 + 8.0);
        let so_far = Window { after_day: 8, until_day: 9 };
        assert_eq!(mean_of_periods(&rising(), &[previous], so_far), 36.0 - 9.0);
        assert_eq!(stage_weighted(&[(0, 100.0), (1, 10.0), (7, 5.0)], &[0.1, 0.5]), 15.0);
    }
}
