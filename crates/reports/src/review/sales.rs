//! Win rate, cycle, price and velocity: of all deals, and of each segment that the data knows.
//!
//! Definitions, with their usual sources: win rate = won / (won + lost); cycle = days from creation
//! to closing of won deals; average price = revenue of wins / wins whose amount is known; sales
//! velocity = opportunities × win rate × average price ÷ mean cycle, a day, where the opportunities
//! are the deals that are open.

use std::collections::BTreeMap;

use domain::deal::Deal;
use domain::money::{Currency, Money};
use domain::stage::Outcome;
use serde_json::{Value, json};
use stats::proportion::{Proportion, wilson_95};
use stats::sample::Sample;

use crate::document::{Cell, Table};
use crate::render::code;

/// With fewer closed deals a segment says little; it is marked.
pub const FEW_CLOSED: usize = 30;
/// The most segments of one dimension that are listed.
pub const SEGMENTS_MAX: usize = 40;
/// A dimension is shown where at least this share of closed deals has it.
const KNOWN_SHARE_MIN: f64 = 0.2;

#[derive(Clone, Debug, PartialEq)]
pub struct Sales {
    pub total: Segment,
    /// By the quarter of closing, in order of time.
    pub quarters: Vec<Segment>,
    pub breakdowns: Vec<Breakdown>,
    /// Left out because their dates contradict one another.
    pub contradictory: usize,
}

/// The deals by one thing that is known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// product, owner, manager, team, region, source, type, industry
    pub dimension: &'static str,
    /// Those with most closed deals first.
    pub segments: Vec<Segment>,
    /// Deals of segments beyond those listed.
    pub not_listed: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub name: String,
    pub open: usize,
    pub won: usize,
    pub lost: usize,
    pub win_rate: Option<Proportion>,
    pub revenue: Money,
    pub average_price: Option<Money>,
    pub cycle_days_mean: Option<f64>,
    pub cycle_days_median: Option<f64>,
    pub cycle_days_p90: Option<f64>,
    /// A day.
    pub velocity: Option<Money>,
}

/// What the deals are called in one dimension, in their order.
pub struct Labels {
    pub dimension: &'static str,
    pub labels: Vec<Option<String>>,
}

impl Sales {
    /// Reviews deals as they stood on one day. `quarter` names the quarter of a closing day.
    pub fn new(
        deals: &[Deal],
        labels: &[Labels],
        currency: Currency,
        quarter: impl Fn(&Deal) -> Option<String>,
    ) -> Sales {
        let sound: Vec<&Deal> = deals.iter().filter(|deal| !deal.contradictory).collect();
        let closed = sound.iter().filter(|deal| !deal.is_open());
        let by_quarter = group(closed.map(|deal| (*deal, quarter(deal))));
        let breakdown = |labels: &Labels| Breakdown::new(deals, labels, currency);
        let segments = by_quarter.into_iter();
        Sales {
            total: Segment::new("All deals", &sound, currency),
            quarters: segments.map(|(name, deals)| Segment::new(&name, &deals, currency)).collect(),
            breakdowns: labels.iter().filter_map(breakdown).collect(),
            contradictory: deals.len() - sound.len(),
        }
    }

    pub fn total_table(&self) -> Table {
        let mut table = segments_table("All deals", "", &self.total);
        table.row(self.total.cells());
        table
    }

    pub fn quarters_table(&self) -> Table {
        let mut table = Table::new(
            "By quarter of closing",
            &[
                "Quarter",
                ">Won",
                ">Lost",
                ">Win rate",
                ">95 % interval",
                &format!(">Revenue {}", code(self.total.revenue.currency)),
                ">Median cycle, days",
            ],
        );
        for quarter in &self.quarters {
            table.row([
                quarter.label().into(),
                quarter.won.into(),
                quarter.lost.into(),
                quarter.win_rate.map_or(Cell::Missing, |rate| Cell::Share(rate.share)),
                interval(quarter.win_rate),
                quarter.revenue.into(),
                quarter.cycle_days_median.map_or(Cell::Missing, Cell::Days),
            ]);
        }
        table
    }

    pub fn json(&self) -> Value {
        let breakdown = |breakdown: &Breakdown| {
            json!({
                "dimension": breakdown.dimension,
                "segments": breakdown.segments.iter().map(Segment::json).collect::<Vec<_>>(),
                "deals_not_listed": breakdown.not_listed,
            })
        };
        json!({
            "total": self.total.json(),
            "by_quarter": self.quarters.iter().map(Segment::json).collect::<Vec<_>>(),
            "by": self.breakdowns.iter().map(breakdown).collect::<Vec<_>>(),
            "left_out_contradictory": self.contradictory,
        })
    }
}

impl Breakdown {
    /// `None` where too few closed deals are labelled, or all have the same label.
    fn new(deals: &[Deal], labels: &Labels, currency: Currency) -> Option<Breakdown> {
        let pairs = deals.iter().zip(&labels.labels).filter(|(deal, _)| !deal.contradictory);
        let (mut closed, mut labelled) = (0_usize, 0_usize);
        for (deal, label) in pairs.clone().filter(|(deal, _)| !deal.is_open()) {
            closed += 1;
            labelled += usize::from(label.is_some() && deal.closed_on.is_some());
        }
        if (labelled as f64) < KNOWN_SHARE_MIN * closed.max(1) as f64 {
            return None;
        }
        let unknown = || "(not recorded)".to_owned();
        let groups =
            group(pairs.map(|(deal, label)| (deal, label.clone().or_else(|| Some(unknown())))));
        let named = groups.keys().filter(|name| **name != unknown()).count();
        let mut segments: Vec<Segment> =
            groups.iter().map(|(name, deals)| Segment::new(name, deals, currency)).collect();
        segments.sort_by_key(|segment| std::cmp::Reverse(segment.closed()));
        let not_listed = segments.iter().skip(SEGMENTS_MAX).map(Segment::deals).sum();
        segments.truncate(SEGMENTS_MAX);
        (named > 1).then_some(Breakdown { dimension: labels.dimension, segments, not_listed })
    }

