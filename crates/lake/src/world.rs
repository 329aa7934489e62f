//! What the facts themselves do not say: the company's currency, zone, calendar and stages.

use domain::money::Currency;
use domain::period::FiscalCalendar;
use domain::stage::{Outcome, Stages, outcome_by_name};
use jiff::tz::TimeZone;

#[derive(Clone, Debug)]
pub struct World {
    pub currency: Currency,
    pub timezone: TimeZone,
    pub calendar: FiscalCalendar,
    pub deal_stages: Stages,
    pub lead_stages: Stages,
}

/// A lead's place in the hand-off from marketing to sales, whatever a company calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Marketing qualified: shows intent and fits the market.
    Mql,
    /// Sales accepted: sales agreed to work on it.
    Sal,
    /// Sales qualified: a seller found it to be a good fit.
    Sql,
}

impl Lifecycle {
    pub fn name(self) -> &'static str {
        match self {
            Lifecycle::Mql => "mql",
            Lifecycle::Sal => "sal",
            Lifecycle::Sql => "sql",
        }
    }

    /// What a stage's name tells by itself; most names tell nothing.
    pub fn of_stage(name: &str) -> Option<Lifecycle> {
        let plain: String =
            name.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
        match plain.as_str() {
            "mql" | "mqls" | "marketingqualified" | "marketingqualifiedlead" => {
                Some(Lifecycle::Mql)
            }
            "sal" | "sals" | "salesaccepted" | "salesacceptedlead" | "accepted" => {
                Some(Lifecycle::Sal)
            }
            "sql" | "sqls" | "salesqualified" | "salesqualifiedlead" => Some(Lifecycle::Sql),
            _ => None,
        }
    }
}

/// How a stage ends: by the company's own word, else by its name, else it is open.
pub(crate) fn outcome(stages: &Stages, stage: &str) -> Outcome {
    stages.outcome(stage).or_else(|| outcome_by_name(stage)).unwrap_or(Outcome::Open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_found_by_what_companies_call_them() {
        for (name, lifecycle) in [
            ("MQL", Some(Lifecycle::Mql)),
            ("Marketing Qualified Lead", Some(Lifecycle::Mql)),
            ("marketingqualifiedlead", Some(Lifecycle::Mql)),
            ("Sales-Accepted", Some(Lifecycle::Sal)),
            ("salesqualifiedlead", Some(Lifecycle::Sql)),
            ("Qualification", None),
        ] {
            assert_eq!(Lifecycle::of_stage(name), lifecycle, "{name}");
        }
    }
}
