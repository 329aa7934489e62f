//! Grades for probabilities of a yes or no once the outcome is known.
//!
//! It sees probabilities and outcomes; it does not know what gave them.

/// How good probabilities were on rows that they had not been fitted to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grade {
    /// The chance that a row that came has the higher probability than one that did not, ties
    /// counted half (Hanley & McNeil 1982, "The meaning and use of the area under a ROC curve").
    pub auc: f64,
    /// Mean negative log likelihood, in nats.
    pub log_loss: f64,
    /// Mean squared difference between probability and outcome (Brier 1950).
    pub brier: f64,
    /// Expected calibration error: the rows in ten parts of equal size by probability; the mean
    /// difference, weighed by rows, between the mean probability of a part and its share that came.
    pub calibration_error: f64,
}

/// One tenth of the rows, by probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decile {
    pub rows: usize,
    pub came: usize,
    /// Mean probability.
    pub expected: f64,
    /// Share that came over the share of all rows that came.
    pub lift: f64,
}

/// Parts into which rows are put for calibration and lift.
const PARTS: usize = 10;
/// Probabilities are held this far from 0 and 1 for the log loss.
const EDGE: f64 = 1e-15;

/// Grades probabilities with their outcomes; `None` unless both outcomes are among them.
#[must_use]
pub fn grade(said: &[(f64, bool)]) -> Option<Grade> {
    let count = said.len() as f64;
    let mean = |of: &dyn Fn(f64, bool) -> f64| -> f64 {
        said.iter().map(|(probability, came)| of(*probability, *came)).sum::<f64>() / count
    };
    let log = |probability: f64, came: bool| {
        let of_it = if came { probability } else { 1.0 - probability };
        -of_it.clamp(EDGE, 1.0 - EDGE).ln()
    };
    let apart = |decile: &Decile| {
        (decile.expected - decile.came as f64 / decile.rows as f64).abs() * decile.rows as f64
    };
    Some(Grade {
        auc: auc(said)?,
        log_loss: mean(&log),
        brier: mean(&|probability, came| (probability - f64::from(u8::from(came))).powi(2)),
        calibration_error: deciles(said).iter().map(apart).sum::<f64>() / count,
    })
}

fn auc(said: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = said.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut pairs) = (0.0, 0.0);
    for tied in sorted.chunk_by(|one, other| one.0 == other.0) {
        let came = tied.iter().filter(|(_, came)| *came).count() as f64;
        let not = tied.len() as f64 - came;
        pairs += came * (below + 0.5 * not);
        below += not;
    }
    let came = said.len() as f64 - below;
    (came > 0.0 && below > 0.0).then(|| pairs / (came * below))
}

/// Ten parts of equal size, the highest probabilities first; parts without rows are left out.
#[must_use]
pub fn deciles(said: &[(f64, bool)]) -> Vec<Decile> {
    let mut sorted = said.to_vec();
    sorted.sort_by(|one, other| other.0.total_cmp(&one.0));
    let came = |rows: &[(f64, bool)]| rows.iter().filter(|(_, came)| *came).count();
    let share = came(&sorted) as f64 / sorted.len().max(1) as f64;
    let part = |part: usize| {
        let rows = &sorted[part * sorted.len() / PARTS..(part + 1) * sorted.len() / PARTS];
        let count = rows.len();
        (count > 0).then(|| Decile {
            rows: count,
            came: came(rows),
            expected: rows.iter().map(|(probability, _)| probability).sum::<f64>() / count as f64,
            lift: if share > 0.0 { came(rows) as f64 / count as f64 / share } else { 0.0 },
        })
    };
    (0..PARTS).filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_auc_counts_pairs_and_half_of_ties() {
        let check = |said: &[(f64, bool)], wanted: Option<f64>| {
            assert_eq!(grade(said).map(|grade| grade.auc), wanted);
        };
        check(&[(0.1, false), (0.4, true), (0.35, false), (0.8, true)], Some(1.0));
        // The four pairs of the example: three in order, one not.
        check(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)], Some(0.75));
        check(&[(0.5, false), (0.5, true)], Some(0.5));
        check(&[(0.5, true)], None);
    }

    #[test]
    fn losses_are_those_of_their_definitions() {
        let found = grade(&[(0.9, true), (0.2, false)]).expect("both outcomes");
        assert!((found.log_loss + (0.9_f64.ln() + 0.8_f64.ln()) / 2.0).abs() < 1e-12);
        assert!((found.brier - 0.025).abs() < 1e-12);
        assert!((found.calibration_error - 0.15).abs() < 1e-12);
    }

    #[test]
    fn what_is_said_truly_is_calibrated_and_deciles_lift() {
        // In each hundred rows as many come as was said, in whole numbers.
        let hundred = |tenth: usize| {
            let probability = tenth as f64 / 10.0 + 0.05;
            (0..100).map(move |row| (probability, row < 10 * tenth + 5))
        };
        let said: Vec<(f64, bool)> = (0..10).flat_map(hundred).collect();
        assert!(grade(&said).expect("both outcomes").calibration_error < 1e-12);
        let deciles = deciles(&said);
        assert_eq!((deciles.len(), deciles[0].rows, deciles[0].came), (10, 100, 95));
        assert!((deciles[0].lift - 1.9).abs() < 1e-12);
        let off: Vec<(f64, bool)> = said.iter().map(|(said, came)| (said / 2.0, *came)).collect();
        assert!((grade(&off).expect("both outcomes").calibration_error - 0.25).abs() < 1e-12);
    }
}
