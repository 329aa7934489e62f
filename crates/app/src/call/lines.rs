//! Who has what in hand: one line an owner, under a team, with what Baton says of each.

use std::collections::{BTreeMap, BTreeSet};

use domain::call::Whose;
use domain::deal::Deal;
use domain::kind::Kind;
use domain::money::Money;
use domain::period::Days;
use domain::time::day_of;
use domain::value::Value;
use reports::call::{Hand, Line, Range, Said};
use store::call::Said as Kept;
use store::record::Record;
use uuid::Uuid;

use crate::actor::Actors;
use crate::context::Context;
use crate::error::Error;
use crate::forecast::Outlook;
use crate::limits::{OWNER_CLOSED_MIN, OWNER_FORECASTS_MAX};
use crate::listing;
use crate::memo;
use crate::model::won_within;
use crate::world::World;

/// What the whole company's line is called.
const WHOLE: &str = "the whole";
/// What deals without an owner stand under.
const NOBODY: &str = "nobody";

/// What to call the owners of calls, and who said them.
pub struct Names {
    users: BTreeMap<Uuid, String>,
    actors: Actors,
}

impl Names {
    pub async fn of(context: &Context, heard: &[Kept]) -> Result<Names, Error> {
        let users = heard.iter().filter_map(|kept| kept.call.whose.user());
        Ok(Names {
            users: listing::names(context, Kind::Users, users).await?,
            actors: Actors::of(context).await?,
        })
    }

    pub fn whose(&self, whose: Whose) -> String {
        match whose {
            Whose::Whole => WHOLE.to_owned(),
            Whose::User(user) => {
                self.users.get(&user).cloned().unwrap_or_else(|| format!("user {user}"))
            }
        }
    }

    /// One of the calls, with what was said of the same before it.
    pub fn said(&self, context: &Context, heard: &[Kept], place: usize) -> Said {
        let Kept { call, actor, recorded_at, .. } = &heard[place];
        let is_same =
            |kept: &&Kept| (kept.call.period, kept.call.whose) == (call.period, call.whose);
        let before = heard[..place].iter().rev().find(is_same);
        Said {
            period: call.period,
            whose: self.whose(call.whose),
            manner: call.manner,
            commit: call.commit,
            best_case: call.best_case,
            from: before.map(|kept| (kept.call.commit, kept.call.best_case)),
            note: call.note.clone(),
            by: self.actors.name(actor),
            at: *recorded_at,
            on: day_of(*recorded_at, &context.company.timezone),
        }
    }
}

/// What was won within days by those whose a call is.
pub fn booked(context: &Context, world: &World, days: Days, whose: Whose) -> Money {
    let currency = context.company.currency;
    let minor = match whose {
        Whose::Whole => won_within(&world.deals, days),
        Whose::User(user) => won_within(&of_owner(&world.deals, user), days),
    };
    Money { minor, currency }
}

fn of_owner(deals: &[Deal], owner: Uuid) -> Vec<Deal> {
    deals.iter().filter(|deal| deal.owner == Some(owner)).cloned().collect()
}

/// What lines are found from.
pub struct Finder<'a> {
    pub context: &'a Context,
    pub world: &'a World,
    pub days: Days,
    /// Whether each owner has a forecast.
    pub of_owners: bool,
    pub seed: u64,
}

