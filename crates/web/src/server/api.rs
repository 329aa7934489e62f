//! The API: every page's report as JSON, and records to read, edit and add.
//!
//! It is described by a document that is made from the same lists as the routes.

use std::collections::HashMap;
use std::sync::Arc;

use app::context::Context;
use app::error::Error;
use app::limits::SCORES_SHOWN_MAX;
use app::record::{self, Entered};
use axum::Json;
use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use domain::journal::{Cause, SETTINGS};
use domain::kind::Kind;
use reports::attribution::{Conversions, Model, model_name};
use reports::document::Report;
use reports::pipeline::Flow;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::Wanted;
use super::asked::{Asked, Page};
use super::fault::{Fault, Problem};
use super::forecast;
use super::handoffs;
use super::huddles;
use super::idempotency;
use super::pages::action;
use super::pay;
use super::periods;
use super::plan_versions;
use super::policy::Action;
use super::records::{self, SHOWN, absent, look, subject};
use super::rendition::{Rendition, TEXT, Unasked, WIDTH, WIDTHS};
use super::scores;
use super::shared::Shared;
use super::teams;
use super::visitor::Visitor;
use super::webhooks;

/// Parameters that say nothing when they are empty.
const NEVER_EMPTY: [&str; 17] = [
    "limit",
    "lookback_days",
    "half_life_days",
    "kind",
    "cause",
    "as_of",
    "known_at",
    "from",
    "to",
    "period",
    "closing",
    "outcome",
    "seed",
    "origins",
    "every",
    "unsmoothed",
    "with",
];

pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let once = || from_fn_with_state(shared.clone(), idempotency::once);
    let calls = report_of(Page::Calls).post(forecast::say);
    let versions = report_of(Page::PlanVersions).post(plan_versions::add);
    Router::new()
        .route("/openapi.json", get(async || Json(description())))
        .route("/records/{kind}", post(add).route_layer(once()))
        .route("/records/{kind}/{id}", get(read).patch(edit).route_layer(once()))
        .route("/records/{kind}/{id}/journal", get(history))
        .route("/forecast/calls", calls.route_layer(once()))
        .route("/plan-versions", versions.route_layer(once()))
        .route("/goal/check", report_of(Page::GoalCheck))
        .route("/journal/proof", report_of(Page::Proof))
        .route("/funnel/curve", report_of(Page::Curve))
        .merge(teams::programs(shared))
        .merge(handoffs::programs(shared))
        .merge(scores::programs(shared))
        .merge(webhooks::programs())
        .merge(periods::programs(shared))
        .merge(pay::programs(shared))
        .merge(huddles::programs(shared))
        .route("/{page}", get(page))
        .fallback(async || Problem(Fault::NotFound("No resource has this address.".into())))
}

/// A visitor whose faults are told in JSON.
pub(super) struct Program(pub Visitor);

impl FromRequestParts<Arc<Shared>> for Program {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<Program, Problem> {
        Ok(Program(Visitor::from_request_parts(parts, shared).await?))
    }
}

pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Result<&'static str, Problem> {
    let reached = shared.company().store.generation().await;
    reached.map_err(|error| Fault::from(Error::from(error)))?;
    Ok("ready")
}

async fn page(
    program: Program,
    Path(name): Path<String>,
    query: Query<HashMap<String, String>>,
    rendition: Rendition,
) -> Result<Response, Problem> {
    let unknown = || Fault::NotFound("No resource has this address.".into());
    report(program, Page::named(&name).ok_or_else(unknown)?, query, rendition).await
}

/// A route that reads one page's report.
pub(super) fn report_of(page: Page) -> MethodRouter<Arc<Shared>> {
    get(move |program: Program, query: Query<HashMap<String, String>>, rendition: Rendition| {
        report(program, page, query, rendition)
    })
}

