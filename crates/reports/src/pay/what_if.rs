//! What a statement would be if open deals were won today, and which deals may be picked.

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::kept::{amount, exact};
use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

/// A payee's total as it stands, and as it would be.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    pub name: String,
    pub period: Period,
    pub now: Money,
    pub then: Money,
    /// The deals that would be won.
    pub deals: Vec<String>,
    /// The lines that they would be.
    pub lines: Vec<WhatIfLine>,
}

/// A line that a deal would be.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIfLine {
    pub kind: String,
    pub amount: Money,
    pub sentence: String,
}

/// The open deals of a payee, in the period that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Picks {
    pub plan: String,
    pub payee: String,
    pub name: String,
    pub period: Period,
    pub deals: Vec<Pick>,
    /// Open deals beyond those.
    pub left_out: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    pub id: String,
    pub name: Option<String>,
    pub stage: Option<String>,
    pub amount: Money,
    pub expected_close_on: Option<Date>,
}

impl WhatIf {
    fn more(&self) -> Money {
        Money { minor: self.then.minor - self.now.minor, currency: self.now.currency }
    }

    /// What other lines change by: a tier that is reached lifts them, or a cap cuts them.
    fn others(&self) -> Money {
        let own: i64 = self.lines.iter().map(|line| line.amount.minor).sum();
        let more = self.more();
        Money { minor: more.minor - own, ..more }
    }

    fn table(&self) -> Option<Table> {
        let column = format!(">{}", self.now.currency.code());
        let mut table = Table::new("What the deals would add", &["Line", &column, "Why"]);
        for line in &self.lines {
            let (kind, why) = (line.kind.as_str(), line.sentence.as_str());
            table.row([Cell::from(kind), exact(line.amount), why.into()]);
        }
        if self.others().minor != 0 {
            let why = "other lines change: a tier, a cap, a hold or a draw is another then";
            table.row([Cell::from("all else"), exact(self.others()), why.into()]);
        }
        (!table.rows.is_empty()).then_some(table)
    }
}

impl Report for WhatIf {
    fn document(&self) -> Document {
        let (period, name, deals) = (self.period, &self.name, self.deals.join(", "));
        let answer = format!(
            "With {deals} won today, {period} pays {name} {} in place of {}: {} more.",
            amount(self.then),
            amount(self.now),
            amount(self.more())
        );
        Document { answer, tables: self.table().into_iter().collect(), notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let line = |line: &WhatIfLine| {
            json!({
                "kind": line.kind,
                "amount": line.amount.to_decimal(),
                "sentence": line.sentence,
            })
        };
        json!({
            "name": self.name,
            "period": self.period.to_string(),
            "deals": self.deals,
            "currency": self.now.currency.code(),
            "now": self.now.to_decimal(),
            "then": self.then.to_decimal(),
            "more": self.more().to_decimal(),
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
            "all_else": self.others().to_decimal(),
        })
    }
}

impl Pick {
    /// What a person reads beside its box.
    pub fn told(&self) -> String {
        let name = self.name.as_deref().map_or_else(String::new, |name| format!(" {name}"));
        let stage = self.stage.as_deref().map_or_else(String::new, |it| format!(", {it}"));
        let close = self.expected_close_on;
        let close = close.map_or_else(String::new, |day| format!(", to close on {day}"));
        format!("{}{name}: {}{stage}{close}", self.id, amount(self.amount))
    }
}

impl Report for Picks {
    fn document(&self) -> Document {
        let Picks { name, period, deals, .. } = self;
        let answer = match deals.len() {
            0 => format!("{name} has no open deal with an amount."),
            count => format!("{name} has {} in {period}.", counted(count, "open deal")),
        };
        let columns = ["Deal", "Name", "Stage", ">Amount", "To close on"];
        let mut table = Table::new("Open deals", &columns);
        for deal in deals {
            table.row([
                Cell::from(deal.id.as_str()),
                deal.name.as_deref().unwrap_or_default().into(),
                deal.stage.as_deref().unwrap_or_default().into(),
                deal.amount.into(),
                deal.expected_close_on.map_or(Cell::Missing, Cell::from),
            ]);
        }
        let left_out = counted(self.left_out, "more open deal");
        let note = (self.left_out > 0).then(|| format!("{left_out} to close later are left out."));
        Document { answer, tables: vec![table], notes: note.into_iter().collect() }
    }

    fn json(&self) -> Value {
        let deal = |deal: &Pick| {
            json!({
                "id": deal.id,
                "name": deal.name,
                "stage": deal.stage,
                "amount": deal.amount.to_decimal(),
                "expected_close_on": deal.expected_close_on.map(|day| day.to_string()),
            })
        };
        json!({
            "plan": self.plan,
            "payee": self.payee,
            "name": self.name,
            "period": self.period.to_string(),
            "deals": self.deals.iter().map(deal).collect::<Vec<_>>(),
            "left_out": self.left_out,
        })
    }
}
