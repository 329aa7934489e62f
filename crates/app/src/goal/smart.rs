//! The SMART check: is a goal specific, measurable, attainable, relevant and time-bound, as far as
//! the company's own history tells? It never stands in the way of a goal; it says what to expect.

use domain::deal::Deal;
use domain::goal::{Counts, Goal};
use domain::money::Money;
use domain::period::{Days, Period};
use domain::stage::Outcome;
use domain::time::{date_of, day_number};
use jiff::civil::Date;
use reports::goal::{Check, Criterion, Growth, LEVELS, Past, Verdict, attainability};
use reports::plan::plural;
use reports::render::short;
use stats::sample::Sample;

use crate::context::Context;
use crate::error::Error;
use crate::forecast::Outlook;
use crate::model::{counted, won_within};
use crate::plan::basis::{Basis, Span};
use crate::world::World;

/// The share of wins that must have an amount and a closing day: to be measured, and to be measured
/// roughly.
const COMPLETE_MIN: f64 = 0.95;
const ROUGH_MIN: f64 = 0.8;
/// The share of revenue below which what counts is the lesser part, and hardly any.
const HALF: f64 = 0.5;
const HARDLY: f64 = 0.1;
/// Days without any news after which the data are not fresh.
const FRESH_DAYS: i32 = 31;
/// The days that stand for what is usual now.
const RECENT_DAYS: i32 = 365;
/// Past years whose growth is shown.
const YEARS: i16 = 3;

/// Holds a goal against a picture of the company.
///
/// # Errors
/// When the funnel contradicts itself; a history that is too thin is an answer, not an error.
pub fn check(
    context: &Context,
    world: &World,
    goal: Goal,
    goals: &[Goal],
    seed: u64,
) -> Result<Check, Error> {
    let days = context.company.calendar.days(goal.period);
    let deals = counted(&world.deals, goal.counts);
    let look = Look { context, world, goal, days, deals: &deals };
    let course = look.course(seed)?;
    let growth = look.growth(seed)?;
    let attainable = |course: &Course| {
        LEVELS.map(|level| (level, look.money(course.total.quantile(1.0 - level)))).to_vec()
    };
    Ok(Check {
        goal,
        as_of: world.as_of,
        probability: course.as_ref().ok().map(|course| look.probability(course)),
        attainable: course.as_ref().map_or_else(|_| Vec::new(), attainable),
        criteria: vec![
            look.specific(),
            look.measurable(),
            look.attainable(course.as_ref(), growth.as_ref()),
            look.relevant(goals),
            look.time_bound(course.as_ref().ok()),
        ],
        growth,
    })
}

/// What the present course brings in the goal's period, in minor units.
struct Course {
    total: Sample,
    /// The last day on which a new lead still counts; `None` when it has passed.
    last_useful: Option<Date>,
    /// What enters the chain: leads, inquiries, opportunities.
    entries: String,
}

/// What is looked at.
struct Look<'a> {
    context: &'a Context,
    world: &'a World,
    goal: Goal,
    days: Days,
    /// Those that count towards the goal.
    deals: &'a [Deal],
}

