//! Rates as whole millionths, and the one division that rounds.

use std::fmt;
use std::str::FromStr;

use super::limits::RATE_MAX_MILLIONTHS;

/// A share, a rate or a multiplier in millionths: 5 % is 50 000, one and a half is 1 500 000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    pub millionths: i64,
}

/// How a fraction of a minor unit becomes a whole one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, a half to the even neighbour.
    #[default]
    HalfEven,
    /// To the nearest, a half away from zero.
    HalfUp,
    /// Towards zero.
    Down,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    #[error("`{0}` is not a rate: write a factor such as 1.5 or a percentage such as 5 %")]
    NotARate(String),
    #[error("`{0}` has parts finer than a millionth; round it first")]
    TooFine(String),
    #[error("`{0}` is beyond 20 (2000 %), which is taken as a slip of the keyboard")]
    TooLarge(String),
    #[error("`{0}` is not a rounding: choose one of half-even, half-up, down")]
    UnknownRounding(String),
}

/// A product or sum that does not fit; amounts within the limits never make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amounts are too large to be computed exactly; check them for slips of the keyboard")]
pub struct Overflow;

impl Rate {
    pub const ONE: Rate = Rate { millionths: 1_000_000 };

    /// As a percentage without needless zeros, such as `12.5 %`.
    pub fn percent(self) -> String {
        format!("{} %", decimal(self.millionths, 4))
    }

    /// As a factor without needless zeros, such as `1.5`.
    pub fn factor(self) -> String {
        decimal(self.millionths, 6)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.percent())
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let (number, places) = match text.trim().strip_suffix('%') {
            Some(number) => (number.trim_end(), 4),
            None => (text.trim(), 6),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(RateError::NotARate(text.to_owned()));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > places {
            return Err(RateError::TooFine(text.to_owned()));
        }
        let all = format!("{whole}{fraction:0<places$}");
        let millionths = all.parse().ok().filter(|found| *found <= RATE_MAX_MILLIONTHS);
        millionths
            .map(|millionths| Rate { millionths })
            .ok_or_else(|| RateError::TooLarge(text.to_owned()))
    }
}

impl Rounding {
    pub const ALL: [Rounding; 3] = [Rounding::HalfEven, Rounding::HalfUp, Rounding::Down];

    pub fn name(self) -> &'static str {
        match self {
            Rounding::HalfEven => "half-even",
            Rounding::HalfUp => "half-up",
            Rounding::Down => "down",
        }
    }

    /// `numerator` ÷ `denominator`, which is above zero, as a whole number.
    pub fn divide(self, numerator: i128, denominator: i128) -> Result<i64, Overflow> {
        let (whole, rest) = (numerator / denominator, (numerator % denominator).abs());
        let twice = rest.checked_mul(2).ok_or(Overflow)?;
        let away = match self {
            Rounding::Down => false,
            Rounding::HalfUp => twice >= denominator,
            Rounding::HalfEven => twice > denominator || (twice == denominator && whole % 2 != 0),
        };
        let step = if away { numerator.signum() } else { 0 };
        i64::try_from(whole + step).map_err(|_| Overflow)
    }
}

impl FromStr for Rounding {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rounding, RateError> {
        let said = text.trim();
        let found = Rounding::ALL.into_iter().find(|one| one.name() == said);
        found.ok_or_else(|| RateError::UnknownRounding(text.to_owned()))
    }
}

/// The product of whole numbers.
pub fn product(factors: &[i64]) -> Result<i128, Overflow> {
    factors.iter().try_fold(1_i128, |product, factor| {
        product.checked_mul(i128::from(*factor)).ok_or(Overflow)
    })
}

/// The sum of minor units.
pub fn sum(parts: impl IntoIterator<Item = i64>) -> Result<i64, Overflow> {
    parts.into_iter().try_fold(0_i64, |sum, part| sum.checked_add(part).ok_or(Overflow))
}

/// A whole number of ten-to-the-minus-`places`, without needless zeros.
pub fn decimal(number: i64, places: usize) -> String {
    let padded = format!("{:0>width$}", number.unsigned_abs(), width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let sign = if number < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<i64, &str>) {
        match (text.parse::<Rate>(), expected) {
            (Ok(rate), Ok(millionths)) => assert_eq!(rate.millionths, millionths),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, _) => panic!("{text} gave {found:?}"),
        }
    }

    #[test]
    fn rates_are_read_exactly_or_refused() {
        check("5 %", Ok(50_000));
        check("12.3456%", Ok(123_456));
        check("1.5", Ok(1_500_000));
        check("0.000001", Ok(1));
        check("20", Ok(20_000_000));
        check("0.0000001", Err("finer"));
        check("21", Err("beyond 20"));
        check("-1", Err("not a rate"));
        check("", Err("not a rate"));
        check("1e3", Err("not a rate"));
        assert_eq!(Rate { millionths: 1_500_000 }.factor(), "1.5");
        assert_eq!(Rate { millionths: 249_000 }.percent(), "24.9 %");
    }

    #[test]
    fn every_rounding_does_what_its_name_says() {
        for (numerator, half_even, half_up, down) in
            [(5, 2, 3, 2), (3, 2, 2, 1), (-5, -2, -3, -2), (-7, -4, -4, -3), (4, 2, 2, 2)]
        {
            assert_eq!(Rounding::HalfEven.divide(numerator, 2), Ok(half_even));
            assert_eq!(Rounding::HalfUp.divide(numerator, 2), Ok(half_up));
            assert_eq!(Rounding::Down.divide(numerator, 2), Ok(down));
        }
        assert_eq!(Rounding::Down.divide(i128::MAX / 2, 1), Err(Overflow));
    }
}
