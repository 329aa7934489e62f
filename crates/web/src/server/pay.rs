//! Pay: plans with their signatures, statements on their way to payroll, one's own statement; the
//! same for programs. Whose pay is seen is a matter of the visitor's reach, which every verb bears.

use std::collections::HashMap;
use std::sync::Arc;

use app::context::Context;
use app::limits::DISPUTE_CHARACTERS_MAX;
use app::pay::{self, Deed, Remark, Saved};
use app::team;
use askama::Template;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, RawQuery};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use domain::access::Scope;
use domain::pay::run::{PLAN_OWNER, State};
use domain::period::Period;
use reports::document::Report;
use reports::pay::kept::{Desk, PlanShown, RunShown, Sheet};
use reports::pay::what_if::{Picks, WhatIf};
use reports::render;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Answer, Question, Wanted};
use super::api::{Program, answers, created, key_parameter};
use super::asked::{Asked, Page, query, text};
use super::fault::{Fault, Problem};
use super::frame::{Frame, Link, html, sentence};
use super::idempotency;
use super::pages::related;
use super::policy::Action;
use super::rendition::Rendition;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::review::unbroken;
use crate::table::TableView;

/// Where the page is.
pub(super) const ADDRESS: &str = "/pay";
/// What can be done, by the last part of its address.
const DEEDS: [&str; 7] =
    ["plans", "signatures", "judgements", "runs", "approvals", "locks", "disputes"];

pub(super) fn routes() -> Router<Arc<Shared>> {
    let mut routes = Router::new()
        .route(ADDRESS, get(desk))
        .route("/pay/statement", get(statement))
        .route("/pay/relay", get(relay))
        .route("/pay/simulation", get(simulation))
        .route("/pay/export", get(export));
    for deed in DEEDS {
        let done = move |visitor: Visitor, Form(sent): Form<Sent>| typed(visitor, deed, sent);
        routes = routes.route(&format!("/pay/{deed}"), post(done));
    }
    routes
}

/// The same for programs, below the API's address.
pub(super) fn programs(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let mut routes = Router::new()
        .route("/pay", get(told_desk))
        .route("/pay/statement", get(told_statement))
        .route("/pay/deals", get(told_picks))
        .route("/pay/relay", get(told_relay))
        .route("/pay/simulation", get(told_simulation));
    for deed in DEEDS {
        let done = move |program: Program, body: Result<Json<Sent>, JsonRejection>| {
            told(program, deed, body)
        };
        let once = from_fn_with_state(shared.clone(), idempotency::once);
        routes = routes.route(&format!("/pay/{deed}"), post(done).route_layer(once));
    }
    routes
}

/// What is to be done, as it is typed or sent; each deed asks for some of it.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sent {
    terms: Option<String>,
    plan: Option<String>,
    version: Option<u32>,
    payee: Option<String>,
    period: Option<String>,
    leg: Option<String>,
    reached: Option<String>,
    text: Option<String>,
    ruling: Option<String>,
}

/// What came of it.
enum Done {
    Desk(Desk),
    Run(RunShown),
    Sheet(Box<Sheet>),
}

impl Done {
    fn json(&self) -> Value {
        match self {
            Done::Desk(desk) => desk.json(),
            Done::Run(run) => run.json(),
            Done::Sheet(sheet) => sheet.json(),
        }
    }

    /// The page on which it is seen.
    fn place(&self) -> String {
        match self {
            Done::Desk(_) => ADDRESS.to_owned(),
            Done::Run(run) => of_run(run),
            Done::Sheet(sheet) => of_statement(&sheet.run, &sheet.payee),
        }
    }
}

fn of_run(run: &RunShown) -> String {
    let pairs = [("plan", Some(run.plan.clone())), ("period", Some(run.period.to_string()))];
    format!("{ADDRESS}{}", query(&pairs))
}

fn of_statement(run: &RunShown, payee: &str) -> String {
    let pairs = [
        ("plan", Some(run.plan.clone())),
        ("period", Some(run.period.to_string())),
        ("payee", Some(payee.to_owned())),
    ];
    format!("{ADDRESS}/statement{}", query(&pairs))
}

