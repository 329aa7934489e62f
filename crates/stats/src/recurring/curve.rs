//! How old terms become: one weighted product-limit curve a segment and draw.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::Exp1;

use super::{Age, PRIOR_TERMS};

/// The share of terms that still run beyond an age.
pub(super) struct Curve {
    /// Ages at which terms end, ascending, with the share that runs beyond each.
    steps: Vec<(i32, f64)>,
    /// Ends a day beyond the last step.
    tail_hazard: f64,
}

impl Curve {
    /// One curve a segment, with weights drawn anew for all terms.
    pub fn draw(ages: &[Age], segments: usize, random: &mut ChaCha8Rng) -> Vec<Curve> {
        let weights: Vec<f64> = ages.iter().map(|_| random.sample::<f64, _>(Exp1)).collect();
        (0..segments).map(|segment| Curve::of(ages, &weights, segment)).collect()
    }

    /// `ages` ascending, ends before what still runs.
    fn of(ages: &[Age], weights: &[f64], segment: usize) -> Curve {
        let others = ages.iter().filter(|age| age.has_ended && age.segment != segment).count();
        let of_others = (PRIOR_TERMS / (others.max(1) as f64)).min(1.0);
        let weight = |(age, weight): (&Age, &f64)| {
            if age.segment == segment { *weight } else { weight * of_others }
        };
        let weights: Vec<f64> = ages.iter().zip(weights).map(weight).collect();
        let mut at_risk: f64 = weights.iter().sum();
        let days: f64 =
            ages.iter().zip(&weights).map(|(age, weight)| f64::from(age.days) * weight).sum();
        let (mut ended, mut running, mut steps) = (0.0, 1.0, Vec::new());
        for (age, weight) in ages.iter().zip(&weights) {
            if age.has_ended {
                ended += weight;
                running *= (1.0 - weight / at_risk).max(0.0);
                steps.push((age.days, running));
            }
            at_risk -= weight;
        }
        // What is rounded away must not keep a term for ever that all the others ended.
        Curve { steps, tail_hazard: (ended / days.max(1.0)).max(f64::MIN_POSITIVE) }
    }

    /// Days until a term of an age ends, at least one.
    pub fn days_left(&self, age_days: i32, random: &mut ChaCha8Rng) -> i32 {
        let later = self.steps.partition_point(|(age, _)| *age <= age_days);
        let now = later.checked_sub(1).map_or(1.0, |place| self.steps[place].1);
        let target = now * random.random::<f64>();
        let ahead = &self.steps[later..];
        let place = ahead.partition_point(|(_, running)| *running > target);
        if let Some((age, _)) = ahead.get(place).filter(|_| now > 0.0) {
            return (age - age_days).max(1);
        }
        // Older than any that ended: as often as terms end in all.
        let oldest = ahead.last().map_or(age_days, |(age, _)| *age);
        let left: f64 = random.sample::<f64, _>(Exp1) / self.tail_hazard;
        let days = f64::from(oldest - age_days) + left;
        days.clamp(1.0, f64::from(i32::MAX / 2)) as i32
    }
}
