//! Lists of deals and of leads.

use domain::money::Money;
use domain::stage::Outcome;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{counted, grouped, short};

#[derive(Clone, Debug, PartialEq)]
pub struct Deals {
    pub as_of: Date,
    /// The largest ones of those that were asked for.
    pub deals: Vec<ListedDeal>,
    /// How many were found, listed or not.
    pub all: usize,
    /// What all that were found amount to, estimates included.
    pub amount: Money,
    /// The names of all stages, in order.
    pub stages: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListedDeal {
    /// The id by which the source knows it.
    pub id: String,
    pub name: Option<String>,
    pub account: Option<String>,
    pub owner: Option<String>,
    pub stage: Option<String>,
    pub outcome: Outcome,
    pub amount: Option<Money>,
    /// Whether the amount is what deals of the product bring, since its own is not known.
    pub is_estimated: bool,
    /// Until it was closed, or to the as-of day.
    pub age_days: i64,
    /// The day of closing, of open deals the expected one.
    pub expected_close_on: Option<Date>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Leads {
    pub as_of: Date,
    /// The newest ones of those that were asked for.
    pub leads: Vec<ListedLead>,
    pub all: usize,
    pub stages: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListedLead {
    pub id: String,
    pub source: Option<String>,
    pub owner: Option<String>,
    pub stage: Option<String>,
    pub outcome: Outcome,
    pub age_days: i64,
    pub created_on: Date,
}

impl Report for Deals {
    fn document(&self) -> Document {
        let mut table = Table::new(
            "Deals",
            &["Deal", "Name", "Account", "Owner", "Stage", ">Amount", ">Age (days)", ">Closes"],
        );
        for deal in &self.deals {
            table.row([
                deal.id.as_str().into(),
                text(&deal.name),
                text(&deal.account),
                text(&deal.owner),
                text(&deal.stage),
                deal.amount.into(),
                Cell::Count(deal.age_days),
                deal.expected_close_on.into(),
            ]);
        }
        let estimated = self.deals.iter().filter(|deal| deal.is_estimated).count();
        let mut notes = cut(self.deals.len(), self.all, "largest");
        if estimated > 0 {
            notes.push(format!(
                "The amount of {} is what deals of the product bring.",
                counted(estimated, "deal")
            ));
        }
        let answer = format!("{}, {} in all.", found(self.all, "deal"), short(self.amount));
        Document { answer, tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        let deal = |deal: &ListedDeal| {
            json!({
                "id": deal.id,
                "name": deal.name,
                "account": deal.account,
                "owner": deal.owner,
                "stage": deal.stage,
                "outcome": deal.outcome.name(),
                "amount": deal.amount.map(|amount| amount.to_decimal()),
                "is_estimated": deal.is_estimated,
                "age_days": deal.age_days,
                "closes_on": deal.expected_close_on.map(|day| day.to_string()),
            })
        };
        let deals: Vec<Value> = self.deals.iter().map(deal).collect();
        json!({
            "as_of": self.as_of.to_string(),
            "found": self.all,
            "amount": self.amount.to_decimal(),
            "deals": deals,
        })
    }
}

impl Report for Leads {
    fn document(&self) -> Document {
        let columns = ["Lead", "Source", "Owner", "Stage", ">Age (days)", ">Created"];
        let mut table = Table::new("Leads", &columns);
        for lead in &self.leads {
            table.row([
                lead.id.as_str().into(),
                text(&lead.source),
                text(&lead.owner),
                text(&lead.stage),
                Cell::Count(lead.age_days),
                lead.created_on.into(),
            ]);
        }
        let notes = cut(self.leads.len(), self.all, "newest");
        let answer = format!("{}.", found(self.all, "lead"));
        Document { answer, tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        let lead = |lead: &ListedLead| {
            json!({
                "id": lead.id,
                "source": lead.source,
                "owner": lead.owner,
                "stage": lead.stage,
                "outcome": lead.outcome.name(),
                "age_days": lead.age_days,
                "created_on": lead.created_on.to_string(),
            })
        };
        let leads: Vec<Value> = self.leads.iter().map(lead).collect();
        json!({ "as_of": self.as_of.to_string(), "found": self.all, "leads": leads })
    }
}

fn text(text: &Option<String>) -> Cell {
    text.as_deref().into()
}

fn found(all: usize, thing: &str) -> String {
    let plural = if all == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(&all.to_string()))
}

fn cut(listed: usize, all: usize, which: &str) -> Vec<String> {
    let left_out = || format!("The {which} {} are listed.", grouped(&listed.to_string()));
    (listed < all).then(left_out).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_what_it_leaves_out() {
        let as_of = jiff::civil::date(2026, 3, 1);
        let lead = ListedLead {
            id: "L1".to_owned(),
            source: None,
            owner: None,
            stage: None,
            outcome: Outcome::Open,
            age_days: 3,
            created_on: as_of,
        };
        let leads = Leads { as_of, leads: vec![lead], all: 1_200, stages: Vec::new() };
        let document = leads.document();
        assert_eq!(document.answer, "1,200 leads.");
        assert_eq!(document.notes, ["The newest 1 are listed."]);
        assert_eq!(leads.json()["found"], 1_200);
    }
}
