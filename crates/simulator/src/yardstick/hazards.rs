//! From a share and a distribution of days for each way out of a stage to its hazards by age: with
//! the share `p_k` and the density `f_k` of cause *k*, the hazard at age *a* is
//! `p_k f_k(a) / Σ_j p_j S_j(a)` (Kalbfleisch & Prentice 2002, § 8.2), in whole days.

use serde::Serialize;

/// Ages in days for which hazards are tabled; older deals keep the last one.
const AGE_DAYS_MAX: usize = 1_500;
/// Most of those left that may leave on one day.
const LEAVING_MAX: f64 = 0.999;
/// Where fewer are left than this, hazards stay what they were.
const LEFT_MIN: f64 = 1e-3;

/// The family of a distribution of days, without its scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// `sigma`: standard deviation of the logarithm.
    LogNormal {
        sigma: f64,
    },
    Weibull {
        shape: f64,
    },
    Gamma {
        shape: f64,
    },
}

impl Shape {
    /// Proportional to the density at `days`, for the distribution with this median.
    fn density(self, days: f64, median: f64) -> f64 {
        match self {
            Shape::LogNormal { sigma } => {
                let z = (days / median).ln() / sigma;
                (-0.5 * z * z).exp() / days
            }
            Shape::Weibull { shape } => {
                let x = days / median * std::f64::consts::LN_2.powf(1.0 / shape);
                x.powf(shape - 1.0) * (-x.powf(shape)).exp()
            }
            Shape::Gamma { shape } => {
                // Wilson & Hilferty's approximation of the median, in units of the scale.
                let root = 1.0 - 1.0 / (9.0 * shape);
                let x = days / median * shape * root * root * root;
                x.powf(shape - 1.0) * (-x).exp()
            }
        }
    }
}

/// Of those that enter a stage, how many go on and how many are lost, and after how long.
#[derive(Clone, Copy, Debug)]
pub struct Exits {
    pub shape: Shape,
    pub advance_share: f64,
    pub advance_days_median: f64,
    pub lost_days_median: f64,
}

/// Hazards a day by age in the stage.
pub struct Hazards(Vec<[f64; 2]>);

impl Hazards {
    pub fn of(exits: &Exits) -> Self {
        let advance = masses(exits.shape, exits.advance_days_median, exits.advance_share);
        let lost = masses(exits.shape, exits.lost_days_median, 1.0 - exits.advance_share);
        let mut left: f64 = advance.iter().chain(&lost).sum();
        let mut table = Vec::new();
        for (advance, lost) in advance.into_iter().zip(lost) {
            let leaving = advance + lost;
            let share = (leaving / left).min(LEAVING_MAX);
            let total = -(1.0 - share).ln() / leaving.max(1e-300);
            table.push([total * advance, total * lost]);
            left -= leaving;
            if left < LEFT_MIN {
                break;
            }
        }
        Self(table)
    }

    /// To advance and to be lost.
    pub fn at(&self, age_days: i64) -> [f64; 2] {
        let last = self.0.len().saturating_sub(1);
        self.0.get((age_days.max(0) as usize).min(last)).copied().unwrap_or([0.0; 2])
    }
}

/// The share that leaves on each day.
fn masses(shape: Shape, median: f64, share: f64) -> Vec<f64> {
    let densities: Vec<f64> =
        (0..AGE_DAYS_MAX).map(|day| shape.density(day as f64 + 0.5, median.max(0.1))).collect();
    let sum: f64 = densities.iter().sum();
    densities.iter().map(|density| share * density / sum.max(1e-300)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share that advances, and the median of those that do, followed through the table.
    fn followed(exits: &Exits) -> (f64, i64) {
        let hazards = Hazards::of(exits);
        let (mut staying, mut advanced) = (1.0, Vec::new());
        for age in 0..AGE_DAYS_MAX as i64 {
            let [advance, lost] = hazards.at(age);
            let leaving = staying * (1.0 - (-(advance + lost)).exp());
            advanced.push(leaving * advance / (advance + lost).max(1e-300));
            staying -= leaving;
        }
        let share: f64 = advanced.iter().sum();
        let mut sum = 0.0;
        let median = advanced.iter().position(|mass| {
            sum += mass;
            sum >= share / 2.0
        });
        (share, median.map_or(0, |day| day as i64))
    }

    #[test]
    fn hazards_give_the_share_and_the_median_that_were_asked_for() {
        let shapes = [
            Shape::LogNormal { sigma: 0.8 },
            Shape::Weibull { shape: 1.6 },
            Shape::Gamma { shape: 2.0 },
        ];
        for shape in shapes {
            let exits = Exits {
                shape,
                advance_share: 0.3,
                advance_days_median: 40.0,
                lost_days_median: 60.0,
            };
            let (share, median) = followed(&exits);
            assert!((share - 0.3).abs() < 0.005, "{shape:?}: {share}");
            assert!((38..=41).contains(&median), "{shape:?}: {median}");
        }
    }
}
