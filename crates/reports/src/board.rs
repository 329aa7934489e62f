//! The board: open deals in columns by stage, as they stood on a day.

use domain::money::{Currency, Money};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::listing::{ListedDeal, deal_json, deals_table};
use crate::render::{code, counted, grouped, short};

#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    pub as_of: Date,
    pub currency: Currency,
    /// The day of the first deal: there is nothing to be seen before.
    pub first: Date,
    /// By stage in the order of the pipeline, those without any deal among them.
    pub columns: Vec<Column>,
    /// Deals whose amount is not known and stands at what deals of the product bring.
    pub estimated: usize,
    /// Who owns any open deal, by name.
    pub owners: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub stage: String,
    pub deals: usize,
    pub amount: Money,
    /// The largest ones.
    pub cards: Vec<ListedDeal>,
}

impl Board {
    pub fn deals(&self) -> usize {
        self.columns.iter().map(|column| column.deals).sum()
    }

    fn amount(&self) -> Money {
        let minor = self.columns.iter().map(|column| column.amount.minor).sum();
        Money { minor, currency: self.currency }
    }

    fn totals(&self) -> Table {
        let amount = format!(">Amount {}", code(self.currency));
        let title = format!("Open pipeline at the end of {}", self.as_of);
        let mut table = Table::new(&title, &["Stage", ">Deals", &amount]);
        for column in &self.columns {
            table.row([column.stage.as_str().into(), column.deals.into(), column.amount.into()]);
        }
        table.row([Cell::from("Total"), self.deals().into(), self.amount().into()]);
        table
    }
}

impl Report for Board {
    fn document(&self) -> Document {
        let answer = format!(
            "{} open deal{} worth {}.",
            grouped(&self.deals().to_string()),
            if self.deals() == 1 { "" } else { "s" },
            short(self.amount())
        );
        let cards: Vec<&ListedDeal> = self.columns.iter().flat_map(|it| &it.cards).collect();
        let mut notes = Vec::new();
        if cards.len() < self.deals() {
            notes.push(format!(
                "Of each stage the largest deals are listed, {} in all.",
                grouped(&cards.len().to_string())
            ));
        }
        if self.estimated > 0 {
            notes.push(format!(
                "The amount of {} is what deals of the product bring.",
                counted(self.estimated, "deal")
            ));
        }
        let mut tables = vec![self.totals(), deals_table("Open deals by stage", cards)];
        tables.retain(|table| !table.rows.is_empty());
        Document { answer, tables, notes }
    }

    fn json(&self) -> Value {
        let column = |column: &Column| {
            json!({
                "stage": column.stage,
                "deals": column.deals,
                "amount": column.amount.to_decimal(),
                "cards": column.cards.iter().map(deal_json).collect::<Vec<Value>>(),
            })
        };
        json!({
            "as_of": self.as_of.to_string(),
            "currency": self.currency.code(),
            "first": self.first.to_string(),
            "deals": self.deals(),
            "amount": self.amount().to_decimal(),
            "stages": self.columns.iter().map(column).collect::<Vec<Value>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_says_how_much_of_it_is_listed() {
        let money = |minor| Money { minor, currency: Currency::USD };
        let column = |stage: &str, deals, minor| Column {
            stage: stage.to_owned(),
            deals,
            amount: money(minor),
            cards: Vec::new(),
        };
        let day = jiff::civil::date(2026, 6, 1);
        let board = Board {
            as_of: day,
            currency: Currency::USD,
            first: day,
            columns: vec![column("Discovery", 1, 123_400), column("Proposal", 0, 0)],
            estimated: 1,
            owners: Vec::new(),
        };
        let document = board.document();
        assert_eq!(document.answer, "1 open deal worth 1,234.00 USD.");
        assert_eq!(document.tables[0].rows.len(), 3);
        assert_eq!(document.notes.len(), 2);
        assert_eq!(board.json()["stages"][0]["amount"], "1234.00");
    }
}
