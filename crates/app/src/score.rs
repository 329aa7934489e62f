//! The learned probability on any table: learned from some of its rows, graded on the others.
//!
//! It knows which columns are the outcome, the split and what must not be known; what is learned
//! and how is `stats::propensity`.

pub mod leads;
pub mod points;
pub mod rules;

use std::path::PathBuf;

use intake::table::{AnyTable, EMPTY, Texts, Values};
use reports::score::{ScoreBacktest, Split};
use stats::propensity::grade::{deciles, grade};
use stats::propensity::likelihood::Seen;
use stats::propensity::table::{Column, Table};
use stats::propensity::{Settings, fit};

use crate::context::file_name;
use crate::error::Error;
use crate::limits::{SCORE_REPEAT_MAX, SCORE_TIMED_ROWS};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Question {
    pub path: PathBuf,
    pub target: String,
    /// The target's value that is a yes; found by itself where it is a usual word for it.
    pub positive: Option<String>,
    pub exclude: Vec<String>,
    /// Rows whose number, or whose value of the column, this divides are graded.
    pub test_every: u64,
    pub test_column: Option<String>,
    /// How many splits; the first is the one named above, the others are drawn.
    pub repeat: u32,
    pub seed: u64,
}

/// Words for a yes, in the order in which they are looked for.
const YES: [&str; 9] = ["1", "true", "yes", "y", "won", "converted", "1.0", "t", "positive"];

/// Learns and grades. `clock` tells seconds from any start.
///
/// # Errors
/// When the file is no table, a column is not there, the target has not two values, or the split
/// leaves too little on one side.
pub fn backtest(question: &Question, clock: &dyn Fn() -> f64) -> Result<ScoreBacktest, Error> {
    if question.test_every < 2 {
        return Err(Error::Input("--test-every must be 2 or more: 5 grades a fifth".into()));
    }
    if !(1..=SCORE_REPEAT_MAX).contains(&question.repeat) {
        return Err(Error::Input(format!("--repeat must be 1 to {SCORE_REPEAT_MAX}")));
    }
    let sheet = Sheet::read(question)?;
    let splits = (0..question.repeat).map(|round| sheet.split(question, round, clock));
    Ok(ScoreBacktest {
        file: file_name(&question.path),
        target: question.target.clone(),
        positive: sheet.positive.clone(),
        came: sheet.came.iter().filter(|came| **came).count(),
        rows: sheet.came.len(),
        rows_left_out: sheet.rows_left_out,
        columns: sheet.table.names().to_vec(),
        splits: splits.collect::<Result<_, Error>>()?,
    })
}

/// A file as what is learned from.
struct Sheet {
    table: Table,
    came: Vec<bool>,
    /// By row: what the first split is told by; `None` where it is empty.
    keys: Vec<Option<i64>>,
    positive: String,
    rows_left_out: u64,
}

impl Sheet {
    fn read(question: &Question) -> Result<Sheet, Error> {
        let mut file = intake::table::read(&question.path)?;
        let target = place(&file, &question.target)?;
        let split_by = question.test_column.as_ref().map(|name| place(&file, name)).transpose()?;
        let excluded = question.exclude.iter().map(|name| place(&file, name));
        let mut aside = excluded.collect::<Result<Vec<usize>, Error>>()?;
        aside.extend([target].into_iter().chain(split_by));
        let keys = match split_by {
            Some(column) => keys(&file, column)?,
            None => file.row_numbers.iter().map(|number| i64::try_from(*number).ok()).collect(),
        };
        let (positive, outcomes) = outcomes(&file.columns[target], question)?;
        let known: Vec<usize> =
            (0..outcomes.len()).filter(|row| outcomes[*row].is_some()).collect();
        let headers = std::mem::take(&mut file.headers).into_iter().enumerate();
        let columns = headers.zip(std::mem::take(&mut file.columns));
        let columns = columns.filter(|((place, _), _)| !aside.contains(place));
        let table = Table::new(columns.map(|((_, name), texts)| (name, column(texts))).collect())
            .map_err(|error| Error::Input(error.to_string()))?;
        Ok(Sheet {
            table: table.take(&known),
            came: known.iter().map(|row| outcomes[*row] == Some(true)).collect(),
            keys: known.iter().map(|row| keys[*row]).collect(),
            positive,
            rows_left_out: file.broken + (outcomes.len() - known.len()) as u64,
        })
    }

