//! Time as the company lives it: UTC instants, days in the company's zone, the as-of pair.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The two times at which a fact can be looked at: when it was true, and when we learnt it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// Facts that took effect later than this are not seen.
    pub effective_at: Timestamp,
    /// Facts that were recorded later than this are not seen.
    pub known_at: Timestamp,
}

/// The day number of a date: days since 1970-01-01.
pub fn day_number(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    (date - epoch).get_days()
}

/// The date of a day number; days outside the years -9999 to 9999 are clamped to them.
pub fn date_of(day: i32) -> Date {
    Date::constant(1970, 1, 1).saturating_add(i64::from(day).days())
}

/// The first instant of a day in a zone (not always midnight: clocks change).
pub fn start_of_day(date: Date, zone: &TimeZone) -> Timestamp {
    date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The last microsecond of a day in a zone: what a bare date after `--as-of` means.
pub fn end_of_day(date: Date, zone: &TimeZone) -> Timestamp {
    let next = start_of_day(date.saturating_add(1.day()), zone);
    next.saturating_sub(1.microsecond()).unwrap_or(next)
}

/// The day in a zone on which an instant falls.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_ends_a_microsecond_before_the_next_begins_even_when_clocks_change() {
        let zone = TimeZone::get("Europe/Berlin").expect("is bundled");
        for day in [date(2017, 3, 26), date(2017, 10, 29), date(2020, 2, 29)] {
            let end = end_of_day(day, &zone);
            assert_eq!(day_of(end, &zone), day);
            assert_eq!(
                end.as_microsecond() + 1,
                start_of_day(day.tomorrow().unwrap(), &zone).as_microsecond()
            );
        }
    }

    #[test]
    fn day_numbers_go_both_ways() {
        for day in [-1, 0, 1, 17_000, 20_000] {
            assert_eq!(day_number(date_of(day)), day);
        }
        assert_eq!(day_number(date(1970, 1, 2)), 1);
    }
}
