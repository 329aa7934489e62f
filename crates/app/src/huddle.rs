//! Huddles: the agenda writes itself and is frozen as the huddle begins; what is written down at
//! it, and what came of what was agreed on before.

mod agenda;

use domain::access::Scope;
use domain::huddle::{Action, Entry, Huddle, Reading, What, open_actions};
use domain::money::Money;
use domain::period::Days;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::document::Cell;
use reports::huddle::{Followed, Line, Mark, Minutes, Section};
use reports::render::shown;
use serde_json::Value;
use store::Tx;

use crate::actor::Actors;
use crate::close::sha256;
use crate::context::Context;
use crate::error::Error;
use crate::limits::HUDDLE_CHARACTERS_MAX;
use crate::metrics;
use crate::world::World;

/// Over how many days an action's metric is read.
const READ_DAYS: i64 = 28;

/// What is to be written down.
#[derive(Clone, Debug)]
pub struct Order {
    pub text: String,
    pub what: Wanted,
}

#[derive(Clone, Debug)]
pub enum Wanted {
    Note,
    Decision,
    Action {
        owner: String,
        due_on: Option<Date>,
        /// A metric of the catalogue.
        metric: Option<String>,
        expects: String,
    },
    Ended {
        of: u64,
        is_done: bool,
    },
}

/// Begins a huddle: its agenda is frozen.
///
/// # Errors
/// When one is under way.
pub async fn open(context: &Context) -> Result<Minutes, Error> {
    // The agenda is the team's, whoever opens the huddle; single records are shown by scope.
    let whole = context.renewed(&context.actor, context.now, Scope::All);
    let before = context.store.huddles().await?;
    is_over(&before)?;
    let since = before.last().map(|huddle| huddle.held_on);
    let open = followed(&whole, &context.store.huddle_entries().await?).await?;
    let agenda = agenda::of(&whole, since, &open).await?;
    let agenda = Value::from(agenda.iter().map(Section::json).collect::<Vec<_>>()).to_string();
    let huddle = Huddle {
        number: before.last().map_or(1, |huddle| huddle.number + 1),
        held_on: context.today(),
        agenda_sha256: sha256(&agenda),
        agenda,
        actor: context.actor.clone(),
        opened_at: context.now,
        closed_at: None,
    };
    let write = async |tx: &mut Tx| {
        is_over(&tx.huddles().await?)?;
        tx.open_huddle(&huddle).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("huddle begun"), write).await?;
    minutes_of(context, Some(huddle.number)).await
}

fn is_over(huddles: &[Huddle]) -> Result<(), Error> {
    match huddles.last() {
        Some(last) if last.closed_at.is_none() => Err(Error::Input(format!(
            "huddle {} of {} is under way: close it first",
            last.number, last.held_on
        ))),
        _ => Ok(()),
    }
}

/// Ends the huddle that is under way.
///
/// # Errors
/// When none is.
pub async fn close(context: &Context) -> Result<Minutes, Error> {
    let write = async |tx: &mut Tx| {
        let number = under_way(&tx.huddles().await?)?;
        tx.close_huddle(number).await?;
        tx.chain().await?;
        Ok::<_, Error>(number)
    };
    let number = context.store.write(context.author("huddle closed"), write).await?;
    minutes_of(context, Some(number)).await
}

fn under_way(huddles: &[Huddle]) -> Result<u64, Error> {
    let open = huddles.last().filter(|last| last.closed_at.is_none());
    open.map(|last| last.number).ok_or_else(|| {
        Error::Input("no huddle is under way: `baton huddle open` begins one".to_owned())
    })
}

