//! Disputes: what payees and those who answer for pay say of a statement, and how it ends.

use domain::access::Scope;
use domain::pay::run::{Ruling, Step as By};
use domain::period::Period;
use reports::pay::kept::Sheet;
use store::Tx;
use store::pay::Said;

use super::people::People;
use super::plans::{self, Saved};
use super::runs::sheet;
use crate::context::Context;
use crate::error::Error;
use crate::limits::DISPUTE_CHARACTERS_MAX;

/// What somebody says of a statement.
#[derive(Clone, Debug)]
pub struct Remark {
    pub text: String,
    /// What ends the dispute; for those who answer for pay.
    pub ruling: Option<Ruling>,
}

/// Says something of a statement. Until somebody rules on it, nobody approves or locks it.
///
/// # Errors
/// When the statement is not within reach, nothing is said, or it is locked.
pub async fn dispute(
    context: &Context,
    (plan, period): (&str, Period),
    payee: &str,
    remark: &Remark,
    reach: &Scope,
) -> Result<Sheet, Error> {
    let found = sheet(context, (plan, period), payee, reach).await?;
    let text = remark.text.trim().to_owned();
    let wrong = |field: &'static str, why: &str| Error::Field { field, why: why.to_owned() };
    if text.is_empty() || text.chars().count() > DISPUTE_CHARACTERS_MAX {
        let why = format!("say what is wrong, in at most {DISPUTE_CHARACTERS_MAX} characters");
        return Err(wrong("text", &why));
    }
    if found.run.locked.is_some() {
        let why = "the statement is locked: what was wrong is put right in the deal, and is an \
                   adjustment in the next statement";
        return Err(wrong("text", why));
    }
    if remark.ruling.is_some() && !found.is_disputed() {
        return Err(wrong("ruling", "nothing is disputed here"));
    }
    let which = Saved { name: found.run.plan.clone(), version: Some(found.run.version) };
    let kept = plans::find(context, &which).await?;
    let users = People::of(context).await?.users(&kept.plan.terms().payees)?;
    let said = Said {
        id: context.new_id(),
        plan: found.run.plan.clone(),
        period,
        user: users.get(&found.payee).copied(),
        payee: found.payee.clone(),
        text,
        ruling: remark.ruling,
        step: By { actor: context.actor.clone(), at: context.now },
    };
    let write = async |tx: &mut Tx| {
        tx.add_pay_dispute(&said).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    let reason = format!("said of a statement of {period}");
    context.store.write(context.author(reason), write).await?;
    sheet(context, (plan, period), &said.payee, reach).await
}