    pub fn table(&self) -> Option<Table> {
        let first = self.segments.first()?;
        let mut table = segments_table(&format!("By {}", self.dimension), self.dimension, first);
        for segment in &self.segments {
            table.row(segment.cells());
        }
        Some(table)
    }

    pub fn has_few(&self) -> bool {
        self.segments.iter().any(Segment::is_few)
    }
}

impl Segment {
    fn new(name: &str, deals: &[&Deal], currency: Currency) -> Segment {
        let count = |outcome| deals.iter().filter(|deal| deal.outcome == outcome).count();
        let (open, won, lost) = (count(Outcome::Open), count(Outcome::Won), count(Outcome::Lost));
        let wins = || deals.iter().filter(|deal| deal.outcome == Outcome::Won);
        let amounts: Vec<i64> = wins()
            .filter_map(|deal| Some(deal.amount?.minor))
            .filter(|minor| *minor != 0)
            .collect();
        let revenue: i64 = amounts.iter().sum();
        let cycles = Sample::new(wins().filter_map(|deal| cycle_days(deal)).collect());
        let known = !cycles.sorted().is_empty();
        let mut segment = Segment {
            name: name.to_owned(),
            open,
            won,
            lost,
            win_rate: wilson_95(won, won + lost),
            revenue: Money { minor: revenue, currency },
            average_price: mean(revenue, amounts.len()).map(|minor| Money { minor, currency }),
            cycle_days_mean: known.then(|| cycles.mean()),
            cycle_days_median: known.then(|| cycles.quantile(0.5)),
            cycle_days_p90: known.then(|| cycles.quantile(0.9)),
            velocity: None,
        };
        segment.velocity = segment.velocity_of(open);
        segment
    }

    /// The velocity that a number of open deals gives.
    pub fn velocity_of(&self, open: usize) -> Option<Money> {
        let (rate, price) = (self.win_rate?.share, self.average_price?);
        let cycle = self.cycle_days_mean.filter(|days| *days > 0.0)?;
        let minor = (open as f64 * rate * price.minor as f64 / cycle).round() as i64;
        Some(Money { minor, ..price })
    }

    pub fn closed(&self) -> usize {
        self.won + self.lost
    }

    fn deals(&self) -> usize {
        self.open + self.closed()
    }

    pub fn is_few(&self) -> bool {
        self.closed() < FEW_CLOSED
    }

    /// The name, marked where few closed deals stand behind it.
    pub fn label(&self) -> String {
        if self.is_few() { format!("{} (few)", self.name) } else { self.name.clone() }
    }

    fn cells(&self) -> [Cell; 11] {
        let days = |days: Option<f64>| days.map_or(Cell::Missing, Cell::Days);
        [
            self.label().into(),
            self.open.into(),
            self.won.into(),
            self.lost.into(),
            self.win_rate.map_or(Cell::Missing, |rate| Cell::Share(rate.share)),
            interval(self.win_rate),
            self.average_price.into(),
            days(self.cycle_days_mean),
            days(self.cycle_days_median),
            days(self.cycle_days_p90),
            self.velocity.into(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "open": self.open,
            "won": self.won,
            "lost": self.lost,
            "few": self.is_few(),
            "win_rate": self.win_rate.map(|rate| rate.share),
            "win_rate_low": self.win_rate.map(|rate| rate.low),
            "win_rate_high": self.win_rate.map(|rate| rate.high),
            "revenue": self.revenue.to_decimal(),
            "average_price": self.average_price.map(Money::to_decimal),
            "cycle_days_mean": self.cycle_days_mean,
            "cycle_days_median": self.cycle_days_median,
            "cycle_days_p90": self.cycle_days_p90,
            "velocity_per_day": self.velocity.map(Money::to_decimal),
        })
    }
}

/// Days from creation to closing; `None` while open, or where the closing day is not known.
pub fn cycle_days(deal: &Deal) -> Option<f64> {
    Some(f64::from((deal.closed_on? - deal.created_on).get_days()))
}

/// An interval as `52–61 %`.
pub fn interval(rate: Option<Proportion>) -> Cell {
    rate.map_or(Cell::Missing, |rate| {
        Cell::Text(format!("{:.1}–{:.1} %", rate.low * 100.0, rate.high * 100.0))
    })
}

fn segments_table(title: &str, dimension: &str, like: &Segment) -> Table {
    let code = code(like.revenue.currency);
    let mut first = dimension.to_owned();
    if let Some(letter) = first.get_mut(..1) {
        letter.make_ascii_uppercase();
    }
    Table::new(
        title,
        &[
            &first,
            ">Open",
            ">Won",
            ">Lost",
            ">Win rate",
            ">95 % interval",
            &format!(">Average price {code}"),
            ">Mean cycle, days",
            ">Median",
            ">90 % within",
            &format!(">Velocity a day {code}"),
        ],
    )
}

fn group<'a>(
    pairs: impl Iterator<Item = (&'a Deal, Option<String>)>,
) -> BTreeMap<String, Vec<&'a Deal>> {
    let mut groups: BTreeMap<String, Vec<&Deal>> = BTreeMap::new();
    for (deal, label) in pairs {
        if let Some(label) = label {
            groups.entry(label).or_default().push(deal);
        }
    }
    groups
}

fn mean(sum: i64, count: usize) -> Option<i64> {
    (count > 0).then(|| (sum as f64 / count as f64).round() as i64)
}
