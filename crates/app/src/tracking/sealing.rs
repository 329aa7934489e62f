//! From the buffer to the lake, exactly once.
//!
//! A segment is claimed, so that nobody else works on it. Who is who is written to the store;
//! touches go into the lake in one commit that bears the segment's id; then what became of the
//! events is written to the store together with the note that it was; then the segment is removed,
//! and the note. Whoever dies on the way leaves a segment that the next one carries on: each step
//! knows whether it was done.

use std::collections::BTreeMap;

use domain::time::day_of;
use intake::tracking::{Act, Event, Refused, Told};
use jiff::Timestamp;
use lake::buffer::{Claimed, claim, segments};
use lake::touches::{Touch, TouchColumns, Tracked};
use store::Tx;
use store::tracking::{Counted, Quarantined};
use uuid::Uuid;

use super::{FOLDER, persons};
use crate::context::Context;
use crate::error::Error;
use crate::imports::touches::account_ids;
use crate::sealing::Step;

/// What sealing has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    pub segments: usize,
    pub events: usize,
    /// Touches that were not in the lake yet.
    pub touches: usize,
}

/// Seals what nobody appends to any more: what a server has left that is no longer there.
///
/// # Errors
/// When the buffer, the store or the lake cannot be read or written.
pub async fn seal(context: &Context) -> Result<Sealed, Error> {
    seal_all(context, &mut None).await
}

/// Seals all segments that nobody holds. `tracked` is made when it is needed.
pub(super) async fn seal_all(
    context: &Context,
    tracked: &mut Option<Tracked>,
) -> Result<Sealed, Error> {
    let folder = context.path(FOLDER);
    let mut sealed = Sealed::default();
    for id in segments(&folder)? {
        let Some(claimed) = claim(&folder, id)? else { continue };
        let tracked = match tracked {
            Some(tracked) => tracked,
            None => tracked.insert(context.lake.tracked()?),
        };
        let done = seal_one(context, tracked, &claimed).await?;
        claimed.remove()?;
        (context.after)(Step::Removed);
        let forget = async |tx: &mut Tx| Ok::<_, Error>(tx.forget_segment(id).await?);
        context.store.write(context.author("sealed tracked events"), forget).await?;
        sealed.segments += 1;
        sealed.events += done.events;
        sealed.touches += done.touches;
    }
    Ok(sealed)
}

async fn seal_one(
    context: &Context,
    tracked: &mut Tracked,
    claimed: &Claimed,
) -> Result<Sealed, Error> {
    if context.store.is_segment_noted(claimed.id).await? {
        return Ok(Sealed::default());
    }
    let contents = claimed.read()?;
    let mut parted = Parted::default();
    for record in &contents.records {
        match Told::read(record.key, &record.bytes) {
            Ok(Told::Event(event)) => parted.take(event),
            Ok(Told::Refused(refused)) => parted.refused.push(refused),
            Err(error) => parted.refused.push(unreadable(context, &record.bytes, &error)),
        }
    }
    let people = persons::resolve(context, &parted.events).await?;
    (context.after)(Step::Resolved);
    let columns = columns(context, &parted.events, &people).await?;
    let appended = tracked.append(claimed.id, columns).await?;
    (context.after)(Step::Committed);
    let counted = parted.counted(context, contents.unsound_bytes);
    let quarantined = parted.quarantined();
    let note = async |tx: &mut Tx| {
        Ok::<_, Error>(tx.note_segment(claimed.id, &counted, &quarantined).await?)
    };
    context.store.write(context.author("sealed tracked events"), note).await?;
    (context.after)(Step::Noted);
    Ok(Sealed { segments: 1, events: contents.records.len(), touches: appended.new })
}

/// A record that this version cannot read: it was acknowledged, and so it is kept.
fn unreadable(context: &Context, bytes: &[u8], error: &serde_json::Error) -> Refused {
    Refused {
        key: 0,
        received_at: context.now.as_microsecond(),
        code: "unreadable_record".to_owned(),
        why: error.to_string(),
        event: String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The events of a segment by what becomes of them.
#[derive(Default)]
struct Parted {
    /// Those of people. Programs say nothing of anybody.
    events: Vec<Event>,
    robots: Vec<Event>,
    refused: Vec<Refused>,
}

/// Whether an event is a touch: somebody did something, and not only went on.
fn is_touch(event: &Event) -> bool {
    matches!(event.act, Act::Page | Act::Screen | Act::Track) && !event.is_within_visit
}

impl Parted {
    fn take(&mut self, event: Event) {
        let kind = if event.robot.is_empty() { &mut self.events } else { &mut self.robots };
        kind.push(event);
    }

    /// How many events of each day had which outcome.
    fn counted(&self, context: &Context, unsound_bytes: u64) -> Vec<Counted> {
        let zone = &context.company.timezone;
        let mut counts: BTreeMap<(String, &str, &str), i64> = BTreeMap::new();
        let mut count = |received_at: i64, outcome, detail, events: i64| {
            let at = Timestamp::from_microsecond(received_at).unwrap_or(context.now);
            *counts.entry((day_of(at, zone).to_string(), outcome, detail)).or_default() += events;
        };
        for event in &self.events {
            let outcome = match (is_touch(event), event.is_within_visit) {
                (true, _) => "touch",
                (false, true) => "within a visit",
                (false, false) => "who is who",
            };
            count(event.received_at, outcome, event.act.name(), 1);
        }
        for event in &self.robots {
            count(event.received_at, "robot", &event.robot, 1);
        }
        for refused in &self.refused {
            count(refused.received_at, "quarantined", &refused.code, 1);
        }
        if unsound_bytes > 0 {
            let bytes = i64::try_from(unsound_bytes).unwrap_or(i64::MAX);
            count(context.now.as_microsecond(), "bytes cut off", "torn or damaged", bytes);
        }
        let counted = |((day, outcome, detail), events): ((String, &str, &str), i64)| Counted {
            day,
            outcome: outcome.to_owned(),
            detail: detail.to_owned(),
            events,
        };
        counts.into_iter().map(counted).collect()
    }

    fn quarantined(&self) -> Vec<Quarantined> {
        let kept = |refused: &Refused| Quarantined {
            received_at: Timestamp::from_microsecond(refused.received_at).unwrap_or_default(),
            code: refused.code.clone(),
            why: refused.why.clone(),
            event: refused.event.clone(),
        };
        self.refused.iter().map(kept).collect()
    }
}

/// The touches among the events of people.
async fn columns(
    context: &Context,
    events: &[Event],
    people: &[Uuid],
) -> Result<TouchColumns, Error> {
    let mut names: Vec<String> = events.iter().map(|event| event.account.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !name.is_empty());
    let ids = account_ids(context, &names).await?;
    let account = |event: &Event| {
        let place = names.binary_search(&event.account).ok()?;
        ids.get(place).copied().flatten().map(|id| *id.as_bytes())
    };
    let touches = events.iter().zip(people).filter(|(event, _)| is_touch(event));
    let touches = touches.map(|(event, person)| touch(event, *person, account(event)));
    Ok(TouchColumns::of(context.now.as_microsecond(), touches))
}

fn touch(event: &Event, person: Uuid, account: Option<[u8; 16]>) -> Touch<'_> {
    Touch {
        touch_key: event.key,
        occurred_at: event.occurred_at,
        person: *person.as_bytes(),
        channel: &event.channel,
        touch_kind: &event.touch_kind,
        campaign: &event.campaign,
        url: &event.url,
        account,
    }
}
