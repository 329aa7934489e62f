//! What all requests share: the company, what was answered before, and the policies.

use std::net::SocketAddr;
use std::sync::Arc;

use app::context::Context;
use app::error::Error;
use app::tracking::Tracking;
use domain::access::Scope;
use domain::time::day_of;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, Semaphore};

use super::ServeError;
use super::answers::{Answers, Question, Wanted};
use super::asked::{Asked, Page};
use super::entrance::Throttle;
use super::fault::Fault;
use super::lanes::{Lane, Lanes};
use super::policy::Policy;
use super::review::Reviews;
use super::uploads::Uploads;

/// Verbs that look up or write at the same time; others wait their turn.
const VERBS_AT_ONCE: usize = 8;
/// What is told of a verb that panicked; the log has it.
pub(super) const FAILED: &str = "a computation failed";
/// The pages that are computed before anybody asks for them, in this order.
const WARMED_UP: [Page; 17] = [
    Page::Scoreboard,
    Page::Week,
    Page::Goal,
    Page::Plan,
    Page::Leads,
    Page::Deals,
    Page::Pipeline,
    Page::Board,
    Page::Forecast,
    Page::Calls,
    Page::Rates,
    Page::Waterfall,
    Page::Quality,
    Page::Backtest,
    Page::Retention,
    Page::Awareness,
    Page::Proof,
];

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Members, who sign in.
    Members,
    /// Everybody on this machine, as the owner of a demo company.
    Demo,
}

pub(super) struct Shared {
    company: Context,
    pub entry: Entry,
    pub address: SocketAddr,
    pub answers: Answers,
    pub policy: Policy,
    pub throttle: Throttle,
    pub uploads: Uploads,
    pub reviews: Reviews,
    pub(super) tracking: OnceCell<Tracking>,
    clock: fn() -> Timestamp,
    turns: Semaphore,
    lanes: Lanes,
}

impl Shared {
    pub fn new(
        company: Context,
        entry: Entry,
        address: SocketAddr,
        clock: fn() -> Timestamp,
    ) -> Result<Shared, ServeError> {
        Ok(Shared {
            company,
            entry,
            address,
            answers: Answers::default(),
            policy: Policy::new()?,
            throttle: Throttle::default(),
            uploads: Uploads::default(),
            reviews: Reviews::default(),
            tracking: OnceCell::new(),
            clock,
            turns: Semaphore::new(VERBS_AT_ONCE),
            lanes: Lanes::new().map_err(ServeError::Threads)?,
        })
    }

    pub fn company(&self) -> &Context {
        &self.company
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Today in the company's zone.
    pub fn today(&self) -> Date {
        day_of(self.now(), &self.company.company.timezone)
    }

    /// The company for one request: who asks, now, and whose records they see.
    pub fn context(&self, actor: &str, scope: Scope) -> Context {
        self.company.renewed(actor, self.now(), scope)
    }

    /// Runs a verb where it holds up nobody: verbs compute for long, and pages come at once.
    pub async fn run<T, W>(&self, context: Context, verb: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: AsyncFnOnce(&Context) -> Result<T, Error> + Send + 'static,
    {
        let _turn = self.turns.acquire().await.map_err(|_| Fault::Unready("it is stopping"))?;
        let handle = Handle::current();
        let work = move || handle.block_on(async move { verb(&context).await });
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|_| Fault::Unready(FAILED))?.map_err(Fault::from)
    }

    /// As [`Shared::run`], for what computes long: it has a lane apart from records and edits, so
    /// that none of them waits for it.
    pub async fn compute<T, W>(&self, lane: Lane, context: Context, verb: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: AsyncFnOnce(&Context) -> Result<T, Error> + Send + 'static,
    {
        let handle = Handle::current();
        let work = move || handle.block_on(async move { verb(&context).await });
        let done = self.lanes.run(lane, work).await;
        done.ok_or(Fault::Unready(FAILED))?.map_err(Fault::from)
    }

    /// Computes the first pages before anybody asks for them, one after the other.
    pub fn warm_up(self: &Arc<Self>) {
        let shared = self.clone();
        tokio::spawn(async move {
            for page in WARMED_UP {
                let question = Question::new(page, &Asked::default(), &Scope::All);
                // A company without data has nothing to compute; its pages will say so.
                let _ = shared.answers.get(&shared, question, Wanted::New).await;
            }
        });
    }
}
