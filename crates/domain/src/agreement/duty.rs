//! Who does what: duties with the roles of RACI (responsible, accountable, consulted, informed),
//! and where nobody or too many answer for one.

use std::collections::BTreeSet;

use super::AgreementError;
use crate::name::plain;

pub const DUTIES_MAX: usize = 60;
pub const DUTY_CHARACTERS_MAX: usize = 200;
pub const TEAMS_PER_ROLE_MAX: usize = 10;

/// Something that has to be done, and which teams or people have which part in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duty {
    pub what: String,
    /// Who does it.
    pub responsible: Vec<String>,
    /// Who answers for it: one, no more and no less.
    pub accountable: Vec<String>,
    /// Who is asked before.
    pub consulted: Vec<String>,
    /// Who is told afterwards.
    pub informed: Vec<String>,
}

/// What is open about a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// A gap: nobody does it.
    NobodyResponsible,
    /// A gap: nobody answers for it.
    NobodyAccountable,
    /// An overlap: several answer for it, so that each may wait for the other.
    SeveralAccountable,
    /// Somebody is asked and told of what they do or answer for themselves.
    TwoRoles(String),
}

impl Duty {
    /// Gaps and overlaps, the gravest first.
    pub fn open(&self) -> Vec<Open> {
        let mut open = Vec::new();
        if self.responsible.is_empty() {
            open.push(Open::NobodyResponsible);
        }
        match self.accountable.len() {
            0 => open.push(Open::NobodyAccountable),
            1 => {}
            _ => open.push(Open::SeveralAccountable),
        }
        let doers: BTreeSet<String> =
            self.responsible.iter().chain(&self.accountable).map(|name| plain(name)).collect();
        let mut heard = BTreeSet::new();
        for name in self.consulted.iter().chain(&self.informed) {
            if doers.contains(&plain(name)) || !heard.insert(plain(name)) {
                open.push(Open::TwoRoles(name.clone()));
            }
        }
        open
    }

    fn roles(&self) -> [&Vec<String>; 4] {
        [&self.responsible, &self.accountable, &self.consulted, &self.informed]
    }
}

/// # Errors
/// When a duty has no name or one that another has, or texts or lists are too long.
pub(super) fn check(duties: &[Duty]) -> Result<(), AgreementError> {
    let is_short =
        |text: &String| !text.trim().is_empty() && text.chars().count() <= DUTY_CHARACTERS_MAX;
    let mut names = BTreeSet::new();
    let each = |duty: &Duty| {
        is_short(&duty.what)
            && duty
                .roles()
                .iter()
                .all(|names| names.len() <= TEAMS_PER_ROLE_MAX && names.iter().all(is_short))
    };
    if duties.len() > DUTIES_MAX || !duties.iter().all(each) {
        return Err(AgreementError::Duties);
    }
    match duties.iter().find(|duty| !names.insert(plain(&duty.what))) {
        Some(twice) => Err(AgreementError::DutyTwice(twice.what.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `marketing/sales|marketing|product|` as responsible, accountable, consulted and informed.
    fn duty(roles: &str) -> Duty {
        let mut parts = roles.split('|').map(|names| {
            names.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
        });
        let mut next = || parts.next().unwrap_or_default();
        Duty {
            what: "Qualify leads".to_owned(),
            responsible: next(),
            accountable: next(),
            consulted: next(),
            informed: next(),
        }
    }

    #[track_caller]
    fn check_open(roles: &str, expected: &[Open]) {
        assert_eq!(duty(roles).open(), expected, "{roles}");
    }

    #[test]
    fn gaps_and_overlaps_are_found() {
        check_open("marketing|marketing|sales|product", &[]);
        check_open("marketing/sales|marketing||", &[]);
        check_open("|marketing||", &[Open::NobodyResponsible]);
        check_open("marketing|||", &[Open::NobodyAccountable]);
        check_open("marketing|marketing/sales||", &[Open::SeveralAccountable]);
        let twice = |name: &str| Open::TwoRoles(name.to_owned());
        check_open("marketing|marketing|Marketing|", &[twice("Marketing")]);
        check_open("marketing|marketing|sales|sales", &[twice("sales")]);
        check_open("", &[Open::NobodyResponsible, Open::NobodyAccountable]);
    }

    #[test]
    fn a_duty_has_a_name_of_its_own() {
        let named = |what: &str| Duty { what: what.to_owned(), ..duty("a|a||") };
        assert!(check(&[named("Qualify leads"), named("Call leads")]).is_ok());
        assert!(matches!(
            check(&[named("Call leads"), named("call  LEADS")]),
            Err(AgreementError::DutyTwice(_))
        ));
        assert!(matches!(check(&[named(" ")]), Err(AgreementError::Duties)));
        let long = "x".repeat(DUTY_CHARACTERS_MAX + 1);
        assert!(matches!(check(&[named(&long)]), Err(AgreementError::Duties)));
    }
}
