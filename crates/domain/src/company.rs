//! The company that a data folder belongs to.

use jiff::tz::TimeZone;

use crate::money::Currency;
use crate::period::FiscalCalendar;

/// One company a data folder. `timezone_name` is its IANA name, `timezone` the rules.
#[derive(Clone, Debug)]
pub struct Company {
    pub name: String,
    pub currency: Currency,
    pub timezone_name: String,
    pub timezone: TimeZone,
    pub calendar: FiscalCalendar,
}
