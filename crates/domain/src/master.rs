//! Who is master of a field: the CRM, whose exports say what it holds, or Baton, where people
//! edit it. What nobody settled is the CRM's, so that Baton begins as an overlay beside it.

use std::collections::BTreeMap;
use std::fmt;

use crate::kind::{Field, Kind, UnknownKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Master {
    /// What exports say holds; nobody edits the field in Baton.
    Crm,
    /// What people enter in Baton holds; an export that says otherwise is a finding.
    Baton,
}

/// What a master is settled for: a field, or all fields of a kind that have none of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Realm {
    pub kind: Kind,
    pub field: Option<&'static str>,
}

/// The masters that were settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masters {
    pub settled: BTreeMap<Realm, Master>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterError {
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    #[error("{kind} have no field `{field}`: choose one of {all}", all = field_names(*.kind))]
    UnknownField { kind: Kind, field: String },
    #[error("{0} are not kept as records that could be edited")]
    NotRecords(Kind),
    #[error("`{0}` is no master: choose crm or baton")]
    UnknownMaster(String),
}

/// The field that a field goes with: what says when the stage changed goes with the stage.
pub fn leading(field: &str) -> &str {
    if matches!(field, "stage_entered_at" | "closed_at") { "stage" } else { field }
}

impl Masters {
    pub fn of(&self, kind: Kind, field: &str) -> Master {
        let settled = |field| self.settled.get(&Realm { kind, field });
        let own = kind.field(leading(field)).and_then(|field| settled(Some(field.name)));
        own.or_else(|| settled(None)).copied().unwrap_or(Master::Crm)
    }
}

/// The names of the fields of a kind, as a list for messages.
pub fn field_names(kind: Kind) -> String {
    kind.fields().iter().map(|field| field.name).collect::<Vec<_>>().join(", ")
}

/// The field of a kind that is named so.
pub fn field_named(kind: Kind, name: &str) -> Result<&'static Field, MasterError> {
    let unknown = || MasterError::UnknownField { kind, field: name.to_owned() };
    kind.field(name.trim()).ok_or_else(unknown)
}

impl Master {
    pub fn name(self) -> &'static str {
        match self {
            Master::Crm => "crm",
            Master::Baton => "baton",
        }
    }
}

impl std::str::FromStr for Master {
    type Err = MasterError;

    fn from_str(text: &str) -> Result<Master, MasterError> {
        let named = |master: &Master| master.name().eq_ignore_ascii_case(text.trim());
        let found = [Master::Crm, Master::Baton].into_iter().find(named);
        found.ok_or_else(|| MasterError::UnknownMaster(text.to_owned()))
    }
}

impl std::str::FromStr for Realm {
    type Err = MasterError;

    /// Reads `deals` or `deals.next_step`.
    fn from_str(text: &str) -> Result<Realm, MasterError> {
        let (kind, field) = match text.split_once('.') {
            Some((kind, field)) => (kind, Some(field)),
            None => (text, None),
        };
        let kind: Kind = kind.parse()?;
        if !Kind::RECORDS.contains(&kind) {
            return Err(MasterError::NotRecords(kind));
        }
        let field = field.map(|name| field_named(kind, name)).transpose()?;
        Ok(Realm { kind, field: field.map(|field| field.name) })
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(formatter, "{}.{field}", self.kind),
            None => write!(formatter, "{}", self.kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_s_own_master_comes_before_that_of_its_kind() {
        let mut masters = Masters::default();
        let mut settle = |realm: &str, master| {
            masters.settled.insert(realm.parse().expect("a realm"), master);
            ["stage", "closed_at", "amount", "next_step"]
                .map(|field| matches!(masters.of(Kind::Deals, field), Master::Baton))
        };
        assert_eq!(settle("deals.stage", Master::Baton), [true, true, false, false]);
        assert_eq!(settle("deals", Master::Baton), [true, true, true, true]);
        assert_eq!(settle("deals.amount", Master::Crm), [true, true, false, true]);
        assert_eq!(masters.of(Kind::Leads, "stage"), Master::Crm);
    }

    #[test]
    fn realms_read_back_and_others_are_refused() {
        for text in ["deals", "deals.next_step", "people.email"] {
            assert_eq!(text.parse::<Realm>().expect("a realm").to_string(), text);
        }
        for (text, part) in [
            ("touches", "not kept as records"),
            ("deals.colour", "have no field `colour`: choose one of external_id"),
            ("opportunity", "is not a kind"),
        ] {
            let refused = text.parse::<Realm>().expect_err(text).to_string();
            assert!(refused.contains(part), "{refused}");
        }
    }
}