impl Sent {
    fn text(part: Option<&String>) -> Option<String> {
        part.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn named(part: Option<&String>, field: &'static str) -> Result<String, Fault> {
        let missing = || Fault::Field { field, why: format!("say which {field}") };
        Sent::text(part).ok_or_else(missing)
    }

    fn saved(&self) -> Result<Saved, Fault> {
        Ok(Saved { name: Sent::named(self.plan.as_ref(), "plan")?, version: self.version })
    }

    fn run(&self) -> Result<(String, Period), Fault> {
        let period = Sent::named(self.period.as_ref(), "period")?;
        let wrong = |error: domain::period::PeriodError| Fault::Field {
            field: "period",
            why: error.to_string(),
        };
        let period = period.parse().map_err(wrong)?;
        Ok((Sent::named(self.plan.as_ref(), "plan")?, period))
    }

    fn remark(&self) -> Result<Remark, Fault> {
        let wrong = |error: domain::pay::run::UnknownRuling| Fault::Field {
            field: "ruling",
            why: error.to_string(),
        };
        let ruling = Sent::text(self.ruling.as_ref());
        let ruling = ruling.map(|ruling| ruling.parse().map_err(wrong)).transpose()?;
        Ok(Remark { text: self.text.clone().unwrap_or_default(), ruling })
    }
}

/// Whose pay a visitor sees.
async fn reach(visitor: &Visitor) -> Result<Scope, Fault> {
    let store = &visitor.shared.company().store;
    Ok(team::pay_scope(store, &visitor.member).await?)
}

/// What a deed asks of the role: to speak for a payee is one's own matter.
fn action(deed: &str, sent: &Sent) -> Action {
    match deed {
        "signatures" if Sent::text(sent.payee.as_ref()).is_some() => Action::SignPay,
        "disputes" if Sent::text(sent.ruling.as_ref()).is_none() => Action::SignPay,
        "approvals" => Action::ApprovePay,
        _ => Action::ManagePay,
    }
}

async fn done(visitor: &Visitor, deed: &'static str, sent: Sent) -> Result<Done, Fault> {
    let context = visitor.context(action(deed, &sent))?;
    let reach = reach(visitor).await?;
    match deed {
        "plans" => {
            let terms = Sent::named(sent.terms.as_ref(), "terms")?;
            let verb = async move |context: &Context| pay::save(context, &terms).await;
            visitor.shared.run(context, verb).await.map(Done::Desk)
        }
        "signatures" => {
            let (saved, payee) = (sent.saved()?, Sent::text(sent.payee.as_ref()));
            let verb = async move |context: &Context| {
                pay::sign(context, &saved, payee.as_deref(), &reach).await
            };
            visitor.shared.run(context, verb).await.map(Done::Desk)
        }
        "judgements" => {
            let (saved, leg) = (sent.saved()?, Sent::named(sent.leg.as_ref(), "leg")?);
            let reached = Sent::text(sent.reached.as_ref());
            let verb = async move |context: &Context| {
                pay::judge(context, &saved, &leg, reached.as_deref()).await
            };
            visitor.shared.run(context, verb).await.map(Done::Desk)
        }
        "disputes" => {
            let ((plan, period), remark) = (sent.run()?, sent.remark()?);
            let payee = Sent::named(sent.payee.as_ref(), "payee")?;
            let verb = async move |context: &Context| {
                pay::dispute(context, (&plan, period), &payee, &remark, &reach).await
            };
            let sheet = visitor.shared.run(context, verb).await.map_err(absent)?;
            Ok(Done::Sheet(Box::new(sheet)))
        }
        _ => {
            let (plan, period) = sent.run()?;
            let verb = async move |context: &Context| match deed {
                "runs" => pay::calculate(context, &plan, period).await,
                "approvals" => pay::advance(context, &plan, period, Deed::Approve).await,
                _ => pay::advance(context, &plan, period, Deed::Lock).await,
            };
            visitor.shared.run(context, verb).await.map(Done::Run).map_err(absent)
        }
    }
}

/// What is not within reach is not told from what is not there.
fn absent(fault: Fault) -> Fault {
    match fault {
        Fault::NotFound(_) => Fault::NotFound("There is no such statement.".into()),
        fault => fault,
    }
}

#[derive(Template)]
#[template(path = "server/pay.html")]
struct DeskView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    /// The statements that are looked at, each row leading to its lines.
    run: Option<RunView>,
    tables: Vec<TableView>,
    /// Who may sign what: the plan, its version, for whom, and how that is called.
    signings: Vec<Signing>,
    /// Legs that nobody has judged yet.
    judgings: Vec<Judging>,
    /// Where is told how likely each relay pays.
    relays: Vec<Link>,
    /// Where plans are tried out; for those who see everybody's pay.
    simulations: Vec<Link>,
    plans: Vec<String>,
    notes: Vec<String>,
    may_manage: bool,
    typed: String,
    wrong: Option<String>,
}

