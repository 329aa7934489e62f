//! The catalogue: every kind of record, its fields, what each holds and when it takes effect.
//!
//! One table that file headers, the store, the lake and the documentation all read, so that a
//! field has the same name everywhere.

use std::fmt;

/// A kind of data that can be imported. The first eleven are records with fields of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Accounts,
    People,
    Products,
    Users,
    Teams,
    Campaigns,
    Leads,
    Deals,
    Purchases,
    Subscriptions,
    Costs,
    /// Dated changes of leads: they become facts of the lead that they name.
    LeadChanges,
    /// Dated changes of deals: they become facts of the deal that they name.
    DealChanges,
    /// Events of people; they live in the lake.
    Touches,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holds {
    Text,
    Integer,
    /// Parts per million.
    Ratio,
    Money,
    Date,
    Instant,
    Boolean,
    /// A lifecycle or pipeline stage, by its own name.
    Stage,
    Reference(Kind),
}

/// When the value seen in an export began to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakesEffect {
    /// It belongs to the record from its creation on, such as a deal's product.
    AtCreation,
    /// It is known only on the closing day, such as a loss reason.
    AtClosing,
    /// It may have changed at any time, so nothing is claimed before it was seen.
    WhenSeen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub holds: Holds,
    pub takes_effect: TakesEffect,
    /// A personal field is encrypted in the journal and never reaches the lake.
    pub personal: bool,
}

const fn field(name: &'static str, holds: Holds, takes_effect: TakesEffect) -> Field {
    Field { name, holds, takes_effect, personal: false }
}

const fn personal(name: &'static str) -> Field {
    Field { name, holds: Holds::Text, takes_effect: TakesEffect::AtCreation, personal: true }
}

use Holds::{Boolean, Date, Instant, Integer, Money, Ratio, Reference, Stage, Text};
use Kind::{Accounts, Campaigns, Deals, Leads, People, Products, Teams, Users};
use TakesEffect::{AtClosing, AtCreation, WhenSeen};

/// Fields that every record has: when it came to be, and whether its source deleted it.
const CREATED_AT: Field = field("created_at", Instant, AtCreation);
const DELETED: Field = field("deleted", Boolean, WhenSeen);
/// The id by which the source knows the record; of a person it is often an e-mail address.
const EXTERNAL_ID: Field = field("external_id", Text, AtCreation);

const ACCOUNTS: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("name", Text, AtCreation),
    field("domain", Text, AtCreation),
    field("industry", Text, AtCreation),
    field("employees", Integer, AtCreation),
    field("annual_revenue", Money, AtCreation),
    field("country", Text, AtCreation),
    field("region", Text, AtCreation),
    field("parent", Reference(Accounts), AtCreation),
    field("owner", Reference(Users), WhenSeen),
];
const PEOPLE: &[Field] = &[
    CREATED_AT,
    DELETED,
    personal("external_id"),
    personal("name"),
    personal("email"),
    personal("phone"),
    personal("title"),
    personal("city"),
    field("account", Reference(Accounts), AtCreation),
    field("country", Text, AtCreation),
    field("persona", Text, WhenSeen),
];
const PRODUCTS: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("name", Text, AtCreation),
    field("family", Text, AtCreation),
    field("list_price", Money, AtCreation),
];
const USERS: &[Field] = &[
    CREATED_AT,
    DELETED,
    personal("external_id"),
    personal("name"),
    personal("email"),
    personal("title"),
    field("role", Text, AtCreation),
    field("region", Text, AtCreation),
    field("team", Reference(Teams), AtCreation),
    field("manager", Reference(Users), AtCreation),
];
const TEAMS: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("name", Text, AtCreation),
    field("leg", Text, AtCreation),
];
const CAMPAIGNS: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("name", Text, AtCreation),
    field("channel", Text, AtCreation),
    field("objective", Text, AtCreation),
    field("starts_on", Date, AtCreation),
    field("ends_on", Date, AtCreation),
    field("budget", Money, AtCreation),
];
const LEADS: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("stage", Stage, WhenSeen),
    field("stage_entered_at", Instant, WhenSeen),
    field("closed_at", Instant, AtClosing),
    field("person", Reference(People), AtCreation),
    field("account", Reference(Accounts), AtCreation),
    field("source", Text, AtCreation),
    field("campaign", Reference(Campaigns), AtCreation),
    field("landing_page", Text, AtCreation),
    field("product", Reference(Products), AtCreation),
    field("owner", Reference(Users), WhenSeen),
    field("score", Integer, WhenSeen),
    field("reason", Text, AtClosing),
    field("deal", Reference(Deals), WhenSeen),
];
const DEALS: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("name", Text, AtCreation),
    field("stage", Stage, WhenSeen),
    field("stage_entered_at", Instant, WhenSeen),
    field("amount", Money, WhenSeen),
    field("expected_close_on", Date, WhenSeen),
    field("closed_at", Instant, AtClosing),
    field("account", Reference(Accounts), AtCreation),
    field("product", Reference(Products), AtCreation),
    field("owner", Reference(Users), AtCreation),
    field("lead", Reference(Leads), AtCreation),
    field("campaign", Reference(Campaigns), AtCreation),
    field("source", Text, AtCreation),
    field("type", Text, AtCreation),
    field("probability", Ratio, WhenSeen),
    field("forecast_category", Text, WhenSeen),
    field("next_step", Text, WhenSeen),
    field("competitor", Text, WhenSeen),
    field("discount", Ratio, WhenSeen),
    field("reason", Text, AtClosing),
    field("second_owner", Reference(Users), WhenSeen),
    field("second_owner_share", Ratio, WhenSeen),
    field("third_owner", Reference(Users), WhenSeen),
    field("third_owner_share", Ratio, WhenSeen),
    field("invoiced_on", Date, WhenSeen),
    field("paid_on", Date, WhenSeen),
    field("cancelled_on", Date, WhenSeen),
];
const PURCHASES: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("person", Reference(People), AtCreation),
    field("account", Reference(Accounts), AtCreation),
    field("product", Reference(Products), AtCreation),
    field("amount", Money, AtCreation),
    field("quantity", Integer, AtCreation),
];
const SUBSCRIPTIONS: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("account", Reference(Accounts), AtCreation),
    field("product", Reference(Products), AtCreation),
    field("started_on", Date, AtCreation),
    field("ended_on", Date, WhenSeen),
    field("monthly_amount", Money, AtCreation),
    field("status", Text, WhenSeen),
];
const COSTS: &[Field] = &[
    EXTERNAL_ID,
    CREATED_AT,
    DELETED,
    field("channel", Text, AtCreation),
    field("campaign", Reference(Campaigns), AtCreation),
    field("team", Reference(Teams), AtCreation),
    field("category", Text, AtCreation),
    field("amount", Money, AtCreation),
];
const TOUCHES: &[Field] = &[
    field("occurred_at", Instant, AtCreation),
    field("channel", Text, AtCreation),
    field("touch_kind", Text, AtCreation),
    field("campaign", Text, AtCreation),
    field("url", Text, AtCreation),
];

