//! The goal's tree: who answers for which part of the number, what each has booked, who signed.

mod lens;

use std::collections::{BTreeMap, BTreeSet};

use domain::access::{Member, Scope};
use domain::deal::Deal;
use domain::goal::Goal;
use domain::goal::tree::{Dimension, Part, Share, Signature, Tree, TreeError};
use domain::kind::Kind;
use domain::money::Money;
use domain::period::{Days, Period};
use jiff::ToSpan;
use jiff::civil::Date;
use reports::goal::tree::{GoalTree, PartRow, Signed};
use store::Tx;
use uuid::Uuid;

use super::find;
use crate::context::Context;
use crate::error::Error;
use crate::listing::names;
use crate::model::{counted, won_within};
use crate::plan::eve;
use crate::world::World;
use lens::{Lens, OTHER};

/// The past whose wins say how a goal is shared out, in days.
const PAST_DAYS: i32 = 365;
/// Past years of which the season of quarters is taken.
const SEASON_YEARS: i16 = 3;
/// Parts that history names at most; what is beyond them is one part.
const NAMED_MAX: usize = 12;

/// How a whole is shared out.
#[derive(Clone, Debug, PartialEq)]
pub enum Sharing {
    /// As it was won in the past.
    History,
    Evenly,
    /// Among these, each with its weight.
    Among(Vec<(String, u64)>),
}

/// What is to become of a part, named by its way from the goal; `None` names the goal itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    BreakDown {
        dimension: Dimension,
        sharing: Sharing,
    },
    Join,
    /// As typed.
    Amount(String),
    /// The e-mail address of a member; `None` takes the part out of anybody's hands.
    Owner(Option<String>),
}

/// The tree of a period's goal as it stands, with what each part has booked by a day.
///
/// # Errors
/// When no goal is set.
pub async fn tree(
    context: &Context,
    period: Option<Period>,
    as_of: Option<Date>,
) -> Result<GoalTree, Error> {
    let (goal, tree) = loaded(context, period).await?;
    let signatures = context.store.goal_signatures(goal.period).await?;
    let members = context.store.members().await?;
    let named = named(context, &tree).await?;
    let world = World::of_deals(context, context.as_of(as_of, None)).await?;
    let deals = counted(&world.deals, goal.counts);
    let dimensions: Vec<Dimension> = tree.parts.iter().map(|part| part.dimension).collect();
    let lens = Lens::new(context, &deals, &dimensions).await?;
    let view = View { context, goal, tree: &tree, signatures: &signatures, members: &members };
    let days = view.days_until(world.as_of);
    let rows = named.walk().into_iter().filter(|(_, part)| is_shown(context, &tree, part.id));
    let row = |(depth, part): (usize, &Part)| {
        let own = lens.of_path(&tree, part.id, context.company.calendar, days);
        let booked = own.map(|(deals, days)| view.money(won_within(&deals, days)));
        view.row(depth, part, booked)
    };
    Ok(GoalTree {
        goal,
        as_of: world.as_of,
        booked: view.money(won_within(&deals, days)),
        signed: view.signed(None, goal.amount),
        parts: rows.map(row).collect(),
        is_narrowed: context.scope != Scope::All,
    })
}

