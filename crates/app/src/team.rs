//! Teams: who works in which, and whose records a member sees for it.
//!
//! A team is a record, and so is in which team a user is: every change is a journal entry, and
//! what the CRM is master of is not changed here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::access::{Member, Reach, Scope};
use domain::kind::Kind;
use domain::lifecycle::{reference, text};
use domain::master::{Master, Masters, Realm};
use domain::name::plain;
use reports::team::{Team, Teammate, Teams};
use store::Store;
use store::record::Record;
use uuid::Uuid;

use crate::check::is_deleted;
use crate::context::Context;
use crate::error::Error;
use crate::journal;
use crate::record::{self, Entered};

/// Records that are read at a time.
const PAGE: u64 = 1_000;
/// Which fields say who is in which team, and what a team is called.
const TEAM: &str = "team";
const NAME: &str = "name";

/// All teams with their members.
///
/// # Errors
/// When the store refuses.
pub async fn list(context: &Context) -> Result<Teams, Error> {
    let masters = context.store.masters().await?;
    let (teams, users) = (all(&context.store, Kind::Teams), all(&context.store, Kind::Users));
    let (teams, users) = (teams.await?, users.await?);
    let team_keepers = Keepers::of(context, &masters, (Kind::Teams, NAME), &teams).await?;
    let user_keepers = Keepers::of(context, &masters, (Kind::Users, TEAM), &users).await?;
    let mut members: BTreeMap<Option<Uuid>, Vec<Teammate>> = BTreeMap::new();
    let known: BTreeSet<Uuid> = teams.iter().map(|team| team.id).collect();
    for user in users.iter().filter(|user| context.scope.shows(Some(user.id))) {
        let team = reference(&user.values, TEAM).filter(|team| known.contains(team));
        let (id, name) = called(user);
        let is_ours = user_keepers.is_ours(user.id);
        members.entry(team).or_default().push(Teammate { id, name, is_ours });
    }
    for members in members.values_mut() {
        members.sort_by(|a, b| (plain(&a.name), &a.id).cmp(&(plain(&b.name), &b.id)));
    }
    let alone = members.remove(&None).unwrap_or_default();
    let shown = |team: &Record| {
        let (id, name) = called(team);
        let members = members.remove(&Some(team.id)).unwrap_or_default();
        Team { id, name, is_ours: team_keepers.is_ours(team.id), members }
    };
    let mut teams: Vec<Team> = teams.iter().map(shown).collect();
    teams.sort_by(|a, b| (plain(&a.name), &a.id).cmp(&(plain(&b.name), &b.id)));
    Ok(Teams { teams, alone })
}

/// Makes a team.
///
/// # Errors
/// When it has no name, or another bears it.
pub async fn add(context: &Context, name: &str) -> Result<Teams, Error> {
    let name = free(context, name, None).await?;
    let fields = vec![(NAME.to_owned(), name)];
    record::add(context, Kind::Teams, &because(fields, "made a team")).await?;
    list(context).await
}

/// Gives a team another name.
///
/// # Errors
/// As [`add`], and [`Error::CrmIsMaster`] where the CRM says what it is called.
pub async fn rename(context: &Context, team: &str, name: &str) -> Result<Teams, Error> {
    let id = bearing(context, team).await?;
    let fields = vec![(NAME.to_owned(), free(context, name, Some(id)).await?)];
    record::edit(context, &format!("teams:{id}"), &because(fields, "renamed the team")).await?;
    list(context).await
}

/// Puts a user into a team, out of the one before.
///
/// # Errors
/// When either is unknown, and [`Error::CrmIsMaster`] where the CRM says who is in which team.
pub async fn join(context: &Context, team: &str, user: &str) -> Result<Teams, Error> {
    let team = bearing(context, team).await?;
    settle(context, user, team.to_string(), "joined the team").await
}

/// Takes a user out of a team.
///
/// # Errors
/// As [`join`], and when the user is not in it.
pub async fn leave(context: &Context, team: &str, user: &str) -> Result<Teams, Error> {
    let team = bearing(context, team).await?;
    let id = found(context, user).await?;
    let record = context.store.record(Kind::Users, id).await?;
    if record.and_then(|record| reference(&record.values, TEAM)) != Some(team) {
        return Err(Error::Input("the user is not in that team: read the teams again".to_owned()));
    }
    settle(context, user, String::new(), "left the team").await
}

async fn settle(context: &Context, user: &str, team: String, reason: &str) -> Result<Teams, Error> {
    let user = found(context, user).await?;
    let fields = vec![(TEAM.to_owned(), team)];
    record::edit(context, &format!("users:{user}"), &because(fields, reason)).await?;
    list(context).await
}

