//! The figures that a page should show, table by table, and how a cell is held against one.

use std::collections::{BTreeMap, BTreeSet};

use super::page::Shown;

/// What a cell should say.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    Text(String),
    /// A number, to the decimals that are shown.
    Number(f64),
    /// A share of 1, shown in percent.
    Share(f64),
    /// Two shares, shown as an interval in percent.
    Interval(f64, f64),
    Missing,
    /// A figure before its interval in brackets.
    BeforeBracket(Box<Want>),
    /// Words that say no figure.
    Any,
}

#[derive(Default)]
pub struct Figures {
    wanted: BTreeMap<String, Table>,
    unchecked: BTreeSet<String>,
}

struct Table {
    rows: Vec<Vec<Want>>,
    is_ordered: bool,
}

impl Figures {
    /// The rows of a table in their order; a page may show the first of them only.
    pub fn table(&mut self, caption: &str, rows: Vec<Vec<Want>>) {
        self.wanted.insert(caption.to_owned(), Table { rows, is_ordered: true });
    }

    /// The rows of a table in any order, by their first cell.
    pub fn unordered(&mut self, caption: &str, mut rows: Vec<Vec<Want>>) {
        rows.sort_by_key(|row| format!("{:?}", row.first()));
        self.wanted.insert(caption.to_owned(), Table { rows, is_ordered: false });
    }

    /// A row before all others of a table, which may not be there yet.
    pub fn before(&mut self, caption: &str, row: Vec<Want>) {
        let table = self.wanted.entry(caption.to_owned());
        let table = table.or_insert(Table { rows: Vec::new(), is_ordered: true });
        table.rows.insert(0, row);
    }

    /// What was read, and beside it the tables of words that tell how each file was.
    pub fn words(&mut self, caption: &str, rows: Vec<Vec<Want>>) {
        for row in &rows {
            if let Some(Want::Text(file)) = row.first() {
                self.unchecked(file);
            }
        }
        self.unchecked("Definitions");
        self.table(caption, rows);
    }

    /// A table that is held against something else, or that holds no figures.
    pub fn unchecked(&mut self, caption: &str) {
        self.unchecked.insert(caption.to_owned());
    }

    /// The captions and numbers of rows.
    pub fn tables(&self) -> impl Iterator<Item = (&String, usize)> {
        self.wanted.iter().map(|(caption, table)| (caption, table.rows.len()))
    }

    pub fn check(&self, caption: &str, shown: &[Vec<Shown>]) {
        if self.unchecked.contains(caption) {
            return;
        }
        let table = self.wanted.get(caption);
        let table = table.unwrap_or_else(|| panic!("nothing recomputes the table `{caption}`"));
        let mut shown = shown.to_vec();
        if !table.is_ordered {
            shown.sort_by_key(|row| format!("{:?}", Some(Want::Text(row[0].text.clone()))));
        }
        assert!(!shown.is_empty(), "`{caption}` is empty");
        assert!(
            shown.len() == table.rows.len() || table.is_ordered && shown.len() < table.rows.len(),
            "`{caption}` has {} rows, the files give {}",
            shown.len(),
            table.rows.len()
        );
        for (shown, wanted) in shown.iter().zip(&table.rows) {
            assert_eq!(shown.len(), wanted.len(), "`{caption}`: {shown:?} {wanted:?}");
            for (cell, want) in shown.iter().zip(wanted) {
                assert!(want.is(cell), "`{caption}`: {cell:?} is not {want:?} in {shown:?}");
            }
        }
    }
}

impl Want {
    fn is(&self, cell: &Shown) -> bool {
        match self {
            Want::Any => true,
            Want::Missing => cell.text == "–",
            Want::BeforeBracket(want) => cell
                .text
                .split_once(" (")
                .is_some_and(|(text, _)| want.is(&Shown { text: text.to_owned(), exact: None })),
            Want::Text(text) => cell.text == *text || cell.exact.as_ref() == Some(text),
            Want::Number(number) => {
                let exact = cell.exact.as_ref().is_none_or(|exact| reads_as(exact, *number));
                exact && reads_as(&cell.text, *number)
            }
            Want::Share(share) => {
                cell.text.strip_suffix(" %").is_some_and(|text| reads_as(text, share * 100.0))
            }
            Want::Interval(low, high) => {
                let ends = cell.text.strip_suffix(" %").and_then(|text| text.split_once('–'));
                ends.is_some_and(|(from, to)| {
                    reads_as(from, low * 100.0) && reads_as(to, high * 100.0)
                })
            }
        }
    }
}

/// Whether a text is a number, rounded to as many decimals as it has.
fn reads_as(text: &str, number: f64) -> bool {
    let plain: String = text.chars().filter(|letter| *letter != ',').collect();
    let decimals = plain.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let half = 0.5 * 10_f64.powi(-i32::try_from(decimals).expect("is short"));
    plain.parse::<f64>().is_ok_and(|read| (read - number).abs() <= half + 1e-6)
}

pub fn text(text: impl Into<String>) -> Want {
    Want::Text(text.into())
}

pub fn count(count: usize) -> Want {
    Want::Number(count as f64)
}

pub fn number(number: Option<f64>) -> Want {
    number.map_or(Want::Missing, Want::Number)
}
