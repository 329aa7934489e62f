//! The metrics catalogue, its figures, and the rows behind them.

mod rows;

use domain::money::Money;
use domain::period::Days;
use jiff::civil::Date;
use lake::metric::{
    Cell as LakeCell, Dimension, Direction, Metric, MetricQuery, Rows, Unit, catalogue,
};
use reports::document::Cell;
use reports::metrics::{Catalogue, Definition, Figures};

use crate::context::Context;
use crate::error::Error;
use crate::world::World;

pub use rows::{RowsQuestion, rows};

/// What is asked of a metric; what is left out is the fiscal year up to the as-of day.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub name: String,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub by: Option<String>,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
}

/// What figures can be broken down by.
pub fn dimensions() -> Vec<&'static str> {
    Dimension::ALL.map(Dimension::name).into()
}

/// The names of all metrics.
///
/// # Errors
/// When the catalogue cannot be read, which no build is known to bring about.
pub fn names() -> Result<Vec<String>, Error> {
    Ok(catalogue()?.into_iter().map(|metric| metric.name.to_string()).collect())
}

/// All metrics, by leg.
pub fn list() -> Result<Catalogue, Error> {
    Ok(Catalogue { metrics: catalogue()?.iter().map(definition).collect() })
}

/// The figures of one metric over a period, and its definition.
///
/// # Errors
/// When there is no such metric or dimension, or the period ends before it begins.
pub async fn show(context: &Context, question: &Question) -> Result<Figures, Error> {
    let world = World::of_tables(context, context.as_of(question.as_of, question.known_at)).await?;
    let query = query(context, question, world.as_of).await?;
    let MetricQuery { from, to, by, .. } = query;
    let table = world.tables.metric(&question.name, query).await?;
    let metric = catalogue()?.into_iter().find(|metric| metric.name == question.name);
    let owners = match by {
        Some(Dimension::Owner) => context.store.names(domain::kind::Kind::Users).await?,
        _ => Vec::new(),
    };
    let named = |text: &str| {
        let owner = owners.iter().find(|(id, _)| id.to_string() == text);
        owner.map_or_else(|| text.to_owned(), |(_, name)| name.clone())
    };
    let cell = |(index, cell): (usize, &LakeCell)| match cell {
        LakeCell::Text(text) => Cell::Text(named(text)),
        cell => shown((index, cell), table.unit, context),
    };
    let mut rows: Vec<Vec<Cell>> =
        table.rows.iter().map(|row| row.iter().enumerate().map(cell).collect()).collect();
    if by == Some(Dimension::Owner) {
        // Sorted by random ids until the names were known.
        rows.sort_by_key(|row| row.first().map(reports::render::shown));
    }
    Ok(Figures {
        definition: metric.as_ref().map(definition).unwrap_or_default(),
        from,
        to,
        as_of: world.as_of,
        by: question.by.clone(),
        columns: table.columns.clone(),
        rows,
    })
}

/// The figure of one metric over some days, not broken down: for whoever asks for many.
pub(crate) async fn total(
    context: &Context,
    world: &World,
    name: &str,
    Days { first, last }: Days,
) -> Result<Cell, Error> {
    let row = row(context, world, name, Days { first, last }).await?;
    Ok(row.into_iter().nth(1).unwrap_or(Cell::Missing))
}

/// As [`total`], with the parts of the figure behind it: segment, figure, parts.
pub(crate) async fn row(
    context: &Context,
    world: &World,
    name: &str,
    Days { first, last }: Days,
) -> Result<Vec<Cell>, Error> {
    let target_minor = target(context, first, last).await?;
    let query = MetricQuery { from: first, to: last, by: None, target_minor };
    let metric = catalogue()?.into_iter().find(|metric| metric.name == name);
    let key = match metric {
        Some(metric) => {
            let ground = world.tables.ground_of(&metric)?;
            world.memo_key(context, &ground, &("metric", name, query))
        }
        None => None,
    };
    let memo = &context.memos.metrics;
    if let Some(row) = key.and_then(|key| memo.find(key)) {
        return Ok(row);
    }
    let table = world.tables.metric(name, query).await?;
    let cells = table.rows.into_iter().next().unwrap_or_default();
    let row: Vec<Cell> =
        cells.iter().enumerate().map(|cell| shown(cell, table.unit, context)).collect();
    if let Some(key) = key {
        memo.keep(key, row.clone());
    }
    Ok(row)
}

/// A cell of a metric's row: the second one is the figure.
fn shown((index, cell): (usize, &LakeCell), unit: Unit, context: &Context) -> Cell {
    match cell {
        LakeCell::Null => Cell::Missing,
        LakeCell::Text(text) => Cell::Text(text.clone()),
        LakeCell::Integer(number) if index == 1 => value(*number as f64, unit, context),
        LakeCell::Integer(number) => Cell::Count(*number),
        LakeCell::Number(number) if index == 1 => value(*number, unit, context),
        LakeCell::Number(number) => Cell::Number(*number),
    }
}

/// What is asked of the lake.
async fn query(context: &Context, question: &Question, as_of: Date) -> Result<MetricQuery, Error> {
    let calendar = context.company.calendar;
    let to = question.to.unwrap_or(as_of);
    let year = || calendar.days(calendar.year_of(to)).first;
    let from = question.from.unwrap_or_else(year);
    if to < from {
        return Err(Error::Input(format!("{to} lies before {from}: give the earlier day first")));
    }
    let by: Option<Dimension> = question.by.as_deref().map(str::parse).transpose()?;
    Ok(MetricQuery { from, to, by, target_minor: target(context, from, to).await? })
}

/// What the period is to bring, where it is the period of a goal.
async fn target(context: &Context, from: Date, to: Date) -> Result<Option<i64>, Error> {
    let calendar = context.company.calendar;
    let is_its_period = |goal: &&domain::goal::Goal| {
        let days = calendar.days(goal.period);
        (days.first, days.last) == (from, to)
    };
    Ok(context.store.goals().await?.iter().find(is_its_period).map(|goal| goal.amount.minor))
}

/// A figure in its unit.
pub fn value(number: f64, unit: Unit, context: &Context) -> Cell {
    let currency = context.company.currency;
    match unit {
        Unit::Count if number.fract() == 0.0 => Cell::Count(number as i64),
        Unit::Count => Cell::Number(number),
        Unit::Money => Cell::Money(Money { minor: number.round() as i64, currency }),
        Unit::Ratio => Cell::Share(number),
        Unit::Days => Cell::Days(number),
    }
}

fn definition(metric: &Metric) -> Definition {
    Definition {
        name: metric.name.clone(),
        title: metric.title.clone(),
        formula: metric.formula.clone(),
        grain: metric.grain.clone(),
        unit: unit_name(metric.unit),
        direction: direction_name(metric.direction),
        leg: metric.leg.name(),
        source: metric.source.clone(),
        edge_cases: metric.edge_cases.clone(),
        without_rows: match &metric.rows {
            Rows::None(reason) => Some(reason.clone()),
            Rows::Of { .. } => None,
        },
        sql: metric.sql.clone(),
    }
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "count",
        Unit::Money => "money",
        Unit::Ratio => "ratio",
        Unit::Days => "days",
    }
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}
