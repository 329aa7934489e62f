//! Dates and times as files write them: which forms are understood, and which have two readings.
//!
//! Understood are `2017-03-31`, `2017/03/31`, `20170331`, `31.03.2017` (always day first),
//! `31/03/2017` and `03/31/2017` (by the column's order), `31-Mar-2017`, `Mar 31, 2017`, each
//! with or without a time (`14:05`, `2:05:30.5 PM`) and an offset (`Z`, `UTC`, `+02:00`), seconds
//! and milliseconds since 1970 (10 and 13 digits), and the serial numbers of spreadsheets (five
//! digits, 1927 to 2173).

use domain::time::start_of_day;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::limits::{YEAR_MIN, YEARS_AHEAD_MAX};

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    DayFirst,
    MonthFirst,
    YearFirst,
}

/// A date as written: with its time and offset, where it has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub date: Date,
    pub time: Option<Time>,
    pub offset: Option<Offset>,
}

/// What a text says before the order of day and month is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Plain(Moment),
    /// A spreadsheet's serial number.
    Serial(Moment),
    /// Day and month in an order that the text alone may not tell; at least one reading is a day.
    Either {
        day_first: Option<Moment>,
        month_first: Option<Moment>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFault {
    NotADate,
    TwoDigitYear,
    NoSuchDay,
    ContradictsOrder,
    OrderUnknown,
    OutOfRange,
}

/// Reads a date, with the order of day and month where the column has one.
pub fn read(text: &str, order: Option<DateOrder>, now: Timestamp) -> Result<Moment, DateFault> {
    let moment = written(text)?.resolve(order)?;
    let year_max = now.to_zoned(TimeZone::UTC).year().saturating_add(YEARS_AHEAD_MAX);
    if (YEAR_MIN..=year_max).contains(&moment.date.year()) {
        Ok(moment)
    } else {
        Err(DateFault::OutOfRange)
    }
}

impl Written {
    pub fn resolve(self, order: Option<DateOrder>) -> Result<Moment, DateFault> {
        let (day_first, month_first) = match self {
            Written::Plain(moment) | Written::Serial(moment) => return Ok(moment),
            Written::Either { day_first, month_first } => (day_first, month_first),
        };
        match order {
            Some(DateOrder::DayFirst) => day_first.ok_or(DateFault::ContradictsOrder),
            Some(DateOrder::MonthFirst) => month_first.ok_or(DateFault::ContradictsOrder),
            Some(DateOrder::YearFirst) => Err(DateFault::ContradictsOrder),
            None if day_first == month_first => day_first.ok_or(DateFault::NoSuchDay),
            None => match (day_first, month_first) {
                (Some(only), None) | (None, Some(only)) => Ok(only),
                _ => Err(DateFault::OrderUnknown),
            },
        }
    }
}

impl Moment {
    /// The instant: a bare date is the start of that day, a time without an offset is local.
    pub fn instant(self, zone: &TimeZone) -> Timestamp {
        let Some(time) = self.time else { return start_of_day(self.date, zone) };
        let civil = DateTime::from_parts(self.date, time);
        let zoned = match self.offset {
            Some(offset) => offset.to_timestamp(civil),
            None => zone.to_timestamp(civil),
        };
        zoned.unwrap_or(Timestamp::MAX)
    }

    /// The day. Midnight UTC is how CRM systems write a bare date, so it keeps its day; any other
    /// time with an offset is the day on which it falls in the zone.
    pub fn day(self, zone: &TimeZone) -> Date {
        match (self.time, self.offset) {
            (Some(time), Some(offset)) if time != Time::midnight() || offset != Offset::UTC => {
                zone.to_datetime(self.instant(zone)).date()
            }
            _ => self.date,
        }
    }
}

/// What a text says by itself.
pub fn written(text: &str) -> Result<Written, DateFault> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.bytes().filter(|byte| *byte == b'.').count() <= 1
    {
        return number_of_days_or_seconds(text);
    }
    let mut cursor = Cursor { rest: text };
    let day = date_part(&mut cursor)?;
    let (time, offset) = time_part(&mut cursor)?;
    let moment = |date: Date| Moment { date, time, offset };
    Ok(match day {
        Day::Plain(date) => Written::Plain(moment(date)),
        Day::Either(day_first, month_first) => Written::Either {
            day_first: day_first.map(moment),
            month_first: month_first.map(moment),
        },
    })
}

