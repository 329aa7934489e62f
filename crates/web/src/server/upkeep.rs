//! Upkeep while the server runs: the clocks of hand-offs are looked at and edits are chained within
//! a minute, and sealed within an hour; what sites send is sealed within seconds.

use std::sync::Arc;
use std::time::Duration;

use app::context::Context;
use app::handoff::tick;
use app::tracking::any_wait;
use app::upkeep;
use app::webhook;
use domain::access::Scope;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::fault::{self, Fault};
use super::shared::Shared;
use super::tracking;

/// How often edits are chained.
const CHAINED_EVERY: Duration = Duration::from_secs(60);
/// Every how many times everything else is done as well.
const TENDED_EVERY: u64 = 60;
/// How often tracked events are sealed.
const EVENTS_SEALED_EVERY: Duration = Duration::from_secs(10);
/// Who signs it where a name is asked for.
const ACTOR: &str = "upkeep";

/// Keeps the company's facts in order until it is told to end.
pub(super) fn start(shared: &Arc<Shared>) -> AbortHandle {
    let shared = shared.clone();
    let work = async move {
        let mut turns = interval(CHAINED_EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first turn comes at once, when the pages that everybody asks for are being made.
        turns.tick().await;
        for turn in 1.. {
            turns.tick().await;
            if let Err(fault) = take(&shared, turn % TENDED_EVERY == 0).await {
                fault::log_put_off(ACTOR, &fault);
            }
        }
    };
    tokio::spawn(work).abort_handle()
}

/// Seals what sites have sent, and what an earlier process has left, until it is told to end.
pub(super) fn start_sealing(shared: &Arc<Shared>) -> AbortHandle {
    let shared = shared.clone();
    let work = async move {
        let mut turns = interval(EVENTS_SEALED_EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        turns.tick().await;
        loop {
            turns.tick().await;
            if let Err(fault) = seal(&shared).await {
                fault::log_put_off(tracking::ACTOR, &fault);
            }
        }
    };
    tokio::spawn(work).abort_handle()
}

async fn seal(shared: &Arc<Shared>) -> Result<(), Fault> {
    if !shared.is_tracking() && !any_wait(&shared.company().folder)? {
        return Ok(());
    }
    let own = shared.clone();
    let verb = async move |context: &Context| {
        own.tracking().await?.seal(context).await?;
        Ok(())
    };
    shared.run(shared.context(tracking::ACTOR, Scope::All), verb).await
}

async fn take(shared: &Shared, is_whole: bool) -> Result<(), Fault> {
    let verb = async move |context: &Context| {
        tick::tick(context).await?;
        if upkeep::chain(context).await? || is_whole {
            upkeep::tend(context).await?;
            webhook::forget(context).await?;
        }
        Ok(())
    };
    shared.run(shared.context(ACTOR, Scope::All), verb).await
}
