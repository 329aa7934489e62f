//! A forecast call: what a person says that a period will bring, and whose word counts.
//!
//! Calls are said, never edited: the one that was said last counts, be it the owner's own or an
//! override by who answers for the owner.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::money::Money;
use crate::period::Period;

/// Characters that a note may have.
pub const NOTE_CHARACTERS_MAX: usize = 1_000;

/// What somebody says that a period brings. Both amounts are of the whole period, with what is
/// booked of it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub period: Period,
    pub whose: Whose,
    pub manner: Manner,
    /// What is promised.
    pub commit: Money,
    /// What it comes to if all goes well.
    pub best_case: Money,
    /// What it rests on; of an override, its reason.
    pub note: String,
}

/// Whose deals a call is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// The whole company's.
    Whole,
    /// Those of a user of the CRM.
    User(Uuid),
}

/// Whether the owner says it, or somebody who answers for the owner says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Submission,
    Override,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("what is promised cannot be less than nothing")]
    NegativeCommit,
    #[error("the best case is less than the commit: it holds the commit, and what may be added")]
    BestCaseBelowCommit,
    #[error("an override needs its reason")]
    NoReason,
    #[error("the note has more than {NOTE_CHARACTERS_MAX} characters")]
    LongNote,
    #[error("`{0}` is neither a submission nor an override")]
    UnknownManner(String),
}

impl CallError {
    /// The field that will not do.
    pub fn field(&self) -> &'static str {
        match self {
            CallError::NegativeCommit => "commit",
            CallError::BestCaseBelowCommit => "best_case",
            CallError::NoReason | CallError::LongNote => "note",
            CallError::UnknownManner(_) => "manner",
        }
    }
}

impl Call {
    /// The call, if it holds together.
    ///
    /// # Errors
    /// One case for each reason why it does not.
    pub fn checked(self) -> Result<Call, CallError> {
        if self.commit.minor < 0 {
            return Err(CallError::NegativeCommit);
        }
        if self.best_case.minor < self.commit.minor {
            return Err(CallError::BestCaseBelowCommit);
        }
        if self.manner == Manner::Override && self.note.trim().is_empty() {
            return Err(CallError::NoReason);
        }
        if self.note.chars().count() > NOTE_CHARACTERS_MAX {
            return Err(CallError::LongNote);
        }
        Ok(self)
    }
}

impl Whose {
    pub fn user(self) -> Option<Uuid> {
        match self {
            Whose::Whole => None,
            Whose::User(user) => Some(user),
        }
    }
}

impl Manner {
    pub fn name(self) -> &'static str {
        match self {
            Manner::Submission => "submission",
            Manner::Override => "override",
        }
    }
}

impl fmt::Display for Manner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Manner {
    type Err = CallError;

    fn from_str(text: &str) -> Result<Manner, CallError> {
        let known = [Manner::Submission, Manner::Override];
        let named = known.into_iter().find(|manner| manner.name() == text.trim());
        named.ok_or_else(|| CallError::UnknownManner(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[track_caller]
    fn check(manner: Manner, commit: i64, best_case: i64, note: &str, wrong: Option<&str>) {
        let money = |minor| Money { minor, currency: Currency::USD };
        let call = Call {
            period: Period::Quarter { year: 2026, quarter: 4 },
            whose: Whose::Whole,
            manner,
            commit: money(commit),
            best_case: money(best_case),
            note: note.to_owned(),
        };
        assert_eq!(call.checked().err().map(|error| error.field()), wrong);
    }

    #[test]
    fn a_call_holds_together() {
        check(Manner::Submission, 0, 0, "", None);
        check(Manner::Submission, 100, 150, "", None);
        check(Manner::Submission, -1, 150, "", Some("commit"));
        check(Manner::Submission, 100, 99, "", Some("best_case"));
        check(Manner::Override, 100, 100, "", Some("note"));
        check(Manner::Override, 100, 100, "two deals slip", None);
        check(Manner::Submission, 1, 1, &"x".repeat(NOTE_CHARACTERS_MAX + 1), Some("note"));
    }

    #[test]
    fn manners_read_back() {
        for manner in [Manner::Submission, Manner::Override] {
            assert_eq!(manner.name().parse(), Ok(manner));
        }
        assert!("guess".parse::<Manner>().is_err());
    }
}
