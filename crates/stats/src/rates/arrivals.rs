//! How many individuals arrive in a period such as a month, and how fast that grows.
//!
//! Counts are quasi-Poisson (McCullagh & Nelder 1989, *Generalized Linear Models*, section 6.2):
//! their variance is a multiple of their mean, and the multiple is Pearson's statistic over its
//! degrees of freedom about a constant growth and, from two whole years on, a factor for each
//! season. Days of some kinds bring more than others, so periods are compared by the days that
//! they have. It refuses to know what a period, a season or a kind of day is called.

use std::collections::BTreeMap;

use super::Estimate;
use super::interval::student_975;

/// One day, and what it is alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub arrived: u32,
    /// The period that it is of, counted on without a gap.
    pub period: u32,
    /// The period's place in the year, from 0.
    pub season: u32,
    /// For example its place in the week.
    pub kind: u32,
}

/// How many arrive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrivals {
    /// The last periods, a year of them where there are so many, and how many arrived in them.
    pub periods: usize,
    pub arrived: u64,
    /// Mean of those periods.
    pub per_period: Estimate,
    /// Growth in a year, 0.2 for a fifth more; known from two whole years on.
    pub growth_per_year: Option<Estimate>,
    /// Variance over mean of a period's number.
    pub dispersion: f64,
}

/// Degrees of freedom below which the dispersion cannot be told.
const DEGREES_MIN: usize = 3;
/// Steps of Newton's method; it converges in five or six.
const STEPS_MAX: usize = 50;

/// From all days of whole periods, oldest first, with `seasons` periods to a year. `None` when
/// nobody arrived or fewer than five periods are known.
#[must_use]
pub fn arrivals(days: &[Day], seasons: usize) -> Option<Arrivals> {
    let periods = Periods::of(days, seasons);
    let growth = periods.growth();
    let degrees = periods.degrees().filter(|degrees| *degrees >= DEGREES_MIN)?;
    let dispersion = periods.pearson(growth) / degrees as f64;
    let quantile = student_975(degrees as f64);
    let last = &periods.cells[periods.cells.len().saturating_sub(seasons)..];
    let arrived: f64 = last.iter().map(|cell| cell.arrived).sum();
    let mean = arrived / last.len() as f64;
    let log_error = quantile * (dispersion / arrived).sqrt();
    let growth_error = quantile * (dispersion / periods.information(growth)).sqrt();
    let spread = |centre: f64, error: f64| [0.0, -error, error].map(|by| libm::exp(centre + by));
    let [value, low, high] = spread(libm::log(mean), log_error);
    let [growth, slowest, fastest] = spread(growth, growth_error).map(|factor| factor - 1.0);
    (arrived > 0.0).then_some(Arrivals {
        periods: last.len(),
        arrived: arrived as u64,
        per_period: Estimate { value, low, high },
        growth_per_year: periods.has_seasons.then_some(Estimate {
            value: growth,
            low: slowest,
            high: fastest,
        }),
        dispersion,
    })
}

/// Counts by period, in strata that are alike but for their growth: seasons, where they can be told
/// from it.
struct Periods {
    cells: Vec<Cell>,
    has_seasons: bool,
}

struct Cell {
    arrived: f64,
    /// What its days would bring if all periods were alike.
    exposure: f64,
    stratum: u32,
    /// Years since the first period.
    years: f64,
}

impl Periods {
    fn of(days: &[Day], seasons: usize) -> Self {
        let weights = weights_of_kinds(days);
        let first = days.first().map_or(0, |day| day.period);
        let mut cells: BTreeMap<u32, Cell> = BTreeMap::new();
        for day in days {
            let years = f64::from(day.period.abs_diff(first)) / seasons.max(1) as f64;
            let new = Cell { arrived: 0.0, exposure: 0.0, stratum: day.season, years };
            let cell = cells.entry(day.period).or_insert(new);
            cell.arrived += f64::from(day.arrived);
            cell.exposure += weights.get(&day.kind).copied().unwrap_or(0.0);
        }
        let mut cells: Vec<Cell> = cells.into_values().collect();
        let has_seasons = cells.len() >= 2 * seasons;
        for cell in cells.iter_mut().filter(|_| !has_seasons) {
            cell.stratum = 0;
        }
        Self { cells, has_seasons }
    }

    /// Cells, less one parameter for each stratum and one for the growth.
    fn degrees(&self) -> Option<usize> {
        self.cells.len().checked_sub(self.strata(0.0).len() + 1)
    }

    /// The logarithm of a year's growth: the maximum of the likelihood given each stratum's total,
    /// which the strata's own levels drop out of.
    fn growth(&self) -> f64 {
        let mut growth = 0.0;
        for _ in 0..STEPS_MAX {
            let step = self.score(growth) / self.information(growth).max(1e-12);
            growth += step.clamp(-1.0, 1.0);
            if step.abs() < 1e-10 {
                break;
            }
        }
        growth
    }

    fn score(&self, growth: f64) -> f64 {
        let strata = self.strata(growth);
        let off =
            |cell: &Cell| (cell.arrived - strata[&cell.stratum].mean(cell, growth)) * cell.years;
        self.cells.iter().map(off).sum()
    }

