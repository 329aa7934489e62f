//! A version of the rules: who fits, and what shows engagement.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::expression::{Condition, Reach};
use crate::expression::Wrong;
use crate::name::plain;

/// Rules that a version may have.
pub const RULES_MAX: usize = 200;
/// Characters that the name of a rule may have.
pub const NAME_CHARACTERS_MAX: usize = 80;
/// Points that a rule may give or take at once.
pub const POINTS_MAX: i64 = 1_000;
/// The most that a rule, or a score, may come to.
pub const CAP_MAX: i64 = 100_000;
/// The longest half-life.
pub const HALF_LIFE_DAYS_MAX: u32 = 3_650;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Score {
    /// Who somebody is: person, account, lead.
    Fit,
    /// What somebody did: touches.
    Engagement,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub name: String,
    pub score: Score,
    pub when: Condition,
    /// What it gives once: for each touch that it counts, the newest first, as far as its cap goes.
    pub points: i64,
    /// What it gives or takes at most, before decay.
    pub cap: i64,
    /// After so many days a touch counts half.
    pub half_life_days: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    pub fit_cap: i64,
    pub engagement_cap: i64,
    pub rules: Vec<Rule>,
}

/// A rule as it is written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    pub name: String,
    pub score: String,
    pub when: String,
    pub points: i64,
    pub cap: Option<i64>,
    pub half_life_days: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("write from one to {RULES_MAX} rules")]
    Count,
    #[error("rule {0} needs a name of 1 to {NAME_CHARACTERS_MAX} characters")]
    Name(usize),
    #[error("two rules are called `{0}`: each has a name of its own")]
    Twice(String),
    #[error("rule `{rule}`: `{given}` is no score: write fit or engagement")]
    Score { rule: String, given: String },
    #[error("rule `{rule}`, `when`, {wrong}")]
    When { rule: String, wrong: Wrong },
    #[error("rule `{0}` is of engagement and looks at no touches: count some, or make it fit")]
    NoTouches(String),
    #[error("rule `{rule}`: `{of}` must lie between {least} and {most}{but}, not {given}")]
    Range { rule: String, of: &'static str, least: i64, most: i64, but: &'static str, given: i64 },
    #[error("rule `{0}` is of fit, which does not fade: leave out `half_life_days` and `cap`")]
    FitFades(String),
    #[error("`{what}` must lie between 1 and {CAP_MAX}, not {given}")]
    Cap { what: &'static str, given: i64 },
}

impl Score {
    pub const ALL: [Score; 2] = [Score::Fit, Score::Engagement];

