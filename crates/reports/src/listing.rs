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
    /// How many of them come before the listed ones.
    pub skipped: usize,
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
    /// Whether it is open beyond the day on which it was expected to close.
    pub is_overdue: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Leads {
    pub as_of: Date,
    /// The newest ones of those that were asked for.
    pub leads: Vec<ListedLead>,
    pub all: usize,
    pub skipped: usize,
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

impl Deals {
    /// The id of the last listed one, where the list goes on after it.
    pub fn next(&self) -> Option<&str> {
        let goes_on = self.skipped + self.deals.len() < self.all;
        self.deals.last().filter(|_| goes_on).map(|deal| deal.id.as_str())
    }
}

impl Leads {
    /// As [`Deals::next`].
    pub fn next(&self) -> Option<&str> {
        let goes_on = self.skipped + self.leads.len() < self.all;
        self.leads.last().filter(|_| goes_on).map(|lead| lead.id.as_str())
    }
}

impl Report for Deals {
    fn document(&self) -> Document {
        let table = deals_table("Deals", self.deals.iter());
        let estimated = self.deals.iter().filter(|deal| deal.is_estimated).count();
        let mut notes = cut(self.skipped, self.deals.len(), self.all, "largest");
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
        let deals: Vec<Value> = self.deals.iter().map(deal_json).collect();
        json!({
            "as_of": self.as_of.to_string(),
            "found": self.all,
            "amount": self.amount.to_decimal(),
            "deals": deals,
        })
    }
}

/// Deals, one a row.
pub(crate) fn deals_table<'a>(
    title: &str,
    deals: impl IntoIterator<Item = &'a ListedDeal>,
) -> Table {
    let columns =
        ["Deal", "Name", "Account", "Owner", "Stage", ">Amount", ">Age (days)", ">Closes"];
    let mut table = Table::new(title, &columns);
    for deal in deals {
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
    table
}

pub(crate) fn deal_json(deal: &ListedDeal) -> Value {
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
        let notes = cut(self.skipped, self.leads.len(), self.all, "newest");
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

fn cut(skipped: usize, listed: usize, all: usize, which: &str) -> Vec<String> {
    let many = |count: usize| grouped(&count.to_string());
    match skipped {
        _ if listed == all => Vec::new(),
        0 => vec![format!("The {which} {} are listed.", many(listed))],
        _ => vec![format!(
            "Those from the {which} down are listed, numbers {} to {}.",
            many(skipped + 1),
            many(skipped + listed)
        )],
    }
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
        let leads = Leads { as_of, leads: vec![lead], all: 1_200, skipped: 0, stages: Vec::new() };
        let document = leads.document();
        assert_eq!(document.answer, "1,200 leads.");
        assert_eq!(document.notes, ["The newest 1 are listed."]);
        assert_eq!(leads.json()["found"], 1_200);
        assert_eq!(leads.next(), Some("L1"));
        let last = Leads { skipped: 1_199, ..leads };
        assert_eq!(last.next(), None);
        assert!(last.document().notes[0].ends_with("numbers 1,200 to 1,200."));
    }
}
