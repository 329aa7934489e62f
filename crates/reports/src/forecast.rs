//! The forecast of a period: what is booked, and the distribution of what is still to come.

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{code, short};

/// The quantiles that a forecast states, by name and level.
pub const QUANTILES: [(&str, f64); 7] = [
    ("p05", 0.05),
    ("p10", 0.10),
    ("p25", 0.25),
    ("p50", 0.50),
    ("p75", 0.75),
    ("p90", 0.90),
    ("p95", 0.95),
];

#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    pub period: Period,
    pub as_of: Date,
    /// Won in the period by the as-of day.
    pub booked: Money,
    pub open_deals: usize,
    /// The expected amount that the deals open on the as-of day add by the period's end.
    pub from_open: Money,
    /// The expected amount from deals that are not yet created.
    pub from_new: Money,
    /// `booked + from_open + from_new`.
    pub mean: Money,
    /// Of the whole period, booked included, in the order of `QUANTILES`.
    pub quantiles: [Money; QUANTILES.len()],
    /// Who was listened to, the funnel model first; the weights sum to 1.
    pub voices: Vec<Voice>,
    /// Past windows without overlap that the weights and the spread lean on.
    pub past_windows: f64,
    /// How many closed deals the model was fitted on.
    pub closed_deals: usize,
    /// By what the model tells deals apart: product, source, type or owner.
    pub told_apart_by: Option<&'static str>,
    /// Whether history that the model leans on was put together from exports.
    pub reconstructed: bool,
    pub futures: usize,
    /// Whether the period had ended by the as-of day: then nothing is left to forecast.
    pub is_over: bool,
}

/// One way to forecast, and how much its past accuracy lets it say.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    pub name: String,
    /// 0 to 1.
    pub weight: f64,
    /// What it says of the whole period, booked included.
    pub total: Money,
}

impl Forecast {
    fn answer(&self) -> String {
        let (period, booked) = (self.period, short(self.booked));
        if self.is_over {
            return format!("{period} is over: {booked} was booked.");
        }
        format!(
            "{period} is heading for {}; with 80 % probability between {} and {}. {booked} is \
             booked.",
            short(self.quantile("p50")),
            short(self.quantile("p10")),
            short(self.quantile("p90")),
        )
    }

    /// The quantile of a name of `QUANTILES`.
    pub fn quantile(&self, name: &str) -> Money {
        let index = QUANTILES.iter().position(|(quantile, _)| *quantile == name);
        self.quantiles[index.expect("the name is one of QUANTILES")]
    }
}

impl Report for Forecast {
    fn document(&self) -> Document {
        let code = code(self.mean.currency);
        let mut parts = Table::new("Where it comes from", &["Part", &format!(">Amount {code}")]);
        parts.row([format!("booked by {}", self.as_of).into(), Cell::Money(self.booked)]);
        parts.row([format!("from {} open deals", self.open_deals).into(), self.from_open.into()]);
        parts.row(["from deals not yet created".into(), Cell::Money(self.from_new)]);
        parts.row(["expected in total".into(), Cell::Money(self.mean)]);
        let mut chances = Table::new("How sure it is", &[">Chance", &format!(">At least {code}")]);
        for ((_, level), amount) in QUANTILES.iter().zip(self.quantiles) {
            chances.row([Cell::Text(format!("{:.0} %", (1.0 - level) * 100.0)), amount.into()]);
        }
        let mut voices =
            Table::new("Who is listened to", &["Says", ">Weight", &format!(">Total {code}")]);
        for voice in &self.voices {
            let weight = Cell::Share(voice.weight);
            voices.row([voice.name.clone().into(), weight, voice.total.into()]);
        }
        let mut notes = vec![format!(
            "Fitted on {} deals that had closed by {}{}; {} simulated futures.",
            self.closed_deals,
            self.as_of,
            self.told_apart_by.map(|by| format!(", told apart by {by}")).unwrap_or_default(),
            self.futures
        )];
        if self.reconstructed {
            notes.push("History before the first export is reconstructed from its dates.".into());
        }
        if !self.voices.is_empty() {
            notes.push(format!(
                "Weights and spread come from what each would have said on past days: {:.0} \
                 windows without overlap.",
                self.past_windows
            ));
        }
        let tables = if self.is_over { vec![parts] } else { vec![parts, chances, voices] };
        Document { answer: self.answer(), tables, notes }
    }

    fn json(&self) -> Value {
        let quantiles: serde_json::Map<String, Value> = QUANTILES
            .iter()
            .zip(self.quantiles)
            .map(|((name, _), amount)| ((*name).to_owned(), json!(amount.to_decimal())))
            .collect();
        let voice = |voice: &Voice| {
            json!({
                "name": voice.name,
                "weight": voice.weight,
                "total": voice.total.to_decimal(),
            })
        };
        let voices: Vec<Value> = self.voices.iter().map(voice).collect();
        json!({
            "period": self.period.to_string(),
            "as_of": self.as_of.to_string(),
            "currency": self.mean.currency.code(),
            "booked": self.booked.to_decimal(),
            "open_deals": self.open_deals,
            "from_open": self.from_open.to_decimal(),
            "from_new": self.from_new.to_decimal(),
            "mean": self.mean.to_decimal(),
            "quantiles": quantiles,
            "voices": voices,
            "past_windows": self.past_windows,
            "closed_deals": self.closed_deals,
            "told_apart_by": self.told_apart_by,
            "reconstructed": self.reconstructed,
            "futures": self.futures,
        })
    }
}
