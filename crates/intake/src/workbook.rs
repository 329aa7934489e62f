//! Workbooks (XLSX): one sheet as rows of cells. Dates and numbers come typed; a formula counts
//! by its last value. Sheets are streamed; what has to be in memory is bounded beforehand.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use calamine::{DataRef, Reader as _, SheetType, Xlsx};

use crate::ahead::{Ahead, Sink, number_text};
use crate::limits::{COLUMNS_MAX, WORKBOOK_BYTES_MAX, WORKBOOK_PART_BYTES_MAX, WORKBOOK_PARTS_MAX};
use crate::refusal::Refusal;
use crate::source::Record;

type Workbook = Xlsx<BufReader<File>>;

/// Opens a sheet, the first one unless `sheet` names another; gives its name and its rows.
pub fn open(path: &Path, sheet: Option<&str>) -> Result<(String, Vec<String>, Ahead), Refusal> {
    check_size(path)?;
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let mut workbook: Workbook =
        Xlsx::new(BufReader::new(file)).map_err(|error| damaged(path, &error))?;
    let is_table = |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet;
    let names: Vec<String> =
        workbook.sheets_metadata().iter().filter(is_table).map(|it| it.name.clone()).collect();
    let found = match sheet {
        None => names.first(),
        Some(wanted) => names.iter().find(|name| *name == wanted),
    };
    let Some(name) = found.cloned() else {
        let (path, sheets) = (path.to_owned(), names.join(", "));
        return Err(Refusal::NoSuchSheet { path, sheet: sheet.unwrap_or("").to_owned(), sheets });
    };
    let others = names.into_iter().filter(|other| *other != name).collect();
    let (owned_path, owned_name) = (path.to_owned(), name.clone());
    let ahead =
        Ahead::spawn(path, move |sink| produce(&mut workbook, &owned_path, &owned_name, sink));
    Ok((name, others, ahead))
}

fn produce(
    workbook: &mut Workbook,
    path: &Path,
    sheet: &str,
    sink: &mut Sink,
) -> Result<(), Refusal> {
    let mut cells =
        workbook.worksheet_cells_reader(sheet).map_err(|error| damaged(path, &error))?;
    let rows_total = u64::from(cells.dimensions().end.0) + 1;
    let mut record = Record::default();
    record.clear(1);
    while let Some(cell) = cells.next_cell().map_err(|error| damaged(path, &error))? {
        let (row, column) = cell.get_position();
        let (line, column) = (u64::from(row) + 1, column as usize);
        if line != record.line {
            sink.set_progress(line, rows_total);
            let mut next = Record::default();
            next.clear(line);
            if sink.push(std::mem::replace(&mut record, next)).is_err() {
                return Ok(());
            }
        }
        if column >= COLUMNS_MAX {
            let path = path.to_owned();
            return Err(Refusal::TooManyColumns { path, found: column + 1, max: COLUMNS_MAX });
        }
        while record.len() < column {
            record.push("");
        }
        push(&mut record, cell.get_value());
    }
    let _ = sink.push(record);
    Ok(())
}

fn push(record: &mut Record, cell: &DataRef<'_>) {
    match cell {
        DataRef::String(text) => record.push(text),
        DataRef::SharedString(text) => record.push(text),
        DataRef::Int(number) => record.push_typed(&number.to_string()),
        DataRef::Float(number) => record.push_typed(&number_text(*number)),
        DataRef::Bool(truth) => record.push_typed(if *truth { "true" } else { "false" }),
        DataRef::DateTime(at) if at.is_datetime() => {
            let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            if (hour, minute, second, milli) == (0, 0, 0, 0) {
                record.push_typed(&date);
            } else {
                let time = format!("{hour:02}:{minute:02}:{second:02}.{milli:03}");
                record.push_typed(&format!("{date}T{time}"));
            }
        }
        DataRef::DateTime(duration) => record.push_typed(&number_text(duration.as_f64())),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => record.push_typed(text),
        DataRef::Error(error) => record.push(&error.to_string()),
        DataRef::Empty => record.push(""),
    }
}

/// Unpacks every part without keeping it: what a part says of its own size is not trusted.
fn check_size(path: &Path) -> Result<(), Refusal> {
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let mut archive =
        zip::ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(path, &error))?;
    let too_large = |part: &str, max| {
        Err(Refusal::TooLarge { path: path.to_owned(), part: part.to_owned(), max })
    };
    if archive.len() > WORKBOOK_PARTS_MAX {
        return too_large("its number of parts", WORKBOOK_PARTS_MAX as u64);
    }
    let mut left = WORKBOOK_BYTES_MAX;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| damaged(path, &error))?;
        let name = part.name().map_err(|error| damaged(path, &error))?.into_owned();
        let is_streamed = name.starts_with("xl/worksheets/") || name.starts_with("xl/media/");
        let max = if is_streamed { left } else { WORKBOOK_PART_BYTES_MAX.min(left) };
        let unpacked = io::copy(&mut part.take(max + 1), &mut io::sink())
            .map_err(|error| damaged(path, &error))?;
        if unpacked > max {
            return too_large(&name, max);
        }
        left -= unpacked;
    }
    Ok(())
}

fn unreadable(path: &Path, source: io::Error) -> Refusal {
    Refusal::Unreadable { path: path.to_owned(), source }
}

fn damaged(path: &Path, error: &dyn std::error::Error) -> Refusal {
    Refusal::Damaged { path: path.to_owned(), detail: error.to_string() }
}
