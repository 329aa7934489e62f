//! A plan as it was saved: what a goal took on some day, from what, under which name.
//!
//! Versions are saved, never edited: a name is given once.

use jiff::civil::Date;

use crate::goal::Goal;
use crate::name::plain;
use crate::period::Period;
use crate::time::AsOf;

/// Characters that a version's name may have.
pub const NAME_CHARACTERS_MAX: usize = 80;
/// What stands for the plan as it is made now, where a version is named.
pub const NOW: &str = "now";
/// What stands for what came in the year before, where a version is named.
pub const LAST_YEAR: &str = "last-year";

#[derive(Clone, Debug, PartialEq)]
pub struct PlanVersion {
    pub name: VersionName,
    pub goal: Goal,
    /// The day from whose end it was planned.
    pub day: Date,
    pub as_of: AsOf,
    /// The seed of the simulated futures behind it.
    pub seed: u64,
    /// What was changed in it, such as `asp=1.05`.
    pub changes: Vec<String>,
    /// The name of the file of assumptions, where there was one.
    pub assumed_from: Option<String>,
    /// The names of the stages, first to last.
    pub stages: Vec<String>,
    /// The probability of the goal on the present course, between 0 and 1.
    pub probability: Option<f64>,
    /// The probability of the goal with what is needed on average.
    pub expected_probability: Option<f64>,
    pub present_course: Option<Vec<Month>>,
    /// What is needed on average, month by month.
    pub expected: Vec<Month>,
    /// What is needed to reach the goal with its confidence.
    pub at_confidence: Vec<Month>,
}

/// The revenue of a month in the minor unit, and the tenths of how many enter each stage in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    pub month: Period,
    pub revenue_minor: i64,
    pub tenths: Vec<i64>,
}

/// A name that a version can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionName(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionNameError {
    #[error("a version needs a name, such as `board, January`")]
    Empty,
    #[error("the name has more than {NAME_CHARACTERS_MAX} characters")]
    Long,
    #[error("`{0}` stands for something else: choose another name")]
    Reserved(String),
}

impl VersionName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of the name have in common.
    pub fn key(&self) -> String {
        plain(&self.0)
    }
}

impl std::str::FromStr for VersionName {
    type Err = VersionNameError;

    fn from_str(text: &str) -> Result<VersionName, VersionNameError> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return Err(VersionNameError::Empty);
        }
        if name.chars().count() > NAME_CHARACTERS_MAX {
            return Err(VersionNameError::Long);
        }
        match [NOW, LAST_YEAR].iter().any(|reserved| plain(reserved) == plain(&name)) {
            true => Err(VersionNameError::Reserved(name)),
            false => Ok(VersionName(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, VersionNameError>) {
        let name = text.parse::<VersionName>();
        assert_eq!(name.as_ref().map(VersionName::as_str), expected.as_ref().copied());
    }

    #[test]
    fn a_name_is_given_as_it_is_meant() {
        check(" board,  January ", Ok("board, January"));
        check("  ", Err(VersionNameError::Empty));
        check(&"x".repeat(NAME_CHARACTERS_MAX + 1), Err(VersionNameError::Long));
        check("Last Year", Err(VersionNameError::Reserved("Last Year".to_owned())));
        check("NOW", Err(VersionNameError::Reserved("NOW".to_owned())));
    }
}
