//! How good a learned probability is on rows that it was not learned from.

pub mod leads;
pub mod points;
pub mod rules;

use serde_json::{Value, json};
use stats::propensity::grade::{Decile, Grade};

use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

#[derive(Clone, Debug, PartialEq)]
pub struct ScoreBacktest {
    pub file: String,
    pub target: String,
    /// The target's value that counts as a yes.
    pub positive: String,
    /// Rows with that value, of all that tell.
    pub came: usize,
    pub rows: usize,
    /// Rows that are broken or do not tell.
    pub rows_left_out: u64,
    /// What was learned from.
    pub columns: Vec<String>,
    /// At least one.
    pub splits: Vec<Split>,
}

/// One way to part the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    pub grade: Grade,
    pub deciles: Vec<Decile>,
    pub rows_train: usize,
    pub rows_test: usize,
    pub train_seconds: f64,
    pub rows_scored_per_second: f64,
}

impl Split {
    fn json(&self) -> Value {
        json!({
            "auc": self.grade.auc,
            "log_loss": self.grade.log_loss,
            "brier": self.grade.brier,
            "calibration_error": self.grade.calibration_error,
            "rows_train": self.rows_train,
            "rows_test": self.rows_test,
            "train_seconds": self.train_seconds,
            "rows_scored_per_second": self.rows_scored_per_second,
        })
    }
}

impl ScoreBacktest {
    fn mean(&self, of: impl Fn(&Split) -> f64) -> f64 {
        self.splits.iter().map(of).sum::<f64>() / self.splits.len().max(1) as f64
    }

    /// The mean over all splits, as if it were one.
    fn overall(&self) -> Split {
        let count = |of: fn(&Split) -> usize| self.mean(|split| of(split) as f64).round() as usize;
        Split {
            grade: Grade {
                auc: self.mean(|split| split.grade.auc),
                log_loss: self.mean(|split| split.grade.log_loss),
                brier: self.mean(|split| split.grade.brier),
                calibration_error: self.mean(|split| split.grade.calibration_error),
            },
            deciles: Vec::new(),
            rows_train: count(|split| split.rows_train),
            rows_test: count(|split| split.rows_test),
            train_seconds: self.mean(|split| split.train_seconds),
            rows_scored_per_second: self.mean(|split| split.rows_scored_per_second),
        }
    }

    fn answer(&self) -> String {
        let overall = self.overall();
        let first = self.splits.first().and_then(|split| split.deciles.first());
        let lift = first.map_or(String::new(), |decile| {
            format!(
                " Of the tenth with the highest probability {:.0} % came, {:.1} times as many as \
                 of all.",
                100.0 * decile.came as f64 / decile.rows as f64,
                decile.lift
            )
        });
        format!(
            "`{} = {}` in {} of {}. Learned from {}: AUC {:.4}, log loss {:.4}, calibration error \
             {:.4} on rows that were held out.{lift}",
            self.target,
            self.positive,
            self.came,
            counted(self.rows, "row"),
            counted(self.columns.len(), "column"),
            overall.grade.auc,
            overall.grade.log_loss,
            overall.grade.calibration_error,
        )
    }

    fn grades_table(&self) -> Table {
        let columns = [
            "Split",
            ">auc",
            ">log_loss",
            ">brier",
            ">calibration_error",
            ">rows_train",
            ">rows_test",
            ">train_seconds",
            ">rows_scored_per_second",
        ];
        let mut table = Table::new("Held-out rows", &columns);
        let mut row = |name: String, split: &Split| {
            let grade = &split.grade;
            let digits = |value: f64| Cell::Text(format!("{value:.4}"));
            table.row([
                Cell::Text(name),
                digits(grade.auc),
                digits(grade.log_loss),
                digits(grade.brier),
                digits(grade.calibration_error),
                split.rows_train.into(),
                split.rows_test.into(),
                Cell::Text(format!("{:.2}", split.train_seconds)),
                (split.rows_scored_per_second.round() as usize).into(),
            ]);
        };
        for (number, split) in self.splits.iter().enumerate() {
            row((number + 1).to_string(), split);
        }
        if self.splits.len() > 1 {
            row("mean".to_owned(), &self.overall());
        }
        table
    }

    /// Of the first split.
    fn deciles(&self) -> &[Decile] {
        self.splits.first().map_or(&[][..], |split| &split.deciles)
    }
}

fn deciles_table(title: &str, deciles: &[Decile]) -> Table {
    let columns = ["Tenth", ">Rows", ">Expected", ">Came", ">Lift"];
    let mut table = Table::new(title, &columns);
    for (number, decile) in deciles.iter().enumerate() {
        table.row([
            (number + 1).into(),
            decile.rows.into(),
            Cell::Share(decile.expected),
            Cell::Share(decile.came as f64 / decile.rows as f64),
            Cell::Text(format!("{:.2}", decile.lift)),
        ]);
    }
    table
}

fn decile_json(decile: &Decile) -> Value {
    json!({
        "rows": decile.rows,
        "expected": decile.expected,
        "came": decile.came,
        "lift": decile.lift,
    })
}

impl Report for ScoreBacktest {
    fn document(&self) -> Document {
        let mut notes = vec![
            "calibration_error: rows in ten parts of equal size by probability; the mean \
             difference between the mean probability of a part and its share that came."
                .to_owned(),
        ];
        if self.rows_left_out > 0 {
            let rows = counted(usize::try_from(self.rows_left_out).unwrap_or(usize::MAX), "row");
            notes.push(format!("Left out, since broken or without `{}`: {rows}.", self.target));
        }
        Document {
            answer: self.answer(),
            tables: vec![
                self.grades_table(),
                deciles_table("By probability, first split", self.deciles()),
            ],
            notes,
        }
    }

    fn json(&self) -> Value {
        let mut value = self.overall().json();
        value["file"] = json!(self.file);
        value["target"] = json!(self.target);
        value["positive"] = json!(self.positive);
        value["rows"] = json!(self.rows);
        value["rows_left_out"] = json!(self.rows_left_out);
        value["columns"] = json!(self.columns);
        value["deciles"] = self.deciles().iter().map(decile_json).collect();
        value["splits"] = self.splits.iter().map(Split::json).collect();
        value
    }
}
