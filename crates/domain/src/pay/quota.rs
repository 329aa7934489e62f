//! A payee's quota and variable pay of one period: ramped, and prorated by days.

use super::exact::{Overflow, Rate, product};
use super::plan::{Payee, Terms};
use crate::money::split;
use crate::period::{Days, Period};
use crate::time::day_number;

/// The quota of one measure in one period, and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub minor: i64,
    pub whole_minor: i64,
    pub ramp: Rate,
    pub days_employed: i32,
    pub days: i32,
}

/// A payee's part of a period: `None` where not employed on any of its days.
pub fn days_employed(payee: &Payee, days: Days) -> Option<i32> {
    let first = payee.starts_on.max(days.first);
    let last = payee.ends_on.map_or(days.last, |end| end.min(days.last));
    (first <= last).then(|| day_number(last) - day_number(first) + 1)
}

/// The quota of a measure; `None` where the payee takes no part. At least one minor unit.
pub fn quota(
    terms: &Terms,
    payee: &Payee,
    measure: usize,
    (period, place): (Period, usize),
    first_place: usize,
) -> Result<Option<Quota>, Overflow> {
    let days = terms.calendar.days(period);
    let Some(usual) = payee.quotas.get(measure).copied().flatten() else { return Ok(None) };
    let Some(days_employed) = days_employed(payee, days) else { return Ok(None) };
    let whole_minor = payee.quotas_of.get(&(period, measure)).copied().unwrap_or(usual);
    let nth = place.saturating_sub(first_place);
    // Who had begun before the plan's first period has no ramp in it.
    let ramped = payee.starts_on >= terms.calendar.days(terms.first_period).first;
    let ramp = payee.ramp.get(nth).copied().filter(|_| ramped).unwrap_or(Rate::ONE);
    let all_days = day_number(days.last) - day_number(days.first) + 1;
    let numerator = product(&[whole_minor, ramp.millionths, i64::from(days_employed)])?;
    let minor = terms.rounding.divide(numerator, i128::from(all_days) * 1_000_000)?.max(1);
    Ok(Some(Quota { minor, whole_minor, ramp, days_employed, days: all_days }))
}

/// The variable pay at target of each measure in a period, prorated by days. The periods of a
/// year and the measures sum to the year's variable pay where nothing is prorated.
pub fn targets(terms: &Terms, payee: &Payee, period: Period) -> Result<Vec<i64>, Overflow> {
    let count = terms.periods_per_year();
    let place = match period {
        Period::Year { .. } => 0,
        Period::Quarter { quarter, .. } => usize::try_from(quarter - 1).unwrap_or(0),
        Period::Month { month, .. } => {
            let since = (month - terms.calendar.start_month()).rem_euclid(12);
            usize::try_from(since).unwrap_or(0)
        }
    };
    let year = payee.on_target - payee.base;
    let whole = split(year, &vec![1; count]).get(place).copied().unwrap_or(0);
    let days = terms.calendar.days(period);
    let all_days = i64::from(day_number(days.last) - day_number(days.first) + 1);
    let employed = i64::from(days_employed(payee, days).unwrap_or(0));
    let prorated = terms.rounding.divide(product(&[whole, employed])?, i128::from(all_days))?;
    let takes_part = terms.measures.iter().zip(&payee.quotas);
    let weights: Vec<u64> = takes_part
        .map(|(measure, quota)| if quota.is_some() { u64::from(measure.weight) } else { 0 })
        .collect();
    Ok(if weights.iter().any(|weight| *weight > 0) {
        split(prorated, &weights)
    } else {
        vec![0; weights.len()]
    })
}
