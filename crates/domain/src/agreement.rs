//! The agreement between marketing and sales: what a marketing-qualified lead is, how many
//! marketing owes, and how soon sales owes to take each and to make first contact.
//!
//! A version of it is in force once both sides have signed that version.

pub mod duty;
mod routing;
pub mod trial;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use crate::access::Role;
use crate::business_hours::{BusinessHours, MINUTES_MAX};
use crate::name::plain;
use crate::score::expression::Condition;

use duty::{DUTIES_MAX, DUTY_CHARACTERS_MAX, Duty, TEAMS_PER_ROLE_MAX};

pub use routing::{Load, Target};

/// Characters that the definition may have.
pub const DEFINITION_CHARACTERS_MAX: usize = 2_000;
/// Characters that a reason may have.
pub const REASON_CHARACTERS_MAX: usize = 80;
/// Reasons for declining or recycling that an agreement may name.
pub const REASONS_MAX: usize = 40;
/// Runners that an agreement may name.
pub const RUNNERS_MAX: usize = 500;
/// Territories, or leaves, that a runner may have.
pub const PER_RUNNER_MAX: usize = 200;
/// Steps that an escalation may have.
pub const STEPS_MAX: usize = 10;
/// Calls that may be owed, passes that a lead may make, days after which it may come back.
pub const CALLS_MAX: u32 = 50;
pub const PASSES_MAX: u32 = 50;
pub const RECYCLE_DAYS_MAX: u32 = 3_650;
/// Leads that may be promised a month, that one runner may have in hand, and a runner's weight.
pub const PROMISED_MAX: u32 = 10_000_000;
pub const CAPACITY_MAX: u32 = 100_000;
pub const WEIGHT_MAX: u32 = 1_000;

/// Who owes what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Marketing,
    Sales,
}

/// What both sides agree on.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// What a marketing-qualified lead is, in words.
    pub definition: String,
    /// The same as a condition on its scores and fields, where it is one.
    pub qualifies: Option<Condition>,
    /// The score from which on a lead is one, where that is part of the definition.
    pub score_min: Option<i64>,
    /// Marketing-qualified leads that marketing owes a month.
    pub promised_monthly: u32,
    /// Business minutes from the offer within which a lead is accepted, declined or recycled.
    pub accept_minutes: u32,
    /// Business minutes from acceptance to the first call.
    pub contact_minutes: u32,
    /// Business minutes past either of these after which the baton is dropped.
    pub grace_minutes: u32,
    /// Calls that are made before a lead that nobody reached is recycled.
    pub calls_min: u32,
    pub hours: BusinessHours,
    pub decline_reasons: Vec<String>,
    pub recycle_reasons: Vec<String>,
    /// How leads come to be handed over.
    pub entry: Entry,
    /// Days after which a recycled lead is offered again.
    pub recycle_days: u32,
    /// How often one lead is offered at most; from then on it stays with marketing.
    pub passes_max: u32,
    /// Who is asked first, second …; the order in which runners are chosen.
    pub routing: Vec<Route>,
    pub runners: Vec<Runner>,
    pub escalation: Vec<Step>,
    /// Who does what, beside leads.
    pub duties: Vec<Duty>,
}

/// How a lead comes to be handed over for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// Somebody offers it.
    #[default]
    ByHand,
    /// It is offered once the CRM calls it marketing-qualified.
    ByStage,
}

/// A way of choosing who is offered a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// Who owns the lead's account.
    AccountOwner,
    /// Who has the country or region of the lead's account.
    Territory,
    /// In turn, as often as each one's weight says.
    RoundRobin,
    /// Who has least in hand, measured by capacity.
    LeastBusy,
}

/// A user of the CRM who takes leads.
#[derive(Clone, Debug, PartialEq)]
pub struct Runner {
    pub user: Uuid,
    /// How often in turn; nothing keeps the runner out of the turns.
    pub weight: u32,
    /// Leads in hand at the same time.
    pub capacity: u32,
    pub territories: Vec<String>,
    pub leaves: Vec<Leave>,
}

/// Days on which nobody is offered anything, the first and the last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave {
    pub first: Date,
    pub last: Date,
}

/// Who is told, and when: business minutes past what is due, or before it where they are negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub minutes: i32,
    pub whom: Whom,
}

/// Who is told of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Who has the lead, or was offered it.
    Runner,
    /// To whom the runner reports.
    Manager,
    User(Uuid),
}

