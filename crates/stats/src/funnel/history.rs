//! What is known of every individual, and the cut at the as-of day.
//!
//! This module turns paths into sojourns (one stay in one state), entries and realised amounts. It
//! refuses to read anything that happened after the as-of day, errors included.

use thiserror::Error;

/// A state of the funnel; its index is its position in [`History::states`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub kind: Kind,
    /// Reaching it is what forecasts count.
    pub is_target: bool,
}

/// Whether a state can be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Transient,
    Absorbing,
}

/// The states and everyone's way through them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub states: Vec<State>,
    pub paths: Vec<Path>,
}

/// One individual.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub segment: u32,
    pub entered_day: i32,
    pub entry_state: usize,
    /// Later moves, earliest first.
    pub moves: Vec<Move>,
    /// Amounts as they became known, earliest first.
    pub amounts: Vec<KnownAmount>,
}

/// A move into `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub day: i32,
    pub state: usize,
}

/// The amount of an individual as known from `day` on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownAmount {
    pub day: i32,
    pub amount: f64,
}

/// Why a history cannot be fitted. `path` is a position in [`History::paths`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FitError {
    #[error("no state is a target: mark the states whose reaching is to be forecast")]
    NoTarget,
    #[error("nobody had entered by day {as_of_day}: choose a later day or load earlier records")]
    NobodyEntered { as_of_day: i32 },
    #[error("path {path} is in state {state}, but there are only {states} states")]
    UnknownState { path: usize, state: usize, states: usize },
    #[error("path {path} moves on day {day}, before its previous move: sort or mend its moves")]
    OutOfOrder { path: usize, day: i32 },
    #[error("path {path} leaves absorbing state {state} on day {day}: declare the state transient")]
    LeftAbsorbing { path: usize, state: usize, day: i32 },
    #[error(
        "path {path} moves on day {day} to state {state} in which it already is: drop the move"
    )]
    MovedNowhere { path: usize, state: usize, day: i32 },
    #[error("path {path} has an amount on day {day} that is not a finite number: leave it out")]
    NotANumber { path: usize, day: i32 },
}

/// One stay in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sojourn {
    pub segment: u32,
    pub state: usize,
    pub start_day: i32,
    /// Age at leaving, or at the as-of day.
    pub age_days: u32,
    /// The next state; `None` while still there.
    pub next: Option<usize>,
}

impl Sojourn {
    /// The day of leaving, or the as-of day.
    pub(crate) fn last_day(&self) -> i32 {
        self.start_day.saturating_add_unsigned(self.age_days)
    }
}

/// An individual that is in a transient state on the day before the future starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenIndividual {
    pub segment: u32,
    pub state: usize,
    /// Days it has been in the state on that day.
    pub age_days: u32,
    /// Its amount as known, which is then scaled by the realised ratio; without one it gets the
    /// amounts of its segment.
    pub amount: Option<f64>,
}

/// An individual's first appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub segment: u32,
    pub state: usize,
    pub day: i32,
}

/// The amount with which an individual reached a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Realised {
    pub segment: u32,
    pub day: i32,
    pub amount: f64,
    /// The amount as it was known the day before, if it was.
    pub known_before: Option<f64>,
}

/// All facts up to the as-of day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub sojourns: Vec<Sojourn>,
    pub entries: Vec<Entry>,
    pub realised: Vec<Realised>,
    pub open: Vec<OpenIndividual>,
}

impl Facts {
    /// The day on which the first individual entered; the as-of day without any.
    pub(crate) fn first_day(&self, as_of_day: i32) -> i32 {
        self.entries.iter().map(|entry| entry.day).min().unwrap_or(as_of_day)
    }
}

/// Cuts the history at the end of `as_of_day`.
pub(crate) fn cut(history: &History, as_of_day: i32) -> Result<Facts, FitError> {
    cut_by(history, as_of_day, &|path| history.paths[path].segment)
}

