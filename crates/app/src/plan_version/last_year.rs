//! What came in a past period, by the stages of a plan, month by month.

use domain::deal::Deal;
use domain::lifecycle::Lifecycle;
use domain::money::Money;
use domain::period::{Days, Period};
use domain::stage::Outcome;
use lake::metric::{Cell, Dimension, MetricQuery};
use reports::plan::Row;
use reports::plan_version::comparison::Other;
use reports::plan_version::{Planned, need};

use crate::context::Context;
use crate::error::Error;
use crate::model::{counted, won_within};
use crate::plan::chain::OPPORTUNITY;
use crate::world::{Wanted, World};

/// Where the number of those who came to a stage is told.
#[derive(Clone, Copy)]
enum Source {
    Wins,
    Opportunities,
    /// A metric of leads.
    Metric(&'static str),
}

/// What came in a period of a plan's stages, as it is known now. Deals are those that count towards
/// the plan's goal.
pub async fn came(context: &Context, plan: &Planned, period: Period) -> Result<Other, Error> {
    let calendar = context.company.calendar;
    let wanted = Wanted { deals: true, leads: false, estimates: false };
    let world = World::of(context, context.as_of(None, None), wanted).await?;
    let deals = counted(&world.deals, plan.goal.counts);
    let days = calendar.days(period);
    let months: Vec<(Period, Days)> =
        calendar.months(period).into_iter().map(|month| (month, calendar.days(month))).collect();
    let currency = context.company.currency;
    let mut rows: Vec<(Period, Row)> = Vec::new();
    for (month, days) in &months {
        let revenue = Money { minor: won_within(&deals, *days), currency };
        rows.push((*month, Row { revenue, counts: Vec::new() }));
    }
    let mut stages = Vec::new();
    for (index, name) in plan.stages.iter().enumerate() {
        let Some(source) = source(&plan.stages, index) else { continue };
        stages.push(name.clone());
        let counts = match source {
            Source::Metric(metric) => by_month(&world, metric, days, &months).await?,
            Source::Wins => months.iter().map(|(_, days)| wins(&deals, *days)).collect(),
            Source::Opportunities => {
                months.iter().map(|(_, days)| opportunities(&deals, *days)).collect()
            }
        };
        for ((_, row), count) in rows.iter_mut().zip(counts) {
            row.counts.push(count as f64);
        }
    }
    let until = (days.last > world.as_of).then_some(world.as_of);
    drop(deals);
    world.let_go();
    let quarter_of = |month| calendar.quarter_of(calendar.days(month).first);
    Ok(Other::Came { need: need(stages.len(), currency, rows, quarter_of), stages, until })
}

/// `None` of a stage that no metric counts.
fn source(stages: &[String], index: usize) -> Option<Source> {
    let name = stages.get(index)?;
    if index + 1 == stages.len() {
        return Some(Source::Wins);
    }
    if name == OPPORTUNITY {
        return Some(Source::Opportunities);
    }
    if index == 0 {
        return Some(Source::Metric("leads"));
    }
    Lifecycle::of_stage(name).map(|lifecycle| {
        Source::Metric(match lifecycle {
            Lifecycle::Mql => "mqls",
            Lifecycle::Sal => "hand_offs_accepted",
            Lifecycle::Sql => "sqls",
        })
    })
}

fn wins(deals: &[Deal], days: Days) -> usize {
    let sound = deals.iter().filter(|deal| deal.outcome == Outcome::Won && !deal.contradictory);
    sound.filter(|deal| deal.closed_on.is_some_and(|day| days.contains(day))).count()
}

fn opportunities(deals: &[Deal], days: Days) -> usize {
    let sound = deals.iter().filter(|deal| !deal.contradictory);
    sound.filter(|deal| days.contains(deal.created_on)).count()
}

/// A metric's count in each month.
async fn by_month(
    world: &World,
    metric: &str,
    days: Days,
    months: &[(Period, Days)],
) -> Result<Vec<usize>, Error> {
    let by = Some(Dimension::Month);
    let query = MetricQuery { from: days.first, to: days.last, by, target_minor: None };
    let table = world.tables.metric(metric, query).await?;
    let count = |month: &(Period, Days)| {
        let name = Cell::Text(month.0.to_string());
        let row = table.rows.iter().find(|row| row.first() == Some(&name));
        match row.and_then(|row| row.get(1)) {
            Some(Cell::Integer(count)) => usize::try_from(*count).unwrap_or(0),
            _ => 0,
        }
    };
    Ok(months.iter().map(count).collect())
}
