//! Huddles: the weekly meeting of all legs. The agenda is frozen when it begins; what was decided
//! and who does what by when is followed up at the next one.

use jiff::Timestamp;
use jiff::civil::Date;

/// What is written down at a huddle.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Note,
    Decision,
    Action(Action),
    /// An action was done, or was dropped; `of` is its number.
    Ended {
        of: u64,
        is_done: bool,
    },
}

/// A metric's figure over some days.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub metric: String,
    pub from: Date,
    pub to: Date,
    /// In the metric's unit, money in minor units; `None` where nothing counted.
    pub value: Option<f64>,
    /// As people read it.
    pub told: String,
}

/// Who does something by when, and what it is to move.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    pub owner: String,
    pub due_on: Date,
    /// The metric of the catalogue that it is to move, as it was when the action was agreed on.
    pub metric: Option<Reading>,
    /// What is expected of it, in words.
    pub expects: String,
}

/// Something written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Counted from 1 over all huddles.
    pub number: u64,
    pub huddle: u64,
    pub text: String,
    pub what: What,
    pub actor: String,
    pub at: Timestamp,
}

/// A huddle with its agenda as it was when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Huddle {
    /// Counted from 1.
    pub number: u64,
    pub held_on: Date,
    /// The agenda as JSON; never changed.
    pub agenda: String,
    pub agenda_sha256: String,
    pub actor: String,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

impl What {
    pub fn name(&self) -> &'static str {
        match self {
            What::Note => "note",
            What::Decision => "decision",
            What::Action(_) => "action",
            What::Ended { is_done: true, .. } => "done",
            What::Ended { is_done: false, .. } => "dropped",
        }
    }
}

/// Actions that nobody has done or dropped, in the order in which they were agreed on.
pub fn open_actions(entries: &[Entry]) -> Vec<(&Entry, &Action)> {
    let is_ended = |number: u64| {
        entries.iter().any(|entry| matches!(entry.what, What::Ended { of, .. } if of == number))
    };
    let open = entries.iter().filter(|entry| !is_ended(entry.number));
    open.filter_map(|entry| match &entry.what {
        What::Action(action) => Some((entry, action)),
        _ => None,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_action_is_open_until_it_is_done_or_dropped() {
        let entry = |number: u64, what: What| Entry {
            number,
            huddle: 1,
            text: format!("no. {number}"),
            what,
            actor: "ann".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        };
        let action = || {
            What::Action(Action {
                owner: "Ann".to_owned(),
                due_on: date(2026, 6, 8),
                metric: None,
                expects: String::new(),
            })
        };
        let entries = [
            entry(1, action()),
            entry(2, What::Decision),
            entry(3, action()),
            entry(4, action()),
            entry(5, What::Ended { of: 1, is_done: true }),
            entry(6, What::Ended { of: 4, is_done: false }),
        ];
        let open: Vec<u64> = open_actions(&entries).iter().map(|(entry, _)| entry.number).collect();
        assert_eq!(open, [3]);
    }
}