async fn report(
    Program(visitor): Program,
    page: Page,
    Query(query): Query<HashMap<String, String>>,
    rendition: Rendition,
) -> Result<Response, Problem> {
    visitor.check(action(page))?;
    // A form sends what was left out as nothing; a program that says nothing has made a mistake.
    let is_empty = |name: &&str| query.get(*name).is_some_and(|text| text.trim().is_empty());
    if let Some(name) = NEVER_EMPTY.into_iter().find(is_empty) {
        return Err(Fault::input(format!("`{name}` says nothing: leave it out, or fill it")).into());
    }
    let asked = Asked::of_program(&query)?;
    let (answer, _) = visitor.answer(page, &asked, Wanted::New).await?;
    let mut json = answer.report().json();
    // What the command line asks for too says by itself where it goes on.
    let tells_next = matches!(page, Page::Journal | Page::MetricRows);
    let next = answer.next().filter(|_| !tells_next);
    if let Some((last, json)) = next.zip(json.as_object_mut()) {
        let next = format!("/api/v1/{}{}", page.name(), asked.after(&last));
        json.insert("next".to_owned(), next.into());
    }
    rendition.answer(answer.report(), &json)
}

async fn read(
    Program(visitor): Program,
    Path((kind, id)): Path<(String, String)>,
    _: Unasked,
    rendition: Rendition,
) -> Result<Response, Problem> {
    let (_, subject) = subject(&kind, &id)?;
    let context = visitor.context(Action::ReadRecords)?;
    let verb = async move |context: &Context| record::show(context, &subject).await;
    let record = visitor.shared.run(context, verb).await.map_err(absent)?;
    tagged(&record.version, rendition.answer(&record, &record.json())?)
}

async fn history(
    Program(visitor): Program,
    Path((kind, id)): Path<(String, String)>,
    _: Unasked,
    rendition: Rendition,
) -> Result<Response, Problem> {
    let (_, subject) = subject(&kind, &id)?;
    let context = visitor.context(Action::ReadRecords)?;
    let verb = async move |context: &Context| look(context, &subject).await;
    let (_, log) = visitor.shared.run(context, verb).await.map_err(absent)?;
    rendition.answer(&log, &log.json())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// Fields with their new values as people type them; an empty text clears the field.
    fields: HashMap<String, String>,
    reason: Option<String>,
}

/// Edits a record that still is as the program read it.
async fn edit(
    Program(visitor): Program,
    Path((kind, id)): Path<(String, String)>,
    _: Unasked,
    headers: HeaderMap,
    body: Result<Json<Edit>, JsonRejection>,
) -> Result<Response, Problem> {
    let (_, subject) = subject(&kind, &id)?;
    let context = visitor.context(Action::EditRecords)?;
    let Json(edit) = body.map_err(|error| Fault::input(error.body_text()))?;
    let version = version(&headers)?;
    let fields = edit.fields.into_iter().collect();
    let entered = Entered { fields, on: None, reason: edit.reason, version: Some(version) };
    let verb = async move |context: &Context| {
        // What is not to be seen is not told from what is not there.
        record::show(context, &subject).await.map_err(|_| Error::NotSeen(subject.clone()))?;
        record::edit(context, &subject, &entered).await
    };
    let edited = visitor.shared.run(context, verb).await?;
    tagged(&edited.version, Json(edited.json()).into_response())
}

/// Adds a record, of which Baton is master until an export tells of it.
async fn add(
    Program(visitor): Program,
    Path(kind): Path<String>,
    _: Unasked,
    body: Result<Json<Edit>, JsonRejection>,
) -> Result<Response, Problem> {
    let (kind, _) = subject(&kind, "")?;
    visitor.check(Action::EditRecords)?;
    let Json(edit) = body.map_err(|error| Fault::input(error.body_text()))?;
    let fields = edit.fields.into_iter().collect();
    let added = records::added(
        &visitor,
        kind,
        Entered { fields, reason: edit.reason, ..Entered::default() },
    );
    let added = added.await?;
    let place = format!("/api/v1/records/{}", added.subject.replacen(':', "/", 1));
    made(&place, tagged(&added.version, Json(added.json()).into_response())?)
}

