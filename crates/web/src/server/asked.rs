//! What a request asks for: the page, and what its query says of days, period and filters.

use std::collections::HashMap;

use app::limits::SEARCH_CHARACTERS_MAX;
use app::listing::Filter;
use domain::kind::Kind;
use domain::period::Period;
use jiff::civil::Date;
use reports::attribution::Conversions;
use reports::pipeline::Flow;

use super::fault::Fault;
use super::settled::{self, Settled};
use super::what_if;

/// The pages that answer a question with a report; the check of the goal and the curve are for
/// programs alone, their addresses beneath those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Page {
    Scoreboard,
    Week,
    Goal,
    GoalCheck,
    GoalParts,
    Plan,
    PlanVersions,
    PlanVersion,
    PlanComparison,
    Leads,
    Scores,
    ScoreRules,
    Points,
    Deals,
    Pipeline,
    Board,
    Waterfall,
    Forecast,
    Calls,
    Backtest,
    Rates,
    Curve,
    Retention,
    Attribution,
    Awareness,
    Metrics,
    Metric,
    MetricRows,
    Quality,
    Imports,
    Journal,
    Proof,
    Teams,
    Queue,
    Agreement,
    Keeping,
    Dropped,
    Alignment,
    Periods,
    Period,
    PeriodProof,
    PeriodChecklist,
    Restatements,
    /// Its address is its own, as is the next one's: they are no part of [`Page::ALL`].
    Huddle,
    PayRelay,
    PaySimulation,
}

impl Page {
    pub const ALL: [Page; 43] = [
        Page::Scoreboard,
        Page::Week,
        Page::Goal,
        Page::GoalCheck,
        Page::GoalParts,
        Page::Plan,
        Page::PlanVersions,
        Page::PlanVersion,
        Page::PlanComparison,
        Page::Leads,
        Page::Scores,
        Page::ScoreRules,
        Page::Points,
        Page::Deals,
        Page::Pipeline,
        Page::Board,
        Page::Waterfall,
        Page::Forecast,
        Page::Calls,
        Page::Backtest,
        Page::Rates,
        Page::Curve,
        Page::Retention,
        Page::Attribution,
        Page::Awareness,
        Page::Metrics,
        Page::Metric,
        Page::MetricRows,
        Page::Quality,
        Page::Imports,
        Page::Journal,
        Page::Proof,
        Page::Teams,
        Page::Queue,
        Page::Agreement,
        Page::Keeping,
        Page::Dropped,
        Page::Alignment,
        Page::Periods,
        Page::Period,
        Page::PeriodProof,
        Page::PeriodChecklist,
        Page::Restatements,
    ];

