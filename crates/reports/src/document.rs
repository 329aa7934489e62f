//! What a report looks like before it is rendered: an answer in words, tables, notes.

use domain::money::Money;
use jiff::civil::Date;

/// A report: one value that every front end shows.
pub trait Report {
    /// For people: the answer first, then the tables that prove it.
    fn document(&self) -> Document;
    /// For programs: amounts are decimal strings in the currency's unit, dates ISO 8601.
    fn json(&self) -> serde_json::Value;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// One sentence that answers the question of the report.
    pub answer: String,
    pub tables: Vec<Table>,
    /// What the reader must know to trust the numbers: what was left out, assumed, estimated.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub title: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    pub align: Align,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Text(String),
    Count(i64),
    /// A number that need not be whole, such as an expected count; shown with one decimal.
    Number(f64),
    Money(Money),
    /// A share between 0 and 1; shown as a percentage.
    Share(f64),
    Days(f64),
    Date(Date),
    /// Not known, or not defined for the row.
    Missing,
}

impl Table {
    /// A table whose columns are given as `name` (left) or `>name` (right-aligned).
    pub fn new(title: &str, columns: &[impl AsRef<str>]) -> Table {
        // A unit that nobody has named leaves a blank behind.
        let column = |name: &str| match name.trim_end().strip_prefix('>') {
            Some(name) => Column { name: name.to_owned(), align: Align::Right },
            None => Column { name: name.trim_end().to_owned(), align: Align::Left },
        };
        Table {
            title: title.to_owned(),
            columns: columns.iter().map(|name| column(name.as_ref())).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        let cells = cells.into();
        assert_eq!(cells.len(), self.columns.len(), "a row of `{}` fills its columns", self.title);
        self.rows.push(cells);
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl From<Money> for Cell {
    fn from(money: Money) -> Cell {
        Cell::Money(money)
    }
}

impl From<Date> for Cell {
    fn from(date: Date) -> Cell {
        Cell::Date(date)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Cell {
        Cell::Count(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Missing, Into::into)
    }
}
