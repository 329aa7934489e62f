//! The rows behind a figure: which records it counts, in the scope of who asks.

use std::collections::BTreeMap;

use domain::kind::Kind;
use domain::money::Money;
use jiff::civil::Date;
use lake::metric::{Cell as LakeCell, Dimension, MetricQuery, MetricRows, Rows, RowsQuery};
use reports::document::{Align, Cell, Column};
use reports::metrics::{Behind, RowBehind};
use uuid::Uuid;

use super::{Question, catalogue, definition, query, value};
use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// What stands before the columns that a definition shows: id, segment, owner, day.
const BEFORE: usize = 4;

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub struct RowsQuestion {
    /// The metric, its days, and by what it is broken down.
    pub of: Question,
    /// The segment whose rows are asked for; all, if left out.
    pub value: Option<String>,
    /// How many rows come before.
    pub after: Option<String>,
    pub limit: usize,
}

/// The rows that a figure of a metric is made of.
///
/// # Errors
/// As [`super::show`], and when a segment is named without what figures are broken down by.
pub async fn rows(context: &Context, question: &RowsQuestion) -> Result<Behind, Error> {
    let of = &question.of;
    let world = World::of_tables(context, context.as_of(of.as_of, of.known_at)).await?;
    let asked = query(context, of, world.as_of).await?;
    let skip = skipped(question.after.as_deref())?;
    let segments = segments(context, question, asked.by).await?;
    let whole = MetricQuery { by: asked.by.filter(|_| question.value.is_some()), ..asked };
    // An unknown metric is named by this question.
    let table = world.tables.metric(&of.name, whole).await?;
    let metric = catalogue()?.into_iter().find(|metric| metric.name == of.name);
    let Some(metric) = metric else { return Err(Error::Input(format!("no metric {}", of.name))) };
    let is_meant = |row: &&Vec<LakeCell>| {
        segments.is_empty()
            || matches!(row.first(), Some(LakeCell::Text(name)) if segments.contains(name))
    };
    let mut meant = table.rows.iter().filter(is_meant);
    let figure = match (meant.next().and_then(|row| row.get(1)), meant.next()) {
        (Some(LakeCell::Integer(number)), None) => value(*number as f64, table.unit, context),
        (Some(LakeCell::Number(number)), None) => value(*number, table.unit, context),
        _ => Cell::Missing,
    };
    let found = match &metric.rows {
        Rows::None(_) => nothing(),
        Rows::Of { .. } => {
            let asked = RowsQuery { query: asked, segments, skip, limit: question.limit };
            world.tables.metric_rows(&metric, &asked).await?
        }
    };
    let shown = Shown::of(context, &found, asked.by).await?;
    Ok(Behind {
        definition: definition(&metric),
        from: asked.from,
        to: asked.to,
        as_of: world.as_of,
        by: of.by.clone(),
        value: question.value.clone(),
        figure,
        records: found.records,
        columns: shown.columns(&found.columns),
        rows: found.rows.iter().map(|row| shown.row(context, &found.columns, row)).collect(),
        all: found.all,
        skipped: skip,
    })
}

fn nothing() -> MetricRows {
    MetricRows { records: Kind::Touches, columns: Vec::new(), rows: Vec::new(), all: 0 }
}

fn skipped(after: Option<&str>) -> Result<usize, Error> {
    let Some(after) = after else { return Ok(0) };
    after
        .parse()
        .ok()
        .filter(|skip| *skip <= i32::MAX as usize)
        .ok_or_else(|| Error::Input(format!("`{after}` is no number of rows: begin the list anew")))
}

/// The segments that are meant by a value; owners are meant by their names.
async fn segments(
    context: &Context,
    question: &RowsQuestion,
    by: Option<Dimension>,
) -> Result<Vec<String>, Error> {
    let Some(value) = &question.value else { return Ok(Vec::new()) };
    match by {
        None => Err(Error::Input(format!("say by what figures are broken down into {value}"))),
        Some(Dimension::Owner) => {
            let owners = context.store.names(Kind::Users).await?;
            let named = owners.into_iter().filter(|(_, name)| name == value);
            let mut found: Vec<String> = named.map(|(id, _)| id.to_string()).collect();
            if found.is_empty() {
                found.push(value.clone());
            }
            Ok(found)
        }
        Some(_) => Ok(vec![value.clone()]),
    }
}

