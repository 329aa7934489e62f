//! The truth: every parameter of the simulated firm, in one place, as it is also written to
//! `truth.json`. It draws nothing and knows no file but that one.
//!
//! **Arrivals.** The density of a lead's day is trend × month × weekday × year-end ([`Arrivals`]).
//!
//! **Leads.** A state is left by a share and after a lognormal lag ([`LEADS`]); what does not go on
//! is recycled, disqualified, or never moves again. The share inquiry → MQL is the base times an
//! effect of the source, of the product and of the persona, each 1 on average. The share MQL → SAL
//! depends on the hours until first contact ([`SPEED_TO_LEAD`]); some hand-offs are dropped.
//!
//! **Deals.** A semi-Markov process: in each stage, competing hazards by age in the stage
//! ([`STAGES`]) to advance, to be lost and to fall back, times effects of source, product, type,
//! competitor and place in the quarter; a share of deals never closes ([`DEALS`]). Hazards work on
//! Mondays to Fridays. A day's probability of cause *k* is (1 − exp(−Σh)) · h_k / Σh, up to
//! ties within a day.
//!
//! **Customers.** Yearly terms that churn or renew with an uplift, and expansion deals at a
//! constant rate ([`CUSTOMERS`]).

use jiff::civil::{Date, Weekday};
use serde::Serialize;

use crate::calendar::{Day, QuarterPlace};

/// A quarter's first and last days in which sellers behave differently.
pub const QUARTER_EDGE_DAYS: Day = 14;

#[derive(Serialize, Clone, Copy)]
pub struct Arrivals {
    /// Growth of the arrival rate in a year: 0.20 is + 20 %.
    pub growth_per_year: f64,
    /// January to December.
    pub month_effect: [f64; 12],
    /// Monday to Sunday.
    pub weekday_effect: [f64; 7],
    /// Effect of 20 to 31 December, besides the month's.
    pub year_end_effect: f64,
}

impl Arrivals {
    pub const TRUE: Self = Self {
        growth_per_year: 0.20,
        month_effect: [1.02, 1.06, 1.12, 1.00, 1.02, 1.08, 0.86, 0.80, 1.12, 1.08, 1.06, 0.84],
        weekday_effect: [1.10, 1.25, 1.22, 1.15, 0.93, 0.17, 0.18],
        year_end_effect: 0.45,
    };

    /// The relative density of arrivals on a day.
    pub fn weight(&self, day: Day, date: Date) -> f64 {
        let trend = (1.0 + self.growth_per_year).powf(day as f64 / 365.25);
        let month = self.month_effect[date.month() as usize - 1];
        let weekday = self.weekday_effect[weekday_index(date.weekday())];
        let year_end = date.month() == 12 && date.day() >= 20;
        trend * month * weekday * if year_end { self.year_end_effect } else { 1.0 }
    }
}

fn weekday_index(weekday: Weekday) -> usize {
    weekday.to_monday_zero_offset() as usize
}

/// A channel that brings people, and what being its source does to a lead and a deal.
#[derive(Serialize)]
pub struct Channel {
    pub name: &'static str,
    pub lead_share: f64,
    /// Multiplies the share inquiry → MQL.
    pub mql_effect: f64,
    /// Multiplies the hazards to advance in Proposal and Negotiation.
    pub deal_effect: f64,
    /// Multiplies the lead's lags.
    pub lag_effect: f64,
    /// Programme money spent for each lead; 0 for channels without campaigns.
    pub cost_per_lead: f64,
    pub has_campaigns: bool,
    /// Share of touches before the lead exists, while nobody is known yet.
    pub discovery_share: f64,
    /// Share of touches once the lead is being nurtured.
    pub nurture_share: f64,
    /// Kinds of touch in this channel.
    pub kinds: &'static [&'static str],
}

const VISIT: &[&str] = &["visit", "visit", "content view", "pricing view"];

pub const OUTBOUND: usize = 9;
pub const PARTNER: usize = 10;
/// The channel that a returning customer's deal is booked under.
pub const DIRECT: usize = 4;
pub const EMAIL: usize = 2;

