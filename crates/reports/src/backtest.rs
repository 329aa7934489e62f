//! Graded forecasts: what each method would have said on past days, against what came.
//!
//! It shows the grades that it is given; it does not know how a method forecasts or is scored.

use domain::money::{Currency, Money};
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::forecast::QUANTILES;
use crate::render::{code, counted};

/// What most companies forecast by.
const USUAL: &str = "stage-weighted";
/// How many past days the terminal shows; the JSON holds them all.
const ORIGINS_SHOWN: usize = 24;

#[derive(Clone, Debug, PartialEq)]
pub struct Backtest {
    /// Baton first, then each baseline.
    pub methods: Vec<Method>,
    /// The past days on which a forecast was made, in order of time.
    pub origins: Vec<Origin>,
    pub currency: Currency,
    /// Whether history that it leans on was put together from exports.
    pub reconstructed: bool,
    pub notes: Vec<String>,
}

/// The grades of one method over all origins; `None` where it says nothing that could be graded so
/// (a method without an interval), or not often enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    pub name: &'static str,
    /// Of the median, 0 to 100 and more.
    pub mean_absolute_error_percent: Option<f64>,
    /// In the currency's unit, as are the next two.
    pub pinball: Option<f64>,
    pub interval_score_80: Option<f64>,
    pub crps: Option<f64>,
    /// The share of outcomes inside the interval, 0 to 1.
    pub coverage_50: Option<f64>,
    pub coverage_80: Option<f64>,
    pub coverage_95: Option<f64>,
    /// Positive where it says too much.
    pub bias_percent: Option<f64>,
}

/// One past day, what was said then of a period, and what came. All amounts are of the whole
/// period, what was booked by then included.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    pub as_of: Date,
    pub period: Period,
    pub period_end: Date,
    pub booked: Money,
    pub actual: Money,
    /// What Baton said, in the order of `QUANTILES`.
    pub quantiles: [Money; QUANTILES.len()],
    /// What each method said, in the order of `methods`.
    pub medians: Vec<Option<Money>>,
    /// The ends of each method's 80 % interval, in the order of `methods`.
    pub intervals_80: Vec<Option<[Money; 2]>>,
}

impl Origin {
    /// The quantile of a name of `QUANTILES`.
    pub fn quantile(&self, name: &str) -> Option<Money> {
        let index = QUANTILES.iter().position(|(quantile, _)| *quantile == name)?;
        self.quantiles.get(index).copied()
    }

    /// Whether what came lies inside the 80 % interval, ends included.
    pub fn inside_80(&self) -> bool {
        let within = |low: Money, high: Money| low <= self.actual && self.actual <= high;
        self.quantile("p10").zip(self.quantile("p90")).is_some_and(|(low, high)| within(low, high))
    }

    fn json(&self, methods: &[Method]) -> Value {
        let quantiles: Map<String, Value> = (QUANTILES.iter().zip(self.quantiles))
            .map(|((name, _), amount)| ((*name).to_owned(), json!(amount.to_decimal())))
            .collect();
        let medians: Map<String, Value> = (methods.iter().zip(&self.medians))
            .map(|(method, median)| (method.name.to_owned(), json!(median.map(Money::to_decimal))))
            .collect();
        let intervals: Map<String, Value> = (methods.iter().zip(&self.intervals_80))
            .map(|(method, ends)| {
                (method.name.to_owned(), json!(ends.map(|ends| ends.map(Money::to_decimal))))
            })
            .collect();
        json!({
            "as_of": self.as_of.to_string(),
            "period": self.period.to_string(),
            "period_end": self.period_end.to_string(),
            "booked": self.booked.to_decimal(),
            "actual": self.actual.to_decimal(),
            "quantiles": quantiles,
            "medians": medians,
            "intervals_80": intervals,
        })
    }
}

