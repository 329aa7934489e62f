//! The review of a company's own exports: what they say, in one page.
//!
//! It holds the value that the page, the terminal and the JSON show; it knows no HTML, and nothing
//! of where the deals and leads came from.

pub mod dead;
pub mod leads;
pub mod outlook;
pub mod sales;

use domain::money::{Currency, unnamed};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::backtest::Backtest;
use crate::document::{Cell, Document, Report, Table};
use crate::funnel::rates::Rates;
use crate::imports::{Finding, findings_json};
use crate::pipeline::Waterfall;
use crate::render::{counted, grouped, short};
use dead::DeadPipeline;
use leads::LeadReview;
use outlook::{Outlook, heading};
use sales::Sales;

/// Dead pipeline is part of the headline from this share of the open deals on.
const DEAD_HEADLINE_SHARE: f64 = 0.1;

#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// The last day on which anything happens in the data, or the day that was asked for.
    pub as_of: Date,
    pub currency: Currency,
    pub files: Vec<FileRead>,
    pub quality: Quality,
    pub outlook: Option<Outlook>,
    pub backtest: Option<Backtest>,
    pub dead: Option<DeadPipeline>,
    pub sales: Option<Sales>,
    /// What becomes of deals and leads in the end, with intervals.
    pub rates: Option<Rates>,
    /// Between quarter ends, in order of time; the last one goes to the as-of day.
    pub waterfalls: Vec<Waterfall>,
    pub leads: Option<LeadReview>,
    /// What was assumed, and what could not be said.
    pub notes: Vec<String>,
}

/// A file that was given, and what it was taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRead {
    pub name: String,
    /// `None` where it was left aside.
    pub kind: Option<&'static str>,
    /// Why it was taken for that, or left aside.
    pub because: String,
    pub rows: u64,
    pub refused: u64,
    /// Columns that mean nothing here.
    pub ignored_columns: Vec<String>,
    /// What was detected and assumed, in sentences.
    pub statements: Vec<String>,
    /// Where and why the first row was refused.
    pub first_refused: Option<String>,
}

/// What looks wrong in the data, by named rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    pub records: u64,
    pub rules: usize,
    pub findings: Vec<Finding>,
    /// What was left out of what: the things, how many of how many, out of which figures.
    pub left_out: Vec<LeftOut>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    pub what: String,
    pub count: usize,
    pub of: usize,
    pub out_of: String,
}

impl Review {
    /// One sentence for whoever leads the company.
    pub fn headline(&self) -> String {
        let next = self.outlook.as_ref().and_then(|outlook| outlook.next.first());
        let dead = self.dead.as_ref().filter(|dead| dead.share() >= DEAD_HEADLINE_SHARE);
        match (next, dead, &self.leads, &self.sales) {
            (Some(next), Some(dead), _, _) => format!(
                "{}, while {:.0} % of the open deals, {}, are older than any deal that ever \
                 closed.",
                heading(next),
                dead.share() * 100.0,
                short(dead.dead.amount)
            ),
            (Some(next), None, _, _) => format!("{}.", heading(next)),
            (None, Some(dead), _, _) => dead.answer(),
            (None, None, Some(leads), _) => leads.answer(),
            (None, None, None, Some(sales)) => format!(
                "{} deals were won and {} lost.",
                grouped(&sales.total.won.to_string()),
                grouped(&sales.total.lost.to_string())
            ),
            (None, None, None, None) => "There are no deals and no leads to review.".to_owned(),
        }
    }

    pub fn files_table(&self) -> Table {
        let mut table =
            Table::new("What was read", &["File", "Taken for", ">Rows", ">Refused", "Because"]);
        for file in &self.files {
            let count = |count: u64| match file.kind {
                Some(_) => Cell::Count(i64::try_from(count).unwrap_or(i64::MAX)),
                None => Cell::Missing,
            };
            table.row([
                file.name.as_str().into(),
                file.kind.map_or("left aside", taken_for).into(),
                count(file.rows),
                count(file.refused),
                file.because.as_str().into(),
            ]);
        }
        table
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for left_out in &self.quality.left_out {
            notes.push(left_out.sentence());
        }
        notes.extend(self.notes.iter().cloned());
        notes
    }
}