/// One side's word for a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub side: Side,
    /// Who signed: a member's id, or who was at the command line.
    pub actor: String,
    pub signed_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    #[error("say what a marketing-qualified lead is, in {DEFINITION_CHARACTERS_MAX} characters")]
    Definition,
    #[error("{what} must lie between {least} and {most}, not {given}")]
    Range { what: &'static str, least: i64, most: i64, given: i64 },
    #[error(
        "name from one to {REASONS_MAX} reasons, each of 1 to {REASON_CHARACTERS_MAX} characters"
    )]
    Reasons { field: &'static str },
    #[error("the reason `{reason}` is named twice")]
    ReasonTwice { field: &'static str, reason: String },
    #[error("name each way of routing once, and one at least")]
    Routing,
    #[error("name from one to {RUNNERS_MAX} runners")]
    Runners,
    #[error("a runner is named twice: each has one line")]
    RunnerTwice,
    #[error("a leave must begin before it ends")]
    Leave,
    #[error("an escalation has at most {STEPS_MAX} steps, in the order of their time")]
    Escalation,
    #[error(
        "an agreement has at most {DUTIES_MAX} duties, each with a name and at most \
         {TEAMS_PER_ROLE_MAX} in each role, none longer than {DUTY_CHARACTERS_MAX} characters"
    )]
    Duties,
    #[error("the duty `{0}` is there twice: each has one line")]
    DutyTwice(String),
    #[error("`{0}` is neither marketing nor sales")]
    UnknownSide(String),
    #[error("`{0}` is neither by hand nor by stage")]
    UnknownEntry(String),
    #[error("`{0}` is not one of: account owner, territory, round robin, least busy")]
    UnknownRoute(String),
}

impl AgreementError {
    /// The field that will not do.
    pub fn field(&self) -> &'static str {
        match self {
            AgreementError::Definition => "definition",
            AgreementError::Range { what, .. } => what,
            AgreementError::Reasons { field } | AgreementError::ReasonTwice { field, .. } => field,
            AgreementError::Routing | AgreementError::UnknownRoute(_) => "routing",
            AgreementError::UnknownEntry(_) => "entry",
            AgreementError::Runners | AgreementError::RunnerTwice => "runners",
            AgreementError::Leave => "leaves",
            AgreementError::Escalation => "escalation",
            AgreementError::Duties | AgreementError::DutyTwice(_) => "duties",
            AgreementError::UnknownSide(_) => "side",
        }
    }
}

impl Agreement {
    /// The agreement, if it holds together and keeps within its bounds.
    ///
    /// # Errors
    /// One case for each reason why it does not.
    pub fn checked(self) -> Result<Agreement, AgreementError> {
        let characters = self.definition.trim().chars().count();
        if characters == 0 || characters > DEFINITION_CHARACTERS_MAX {
            return Err(AgreementError::Definition);
        }
        for (what, given, least, most) in [
            ("promised_monthly", self.promised_monthly, 1, PROMISED_MAX),
            ("accept_minutes", self.accept_minutes, 1, MINUTES_MAX),
            ("contact_minutes", self.contact_minutes, 1, MINUTES_MAX),
            ("grace_minutes", self.grace_minutes, 0, MINUTES_MAX),
            ("calls_min", self.calls_min, 0, CALLS_MAX),
            ("recycle_days", self.recycle_days, 1, RECYCLE_DAYS_MAX),
            ("passes_max", self.passes_max, 1, PASSES_MAX),
        ] {
            in_range(what, given, least, most)?;
        }
        check_reasons("decline_reasons", &self.decline_reasons)?;
        check_reasons("recycle_reasons", &self.recycle_reasons)?;
        let ways: BTreeSet<Route> = self.routing.iter().copied().collect();
        if ways.is_empty() || ways.len() != self.routing.len() {
            return Err(AgreementError::Routing);
        }
        self.check_runners()?;
        let limit = i32::try_from(MINUTES_MAX).unwrap_or(i32::MAX);
        let is_bounded = |step: &Step| (-limit..=limit).contains(&step.minutes);
        let is_in_order = self.escalation.is_sorted_by_key(|step| step.minutes);
        if self.escalation.len() > STEPS_MAX
            || !is_in_order
            || !self.escalation.iter().all(is_bounded)
        {
            return Err(AgreementError::Escalation);
        }
        duty::check(&self.duties)?;
        Ok(self)
    }