/// An answer as that to what made something new, with the place where it is read.
pub(super) fn made(place: &str, mut response: Response) -> Result<Response, Problem> {
    *response.status_mut() = StatusCode::CREATED;
    let place = HeaderValue::from_str(place).map_err(|error| Fault::Broken(error.to_string()))?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

/// The version that a write is held to.
fn version(headers: &HeaderMap) -> Result<String, Fault> {
    let given = headers.get(header::IF_MATCH).and_then(|version| version.to_str().ok());
    let version = given.map(|version| version.trim_matches('"').to_owned());
    version.ok_or_else(|| Fault::input("send the record's ETag as If-Match: read it first"))
}

pub(super) fn tagged(version: &str, mut response: Response) -> Result<Response, Problem> {
    let tag = HeaderValue::from_str(&format!("\"{version}\""));
    let tag = tag.map_err(|error| Fault::Broken(error.to_string()))?;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

/// What the API is, after OpenAPI 3.1.
pub(super) fn description() -> Value {
    let mut paths = serde_json::Map::new();
    for page in Page::ALL {
        let get = json!({
            "operationId": page.name().replace('/', "_"),
            "summary": page.title(),
            "parameters": told_with(taken(page)),
            "responses": told("The report.", "Report"),
        });
        paths.insert(format!("/api/v1/{}", page.name()), json!({ "get": get }));
    }
    paths.insert("/api/v1/records/{kind}/{id}".to_owned(), described_record());
    let history = json!({
        "parameters": named_record(),
        "get": {
            "operationId": "record_journal",
            "summary": "What happened to a record",
            "parameters": told_with(&[]),
            "responses": told("Its entries, by effective time.", "Log"),
        },
    });
    paths.insert("/api/v1/records/{kind}/{id}/journal".to_owned(), history);
    paths.insert("/api/v1/records/{kind}".to_owned(), described_addition());
    paths.insert("/api/v1/forecast/calls".to_owned(), described_calls());
    paths["/api/v1/plan-versions"]["post"] = described_saving();
    let described =
        teams::described().into_iter().chain(handoffs::described()).chain(periods::described());
    let described = described.chain(pay::described()).chain(huddles::described());
    let described = described.chain(scores::described()).chain(webhooks::described());
    for (address, verb, described) in described {
        paths.entry(address).or_insert_with(|| json!({}))[verb] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Baton", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "security": [{ "token": [] }],
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas(),
        },
    })
}

/// What of a query matters to a page; the first one of a metric's has to be there.
fn taken(page: Page) -> &'static [&'static str] {
    match page {
        Page::Goal | Page::Metrics | Page::Quality => &[],
        Page::Imports | Page::Proof | Page::Teams | Page::PlanVersions => &[],
        Page::Huddle | Page::PayRelay | Page::PaySimulation => &[],
        Page::ScoreRules => &[],
        Page::Points => &["name", "as_of", "known_at"],
        Page::Queue | Page::Agreement | Page::Periods => &[],
        Page::Period | Page::PeriodProof | Page::PeriodChecklist => &["period"],
        Page::Restatements => &["period"],
        Page::Keeping | Page::Dropped => &["from", "to"],
        Page::Journal => &["kind", "record", "field", "who", "from", "to", "cause", "q", "after"],
        Page::PlanVersion => &["name"],
        Page::PlanComparison => &["name", "with"],
        Page::GoalCheck | Page::Plan | Page::Forecast => &["as_of", "known_at", "period", "seed"],
        Page::Calls => &["as_of", "known_at", "period", "by", "seed"],
        Page::GoalParts => &["as_of", "period"],
        Page::Leads | Page::Deals => &["as_of", "q", "stage", "owner", "outcome", "after"],
        Page::Board => &["as_of", "stage", "owner"],
        Page::Pipeline | Page::Scoreboard | Page::Alignment => &["as_of", "known_at"],

        Page::Waterfall => &["as_of", "from", "to", "closing", "step"],
        Page::Backtest => &["as_of", "known_at", "origins", "every", "seed"],
        Page::Rates => &["as_of", "known_at", "by"],
        Page::Curve => &["from_state", "to_state", "as_of", "known_at", "unsmoothed"],
        Page::Retention => &["as_of", "known_at", "seed"],
        Page::Scores => &["as_of", "known_at", "seed", "limit"],
        Page::Attribution => ATTRIBUTED,
        Page::Awareness => &["as_of", "known_at", "from", "to", "by"],
        Page::Metric => &["name", "as_of", "known_at", "from", "to", "by"],
        Page::MetricRows => &["name", "as_of", "known_at", "from", "to", "by", "value", "after"],
        Page::Week => &["as_of"],
    }
}

/// What of a query matters to attribution.
const ATTRIBUTED: &[&str] = &[
    "as_of",
    "known_at",
    "from",
    "to",
    "by",
    "conversion",
    "model",
    "lookback_days",
    "half_life_days",
    "seed",
];

