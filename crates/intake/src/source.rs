//! One way to read rows of cells, whatever the container: text, workbook or Parquet.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use memchr::{memchr, memchr_iter};

use crate::ahead::Ahead;
use crate::detect::{self, Container};
use crate::encoding::{Decoder, Encoding};
use crate::limits::{COLUMNS_MAX, FIELD_BYTES_MAX, ROW_BYTES_MAX};
use crate::mapping::Mapping;
use crate::refusal::{Reason, Refusal};
use crate::rows::{Delimiter, Fault, Rows};
use crate::{parquet_file, workbook};

/// One row of cells. It is filled again and again, so that reading allocates nothing a row.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The physical line, from 1, on which the row begins; in a workbook its row.
    pub line: u64,
    text: String,
    ends: Vec<usize>,
    /// Cells that were typed in their container: their text is ISO dates and plain decimals.
    typed: Vec<bool>,
    /// What is wrong with the form of the row.
    pub fault: Option<Reason>,
}

impl Record {
    pub fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or(0) };
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.text.get(start..end).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn is_typed(&self, index: usize) -> bool {
        self.typed.get(index).copied().unwrap_or(false)
    }

    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    pub fn clear(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
        self.typed.clear();
        self.fault = None;
    }

    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    pub fn push_typed(&mut self, cell: &str) {
        self.typed.resize(self.ends.len(), false);
        self.typed.push(true);
        self.push(cell);
    }

    fn check_cell_lengths(&mut self) {
        if self.text.len() > FIELD_BYTES_MAX && self.cells().any(|it| it.len() > FIELD_BYTES_MAX) {
            self.fault = Some(Reason::CellTooLong { max: FIELD_BYTES_MAX });
        }
    }

    /// Adds empty cells up to `count`, and takes empty ones beyond it away.
    fn fit(&mut self, count: usize) {
        while self.len() < count {
            self.push("");
        }
        while self.len() > count && self.get(self.len() - 1).is_empty() {
            self.ends.pop();
        }
    }

    /// Holds the number of cells against the header's.
    pub fn check_row(&mut self, expected: usize, delimiter: Delimiter) {
        let found = self.len();
        if self.fault.is_some() || found == expected {
            return;
        }
        let is_in_one_cell = match delimiter {
            Delimiter::Byte(byte) => found == 1 && memchr(byte, self.text.as_bytes()).is_some(),
            Delimiter::Whitespace => false,
        };
        let ragged = Reason::RaggedRow { found, expected };
        self.fault = Some(if is_in_one_cell { Reason::RowInOneCell } else { ragged });
    }

    pub fn is_blank(&self) -> bool {
        self.fault.is_none() && self.text.bytes().all(|byte| byte.is_ascii_whitespace())
    }
}

/// How the file is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    Text { delimiter: Delimiter, encoding: Encoding },
    Workbook { sheet: String },
    Parquet,
}

/// An open file behind its header.
pub struct Source {
    pub path: PathBuf,
    pub layout: Layout,
    /// The headers, made distinct: a second `Name` is `Name (2)`, an empty one is `column 3`.
    pub headers: Vec<String>,
    /// Whether headers had to be made distinct.
    pub headers_changed: Vec<String>,
    pub bytes_total: u64,
    /// Sheets of the workbook that are not read.
    pub other_sheets: Vec<String>,
    body: Body,
}

enum Body {
    Text { rows: Rows, delimiter: Delimiter },
    Ahead(Ahead),
}