struct RunView {
    run: RunShown,
    table: Option<TableView>,
    standing: String,
    notes: Vec<String>,
    may_approve: bool,
    may_lock: bool,
    export: Option<String>,
}

struct Signing {
    plan: String,
    version: u32,
    payee: Option<String>,
}

struct Judging {
    plan: String,
    version: u32,
    leg: String,
    mark: String,
    metric: Option<String>,
}

#[derive(Template)]
#[template(path = "server/statement.html")]
struct StatementView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    tables: Vec<TableView>,
    notes: Vec<String>,
    plan: String,
    period: String,
    payee: String,
    /// What it would be, where that was asked.
    what_if: Option<String>,
    what_if_tables: Vec<TableView>,
    picking: Option<Picking>,
    may_dispute: bool,
    may_rule: bool,
    wrong: Option<String>,
}

/// The open deals of a payee as boxes to tick.
struct Picking {
    period: String,
    name: String,
    deals: Vec<(String, String, bool)>,
    note: Option<String>,
}

impl Picking {
    fn new(picks: &Picks, picked: &[String]) -> Picking {
        let deal = |deal: &reports::pay::what_if::Pick| {
            (deal.id.clone(), unbroken(&deal.told()), picked.contains(&deal.id))
        };
        Picking {
            period: picks.period.to_string(),
            name: picks.name.clone(),
            deals: picks.deals.iter().map(deal).collect(),
            note: picks.document().notes.into_iter().next(),
        }
    }
}

async fn desk(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    desk_shown(&visitor, &query, StatusCode::OK, (String::new(), None)).await
}

async fn found(visitor: &Visitor) -> Result<Desk, Fault> {
    let context = visitor.context(Action::ReadPay)?;
    let reach = reach(visitor).await?;
    let verb = async move |context: &Context| pay::desk(context, &reach).await;
    visitor.shared.run(context, verb).await
}

async fn desk_shown(
    visitor: &Visitor,
    query: &HashMap<String, String>,
    status: StatusCode,
    (typed, wrong): (String, Option<String>),
) -> Result<Response, Fault> {
    let desk = found(visitor).await?;
    let asked = Asked::default();
    let (plan, period) = (text(query, "plan"), text(query, "period"));
    let is_meant = |run: &&RunShown| {
        plan.as_ref().is_none_or(|plan| *plan == run.plan)
            && period.as_ref().is_none_or(|period| *period == run.period.to_string())
    };
    let run = desk.runs.iter().find(is_meant).map(|run| RunView::new(visitor, run));
    let document = desk.document();
    let runs = desk.runs.iter().map(of_run);
    let first = document.tables.first().and_then(TableView::new).map(|table| table.linked(runs));
    let others = document.tables.iter().skip(1).filter_map(TableView::new);
    let may_manage = visitor.may(Action::ManagePay);
    let view = DeskView {
        frame: Frame::new(visitor, "Pay", ADDRESS, Some(Page::Scoreboard), &asked),
        related: family(visitor, &asked),
        answer: unbroken(&document.answer),
        run,
        tables: first.into_iter().chain(others).collect(),
        signings: signings(visitor, &desk),
        judgings: if may_manage { judgings(&desk) } else { Vec::new() },
        relays: relays(&desk),
        simulations: if desk.is_narrowed { Vec::new() } else { simulations(&desk) },
        plans: names(&desk),
        notes: document.notes,
        may_manage,
        typed,
        wrong,
    };
    html(status, &view)
}

