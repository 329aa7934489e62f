//! The agreement and the hand-off, as they are typed.

use std::path::Path;

use app::agreement::{self, trial};
use app::context::Context;
use app::error::Error;
use app::handoff::keeping::{self, Question};
use app::handoff::{self, Deed, To};
use app::handoff::{alignment, queue, tick};
use domain::handoff::By;

use crate::args::{Agreement, AsOf, Handoff, Lead, LeadBack, Output, Within};
use crate::show;

pub async fn agreement(context: &Context, asked: Agreement) -> anyhow::Result<()> {
    let (report, output) = match asked {
        Agreement::Show(output) => (agreement::show(context).await?, output),
        Agreement::Set { file, output } => (agreement::set(context, &terms(&file)?).await?, output),
        Agreement::Simulate { file, version, from, to, output } => {
            let terms = file.as_deref().map(terms).transpose()?;
            let question = trial::Question { terms, version, from, to };
            let tried = trial::trial(context, &question).await?;
            return show::report(&tried, output.json);
        }
        Agreement::Sign { side, version, output } => {
            (agreement::sign(context, side, version).await?, output)
        }
    };
    show::report(&report, output.json)
}

/// An agreement as it is written.
fn terms(file: &Path) -> Result<String, Error> {
    std::fs::read_to_string(file).map_err(Error::folder(file))
}

pub async fn handoff(context: &Context, asked: Handoff) -> anyhow::Result<()> {
    let one =
        |lead: &str| Lead { lead: lead.to_owned(), user: None, output: Output { json: false } };
    let (deed, lead) = match asked {
        Handoff::Queue { user, output } => return self::queue(context, user, output).await,
        Handoff::Dropped(Within { from, to, output }) => {
            let report = keeping::dropped(context, Question { from, to }).await?;
            return show::report(&report, output.json);
        }
        Handoff::Keeping(Within { from, to, output }) => {
            let report = keeping::keeping(context, Question { from, to }).await?;
            return show::report(&report, output.json);
        }
        Handoff::Alignment(AsOf { as_of, known_at, output }) => {
            let report = alignment::alignment(context, as_of, known_at).await?;
            return show::report(&report, output.json);
        }
        Handoff::Tick(output) => return show::report(&tick::tick(context).await?, output.json),
        Handoff::Offer { lead: None, since, output, .. } => {
            return show::report(&tick::gather(context, since).await?, output.json);
        }
        Handoff::Offer { lead: Some(lead), to, everybody, output, .. } => {
            let to = match (to, everybody) {
                (Some(user), _) => To::User(user),
                (None, true) => To::Everybody,
                (None, false) => To::Routing,
            };
            (Deed::Offer(to), Lead { output, ..one(&lead) })
        }
        Handoff::Accept(lead) => (Deed::Accept, lead),
        Handoff::Decline(LeadBack { reason, lead }) => (Deed::Decline { reason }, lead),
        Handoff::Recycle(LeadBack { reason, lead }) => (Deed::Recycle { reason }, lead),
        Handoff::Release(LeadBack { reason, lead }) => (Deed::Release { reason }, lead),
        Handoff::Contact { in_vain, note, lead } => {
            (Deed::Call { was_reached: !in_vain, note }, lead)
        }
        Handoff::Qualify(lead) => (Deed::Qualify, lead),
        Handoff::Open(lead) => (Deed::Open, lead),
        Handoff::Reopen(lead) => (Deed::Reopen, lead),
    };
    let by = by(context, lead.user.as_deref()).await?;
    let report = handoff::act(context, &lead.lead, &deed, by).await?;
    show::report(&report, lead.output.json)
}

async fn queue(context: &Context, user: Option<String>, output: Output) -> anyhow::Result<()> {
    let by = by(context, user.as_deref()).await?;
    show::report(&queue::queue(context, by, user.is_none()).await?, output.json)
}

/// Who is at the command line speaks for both sides, and for others unless a user is named.
async fn by(context: &Context, user: Option<&str>) -> anyhow::Result<By> {
    let user = match user {
        Some(named) => Some(handoff::user(context, named).await?),
        None => None,
    };
    Ok(By { user, is_marketing: true, is_sales: true, may_act_for_others: user.is_none() })
}
