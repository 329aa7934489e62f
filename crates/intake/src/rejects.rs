//! The file of refused rows: where, what and why, and the row itself, safe to open in a
//! spreadsheet.

use std::borrow::Cow;
use std::io;

use crate::refusal::Reject;

/// Writes rejects as CSV: `file, line, column, value, reason`, then the cells of the row. A reason
/// is its stable name and a sentence.
pub struct RejectsWriter<W: io::Write> {
    csv: csv::Writer<W>,
    file: String,
}

impl<W: io::Write> RejectsWriter<W> {
    /// Begins with a header: the five columns and those of the file, which is named in each row.
    pub fn new(to: W, file: String, headers: &[String]) -> io::Result<RejectsWriter<W>> {
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(to);
        let fixed = ["file", "line", "column", "value", "reason"].map(String::from);
        csv.write_record(fixed.iter().chain(headers).map(|header| harmless(header).into_owned()))?;
        Ok(RejectsWriter { csv, file })
    }

    pub fn write(&mut self, reject: &Reject) -> io::Result<()> {
        let line = reject.line.to_string();
        let reason = format!("{}: {}", reject.reason.name(), reject.reason);
        let column = reject.column.as_deref().unwrap_or_default();
        for cell in [self.file.as_str(), &line, column, &reject.value, &reason] {
            self.csv.write_field(harmless(cell).as_ref())?;
        }
        for cell in &reject.row {
            self.csv.write_field(harmless(cell).as_ref())?;
        }
        self.csv.write_record(None::<&[u8]>)?;
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.csv.flush()?;
        self.csv.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

/// A cell that no spreadsheet takes for a formula: behind a quote mark where it begins like one.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    const STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];
    let is_number = cell.parse::<f64>().is_ok_and(f64::is_finite);
    if cell.starts_with(STARTS) && !is_number {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Reason;

    #[test]
    fn rejects_are_safe_to_open_in_a_spreadsheet() {
        let row = ["=1+1", "plain", "a,\"b\"", "-5"].map(String::from).to_vec();
        let reject = Reject {
            line: 7,
            column: Some("@Amount".to_owned()),
            value: "=1+1".to_owned(),
            reason: Reason::NotANumber,
            row,
        };
        let headers = ["@Amount".to_owned(), "Name".to_owned()];
        let mut writer = RejectsWriter::new(Vec::new(), "deals.csv".to_owned(), &headers).unwrap();
        writer.write(&reject).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(
            text,
            "file,line,column,value,reason,'@Amount,Name\n\
             deals.csv,7,'@Amount,'=1+1,not_a_number: it is not a number,\
             '=1+1,plain,\"a,\"\"b\"\"\",-5\n"
        );
    }

    #[test]
    fn only_what_begins_like_a_formula_is_marked() {
        for cell in ["", "a=b", "5", "-1", "'=1", "🙂"] {
            assert_eq!(harmless(cell), cell);
        }
        for cell in ["=1", "-1+2", "+cmd", "@a", "\t=1", "\r=1", "＝1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
    }
}