/// Parameters of a query by their names.
fn parameters(taken: &[&str]) -> Value {
    let day = || json!({ "type": "string", "format": "date" });
    let days = "^[12][0-9]{3}-[01][0-9]-[0-3][0-9](,[12][0-9]{3}-[01][0-9]-[0-3][0-9])*$";
    let one_of = |names: &[&str]| json!({ "type": "string", "enum": names });
    let text = || json!({ "type": "string" });
    let pattern = "^[1-9][0-9]{3}(-Q[1-4]|-(0[1-9]|1[0-2]))?$";
    let period = || json!({ "type": "string", "pattern": pattern });
    let columns = json!({ "type": "integer", "minimum": WIDTHS.start(), "maximum": WIDTHS.end() });
    let kinds = [Kind::RECORDS.map(Kind::name).as_slice(), &SETTINGS].concat();
    let causes = Cause::ALL.map(Cause::name);
    let field = json!({ "type": "string", "pattern": "^[A-Za-z0-9_ ]{0,200}$" });
    let outcome = one_of(&["open", "overdue", "won", "lost", "any"]);
    let models: Vec<&str> =
        Model::ALL.into_iter().map(model_name).chain(std::iter::once("all")).collect();
    let back = "How many days before a conversion touches count, or all; 90 if left out.";
    let half_life = json!({ "type": "integer", "minimum": 1, "maximum": 36_500 });
    let scores = json!({ "type": "integer", "minimum": 0, "maximum": SCORES_SHOWN_MAX });
    let described = [
        ("name", text(), "The metric, the saved plan, or the lead."),
        ("with", text(), "Another saved plan, `now` or `last-year`; `now` if left out."),
        ("from_state", text(), "A stage by its name, or lead, deal."),
        ("to_state", text(), "A stage by its name, or won, lost."),
        ("as_of", day(), "The day from whose end the company is looked at, as 2026-03-31."),
        ("known_at", day(), "The last day of whose records use is made; now if left out."),
        ("period", period(), "A fiscal year, quarter or month, as 2026, 2026-Q1 or 2026-01."),
        ("from", day(), "The first day."),
        ("to", day(), "The last day."),
        ("closing", period(), "Only deals that are expected to close in this period."),
        ("by", text(), "What figures are broken down by."),
        ("conversion", one_of(&Conversions::ALL.map(Conversions::name)), "What journeys end in."),
        ("model", one_of(&models), "One model of attribution; all if left out."),
        ("lookback_days", json!({ "type": "string", "pattern": "^(all|[1-9][0-9]{0,3})$" }), back),
        ("half_life_days", half_life, "Under time decay; 7 if left out."),
        ("limit", scores, "How many leads, the likeliest first; 100 if left out."),
        ("kind", one_of(&kinds), "What entries are on: a kind of record, or a setting."),
        ("record", text(), "A record as kind:id, or by its name or id alone."),
        ("field", field, "A field that changed."),
        ("who", text(), "Who wrote: a member by e-mail or name, or an actor."),
        ("cause", one_of(&causes), "What brought an entry about."),
        ("value", text(), "A segment of what figures are broken down by."),
        ("step", one_of(&Flow::ALL.map(Flow::name)), "The step whose deals are listed too."),
        ("q", json!({ "type": "string", "maxLength": 200 }), "A part of a name, id or text."),
        ("stage", text(), "A stage by its name."),
        ("owner", text(), "A user of the CRM by id, name or e-mail."),
        ("outcome", outcome, "How it ended, or that it has not."),
        ("after", text(), "Where a list goes on, as `next` or `after` of the answer says it."),
        ("origins", json!({ "type": "string", "pattern": days }), "Past days, with commas."),
        ("every", one_of(&["month", "week"]), "How far past days are apart; a month if left out."),
        ("unsmoothed", one_of(&["true", "false"]), "Exactly the Aalen–Johansen estimate."),
        (
            "seed",
            json!({ "type": "integer", "minimum": 0 }),
            "The seed of the futures; 1 if left out.",
        ),
        (WIDTH, columns, "Columns of a page of text; 110 if left out."),
    ];
    let parameter = |(name, schema, about): (&str, Value, &str)| {
        let required = ["name", "from_state", "to_state"].contains(&name);
        json!({
            "name": name, "in": "query", "description": about, "required": required,
            "schema": schema,
        })
    };
    let described = described.into_iter().filter(|(name, _, _)| taken.contains(name));
    described.map(parameter).collect()
}