    fn information(&self, growth: f64) -> f64 {
        self.strata(growth).values().map(Stratum::information).sum()
    }

    /// The sum of squared differences to what is expected, each over its expectation.
    fn pearson(&self, growth: f64) -> f64 {
        let strata = self.strata(growth);
        let off = |cell: &Cell| {
            let mean = strata[&cell.stratum].mean(cell, growth);
            if mean > 0.0 { (cell.arrived - mean).powi(2) / mean } else { 0.0 }
        };
        self.cells.iter().map(off).sum()
    }

    fn strata(&self, growth: f64) -> BTreeMap<u32, Stratum> {
        let mut strata: BTreeMap<u32, Stratum> = BTreeMap::new();
        for cell in &self.cells {
            let weight = cell.weight(growth);
            let stratum = strata.entry(cell.stratum).or_default();
            stratum.arrived += cell.arrived;
            stratum.weight += weight;
            stratum.years += weight * cell.years;
            stratum.squared_years += weight * cell.years.powi(2);
        }
        strata
    }
}

impl Cell {
    fn weight(&self, growth: f64) -> f64 {
        self.exposure * libm::exp(growth * self.years)
    }
}

/// Sums over the cells of a stratum.
#[derive(Default)]
struct Stratum {
    arrived: f64,
    weight: f64,
    years: f64,
    squared_years: f64,
}

impl Stratum {
    fn mean(&self, cell: &Cell, growth: f64) -> f64 {
        if self.weight > 0.0 { self.arrived * cell.weight(growth) / self.weight } else { 0.0 }
    }

    /// Arrivals times the variance of their years.
    fn information(&self) -> f64 {
        if self.weight <= 0.0 {
            return 0.0;
        }
        let mean = self.years / self.weight;
        self.arrived * (self.squared_years / self.weight - mean * mean).max(0.0)
    }
}

/// Arrivals on a day of each kind.
fn weights_of_kinds(days: &[Day]) -> BTreeMap<u32, f64> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for day in days {
        let (arrived, count) = sums.entry(day.kind).or_default();
        *arrived += f64::from(day.arrived);
        *count += 1.0;
    }
    sums.into_iter().map(|(kind, (arrived, count))| (kind, arrived / count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: [u32; 30] = [
        31, 22, 47, 33, 45, 41, 19, 25, 52, 37, 30, 21, 38, 44, 41, 29, 55, 44, 27, 34, 49, 61, 46,
        25, 33, 49, 62, 43, 70, 47,
    ];

    const LEVEL: [f64; 3] = [45.5, 41.556_672, 49.817_512];
    const GROWTH: [f64; 3] = [0.202_107_87, 0.103_533_73, 0.309_487_23];
    const DISPERSION: f64 = 1.008_044_758;
    const SHORT: [f64; 3] = [35.2, 27.688_676, 44.748_980];

    /// One day a period.
    fn periods(counts: &[u32]) -> Vec<Day> {
        let day = |(period, &arrived): (u32, &u32)| Day {
            arrived,
            period: 100 + period,
            season: period % 12,
            kind: 0,
        };
        (0..).zip(counts).map(day).collect()
    }

    fn check(found: Estimate, expected: [f64; 3]) {
        for (found, expected) in [found.value, found.low, found.high].into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4 * expected.abs(), "{found} {expected}");
        }
    }

    /// Figures of statsmodels 0.15, `GLM(…, family=Poisson()).fit(scale="X2")` on a column for
    /// each season and one for the years, with the quantiles of scipy's t.
    #[test]
    fn agrees_with_the_reference_implementation() {
        let found = arrivals(&periods(&COUNTS), 12).expect("arrivals");
        assert_eq!((found.periods, found.arrived), (12, 546));
        check(found.per_period, LEVEL);
        check(found.growth_per_year.expect("two years and a half"), GROWTH);
        assert!((found.dispersion - DISPERSION).abs() < 1e-6, "{}", found.dispersion);
        let short = arrivals(&periods(&COUNTS[..10]), 12).expect("arrivals");
        check(short.per_period, SHORT);
        assert_eq!(short.growth_per_year, None, "season and growth are one within a year");
    }

    #[test]
    fn days_of_a_kind_are_compared_with_their_like() {
        // Four days at work bring 9 each and three at rest 2 each; periods differ in both.
        let day = |(period, kind): (u32, u32)| Day {
            arrived: if kind == 0 { 9 } else { 2 },
            period,
            season: period % 12,
            kind,
        };
        let of = |period: u32| (0..4 + period % 3).map(move |day| (period, day / 4));
        let days: Vec<Day> = (0..36).flat_map(of).map(day).collect();
        let found = arrivals(&days, 12).expect("arrivals");
        assert!(found.dispersion < 1e-9, "all is told by the kinds of days: {found:?}");
        assert!(found.growth_per_year.expect("three years").value.abs() < 1e-9);
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(arrivals(&[], 12), None);
        assert_eq!(arrivals(&periods(&COUNTS[..4]), 12), None);
        assert_eq!(arrivals(&periods(&[0; 30]), 12), None);
    }
}