enum Day {
    Plain(Date),
    Either(Option<Date>, Option<Date>),
}

fn date_part(cursor: &mut Cursor) -> Result<Day, DateFault> {
    if let Some(month) = cursor.month_name() {
        cursor.skip(&[' ', '-', '.', '/', ',']);
        let (day, _) = cursor.number().ok_or(DateFault::NotADate)?;
        cursor.skip(&[' ', '-', '.', '/', ',']);
        return cursor.year().and_then(|year| plain(year, month, day));
    }
    let (first, digits) = cursor.number().ok_or(DateFault::NotADate)?;
    let Some(mark) = cursor.separator() else { return Err(DateFault::NotADate) };
    if let Some(month) = cursor.month_name() {
        cursor.skip(&[' ', '-', '.', '/', ',']);
        return cursor.year().and_then(|year| plain(year, month, first));
    }
    let (second, _) = cursor.number().ok_or(DateFault::NotADate)?;
    if cursor.separator() != Some(mark) {
        return Err(DateFault::NotADate);
    }
    if digits == 4 {
        let (third, digits) = cursor.number().ok_or(DateFault::NotADate)?;
        return if digits <= 2 { plain(first, second, third) } else { Err(DateFault::NotADate) };
    }
    let year = cursor.year()?;
    if mark == '.' {
        return plain(year, second, first);
    }
    let (day_first, month_first) = (day_of(year, second, first), day_of(year, first, second));
    if day_first.is_none() && month_first.is_none() {
        return Err(DateFault::NoSuchDay);
    }
    Ok(Day::Either(day_first, month_first))
}

fn time_part(cursor: &mut Cursor) -> Result<(Option<Time>, Option<Offset>), DateFault> {
    cursor.skip(&[',', ' ', 'T', 't']);
    if cursor.rest.is_empty() {
        return Ok((None, None));
    }
    let (hour, digits) = cursor.number().ok_or(DateFault::NotADate)?;
    if digits > 2 || !cursor.eat(':') {
        return Err(DateFault::NotADate);
    }
    let (minute, _) = cursor.number().ok_or(DateFault::NotADate)?;
    let second = if cursor.eat(':') { cursor.number().ok_or(DateFault::NotADate)?.0 } else { 0 };
    let nanosecond = if cursor.eat('.') || cursor.eat(',') { cursor.fraction()? } else { 0 };
    cursor.skip(&[' ']);
    let hour = cursor.half_of_day(hour)?;
    let offset = cursor.offset()?;
    if !cursor.rest.trim().is_empty() {
        return Err(DateFault::NotADate);
    }
    let part = |number: u32| i8::try_from(number).map_err(|_| DateFault::NoSuchDay);
    let second = if second == 60 { 59 } else { second };
    let time = Time::new(part(hour)?, part(minute)?, part(second)?, nanosecond)
        .map_err(|_| DateFault::NoSuchDay)?;
    Ok((Some(time), offset))
}

fn plain(year: u32, month: u32, day: u32) -> Result<Day, DateFault> {
    day_of(year, month, day).map(Day::Plain).ok_or(DateFault::NoSuchDay)
}

fn day_of(year: u32, month: u32, day: u32) -> Option<Date> {
    let (year, month) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?);
    Date::new(year, month, i8::try_from(day).ok()?).ok()
}