/// Changes one part of a goal's tree, or how the goal itself is broken down; the parts sum to it
/// before and after.
///
/// # Errors
/// When there is no such goal, part or member, or the change would make no tree.
pub async fn change(
    context: &Context,
    period: Option<Period>,
    part: Option<&str>,
    change: Change,
) -> Result<GoalTree, Error> {
    let (goal, tree) = loaded(context, period).await?;
    let part = found(context, &tree, part).await?;
    let shares = match &change {
        Change::BreakDown { dimension, sharing } => {
            tree.check_dimension(part, *dimension)?;
            shares(context, goal, &tree, part, *dimension, sharing).await?
        }
        _ => Vec::new(),
    };
    let owner = match &change {
        Change::Owner(Some(email)) => Some(member(context, email).await?.id),
        _ => None,
    };
    let one = || {
        let why = "name a part of the goal; its own amount is set with the goal itself";
        part.ok_or_else(|| Error::Input(why.to_owned()))
    };
    let apply = |tree: &mut Tree| -> Result<(), Error> {
        match &change {
            Change::BreakDown { dimension, .. } => tree.break_down(part, *dimension, &shares)?,
            Change::Join => tree.join(part)?,
            Change::Amount(typed) => {
                tree.set_amount(one()?, Money::parse(typed.trim(), context.company.currency)?)?;
            }
            Change::Owner(_) => tree.assign(one()?, owner)?,
        }
        Ok(())
    };
    let author = context.author(format!("parts of the goal of {}", goal.period));
    let write = async |tx: &mut Tx| {
        let mut tree = standing(tx, goal.period).await?;
        apply(&mut tree)?;
        tx.set_goal_parts(goal.period, &tree.parts).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(author, write).await?;
    self::tree(context, Some(goal.period), None).await
}

/// Signs for a part, or for the goal itself. A part that is in nobody's hands is then in the
/// signer's.
///
/// # Errors
/// When there is no such part, or it is in somebody else's hands.
pub async fn sign(
    context: &Context,
    period: Option<Period>,
    part: Option<&str>,
    member: &Member,
) -> Result<GoalTree, Error> {
    let (goal, tree) = loaded(context, period).await?;
    let part = found(context, &tree, part).await?;
    let assigned = |tree: &mut Tree| match part {
        Some(id) => {
            let part = tree.part(id)?.clone();
            if part.owner.is_some_and(|owner| owner != member.id) {
                let why = "this part is in somebody else's hands, who signs for it";
                return Err(Error::Input(why.to_owned()));
            }
            tree.assign(id, Some(member.id))?;
            Ok(part.amount)
        }
        None => Ok(tree.amount),
    };
    let write = async |tx: &mut Tx| {
        let mut tree = standing(tx, goal.period).await?;
        let amount = assigned(&mut tree)?;
        let signature = Signature { part, amount, member: member.id, signed_at: context.now };
        tx.set_goal_parts(goal.period, &tree.parts).await?;
        tx.sign_goal(goal.period, &signature).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author(format!("signed for {}", goal.period)), write).await?;
    self::tree(context, Some(goal.period), None).await
}

async fn loaded(context: &Context, period: Option<Period>) -> Result<(Goal, Tree), Error> {
    let goal = find(context, period).await?;
    let parts = context.store.goal_parts(goal.period).await?;
    Ok((goal, Tree { amount: goal.amount, parts }))
}

/// The tree as a transaction finds it: of two changes at once the second builds on the first.
async fn standing(tx: &mut Tx, period: Period) -> Result<Tree, Error> {
    let gone = || Error::Input(format!("no goal is set for {period}"));
    let goal = tx.goal(period).await?.ok_or_else(gone)?;
    Ok(Tree { amount: goal.amount, parts: tx.goal_parts(period).await? })
}

/// Whether a part is seen: whose records are not seen, of them no own goal is seen either.
fn is_shown(context: &Context, tree: &Tree, part: Uuid) -> bool {
    let mut persons =
        tree.path(part).into_iter().filter(|part| part.dimension == Dimension::Person);
    persons.all(|part| context.scope.shows(part.name.parse().ok()))
}

/// The part that a way leads to; `None` for the goal itself. One that is not seen is told as one
/// that is not there.
async fn found(context: &Context, tree: &Tree, part: Option<&str>) -> Result<Option<Uuid>, Error> {
    let Some(path) = part.filter(|path| !path.is_empty()) else { return Ok(None) };
    let part = named(context, tree).await?.find(path)?;
    match is_shown(context, tree, part) {
        true => Ok(Some(part)),
        false => Err(TreeError::NoPart(path.to_owned()).into()),
    }
}

/// The member with an e-mail address.
///
/// # Errors
/// When there is none.
pub async fn member(context: &Context, email: &str) -> Result<Member, Error> {
    let email = domain::access::email(email)?;
    let members = context.store.members().await?;
    let found = members.into_iter().find(|member| member.email == email);
    found.ok_or_else(|| {
        Error::Input(format!("{email} is no member: add one with `baton member add`"))
    })
}

/// The tree with persons by their names: it keeps them by their ids, so that one who is to be
/// forgotten is named nowhere.
async fn named(context: &Context, tree: &Tree) -> Result<Tree, Error> {
    let is_person = |part: &&Part| part.dimension == Dimension::Person;
    let ids = tree.parts.iter().filter(is_person).filter_map(|part| part.name.parse().ok());
    let names: BTreeMap<Uuid, String> = names(context, Kind::Users, ids).await?;
    let mut named = tree.clone();
    for part in named.parts.iter_mut().filter(|part| part.dimension == Dimension::Person) {
        let name = part.name.parse().ok().and_then(|id: Uuid| names.get(&id));
        if let Some(name) = name {
            part.name.clone_from(name);
        }
    }
    Ok(named)
}

/// How a whole is shared out by a dimension.
async fn shares(
    context: &Context,
    goal: Goal,
    tree: &Tree,
    whole: Option<Uuid>,
    dimension: Dimension,
    sharing: &Sharing,
) -> Result<Vec<Share>, Error> {
    let past = Past::new(context, goal, tree, whole, dimension).await?;
    let named = match sharing {
        Sharing::Among(named) => past.among(context, dimension, named).await?,
        Sharing::History => past.won(dimension)?,
        Sharing::Evenly => past.won(dimension)?.into_iter().map(|(name, _)| (name, 1)).collect(),
    };
    let share = |(name, weight)| Share { id: context.new_id(), name, weight };
    Ok(named.into_iter().map(share).collect())
}

/// What was won before a goal's period, of what a part is of.
struct Past {
    goal: Goal,
    calendar: domain::period::FiscalCalendar,
    lens: Lens,
    /// Those that the part is of, whenever they closed.
    deals: Vec<Deal>,
    /// The first day of which any deal is known.
    since: Option<Date>,
    until: Date,
}

impl Past {
    async fn new(
        context: &Context,
        goal: Goal,
        tree: &Tree,
        whole: Option<Uuid>,
        dimension: Dimension,
    ) -> Result<Past, Error> {
        let calendar = context.company.calendar;
        let world = World::of_deals(context, context.as_of(None, None)).await?;
        let all = counted(&world.deals, goal.counts);
        let mut dimensions: Vec<Dimension> = tree.parts.iter().map(|p| p.dimension).collect();
        dimensions.push(dimension);
        let lens = Lens::new(context, &all, &dimensions).await?;
        let always = Days { first: Date::MIN, last: Date::MAX };
        let deals = match whole {
            // Another quarter's part is shared out by what was won before it, in any quarter.
            Some(id) => lens
                .of_path(tree, id, calendar, always)
                .map_or_else(|| all.to_vec(), |(deals, _)| deals),
            None => all.to_vec(),
        };
        let since = lens.since();
        let until = eve(calendar.days(goal.period).first).min(world.as_of);
        Ok(Past { goal, calendar, lens, deals, since, until })
    }

    /// What was won by name, the most first; what has no name or little is one part.
    fn won(&self, dimension: Dimension) -> Result<Vec<(String, u64)>, Error> {
        if dimension == Dimension::Quarter {
            return self.season();
        }
        let first = self.until.saturating_sub(PAST_DAYS.days());
        let days = Days { first, last: self.until };
        let mut by_name: BTreeMap<String, Vec<Deal>> = BTreeMap::new();
        for deal in &self.deals {
            let name = self.lens.name(deal, dimension).unwrap_or_else(|| OTHER.to_owned());
            by_name.entry(name).or_default().push(deal.clone());
        }
        let won = by_name.into_iter().map(|(name, deals)| (name, won_within(&deals, days)));
        let won = won.filter_map(|(name, minor)| Some((name, u64::try_from(minor).ok()?)));
        let mut won: Vec<(String, u64)> = won.filter(|(_, minor)| *minor > 0).collect();
        won.sort_by_key(|(name, minor)| (name == OTHER, std::cmp::Reverse(*minor)));
        if won.len() > NAMED_MAX {
            let rest: u64 = won.drain(NAMED_MAX - 1..).map(|(_, minor)| minor).sum();
            won.push((OTHER.to_owned(), rest));
        }
        if won.len() < 2 {
            return Err(Error::Input(format!(
                "history tells no two parts by {dimension} that won anything in the year to {}: \
                 name them yourself",
                self.until
            )));
        }
        Ok(won)
    }

    /// What each quarter of past years brought; evenly where none did.
    fn season(&self) -> Result<Vec<(String, u64)>, Error> {
        let Period::Year { year } = self.goal.period else {
            return Err(Error::Input("only the goal of a year has quarters".to_owned()));
        };
        let quarters = self.calendar.quarters(self.goal.period);
        let weight = |at: usize| -> u64 {
            let years = (1..=SEASON_YEARS).filter_map(|back| {
                let period = Period::Year { year: year - back };
                let whole = self.calendar.days(period);
                let days = self.calendar.days(*self.calendar.quarters(period).get(at)?);
                // Of a year that is not over or not all known, quarters cannot be compared.
                let known = self.since.is_some_and(|since| since <= whole.first);
                (whole.last <= self.until && known).then(|| won_within(&self.deals, days))
            });
            u64::try_from(years.sum::<i64>()).unwrap_or(0)
        };
        Ok(quarters.iter().enumerate().map(|(at, q)| (q.to_string(), weight(at))).collect())
    }

    /// Parts as a person named them; persons by their ids.
    async fn among(
        &self,
        context: &Context,
        dimension: Dimension,
        named: &[(String, u64)],
    ) -> Result<Vec<(String, u64)>, Error> {
        let mut parts = Vec::new();
        for (name, weight) in named {
            let name = match dimension {
                Dimension::Person => {
                    crate::journal::find(context, &format!("users:{name}")).await?.1.to_string()
                }
                _ => name.trim().to_owned(),
            };
            parts.push((name, *weight));
        }
        Ok(parts)
    }
}

/// What the rows of a tree are told from.
struct View<'a> {
    context: &'a Context,
    goal: Goal,
    tree: &'a Tree,
    signatures: &'a [Signature],
    members: &'a [Member],
}

