//! The hand-off of a lead from marketing to sales: who has the baton, and what may be done with it.
//!
//! ```text
//! qualified → offered → accepted → contacted → sales qualified → opportunity
//!                 ↘ declined(reason) · recycled(reason) · expired (dropped)
//! ```
//!
//! At every point the baton can go back: to another runner (released), to marketing (recycled), out
//! of the race (declined); an opportunity can be taken back. At no time it has two owners.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::agreement::{Agreement, Side, Whom};
use crate::name::plain;

/// Characters that the note of a call may have.
pub const NOTE_CHARACTERS_MAX: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Marketing has it, and waits for a runner who has room.
    Qualified,
    Offered,
    Accepted,
    /// Somebody was reached.
    Contacted,
    SalesQualified,
    Opportunity,
    Declined,
    Recycled,
    /// Nobody took it, or nobody called, in time: the baton was dropped.
    Expired,
}

/// One passing of the baton. Of a lead there is one for each pass, and one at a time is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Handoff {
    pub id: Uuid,
    pub lead: Uuid,
    /// From 1 on.
    pub pass: u32,
    pub state: State,
    /// Who is asked; everybody where nobody is named.
    pub offered_to: Option<Uuid>,
    /// Who has it: from acceptance on, and also behind the end.
    pub owner: Option<Uuid>,
    pub qualified_at: Timestamp,
    pub offered_at: Option<Timestamp>,
    pub accept_by: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
    pub contact_by: Option<Timestamp>,
    /// The first call, whether or not somebody was reached.
    pub first_call_at: Option<Timestamp>,
    pub calls: u32,
    pub reached_at: Option<Timestamp>,
    pub sales_qualified_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Why it was declined, recycled or released.
    pub reason: Option<String>,
    /// When a recycled lead is offered again.
    pub returns_at: Option<Timestamp>,
    /// When it last changed; nothing happens to it before that.
    pub changed_at: Timestamp,
    /// One more with every change.
    pub version: u64,
}

/// What is done with the baton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// To a runner, or to everybody.
    Offer {
        to: Option<Uuid>,
    },
    Accept,
    Decline {
        reason: String,
    },
    Recycle {
        reason: String,
    },
    /// A call, and whether somebody was reached.
    Call {
        was_reached: bool,
    },
    /// A seller found it to be a good fit.
    Qualify,
    /// It became a deal.
    Open,
    /// The deal was none: it is sales qualified again.
    Reopen,
    /// The owner lets go of it, and everybody is asked.
    Release {
        reason: String,
    },
    /// The clock ran out.
    Expire,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Who that is among the users of the CRM.
    pub user: Option<Uuid>,
    /// Of which sides the person is; the clock is of none.
    pub is_marketing: bool,
    pub is_sales: bool,
    /// Whether the person may act for other runners.
    pub may_act_for_others: bool,
}

/// What both sides count time by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clock {
    Accept,
    Contact,
}

/// How what a clock counts was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    InTime,
    Late,
    Running,
}

/// A running clock: when it began and when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    pub clock: Clock,
    pub since: Timestamp,
    pub due_at: Timestamp,
}

/// That somebody is to be told of a clock, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub clock: Clock,
    pub since: Timestamp,
    /// The place of its step in the escalation.
    pub step: u32,
    pub due_at: Timestamp,
    pub whom: Whom,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it has an owner already")]
    Taken { owner: Uuid },
    #[error("it is offered to somebody else")]
    OfferedToAnother { to: Uuid },
    #[error("somebody else has it, who alone passes it on")]
    NotYours { owner: Uuid },
    #[error("name who takes it: a user of the CRM")]
    NoUser,
    #[error("as many leads are in hand as agreed ({open}): pass one on before another is taken")]
    Full { open: u32 },
    #[error("a lead that is {state} cannot be {done}")]
    Impossible { state: State, done: &'static str },
    #[error("only {side} can do that")]
    WrongSide { side: Side },
    #[error("`{0}` is none of the agreed reasons")]
    UnknownReason(String),
    #[error("{made} of {owed} calls were made: call again before it is recycled")]
    TooFewCalls { made: u32, owed: u32 },
    #[error("its clock has not run out")]
    NotDue,
    #[error("say why it is released, in {NOTE_CHARACTERS_MAX} characters")]
    NoReason,
}

impl By {
    /// The clock, which is nobody.
    pub const CLOCK: By =
        By { user: None, is_marketing: false, is_sales: false, may_act_for_others: false };
}

