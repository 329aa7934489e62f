//! Times of touches, fast: ISO forms by hand, everything else by the general reading.

use std::collections::HashMap;

use domain::time::{date_of, day_number};
use jiff::tz::TimeZone;

use crate::Assumptions;
use crate::dates::{self, DateOrder};
use crate::limits::{YEAR_MIN, YEARS_AHEAD_MAX};
use crate::refusal::Reason;

const DAY_MICROS: i64 = 86_400_000_000;

pub struct Clock<'a> {
    assumptions: &'a Assumptions,
    order: Option<DateOrder>,
    is_utc: bool,
    /// The last day that is taken as real, as a day number.
    day_max: i64,
    /// Offsets of whole local days in microseconds; `None` on days on which clocks change.
    offsets: HashMap<i64, Option<i64>>,
}

/// A local or absolute time as written.
struct Iso {
    day: i64,
    micros_of_day: i64,
    offset_micros: Option<i64>,
}

impl<'a> Clock<'a> {
    pub fn new(assumptions: &'a Assumptions, order: Option<DateOrder>) -> Clock<'a> {
        let year = assumptions.now.to_zoned(TimeZone::UTC).year();
        let day_max = jiff::civil::Date::new(year.saturating_add(YEARS_AHEAD_MAX), 12, 31)
            .map_or(i64::MAX, |date| i64::from(day_number(date)));
        let is_utc = assumptions.timezone == TimeZone::UTC;
        Clock { assumptions, order, is_utc, day_max, offsets: HashMap::new() }
    }

    /// Microseconds since 1970.
    pub fn micros(&mut self, text: &str) -> Result<i64, Reason> {
        match iso(text.as_bytes()) {
            Some(iso) if iso.day <= self.day_max => {
                let local = iso.day * DAY_MICROS + iso.micros_of_day;
                match iso.offset_micros {
                    Some(offset) => Ok(local - offset),
                    None if self.is_utc => Ok(local),
                    None => match self.offset_of_day(iso.day) {
                        Some(offset) => Ok(local - offset),
                        None => self.general(text),
                    },
                }
            }
            _ => self.general(text),
        }
    }

    fn general(&self, text: &str) -> Result<i64, Reason> {
        let moment = dates::read(text, self.order, self.assumptions.now)?;
        Ok(moment.instant(&self.assumptions.timezone).as_microsecond())
    }

    fn offset_of_day(&mut self, day: i64) -> Option<i64> {
        let zone = &self.assumptions.timezone;
        *self.offsets.entry(day).or_insert_with(|| {
            let date = date_of(i32::try_from(day).ok()?);
            let start = domain::time::start_of_day(date, zone).as_microsecond();
            let next = domain::time::start_of_day(date.tomorrow().ok()?, zone).as_microsecond();
            (next - start == DAY_MICROS).then_some(day * DAY_MICROS - start)
        })
    }
}

/// Reads `2017-03-31`, and behind it ` ` or `T` and `14:05`, `14:05:06` or `14:05:06.789`, and
/// behind that `Z` or nothing.
fn iso(text: &[u8]) -> Option<Iso> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, rest @ ..] = text else { return None };
    let year = pair(*y0, *y1)? * 100 + pair(*y2, *y3)?;
    let (month, day_of_month) = (pair(*m0, *m1)?, pair(*d0, *d1)?);
    if year < i64::from(YEAR_MIN) || !(1..=12).contains(&month) {
        return None;
    }
    if day_of_month < 1 || day_of_month > days_in_month(year, month) {
        return None;
    }
    let day = days_since_1970(year, month, day_of_month);
    if rest.is_empty() {
        return Some(Iso { day, micros_of_day: 0, offset_micros: None });
    }
    let [b' ' | b'T', h0, h1, b':', n0, n1, rest @ ..] = rest else { return None };
    let (hour, minute) = (pair(*h0, *h1)?, pair(*n0, *n1)?);
    let (second, rest) = match rest {
        [b':', s0, s1, rest @ ..] => (pair(*s0, *s1)?, rest),
        _ => (0, rest),
    };
    let (micros, rest) = fraction(rest)?;
    let offset_micros = match rest {
        [] => None,
        [b'Z'] => Some(0),
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let micros_of_day = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros;
    Some(Iso { day, micros_of_day, offset_micros })
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// Microseconds of a fraction of a second such as `.123`, and what stands behind it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = text else { return Some((0, text)) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let number = |number: i64, byte: &u8| number * 10 + i64::from(byte - b'0');
    let kept = digits.min(6);
    let micros = rest[..kept].iter().fold(0, number) * 10_i64.pow(6 - kept as u32);
    Some((micros, &rest[digits..]))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March, so that
/// the leap day is a year's last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let years = year - i64::from(month <= 2);
    let months = (month + 9) % 12;
    let days = (153 * months + 2) / 5 + day - 1;
    years * 365 + years / 4 - years / 100 + years / 400 + days - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::assumptions;
    use proptest::prelude::*;

    fn zoned(zone: &str) -> Assumptions {
        let timezone = TimeZone::get(zone).expect("is bundled");
        Assumptions { timezone, ..assumptions() }
    }

    #[track_caller]
    fn check(text: &str, zone: &str, expected: Result<&str, Reason>) {
        let assumptions = zoned(zone);
        let micros = Clock::new(&assumptions, None).micros(text);
        let expected = expected.map(|at| at.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        assert_eq!(micros, expected, "{text}");
    }

    #[test]
    fn times_are_read_in_their_zone() {
        check("2017-03-31", "UTC", Ok("2017-03-31T00:00:00Z"));
        check("2017-03-31 14:05", "Europe/Berlin", Ok("2017-03-31T12:05:00Z"));
        check("2017-03-26 12:00:00", "Europe/Berlin", Ok("2017-03-26T10:00:00Z"));
        check("2017-03-26 01:00:00", "Europe/Berlin", Ok("2017-03-26T00:00:00Z"));
        check("2017-03-31T14:05:06.789Z", "Europe/Berlin", Ok("2017-03-31T14:05:06.789Z"));
        check("2017-03-31T14:05:06+02:00", "UTC", Ok("2017-03-31T12:05:06Z"));
        check("31.03.2017 14:05", "UTC", Ok("2017-03-31T14:05:00Z"));
        check("2017-02-29", "UTC", Err(Reason::NoSuchDay));
        check("2017-03-31 24:05", "UTC", Err(Reason::NoSuchDay));
        check("1899-03-31", "UTC", Err(Reason::DateOutOfRange));
        check("2117-03-31", "UTC", Err(Reason::DateOutOfRange));
        check("yesterday", "UTC", Err(Reason::NotADate));
    }

    proptest! {
        #[test]
        fn the_fast_reading_is_the_general_one(
            second in -2_000_000_000_i64..3_000_000_000,
            zone in 0..3_usize,
        ) {
            let assumptions = zoned(["UTC", "America/New_York", "Asia/Kolkata"][zone]);
            let at = jiff::Timestamp::from_second(second).unwrap();
            let mut clock = Clock::new(&assumptions, None);
            let local = assumptions.timezone.to_datetime(at).to_string();
            for text in [at.to_string(), local] {
                prop_assert_eq!(clock.micros(&text), clock.general(&text));
            }
        }
    }
}
