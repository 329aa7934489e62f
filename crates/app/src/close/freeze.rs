//! The figures of a period at an as-of pair.

use domain::access::Scope;
use domain::call::{Manner, Whose};
use domain::deal::Deal;
use domain::goal::Goal;
use domain::period::{Days, Period};
use domain::period_close::{Figure, Frozen, Section, Unit};
use domain::stage::Outcome;
use domain::time::{AsOf, day_of, end_of_day};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use lake::metric::{Cell, MetricQuery, catalogue};
use reports::attribution::{By, Conversions, Said, model_name};
use reports::forecast::QUANTILES;

use crate::agreement::in_force_at;
use crate::attribution::{self, Question};
use crate::context::Context;
use crate::error::Error;
use crate::forecast;
use crate::handoff::keeping;
use crate::model::{counted, won_within};
use crate::scoreboard;
use crate::world::World;

/// The seed of the futures behind forecasts, as everywhere else where none is named.
pub const SEED: u64 = 1;
/// To whom conversions without a touch are credited.
const UNTOUCHED: &str = "(no touch before it)";
/// Days from one forecast of a quarter or a month to the next.
const STEP_DAYS: i32 = 7;

/// Takes the figures of a period as they were true by its end and known at an instant.
pub async fn freeze(
    context: &Context,
    period: Period,
    known_at: Timestamp,
) -> Result<Frozen, Error> {
    taken(context, period, known_at, true).await
}

/// As [`freeze`], without forecasts: what was said is not said again.
pub async fn without_forecasts(
    context: &Context,
    period: Period,
    known_at: Timestamp,
) -> Result<Frozen, Error> {
    taken(context, period, known_at, false).await
}

async fn taken(
    context: &Context,
    period: Period,
    known_at: Timestamp,
    has_forecasts: bool,
) -> Result<Frozen, Error> {
    // Everything that asks for what is known now, asks from that instant.
    let then = context.renewed(&context.actor, known_at, Scope::All);
    let days = then.company.calendar.days(period);
    let as_of = AsOf { effective_at: end_of_day(days.last, &then.company.timezone), known_at };
    let world = World::at(&then, as_of).await?;
    let freezing = Freezing { context: &then, world: &world, period, days, as_of };
    let mut figures = freezing.pipeline();
    figures.extend(freezing.won());
    figures.extend(freezing.metrics().await?);
    figures.extend(freezing.credits(By::Channel).await?);
    figures.extend(freezing.credits(By::Campaign).await?);
    figures.extend(freezing.agreement().await?);
    if has_forecasts {
        figures.extend(freezing.forecasts().await?);
    }
    figures.extend(freezing.calls().await?);
    figures.extend(freezing.goals().await?);
    figures.extend(freezing.plans().await?);
    world.let_go();
    Ok(Frozen { period, as_of, currency: then.company.currency, figures })
}

struct Freezing<'a> {
    /// The company at the moment of closing.
    context: &'a Context,
    world: &'a World,
    period: Period,
    days: Days,
    as_of: AsOf,
}

fn money(minor: i64) -> (Unit, Option<i64>) {
    (Unit::Money, Some(minor))
}

fn count(number: usize) -> (Unit, Option<i64>) {
    (Unit::Count, i64::try_from(number).ok())
}

fn share(share: Option<f64>) -> (Unit, Option<i64>) {
    (Unit::Share, share.map(|share| Unit::Share.kept(share)))
}

fn number(number: f64) -> (Unit, Option<i64>) {
    (Unit::Number, Some(Unit::Number.kept(number)))
}

