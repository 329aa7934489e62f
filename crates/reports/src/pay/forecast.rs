//! What a plan will cost: the distribution over the futures of the forecast.

use domain::money::{Currency, Money};
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::grouped;

#[derive(Clone, Debug, PartialEq)]
pub struct ForecastCost {
    pub plan: String,
    pub version: u32,
    /// The name of the other plan.
    pub other: Option<String>,
    pub currency: Currency,
    pub as_of: Date,
    pub futures: usize,
    /// From the one that runs to the one that was asked for.
    pub periods: Vec<OfPeriod>,
    /// The period that payees are told of: the last one.
    pub payees_of: Option<Period>,
    pub payees: Vec<OfPayee>,
    pub notes: Vec<String>,
}

/// In minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// What is earned already.
    pub so_far: i64,
    pub p10: i64,
    pub p50: i64,
    pub p90: i64,
    pub mean: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OfPeriod {
    pub period: Period,
    pub here: Distribution,
    pub other: Option<Distribution>,
    /// In which share of the futures the other plan costs more.
    pub dearer: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OfPayee {
    pub id: String,
    pub name: String,
    /// `None` where only the other plan has them.
    pub here: Option<Distribution>,
    pub other: Option<Distribution>,
}

impl ForecastCost {
    fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    fn amount(&self, minor: i64) -> String {
        let code = self.currency.code();
        format!("{} {code}", grouped(&self.money(minor).to_decimal()))
    }

    fn periods_table(&self) -> Table {
        let code = self.currency.code();
        let mut columns = vec!["Period".to_owned(), format!(">So far {code}")];
        columns.extend(["p10", "p50", "p90", "Mean"].map(|name| format!(">{name}")));
        if self.other.is_some() {
            columns.extend([">The other, mean".to_owned(), ">Dearer".to_owned()]);
        }
        let mut table = Table::new("What the plan will cost", &columns);
        for one in &self.periods {
            let Distribution { so_far, p10, p50, p90, mean } = one.here;
            let mut row = vec![Cell::from(one.period.to_string())];
            row.extend([so_far, p10, p50, p90, mean].map(|minor| self.money(minor).into()));
            if let Some(other) = one.other {
                row.push(self.money(other.mean).into());
                row.push(one.dearer.map_or(Cell::Missing, Cell::Share));
            }
            table.row(row);
        }
        table
    }

    fn payees_table(&self) -> Option<Table> {
        let period = self.payees_of?;
        let code = self.currency.code();
        let mut columns = vec!["Payee".to_owned(), format!(">So far {code}")];
        columns.extend(["p10", "p90", "Mean"].map(|name| format!(">{name}")));
        if self.other.is_some() {
            columns.extend([">The other, mean".to_owned(), ">Gains".to_owned()]);
        }
        let mut table = Table::new(&format!("Who gets what in {period}"), &columns);
        for one in &self.payees {
            let told = |figure: fn(&Distribution) -> i64| {
                Cell::from(one.here.as_ref().map(|here| self.money(figure(here))))
            };
            let mut row = vec![
                Cell::from(one.name.as_str()),
                told(|it| it.so_far),
                told(|it| it.p10),
                told(|it| it.p90),
                told(|it| it.mean),
            ];
            if self.other.is_some() {
                let gains = one.here.zip(one.other).map(|(here, other)| other.mean - here.mean);
                row.push(Cell::from(one.other.map(|other| self.money(other.mean))));
                row.push(Cell::from(gains.map(|gains| self.money(gains))));
            }
            table.row(row);
        }
        Some(table)
    }

    fn all_notes(&self) -> Vec<String> {
        let ForecastCost { plan, version, as_of, futures, .. } = self;
        let futures = grouped(&futures.to_string());
        let mut notes = vec![
            format!(
                "Plan {plan}, version {version}; seen from the end of {as_of}; {futures} futures."
            ),
            "Each future says how much is won in all. Who wins it is drawn: open deals by the odds \
             of each, what is not opened yet as the wins of the last year."
                .to_owned(),
        ];
        notes.extend(self.notes.iter().cloned());
        notes
    }
}

impl Report for ForecastCost {
    fn document(&self) -> Document {
        let mut answer = String::new();
        if let Some(last) = self.periods.last() {
            let Distribution { p10, p90, mean, .. } = last.here;
            answer = format!(
                "{} will cost {} on average, and with 80 % probability from {} to {}",
                last.period,
                self.amount(mean),
                self.amount(p10),
                self.amount(p90)
            );
            if let (Some(name), Some(other)) = (&self.other, last.other) {
                answer.push_str(&format!("; {name} {}", self.amount(other.mean)));
            }
            answer.push('.');
        }
        let tables = std::iter::once(self.periods_table()).chain(self.payees_table());
        Document { answer, tables: tables.collect(), notes: self.all_notes() }
    }

    fn json(&self) -> Value {
        let told = |one: &Distribution| {
            let Distribution { so_far, p10, p50, p90, mean } = *one;
            let decimal = |minor: i64| self.money(minor).to_decimal();
            json!({
                "so_far": decimal(so_far),
                "p10": decimal(p10),
                "p50": decimal(p50),
                "p90": decimal(p90),
                "mean": decimal(mean),
            })
        };
        let period = |one: &OfPeriod| {
            json!({
                "period": one.period.to_string(),
                "cost": told(&one.here),
                "other_cost": one.other.as_ref().map(told),
                "other_is_dearer": one.dearer,
            })
        };
        let payee = |one: &OfPayee| {
            json!({
                "payee": one.id,
                "name": one.name,
                "pay": one.here.as_ref().map(told),
                "other_pay": one.other.as_ref().map(told),
            })
        };
        json!({
            "plan": self.plan,
            "version": self.version,
            "other": self.other,
            "currency": self.currency.code(),
            "as_of": self.as_of.to_string(),
            "futures": self.futures,
            "periods": self.periods.iter().map(period).collect::<Vec<_>>(),
            "payees_of": self.payees_of.map(|period| period.to_string()),
            "payees": self.payees.iter().map(payee).collect::<Vec<_>>(),
            "notes": self.all_notes(),
        })
    }
}