impl Look<'_> {
    /// The present course, or why nothing is known of it.
    fn course(&self, seed: u64) -> Result<Result<Course, String>, Error> {
        if self.days.last <= self.world.as_of {
            let booked = won_within(self.deals, self.days);
            let total = Sample::new(vec![booked as f64]);
            return Ok(Ok(Course { total, last_useful: None, entries: String::new() }));
        }
        if self.wins().next().is_none() {
            return Ok(Err(format!("nothing that counts had been won by {}", self.world.as_of)));
        }
        let span = Span { days: self.days, cut: None, seed };
        match Basis::new(self.context, self.world, self.deals, &span, None) {
            Ok(basis) => {
                let booked = basis.booked as f64;
                let amounts = basis.model.present_amounts();
                let total = amounts.sorted().iter().map(|amount| amount + booked).collect();
                let last_useful = basis.model.last_useful_day().map(date_of);
                let entries = plural(&basis.chain.names[0]);
                Ok(Ok(Course { total: Sample::new(total), last_useful, entries }))
            }
            Err(Error::Plan(reason) | Error::Input(reason)) => Ok(Err(reason)),
            Err(other) => Err(other),
        }
    }

    fn probability(&self, course: &Course) -> f64 {
        course.total.share_at_least(self.goal.amount.minor as f64)
    }

    /// Who counts, how much, and when.
    fn specific(&self) -> Criterion {
        let Goal { amount, period, confidence, .. } = self.goal;
        let (first, last) = (self.days.first, self.days.last);
        let what = self.what_counts();
        let nothing = self.deals.is_empty() && !self.world.deals.is_empty();
        let reason = format!(
            "{} of {what} in {period} ({first} to {last}), with {:.0} % confidence{}",
            short(amount),
            confidence * 100.0,
            if nothing { "; but none of the deals that are known is of that kind" } else { "" }
        );
        let verdict = if nothing { Verdict::No } else { Verdict::Yes };
        Criterion { name: "specific", verdict, reason }
    }

    fn what_counts(&self) -> &'static str {
        match self.goal.counts {
            Counts::All => "everything that is won",
            Counts::New => "new business",
            Counts::Expansion => "expansion",
            Counts::Retention => "renewals",
            Counts::Partner => "business from partners",
        }
    }

    /// Whether the data can tell how far one has got.
    fn measurable(&self) -> Criterion {
        let recent = self.wins().filter(|deal| self.is_recent(deal));
        let recent: Vec<&Deal> = recent.collect();
        let wins = if recent.is_empty() { self.wins().collect() } else { recent };
        let complete = |deal: &&&Deal| deal.amount.is_some() && deal.closed_on.is_some();
        let share = wins.iter().filter(complete).count() as f64 / wins.len().max(1) as f64;
        let (mut verdict, mut reason) = match wins.len() {
            0 => (Verdict::Unknown, "no deal that counts had been won".to_owned()),
            count => {
                let verdict = by_share(share, COMPLETE_MIN, ROUGH_MIN);
                let percent = share * 100.0;
                let reason =
                    format!("{percent:.0} % of {count} won deals have an amount and a closing day");
                (verdict, reason)
            }
        };
        if let Some(news) = self.latest_news().filter(|day| self.is_stale(*day)) {
            verdict = verdict.max(Verdict::Partly);
            reason.push_str(&format!("; nothing is known after {news}: import a newer export"));
        }
        let others = self.world.in_other_currency.len();
        if others > 0 {
            verdict = verdict.max(Verdict::Partly);
            reason.push_str(&format!("; {others} deals in other currencies are not counted"));
        }
        Criterion { name: "measurable", verdict, reason }
    }

    /// What the chance of it is on the present course.
    fn attainable(&self, course: Result<&Course, &String>, growth: Option<&Growth>) -> Criterion {
        let course = match course {
            Ok(course) => course,
            Err(reason) => {
                let reason = format!("history cannot tell: {reason}");
                return Criterion { name: "attainable", verdict: Verdict::Unknown, reason };
            }
        };
        let (probability, confidence) = (self.probability(course), self.goal.confidence);
        let sure = self.money(course.total.quantile(1.0 - confidence));
        let verdict = attainability(probability, confidence);
        let mut reason = format!(
            "{:.0} % likely on the present course; {} would be {:.0} % likely",
            probability * 100.0,
            short(sure),
            confidence * 100.0
        );
        if let Some(asked) = growth.and_then(Growth::asked) {
            reason.push_str(&format!("; it asks for {:+.0} % over the year before", asked * 100.0));
        }
        Criterion { name: "attainable", verdict, reason }
    }

    /// How much of the revenue it is about, and whether it fits the other goals.
    fn relevant(&self, goals: &[Goal]) -> Criterion {
        let recent = |deals: &[Deal]| -> i64 {
            let won = deals.iter().filter(|deal| deal.outcome == Outcome::Won);
            let recent = won.filter(|deal| self.is_recent(deal));
            recent.filter_map(|deal| deal.amount).map(|amount| amount.minor).sum()
        };
        let all = recent(&self.world.deals);
        let share = recent(self.deals) as f64 / all.max(1) as f64;
        let (mut verdict, mut reason) = match self.goal.counts {
            Counts::All => (Verdict::Yes, "all revenue counts towards it".to_owned()),
            _ if all == 0 => (Verdict::Unknown, "nothing was won in the last year".to_owned()),
            _ => {
                let of = self.what_counts();
                let percent = share * 100.0;
                let reason = format!("{of} was {percent:.0} % of the last year's revenue");
                (by_share(share, HALF, HARDLY), reason)
            }
        };
        if let Some(parts) = self.sum_of_parts(goals).filter(|sum| *sum != self.goal.amount.minor) {
            verdict = verdict.max(Verdict::Partly);
            let sum = short(Money { minor: parts, ..self.goal.amount });
            reason.push_str(&format!("; the goals of its quarters sum to {sum}"));
        }
        Criterion { name: "relevant", verdict, reason }
    }

    /// What the goals of all quarters of the goal's year come to, where each has one.
    fn sum_of_parts(&self, goals: &[Goal]) -> Option<i64> {
        let Period::Year { .. } = self.goal.period else { return None };
        let quarters = self.context.company.calendar.quarters(self.goal.period);
        let of_quarter = |quarter: &Period| {
            let same = |goal: &&Goal| goal.period == *quarter && goal.counts == self.goal.counts;
            goals.iter().find(same).map(|goal| goal.amount.minor)
        };
        quarters.iter().map(of_quarter).sum()
    }

    /// When it ends, and until when new leads count.
    fn time_bound(&self, course: Option<&Course>) -> Criterion {
        let (last, as_of) = (self.days.last, self.world.as_of);
        let left = day_number(last) - day_number(as_of);
        let (verdict, reason) = match course.map(|course| (course.last_useful, &course.entries)) {
            _ if left <= 0 => (Verdict::No, format!("it ended on {last}")),
            Some((Some(day), entries)) => {
                (Verdict::Yes, format!("{left} days are left; {entries} that come by {day} count"))
            }
            Some((None, entries)) => {
                (Verdict::Partly, format!("{left} days are left, too few for new {entries}"))
            }
            None => (Verdict::Yes, format!("{left} days are left")),
        };
        Criterion { name: "time-bound", verdict, reason }
    }

    /// What the same period brought in earlier years, as far as history holds it.
    fn growth(&self, seed: u64) -> Result<Option<Growth>, Error> {
        let mut past = Vec::new();
        for back in 1..=YEARS + 1 {
            let period = years_back(self.goal.period, back);
            let days = self.context.company.calendar.days(period);
            let begun = self.deals.iter().map(|deal| deal.created_on).min();
            if begun.is_none_or(|begun| begun > days.first) {
                break;
            }
            let is_over = days.last <= self.world.as_of;
            let minor = match is_over {
                true => won_within(self.deals, days),
                false => {
                    let outlook = Outlook::new(self.context, self.world, self.deals)?;
                    outlook.total(days, seed)?.mean().round() as i64
                }
            };
            past.push(Past { period, amount: self.money(minor as f64), is_over });
        }
        past.reverse();
        Ok((!past.is_empty()).then_some(Growth { goal: self.goal.amount, past }))
    }

    fn wins(&self) -> impl Iterator<Item = &Deal> {
        self.deals.iter().filter(|deal| deal.outcome == Outcome::Won)
    }

    fn is_recent(&self, deal: &Deal) -> bool {
        let since = day_number(self.world.as_of) - RECENT_DAYS;
        deal.closed_on.is_some_and(|day| day_number(day) > since)
    }

    /// The last day on which any deal was created or moved.
    fn latest_news(&self) -> Option<Date> {
        let moved = self.world.deals.iter().flat_map(|deal| &deal.stays);
        let created = self.world.deals.iter().map(|deal| deal.created_on);
        moved.map(|stay| stay.entered_on).chain(created).max()
    }

    fn is_stale(&self, news: Date) -> bool {
        day_number(self.world.as_of) - day_number(news) > FRESH_DAYS
    }

    fn money(&self, minor: f64) -> Money {
        Money { minor: minor.round() as i64, currency: self.context.company.currency }
    }
}

fn by_share(share: f64, yes: f64, partly: f64) -> Verdict {
    match share {
        share if share >= yes => Verdict::Yes,
        share if share >= partly => Verdict::Partly,
        _ => Verdict::No,
    }
}

/// The same period so many years earlier.
fn years_back(period: Period, years: i16) -> Period {
    match period {
        Period::Year { year } => Period::Year { year: year - years },
        Period::Quarter { year, quarter } => Period::Quarter { year: year - years, quarter },
        Period::Month { year, month } => Period::Month { year: year - years, month },
    }
}
