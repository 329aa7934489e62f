//! What came in, what became of it, and what waits.

use std::collections::BTreeMap;

use lake::buffer::segments;
use reports::tracking::{Outcome, Refused, Tracked};
use store::tracking::{Counted, Quarantined};

use super::FOLDER;
use crate::context::Context;
use crate::error::Error;
use crate::limits::{QUARANTINE_SHOWN_MAX, TRACKED_DAYS_SHOWN};

/// What tracking has brought so far.
///
/// # Errors
/// When the store, the lake or the buffer cannot be read.
pub async fn status(context: &Context) -> Result<Tracked, Error> {
    let folder = context.path(FOLDER);
    let mut waiting_bytes = 0;
    for id in segments(&folder)? {
        // A segment may be sealed and gone by now.
        let file = std::fs::metadata(folder.join(lake::buffer::file_name(id)));
        waiting_bytes += file.map_or(0, |file| file.len());
    }
    let counted = context.store.tracked_events().await?;
    let quarantined = context.store.quarantined(QUARANTINE_SHOWN_MAX).await?;
    Ok(Tracked {
        zone: context.company.timezone.clone(),
        touches: context.lake.tracked_touches().await?,
        waiting_bytes,
        outcomes: outcomes(&counted),
        days: days(&counted),
        quarantined: quarantined.into_iter().map(refused).collect(),
    })
}

/// The events of all days by what became of them.
fn outcomes(counted: &[Counted]) -> Vec<Outcome> {
    let mut all: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for Counted { outcome, detail, events, .. } in counted {
        *all.entry((outcome, detail)).or_default() += events.unsigned_abs();
    }
    let outcome = |((outcome, detail), events): ((&str, &str), u64)| Outcome {
        outcome: outcome.to_owned(),
        detail: detail.to_owned(),
        events,
    };
    all.into_iter().map(outcome).collect()
}

/// The last days on which events came, with their touches and the rest.
fn days(counted: &[Counted]) -> Vec<(String, BTreeMap<String, u64>)> {
    let mut days: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    for Counted { day, outcome, events, .. } in counted {
        let of_day = days.entry(day).or_default();
        *of_day.entry(outcome.clone()).or_default() += events.unsigned_abs();
    }
    let first = days.len().saturating_sub(TRACKED_DAYS_SHOWN);
    days.into_iter().skip(first).map(|(day, counts)| (day.to_owned(), counts)).collect()
}

fn refused(refused: Quarantined) -> Refused {
    let Quarantined { received_at, code, why, event } = refused;
    Refused { received_at, code, why, event }
}