pub const CHANNELS: [Channel; 11] = [
    Channel {
        name: "Organic Search",
        lead_share: 0.20,
        mql_effect: 1.00,
        deal_effect: 1.05,
        lag_effect: 1.00,
        cost_per_lead: 0.0,
        has_campaigns: false,
        discovery_share: 0.26,
        nurture_share: 0.14,
        kinds: VISIT,
    },
    Channel {
        name: "Paid Search",
        lead_share: 0.16,
        mql_effect: 0.90,
        deal_effect: 0.90,
        lag_effect: 0.95,
        cost_per_lead: 140.0,
        has_campaigns: true,
        discovery_share: 0.17,
        nurture_share: 0.04,
        kinds: &["ad click", "visit"],
    },
    Channel {
        name: "Email",
        lead_share: 0.05,
        mql_effect: 1.20,
        deal_effect: 1.00,
        lag_effect: 0.95,
        cost_per_lead: 25.0,
        has_campaigns: true,
        discovery_share: 0.03,
        nurture_share: 0.40,
        kinds: &["email open", "email open", "email click"],
    },
    Channel {
        name: "Referral",
        lead_share: 0.05,
        mql_effect: 1.60,
        deal_effect: 1.35,
        lag_effect: 0.70,
        cost_per_lead: 0.0,
        has_campaigns: false,
        discovery_share: 0.04,
        nurture_share: 0.01,
        kinds: &["visit"],
    },
    Channel {
        name: "Direct",
        lead_share: 0.10,
        mql_effect: 1.15,
        deal_effect: 1.10,
        lag_effect: 0.85,
        cost_per_lead: 0.0,
        has_campaigns: false,
        discovery_share: 0.12,
        nurture_share: 0.17,
        kinds: VISIT,
    },
    Channel {
        name: "Organic Social",
        lead_share: 0.05,
        mql_effect: 0.60,
        deal_effect: 0.85,
        lag_effect: 1.20,
        cost_per_lead: 20.0,
        has_campaigns: true,
        discovery_share: 0.13,
        nurture_share: 0.05,
        kinds: &["post click", "visit"],
    },
    Channel {
        name: "Paid Social",
        lead_share: 0.11,
        mql_effect: 0.50,
        deal_effect: 0.75,
        lag_effect: 1.30,
        cost_per_lead: 110.0,
        has_campaigns: true,
        discovery_share: 0.14,
        nurture_share: 0.05,
        kinds: &["ad click", "visit"],
    },
    Channel {
        name: "Webinar",
        lead_share: 0.10,
        mql_effect: 1.10,
        deal_effect: 1.00,
        lag_effect: 1.00,
        cost_per_lead: 90.0,
        has_campaigns: true,
        discovery_share: 0.04,
        nurture_share: 0.08,
        kinds: &["webinar registration", "webinar attendance"],
    },
    Channel {
        name: "Event",
        lead_share: 0.08,
        mql_effect: 1.00,
        deal_effect: 1.05,
        lag_effect: 1.10,
        cost_per_lead: 240.0,
        has_campaigns: true,
        discovery_share: 0.03,
        nurture_share: 0.02,
        kinds: &["event scan", "event talk"],
    },
    Channel {
        name: "Outbound",
        lead_share: 0.07,
        mql_effect: 1.00,
        deal_effect: 0.80,
        lag_effect: 1.15,
        cost_per_lead: 60.0,
        has_campaigns: true,
        discovery_share: 0.03,
        nurture_share: 0.03,
        kinds: &["call", "email sent", "meeting"],
    },
    Channel {
        name: "Partner",
        lead_share: 0.03,
        mql_effect: 1.90,
        deal_effect: 1.40,
        lag_effect: 0.75,
        cost_per_lead: 80.0,
        has_campaigns: true,
        discovery_share: 0.01,
        nurture_share: 0.01,
        kinds: &["partner introduction", "visit"],
    },
];

/// What is sold. An amount is lognormal around the list price.
#[derive(Serialize)]
pub struct Product {
    pub name: &'static str,
    pub family: &'static str,
    /// A year's contract, in whole dollars; the median of the first asked amount.
    pub list_price: f64,
    /// Standard deviation of the logarithm of the first asked amount.
    pub amount_sigma: f64,
    pub lead_share: f64,
    pub mql_effect: f64,
    /// Multiplies every deal hazard: below 1, everything takes longer.
    pub pace_effect: f64,
    /// Multiplies the hazards to advance in Proposal and Negotiation.
    pub win_effect: f64,
    /// Probability that a yearly term is not renewed.
    pub churn_per_term: f64,
}