/// Writes something down at the huddle that is under way; an action is ended at any time.
///
/// # Errors
/// [`Error::Field`] where a part of it will not do.
pub async fn write_down(context: &Context, order: &Order) -> Result<Minutes, Error> {
    let text = checked("text", &order.text)?;
    let what = what(context, &order.what).await?;
    let write = async |tx: &mut Tx| {
        let huddles = tx.huddles().await?;
        let entries = tx.huddle_entries().await?;
        let huddle = match (&what, huddles.last()) {
            (What::Ended { of, .. }, Some(last)) => {
                let open = open_actions(&entries);
                open.iter().find(|(entry, _)| entry.number == *of).ok_or_else(|| no_action(*of))?;
                last.number
            }
            _ => under_way(&huddles)?,
        };
        let entry = Entry {
            number: entries.last().map_or(1, |last| last.number + 1),
            huddle,
            text: text.clone(),
            what: what.clone(),
            actor: context.actor.clone(),
            at: context.now,
        };
        tx.add_huddle_entry(&entry).await?;
        tx.chain().await?;
        Ok::<_, Error>(huddle)
    };
    let reason = format!("huddle: {}", what.name());
    let number = context.store.write(context.author(reason), write).await?;
    minutes_of(context, Some(number)).await
}

fn no_action(of: u64) -> Error {
    Error::Field { field: "of", why: format!("no open action has the number {of}") }
}

fn checked(field: &'static str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > HUDDLE_CHARACTERS_MAX {
        let why = format!("write something, in at most {HUDDLE_CHARACTERS_MAX} characters");
        return Err(Error::Field { field, why });
    }
    Ok(text.to_owned())
}

async fn what(context: &Context, wanted: &Wanted) -> Result<What, Error> {
    Ok(match wanted {
        Wanted::Note => What::Note,
        Wanted::Decision => What::Decision,
        Wanted::Ended { of, is_done } => What::Ended { of: *of, is_done: *is_done },
        Wanted::Action { owner, due_on, metric, expects } => {
            let owner = checked("owner", owner)?;
            let expects = match expects.trim() {
                "" => String::new(),
                text => checked("expects", text)?,
            };
            let due_on = due_on.unwrap_or_else(|| context.today().saturating_add(7.days()));
            if due_on < context.today() {
                let why = format!("{due_on} is past: an action is due today or later");
                return Err(Error::Field { field: "due", why });
            }
            let metric = match metric.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
                Some(name) => {
                    let (whole, world) = pictured(context).await?;
                    let found = reading(&whole, &world, name).await;
                    world.let_go();
                    Some(found?)
                }
                None => None,
            };
            What::Action(Action { owner, due_on, metric, expects })
        }
    })
}

/// The figure of a metric over the last days.
async fn reading(context: &Context, world: &World, metric: &str) -> Result<Reading, Error> {
    if !metrics::names()?.iter().any(|known| known == metric) {
        let why = format!("`{metric}` is no metric: `baton metrics list` has their names");
        return Err(Error::Field { field: "metric", why });
    }
    let to = world.as_of;
    let from = to.saturating_sub((READ_DAYS - 1).days());
    let cell = metrics::total(context, world, metric, Days { first: from, last: to }).await?;
    let told = match &cell {
        Cell::Money(money) => format!("{} {}", shown(&cell), money.currency.code()),
        cell => shown(cell),
    };
    Ok(Reading { metric: metric.to_owned(), from, to, value: size(&cell), told })
}

/// The picture of the whole company as it is: of actions nothing but totals is told.
async fn pictured(context: &Context) -> Result<(Context, World), Error> {
    let whole = context.renewed(&context.actor, context.now, Scope::All);
    let world = World::of_tables(&whole, whole.as_of(None, None)).await?;
    Ok((whole, world))
}

fn size(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Count(count) => Some(*count as f64),
        Cell::Number(number) | Cell::Share(number) | Cell::Days(number) => Some(*number),
        Cell::Money(Money { minor, .. }) => Some(*minor as f64),
        Cell::Text(_) | Cell::Date(_) | Cell::Missing => None,
    }
}

