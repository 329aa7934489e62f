//! The way from a figure to its definition and to the rows behind it.

use app::metrics::dimensions;
use jiff::civil::Date;
use reports::document::Cell;
use reports::metrics::{Behind, Catalogue, Definition, Figures};
use reports::scoreboard::week::Week;
use reports::scoreboard::{Leg, Scoreboard};

use super::answers::Answer;
use super::asked::query;
use super::frame::Link;
use super::pages::{encoded, record_href};
use super::records::SHOWN;
use crate::table::TableView;

/// The columns of a table of legs: the metric, and its figure.
const METRIC: usize = 1;
const ACTUAL: usize = 2;
/// The column of a metric's figures.
const VALUE: usize = 1;

/// Where a metric has its page.
pub(super) fn href(name: &str) -> String {
    format!("/metrics/{}", encoded(name))
}

/// Whose rows are asked for: a metric from one day to another, as of a day.
struct Rows<'a> {
    metric: &'a str,
    from: Date,
    to: Date,
    as_of: Date,
    segment: Option<(&'a str, &'a str)>,
}

impl Rows<'_> {
    fn href(&self) -> String {
        let day = |day: Date| Some(day.to_string());
        let named = |text: &str| Some(text.to_owned());
        let pairs = [
            ("from", day(self.from)),
            ("to", day(self.to)),
            ("as_of", day(self.as_of)),
            ("by", self.segment.and_then(|(by, _)| named(by))),
            ("value", self.segment.and_then(|(_, value)| named(value))),
        ];
        format!("{}/rows{}", href(self.metric), query(&pairs))
    }
}

/// What settles of which days and segments a metric is asked.
pub(super) struct Form {
    pub path: String,
    pub from: String,
    pub to: String,
    pub dimensions: Vec<&'static str>,
    pub by: String,
    /// The segment, on a page of rows.
    pub value: Option<String>,
}

impl Form {
    pub fn new(answer: &Answer) -> Option<Form> {
        let form = |name: &str, (from, to): (Date, Date), by: &Option<String>| Form {
            path: href(name),
            from: from.to_string(),
            to: to.to_string(),
            dimensions: dimensions(),
            by: by.clone().unwrap_or_default(),
            value: None,
        };
        match answer {
            Answer::Metric(figures) => {
                let Figures { definition, from, to, by, .. } = figures.as_ref();
                Some(form(&definition.name, (*from, *to), by))
            }
            Answer::MetricRows(behind) => {
                let Behind { definition, from, to, by, value, .. } = behind.as_ref();
                let form = form(&definition.name, (*from, *to), by);
                let path = format!("{}/rows", form.path);
                Some(Form { path, value: Some(value.clone().unwrap_or_default()), ..form })
            }
            _ => None,
        }
    }
}

/// What a metric is, on its own page.
pub(super) fn definition(answer: &Answer) -> Option<Definition> {
    match answer {
        Answer::Metric(figures) => Some(figures.definition.clone()),
        _ => None,
    }
}

/// The catalogue, each metric leading to its page.
pub(super) fn catalogue(catalogue: &Catalogue, view: TableView) -> TableView {
    view.linked_at(METRIC, catalogue.metrics.iter().map(|metric| href(&metric.name)))
}

/// The figures of a metric, each leading to the rows behind it.
pub(super) fn figures(figures: &Figures, view: TableView) -> TableView {
    if figures.definition.without_rows.is_some() {
        return view;
    }
    let hrefs = figures.rows.iter().map(|row| rows_of(figures, row.first()).href());
    view.linked_at(VALUE, hrefs)
}

fn rows_of<'a>(figures: &'a Figures, segment: Option<&'a Cell>) -> Rows<'a> {
    let segment = match (figures.by.as_deref(), segment) {
        (Some(by), Some(Cell::Text(segment))) => Some((by, segment.as_str())),
        _ => None,
    };
    Rows {
        metric: &figures.definition.name,
        from: figures.from,
        to: figures.to,
        as_of: figures.as_of,
        segment,
    }
}

/// The rows behind a figure, each leading to its record where that has a page.
pub(super) fn rows(behind: &Behind, view: TableView) -> TableView {
    if !SHOWN.contains(&behind.records) {
        return view;
    }
    let href = |id: &Option<String>| {
        id.as_deref().map(|id| record_href(behind.records, id)).unwrap_or_default()
    };
    view.linked(behind.rows.iter().map(|row| href(&row.id)))
}

/// The legs of the scoreboard: each metric leads to its definition, its figure to its rows.
pub(super) fn legs(board: &Scoreboard, view: TableView) -> TableView {
    let legs: Vec<_> = board.legs.iter().filter(|leg| leg.has_figures()).collect();
    let rows = legs.iter().map(|leg| rows_of_leg(board, leg, board.as_of));
    view.linked_at(METRIC, legs.iter().map(|leg| href(leg.metric))).linked_at(ACTUAL, rows)
}

/// The rows behind what a leg has brought since the period began until a day; of a part of what its
/// metric counts, none.
pub(super) fn rows_of_leg(board: &Scoreboard, leg: &Leg, until: Date) -> String {
    match leg.is_whole {
        true => rows_from_to(leg.metric, (board.first, until), board.as_of),
        false => String::new(),
    }
}

/// The rows of a metric from one day to another.
pub(super) fn rows_from_to(metric: &str, (from, to): (Date, Date), as_of: Date) -> String {
    Rows { metric, from, to, as_of, segment: None }.href()
}

/// As [`legs`], of the last week and the one before.
pub(super) fn week(week: &Week, view: TableView) -> TableView {
    let rows = |weeks: i64| {
        let day = |days: i64| week.as_of.saturating_sub(jiff::Span::new().days(days));
        let (from, to) = (day(7 * weeks - 1), day(7 * (weeks - 1)));
        let of = move |metric| Rows { metric, from, to, as_of: week.as_of, segment: None }.href();
        week.legs.iter().map(move |leg| of(leg.metric))
    };
    view.linked_at(METRIC, week.legs.iter().map(|leg| href(leg.metric)))
        .linked_at(ACTUAL, rows(1))
        .linked_at(ACTUAL + 1, rows(2))
}

/// From a metric to its rows, and back.
pub(super) fn ways_on(answer: &Answer) -> Option<Link> {
    match answer {
        Answer::Metric(figures) if figures.definition.without_rows.is_none() => {
            Some(Link::new("The rows behind it", rows_of(figures, None).href()))
        }
        Answer::MetricRows(behind) => {
            let day = |day: Date| Some(day.to_string());
            let pairs = [
                ("from", day(behind.from)),
                ("to", day(behind.to)),
                ("as_of", day(behind.as_of)),
                ("by", behind.by.clone()),
            ];
            let page = format!("{}{}", href(&behind.definition.name), query(&pairs));
            Some(Link::new(format!("{}: figures", behind.definition.title), page))
        }
        _ => None,
    }
}
