//! Whole files through inspection and reading: real data sets, every refusal, every format.

mod containers;
mod detection;
mod published;
mod refusals;
mod spectrum;
mod touches;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use domain::kind::Kind;
use domain::money::Currency;
use jiff::tz::TimeZone;
use tempfile::NamedTempFile;

use crate::Assumptions;
use crate::preview::{Preview, inspect};
use crate::reader::{Cell, Row, read};
use crate::refusal::Reject;

pub fn assumptions() -> Assumptions {
    Assumptions {
        currency: Currency::USD,
        timezone: TimeZone::UTC,
        now: "2026-01-01T00:00:00Z".parse().expect("is a time"),
    }
}

/// Inspects a file and reads it under what was found.
pub fn import(path: &Path, kind: Kind) -> (Preview, Vec<Row>, Vec<Reject>) {
    let preview = inspect(path, kind, &assumptions(), None).expect("is inspected");
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    let mut reader = read(path, &preview.mapping, &assumptions()).expect("opens");
    for item in &mut reader {
        match item {
            Ok(row) => rows.push(row),
            Err(reject) => rejects.push(reject),
        }
    }
    reader.finish().expect("is read to its end");
    (preview, rows, rejects)
}

/// A file with some content, gone with the value.
pub fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("is made");
    file.write_all(content.as_ref()).expect("is written");
    file
}

/// A file of the real data sets, or `None`, said aloud, where they are absent.
pub fn published(file: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = root.join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {file} is not in ../shared/data");
    None
}

/// A row's values as texts.
pub fn texts(row: &Row) -> BTreeMap<&'static str, String> {
    let text = |cell: &Option<Cell>| match cell {
        Some(Cell::Value(value)) => value.encode(),
        Some(Cell::Key(key)) => format!("->{key}"),
        None => "-".to_owned(),
    };
    row.values.iter().map(|(field, cell)| (*field, text(cell))).collect()
}
