//! The channels that led to each conversion, whatever models make of them.

use std::collections::HashMap;

use lake::journeys::TouchKey;
use reports::attribution::{By, Conversions, NONE};
use uuid::Uuid;

use super::ending::Endings;
use super::key::Keys;
use super::{DAY_MICROS, LOOKBACK_DAYS};
use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// For each record that converted, the channels of the touches before it as far as they count, in
/// the order of their first touch. Records that no touch led to are not there.
///
/// # Errors
/// When the lake cannot be read.
pub(crate) async fn channels(
    context: &Context,
    world: &World,
    conversion: Conversions,
) -> Result<HashMap<Uuid, Vec<String>>, Error> {
    let endings = Endings::of(context, world, conversion).await?;
    let journeys = world.tables.journeys(TouchKey::Channel, &endings.converters()).await?;
    let keys = Keys::new(context, world, By::Channel, &journeys.names).await?;
    let lookback = i64::from(LOOKBACK_DAYS) * DAY_MICROS;
    let take = |found: &mut Vec<(Uuid, Vec<u32>)>, places: &[u32], touches: &[_]| {
        let touches: &[lake::journeys::Touch] = touches;
        for place in places {
            let ending = &endings.all[*place as usize];
            let first = touches.partition_point(|it| it.at < ending.at.saturating_sub(lookback));
            let end = touches.partition_point(|it| it.at <= ending.at);
            let mut channels: Vec<u32> = Vec::new();
            for touch in touches.get(first..end).unwrap_or_default() {
                let key = keys.of_touch[touch.key as usize];
                if !channels.contains(&key) && keys.names[key as usize] != NONE {
                    channels.push(key);
                }
            }
            if !channels.is_empty() {
                found.push((ending.record, channels));
            }
        }
    };
    let found = journeys.each(Vec::new, take).await?;
    let named = |(record, channels): (Uuid, Vec<u32>)| {
        let names = channels.into_iter().map(|key| keys.names[key as usize].clone());
        (record, names.collect())
    };
    Ok(found.into_iter().flatten().map(named).collect())
}
