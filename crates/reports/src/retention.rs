//! Retention: what runs, how much of it goes on, and what a year will leave of it.

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{code, counted, short};

#[derive(Clone, Debug, PartialEq)]
pub struct Retention {
    pub as_of: Date,
    /// What the running subscriptions come to in a month.
    pub monthly_amount: Money,
    pub subscriptions: usize,
    /// By product, all together last.
    pub segments: Vec<Segment>,
    pub months: Vec<Month>,
    /// Shares of today's monthly amount that are left in a year: without price rises, and with.
    pub gross_next_year: Range<f64>,
    pub net_next_year: Range<f64>,
    /// The same shares of the last year: gross, net.
    pub last_year: Option<(f64, f64)>,
    pub graded: Vec<Graded>,
    /// Subscriptions without an amount or a start, in another currency, or that contradict.
    pub left_out: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range<T> {
    pub p10: T,
    pub p50: T,
    pub p90: T,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub name: String,
    pub running: usize,
    pub monthly_amount: Money,
    /// Ended subscriptions of which it is known whether they went on.
    pub ended: usize,
    pub went_on: usize,
    /// The share that went on with its interval of 95 %.
    pub share: Option<(f64, f64, f64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Month {
    pub month: Period,
    /// Monthly amount whose subscriptions are expected to end, and to go on.
    pub ending: Money,
    pub kept: Money,
    /// On the month's last day.
    pub monthly_amount: Range<Money>,
    /// Expected over the month.
    pub amount: Money,
}

/// What would have been said on a past day of the monthly amount on a later one.
#[derive(Clone, Debug, PartialEq)]
pub struct Graded {
    pub as_of: Date,
    pub until: Date,
    pub said: Range<Money>,
    pub came: Money,
}

impl<T> Range<T> {
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Range<U> {
        Range { p10: f(self.p10), p50: f(self.p50), p90: f(self.p90) }
    }
}

impl Graded {
    pub fn holds(&self) -> bool {
        (self.said.p10..=self.said.p90).contains(&self.came)
    }
}

impl Retention {
    fn answer(&self) -> String {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let Range { p10, p50, p90 } = self.net_next_year;
        format!(
            "{} a month run in {}. A year will leave {} of that, with 80 % probability between \
             {} and {}; what is sold anew comes on top.",
            short(self.monthly_amount),
            counted(self.subscriptions, "subscription"),
            percent(p50),
            percent(p10),
            percent(p90)
        )
    }

    fn segments_table(&self) -> Table {
        let code = code(self.monthly_amount.currency);
        let monthly = format!(">A month {code}");
        let columns = ["Product", ">Running", &monthly, ">Ended", ">Went on", ">Share", ">95 %"];
        let mut table = Table::new("What goes on", &columns);
        for segment in &self.segments {
            let interval = segment
                .share
                .map(|(_, low, high)| format!("{:.0} to {:.0} %", low * 100.0, high * 100.0));
            table.row([
                segment.name.as_str().into(),
                segment.running.into(),
                segment.monthly_amount.into(),
                segment.ended.into(),
                segment.went_on.into(),
                segment.share.map_or(Cell::Missing, |(share, _, _)| Cell::Share(share)),
                interval.into(),
            ]);
        }
        table
    }

    fn months_table(&self) -> Table {
        let columns =
            ["Month", ">Ending", ">Going on", ">At its end, 10 %", ">50 %", ">90 %", ">Over it"];
        let mut table = Table::new("The months ahead", &columns);
        for month in &self.months {
            let Range { p10, p50, p90 } = month.monthly_amount;
            table.row([
                month.month.to_string().into(),
                month.ending.into(),
                month.kept.into(),
                p10.into(),
                p50.into(),
                p90.into(),
                month.amount.into(),
            ]);
        }
        table
    }

    fn graded_table(&self) -> Table {
        let columns = ["Said on", "Of", ">10 %", ">50 %", ">90 %", ">Came", "Held"];
        let mut table = Table::new("What would have been said before", &columns);
        for graded in &self.graded {
            let Range { p10, p50, p90 } = graded.said;
            table.row([
                graded.as_of.into(),
                graded.until.into(),
                p10.into(),
                p50.into(),
                p90.into(),
                graded.came.into(),
                if graded.holds() { "yes" } else { "no" }.into(),
            ]);
        }
        table
    }
}

impl Report for Retention {
    fn document(&self) -> Document {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        let mut notes = Vec::new();
        if let Some((gross, net)) = self.last_year {
            notes.push(format!(
                "Of what ran a year ago {} is left (net revenue retention), {} without price \
                 rises (gross).",
                percent(net),
                percent(gross)
            ));
        }
        notes.push(
            "A subscription goes on when another one of the same account and product begins \
             within 31 days of its end."
                .to_owned(),
        );
        if self.left_out > 0 {
            notes.push(format!(
                "{} left out: no amount or start, another currency, or an end before the start.",
                counted(self.left_out, "subscription")
            ));
        }
        let tables = vec![self.segments_table(), self.months_table(), self.graded_table()];
        Document { answer: self.answer(), tables, notes }
    }

    fn json(&self) -> Value {
        let shares =
            |range: Range<f64>| json!({"p10": range.p10, "p50": range.p50, "p90": range.p90});
        let amounts = |range: Range<Money>| {
            let Range { p10, p50, p90 } = range.map(Money::to_decimal);
            json!({ "p10": p10, "p50": p50, "p90": p90 })
        };
        let segment = |segment: &Segment| {
            let share = segment.share;
            json!({
                "segment": segment.name,
                "running": segment.running,
                "monthly_amount": segment.monthly_amount.to_decimal(),
                "ended": segment.ended,
                "went_on": segment.went_on,
                "share": share.map(|share| share.0),
                "low": share.map(|share| share.1),
                "high": share.map(|share| share.2),
            })
        };
        let month = |month: &Month| {
            json!({
                "month": month.month.to_string(),
                "ending": month.ending.to_decimal(),
                "kept": month.kept.to_decimal(),
                "monthly_amount": amounts(month.monthly_amount),
                "amount": month.amount.to_decimal(),
            })
        };
        let graded = |graded: &Graded| {
            json!({
                "as_of": graded.as_of.to_string(),
                "until": graded.until.to_string(),
                "said": amounts(graded.said),
                "came": graded.came.to_decimal(),
            })
        };
        json!({
            "as_of": self.as_of.to_string(),
            "monthly_amount": self.monthly_amount.to_decimal(),
            "subscriptions": self.subscriptions,
            "segments": self.segments.iter().map(segment).collect::<Vec<_>>(),
            "months": self.months.iter().map(month).collect::<Vec<_>>(),
            "next_year": {
                "gross": shares(self.gross_next_year),
                "net": shares(self.net_next_year),
            },
            "last_year": self.last_year.map(|(gross, net)| json!({ "gross": gross, "net": net })),
            "graded": self.graded.iter().map(graded).collect::<Vec<_>>(),
            "left_out": self.left_out,
        })
    }
}
