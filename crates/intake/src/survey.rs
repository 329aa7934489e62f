//! What a file's rows tell about the file: the order of its dates, its decimal mark, its stages,
//! and about when it was taken. One pass, in bounded memory.

use std::collections::BTreeMap;

use domain::kind::{Holds, Kind};
use domain::stage::Outcome;
use jiff::Timestamp;

use crate::Assumptions;
use crate::dates::{self, DateOrder, Written};
use crate::limits::{SAMPLE_ROWS, SAMPLE_VALUES, STAGES_MAX, SURVEY_TOUCH_ROWS};
use crate::mapping::{Mapping, Target};
use crate::numbers::{self, Decimal, Evidence};
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::source::{Record, Source};

#[derive(Default)]
pub struct Survey {
    pub rows: u64,
    pub broken_rows: u64,
    pub columns: Vec<Tally>,
    pub stages: Vec<StageTally>,
    pub sample: Vec<Vec<String>>,
}

/// What one mapped column tells.
pub struct Tally {
    pub header: String,
    pub target: Target,
    index: usize,
    pub dates: DateTally,
    pub numbers: NumberTally,
    /// Whether a share above 1 occurs, so that the column holds percents.
    pub above_one: bool,
}

#[derive(Default)]
pub struct DateTally {
    pub day_first: u64,
    pub month_first: u64,
    pub either: u64,
    pub serials: u64,
    pub two_digit_years: u64,
    pub samples: Vec<String>,
    /// The latest past moment, read day first and month first.
    latest: [Option<Timestamp>; 2],
}

#[derive(Default)]
pub struct NumberTally {
    pub point: u64,
    pub comma: u64,
    pub either: u64,
    pub samples: Vec<String>,
}

pub struct StageTally {
    pub name: String,
    pub rows: u64,
    pub outcome: Option<Outcome>,
    /// How many of the rows tell when they were created.
    pub dated_rows: u64,
}

impl Survey {
    /// Reads the source to its end; of touches only as much as leaves nothing open.
    pub fn of(
        source: &mut Source,
        mapping: &Mapping,
        assumptions: &Assumptions,
    ) -> Result<Survey, Refusal> {
        let plan = Plan::new(&source.headers, mapping, assumptions);
        let mut survey = Survey { columns: tallies(source, mapping), ..Survey::default() };
        let created = survey.columns.iter().position(|it| it.target.to_string() == "created_at");
        let mut record = Record::default();
        while source.next(&mut record)? {
            survey.rows += 1;
            if record.fault.is_some() {
                survey.broken_rows += 1;
                continue;
            }
            if survey.sample.len() < SAMPLE_ROWS {
                survey.sample.push(record.cells().map(str::to_owned).collect());
            }
            let (stage, outcome) = plan.stage_of(&record);
            if let Some(stage) = stage {
                let dated = created.is_some_and(|at| !survey.columns[at].text(&record).is_empty());
                survey.count_stage(stage, outcome, dated);
            }
            for column in &mut survey.columns {
                column.count(&record, outcome, assumptions);
            }
            let enough = mapping.kind == Kind::Touches && survey.rows >= SURVEY_TOUCH_ROWS;
            if enough && !survey.columns.iter().any(Tally::is_open) {
                break;
            }
        }
        Ok(survey)
    }

    /// The latest past moment at which something happened, under the orders of the columns.
    pub fn latest(&self, order_of: impl Fn(&str) -> Option<DateOrder>) -> Option<Timestamp> {
        let latest = self.columns.iter().map(|column| {
            let [day_first, month_first] = column.dates.latest;
            let month_is_first = order_of(&column.header) == Some(DateOrder::MonthFirst);
            if month_is_first { month_first } else { day_first }
        });
        latest.flatten().max()
    }

    fn count_stage(&mut self, name: &str, outcome: Option<Outcome>, dated: bool) {
        let same = |stage: &&mut StageTally| stage.name.eq_ignore_ascii_case(name);
        if let Some(stage) = self.stages.iter_mut().find(same) {
            stage.rows += 1;
            stage.dated_rows += u64::from(dated);
            stage.outcome = stage.outcome.or(outcome);
        } else if self.stages.len() <= STAGES_MAX {
            let dated_rows = u64::from(dated);
            self.stages.push(StageTally { name: name.to_owned(), rows: 1, outcome, dated_rows });
        }
    }
}

fn tallies(source: &Source, mapping: &Mapping) -> Vec<Tally> {
    let tally = |(header, target): &(String, Target)| {
        let index = source.headers.iter().position(|other| other == header)?;
        Some(Tally {
            header: header.clone(),
            target: *target,
            index,
            dates: DateTally::default(),
            numbers: NumberTally::default(),
            above_one: false,
        })
    };
    mapping.columns.iter().filter_map(tally).collect()
}

impl Tally {
    fn text<'a>(&self, record: &'a Record) -> &'a str {
        record.get(self.index).trim()
    }

    fn count(&mut self, record: &Record, outcome: Option<Outcome>, assumptions: &Assumptions) {
        let text = record.get(self.index).trim();
        if text.is_empty() {
            return;
        }
        let is_written = !record.is_typed(self.index);
        match self.target.holds() {
            Some(Holds::Date | Holds::Instant) => {
                let happened = happened(self.target, outcome);
                self.dates.count(text, happened, assumptions);
            }
            Some(Holds::Money | Holds::Integer) if is_written => self.numbers.count(text),
            Some(Holds::Ratio) => {
                self.above_one |= is_above_one(text);
                if is_written {
                    self.numbers.count(text);
                }
            }
            _ => {}
        }
    }

    fn is_open(&self) -> bool {
        let DateTally { day_first, month_first, either, .. } = self.dates;
        either > 0 && day_first + month_first == 0
    }
}