impl Kind {
    pub const ALL: [Kind; 14] = [
        Kind::Accounts,
        Kind::People,
        Kind::Products,
        Kind::Users,
        Kind::Teams,
        Kind::Campaigns,
        Kind::Leads,
        Kind::LeadChanges,
        Kind::Deals,
        Kind::DealChanges,
        Kind::Touches,
        Kind::Purchases,
        Kind::Subscriptions,
        Kind::Costs,
    ];

    /// The kinds that are kept as records with current values.
    pub const RECORDS: [Kind; 11] = [
        Kind::Accounts,
        Kind::People,
        Kind::Products,
        Kind::Users,
        Kind::Teams,
        Kind::Campaigns,
        Kind::Leads,
        Kind::Deals,
        Kind::Purchases,
        Kind::Subscriptions,
        Kind::Costs,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Accounts => "accounts",
            Kind::People => "people",
            Kind::Products => "products",
            Kind::Users => "users",
            Kind::Teams => "teams",
            Kind::Campaigns => "campaigns",
            Kind::Leads => "leads",
            Kind::LeadChanges => "lead_changes",
            Kind::Deals => "deals",
            Kind::DealChanges => "deal_changes",
            Kind::Touches => "touches",
            Kind::Purchases => "purchases",
            Kind::Subscriptions => "subscriptions",
            Kind::Costs => "costs",
        }
    }

    /// The record kind whose facts this kind carries: itself, or the one that it changes.
    pub fn subject(self) -> Kind {
        match self {
            Kind::LeadChanges => Kind::Leads,
            Kind::DealChanges => Kind::Deals,
            other => other,
        }
    }

    /// The fields of the kind; a kind of changes carries the fields of the kind that it changes.
    pub fn fields(self) -> &'static [Field] {
        match self.subject() {
            Kind::Accounts => ACCOUNTS,
            Kind::People => PEOPLE,
            Kind::Products => PRODUCTS,
            Kind::Users => USERS,
            Kind::Teams => TEAMS,
            Kind::Campaigns => CAMPAIGNS,
            Kind::Leads | Kind::LeadChanges => LEADS,
            Kind::Deals | Kind::DealChanges => DEALS,
            Kind::Purchases => PURCHASES,
            Kind::Subscriptions => SUBSCRIPTIONS,
            Kind::Costs => COSTS,
            Kind::Touches => TOUCHES,
        }
    }

    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// Whether records of the kind are there as long as anyone remembers unless their source says
    /// since when: an account or a product, but never a lead, a deal or a purchase.
    pub fn is_timeless(self) -> bool {
        use Kind::{Accounts, Campaigns, People, Products, Teams, Users};
        matches!(self, Accounts | People | Products | Users | Teams | Campaigns)
    }

    /// Whether records of the kind go through stages.
    pub fn has_stages(self) -> bool {
        matches!(self.subject(), Kind::Leads | Kind::Deals)
    }

    /// Whether records of the kind are people, whose key is destroyed when they are erased.
    pub fn is_person(self) -> bool {
        matches!(self, Kind::People | Kind::Users)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of data: choose one of {all}", all = all_names())]
pub struct UnknownKind(pub String);

fn all_names() -> String {
    Kind::ALL.map(Kind::name).join(", ")
}

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    /// Reads a kind's name; the singular of a record's kind (`deal`) is understood too.
    fn from_str(text: &str) -> Result<Kind, UnknownKind> {
        let text = text.trim().to_ascii_lowercase();
        let singular = |kind: &Kind| match kind {
            Kind::People => "person".to_owned(),
            Kind::Touches => "touch".to_owned(),
            other => other.name().trim_end_matches('s').to_owned(),
        };
        Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == text || singular(kind) == text)
            .ok_or(UnknownKind(text))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_fields_are_unique() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            let mut names: Vec<_> = kind.fields().iter().map(|field| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), kind.fields().len(), "{kind}");
        }
        assert_eq!("person".parse(), Ok(Kind::People));
        assert_eq!("deal".parse(), Ok(Kind::Deals));
        assert!("opportunity".parse::<Kind>().is_err());
    }

    #[test]
    fn personal_fields_belong_to_people_alone() {
        for kind in Kind::ALL {
            let has_personal = kind.fields().iter().any(|field| field.personal);
            assert_eq!(has_personal, kind.is_person(), "{kind}");
        }
    }
}