impl Source {
    /// Opens a file and reads its header. What the mapping says of the layout is not detected.
    pub fn open(path: &Path, mapping: &Mapping) -> Result<Source, Refusal> {
        let unreadable = |source| Refusal::Unreadable { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        let bytes_total = file.metadata().map_err(unreadable)?.len();
        let container = detect::container(&mut file).map_err(unreadable)?;
        let mut other_sheets = Vec::new();
        let (layout, body) = match container {
            Container::Text => open_text(file, mapping).map_err(unreadable)?,
            Container::Workbook => {
                let (sheet, others, ahead) = workbook::open(path, mapping.sheet.as_deref())?;
                other_sheets = others;
                (Layout::Workbook { sheet }, Body::Ahead(ahead))
            }
            Container::Parquet => (Layout::Parquet, Body::Ahead(parquet_file::open(path)?)),
            Container::OldWorkbook => return Err(Refusal::OldWorkbook(path.to_owned())),
            Container::WebPage => return Err(Refusal::WebPage(path.to_owned())),
        };
        let mut source = Source {
            path: path.to_owned(),
            layout,
            headers: Vec::new(),
            headers_changed: Vec::new(),
            bytes_total,
            other_sheets,
            body,
        };
        source.read_headers()?;
        Ok(source)
    }

    /// How far the file has been read, in its own bytes.
    pub fn bytes_read(&self) -> u64 {
        match &self.body {
            Body::Text { rows, .. } => rows.bytes_read(),
            Body::Ahead(ahead) => {
                let read = u128::from(self.bytes_total) * u128::from(ahead.progress_ppm());
                u64::try_from(read / 1_000_000).unwrap_or(self.bytes_total)
            }
        }
    }

    /// Reads the next row that is not blank into `record`; `false` at the end.
    pub fn next(&mut self, record: &mut Record) -> Result<bool, Refusal> {
        loop {
            match &mut self.body {
                Body::Text { rows, delimiter } => {
                    let unreadable =
                        |source| Refusal::Unreadable { path: self.path.clone(), source };
                    let Some(row) = rows.next_row().map_err(unreadable)? else {
                        return Ok(false);
                    };
                    record.clear(row.line);
                    fill(record, rows.bytes(&row), row.fault, *delimiter);
                }
                Body::Ahead(ahead) => match ahead.next()? {
                    Some(next) => *record = next,
                    None => return Ok(false),
                },
            }
            if !record.is_blank() {
                self.check_cells(record);
                return Ok(true);
            }
        }
    }

    /// The text behind the header, for a reader that does without records.
    pub fn text_rows(&mut self) -> Option<(&mut Rows, Delimiter)> {
        match &mut self.body {
            Body::Text { rows, delimiter } => Some((rows, *delimiter)),
            Body::Ahead(_) => None,
        }
    }

    /// Holds a row against the header. A row of a workbook or Parquet file ends where its last
    /// cell does, so only a text's rows can be too short.
    fn check_cells(&self, record: &mut Record) {
        let expected = self.headers.len();
        if expected == 0 || record.fault.is_some() {
            return;
        }
        match &self.body {
            Body::Text { delimiter, .. } => record.check_row(expected, *delimiter),
            Body::Ahead(_) => {
                record.check_cell_lengths();
                record.fit(expected);
                record.check_row(expected, Delimiter::Whitespace);
            }
        }
    }

    fn read_headers(&mut self) -> Result<(), Refusal> {
        let mut record = Record::default();
        if !self.next(&mut record)? {
            return Err(Refusal::Empty(self.path.clone()));
        }
        let is_statement = detect::stated_delimiter(record.text.as_bytes()).is_some()
            || record.line == 1 && record.text.starts_with("sep=");
        if is_statement && !self.next(&mut record)? {
            return Err(Refusal::Empty(self.path.clone()));
        }
        if record.fault.is_some() {
            return Err(Refusal::BrokenHeader(self.path.clone()));
        }
        if record.len() > COLUMNS_MAX {
            let (path, found) = (self.path.clone(), record.len());
            return Err(Refusal::TooManyColumns { path, found, max: COLUMNS_MAX });
        }
        if looks_like_data(&record) {
            let first_cells = record.cells().take(3).collect::<Vec<_>>().join(", ");
            let first_cells = crate::refusal::shorten(&first_cells);
            return Err(Refusal::NoHeader { path: self.path.clone(), first_cells });
        }
        (self.headers, self.headers_changed) = distinct(record.cells());
        Ok(())
    }
}

fn open_text(mut file: File, mapping: &Mapping) -> io::Result<(Layout, Body)> {
    let encoding = match mapping.encoding {
        Some(encoding) => encoding,
        None => Encoding::detect(&mut file)?,
    };
    let delimiter = match mapping.delimiter {
        Some(delimiter) => delimiter,
        None => detect::delimiter(&file, encoding)?,
    };
    let rows = Rows::new(Decoder::new(file, encoding)?, delimiter);
    Ok((Layout::Text { delimiter, encoding }, Body::Text { rows, delimiter }))
}

/// Calls `cell` for each cell of a row whose quotes are sound.
pub fn split(row: &str, delimiter: Delimiter, mut cell: impl FnMut(&str)) {
    let Delimiter::Byte(delimiter) = delimiter else {
        return row.split_ascii_whitespace().for_each(cell);
    };
    let bytes = row.as_bytes();
    if memchr(b'"', bytes).is_none() {
        let mut start = 0;
        for end in memchr_iter(delimiter, bytes) {
            cell(&row[start..end]);
            start = end + 1;
        }
        return cell(&row[start..]);
    }
    let mut rest = row;
    loop {
        let behind = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (content, behind) = unquote(quoted);
                cell(&content);
                behind
            }
            None => {
                let end = memchr(delimiter, rest.as_bytes()).unwrap_or(rest.len());
                cell(&rest[..end]);
                &rest[end..]
            }
        };
        if behind.is_empty() {
            return;
        }
        rest = &behind[1..];
    }
}

