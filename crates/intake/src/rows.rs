//! The rows of a delimited text file: where each begins and ends, in bounded memory, whatever
//! the file holds. Knows quotes and line ends, not what cells mean.

use std::io;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memchr3};

use crate::encoding::Decoder;
use crate::limits::ROW_BYTES_MAX;

const QUOTE: u8 = b'"';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    Byte(u8),
    /// Runs of spaces and tabs; no quotes.
    Whitespace,
}

/// What is wrong with the form of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    StrayQuote,
    UnclosedQuote,
    TooLong,
}

/// A row of the window: which bytes, and the physical line, from 1, on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSpan {
    pub line: u64,
    pub bytes: Range<usize>,
    pub fault: Option<Fault>,
}

/// A window on the decoded file that always holds the current row.
pub struct Rows {
    decoder: Decoder,
    delimiter: Delimiter,
    window: Vec<u8>,
    start: usize,
    line: u64,
    at_end: bool,
}

impl Rows {
    pub fn new(decoder: Decoder, delimiter: Delimiter) -> Rows {
        Rows { decoder, delimiter, window: Vec::new(), start: 0, line: 1, at_end: false }
    }

    pub fn bytes(&self, row: &RowSpan) -> &[u8] {
        &self.window[row.bytes.clone()]
    }

    pub fn bytes_read(&self) -> u64 {
        self.decoder.bytes_read
    }

    /// The next row that is not empty. A row with a fault ends with its first physical line, so
    /// that a quote left open costs one row and not the rest of the file.
    pub fn next_row(&mut self) -> io::Result<Option<RowSpan>> {
        loop {
            self.skip_line_ends();
            let rest = &self.window[self.start..];
            if rest.is_empty() && self.at_end {
                return Ok(None);
            }
            if rest == b"\r" && !self.at_end {
                self.fill()?;
                continue;
            }
            match extent(rest, self.delimiter, self.at_end) {
                Extent::Row(length) => return Ok(Some(self.take(length, None))),
                Extent::Broken(fault) => {
                    let length = first_line_length(rest);
                    return Ok(Some(self.take(length, Some(fault))));
                }
                Extent::More if rest.len() > ROW_BYTES_MAX => {
                    return self.skip_long_row().map(Some);
                }
                Extent::More => self.fill()?,
            }
        }
    }

    /// Takes whole rows of about `size` bytes and gives the line on which the first begins;
    /// `None` when the file is at its end or its next row is longer: `next_row` tells which.
    /// The bytes go to `block`, in whose memory the file is read on.
    pub fn next_block(&mut self, size: usize, block: &mut Vec<u8>) -> io::Result<Option<u64>> {
        self.skip_line_ends();
        while self.window.len() - self.start < size && !self.at_end {
            self.fill()?;
        }
        self.window.drain(..self.start);
        self.start = 0;
        let length = whole_rows_length(&self.window, self.delimiter, self.at_end);
        if length == 0 {
            return Ok(None);
        }
        block.clear();
        block.extend_from_slice(&self.window[length..]);
        std::mem::swap(block, &mut self.window);
        block.truncate(length);
        let line = self.line;
        self.line += line_ends(block);
        Ok(Some(line))
    }

    fn skip_line_ends(&mut self) {
        while let Some(byte @ (b'\n' | b'\r')) = self.window.get(self.start).copied() {
            let next = self.window.get(self.start + 1).copied();
            if byte == b'\r' && next.is_none() && !self.at_end {
                return;
            }
            self.start += 1;
            self.line += u64::from(byte == b'\n' || next != Some(b'\n'));
        }
    }

    fn take(&mut self, length: usize, fault: Option<Fault>) -> RowSpan {
        let bytes = self.start..self.start + length;
        let line = self.line;
        self.line += line_ends(&self.window[bytes.clone()]);
        self.start = bytes.end;
        RowSpan { line, bytes, fault }
    }

    /// Passes over a row that is longer than may be held. Its first physical line goes; where
    /// that line ended long before, a quote was left open.
    fn skip_long_row(&mut self) -> io::Result<RowSpan> {
        const KEPT: usize = 1_024;
        if let Some(length) = memchr2(b'\n', b'\r', &self.window[self.start..]) {
            return Ok(self.take(length, Some(Fault::UnclosedQuote)));
        }
        self.window.drain(..self.start);
        self.start = KEPT;
        while !self.at_end {
            self.window.truncate(KEPT);
            self.at_end = !self.decoder.fill(&mut self.window)?;
            let line_end = memchr2(b'\n', b'\r', &self.window[KEPT..]);
            self.start = line_end.map_or(self.window.len(), |length| KEPT + length);
            if line_end.is_some() {
                break;
            }
        }
        Ok(RowSpan { line: self.line, bytes: 0..KEPT, fault: Some(Fault::TooLong) })
    }