/// Digits alone: `20170331`, seconds or milliseconds since 1970, or a spreadsheet's serial.
fn number_of_days_or_seconds(text: &str) -> Result<Written, DateFault> {
    let whole = text.split('.').next().unwrap_or_default();
    let number: i64 = whole.parse().map_err(|_| DateFault::NotADate)?;
    let since_epoch = |at: Result<Timestamp, jiff::Error>| {
        let civil = Offset::UTC.to_datetime(at.map_err(|_| DateFault::OutOfRange)?);
        let (date, time) = (civil.date(), Some(civil.time()));
        Ok(Written::Plain(Moment { date, time, offset: Some(Offset::UTC) }))
    };
    match whole.len() {
        8 if whole == text => {
            let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
            let part = |number: i64| u32::try_from(number).unwrap_or(0);
            let date = day_of(part(year), part(month), part(day)).ok_or(DateFault::NoSuchDay)?;
            Ok(Written::Plain(Moment { date, time: None, offset: None }))
        }
        10 => since_epoch(Timestamp::from_second(number)),
        13 => since_epoch(Timestamp::from_millisecond(number)),
        5 => serial(text).map(Written::Serial).ok_or(DateFault::NotADate),
        _ => Err(DateFault::NotADate),
    }
}

/// Days since 1899-12-30 with the time as a fraction, as spreadsheets keep dates.
pub fn serial(text: &str) -> Option<Moment> {
    let days: f64 = text.parse().ok().filter(|days| (1.0..=2_958_465.0).contains(days))?;
    let date = Date::constant(1899, 12, 30).checked_add((days.floor() as i64).days()).ok()?;
    let seconds = (days.fract() * 86_400.0).round().min(86_399.0) as i64;
    let time = (seconds > 0)
        .then(|| Time::midnight().checked_add(SignedDuration::from_secs(seconds)).ok())
        .flatten();
    Some(Moment { date, time, offset: None })
}

/// What is left of a text.
struct Cursor<'a> {
    rest: &'a str,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

