//! The agreement between marketing and sales: writing a version, signing it, and which is in
//! force.

pub(crate) mod definition;
mod sheet;
pub mod trial;

use std::collections::BTreeSet;

use domain::agreement::{Agreement, Side, Whom};
use domain::kind::Kind;
use domain::time::day_of;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use reports::agreement::{Agreements, Signed, Version};
use store::Tx;
use uuid::Uuid;

use crate::actor::Actors;
use crate::context::Context;
use crate::error::Error;
use crate::limits::AGREEMENT_BYTES_MAX;
use crate::listing::names;
use sheet::Sheet;

/// The version by which leads are handed over.
#[derive(Clone, Debug)]
pub struct InForce {
    pub number: u64,
    pub since: Timestamp,
    pub terms: Agreement,
}

/// All versions, and which of them is in force.
///
/// # Errors
/// When the store cannot be read.
pub async fn show(context: &Context) -> Result<Agreements, Error> {
    let kept = context.store.agreements().await?;
    let actors = Actors::of(context).await?;
    let zone = &context.company.timezone;
    let mut versions = Vec::new();
    for version in &kept {
        let signed = |it: &domain::agreement::Signature| Signed {
            side: it.side,
            by: actors.name(&it.actor),
            on: day_of(it.signed_at, zone),
        };
        versions.push(Version {
            number: version.number,
            by: actors.name(&version.actor),
            on: day_of(version.recorded_at, zone),
            at: version.recorded_at,
            terms: Sheet::kept(&version.terms)?.agreement(context)?,
            signatures: version.signatures.iter().map(signed).collect(),
            in_force_since: version.in_force_since(),
        });
    }
    let users = versions.iter().flat_map(|version| users(&version.terms));
    let users = names(context, Kind::Users, users.collect::<BTreeSet<_>>().into_iter()).await?;
    let in_force = kept.iter().rfind(|version| version.in_force_since().is_some());
    let in_force = in_force.map(|version| version.number);
    Ok(Agreements { versions, in_force, users: users.into_iter().collect() })
}

/// The working days since there is an agreement, each with the leads that marketing owes in it by
/// the version that was in force by its end.
///
/// # Errors
/// When a version cannot be read.
pub(crate) async fn promises(context: &Context) -> Result<Vec<(Date, f64)>, Error> {
    let zone = &context.company.timezone;
    let mut in_force = Vec::new();
    for version in context.store.agreements().await? {
        if let Some(since) = version.in_force_since() {
            in_force.push((day_of(since, zone), Sheet::kept(&version.terms)?.agreement(context)?));
        }
    }
    let Some(first) = in_force.iter().map(|(since, _)| *since).min() else {
        return Ok(Vec::new());
    };
    let owed = |day: Date| {
        let terms = in_force.iter().rfind(|(since, _)| *since <= day);
        (day, terms.map_or(0.0, |(_, terms)| terms.promised_on(day)))
    };
    let days = first.series(1.day()).take_while(|day| *day <= context.today());
    Ok(days.map(owed).filter(|(_, leads)| *leads > 0.0).collect())
}

fn users(terms: &Agreement) -> Vec<Uuid> {
    let told = terms.escalation.iter().filter_map(|step| match step.whom {
        Whom::User(user) => Some(user),
        Whom::Runner | Whom::Manager => None,
    });
    terms.runners.iter().map(|runner| runner.user).chain(told).collect()
}

/// The newest version that both sides have signed.
///
/// # Errors
/// When the store cannot be read.
pub async fn in_force(context: &Context) -> Result<Option<InForce>, Error> {
    in_force_at(context, Timestamp::MAX).await
}

/// As [`in_force`], at an instant: what was signed by then.
///
/// # Errors
/// When the store cannot be read.
pub async fn in_force_at(context: &Context, at: Timestamp) -> Result<Option<InForce>, Error> {
    let kept = context.store.agreements().await?;
    let signed = |it: &store::agreement::Version| it.in_force_since().filter(|since| *since <= at);
    let newest = kept.iter().rev().find_map(|it| Some((it, signed(it)?)));
    let Some((version, since)) = newest else { return Ok(None) };
    let terms = Sheet::kept(&version.terms)?.agreement(context)?;
    Ok(Some(InForce { number: version.number, since, terms }))
}

/// Writes a new version, which is in force once both sides have signed it.
///
/// # Errors
/// [`Error::Field`] where a part of it will not do.
pub async fn set(context: &Context, text: &str) -> Result<Agreements, Error> {
    if text.len() > AGREEMENT_BYTES_MAX {
        let why = format!("the agreement has more than {AGREEMENT_BYTES_MAX} bytes");
        return Err(Error::Field { field: "terms", why });
    }
    let sheet = Sheet::read(text)?.settled(context).await?;
    sheet.agreement(context)?;
    let (id, terms) = (context.new_id(), sheet.text()?);
    let write = async |tx: &mut Tx| {
        tx.add_agreement(id, &terms).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("agreement written"), write).await?;
    show(context).await
}

/// Signs a version for one side: the newest where none is named.
///
/// # Errors
/// When there is no such version, a newer one is in force, or that side has signed it already.
pub async fn sign(
    context: &Context,
    side: Side,
    version: Option<u64>,
) -> Result<Agreements, Error> {
    let wrong = |why: String| Error::Field { field: "version", why };
    let write = async |tx: &mut Tx| {
        let kept = tx.agreements().await?;
        let newest = kept.last().map(|it| it.number);
        let number = version.or(newest);
        let named = kept.iter().find(|it| Some(it.number) == number);
        let named = named.ok_or_else(|| {
            wrong("there is no such version: `baton agreement show` lists them".to_owned())
        })?;
        let is_past = kept
            .iter()
            .any(|other| other.number > named.number && other.in_force_since().is_some());
        if is_past {
            return Err(wrong(format!(
                "version {} is past: a newer one is in force",
                named.number
            )));
        }
        if !tx.sign_agreement(named.number, side).await? {
            return Err(wrong(format!("{side} has signed version {} already", named.number)));
        }
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author(format!("signed for {side}")), write).await?;
    show(context).await
}