    /// Drops what was read and appends what comes next.
    fn fill(&mut self) -> io::Result<()> {
        self.window.drain(..self.start);
        self.start = 0;
        self.at_end = !self.decoder.fill(&mut self.window)?;
        Ok(())
    }
}

enum Extent {
    /// The row has this length, its line end left out.
    Row(usize),
    Broken(Fault),
    /// The row goes on behind what is known.
    More,
}

/// How far the row goes that begins at the start of `bytes`.
fn extent(bytes: &[u8], delimiter: Delimiter, at_end: bool) -> Extent {
    let line_end = memchr2(b'\n', b'\r', bytes);
    let first_line = &bytes[..line_end.unwrap_or(bytes.len())];
    match delimiter {
        Delimiter::Byte(delimiter) if memchr(QUOTE, first_line).is_some() => {
            quoted_extent(bytes, delimiter, at_end)
        }
        _ => match line_end {
            Some(length) => Extent::Row(length),
            None if at_end => Extent::Row(bytes.len()),
            None => Extent::More,
        },
    }
}

fn quoted_extent(bytes: &[u8], delimiter: u8, at_end: bool) -> Extent {
    let mut at = 0;
    loop {
        let cell_end = if bytes.get(at) == Some(&QUOTE) {
            match closing_quote(bytes, at + 1, at_end) {
                Ok(end) => end,
                Err(extent) => return extent,
            }
        } else {
            match memchr3(delimiter, b'\n', b'\r', &bytes[at..]) {
                Some(length) => at + length,
                None if at_end => return Extent::Row(bytes.len()),
                None => return Extent::More,
            }
        };
        match bytes.get(cell_end) {
            Some(byte) if *byte == delimiter => at = cell_end + 1,
            Some(b'\n' | b'\r') => return Extent::Row(cell_end),
            Some(_) => return Extent::Broken(Fault::StrayQuote),
            None => return if at_end { Extent::Row(cell_end) } else { Extent::More },
        }
    }
}

/// The place behind the quote that closes the cell whose content begins at `at`.
fn closing_quote(bytes: &[u8], mut at: usize, at_end: bool) -> Result<usize, Extent> {
    loop {
        let Some(length) = memchr(QUOTE, &bytes[at..]) else {
            return Err(if at_end { Extent::Broken(Fault::UnclosedQuote) } else { Extent::More });
        };
        let behind = at + length + 1;
        match bytes.get(behind) {
            Some(&QUOTE) => at = behind + 1,
            None if !at_end => return Err(Extent::More),
            _ => return Ok(behind),
        }
    }
}

/// The length of the row at the start of whole rows, and what is wrong with it.
pub fn extent_of_row(bytes: &[u8], delimiter: Delimiter) -> (usize, Option<Fault>) {
    match extent(bytes, delimiter, true) {
        Extent::Row(length) => (length, None),
        Extent::Broken(fault) => (first_line_length(bytes), Some(fault)),
        Extent::More => (bytes.len(), None),
    }
}

fn first_line_length(bytes: &[u8]) -> usize {
    memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len())
}

/// The length of the whole rows at the start of `bytes`.
fn whole_rows_length(bytes: &[u8], delimiter: Delimiter, at_end: bool) -> usize {
    if at_end {
        return bytes.len();
    }
    if memchr(QUOTE, bytes).is_none() || delimiter == Delimiter::Whitespace {
        return memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    }
    let mut whole = 0;
    loop {
        let rest = &bytes[whole..];
        let length = match extent(rest, delimiter, false) {
            Extent::Row(length) => length,
            Extent::Broken(_) => first_line_length(rest),
            Extent::More => return whole,
        };
        whole += (length + 1).min(rest.len());
        if whole == bytes.len() {
            return whole;
        }
    }
}

/// The line ends in a text: line feeds, and carriage returns without one.
pub fn line_ends(bytes: &[u8]) -> u64 {
    let feeds = memchr_iter(b'\n', bytes).count();
    let returns = memchr_iter(b'\r', bytes).filter(|at| bytes.get(at + 1) != Some(&b'\n')).count();
    (feeds + returns) as u64
}