/// Cuts the history, with the segment that each path gets by its position.
pub(crate) fn cut_by(
    history: &History,
    as_of_day: i32,
    segment: &dyn Fn(usize) -> u32,
) -> Result<Facts, FitError> {
    if !history.states.iter().any(|state| state.is_target) {
        return Err(FitError::NoTarget);
    }
    let mut facts = Facts::default();
    facts.entries.reserve(history.paths.len());
    facts.sojourns.reserve(history.paths.len());
    for (index, path) in history.paths.iter().enumerate() {
        if path.entered_day <= as_of_day {
            let segment = segment(index);
            let walk = Walk { states: &history.states, index, path, segment, as_of_day };
            walk.collect(&mut facts)?;
        }
    }
    if facts.entries.is_empty() {
        return Err(FitError::NobodyEntered { as_of_day });
    }
    Ok(facts)
}

/// One path on its way into the facts.
struct Walk<'a> {
    states: &'a [State],
    index: usize,
    path: &'a Path,
    segment: u32,
    as_of_day: i32,
}

impl Walk<'_> {
    fn collect(&self, facts: &mut Facts) -> Result<(), FitError> {
        let Path { entered_day, entry_state, .. } = *self.path;
        let segment = self.segment;
        let mut at = Move { day: entered_day, state: entry_state };
        let mut reached = self.state(at.state)?.is_target.then_some(at.day);
        facts.entries.push(Entry { segment, state: entry_state, day: entered_day });
        for &next in self.path.moves.iter().take_while(|next| next.day <= self.as_of_day) {
            self.check_move(at, next)?;
            facts.sojourns.push(self.sojourn(at, next.day, Some(next.state)));
            at = next;
            reached = reached.or(self.state(at.state)?.is_target.then_some(at.day));
        }
        if self.state(at.state)?.kind == Kind::Transient {
            let stay = self.sojourn(at, self.as_of_day, None);
            facts.sojourns.push(stay);
            if reached.is_none() {
                facts.open.push(self.open(stay));
            }
        }
        if let Some(day) = reached {
            facts.realised.extend(self.realised(day)?);
        }
        Ok(())
    }

    fn state(&self, state: usize) -> Result<State, FitError> {
        let states = self.states.len();
        let unknown = FitError::UnknownState { path: self.index, state, states };
        self.states.get(state).copied().ok_or(unknown)
    }

    fn check_move(&self, at: Move, next: Move) -> Result<(), FitError> {
        let (path, day) = (self.index, next.day);
        if self.state(at.state)?.kind == Kind::Absorbing {
            return Err(FitError::LeftAbsorbing { path, state: at.state, day });
        }
        if next.state == at.state {
            return Err(FitError::MovedNowhere { path, state: at.state, day });
        }
        if next.day < at.day { Err(FitError::OutOfOrder { path, day }) } else { Ok(()) }
    }

    fn sojourn(&self, at: Move, until_day: i32, next: Option<usize>) -> Sojourn {
        Sojourn {
            segment: self.segment,
            state: at.state,
            start_day: at.day,
            age_days: until_day.abs_diff(at.day),
            next,
        }
    }

    fn open(&self, stay: Sojourn) -> OpenIndividual {
        let known = self.path.amounts.iter().take_while(|known| known.day <= self.as_of_day);
        OpenIndividual {
            segment: stay.segment,
            state: stay.state,
            age_days: stay.age_days,
            amount: known.last().map(|known| known.amount).filter(|amount| amount.is_finite()),
        }
    }

    fn realised(&self, reached_day: i32) -> Result<Option<Realised>, FitError> {
        let known = || self.path.amounts.iter().filter(|known| known.day <= self.as_of_day);
        if let Some(wrong) = known().find(|known| !known.amount.is_finite()) {
            return Err(FitError::NotANumber { path: self.index, day: wrong.day });
        }
        let before = known().take_while(|known| known.day < reached_day).last();
        let realised = known().take_while(|known| known.day <= reached_day).last();
        Ok(realised.map(|realised| Realised {
            segment: self.segment,
            day: reached_day,
            amount: realised.amount,
            known_before: before.map(|known| known.amount),
        }))
    }
}
