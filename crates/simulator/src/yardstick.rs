//! The yardstick: simulated companies inside and outside the funnel model, each with its truth.
//!
//! [`Company::draw`] settles a company by its seed: even seeds obey the funnel model, odd ones
//! break it in one way or several ([`World`]). [`Company::deals`] lives it beyond the day of its
//! export, so that what comes after is known; [`Company::seen`] is what an export of a day would
//! tell.
//!
//! It knows no estimator: nothing here is chosen to be easy to estimate.

mod arrive;
pub mod company;
mod days;
mod draw;
mod export;
mod habits;
pub mod hazards;
mod market;
mod records;
mod renew;
mod run;
mod twist;
pub mod world;

use jiff::civil::Date;

use self::company::Company;

/// A deal, with all that ever happens to it until the company's last simulated day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// From 1, in the order of creation.
    pub id: u64,
    pub account: u64,
    pub kind: Kind,
    /// Indexes into the company's products, sellers and sources.
    pub product: Option<u16>,
    pub owner: Option<u16>,
    pub source: Option<u16>,
    pub created: Date,
    /// When each open stage was entered; the first is that of creation. The closing is no move.
    pub moves: Vec<(Date, &'static str)>,
    pub closed: Option<Closed>,
    /// In minor units, with the day from which each holds; the last of a won deal is what is
    /// booked.
    pub amounts: Vec<(Date, i64)>,
    /// The closing days that its seller expected, with the day from which on each was.
    pub expected: Vec<(Date, Date)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    New,
    Renewal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    pub on: Date,
    pub is_won: bool,
}

impl Deal {
    /// The amount booked and its day, in minor units.
    pub fn booked(&self) -> Option<(Date, i64)> {
        let closed = self.closed.filter(|closed| closed.is_won)?;
        Some((closed.on, self.amounts.last().map_or(0, |(_, amount)| *amount)))
    }
}

/// A calendar quarter and what was truly booked in it, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Quarter {
    #[serde(serialize_with = "crate::as_text")]
    pub ends_on: Date,
    pub booked: i64,
}

/// The last day of the calendar quarter that holds a date.
pub fn quarter_end(date: Date) -> Date {
    days::quarter_end(date)
}

impl Company {
    /// Settles a company: the same seed, the same company.
    pub fn draw(seed: u64) -> Self {
        draw::company(seed)
    }

    /// Every deal until [`Company::end`], as it truly went.
    pub fn deals(&self) -> Vec<Deal> {
        run::deals(self)
    }

    /// The true bookings of each quarter from the start to the end, in order.
    pub fn quarters(&self, deals: &[Deal]) -> Vec<Quarter> {
        let mut ends = vec![quarter_end(self.start)];
        while let Some(&last) = ends.last().filter(|last| **last < self.end) {
            ends.push(quarter_end(last.saturating_add(jiff::Span::new().days(1))));
        }
        let mut quarters: Vec<Quarter> =
            ends.into_iter().map(|ends_on| Quarter { ends_on, booked: 0 }).collect();
        for (on, amount) in deals.iter().filter_map(Deal::booked) {
            let place = quarters.partition_point(|quarter| quarter.ends_on < on);
            if let Some(quarter) = quarters.get_mut(place) {
                quarter.booked += amount;
            }
        }
        quarters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_settles_every_deal() {
        for seed in [3, 14, 35] {
            assert_eq!(Company::draw(seed).deals(), Company::draw(seed).deals());
        }
    }

    #[test]
    fn quarters_add_up_to_the_deals() {
        for seed in 0..40 {
            let company = Company::draw(seed);
            let deals = company.deals();
            let quarters: i64 = company.quarters(&deals).iter().map(|it| it.booked).sum();
            let booked: i64 = deals.iter().filter_map(Deal::booked).map(|(_, amount)| amount).sum();
            assert_eq!(quarters, booked, "seed {seed}");
        }
    }

    #[test]
    fn nothing_later_than_the_export_is_seen() {
        for seed in 0..40 {
            let company = Company::draw(seed);
            let on = company.export_on;
            for deal in company.seen(&company.deals(), on) {
                assert!(deal.created <= on, "seed {seed}");
                assert!(deal.closed.is_none_or(|closed| closed.on <= on), "seed {seed}");
                assert!(deal.moves.iter().all(|(day, _)| *day <= on), "seed {seed}");
                assert!(deal.amounts.iter().all(|(day, _)| *day <= on), "seed {seed}");
            }
        }
    }
}
