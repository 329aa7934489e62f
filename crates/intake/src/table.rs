//! Any table, its columns told apart by their values: numbers, dates as numbers, or texts.
//!
//! For files of which nothing is known. Cells are kept as codes of their distinct texts, so that
//! each text is read once however often it stands there. It knows no field of the catalogue.

use std::collections::HashMap;
use std::path::Path;

use domain::kind::Kind;
use jiff::tz::TimeZone;

use crate::dates::{DateOrder, Written, written};
use crate::mapping::Mapping;
use crate::numbers::{Decimal, Evidence, dissect, evidence, plain};
use crate::refusal::Refusal;
use crate::source::{Record, Source};

/// The code of a cell without a value.
pub const EMPTY: u32 = u32::MAX;
/// Texts that stand for no value.
const EMPTY_TEXTS: [&str; 9] = ["", "na", "n/a", "#n/a", "nan", "null", "none", "-", "?"];
/// A column holds numbers or dates if this share of its cells does, of so many distinct ones, and
/// whatever their number if all do.
const READABLE_SHARE: f64 = 0.9;
const READABLE_DISTINCT_MIN: usize = 20;
const SECONDS_A_DAY: f64 = 86_400.0;

/// The distinct texts of a column, in the order in which they come, and which each row has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Texts {
    /// Places among `levels`, or [`EMPTY`].
    pub codes: Vec<u32>,
    pub levels: Vec<String>,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Missing is NaN; dates are days since 1970.
    Numbers(Vec<f64>),
    Texts(Texts),
}

#[derive(Clone, Debug, PartialEq)]
pub struct AnyTable {
    pub headers: Vec<String>,
    /// As many as headers.
    pub columns: Vec<Texts>,
    /// The number of each row in the file, from 0 and without the header.
    pub row_numbers: Vec<u64>,
    /// Rows whose form is broken; they are left out.
    pub broken: u64,
}

/// Reads a file whole; format, delimiter and encoding are told by its content.
///
/// # Errors
/// When the file cannot be read, or is no table with a header.
pub fn read(path: &Path) -> Result<AnyTable, Refusal> {
    let mut source = Source::open(path, &Mapping::new(Kind::Leads))?;
    let headers = source.headers.clone();
    let mut columns = vec![Coding::default(); headers.len()];
    let (mut row_numbers, mut broken, mut record) = (Vec::new(), 0, Record::default());
    while source.next(&mut record)? {
        if record.fault.is_some() {
            broken += 1;
            continue;
        }
        row_numbers.push(row_numbers.len() as u64 + broken);
        for (column, cell) in columns.iter_mut().zip(record.cells()) {
            column.push(cell.trim());
        }
    }
    let columns = columns.into_iter().map(|column| column.texts).collect();
    Ok(AnyTable { headers, columns, row_numbers, broken })
}

/// A column being read.
#[derive(Clone, Default)]
struct Coding {
    texts: Texts,
    known: HashMap<String, u32>,
}

impl Coding {
    fn push(&mut self, cell: &str) {
        let code = match self.known.get(cell) {
            Some(code) => *code,
            None => self.add(cell),
        };
        self.texts.codes.push(code);
    }

    fn add(&mut self, cell: &str) -> u32 {
        let lower = cell.to_ascii_lowercase();
        let code = match EMPTY_TEXTS.contains(&lower.as_str()) {
            true => EMPTY,
            false => {
                self.texts.levels.push(cell.to_owned());
                self.texts.levels.len() as u32 - 1
            }
        };
        self.known.insert(cell.to_owned(), code);
        code
    }
}

impl Texts {
    /// Reads the texts as numbers, or as dates, where that is what they are.
    #[must_use]
    pub fn values(self) -> Values {
        let read =
            self.read_by(&numbers(&self.levels)).or_else(|| self.read_by(&dates(&self.levels)));
        match read {
            Some(numbers) => Values::Numbers(numbers),
            None => Values::Texts(self),
        }
    }

    /// The rows' numbers, if enough of the levels have one.
    fn read_by(&self, of_levels: &[Option<f64>]) -> Option<Vec<f64>> {
        let distinct = of_levels.iter().flatten().count();
        let level = |code: &u32| of_levels.get(*code as usize).copied();
        let filled = self.codes.iter().filter_map(level);
        let (mut rows, mut readable) = (0_usize, 0_usize);
        for number in filled {
            rows += 1;
            readable += usize::from(number.is_some());
        }
        let is_enough = readable == rows
            || distinct >= READABLE_DISTINCT_MIN && readable as f64 >= READABLE_SHARE * rows as f64;
        (rows > 0 && is_enough).then(|| {
            let number = |code: &u32| level(code).flatten().unwrap_or(f64::NAN);
            self.codes.iter().map(number).collect()
        })
    }
}

