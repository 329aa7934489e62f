//! Huddles: the agenda as it was frozen, what is written down, the minutes as Markdown; the same
//! for programs.

use std::collections::HashMap;
use std::sync::Arc;

use app::context::Context;
use app::huddle::{self, Order, Wanted};
use app::limits::HUDDLE_CHARACTERS_MAX;
use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use jiff::civil::Date;
use reports::document::Report;
use reports::huddle::{Minutes, Section, calendar, followed, markdown};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Answer, Wanted as AnswerWanted};
use super::api::{Program, answers, created, key_parameter};
use super::asked::{Asked, Page, text};
use super::fault::{Fault, Problem};
use super::frame::{Frame, Link, html, sentence};
use super::idempotency;
use super::lanes::Lane;
use super::pages::related;
use super::policy::Action;
use super::rendition::Rendition;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::review::unbroken;
use crate::table::TableView;

/// Where the page is.
pub(super) const ADDRESS: &str = "/huddle";
/// Where calendars find the huddles.
pub(super) const CALENDAR: &str = "/huddle/calendar.ics";
/// What can be done at a huddle, by name.
const DEEDS: [&str; 7] = ["open", "close", "note", "decision", "action", "done", "drop"];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(ADDRESS, get(page).post(typed))
        .route("/huddle/minutes.md", get(minutes_file))
        .route(CALENDAR, get(calendar_file))
}

/// The same for programs, below the API's address.
pub(super) fn programs(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let once = from_fn_with_state(shared.clone(), idempotency::once);
    let deeds = post(told_deed).route_layer(once);
    Router::new().route("/huddle", get(told).merge(deeds))
}

/// What is to be done at a huddle, as it is typed or sent.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sent {
    deed: String,
    text: Option<String>,
    owner: Option<String>,
    due: Option<String>,
    metric: Option<String>,
    expects: Option<String>,
    /// The number of the action that is ended.
    of: Option<u64>,
}

#[derive(Template)]
#[template(path = "server/huddle.html")]
struct HuddleView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    agenda: Vec<SectionView>,
    written: Option<TableView>,
    open: Option<TableView>,
    /// Open actions by number, with their texts.
    actions: Vec<(u64, String)>,
    others: Vec<Link>,
    minutes: Option<String>,
    notes: Vec<String>,
    is_open: bool,
    may_hold: bool,
    metrics: Vec<String>,
    wrong: Option<String>,
    sent: Sent,
}

struct SectionView {
    title: String,
    sentences: Vec<String>,
    table: Option<TableView>,
}

impl SectionView {
    fn new(section: &Section) -> SectionView {
        SectionView {
            title: section.title.clone(),
            sentences: section.sentences.iter().map(|text| unbroken(text)).collect(),
            table: section.table.as_ref().and_then(TableView::new),
        }
    }
}

impl Sent {
    fn order(&self) -> Result<Order, Fault> {
        let said = |part: &Option<String>| part.as_deref().unwrap_or_default().trim().to_owned();
        let filled = |part: &Option<String>| Some(said(part)).filter(|text| !text.is_empty());
        let ended = |is_done: bool| {
            let missing = || Fault::Field { field: "of", why: "say which action".to_owned() };
            Ok::<_, Fault>(Wanted::Ended { of: self.of.ok_or_else(missing)?, is_done })
        };
        let due = |text: String| {
            text.parse::<Date>().map_err(|_| Fault::Field {
                field: "due",
                why: format!("`{text}` is no day: write one such as 2026-03-31"),
            })
        };
        let what = match self.deed.as_str() {
            "note" => Wanted::Note,
            "decision" => Wanted::Decision,
            "done" => ended(true)?,
            "drop" => ended(false)?,
            "action" => Wanted::Action {
                owner: said(&self.owner),
                due_on: filled(&self.due).map(due).transpose()?,
                metric: filled(&self.metric),
                expects: said(&self.expects),
            },
            other => {
                let why = format!("`{other}` is none of {}", DEEDS.join(", "));
                return Err(Fault::Field { field: "deed", why });
            }
        };
        Ok(Order { text: said(&self.text), what })
    }
}

