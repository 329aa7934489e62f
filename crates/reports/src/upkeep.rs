//! Upkeep: what was chained, sealed, merged and deleted.

use serde_json::{Value, json};

use crate::document::{Document, Report, Table};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Another process is at it: nothing was done here.
    pub by_another: bool,
    /// Journal entries that a link covers now.
    pub entries_chained: usize,
    /// Facts that the lake holds now.
    pub facts_sealed: usize,
    /// Tracked touches that the lake holds now.
    pub touches_sealed: usize,
    /// Small files that became one.
    pub files_merged: usize,
    /// Files that were no longer part of the lake.
    pub files_deleted: usize,
}

impl Upkeep {
    fn counts(&self) -> [(&'static str, usize); 5] {
        [
            ("entries_chained", self.entries_chained),
            ("facts_sealed", self.facts_sealed),
            ("touches_sealed", self.touches_sealed),
            ("files_merged", self.files_merged),
            ("files_deleted", self.files_deleted),
        ]
    }
}

impl Report for Upkeep {
    fn document(&self) -> Document {
        let done = self.counts().iter().any(|(_, count)| *count > 0);
        let answer = match (self.by_another, done) {
            (true, _) => "Another process is at it: nothing is left to do here.",
            (false, true) => "What was due is done.",
            (false, false) => "Nothing was due.",
        };
        let mut table = Table::new("Upkeep", &["What", ">How many"]);
        for (name, count) in self.counts() {
            table.row([name.replace('_', " ").into(), count.into()]);
        }
        Document { answer: answer.to_owned(), tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        json!({
            "by_another": self.by_another,
            "entries_chained": self.entries_chained,
            "facts_sealed": self.facts_sealed,
            "touches_sealed": self.touches_sealed,
            "files_merged": self.files_merged,
            "files_deleted": self.files_deleted,
        })
    }
}