    /// Learns from one side and grades on the other.
    fn split(
        &self,
        question: &Question,
        round: u32,
        clock: &dyn Fn() -> f64,
    ) -> Result<Split, Error> {
        let is_test = |row: &usize| is_test(self.keys[*row], *row, round, question.test_every);
        let (test, train): (Vec<usize>, Vec<usize>) = (0..self.came.len()).partition(is_test);
        let (of_train, of_test) = (self.table.take(&train), self.table.take(&test));
        let seen: Vec<Seen> = train.iter().map(|row| Seen::settled(self.came[*row])).collect();
        let began = clock();
        let fitted = fit(&of_train, &seen, Settings { seed: question.seed })
            .map_err(|error| Error::Input(format!("of the rows to learn from, {error}")))?;
        let train_seconds = clock() - began;
        let mut probabilities = fitted.probabilities(&of_test);
        let passes = SCORE_TIMED_ROWS.div_ceil(test.len().max(1));
        let began = clock();
        (0..passes).for_each(|_| probabilities = fitted.probabilities(&of_test));
        let score_seconds = clock() - began;
        let outcomes = test.iter().map(|row| self.came[*row]);
        let said: Vec<(f64, bool)> = probabilities.into_iter().zip(outcomes).collect();
        let grade = grade(&said).ok_or_else(|| one_outcome_to_grade(question, said.len()))?;
        Ok(Split {
            grade,
            deciles: deciles(&said),
            rows_train: train.len(),
            rows_test: test.len(),
            train_seconds,
            rows_scored_per_second: (passes * test.len()) as f64 / score_seconds.max(1e-9),
        })
    }
}

fn one_outcome_to_grade(question: &Question, rows: usize) -> Error {
    Error::Input(format!(
        "the {rows} rows to grade on do not have both outcomes: take a smaller --test-every than \
         {} or another --test-column",
        question.test_every
    ))
}

fn place(file: &AnyTable, name: &str) -> Result<usize, Error> {
    let trimmed = name.trim();
    let exact = file.headers.iter().position(|header| header == name || header == trimmed);
    let same = |header: &String| header.trim().to_lowercase() == trimmed.to_lowercase();
    exact.or_else(|| file.headers.iter().position(same)).ok_or_else(|| {
        let headers = file.headers.join(", ");
        Error::Input(format!("there is no column `{trimmed}`; there are {headers}"))
    })
}

fn keys(file: &AnyTable, column: usize) -> Result<Vec<Option<i64>>, Error> {
    let texts = &file.columns[column];
    let whole = |level: &String| level.parse::<i64>().map_err(|_| level.clone());
    let levels = texts.levels.iter().map(whole).collect::<Result<Vec<i64>, String>>();
    let levels = levels.map_err(|level| {
        Error::Input(format!(
            "the --test-column `{}` must hold whole numbers, and holds `{level}`",
            file.headers[column]
        ))
    })?;
    Ok(texts.codes.iter().map(|code| levels.get(*code as usize).copied()).collect())
}

/// Which value is a yes, and whether each row has it; `None` where the row does not tell.
fn outcomes(texts: &Texts, question: &Question) -> Result<(String, Vec<Option<bool>>), Error> {
    let target = &question.target;
    if texts.levels.len() < 2 {
        let only = texts.levels.first().map_or("nothing", String::as_str);
        return Err(Error::Input(format!(
            "the target `{target}` has one value, `{only}`, in every row: there is nothing to learn"
        )));
    }
    let shown = || texts.levels.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    let same = |word: &str| texts.levels.iter().position(|it| it.eq_ignore_ascii_case(word));
    let positive = match &question.positive {
        Some(word) => same(word.trim()).ok_or_else(|| {
            Error::Input(format!("the target `{target}` is never `{word}`; it is {}", shown()))
        })?,
        None => {
            YES.into_iter().find_map(same).filter(|_| texts.levels.len() == 2).ok_or_else(|| {
                Error::Input(format!(
                    "say which value of `{target}` is a yes with --positive: {}",
                    shown()
                ))
            })?
        }
    };
    let outcome = |code: &u32| (*code != EMPTY).then_some(*code as usize == positive);
    Ok((texts.levels[positive].clone(), texts.codes.iter().map(outcome).collect()))
}

fn column(texts: Texts) -> Column {
    match texts.values() {
        Values::Numbers(numbers) => Column::Numbers(numbers),
        Values::Texts(Texts { codes, levels }) => Column::Categories { codes, levels },
    }
}

/// Whether a row is graded: by its key in the first round, in others by a hash of row and round
/// (the finaliser of `SplitMix64`: Steele, Lea & Flood 2014) that any language has in one line.
fn is_test(key: Option<i64>, row: usize, round: u32, every: u64) -> bool {
    if round == 0 {
        return key.is_some_and(|key| key.unsigned_abs().is_multiple_of(every));
    }
    let mut hash = ((row as u64) << 32 | u64::from(round)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ hash >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (hash ^ hash >> 31).is_multiple_of(every)
}
