//! Retention: what the running subscriptions come to when they end, and how many go on.
//!
//! A subscription that another one of the same account and product follows has gone on. What is
//! sold anew is not in here: that is the forecast's.

use std::collections::BTreeMap;

use domain::history::{Fact, Values, state_at};
use domain::kind::Kind;
use domain::lifecycle::reference;
use domain::money::{Money, decimals};
use domain::period::{Period, month_of};
use domain::time::{date_of, day_number};
use domain::value::Value;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use reports::retention::{Graded, Month, Range, Retention, Segment};
use stats::recurring::{FOLLOW_DAYS, Fitted, Run, Term};
use stats::sample::Sample;
use stats::simulation::Options;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::limits::FUTURES;
use crate::world::World;

/// Months that are forecast.
const MONTHS_AHEAD: i64 = 12;
/// Past days from which forecasts are graded, a quarter apart, and how far each looked.
const GRADED_MAX: i32 = 6;
const GRADED_DAYS: i32 = 91;
const YEAR_DAYS: i32 = 365;
/// Ended subscriptions below which a past day is not asked.
const ENDED_MIN: usize = 5;

/// Futures behind a mean and its spread, and the fewest behind quantiles.
const FUTURES_MIN: usize = 400;
/// Renewals that all futures of a question together may draw: of many subscriptions fewer futures
/// tell as much.
const DRAWS_MAX: usize = 20_000_000;

/// What is running at the end of a day, and what a year will leave of it.
///
/// # Errors
/// When no subscriptions are known, or none of them has ended and no end is agreed.
pub async fn retention(
    context: &Context,
    as_of: Option<Date>,
    known_at: Option<Date>,
    seed: u64,
) -> Result<Retention, Error> {
    let world = World::of_tables(context, context.as_of(as_of, known_at)).await?;
    let base = Base::new(context, &world).await?;
    if base.runs.is_empty() {
        return Err(Error::Input(format!(
            "no subscription is known by {}: import some with --kind subscriptions",
            world.as_of
        )));
    }
    let day = day_number(world.as_of);
    let fitted = Fitted::new(&base.runs, day)?;
    // The first is what is left of the month of the day after.
    let first = world.as_of.saturating_add(1.day()).first_of_month();
    let months: Vec<Period> =
        (0..MONTHS_AHEAD).map(|ahead| month_of(first.saturating_add(ahead.months()))).collect();
    let last_day = |month: &Period| day_number(context.company.calendar.days(*month).last);
    let ends: Vec<i32> = months.iter().map(last_day).collect();
    let options = Options { seed, futures: futures_of(&fitted) };
    let futures = fitted.futures(&ends, options)?;
    let year = fitted.futures(&[day + YEAR_DAYS], options)?;
    let names: BTreeMap<Uuid, String> =
        context.store.names(Kind::Products).await?.into_iter().collect();
    Ok(Retention {
        as_of: world.as_of,
        monthly_amount: base.money(fitted.all().running_rate),
        subscriptions: fitted.all().running,
        segments: base.segments(&fitted, &names),
        months: months
            .into_iter()
            .zip(&futures.periods)
            .map(|(month, period)| Month {
                month,
                ending: base.money(period.ending_rate.mean()),
                kept: base.money(period.kept_rate.mean()),
                monthly_amount: range(&period.rate).map(|rate| base.money(rate)),
                amount: base.money(period.amount.mean()),
            })
            .collect(),
        gross_next_year: range(&year.gross_kept),
        net_next_year: range(&year.net_kept),
        last_year: base.last_year(day),
        graded: base.graded(day, seed),
        left_out: base.left_out,
    })
}

/// What should be left, at the end of a day, of what ran when a picture was taken, and by what
/// share chance alone moves it; `None` where that picture does not tell.
pub(crate) async fn kept(
    context: &Context,
    before: &World,
    until: Date,
    seed: u64,
) -> Result<Option<(Money, f64)>, Error> {
    let base = Base::new(context, before).await?;
    let Ok(fitted) = Fitted::new(&base.runs, day_number(before.as_of)) else { return Ok(None) };
    let options = Options { seed, futures: FUTURES_MIN };
    let Ok(futures) = fitted.futures(&[day_number(until)], options) else { return Ok(None) };
    let share = futures.gross_kept.mean();
    let rate = fitted.all().running_rate * share;
    let deviation = futures.gross_kept.variance().sqrt() / share;
    Ok((rate > 0.0).then(|| (base.money(rate), deviation)))
}

fn futures_of(fitted: &Fitted) -> usize {
    (DRAWS_MAX / fitted.all().running.max(1)).clamp(FUTURES_MIN, FUTURES)
}

/// The subscriptions of a company as runs.
struct Base {
    unit: Money,
    runs: Vec<Run>,
    /// By segment.
    products: Vec<Option<Uuid>>,
    /// Subscriptions without an amount, in another currency, or with dates that contradict.
    left_out: usize,
}

struct Subscription {
    /// Who has it of what; without an account nobody else's follows it.
    holder: (Option<Uuid>, Option<Uuid>, Option<Uuid>),
    term: Term,
}

impl Base {
    async fn new(context: &Context, world: &World) -> Result<Base, Error> {
        let currency = context.company.currency;
        let unit = Money { minor: 10_i64.pow(decimals(currency)), currency };
        let told = |id, facts: Vec<Fact>| Some((id, state_at(&facts, Timestamp::MAX)));
        let told = world.tables.records(Kind::Subscriptions, told).await?.records;
        let mut left_out = 0;
        let mut known = Vec::new();
        for (id, state) in &told {
            if state.get("deleted") == Some(&Some(Value::Boolean(true))) {
                continue;
            }
            match subscription(*id, state, unit) {
                Some(subscription) => known.push(subscription),
                None => left_out += 1,
            }
        }
        known.sort_by_key(|one| (one.term.start_day, one.holder));
        let mut products: Vec<Option<Uuid>> = known.iter().map(|one| one.holder.1).collect();
        products.sort_unstable();
        products.dedup();
        Ok(Base { unit, runs: runs(known, &products), products, left_out })
    }