/// Whether a target's date says that something happened on it; a wish for the future does not.
fn happened(target: Target, outcome: Option<Outcome>) -> bool {
    match target {
        Target::ChangedAt | Target::ModifiedAt => true,
        Target::CloseDate => matches!(outcome, Some(Outcome::Won | Outcome::Lost)),
        Target::Field(field) => field.holds == Holds::Instant,
        _ => false,
    }
}

fn is_above_one(text: &str) -> bool {
    let number = numbers::dissect(text);
    let plain = numbers::plain(number.digits, None).ok();
    !number.percent
        && plain.and_then(|plain| numbers::scaled(&plain, 6)).is_some_and(|ratio| ratio > 1_000_000)
}

impl DateTally {
    fn count(&mut self, text: &str, happened: bool, assumptions: &Assumptions) {
        let readings = match dates::written(text) {
            Ok(Written::Plain(moment)) => [Some(moment); 2],
            Ok(Written::Serial(moment)) => {
                self.serials += 1;
                [Some(moment); 2]
            }
            Ok(Written::Either { day_first, month_first }) => {
                if day_first != month_first {
                    self.count_order(text, day_first.is_some(), month_first.is_some());
                }
                [day_first, month_first]
            }
            Err(fault) => {
                self.two_digit_years += u64::from(fault == dates::DateFault::TwoDigitYear);
                return;
            }
        };
        if !happened {
            return;
        }
        for (latest, reading) in self.latest.iter_mut().zip(readings) {
            let Some(reading) = reading else { continue };
            let at = reading.instant(&assumptions.timezone);
            if at <= assumptions.now && latest.is_none_or(|latest| latest < at) {
                *latest = Some(at);
            }
        }
    }

    fn count_order(&mut self, text: &str, day_first: bool, month_first: bool) {
        match (day_first, month_first) {
            (true, true) => {
                self.either += 1;
                keep_sample(&mut self.samples, text);
            }
            (true, false) => self.day_first += 1,
            (false, true) => self.month_first += 1,
            (false, false) => {}
        }
    }
}

impl NumberTally {
    fn count(&mut self, text: &str) {
        match numbers::evidence(numbers::dissect(text).digits) {
            Some(Evidence::Only(Decimal::Point)) => self.point += 1,
            Some(Evidence::Only(Decimal::Comma)) => self.comma += 1,
            Some(Evidence::Either) => {
                self.either += 1;
                keep_sample(&mut self.samples, text);
            }
            Some(Evidence::Neutral) | None => {}
        }
    }
}

fn keep_sample(samples: &mut Vec<String>, text: &str) {
    if samples.len() < SAMPLE_VALUES && !samples.iter().any(|sample| sample == text) {
        samples.push(crate::refusal::shorten(text));
    }
}

/// What the columns of a file together say, where each has one of two conventions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Nothing in the column needs the convention.
    Unneeded,
    /// The column's own values tell; `refused` of them say otherwise.
    Told { convention: T, refused: u64 },
    /// Another column of the file tells.
    FromFile(T),
    /// Every value has two readings, or as many say one as the other.
    Open,
}

/// Judges each column by its counts `(first, second, either)` of two conventions.
pub fn judge<T: Copy + PartialEq>(
    conventions: [T; 2],
    counts: &BTreeMap<String, (u64, u64, u64)>,
) -> BTreeMap<String, Verdict<T>> {
    let alone = |(first, second, either): (u64, u64, u64)| match (first, second) {
        (0, 0) if either == 0 => Verdict::Unneeded,
        (first, second) if first > second => {
            Verdict::Told { convention: conventions[0], refused: second }
        }
        (first, second) if second > first => {
            Verdict::Told { convention: conventions[1], refused: first }
        }
        _ => Verdict::Open,
    };
    let verdicts: BTreeMap<String, Verdict<T>> =
        counts.iter().map(|(header, counts)| (header.clone(), alone(*counts))).collect();
    let told: Vec<T> = verdicts
        .values()
        .filter_map(|verdict| match verdict {
            Verdict::Told { convention, .. } => Some(*convention),
            _ => None,
        })
        .collect();
    let file = told.first().copied().filter(|first| told.iter().all(|other| other == first));
    let settled = |header: String, verdict| {
        let undecided = counts.get(&header).is_some_and(|(first, second, _)| first + second == 0);
        match (verdict, file) {
            (Verdict::Open, Some(file)) if undecided => (header, Verdict::FromFile(file)),
            _ => (header, verdict),
        }
    };
    verdicts.into_iter().map(|(header, verdict)| settled(header, verdict)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(counts: &[(u64, u64, u64)], expected: &[Verdict<char>]) {
        let counts = counts.iter().enumerate().map(|(at, counts)| (at.to_string(), *counts));
        let verdicts: Vec<_> = judge(['a', 'b'], &counts.collect()).into_values().collect();
        assert_eq!(verdicts, expected);
    }

    #[test]
    fn columns_are_judged_alone_and_then_by_the_file() {
        let told = |convention, refused| Verdict::Told { convention, refused };
        check(&[(0, 0, 0)], &[Verdict::Unneeded]);
        check(&[(0, 0, 5)], &[Verdict::Open]);
        check(&[(1, 0, 5)], &[told('a', 0)]);
        check(&[(2, 5, 0)], &[told('b', 2)]);
        check(&[(3, 3, 0)], &[Verdict::Open]);
        check(&[(1, 0, 0), (0, 0, 9)], &[told('a', 0), Verdict::FromFile('a')]);
        check(&[(1, 0, 0), (0, 1, 0), (0, 0, 9)], &[told('a', 0), told('b', 0), Verdict::Open]);
    }
}
