//! How arrivals differ by time of year, and how they grow.
//!
//! Twelve equal parts of the year have a factor each: what came in them over whole past years ÷
//! what an even year of the same growth would have brought, shrunk towards 1 as strongly as the
//! parts are alike (the same empirical Bayes estimate as for segments). It takes two whole years
//! to tell season from growth. It refuses to know what a month is called.

use std::collections::BTreeMap;

use super::hazards::prior_events;

/// Parts of the year.
pub(crate) const SEASONS: usize = 12;
const YEAR_DAYS: f64 = 365.2425;
const YEARS_MIN: u32 = 2;

/// Factors on the daily rate, of mean 1 over a year.
#[derive(Clone, Debug, PartialEq)]
pub struct Season {
    factors: [f64; SEASONS],
}

impl Season {
    /// Learns from the days of arrivals; `None` without two whole years up to the as-of day.
    pub(crate) fn fit(days: &[i32], as_of_day: i32, history_days: u32) -> Option<Self> {
        let years = (f64::from(history_days) / YEAR_DAYS) as u32;
        if years < YEARS_MIN {
            return None;
        }
        let mut seen = [0.0; SEASONS];
        let mut by_year = vec![0.0; years as usize];
        for &day in days {
            let year = (f64::from(as_of_day.abs_diff(day)) / YEAR_DAYS) as usize;
            if let Some(count) = by_year.get_mut(year) {
                *count += 1.0;
                seen[part(day)] += 1.0;
            }
        }
        let expected = expected(&by_year, as_of_day);
        let pairs: BTreeMap<u32, (f64, f64)> =
            (0..SEASONS).map(|part| (part as u32, (seen[part], expected[part]))).collect();
        let prior = prior_events(&pairs);
        let factors: Vec<f64> =
            pairs.values().map(|(seen, expected)| (seen + prior) / (expected + prior)).collect();
        let mean = factors.iter().sum::<f64>() / SEASONS as f64;
        let mut season = Self { factors: [1.0; SEASONS] };
        season.factors.iter_mut().zip(factors).for_each(|(to, factor)| *to = factor / mean);
        Some(season)
    }

    /// The factor of a day.
    #[must_use]
    pub fn factor(&self, day: i32) -> f64 {
        self.factors[part(day)]
    }
}

/// What each part of the year would have brought, had arrivals only grown evenly: the count of a
/// year, spread over its days along the growth to the next.
fn expected(by_year: &[f64], as_of_day: i32) -> [f64; SEASONS] {
    let mut expected = [0.0; SEASONS];
    for (back, &count) in by_year.iter().enumerate() {
        let newer = by_year[back.saturating_sub(1)];
        let older = by_year[(back + 1).min(by_year.len() - 1)];
        let spans = (back > 0) as u32 + (back + 1 < by_year.len()) as u32;
        let growth =
            ((newer.max(1.0) / older.max(1.0)).ln() / f64::from(spans.max(1))).clamp(-2.0, 2.0);
        let first = (back as f64 * YEAR_DAYS) as i32;
        let days = YEAR_DAYS as i32;
        let weight = |ago: i32| (-growth * (f64::from(ago) / YEAR_DAYS - 0.5)).exp();
        let whole: f64 = (0..days).map(weight).sum();
        for ago in 0..days {
            expected[part(as_of_day - first - ago)] += count * weight(ago) / whole;
        }
    }
    expected
}

/// The part of the year in which a day lies.
fn part(day: i32) -> usize {
    let past = f64::from(day).rem_euclid(YEAR_DAYS);
    ((past * SEASONS as f64 / YEAR_DAYS) as usize).min(SEASONS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_is_told_from_growth() {
        // Twice as many in one half of the year, and half as many again each year.
        let rate = |day: i32| {
            let season = if part(day) < 6 { 4.0 } else { 2.0 };
            season * 1.5_f64.powf(f64::from(day) / YEAR_DAYS)
        };
        let mut carried = 0.0;
        let mut days = Vec::new();
        for day in 0..1_461 {
            carried += rate(day);
            days.extend(std::iter::repeat_n(day, carried as usize));
            carried -= carried.floor();
        }
        let season = Season::fit(&days, 1_460, 1_461).expect("four years");
        let ratio = season.factor(30) / season.factor(300);
        assert!((ratio / 2.0 - 1.0).abs() < 0.1, "{season:?}");
        assert_eq!(Season::fit(&days, 1_460, 700), None);
    }

    #[test]
    fn without_a_season_there_is_none() {
        let days: Vec<i32> = (0..1_100).flat_map(|day| [day, day]).collect();
        let season = Season::fit(&days, 1_099, 1_100).expect("three years");
        assert!((0..365).all(|day| (season.factor(day) - 1.0).abs() < 0.02), "{season:?}");
    }
}
