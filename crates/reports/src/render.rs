//! Renderings of a document: a terminal page and CSV.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};
use domain::money::{Currency, Money, unnamed};

use crate::document::{Align, Cell, Document, Table};

/// A thin rule under the head and nothing else: the numbers are what one looks at.
const HEAD_UNDERLINED: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The page for a terminal of `width` columns: answer, tables, notes.
pub fn terminal(document: &Document, width: u16) -> String {
    let mut page = String::new();
    if !document.answer.is_empty() {
        page.push_str(&format!("{}\n", document.answer));
    }
    for table in document.tables.iter().filter(|table| !table.rows.is_empty()) {
        page.push_str(&format!("\n{}\n{}\n", table.title, terminal_table(table, width)));
    }
    if !document.notes.is_empty() {
        page.push('\n');
    }
    for note in &document.notes {
        page.push_str(&format!("- {note}\n"));
    }
    page
}

fn terminal_table(table: &Table, width: u16) -> String {
    let mut lines = comfy_table::Table::new();
    lines
        .load_style(HEAD_UNDERLINED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(table.columns.iter().map(|column| column.name.as_str()));
    for row in &table.rows {
        lines.add_row(row.iter().map(shown));
    }
    for (column, line) in table.columns.iter().zip(lines.column_iter_mut()) {
        line.set_cell_alignment(match column.align {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
    }
    lines.trim_fmt()
}

/// A table as CSV with raw values; text that a spreadsheet would run as a formula gets a quote.
pub fn csv(table: &Table) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| defused(&column.name)))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(raw))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How a cell reads for people.
pub fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => grouped(&count.to_string()),
        Cell::Number(number) => grouped(&format!("{number:.1}")),
        Cell::Money(money) => grouped(&money.to_decimal()),
        Cell::Share(share) => format!("{:.1} %", share * 100.0),
        Cell::Days(days) => grouped(&format!("{days:.0}")),
        Cell::Date(date) => date.to_string(),
        Cell::Missing => "–".to_owned(),
    }
}

/// An amount for a headline: `9.4 m USD`, `850 k USD`, `12.00 USD`.
pub fn short(money: Money) -> String {
    let unit = 10_f64.powi(i32::try_from(domain::money::decimals(money.currency)).unwrap_or(2));
    let size = money.minor as f64 / unit;
    let amount = match size.abs() {
        large if large >= 999_950.0 => format!("{:.1} m", size / 1e6),
        middle if middle >= 10_000.0 => format!("{:.0} k", size / 1e3),
        _ => grouped(&money.to_decimal()),
    };
    format!("{amount} {}", code(money.currency)).trim_end().to_owned()
}

/// The code of a currency; empty where nobody has named one.
pub fn code(currency: Currency) -> &'static str {
    if currency == unnamed() { "" } else { currency.code() }
}

/// A text as the beginning of a sentence.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

/// A probability between 0 and 1 in words: what rounds to none or to all is said to be near it,
/// since futures that were simulated rule nothing out.
pub fn chance(probability: f64) -> String {
    match probability * 100.0 {
        percent if percent < 0.5 => "under 1 %".to_owned(),
        percent if percent > 99.5 => "over 99 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// A number of things in words: `1 finding`, `2 findings`.
pub fn counted(count: usize, thing: &str) -> String {
    format!("{count} {}", named(count, thing))
}

/// A thing's name for so many of it.
pub fn named(count: usize, thing: &str) -> String {
    domain::name::named(count == 1, thing)
}

/// Thin groups of three in the whole part: `12,345.60`.
pub fn grouped(number: &str) -> String {
    let (sign, unsigned) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut groups = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            groups.push(',');
        }
        groups.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{groups}{point}{fraction}")
}

fn raw(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => defused(text),
        Cell::Count(count) => count.to_string(),
        Cell::Number(number) | Cell::Days(number) | Cell::Share(number) => number.to_string(),
        Cell::Money(money) => money.to_decimal(),
        Cell::Date(date) => date.to_string(),
        Cell::Missing => String::new(),
    }
}

fn defused(text: &str) -> String {
    const FORMULA_STARTS: [char; 10] =
        ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff20}'];
    if text.starts_with(FORMULA_STARTS) || text.starts_with('\u{ff0d}') {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn sample() -> Table {
        let mut table = Table::new("Stages", &["Stage", ">Deals", ">Amount USD"]);
        let amount = Money { minor: 123_456_789, currency: Currency::USD };
        table.row(["=1+1".into(), 1200_usize.into(), amount.into()]);
        table.row(["Proposal".into(), Cell::Missing, Cell::Share(0.256)]);
        table
    }

    #[test]
    fn a_terminal_page_has_the_answer_first_and_numbers_to_the_right() {
        let document = Document {
            answer: "Two stages.".into(),
            tables: vec![sample()],
            notes: vec!["One is odd.".into()],
        };
        expect![[r#"
            Two stages.

            Stages
             Stage      Deals     Amount USD
            ─────────────────────────────────
             =1+1       1,200   1,234,567.89
             Proposal       –         25.6 %

            - One is odd.
        "#]]
        .assert_eq(&terminal(&document, 80));
    }

    #[test]
    fn csv_keeps_raw_numbers_and_defuses_formulas() {
        expect![[r#"
            Stage,Deals,Amount USD
            '=1+1,1200,1234567.89
            Proposal,,0.256
        "#]]
        .assert_eq(&csv(&sample()).unwrap());
    }

    #[test]
    fn headlines_are_short() {
        let short = |minor| short(Money { minor, currency: Currency::USD });
        assert_eq!(short(940_000_000), "9.4 m USD");
        assert_eq!(short(85_000_000), "850 k USD");
        assert_eq!(short(-123_456), "-1,234.56 USD");
        let nobodys = Money { minor: 940_000_000, currency: unnamed() };
        assert_eq!(super::short(nobodys), "9.4 m");
    }
}
