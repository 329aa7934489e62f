//! Plan versions: saving a plan as it stands, and holding it against another one, against the plan
//! as it is now, or against what came in the year before.

mod last_year;

use domain::access::Scope;
use domain::money::{Currency, Money};
use domain::period::Period;
use domain::plan_version::{LAST_YEAR, Month, NOW, PlanVersion, VersionName};
use domain::time::day_of;
use reports::plan::{Need, Plan, Row};
use reports::plan_version::comparison::{Comparison, Other};
use reports::plan_version::{Planned, Version, Versions, need};
use store::Tx;
use store::plan_version::Saved;

use crate::actor::Actors;
use crate::context::{Context, file_name};
use crate::error::Error;
use crate::plan::changes::Change;
use crate::plan::{self, Question};

/// Counts are kept to the tenth.
const TENTHS: f64 = 10.0;

/// Plans anew, and saves the plan under a name.
///
/// # Errors
/// As [`plan::plan`] and [`keep`].
pub async fn save(
    context: &Context,
    name: &str,
    question: &Question,
    changes: &[Change],
) -> Result<Version, Error> {
    let name = own_name(context, name)?;
    let plan = plan::prepare(context, question).await?.answer(changes)?;
    kept(context, name, question, &plan).await
}

/// Saves a plan that was made for a question under a name, for good.
///
/// # Errors
/// [`Error::Field`] where the name is none or taken, [`Error::Input`] for who sees a part of the
/// company alone.
pub async fn keep(
    context: &Context,
    name: &str,
    question: &Question,
    plan: &Plan,
) -> Result<Version, Error> {
    kept(context, own_name(context, name)?, question, plan).await
}

/// All versions that were saved, the first one first.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(context: &Context) -> Result<Versions, Error> {
    let is_narrowed = is_narrowed(context);
    let saved = match is_narrowed {
        true => Vec::new(),
        false => context.store.plan_versions().await?,
    };
    let actors = Actors::of(context).await?;
    Ok(Versions {
        currency: context.company.currency,
        versions: saved.iter().map(|saved| version(context, &actors, saved)).collect(),
        is_narrowed,
    })
}

/// One version by its name.
///
/// # Errors
/// When there is none that may be seen.
pub async fn show(context: &Context, name: &str) -> Result<Version, Error> {
    let saved = find(context, name).await?;
    Ok(version(context, &Actors::of(context).await?, &saved))
}

/// A version (A) beside another one, the plan as it is made now (`now`), or what came in the year
/// before (`last-year`).
///
/// # Errors
/// When there is no such version, or the two are of periods that do not stand beside one another.
pub async fn compare(context: &Context, name: &str, other: &str) -> Result<Comparison, Error> {
    let saved = find(context, name).await?;
    let plan = planned(context, &saved.version);
    let period = plan.goal.period;
    let (other_name, other, other_period) = match other.trim() {
        LAST_YEAR => {
            let before = period.later(-1);
            let came = last_year::came(context, &plan, before).await?;
            (before.to_string(), came, before)
        }
        NOW => {
            let seed = saved.version.seed;
            let question = Question { period: Some(period), seed, ..Question::default() };
            let now = plan::plan(context, &question).await?;
            (NOW.to_owned(), Other::Plan(Box::new(of_plan(now))), period)
        }
        name => {
            let other = find(context, name).await?.version;
            let planned = planned(context, &other);
            let period = planned.goal.period;
            (other.name.as_str().to_owned(), Other::Plan(Box::new(planned)), period)
        }
    };
    let years_apart = period.year() - other_period.year();
    if other_period.later(years_apart) != period {
        return Err(Error::Input(format!(
            "{period} and {other_period} do not stand beside one another: choose plans of the same \
             part of a year"
        )));
    }
    let name = saved.version.name.as_str().to_owned();
    Ok(Comparison { name, plan, other_name, other, years_apart })
}

async fn find(context: &Context, name: &str) -> Result<Saved, Error> {
    let absent = || Error::NotSeen(format!("plan saved as “{}”", name.trim()));
    if is_narrowed(context) {
        return Err(absent());
    }
    let name: VersionName = name.parse().map_err(|_| absent())?;
    context.store.plan_version(&name).await?.ok_or_else(absent)
}