    fn check_runners(&self) -> Result<(), AgreementError> {
        let users: BTreeSet<Uuid> = self.runners.iter().map(|runner| runner.user).collect();
        if users.is_empty() || self.runners.len() > RUNNERS_MAX {
            return Err(AgreementError::Runners);
        }
        if users.len() != self.runners.len() {
            return Err(AgreementError::RunnerTwice);
        }
        for runner in &self.runners {
            in_range("capacity", runner.capacity, 1, CAPACITY_MAX)?;
            in_range("weight", runner.weight, 0, WEIGHT_MAX)?;
            for (what, count) in
                [("territories", runner.territories.len()), ("leaves", runner.leaves.len())]
            {
                let most = u32::try_from(PER_RUNNER_MAX).unwrap_or(u32::MAX);
                in_range(what, u32::try_from(count).unwrap_or(u32::MAX), 0, most)?;
            }
            if runner.leaves.iter().any(|leave| leave.first > leave.last) {
                return Err(AgreementError::Leave);
            }
        }
        Ok(())
    }

    /// The leads that marketing owes on a day: a month's, in equal parts by its working days.
    pub fn promised_on(&self, day: Date) -> f64 {
        if !self.hours.is_working_day(day) {
            return 0.0;
        }
        let days = day.first_of_month().series(1.day()).take_while(|it| it.month() == day.month());
        let working = days.filter(|it| self.hours.is_working_day(*it)).count();
        f64::from(self.promised_monthly) / working.max(1) as f64
    }

    /// The reason as the agreement spells it, however it was typed.
    pub fn reason<'a>(reasons: &'a [String], typed: &str) -> Option<&'a str> {
        let is_meant = |reason: &&String| plain(reason) == plain(typed);
        reasons.iter().find(is_meant).map(String::as_str)
    }
}

fn in_range(what: &'static str, given: u32, least: u32, most: u32) -> Result<(), AgreementError> {
    if (least..=most).contains(&given) {
        return Ok(());
    }
    let [least, most, given] = [least, most, given].map(i64::from);
    Err(AgreementError::Range { what, least, most, given })
}

fn check_reasons(field: &'static str, reasons: &[String]) -> Result<(), AgreementError> {
    let fits = |reason: &String| {
        !reason.trim().is_empty() && reason.chars().count() <= REASON_CHARACTERS_MAX
    };
    if reasons.is_empty() || reasons.len() > REASONS_MAX || !reasons.iter().all(fits) {
        return Err(AgreementError::Reasons { field });
    }
    let mut seen = BTreeSet::new();
    let twice = reasons.iter().find(|reason| !seen.insert(plain(reason)));
    twice
        .map_or(Ok(()), |reason| Err(AgreementError::ReasonTwice { field, reason: reason.clone() }))
}

impl Side {
    /// For which sides a role speaks.
    pub fn of(role: Role) -> &'static [Side] {
        match role {
            Role::Owner | Role::Executive | Role::RevenueOperations => &Side::ALL,
            Role::Marketing => &[Side::Marketing],
            Role::SalesManager | Role::SalesRep => &[Side::Sales],
            Role::Product | Role::CustomerSuccess | Role::Viewer => &[],
        }
    }

    pub const ALL: [Side; 2] = [Side::Marketing, Side::Sales];

    pub fn name(self) -> &'static str {
        match self {
            Side::Marketing => "marketing",
            Side::Sales => "sales",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Side {
    type Err = AgreementError;

    fn from_str(text: &str) -> Result<Side, AgreementError> {
        let named = Side::ALL.into_iter().find(|side| side.name() == plain(text));
        named.ok_or_else(|| AgreementError::UnknownSide(text.to_owned()))
    }
}

impl Entry {
    pub const ALL: [Entry; 2] = [Entry::ByHand, Entry::ByStage];

    pub fn name(self) -> &'static str {
        match self {
            Entry::ByHand => "by hand",
            Entry::ByStage => "by stage",
        }
    }
}

impl FromStr for Entry {
    type Err = AgreementError;

    fn from_str(text: &str) -> Result<Entry, AgreementError> {
        let named = Entry::ALL.into_iter().find(|entry| plain(entry.name()) == plain(text));
        named.ok_or_else(|| AgreementError::UnknownEntry(text.to_owned()))
    }
}