    /// A rate as an amount, to the minor unit.
    fn money(&self, units: f64) -> Money {
        Money { minor: (units * self.unit.minor as f64).round() as i64, ..self.unit }
    }

    fn segments(&self, fitted: &Fitted, names: &BTreeMap<Uuid, String>) -> Vec<Segment> {
        let name = |product: &Option<Uuid>| match product {
            Some(id) => names.get(id).cloned().unwrap_or_else(|| id.to_string()),
            None => "no product".to_owned(),
        };
        let named = self.products.iter().map(name).chain(["all".to_owned()]);
        named
            .zip(&fitted.segments)
            .map(|(name, counts)| Segment {
                name,
                running: counts.running,
                monthly_amount: self.money(counts.running_rate),
                ended: counts.decided,
                went_on: counts.went_on,
                share: counts.share_that_goes_on().map(|it| (it.share, it.low, it.high)),
            })
            .collect()
    }

    /// Of what ran a year before a day, the shares that are left: gross and net.
    fn last_year(&self, day: i32) -> Option<(f64, f64)> {
        let kept = |run: &Run| {
            let (then, now) = (rate_on(run, day - YEAR_DAYS), rate_on(run, day));
            (then > 0.0).then_some((then, then.min(now), now))
        };
        let kept: Vec<(f64, f64, f64)> = self.runs.iter().filter_map(kept).collect();
        let then: f64 = kept.iter().map(|(then, _, _)| then).sum();
        let sum = |of: fn(&(f64, f64, f64)) -> f64| kept.iter().map(of).sum::<f64>() / then;
        (then > 0.0).then(|| (sum(|kept| kept.1), sum(|kept| kept.2)))
    }

    /// What would have been said on past days of the rate a quarter later, by what was known then.
    fn graded(&self, day: i32, seed: u64) -> Vec<Graded> {
        let origins = (1..=GRADED_MAX).rev().map(|quarters| day - quarters * GRADED_DAYS);
        origins.filter_map(|origin| self.grade(origin, seed)).collect()
    }

    fn grade(&self, origin: i32, seed: u64) -> Option<Graded> {
        let known: Vec<Run> = self.runs.iter().filter_map(|run| known_by(run, origin)).collect();
        let fitted = Fitted::new(&known, origin).ok()?;
        let enough = fitted.all().decided >= ENDED_MIN;
        let until = origin + GRADED_DAYS;
        let options = Options { seed, futures: futures_of(&fitted) };
        let futures = fitted.futures(&[until], options).ok().filter(|_| enough)?;
        let ran = self.runs.iter().filter(|run| rate_on(run, origin) > 0.0);
        let came: f64 = ran.map(|run| rate_on(run, until)).sum();
        Some(Graded {
            as_of: date_of(origin),
            until: date_of(until),
            said: range(&futures.periods.first()?.rate).map(|rate| self.money(rate)),
            came: self.money(came),
        })
    }
}

fn subscription(id: Uuid, state: &Values, unit: Money) -> Option<Subscription> {
    let date = |field: &str| match state.get(field)?.as_ref()? {
        Value::Date(date) => Some(day_number(*date)),
        _ => None,
    };
    let amount = state.get("monthly_amount")?.as_ref()?.as_money()?;
    let (start_day, end_day) = (date("started_on")?, date("ended_on"));
    let fits = amount.currency == unit.currency
        && amount.minor > 0
        && end_day.is_none_or(|end| end > start_day);
    let account = reference(state, "account");
    fits.then(|| Subscription {
        holder: (account, reference(state, "product"), account.is_none().then_some(id)),
        term: Term { start_day, end_day, rate: amount.minor as f64 / unit.minor as f64 },
    })
}

/// Subscriptions in the order of their start, each put behind the one that it follows.
fn runs(known: Vec<Subscription>, products: &[Option<Uuid>]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut of_holder: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for Subscription { holder, term } in known {
        let held = of_holder.entry(holder).or_default();
        let follows = |place: &&usize| {
            let end = runs[**place].terms.last().and_then(|last| last.end_day);
            end.is_some_and(|end| (0..=FOLLOW_DAYS).contains(&(term.start_day - end)))
        };
        match held.iter().find(follows).copied() {
            Some(place) => runs[place].terms.push(term),
            None => {
                held.push(runs.len());
                let segment = products.binary_search(&holder.1).unwrap_or(0);
                runs.push(Run { segment, terms: vec![term] });
            }
        }
    }
    runs
}

fn known_by(run: &Run, day: i32) -> Option<Run> {
    let terms: Vec<Term> = run.terms.iter().filter_map(|term| term.known_by(day, false)).collect();
    (!terms.is_empty()).then_some(Run { segment: run.segment, terms })
}

fn rate_on(run: &Run, day: i32) -> f64 {
    let runs = |term: &&Term| term.start_day <= day && term.end_day.is_none_or(|end| day < end);
    run.terms.iter().find(runs).map_or(0.0, |term| term.rate)
}

fn range(sample: &Sample) -> Range<f64> {
    Range { p10: sample.quantile(0.1), p50: sample.quantile(0.5), p90: sample.quantile(0.9) }
}