/// A plan of the whole company tells of everybody's deals.
fn is_narrowed(context: &Context) -> bool {
    context.scope != Scope::All
}

fn own_name(context: &Context, name: &str) -> Result<VersionName, Error> {
    if is_narrowed(context) {
        let why = "a plan is saved by those who see the whole company";
        return Err(Error::Input(why.to_owned()));
    }
    name.parse().map_err(Error::field("name"))
}

async fn kept(
    context: &Context,
    name: VersionName,
    question: &Question,
    plan: &Plan,
) -> Result<Version, Error> {
    let past_day = (plan.as_of != context.today()).then_some(plan.as_of);
    let as_of = context.as_of(past_day, question.known_at);
    let changes = plan.what_if.iter().flat_map(|what_if| &what_if.changes);
    let version = PlanVersion {
        name,
        goal: plan.goal,
        day: plan.as_of,
        as_of,
        seed: question.seed,
        changes: changes.map(|turned| format!("{}={}", turned.lever.key, turned.factor)).collect(),
        assumed_from: question.assume.as_deref().map(file_name),
        stages: plan.stages.clone(),
        probability: plan.probability,
        expected_probability: plan.expected_probability,
        present_course: plan.present_course.as_ref().map(months),
        expected: months(&plan.expected),
        at_confidence: months(&plan.at_confidence),
    };
    let id = context.new_id();
    let write = async |tx: &mut Tx| {
        tx.save_plan(id, &version).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    let author = context.author(format!("plan of {} saved", plan.goal.period));
    match context.store.write(author, write).await {
        Err(Error::Store(taken @ store::error::Error::TakenVersionName(_))) => {
            Err(Error::field("name")(taken))
        }
        done => done,
    }?;
    show(context, version.name.as_str()).await
}

fn months(need: &Need) -> Vec<Month> {
    let tenths = |count: &f64| (count * TENTHS).round() as i64;
    let month = |(month, row): &(Period, Row)| Month {
        month: *month,
        revenue_minor: row.revenue.minor,
        tenths: row.counts.iter().map(tenths).collect(),
    };
    need.months.iter().map(month).collect()
}

fn version(context: &Context, actors: &Actors, saved: &Saved) -> Version {
    let Saved { id, version, actor, recorded_at } = saved;
    Version {
        id: id.to_string(),
        name: version.name.as_str().to_owned(),
        by: actors.name(actor),
        at: *recorded_at,
        on: day_of(*recorded_at, &context.company.timezone),
        seed: version.seed,
        known_at: version.as_of.known_at,
        changes: version.changes.clone(),
        assumed_from: version.assumed_from.clone(),
        planned: planned(context, version),
    }
}

fn planned(context: &Context, version: &PlanVersion) -> Planned {
    let (stages, currency) = (version.stages.len(), version.goal.amount.currency);
    let need = |months: &Vec<Month>| of_months(context, stages, currency, months);
    Planned {
        goal: version.goal,
        as_of: version.day,
        probability: version.probability,
        expected_probability: version.expected_probability,
        stages: version.stages.clone(),
        present_course: version.present_course.as_ref().map(need),
        expected: need(&version.expected),
        at_confidence: need(&version.at_confidence),
    }
}

fn of_months(context: &Context, stages: usize, currency: Currency, months: &[Month]) -> Need {
    let row = |month: &Month| Row {
        revenue: Money { minor: month.revenue_minor, currency },
        counts: month.tenths.iter().map(|tenths| *tenths as f64 / TENTHS).collect(),
    };
    let rows = months.iter().map(|month| (month.month, row(month))).collect();
    let calendar = context.company.calendar;
    need(stages, currency, rows, |month| calendar.quarter_of(calendar.days(month).first))
}

fn of_plan(plan: Plan) -> Planned {
    Planned {
        goal: plan.goal,
        as_of: plan.as_of,
        probability: plan.probability,
        expected_probability: plan.expected_probability,
        stages: plan.stages,
        present_course: plan.present_course,
        expected: plan.expected,
        at_confidence: plan.at_confidence,
    }
}
