//! What the quarters brought, and what the next ones will bring.

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::document::{Cell, Table};
use crate::forecast::QUANTILES;
use crate::render::short;

#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// What was won in past quarters, in order of time; the one under way is not among them.
    pub past: Vec<(Period, Money)>,
    /// The quarter under way, if one is, and the two that follow.
    pub next: Vec<Quarter>,
    pub closed_deals: usize,
    pub futures: usize,
    pub reconstructed: bool,
}

/// A quarter that has not ended. Amounts are of the whole of it, what is booked included.
#[derive(Clone, Debug, PartialEq)]
pub struct Quarter {
    pub period: Period,
    pub last_day: Date,
    pub booked: Money,
    pub mean: Money,
    /// In the order of `QUANTILES`.
    pub quantiles: [Money; QUANTILES.len()],
}

impl Quarter {
    /// The quantile of a name of `QUANTILES`.
    pub fn quantile(&self, name: &str) -> Money {
        let index = QUANTILES.iter().position(|(quantile, _)| *quantile == name);
        index.and_then(|index| self.quantiles.get(index)).copied().unwrap_or(self.mean)
    }

    pub fn answer(&self) -> String {
        format!(
            "{} is heading for {}; with 80 % probability between {} and {}",
            self.period,
            short(self.quantile("p50")),
            short(self.quantile("p10")),
            short(self.quantile("p90"))
        )
    }

    fn json(&self) -> Value {
        let quantiles: Map<String, Value> = (QUANTILES.iter().zip(self.quantiles))
            .map(|((name, _), amount)| ((*name).to_owned(), json!(amount.to_decimal())))
            .collect();
        json!({
            "period": self.period.to_string(),
            "last_day": self.last_day.to_string(),
            "booked": self.booked.to_decimal(),
            "mean": self.mean.to_decimal(),
            "quantiles": quantiles,
        })
    }
}

impl Outlook {
    pub fn answer(&self) -> String {
        let sentences: Vec<String> = self.next.iter().map(Quarter::answer).collect();
        format!("{}.", sentences.join(". "))
    }

    pub fn next_table(&self) -> Option<Table> {
        let code = self.next.first()?.booked.currency.code();
        let mut table = Table::new(
            "The next quarters",
            &[
                "Quarter",
                &format!(">Booked {code}"),
                ">Low (10 %)",
                ">Median",
                ">High (90 %)",
                ">Expected",
            ],
        );
        for quarter in &self.next {
            table.row([
                quarter.period.to_string().into(),
                quarter.booked.into(),
                quarter.quantile("p10").into(),
                quarter.quantile("p50").into(),
                quarter.quantile("p90").into(),
                Cell::Money(quarter.mean),
            ]);
        }
        Some(table)
    }

    pub fn past_table(&self) -> Option<Table> {
        let code = self.past.first()?.1.currency.code();
        let mut table =
            Table::new("Revenue won by quarter", &["Quarter", &format!(">Revenue {code}")]);
        for (period, amount) in &self.past {
            table.row([period.to_string().into(), (*amount).into()]);
        }
        Some(table)
    }

    pub fn json(&self) -> Value {
        let past = |(period, amount): &(Period, Money)| json!({ "period": period.to_string(), "revenue": amount.to_decimal() });
        json!({
            "past": self.past.iter().map(past).collect::<Vec<_>>(),
            "next": self.next.iter().map(Quarter::json).collect::<Vec<_>>(),
            "closed_deals": self.closed_deals,
            "futures": self.futures,
            "reconstructed": self.reconstructed,
        })
    }
}
