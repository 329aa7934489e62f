//! Values as small whole numbers: every column becomes at most 64 bins.
//!
//! Bin 0 is for what is missing. Numbers are cut where equally many rows lie between; categories
//! that are too rare to learn from share a bin, in which also those land that were never seen. So
//! a column of ids becomes constant, and constant columns are left out. It sees no outcome.

use std::collections::HashMap;

use super::table::{Column, MISSING, Table};

/// Bins of a column at most: a set of them is one machine word.
pub(super) const BINS_MAX: usize = 64;
/// Bins that numbers are cut into at most, where there are rows enough for each.
const NUMBER_BINS_MAX: usize = 60;
const ROWS_PER_BIN_MIN: usize = 8;
/// Rows that a category needs for a bin of its own.
const LEVEL_ROWS_MIN: usize = 8;
/// The bin of what is missing, and of categories that are rare or new.
pub(super) const MISSING_BIN: u8 = 0;
const RARE_BIN: u8 = 1;

/// How one column becomes bins.
#[derive(Clone, Debug, PartialEq)]
enum Cut {
    /// Values up to and with `edges[i]` are in bin `i + 1`, those above the last in the next.
    Numbers { edges: Vec<f64> },
    /// The levels with a bin of their own, from bin 2.
    Levels { bins: HashMap<String, u8> },
}

/// One column that tells rows apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Encoder {
    /// Its place in the table.
    pub place: usize,
    pub name: String,
    cut: Cut,
    /// Bins, with those of the missing and the rare.
    pub bins: usize,
}

impl Encoder {
    /// Whether neighbouring bins hold neighbouring values.
    pub(super) fn is_ordered(&self) -> bool {
        matches!(self.cut, Cut::Numbers { .. })
    }

    fn encode(&self, column: &Column) -> Vec<u8> {
        match (&self.cut, column) {
            (Cut::Numbers { edges }, Column::Numbers(values)) => {
                values.iter().map(|value| number_bin(edges, *value)).collect()
            }
            (Cut::Levels { bins }, Column::Categories { codes, levels }) => {
                let bin = |level: &String| bins.get(level).copied().unwrap_or(RARE_BIN);
                let bins: Vec<u8> = levels.iter().map(bin).collect();
                let of = |code: &u32| bins.get(*code as usize).copied().unwrap_or(MISSING_BIN);
                codes.iter().map(of).collect()
            }
            // A column that holds something else than it did tells nothing.
            (_, Column::Numbers(values)) => vec![MISSING_BIN; values.len()],
            (_, Column::Categories { codes, .. }) => vec![MISSING_BIN; codes.len()],
        }
    }
}

fn number_bin(edges: &[f64], value: f64) -> u8 {
    if !value.is_finite() {
        return MISSING_BIN;
    }
    1 + edges.partition_point(|edge| *edge < value) as u8
}

/// The columns of `table` that tell its rows apart.
pub(super) fn encoders(table: &Table) -> Vec<Encoder> {
    let columns = table.columns().iter().zip(table.names()).enumerate();
    columns.filter_map(|(place, (column, name))| encoder(place, name, column)).collect()
}

fn encoder(place: usize, name: &str, column: &Column) -> Option<Encoder> {
    let (cut, bins) = match column {
        Column::Numbers(values) => {
            let edges = edges(values);
            let bins = edges.len() + 2;
            (Cut::Numbers { edges }, bins)
        }
        Column::Categories { codes, levels } => {
            let bins = level_bins(codes, levels);
            let count = bins.len() + 2;
            (Cut::Levels { bins }, count)
        }
    };
    let encoder = Encoder { place, name: name.to_owned(), cut, bins };
    let codes = encoder.encode(column);
    let first = codes.first()?;
    codes.iter().any(|code| code != first).then_some(encoder)
}

