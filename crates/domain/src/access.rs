//! Who may sign in, as what, and whose records they see.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// What a member is in the company; permission follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Owner,
    Executive,
    RevenueOperations,
    Marketing,
    SalesManager,
    SalesRep,
    Product,
    CustomerSuccess,
    Viewer,
}

/// A person who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: Uuid,
    /// In lower case; what the member signs in with.
    pub email: String,
    pub name: String,
    pub role: Role,
    /// Who the member is among the users of the CRM, so that own records are known.
    pub user: Option<Uuid>,
}

/// Whose records are seen. Rows out of scope are in no table at all, so that no metric, estimate
/// or list can show them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    All,
    /// Records of these users, and what belongs to their accounts.
    Owners(BTreeSet<Uuid>),
}

/// Whose records a member sees, before it is known who works with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Company,
    /// The user's own, those of everybody in the user's team, and of all who report to the user.
    Team(Uuid),
    /// The user's own; of no user, none.
    Own(Option<Uuid>),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error("`{0}` is no role: choose one of {all}", all = role_names())]
    UnknownRole(String),
    #[error("`{0}` is no e-mail address: write one such as ada@example.com")]
    NoEmail(String),
}

impl Scope {
    pub fn shows(&self, owner: Option<Uuid>) -> bool {
        match self {
            Scope::All => true,
            Scope::Owners(owners) => owner.is_some_and(|owner| owners.contains(&owner)),
        }
    }
}

impl Member {
    /// A sales rep sees own records; a sales manager who is a user of the CRM, those of the team;
    /// everybody else the company's.
    pub fn reach(&self) -> Reach {
        match (self.role, self.user) {
            (Role::SalesRep, user) => Reach::Own(user),
            (Role::SalesManager, Some(user)) => Reach::Team(user),
            _ => Reach::Company,
        }
    }

    /// Whose pay a member sees: who answers for pay everybody's, a sales manager who is a user of
    /// the CRM the team's, everybody else their own.
    pub fn pay_reach(&self) -> Reach {
        match (self.role, self.user) {
            (Role::Owner | Role::Executive | Role::RevenueOperations, _) => Reach::Company,
            (Role::SalesManager, Some(user)) => Reach::Team(user),
            (_, user) => Reach::Own(user),
        }
    }

    /// As [`Member::reach`], in words.
    pub fn sees(&self) -> &'static str {
        match self.reach() {
            Reach::Company => "all records",
            Reach::Team(_) => "records of the team",
            Reach::Own(Some(_)) => "own records",
            Reach::Own(None) => "nothing: no user of the CRM is named",
        }
    }
}

impl Role {
    pub const ALL: [Role; 9] = [
        Role::Owner,
        Role::Executive,
        Role::RevenueOperations,
        Role::Marketing,
        Role::SalesManager,
        Role::SalesRep,
        Role::Product,
        Role::CustomerSuccess,
        Role::Viewer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Executive => "executive",
            Role::RevenueOperations => "revenue operations",
            Role::Marketing => "marketing",
            Role::SalesManager => "sales manager",
            Role::SalesRep => "sales rep",
            Role::Product => "product",
            Role::CustomerSuccess => "customer success",
            Role::Viewer => "viewer",
        }
    }
}

fn role_names() -> String {
    Role::ALL.map(Role::name).join(", ")
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Role, AccessError> {
        let wanted = text.trim().to_lowercase().replace(['_', '-'], " ");
        let named = Role::ALL.into_iter().find(|role| role.name() == wanted);
        named.ok_or_else(|| AccessError::UnknownRole(text.to_owned()))
    }
}

/// An e-mail address in the form in which it is kept.
///
/// # Errors
/// When it cannot be one.
pub fn email(text: &str) -> Result<String, AccessError> {
    let address = text.trim().to_lowercase();
    let is_address = address.split_once('@').is_some_and(|(name, host)| {
        let is_plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
        is_plain(name) && is_plain(host) && !host.contains('@')
    });
    if is_address { Ok(address) } else { Err(AccessError::NoEmail(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert_eq!("Revenue_Operations".parse(), Ok(Role::RevenueOperations));
        assert!("king".parse::<Role>().is_err());
    }

    #[test]
    fn a_manager_who_is_no_user_sees_the_company() {
        let member = |role, user| Member {
            id: Uuid::nil(),
            email: String::new(),
            name: String::new(),
            role,
            user,
        };
        let user = Some(Uuid::nil());
        assert_eq!(member(Role::SalesManager, user).reach(), Reach::Team(Uuid::nil()));
        assert_eq!(member(Role::SalesManager, None).reach(), Reach::Company);
        assert_eq!(member(Role::SalesRep, None).reach(), Reach::Own(None));
        assert_eq!(member(Role::Viewer, user).reach(), Reach::Company);
    }

    #[test]
    fn addresses_are_kept_in_lower_case() {
        assert_eq!(email(" Ada@Example.com ").as_deref(), Ok("ada@example.com"));
        for wrong in ["", "ada", "@example.com", "ada@", "a da@example.com", "a@b@c"] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
    }
}
