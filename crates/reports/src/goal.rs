//! The goals that are set.

use domain::goal::Goal;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::short;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Goals {
    pub goals: Vec<Goal>,
}

impl Report for Goals {
    fn document(&self) -> Document {
        let mut table = Table::new("Goals", &["Period", ">Amount", "Counts", ">Confidence"]);
        for goal in &self.goals {
            table.row([
                goal.period.to_string().into(),
                goal.amount.into(),
                goal.counts.name().into(),
                Cell::Share(goal.confidence),
            ]);
        }
        let answer = match self.goals.as_slice() {
            [] => "No goal is set: run `baton goal set`.".to_owned(),
            [goal] => format!("The goal of {} is {}.", goal.period, short(goal.amount)),
            goals => format!("{} goals are set.", goals.len()),
        };
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let goal = |goal: &Goal| {
            json!({
                "period": goal.period.to_string(),
                "amount": goal.amount.to_decimal(),
                "currency": goal.amount.currency.code(),
                "counts": goal.counts.name(),
                "confidence": goal.confidence,
            })
        };
        json!({ "goals": self.goals.iter().map(goal).collect::<Vec<_>>() })
    }
}
