//! Whose rows a question may see.

use std::collections::BTreeSet;

use uuid::Uuid;

/// Rows out of scope are not in the tables at all, so no metric, estimate or list can show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Records of these users, and what belongs to their accounts.
    Owners(BTreeSet<Uuid>),
}

impl Scope {
    pub(crate) fn shows(&self, owner: Option<Uuid>) -> bool {
        match self {
            Scope::All => true,
            Scope::Owners(owners) => owner.is_some_and(|owner| owners.contains(&owner)),
        }
    }
}