fn family(visitor: &Visitor, asked: &Asked) -> Vec<Link> {
    let links = related(visitor, Page::Scoreboard, asked).into_iter();
    let here = |link: Link| Link { is_here: link.href == ADDRESS, ..link };
    links.map(here).collect()
}

fn relays(desk: &Desk) -> Vec<Link> {
    let open = desk.plans.iter().filter(|plan| plan.legs.iter().any(|leg| leg.reached.is_none()));
    let link = |plan: &PlanShown| {
        let name = format!("{}, version {}", plan.name, plan.version);
        let version = Some(plan.version.to_string());
        let pairs = [("plan", Some(plan.name.clone())), ("version", version)];
        Link::new(name, format!("{ADDRESS}/relay{}", query(&pairs)))
    };
    open.map(link).collect()
}

fn simulations(desk: &Desk) -> Vec<Link> {
    let link = |name: String| {
        let address = format!("{ADDRESS}/simulation{}", query(&[("plan", Some(name.clone()))]));
        Link::new(name, address)
    };
    names(desk).into_iter().map(link).collect()
}

fn names(desk: &Desk) -> Vec<String> {
    let mut names: Vec<String> = desk.plans.iter().map(|plan| plan.name.clone()).collect();
    names.dedup();
    names
}

fn signings(visitor: &Visitor, desk: &Desk) -> Vec<Signing> {
    let may_manage = visitor.may(Action::ManagePay);
    let own = visitor.member.user.is_some() && visitor.may(Action::SignPay);
    let mut signings = Vec::new();
    for plan in &desk.plans {
        for signer in &plan.unsigned {
            let is_owner = signer == PLAN_OWNER;
            let is_own = !is_owner && own && desk.is_narrowed;
            if (is_owner && may_manage) || is_own {
                let payee = (!is_owner).then(|| signer.clone());
                signings.push(Signing { plan: plan.name.clone(), version: plan.version, payee });
            }
        }
    }
    signings
}

fn judgings(desk: &Desk) -> Vec<Judging> {
    let mut judgings = Vec::new();
    for plan in &desk.plans {
        for leg in plan.legs.iter().filter(|leg| leg.reached.is_none()) {
            judgings.push(Judging {
                plan: plan.name.clone(),
                version: plan.version,
                leg: leg.name.clone(),
                mark: leg.mark.clone(),
                metric: leg.metric.clone(),
            });
        }
    }
    judgings
}

impl RunView {
    fn new(visitor: &Visitor, run: &RunShown) -> RunView {
        let document = run.document();
        let payees = run.statements.iter().map(|sum| of_statement(run, &sum.payee));
        let table = document.tables.first().and_then(TableView::new);
        let export = format!("{ADDRESS}/export{}", of_run(run).trim_start_matches(ADDRESS));
        let may_manage = visitor.may(Action::ManagePay);
        RunView {
            table: table.map(|table| table.linked(payees)),
            standing: unbroken(&document.answer),
            notes: document.notes,
            may_approve: run.state == State::Calculated && visitor.may(Action::ApprovePay),
            may_lock: run.state == State::Approved && may_manage,
            export: (run.state == State::Locked && may_manage).then_some(export),
            run: run.clone(),
        }
    }
}

/// A query whose `if` may be given more than once, as boxes are.
#[derive(Clone, Default)]
struct Looked {
    query: HashMap<String, String>,
    deals: Vec<String>,
}

impl Looked {
    fn new(raw: Option<&str>) -> Looked {
        let mut looked = Looked::default();
        for (name, value) in url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            if name == "if" {
                let deals = value.split([',', ' ']).map(str::trim).filter(|deal| !deal.is_empty());
                looked.deals.extend(deals.map(str::to_owned));
            } else {
                looked.query.insert(name.into_owned(), value.into_owned());
            }
        }
        looked
    }

    fn run(&self) -> Result<((String, Period), String), Fault> {
        let sent = Sent {
            plan: text(&self.query, "plan"),
            period: text(&self.query, "period"),
            payee: text(&self.query, "payee"),
            ..Sent::default()
        };
        Ok((sent.run()?, Sent::named(sent.payee.as_ref(), "payee")?))
    }
}

