//! What of a lead decides who is asked first.

use domain::agreement::Target;
use domain::kind::Kind;
use domain::lifecycle::{reference, text};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;

/// A lead that is to be offered.
pub(super) struct Aim {
    pub lead: Uuid,
    pub lead_owner: Option<Uuid>,
    pub target: Target,
}

impl Aim {
    pub async fn of(context: &Context, lead: Uuid) -> Result<Aim, Error> {
        let unseen = || Error::NotSeen(format!("lead {lead}"));
        let record = context.store.record(Kind::Leads, lead).await?.ok_or_else(unseen)?;
        let account = match reference(&record.values, "account") {
            Some(account) => context.store.record(Kind::Accounts, account).await?,
            None => None,
        };
        let place = |field| account.as_ref().and_then(|account| text(&account.values, field));
        let target = Target {
            account_owner: account.as_ref().and_then(|it| reference(&it.values, "owner")),
            places: ["country", "region"].into_iter().filter_map(place).collect(),
            not: Vec::new(),
        };
        Ok(Aim { lead, lead_owner: reference(&record.values, "owner"), target })
    }
}
