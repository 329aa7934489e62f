//! One demo company, as many as there are seeds: each figure that `stats::rates` finds in its leads
//! and deals, beside the truth that they were drawn from.

use anyhow::{Context, Result};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;
use simulator::Settings;
use simulator::lives::{DealLife, Lives, live};
use stats::rates::arrivals::{Day, arrivals};
use stats::rates::{Cohort, Estimate};
use stats::survival::{Observation, Outcome};

/// A figure of one company.
pub struct Recovered {
    pub figure: String,
    pub truth: f64,
    /// `None` where the estimator says that it cannot know yet.
    pub found: Option<Estimate>,
}

const TYPES: [&str; 2] = ["New Business", "Expansion"];
/// Stages of leads, with the next, and the name of the share that goes on.
const STEPS: [(&str, &str, &str); 4] = [
    ("inquiry", "mql", "inquiry_to_mql"),
    ("mql", "sal", "mql_to_sal"),
    ("sal", "sql", "sal_to_sql"),
    ("sql", "opportunity", "sql_to_opportunity"),
];

/// Every figure, in the order of the table.
pub fn recovered(settings: &Settings) -> Result<Vec<Recovered>> {
    let lives = live(settings)?;
    let last_day = i32::try_from(settings.days)? - 1;
    let company = Company { lives, last_day };
    let mut all = Vec::new();
    for kind in TYPES {
        all.extend(company.of_type(kind)?);
    }
    all.extend(company.by_product()?);
    all.extend(company.of_leads()?);
    all.extend(company.of_arrivals(settings.start)?);
    Ok(all)
}

struct Company {
    lives: Lives,
    last_day: i32,
}

impl Company {
    fn of_type(&self, kind: &str) -> Result<Vec<Recovered>> {
        let deals: Vec<&DealLife> = self.lives.deals.iter().filter(|it| it.kind == kind).collect();
        let truth = &self.lives.truth["in_the_long_run"]["by_type"][kind];
        let truth = |name: &str| number(&truth[name]);
        let closing = 1.0 - truth("never_closing")?;
        let cohort = self.cohort(&deals)?;
        let shares = cohort.shares();
        let known = |found: Estimate| shares.follow_up.is_long_enough.then_some(found);
        let dollars: Vec<Option<f64>> =
            deals.iter().map(|it| it.closing.map(|closing| closing.dollars)).collect();
        let ages = cohort.ages_of_reached();
        let share = truth("win_share")?;
        let figure = |name: &str, truth, found| Recovered {
            figure: format!("{kind}: {name}"),
            truth,
            found,
        };
        Ok(vec![
            figure("won in the end", closing * share, known(shares.reached)),
            figure("lost in the end", closing * (1.0 - share), known(shares.missed)),
            figure("never closing", 1.0 - closing, known(shares.remaining)),
            figure("won of those that close", share, shares.reached_of_ended.and_then(known)),
            figure(
                "days to win, median",
                truth("days_to_win_median")?,
                ages.and_then(|ages| known(ages.median_days)),
            ),
            figure(
                "days to win, mean",
                truth("days_to_win_mean")?,
                ages.and_then(|ages| known(ages.mean_days)),
            ),
            figure(
                "won amount, mean",
                truth("won_amount_mean")?,
                cohort.mean_of_reached(&dollars).and_then(known),
            ),
        ])
    }

    /// Of new business that leads brought.
    fn by_product(&self) -> Result<Vec<Recovered>> {
        let truths = self.lives.truth["expected"]["win_share_by_product"].as_object();
        let truths = truths.context("the truth has no products")?;
        let of_product = |(product, truth): (&String, &Value)| {
            let of_it =
                |it: &&DealLife| it.product == product && it.from_lead && it.kind == TYPES[0];
            let deals: Vec<&DealLife> = self.lives.deals.iter().filter(of_it).collect();
            let shares = self.cohort(&deals)?.shares();
            let found = shares.reached_of_ended.filter(|_| shares.follow_up.is_long_enough);
            let figure = format!("{product}: won of those that close");
            Ok(Recovered { figure, truth: number(truth)?, found })
        };
        truths.iter().map(of_product).collect()
    }

