//! The shapes of the exported files: one struct a file, whose fields are its columns in order.
//! It knows how a value is written and nothing of where values come from.

use std::fmt;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::calendar::Stamp;

/// `L-000042`: a letter for the kind of record and a number.
#[derive(Clone, Copy)]
pub struct Id(pub &'static str, pub u64);

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{:06}", self.0, self.1)
    }
}

/// Whole cents, written with two decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Money(pub i64);

impl Money {
    /// Dollars rounded to a whole number of `step` dollars, at least one step.
    pub fn rounded(dollars: f64, step: i64) -> Self {
        let steps = (dollars / step as f64).round().max(1.0);
        Self(steps as i64 * step * 100)
    }

    pub fn dollars(self) -> f64 {
        self.0 as f64 / 100.0
    }

    pub fn times(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor).round() as i64)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A page of the firm's own site, written as its whole address.
#[derive(Clone, Copy)]
pub struct Page(pub &'static str);

impl fmt::Display for Page {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "https://www.lantern.example{}", self.0)
    }
}

impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Written as what it displays.
pub struct Shown<T>(pub T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Serialize)]
pub struct TeamRow {
    pub team_id: Id,
    pub name: &'static str,
    pub leg: &'static str,
}

#[derive(Serialize)]
pub struct UserRow<'a> {
    pub user_id: Id,
    pub name: &'a str,
    pub email: String,
    pub team: &'static str,
    pub role: &'static str,
    pub manager_id: Option<Id>,
    pub region: &'static str,
}

#[derive(Serialize)]
pub struct ProductRow {
    pub product_id: Id,
    pub name: &'static str,
    pub family: &'static str,
    pub list_price: Money,
}

#[derive(Serialize)]
pub struct AccountRow<'a> {
    pub account_id: Id,
    pub name: &'a str,
    pub domain: &'a str,
    pub industry: &'static str,
    pub employees: u32,
    pub country: &'static str,
    pub region: &'static str,
}

#[derive(Serialize)]
pub struct PersonRow<'a> {
    pub person_id: Id,
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub email: &'a str,
    pub phone: String,
    pub title: &'static str,
    pub account_id: Id,
    pub persona: &'static str,
}

#[derive(Serialize)]
pub struct CampaignRow<'a> {
    pub campaign_id: Id,
    pub name: &'a str,
    pub channel: &'static str,
    pub objective: &'static str,
    pub start_date: Shown<Date>,
    pub end_date: Shown<Date>,
    pub budget: Money,
}

#[derive(Serialize)]
pub struct CostRow {
    pub cost_id: Id,
    pub date: Shown<Date>,
    pub channel: Option<&'static str>,
    pub campaign_id: Option<Id>,
    pub team: &'static str,
    pub amount: Money,
    pub category: &'static str,
}

#[derive(Serialize)]
pub struct LeadRow {
    pub lead_id: Id,
    pub created_at: Stamp,
    pub person_id: Id,
    pub account_id: Id,
    pub source: &'static str,
    pub campaign_id: Option<Id>,
    pub owner_id: Id,
    pub stage: &'static str,
    pub product_id: Id,
    pub score: i64,
    pub disqualified_reason: Option<&'static str>,
    pub deal_id: Option<Id>,
}

#[derive(Serialize)]
pub struct LeadChangeRow {
    pub lead_id: Id,
    pub changed_at: Stamp,
    pub stage: &'static str,
    pub owner_id: Id,
    pub reason: Option<&'static str>,
}

#[derive(Serialize)]
pub struct DealRow<'a> {
    pub deal_id: Id,
    pub name: &'a str,
    pub account_id: Id,
    pub product_id: Id,
    pub owner_id: Id,
    pub lead_id: Option<Id>,
    pub source: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub stage: &'static str,
    pub amount: Money,
    pub created_at: Stamp,
    pub close_date: Shown<Date>,
    pub loss_reason: Option<&'static str>,
    pub competitor: Option<&'static str>,
    pub discount_percent: i64,
    pub forecast_category: &'static str,
    pub next_step: Option<&'static str>,
}

#[derive(Serialize)]
pub struct DealChangeRow {
    pub deal_id: Id,
    pub changed_at: Stamp,
    pub stage: &'static str,
    pub amount: Money,
    pub close_date: Shown<Date>,
    pub forecast_category: &'static str,
    pub owner_id: Id,
}

#[derive(Serialize)]
pub struct TouchRow {
    pub touch_id: Id,
    pub occurred_at: Stamp,
    pub person_id: Option<Id>,
    pub anonymous_id: Option<Id>,
    pub channel: &'static str,
    pub campaign_id: Option<Id>,
    pub kind: &'static str,
    pub url: Option<Page>,
    pub account_id: Option<Id>,
}

#[derive(Serialize)]
pub struct PurchaseRow {
    pub purchase_id: Id,
    pub account_id: Id,
    pub product_id: Id,
    pub purchased_at: Shown<Date>,
    pub amount: Money,
    pub quantity: u32,
}

#[derive(Serialize)]
pub struct SubscriptionRow {
    pub subscription_id: Id,
    pub account_id: Id,
    pub product_id: Id,
    pub started_on: Shown<Date>,
    pub ended_on: Option<Shown<Date>>,
    pub monthly_amount: Money,
    pub status: &'static str,
}
