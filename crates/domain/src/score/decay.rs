//! Half-life decay in whole numbers, so that every machine comes to the same thousandth.

/// Bits behind the point of a factor.
const BITS: u32 = 62;
const ONE: u128 = 1 << BITS;
/// How finely a part of a half-life is taken: 2^-32 of it.
const STEPS: u32 = 32;

/// What is left of an amount after some days, rounded half away from zero.
pub fn left(amount: i64, age_days: u32, half_life_days: u32) -> i64 {
    let half_life = half_life_days.max(1);
    let (halvings, rest) = (age_days / half_life, age_days % half_life);
    let shift = BITS.saturating_add(halvings);
    if shift >= 126 {
        return 0;
    }
    let whole = u128::from(amount.unsigned_abs()) * (factor(rest, half_life) >> 1);
    // One bit was given up above, so that an amount of 63 bits fits.
    let rounded = (whole + (1 << (shift - 2))) >> (shift - 1);
    let left = i64::try_from(rounded).unwrap_or(i64::MAX);
    if amount < 0 { -left } else { left }
}

/// 2^(-rest / whole) with [`BITS`] behind the point: the product of 2^(-1/2), 2^(-1/4) … for the
/// binary digits of the share.
fn factor(rest: u32, whole: u32) -> u128 {
    let share = (u64::from(rest) << STEPS) / u64::from(whole);
    let (mut product, mut root) = (ONE, ONE / 2);
    for digit in (0..STEPS).rev() {
        // The root of a root: 2^(-1/2), then 2^(-1/4), and so on.
        root = (root << BITS).isqrt();
        if share >> digit & 1 == 1 {
            product = (product * root) >> BITS;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_half_life_halves() {
        assert_eq!(left(10_000, 0, 30), 10_000);
        assert_eq!(left(10_000, 30, 30), 5_000);
        assert_eq!(left(10_000, 60, 30), 2_500);
        assert_eq!(left(-10_000, 15, 30), -7_071);
        assert_eq!(left(1_000, 100_000, 1), 0);
        assert_eq!(left(i64::MAX, 0, 7), i64::MAX);
    }

    proptest! {
        #[test]
        fn it_is_the_power_of_two_to_a_thousandth(
            amount in -2_000_000_i64..2_000_000, age in 0_u32..4_000, half_life in 1_u32..3_650,
        ) {
            let exact = amount as f64 * (-f64::from(age) / f64::from(half_life)).exp2();
            prop_assert!((left(amount, age, half_life) as f64 - exact).abs() <= 0.51);
            let [now, next] = [age, age + 1].map(|age| left(amount, age, half_life).abs());
            prop_assert!(next <= now);
        }
    }
}