impl Handoff {
    /// A lead that is marketing-qualified, for the first time or again.
    pub fn new(id: Uuid, lead: Uuid, pass: u32, at: Timestamp) -> Handoff {
        Handoff {
            id,
            lead,
            pass,
            state: State::Qualified,
            offered_to: None,
            owner: None,
            qualified_at: at,
            offered_at: None,
            accept_by: None,
            accepted_at: None,
            contact_by: None,
            first_call_at: None,
            calls: 0,
            reached_at: None,
            sales_qualified_at: None,
            ended_at: None,
            reason: None,
            returns_at: None,
            changed_at: at,
            version: 1,
        }
    }

    /// Who has the baton, or was offered it.
    pub fn runner(&self) -> Option<Uuid> {
        self.owner.or(self.offered_to)
    }

    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// When it was accepted or went back unaccepted, and which of both; `None` until then.
    pub fn decided(&self, now: Timestamp) -> Option<(Timestamp, bool)> {
        let by_now = |at: Option<Timestamp>| at.filter(|at| *at <= now);
        let accepted = by_now(self.accepted_at).map(|at| (at, true));
        accepted.or_else(|| by_now(self.ended_at).map(|at| (at, false)))
    }

    /// The clocks that began, when, and how each stands. One is stopped by what was owed, or by
    /// the lead's going back.
    pub fn clocks(&self, now: Timestamp) -> Vec<(Clock, Timestamp, Standing)> {
        let by_now = |at: Option<Timestamp>| at.filter(|at| *at <= now);
        let went_back = matches!(self.state, State::Declined | State::Recycled);
        let standing = |done: Option<Timestamp>, due: Timestamp| match by_now(
            done.or(self.ended_at.filter(|_| went_back)),
        ) {
            Some(done) if done <= due => Standing::InTime,
            None if now <= due => Standing::Running,
            _ => Standing::Late,
        };
        let clock = |clock, since, due: Option<Timestamp>, done| {
            by_now(since).zip(due).map(|(since, due)| (clock, since, standing(done, due)))
        };
        let accept = clock(Clock::Accept, self.offered_at, self.accept_by, self.accepted_at);
        let contact = clock(Clock::Contact, self.accepted_at, self.contact_by, self.first_call_at);
        accept.into_iter().chain(contact).collect()
    }

    /// The clock that runs, if one does.
    pub fn running(&self) -> Option<Running> {
        let clock = |clock, since: Option<Timestamp>, due_at: Option<Timestamp>| {
            since.zip(due_at).map(|(since, due_at)| Running { clock, since, due_at })
        };
        match self.state {
            State::Offered => clock(Clock::Accept, self.offered_at, self.accept_by),
            State::Accepted if self.first_call_at.is_none() => {
                clock(Clock::Contact, self.accepted_at, self.contact_by)
            }
            _ => None,
        }
    }

    /// When the baton is dropped, if nothing happens until then.
    pub fn drops_at(&self, agreed: &Agreement) -> Option<Timestamp> {
        Some(agreed.hours.after(self.running()?.due_at, agreed.grace_minutes))
    }

    /// Whom to tell of the clock that runs, and when.
    pub fn notices(&self, agreed: &Agreement) -> Vec<Notice> {
        let Some(Running { clock, since, due_at }) = self.running() else { return Vec::new() };
        let promised = match clock {
            Clock::Accept => agreed.accept_minutes,
            Clock::Contact => agreed.contact_minutes,
        };
        let notice = |(step, it): (u32, &crate::agreement::Step)| {
            let due_at = match u32::try_from(it.minutes) {
                Ok(past) => agreed.hours.after(due_at, past),
                Err(_) => {
                    let minutes = promised.saturating_sub(it.minutes.unsigned_abs());
                    agreed.hours.after(since, minutes)
                }
            };
            Notice { clock, since, step, due_at, whom: it.whom }
        };
        (0..).zip(&agreed.escalation).map(notice).collect()
    }

