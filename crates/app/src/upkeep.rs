//! Upkeep: what a company's facts need from time to time, whoever comes to it first.
//!
//! Entries are chained and sealed, and so are tracked events that nobody holds; small files of the
//! lake become one, and files that nobody reads any more are deleted. One process at a time does
//! it; who dies on the way leaves nothing undone or done twice, since each step is a transaction of
//! its own.

use reports::upkeep::Upkeep;

use crate::context::Context;
use crate::error::Error;
use crate::limits::{ENTRIES_WAITING_MAX, REMOVED_FILES_KEPT};
use crate::sealing::{Sealed, seal};
use crate::tracking;

const ROLE: &str = "upkeep";

/// Does all that is due; says so when another process is at it.
///
/// # Errors
/// When the store or the lake cannot be read or written.
pub async fn tend(context: &Context) -> Result<Upkeep, Error> {
    let holder = context.new_id().to_string();
    if !context.store.lease(ROLE, &holder, context.now).await? {
        return Ok(Upkeep { by_another: true, ..Upkeep::default() });
    }
    let done = tended(context).await;
    context.store.release(ROLE, &holder).await?;
    done
}

async fn tended(context: &Context) -> Result<Upkeep, Error> {
    let Sealed { entries_chained, facts_sealed } = seal(context).await?;
    let touches_sealed = tracking::seal(context).await?.touches;
    let mut files_merged = 0;
    loop {
        match context.lake.merge_small_files().await? {
            0 => break,
            merged => files_merged += merged,
        }
    }
    let before = context.now - REMOVED_FILES_KEPT;
    let files_deleted = context.lake.delete_files_removed_before(before).await?;
    Ok(Upkeep {
        by_another: false,
        entries_chained,
        facts_sealed,
        touches_sealed,
        files_merged,
        files_deleted,
    })
}

/// Chains what waits for it, and says whether so much waits for the lake that it is sealed now and
/// not at the next turn.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn chain(context: &Context) -> Result<bool, Error> {
    if context.store.unchained().await? > 0 {
        context.store.chain(&context.new_id().to_string(), context.now).await?;
    }
    let waiting: u64 = context.store.batches().await?.iter().map(|batch| batch.entries).sum();
    Ok(waiting > ENTRIES_WAITING_MAX)
}
