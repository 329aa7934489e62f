//! The goal's tree as a report: each part with its amount, what it has booked, who answers for it
//! and whether they gave their word.

use domain::goal::Goal;
use domain::goal::tree::Dimension;
use domain::money::Money;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::{Cell, Document, Report, Table};
use crate::render::{grouped, short};

#[derive(Clone, Debug, PartialEq)]
pub struct GoalTree {
    pub goal: Goal,
    pub as_of: Date,
    pub booked: Money,
    /// Of the goal itself.
    pub signed: Signed,
    /// In the order of a walk: each part before its own parts.
    pub parts: Vec<PartRow>,
    /// Whether own records alone are seen, so that what is booked is too.
    pub is_narrowed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PartRow {
    /// The ids from the goal's own part down to this one.
    pub path: Vec<Uuid>,
    pub depth: usize,
    pub dimension: Dimension,
    pub name: String,
    pub amount: Money,
    /// Of its whole.
    pub share: f64,
    /// Within the goal's period by the as-of day; `None` where no deal tells.
    pub booked: Option<Money>,
    pub owner: Option<String>,
    pub signed: Signed,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Signed {
    Not,
    By {
        member: String,
        on: Date,
    },
    /// The amount has changed since.
    ForAnother {
        member: String,
        amount: Money,
    },
}

impl Signed {
    pub fn words(&self) -> String {
        match self {
            Signed::Not => String::new(),
            Signed::By { member, on } => format!("{member}, {on}"),
            Signed::ForAnother { member, amount } => {
                format!("{member} signed for {}: sign anew", short(*amount))
            }
        }
    }

    pub fn holds(&self) -> bool {
        matches!(self, Signed::By { .. })
    }
}

impl PartRow {
    /// Booked over amount; `None` where either is unknown or nothing.
    pub fn attained(&self) -> Option<f64> {
        let booked = self.booked?;
        (self.amount.minor > 0).then(|| booked.minor as f64 / self.amount.minor as f64)
    }
}

impl GoalTree {
    /// The names from the goal's own part down to the one at a place: `2027-Q1/Enterprise`.
    pub fn way(&self, at: usize) -> String {
        let Some(row) = self.parts.get(at) else { return String::new() };
        let name = |id: &Uuid| {
            let named = self.parts.iter().find(|part| part.path.last() == Some(id));
            named.map_or("", |part| part.name.as_str())
        };
        row.path.iter().map(name).collect::<Vec<_>>().join("/")
    }

    fn answer(&self) -> String {
        let goal = format!("The goal of {} is {}", self.goal.period, short(self.goal.amount));
        if self.parts.is_empty() {
            let unsigned = if self.signed.holds() { "" } else { ", and nobody signed for it" };
            return format!("{goal}. It is not broken down yet{unsigned}.");
        }
        let all = self.parts.len() + 1;
        let signed = self.parts.iter().map(|part| &part.signed).chain([&self.signed]);
        let signed = signed.filter(|signed| signed.holds()).count();
        format!(
            "{goal}, in {} parts. {signed} of {all} signatures are there, the goal's own among \
             them.",
            grouped(&self.parts.len().to_string())
        )
    }
}

impl Report for GoalTree {
    fn document(&self) -> Document {
        let code = self.goal.amount.currency.code();
        let columns = [
            "Part".to_owned(),
            "By".to_owned(),
            format!(">Amount {code}"),
            ">Of its whole".to_owned(),
            format!(">Booked {code}"),
            ">Attained".to_owned(),
            "Owner".to_owned(),
            "Signed".to_owned(),
        ];
        let mut table =
            Table::new(&format!("The goal of {} and its parts", self.goal.period), &columns);
        let attained = self.booked.minor as f64 / self.goal.amount.minor.max(1) as f64;
        table.row([
            self.goal.period.to_string().into(),
            "".into(),
            self.goal.amount.into(),
            Cell::Missing,
            self.booked.into(),
            Cell::Share(attained),
            "".into(),
            self.signed.words().into(),
        ]);
        for part in &self.parts {
            let indent = "\u{2003}".repeat(part.depth + 1);
            table.row([
                format!("{indent}{}", part.name).into(),
                part.dimension.name().into(),
                part.amount.into(),
                Cell::Share(part.share),
                part.booked.into(),
                part.attained().map_or(Cell::Missing, Cell::Share),
                part.owner.clone().unwrap_or_default().into(),
                part.signed.words().into(),
            ]);
        }
        let mut notes = vec![
            "Parts always sum to their whole: when one changes, the others take up the difference."
                .to_owned(),
        ];
        if self.is_narrowed {
            notes.push("Booked is of your own records, and of persons only you are shown.".into());
        }
        Document { answer: self.answer(), tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        let signed = |signed: &Signed| match signed {
            Signed::Not => Value::Null,
            Signed::By { member, on } => json!({"member": member, "on": on.to_string()}),
            Signed::ForAnother { member, amount } => {
                json!({"member": member, "for_amount": amount.to_decimal()})
            }
        };
        let part = |(at, part): (usize, &PartRow)| {
            json!({
                "part": self.way(at),
                "dimension": part.dimension.name(),
                "name": part.name,
                "depth": part.depth,
                "amount": part.amount.to_decimal(),
                "share": part.share,
                "booked": part.booked.map(Money::to_decimal),
                "owner": part.owner,
                "signed": signed(&part.signed),
            })
        };
        json!({
            "period": self.goal.period.to_string(),
            "as_of": self.as_of.to_string(),
            "amount": self.goal.amount.to_decimal(),
            "booked": self.booked.to_decimal(),
            "signed": signed(&self.signed),
            "parts": self.parts.iter().enumerate().map(part).collect::<Vec<_>>(),
        })
    }
}