/// Cuts between values: between all where they are few, else so that the rows are spread evenly.
fn edges(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let bins = (sorted.len() / ROWS_PER_BIN_MIN).clamp(2, NUMBER_BINS_MAX);
    let mut edges = Vec::new();
    // What a bin may still take: a value that many rows share takes several shares.
    let (mut in_bin, mut left, mut bins_left) = (0_usize, sorted.len(), bins);
    for run in sorted.chunk_by(|one, other| one == other) {
        let share = left.div_ceil(bins_left.max(1));
        let is_full = in_bin > 0 && (in_bin >= share || 2 * (in_bin + run.len()) > 3 * share);
        if is_full && bins_left > 1 {
            let place = sorted.partition_point(|value| *value < run[0]);
            edges.push(sorted[place - 1].midpoint(run[0]));
            left -= in_bin;
            bins_left -= 1;
            in_bin = 0;
        }
        in_bin += run.len();
    }
    edges
}

/// The most frequent levels first, by name among equals.
fn level_bins(codes: &[u32], levels: &[String]) -> HashMap<String, u8> {
    let mut counts = vec![0_usize; levels.len()];
    for code in codes.iter().filter(|code| **code != MISSING) {
        counts[*code as usize] += 1;
    }
    let mut frequent: Vec<(usize, &String)> = counts.into_iter().zip(levels).collect();
    frequent.retain(|(count, _)| *count >= LEVEL_ROWS_MIN);
    frequent.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
    frequent.truncate(BINS_MAX - 2);
    let named = frequent.into_iter().zip(RARE_BIN + 1..);
    named.map(|((_, level), bin)| (level.clone(), bin)).collect()
}

/// Rows as bins: row after row, for trees, and column after column, for the additive model.
pub(super) struct Binned {
    pub columns: Vec<Vec<u8>>,
    pub by_row: Vec<u8>,
}

impl Binned {
    pub(super) fn new(table: &Table, encoders: &[Encoder]) -> Self {
        let columns: Vec<Vec<u8>> = encoders
            .iter()
            .map(|encoder| match table.columns().get(encoder.place) {
                Some(column) => encoder.encode(column),
                None => vec![MISSING_BIN; table.rows()],
            })
            .collect();
        let (rows, width) = (table.rows(), encoders.len());
        let mut by_row = vec![MISSING_BIN; rows * width];
        for (place, column) in columns.iter().enumerate() {
            let cells = by_row.iter_mut().skip(place).step_by(width.max(1));
            cells.zip(column).for_each(|(cell, bin)| *cell = *bin);
        }
        Self { columns, by_row }
    }

    pub(super) fn row(&self, row: usize) -> &[u8] {
        let width = self.columns.len();
        &self.by_row[row * width..(row + 1) * width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(column: Column) -> Option<Vec<u8>> {
        let table = Table::new(vec![("x".into(), column)]).expect("one column");
        let encoders = encoders(&table);
        (!encoders.is_empty()).then(|| Binned::new(&table, &encoders).by_row)
    }

    #[test]
    fn numbers_are_cut_evenly_and_ties_stay_together() {
        let mut values: Vec<f64> = (0..64).map(f64::from).collect();
        values[0] = f64::NAN;
        let found = codes(Column::Numbers(values)).expect("tells rows apart");
        assert_eq!((found[0], found[1], found[63]), (MISSING_BIN, 1, 7));
        assert!(found[1..].is_sorted());
        let tied = codes(Column::Numbers([vec![0.0; 900], vec![1.0; 50], vec![2.0; 50]].concat()));
        let tied = tied.expect("tells rows apart");
        assert_eq!((tied[0], tied[899], tied[900], tied[999]), (1, 1, 2, 3));
    }

    #[test]
    fn rare_levels_share_a_bin_and_what_tells_nothing_is_left_out() {
        let levels: Vec<String> = (0..20).map(|level| format!("level {level:02}")).collect();
        let column = |codes| Column::Categories { codes, levels: levels.clone() };
        let codes_of_two = [vec![5; 9], vec![3; 8], vec![7, 8, MISSING]].concat();
        let found = codes(column(codes_of_two)).expect("tells rows apart");
        assert_eq!(found[..9], [2; 9]);
        assert_eq!(found[9..], [3, 3, 3, 3, 3, 3, 3, 3, RARE_BIN, RARE_BIN, MISSING_BIN]);
        assert_eq!(codes(column((0..20).collect())), None);
        assert_eq!(codes(Column::Numbers(vec![4.0; 30])), None);
    }
}