/// The content of a quoted cell, its doubled quotes made single, and what stands behind it.
fn unquote(quoted: &str) -> (std::borrow::Cow<'_, str>, &str) {
    let mut content = std::borrow::Cow::Borrowed("");
    let mut rest = quoted;
    while let Some(at) = memchr(b'"', rest.as_bytes()) {
        content += &rest[..at];
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(behind) => {
                content += "\"";
                rest = behind;
            }
            None => return (content, rest),
        }
    }
    (content + rest, "")
}

/// Fills a record with the cells of a row, or with its fault.
pub fn fill(record: &mut Record, bytes: &[u8], fault: Option<Fault>, delimiter: Delimiter) {
    let fault = fault.map(|fault| match fault {
        Fault::StrayQuote => Reason::StrayQuote,
        Fault::UnclosedQuote => Reason::UnclosedQuote,
        Fault::TooLong => Reason::RowTooLong { max: ROW_BYTES_MAX },
    });
    let nul = memchr(0, bytes).map(|_| Reason::NulByte);
    match (fault.or(nul), std::str::from_utf8(bytes)) {
        (None, Ok(text)) => {
            split(text, delimiter, |cell| record.push(cell));
            record.check_cell_lengths();
        }
        (fault, _) => {
            record.push(&String::from_utf8_lossy(bytes));
            record.fault = fault.or(Some(Reason::UndecodableText));
        }
    }
}

/// A header names things; a row whose every cell is a number, a date or empty does not.
fn looks_like_data(record: &Record) -> bool {
    let is_data = |cell: &str| {
        cell.trim().is_empty()
            || cell.trim().parse::<f64>().is_ok()
            || crate::dates::written(cell).is_ok()
    };
    record.cells().all(is_data)
}

fn distinct<'a>(cells: impl Iterator<Item = &'a str>) -> (Vec<String>, Vec<String>) {
    let (mut headers, mut changed): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (index, cell) in cells.enumerate() {
        let name = cell.trim().trim_start_matches('\u{feff}');
        let name = if name.is_empty() { format!("column {}", index + 1) } else { name.to_owned() };
        let mut header = name.clone();
        let mut count = 1;
        while headers.contains(&header) {
            count += 1;
            header = format!("{name} ({count})");
        }
        if header != cell.trim() {
            changed.push(header.clone());
        }
        headers.push(header);
    }
    (headers, changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(row: &str, expected: &[&str]) {
        let mut cells = Vec::new();
        split(row, Delimiter::Byte(b','), |cell| cells.push(cell.to_owned()));
        assert_eq!(cells, expected, "{row:?}");
    }

    #[test]
    fn rows_are_split_into_cells() {
        check("a,b", &["a", "b"]);
        check("a,,", &["a", "", ""]);
        check("", &[""]);
        check("\"a,b\",c", &["a,b", "c"]);
        check("\"a \"\"b\"\"\",\"\"", &["a \"b\"", ""]);
        check("\"\"\"\"", &["\""]);
        check("\"a\",", &["a", ""]);
        check("5\" screen,b", &["5\" screen", "b"]);
        check("\"line\nend\",x", &["line\nend", "x"]);
    }

    #[test]
    fn headers_are_made_distinct() {
        let (headers, changed) = distinct(["Name", "", "Name", " Name ", "id"].into_iter());
        assert_eq!(headers, ["Name", "column 2", "Name (2)", "Name (3)", "id"]);
        assert_eq!(changed, ["column 2", "Name (2)", "Name (3)"]);
    }
}
