//! The pipeline on any day, and how it got from one day to another.

use domain::period::{Days, Period};
use jiff::civil::Date;
use reports::pipeline::{Flow, Pipeline, Waterfall};

use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// The open deals at the end of a day, as known at the end of another.
pub async fn pipeline(
    context: &Context,
    as_of: Option<Date>,
    known_at: Option<Date>,
) -> Result<Pipeline, Error> {
    let world = World::of_deals(context, context.as_of(as_of, known_at)).await?;
    let currency = context.company.currency;
    Ok(reports::pipeline::pipeline(world.as_of, &world.deals, &world.deal_stages, currency))
}

/// From the pipeline at the end of one day to that at the end of a later one, with the deals behind
/// a step if that is asked for.
///
/// # Errors
/// When the days are not in order.
pub async fn waterfall(
    context: &Context,
    from: Date,
    to: Date,
    closing: Option<Period>,
    step: Option<Flow>,
) -> Result<Waterfall, Error> {
    if to <= from {
        return Err(Error::Input(format!("{to} is not after {from}: give the earlier day first")));
    }
    let before = World::of_deals(context, context.as_of(Some(from), None)).await?;
    let after = World::of_deals(context, context.as_of(Some(to), None)).await?;
    let closing: Option<Days> = closing.map(|period| context.company.calendar.days(period));
    let currency = context.company.currency;
    let (before, after) = ((from, before.deals.as_slice()), (to, after.deals.as_slice()));
    Ok(reports::pipeline::waterfall(before, after, closing, currency, step))
}