    /// Its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Page::Scoreboard => "scoreboard",
            Page::Week => "week",
            Page::Goal => "goal",
            Page::GoalCheck => "goal/check",
            Page::GoalParts => "goal-parts",
            Page::Plan => "plan",
            Page::PlanVersions => "plan-versions",
            Page::PlanVersion => "plan-version",
            Page::PlanComparison => "plan-comparison",
            Page::Leads => "leads",
            Page::Scores => "scores",
            Page::ScoreRules => "score-rules",
            Page::Points => "points",
            Page::Deals => "deals",
            Page::Pipeline => "pipeline",
            Page::Board => "board",
            Page::Waterfall => "waterfall",
            Page::Forecast => "forecast",
            Page::Calls => "calls",
            Page::Backtest => "backtest",
            Page::Rates => "rates",
            Page::Curve => "funnel/curve",
            Page::Retention => "retention",
            Page::Attribution => "attribution",
            Page::Awareness => "awareness",
            Page::Metrics => "metrics",
            Page::Metric => "metric",
            Page::MetricRows => "metric-rows",
            Page::Quality => "quality",
            Page::Imports => "imports",
            Page::Journal => "journal",
            Page::Proof => "journal/proof",
            Page::Teams => "teams",
            Page::Queue => "queue",
            Page::Agreement => "agreement",
            Page::Keeping => "keeping",
            Page::Dropped => "dropped",
            Page::Alignment => "alignment",
            Page::Periods => "periods",
            Page::Period => "period",
            Page::PeriodProof => "period-proof",
            Page::PeriodChecklist => "period-checklist",
            Page::Restatements => "restatements",
            Page::Huddle => "huddle",
            Page::PayRelay => "pay/relay",
            Page::PaySimulation => "pay/simulation",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Page::Scoreboard => "Scoreboard",
            Page::Week => "Since last week",
            Page::Goal => "Goal",
            Page::GoalCheck => "What history says of the goal",
            Page::GoalParts => "Parts of the goal",
            Page::Plan => "Plan",
            Page::PlanVersions => "Saved plans",
            Page::PlanVersion => "A saved plan",
            Page::PlanComparison => "Plans compared",
            Page::Leads => "Leads",
            Page::Scores => "What becomes of leads",
            Page::ScoreRules => "Rules of fit and engagement",
            Page::Points => "Points of a lead",
            Page::Deals => "Deals",
            Page::Pipeline => "Pipeline",
            Page::Board => "Pipeline, deal by deal",
            Page::Waterfall => "How the pipeline moved",
            Page::Forecast => "Forecast",
            Page::Calls => "Calls",
            Page::Backtest => "The forecast, graded",
            Page::Rates => "Rates of the funnel",
            Page::Curve => "The share that gets from one state to another",
            Page::Retention => "Retention",
            Page::Attribution => "Attribution",
            Page::Awareness => "Awareness",
            Page::Metrics => "Metrics",
            Page::Metric => "Metric",
            Page::MetricRows => "Rows behind a metric",
            Page::Quality => "Data quality",
            Page::Imports => "Imports",
            Page::Journal => "Journal",
            Page::Proof => "Proof of the journal",
            Page::Teams => "Teams",
            Page::Queue => "Queue",
            Page::Agreement => "Agreement",
            Page::Keeping => "Who kept the agreement",
            Page::Dropped => "Dropped batons",
            Page::Alignment => "How both sides run together",
            Page::Periods => "Periods",
            Page::Period => "A closed period",
            Page::PeriodProof => "Proof of a closed period",
            Page::PeriodChecklist => "Before a period is closed",
            Page::Restatements => "What has changed since",
            Page::Huddle => "Huddle",
            Page::PayRelay => "Relay",
            Page::PaySimulation => "A pay plan tried out",
        }
    }

    pub fn named(name: &str) -> Option<Page> {
        Page::ALL.into_iter().find(|page| page.name() == name)
    }
}

/// The years of which a company may be asked: nobody waits for what an earlier or later one holds.
const YEARS: std::ops::Range<i16> = 1970..2200;

/// The query of a page, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Asked {
    pub as_of: Option<Date>,
    pub period: Option<Period>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// What figures are broken down by.
    pub by: Option<String>,
    /// What counts as a conversion.
    pub conversion: Option<Conversions>,
    /// The segment of what figures are broken down by.
    pub value: Option<String>,
    /// The step of a waterfall whose deals are looked at.
    pub step: Option<Flow>,
    /// The metric, or the saved plan.
    pub name: Option<String>,
    /// What a saved plan is held against.
    pub with: Option<String>,
    pub filter: Filter,
    /// What entries of the journal are looked for, beside days and text.
    pub journal: JournalFilter,
    /// Whether all of a long list is wanted, as far as a file holds it.
    pub is_download: bool,
    /// The plan's levers that are turned, each with by how many per cent.
    pub changes: Vec<(String, String)>,
    pub settled: Settled,
}

/// What the journal is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct JournalFilter {
    pub kind: Option<String>,
    pub record: Option<String>,
    pub field: Option<String>,
    pub who: Option<String>,
    pub cause: Option<String>,
    /// Set by who asks, never by a query: the kinds whose entries are seen; empty for all.
    pub held_to: Vec<Kind>,
}

impl Asked {
    /// Reads a query.
    ///
    /// # Errors
    /// A day or period that is none, named with its field.
    pub fn read(query: &HashMap<String, String>) -> Result<Asked, Fault> {
        let text = |name: &str| text(query, name);
        Ok(Asked {
            as_of: day(query, "as_of")?,
            period: settled::period(query, "period")?,
            from: day(query, "from")?,
            to: day(query, "to")?,
            by: text("by"),
            conversion: settled::conversion(query)?,
            value: text("value"),
            step: text("step").map(|step| step.parse()).transpose().map_err(Fault::Input)?,
            name: text("name"),
            with: text("with"),
            changes: what_if::asked(query),
            settled: Settled::default(),
            is_download: false,
            journal: JournalFilter {
                kind: text("kind"),
                record: text("record"),
                field: text("field"),
                who: text("who"),
                cause: text("cause"),
                held_to: Vec::new(),
            },
            filter: Filter {
                text: searched(query)?,
                stage: text("stage"),
                owner: text("owner"),
                outcome: text("outcome"),
                after: text("after"),
            },
        })
    }