impl View<'_> {
    fn days_until(&self, as_of: Date) -> Days {
        let days = self.context.company.calendar.days(self.goal.period);
        Days { first: days.first, last: days.last.min(as_of) }
    }

    fn row(&self, depth: usize, part: &Part, booked: Option<Money>) -> PartRow {
        let path: Vec<Uuid> = self.tree.path(part.id).iter().map(|part| part.id).collect();
        let whole = match part.whole.and_then(|id| self.tree.part(id).ok()) {
            Some(whole) => whole.amount,
            None => self.tree.amount,
        };
        PartRow {
            path,
            depth,
            dimension: part.dimension,
            name: part.name.clone(),
            amount: part.amount,
            share: part.amount.minor as f64 / (whole.minor.max(1)) as f64,
            booked,
            owner: part.owner.map(|id| self.member(id)),
            signed: self.signed(Some(part.id), part.amount),
        }
    }

    /// The last word that was given for a part.
    fn signed(&self, part: Option<Uuid>, amount: Money) -> Signed {
        let last = self.signatures.iter().rev().find(|signature| signature.part == part);
        let Some(last) = last else { return Signed::Not };
        let by = self.member(last.member);
        let on = domain::time::day_of(last.signed_at, &self.context.company.timezone);
        match last.amount == amount {
            true => Signed::By { member: by, on },
            false => Signed::ForAnother { member: by, amount: last.amount },
        }
    }

    fn member(&self, id: Uuid) -> String {
        let known = self.members.iter().find(|member| member.id == id);
        let unknown = if id.is_nil() { "the demo's owner" } else { "a former member" };
        known.map_or_else(|| unknown.to_owned(), |member| member.name.clone())
    }

    fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.context.company.currency }
    }
}

/// The ids among deals of what they refer to.
fn referred(deals: &[Deal], of: impl Fn(&Deal) -> Option<Uuid>) -> Vec<Uuid> {
    deals.iter().filter_map(of).collect::<BTreeSet<Uuid>>().into_iter().collect()
}
