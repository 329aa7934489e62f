//! What a metric is, read from the head of its definition in words.

use std::collections::BTreeMap;
use std::str::FromStr;

use domain::kind::{Kind, UnknownKind};

use crate::error::LakeError;

/// One metric of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    pub name: String,
    pub title: String,
    /// The formula in words.
    pub formula: String,
    /// What one counted row is.
    pub grain: String,
    pub unit: Unit,
    pub direction: Direction,
    /// The leg of the relay that owns the figure.
    pub leg: Leg,
    /// Where the definition comes from.
    pub source: String,
    /// What is counted how in odd cases; Markdown.
    pub edge_cases: String,
    pub rows: Rows,
    pub sql: String,
}

/// The rows that a figure is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    Of {
        /// The part of the question that they are.
        relation: String,
        /// What each is of, by its `id`.
        records: Kind,
        /// Columns that are shown of each, beside owner and day.
        shows: Vec<String>,
    },
    /// There are none that could be shown, for this reason.
    None(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    /// Minor units of the company's currency.
    Money,
    /// 0.25 is 25 %; a coverage may be more than 1.
    Ratio,
    Days,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

/// A leg of the relay from stranger to loyal customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    Awareness,
    Demand,
    HandOff,
    Pipeline,
    Close,
    Loyalty,
}

/// The metrics that come with the program, by leg and name.
pub fn catalogue() -> Result<Vec<Metric>, LakeError> {
    let parsed = FILES.iter().map(|(name, sql, text)| Metric::parse(name, sql, text));
    let mut metrics = parsed.collect::<Result<Vec<Metric>, _>>()?;
    metrics.sort_by(|a, b| (a.leg, &a.name).cmp(&(b.leg, &b.name)));
    Ok(metrics)
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("../../metrics/", $name, ".sql")),
            include_str!(concat!("../../metrics/", $name, ".md")),
        )),*]
    };
}

/// Name, question and definition.
pub(super) const FILES: &[(&str, &str, &str)] = files![
    "acceptance_rate",
    "agreement_kept",
    "alignment",
    "average_sales_price",
    "churned_monthly_amount",
    "costs",
    "cycle_days_p50",
    "cycle_days_p90",
    "hand_offs_accepted",
    "leads",
    "mqls",
    "open_deal_age_days",
    "opportunities_created",
    "pipeline_amount",
    "pipeline_coverage",
    "pipeline_created",
    "pipeline_velocity",
    "pushes",
    "renewed_monthly_amount",
    "revenue",
    "sqls",
    "stage_conversion",
    "touches",
    "win_rate",
    "wins",
];

impl Metric {
    /// Reads a metric from its question and its definition: lines of `key: value` between two
    /// lines of dashes, then the edge cases.
    pub fn parse(name: &str, sql: &str, text: &str) -> Result<Metric, LakeError> {
        let wrong = |reason: String| LakeError::MetricText { name: name.to_owned(), reason };
        let (head, edge_cases) = text
            .strip_prefix("---\n")
            .and_then(|rest| rest.split_once("\n---\n"))
            .ok_or_else(|| wrong("its definition has no head between two lines of `---`".into()))?;
        let head: BTreeMap<&str, &str> =
            head.lines().filter_map(|line| line.split_once(": ")).collect();
        let get = |key: &str| {
            let value = head.get(key).map(|value| value.trim());
            value.ok_or_else(|| wrong(format!("its definition lacks `{key}`")))
        };
        Ok(Metric {
            name: name.to_owned(),
            title: get("title")?.to_owned(),
            formula: get("formula")?.to_owned(),
            grain: get("grain")?.to_owned(),
            unit: get("unit")?.parse().map_err(wrong)?,
            direction: get("direction")?.parse().map_err(wrong)?,
            leg: get("leg")?.parse().map_err(wrong)?,
            source: get("source")?.to_owned(),
            edge_cases: edge_cases.trim().to_owned(),
            rows: rows(&head).map_err(wrong)?,
            sql: sql.to_owned(),
        })
    }
}

/// `rows: NAME` with what they are of and what they show, or `rows: none, REASON`.
fn rows(head: &BTreeMap<&str, &str>) -> Result<Rows, String> {
    let told = |key: &str| {
        let value = head.get(key).map(|value| value.trim());
        value.ok_or_else(|| format!("its definition lacks `{key}`"))
    };
    let relation = told("rows")?;
    if let Some(reason) = relation.strip_prefix("none, ") {
        return Ok(Rows::None(reason.to_owned()));
    }
    let names = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect();
    Ok(Rows::Of {
        relation: relation.to_owned(),
        records: told("records")?.parse().map_err(|error: UnknownKind| error.to_string())?,
        shows: names(told("shows")?),
    })
}

impl FromStr for Unit {
    type Err = String;

    fn from_str(text: &str) -> Result<Unit, String> {
        match text {
            "count" => Ok(Unit::Count),
            "money" => Ok(Unit::Money),
            "ratio" => Ok(Unit::Ratio),
            "days" => Ok(Unit::Days),
            _ => Err(format!("its unit `{text}` is none of count, money, ratio, days")),
        }
    }
}

impl FromStr for Direction {
    type Err = String;

    fn from_str(text: &str) -> Result<Direction, String> {
        match text {
            "up" => Ok(Direction::Up),
            "down" => Ok(Direction::Down),
            _ => Err(format!("its direction `{text}` is neither up nor down")),
        }
    }
}

impl Leg {
    pub const ALL: [Leg; 6] =
        [Leg::Awareness, Leg::Demand, Leg::HandOff, Leg::Pipeline, Leg::Close, Leg::Loyalty];

    pub fn name(self) -> &'static str {
        match self {
            Leg::Awareness => "awareness",
            Leg::Demand => "demand",
            Leg::HandOff => "hand-off",
            Leg::Pipeline => "pipeline",
            Leg::Close => "close",
            Leg::Loyalty => "loyalty",
        }
    }
}

impl FromStr for Leg {
    type Err = String;

    fn from_str(text: &str) -> Result<Leg, String> {
        Leg::ALL
            .into_iter()
            .find(|leg| leg.name() == text)
            .ok_or_else(|| format!("`{text}` is not a leg of the relay"))
    }
}