pub const PRODUCTS: [Product; 5] = [
    Product {
        name: "Lantern Core",
        family: "Platform",
        list_price: 36_000.0,
        amount_sigma: 0.45,
        lead_share: 0.34,
        mql_effect: 1.00,
        pace_effect: 1.00,
        win_effect: 1.05,
        churn_per_term: 0.13,
    },
    Product {
        name: "Lantern Insight",
        family: "Analytics",
        list_price: 27_000.0,
        amount_sigma: 0.40,
        lead_share: 0.22,
        mql_effect: 1.10,
        pace_effect: 1.10,
        win_effect: 1.10,
        churn_per_term: 0.16,
    },
    Product {
        name: "Lantern Flow",
        family: "Platform",
        list_price: 52_000.0,
        amount_sigma: 0.50,
        lead_share: 0.22,
        mql_effect: 0.95,
        pace_effect: 0.92,
        win_effect: 1.00,
        churn_per_term: 0.12,
    },
    Product {
        name: "Lantern Enterprise",
        family: "Platform",
        list_price: 117_000.0,
        amount_sigma: 0.60,
        lead_share: 0.10,
        mql_effect: 0.80,
        pace_effect: 0.70,
        win_effect: 0.85,
        churn_per_term: 0.07,
    },
    Product {
        name: "Lantern Guard",
        family: "Add-on",
        list_price: 17_000.0,
        amount_sigma: 0.35,
        lead_share: 0.12,
        mql_effect: 1.10,
        pace_effect: 1.30,
        win_effect: 1.15,
        churn_per_term: 0.20,
    },
];

