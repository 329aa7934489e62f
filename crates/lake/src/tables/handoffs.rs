//! Hand-offs under the agreement as tables: each as it stood at the as-of pair, the clocks that
//! began with it, and what marketing had promised day by day.

use std::collections::HashMap;

use domain::access::Scope;
use domain::handoff::{Clock, Handoff, Standing};
use domain::time::day_of;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::frame::Frame;
use super::labels::{self, Directory, Labels};
use super::{View, zone};
use crate::fold::Record;

/// What is told of the agreement beside records.
#[derive(Clone, Debug, Default)]
pub struct Agreed {
    pub handoffs: Vec<Handoff>,
    /// Working days under an agreement, each with the leads that marketing owes in it.
    pub promises: Vec<(Date, f64)>,
}

/// A hand-off whose lead is in scope.
struct Row<'a> {
    handoff: &'a Handoff,
    lead: &'a Record<'a>,
}

/// The moment up to which a view sees hand-offs: they are recorded as they happen.
fn until(view: &View) -> Timestamp {
    view.as_of.effective_at.min(view.as_of.known_at)
}

fn rows<'a>(leads: &'a [Record<'a>], view: &'a View) -> Vec<Row<'a>> {
    let by_id: HashMap<Uuid, &Record<'_>> = leads.iter().map(|lead| (lead.id, lead)).collect();
    let seen = view.world.agreed.handoffs.iter();
    let seen = seen.filter(|handoff| handoff.qualified_at <= until(view));
    let row = |handoff: &'a Handoff| by_id.get(&handoff.lead).map(|lead| Row { handoff, lead });
    seen.filter_map(row).collect()
}

/// What a row is filed under: the owner is who has the baton, or was asked.
fn labels_of<'a>(row: &Row<'a>, directory: &Directory<'a>) -> Labels<'a> {
    Labels { owner: row.handoff.runner(), ..directory.labels(row.lead) }
}

/// One row a hand-off.
pub(super) fn handoff_table(
    mut frame: Frame,
    leads: &[Record<'_>],
    directory: &Directory<'_>,
    view: &View,
) -> Frame {
    let rows = rows(leads, view);
    let day = |at: Timestamp| day_of(at, zone(view));
    let decided = || rows.iter().map(|row| row.handoff.decided(until(view)));
    frame.ids("id", rows.iter().map(|row| Some(row.lead.id)));
    frame.integers("pass", rows.iter().map(|row| Some(i64::from(row.handoff.pass))));
    frame.dates("qualified_on", rows.iter().map(|row| Some(day(row.handoff.qualified_at))));
    frame.dates("decided_on", decided().map(|it| it.map(|(at, _)| day(at))));
    frame.booleans("is_accepted", decided().map(|it| it.map(|(_, is_accepted)| is_accepted)));
    labels::add(&mut frame, || rows.iter().map(|row| labels_of(row, directory)).collect());
    frame
}

/// One row a clock that began.
pub(super) fn clock_table(
    mut frame: Frame,
    leads: &[Record<'_>],
    directory: &Directory<'_>,
    view: &View,
) -> Frame {
    let rows = rows(leads, view);
    let begun: Vec<(&Row<'_>, (Clock, Timestamp, Standing))> = rows
        .iter()
        .flat_map(|row| row.handoff.clocks(until(view)).into_iter().map(move |it| (row, it)))
        .collect();
    frame.ids("id", begun.iter().map(|(row, _)| Some(row.lead.id)));
    frame.texts("clock", begun.iter().map(|(_, (clock, _, _))| Some(clock.name())));
    let began_on = begun.iter().map(|(_, (_, since, _))| Some(day_of(*since, zone(view))));
    frame.dates("began_on", began_on);
    let in_time = |standing: &Standing| match standing {
        Standing::InTime => Some(true),
        Standing::Late => Some(false),
        Standing::Running => None,
    };
    frame.booleans("in_time", begun.iter().map(|(_, (_, _, standing))| in_time(standing)));
    labels::add(&mut frame, || begun.iter().map(|(row, _)| labels_of(row, directory)).collect());
    frame
}

/// One row a working day. What marketing promised is the whole company's: whoever sees a part of
/// the leads is told no promise.
pub(super) fn promise_table(mut frame: Frame, view: &View) -> Frame {
    let last = day_of(until(view), zone(view));
    let all: &[(Date, f64)] = match view.scope {
        Scope::All => &view.world.agreed.promises,
        Scope::Owners(_) => &[],
    };
    let days: Vec<&(Date, f64)> = all.iter().filter(|(day, _)| *day <= last).collect();
    frame.dates("day", days.iter().map(|(day, _)| Some(*day)));
    frame.numbers("leads", days.iter().map(|(_, leads)| Some(*leads)));
    labels::add(&mut frame, || vec![Labels::default(); days.len()]);
    frame
}