async fn statement(visitor: Visitor, RawQuery(raw): RawQuery) -> Result<Response, Fault> {
    let looked = Looked::new(raw.as_deref());
    statement_shown(&visitor, &looked, StatusCode::OK, None).await
}

/// The statement that a query names.
async fn sheet(visitor: &Visitor, looked: &Looked) -> Result<Sheet, Fault> {
    let context = visitor.context(Action::ReadPay)?;
    let reach = reach(visitor).await?;
    let ((plan, period), payee) = looked.run()?;
    let verb =
        async move |context: &Context| pay::sheet(context, (&plan, period), &payee, &reach).await;
    visitor.shared.run(context, verb).await.map_err(absent)
}

/// What a payee's statement of a period would be with the deals of a query.
async fn what_if(
    visitor: &Visitor,
    (plan, period): (String, Period),
    payee: String,
    deals: Vec<String>,
) -> Result<WhatIf, Fault> {
    let context = visitor.context(Action::ReadPay)?;
    let reach = reach(visitor).await?;
    let verb = async move |context: &Context| {
        pay::what_if(context, (&plan, period), &payee, &deals, &reach).await
    };
    visitor.shared.run(context, verb).await.map_err(absent)
}

/// The deals that a payee may take as won.
async fn picks(visitor: &Visitor, plan: String, payee: String) -> Result<Option<Picks>, Fault> {
    let context = visitor.context(Action::ReadPay)?;
    let reach = reach(visitor).await?;
    let verb = async move |context: &Context| pay::picks(context, &plan, &payee, &reach).await;
    visitor.shared.run(context, verb).await.map_err(absent)
}

async fn statement_shown(
    visitor: &Visitor,
    looked: &Looked,
    status: StatusCode,
    wrong: Option<String>,
) -> Result<Response, Fault> {
    let sheet = sheet(visitor, looked).await?;
    let (plan, payee) = (sheet.run.plan.clone(), sheet.payee.clone());
    let picks = picks(visitor, plan.clone(), payee.clone()).await?;
    let asked_if = match &picks {
        Some(picks) if !looked.deals.is_empty() => {
            let of = (plan.clone(), picks.period);
            Some(what_if(visitor, of, payee.clone(), looked.deals.clone()).await)
        }
        _ => None,
    };
    let (what_if, wrong) = match asked_if {
        Some(Ok(what_if)) => (Some(what_if.document()), wrong),
        Some(Err(Fault::Field { why, .. } | Fault::Input(why))) => (None, Some(sentence(&why))),
        Some(Err(fault)) => return Err(fault),
        None => (None, wrong),
    };
    let document = sheet.document();
    let asked = Asked::default();
    let is_open = sheet.run.state != State::Locked;
    let then = what_if.iter().flat_map(|document| &document.tables);
    let view = StatementView {
        frame: Frame::new(visitor, "Statement", ADDRESS, Some(Page::Scoreboard), &asked),
        related: family(visitor, &asked),
        answer: unbroken(&document.answer),
        tables: document.tables.iter().filter_map(TableView::new).collect(),
        notes: document.notes,
        plan,
        period: sheet.run.period.to_string(),
        payee,
        what_if_tables: then.filter_map(TableView::new).collect(),
        what_if: what_if.map(|document| unbroken(&document.answer)),
        picking: picks.map(|picks| Picking::new(&picks, &looked.deals)),
        may_dispute: is_open && visitor.may(Action::SignPay),
        may_rule: is_open && sheet.is_disputed() && visitor.may(Action::ManagePay),
        wrong,
    };
    html(status, &view)
}

#[derive(Template)]
#[template(path = "server/relay.html")]
struct RelayView {
    is_stale: bool,
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    tables: Vec<TableView>,
    notes: Vec<String>,
}

