//! Threads that compute reports. Each has its own pool for what is computed in parallel, so that
//! nothing queues behind what is less urgent, and some have the processor only when nobody else
//! wants it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use thread_priority::{ThreadPriority, set_current_thread_priority};
use tokio::sync::oneshot;

/// Reports that are computed at the same time, beside the first one and one behind.
const USUAL_AT_ONCE: usize = 2;

/// How soon a report is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// What everybody looks at waits for nothing else.
    First,
    Usual,
    /// What nobody looks at while editing has what is left of the processor.
    Behind,
}

type Job = Box<dyn FnOnce() + Send>;

pub(super) struct Lanes {
    first: Sender<Job>,
    usual: Sender<Job>,
    behind: Sender<Job>,
}

impl Lanes {
    /// # Errors
    /// When a thread cannot be started.
    pub fn new() -> io::Result<Lanes> {
        Ok(Lanes {
            first: lane("first", 1, |_| {})?,
            usual: lane("usual", USUAL_AT_ONCE, |_| {})?,
            behind: lane("behind", 1, |_| give_way())?,
        })
    }

    /// Runs some work when it is its turn; `None` where it panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, outcome) = oneshot::channel();
        let job = move || {
            // The panic was told to the log when it happened; whoever asked may be gone.
            if let Ok(found) = catch_unwind(AssertUnwindSafe(work)) {
                let _ = done.send(found);
            }
        };
        let lane = match lane {
            Lane::First => &self.first,
            Lane::Usual => &self.usual,
            Lane::Behind => &self.behind,
        };
        lane.send(Box::new(job)).ok()?;
        outcome.await.ok()
    }
}

/// Starts so many threads that take jobs in turn. `begin` is called on each thread, and on those
/// of its pool, before anything else.
fn lane(name: &str, threads: usize, begin: fn(usize)) -> io::Result<Sender<Job>> {
    let (sender, jobs) = mpsc::channel::<Job>();
    let jobs = Arc::new(Mutex::new(jobs));
    for number in 0..threads {
        let jobs = jobs.clone();
        let name = format!("{name} {number}");
        thread::Builder::new().name(name).spawn(move || work(&jobs, begin))?;
    }
    Ok(sender)
}

/// Does jobs until nobody can send any more.
fn work(jobs: &Mutex<Receiver<Job>>, begin: fn(usize)) {
    begin(0);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // This thread works in the pool while it waits for a part, beside one more at least, so that
    // what is left to the pool is done. Without a pool of its own it shares everybody's.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(cores.max(2))
        .use_current_thread()
        .start_handler(begin)
        .build();
    if let Err(error) = &pool {
        eprintln!("baton: reports are computed on shared threads: {error}");
    }
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        job();
    }
}

/// Has this thread take the processor only when nobody else wants it, where the system can do so.
fn give_way() {
    let _ = set_current_thread_priority(ThreadPriority::Min);
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[tokio::test]
    async fn each_lane_does_its_jobs_and_outlives_one_that_panics() {
        let lanes = Lanes::new().expect("threads");
        for lane in [Lane::First, Lane::Usual, Lane::Behind] {
            assert_eq!(lanes.run(lane, || panic!("as is tested")).await, None::<()>);
            let sum = lanes.run(lane, || (0..1_000_u64).into_par_iter().sum::<u64>()).await;
            assert_eq!(sum, Some(499_500));
        }
    }

    #[tokio::test]
    async fn what_is_left_to_the_pool_is_done() {
        let lanes = Lanes::new().expect("threads");
        let (told, heard) = oneshot::channel();
        let tell = move || told.send("done").expect("somebody waits");
        let left = move || rayon::spawn(tell);
        lanes.run(Lane::Behind, left).await.expect("it did not panic");
        assert_eq!(heard.await, Ok("done"));
    }
}
