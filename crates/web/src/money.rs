//! How amounts and dates are written on pages.

use domain::money::{Money, decimals};
use jiff::civil::Date;
use reports::render::grouped;

/// An amount in its currency's unit.
pub fn units(money: Money) -> f64 {
    money.minor as f64 / 10_f64.powi(i32::try_from(decimals(money.currency)).unwrap_or(2))
}

/// An amount for an axis or a label: `1.5 m`, `850 k`, `120`.
pub fn brief(units: f64) -> String {
    let trimmed = |number: f64, places: usize| {
        let text = format!("{number:.places$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    };
    match units.abs() {
        large if large >= 9.95e9 => format!("{} bn", trimmed(units / 1e9, 1)),
        large if large >= 999_500.0 => format!("{} m", trimmed(units / 1e6, 2)),
        middle if middle >= 9_995.0 => format!("{} k", trimmed(units / 1e3, 0)),
        middle if middle >= 1_000.0 => format!("{} k", trimmed(units / 1e3, 1)),
        _ => trimmed(units, 0),
    }
}

/// An amount in whole units, grouped: what tables show where cents would say nothing.
pub fn whole(money: Money) -> String {
    grouped(&format!("{:.0}", units(money)))
}

/// `31 December 2017`
pub fn long_date(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `31 Dec 2017`
pub fn short_date(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_round() {
        for (units, expected) in [
            (0.0, "0"),
            (999.4, "999"),
            (1_500.0, "1.5 k"),
            (85_049.0, "85 k"),
            (1_535_616.0, "1.54 m"),
            (2_000_000.0, "2 m"),
            (100.0, "100"),
            (-20_000.0, "-20 k"),
            (12_500_000_000.0, "12.5 bn"),
        ] {
            assert_eq!(brief(units), expected);
        }
    }
}
