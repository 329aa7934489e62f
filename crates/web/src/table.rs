//! A report's table as a page shows it: numbers to the right, exact values on hover.

use domain::money::Money;
use reports::document::{Align, Cell, Table};
use reports::render::{grouped, shown};

use crate::money::{short_date, whole};

/// So few columns make a slim table.
const COLUMNS_SLIM: usize = 5;
/// From this size on, in whole units, an amount is shown without its cents.
const WITHOUT_CENTS_FROM: u64 = 1_000;

pub struct TableView {
    pub title: String,
    /// Whether the table has so few columns that it would fall apart over a whole page.
    pub is_slim: bool,
    pub heads: Vec<Head>,
    pub rows: Vec<RowView>,
}

pub struct Head {
    pub name: String,
    pub class: &'static str,
}

pub struct RowView {
    /// Whether few deals stand behind the row.
    pub is_few: bool,
    pub cells: Vec<CellView>,
}

pub struct CellView {
    /// How far the text is moved in, in blanks that are no part of a link.
    pub indent: String,
    pub text: String,
    /// The exact value, where the text is rounded; empty where it is not.
    pub exact: String,
    pub class: &'static str,
    /// Where the cell leads; empty where it leads nowhere.
    pub href: String,
}

/// What marks the name of a row behind which few deals stand.
const FEW: &str = " (few)";

impl TableView {
    /// `None` for a table without rows.
    pub fn new(table: &Table) -> Option<TableView> {
        let classes: Vec<&'static str> = (table.columns.iter())
            .map(|column| if column.align == Align::Right { "n" } else { "t" })
            .collect();
        let of_words = classes.iter().filter(|class| **class == "t").count();
        let heads = table.columns.iter().zip(&classes);
        let heads = heads.map(|(column, class)| Head { name: column.name.clone(), class });
        let without_cents: Vec<bool> =
            (0..table.columns.len()).map(|column| is_without_cents(table, column)).collect();
        let row = |cells: &Vec<Cell>| RowView {
            is_few: matches!(cells.first(), Some(Cell::Text(text)) if text.ends_with(FEW)),
            cells: (cells.iter().zip(&classes).zip(&without_cents))
                .map(|((cell, class), without_cents)| view(cell, class, *without_cents))
                .collect(),
        };
        (!table.rows.is_empty()).then(|| TableView {
            title: table.title.clone(),
            is_slim: table.columns.len() <= COLUMNS_SLIM && of_words <= 1,
            heads: heads.collect(),
            rows: table.rows.iter().map(row).collect(),
        })
    }
}

impl TableView {
    /// The table whose rows lead on by their first cell.
    pub fn linked(self, hrefs: impl Iterator<Item = String>) -> TableView {
        self.linked_at(0, hrefs)
    }

    /// The table whose rows lead on by one cell; an empty address leads nowhere.
    pub fn linked_at(mut self, column: usize, hrefs: impl Iterator<Item = String>) -> TableView {
        for (row, href) in self.rows.iter_mut().zip(hrefs) {
            if let Some(cell) = row.cells.get_mut(column) {
                cell.href = href;
            }
        }
        self
    }
}

/// Whether the amounts of a column are all zero, whole or large.
fn is_without_cents(table: &Table, column: usize) -> bool {
    let amounts = table.rows.iter().filter_map(|row| match row.get(column) {
        Some(Cell::Money(money)) => Some(*money),
        _ => None,
    });
    let unit = |money: Money| 10_u64.pow(domain::money::decimals(money.currency));
    amounts.clone().all(|money| {
        let size = money.minor.unsigned_abs();
        size >= WITHOUT_CENTS_FROM * unit(money) || size % unit(money) == 0
    })
}

fn view(cell: &Cell, class: &'static str, without_cents: bool) -> CellView {
    let (text, exact) = match cell {
        Cell::Money(money) if without_cents => (whole(*money), shown(cell)),
        Cell::Date(date) => (short_date(*date), date.to_string()),
        Cell::Number(number) if number.abs() >= 1_000.0 => {
            (grouped(&format!("{number:.0}")), shown(cell))
        }
        Cell::Days(days) => (shown(cell), format!("{days:.1}")),
        Cell::Text(text) => (text.trim_end_matches(FEW).to_owned(), String::new()),
        _ => (shown(cell), String::new()),
    };
    let exact = if exact.trim_end_matches(".00") == text { String::new() } else { exact };
    let (indent, text) = indented(&text);
    CellView { indent, text, exact, class, href: String::new() }
}

/// The blanks before a text, and the text.
fn indented(text: &str) -> (String, String) {
    let (indent, text) = text.split_at(text.len() - text.trim_start_matches('\u{2003}').len());
    (indent.to_owned(), text.to_owned())
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;

    use super::*;

    #[test]
    fn large_amounts_lose_their_cents_and_keep_them_on_hover() {
        let money = |minor| Cell::Money(Money { minor, currency: Currency::USD });
        let mut table = Table::new("T", &["A", ">Large", ">Small"]);
        table.row(["x (few)".into(), money(12_345_678), money(1_234)]);
        table.row(["y".into(), money(0), money(500_000)]);
        let view = TableView::new(&table).expect("has rows");
        let texts: Vec<Vec<(&str, &str)>> = (view.rows.iter())
            .map(|row| row.cells.iter().map(|c| (c.text.as_str(), c.exact.as_str())).collect())
            .collect();
        assert_eq!(texts[0], [("x", ""), ("123,457", "123,456.78"), ("12.34", "")]);
        assert_eq!(texts[1], [("y", ""), ("0", ""), ("5,000.00", "")]);
        assert!(view.rows[0].is_few && !view.rows[1].is_few);
    }
}
