//! The probability of a yes or no, learned from a table of rows that have said it.
//!
//! Two models see the same binned columns: a penalised logistic model with one effect a bin
//! (`additive`), and boosted trees (`trees`) for what effects do not add up to. Rows held out of
//! each fit say what each of the two counts (`committee`), so that with few rows the answer is near
//! the penalised model, which shrinks to the common share. Rows that were not watched to the end
//! enter by their likelihood (`likelihood`), not as a no. It knows neither what a row stands for
//! nor what a yes means; one seed gives the same bytes on any number of threads.

mod additive;
mod bins;
mod calibration;
mod committee;
mod forest;
pub mod grade;
pub mod likelihood;
mod reason;
pub mod ripeness;
pub mod table;
mod trees;

use rayon::prelude::*;
use thiserror::Error;

use bins::{Binned, Encoder, encoders};
use committee::Committee;
use likelihood::{Seen, logistic};
use table::Table;

/// Rows that are scored at once.
const ROWS_A_CHUNK: usize = 1024;

/// Why nothing can be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FitError {
    #[error("{rows} rows have {outcomes} outcomes: give one for each")]
    Outcomes { rows: usize, outcomes: usize },
    #[error(
        "the outcome came in {came} of {rows} rows: at least {needed} where it did and as many \
         where it did not are needed"
    )]
    TooFew { rows: usize, came: usize, needed: usize },
}

/// Rows of either outcome below which nothing is learned: each part held out needs one.
pub const ROWS_OF_EACH_MIN: usize = 5;

/// What a fit needs besides the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Of the parts that are held out, and of the rows and columns of each tree.
    pub seed: u64,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    encoders: Vec<Encoder>,
    committee: Committee,
}

/// Learns the probability from the rows of a table and what was seen of each.
///
/// # Errors
/// When there is not one outcome a row, or fewer than [`ROWS_OF_EACH_MIN`] of either kind.
pub fn fit(table: &Table, seen: &[Seen], settings: Settings) -> Result<Fitted, FitError> {
    let (rows, outcomes) = (table.rows(), seen.len());
    if rows != outcomes {
        return Err(FitError::Outcomes { rows, outcomes });
    }
    let came = seen.iter().filter(|seen| seen.came).count();
    if came.min(rows - came) < ROWS_OF_EACH_MIN {
        return Err(FitError::TooFew { rows, came, needed: ROWS_OF_EACH_MIN });
    }
    let encoders = encoders(table);
    let binned = Binned::new(table, &encoders);
    let committee = Committee::fit(&binned, &encoders, seen, settings);
    Ok(Fitted { encoders, committee })
}

impl Fitted {
    /// The probability of each row of a table with the columns that were learned from.
    #[must_use]
    pub fn probabilities(&self, table: &Table) -> Vec<f64> {
        let binned = Binned::new(table, &self.encoders);
        let mut found = vec![0.0; table.rows()];
        found.par_chunks_mut(ROWS_A_CHUNK).enumerate().for_each(|(chunk, found)| {
            let mut open = Vec::new();
            for (place, found) in found.iter_mut().enumerate() {
                let row = binned.row(chunk * ROWS_A_CHUNK + place);
                *found = logistic(self.committee.logit(row, &mut open));
            }
        });
        found
    }

    /// Why a row of such a table has its probability; `None` beyond the last row.
    #[must_use]
    pub fn explain(&self, table: &Table, row: usize) -> Option<Explanation> {
        if row >= table.rows() {
            return None;
        }
        let binned = Binned::new(&table.take(&[row]), &self.encoders);
        let bins = binned.row(0);
        let (shares, mean) = self.committee.shares(bins);
        let logit = mean + shares.iter().sum::<f64>();
        let reach = INTERVAL_DEVIATIONS * self.committee.deviation(bins);
        let mut reasons: Vec<Reason> = self
            .encoders
            .iter()
            .zip(shares)
            .map(|(encoder, share)| Reason { column: encoder.name.clone(), share })
            .collect();
        reasons.sort_by(|one, other| other.share.abs().total_cmp(&one.share.abs()));
        Some(Explanation {
            probability: logistic(logit),
            low: logistic(logit - reach),
            high: logistic(logit + reach),
            mean_logit: mean,
            reasons,
        })
    }

    /// Which of the two models speaks, and how well on rows that were held out.
    #[must_use]
    pub fn makeup(&self) -> Makeup {
        let [additive_loss, trees_loss, loss] = self.committee.losses;
        Makeup {
            additive_weight: self.committee.additive_weight,
            trees: self.committee.members.first().map_or(0, |member| member.trees.len()),
            additive_loss,
            trees_loss,
            loss,
        }
    }

    /// What was said of the rows that were held out, by row: the probability that the outcome
    /// comes at all. Every row is among them, or of very many a sample.
    #[must_use]
    pub fn held_out(&self) -> Vec<(usize, f64)> {
        let calibration = self.committee.calibration;
        let held_out = self.committee.held_out.iter();
        held_out.map(|it| (it.row as usize, logistic(calibration.apply(it.logit)))).collect()
    }
}

/// Standard deviations to either side that hold 80 %.
const INTERVAL_DEVIATIONS: f64 = 1.2816;

/// The probability of one row with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    pub probability: f64,
    /// Between these with 80 % probability, had other rows like these been learned from.
    pub low: f64,
    pub high: f64,
    /// The mean of the logit over rows; with all shares it is the row's logit.
    pub mean_logit: f64,
    /// Every column, the strongest first.
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub column: String,
    /// What the column's value adds to the logit.
    pub share: f64,
}

/// How the two models were weighed, and their mean losses on rows that were held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Makeup {
    /// Weight of the penalised logistic model, 0 to 1; the trees have the rest.
    pub additive_weight: f64,
    /// Trees of each member.
    pub trees: usize,
    pub additive_loss: f64,
    pub trees_loss: f64,
    pub loss: f64,
}

#[cfg(test)]
mod tests;
