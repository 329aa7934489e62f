//! A deal as it stood at an as-of pair, with the way that it had come by then.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::money::Money;
use crate::stage::Outcome;

#[derive(Clone, Debug, PartialEq)]
pub struct Deal {
    pub id: Uuid,
    /// The id by which the source knows it; with `created_at` it fixes the order of deals.
    pub external_id: String,
    pub name: Option<String>,
    pub created_at: Timestamp,
    /// The days in the company's zone.
    pub created_on: Date,
    pub closed_on: Option<Date>,
    /// The stage by its own name; `None` where the source does not tell it for that day.
    pub stage: Option<String>,
    pub outcome: Outcome,
    /// What was known of the amount then.
    pub amount: Option<Money>,
    /// The amount known then; without one the product's list price, without that the mean of the
    /// product's wins by then, without those the mean of all wins by then.
    pub estimated_amount: Option<Money>,
    pub expected_close_on: Option<Date>,
    pub product: Option<Uuid>,
    pub owner: Option<Uuid>,
    pub account: Option<Uuid>,
    pub source: Option<String>,
    pub deal_type: Option<String>,
    /// The stages that it has been in by then, in order of time.
    pub stays: Vec<Stay>,
    /// Whether its dates contradict one another (closed before created): it is shown, and left
    /// out of every rate and curve that it would falsify.
    pub contradictory: bool,
}

/// A lead as it stood at an as-of pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    pub id: Uuid,
    pub external_id: String,
    pub created_at: Timestamp,
    pub created_on: Date,
    pub stage: Option<String>,
    pub outcome: Outcome,
    pub source: Option<String>,
    pub owner: Option<Uuid>,
    pub campaign: Option<Uuid>,
    pub deal: Option<Uuid>,
    pub stays: Vec<Stay>,
    pub contradictory: bool,
}

/// The entry into a stage; it lasts until the next stay, or to the as-of moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Stay {
    pub stage: String,
    pub outcome: Outcome,
    pub entered_at: Timestamp,
    pub entered_on: Date,
}

impl Deal {
    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Open
    }
}
