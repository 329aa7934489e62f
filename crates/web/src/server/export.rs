//! Every table of a page as a file: CSV, a workbook, or JSON.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::money::decimals;
use reports::document::{Align, Cell, Document, Table};
use reports::render;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::answers::Wanted;
use super::asked::{Asked, Page};
use super::fault::Fault;
use super::pages::action;
use super::policy::Action;
use super::visitor::Visitor;

/// Characters that a sheet's name may have.
const SHEET_NAME_MAX: usize = 31;

pub(super) async fn download(
    visitor: Visitor,
    Path(file): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let unknown = || Fault::NotFound("There is no such file.".into());
    let (name, kind) = file.rsplit_once('.').ok_or_else(unknown)?;
    let page = Page::named(name).ok_or_else(unknown)?;
    visitor.check(action(page))?;
    visitor.check(Action::Export)?;
    let asked = Asked { is_download: true, ..Asked::read(&query)? };
    let (answer, _) = visitor.answer(page, &asked, Wanted::New).await?;
    let report = answer.report();
    let broken = |error: &dyn std::fmt::Display| Fault::Broken(error.to_string());
    let (media, bytes) = match kind {
        "csv" => ("text/csv; charset=utf-8", csv(&report.document())?.into_bytes()),
        "xlsx" => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            workbook(&report.document()).map_err(|error| broken(&error))?,
        ),
        "json" => ("application/json", report.json().to_string().into_bytes()),
        _ => return Err(unknown()),
    };
    let attached = format!("attachment; filename=\"{}.{kind}\"", page.name());
    let attached = HeaderValue::from_str(&attached).map_err(|error| broken(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media)),
        (header::CONTENT_DISPOSITION, attached),
    ];
    Ok((headers, bytes).into_response())
}

/// All tables below one another, each under its title.
fn csv(document: &Document) -> Result<String, Fault> {
    let mut text = String::new();
    for table in &document.tables {
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        let written = render::csv(&harmless(table));
        text.push_str(&written.map_err(|error| Fault::Broken(error.to_string()))?);
    }
    Ok(text)
}

/// A table in which no text is read as a formula by a spreadsheet.
fn harmless(table: &Table) -> Table {
    let mut table = table.clone();
    for cell in table.rows.iter_mut().flatten() {
        if let Cell::Text(text) = cell
            && text.starts_with(['=', '+', '-', '@', '\t', '\r'])
        {
            text.insert(0, '\'');
        }
    }
    table
}

/// One sheet a table, with numbers as numbers.
fn workbook(document: &Document) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    for (place, table) in document.tables.iter().enumerate() {
        let sheet = workbook.add_worksheet();
        sheet.set_name(sheet_name(&table.title, place))?;
        fill(sheet, table)?;
    }
    if document.tables.is_empty() {
        workbook.add_worksheet().write(0, 0, document.answer.as_str())?;
    }
    workbook.save_to_buffer()
}

fn fill(sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
    let head = Format::new().set_bold();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let share = Format::new().set_num_format("0.0 %");
    for (column, name) in (0..).zip(&table.columns) {
        sheet.write_with_format(0, column, name.name.as_str(), &head)?;
        sheet.set_column_width(column, if name.align == Align::Left { 24 } else { 14 })?;
    }
    for (row, cells) in (1..).zip(&table.rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, text)?,
                Cell::Count(count) => sheet.write_number(row, column, *count as f64)?,
                Cell::Number(number) | Cell::Days(number) => {
                    sheet.write_number(row, column, *number)?
                }
                Cell::Money(money) => {
                    let places = i32::try_from(decimals(money.currency)).unwrap_or(2);
                    sheet.write_number(row, column, money.minor as f64 / 10_f64.powi(places))?
                }
                Cell::Share(part) => sheet.write_number_with_format(row, column, *part, &share)?,
                Cell::Date(date) => {
                    let (year, month) = (date.year().unsigned_abs(), date.month().unsigned_abs());
                    let date = ExcelDateTime::from_ymd(year, month, date.day().unsigned_abs())?;
                    sheet.write_datetime_with_format(row, column, date, &day)?
                }
                Cell::Missing => sheet,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// A name that no other sheet has, without what a sheet's name may not hold.
fn sheet_name(title: &str, place: usize) -> String {
    let number = format!("{} ", place + 1);
    let kept = title.chars().filter(|letter| !"[]:*?/\\'".contains(*letter));
    number.chars().chain(kept).take(SHEET_NAME_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        let mut table = Table::new("T", &["A"]);
        table.row(["=cmd()".into()]);
        table.row(["plain".into()]);
        let document = Document { tables: vec![table], ..Document::default() };
        let text = csv(&document).expect("written");
        assert!(text.contains("'=cmd()") && text.contains("plain"), "{text}");
    }

    #[test]
    fn a_workbook_has_a_sheet_for_every_table() {
        let mut table =
            Table::new("A title with [brackets] and more than 31 letters", &["A", ">B"]);
        table.row([Cell::Date(jiff::civil::date(2026, 1, 31)), Cell::Share(0.5)]);
        let document = Document { tables: vec![table.clone(), table], ..Document::default() };
        assert!(workbook(&document).is_ok_and(|bytes| bytes.starts_with(b"PK")));
    }
}
