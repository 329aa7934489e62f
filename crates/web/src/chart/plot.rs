//! The values of a chart, for whoever explores it in the browser.

use jiff::civil::Date;
use reports::awareness::{Awareness, Step};
use reports::backtest::{Backtest, Origin};
use reports::scoreboard::Leg;
use serde_json::{Value, json};

use super::{To, course};
use crate::money::{short_date, units};

/// Lines or bars over the same places.
pub struct Plot {
    labels: Vec<String>,
    series: Vec<Series>,
    unit: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    Number,
    /// Between 0 and 1.
    Share,
}

struct Series {
    name: &'static str,
    look: Look,
    /// `None` where nothing is known.
    values: Vec<Option<f64>>,
    /// Where each place leads to.
    to: Vec<String>,
}

/// How a series looks, by what it tells.
#[derive(Clone, Copy)]
enum Look {
    Expected,
    Actual,
    Bound,
    /// Single outcomes.
    Came,
    New,
    Returning,
}

impl Look {
    fn name(self) -> &'static str {
        match self {
            Look::Expected => "expected",
            Look::Actual => "actual",
            Look::Bound => "bound",
            Look::Came => "came",
            Look::New => "new",
            Look::Returning => "returning",
        }
    }
}

impl Plot {
    /// A leg since the period began, what came by a day leading to its rows.
    pub fn of_course(leg: &Leg, to: To<Date>) -> Plot {
        let unit = course::unit(leg);
        let points = || leg.curve.iter();
        let actual = points().map(|point| point.actual.map(|actual| actual / unit)).collect();
        Plot {
            labels: points().map(|point| short_date(point.until)).collect(),
            series: vec![
                Series {
                    name: "expected",
                    look: Look::Expected,
                    values: points().map(|point| Some(point.expected / unit)).collect(),
                    to: Vec::new(),
                },
                Series {
                    name: "actual",
                    look: Look::Actual,
                    values: actual,
                    to: points().map(|point| to(&point.until)).collect(),
                },
            ],
            unit: Unit::Number,
        }
    }

    /// The probability of the goal, each day leading to how things stood then.
    pub fn of_chance(course: &[(Date, f64)], to: To<Date>) -> Plot {
        Plot {
            labels: course.iter().map(|(day, _)| short_date(*day)).collect(),
            series: vec![Series {
                name: "probability",
                look: Look::Actual,
                values: course.iter().map(|(_, share)| Some(*share)).collect(),
                to: course.iter().map(|(day, _)| to(day)).collect(),
            }],
            unit: Unit::Share,
        }
    }

    /// Who came, each step leading to what happened in it.
    pub fn of_arrivals(found: &Awareness, to: To<Step>) -> Plot {
        let series = |name, look, people: fn(&Step) -> u64| Series {
            name,
            look,
            values: found.steps.iter().map(|step| Some(people(step) as f64)).collect(),
            to: found.steps.iter().map(to).collect(),
        };
        Plot {
            labels: found.steps.iter().map(|step| short_date(step.first)).collect(),
            series: vec![
                series("new", Look::New, |step| step.came.new_people),
                series("returning", Look::Returning, |step| step.came.returning_people()),
            ],
            unit: Unit::Number,
        }
    }

    /// What was said on past days and what came, each leading to what was said then.
    pub fn of_origins(backtest: &Backtest, to: To<Origin>) -> Plot {
        let origins = || backtest.origins.iter();
        let said = |name, look, quantile: &'static str| Series {
            name,
            look,
            values: origins().map(|origin| origin.quantile(quantile).map(units)).collect(),
            to: origins().map(to).collect(),
        };
        let came = Series {
            name: "came",
            look: Look::Came,
            values: origins().map(|origin| Some(units(origin.actual))).collect(),
            to: origins().map(to).collect(),
        };
        Plot {
            labels: origins().map(|origin| short_date(origin.as_of)).collect(),
            series: vec![
                said("high (90 %)", Look::Bound, "p90"),
                said("likely", Look::Expected, "p50"),
                said("low (10 %)", Look::Bound, "p10"),
                came,
            ],
            unit: Unit::Number,
        }
    }

    pub fn json(&self) -> Value {
        let series = |series: &Series| {
            json!({
                "name": series.name,
                "look": series.look.name(),
                "values": series.values,
                "to": series.to,
            })
        };
        json!({
            "labels": self.labels,
            "series": self.series.iter().map(series).collect::<Vec<_>>(),
            "unit": match self.unit {
                Unit::Number => "number",
                Unit::Share => "share",
            },
        })
    }
}