/// The open actions with what their metrics did.
async fn followed(context: &Context, entries: &[Entry]) -> Result<Vec<Followed>, Error> {
    let open = open_actions(entries);
    let has_metrics = open.iter().any(|(_, action)| action.metric.is_some());
    let pictured = if has_metrics { Some(pictured(context).await?) } else { None };
    let mut all = Vec::new();
    for (entry, action) in open {
        let readings = match (&action.metric, &pictured) {
            // A metric that the catalogue has no more tells nothing.
            (Some(then), Some((whole, world))) => match reading(whole, world, &then.metric).await {
                Ok(now) => Some((then.clone(), now)),
                Err(Error::Field { .. }) => None,
                Err(error) => return Err(error),
            },
            _ => None,
        };
        all.push(Followed {
            number: entry.number,
            text: entry.text.clone(),
            owner: action.owner.clone(),
            due_on: action.due_on,
            is_overdue: action.due_on < context.today(),
            expects: action.expects.clone(),
            readings,
        });
    }
    if let Some((_, world)) = pictured {
        world.let_go();
    }
    Ok(all)
}

/// The minutes of a huddle, the last one where none is named; `None` where there was none yet.
///
/// # Errors
/// When there is no such huddle.
pub async fn minutes(context: &Context, number: Option<u64>) -> Result<Option<Minutes>, Error> {
    if number.is_none() && context.store.huddles().await?.is_empty() {
        return Ok(None);
    }
    minutes_of(context, number).await.map(Some)
}

/// How much of huddles there is by now.
///
/// # Errors
/// When the store cannot be read.
pub async fn mark(context: &Context) -> Result<Mark, Error> {
    Ok(mark_of(&context.store.huddles().await?, &context.store.huddle_entries().await?))
}

fn mark_of(huddles: &[Huddle], entries: &[Entry]) -> Mark {
    let closed = huddles.iter().filter(|huddle| huddle.closed_at.is_some()).count();
    Mark { huddles: huddles.len(), closed, entries: entries.len() }
}

async fn minutes_of(context: &Context, number: Option<u64>) -> Result<Minutes, Error> {
    let huddles = context.store.huddles().await?;
    let number = number.or(huddles.last().map(|last| last.number));
    let huddle = huddles.iter().find(|huddle| Some(huddle.number) == number);
    let absent = || Error::NotSeen(number.map_or("huddle".to_owned(), |it| format!("huddle {it}")));
    let huddle = huddle.ok_or_else(absent)?;
    let actors = Actors::of(context).await?;
    let entries = context.store.huddle_entries().await?;
    let lines = entries.iter().filter(|entry| entry.huddle == huddle.number);
    let line = |entry: &Entry| Line { entry: entry.clone(), by: actors.name(&entry.actor) };
    Ok(Minutes {
        company: context.company.name.clone(),
        number: huddle.number,
        held_on: huddle.held_on,
        by: actors.name(&huddle.actor),
        is_open: huddle.closed_at.is_none(),
        agenda_sha256: huddle.agenda_sha256.clone(),
        agenda: sections(&huddle.agenda, &context.scope)?,
        lines: lines.map(line).collect(),
        open: followed(context, &entries).await?,
        others: huddles.iter().map(|huddle| (huddle.number, huddle.held_on)).collect(),
        mark: mark_of(&huddles, &entries),
    })
}

/// An agenda as it was frozen, without what names records to whom not all are shown.
fn sections(agenda: &str, scope: &Scope) -> Result<Vec<Section>, Error> {
    let damaged = || Error::Input("an agenda cannot be read: restore it from a backup".to_owned());
    let agenda: Value = serde_json::from_str(agenda).map_err(|_| damaged())?;
    let sections = agenda.as_array().ok_or_else(damaged)?.iter().map(Section::frozen);
    let sections: Option<Vec<Section>> = sections.collect();
    let seen = |section: &Section| *scope == Scope::All || !section.is_of_records;
    Ok(sections.ok_or_else(damaged)?.into_iter().filter(seen).collect())
}