/// How likely the relay of a plan pays, which takes a forecast.
async fn outlook(
    visitor: &Visitor,
    query: &HashMap<String, String>,
    wanted: Wanted,
) -> Result<(Arc<Answer>, bool), Fault> {
    visitor.check(Action::ReadPay)?;
    let reach = reach(visitor).await?;
    let missing = || Fault::Field { field: "plan", why: "say which plan".to_owned() };
    let name = text(query, "plan").ok_or_else(missing)?;
    let number = |text: String| {
        text.parse::<u32>().map_err(|_| Fault::Field {
            field: "version",
            why: format!("`{text}` is no version of a plan"),
        })
    };
    let version = text(query, "version").map(number).transpose()?;
    let with = version.map(|version| version.to_string());
    let asked = Asked { name: Some(name), with, ..Asked::default() };
    let question = Question::new(Page::PayRelay, &asked, &reach);
    let found = visitor.shared.answers.get(&visitor.shared, question, wanted).await;
    found.map_err(absent)
}

async fn relay(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let (found, is_stale) = outlook(&visitor, &query, Wanted::AtOnce).await?;
    let document = found.report().document();
    let asked = Asked::default();
    let view = RelayView {
        is_stale,
        frame: Frame::new(&visitor, "Relay", ADDRESS, Some(Page::Scoreboard), &asked),
        related: family(&visitor, &asked),
        answer: unbroken(&document.answer),
        tables: document.tables.iter().filter_map(TableView::new).collect(),
        notes: document.notes,
    };
    html(StatusCode::OK, &view)
}

async fn told_relay(
    Program(visitor): Program,
    Query(query): Query<HashMap<String, String>>,
    rendition: Rendition,
) -> Result<Response, Problem> {
    let (outlook, _) = outlook(&visitor, &query, Wanted::New).await?;
    rendition.answer(outlook.report(), &outlook.report().json())
}

#[derive(Template)]
#[template(path = "server/simulation.html")]
struct SimulationView {
    is_stale: bool,
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    tables: Vec<TableView>,
    notes: Vec<String>,
    plans: Vec<String>,
    plan: String,
    with: String,
    period: String,
}

/// A plan tried out, which takes a forecast; for those who see everybody's pay.
async fn tried(
    visitor: &Visitor,
    query: &HashMap<String, String>,
    wanted: Wanted,
) -> Result<(Arc<Answer>, bool), Fault> {
    visitor.check(Action::ReadPay)?;
    let reach = reach(visitor).await?;
    if reach != Scope::All {
        return Err(Fault::NotFound("There is no such plan.".into()));
    }
    let sent = Sent { plan: text(query, "plan"), ..Sent::default() };
    let name = Some(Sent::named(sent.plan.as_ref(), "plan")?);
    let wrong = |error: domain::period::PeriodError| Fault::Field {
        field: "period",
        why: error.to_string(),
    };
    let period = text(query, "period");
    let period = period.map(|period| period.parse().map_err(wrong)).transpose()?;
    let asked = Asked { name, with: text(query, "with"), period, ..Asked::default() };
    let question = Question::new(Page::PaySimulation, &asked, &reach);
    visitor.shared.answers.get(&visitor.shared, question, wanted).await
}

async fn simulation(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let (found, is_stale) = tried(&visitor, &query, Wanted::AtOnce).await?;
    let plans = names(&self::found(&visitor).await?);
    let document = found.report().document();
    let asked = Asked::default();
    let view = SimulationView {
        is_stale,
        frame: Frame::new(
            &visitor,
            "A pay plan tried out",
            ADDRESS,
            Some(Page::Scoreboard),
            &asked,
        ),
        related: family(&visitor, &asked),
        answer: unbroken(&document.answer),
        tables: document.tables.iter().filter_map(TableView::new).collect(),
        notes: document.notes,
        plans,
        plan: text(&query, "plan").unwrap_or_default(),
        with: text(&query, "with").unwrap_or_default(),
        period: text(&query, "period").unwrap_or_default(),
    };
    html(StatusCode::OK, &view)
}

