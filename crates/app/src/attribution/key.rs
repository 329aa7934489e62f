//! Whom credit goes to: the names of keys as reports show them.

use std::collections::{BTreeSet, HashMap};

use domain::history::{Fact, Latest};
use domain::kind::Kind;
use domain::name::plain;
use lake::journeys::TouchKey;
use reports::attribution::{By, NONE};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::world::World;

pub struct Keys {
    /// In order.
    pub names: Vec<String>,
    /// The place of each name of touches among them.
    pub of_touch: Vec<u32>,
}

/// What of a touch a key goes by: teams and people have the account that it names.
pub fn touch_key(by: By) -> TouchKey {
    match by {
        By::Channel => TouchKey::Channel,
        By::Campaign => TouchKey::Campaign,
        By::Team | By::Person => TouchKey::Account,
    }
}

impl Keys {
    /// The keys behind the names that touches have.
    pub async fn new(
        context: &Context,
        world: &World,
        by: By,
        names: &[String],
    ) -> Result<Keys, Error> {
        let known: HashMap<String, String> = match by {
            By::Channel => HashMap::new(),
            By::Campaign => campaigns(world).await?,
            By::Team | By::Person => owners(context, world, by).await?,
        };
        let told = |name: &String| match (known.get(name), by) {
            (Some(known), _) => known.clone(),
            (None, By::Channel | By::Campaign) if !name.is_empty() => name.clone(),
            _ => NONE.to_owned(),
        };
        let told: Vec<String> = names.iter().map(told).collect();
        let distinct: BTreeSet<&String> = told.iter().collect();
        let names: Vec<String> = distinct.into_iter().cloned().collect();
        let place = |name: &String| names.binary_search(name).unwrap_or(0);
        let of_touch = told.iter().map(|name| u32::try_from(place(name)).unwrap_or(0)).collect();
        Ok(Keys { names, of_touch })
    }

    /// The channel of those who came by themselves.
    pub fn direct(&self, by: By) -> Option<u32> {
        let is_direct = |name: &String| by == By::Channel && plain(name) == "direct";
        self.names.iter().position(is_direct).and_then(|place| u32::try_from(place).ok())
    }
}

/// The names of campaigns by the ids that touches have of them.
async fn campaigns(world: &World) -> Result<HashMap<String, String>, Error> {
    let campaign = |_, facts: &[Fact]| {
        let last = Latest(facts);
        Some((last.text("external_id")?.to_owned(), last.text("name")?.to_owned()))
    };
    Ok(world.tables.records(Kind::Campaigns, campaign).await?.records.into_iter().collect())
}

/// Who owns each account, or its latest deal where nobody owns it, or in whose team that is.
async fn owners(
    context: &Context,
    world: &World,
    by: By,
) -> Result<HashMap<String, String>, Error> {
    let users: HashMap<Uuid, String> =
        context.store.names(Kind::Users).await?.into_iter().collect();
    let teams: HashMap<Uuid, String> =
        context.store.names(Kind::Teams).await?.into_iter().collect();
    let of_user = world.pointed(Kind::Users, "team").await?;
    let name = |owner: &Uuid| match by {
        By::Team => teams.get(of_user.get(owner)?).cloned(),
        _ => users.get(owner).cloned(),
    };
    let owners = world.account_owners().await?;
    let named = |(id, owner): (&Uuid, &Uuid)| Some((id.to_string(), name(owner)?));
    Ok(owners.iter().filter_map(named).collect())
}
