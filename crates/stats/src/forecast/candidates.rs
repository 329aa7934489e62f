//! Who is asked for a forecast: forms of the funnel model, and baselines that see only bookings.

use crate::baseline::{Bookings, Window};
use crate::funnel::Unfitted;
use crate::funnel::place::Periods;

/// The terms of one form of the funnel model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether parts of the period differ in pace.
    pub place: bool,
    /// Hazards from the last so many days alone.
    pub recent_days: Option<u32>,
    /// Whether arrivals differ by time of year.
    pub season: bool,
}

impl Terms {
    /// The model with these terms, before it has seen any data.
    #[must_use]
    pub fn unfitted(self, periods: &Periods) -> Unfitted {
        Unfitted {
            unsmoothed: false,
            periods: self.place.then(|| periods.clone()),
            recent_days: self.recent_days,
            season: self.season,
        }
    }
}

/// A way to forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    Model(Terms),
    /// The mean of the last so many days, carried on.
    RunRate(u32),
    /// What the same days of the last whole period brought.
    LastPeriod,
    /// What the same days of the year before brought.
    LastYear,
}

const fn model(place: bool, recent_days: Option<u32>, season: bool) -> Candidate {
    Candidate::Model(Terms { place, recent_days, season })
}

/// All that compete, each with its weight before any forecast has been graded. The plainest form
/// of the model comes first.
pub const CANDIDATES: [(Candidate, f64); 9] = [
    (model(false, None, false), 0.10),
    (model(true, None, false), 0.16),
    (model(false, Some(365), false), 0.12),
    (model(true, Some(365), false), 0.16),
    (model(true, Some(180), false), 0.14),
    (model(true, Some(365), true), 0.16),
    (Candidate::RunRate(90), 0.03),
    (Candidate::LastPeriod, 0.03),
    (Candidate::LastYear, 0.10),
];

impl Candidate {
    /// What a baseline says on `as_of_day` of the days of a window; `None` where history does not
    /// reach back far enough, and for forms of the model.
    pub(crate) fn baseline(
        self,
        bookings: &Bookings,
        periods: &Periods,
        as_of_day: i32,
        window: Window,
    ) -> Option<f64> {
        match self {
            Self::Model(_) => None,
            Self::RunRate(days) => bookings.run_rate(as_of_day, days, window),
            Self::LastPeriod => bookings.last_period(as_of_day, periods, window),
            Self::LastYear => bookings.last_year(as_of_day, window),
        }
    }
}
