//! The parts of the goal: one is chosen, then shared out, put in somebody's hands or signed for.

use std::collections::HashMap;
use std::sync::Arc;

use app::context::Context;
use app::error::Error;
use app::goal::tree::{self, Change, Sharing};
use axum::Form;
use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use domain::access::Member;
use domain::goal::tree::Dimension;
use domain::period::Period;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reports::goal::tree::{GoalTree, Signed};
use reports::render::short;
use serde::Deserialize;

use super::answers::{Answer, Wanted};
use super::asked::{Asked, Page};
use super::fault::Fault;
use super::frame::sentence;
use super::pages;
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::table::TableView;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/goal-parts/split", post(split))
        .route("/goal-parts/join", post(join))
        .route("/goal-parts/amount", post(amount))
        .route("/goal-parts/owner", post(owner))
        .route("/goal-parts/sign", post(sign))
}

/// Under what name a refusal reaches the panel.
pub(super) const WRONG: &str = "wrong";

/// What can be done with the chosen part.
pub(super) struct Panel {
    pub period: String,
    /// Its way from the goal; empty for the goal itself.
    pub part: String,
    /// What it is called.
    pub name: String,
    pub amount: String,
    /// The amount as people read it.
    pub shown_amount: String,
    pub has_parts: bool,
    /// By what it can be broken down: by nothing that one above it is.
    pub dimensions: Vec<&'static str>,
    /// E-mail address, name, and whether it is the owner.
    pub members: Vec<(String, String, bool)>,
    pub may_change: bool,
    pub may_sign: bool,
    pub is_signed: bool,
    pub signer: String,
    /// Why the last change was not made.
    pub wrong: Option<String>,
}

impl Panel {
    /// The panel of the part that a query names.
    pub async fn new(
        visitor: &Visitor,
        answer: &Answer,
        query: &HashMap<String, String>,
    ) -> Result<Option<Panel>, Fault> {
        let Answer::GoalParts(tree) = answer else { return Ok(None) };
        let way = query.get("part").map_or("", String::as_str);
        let at = (0..tree.parts.len()).find(|at| tree.way(*at) == way);
        let chosen = at.and_then(|at| tree.parts.get(at));
        let above: Vec<Dimension> = chosen.map_or_else(Vec::new, |chosen| {
            let on_the_way = tree.parts.iter().filter(|part| chosen.path.starts_with(&part.path));
            on_the_way.map(|part| part.dimension).collect()
        });
        let is_free = |dimension: &Dimension| !above.contains(dimension);
        let is_year = matches!(tree.goal.period, Period::Year { .. });
        let fits = |dimension: &Dimension| is_year || *dimension != Dimension::Quarter;
        let may_change = visitor.may(Action::SetGoal);
        let signed = chosen.map_or(&tree.signed, |part| &part.signed);
        let amount = chosen.map_or(tree.goal.amount, |part| part.amount);
        Ok(Some(Panel {
            period: tree.goal.period.to_string(),
            part: chosen.map_or_else(String::new, |_| way.to_owned()),
            name: chosen.map_or_else(|| "the goal".to_owned(), |_| way.replace('/', ", ")),
            amount: amount.to_decimal(),
            shown_amount: short(amount),
            has_parts: has_parts(tree, chosen.map(|part| part.depth), at),
            dimensions: (Dimension::ALL.into_iter())
                .filter(|dimension| is_free(dimension) && fits(dimension))
                .map(Dimension::name)
                .collect(),
            members: match may_change {
                true => members(visitor, chosen.and_then(|part| part.owner.as_deref())).await?,
                false => Vec::new(),
            },
            may_change,
            may_sign: visitor.may(Action::SignGoal),
            is_signed: matches!(signed, Signed::By { .. }),
            signer: visitor.member.name.clone(),
            wrong: query.get(WRONG).cloned(),
        }))
    }
}

fn has_parts(tree: &GoalTree, depth: Option<usize>, at: Option<usize>) -> bool {
    match (depth, at) {
        (Some(depth), Some(at)) => tree.parts.get(at + 1).is_some_and(|next| next.depth > depth),
        _ => !tree.parts.is_empty(),
    }
}

async fn members(
    visitor: &Visitor,
    owner: Option<&str>,
) -> Result<Vec<(String, String, bool)>, Fault> {
    let members = visitor.shared.company().store.members().await.map_err(Error::from)?;
    let choice = |member: Member| {
        let is_owner = owner == Some(member.name.as_str());
        (member.email, member.name, is_owner)
    };
    Ok(members.into_iter().map(choice).collect())
}

