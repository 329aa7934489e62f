//! The weight of an end by its age, and what each individual adds to the error of a weighted mean.
//!
//! An end at an age counts for all those that would have ended then had they been followed so far:
//! its weight is 1 / (n · G), with G the share that is followed beyond the age before, after Kaplan
//! & Meier (1958) with the roles of ends and of being last seen exchanged. So weighed, ends sum to
//! the Aalen–Johansen curve (Satten & Datta 2001, "The Kaplan–Meier estimator as an
//! inverse-probability-of-censoring weighted average", Am. Stat. 55, 207–210).

use crate::survival::{Observation, Outcome, risk_rows};

/// By distinct age, youngest first.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    rows: Vec<Row>,
    /// Share followed to the last age.
    followed: f64,
    individuals: f64,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    age_days: u32,
    /// Of one end.
    weight: f64,
    /// Individuals whose end is not at this age or before.
    staying: f64,
    /// Of those, last seen at this age.
    last_seen: f64,
}

/// A weighted mean, and what each individual adds to its error (von Mises 1947).
pub(super) struct Influences {
    pub mean: f64,
    pub of_each: Vec<f64>,
    /// How many values it is the mean of.
    pub known: usize,
}

impl Influences {
    /// With the divisor of a sample variance.
    pub(super) fn variance(&self) -> f64 {
        let known = self.known as f64;
        self.sum_of_powers(2) * known / (known - 1.0).max(1.0)
    }

    /// The third standardised moment of the error.
    pub(super) fn skewness(&self) -> f64 {
        let squares = self.sum_of_powers(2);
        if squares > 0.0 { self.sum_of_powers(3) / squares.powf(1.5) } else { 0.0 }
    }

    fn sum_of_powers(&self, power: i32) -> f64 {
        self.of_each.iter().map(|influence| influence.powi(power)).sum()
    }
}

impl Weights {
    pub(super) fn of(observations: &[Observation]) -> Self {
        let individuals = observations.len() as f64;
        let mut followed = 1.0;
        let mut before = 1.0;
        let rows = risk_rows(observations).into_iter().map(|row| {
            before = followed;
            followed *= row.share_seen_longer();
            Row {
                age_days: row.age_days,
                weight: 1.0 / (individuals * before),
                staying: row.staying() as f64,
                last_seen: row.last_seen as f64,
            }
        });
        let rows = rows.collect();
        Self { rows, followed: before, individuals }
    }

    /// How many individuals could be followed to the last age.
    pub(super) fn followed_to_the_end(&self) -> f64 {
        self.individuals * self.followed
    }

    /// The share that has ended by a cause, by age: the Aalen–Johansen curve.
    pub(super) fn curve(&self, observations: &[Observation], cause: usize) -> Vec<(u32, f64)> {
        let mut heights = vec![0.0; self.rows.len()];
        for seen in observations.iter().filter(|seen| seen.outcome == Outcome::Event(cause)) {
            let row = self.row_of(seen);
            heights[row] += self.rows[row].weight;
        }
        let mut height = 0.0;
        let point = |(row, step): (&Row, f64)| {
            height += step;
            (row.age_days, height)
        };
        self.rows.iter().zip(heights).map(point).collect()
    }

    fn row_of(&self, seen: &Observation) -> usize {
        let place = self.rows.partition_point(|row| row.age_days < seen.age_days);
        place.min(self.rows.len().saturating_sub(1))
    }

    /// The weighted mean of what is known of those that ended; `None` with fewer than three.
    pub(super) fn influences(
        &self,
        observations: &[Observation],
        values: &[Option<f64>],
    ) -> Option<Influences> {
        let places: Vec<usize> = observations.iter().map(|seen| self.row_of(seen)).collect();
        let weight = |index: usize| self.rows[places[index]].weight;
        let known = || values.iter().enumerate().filter_map(|(i, value)| Some((i, (*value)?)));
        let count = known().count();
        let whole: f64 = known().map(|(index, _)| weight(index)).sum();
        let mean = known().map(|(index, value)| weight(index) * value).sum::<f64>() / whole;
        if count < 3 {
            return None;
        }
        let mut by_row = vec![0.0; self.rows.len()];
        for (index, value) in known() {
            by_row[places[index]] += weight(index) * (value - mean);
        }
        let passed = self.passed(&by_row);
        let of_each = observations.iter().zip(values).zip(&places).map(|((seen, value), &row)| {
            let own = value.map_or(0.0, |value| self.rows[row].weight * (value - mean));
            (own + passed[row].to(seen.outcome)) / whole
        });
        Some(Influences { mean, of_each: of_each.collect(), known: count })
    }

    /// By age, from what the ends at each age bring: whoever is last seen hands its part of what is
    /// to come to all who stay (the martingale integral of Bang & Tsiatis 2000, with the share that
    /// is followed estimated from the same individuals).
    fn passed(&self, by_row: &[f64]) -> Vec<Passed> {
        let mut to_come: f64 = by_row.iter().sum();
        let mut given = 0.0;
        let pass = |(row, own): (&Row, &f64)| {
            to_come -= own;
            let each = if row.last_seen > 0.0 { to_come / row.staying } else { 0.0 };
            let before = given;
            given += if row.last_seen > 0.0 { each * row.last_seen / row.staying } else { 0.0 };
            Passed { ended: -before, last_seen: each - given }
        };
        self.rows.iter().zip(by_row).map(pass).collect()
    }
}

/// What following or not following others adds to an individual of an age.
struct Passed {
    ended: f64,
    last_seen: f64,
}

impl Passed {
    fn to(&self, outcome: Outcome) -> f64 {
        match outcome {
            Outcome::Event(_) => self.ended,
            Outcome::Censored => self.last_seen,
        }
    }
}
