//! Place in the period: whether individuals leave faster in one part of a period than in another.
//!
//! Every period (whose first days the caller gives) is cut into equal parts. Each cause of leaving
//! gets one factor per part, shrunk towards 1 as strongly as the parts are alike. Whether the
//! factors are worth having, the past decides: see `forecast`. It refuses to know what a period is.

/// Parts of a period.
pub(crate) const PARTS: usize = 6;

/// The first days of periods, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periods {
    /// They should reach from the first fact to the end of what is forecast; outside, the nearest
    /// period's length goes on.
    pub first_days: Vec<i32>,
}

impl Periods {
    /// The part of its period in which a day lies; 0 without two period starts.
    #[must_use]
    pub fn part(&self, day: i32) -> usize {
        let (start, length) = self.period(day);
        let past = (i64::from(day) - start).rem_euclid(length);
        (past * PARTS as i64 / length) as usize
    }

    /// Start and length of the period around a day, or of the nearest one.
    fn period(&self, day: i32) -> (i64, i64) {
        let count = self.first_days.len();
        if count < 2 {
            return (0, i64::MAX);
        }
        let index = self.first_days.partition_point(|&first| first <= day).clamp(1, count - 1);
        let start = i64::from(self.first_days[index - 1]);
        (start, (i64::from(self.first_days[index]) - start).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_equal_and_go_on_outside_the_periods() {
        let periods = Periods { first_days: vec![0, 90, 180] };
        let check = |day: i32, part: usize| assert_eq!(periods.part(day), part, "{day}");
        check(0, 0);
        check(14, 0);
        check(15, 1);
        check(89, 5);
        check(90, 0);
        check(-1, 5);
        check(1_000 * 90 + 45, 3);
        assert_eq!(Periods { first_days: vec![7] }.part(70), 0);
    }
}
