//! The settled description of a simulated company: every true parameter, as `truth.json` has it.
//! It is drawn in `draw`, bent by its worlds in `twist`, and lived in `run`.

use jiff::civil::Date;
use serde::Serialize;

use super::hazards::Shape;
use super::world::World;

#[derive(Clone, Debug, Serialize)]
pub struct Company {
    pub seed: u64,
    pub world: World,
    pub is_inside: bool,
    /// Further worlds that this company is of, in less degree.
    pub also: Vec<World>,
    /// The first day in the system.
    #[serde(serialize_with = "crate::as_text")]
    pub start: Date,
    /// The last day that the export knows, whole.
    #[serde(serialize_with = "crate::as_text")]
    pub export_on: Date,
    /// The last simulated day: the end of the fourth quarter that ends after the export.
    #[serde(serialize_with = "crate::as_text")]
    pub end: Date,
    pub began: Began,
    pub arrivals: Arrivals,
    pub products: Vec<Product>,
    pub sources: Vec<Segment>,
    pub sellers: Vec<Seller>,
    /// Kinds of deal that no field tells apart.
    pub classes: Vec<Class>,
    pub stages: Vec<StageShare>,
    pub deals: Deals,
    pub calendar: Calendar,
    pub habits: Habits,
    pub renewals: Option<Renewals>,
    pub records: Records,
}

/// What there was on the first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Began {
    /// Nothing.
    Empty,
    /// Open deals with their true age; those closed before are not in the system.
    Running,
    /// Open deals, all created on the first day as far as the system knows.
    Migrated,
}

/// Deals created, a Poisson process: a day's mean is the product of all these.
#[derive(Clone, Debug, Serialize)]
pub struct Arrivals {
    /// On the first day, before the effects of month and weekday.
    pub per_day: f64,
    /// 0.2: a fifth more each year.
    pub growth_per_year: f64,
    /// January to December.
    pub month_effect: [f64; 12],
    /// Monday to Sunday.
    pub weekday_effect: [f64; 7],
    pub spells: Vec<Spell>,
    /// Share of deals that come in lots of 5 to 40 on one day: fairs, lists, campaigns.
    pub in_lots: f64,
}

/// A time in which a rate is multiplied.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spell {
    /// Days since the start; the last is not part of it.
    pub from_day: i64,
    pub to_day: i64,
    pub factor: f64,
}

/// The factor of all spells on a day.
pub fn factor(spells: &[Spell], day: i64) -> f64 {
    let holding = spells.iter().filter(|spell| (spell.from_day..spell.to_day).contains(&day));
    holding.map(|spell| spell.factor).product()
}

#[derive(Clone, Debug, Serialize)]
pub struct Product {
    pub name: String,
    pub share: f64,
    /// Days since the start between which it is sold.
    pub from_day: i64,
    pub to_day: i64,
    pub win_effect: f64,
    pub pace_effect: f64,
    pub amounts: Amounts,
}

