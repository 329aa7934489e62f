//! Marketing's calendar and what the legs cost: a campaign for each channel and quarter, its weekly
//! spend, and each team's month.

use jiff::civil::Date;

use crate::calendar::{Calendar, Day};
use crate::model::CHANNELS;
use crate::random::{Stream, Subject};
use crate::rows::{Id, Money};
use crate::workforce::{TEAMS, Workforce};

/// What marketing spends on a campaign besides what its leads cost: content, tools, agencies.
const CAMPAIGN_BASE_DOLLARS: f64 = 2_500.0;
const SPEND_SIGMA: f64 = 0.22;

pub struct Campaign {
    pub number: u64,
    pub name: String,
    pub channel: usize,
    pub objective: &'static str,
    pub first_day: Day,
    pub last_day: Day,
    pub budget: Money,
}

pub struct Campaigns {
    pub all: Vec<Campaign>,
    /// By quarter since the first day, then by channel: index into `all`.
    by_quarter: Vec<[Option<usize>; CHANNELS.len()]>,
    /// The quarter's index for each day.
    quarter_of_day: Vec<usize>,
}

pub struct Cost {
    pub date: Date,
    pub channel: Option<usize>,
    pub campaign: Option<u64>,
    pub team: usize,
    pub amount: Money,
    pub category: &'static str,
}

impl Campaigns {
    pub fn new(seed: u64, calendar: &Calendar, leads: u64) -> Self {
        let shares: Vec<f64> = calendar.arrival_shares().map(|(_, share)| share).collect();
        let mut campaigns =
            Self { all: Vec::new(), by_quarter: Vec::new(), quarter_of_day: Vec::new() };
        let mut first_day = 0;
        while first_day < calendar.days {
            let last_day = calendar.quarter_end(first_day).min(calendar.days - 1);
            let share: f64 = shares[first_day as usize..=last_day as usize].iter().sum();
            campaigns.add_quarter(seed, calendar, (first_day, last_day), share * leads as f64);
            first_day = last_day + 1;
        }
        campaigns
    }

    fn add_quarter(&mut self, seed: u64, calendar: &Calendar, span: (Day, Day), leads: f64) {
        let quarter = self.by_quarter.len();
        let mut row = [None; CHANNELS.len()];
        for (channel, _) in CHANNELS.iter().enumerate().filter(|(_, c)| c.has_campaigns) {
            let key = (quarter * CHANNELS.len() + channel) as u64;
            let mut stream = Stream::of(seed, Subject::Campaigns, key);
            row[channel] = Some(self.all.len());
            self.add(&mut stream, calendar, span, channel, leads);
        }
        self.by_quarter.push(row);
        self.quarter_of_day.extend((span.0..=span.1).map(|_| quarter));
    }

    fn add(
        &mut self,
        stream: &mut Stream,
        calendar: &Calendar,
        (first_day, last_day): (Day, Day),
        channel: usize,
        leads: f64,
    ) {
        let truth = &CHANNELS[channel];
        let programme = leads * truth.lead_share * truth.cost_per_lead * stream.lognormal(1.0, 0.1);
        let theme = stream.pick(&THEMES);
        self.all.push(Campaign {
            number: self.all.len() as u64 + 1,
            name: format!("{} {} {theme}", calendar.quarter_name(first_day), truth.name),
            channel,
            objective: objective(truth.name),
            first_day,
            last_day,
            budget: Money::rounded(CAMPAIGN_BASE_DOLLARS + programme, 100),
        });
    }

    /// The channel's campaign that runs on a day.
    pub fn running(&self, channel: usize, day: Day) -> Option<Id> {
        let quarter = *self.quarter_of_day.get(usize::try_from(day).ok()?)?;
        self.by_quarter[quarter][channel].map(|index| campaign_id(self.all[index].number))
    }

    /// Everything spent, campaigns first, then the teams month by month.
    pub fn costs(&self, seed: u64, calendar: &Calendar, workforce: &Workforce) -> Vec<Cost> {
        let spend = self.all.iter().flat_map(|campaign| weekly_spend(seed, calendar, campaign));
        let salaries = (0..TEAMS.len()).flat_map(|team| monthly_cost(calendar, workforce, team));
        spend.chain(salaries).collect()
    }
}

const THEMES: [&str; 6] =
    ["Clear Signal", "First Light", "Fewer Steps", "One Number", "Open Harbour", "Steady Hand"];

fn objective(channel: &str) -> &'static str {
    match channel {
        "Organic Social" | "Paid Social" => "awareness",
        "Email" => "loyalty",
        "Partner" => "sales enablement",
        _ => "demand generation",
    }
}

pub fn campaign_id(number: u64) -> Id {
    Id("C", number)
}

fn weekly_spend(seed: u64, calendar: &Calendar, campaign: &Campaign) -> Vec<Cost> {
    let mut stream = Stream::of(seed, Subject::Campaigns, (1 << 32) + campaign.number);
    let weeks = (campaign.last_day - campaign.first_day) / 7 + 1;
    let share = campaign.budget.dollars() / weeks as f64;
    let cost = |week| Cost {
        date: calendar.date(campaign.first_day + week * 7),
        channel: Some(campaign.channel),
        campaign: Some(campaign.number),
        team: crate::workforce::MARKETING + usize::from(campaign.objective != "awareness"),
        amount: Money::rounded(share * stream.lognormal(1.0, SPEND_SIGMA), 1),
        category: "programme",
    };
    (0..weeks).map(cost).collect()
}

fn monthly_cost(calendar: &Calendar, workforce: &Workforce, team: usize) -> Vec<Cost> {
    let month_ends = (0..calendar.days).filter(|&day| calendar.month_end(day) == day);
    let cost = |day| Cost {
        date: calendar.date(day),
        channel: None,
        campaign: None,
        team,
        amount: Money::rounded(
            workforce.open_seats(team, day) as f64 * TEAMS[team].cost_per_seat_month,
            1,
        ),
        category: "salaries",
    };
    month_ends.map(cost).collect()
}