async fn done(visitor: &Visitor, sent: &Sent) -> Result<Minutes, Fault> {
    let context = visitor.context(Action::HoldHuddles)?;
    match sent.deed.as_str() {
        // The agenda asks for what the scoreboard computes.
        "open" => {
            let verb = async move |context: &Context| huddle::open(context).await;
            visitor.shared.compute(Lane::Usual, context, verb).await
        }
        "close" => {
            let verb = async move |context: &Context| huddle::close(context).await;
            visitor.shared.run(context, verb).await
        }
        _ => {
            let order = sent.order()?;
            let verb = async move |context: &Context| huddle::write_down(context, &order).await;
            visitor.shared.run(context, verb).await
        }
    }
}

fn number(query: &HashMap<String, String>) -> Result<Option<u64>, Fault> {
    let read = |text: String| {
        text.parse().map_err(|_| Fault::Field {
            field: "number",
            why: format!("`{text}` is no number of a huddle"),
        })
    };
    text(query, "number").map(read).transpose()
}

/// The minutes with what the metrics of open actions did since. What was written down is the
/// newest; the metrics may be of before the last change of a record.
async fn found(visitor: &Visitor, query: &HashMap<String, String>) -> Result<Found, Fault> {
    let context = visitor.context(Action::ReadFigures)?;
    let name = number(query)?.map(|number| number.to_string());
    let asked = Asked { name, ..Asked::default() };
    let answer = async |wanted| visitor.answer(Page::Huddle, &asked, wanted).await;
    let (kept, is_stale) = answer(AnswerWanted::AtOnce).await?;
    let found = Found(kept);
    if !is_stale {
        return Ok(found);
    }
    let verb = async move |context: &Context| huddle::mark(context).await;
    let mark = visitor.shared.run(context, verb).await?;
    if found.minutes().map(|minutes| minutes.mark).unwrap_or_default() == mark {
        return Ok(found);
    }
    Ok(Found(answer(AnswerWanted::New).await?.0))
}

struct Found(Arc<Answer>);

impl Found {
    fn minutes(&self) -> Option<&Minutes> {
        match self.0.as_ref() {
            Answer::Huddle(minutes) => minutes.as_deref(),
            _ => None,
        }
    }
}

async fn page(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let found = found(&visitor, &query).await?;
    shown(&visitor, &found, StatusCode::OK, (Sent::default(), None))
}

fn shown(
    visitor: &Visitor,
    found: &Found,
    status: StatusCode,
    (sent, wrong): (Sent, Option<String>),
) -> Result<Response, Fault> {
    let asked = Asked::default();
    let links = related(visitor, Page::Scoreboard, &asked).into_iter();
    let here = |link: Link| Link { is_here: link.href == ADDRESS, ..link };
    let document = found.0.report().document();
    let minutes = found.minutes();
    let numbered = |number: u64| format!("{ADDRESS}?number={number}");
    let others = minutes.map(|it| it.others.as_slice()).unwrap_or_default().iter().rev();
    let view = HuddleView {
        frame: Frame::new(visitor, "Huddle", ADDRESS, Some(Page::Scoreboard), &asked),
        related: links.map(here).collect(),
        answer: unbroken(&document.answer),
        agenda: minutes
            .map(|it| it.agenda.iter().map(SectionView::new).collect())
            .unwrap_or_default(),
        written: minutes.and_then(Minutes::written).as_ref().and_then(TableView::new),
        open: minutes.and_then(|it| followed(&it.open)).as_ref().and_then(TableView::new),
        actions: minutes
            .map(|it| it.open.iter().map(|one| (one.number, one.text.clone())).collect())
            .unwrap_or_default(),
        others: others
            .filter(|(number, _)| minutes.is_some_and(|it| it.number != *number))
            .map(|(number, on)| Link::new(format!("Huddle {number} of {on}"), numbered(*number)))
            .collect(),
        minutes: minutes.map(|it| format!("/huddle/minutes.md?number={}", it.number)),
        notes: document.notes,
        is_open: minutes.is_some_and(|it| it.is_open),
        may_hold: visitor.may(Action::HoldHuddles),
        metrics: app::metrics::names()?,
        wrong,
        sent,
    };
    html(status, &view)
}