    /// The hand-off as it is after an action; itself is not changed.
    ///
    /// A clock that was put back does not undo time: what happens, happens not before the last
    /// change.
    ///
    /// # Errors
    /// One case for each reason why the action is not to be.
    pub fn step(
        &self,
        action: &Action,
        by: By,
        at: Timestamp,
        agreed: &Agreement,
    ) -> Result<Handoff, Refusal> {
        let at = at.max(self.changed_at);
        let now = || Handoff { changed_at: at, version: self.version + 1, ..self.clone() };
        match action {
            Action::Offer { to } => self.offered(now(), *to, by, agreed),
            Action::Accept => self.accepted(now(), by, agreed),
            Action::Decline { reason } => {
                let reason = agreed_reason(&agreed.decline_reasons, reason)?;
                self.may_pass_on(by, action.done())?;
                Ok(Handoff { reason: Some(reason), ..now().ended(State::Declined) })
            }
            Action::Recycle { reason } => self.recycled(now(), reason, by, agreed),
            Action::Call { was_reached } => self.called(now(), *was_reached, by),
            Action::Qualify => {
                self.is_in(&[State::Contacted], action)?;
                self.is_owned_by(by)?;
                let state = State::SalesQualified;
                Ok(Handoff { state, sales_qualified_at: Some(at), ..now() })
            }
            Action::Open => {
                self.is_in(&[State::SalesQualified], action)?;
                self.is_owned_by(by)?;
                Ok(now().ended(State::Opportunity))
            }
            Action::Reopen => {
                self.is_in(&[State::Opportunity], action)?;
                self.is_owned_by(by)?;
                Ok(Handoff { state: State::SalesQualified, ended_at: None, ..now() })
            }
            Action::Release { reason } => self.released(now(), reason, by, agreed),
            Action::Expire => {
                let due = self.drops_at(agreed).ok_or(Refusal::NotDue)?;
                if at < due { Err(Refusal::NotDue) } else { Ok(now().ended(State::Expired)) }
            }
        }
    }

    fn ended(self, state: State) -> Handoff {
        Handoff { state, ended_at: Some(self.changed_at), ..self }
    }

    fn offered(
        &self,
        now: Handoff,
        to: Option<Uuid>,
        by: By,
        agreed: &Agreement,
    ) -> Result<Handoff, Refusal> {
        self.is_in(&[State::Qualified, State::Offered], &Action::Offer { to })?;
        let may = by == By::CLOCK || by.is_marketing || by.is_sales && by.may_act_for_others;
        if !may {
            return Err(Refusal::WrongSide { side: Side::Marketing });
        }
        Ok(now.asked(to, agreed))
    }

    /// Offered to somebody, or everybody, from now on.
    fn asked(self, to: Option<Uuid>, agreed: &Agreement) -> Handoff {
        let at = self.changed_at;
        Handoff {
            state: State::Offered,
            offered_to: to,
            offered_at: Some(at),
            accept_by: Some(agreed.hours.after(at, agreed.accept_minutes)),
            owner: None,
            accepted_at: None,
            contact_by: None,
            ..self
        }
    }

    fn accepted(&self, now: Handoff, by: By, agreed: &Agreement) -> Result<Handoff, Refusal> {
        if let (Some(owner), true) = (self.owner, self.is_open()) {
            return Err(Refusal::Taken { owner });
        }
        self.is_in(&[State::Offered], &Action::Accept)?;
        if !by.is_sales {
            return Err(Refusal::WrongSide { side: Side::Sales });
        }
        let user = by.user.ok_or(Refusal::NoUser)?;
        if let Some(to) = self.offered_to.filter(|to| *to != user && !by.may_act_for_others) {
            return Err(Refusal::OfferedToAnother { to });
        }
        let at = now.changed_at;
        Ok(Handoff {
            state: State::Accepted,
            owner: Some(user),
            accepted_at: Some(at),
            contact_by: Some(agreed.hours.after(at, agreed.contact_minutes)),
            ..now
        })
    }

    fn recycled(
        &self,
        now: Handoff,
        reason: &str,
        by: By,
        agreed: &Agreement,
    ) -> Result<Handoff, Refusal> {
        let reason = agreed_reason(&agreed.recycle_reasons, reason)?;
        let is_taken_back =
            by.is_marketing && matches!(self.state, State::Qualified | State::Offered);
        if !is_taken_back {
            self.may_pass_on(by, "recycled")?;
        }
        if self.state == State::Accepted && self.calls < agreed.calls_min {
            return Err(Refusal::TooFewCalls { made: self.calls, owed: agreed.calls_min });
        }
        let days = SignedDuration::from_hours(24 * i64::from(agreed.recycle_days));
        let returns = self.pass < agreed.passes_max;
        let at = now.changed_at;
        let returns_at = returns.then(|| at.saturating_add(days).unwrap_or(Timestamp::MAX));
        Ok(Handoff { reason: Some(reason), returns_at, ..now.ended(State::Recycled) })
    }