async fn told_simulation(
    Program(visitor): Program,
    Query(query): Query<HashMap<String, String>>,
    rendition: Rendition,
) -> Result<Response, Problem> {
    let (found, _) = tried(&visitor, &query, Wanted::New).await?;
    rendition.answer(found.report(), &found.report().json())
}

/// A form's deed: on to the page where it is seen, or the page again with what is wrong.
async fn typed(visitor: Visitor, deed: &'static str, sent: Sent) -> Result<Response, Fault> {
    let again = StatusCode::UNPROCESSABLE_ENTITY;
    match done(&visitor, deed, sent.clone()).await {
        Ok(done) => Ok(Redirect::to(&done.place()).into_response()),
        Err(Fault::Field { why, .. } | Fault::Input(why)) => {
            let wrong = Some(sentence(&why));
            let of = [("plan", &sent.plan), ("period", &sent.period), ("payee", &sent.payee)];
            let query: HashMap<String, String> = of
                .into_iter()
                .filter_map(|(name, part)| Some((name.to_owned(), part.clone()?)))
                .collect();
            if deed == "disputes" {
                let looked = Looked { query, deals: Vec::new() };
                return statement_shown(&visitor, &looked, again, wrong).await;
            }
            let typed = sent.terms.unwrap_or_default();
            desk_shown(&visitor, &query, again, (typed, wrong)).await
        }
        Err(fault) => Err(fault),
    }
}

/// Locked statements for payroll, as CSV.
async fn export(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let context = visitor.context(Action::ManagePay)?;
    visitor.check(Action::Export)?;
    let (plan, period) = (text(&query, "plan"), text(&query, "period"));
    let (plan, period) = Sent { plan, period, ..Sent::default() }.run()?;
    let verb = async move |context: &Context| pay::export(context, &plan, period).await;
    let export = visitor.shared.run(context, verb).await.map_err(absent)?;
    let broken = |error: &dyn std::fmt::Display| Fault::Broken(error.to_string());
    let mut text = String::new();
    for table in &export.document().tables {
        text.push_str(&render::csv(table).map_err(|error| broken(&error))?);
    }
    let attached = format!("attachment; filename=\"payroll-{period}.csv\"");
    let attached = HeaderValue::from_str(&attached).map_err(|error| broken(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, attached),
    ];
    Ok((headers, text).into_response())
}

async fn told_desk(Program(visitor): Program, rendition: Rendition) -> Result<Response, Problem> {
    let desk = found(&visitor).await?;
    rendition.answer(&desk, &desk.json())
}

async fn told_statement(
    Program(visitor): Program,
    RawQuery(raw): RawQuery,
    rendition: Rendition,
) -> Result<Response, Problem> {
    let looked = Looked::new(raw.as_deref());
    let sheet = sheet(&visitor, &looked).await?;
    if looked.deals.is_empty() {
        return rendition.answer(&sheet, &sheet.json());
    }
    let (of, payee) = looked.run()?;
    let what_if = what_if(&visitor, of, payee, looked.deals).await?;
    rendition.answer(&what_if, &what_if.json())
}

async fn told_picks(
    Program(visitor): Program,
    RawQuery(raw): RawQuery,
    rendition: Rendition,
) -> Result<Response, Problem> {
    let Looked { query, .. } = Looked::new(raw.as_deref());
    let plan = Sent::named(text(&query, "plan").as_ref(), "plan")?;
    let payee = Sent::named(text(&query, "payee").as_ref(), "payee")?;
    let found = picks(&visitor, plan, payee).await?;
    let absent = || Fault::NotFound("There is no such statement.".into());
    let picks = found.ok_or_else(absent)?;
    rendition.answer(&picks, &picks.json())
}

async fn told(
    Program(visitor): Program,
    deed: &'static str,
    body: Result<Json<Sent>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::SignPay)?;
    let Json(sent) = body.map_err(|error| Fault::input(error.body_text()))?;
    let done = done(&visitor, deed, sent).await?;
    Ok((StatusCode::CREATED, Json(done.json())).into_response())
}