/// Makes Baton the master of who is in which team and of the teams' names.
///
/// # Errors
/// When the store refuses.
pub async fn keep(context: &Context) -> Result<Teams, Error> {
    for (kind, field) in [(Kind::Users, TEAM), (Kind::Teams, NAME)] {
        record::set_master(context, Realm { kind, field: Some(field) }, Master::Baton).await?;
    }
    list(context).await
}

/// Whose records a member sees, as teams are now.
///
/// # Errors
/// When the store refuses.
pub async fn scope(store: &Store, member: &Member) -> Result<Scope, Error> {
    within(store, member.reach()).await
}

/// Whose pay a member sees.
///
/// # Errors
/// When the store refuses.
pub async fn pay_scope(store: &Store, member: &Member) -> Result<Scope, Error> {
    within(store, member.pay_reach()).await
}

async fn within(store: &Store, reach: Reach) -> Result<Scope, Error> {
    Ok(match reach {
        Reach::Company => Scope::All,
        Reach::Own(user) => Scope::Owners(user.into_iter().collect()),
        Reach::Team(user) => Scope::Owners(with(user, &all(store, Kind::Users).await?)),
    })
}

/// A user, everybody of the same team, and all who report to the user, over any number of steps.
fn with(user: Uuid, users: &[Record]) -> BTreeSet<Uuid> {
    let own = users.iter().find(|one| one.id == user);
    let team = own.and_then(|own| reference(&own.values, TEAM));
    let is_mate = |one: &&Record| team.is_some() && reference(&one.values, TEAM) == team;
    let mut reports: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for one in users {
        if let Some(manager) = reference(&one.values, "manager") {
            reports.entry(manager).or_default().push(one.id);
        }
    }
    let mut seen: BTreeSet<Uuid> = users.iter().filter(is_mate).map(|one| one.id).collect();
    let mut to_ask = vec![user];
    let mut asked = BTreeSet::new();
    while let Some(one) = to_ask.pop() {
        if asked.insert(one) {
            to_ask.extend(reports.get(&one).into_iter().flatten());
        }
    }
    seen.extend(asked);
    seen
}

/// All records of a kind that are not deleted.
async fn all(store: &Store, kind: Kind) -> Result<Vec<Record>, Error> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let page = store.records_page(kind, all.last().map(|record| record.id), PAGE).await?;
        let is_last = (page.len() as u64) < PAGE;
        all.extend(page);
        if is_last {
            all.retain(|record| !is_deleted(record));
            return Ok(all);
        }
    }
}

/// Whether a field of records is edited here.
struct Keepers {
    /// Records that a file has told of, where the CRM is master of the field.
    of_crm: BTreeSet<Uuid>,
}

impl Keepers {
    async fn of(
        context: &Context,
        masters: &Masters,
        (kind, field): (Kind, &str),
        records: &[Record],
    ) -> Result<Keepers, Error> {
        if masters.of(kind, field) == Master::Baton {
            return Ok(Keepers { of_crm: BTreeSet::new() });
        }
        let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
        let told = context.store.observations(kind, &ids).await?;
        Ok(Keepers { of_crm: told.into_keys().collect() })
    }

    fn is_ours(&self, id: Uuid) -> bool {
        !self.of_crm.contains(&id)
    }
}

/// A record's id in its source, and what to call it.
fn called(record: &Record) -> (String, String) {
    let id = text(&record.values, "external_id").unwrap_or_else(|| record.id.to_string());
    let name = text(&record.values, NAME).unwrap_or_else(|| id.clone());
    (id, name)
}

async fn found(context: &Context, user: &str) -> Result<Uuid, Error> {
    Ok(journal::find(context, &format!("users:{}", user.trim())).await?.1)
}

/// The team that bears a name or id now: names that teams had before lead nowhere.
async fn bearing(context: &Context, key: &str) -> Result<Uuid, Error> {
    let teams = all(&context.store, Kind::Teams).await?;
    let by_id = teams.iter().find(|team| called(team).0 == key.trim());
    let found = by_id.or_else(|| teams.iter().find(|team| plain(&called(team).1) == plain(key)));
    found.map(|team| team.id).ok_or_else(|| Error::Input(format!("there is no team {key}")))
}

/// A name that no team but this one bears.
async fn free(context: &Context, name: &str, own: Option<Uuid>) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::Input("the team needs a name".to_owned()));
    }
    let teams = all(&context.store, Kind::Teams).await?;
    let bears = |team: &&Record| Some(team.id) != own && plain(&called(team).1) == plain(name);
    match teams.iter().find(bears) {
        Some(_) => Err(Error::Input(format!("there is a team {name} already"))),
        None => Ok(name.to_owned()),
    }
}

fn because(fields: Vec<(String, String)>, reason: &str) -> Entered {
    Entered { fields, reason: Some(reason.to_owned()), ..Entered::default() }
}