    fn called(&self, now: Handoff, was_reached: bool, by: By) -> Result<Handoff, Refusal> {
        let with = [State::Accepted, State::Contacted, State::SalesQualified];
        self.is_in(&with, &Action::Call { was_reached })?;
        self.is_owned_by(by)?;
        let at = now.changed_at;
        let is_first = was_reached && self.state == State::Accepted;
        Ok(Handoff {
            state: if is_first { State::Contacted } else { self.state },
            calls: self.calls.saturating_add(1),
            first_call_at: self.first_call_at.or(Some(at)),
            reached_at: self.reached_at.or(was_reached.then_some(at)),
            ..now
        })
    }

    fn released(
        &self,
        now: Handoff,
        reason: &str,
        by: By,
        agreed: &Agreement,
    ) -> Result<Handoff, Refusal> {
        let with = [State::Accepted, State::Contacted, State::SalesQualified];
        let reason = reason.trim();
        self.is_in(&with, &Action::Release { reason: String::new() })?;
        self.is_owned_by(by)?;
        if reason.is_empty() || reason.chars().count() > NOTE_CHARACTERS_MAX {
            return Err(Refusal::NoReason);
        }
        Ok(Handoff { reason: Some(reason.to_owned()), ..now.asked(None, agreed) })
    }

    fn is_in(&self, states: &[State], action: &Action) -> Result<(), Refusal> {
        match states.contains(&self.state) {
            true => Ok(()),
            false => Err(Refusal::Impossible { state: self.state, done: action.done() }),
        }
    }

    fn is_owned_by(&self, by: By) -> Result<(), Refusal> {
        if !by.is_sales {
            return Err(Refusal::WrongSide { side: Side::Sales });
        }
        match self.owner {
            Some(owner) if by.user != Some(owner) && !by.may_act_for_others => {
                Err(Refusal::NotYours { owner })
            }
            _ => Ok(()),
        }
    }

    /// Whether somebody may send it back: its owner, or who is offered it.
    fn may_pass_on(&self, by: By, done: &'static str) -> Result<(), Refusal> {
        if !self.is_open() || self.state == State::Qualified {
            return Err(Refusal::Impossible { state: self.state, done });
        }
        if self.state != State::Offered {
            return self.is_owned_by(by);
        }
        if !by.is_sales {
            return Err(Refusal::WrongSide { side: Side::Sales });
        }
        let is_for = |to: &Uuid| by.user == Some(*to) || by.may_act_for_others;
        match self.offered_to {
            Some(to) if !is_for(&to) => Err(Refusal::OfferedToAnother { to }),
            _ => Ok(()),
        }
    }
}

fn agreed_reason(agreed: &[String], typed: &str) -> Result<String, Refusal> {
    let found = Agreement::reason(agreed, typed).map(str::to_owned);
    found.ok_or_else(|| Refusal::UnknownReason(typed.to_owned()))
}

impl Action {
    /// What the lead then is, in words.
    pub fn done(&self) -> &'static str {
        match self {
            Action::Offer { .. } => "offered",
            Action::Accept => "accepted",
            Action::Decline { .. } => "declined",
            Action::Recycle { .. } => "recycled",
            Action::Call { .. } => "called",
            Action::Qualify => "sales qualified",
            Action::Open => "made an opportunity",
            Action::Reopen => "taken back from an opportunity",
            Action::Release { .. } => "released",
            Action::Expire => "dropped",
        }
    }
}

impl State {
    pub const ALL: [State; 9] = [
        State::Qualified,
        State::Offered,
        State::Accepted,
        State::Contacted,
        State::SalesQualified,
        State::Opportunity,
        State::Declined,
        State::Recycled,
        State::Expired,
    ];

    pub fn name(self) -> &'static str {
        match self {
            State::Qualified => "qualified",
            State::Offered => "offered",
            State::Accepted => "accepted",
            State::Contacted => "contacted",
            State::SalesQualified => "sales qualified",
            State::Opportunity => "opportunity",
            State::Declined => "declined",
            State::Recycled => "recycled",
            State::Expired => "expired",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that is none of a short list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state or clock of a hand-off")]
pub struct Unknown(String);

impl FromStr for State {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<State, Unknown> {
        let named = State::ALL.into_iter().find(|state| plain(state.name()) == plain(text));
        named.ok_or_else(|| Unknown(text.to_owned()))
    }
}

impl Clock {
    pub const ALL: [Clock; 2] = [Clock::Accept, Clock::Contact];

    pub fn name(self) -> &'static str {
        match self {
            Clock::Accept => "accept",
            Clock::Contact => "first contact",
        }
    }
}

impl FromStr for Clock {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Clock, Unknown> {
        let named = Clock::ALL.into_iter().find(|clock| clock.name() == text);
        named.ok_or_else(|| Unknown(text.to_owned()))
    }
}