/// As [`parameters`], of what is told as text too.
fn told_with(taken: &[&str]) -> Value {
    parameters(&[taken, &[WIDTH]].concat())
}

/// As [`answers`], of what is told as text too.
fn told(about: &str, schema: &str) -> Value {
    let mut all = answers(about, schema);
    all["200"]["content"][TEXT] = json!({ "schema": { "type": "string" } });
    all
}

/// The answer to what is well asked, and every refusal.
pub(super) fn answers(about: &str, schema: &str) -> Value {
    let holds = |kind: &str, name: &str| {
        let name = format!("#/components/schemas/{name}");
        json!({ kind: { "schema": { "$ref": name } } })
    };
    let content = holds("application/problem+json", "Problem");
    let problem = |about: &str| json!({ "description": about, "content": content });
    json!({
        "200": { "description": about, "content": holds("application/json", schema) },
        "401": problem("There is no valid token."),
        "403": problem("The role, or the token, does not permit it."),
        "404": problem("There is no such resource that may be seen."),
        "422": problem("It cannot be done as asked; the detail says why."),
        "429": problem("Too many tries; wait a minute."),
        "503": problem("It cannot be answered now; try again."),
    })
}

fn named_record() -> Value {
    let path = |name: &str, about: &str, schema: Value| {
        json!({
            "name": name, "in": "path", "required": true, "description": about, "schema": schema,
        })
    };
    let kinds = SHOWN.map(|kind| kind.name());
    json!([
        path("kind", "What it is.", json!({ "type": "string", "enum": kinds })),
        path("id", "Its id in its source.", json!({ "type": "string", "minLength": 1 })),
    ])
}

/// The key under which a write is done once.
pub(super) fn key_parameter() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        "description": "A text of yours: within a day the write is done once, however often sent.",
    })
}

/// Answers of a write that may bear a key.
pub(super) fn of_write(mut answers: Value) -> Value {
    answers["409"] = answers["422"].clone();
    answers["409"]["description"] = "Its key is of a write whose outcome is not known.".into();
    answers
}

fn described_record() -> Value {
    let if_match = json!({
        "name": "If-Match",
        "in": "header",
        "required": true,
        "schema": { "type": "string" },
        "description": "The ETag of the record as it was read; of another version, a 412.",
    });
    let edit = json!({ "schema": { "$ref": "#/components/schemas/Edit" } });
    let mut edited = of_write(answers("What changed, with the new version as ETag.", "Edited"));
    edited["412"] = edited["422"].clone();
    edited["412"]["description"] = "The record is of another version: read it again.".into();
    json!({
        "parameters": named_record(),
        "get": {
            "operationId": "record",
            "summary": "A record",
            "parameters": told_with(&[]),
            "responses": told("The record, with its version as ETag.", "Record"),
        },
        "patch": {
            "operationId": "edit_record",
            "summary": "Edit a record",
            "parameters": [if_match, key_parameter()],
            "requestBody": { "required": true, "content": { "application/json": edit } },
            "responses": edited,
        },
    })
}

fn described_addition() -> Value {
    let added = json!({ "schema": { "$ref": "#/components/schemas/Edit" } });
    json!({
        "parameters": [named_record()[0]],
        "post": {
            "operationId": "add_record",
            "summary": "Add a record",
            "parameters": [key_parameter()],
            "requestBody": { "required": true, "content": { "application/json": added } },
            "responses": created("What was added, with its version as ETag.", "Edited"),
        },
    })
}

/// As [`answers`], of what makes something new.
pub(super) fn created(about: &str, schema: &str) -> Value {
    let mut all = of_write(answers(about, schema));
    if let Some(all) = all.as_object_mut()
        && let Some(answer) = all.remove("200")
    {
        all.insert("201".to_owned(), answer);
    }
    all
}

