//! What a role may do: decided by the policies beside this file, and denied where they are silent.

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, PolicySet,
    Request, RestrictedExpression,
};
use domain::access::{Role, Scope};

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
    SavePlans,
    ClosePeriods,
    ReadPay,
    SignPay,
    ManagePay,
    ApprovePay,
    HoldHuddles,
    SubmitCalls,
    OverrideCalls,
    SignGoal,
    HandOver,
    DirectQueue,
    WriteAgreement,
    SignAgreement,
    Import,
    ManageTracking,
    ManageWebhooks,
    ReadMembers,
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
            Action::SavePlans => "save plans",
            Action::ClosePeriods => "close periods",
            Action::ReadPay => "read pay",
            Action::SignPay => "sign pay",
            Action::ManagePay => "manage pay",
            Action::ApprovePay => "approve pay",
            Action::HoldHuddles => "hold huddles",
            Action::SubmitCalls => "submit forecast calls",
            Action::OverrideCalls => "override forecast calls",
            Action::SignGoal => "sign for the goal",
            Action::HandOver => "hand leads over",
            Action::DirectQueue => "act for others in the queue",
            Action::WriteAgreement => "write the agreement",
            Action::SignAgreement => "sign the agreement",
            Action::Import => "import",
            Action::ManageTracking => "manage tracking",
            Action::ManageWebhooks => "manage webhooks",
            Action::ReadMembers => "read members",
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

    /// Whether a role may do something with a company of which it sees what the scope says.
    pub fn permits(&self, role: Role, scope: &Scope, action: Action) -> bool {
        let entity = |kind: &EntityTypeName, id: &str| {
            EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
        };
        let principal = entity(&self.role, role.name());
        let action = entity(&self.action, action.name());
        let sees_all = RestrictedExpression::new_bool(*scope == Scope::All);
        let Ok(seen) = Context::from_pairs([("sees_all".to_owned(), sees_all)]) else {
            return false;
        };
        let asked = Request::new(principal, action, self.company.clone(), seen, None);
        asked.is_ok_and(|asked| {
            let answer = self.authorizer.is_authorized(&asked, &self.policies, &Entities::empty());
            answer.decision() == Decision::Allow
        })
    }

    /// # Errors
    /// When the role does not permit it.
    pub fn check(&self, role: Role, scope: &Scope, action: Action) -> Result<(), Fault> {
        match self.permits(role, scope, action) {
            true => Ok(()),
            false => Err(Fault::Forbidden(action.name())),
        }
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
                Action::SavePlans,
                Action::ClosePeriods,
                Action::ReadPay,
                Action::SignPay,
                Action::ManagePay,
                Action::ApprovePay,
                Action::HoldHuddles,
                Action::SubmitCalls,
                Action::OverrideCalls,
                Action::SignGoal,
                Action::HandOver,
                Action::DirectQueue,
                Action::WriteAgreement,
                Action::SignAgreement,
                Action::Import,
                Action::ManageTracking,
                Action::ManageWebhooks,
                Action::ReadMembers,
                Action::ManageMembers,
            ];
            all.into_iter().filter(|action| policy.permits(role, &Scope::All, *action)).collect()
        };
        let viewer = [Action::ReadFigures, Action::ReadRecords, Action::Export];
        assert_eq!(may(Role::Viewer), [&viewer[..], &[Action::ReadPay, Action::SignPay]].concat());
        assert!(may(Role::RevenueOperations).contains(&Action::ManageTracking));
        assert!(!may(Role::Marketing).contains(&Action::ManageTracking));
        assert_eq!(may(Role::Owner).len(), 26);
        let own = Scope::Owners([uuid::Uuid::nil()].into());
        assert!(policy.permits(Role::SalesManager, &Scope::All, Action::ReadJournal));
        assert!(!policy.permits(Role::SalesManager, &own, Action::ReadJournal));
        assert!(!policy.permits(Role::SalesManager, &own, Action::ReadImports));
        assert!(policy.permits(Role::SalesManager, &own, Action::OverrideCalls));
        assert!(!policy.permits(Role::SalesRep, &own, Action::ReadJournal));
        assert!(policy.permits(Role::SalesRep, &own, Action::EditRecords));
        assert!(policy.permits(Role::SalesRep, &own, Action::SubmitCalls));
        assert!(!policy.permits(Role::SalesRep, &own, Action::OverrideCalls));
        assert!(policy.permits(Role::SalesRep, &own, Action::HandOver));
        assert!(!policy.permits(Role::SalesRep, &own, Action::DirectQueue));
        assert!(!policy.permits(Role::SalesRep, &own, Action::SignAgreement));
        assert!(policy.permits(Role::Marketing, &Scope::All, Action::SignAgreement));
        assert!(policy.permits(Role::RevenueOperations, &Scope::All, Action::ClosePeriods));
        assert!(!policy.permits(Role::Executive, &Scope::All, Action::ClosePeriods));
        assert!(policy.permits(Role::Executive, &Scope::All, Action::ApprovePay));
        assert!(!policy.permits(Role::Executive, &Scope::All, Action::ManagePay));
        assert!(!policy.permits(Role::SalesManager, &Scope::All, Action::ManagePay));
        assert!(!policy.permits(Role::Marketing, &Scope::All, Action::ApprovePay));
        assert!(policy.permits(Role::SalesRep, &own, Action::HoldHuddles));
        assert!(!policy.permits(Role::Executive, &Scope::All, Action::OverrideCalls));
        assert!(!policy.permits(Role::Executive, &Scope::All, Action::ManageMembers));
    }
}
