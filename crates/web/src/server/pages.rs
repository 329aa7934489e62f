//! The pages that answer a question: the answer in words, the picture that proves it, its tables.

use std::collections::HashMap;
use std::sync::Arc;

use app::error::Error;
use app::goal;
use askama::Template;
use axum::Form;
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::goal::Counts;
use domain::kind::Kind;
use domain::period::Period;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reports::attribution::{By, Conversions};
use reports::document::{Cell, Document, Table};
use reports::metrics::Definition;
use reports::score::leads::OPEN;
use reports::scoreboard::NEXT;
use reports::scoreboard::week::{LEGS, Week};
use serde::Deserialize;

use super::answers::{Answer, Question, Wanted};
use super::asked::{Asked, Page};
use super::fault::Fault;
use super::figures::{self, figures};
use super::frame::{Frame, Link, html, sentence};
use super::goal_parts::{self, Panel};
use super::huddles;
use super::journal;
use super::keys;
use super::metrics;
use super::pay;
use super::plan_versions::{self, Choosing, Saving};
use super::policy::Action;
use super::reference;
use super::shared::Shared;
use super::track_page;
use super::visitor::Visitor;
use super::webhooks;
use super::what_if::{self, Slider};
use crate::chart::Figure;
use crate::review::unbroken;
use crate::table::TableView;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(home))
        .route("/search", get(search))
        .route("/goal/set", post(set_goal))
        .route("/metrics/{name}", get(metric))
        .route("/metrics/{name}/rows", get(metric_rows))
        .route("/journal/proof", get(proof))
        .route("/api", get(reference::page))
        .route("/keys", get(keys::page))
        .route("/{page}", get(page))
}

#[derive(Template)]
#[template(path = "server/page.html")]
pub(super) struct PageView {
    frame: Frame,
    /// What the page is of, above its answer.
    kicker: String,
    pub answer: String,
    figures: Vec<Figure>,
    /// What changed since last week, with the way to more of it.
    since: Option<Link>,
    /// What to do next, each with the way to where it is done.
    steps: Vec<Link>,
    /// The answer's tables, each with its place among them for downloads.
    pub tables: Vec<TableView>,
    pub notes: Vec<String>,
    /// Pages that go on from here.
    related: Vec<Link>,
    /// The way through a demo, step by step.
    walk: Vec<Link>,
    /// What narrows the page.
    filter: Option<FilterView>,
    goal: Option<GoalForm>,
    panel: Option<Panel>,
    /// What saves the plan.
    saving: Option<Saving>,
    /// What chooses the plan to be compared with.
    choosing: Option<Choosing>,
    /// What may be turned on a plan.
    sliders: Vec<Slider>,
    import: Option<ImportForm>,
    /// What settles of which days and segments a metric is asked.
    measure: Option<metrics::Form>,
    /// What a metric is, in words and in SQL.
    definition: Option<Definition>,
    /// What narrows the journal.
    search: Option<journal::Filter>,
    pub downloads: Vec<Link>,
    /// Whether facts have changed since its figures were computed.
    is_stale: bool,
}

struct FilterView {
    text: String,
    stages: Vec<Choice>,
    outcomes: Vec<Choice>,
}

struct Choice {
    name: String,
    is_chosen: bool,
}

struct GoalForm {
    period: String,
    amount: String,
    confidence: String,
    wrong: Option<String>,
}

impl GoalForm {
    fn of(typed: &GoalSet) -> GoalForm {
        GoalForm {
            period: typed.period.clone(),
            amount: typed.amount.clone(),
            confidence: typed.confidence.clone(),
            wrong: None,
        }
    }
}

impl PageView {
    /// A page of nothing but its frame.
    pub fn new(frame: Frame, kicker: &str) -> PageView {
        PageView {
            frame,
            kicker: kicker.to_owned(),
            answer: String::new(),
            figures: Vec::new(),
            since: None,
            steps: Vec::new(),
            tables: Vec::new(),
            notes: Vec::new(),
            related: Vec::new(),
            walk: Vec::new(),
            filter: None,
            goal: None,
            panel: None,
            saving: None,
            choosing: None,
            sliders: Vec::new(),
            import: None,
            measure: None,
            definition: None,
            search: None,
            downloads: Vec::new(),
            is_stale: false,
        }
    }
}