impl Freezing<'_> {
    fn pipeline(&self) -> Vec<Figure> {
        let World { as_of, deals, deal_stages, .. } = self.world;
        let currency = self.context.company.currency;
        let found = reports::pipeline::pipeline(*as_of, deals, deal_stages, currency);
        let whole = ("all".to_owned(), found.deals, found.amount);
        let stages = found.by_stage.into_iter().map(|it| (it.stage, it.deals, it.amount));
        let figure =
            |part: &str, name: &str, value| Figure::new(Section::Pipeline, name, part, value);
        let stages = stages.chain(std::iter::once(whole)).flat_map(|(stage, deals, amount)| {
            [figure("deals", &stage, count(deals)), figure("amount", &stage, money(amount.minor))]
        });
        let open = deals.iter().filter(|deal| deal.is_open());
        let amount = |deal: &Deal| deal.estimated_amount.or(deal.amount).map(|it| it.minor);
        stages.chain(each(Section::OpenDeal, open, amount)).collect()
    }

    fn won(&self) -> Vec<Figure> {
        let is_won = |deal: &&Deal| {
            deal.outcome == Outcome::Won
                && !deal.contradictory
                && deal.closed_on.is_some_and(|day| self.days.contains(day))
        };
        let won = self.world.deals.iter().filter(is_won);
        each(Section::Won, won, |deal| deal.amount.map(|it| it.minor)).collect()
    }

    async fn metrics(&self) -> Result<Vec<Figure>, Error> {
        let goals = self.known_goals().await?;
        let own = goals.iter().find(|goal| goal.period == self.period);
        let mut figures = Vec::new();
        for metric in catalogue()? {
            let query = MetricQuery {
                from: self.days.first,
                to: self.days.last,
                by: None,
                target_minor: own.map(|goal| goal.amount.minor),
            };
            let table = self.world.tables.metric(&metric.name, query).await?;
            let unit = match table.unit {
                lake::metric::Unit::Count => Unit::Number,
                lake::metric::Unit::Money => Unit::Money,
                lake::metric::Unit::Ratio => Unit::Share,
                lake::metric::Unit::Days => Unit::Days,
            };
            let value = match table.rows.first().and_then(|row| row.get(1)) {
                Some(Cell::Integer(number)) => Some(unit.kept(*number as f64)),
                Some(Cell::Number(number)) => Some(unit.kept(*number)),
                _ => None,
            };
            figures.push(Figure::new(Section::Metric, &metric.name, "value", (unit, value)));
        }
        Ok(figures)
    }

    /// What each model credits to each key, of the conversions of the period.
    async fn credits(&self, by: By) -> Result<Vec<Figure>, Error> {
        let question = Question {
            conversion: Some(Conversions::Wins),
            by,
            from: Some(self.days.first),
            to: Some(self.days.last),
            as_of: Some(self.days.last),
            seed: SEED,
            ..Question::default()
        };
        let found = match attribution::attribution(self.context, &question, &|| 0.0).await {
            Ok(found) => found,
            // Nothing was ever won, so nobody has credit.
            Err(Error::Input(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let (conversions, value) = match by {
            By::Campaign => (Section::CampaignConversions, Section::CampaignValue),
            _ => (Section::ChannelConversions, Section::ChannelValue),
        };
        let mut figures = Vec::new();
        for (place, key) in found.keys.iter().enumerate() {
            for part in &found.parts {
                let Said::Credits(credits) = &part.said else { continue };
                let Some(credit) = credits.get(place) else { continue };
                if credit.conversions == 0.0 && credit.value.minor == 0 {
                    continue;
                }
                let model = model_name(part.model);
                let of = |section, value| Figure::new(section, &key.name, model, value);
                figures.push(of(conversions, number(credit.conversions)));
                figures.push(of(value, money(credit.value.minor)));
            }
        }
        // What no touch came before is nobody's, whatever the model: with it the ledger is whole.
        for part in found.parts.iter().filter(|part| matches!(part.said, Said::Credits(_))) {
            let of =
                |section, value| Figure::new(section, UNTOUCHED, model_name(part.model), value);
            figures.push(of(conversions, number(found.untouched.conversions as f64)));
            figures.push(of(value, money(found.untouched.value.minor)));
        }
        // By section, and as they came: those of one key stand together.
        figures.sort_by_key(|figure| figure.section);
        Ok(figures)
    }

    async fn agreement(&self) -> Result<Vec<Figure>, Error> {
        let end = self.as_of.effective_at;
        let Some(agreed) = in_force_at(self.context, end).await? else { return Ok(Vec::new()) };
        let handoffs = self.context.store.handoffs_at(end).await?;
        let days = (self.days.first, self.days.last);
        let kept = keeping::kept(&handoffs, &agreed.terms, days, end);
        let (accepted, contacted, volume) = kept.totals();
        let sum = |part: fn(&reports::handoff::keeping::Week) -> usize| {
            count(kept.weeks.iter().map(part).sum())
        };
        let promised: f64 = kept.weeks.iter().map(|week| week.promised).sum();
        let version = (Unit::Count, i64::try_from(agreed.number).ok());
        let figure =
            |name: &str, part: &str, value| Figure::new(Section::Agreement, name, part, value);
        Ok(vec![
            figure("agreement", "version", version),
            figure("marketing", "qualified", sum(|week| week.qualified)),
            figure("marketing", "promised", number(promised)),
            figure("marketing", "kept", share(volume)),
            figure("sales accepts", "in_time", count(accepted.in_time)),
            figure("sales accepts", "late", count(accepted.late)),
            figure("sales accepts", "running", count(accepted.running)),
            figure("sales accepts", "kept", share(accepted.share())),
            figure("sales calls", "in_time", count(contacted.in_time)),
            figure("sales calls", "late", count(contacted.late)),
            figure("sales calls", "running", count(contacted.running)),
            figure("sales calls", "kept", share(contacted.share())),
            figure("batons", "dropped", sum(|week| week.dropped)),
        ])
    }

    /// What was forecast from the eve on, and what came.
    async fn forecasts(&self) -> Result<Vec<Figure>, Error> {
        let came = money(won_within(&self.world.deals, self.days));
        let mut figures = Vec::new();
        for day in self.forecast_days() {
            let said = forecast::forecast(self.context, self.period, Some(day), None, SEED).await;
            let Some(said) = scoreboard::told(said.map(Some))? else { continue };
            let name = day.to_string();
            let figure = |part: &str, value| Figure::new(Section::Forecast, &name, part, value);
            figures.push(figure("booked", money(said.booked.minor)));
            for ((part, _), amount) in QUANTILES.iter().zip(said.quantiles) {
                if ["p10", "p50", "p90"].contains(part) {
                    figures.push(figure(part, money(amount.minor)));
                }
            }
            figures.push(figure("came", came));
        }
        Ok(figures)
    }

    /// The eve of the period, then month ends of a year, and weeks of anything shorter.
    fn forecast_days(&self) -> Vec<Date> {
        let eve = self.days.first.saturating_sub(1.day());
        let next = |day: &Date| match self.period {
            Period::Year { .. } => Some(day.saturating_add(1.day()).last_of_month()),
            _ => Some(day.saturating_add(STEP_DAYS.days())),
        };
        let all = std::iter::successors(Some(eve), next);
        all.take_while(|day| *day < self.days.last).collect()
    }

    /// What people called for the whole while the period ran.
    async fn calls(&self) -> Result<Vec<Figure>, Error> {
        let zone = &self.context.company.timezone;
        let mut calls = self.context.store.calls().await?;
        calls.retain(|said| {
            said.call.period == self.period
                && said.call.whose == Whose::Whole
                && said.recorded_at <= self.as_of.known_at
                && day_of(said.recorded_at, zone) <= self.days.last
        });
        let came = won_within(&self.world.deals, self.days);
        let mut figures = Vec::new();
        for (manner, name) in [(Manner::Submission, "submitted"), (Manner::Override, "override")] {
            let Some(last) = calls.iter().rfind(|said| said.call.manner == manner) else {
                continue;
            };
            let figure = |part: &str, minor| Figure::new(Section::Call, name, part, money(minor));
            figures.push(figure("commit", last.call.commit.minor));
            figures.push(figure("best_case", last.call.best_case.minor));
            figures.push(figure("came", came));
        }
        Ok(figures)
    }

    /// Goals as they were known, of the period itself or around it.
    async fn known_goals(&self) -> Result<Vec<Goal>, Error> {
        let calendar = self.context.company.calendar;
        let mut known = Vec::new();
        for goal in self.context.store.goals().await? {
            let versions = self.context.store.goal_versions(goal.period).await?;
            let last = versions.iter().rfind(|it| it.recorded_at <= self.as_of.known_at);
            let around =
                |days: Days| days.contains(self.days.first) && days.contains(self.days.last);
            known.extend(last.map(|it| it.goal).filter(|goal| around(calendar.days(goal.period))));
        }
        Ok(known)
    }

    async fn goals(&self) -> Result<Vec<Figure>, Error> {
        let eve = self.days.first.saturating_sub(1.day());
        let before = World::of_deals(self.context, self.context.as_of(Some(eve), None)).await?;
        let mut figures = Vec::new();
        for goal in self.known_goals().await? {
            let days = self.context.company.calendar.days(goal.period);
            let deals = counted(&self.world.deals, goal.counts);
            let booked = won_within(&deals, Days { last: self.days.last, ..days });
            let at_eve = scoreboard::told(scoreboard::probability(self.context, &before, goal))?;
            let at_end = match days.last <= self.days.last {
                true => Some(if booked >= goal.amount.minor { 1.0 } else { 0.0 }),
                false => scoreboard::told(scoreboard::probability(self.context, self.world, goal))?,
            };
            let name = goal.period.to_string();
            let figure = |part: &str, value| Figure::new(Section::Goal, &name, part, value);
            figures.extend([
                figure("amount", money(goal.amount.minor)),
                figure("booked_by_end", money(booked)),
                figure("booked_in_period", money(won_within(&deals, self.days))),
                figure("probability_at_eve", share(at_eve)),
                figure("probability_at_end", share(at_end)),
            ]);
        }
        before.let_go();
        Ok(figures)
    }

    /// Saved plans, each with what it expected of the months of the period, and what came.
    async fn plans(&self) -> Result<Vec<Figure>, Error> {
        let calendar = self.context.company.calendar;
        let months = calendar.months(self.period);
        let mut figures = Vec::new();
        for saved in self.context.store.plan_versions().await? {
            let plan = &saved.version;
            let days = calendar.days(plan.goal.period);
            let is_around = days.contains(self.days.first) && days.contains(self.days.last);
            if saved.recorded_at > self.as_of.known_at || !is_around {
                continue;
            }
            let deals = counted(&self.world.deals, plan.goal.counts);
            let within = plan.expected.iter().filter(|month| months.contains(&month.month));
            let expected: i64 = within.map(|month| month.revenue_minor).sum();
            let name = plan.name.as_str();
            let figure = |part: &str, value| Figure::new(Section::Plan, name, part, value);
            figures.extend([
                figure("goal", money(plan.goal.amount.minor)),
                figure("probability_then", share(plan.probability)),
                figure("expected", money(expected)),
                figure("came", money(won_within(&deals, self.days))),
            ]);
        }
        Ok(figures)
    }
}

/// A figure for each deal by its source's id; those of one id are numbered.
fn each<'a>(
    section: Section,
    deals: impl Iterator<Item = &'a Deal>,
    amount: impl Fn(&Deal) -> Option<i64>,
) -> impl Iterator<Item = Figure> {
    let mut seen = std::collections::HashMap::new();
    deals.map(move |deal| {
        let times = seen.entry(deal.external_id.clone()).or_insert(0_usize);
        *times += 1;
        let part = if *times == 1 { "amount".to_owned() } else { format!("amount {times}") };
        Figure::new(section, &deal.external_id, part, (Unit::Money, amount(deal)))
    })
}
