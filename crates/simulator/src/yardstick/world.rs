//! The worlds: what sets a simulated company apart from the plainest one. Half of them obey the
//! funnel model, half break one of its assumptions. This module only names them.

use serde::{Serialize, Serializer};

/// What a company is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum World {
    /// Nothing but chance: constant demand, no calendar.
    Steady,
    /// Demand grows or shrinks by up to a third a year.
    Trending,
    /// Demand has a season.
    Seasonal,
    /// Products and sources differ much in pace, win rate and amount.
    Segmented,
    /// More is won in the last two weeks of a quarter, less in its first.
    QuarterEnd,
    /// Fast small deals and slow large ones, which no field tells apart.
    Mixed,
    /// The more open deals a seller has, the slower each moves.
    Loaded,
    /// As the plainest, with some thirty to a hundred and fifty deals.
    Small,

    /// A seller can win only so many deals a week; the others wait.
    Capacity,
    /// Once the quarter's quota is met, wins are kept for the next quarter.
    Sandbagging,
    /// Whatever is won is signed in the quarter's last days.
    HockeyStick,
    /// Most losses are never marked: deals stay open for ever.
    NeverLost,
    /// Demand falls or jumps for some months.
    DemandShock,
    /// From one day on, deals are won much less or much more often.
    WinBreak,
    /// Demand doubles or halves in a year; the pace of deals drifts with it.
    StrongTrend,
    /// Weeks in which nothing happens, and a strong season.
    Holidays,
    /// Twenty to a hundred closed deals in all.
    Thin,
    /// Exports with missing amounts, products, owners and dates, duplicates, odd spellings.
    Dirty,
    /// A few deals are worth as much as all others.
    Whales,
    /// Deals are closed in the system on a few days, many at once.
    BatchUpdates,
    /// A new product mid-way, with a pace and amounts of its own; an old one may be retired.
    ProductLaunch,
    /// Demand and luck go up and down together, for weeks or months.
    Weather,
    /// Sellers leave and their deals lie still.
    Turnover,
    /// Cycles lengthen or shorten, and prices change, over the years.
    Drift,
    /// Customers renew each year, on a known day.
    Renewals,
    /// Three or more of the above.
    Combined,
}

impl World {
    pub const INSIDE: [World; 8] = [
        World::Steady,
        World::Trending,
        World::Seasonal,
        World::Segmented,
        World::QuarterEnd,
        World::Mixed,
        World::Loaded,
        World::Small,
    ];

    pub const OUTSIDE: [World; 18] = [
        World::Capacity,
        World::Sandbagging,
        World::HockeyStick,
        World::NeverLost,
        World::DemandShock,
        World::WinBreak,
        World::StrongTrend,
        World::Holidays,
        World::Thin,
        World::Dirty,
        World::Whales,
        World::BatchUpdates,
        World::ProductLaunch,
        World::Weather,
        World::Turnover,
        World::Drift,
        World::Renewals,
        World::Combined,
    ];

    /// Even seeds are inside the model, odd ones outside; each in turn.
    pub fn of(seed: u64) -> World {
        let turn = seed / 2;
        if seed.is_multiple_of(2) {
            World::INSIDE[(turn % World::INSIDE.len() as u64) as usize]
        } else {
            World::OUTSIDE[(turn % World::OUTSIDE.len() as u64) as usize]
        }
    }

    pub fn is_inside(self) -> bool {
        World::INSIDE.contains(&self)
    }

    /// Worlds that are of a size and nothing else.
    pub fn is_of_size(self) -> bool {
        matches!(self, World::Small | World::Thin)
    }

    pub fn name(self) -> &'static str {
        match self {
            World::Steady => "steady",
            World::Trending => "trending",
            World::Seasonal => "seasonal",
            World::Segmented => "segmented",
            World::QuarterEnd => "quarter end",
            World::Mixed => "mixed",
            World::Loaded => "loaded",
            World::Small => "small",
            World::Capacity => "capacity",
            World::Sandbagging => "sandbagging",
            World::HockeyStick => "hockey stick",
            World::NeverLost => "never lost",
            World::DemandShock => "demand shock",
            World::WinBreak => "win break",
            World::StrongTrend => "strong trend",
            World::Holidays => "holidays",
            World::Thin => "thin",
            World::Dirty => "dirty",
            World::Whales => "whales",
            World::BatchUpdates => "batch updates",
            World::ProductLaunch => "product launch",
            World::Weather => "weather",
            World::Turnover => "turnover",
            World::Drift => "drift",
            World::Renewals => "renewals",
            World::Combined => "combined",
        }
    }
}

impl Serialize for World {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