impl Route {
    pub const ALL: [Route; 4] =
        [Route::AccountOwner, Route::Territory, Route::RoundRobin, Route::LeastBusy];

    pub fn name(self) -> &'static str {
        match self {
            Route::AccountOwner => "account owner",
            Route::Territory => "territory",
            Route::RoundRobin => "round robin",
            Route::LeastBusy => "least busy",
        }
    }
}

impl FromStr for Route {
    type Err = AgreementError;

    fn from_str(text: &str) -> Result<Route, AgreementError> {
        let named = Route::ALL.into_iter().find(|route| plain(route.name()) == plain(text));
        named.ok_or_else(|| AgreementError::UnknownRoute(text.to_owned()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::civil::Weekday;
    use jiff::tz::TimeZone;

    use super::*;

    pub(crate) fn user(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    pub(crate) fn runner(number: u128, weight: u32, capacity: u32) -> Runner {
        let (territories, leaves) = (Vec::new(), Vec::new());
        Runner { user: user(number), weight, capacity, territories, leaves }
    }

    /// Two hours to accept, four to call, one of grace; runners 1 to 3.
    pub(crate) fn agreement() -> Agreement {
        use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
        let week = [Monday, Tuesday, Wednesday, Thursday, Friday];
        let hours = BusinessHours::new(&week, (9 * 60, 17 * 60), BTreeSet::new(), TimeZone::UTC);
        Agreement {
            definition: "asked for a demo".to_owned(),
            qualifies: None,
            score_min: Some(60),
            promised_monthly: 100,
            accept_minutes: 120,
            contact_minutes: 240,
            grace_minutes: 60,
            calls_min: 2,
            hours: hours.expect("hours"),
            decline_reasons: vec!["No fit".to_owned(), "No budget".to_owned()],
            recycle_reasons: vec!["Bad timing".to_owned()],
            entry: Entry::ByHand,
            recycle_days: 30,
            passes_max: 3,
            routing: Route::ALL.to_vec(),
            runners: vec![runner(1, 2, 3), runner(2, 1, 3), runner(3, 0, 1)],
            escalation: vec![
                Step { minutes: -30, whom: Whom::Runner },
                Step { minutes: 0, whom: Whom::Manager },
            ],
            duties: Vec::new(),
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Agreement), wrong: Option<&str>) {
        let mut changed = agreement();
        change(&mut changed);
        assert_eq!(changed.checked().err().map(|error| error.field()), wrong);
    }

    #[test]
    fn an_agreement_holds_together() {
        check(|_| {}, None);
        check(|it| it.definition = "  ".to_owned(), Some("definition"));
        check(|it| it.promised_monthly = 0, Some("promised_monthly"));
        check(|it| it.accept_minutes = 0, Some("accept_minutes"));
        check(|it| it.contact_minutes = MINUTES_MAX + 1, Some("contact_minutes"));
        check(|it| it.passes_max = 0, Some("passes_max"));
        check(|it| it.decline_reasons.clear(), Some("decline_reasons"));
        check(|it| it.decline_reasons.push("no-fit".to_owned()), Some("decline_reasons"));
        check(|it| it.routing.push(Route::Territory), Some("routing"));
        check(|it| it.runners.clear(), Some("runners"));
        check(|it| it.runners.push(runner(1, 1, 1)), Some("runners"));
        check(|it| it.runners[0].capacity = 0, Some("capacity"));
        check(|it| it.escalation.reverse(), Some("escalation"));
        let backwards =
            Leave { first: jiff::civil::date(2026, 2, 2), last: jiff::civil::date(2026, 2, 1) };
        check(|it| it.runners[0].leaves.push(backwards), Some("leaves"));
    }

    #[test]
    fn names_read_back() {
        for route in Route::ALL {
            assert_eq!(route.name().parse(), Ok(route));
        }
        assert_eq!("round_robin".parse(), Ok(Route::RoundRobin));
        for entry in Entry::ALL {
            assert_eq!(entry.name().parse(), Ok(entry));
        }
        assert!("by chance".parse::<Entry>().is_err());
        for side in Side::ALL {
            assert_eq!(side.name().parse(), Ok(side));
        }
        assert!("product".parse::<Side>().is_err());
        let reasons = agreement().decline_reasons;
        assert_eq!(Agreement::reason(&reasons, "no FIT"), Some("No fit"));
        assert_eq!(Agreement::reason(&reasons, "other"), None);
    }
}
