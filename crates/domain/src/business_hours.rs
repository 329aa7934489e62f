//! Business hours: on which days and from when to when a team works, in its time zone.
//!
//! What is promised in hours runs while the team works, and stands still at night, on weekends
//! and on holidays.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::time::{day_of, start_of_day};

/// Minutes of a day whose clocks do not change.
pub const DAY_MINUTES: u32 = 24 * 60;
/// Holidays that a calendar may name.
pub const HOLIDAYS_MAX: usize = 400;
/// Business minutes that one promise may take: longer ones are none.
pub const MINUTES_MAX: u32 = 60 * DAY_MINUTES;
/// Days over which business time is counted; what lies farther apart counts as this far.
const DAYS_MAX: i64 = 3_700;

/// A company's working days, hours and holidays.
#[derive(Clone, Debug, PartialEq)]
pub struct BusinessHours {
    days: BTreeSet<i8>,
    opens: u32,
    closes: u32,
    holidays: BTreeSet<Date>,
    zone: TimeZone,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    #[error("there is no working day: name one at least, such as monday")]
    NoDay,
    #[error("`{0}` is no day of the week: write monday, tuesday …")]
    UnknownDay(String),
    #[error("`{0}` is no time of day: write one such as 09:00, at most 24:00")]
    UnknownTime(String),
    #[error("the day must open before it closes")]
    ClosedBeforeOpened,
    #[error("{0} holidays are too many: {HOLIDAYS_MAX} at most")]
    TooManyHolidays(usize),
}

impl HoursError {
    /// The field that will not do.
    pub fn field(&self) -> &'static str {
        match self {
            HoursError::NoDay | HoursError::UnknownDay(_) => "working_days",
            HoursError::UnknownTime(_) | HoursError::ClosedBeforeOpened => "opens",
            HoursError::TooManyHolidays(_) => "holidays",
        }
    }
}

