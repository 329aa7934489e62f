//! Saved plans: the form that saves the plan as it is shown, and what a saved one is held against.

use std::collections::HashMap;
use std::sync::Arc;

use app::context::Context;
use app::plan::Question;
use app::plan_version;
use axum::Form;
use axum::Json;
use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use domain::plan_version::{LAST_YEAR, NOW};
use reports::document::{Cell, Report, Table};
use reports::plan_version::Version;
use serde::Deserialize;

use super::answers::{Answer, Wanted};
use super::api::{Program, made, tagged};
use super::asked::{Asked, Page, query};
use super::fault::{Fault, Problem};
use super::field::{Choice, Field};
use super::frame::sentence;
use super::goal_parts::WRONG;
use super::pages;
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use super::what_if;
use crate::table::TableView;

/// Under what name a name that will not do reaches the form again.
const TYPED: &str = "typed";
/// Under what name the form says on which page it is.
const SHOWN_ON: &str = "shown_on";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/plan-versions/save", post(save))
}

/// The form that saves a plan.
pub(super) struct Saving {
    /// What the plan was asked for by.
    pub kept: Vec<(String, String)>,
    pub name: Field,
}

impl Saving {
    /// The form, on the pages of the plan and of saved ones, for those who may save.
    pub fn new(
        visitor: &Visitor,
        answer: &Answer,
        asked: &Asked,
        query: &HashMap<String, String>,
    ) -> Option<Saving> {
        let (page, label) = match answer {
            Answer::Plan(_) => (Page::Plan, "Save this plan as"),
            Answer::PlanVersions(_) => (Page::PlanVersions, "Save the plan as it is now as"),
            _ => return None,
        };
        let day = asked.as_of.map(|day| ("as_of".to_owned(), day.to_string()));
        let period = asked.period.map(|period| ("period".to_owned(), period.to_string()));
        let changes = asked.changes.iter();
        let changes = changes.map(|(key, by)| (format!("{}{key}", what_if::PREFIX), by.clone()));
        let wrong = query.get(WRONG).map(|why| ("name", why.clone()));
        // What is typed is told by the server alone, as what is wrong with it.
        let typed = wrong.as_ref().and_then(|_| query.get(TYPED)).map_or("", String::as_str);
        let field = Field { size: 28, ..Field::new("saved", "name", label) };
        visitor.may(Action::SavePlans).then(|| Saving {
            kept: day.into_iter().chain(period).chain(changes).chain([shown_on(page)]).collect(),
            name: field.filled(typed, wrong.as_ref()),
        })
    }
}

/// The page to which a name that will not do is sent back.
fn shown_on(page: Page) -> (String, String) {
    (SHOWN_ON.to_owned(), page.name().to_owned())
}

/// What a saved plan can be held against.
pub(super) struct Choosing {
    pub name: String,
    pub choices: Vec<Choice>,
    pub chosen: String,
}

impl Choosing {
    pub async fn new(visitor: &Visitor, answer: &Answer) -> Result<Option<Choosing>, Fault> {
        let (name, chosen) = match answer {
            Answer::PlanVersion(version) => (&version.name, NOW.to_owned()),
            Answer::PlanComparison(compared) => (&compared.name, compared.other_name.clone()),
            _ => return Ok(None),
        };
        let choice = |value: &str, name: &str| Choice { value: value.into(), name: name.into() };
        let mut choices =
            vec![choice(NOW, "the plan as it is now"), choice(LAST_YEAR, "what came last year")];
        let (saved, _) =
            visitor.answer(Page::PlanVersions, &Asked::default(), Wanted::AtOnce).await?;
        if let Answer::PlanVersions(saved) = saved.as_ref() {
            let others = saved.versions.iter().rev().filter(|other| other.name != *name);
            choices.extend(others.map(|other| choice(&other.name, &other.name)));
        }
        let is_there = choices.iter().any(|choice| choice.value == chosen);
        let chosen = if is_there { chosen } else { LAST_YEAR.to_owned() };
        Ok(Some(Choosing { name: name.clone(), choices, chosen }))
    }
}

/// The list, each plan leading to its page.
pub(super) fn linked(table: &Table, view: TableView) -> TableView {
    let href = |row: &Vec<Cell>| match row.first() {
        Some(Cell::Text(name)) => place(name),
        _ => String::new(),
    };
    view.linked(table.rows.iter().map(href))
}

fn place(name: &str) -> String {
    format!("/plan-version{}", query(&[("name", Some(name.to_owned()))]))
}

async fn save(
    visitor: Visitor,
    Form(mut form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let name = form.remove("name").unwrap_or_default();
    match saved(&visitor, &name, &Asked::read(&form)?).await {
        Ok(version) => Ok(Redirect::to(&place(&version.name)).into_response()),
        Err(Fault::Field { why, .. } | Fault::Input(why)) => {
            form.extend([(WRONG.to_owned(), sentence(&why)), (TYPED.to_owned(), name)]);
            let is_of_list = form.get(SHOWN_ON).is_some_and(|on| on == Page::PlanVersions.name());
            let page = if is_of_list { Page::PlanVersions } else { Page::Plan };
            pages::again(&visitor, page, form).await
        }
        Err(fault) => Err(fault),
    }
}

/// Saves the plan that the visitor is shown, as it is of the facts of now.
async fn saved(visitor: &Visitor, name: &str, asked: &Asked) -> Result<Version, Fault> {
    let context = visitor.context(Action::SavePlans)?;
    let (answer, _) = visitor.answer(Page::Plan, asked, Wanted::New).await?;
    let Answer::Plan(answered) = answer.as_ref() else {
        return Err(Fault::Broken("plans are answered otherwise".to_owned()));
    };
    let (plan, name) = (answered.plan.clone(), name.to_owned());
    let (period, as_of) = (asked.period, asked.as_of);
    let question = Question { period, as_of, seed: asked.settled.seed, ..Question::default() };
    let verb =
        async move |context: &Context| plan_version::keep(context, &name, &question, &plan).await;
    visitor.shared.run(context, verb).await
}

/// A plan to be saved, as programs send it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    name: String,
    #[serde(default)]
    period: Option<String>,
    #[serde(default)]
    as_of: Option<String>,
    /// Levers, each with by how many per cent it is turned.
    #[serde(default)]
    changes: HashMap<String, String>,
}

/// Saves a plan for a program.
pub(super) async fn add(
    Program(visitor): Program,
    body: Result<Json<Sent>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(sent) = body.map_err(|error| Fault::input(error.body_text()))?;
    let turned = |(lever, by)| (format!("{}{lever}", what_if::PREFIX), by);
    let mut query: HashMap<String, String> = sent.changes.into_iter().map(turned).collect();
    query.extend(sent.period.map(|period| ("period".to_owned(), period)));
    query.extend(sent.as_of.map(|day| ("as_of".to_owned(), day)));
    let version = saved(&visitor, &sent.name, &Asked::read(&query)?).await?;
    let place = format!("/api/v1{}", place(&version.name));
    made(&place, tagged(&version.id, Json(version.json()).into_response())?)
}