    pub fn name(self) -> &'static str {
        match self {
            Score::Fit => "fit",
            Score::Engagement => "engagement",
        }
    }

    fn reach(self) -> Reach {
        match self {
            Score::Fit => Reach::Columns,
            Score::Engagement => Reach::Touches,
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Score {
    type Err = ();

    fn from_str(text: &str) -> Result<Score, ()> {
        Score::ALL.into_iter().find(|score| score.name() == plain(text)).ok_or(())
    }
}

impl Rules {
    /// The rules, if each of them will do.
    ///
    /// # Errors
    /// One case for each reason why they do not, with the rule and the place.
    pub fn new(
        fit_cap: i64,
        engagement_cap: i64,
        written: &[Written],
    ) -> Result<Rules, RulesError> {
        for (what, given) in [("fit_cap", fit_cap), ("engagement_cap", engagement_cap)] {
            if !(1..=CAP_MAX).contains(&given) {
                return Err(RulesError::Cap { what, given });
            }
        }
        if written.is_empty() || written.len() > RULES_MAX {
            return Err(RulesError::Count);
        }
        let mut names = BTreeSet::new();
        for (place, rule) in written.iter().enumerate() {
            let characters = rule.name.trim().chars().count();
            if characters == 0 || characters > NAME_CHARACTERS_MAX {
                return Err(RulesError::Name(place + 1));
            }
            if !names.insert(plain(&rule.name)) {
                return Err(RulesError::Twice(rule.name.trim().to_owned()));
            }
        }
        let rules = written.iter().map(Written::rule).collect::<Result<Vec<Rule>, RulesError>>()?;
        Ok(Rules { fit_cap, engagement_cap, rules })
    }

    pub fn cap(&self, score: Score) -> i64 {
        match score {
            Score::Fit => self.fit_cap,
            Score::Engagement => self.engagement_cap,
        }
    }
}

impl Written {
    fn rule(&self) -> Result<Rule, RulesError> {
        let name = self.name.trim().to_owned();
        let score: Score = self
            .score
            .parse()
            .map_err(|()| RulesError::Score { rule: name.clone(), given: self.score.clone() })?;
        let range = |of, given: i64, least: i64, most: i64, but| {
            let rule = name.clone();
            Err(RulesError::Range { rule, of, least, most, but, given })
        };
        if !(-POINTS_MAX..=POINTS_MAX).contains(&self.points) || self.points == 0 {
            return range("points", self.points, -POINTS_MAX, POINTS_MAX, " and not be 0");
        }
        if score == Score::Fit && (self.half_life_days.is_some() || self.cap.is_some()) {
            return Err(RulesError::FitFades(name));
        }
        let cap = self.cap.unwrap_or(self.points.abs());
        if !(self.points.abs()..=CAP_MAX).contains(&cap) {
            return range("cap", cap, self.points.abs(), CAP_MAX, "");
        }
        let half_life = i64::from(self.half_life_days.unwrap_or(1));
        if !(1..=i64::from(HALF_LIFE_DAYS_MAX)).contains(&half_life) {
            return range("half_life_days", half_life, 1, i64::from(HALF_LIFE_DAYS_MAX), "");
        }
        let when = Condition::new(&self.when, score.reach())
            .map_err(|wrong| RulesError::When { rule: name.clone(), wrong })?;
        if score == Score::Engagement && !when.looks_at_touches() {
            return Err(RulesError::NoTouches(name));
        }
        let (points, half_life_days) = (self.points, self.half_life_days);
        Ok(Rule { name, score, when, points, cap, half_life_days })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(score: &str, when: &str) -> Written {
        let (name, score, when) = ("Sizeable".to_owned(), score.to_owned(), when.to_owned());
        Written { name, score, when, points: 10, ..Written::default() }
    }

    #[test]
    fn what_will_not_do_is_said_with_its_rule() {
        let fit = || written("fit", "account.employees > 9");
        let check = |rules: &[Written], says: &str| {
            let wrong = Rules::new(100, 100, rules).expect_err(says).to_string();
            assert!(wrong.contains(says), "{wrong}");
        };
        check(&[], "from one to 200 rules");
        check(&[fit(), Written { name: "sizeable ".into(), ..fit() }], "two rules are called");
        check(&[Written { name: " ".into(), ..fit() }], "rule 1 needs a name");
        check(&[written("size", "true")], "`Sizeable`: `size` is no score");
        check(&[Written { points: 0, ..fit() }], "between -1000 and 1000 and not be 0, not 0");
        check(&[Written { half_life_days: Some(3), ..fit() }], "does not fade");
        check(&[written("fit", "touches.count() > 1")], "rule `Sizeable`, `when`, at character");
        check(&[written("engagement", "account.employees > 9")], "looks at no touches");
        let engagement = || written("engagement", "touches.count() > 1");
        check(&[Written { cap: Some(9), ..engagement() }], "`cap` must lie between 10 and");
        check(&[Written { half_life_days: Some(0), ..engagement() }], "`half_life_days` must lie");
        let wrong = Rules::new(0, 100, &[fit()]).expect_err("no cap").to_string();
        assert_eq!(wrong, "`fit_cap` must lie between 1 and 100000, not 0");
        let sound = Rules::new(100, 100, &[fit()]).expect("sound");
        assert_eq!(
            (sound.rules[0].cap, sound.rules[0].when.source()),
            (10, "account.employees > 9")
        );
    }
}
