//! What an import did, or with `--dry-run` would do.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Import {
    pub import_id: String,
    pub kind: String,
    pub file: String,
    pub dry_run: bool,
    pub observed_at: String,
    pub rows_read: u64,
    pub rows_new: u64,
    pub rows_updated: u64,
    pub rows_unchanged: u64,
    pub rows_rejected: u64,
    pub rejects_file: Option<String>,
    pub findings: Vec<Finding>,
    /// What was detected and taken, in sentences.
    pub statements: Vec<String>,
    /// Header to field, as it was read.
    pub columns: Vec<(String, String)>,
    /// Where and why the first row was refused.
    pub first_reject: Option<String>,
    pub stages: Vec<StageSeen>,
    pub seconds: f64,
}

/// Something that looks wrong across rows or files: kept, counted, and left out of what it would
/// falsify.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub rule: String,
    pub rows: u64,
    pub message: String,
    /// The first few records that it concerns, as `kind:id`.
    pub examples: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StageSeen {
    pub name: String,
    pub outcome: &'static str,
    pub rows: u64,
}

/// What undoing an import did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Undo {
    pub import_id: String,
    pub records_changed: u64,
    pub records_removed: u64,
    pub touches_removed: u64,
    /// Fields that were edited since and so keep their values, as `kind:id field`.
    pub kept: Vec<String>,
}

/// The imports that were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imports {
    pub imports: Vec<Listed>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub import_id: String,
    pub kind: &'static str,
    pub file: String,
    pub observed_at: Timestamp,
    pub recorded_at: Timestamp,
    pub rows: u64,
    pub is_undone: bool,
}

impl Finding {
    fn json(&self) -> Value {
        json!({
            "rule": self.rule,
            "rows": self.rows,
            "message": self.message,
            "examples": self.examples,
        })
    }
}

/// Findings as a table of rule, rows and what it means.
pub fn findings_table(findings: &[Finding]) -> Table {
    let mut table = Table::new("Findings", &["Rule", ">Rows", "What it means", "For example"]);
    for finding in findings {
        table.row([
            finding.rule.as_str().into(),
            Cell::Count(i64::try_from(finding.rows).unwrap_or(i64::MAX)),
            finding.message.as_str().into(),
            finding.examples.first().cloned().into(),
        ]);
    }
    table
}

/// Findings as JSON.
pub fn findings_json(findings: &[Finding]) -> Vec<Value> {
    findings.iter().map(Finding::json).collect()
}

impl Import {
    fn answer(&self) -> String {
        let did = if self.dry_run { "would be" } else { "were" };
        let rejected = match (self.rows_rejected, &self.rejects_file) {
            (0, _) => String::new(),
            (count, Some(file)) => format!(" {count} {did} refused: see {file}."),
            (count, None) => format!(" {count} {did} refused."),
        };
        format!(
            "{} rows of {} {did} read from {}: {} new, {} updated, {} unchanged.{rejected}",
            self.rows_read,
            self.kind,
            self.file,
            self.rows_new,
            self.rows_updated,
            self.rows_unchanged
        )
    }
}

impl Report for Import {
    fn document(&self) -> Document {
        let mut columns = Table::new("Columns", &["In the file", "In Baton"]);
        for (header, field) in &self.columns {
            columns.row([header.as_str().into(), field.as_str().into()]);
        }
        let mut stages = Table::new("Stages", &["Stage", "Means", ">Rows"]);
        for stage in &self.stages {
            let rows = Cell::Count(i64::try_from(stage.rows).unwrap_or(i64::MAX));
            stages.row([stage.name.as_str().into(), stage.outcome.into(), rows]);
        }
        let mut notes = self.statements.clone();
        notes.extend(self.first_reject.iter().map(|first| format!("First refused: {first}.")));
        if !self.dry_run {
            notes.push(format!("Undo it with `baton import undo {}`.", self.import_id));
        }
        Document {
            answer: self.answer(),
            tables: vec![columns, stages, findings_table(&self.findings)],
            notes,
        }
    }

    fn json(&self) -> Value {
        json!({
            "import_id": self.import_id,
            "kind": self.kind,
            "file": self.file,
            "dry_run": self.dry_run,
            "observed_at": self.observed_at,
            "rows_read": self.rows_read,
            "rows_new": self.rows_new,
            "rows_updated": self.rows_updated,
            "rows_unchanged": self.rows_unchanged,
            "rows_rejected": self.rows_rejected,
            "rejects_file": self.rejects_file,
            "findings": findings_json(&self.findings),
            "statements": self.statements,
            "seconds": self.seconds,
        })
    }
}

impl Report for Undo {
    fn document(&self) -> Document {
        let mut notes = Vec::new();
        if !self.kept.is_empty() {
            notes.push(format!("Edited since, and so kept: {}.", self.kept.join(", ")));
        }
        Document {
            answer: format!(
                "Import {} is undone: {} records are as before, {} are gone, {} touches removed.",
                self.import_id, self.records_changed, self.records_removed, self.touches_removed
            ),
            tables: Vec::new(),
            notes,
        }
    }

    fn json(&self) -> Value {
        json!({
            "import_id": self.import_id,
            "records_changed": self.records_changed,
            "records_removed": self.records_removed,
            "touches_removed": self.touches_removed,
            "kept": self.kept,
        })
    }
}

impl Report for Imports {
    fn document(&self) -> Document {
        let columns = ["Import", "Kind", "File", "Taken on", ">Rows", "State"];
        let mut table = Table::new("Imports", &columns);
        for import in &self.imports {
            let rows = Cell::Count(i64::try_from(import.rows).unwrap_or(i64::MAX));
            table.row([
                import.import_id.as_str().into(),
                import.kind.into(),
                import.file.as_str().into(),
                import.observed_at.strftime("%Y-%m-%d").to_string().into(),
                rows,
                if import.is_undone { "undone" } else { "done" }.into(),
            ]);
        }
        let answer = format!("{}.", counted(self.imports.len(), "import"));
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let import = |import: &Listed| {
            json!({
                "import_id": import.import_id,
                "kind": import.kind,
                "file": import.file,
                "observed_at": import.observed_at.to_string(),
                "recorded_at": import.recorded_at.to_string(),
                "rows": import.rows,
                "undone": import.is_undone,
            })
        };
        json!({ "imports": self.imports.iter().map(import).collect::<Vec<_>>() })
    }
}
