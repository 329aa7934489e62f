//! What a measure of a plan counts: a metric of the catalogue that can be told record by record.

use std::fmt;
use std::str::FromStr;

use crate::name::named;

/// A metric by which somebody can be paid: each record of it has an owner, a day and an amount, or
/// counts as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// The amount of deals that were won.
    #[default]
    Revenue,
    Wins,
    /// The amount of deals that came to be.
    PipelineCreated,
    OpportunitiesCreated,
    Mqls,
    HandOffsAccepted,
    Sqls,
    /// The monthly amount of subscriptions that were kept or renewed.
    RenewedMonthlyAmount,
}

/// What facts are about: a metric, told by who owns its records, or by which touches led to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counted {
    pub metric: Metric,
    pub by_touch: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nothing that anybody is paid by: write one of {all}", all = all_names())]
pub struct UnknownMetric(String);

/// Behind the name of a metric that is told by touches.
const BY_TOUCH: &str = " by touch";

impl Metric {
    pub const ALL: [Metric; 8] = [
        Metric::Revenue,
        Metric::Wins,
        Metric::PipelineCreated,
        Metric::OpportunitiesCreated,
        Metric::Mqls,
        Metric::HandOffsAccepted,
        Metric::Sqls,
        Metric::RenewedMonthlyAmount,
    ];

    /// As the catalogue of metrics calls it.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Revenue => "revenue",
            Metric::Wins => "wins",
            Metric::PipelineCreated => "pipeline_created",
            Metric::OpportunitiesCreated => "opportunities_created",
            Metric::Mqls => "mqls",
            Metric::HandOffsAccepted => "hand_offs_accepted",
            Metric::Sqls => "sqls",
            Metric::RenewedMonthlyAmount => "renewed_monthly_amount",
        }
    }

    /// What one record of it is.
    pub fn record(self) -> &'static str {
        match self {
            Metric::Mqls | Metric::HandOffsAccepted | Metric::Sqls => "lead",
            Metric::RenewedMonthlyAmount => "subscription",
            _ => "deal",
        }
    }

    /// What a count of it is called; `None` for an amount of money.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Metric::Wins => Some("win"),
            Metric::OpportunitiesCreated => Some("opportunity"),
            Metric::Mqls => Some("MQL"),
            Metric::HandOffsAccepted => Some("hand-off"),
            Metric::Sqls => Some("SQL"),
            Metric::Revenue | Metric::PipelineCreated | Metric::RenewedMonthlyAmount => None,
        }
    }

    /// Whether it counts deals that were won: these may wait for their invoice, or be cancelled.
    pub fn is_of_wins(self) -> bool {
        matches!(self, Metric::Revenue | Metric::Wins)
    }

    /// What a deal of an amount is for it: the amount, or one.
    pub fn size(self, amount: i64) -> i64 {
        self.unit().map_or(amount, |_| 1)
    }

    /// Whether the touches that led to its records are known.
    pub fn has_touches(self) -> bool {
        !matches!(self, Metric::HandOffsAccepted | Metric::Sqls | Metric::RenewedMonthlyAmount)
    }
}

impl Counted {
    pub const REVENUE: Counted = Counted { metric: Metric::Revenue, by_touch: false };

    /// Whether it counts wins for who owns them.
    pub fn is_of_winners(self) -> bool {
        !self.by_touch && self.metric.is_of_wins()
    }
}

/// So many of a unit, such as `1 SQL` or `12 opportunities`.
pub fn counted(count: i64, unit: &str) -> String {
    format!("{count} {}", named(count == 1, unit))
}

fn all_names() -> String {
    Metric::ALL.map(Metric::name).join(", ")
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Metric, UnknownMetric> {
        let found = Metric::ALL.into_iter().find(|metric| metric.name() == text.trim());
        found.ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_touch = if self.by_touch { BY_TOUCH } else { "" };
        write!(formatter, "{}{by_touch}", self.metric.name())
    }
}

impl FromStr for Counted {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Counted, UnknownMetric> {
        let (name, by_touch) = match text.strip_suffix(BY_TOUCH) {
            Some(name) => (name, true),
            None => (text, false),
        };
        Ok(Counted { metric: name.parse()?, by_touch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_read_as_it_is_written() {
        for metric in Metric::ALL {
            for by_touch in [false, true] {
                let counted = Counted { metric, by_touch };
                assert_eq!(counted.to_string().parse(), Ok(counted));
            }
        }
        let error = "win_rate".parse::<Metric>().expect_err("is refused").to_string();
        assert!(error.contains("`win_rate`") && error.contains("sqls"), "{error}");
    }

    #[test]
    fn counts_are_told_with_their_unit() {
        assert_eq!(counted(1, "SQL"), "1 SQL");
        assert_eq!(counted(0, "hand-off"), "0 hand-offs");
        assert_eq!(counted(3, "opportunity"), "3 opportunities");
    }
}
