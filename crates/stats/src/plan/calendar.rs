//! The plan's days and months, counted from the first day of the first month.

use super::{Calendar, PlanError};

/// Days as positions, with the months that they lie in.
#[derive(Clone)]
pub(super) struct Grid {
    calendar: Calendar,
    /// Month of every day.
    month_of: Vec<usize>,
    start: usize,
}

impl Grid {
    pub(super) fn new(calendar: &Calendar) -> Result<Self, PlanError> {
        let starts = &calendar.month_start_days;
        let [first, second, ..] = starts[..] else { return Err(PlanError::Calendar) };
        let ascending = starts.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || !(first..second).contains(&calendar.start_day) {
            return Err(PlanError::Calendar);
        }
        let lengths = starts.windows(2).map(|pair| pair[1].abs_diff(pair[0]) as usize).enumerate();
        let month_of = lengths.flat_map(|(month, days)| std::iter::repeat_n(month, days)).collect();
        let start = calendar.start_day.abs_diff(first) as usize;
        Ok(Self { calendar: calendar.clone(), month_of, start })
    }

    pub(super) fn days(&self) -> usize {
        self.month_of.len()
    }

    pub(super) fn months(&self) -> usize {
        self.calendar.month_start_days.len() - 1
    }

    /// Position of the first day on which one may enter.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    pub(super) fn day(&self, position: usize) -> i32 {
        self.calendar.month_start_days[0].saturating_add_unsigned(position as u32)
    }

    /// Days from the first on which one may enter to the end of every month, that one included.
    pub(super) fn month_ends_ahead(&self) -> Vec<f64> {
        let ends = self.calendar.month_start_days.iter().skip(1);
        ends.map(|&day| f64::from(day.abs_diff(self.calendar.start_day))).collect()
    }

    pub(super) fn month_start(&self, month: usize) -> i32 {
        self.calendar.month_start_days[month]
    }

    /// Whether a month's amounts count towards the goal.
    pub(super) fn counts(&self, month: usize) -> bool {
        self.month_start(month) >= self.calendar.goal_start_day
    }

    /// 1 for the days that count towards the goal, 0 for earlier ones.
    pub(super) fn goal_days(&self) -> Vec<f64> {
        let counts = |position| self.day(position) >= self.calendar.goal_start_day;
        (0..self.days()).map(|position| f64::from(u8::from(counts(position)))).collect()
    }

    /// The sum over the days that count towards the goal.
    pub(super) fn sum_in_goal(&self, by_day: &[f64]) -> f64 {
        let counted = by_day.iter().zip(self.goal_days());
        counted.map(|(value, counts)| value * counts).sum()
    }

    /// The same day some months later, or the last one of a shorter month.
    pub(super) fn later(&self, position: usize, months: u32) -> Option<usize> {
        let month = self.month_of[position];
        let to = month.checked_add(months as usize).filter(|&to| to < self.months())?;
        let of_month = position - self.first_position(month);
        let length = self.first_position(to + 1) - self.first_position(to);
        Some(self.first_position(to) + of_month.min(length - 1))
    }

    fn first_position(&self, month: usize) -> usize {
        let starts = &self.calendar.month_start_days;
        starts[month].abs_diff(starts[0]) as usize
    }

    /// Sums by month.
    pub(super) fn by_month(&self, by_day: &[f64]) -> Vec<f64> {
        let mut months = vec![0.0; self.months()];
        for (&month, value) in self.month_of.iter().zip(by_day) {
            months[month] += value;
        }
        months
    }

    /// Multiplies the days of each month by its factor.
    pub(super) fn scale_months(&self, by_day: &mut [f64], factors: &[f64]) {
        for (value, &month) in by_day.iter_mut().zip(&self.month_of) {
            *value *= factors[month];
        }
    }

    /// Weights of the chosen days, summing to 1 if there are any: months by the part of them that
    /// is chosen, days of a month alike.
    pub(super) fn even_weights(&self, chosen: &[bool]) -> Vec<f64> {
        let weight = |(position, &is_chosen): (usize, &bool)| {
            let month = self.month_of[position];
            let length = self.first_position(month + 1) - self.first_position(month);
            if is_chosen { 1.0 / length as f64 } else { 0.0 }
        };
        let weights: Vec<f64> = chosen.iter().enumerate().map(weight).collect();
        let sum = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        weights.iter().map(|weight| weight / sum).collect()
    }
}