async fn typed(visitor: Visitor, Form(sent): Form<Sent>) -> Result<Response, Fault> {
    match done(&visitor, &sent).await {
        Ok(_) => Ok(Redirect::to(ADDRESS).into_response()),
        Err(Fault::Field { why, .. } | Fault::Input(why)) => {
            let found = found(&visitor, &HashMap::new()).await?;
            let wrong = Some(sentence(&why));
            shown(&visitor, &found, StatusCode::UNPROCESSABLE_ENTITY, (sent, wrong))
        }
        Err(fault) => Err(fault),
    }
}

/// The minutes as Markdown.
async fn minutes_file(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.check(Action::Export)?;
    let none = || Fault::NotFound("There was no huddle yet.".into());
    let found = found(&visitor, &query).await?;
    let minutes = found.minutes().ok_or_else(none)?;
    let attached = format!("attachment; filename=\"huddle-{}.md\"", minutes.number);
    let attached =
        HeaderValue::from_str(&attached).map_err(|error| Fault::Broken(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8")),
        (header::CONTENT_DISPOSITION, attached),
    ];
    Ok((headers, markdown::minutes(minutes)).into_response())
}

/// The weekly huddle and what is due, for calendars. They subscribe with a token as the password,
/// since most can send no other header.
async fn calendar_file(visitor: Visitor) -> Result<Response, Fault> {
    let found = found(&visitor, &HashMap::new()).await?;
    let none = || Fault::NotFound("There was no huddle yet.".into());
    let minutes = found.minutes().ok_or_else(none)?;
    let kind = [(header::CONTENT_TYPE, "text/calendar; charset=utf-8")];
    Ok((kind, calendar::calendar(minutes)).into_response())
}

async fn told(
    Program(visitor): Program,
    Query(query): Query<HashMap<String, String>>,
    rendition: Rendition,
) -> Result<Response, Problem> {
    let found = found(&visitor, &query).await?;
    let report = found.0.report();
    rendition.answer(report, &report.json())
}

async fn told_deed(
    Program(visitor): Program,
    body: Result<Json<Sent>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::HoldHuddles)?;
    let Json(sent) = body.map_err(|error| Fault::input(error.body_text()))?;
    let minutes = done(&visitor, &sent).await?;
    Ok((StatusCode::CREATED, Json(minutes.json())).into_response())
}

/// What programs may do with huddles: address, verb, description.
pub(super) fn described() -> [(String, &'static str, Value); 2] {
    let holds = json!({ "schema": { "$ref": "#/components/schemas/Huddle" } });
    let address = || "/api/v1/huddle".to_owned();
    let number = json!([{
        "name": "number", "in": "query", "required": false,
        "description": "The huddle; the last one if left out.",
        "schema": { "type": "integer", "minimum": 1 },
    }]);
    [
        (
            address(),
            "get",
            json!({
                "operationId": "huddle", "summary": "The agenda and minutes of a huddle",
                "parameters": number, "responses": answers("The report.", "Report"),
            }),
        ),
        (
            address(),
            "post",
            json!({
                "operationId": "hold_huddle",
                "summary": "Begin or end a huddle, or write something down",
                "parameters": [key_parameter()],
                "requestBody": { "required": true, "content": { "application/json": holds } },
                "responses": created("The minutes as they then are.", "Report"),
            }),
        ),
    ]
}

/// What a program sends.
pub(super) fn sent() -> Value {
    let text = || json!({ "type": ["string", "null"], "maxLength": HUDDLE_CHARACTERS_MAX });
    json!({
        "type": "object",
        "required": ["deed"],
        "additionalProperties": false,
        "properties": {
            "deed": { "enum": DEEDS },
            "text": text(),
            "owner": text(),
            "due": { "type": ["string", "null"], "format": "date" },
            "metric": text(),
            "expects": text(),
            "of": { "type": ["integer", "null"], "minimum": 1 },
        },
    })
}