    /// Reads the query of a program, which may settle more than a page does.
    ///
    /// # Errors
    /// As [`Asked::read`].
    pub fn of_program(query: &HashMap<String, String>) -> Result<Asked, Fault> {
        Ok(Asked { settled: Settled::read(query)?, ..Asked::read(query)? })
    }

    /// The query that asks a page for the same.
    pub fn query(&self) -> String {
        let pairs = self.pairs().into_iter().map(|(name, value)| (name.to_owned(), value));
        let changes = self
            .changes
            .iter()
            .map(|(lever, percent)| (format!("{}{lever}", what_if::PREFIX), Some(percent.clone())));
        query(&pairs.chain(changes).collect::<Vec<_>>())
    }

    /// The query as names and values.
    pub fn pairs(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("as_of", self.as_of.map(|day| day.to_string())),
            ("period", self.period.map(|period| period.to_string())),
            ("from", self.from.map(|day| day.to_string())),
            ("to", self.to.map(|day| day.to_string())),
            ("by", self.by.clone()),
            ("conversion", self.conversion.map(|conversion| conversion.name().to_owned())),
            ("value", self.value.clone()),
            ("step", self.step.map(|step| step.name().to_owned())),
            ("name", self.name.clone()),
            ("with", self.with.clone()),
            ("q", self.filter.text.clone()),
            ("stage", self.filter.stage.clone()),
            ("owner", self.filter.owner.clone()),
            ("outcome", self.filter.outcome.clone()),
            ("kind", self.journal.kind.clone()),
            ("record", self.journal.record.clone()),
            ("field", self.journal.field.clone()),
            ("who", self.journal.who.clone()),
            ("cause", self.journal.cause.clone()),
            ("after", self.filter.after.clone()),
        ]
    }

    /// The query that asks for what comes after one of a list.
    pub fn after(&self, id: &str) -> String {
        let filter = Filter { after: Some(id.to_owned()), ..self.filter.clone() };
        Asked { filter, ..self.clone() }.query()
    }

    /// What holds from page to page: the day and the period.
    pub fn held(&self) -> String {
        let pairs = [
            ("as_of", self.as_of.map(|day| day.to_string())),
            ("period", self.period.map(|period| period.to_string())),
        ];
        query(&pairs)
    }
}

/// What a query says under a name, unless that is nothing.
pub(super) fn text(query: &HashMap<String, String>, name: &str) -> Option<String> {
    query.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The text that is looked for.
fn searched(query: &HashMap<String, String>) -> Result<Option<String>, Fault> {
    let wanted = text(query, "q");
    match &wanted {
        Some(wanted) if wanted.chars().count() > SEARCH_CHARACTERS_MAX => Err(Fault::input(
            format!("`q` is too long: write at most {SEARCH_CHARACTERS_MAX} characters"),
        )),
        _ => Ok(wanted),
    }
}

/// A day under its name in a query.
///
/// # Errors
/// When it is none, or one that nobody asks for.
pub(super) fn day(
    query: &HashMap<String, String>,
    name: &'static str,
) -> Result<Option<Date>, Fault> {
    let Some(text) = text(query, name) else { return Ok(None) };
    let wrong =
        || Fault::input(format!("`{name}` is {text}: write a day from 1970 to 2199 as 2026-03-31"));
    let day: Date = text.parse().map_err(|_| wrong())?;
    if YEARS.contains(&day.year()) { Ok(Some(day)) } else { Err(wrong()) }
}

/// Pairs as a query with its question mark; empty without any.
pub(super) fn query<N: AsRef<str>>(pairs: &[(N, Option<String>)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        text.append_pair(name.as_ref(), value);
    }
    let text = text.finish();
    if text.is_empty() { text } else { format!("?{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_it_was_written() {
        let read = |text: &str| {
            let query: HashMap<String, String> =
                url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            Asked::read(&query)
        };
        let text = "as_of=2026-03-31&period=2026-Q1&q=a+%26+b&change.asp=5";
        let asked = read(text).expect("sound");
        assert_eq!(asked.query(), format!("?{text}"));
        assert_eq!(asked.held(), "?as_of=2026-03-31&period=2026-Q1");
        assert_eq!(read("as_of=").ok(), Some(Asked::default()));
        assert!(read("as_of=soon").is_err());
        assert!(read("as_of=0001-01-01").is_err());
        assert!(read("to=9999-12-31").is_err());
        assert!(read("period=2026-Q9").is_err());
    }
}