impl Finder<'_> {
    /// A line for each who has or called anything in the period, and that of the whole. `call`
    /// gives what was said last and what was said over it.
    pub async fn lines(
        &self,
        called: &[Whose],
        call: impl Fn(Whose) -> (Option<Said>, Option<Said>),
    ) -> Result<(Vec<Line>, Line), Error> {
        let mut hands: BTreeMap<Option<Uuid>, Hand> = BTreeMap::new();
        let mut whole = Hand::default();
        for deal in &self.world.deals {
            for hand in [hands.entry(deal.owner).or_default(), &mut whole] {
                hand.add(deal, self.days, &self.world.deal_stages);
            }
        }
        for user in called.iter().filter_map(|whose| whose.user()) {
            hands.entry(Some(user)).or_default();
        }
        hands.retain(|owner, hand| {
            !hand.is_empty() || owner.is_some_and(|user| called.contains(&Whose::User(user)))
        });
        let owners: Vec<Uuid> = hands.keys().filter_map(|owner| *owner).collect();
        let people = People::of(self.context, &owners).await?;
        let ranges = self.ranges(&owners);
        let line = |(owner, hand): (Option<Uuid>, Hand)| {
            let (own, over) = owner.map(|user| call(Whose::User(user))).unwrap_or_default();
            Line {
                team: owner.and_then(|owner| people.team(owner)),
                id: owner.and_then(|owner| people.text(owner, "external_id")),
                name: owner.map_or(NOBODY.to_owned(), |owner| people.name(owner)),
                hand,
                baton: owner.and_then(|owner| ranges.get(&owner).copied()),
                call: own,
                overridden: over,
            }
        };
        let mut lines: Vec<Line> = hands.into_iter().map(line).collect();
        let size = |line: &Line| line.hand.booked + line.hand.commit + line.hand.best_case;
        lines.sort_by(|a, b| {
            // Those of no team come last.
            let key = |line: &Line| (line.team.is_none(), line.team.clone());
            key(a).cmp(&key(b)).then(size(b).cmp(&size(a))).then_with(|| a.name.cmp(&b.name))
        });
        let (own, over) = call(Whose::Whole);
        let whole = Line {
            team: None,
            id: None,
            name: WHOLE.to_owned(),
            hand: whole,
            baton: self.range(&self.world.deals),
            call: own,
            overridden: over,
        };
        Ok((lines, whole))
    }

    /// What Baton says of each owner's own deals, where they tell enough.
    fn ranges(&self, owners: &[Uuid]) -> BTreeMap<Uuid, Range> {
        let mut own: BTreeMap<Uuid, Vec<Deal>> = BTreeMap::new();
        for deal in self.world.deals.iter().filter(|_| self.of_owners) {
            if let Some(owner) = deal.owner.filter(|owner| owners.contains(owner)) {
                own.entry(owner).or_default().push(deal.clone());
            }
        }
        let closed = |deals: &[Deal]| deals.iter().filter(|deal| !deal.is_open()).count();
        let mut known: Vec<(usize, Uuid, Vec<Deal>)> =
            own.into_iter().map(|(owner, deals)| (closed(&deals), owner, deals)).collect();
        known.retain(|(closed, ..)| *closed >= OWNER_CLOSED_MIN);
        known.sort_by_key(|(closed, owner, _)| (std::cmp::Reverse(*closed), *owner));
        known.truncate(OWNER_FORECASTS_MAX);
        let range =
            |(_, owner, deals): (usize, Uuid, Vec<Deal>)| Some((owner, self.range(&deals)?));
        known.into_iter().filter_map(range).collect()
    }

    /// The forecast of some deals; `None` where they tell too little for one.
    fn range(&self, deals: &[Deal]) -> Option<Range> {
        let World { as_of, deal_stages, .. } = self.world;
        let made_of = memo::key(&(self.days, as_of, deal_stages, self.seed, deals));
        let memo = &self.context.memos.forecasts;
        memo.find(made_of).unwrap_or_else(|| {
            let range = self.forecast(deals);
            memo.keep(made_of, range);
            range
        })
    }

    fn forecast(&self, deals: &[Deal]) -> Option<Range> {
        let outlook = Outlook::new(self.context, self.world, deals).ok()?;
        let total = outlook.total(self.days, self.seed).ok()?;
        let currency = self.context.company.currency;
        let money = |level| Money { minor: total.quantile(level).round() as i64, currency };
        Some(Range { median: money(0.5), low: money(0.1), high: money(0.9) })
    }
}

/// The owners' records, and the names of their teams and managers.
struct People {
    users: BTreeMap<Uuid, Record>,
    teams: BTreeMap<Uuid, String>,
    managers: BTreeMap<Uuid, String>,
}

impl People {
    async fn of(context: &Context, owners: &[Uuid]) -> Result<People, Error> {
        let records = context.store.records(Kind::Users, owners).await?;
        let of = |field: &'static str| -> BTreeSet<Uuid> {
            records.iter().filter_map(|record| reference(record, field)).collect()
        };
        let (teams, managers) = (of("team"), of("manager"));
        Ok(People {
            teams: listing::names(context, Kind::Teams, teams.into_iter()).await?,
            managers: listing::names(context, Kind::Users, managers.into_iter()).await?,
            users: records.into_iter().map(|record| (record.id, record)).collect(),
        })
    }

    /// The user's team, or that of the manager.
    fn team(&self, user: Uuid) -> Option<String> {
        let record = self.users.get(&user)?;
        let team = reference(record, "team").and_then(|team| self.teams.get(&team).cloned());
        let manager = || self.managers.get(&reference(record, "manager")?);
        team.or_else(|| manager().map(|name| format!("team of {name}")))
    }

    fn name(&self, user: Uuid) -> String {
        let named = self.text(user, "name").or_else(|| self.text(user, "external_id"));
        named.unwrap_or_else(|| format!("user {user}"))
    }

    fn text(&self, user: Uuid, field: &str) -> Option<String> {
        let value = self.users.get(&user)?.values.get(field)?.as_ref()?;
        value.as_text().map(str::to_owned)
    }
}

fn reference(record: &Record, field: &str) -> Option<Uuid> {
    record.values.get(field)?.as_ref().and_then(Value::as_reference)
}