impl BusinessHours {
    /// The hours of a team; `opens` and `closes` are minutes after midnight by its clock.
    ///
    /// # Errors
    /// When it never works, or names too many holidays.
    pub fn new(
        days: &[Weekday],
        (opens, closes): (u32, u32),
        holidays: BTreeSet<Date>,
        zone: TimeZone,
    ) -> Result<BusinessHours, HoursError> {
        if days.is_empty() {
            return Err(HoursError::NoDay);
        }
        if opens >= closes || closes > DAY_MINUTES {
            return Err(HoursError::ClosedBeforeOpened);
        }
        if holidays.len() > HOLIDAYS_MAX {
            return Err(HoursError::TooManyHolidays(holidays.len()));
        }
        let days = days.iter().map(|day| day.to_monday_zero_offset()).collect();
        Ok(BusinessHours { days, opens, closes, holidays, zone })
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub fn is_working_day(&self, day: Date) -> bool {
        self.days.contains(&day.weekday().to_monday_zero_offset()) && !self.holidays.contains(&day)
    }

    /// The business time from one instant to another; none where the other comes first.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let mut day = day_of(from, &self.zone);
        let mut sum = SignedDuration::ZERO;
        for _ in 0..DAYS_MAX {
            if start_of_day(day, &self.zone) >= to {
                break;
            }
            if let Some((opens, closes)) = self.window(day) {
                let (opens, closes) = (opens.max(from), closes.min(to));
                if opens < closes {
                    sum += opens.duration_until(closes);
                }
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        sum
    }

    /// The instant at which so many business minutes have passed; the same instant for none.
    pub fn after(&self, from: Timestamp, minutes: u32) -> Timestamp {
        let mut left = SignedDuration::from_mins(i64::from(minutes));
        let mut day = day_of(from, &self.zone);
        if left.is_zero() {
            return from;
        }
        for _ in 0..DAYS_MAX {
            if let Some((opens, closes)) = self.window(day) {
                let opens = opens.max(from);
                let here = opens.duration_until(closes);
                if left <= here {
                    return opens.saturating_add(left).unwrap_or(Timestamp::MAX);
                }
                if here.is_positive() {
                    left -= here;
                }
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Timestamp::MAX
    }

    /// From when to when a day is worked on. An hour that the clock leaves out is not worked.
    fn window(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        self.is_working_day(day).then(|| (self.at(day, self.opens), self.at(day, self.closes)))
    }

    fn at(&self, day: Date, minute: u32) -> Timestamp {
        if minute == 0 {
            return start_of_day(day, &self.zone);
        }
        if minute >= DAY_MINUTES {
            return day.tomorrow().map_or(Timestamp::MAX, |next| start_of_day(next, &self.zone));
        }
        let part = |number: u32| i8::try_from(number).unwrap_or_default();
        let time = Time::new(part(minute / 60), part(minute % 60), 0, 0).unwrap_or_default();
        let zoned = day.to_datetime(time).to_zoned(self.zone.clone());
        zoned.map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }
}

/// Minutes after midnight of a time of day such as `09:00`; `24:00` is the end of the day.
///
/// # Errors
/// When it is none.
pub fn minute_of_day(text: &str) -> Result<u32, HoursError> {
    let unknown = || HoursError::UnknownTime(text.to_owned());
    let (hour, minute) = text.trim().split_once(':').ok_or_else(unknown)?;
    let number = |text: &str, most: u32| {
        let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| is_plain && *number <= most)
    };
    let (hour, minute) = number(hour, 24).zip(number(minute, 59)).ok_or_else(unknown)?;
    Some(hour * 60 + minute).filter(|minute| *minute <= DAY_MINUTES).ok_or_else(unknown)
}

/// A day of the week by its English name.
///
/// # Errors
/// When it is none.
pub fn weekday(text: &str) -> Result<Weekday, HoursError> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let wanted = text.trim().to_lowercase();
    let found = days.into_iter().find(|(name, _)| *name == wanted);
    found.map(|(_, day)| day).ok_or_else(|| HoursError::UnknownDay(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const WEEK: [Weekday; 5] =
        [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

    fn hours(zone: &str, holidays: &[Date]) -> BusinessHours {
        let zone = TimeZone::get(zone).expect("is bundled");
        let holidays = holidays.iter().copied().collect();
        BusinessHours::new(&WEEK, (9 * 60, 17 * 60), holidays, zone).expect("hours")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn clocks_stand_still_at_night_and_on_weekends() {
        let hours = hours("UTC", &[date(2026, 1, 1)]);
        let check = |from: &str, minutes: u32, to: &str| {
            assert_eq!(hours.after(at(from), minutes), at(to), "{from} + {minutes}");
            let between = hours.between(at(from), at(to));
            assert_eq!(between, SignedDuration::from_mins(i64::from(minutes)), "{from} … {to}");
        };
        check("2026-06-01T09:00:00Z", 60, "2026-06-01T10:00:00Z");
        check("2026-06-01T16:30:00Z", 60, "2026-06-02T09:30:00Z");
        check("2026-06-05T16:00:00Z", 120, "2026-06-08T10:00:00Z");
        check("2026-06-06T12:00:00Z", 480, "2026-06-08T17:00:00Z");
        check("2025-12-31T16:00:00Z", 61, "2026-01-02T09:01:00Z");
        assert_eq!(
            hours.between(at("2026-06-02T09:00:00Z"), at("2026-06-01T09:00:00Z")),
            SignedDuration::ZERO
        );
    }

    #[test]
    fn what_makes_no_calendar_is_refused() {
        let new = |days: &[Weekday], window| {
            BusinessHours::new(days, window, BTreeSet::new(), TimeZone::UTC)
        };
        assert_eq!(new(&[], (0, 60)), Err(HoursError::NoDay));
        assert_eq!(new(&WEEK, (60, 60)), Err(HoursError::ClosedBeforeOpened));
        assert_eq!(new(&WEEK, (60, 1_441)), Err(HoursError::ClosedBeforeOpened));
        assert_eq!(minute_of_day("09:30"), Ok(570));
        assert_eq!(minute_of_day("24:00"), Ok(1_440));
        for wrong in ["9:30", "24:01", "09:60", "9", "+9:00", ""] {
            assert!(minute_of_day(wrong).is_err(), "{wrong}");
        }
        assert_eq!(weekday(" Monday "), Ok(Weekday::Monday));
        assert!(weekday("mon").is_err());
    }

    /// Whether a minute is worked in, by its civil time alone.
    fn is_open(hours: &BusinessHours, minute: Timestamp) -> bool {
        let civil = hours.zone.to_datetime(minute);
        let of_day = u32::try_from(i32::from(civil.hour()) * 60 + i32::from(civil.minute()));
        let of_day = of_day.expect("not negative");
        hours.is_working_day(civil.date()) && (hours.opens..hours.closes).contains(&of_day)
    }

    prop_compose! {
        /// Hours whose opening and closing are no times that clocks leave out or repeat.
        fn any_hours()(
            days in prop::collection::btree_set(0_i8..7, 1..=7),
            opens in prop_oneof![Just(0_u32), 4 * 60..20 * 60_u32],
            length in 1_u32..=DAY_MINUTES,
            holidays in prop::collection::btree_set(0_i32..20, 0..4),
            zone in prop_oneof!["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"],
            first in prop_oneof![Just(date(2026, 3, 25)), Just(date(2026, 10, 21)),
                Just(date(2026, 3, 5)), Just(date(2026, 10, 29)), Just(date(2026, 6, 1))],
        ) -> (BusinessHours, Date) {
            let closes = (opens + length).clamp((opens + 1).max(4 * 60), DAY_MINUTES);
            let holidays = holidays.into_iter().map(|day| {
                crate::time::date_of(crate::time::day_number(first) + day)
            });
            let zone = TimeZone::get(&zone).expect("is bundled");
            let hours = BusinessHours {
                days, opens, closes, holidays: holidays.collect(), zone,
            };
            (hours, first)
        }
    }

    proptest! {
        #[test]
        fn business_time_is_the_count_of_open_minutes(
            (hours, first) in any_hours(), start in 0_i64..4 * 1_440, length in 0_i64..10 * 1_440,
            wanted in 1_u32..3_000,
        ) {
            let minute = SignedDuration::from_mins(1);
            let from = start_of_day(first, &hours.zone) + SignedDuration::from_mins(start);
            let to = from + SignedDuration::from_mins(length);
            let (mut now, mut open) = (from, 0);
            while now < to {
                open += i64::from(is_open(&hours, now));
                now += minute;
            }
            prop_assert_eq!(hours.between(from, to), SignedDuration::from_mins(open));
            let (mut now, mut left) = (from, wanted);
            while left > 0 && now < from + SignedDuration::from_hours(24 * 120) {
                left -= u32::from(is_open(&hours, now));
                now += minute;
            }
            if left == 0 {
                prop_assert_eq!(hours.after(from, wanted), now);
            }
        }
    }
}
