//! What a role may do: decided by the policies beside this file, and denied where they are silent.

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, PolicySet,
    Request,
};
use domain::access::Role;

use super::ServeError;
use super::fault::Fault;

const POLICIES: &str = include_str!("policy.cedar");

/// What a request is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    ReadFigures,
    ReadRecords,
    ReadJournal,
    ReadImports,
    Export,
    EditRecords,
    SetGoal,
    SubmitCalls,
    OverrideCalls,
    SignGoal,
    Import,
    ManageMembers,
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Action::ReadFigures => "read figures",
            Action::ReadRecords => "read records",
            Action::ReadJournal => "read the journal",
            Action::ReadImports => "read imports",
            Action::Export => "export",
            Action::EditRecords => "edit records",
            Action::SetGoal => "set the goal",
            Action::SubmitCalls => "submit forecast calls",
            Action::OverrideCalls => "override forecast calls",
            Action::SignGoal => "sign for the goal",
            Action::Import => "import",
            Action::ManageMembers => "manage members",
        }
    }
}

pub(super) struct Policy {
    policies: PolicySet,
    authorizer: Authorizer,
    role: EntityTypeName,
    action: EntityTypeName,
    company: EntityUid,
}

impl Policy {
    pub fn new() -> Result<Policy, ServeError> {
        let broken = |error: &dyn std::fmt::Display| ServeError::Policy(error.to_string());
        let name = |text: &str| text.parse::<EntityTypeName>().map_err(|error| broken(&error));
        Ok(Policy {
            policies: POLICIES.parse().map_err(|error| broken(&error))?,
            authorizer: Authorizer::new(),
            role: name("Role")?,
            action: name("Action")?,
            company: EntityUid::from_type_name_and_id(name("Company")?, EntityId::new("own")),
        })
    }

    pub fn permits(&self, role: Role, action: Action) -> bool {
        let entity = |kind: &EntityTypeName, id: &str| {
            EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
        };
        let principal = entity(&self.role, role.name());
        let action = entity(&self.action, action.name());
        let asked = Request::new(principal, action, self.company.clone(), Context::empty(), None);
        asked.is_ok_and(|asked| {
            let answer = self.authorizer.is_authorized(&asked, &self.policies, &Entities::empty());
            answer.decision() == Decision::Allow
        })
    }

    /// # Errors
    /// When the role does not permit it.
    pub fn check(&self, role: Role, action: Action) -> Result<(), Fault> {
        if self.permits(role, action) { Ok(()) } else { Err(Fault::Forbidden(action.name())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_policy_permits_is_denied() {
        let policy = Policy::new().expect("the policies read");
        let may = |role: Role| -> Vec<Action> {
            let all = [
                Action::ReadFigures,
                Action::ReadRecords,
                Action::ReadJournal,
                Action::ReadImports,
                Action::Export,
                Action::EditRecords,
                Action::SetGoal,
                Action::SubmitCalls,
                Action::OverrideCalls,
                Action::SignGoal,
                Action::Import,
                Action::ManageMembers,
            ];
            all.into_iter().filter(|action| policy.permits(role, *action)).collect()
        };
        assert_eq!(may(Role::Viewer), [Action::ReadFigures, Action::ReadRecords, Action::Export]);
        assert_eq!(may(Role::Owner).len(), 12);
        assert!(!policy.permits(Role::SalesRep, Action::ReadJournal));
        assert!(policy.permits(Role::SalesRep, Action::EditRecords));
        assert!(policy.permits(Role::SalesRep, Action::SubmitCalls));
        assert!(!policy.permits(Role::SalesRep, Action::OverrideCalls));
        assert!(!policy.permits(Role::Executive, Action::OverrideCalls));
        assert!(!policy.permits(Role::Executive, Action::ManageMembers));
    }
}
