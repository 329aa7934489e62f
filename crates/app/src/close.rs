//! Closing a period: what must be done before, the figures that are frozen, the proof of what they
//! rest on, and what has changed since.
//!
//! Figures are taken at one as-of pair: what was true by the period's end and known when it was
//! closed. So they can be taken anew at any time, and come out the same.

mod checklist;
mod freeze;
mod proof;
mod restatement;

use domain::access::Scope;
use domain::period::Period;
use domain::period_close::{Frozen, PeriodClose};
use domain::time::day_of;
use reports::close::{Closed, Closing, Listed, Periods, Standing};
use sha2::{Digest, Sha256};
use store::Tx;

use crate::actor::Actors;
use crate::context::Context;
use crate::error::Error;
use crate::limits::{DESPITE_CHARACTERS_MAX, PERIODS_SHOWN};

pub use proof::verify;
pub use restatement::restatements;

/// What closes a period.
#[derive(Clone, Debug)]
pub struct Order {
    pub period: Period,
    /// Why it is closed although something of the checklist is missing.
    pub despite: Option<String>,
    /// Says what would be frozen, and writes nothing.
    pub dry_run: bool,
}

/// Closes a period, or says what that would freeze.
///
/// # Errors
/// [`Error::Input`] when it is not over, or something is missing and no reason is given;
/// [`Error::Field`] when it is closed already.
pub async fn close(context: &Context, order: &Order) -> Result<Closing, Error> {
    let Order { period, dry_run, .. } = *order;
    whole(context)?;
    let despite = despite(order)?;
    let checklist = checklist::of(context, period).await?;
    let opens = context.company.calendar.next(period);
    let is_over = context.company.calendar.days(period).last < context.today();
    let refused = match (&checklist.refusal(), &despite) {
        (Some(why), _) if !dry_run => Some(why.clone()),
        (None, None) if !dry_run => checklist.lack(),
        _ => None,
    };
    if let Some(why) = refused {
        return Err(Error::Field { field: "period", why });
    }
    if !is_over {
        let (as_of, figures, proof) = (None, None, None);
        return Ok(Closing { period, as_of, checklist, figures, proof, opens, dry_run });
    }
    chained(context).await?;
    let frozen = freeze::freeze(context, period, context.now).await?;
    let figures = frozen.text();
    let figures_sha256 = sha256(&figures);
    let proof = proof::of(context, &frozen, &figures_sha256, (&checklist, despite)).await?;
    let close = PeriodClose { period, figures, figures_sha256, proof, opens };
    if !dry_run {
        write(context, &close).await?;
    }
    Ok(Closing {
        period,
        as_of: Some(frozen.as_of),
        checklist,
        proof: Some(close.proof),
        figures: Some(frozen),
        opens,
        dry_run,
    })
}

/// What closing a period asks for, without taking its figures.
///
/// # Errors
/// When not everything is seen, or the store cannot be read.
pub async fn checked(context: &Context, period: Period) -> Result<Closing, Error> {
    whole(context)?;
    let checklist = checklist::of(context, period).await?;
    let opens = context.company.calendar.next(period);
    let (as_of, figures, proof) = (None, None, None);
    Ok(Closing { period, as_of, checklist, figures, proof, opens, dry_run: true })
}

/// Links what nobody has linked yet, so that the proof names where the journal then ends.
async fn chained(context: &Context) -> Result<(), Error> {
    context.store.chain(&context.new_id().to_string(), context.now).await?;
    Ok(())
}

async fn write(context: &Context, close: &PeriodClose) -> Result<(), Error> {
    let write = async |tx: &mut Tx| {
        tx.close_period(close).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    let author = context.author(format!("{} closed", close.period));
    match context.store.write(author, write).await {
        Err(Error::Store(closed @ store::error::Error::ClosedPeriod(_))) => {
            Err(Error::field("period")(closed))
        }
        done => done,
    }
}

fn despite(order: &Order) -> Result<Option<String>, Error> {
    let despite = order.despite.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let wrong = |why: String| Error::Field { field: "despite", why };
    match despite {
        Some(text) if text.chars().count() > DESPITE_CHARACTERS_MAX => {
            Err(wrong(format!("write at most {DESPITE_CHARACTERS_MAX} characters")))
        }
        Some(text) if text.chars().any(char::is_control) => {
            Err(wrong("write the reason on one line".to_owned()))
        }
        despite => Ok(despite.map(str::to_owned)),
    }
}

/// A closed period with its figures and its proof.
///
/// # Errors
/// When it is not closed, or not to be seen.
pub async fn show(context: &Context, period: Period) -> Result<Closed, Error> {
    let found = find(context, period).await?;
    let frozen = read(&found.close)?;
    Ok(Closed {
        by: Actors::of(context).await?.name(&found.actor),
        on: day_of(found.recorded_at, &context.company.timezone),
        at: found.recorded_at,
        figures_sha256: found.close.figures_sha256,
        proof: found.close.proof,
        opens: found.close.opens,
        text: found.close.figures,
        frozen,
    })
}

/// The periods up to now, and which of them are closed.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(context: &Context) -> Result<Periods, Error> {
    let is_narrowed = context.scope != Scope::All;
    let closed = match is_narrowed {
        true => Vec::new(),
        false => context.store.closed_periods().await?,
    };
    let actors = Actors::of(context).await?;
    let calendar = context.company.calendar;
    let today = context.today();
    let mut periods: Vec<Period> = closed.iter().map(|it| it.close.period).collect();
    let mut period = calendar.quarter_of(today);
    for _ in 0..PERIODS_SHOWN {
        periods.push(period);
        let first = calendar.days(period).first;
        let Ok(eve) = first.yesterday() else { break };
        period = calendar.quarter_of(eve);
    }
    periods.sort_by_key(|period| {
        let days = calendar.days(*period);
        (std::cmp::Reverse(days.last), days.first)
    });
    periods.dedup();
    let listed = |period: Period| {
        let days = calendar.days(period);
        let found = closed.iter().find(|it| it.close.period == period);
        let standing = match found {
            Some(found) => Standing::Closed {
                by: actors.name(&found.actor),
                on: day_of(found.recorded_at, &context.company.timezone),
                figures_sha256: found.close.figures_sha256.clone(),
            },
            None if days.last < today => Standing::Over,
            None => Standing::Running,
        };
        Listed { period, first: days.first, last: days.last, standing }
    };
    Ok(Periods { periods: periods.into_iter().map(listed).collect(), is_narrowed })
}

async fn find(context: &Context, period: Period) -> Result<store::period_close::Closed, Error> {
    let absent = || Error::NotSeen(format!("closed period {period}"));
    whole(context).map_err(|_| absent())?;
    context.store.closed_period(period).await?.ok_or_else(|| {
        Error::Input(format!("{period} is not closed: run `baton period close {period}`"))
    })
}

fn read(close: &PeriodClose) -> Result<Frozen, Error> {
    Frozen::parse(&close.figures).map_err(|error| Error::Input(error.to_string()))
}

/// Frozen figures are of everybody's records.
fn whole(context: &Context) -> Result<(), Error> {
    match context.scope {
        Scope::All => Ok(()),
        Scope::Owners(_) => {
            Err(Error::Input("a period is closed by those who see the whole company".to_owned()))
        }
    }
}

pub(crate) fn sha256(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