fn described_calls() -> Value {
    let call = json!({ "schema": { "$ref": "#/components/schemas/Call" } });
    json!({
        "get": {
            "operationId": "forecast_calls",
            "summary": "Calls of a period",
            "parameters": told_with(taken(Page::Calls)),
            "responses": told("What is in hand, what was called, what Baton says.", "Report"),
        },
        "post": {
            "operationId": "say_forecast_call",
            "summary": "Submit a call, or override one",
            "parameters": [key_parameter()],
            "requestBody": { "required": true, "content": { "application/json": call } },
            "responses": created("The call as it was said, with what was said before.", "Report"),
        },
    })
}

fn described_saving() -> Value {
    let plan = json!({ "schema": { "$ref": "#/components/schemas/PlanToSave" } });
    json!({
        "operationId": "save_plan",
        "summary": "Save the plan as it stands under a name",
        "parameters": [key_parameter()],
        "requestBody": { "required": true, "content": { "application/json": plan } },
        "responses": created("The plan as it is saved, for good, with its id as ETag.", "Report"),
    })
}

/// What is answered and what is sent, by name.
fn schemas() -> Value {
    let (mut all, sent) = (answered(), sent());
    if let (Some(all), Value::Object(sent)) = (all.as_object_mut(), sent) {
        all.extend(sent);
    }
    all
}

fn answered() -> Value {
    let text = json!({ "type": "string" });
    let object = |required: &[&str], of: Value| {
        let kind = "object";
        json!({ "type": kind, "required": required, "properties": of })
    };
    let masters = json!({ "type": "object", "additionalProperties": { "enum": ["crm", "baton"] } });
    let change = object(&["field", "before", "after"], json!({ "field": text }));
    let changes = json!({ "type": "array", "items": change });
    let entry = object(
        &["entry_id", "actor", "reason", "effective_at", "recorded_at", "changes"],
        json!({ "entry_id": text, "recorded_at": text, "changes": changes }),
    );
    json!({
        "Report": { "type": "object", "description": "The report that the page shows." },
        "Record": object(
            &["subject", "version", "fields", "masters"],
            json!({
                "subject": text, "version": text, "fields": { "type": "object" },
                "masters": masters,
            }),
        ),
        "Edited": object(
            &["subject", "version", "effective_on", "changes"],
            json!({ "subject": text, "version": text, "effective_on": text, "changes": changes }),
        ),
        "Log": object(
            &["subject", "entries"],
            json!({ "subject": text, "entries": { "type": "array", "items": entry } }),
        ),
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": text, "title": text, "status": { "type": "integer" }, "detail": text,
            },
        },
    })
}

fn sent() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "Call": {
            "type": "object",
            "required": ["period", "commit", "best_case"],
            "additionalProperties": false,
            "properties": {
                "period": text, "manner": { "enum": ["submission", "override"] },
                "owner": { "type": ["string", "null"] }, "commit": text, "best_case": text,
                "note": text,
            },
        },
        "PlanToSave": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": false,
            "properties": {
                "name": { "type": "string", "minLength": 1, "maxLength": 80 },
                "period": { "type": ["string", "null"] }, "as_of": { "type": ["string", "null"] },
                "changes": { "type": "object", "additionalProperties": text },
            },
        },
        "Deed": {
            "type": "object",
            "required": ["lead", "deed"],
            "additionalProperties": false,
            "properties": {
                "lead": { "type": "string", "minLength": 1 }, "deed": { "enum": handoffs::DEEDS },
                "reason": { "type": ["string", "null"] }, "to": { "type": ["string", "null"] },
                "note": { "type": ["string", "null"] }, "user": { "type": ["string", "null"] },
            },
        },
        "Terms": {
            "type": "object",
            "required": ["terms"],
            "additionalProperties": false,
            "properties": { "terms": text },
        },
        "Signature": {
            "type": "object",
            "required": ["side"],
            "additionalProperties": false,
            "properties": {
                "side": { "enum": ["marketing", "sales"] },
                "version": { "type": ["integer", "null"], "minimum": 1 },
            },
        },
        "Close": periods::sent(),
        "Pay": pay::sent(),
        "Huddle": huddles::sent(),
        "Name": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": false,
            "properties": { "name": text },
        },
        "Edit": {
            "type": "object",
            "required": ["fields"],
            "additionalProperties": false,
            "properties": {
                "fields": { "type": "object", "additionalProperties": text },
                "reason": { "type": ["string", "null"] },
            },
        },
    })
}
