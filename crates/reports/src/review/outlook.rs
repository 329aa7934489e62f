//! What the quarters brought, and what the next ones will bring.

use domain::money::Money;
use domain::period::Period;
use serde_json::{Value, json};

use crate::document::{Cell, Report, Table};
use crate::forecast::Forecast;
use crate::render::{code, short};

#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// What was won in past quarters, in order of time; the one under way is not among them.
    pub past: Vec<(Period, Money)>,
    /// The quarter under way, if one is, and the two that follow.
    pub next: Vec<Forecast>,
}

/// Where a quarter is heading, for a headline, without a full stop.
pub fn heading(forecast: &Forecast) -> String {
    format!(
        "{} is heading for {} (80 % likely: {} to {})",
        forecast.period,
        short(forecast.quantile("p50")),
        short(forecast.quantile("p10")),
        short(forecast.quantile("p90"))
    )
}

impl Outlook {
    pub fn next_table(&self) -> Option<Table> {
        let code = code(self.next.first()?.booked.currency);
        let columns = [
            "Quarter",
            &format!(">Booked {code}"),
            ">From open deals",
            ">From new deals",
            ">Low (10 %)",
            ">Median",
            ">High (90 %)",
            ">Expected",
        ];
        let mut table = Table::new("The next quarters", &columns);
        for quarter in &self.next {
            table.row([
                quarter.period.to_string().into(),
                quarter.booked.into(),
                quarter.from_open.into(),
                quarter.from_new.into(),
                quarter.quantile("p10").into(),
                quarter.quantile("p50").into(),
                quarter.quantile("p90").into(),
                Cell::Money(quarter.mean),
            ]);
        }
        Some(table)
    }

    pub fn past_table(&self) -> Option<Table> {
        let code = code(self.past.first()?.1.currency);
        let mut table =
            Table::new("Revenue won by quarter", &["Quarter", &format!(">Revenue {code}")]);
        for (period, amount) in &self.past {
            table.row([period.to_string().into(), (*amount).into()]);
        }
        Some(table)
    }

    pub fn json(&self) -> Value {
        let past = |(period, amount): &(Period, Money)| {
            json!({
                "period": period.to_string(),
                "revenue": amount.to_decimal(),
            })
        };
        json!({
            "past": self.past.iter().map(past).collect::<Vec<_>>(),
            "next": self.next.iter().map(Report::json).collect::<Vec<_>>(),
        })
    }
}