#[derive(Serialize)]
pub struct Persona {
    pub name: &'static str,
    pub share: f64,
    pub mql_effect: f64,
    pub titles: [&'static str; 3],
}

pub const PERSONAS: [Persona; 5] = [
    Persona {
        name: "Economic Buyer",
        share: 0.15,
        mql_effect: 1.5,
        titles: ["Chief Revenue Officer", "Vice President Sales", "Managing Director"],
    },
    Persona {
        name: "Champion",
        share: 0.25,
        mql_effect: 1.3,
        titles: ["Head of Revenue Operations", "Marketing Director", "Sales Director"],
    },
    Persona {
        name: "Technical Evaluator",
        share: 0.25,
        mql_effect: 1.0,
        titles: ["Systems Architect", "IT Manager", "Data Engineer"],
    },
    Persona {
        name: "End User",
        share: 0.25,
        mql_effect: 0.6,
        titles: ["Account Manager", "Marketing Specialist", "Sales Analyst"],
    },
    Persona {
        name: "Researcher",
        share: 0.10,
        mql_effect: 0.5,
        titles: ["Student", "Consultant", "Analyst"],
    },
];

/// Lognormal: median in days, and the standard deviation of the logarithm. A lag of a day or more
/// ends in working hours of its last day.
#[derive(Serialize, Clone, Copy)]
pub struct Lag {
    pub median_days: f64,
    pub sigma: f64,
}

#[derive(Serialize)]
pub struct Leads {
    /// Before the effects of source, product and persona.
    pub inquiry_to_mql: f64,
    /// Of the inquiries that never become MQL; the others of them never move.
    pub inquiry_disqualified: f64,
    /// MQLs that nobody ever contacts.
    pub dropped_handoff: f64,
    /// Of the contacted, before the effect of the response time.
    pub contacted_mql_to_sal: f64,
    pub sal_to_sql: f64,
    pub sql_to_opportunity: f64,
    /// Of those that do not go on after a contact; the others are disqualified.
    pub declined_recycled: f64,
    /// Recycled leads that become MQL again (at most [`Leads::lives`] times an MQL).
    pub recycled_to_mql: f64,
    pub lives: usize,
    /// Lost deals whose lead is recycled; the others' leads are disqualified.
    pub lost_recycled: f64,
    pub inquiry_to_mql_lag: Lag,
    pub inquiry_disqualified_lag: Lag,
    /// From MQL to first contact, accepted or declined at once.
    pub first_contact_lag: Lag,
    pub sal_to_sql_lag: Lag,
    pub sql_to_opportunity_lag: Lag,
    /// From SAL or SQL to being given up.
    pub declined_lag: Lag,
    pub recycled_to_mql_lag: Lag,
}

pub const LEADS: Leads = Leads {
    inquiry_to_mql: 0.29,
    inquiry_disqualified: 0.17,
    dropped_handoff: 0.06,
    contacted_mql_to_sal: 0.745,
    sal_to_sql: 0.62,
    sql_to_opportunity: 0.72,
    declined_recycled: 0.60,
    recycled_to_mql: 0.18,
    lives: 2,
    lost_recycled: 0.60,
    inquiry_to_mql_lag: Lag { median_days: 6.0, sigma: 1.2 },
    inquiry_disqualified_lag: Lag { median_days: 9.0, sigma: 1.0 },
    first_contact_lag: Lag { median_days: 4.0 / 24.0, sigma: 1.8 },
    sal_to_sql_lag: Lag { median_days: 6.0, sigma: 0.8 },
    sql_to_opportunity_lag: Lag { median_days: 4.0, sigma: 0.8 },
    declined_lag: Lag { median_days: 8.0, sigma: 0.9 },
    recycled_to_mql_lag: Lag { median_days: 75.0, sigma: 0.7 },
};

/// A response within `hours` (null: any longer one) multiplies the share that is accepted.
#[derive(Serialize)]
pub struct ResponseBand {
    pub hours: f64,
    pub effect: f64,
}

/// With the first-contact lag above these effects average to 1 (22, 62, 11 and 5 % of contacts).
pub const SPEED_TO_LEAD: [ResponseBand; 4] = [
    ResponseBand { hours: 1.0, effect: 1.25 },
    ResponseBand { hours: 24.0, effect: 1.00 },
    ResponseBand { hours: 72.0, effect: 0.75 },
    ResponseBand { hours: f64::INFINITY, effect: 0.45 },
];

/// Ends, in days since the stage was entered, of the bands in which hazards are constant; the sixth
/// band has no end.
pub const AGE_BAND_ENDS_DAYS: [Day; 5] = [7, 14, 30, 60, 120];

/// Hazards a day by age band, before any effect.
#[derive(Serialize)]
pub struct StageHazards {
    pub stage: &'static str,
    /// To the next stage; from Negotiation, to Closed Won.
    pub advance: [f64; 6],
    pub lost: [f64; 6],
    /// To the stage before.
    pub back: [f64; 6],
}

pub const STAGES: [StageHazards; 4] = [
    StageHazards {
        stage: "Discovery",
        advance: [0.020, 0.050, 0.045, 0.025, 0.012, 0.006],
        lost: [0.006, 0.012, 0.018, 0.018, 0.014, 0.010],
        back: [0.0; 6],
    },
    StageHazards {
        stage: "Evaluation",
        advance: [0.010, 0.025, 0.034, 0.026, 0.012, 0.006],
        lost: [0.004, 0.008, 0.012, 0.016, 0.014, 0.010],
        back: [0.0, 0.0, 0.0010, 0.0010, 0.0005, 0.0],
    },
    StageHazards {
        stage: "Proposal",
        advance: [0.018, 0.040, 0.042, 0.024, 0.010, 0.005],
        lost: [0.004, 0.010, 0.014, 0.016, 0.012, 0.010],
        back: [0.0, 0.0015, 0.0020, 0.0020, 0.0010, 0.0],
    },
    StageHazards {
        stage: "Negotiation",
        advance: [0.030, 0.060, 0.055, 0.030, 0.012, 0.006],
        lost: [0.006, 0.010, 0.012, 0.014, 0.012, 0.010],
        back: [0.0, 0.0020, 0.0030, 0.0020, 0.0010, 0.0],
    },
];

#[derive(Serialize)]
pub struct Deals {
    /// Share of new deals that will never close, won or lost.
    pub never_closing: f64,
    /// The stage in which a deal that never closes comes to rest: Discovery to Negotiation.
    pub resting_stage_shares: [f64; 4],
    /// Multiplies every hazard on Monday to Friday; at weekends nothing happens, so 7/5 keeps the
    /// week's mean.
    pub working_day: f64,
    /// Multiplies the hazard of winning in the last 14 days of a quarter, for amounts at or above
    /// the list price.
    pub quarter_end_large: f64,
    /// The same for smaller amounts.
    pub quarter_end_small: f64,
    /// Multiplies the hazard of winning in the first 14 days of a quarter.
    pub quarter_start: f64,
    /// Multiplies the hazard of losing in the first 14 days of a quarter, when pipelines are
    /// cleaned.
    pub quarter_start_lost: f64,
    /// Share of deals with a named competitor.
    pub competitor_share: f64,
    /// Multiplies the hazards to advance in Proposal and Negotiation against a named competitor.
    pub competitor_effect: f64,
    /// Multiplies the hazards of an expansion deal to advance, and to be lost.
    pub expansion_advance: f64,
    pub expansion_lost: f64,
    /// Share of the list price that an expansion asks for, at the median.
    pub expansion_amount: f64,
    /// Probability that a stage move changes the amount, and the spread of the change's logarithm.
    pub amount_change: f64,
    pub amount_change_sigma: f64,
    /// Share of deals given a discount at Negotiation; percent is uniform between the two.
    pub discounted: f64,
    pub discount_percent_min: i64,
    pub discount_percent_max: i64,
    /// Probability of 5 more points when won in the last days of a quarter.
    pub quarter_end_discount: f64,
    /// The seller's first guess of the days until closing.
    pub first_close_guess: Lag,
    /// Probability that a stage move brings a new guess; sooner or later than the one before.
    pub date_reviewed: f64,
    /// Days by which a passed close date is pushed, after 3 days' grace.
    pub push: Lag,
    /// Pushes after which an owner may give up updating the date, each time with the probability.
    pub pushes_before_neglect: u32,
    pub neglect: f64,
}

pub const DEALS: Deals = Deals {
    never_closing: 0.15,
    resting_stage_shares: [0.35, 0.30, 0.25, 0.10],
    working_day: 1.4,
    quarter_end_large: 3.2,
    quarter_end_small: 1.4,
    quarter_start: 0.75,
    quarter_start_lost: 1.25,
    competitor_share: 0.45,
    competitor_effect: 0.90,
    expansion_advance: 1.3,
    expansion_lost: 0.75,
    expansion_amount: 0.60,
    amount_change: 0.30,
    amount_change_sigma: 0.18,
    discounted: 0.60,
    discount_percent_min: 3,
    discount_percent_max: 20,
    quarter_end_discount: 0.30,
    first_close_guess: Lag { median_days: 65.0, sigma: 0.35 },
    date_reviewed: 0.25,
    push: Lag { median_days: 28.0, sigma: 0.6 },
    pushes_before_neglect: 4,
    neglect: 0.35,
};

impl Deals {
    /// Effect of the place in the quarter on the hazard of winning.
    pub fn quarter_effect(&self, place: QuarterPlace, is_large: bool) -> f64 {
        match (place, is_large) {
            (QuarterPlace::Last, true) => self.quarter_end_large,
            (QuarterPlace::Last, false) => self.quarter_end_small,
            (QuarterPlace::First, _) => self.quarter_start,
            (QuarterPlace::Middle, _) => 1.0,
        }
    }
}

#[derive(Serialize)]
pub struct Customers {
    pub term_days: Day,
    /// A renewed term's price over the one before: uniform between the two.
    pub renewal_uplift_min: f64,
    pub renewal_uplift_max: f64,
    /// Mean days between a customer's expansion deals, while a customer.
    pub expansion_gap_mean_days: f64,
    /// Customers that were there before the first day are at most so old.
    pub legacy_age_days_max: Day,
    /// Deals that no lead precedes: outbound, partner, and (by their expansions) old customers.
    pub direct_outbound_share: f64,
    pub direct_partner_share: f64,
}

pub const CUSTOMERS: Customers = Customers {
    term_days: 365,
    renewal_uplift_min: 0.97,
    renewal_uplift_max: 1.09,
    expansion_gap_mean_days: 900.0,
    legacy_age_days_max: 1_000,
    direct_outbound_share: 0.55,
    direct_partner_share: 0.20,
};

/// Lead accounts by their number of leads: 1, 2, 3, …
pub const LEADS_PER_ACCOUNT_SHARES: [f64; 6] = [0.42, 0.26, 0.15, 0.09, 0.05, 0.03];

/// All of the above, as `truth.json` has it.
#[derive(Serialize)]
pub struct Model {
    pub arrivals: Arrivals,
    pub channels: &'static [Channel],
    pub products: &'static [Product],
    pub personas: &'static [Persona],
    pub leads: &'static Leads,
    pub speed_to_lead: &'static [ResponseBand],
    pub age_band_ends_days: &'static [Day],
    pub stages: &'static [StageHazards],
    pub deals: &'static Deals,
    pub customers: &'static Customers,
    pub leads_per_account_shares: &'static [f64],
    /// Multiplies the share inquiry → MQL so that few deals can be had from many leads.
    pub mql_scale: f64,
}

impl Model {
    pub const fn new(mql_scale: f64) -> Self {
        Self {
            arrivals: Arrivals::TRUE,
            channels: &CHANNELS,
            products: &PRODUCTS,
            personas: &PERSONAS,
            leads: &LEADS,
            speed_to_lead: &SPEED_TO_LEAD,
            age_band_ends_days: &AGE_BAND_ENDS_DAYS,
            stages: &STAGES,
            deals: &DEALS,
            customers: &CUSTOMERS,
            leads_per_account_shares: &LEADS_PER_ACCOUNT_SHARES,
            mql_scale,
        }
    }

