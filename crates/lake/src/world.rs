//! What the facts themselves do not say: the company's currency, zone, calendar and stages.

use std::collections::HashMap;
use std::sync::Arc;

use domain::money::Currency;
use domain::period::FiscalCalendar;
use domain::stage::Stages;
use jiff::tz::TimeZone;

use crate::tables::Agreed;

#[derive(Clone, Debug)]
pub struct World {
    pub currency: Currency,
    pub timezone: TimeZone,
    pub calendar: FiscalCalendar,
    pub deal_stages: Stages,
    pub lead_stages: Stages,
    /// People who turned out to be others, by their ids: whose touches are whose.
    pub same_people: Arc<HashMap<u128, u128>>,
    /// Hand-offs, and what marketing has promised.
    pub agreed: Arc<Agreed>,
}
