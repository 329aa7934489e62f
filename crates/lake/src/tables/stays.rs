//! Stays in stages, and expected closing days that moved later: what a history shows that the
//! last value of a field does not.

use domain::stage::Stages;
use domain::value::Value;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::fold::Record;

/// One stay of a record in a stage, until it left for `next_stage` (`None`: it left for none, or
/// is still there).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stay<'a> {
    pub stage: &'a str,
    pub entered_at: Timestamp,
    pub left_at: Option<Timestamp>,
    pub next_stage: Option<&'a str>,
    /// 1 for the first time in the stage; more for one that came back.
    pub visit: i64,
}

/// The stays of a record in order. A record whose stages nobody told is in the entry stage since
/// it was created.
pub(crate) fn stays<'a>(record: &Record<'a>, stages: &'a Stages) -> Vec<Stay<'a>> {
    let mut moves = moves(record);
    if moves.is_empty()
        && let Some(entry) = stages.entry.as_deref()
    {
        moves.push((record.created_at, Some(entry)));
    }
    let mut stays: Vec<Stay<'a>> = Vec::with_capacity(moves.len());
    for (place, (entered_at, stage)) in moves.iter().enumerate() {
        let Some(stage) = *stage else { continue };
        let next = moves.get(place + 1);
        let before = stays.iter().filter(|stay| stay.stage.eq_ignore_ascii_case(stage)).count();
        stays.push(Stay {
            stage,
            entered_at: *entered_at,
            left_at: next.map(|(at, _)| *at),
            next_stage: next.and_then(|(_, stage)| *stage),
            visit: i64::try_from(before).unwrap_or(i64::MAX - 1) + 1,
        });
    }
    stays
}

/// When the record changed stage, and to which; of several at one instant the last one counts.
fn moves<'a>(record: &Record<'a>) -> Vec<(Timestamp, Option<&'a str>)> {
    let mut moves: Vec<(Timestamp, Option<&'a str>)> = Vec::new();
    for fact in record.timeline("stage") {
        let stage = fact.value.as_ref().and_then(Value::as_text);
        if moves.last().is_some_and(|(at, _)| *at == fact.effective_at) {
            moves.pop();
        }
        let stays = match (moves.last(), stage) {
            (Some((_, Some(last))), Some(stage)) => last.eq_ignore_ascii_case(stage),
            (Some((_, None)) | None, None) => true,
            _ => false,
        };
        if !stays {
            moves.push((fact.effective_at, stage));
        }
    }
    moves
}

/// An open deal whose expected closing day was moved later.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Push {
    pub pushed_at: Timestamp,
    pub from_day: Date,
    pub to_day: Date,
}

/// The pushes of a deal in order, those before it was closed.
pub(crate) fn pushes(record: &Record<'_>, closed_at: Option<Timestamp>) -> Vec<Push> {
    let mut pushes: Vec<Push> = Vec::new();
    let (mut held, mut before): (Option<Date>, Option<Date>) = (None, None);
    let mut since = Timestamp::MIN;
    for fact in record.timeline("expected_close_on") {
        let Some(Value::Date(to_day)) = fact.value else { continue };
        // A fact that overlays another of the same instant replaces the move of that one.
        if fact.effective_at == since {
            pushes.pop_if(|push| push.pushed_at == since);
        } else {
            before = held;
        }
        let open = closed_at.is_none_or(|closed| fact.effective_at < closed);
        if let Some(from_day) = before.filter(|from| *from < to_day && open) {
            pushes.push(Push { pushed_at: fact.effective_at, from_day, to_day });
        }
        (held, since) = (Some(to_day), fact.effective_at);
    }
    pushes
}
