//! How far both sides run for the same number, by the metrics of the catalogue.

use domain::period::{Days, Period};
use jiff::ToSpan;
use jiff::civil::Date;
use reports::document::Cell;
use reports::handoff::alignment::{Alignment, Quarter};

use crate::context::Context;
use crate::error::Error;
use crate::limits::ALIGNED_QUARTERS;
use crate::metrics;
use crate::scoreboard;
use crate::world::World;

/// The last quarters up to a day, and how the legs stand on it.
///
/// # Errors
/// When the company cannot be read.
pub async fn alignment(
    context: &Context,
    as_of: Option<Date>,
    known_at: Option<Date>,
) -> Result<Alignment, Error> {
    let world = World::of_tables(context, context.as_of(as_of, known_at)).await?;
    let calendar = context.company.calendar;
    let mut quarters = Vec::new();
    let mut day = world.as_of;
    for _ in 0..ALIGNED_QUARTERS {
        let period = calendar.quarter_of(day);
        let days = calendar.days(period);
        let last = days.last.min(world.as_of);
        quarters.insert(0, quarter(context, &world, (period, Days { last, ..days })).await?);
        day = days.first.saturating_sub(1.day());
    }
    let first = quarters.iter().position(Quarter::is_known).unwrap_or(quarters.len());
    quarters.drain(..first);
    let board = scoreboard::scoreboard(context, as_of, known_at).await?;
    let judged = || board.legs.iter().filter_map(|leg| leg.is_green());
    Ok(Alignment {
        as_of: world.as_of,
        quarters,
        legs_judged: judged().count(),
        legs_green: judged().filter(|is_green| *is_green).count(),
        goal: board.goal,
        goal_probability: board.probability,
    })
}

async fn quarter(
    context: &Context,
    world: &World,
    (period, days): (Period, Days),
) -> Result<Quarter, Error> {
    let row = metrics::row(context, world, "alignment", days).await?;
    let part = |place: usize| row.get(place).and_then(share);
    let total = async |name| metrics::total(context, world, name, days).await;
    let amount = |cell: &Cell| match cell {
        Cell::Money(money) => money.minor as f64,
        _ => 0.0,
    };
    let renewed = amount(&total("renewed_monthly_amount").await?);
    let ended = renewed + amount(&total("churned_monthly_amount").await?);
    Ok(Quarter {
        period,
        alignment: part(1),
        marketing: part(2),
        sales: part(3),
        acceptance_rate: share(&total("acceptance_rate").await?),
        win_rate: share(&total("win_rate").await?),
        retained: (ended > 0.0).then(|| renewed / ended),
    })
}

fn share(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Share(share) | Cell::Number(share) => Some(*share),
        _ => None,
    }
}