impl LeftOut {
    pub fn sentence(&self) -> String {
        let many = |count: usize| grouped(&count.to_string());
        let LeftOut { what, count, of, out_of } = self;
        format!("{} of {} {what} are left out of {out_of}.", many(*count), many(*of))
    }
}

impl Quality {
    pub fn answer(&self) -> String {
        let records = grouped(&self.records.to_string());
        match self.findings.len() {
            0 => format!("{records} records, {} rules, nothing found.", self.rules),
            found => format!(
                "{records} records were held against {} rules; {}.",
                self.rules,
                counted(found, "of them found something").replace("somethings", "something")
            ),
        }
    }

    pub fn table(&self) -> Table {
        let mut table =
            Table::new("Findings", &["Rule", ">Records", "What it means", "For example"]);
        for finding in &self.findings {
            table.row([
                finding.rule.replace('_', " ").into(),
                Cell::Count(i64::try_from(finding.rows).unwrap_or(i64::MAX)),
                finding.message.as_str().into(),
                finding.examples.first().cloned().into(),
            ]);
        }
        table
    }

    fn json(&self) -> Value {
        let left_out = |left_out: &LeftOut| {
            json!({
                "what": left_out.what,
                "count": left_out.count,
                "of": left_out.of,
                "out_of": left_out.out_of,
            })
        };
        json!({
            "records": self.records,
            "rules": self.rules,
            "findings": findings_json(&self.findings),
            "left_out": self.left_out.iter().map(left_out).collect::<Vec<_>>(),
        })
    }
}

impl FileRead {
    fn json(&self) -> Value {
        json!({
            "file": self.name,
            "kind": self.kind,
            "because": self.because,
            "rows": self.rows,
            "refused": self.refused,
            "first_refused": self.first_refused,
            "ignored_columns": self.ignored_columns,
            "statements": self.statements,
        })
    }
}

impl Report for Review {
    fn document(&self) -> Document {
        let mut tables = vec![self.files_table()];
        tables.extend(self.outlook.as_ref().and_then(Outlook::next_table));
        if let Some(backtest) = &self.backtest {
            tables.extend(backtest.document().tables.into_iter().take(1));
        }
        if let Some(dead) = &self.dead {
            tables.push(dead.bands_table());
            tables.push(dead.owners_table());
        }
        if let Some(sales) = &self.sales {
            tables.push(sales.total_table());
            tables.extend(sales.breakdowns.first().and_then(sales::Breakdown::table));
        }
        if let Some(rates) = &self.rates {
            tables.extend(rates.document().tables);
        }
        if let Some(fall) = self.waterfalls.last() {
            tables.extend(fall.document().tables);
        }
        if let Some(leads) = &self.leads {
            tables.push(leads.sources_table());
            tables.extend(leads.answers.as_ref().map(leads::Answers::table));
            tables.push(leads.waits_table());
        }
        tables.push(self.quality.table());
        Document { answer: self.headline(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        json!({
            "as_of": self.as_of.to_string(),
            "currency": (self.currency != unnamed()).then(|| self.currency.code()),
            "headline": self.headline(),
            "files": self.files.iter().map(FileRead::json).collect::<Vec<_>>(),
            "quality": self.quality.json(),
            "outlook": self.outlook.as_ref().map(Outlook::json),
            "backtest": self.backtest.as_ref().map(Report::json),
            "dead_pipeline": self.dead.as_ref().map(DeadPipeline::json),
            "sales": self.sales.as_ref().map(Sales::json),
            "rates": self.rates.as_ref().map(Report::json),
            "waterfalls": self.waterfalls.iter().map(Report::json).collect::<Vec<_>>(),
            "leads": self.leads.as_ref().map(LeadReview::json),
            "notes": self.notes,
        })
    }
}

/// A kind as people call it.
fn taken_for(kind: &'static str) -> &'static str {
    match kind {
        "users" => "sellers and users",
        "lead_changes" => "changes of leads",
        "deal_changes" => "changes of deals",
        other => other,
    }
}
