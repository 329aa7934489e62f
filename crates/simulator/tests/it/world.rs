//! An export read back: one list of rows a file, each row a map from column to text.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::date;
use simulator::{Exports, Settings, write_exports};

pub type Row = BTreeMap<String, String>;

pub struct World {
    pub tables: BTreeMap<&'static str, Vec<Row>>,
    pub truth: serde_json::Value,
    pub settings: Settings,
    pub exports: Exports,
}

/// Three years that end on 2026-11-20.
pub fn settings(leads: u64, deals: u64, touches: u64) -> Settings {
    Settings { leads, deals, touches, ..Settings::demo(date(2026, 11, 21)) }
}

pub fn simulate(settings: Settings) -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exports = write_exports(&settings, folder.path()).expect("an export");
    let truth = std::fs::read_to_string(&exports.truth).expect("the truth");
    let tables = exports.files.iter().map(|file| (file.kind, read(&file.path))).collect();
    let truth = serde_json::from_str(&truth).expect("JSON");
    World { tables, truth, settings, exports }
}

fn read(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("a file");
    reader.deserialize().collect::<Result<_, _>>().expect("rows of the header's width")
}

impl World {
    pub fn rows(&self, kind: &str) -> &[Row] {
        &self.tables[kind]
    }

    /// Rows by the value of a column, in the file's order.
    pub fn grouped(&self, kind: &str, column: &str) -> BTreeMap<&str, Vec<&Row>> {
        let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in self.rows(kind) {
            groups.entry(&row[column]).or_default().push(row);
        }
        groups
    }

    /// The first instant that was not simulated, as the files write it.
    pub fn end(&self) -> String {
        let days = jiff::Span::new().days(i64::from(self.settings.days));
        let end = self.settings.start.checked_add(days).expect("a date");
        format!("{end}T00:00:00Z")
    }

    pub fn is_day_before_end(&self, text: &str, days: i64) -> bool {
        let day: jiff::civil::Date = text[..10].parse().expect("a date");
        let end: jiff::civil::Date = self.end()[..10].parse().expect("a date");
        day.until(end).expect("a span").get_days() >= i32::try_from(days).expect("small")
    }
}
