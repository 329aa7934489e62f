//! Time in the simulation: days and seconds since the first day, their civil dates, the quarters,
//! and how likely a lead is to arrive on each day. It reads no clock.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::Error;
use crate::model::{Arrivals, QUARTER_EDGE_DAYS};
use crate::random::Stream;

pub const DAY_SECONDS: i64 = 86_400;

/// Days that may be written before the start (customers who were there already) and after the end
/// (expected close dates).
const MARGIN_DAYS: i64 = 1_500;

/// Days since the first day of the simulation; negative before it.
pub type Day = i64;

/// Seconds since midnight UTC of the first day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment(pub i64);

impl Moment {
    pub fn at(day: Day, second: i64) -> Self {
        Self(day * DAY_SECONDS + second)
    }

    pub fn day(self) -> Day {
        self.0.div_euclid(DAY_SECONDS)
    }

    pub fn plus_days(self, days: f64) -> Self {
        Self(self.0 + (days * DAY_SECONDS as f64) as i64)
    }
}

/// Where a day stands in its quarter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuarterPlace {
    First,
    Middle,
    Last,
}

/// What a deal needs to know of a day.
#[derive(Clone, Copy)]
pub struct Mark {
    pub place: QuarterPlace,
    pub is_weekend: bool,
}

pub struct Calendar {
    pub days: Day,
    dates: Vec<Date>,
    /// One entry a simulated day.
    marks: Vec<Mark>,
    /// Running sum of the arrival weights, one entry a simulated day.
    cumulative: Vec<f64>,
}

impl Calendar {
    /// # Errors
    /// [`Error::Dates`] when the span leaves the calendar.
    pub fn new(start: Date, days: u32, arrivals: &Arrivals) -> Result<Self, Error> {
        let days = Day::from(days);
        let dates = (-MARGIN_DAYS..days + MARGIN_DAYS)
            .map(|day| start.checked_add(day.days()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| Error::Dates { start, days, source })?;
        let mut calendar = Self { days, dates, marks: Vec::new(), cumulative: Vec::new() };
        calendar.marks = (0..days).map(|day| calendar.marked(day)).collect();
        let weights = (0..days).map(|day| arrivals.weight(day, calendar.date(day)));
        calendar.cumulative = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        Ok(calendar)
    }

    pub fn end(&self) -> Moment {
        Moment::at(self.days, 0)
    }

    /// The civil date of a day; days beyond the margin are held at its edge.
    pub fn date(&self, day: Day) -> Date {
        let last = self.dates.len() as i64 - 1;
        self.dates[(day + MARGIN_DAYS).clamp(0, last) as usize]
    }

    pub fn stamp(&self, moment: Moment) -> Stamp {
        let second = moment.0.rem_euclid(DAY_SECONDS);
        Stamp { date: self.date(moment.day()), second: second as u32 }
    }

    /// A moment drawn from the arrival density: trend, season, weekday, working hours.
    pub fn arrival(&self, stream: &mut Stream) -> Moment {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let target = stream.uniform() * total;
        let day = self.cumulative.partition_point(|&sum| sum <= target) as Day;
        Moment::at(day.min(self.days - 1), working_second(stream))
    }

    /// The share of all arrivals that is expected on each day.
    pub fn arrival_shares(&self) -> impl Iterator<Item = (Day, f64)> {
        let total = self.cumulative.last().copied().unwrap_or(1.0);
        let before = std::iter::once(&0.0).chain(&self.cumulative);
        let pairs = self.cumulative.iter().zip(before).enumerate();
        pairs.map(move |(day, (sum, before))| (day as Day, (sum - before) / total))
    }

    /// The mark of a simulated day; days outside are held at the edge.
    pub fn mark(&self, day: Day) -> Mark {
        self.marks[day.clamp(0, self.days - 1) as usize]
    }

    fn marked(&self, day: Day) -> Mark {
        let is_weekend = self.date(day).weekday().to_monday_zero_offset() >= 5;
        Mark { place: self.quarter_place(day), is_weekend }
    }

    fn quarter_place(&self, day: Day) -> QuarterPlace {
        let date = self.date(day);
        if self.quarter_end(day) - day < QUARTER_EDGE_DAYS {
            QuarterPlace::Last
        } else if (date.month() - 1) % 3 == 0 && Day::from(date.day()) <= QUARTER_EDGE_DAYS {
            QuarterPlace::First
        } else {
            QuarterPlace::Middle
        }
    }

    /// The last day of the calendar quarter that holds `day`.
    pub fn quarter_end(&self, day: Day) -> Day {
        let months_left = (3 - self.date(day).month()).rem_euclid(3);
        (0..months_left).fold(self.month_end(day), |end, _| self.month_end(end + 1))
    }

    pub fn month_end(&self, day: Day) -> Day {
        let date = self.date(day);
        day + Day::from(date.days_in_month() - date.day())
    }

    /// For example `2025-Q3`.
    pub fn quarter_name(&self, day: Day) -> String {
        let date = self.date(day);
        format!("{}-Q{}", date.year(), (date.month() - 1) / 3 + 1)
    }

    /// For example `2025-08`.
    pub fn month_name(&self, day: Day) -> String {
        let date = self.date(day);
        format!("{}-{:02}", date.year(), date.month())
    }
}

/// A second of the working day: 07:00 to 20:00 UTC, most around the middle of it.
pub fn working_second(stream: &mut Stream) -> i64 {
    let place = f64::midpoint(stream.uniform(), stream.uniform());
    ((7.0 + 13.0 * place) * 3_600.0) as i64
}

/// An instant as it is written: `2025-08-14T09:30:00Z`.
#[derive(Clone, Copy)]
pub struct Stamp {
    date: Date,
    second: u32,
}

impl fmt::Display for Stamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.second / 3_600, self.second / 60 % 60, self.second % 60);
        write!(out, "{}T{hour:02}:{minute:02}:{second:02}Z", self.date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn calendar() -> Calendar {
        Calendar::new(date(2024, 1, 1), 366, &Arrivals::TRUE).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn quarters_end_on_their_last_day() {
        let calendar = calendar();
        for (day, end) in [(0, 90), (45, 90), (90, 90), (91, 181), (200, 273), (365, 365)] {
            assert_eq!(calendar.quarter_end(day), end, "day {day}");
        }
    }

    #[test]
    fn both_edges_of_a_quarter_are_two_weeks() {
        let calendar = calendar();
        let places: Vec<_> = (0..91).map(|day| calendar.mark(day).place).collect();
        assert_eq!(places.iter().filter(|p| **p == QuarterPlace::First).count(), 14);
        assert_eq!(places.iter().filter(|p| **p == QuarterPlace::Last).count(), 14);
        assert_eq!(places[90], QuarterPlace::Last);
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        let stamp = calendar().stamp(Moment::at(59, 3_661));
        assert_eq!(stamp.to_string(), "2024-02-29T01:01:01Z");
    }

    #[test]
    fn arrival_shares_sum_to_one() {
        let total: f64 = calendar().arrival_shares().map(|(_, share)| share).sum();
        assert!((total - 1.0).abs() < 1e-12, "{total}");
    }
}
