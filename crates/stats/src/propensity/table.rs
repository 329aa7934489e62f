//! Rows with named columns of numbers and categories, in which anything may be missing.
//!
//! It knows neither what a column means nor where it came from.

use thiserror::Error;

/// The code of a category that is missing.
pub const MISSING: u32 = u32::MAX;

/// One value a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// What is not finite is missing.
    Numbers(Vec<f64>),
    /// Positions among `levels`, or [`MISSING`].
    Categories { codes: Vec<u32>, levels: Vec<String> },
}

/// What one row has in one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Number(f64),
    Category(&'a str),
}

/// Why columns are no table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    #[error("column `{name}` has {found} rows where the first has {expected}: give each as many")]
    Ragged { name: String, found: usize, expected: usize },
    #[error("column `{name}` names category {code} of {levels}: give codes of its own categories")]
    NoSuchLevel { name: String, code: u32, levels: usize },
}

/// Columns of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// Checks that the columns are of one length and their codes within their levels.
    ///
    /// # Errors
    /// Names the first column that is not.
    pub fn new(named: Vec<(String, Column)>) -> Result<Self, TableError> {
        let expected = named.first().map_or(0, |(_, column)| column.len());
        for (name, column) in &named {
            column.check(name, expected)?;
        }
        let (names, columns) = named.into_iter().unzip();
        Ok(Self { names, columns, rows: expected })
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What a row has in a column; `None` where that is missing, or there is no such row or column.
    #[must_use]
    pub fn value(&self, row: usize, name: &str) -> Option<Value<'_>> {
        let place = self.names.iter().position(|other| other == name)?;
        match &self.columns[place] {
            Column::Numbers(values) => {
                values.get(row).copied().filter(|value| value.is_finite()).map(Value::Number)
            }
            Column::Categories { codes, levels } => {
                levels.get(*codes.get(row)? as usize).map(|level| Value::Category(level))
            }
        }
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows at these places, in this order; places beyond the last row are left out.
    #[must_use]
    pub fn take(&self, places: &[usize]) -> Self {
        let places: Vec<usize> = places.iter().copied().filter(|at| *at < self.rows).collect();
        let columns = self.columns.iter().map(|column| column.take(&places)).collect();
        Self { names: self.names.clone(), columns, rows: places.len() }
    }
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Categories { codes, .. } => codes.len(),
        }
    }

    fn check(&self, name: &str, expected: usize) -> Result<(), TableError> {
        let (name, found) = (name.to_owned(), self.len());
        if found != expected {
            return Err(TableError::Ragged { name, found, expected });
        }
        let Self::Categories { codes, levels } = self else { return Ok(()) };
        let levels = levels.len();
        match codes.iter().find(|code| **code != MISSING && **code as usize >= levels) {
            Some(&code) => Err(TableError::NoSuchLevel { name, code, levels }),
            None => Ok(()),
        }
    }

    fn take(&self, places: &[usize]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(places.iter().map(|&at| values[at]).collect()),
            Self::Categories { codes, levels } => Self::Categories {
                codes: places.iter().map(|&at| codes[at]).collect(),
                levels: levels.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_is_refused() {
        let numbers = |count| Column::Numbers(vec![1.0; count]);
        let category = |code| Column::Categories { codes: vec![code], levels: vec!["a".into()] };
        let table = |columns: [Column; 2]| {
            Table::new(["x", "y"].map(str::to_owned).into_iter().zip(columns).collect())
        };
        assert_eq!(table([numbers(1), category(MISSING)]).map(|table| table.rows()), Ok(1));
        let ragged = TableError::Ragged { name: "y".into(), found: 2, expected: 1 };
        assert_eq!(table([numbers(1), numbers(2)]), Err(ragged));
        let no_such = TableError::NoSuchLevel { name: "y".into(), code: 1, levels: 1 };
        assert_eq!(table([numbers(1), category(1)]), Err(no_such));
    }
}
