//! Fiscal periods. A fiscal year is named by the calendar year in which it ends.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;

/// The company's fiscal calendar: the month, 1 to 12, in which its year begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FiscalCalendar {
    start_month: i8,
}

/// A fiscal year, quarter or month. Months are numbered within the calendar year, as spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    Year { year: i16 },
    Quarter { year: i16, quarter: i8 },
    Month { year: i16, month: i8 },
}

/// The first and the last day of a period, both within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    pub first: Date,
    pub last: Date,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error(
        "`{0}` is not a period: write a fiscal year (2018), quarter (2018-Q1) or month (2018-01)"
    )]
    Unreadable(String),
    #[error("{0} is not a month from 1 to 12")]
    NotAMonth(i8),
}

impl FiscalCalendar {
    pub fn new(start_month: i8) -> Result<FiscalCalendar, PeriodError> {
        if (1..=12).contains(&start_month) {
            Ok(FiscalCalendar { start_month })
        } else {
            Err(PeriodError::NotAMonth(start_month))
        }
    }

    /// A period and those that follow it, without end.
    pub fn following(self, first: Period) -> impl Iterator<Item = Period> {
        std::iter::successors(Some(first), move |period| Some(self.next(*period)))
    }

    pub fn start_month(self) -> i8 {
        self.start_month
    }

    pub fn days(self, period: Period) -> Days {
        let (first, months) = match period {
            Period::Year { year } => (self.year_start(year), 12),
            Period::Quarter { year, quarter } => {
                (self.year_start(year).saturating_add(((quarter - 1) * 3).months()), 3)
            }
            Period::Month { year, month } => (first_of(year, month), 1),
        };
        let last = first.saturating_add(months.months()).saturating_sub(1.day());
        Days { first, last }
    }

    /// The fiscal year in which a day falls.
    pub fn year_of(self, day: Date) -> Period {
        let next = self.start_month > 1 && day.month() >= self.start_month;
        Period::Year { year: day.year() + i16::from(next) }
    }

    /// The fiscal quarter in which a day falls.
    pub fn quarter_of(self, day: Date) -> Period {
        let Period::Year { year } = self.year_of(day) else { unreachable!("year_of gives a year") };
        let months_in = (day.month() - self.start_month).rem_euclid(12);
        Period::Quarter { year, quarter: months_in / 3 + 1 }
    }

    /// The quarters of a year, the months of a quarter or year, in order.
    pub fn months(self, period: Period) -> Vec<Period> {
        let days = self.days(period);
        let mut months = Vec::new();
        let mut first = days.first;
        while first <= days.last {
            months.push(month_of(first));
            first = first.saturating_add(1.month());
        }
        months
    }

    pub fn quarters(self, period: Period) -> Vec<Period> {
        let mut quarters: Vec<Period> = self
            .months(period)
            .iter()
            .map(|month| self.quarter_of(self.days(*month).first))
            .collect();
        quarters.dedup();
        quarters
    }

    /// The period of the same length that begins behind another one.
    pub fn next(self, period: Period) -> Period {
        let first = self.days(period).last.saturating_add(1.day());
        match period {
            Period::Year { .. } => self.year_of(first),
            Period::Quarter { .. } => self.quarter_of(first),
            Period::Month { .. } => month_of(first),
        }
    }

    fn year_start(self, year: i16) -> Date {
        first_of(if self.start_month == 1 { year } else { year - 1 }, self.start_month)
    }
}

impl Period {
    /// The same period so many years later, or earlier.
    pub fn later(self, years: i16) -> Period {
        match self {
            Period::Year { year } => Period::Year { year: year + years },
            Period::Quarter { year, quarter } => Period::Quarter { year: year + years, quarter },
            Period::Month { year, month } => Period::Month { year: year + years, month },
        }
    }

    /// The calendar or fiscal year that its name begins with.
    pub fn year(self) -> i16 {
        match self {
            Period::Year { year } | Period::Quarter { year, .. } | Period::Month { year, .. } => {
                year
            }
        }
    }
}

/// The calendar month in which a day falls.
pub fn month_of(day: Date) -> Period {
    Period::Month { year: day.year(), month: day.month() }
}

impl Days {
    pub fn contains(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

impl std::str::FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Period, PeriodError> {
        let unreadable = || PeriodError::Unreadable(text.to_owned());
        let (year, part) = match text.trim().split_once('-') {
            Some((year, part)) => (year, Some(part)),
            None => (text.trim(), None),
        };
        let year: i16 = year.parse().map_err(|_| unreadable())?;
        if !(1900..=2999).contains(&year) {
            return Err(unreadable());
        }
        let Some(part) = part else { return Ok(Period::Year { year }) };
        let number = |digits: &str, max: i8| {
            digits.parse().ok().filter(|n| (1..=max).contains(n)).ok_or_else(unreadable)
        };
        match part.strip_prefix(['Q', 'q']) {
            Some(quarter) => Ok(Period::Quarter { year, quarter: number(quarter, 4)? }),
            None => Ok(Period::Month { year, month: number(part, 12)? }),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Period::Year { year } => write!(formatter, "{year}"),
            Period::Quarter { year, quarter } => write!(formatter, "{year}-Q{quarter}"),
            Period::Month { year, month } => write!(formatter, "{year}-{month:02}"),
        }
    }
}

fn first_of(year: i16, month: i8) -> Date {
    Date::new(year, month, 1).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start_month: i8, period: &str, expected: &str) {
        let calendar = FiscalCalendar::new(start_month).unwrap();
        let days = calendar.days(period.parse().unwrap());
        assert_eq!(format!("{} {}", days.first, days.last), expected);
    }

    #[test]
    fn periods_are_named_by_the_year_in_which_they_end() {
        check(1, "2017", "2017-01-01 2017-12-31");
        check(1, "2017-Q4", "2017-10-01 2017-12-31");
        check(2, "2018", "2017-02-01 2018-01-31");
        check(2, "2018-Q4", "2017-11-01 2018-01-31");
        check(10, "2018-Q1", "2017-10-01 2017-12-31");
        check(7, "2016-02", "2016-02-01 2016-02-29");
    }

    #[test]
    fn every_day_falls_into_the_quarter_that_holds_it() {
        for start_month in 1..=12 {
            let calendar = FiscalCalendar::new(start_month).unwrap();
            let mut day = jiff::civil::date(2019, 1, 1);
            while day < jiff::civil::date(2021, 1, 1) {
                assert!(calendar.days(calendar.quarter_of(day)).contains(day));
                assert!(calendar.days(calendar.year_of(day)).contains(day));
                day = day.tomorrow().unwrap();
            }
        }
    }

    #[test]
    fn the_next_period_begins_on_the_day_behind_the_last() {
        for start_month in [1, 2, 10] {
            let calendar = FiscalCalendar::new(start_month).unwrap();
            for name in ["2018", "2018-Q1", "2018-Q4", "2018-01", "2018-12"] {
                let period: Period = name.parse().unwrap();
                let next = calendar.next(period);
                assert_eq!(
                    calendar.days(next).first,
                    calendar.days(period).last.tomorrow().unwrap(),
                    "{name}"
                );
                assert_eq!(next.to_string().len(), name.len());
            }
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in ["", "17", "2017-Q5", "2017-13", "2017-Q", "Q4", "2017-00"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        for text in ["2017", "2017-Q3", "2017-04"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
    }
}