/// What takes files in, and takes them out again.
struct ImportForm {
    kinds: Vec<&'static str>,
    /// The imports that can be undone: id, and what it was.
    undoable: Vec<(String, String)>,
}

async fn home(visitor: Visitor, query: Query<HashMap<String, String>>) -> Result<Response, Fault> {
    shown(&visitor, Page::Scoreboard, query.0).await
}

async fn page(
    visitor: Visitor,
    Path(name): Path<String>,
    query: Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    match Page::named(&name) {
        Some(Page::Metric | Page::MetricRows) | None => {
            Err(Fault::NotFound("No page has this address.".into()))
        }
        Some(page) => shown(&visitor, page, query.0).await,
    }
}

async fn metric(
    visitor: Visitor,
    Path(name): Path<String>,
    Query(mut query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    query.insert("name".to_owned(), name);
    shown(&visitor, Page::Metric, query).await
}

async fn metric_rows(
    visitor: Visitor,
    Path(name): Path<String>,
    Query(mut query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    query.insert("name".to_owned(), name);
    shown(&visitor, Page::MetricRows, query).await
}

async fn proof(visitor: Visitor, query: Query<HashMap<String, String>>) -> Result<Response, Fault> {
    shown(&visitor, Page::Proof, query.0).await
}

/// What a page takes to be seen.
pub(super) fn action(page: Page) -> Action {
    match page {
        Page::Board | Page::Deals | Page::Leads | Page::Scores => Action::ReadRecords,
        Page::Points => Action::ReadRecords,
        Page::Journal => Action::ReadRecords,
        Page::Queue | Page::Dropped => Action::ReadRecords,
        Page::Imports | Page::Quality => Action::ReadImports,
        Page::Proof => Action::ReadJournal,
        Page::Teams => Action::ReadMembers,
        _ => Action::ReadFigures,
    }
}

async fn shown(
    visitor: &Visitor,
    page: Page,
    mut query: HashMap<String, String>,
) -> Result<Response, Fault> {
    // What was wrong is told by the server alone, never by an address.
    query.remove(goal_parts::WRONG);
    viewed(visitor, page, query, StatusCode::OK).await
}

/// A page again after a form on it was refused; its query says why.
pub(super) async fn again(
    visitor: &Visitor,
    page: Page,
    query: HashMap<String, String>,
) -> Result<Response, Fault> {
    viewed(visitor, page, query, StatusCode::UNPROCESSABLE_ENTITY).await
}

async fn viewed(
    visitor: &Visitor,
    page: Page,
    query: HashMap<String, String>,
    status: StatusCode,
) -> Result<Response, Fault> {
    visitor.check(action(page))?;
    let asked = Asked::read(&query)?;
    let (answer, is_stale) = match visitor.answer(page, &asked, wanted(page)).await {
        Ok(found) => found,
        // A question that cannot be answered yet has a page that says what to do first.
        Err(Fault::Input(why)) => return unanswered(visitor, page, &asked, &why),
        Err(fault) => return Err(fault),
    };
    let document = answer.report().document();
    let beside = beside(visitor, page, &asked);
    let week = match beside.as_deref() {
        Some(Answer::Week(week)) => Some(week),
        _ => None,
    };
    let calendar = visitor.shared.company().company.calendar;
    let view = PageView {
        frame: frame(visitor, page, &asked),
        kicker: page.title().to_owned(),
        answer: unbroken(&document.answer),
        figures: figures(&answer, week, calendar),
        since: week.map(|week| since(week, &asked)),
        steps: steps(&answer, &asked),
        tables: tables(&answer, &document, &asked.held()),
        notes: document.notes,
        related: first_steps(&answer).unwrap_or_else(|| ways_on(visitor, page, &asked, &answer)),
        walk: walk(visitor, &answer),
        filter: filter(&answer, &asked),
        goal: goal_form(visitor, page, &asked),
        sliders: what_if::sliders(&answer, &asked),
        panel: Panel::new(visitor, &answer, &query).await?,
        saving: Saving::new(visitor, &answer, &asked, &query),
        choosing: Choosing::new(visitor, &answer).await?,
        import: import_form(visitor, page, &answer),
        measure: metrics::Form::new(&answer),
        definition: metrics::definition(&answer),
        search: journal::Filter::new(visitor, page, &asked),
        downloads: downloads(visitor, page, &asked),
        is_stale,
    };
    html(status, &view)
}

/// Lists that a form of their page acts on are short, and shown as they are: who has just imported
/// a file finds it among those that can be undone.
fn wanted(page: Page) -> Wanted {
    match page {
        Page::Imports | Page::Teams | Page::PlanVersions => Wanted::New,
        _ => Wanted::AtOnce,
    }
}

fn unanswered(visitor: &Visitor, page: Page, asked: &Asked, why: &str) -> Result<Response, Fault> {
    let mut view = PageView::new(frame(visitor, page, asked), page.title());
    view.answer = sentence(why);
    view.related = related(visitor, page, asked);
    view.goal = goal_form(visitor, page, asked);
    html(StatusCode::OK, &view)
}

pub(super) fn frame(visitor: &Visitor, page: Page, asked: &Asked) -> Frame {
    let path = path(page, asked);
    let mut frame = Frame::new(visitor, page.title(), &path, Some(bar(page)), asked);
    let kept: &[&str] = match page {
        Page::PlanVersion | Page::PlanComparison => &["name", "with"],
        Page::Points => &["name"],
        Page::MetricRows => &["from", "to", "by", "value"],
        Page::Journal => &["kind", "record", "field", "who", "cause", "q", "from", "to"],
        Page::Attribution => &["by", "conversion"],
        Page::Awareness => &["by", "from", "to"],
        _ => &[],
    };
    let pairs = asked.pairs().into_iter().filter(|(name, _)| kept.contains(name));
    frame.kept = pairs.filter_map(|(name, value)| Some((name, value?))).collect();
    frame
}

/// The address of a page, without its query.
fn path(page: Page, asked: &Asked) -> String {
    match (page, &asked.name) {
        (Page::Metric, Some(name)) => metrics::href(name),
        (Page::MetricRows, Some(name)) => format!("{}/rows", metrics::href(name)),
        _ => format!("/{}", page.name()),
    }
}

/// The page of the bar to which a page belongs.
fn bar(page: Page) -> Page {
    match page {
        Page::Week | Page::Periods | Page::Period => Page::Scoreboard,
        Page::PeriodProof | Page::PeriodChecklist | Page::Restatements => Page::Scoreboard,
        Page::Goal | Page::GoalParts => Page::Plan,
        Page::PlanVersions | Page::PlanVersion | Page::PlanComparison => Page::Plan,
        Page::Board | Page::Deals | Page::Waterfall => Page::Pipeline,
        Page::Calls | Page::Backtest => Page::Forecast,
        Page::Metric | Page::MetricRows | Page::Rates => Page::Metrics,
        Page::Imports | Page::Journal | Page::Proof => Page::Quality,
        Page::Scores | Page::ScoreRules | Page::Points => Page::Leads,
        Page::Awareness => Page::Attribution,
        Page::Agreement | Page::Keeping | Page::Dropped | Page::Alignment => Page::Queue,
        page => page,
    }
}

/// The pages of closed periods.
const CLOSES: [Page; 5] =
    [Page::Periods, Page::PeriodChecklist, Page::Period, Page::Restatements, Page::PeriodProof];

/// Pages that go on from one and that the visitor may see, with what holds.
pub(super) fn related(visitor: &Visitor, page: Page, asked: &Asked) -> Vec<Link> {
    let family: &[Page] = match bar(page) {
        Page::Scoreboard if CLOSES.contains(&page) => &CLOSES,
        Page::Scoreboard => &[Page::Scoreboard, Page::Week, Page::Periods],
        Page::Plan => &[Page::Plan, Page::PlanVersions, Page::Goal, Page::GoalParts],
        Page::Leads => &[Page::Leads, Page::Scores, Page::ScoreRules],
        Page::Attribution => &[Page::Attribution, Page::Awareness],
        Page::Pipeline => &[Page::Pipeline, Page::Deals, Page::Waterfall],
        Page::Forecast => &[Page::Forecast, Page::Calls, Page::Backtest],
        Page::Metrics => &[Page::Metrics, Page::Rates],
        Page::Queue => {
            &[Page::Queue, Page::Agreement, Page::Keeping, Page::Dropped, Page::Alignment]
        }
        Page::Quality => &[Page::Quality, Page::Imports, Page::Journal, Page::Proof],
        _ => &[],
    };
    let held = asked.held();
    let link = |other: &Page| Link {
        is_here: *other == page,
        ..Link::new(other.title(), format!("/{}{held}", other.name()))
    };
    let mut links: Vec<Link> =
        family.iter().filter(|page| visitor.may(action(**page))).map(link).collect();
    if family.contains(&Page::Imports) && visitor.may(Action::ManageTracking) {
        links.insert(links.len().min(2), Link::new("Tracking", track_page::ADDRESS));
    }
    if family.contains(&Page::Queue) && visitor.may(Action::ManageWebhooks) {
        links.push(Link::new("Webhooks", webhooks::ADDRESS));
    }
    if family.contains(&Page::Periods) {
        links.push(Link::new("Pay", pay::ADDRESS));
        links.push(Link::new("Huddle", huddles::ADDRESS));
    }
    links
}

/// As [`related`], with what comes next in a list, and what the visitor may add.
fn ways_on(visitor: &Visitor, page: Page, asked: &Asked, answer: &Answer) -> Vec<Link> {
    let mut links = related(visitor, page, asked);
    links.extend(metrics::ways_on(answer));
    let address = path(page, asked);
    if let Some(last) = answer.next() {
        let named = Asked { name: None, ..asked.clone() };
        let asked = if page == Page::MetricRows { &named } else { asked };
        let href = format!("{address}{}", asked.after(&last));
        links.push(Link::new(further(page), href));
    }
    match answer {
        Answer::Attribution(attribution) => {
            links.extend(dimensions(page, asked));
            links.extend(conversions(asked, attribution.conversion));
        }
        Answer::Awareness(_) => links.extend(dimensions(page, asked)),
        _ => {}
    }
    if page == Page::Leads && visitor.may(Action::EditRecords) {
        links.push(Link::new("Add a lead", "/add/leads"));
    }
    links
}

/// A page again with another query.
fn same_page(page: Page, name: String, is_here: bool, asked: &Asked) -> Link {
    Link { is_here, ..Link::new(name, format!("/{}{}", page.name(), asked.query())) }
}

/// The same by others.
fn dimensions(page: Page, asked: &Asked) -> Vec<Link> {
    let by = asked.by.as_deref().unwrap_or(By::default().name());
    let of_dimension = |other: By| {
        let name = other.name();
        let asked = Asked { by: Some(name.to_owned()), ..asked.clone() };
        same_page(page, format!("By {name}"), by == name, &asked)
    };
    By::ALL.into_iter().map(of_dimension).collect()
}

/// Attribution of other conversions than those that it is of.
fn conversions(asked: &Asked, here: Conversions) -> Vec<Link> {
    let of_conversion = |other: Conversions| {
        let asked = Asked { conversion: Some(other), ..asked.clone() };
        same_page(Page::Attribution, format!("Of {}", other.plural()), here == other, &asked)
    };
    Conversions::ALL.into_iter().map(of_conversion).collect()
}

/// What leads on in a list.
fn further(page: Page) -> &'static str {
    match page {
        Page::Journal => "Older entries",
        _ => "Go on in the list",
    }
}

/// Where a company without any data begins.
fn first_steps(answer: &Answer) -> Option<Vec<Link>> {
    let Answer::Scoreboard(board) = answer else { return None };
    let steps = [
        ("1. Import the files of your CRM", "/imports"),
        ("2. Set the number", "/goal"),
        ("3. See what it takes", "/plan"),
    ];
    let is_empty = board.legs.iter().all(|leg| leg.actual.size() == 0.0);
    is_empty.then(|| steps.map(|(name, href)| Link::new(name, href)).to_vec())
}

/// Five minutes through a demo, whose last quarter was run to its end.
fn walk(visitor: &Visitor, answer: &Answer) -> Vec<Link> {
    let has_facts = matches!(answer, Answer::Scoreboard(_)) && first_steps(answer).is_none();
    if !visitor.is_demo || !has_facts {
        return Vec::new();
    }
    let steps = [
        ("What the number takes, month by month, and with what probability", "/plan"),
        ("What marketing and sales agreed on, and how they keep it", "/agreement"),
        ("Whom sales calls next, and why, while the clock runs", "/queue"),
        ("What forecasts said on past days, and what came", "/backtest"),
        ("Who had which part in what was won", "/attribution"),
        ("The last quarter, closed: figures that never change, with their proof", "/period"),
        ("The medal that all get or none: what each leg reached, and what is paid", "/pay"),
        ("The huddle: an agenda that wrote itself, and who does what by when", "/huddle"),
    ];
    steps.map(|(name, href)| Link::new(name, href)).to_vec()
}

pub(super) fn downloads(visitor: &Visitor, page: Page, asked: &Asked) -> Vec<Link> {
    // An address beneath another one is of no file.
    if !visitor.may(Action::Export) || page.name().contains('/') {
        return Vec::new();
    }
    let query = asked.query();
    let link =
        |kind: &str, name: &str| Link::new(name, format!("/export/{}.{kind}{query}", page.name()));
    vec![link("csv", "CSV"), link("xlsx", "XLSX"), link("json", "JSON")]
}

/// What stands on the scoreboard beside its own answer, once it is known.
fn beside(visitor: &Visitor, page: Page, asked: &Asked) -> Option<Arc<Answer>> {
    if page != Page::Scoreboard {
        return None;
    }
    let asked = Asked { as_of: asked.as_of, ..Asked::default() };
    let question = Question::new(Page::Week, &asked, &visitor.scope);
    visitor.shared.answers.at_hand(&visitor.shared, question)
}

fn since(week: &Week, asked: &Asked) -> Link {
    let movement = week.movement();
    let joint = if movement.is_empty() { "" } else { "; " };
    let text = format!("Since last week {movement}{joint}{}.", week.events());
    Link::new(text, format!("/week{}", asked.held()))
}

fn steps(answer: &Answer, asked: &Asked) -> Vec<Link> {
    let Answer::Scoreboard(board) = answer else { return Vec::new() };
    let held = asked.held();
    let href = |see: &str| match see.contains('?') {
        true => format!("/{see}{}", held.replacen('?', "&", 1)),
        false => format!("/{see}{held}"),
    };
    board.steps.iter().map(|step| Link::new(step.text.clone(), href(step.see))).collect()
}

pub(super) fn tables(answer: &Answer, document: &Document, held: &str) -> Vec<TableView> {
    let view = |table: &Table| {
        let view = TableView::new(table)?;
        let kind = match answer {
            Answer::Waterfall(fall) => return Some(figures::waterfall(fall, table, view)),
            Answer::Deals(_) => Kind::Deals,
            Answer::Leads(_) => Kind::Leads,
            Answer::Scores(_) if table.title == OPEN => Kind::Leads,
            // The steps stand above, with the way to where they are done.
            Answer::Scoreboard(_) if table.title == NEXT => return None,
            Answer::GoalParts(tree) => return Some(goal_parts::linked(tree, view, held)),
            Answer::Journal(entries) => return Some(journal::linked(entries, view)),
            Answer::Metrics(catalogue) => return Some(metrics::catalogue(catalogue, view)),
            Answer::Metric(figures) => return Some(metrics::figures(figures, view)),
            Answer::MetricRows(behind) => return Some(metrics::rows(behind, view)),
            Answer::Scoreboard(board) => return Some(metrics::legs(board, view)),
            Answer::Week(week) if table.title == LEGS => {
                return Some(metrics::week(week, view));
            }
            Answer::PlanVersions(_) => return Some(plan_versions::linked(table, view)),
            _ => return Some(view),
        };
        let href = |row: &Vec<Cell>| match row.first() {
            Some(Cell::Text(id)) => record_href(kind, id),
            _ => String::new(),
        };
        Some(view.linked(table.rows.iter().map(href)))
    };
    document.tables.iter().filter_map(view).collect()
}

/// Where a record has its page.
pub(super) fn record_href(kind: Kind, id: &str) -> String {
    format!("/records/{}/{}", kind.name(), encoded(id))
}

pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn filter(answer: &Answer, asked: &Asked) -> Option<FilterView> {
    let stages = match answer {
        Answer::Deals(deals) => &deals.stages,
        Answer::Leads(leads) => &leads.stages,
        _ => return None,
    };
    let choice = |name: &str, chosen: &Option<String>| Choice {
        is_chosen: chosen.as_deref().is_some_and(|chosen| chosen.eq_ignore_ascii_case(name)),
        name: name.to_owned(),
    };
    Some(FilterView {
        text: asked.filter.text.clone().unwrap_or_default(),
        stages: stages.iter().map(|name| choice(name, &asked.filter.stage)).collect(),
        outcomes: ["open", "overdue", "won", "lost", "any"]
            .into_iter()
            .map(|name| choice(name, &asked.filter.outcome))
            .collect(),
    })
}

fn goal_form(visitor: &Visitor, page: Page, asked: &Asked) -> Option<GoalForm> {
    let calendar = visitor.shared.company().company.calendar;
    let period = asked.period.unwrap_or_else(|| calendar.year_of(visitor.shared.today()));
    let is_shown = page == Page::Goal && visitor.may(Action::SetGoal);
    is_shown.then(|| GoalForm {
        period: period.to_string(),
        amount: String::new(),
        confidence: "80".to_owned(),
        wrong: None,
    })
}

fn import_form(visitor: &Visitor, page: Page, answer: &Answer) -> Option<ImportForm> {
    let Answer::Imports(imports) = answer else { return None };
    let done = imports.imports.iter().filter(|import| !import.is_undone);
    let named = |import: &reports::imports::Listed| {
        (import.import_id.clone(), format!("{}: {}", import.kind, import.file))
    };
    let is_shown = page == Page::Imports && visitor.may(Action::Import);
    is_shown.then(|| ImportForm {
        kinds: Kind::ALL.iter().map(|kind| kind.name()).collect(),
        undoable: done.map(named).collect(),
    })
}

#[derive(Clone, Deserialize)]
struct GoalSet {
    amount: String,
    period: String,
    counts: String,
    confidence: String,
}

async fn set_goal(visitor: Visitor, Form(form): Form<GoalSet>) -> Result<Response, Fault> {
    let context = visitor.context(Action::SetGoal)?;
    let typed = form.clone();
    let verb = async move |context: &_| {
        let period: Period = form.period.trim().parse()?;
        let percent: f64 = (form.confidence.trim().trim_end_matches('%').trim().parse())
            .map_err(|_| Error::Input("the confidence is a percentage such as 80".to_owned()))?;
        let counts: Counts = form.counts.parse()?;
        goal::set(context, form.amount.trim(), period, counts, percent / 100.0).await
    };
    match visitor.shared.run(context, verb).await {
        Ok(_) => {
            // Who has set a goal sees it next, and not what was there before.
            visitor.answer(Page::Goal, &Asked::default(), Wanted::New).await?;
            Ok(Redirect::to("/goal").into_response())
        }
        Err(Fault::Input(wrong)) => {
            let form = GoalForm { wrong: Some(sentence(&wrong)), ..GoalForm::of(&typed) };
            refused(&visitor, form)
        }
        Err(fault) => Err(fault),
    }
}

/// The form again with what was typed, and what is wrong with it.
fn refused(visitor: &Visitor, form: GoalForm) -> Result<Response, Fault> {
    let asked = Asked::default();
    let mut view = PageView::new(frame(visitor, Page::Goal, &asked), Page::Goal.title());
    view.answer = "The goal is not set yet.".to_owned();
    view.related = related(visitor, Page::Goal, &asked);
    view.goal = Some(form);
    html(StatusCode::UNPROCESSABLE_ENTITY, &view)
}

/// Deals and leads by a part of their name or id.
async fn search(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.check(Action::ReadRecords)?;
    let asked = Asked::read(&query)?;
    let Some(text) = asked.filter.text.clone() else {
        return Ok(Redirect::to("/").into_response());
    };
    let frame = Frame::new(&visitor, "Search", "/search", None, &asked);
    let mut view = PageView::new(frame, "Search");
    view.answer = format!("Nothing is called “{text}”.");
    let mut found = Vec::new();
    for page in [Page::Deals, Page::Leads] {
        let (answer, _) = visitor.answer(page, &asked, Wanted::AtOnce).await?;
        let document = answer.report().document();
        let tables = tables(&answer, &document, &asked.held());
        if !tables.is_empty() {
            found.push(document.answer.trim_end_matches('.').to_owned());
        }
        view.tables.extend(tables);
    }
    if !found.is_empty() {
        view.answer = format!("{} with “{text}”.", found.join(" and "));
    }
    html(StatusCode::OK, &view)
}
