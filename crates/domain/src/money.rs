//! Money: integer minor units and a currency. Never a float; every rounding has a name.

use std::fmt;

pub use iso_currency::Currency;

/// An amount in the currency's smallest unit (cents, yen, fils).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

/// The largest amount that is taken as real, in major units: one trillion of any currency.
pub const AMOUNT_MAX_MAJOR: i64 = 1_000_000_000_000;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("`{0}` is not an amount: write digits with a point for the decimals, such as 1250.00")]
    NotANumber(String),
    #[error("`{text}` has more decimals than {currency} has ({digits}); round it first")]
    TooPrecise { text: String, currency: &'static str, digits: u32 },
    #[error("`{0}` is beyond one trillion, which is taken as a slip of the keyboard")]
    TooLarge(String),
    #[error("`{0}` is not an ISO 4217 currency code such as USD, EUR or JPY")]
    UnknownCurrency(String),
}

impl Money {
    pub fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// Reads a plain decimal such as `-1250.5`, exactly: `1.005` USD is refused, not rounded.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let digits = decimals(currency);
        let (negative, unsigned) = match text.trim().strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.trim()),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let not_a_number = || MoneyError::NotANumber(text.to_owned());
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(not_a_number());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > digits as usize {
            let currency = currency.code();
            return Err(MoneyError::TooPrecise { text: text.to_owned(), currency, digits });
        }
        let too_large = || MoneyError::TooLarge(text.to_owned());
        let padded = format!("{whole}{fraction:0<width$}", width = digits as usize);
        let minor: i64 = padded.trim_start_matches('0').parse().or_else(|_| {
            if padded.bytes().all(|byte| byte == b'0') { Ok(0) } else { Err(too_large()) }
        })?;
        if minor / 10_i64.pow(digits) > AMOUNT_MAX_MAJOR {
            return Err(too_large());
        }
        Ok(Money { minor: if negative { -minor } else { minor }, currency })
    }

    /// The sum, or `None` past the range of 64 bits. Both must be of one currency.
    pub fn checked_add(self, other: Money) -> Option<Money> {
        assert_eq!(self.currency, other.currency, "sums are of one currency");
        Some(Money { minor: self.minor.checked_add(other.minor)?, currency: self.currency })
    }

    /// The amount as a decimal string in the currency's unit, such as `1250.50`.
    pub fn to_decimal(self) -> String {
        let digits = decimals(self.currency);
        let unit = 10_u64.pow(digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let size = self.minor.unsigned_abs();
        if digits == 0 {
            return format!("{sign}{size}");
        }
        format!("{sign}{}.{:0width$}", size / unit, size % unit, width = digits as usize)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.to_decimal(), self.currency.code())
    }
}

/// The number of decimals of a currency's unit: 2 for USD, 0 for JPY, 3 for KWD.
pub fn decimals(currency: Currency) -> u32 {
    u32::from(currency.exponent().unwrap_or(2))
}

/// What stands in for the currency of amounts that nobody has named one for (ISO 4217 has a code
/// for that); it is never shown.
pub fn unnamed() -> Currency {
    Currency::from_numeric(999).unwrap_or(Currency::XTS)
}

pub fn parse_currency(code: &str) -> Result<Currency, MoneyError> {
    Currency::from_code(&code.trim().to_ascii_uppercase())
        .ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
}

/// Splits a whole into parts proportional to `weights`, to the minor unit, by largest remainder:
/// the parts always sum to the whole. Weights that sum to nothing give equal parts.
pub fn split(whole_minor: i64, weights: &[u64]) -> Vec<i64> {
    if weights.is_empty() {
        return Vec::new();
    }
    let weights: Vec<u64> =
        if weights.iter().all(|w| *w == 0) { vec![1; weights.len()] } else { weights.to_vec() };
    let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    let exact = |weight: u64| i128::from(whole_minor.unsigned_abs()) * i128::from(weight);
    let mut parts: Vec<i128> = weights.iter().map(|w| exact(*w) / total).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(exact(weights[index]) % total), index));
    let left = i128::from(whole_minor.unsigned_abs()) - parts.iter().sum::<i128>();
    for &index in order.iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[index] += 1;
    }
    let sign = i128::from(whole_minor.signum());
    parts.iter().map(|part| i64::try_from(part * sign).unwrap_or(i64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, currency: Currency, expected: Result<i64, &str>) {
        let parsed = Money::parse(text, currency);
        match expected {
            Ok(minor) => assert_eq!(parsed, Ok(Money { minor, currency })),
            Err(part) => {
                let message = parsed.expect_err("is refused").to_string();
                assert!(message.contains(part), "{message} lacks {part}");
            }
        }
    }

    #[test]
    fn amounts_are_read_exactly_or_refused() {
        check("1250.5", Currency::USD, Ok(125_050));
        check("-0.01", Currency::USD, Ok(-1));
        check(".5", Currency::USD, Ok(50));
        check("0", Currency::USD, Ok(0));
        check("1.50", Currency::JPY, Err("more decimals"));
        check("1.00", Currency::JPY, Ok(1));
        check("1.2345", Currency::KWD, Err("more decimals"));
        check("1,250", Currency::USD, Err("not an amount"));
        check("", Currency::USD, Err("not an amount"));
        check("99999999999999999999", Currency::USD, Err("trillion"));
        check("1000000000001", Currency::USD, Err("trillion"));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(minor in -1_000_000_000_000_i64..1_000_000_000_000) {
            for currency in [Currency::USD, Currency::JPY, Currency::KWD] {
                let money = Money { minor, currency };
                prop_assert_eq!(Money::parse(&money.to_decimal(), currency), Ok(money));
            }
        }

        #[test]
        fn parts_sum_to_the_whole(
            whole in -1_000_000_000_i64..1_000_000_000,
            weights in proptest::collection::vec(0_u64..1000, 1..20),
        ) {
            prop_assert_eq!(split(whole, &weights).iter().sum::<i64>(), whole);
        }
    }
}
