//! The pipeline page: open deals as a table or on a board, narrowed, on any day, and added to.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::kind::Kind;
use domain::time::{date_of, day_number};
use jiff::civil::Date;
use reports::board::{Board, Column};
use reports::document::{Document, Report};
use reports::listing::ListedDeal;
use reports::render::{grouped, short};

use super::answers::{Answer, Wanted};
use super::asked::{Asked, Page, query};
use super::fault::Fault;
use super::field::{Choice, Field};
use super::frame::{Frame, Link, html};
use super::pages::{action, downloads, frame, record_href, related};
use super::policy::Action;
use super::records::fields_to_add;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::money::short_date;
use crate::review::unbroken;
use crate::table::TableView;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/pipeline", get(page))
}

/// How deals are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Table,
    Board,
}

impl View {
    fn of(query: &HashMap<String, String>) -> View {
        match query.get("view").map(String::as_str) {
            Some("board") => View::Board,
            _ => View::Table,
        }
    }

    /// Its name in the address; the table needs none.
    fn name(self) -> Option<String> {
        (self == View::Board).then(|| "board".to_owned())
    }
}

#[derive(Template)]
#[template(path = "server/pipeline.html")]
struct PipelineView {
    frame: Frame,
    answer: String,
    related: Vec<Link>,
    views: Vec<Link>,
    filter: Vec<Field>,
    /// What of the query holds when it is narrowed otherwise, and when another day is chosen.
    held: Vec<(&'static str, String)>,
    narrowed: Vec<(&'static str, String)>,
    days: Days,
    /// The fields of a new deal, for those who may add one today.
    new_deal: Vec<Field>,
    columns: Vec<ColumnView>,
    tables: Vec<TableView>,
    notes: Vec<String>,
    downloads: Vec<Link>,
    is_stale: bool,
}

/// The days over which the slider goes, as numbers of days and in words.
struct Days {
    first: i32,
    last: i32,
    chosen: i32,
    from: String,
    at: String,
    to: String,
}

struct ColumnView {
    stage: String,
    deals: String,
    amount: String,
    cards: Vec<Card>,
    /// How many more there are, and where.
    more: Option<Link>,
}

struct Card {
    href: String,
    name: String,
    amount: String,
    owner: String,
    age: String,
    closes: String,
    is_overdue: bool,
}

async fn page(
    visitor: Visitor,
    Query(asked_for): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.check(action(Page::Board))?;
    let view = View::of(&asked_for);
    let asked = Asked::read(&asked_for)?;
    if let Some(day) = asked_for.get("day") {
        return on_day(&visitor, asked, view, day);
    }
    let shared = &visitor.shared;
    let (answer, is_stale) = visitor.answer(Page::Board, &asked, Wanted::AtOnce).await?;
    let Answer::Board(board) = answer.as_ref() else {
        return Err(Fault::Broken("a board is answered otherwise".to_owned()));
    };
    let document = board.document();
    let is_board = view == View::Board;
    let is_today = asked.as_of.is_none_or(|day| day >= shared.today());
    let mut frame = frame(&visitor, Page::Pipeline, &asked);
    frame.kept = given(narrowed(&asked, view));
    let new_deal = match is_today && visitor.may(Action::EditRecords) {
        true => fields_to_add(&visitor, Kind::Deals, &[], None).await?,
        false => Vec::new(),
    };
    let page = PipelineView {
        frame,
        answer: unbroken(&document.answer),
        related: related(&visitor, Page::Pipeline, &asked),
        views: [View::Table, View::Board].map(|other| switch(&asked, view, other)).to_vec(),
        filter: filter(board, &asked),
        held: given(vec![("view", view.name()), ("as_of", asked.as_of.map(|day| day.to_string()))]),
        narrowed: given(narrowed(&asked, view)),
        days: days(board, shared.today()),
        new_deal,
        columns: match is_board {
            true => board.columns.iter().map(column_view).collect(),
            false => Vec::new(),
        },
        tables: if is_board { Vec::new() } else { tables(&document) },
        notes: document.notes,
        downloads: downloads(&visitor, Page::Board, &asked),
        is_stale,
    };
    html(StatusCode::OK, &page)
}

/// From the slider's number of a day to the address of the day.
fn on_day(visitor: &Visitor, asked: Asked, view: View, day: &str) -> Result<Response, Fault> {
    let wrong = || Fault::input(format!("`day` is {day}: it takes a number of days since 1970"));
    let day = date_of(day.trim().parse().map_err(|_| wrong())?);
    let as_of = (day < visitor.shared.today()).then_some(day);
    let mut pairs = narrowed(&asked, view);
    pairs.push(("as_of", as_of.map(|day| day.to_string())));
    Ok(Redirect::to(&format!("/pipeline{}", query(&pairs))).into_response())
}

/// What of a query narrows the deals, with the view.
fn narrowed(asked: &Asked, view: View) -> Vec<(&'static str, Option<String>)> {
    let mut pairs = vec![("view", view.name())];
    let of_filter = |(name, _): &(&str, _)| ["q", "stage", "owner"].contains(name);
    pairs.extend(asked.pairs().into_iter().filter(of_filter));
    pairs
}

fn given(pairs: Vec<(&'static str, Option<String>)>) -> Vec<(&'static str, String)> {
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn switch(asked: &Asked, here: View, other: View) -> Link {
    let mut pairs = asked.pairs();
    pairs.insert(0, ("view", other.name()));
    let name = if other == View::Board { "Board" } else { "Table" };
    let href = format!("/pipeline{}", query(&pairs));
    Link { is_here: here == other, ..Link::new(name, href) }
}

fn filter(board: &Board, asked: &Asked) -> Vec<Field> {
    let choices = |any: &str, names: Vec<String>| {
        let any = Choice { value: String::new(), name: any.to_owned() };
        let named = names.into_iter().map(|name| Choice { value: name.clone(), name });
        std::iter::once(any).chain(named).collect::<Vec<Choice>>()
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let stages = board.columns.iter().map(|column| column.stage.clone()).collect();
    let field = |name, label: &str, value: &Option<String>| {
        let field = Field { is_required: false, ..Field::new("filter", name, label) };
        field.filled(&text(value), None)
    };
    vec![
        field("q", "Name or id", &asked.filter.text),
        Field {
            choices: choices("Any stage", stages),
            ..field("stage", "Stage", &asked.filter.stage)
        },
        Field {
            choices: choices("Anybody", board.owners.clone()),
            ..field("owner", "Owner", &asked.filter.owner)
        },
    ]
}

fn days(board: &Board, today: Date) -> Days {
    Days {
        first: day_number(board.first.min(today)),
        last: day_number(today),
        chosen: day_number(board.as_of),
        from: short_date(board.first.min(today)),
        at: board.as_of.to_string(),
        to: "today".to_owned(),
    }
}

fn tables(document: &Document) -> Vec<TableView> {
    let view = |table: &reports::document::Table| {
        let view = TableView::new(table)?;
        let is_of_deals = table.columns.first().is_some_and(|column| column.name == "Deal");
        let href = |row: &Vec<reports::document::Cell>| match row.first() {
            Some(reports::document::Cell::Text(id)) => record_href(Kind::Deals, id),
            _ => String::new(),
        };
        Some(if is_of_deals { view.linked(table.rows.iter().map(href)) } else { view })
    };
    document.tables.iter().filter_map(view).collect()
}

fn column_view(column: &Column) -> ColumnView {
    let left = column.deals - column.cards.len();
    let all = query(&[("outcome", Some("open".to_owned())), ("stage", Some(column.stage.clone()))]);
    let more = || Link::new(format!("{} more", grouped(&left.to_string())), format!("/deals{all}"));
    ColumnView {
        stage: column.stage.clone(),
        deals: grouped(&column.deals.to_string()),
        amount: unbroken(&short(column.amount)),
        cards: column.cards.iter().map(card).collect(),
        more: (left > 0).then(more),
    }
}

fn card(deal: &ListedDeal) -> Card {
    let closes = match deal.expected_close_on {
        Some(day) if deal.is_overdue => format!("was due {}", short_date(day)),
        Some(day) => format!("closes {}", short_date(day)),
        None => "no day of closing".to_owned(),
    };
    let amount = deal.amount.map(|amount| unbroken(&short(amount))).unwrap_or_default();
    Card {
        href: record_href(Kind::Deals, &deal.id),
        name: deal.name.clone().unwrap_or_else(|| deal.id.clone()),
        amount: if deal.is_estimated && !amount.is_empty() {
            format!("≈ {amount}")
        } else {
            amount
        },
        owner: deal.owner.clone().unwrap_or_else(|| "nobody".to_owned()),
        age: format!("{}\u{a0}days", grouped(&deal.age_days.to_string())),
        closes,
        is_overdue: deal.is_overdue,
    }
}