/// The table of the parts, each leading to its panel.
pub(super) fn linked(tree: &GoalTree, view: TableView, held: &str) -> TableView {
    let root = std::iter::once(format!("/goal-parts{held}"));
    view.linked(root.chain((0..tree.parts.len()).map(|at| href(held, &tree.way(at)))))
}

fn href(held: &str, way: &str) -> String {
    let joint = if held.is_empty() { '?' } else { '&' };
    format!("/goal-parts{held}{joint}part={}", utf8_percent_encode(way, NON_ALPHANUMERIC))
}

/// The part that a form is about.
#[derive(Clone, Debug, Deserialize)]
struct Which {
    period: String,
    part: String,
}

#[derive(Deserialize)]
struct Split {
    #[serde(flatten)]
    which: Which,
    by: String,
    how: String,
    #[serde(default)]
    named: String,
}

#[derive(Deserialize)]
struct Amount {
    #[serde(flatten)]
    which: Which,
    amount: String,
}

#[derive(Deserialize)]
struct Owner {
    #[serde(flatten)]
    which: Which,
    member: String,
}

async fn split(visitor: Visitor, Form(form): Form<Split>) -> Result<Response, Fault> {
    let made = || -> Result<Change, Error> {
        let sharing = match form.how.as_str() {
            "named" => Sharing::Among(named(&form.named)?),
            "evenly" => Sharing::Evenly,
            _ => Sharing::History,
        };
        Ok(Change::BreakDown { dimension: form.by.parse()?, sharing })
    };
    match made() {
        Ok(change) => changed(&visitor, form.which, change).await,
        Err(error) => again(&visitor, &form.which, Err(error.into())).await,
    }
}

/// Parts as typed, one on each line: `North = 3`, a weight of 1 if none is given.
fn named(text: &str) -> Result<Vec<(String, u64)>, Error> {
    let one = |line: &str| {
        let (name, weight) = line.rsplit_once('=').unwrap_or((line, "1"));
        let wrong = || Error::Input(format!("`{line}` is no part: write a line such as North = 3"));
        Ok((name.trim().to_owned(), weight.trim().parse().map_err(|_| wrong())?))
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(one).collect()
}

async fn join(visitor: Visitor, Form(which): Form<Which>) -> Result<Response, Fault> {
    changed(&visitor, which, Change::Join).await
}

async fn amount(visitor: Visitor, Form(form): Form<Amount>) -> Result<Response, Fault> {
    changed(&visitor, form.which, Change::Amount(form.amount)).await
}

async fn owner(visitor: Visitor, Form(form): Form<Owner>) -> Result<Response, Fault> {
    let member = Some(form.member).filter(|member| !member.is_empty());
    changed(&visitor, form.which, Change::Owner(member)).await
}

async fn changed(visitor: &Visitor, which: Which, change: Change) -> Result<Response, Fault> {
    let context = visitor.context(Action::SetGoal)?;
    let asked = which.clone();
    let verb = async move |context: &Context| {
        let period = asked.period.parse()?;
        tree::change(context, Some(period), Some(&asked.part), change).await
    };
    let done = visitor.shared.run(context, verb).await;
    again(visitor, &which, done).await
}

async fn sign(visitor: Visitor, Form(which): Form<Which>) -> Result<Response, Fault> {
    let context = visitor.context(Action::SignGoal)?;
    let (asked, member) = (which.clone(), visitor.member.clone());
    let verb = async move |context: &Context| {
        let period = asked.period.parse()?;
        tree::sign(context, Some(period), Some(&asked.part), &member).await
    };
    let done = visitor.shared.run(context, verb).await;
    again(&visitor, &which, done).await
}

/// The part's page after a change, with what is wrong where it was not made.
async fn again(
    visitor: &Visitor,
    which: &Which,
    done: Result<GoalTree, Fault>,
) -> Result<Response, Fault> {
    let held = format!("?period={}", utf8_percent_encode(&which.period, NON_ALPHANUMERIC));
    match done {
        Ok(_) => {
            // Who has changed a part sees it next, and not what was there before.
            let asked = Asked { period: which.period.parse().ok(), ..Asked::default() };
            visitor.answer(Page::GoalParts, &asked, Wanted::New).await?;
            Ok(Redirect::to(&href(&held, &which.part)).into_response())
        }
        Err(Fault::Input(why)) => {
            let query = HashMap::from([
                ("period".to_owned(), which.period.clone()),
                ("part".to_owned(), which.part.clone()),
                (WRONG.to_owned(), sentence(&why)),
            ]);
            pages::again(visitor, Page::GoalParts, query).await
        }
        Err(fault) => Err(fault),
    }
}
