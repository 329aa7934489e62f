//! The revenue goal of a period: the one number that the relay team signs up for.

pub mod tree;

use crate::money::Money;
use crate::period::Period;

/// Which revenue counts towards the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Won deals of new customers and of old ones alike: every closed won amount.
    All,
    /// New business: won deals that are not expansions or renewals.
    New,
    Expansion,
    Retention,
    Partner,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    pub amount: Money,
    pub period: Period,
    pub counts: Counts,
    /// The probability, between 0 and 1, with which the plan must reach the amount.
    pub confidence: f64,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GoalError {
    #[error("the goal must be more than zero, not {0}")]
    NotPositive(String),
    #[error("the confidence must lie between 0.5 and 0.99, not {0}: 0.8 is usual")]
    ConfidenceOutOfRange(f64),
    #[error("`{0}` is not one of: all, new, expansion, retention, partner")]
    UnknownCounts(String),
}

impl Goal {
    pub fn new(
        amount: Money,
        period: Period,
        counts: Counts,
        confidence: f64,
    ) -> Result<Goal, GoalError> {
        if amount.minor <= 0 {
            return Err(GoalError::NotPositive(amount.to_string()));
        }
        if !(0.5..=0.99).contains(&confidence) {
            return Err(GoalError::ConfidenceOutOfRange(confidence));
        }
        Ok(Goal { amount, period, counts, confidence })
    }
}

impl Counts {
    pub const ALL: [Counts; 5] =
        [Counts::All, Counts::New, Counts::Expansion, Counts::Retention, Counts::Partner];

    pub fn name(self) -> &'static str {
        match self {
            Counts::All => "all",
            Counts::New => "new",
            Counts::Expansion => "expansion",
            Counts::Retention => "retention",
            Counts::Partner => "partner",
        }
    }
}

impl std::str::FromStr for Counts {
    type Err = GoalError;

    fn from_str(text: &str) -> Result<Counts, GoalError> {
        Counts::ALL
            .into_iter()
            .find(|counts| counts.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| GoalError::UnknownCounts(text.to_owned()))
    }
}