    fn of_leads(&self) -> Result<Vec<Recovered>> {
        let of_step = |(from, to, name): (&str, &str, &str)| {
            let mut seen = Vec::new();
            for lead in &self.lives.leads {
                for (place, stay) in lead.stays.iter().enumerate().filter(|it| it.1.stage == from) {
                    let next = lead.stays.get(place + 1);
                    let missed = next.is_some_and(|next| next.stage != to);
                    let end = next.map(|next| (next.day, missed));
                    seen.push(self.observation(stay.day, end));
                }
            }
            let cohort = Cohort::new(&seen).context("no leads")?;
            let shares = cohort.shares();
            let truth = number(&self.lives.truth["expected"][name])?;
            let found = shares.follow_up.is_long_enough.then_some(shares.reached);
            Ok(Recovered { figure: format!("{from} to {to}"), truth, found })
        };
        STEPS.into_iter().map(of_step).collect()
    }

    fn of_arrivals(&self, start: Date) -> Result<Vec<Recovered>> {
        let mut arrived = vec![0; usize::try_from(self.last_day)? + 1];
        for lead in &self.lives.leads {
            let first = lead.stays.first().context("a lead without an arrival")?;
            arrived[usize::try_from(first.day)?] += 1;
        }
        let dates = (0..=self.last_day).map(|day| start.checked_add(day.days()));
        let dates = dates.collect::<Result<Vec<Date>, _>>()?;
        let after = start.checked_add((self.last_day + 1).days())?;
        let whole = after.first_of_month();
        let day = |(date, arrived): (Date, u32)| Day {
            arrived,
            period: (i32::from(date.year()) * 12 + i32::from(date.month())) as u32,
            season: date.month().unsigned_abs().into(),
            kind: date.weekday().to_monday_zero_offset().unsigned_abs().into(),
        };
        let days = dates.into_iter().zip(arrived).filter(|(date, _)| *date < whole).map(day);
        let found = arrivals(&days.collect::<Vec<Day>>(), 12);
        let months = self.lives.truth["expected"]["leads_by_month"].as_object();
        let months = months.context("the truth has no months")?;
        let name = whole.to_string();
        let before: Vec<f64> = (months.iter().filter(|(month, _)| month.as_str() < &name[..7]))
            .map(|(_, truth)| number(truth))
            .collect::<Result<_>>()?;
        let last = &before[before.len().saturating_sub(12)..];
        let truth = &self.lives.truth["parameters"]["arrivals"]["growth_per_year"];
        Ok(vec![
            Recovered {
                figure: "leads a month, last 12".to_owned(),
                truth: last.iter().sum::<f64>() / last.len() as f64,
                found: found.map(|found| found.per_period),
            },
            Recovered {
                figure: "leads: growth a year".to_owned(),
                truth: number(truth)?,
                found: found.and_then(|found| found.growth_per_year),
            },
        ])
    }

    fn cohort(&self, deals: &[&DealLife]) -> Result<Cohort> {
        let seen = deals.iter().map(|deal| {
            let end = deal.closing.map(|closing| (closing.day, !closing.is_won));
            self.observation(deal.created_day, end)
        });
        Cohort::new(&seen.collect::<Vec<_>>()).context("no deals of a kind")
    }

    fn observation(&self, entered: i32, end: Option<(i32, bool)>) -> Observation {
        let (day, outcome) = match end {
            Some((day, missed)) => (day, Outcome::Event(usize::from(missed))),
            None => (self.last_day, Outcome::Censored),
        };
        Observation { age_days: day.abs_diff(entered), outcome }
    }
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().context("the truth lacks a number")
}
