//! What format a file has, by its content: workbook, Parquet or delimited text, and for text the
//! delimiter that gives the most regular rows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use memchr::memchr2;

use crate::encoding::{Decoder, Encoding};
use crate::limits::{SNIFF_BYTES, SNIFF_ROWS};
use crate::rows::{Delimiter, Rows};
use crate::source::split;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    Text,
    Workbook,
    Parquet,
    /// A workbook of the binary format that XLSX replaced.
    OldWorkbook,
    /// HTML, which some systems export under a workbook's name.
    WebPage,
}

/// Tells the container by the first bytes, whatever the file is called.
pub fn container(file: &mut File) -> io::Result<Container> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(256).read_to_end(&mut head)?;
    Ok(match head.as_slice() {
        [b'P', b'K', 3, 4, ..] => Container::Workbook,
        [b'P', b'A', b'R', b'1', ..] => Container::Parquet,
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Container::OldWorkbook,
        head if is_web_page(head) => Container::WebPage,
        _ => Container::Text,
    })
}

fn is_web_page(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let head = head.trim_start_matches(|first: char| first.is_whitespace() || first == '\u{feff}');
    ["<!doctype html", "<html", "<table"].iter().any(|tag| head.starts_with(tag))
}

/// The delimiter that a first line such as `sep=;` states.
pub fn stated_delimiter(first_line: &[u8]) -> Option<Delimiter> {
    match first_line.strip_prefix(b"sep=").or_else(|| first_line.strip_prefix(b"SEP="))? {
        [byte] => Some(Delimiter::Byte(*byte)),
        [byte, b'\r'] => Some(Delimiter::Byte(*byte)),
        _ => None,
    }
}

/// Finds the delimiter of a text: the one under which the rows are most regular, and among equals
/// the one that gives the most cells. Text with none of them is one column.
pub fn delimiter(file: &File, encoding: Encoding) -> io::Result<Delimiter> {
    let mut decoder = Decoder::new(file.try_clone()?, encoding)?;
    let mut sample = Vec::new();
    while sample.len() < SNIFF_BYTES && decoder.fill(&mut sample)? {}
    let first_line = &sample[..memchr2(b'\n', b'\r', &sample).unwrap_or(sample.len())];
    if let Some(delimiter) = stated_delimiter(first_line) {
        return Ok(delimiter);
    }
    let mut best = (Delimiter::Byte(b','), Regularity::default());
    for byte in *b",;\t|" {
        let found = regularity(file, encoding, Delimiter::Byte(byte))?;
        if found.beats(best.1) {
            best = (Delimiter::Byte(byte), found);
        }
    }
    if best.1.cells < 2 {
        let found = regularity(file, encoding, Delimiter::Whitespace)?;
        if found.cells >= 2 && found.regular_percent >= 90 && found.rows >= 2 {
            return Ok(Delimiter::Whitespace);
        }
    }
    Ok(best.0)
}

#[derive(Clone, Copy, Default)]
struct Regularity {
    /// Cells of the first row.
    cells: usize,
    /// Rows with as many cells as the first.
    regular_percent: usize,
    rows: usize,
}

impl Regularity {
    fn beats(self, other: Regularity) -> bool {
        let rank = |found: Regularity| (found.cells >= 2, found.regular_percent, found.cells);
        rank(self) > rank(other)
    }
}

fn regularity(file: &File, encoding: Encoding, delimiter: Delimiter) -> io::Result<Regularity> {
    let mut rows = Rows::new(Decoder::new(file.try_clone()?, encoding)?, delimiter);
    let mut counts = Vec::new();
    while counts.len() < SNIFF_ROWS {
        let Some(row) = rows.next_row()? else { break };
        if row.fault.is_some() {
            counts.push(0);
            continue;
        }
        let text = String::from_utf8_lossy(rows.bytes(&row));
        let mut count = 0;
        split(&text, delimiter, |_| count += 1);
        counts.push(count);
    }
    let cells = counts.first().copied().unwrap_or(0);
    let regular = counts.iter().filter(|count| **count == cells).count();
    let regular_percent = 100 * regular / counts.len().max(1);
    Ok(Regularity { cells, regular_percent, rows: counts.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[track_caller]
    fn check(text: &str, expected: Delimiter) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        assert_eq!(delimiter(&file, Encoding::Utf8).unwrap(), expected, "{text:?}");
    }

    #[test]
    fn delimiters_are_told_by_regular_rows() {
        check("a,b\n1,2\n", Delimiter::Byte(b','));
        check("a;b\n1,5;2,5\n3,5;4\n", Delimiter::Byte(b';'));
        check("a\tb c\n1\t2\n", Delimiter::Byte(b'\t'));
        check("a|b\n1,2|3\n", Delimiter::Byte(b'|'));
        check("name;notes\n\"Acme; Inc\";\"a,b,c\"\nX;y\n", Delimiter::Byte(b';'));
        check(" id  date n\r\n 001 19970101  1\r\n 002 19970102  2\r\n", Delimiter::Whitespace);
        check("sep=;\na;b\n1;2\n", Delimiter::Byte(b';'));
        check("Name\nAcme Inc\nBeta\n", Delimiter::Byte(b','));
        check("First Name,Last Name\nJo,Doe\n", Delimiter::Byte(b','));
    }
}
