//! Days since a company's start and what the calendar says of them.

use jiff::ToSpan;
use jiff::civil::Date;

use super::company::{Company, factor};

/// Civil facts of every day from `first` on, so that no date is computed twice.
pub struct Almanac {
    first: i64,
    days: Vec<Civil>,
}

#[derive(Clone, Copy)]
pub struct Civil {
    pub date: Date,
    /// Monday is 0.
    pub weekday: usize,
    /// January is 0.
    pub month: usize,
    pub quarter_start: i64,
    /// The quarter's last day.
    pub quarter_end: i64,
}

impl Almanac {
    pub fn new(start: Date, first: i64, last: i64) -> Self {
        let civil = |day: i64| {
            let date = start.saturating_add(day.days());
            let (from, to) = (quarter_start(date), quarter_end(date));
            Civil {
                date,
                weekday: date.weekday().to_monday_zero_offset() as usize,
                month: date.month() as usize - 1,
                quarter_start: day - days_between(from, date),
                quarter_end: day + days_between(date, to),
            }
        };
        Self { first, days: (first..=last).map(civil).collect() }
    }

    /// A day outside is held at the edge.
    pub fn at(&self, day: i64) -> Civil {
        let last = self.days.len() as i64 - 1;
        self.days[(day - self.first).clamp(0, last) as usize]
    }
}

impl Company {
    /// Days since the start.
    pub fn day_of(&self, date: Date) -> i64 {
        days_between(self.start, date)
    }

    /// The mean number of deals created on a day, as a factor of `arrivals.per_day`.
    pub fn arrival_weight(&self, day: i64) -> f64 {
        let date = self.start.saturating_add(day.days());
        let arrivals = &self.arrivals;
        let trend = (1.0 + arrivals.growth_per_year).max(0.05).powf(day as f64 / 365.25);
        let month = arrivals.month_effect[date.month() as usize - 1];
        let weekday = arrivals.weekday_effect[date.weekday().to_monday_zero_offset() as usize];
        trend * month * weekday * factor(&arrivals.spells, day) * self.sold_share(day)
    }

    /// Shares of the products on sale: new ones come on top, those no longer sold are missed.
    fn sold_share(&self, day: i64) -> f64 {
        let sold = self.products.iter().filter(|it| (it.from_day..it.to_day).contains(&day));
        sold.map(|product| product.share).sum()
    }
}

pub fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

pub fn quarter_start(date: Date) -> Date {
    let months = (date.month() - 1) % 3;
    date.first_of_month().saturating_sub(months.months())
}

pub fn quarter_end(date: Date) -> Date {
    quarter_start(date).saturating_add(2.months()).last_of_month()
}
