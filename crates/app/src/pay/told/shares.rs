//! Who shares the credit of a deal, and what became of it after it was won, as imports tell.

use std::collections::HashMap;

use domain::history::{Fact as Told, Latest};
use domain::kind::Kind;
use domain::pay::exact::Rate;
use domain::pay::facts::What;
use domain::value::Value;
use jiff::civil::Date;
use uuid::Uuid;

use crate::error::Error;
use crate::world::World;

/// Who has a part of a deal beside its owner, and what followed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct After {
    /// By the ids of users.
    pub others: Vec<(String, Rate)>,
    pub events: Vec<(Date, What)>,
    /// Whether others have more than there is.
    pub is_beyond_whole: bool,
}

impl After {
    /// The shares of all: what others do not have is the owner's. Empty is the owner alone.
    pub fn splits(&self, owner: &str) -> Vec<(String, Rate)> {
        let others: i64 = self.others.iter().map(|(_, share)| share.millionths).sum();
        let rest = Rate { millionths: Rate::ONE.millionths - others };
        if self.others.is_empty() || self.is_beyond_whole {
            return Vec::new();
        }
        let own = (rest.millionths > 0).then(|| (owner.to_owned(), rest));
        own.into_iter().chain(self.others.iter().cloned()).collect()
    }
}

/// The deals of which imports tell any of it.
pub(super) async fn after(world: &World) -> Result<HashMap<Uuid, After>, Error> {
    let deal = |id: Uuid, facts: &[Told]| {
        let after = read(facts);
        (after != After::default()).then_some((id, after))
    };
    Ok(world.tables.records(Kind::Deals, deal).await?.records.into_iter().collect())
}

/// A field that tells a day, and what was on it.
type Event = (&'static str, fn(Date) -> What);

fn read(facts: &[Told]) -> After {
    let last = Latest(facts);
    let share = |(owner, share): (&str, &str)| match (last.get(owner), last.get(share)) {
        (Some(Value::Reference(user)), Some(Value::Ratio(millionths))) if *millionths > 0 => {
            Some((user.to_string(), Rate { millionths: *millionths }))
        }
        _ => None,
    };
    let shares = [("second_owner", "second_owner_share"), ("third_owner", "third_owner_share")];
    let others: Vec<(String, Rate)> = shares.into_iter().filter_map(share).collect();
    let event = |(field, what): Event| match last.get(field) {
        Some(Value::Date(on)) => Some((*on, what(*on))),
        _ => None,
    };
    let events: [Event; 3] = [
        ("invoiced_on", |on| What::Invoiced { on }),
        ("paid_on", |on| What::Paid { on }),
        ("cancelled_on", |on| What::Cancelled { on }),
    ];
    let sum: i64 = others.iter().map(|(_, share)| share.millionths).sum();
    After {
        is_beyond_whole: sum > Rate::ONE.millionths,
        others,
        events: events.into_iter().filter_map(event).collect(),
    }
}