/// What programs may do with pay: address, verb, description.
pub(super) fn described() -> Vec<(String, &'static str, Value)> {
    let holds = json!({ "schema": { "$ref": "#/components/schemas/Pay" } });
    let about = |deed: &str| match deed {
        "plans" => "Keep a version of a pay plan: terms",
        "signatures" => "Sign a pay plan as its owner, or for a payee: plan, version, payee",
        "judgements" => "Say what a leg of a relay reached: plan, version, leg, reached",
        "runs" => "Calculate and keep statements: plan, period",
        "approvals" => "Approve statements that somebody else calculated: plan, period",
        "locks" => "Lock approved statements: plan, period",
        _ => "Say something of a statement, or rule: plan, period, payee, text, ruling",
    };
    let write = |deed: &str| {
        json!({
            "operationId": format!("pay_{deed}"),
            "summary": about(deed),
            "parameters": [key_parameter()],
            "requestBody": { "required": true, "content": { "application/json": holds.clone() } },
            "responses": created("What then is.", "Report"),
        })
    };
    let deeds = DEEDS.map(|deed| (format!("/api/v1/pay/{deed}"), "post", write(deed)));
    described_reports().into_iter().chain(deeds).collect()
}

/// A part of a query.
fn named(name: &str, required: bool, about: &str) -> Value {
    json!({
        "name": name, "in": "query", "required": required, "description": about,
        "schema": { "type": "string" },
    })
}

/// What programs may read of pay.
fn described_reports() -> Vec<(String, &'static str, Value)> {
    let of_statement = json!([
        named("plan", true, "The plan's name."),
        named("period", true, "A fiscal year, quarter or month, as 2026, 2026-Q1 or 2026-01."),
        named("payee", true, "The payee's id or name in the plan."),
        named("if", false, "Open deals as if they were won today: ids with commas."),
    ]);
    let read = |name: &str, about: &str, parameters: Value| {
        json!({
            "operationId": name, "summary": about, "parameters": parameters,
            "responses": answers("The report.", "Report"),
        })
    };
    let mut all = vec![
        (
            "/api/v1/pay".to_owned(),
            "get",
            read("pay", "Pay plans and statements, as far as they may be seen", json!([])),
        ),
        (
            "/api/v1/pay/statement".to_owned(),
            "get",
            read("pay_statement", "One payee's statement, line by line", of_statement),
        ),
    ];
    let of_deals = json!([
        named("plan", true, "The plan's name."),
        named("payee", true, "The payee's id or name in the plan."),
    ]);
    all.push((
        "/api/v1/pay/deals".to_owned(),
        "get",
        read("pay_deals", "Open deals of a payee that `if` may take as won", of_deals),
    ));
    let of_relay = json!([
        named("plan", true, "The plan's name."),
        {
            "name": "version", "in": "query", "required": false,
            "description": "Its version; the newest if left out.",
            "schema": { "type": "integer", "minimum": 1 },
        },
    ]);
    all.push((
        "/api/v1/pay/relay".to_owned(),
        "get",
        read("pay_relay", "How likely the relay of a plan pays its pool", of_relay),
    ));
    let of_simulation = json!([
        named("plan", true, "The plan's name."),
        named("with", false, "Another plan, to be set beside it."),
        named(
            "period",
            false,
            "Up to which period its cost is forecast; the one that runs if left out."
        ),
    ]);
    all.push((
        "/api/v1/pay/simulation".to_owned(),
        "get",
        read("pay_simulation", "A plan tried out on past periods and the forecast", of_simulation),
    ));
    all
}

/// What a program sends; each deed asks for some of it.
pub(super) fn sent() -> Value {
    let text = || json!({ "type": ["string", "null"] });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "terms": text(),
            "plan": text(),
            "version": { "type": ["integer", "null"], "minimum": 1 },
            "payee": text(),
            "period": text(),
            "leg": text(),
            "reached": text(),
            "text": { "type": ["string", "null"], "maxLength": DISPUTE_CHARACTERS_MAX },
            "ruling": { "enum": ["upheld", "rejected", null] },
        },
    })
}
