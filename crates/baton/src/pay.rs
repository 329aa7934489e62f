//! Pay, as it is typed.

use app::context::Context;
use app::pay::{self, Deed, PlanOf, Question, Remark, Saved};
use domain::access::Scope;
use reports::document::Report;
use reports::render;

use crate::args::{KeptPlan, Pay, PayMade, PayRun};
use crate::show;

/// Who works on the data folder itself sees everybody's pay.
const REACH: Scope = Scope::All;

pub async fn pay(context: &Context, asked: Pay) -> anyhow::Result<()> {
    match asked {
        Pay::List(output) => show::report(&pay::desk(context, &REACH).await?, output.json),
        Pay::Save { file, output } => {
            let text = std::fs::read_to_string(&file).map_err(app::error::Error::folder(&file))?;
            show::report(&pay::save(context, &text).await?, output.json)
        }
        Pay::Sign { plan, payee, output } => {
            let signed = pay::sign(context, &saved(plan), payee.as_deref(), &REACH).await?;
            show::report(&signed, output.json)
        }
        Pay::Judge { plan, leg, reached, output } => {
            let judged = pay::judge(context, &saved(plan), &leg, reached.as_deref()).await?;
            show::report(&judged, output.json)
        }
        Pay::Relay { plan, output } => {
            show::report(&pay::outlook(context, &saved(plan), &REACH).await?, output.json)
        }
        Pay::Dispute { payee, text, run } => {
            say(context, run, &payee, Remark { text, ruling: None }).await
        }
        Pay::Rule { payee, ruling, text, run } => {
            say(context, run, &payee, Remark { text, ruling: Some(ruling) }).await
        }
        Pay::Approve(run) => advance(context, run, Deed::Approve).await,
        Pay::Lock(run) => advance(context, run, Deed::Lock).await,
        Pay::Export(PayRun { plan, period, output }) => {
            let export = pay::export(context, &plan, period).await?;
            match (output.json, export.document().tables.first()) {
                (false, Some(table)) => show::print(&render::csv(table)?),
                _ => show::report(&export, true),
            }
        }
        calculated => of_plan(context, calculated).await,
    }
}

/// What is told of a plan that is a file, or of the statements of one that is kept.
async fn of_plan(context: &Context, asked: Pay) -> anyhow::Result<()> {
    match asked {
        Pay::Calculate(made) => {
            let json = made.as_of.output.json;
            match plan_of(&made.plan) {
                PlanOf::Kept(plan) => {
                    now_alone(&made)?;
                    show::report(&pay::calculate(context, &plan, made.period).await?, json)
                }
                PlanOf::File(_) => {
                    show::report(&pay::payroll(context, &question(&made)).await?, json)
                }
            }
        }
        Pay::Show { payee, deals, made } => {
            let json = made.as_of.output.json;
            match plan_of(&made.plan) {
                PlanOf::Kept(plan) => {
                    now_alone(&made)?;
                    let of = (plan.as_str(), made.period);
                    if deals.is_empty() {
                        show::report(&pay::sheet(context, of, &payee, &REACH).await?, json)
                    } else {
                        let found = pay::what_if(context, of, &payee, &deals, &REACH).await?;
                        show::report(&found, json)
                    }
                }
                PlanOf::File(_) if !deals.is_empty() => {
                    anyhow::bail!("--if asks for a plan that is kept: `baton pay save` keeps one")
                }
                PlanOf::File(_) => {
                    show::report(&pay::slip(context, &question(&made), &payee).await?, json)
                }
            }
        }
        Pay::Explain { payee, deal, made } => {
            let json = made.as_of.output.json;
            match plan_of(&made.plan) {
                PlanOf::Kept(plan) => {
                    now_alone(&made)?;
                    let of = (plan.as_str(), made.period);
                    let mut sheet = pay::sheet(context, of, &payee, &REACH).await?;
                    sheet.deal = Some(deal);
                    show::report(&sheet, json)
                }
                PlanOf::File(_) => {
                    let question = question(&made);
                    show::report(&pay::explained(context, &question, &payee, &deal).await?, json)
                }
            }
        }
        Pay::Simulate { against, forecast, sandbagging, seed, made } => {
            let (against, question) = (against.as_deref().map(plan_of), question(&made));
            let (other, json) = (against.as_ref(), made.as_of.output.json);
            if sandbagging {
                show::report(&pay::sandbagging(context, &question).await?, json)
            } else if forecast {
                let found = pay::forecast_cost(context, &question, other, seed).await?;
                show::report(&found, json)
            } else {
                show::report(&pay::simulated(context, &question, other).await?, json)
            }
        }
        _ => unreachable!("everything else is of plans that are kept"),
    }
}

/// A plan by its file, which ends in `.toml`, or by its name.
fn plan_of(text: &str) -> PlanOf {
    if text.ends_with(".toml") { PlanOf::File(text.into()) } else { PlanOf::Kept(text.to_owned()) }
}

fn question(made: &PayMade) -> Question {
    Question {
        plan: plan_of(&made.plan),
        period: made.period,
        as_of: made.as_of.as_of,
        known_at: made.as_of.known_at,
    }
}

/// Statements that are kept are of the moment at which they were calculated.
fn now_alone(made: &PayMade) -> anyhow::Result<()> {
    if made.as_of.as_of.is_some() || made.as_of.known_at.is_some() {
        anyhow::bail!(
            "statements that are kept are of the day on which they were calculated: leave --as-of \
             and --known-at out, or name the plan's file"
        );
    }
    Ok(())
}

fn saved(KeptPlan { plan, version }: KeptPlan) -> Saved {
    Saved { name: plan, version }
}

async fn advance(context: &Context, run: PayRun, deed: Deed) -> anyhow::Result<()> {
    show::report(&pay::advance(context, &run.plan, run.period, deed).await?, run.output.json)
}

async fn say(context: &Context, run: PayRun, payee: &str, remark: Remark) -> anyhow::Result<()> {
    let of = (run.plan.as_str(), run.period);
    show::report(&pay::dispute(context, of, payee, &remark, &REACH).await?, run.output.json)
}
