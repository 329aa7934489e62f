//! Data quality by named rule.

use serde_json::{Value, json};

use crate::document::{Document, Report};
use crate::imports::{Finding, findings_json, findings_table};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    pub records: u64,
    /// The rules that were applied, found or not.
    pub rules: Vec<&'static str>,
    pub findings: Vec<Finding>,
}

impl Report for Check {
    fn document(&self) -> Document {
        let answer = match self.findings.len() {
            0 => format!("{} records, {} rules, nothing found.", self.records, self.rules.len()),
            found => format!(
                "{} records, {} rules: {found} of them found something.",
                self.records,
                self.rules.len()
            ),
        };
        Document { answer, tables: vec![findings_table(&self.findings)], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        json!({
            "records": self.records,
            "rules": self.rules,
            "findings": findings_json(&self.findings),
        })
    }
}