/// Lognormal, some with a Pareto tail.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Amounts {
    /// In whole units of the currency.
    pub median: f64,
    pub sigma: f64,
    /// Share of deals whose amount is multiplied by a Pareto variable from 3 on.
    pub tail_share: f64,
    pub tail_alpha: f64,
    /// Amounts are multiples of this.
    pub step: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Segment {
    pub name: String,
    pub share: f64,
    /// Multiplies the hazard to advance.
    pub win_effect: f64,
    /// Multiplies all hazards.
    pub pace_effect: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Seller {
    pub name: String,
    pub share: f64,
    pub win_effect: f64,
    pub from_day: i64,
    pub to_day: i64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Class {
    pub share: f64,
    pub shape: Shape,
    /// The sum of the stages' medians, for deals that are won.
    pub cycle_days_median: f64,
    /// Of deals that close some day and have no other effect, the share won.
    pub win_share: f64,
    /// How much longer a loss takes than an advance, at the median.
    pub lost_lag: f64,
    pub amount_effect: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct StageShare {
    pub name: &'static str,
    /// Part of the cycle.
    pub of_days: f64,
    /// Part of the logarithm of the win share.
    pub of_losses: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Deals {
    /// Share that comes to rest in some stage and never closes.
    pub never_closing: f64,
    /// Share of the losses of other deals that are never marked.
    pub unmarked_losses: f64,
    /// Hazards × (load / reference)^-exponent, with the load in open deals a seller.
    pub load_exponent: f64,
    pub load_reference: f64,
    /// Share of stage moves that change the amount; the change's logarithm has this mean and
    /// deviation.
    pub amount_change: f64,
    pub amount_change_mean: f64,
    pub amount_change_sigma: f64,
    /// Growth of amounts a year.
    pub price_growth_per_year: f64,
    pub price_spells: Vec<Spell>,
    /// Growth a year of all hazards.
    pub pace_growth_per_year: f64,
    /// Multiplies the hazards to advance.
    pub win_spells: Vec<Spell>,
    /// Standard deviation of the common, slowly changing logarithm of demand and of luck.
    pub demand_weather_sigma: f64,
    pub win_weather_sigma: f64,
    /// Days after which a deviation has fallen to a third.
    pub weather_days: f64,
    /// Share of deals that are entered on the day on which they are won.
    pub entered_when_won: f64,
    /// Share of deals of an account that has had one before.
    pub repeat_share: f64,
}

/// What the days of a quarter and of the year do to hazards.
#[derive(Clone, Debug, Serialize)]
pub struct Calendar {
    /// Days at either end of a quarter.
    pub edge_days: i64,
    /// Multiply the hazard of winning.
    pub quarter_start: f64,
    pub quarter_end: f64,
    /// Multiplies the hazard of losing in the first days.
    pub cleaning: f64,
    /// Multiplies all hazards at weekends.
    pub weekend: f64,
    /// January to December: multiplies all hazards.
    pub month_effect: [f64; 12],
    /// Month and days of each year on which nothing happens.
    pub holidays: Vec<Holiday>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Holiday {
    pub month: i8,
    pub from: i8,
    pub to: i8,
}

/// What sellers and managers do about closing days; all off in a company inside the model.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Habits {
    /// Deals that a seller can win in a week.
    pub wins_a_week_max: Option<f64>,
    /// A day's probability that a buyer who has to wait goes away.
    pub impatience: f64,
    /// Quota of the whole company a quarter as a factor of the quarter before; once met, a win is
    /// kept for the next quarter with the probability.
    pub quota: f64,
    pub sandbagging: f64,
    /// Probability that a win waits for the quarter's last five days.
    pub hockey_stick: f64,
    /// Wins and losses are entered on the next day of review.
    pub review: Option<Review>,
    /// Days for which a deal lies still when its seller has left.
    pub handover_days: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    Fridays,
    SecondFridays,
    MonthEnds,
}

/// Won deals come again each year as a deal that is entered `ahead_days` before it is due.
#[derive(Clone, Debug, Serialize)]
pub struct Renewals {
    pub share_of_wins: f64,
    pub ahead_days: i64,
    pub win_share: f64,
    pub uplift_mean: f64,
    /// Customers that there were before the first day, and their mean amount.
    pub customers_at_start: u32,
}

/// What the export makes of it.
#[derive(Clone, Debug, Serialize)]
pub struct Records {
    pub has_stage_history: bool,
    pub amounts: AmountsKnown,
    pub has_products: bool,
    pub has_sources: bool,
    /// Creations and changes are told with their time of day, closings never.
    pub has_times: bool,
    /// Open deals have an expected close date.
    pub has_expected_dates: bool,
    /// Share of won deals whose closing day is known to the seller up to a month before.
    pub dates_foreseen: f64,
    /// Probability, each time a date is entered, that it is the last time.
    pub dates_neglected: f64,
    pub missing_amount: f64,
    pub missing_product: f64,
    pub missing_owner: f64,
    pub closed_undated: f64,
    pub duplicated: f64,
    pub misspelt: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountsKnown {
    Always,
    /// Lost deals show 0.
    UnlessLost,
    /// Open deals have none, and lost ones 0.
    WhenWon,
}
