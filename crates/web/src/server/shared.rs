//! What all requests share: the company, what was answered before, and the policies.

use std::net::SocketAddr;
use std::sync::Arc;

use app::context::{Context, Session};
use app::error::Error;
use domain::access::Scope;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::ServeError;
use super::answers::Answers;
use super::asked::{Asked, Page};
use super::entrance::Throttle;
use super::fault::Fault;
use super::policy::Policy;

/// Verbs that compute at the same time; others wait their turn.
const VERBS_AT_ONCE: usize = 4;

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
    turns: Semaphore,
}

impl Shared {
    pub fn new(company: Context, entry: Entry, address: SocketAddr) -> Result<Shared, ServeError> {
        Ok(Shared {
            company,
            entry,
            address,
            answers: Answers::default(),
            policy: Policy::new()?,
            throttle: Throttle::default(),
            turns: Semaphore::new(VERBS_AT_ONCE),
        })
    }

    pub fn company(&self) -> &Context {
        &self.company
    }

    /// The company for one request: who asks, now, and whose records they see.
    pub fn context(&self, actor: &str, scope: Scope) -> Result<Context, Fault> {
        let mut id_seed = [0; 32];
        getrandom::fill(&mut id_seed).map_err(|_| Fault::Unready("no randomness"))?;
        let session = Session { actor: actor.to_owned(), now: Timestamp::now(), id_seed };
        Ok(self.company.renewed(session, scope))
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
        done.map_err(|_| Fault::Unready("a computation failed"))?.map_err(Fault::from)
    }

    /// Computes the first page before anybody asks for it.
    pub fn warm_up(self: &Arc<Self>) {
        let shared = self.clone();
        tokio::spawn(async move {
            let asked = Asked::default();
            // A company without data has nothing to compute; its page will say so.
            let _ = shared.answers.get(&shared, Page::Scoreboard, &asked, Scope::All).await;
        });
    }
}