impl Method {
    fn row(&self) -> [Cell; 8] {
        let percent = |share: Option<f64>| share.map_or(Cell::Missing, Cell::Share);
        let number = |score: Option<f64>| score.map_or(Cell::Missing, Cell::Number);
        [
            self.name.into(),
            percent(self.mean_absolute_error_percent.map(|percent| percent / 100.0)),
            percent(self.bias_percent.map(|percent| percent / 100.0)),
            percent(self.coverage_50),
            percent(self.coverage_80),
            percent(self.coverage_95),
            number(self.interval_score_80),
            number(self.crps),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "mean_absolute_error_percent": self.mean_absolute_error_percent,
            "pinball": self.pinball,
            "interval_score_80": self.interval_score_80,
            "crps": self.crps,
            "coverage_50": self.coverage_50,
            "coverage_80": self.coverage_80,
            "coverage_95": self.coverage_95,
            "bias_percent": self.bias_percent,
        })
    }
}

impl Backtest {
    /// The method whose median was off by least.
    pub fn best(&self) -> Option<&Method> {
        let graded = self.methods.iter().filter(|m| m.mean_absolute_error_percent.is_some());
        graded.min_by(|a, b| {
            let error = |method: &Method| method.mean_absolute_error_percent.unwrap_or(f64::MAX);
            error(a).total_cmp(&error(b))
        })
    }

    /// How Baton did, in a sentence.
    pub fn answer(&self) -> String {
        let graded = self
            .methods
            .first()
            .and_then(|baton| Some((baton.name, baton.mean_absolute_error_percent?, self.best()?)));
        let Some((name, error, best)) = graded else {
            return "There is too little history to grade a forecast.".to_owned();
        };
        let days = counted(self.origins.len(), "past day");
        let usual = self.methods.iter().find(|method| method.name == USUAL);
        let usual = usual.and_then(|usual| usual.mean_absolute_error_percent);
        let usual = usual.map_or(String::new(), |error| {
            format!("a {USUAL} pipeline was off by {error:.1} % in the mean, ")
        });
        let in_the_mean = if usual.is_empty() { " in the mean" } else { "" };
        let first = format!("On {days} {usual}{name} was off by {error:.1} %{in_the_mean}");
        match best.mean_absolute_error_percent {
            Some(least) if best.name != name => {
                format!("{first}; the best simple method, {}, by {least:.1} %.", best.name)
            }
            _ => format!("{first}, less than any simple method."),
        }
    }

    pub fn methods_table(&self) -> Table {
        let code = code(self.currency);
        let (interval, crps) = (format!(">Interval score {code}"), format!(">CRPS {code}"));
        let columns =
            ["Method", ">Off by", ">Bias", ">In 50 %", ">In 80 %", ">In 95 %", &interval, &crps];
        let mut table = Table::new("How each method did", &columns);
        for method in &self.methods {
            table.row(method.row());
        }
        table
    }

    /// What the columns mean, and what the figures lean on.
    pub fn explanations(&self) -> Vec<String> {
        let mut notes = vec![
            "Off by: mean absolute error of the median, as a share of what came. In 80 %: how \
             often what came was inside the interval that should hold it 80 % of the time. Scores: \
             lower is better."
                .to_owned(),
        ];
        if self.reconstructed {
            notes.push("History before the first export is reconstructed from its dates.".into());
        }
        notes.extend(self.notes.iter().cloned());
        notes
    }

    /// The last past days, at most so many.
    pub fn origins_table(&self, shown: usize) -> Table {
        let code = code(self.currency);
        let headers = ["Booked", "Low (10 %)", "Median", "High (90 %)", "Came"]
            .map(|header| format!(">{header} {code}"));
        let mut columns = vec!["As of", "Period"];
        columns.extend(headers.iter().map(String::as_str));
        columns.push("Inside");
        let mut table = Table::new("What was said, and what came", &columns);
        let skipped = self.origins.len().saturating_sub(shown);
        for origin in self.origins.iter().skip(skipped) {
            table.row([
                origin.as_of.into(),
                origin.period.to_string().into(),
                origin.booked.into(),
                origin.quantile("p10").into(),
                origin.quantile("p50").into(),
                origin.quantile("p90").into(),
                origin.actual.into(),
                if origin.inside_80() { "yes" } else { "no" }.into(),
            ]);
        }
        table
    }
}