    pub fn mql_share(&self, channel: usize, product: usize, persona: usize) -> f64 {
        let source = CHANNELS[channel].mql_effect * PRODUCTS[product].mql_effect;
        self.mql_scale * LEADS.inquiry_to_mql * source * PERSONAS[persona].mql_effect
    }
}

/// Deals that a lead is expected to bring when it is given all the time it needs, the expansions
/// of its customers included: an upper bound for what is seen by the last day.
pub fn deals_per_lead() -> f64 {
    let sal = (1.0 - LEADS.dropped_handoff) * LEADS.contacted_mql_to_sal;
    let opportunity = sal * LEADS.sal_to_sql * LEADS.sql_to_opportunity;
    let second_life = (1.0 - opportunity) * LEADS.declined_recycled * LEADS.recycled_to_mql;
    LEADS.inquiry_to_mql * opportunity * (1.0 + second_life) * EXPANSION_ALLOWANCE
}

/// Deals of all types for one deal from a lead; generous, because it only bounds.
const EXPANSION_ALLOWANCE: f64 = 1.25;

pub fn age_band(age_days: Day) -> usize {
    AGE_BAND_ENDS_DAYS.iter().filter(|&&end| age_days >= end).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_mean_is_one(name: &str, pairs: impl Iterator<Item = (f64, f64)>) {
        let (weight, sum) = pairs.fold((0.0, 0.0), |(w, s), (a, b)| (w + a, s + a * b));
        assert!((weight - 1.0).abs() < 1e-9, "{name}: shares sum to {weight}");
        assert!((sum - 1.0).abs() < 0.005, "{name}: effects average to {sum}");
    }

    #[test]
    fn shares_sum_to_one_and_effects_average_to_one() {
        check_mean_is_one("channels", CHANNELS.iter().map(|c| (c.lead_share, c.mql_effect)));
        check_mean_is_one("products", PRODUCTS.iter().map(|p| (p.lead_share, p.mql_effect)));
        check_mean_is_one("personas", PERSONAS.iter().map(|p| (p.share, p.mql_effect)));
        check_mean_is_one("discovery", CHANNELS.iter().map(|c| (c.discovery_share, 1.0)));
        check_mean_is_one("nurture", CHANNELS.iter().map(|c| (c.nurture_share, 1.0)));
        check_mean_is_one("account", LEADS_PER_ACCOUNT_SHARES.iter().map(|&s| (s, 1.0)));
    }

    #[test]
    fn no_segment_has_a_share_above_one() {
        let model = Model::new(1.0);
        for (source, product, persona) in (0..11 * 5 * 5).map(|i| (i % 11, i / 11 % 5, i / 55)) {
            assert!(model.mql_share(source, product, persona) < 1.0);
        }
    }
}