/// The numbers that texts are, under the decimal mark for which most of them speak.
fn numbers(levels: &[String]) -> Vec<Option<f64>> {
    let says = |wanted: Decimal| {
        let evidence = levels.iter().filter_map(|level| evidence(dissect(level).digits));
        evidence.filter(|found| *found == Evidence::Only(wanted)).count()
    };
    let is_comma = says(Decimal::Comma) > says(Decimal::Point);
    let decimal = if is_comma { Decimal::Comma } else { Decimal::Point };
    levels.iter().map(|level| number(level, decimal)).collect()
}

fn number(text: &str, decimal: Decimal) -> Option<f64> {
    // What is written with an exponent is a number's own form.
    let is_own_form = decimal == Decimal::Point || text.contains(['e', 'E']);
    if let Some(number) = text.parse::<f64>().ok().filter(|_| is_own_form) {
        return number.is_finite().then_some(number);
    }
    let dissected = dissect(text);
    let number: f64 = plain(dissected.digits, Some(decimal)).ok()?.parse().ok()?;
    Some(if dissected.negative { -number } else { number })
}

/// The days that texts name, under the order of day and month for which most of them speak.
fn dates(levels: &[String]) -> Vec<Option<f64>> {
    let read: Vec<Option<Written>> = levels.iter().map(|level| written(level).ok()).collect();
    let only = |of: fn(&Written) -> bool| read.iter().flatten().filter(|it| of(it)).count();
    let is_day_first =
        |it: &Written| matches!(it, Written::Either { day_first: Some(_), month_first: None });
    let is_month_first =
        |it: &Written| matches!(it, Written::Either { day_first: None, month_first: Some(_) });
    let order = match only(is_day_first) > only(is_month_first) {
        true => DateOrder::DayFirst,
        false => DateOrder::MonthFirst,
    };
    let day = |written: Option<Written>| {
        let moment = written?.resolve(Some(order)).ok()?;
        Some(moment.instant(&TimeZone::UTC).as_second() as f64 / SECONDS_A_DAY)
    };
    read.into_iter().map(day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn column(cells: &[&str]) -> Values {
        let mut coding = Coding::default();
        cells.iter().for_each(|cell| coding.push(cell));
        coding.texts.values()
    }

    #[track_caller]
    fn check(cells: &[&str], expected: &[f64]) {
        let Values::Numbers(found) = column(cells) else { panic!("{cells:?} are texts") };
        let is_same = |(found, expected): (&f64, &f64)| {
            found == expected || found.is_nan() && expected.is_nan()
        };
        assert!(found.iter().zip(expected).all(is_same), "{cells:?}: {found:?}");
    }

    #[test]
    fn columns_are_told_apart_by_their_values() {
        check(&["1", "", "2.5", "N/A", "-3"], &[1.0, f64::NAN, 2.5, f64::NAN, -3.0]);
        check(&["1.234,5", "7", "1.250"], &[1234.5, 7.0, 1250.0]);
        check(&["$1,250.50", "(3)", "1e3"], &[1250.5, -3.0, 1000.0]);
        check(&["1970-01-02", "1970-01-03T12:00:00Z"], &[1.0, 2.5]);
        check(&["31/01/1970", "01/02/1970"], &[30.0, 31.0]);
        assert!(matches!(column(&["1", "2", "3+"]), Values::Texts(_)));
        assert!(matches!(column(&["", ""]), Values::Texts(_)));
        let mut mostly: Vec<String> = (0..30).map(|number| number.to_string()).collect();
        mostly.push("unknown".to_owned());
        let mostly: Vec<&str> = mostly.iter().map(String::as_str).collect();
        let Values::Numbers(found) = column(&mostly) else { panic!("these are texts") };
        assert!(found[30].is_nan() && found[29] == 29.0);
    }

    #[test]
    fn a_file_is_read_with_its_row_numbers_and_without_what_is_broken() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"a;b\n1;x\n2\n3;y;z\n4;x\n").expect("written");
        let table = read(file.path()).expect("a table");
        assert_eq!((table.headers, table.row_numbers), (vec!["a".into(), "b".into()], vec![0, 3]));
        assert_eq!((table.broken, &table.columns[1].codes[..]), (2, &[0, 0][..]));
    }
}