impl Cursor<'_> {
    /// A number of up to four digits, and how many it had.
    fn number(&mut self) -> Option<(u32, usize)> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest[..digits].parse().ok().filter(|_| digits <= 4)?;
        self.rest = &self.rest[digits..];
        Some((number, digits))
    }

    fn year(&mut self) -> Result<u32, DateFault> {
        match self.number().ok_or(DateFault::NotADate)? {
            (year, 4) => Ok(year),
            (_, 2) => Err(DateFault::TwoDigitYear),
            _ => Err(DateFault::NotADate),
        }
    }

    fn month_name(&mut self) -> Option<u32> {
        let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = self.rest[..letters].to_ascii_lowercase();
        let month = MONTHS.iter().position(|month| word.len() >= 3 && word.starts_with(month))?;
        self.rest = &self.rest[letters..];
        u32::try_from(month + 1).ok()
    }

    fn separator(&mut self) -> Option<char> {
        let mark = self.rest.chars().next().filter(|mark| "-/. ".contains(*mark))?;
        self.rest = &self.rest[1..];
        Some(mark)
    }

    fn skip(&mut self, marks: &[char]) {
        self.rest = self.rest.trim_start_matches(marks);
    }

    fn eat(&mut self, mark: char) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn fraction(&mut self) -> Result<i32, DateFault> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let kept = &self.rest[..digits.min(9)];
        let number: i32 = kept.parse().map_err(|_| DateFault::NotADate)?;
        self.rest = &self.rest[digits..];
        Ok((kept.len()..9).fold(number, |number, _| number * 10))
    }

    fn half_of_day(&mut self, hour: u32) -> Result<u32, DateFault> {
        let word = self.rest.get(..2).unwrap_or_default().to_ascii_lowercase();
        let shift = match word.as_str() {
            "am" if hour == 12 => 0,
            "am" => hour,
            "pm" if hour == 12 => 12,
            "pm" => hour + 12,
            _ => return Ok(hour),
        };
        self.rest = self.rest[2..].trim_start();
        if (1..=12).contains(&hour) { Ok(shift) } else { Err(DateFault::NoSuchDay) }
    }

    fn offset(&mut self) -> Result<Option<Offset>, DateFault> {
        for word in ["Z", "z", "UTC", "GMT"] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(Some(Offset::UTC));
            }
        }
        let sign = match self.rest.chars().next() {
            Some('+') => 1,
            Some('-') => -1,
            _ => return Ok(None),
        };
        self.rest = &self.rest[1..];
        let (mut hours, digits) = self.number().ok_or(DateFault::NotADate)?;
        let mut minutes = 0;
        if digits == 4 {
            (hours, minutes) = (hours / 100, hours % 100);
        } else if self.eat(':') {
            minutes = self.number().ok_or(DateFault::NotADate)?.0;
        }
        let seconds = i32::try_from(hours * 3600 + minutes * 60).unwrap_or(i32::MAX);
        Offset::from_seconds(sign * seconds).map(Some).map_err(|_| DateFault::NoSuchDay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[track_caller]
    fn check(text: &str, order: Option<DateOrder>, expected: Result<&str, DateFault>) {
        let zone = TimeZone::get("Europe/Berlin").expect("is bundled");
        let instant = read(text, order, now()).map(|moment| moment.instant(&zone).to_string());
        assert_eq!(instant.as_deref().map_err(|fault| *fault), expected, "{text}");
    }

    #[test]
    fn forms_with_one_reading() {
        for text in [
            "2017-03-31",
            "2017/03/31",
            "2017.03.31",
            "20170331",
            "31.03.2017",
            "31.3.2017",
            "31/03/2017",
            "03/31/2017",
            "31-Mar-2017",
            "31 March 2017",
            "Mar 31, 2017",
            "42825",
            "2017-03-30T22:00:00Z",
            "2017-03-31 00:00",
            "2017-03-31 12:00 am",
            "2017-03-30T23:00:00.000+0100",
            "1490911200000",
            "1490911200",
        ] {
            check(text, None, Ok("2017-03-30T22:00:00Z"));
        }
        check("2017-03-31 2:05:30.5 PM", None, Ok("2017-03-31T12:05:30.5Z"));
        check("2021-01-07 6:49:18", None, Ok("2021-01-07T05:49:18Z"));
        check("42825.5", None, Ok("2017-03-31T10:00:00Z"));
        check("2017-03-31T10:00:00-05:30", None, Ok("2017-03-31T15:30:00Z"));
    }

    #[test]
    fn forms_with_two_readings_need_an_order() {
        check("03/04/2017", None, Err(DateFault::OrderUnknown));
        check("03/04/2017", Some(DateOrder::DayFirst), Ok("2017-04-02T22:00:00Z"));
        check("03/04/2017", Some(DateOrder::MonthFirst), Ok("2017-03-03T23:00:00Z"));
        check("03/03/2017", None, Ok("2017-03-02T23:00:00Z"));
        check("31/03/2017", Some(DateOrder::MonthFirst), Err(DateFault::ContradictsOrder));
        check("2017-03-04", Some(DateOrder::DayFirst), Ok("2017-03-03T23:00:00Z"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in
            ["", "soon", "2017", "12", "2017-03", "1/2", "2017-03-31x", "3e5", "2017-03-31 25"]
        {
            check(text, None, Err(DateFault::NotADate));
        }
        for text in ["2017-02-29", "31/31/2017", "2017-13-01", "20171301", "2017-01-01 25:00"] {
            check(text, None, Err(DateFault::NoSuchDay));
        }
        check("03/04/17", None, Err(DateFault::TwoDigitYear));
        check("1-Apr-17", None, Err(DateFault::TwoDigitYear));
        check("1899-12-31", None, Err(DateFault::OutOfRange));
        check("2099-01-01", None, Err(DateFault::OutOfRange));
    }

    #[test]
    fn midnight_utc_keeps_its_day_west_of_greenwich() {
        let zone = TimeZone::get("America/New_York").expect("is bundled");
        for (text, day) in [
            ("2018-12-19T00:00:00.000Z", "2018-12-19"),
            ("2018-12-19 00:00:00", "2018-12-19"),
            ("2018-12-19T03:00:00Z", "2018-12-18"),
        ] {
            let moment = read(text, None, now()).unwrap();
            assert_eq!(moment.day(&zone).to_string(), day, "{text}");
        }
    }
}