impl Report for Backtest {
    fn document(&self) -> Document {
        let mut notes = self.explanations();
        if self.origins.len() > ORIGINS_SHOWN {
            notes.push(format!("The last {ORIGINS_SHOWN} of {} days.", self.origins.len()));
        }
        Document {
            answer: self.answer(),
            tables: vec![self.methods_table(), self.origins_table(ORIGINS_SHOWN)],
            notes,
        }
    }

    fn json(&self) -> Value {
        let origin = |origin: &Origin| origin.json(&self.methods);
        json!({
            "currency": self.currency.code(),
            "methods": self.methods.iter().map(Method::json).collect::<Vec<_>>(),
            "origins": self.origins.iter().map(origin).collect::<Vec<_>>(),
            "reconstructed": self.reconstructed,
            "notes": self.notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::money::unnamed;
    use expect_test::expect;
    use jiff::civil::date;

    use super::*;
    use crate::render::terminal;

    /// The tables alone, as they stand on a terminal.
    fn tables(backtest: &Backtest) -> String {
        let tables = backtest.document().tables;
        let page = |table| Document { tables: vec![table], ..Document::default() };
        let pages = tables.into_iter().map(|table| terminal(&page(table), 100));
        let without_title = |page: String| page.lines().skip(2).collect::<Vec<_>>().join("\n");
        pages.map(without_title).collect::<Vec<_>>().join("\n\n") + "\n"
    }

    fn sample() -> Backtest {
        let currency = unnamed();
        let money = |major: i64| Money { minor: major * 100, currency };
        let method = |name, error| Method {
            name,
            mean_absolute_error_percent: Some(error),
            pinball: None,
            interval_score_80: None,
            crps: None,
            coverage_50: None,
            coverage_80: None,
            coverage_95: None,
            bias_percent: Some(-error),
        };
        let baton = Method { coverage_80: Some(1.0), crps: Some(5.0), ..method("Baton", 10.0) };
        Backtest {
            methods: vec![baton, method("run rate", 8.0)],
            origins: vec![Origin {
                as_of: date(2017, 6, 30),
                period: Period::Quarter { year: 2017, quarter: 3 },
                period_end: date(2017, 9, 30),
                booked: money(0),
                actual: money(100),
                quantiles: [70, 80, 85, 90, 95, 100, 110].map(money),
                medians: vec![Some(money(90)), None],
                intervals_80: vec![Some([money(80), money(100)]), None],
            }],
            currency,
            reconstructed: true,
            notes: vec![],
        }
    }

    #[test]
    fn the_better_method_is_named_even_when_it_is_the_simple_one() {
        assert_eq!(
            sample().answer(),
            "On 1 past day Baton was off by 10.0 % in the mean; the best simple method, run \
             rate, by 8.0 %."
        );
        expect![[r#"
             Method     Off by      Bias   In 50 %   In 80 %   In 95 %   Interval score   CRPS
            ───────────────────────────────────────────────────────────────────────────────────
             Baton      10.0 %   -10.0 %         –   100.0 %         –                –    5.0
             run rate    8.0 %    -8.0 %         –         –         –                –      –

             As of        Period    Booked   Low (10 %)   Median   High (90 %)     Came   Inside
            ─────────────────────────────────────────────────────────────────────────────────────
             2017-06-30   2017-Q3     0.00        80.00    90.00        100.00   100.00   yes
        "#]]
        .assert_eq(&tables(&sample()));
    }

    #[test]
    fn amounts_are_decimal_strings() {
        let json = sample().json();
        assert_eq!(json["origins"][0]["quantiles"]["p50"], "90.00");
        assert_eq!(json["origins"][0]["medians"]["Baton"], "90.00");
        assert_eq!(json["origins"][0]["medians"]["run rate"], Value::Null);
        assert_eq!(json["origins"][0]["intervals_80"]["Baton"], json!(["80.00", "100.00"]));
        assert_eq!(json["origins"][0]["intervals_80"]["run rate"], Value::Null);
        assert_eq!(json["methods"][0]["crps"], 5.0);
    }
}