/// What it takes to show rows.
struct Shown {
    /// The ids by which sources know records, and names.
    records: BTreeMap<String, (Option<String>, Option<String>)>,
    owners: BTreeMap<String, String>,
    by: Option<Dimension>,
}

impl Shown {
    async fn of(
        context: &Context,
        found: &MetricRows,
        by: Option<Dimension>,
    ) -> Result<Shown, Error> {
        let id = |row: &Vec<LakeCell>| match row.first() {
            Some(LakeCell::Text(id)) => id.parse::<Uuid>().ok(),
            _ => None,
        };
        let mut ids: Vec<Uuid> = found.rows.iter().filter_map(id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut records = BTreeMap::new();
        if Kind::RECORDS.contains(&found.records) {
            for record in context.store.records(found.records, &ids).await? {
                let text = |field: &str| {
                    let text = record.values.get(field)?.as_ref()?.as_text();
                    text.map(str::to_owned)
                };
                records.insert(record.id.to_string(), (text("external_id"), text("name")));
            }
        }
        let owners = context.store.names(Kind::Users).await?;
        let owners = owners.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
        Ok(Shown { records, owners, by })
    }

    /// By what rows are broken down, unless that is shown anyway: the owner, and days.
    fn segment(&self) -> Option<&'static str> {
        let is_shown =
            |by: &Dimension| matches!(by, Dimension::Owner | Dimension::Month | Dimension::Quarter);
        self.by.filter(|by| !is_shown(by)).map(Dimension::name)
    }

    fn columns(&self, columns: &[String]) -> Vec<Column> {
        let named = |name: &str, align| Column { name: capital(name), align };
        let shown = columns.iter().skip(BEFORE);
        let shown = shown.filter(|name| Some(name.as_str()) != self.segment());
        let column = |name: &String| match name.strip_suffix("_minor") {
            Some(amount) => named(amount, Align::Right),
            None if name.ends_with("_days") => named(name, Align::Right),
            None => named(name.trim_end_matches("_name"), Align::Left),
        };
        let mut all = vec![named("day", Align::Left), named("owner", Align::Left)];
        all.extend(self.segment().map(|by| named(by, Align::Left)));
        all.extend(shown.map(column));
        all
    }

    fn row(&self, context: &Context, columns: &[String], row: &[LakeCell]) -> RowBehind {
        let text = |place: usize| match row.get(place) {
            Some(LakeCell::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let id = text(0).unwrap_or_default();
        let (external_id, name) = self.records.get(id).cloned().unwrap_or_default();
        let owner = text(2).map(|owner| self.owners.get(owner).map_or(owner, String::as_str));
        let mut cells = vec![row.get(3).map_or(Cell::Missing, plain), Cell::from(owner)];
        cells.extend(self.segment().map(|_| row.get(1).map_or(Cell::Missing, plain)));
        let shown = columns.iter().zip(row).skip(BEFORE);
        let shown = shown.filter(|(name, _)| Some(name.as_str()) != self.segment());
        cells.extend(shown.map(|(name, cell)| match cell {
            LakeCell::Integer(minor) if name.ends_with("_minor") => {
                Cell::Money(Money { minor: *minor, currency: context.company.currency })
            }
            cell => plain(cell),
        }));
        let known = |text: Option<String>| text.or_else(|| (!id.is_empty()).then(|| id.to_owned()));
        RowBehind { id: known(external_id), name, cells }
    }
}

/// A cell as people read it: days as days, truths as words.
fn plain(cell: &LakeCell) -> Cell {
    match cell {
        LakeCell::Null => Cell::Missing,
        LakeCell::Integer(number) => Cell::Count(*number),
        LakeCell::Number(number) => Cell::Number(*number),
        LakeCell::Text(text) if text == "true" => Cell::from("yes"),
        LakeCell::Text(text) if text == "false" => Cell::from("no"),
        LakeCell::Text(text) => match text.parse::<Date>() {
            Ok(day) if text.len() == "2026-01-31".len() => Cell::Date(day),
            _ => Cell::Text(text.clone()),
        },
    }
}

fn capital(name: &str) -> String {
    reports::render::capital(&name.replace('_', " "))
}
