//! The one thread that writes: what waits for it is written and synced together.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::segment::{path, sync_folder};
use super::{BufferError, State};
use crate::limits::{COMMIT_BYTES_MAX, SEGMENT_BYTES_MAX};

/// What the thread is told to do.
pub(super) enum Order {
    Append(Append),
    Rotate(oneshot::Sender<()>),
}

/// Framed records on their way to disk.
pub(super) struct Append {
    /// The segment that is begun where none is open.
    pub id: Uuid,
    pub bytes: Vec<u8>,
    pub keys: Vec<u128>,
    pub done: oneshot::Sender<Result<(), BufferError>>,
}

/// The segment that is appended to.
struct Open {
    id: Uuid,
    file: File,
    path: PathBuf,
    bytes: u64,
}

/// Works until nobody can give orders any more.
pub(super) fn run(folder: &Path, state: &State, orders: &Receiver<Order>) {
    let mut open: Option<Open> = None;
    while let Ok(first) = orders.recv() {
        let (mut appends, mut rotations, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Append(append) => {
                    bytes += append.bytes.len();
                    appends.push(append);
                }
                Order::Rotate(done) => rotations.push(done),
            }
            next = if bytes < COMMIT_BYTES_MAX { orders.try_recv().ok() } else { None };
        }
        commit(folder, state, &mut open, appends);
        if !rotations.is_empty() {
            open = None;
            for done in rotations {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }
}

/// Writes and syncs what was appended, and tells everybody how it went.
fn commit(folder: &Path, state: &State, open: &mut Option<Open>, appends: Vec<Append>) {
    let Some(first) = appends.first() else { return };
    // What fails lets go of the segment: after a failed sync nobody knows what the disk has. What
    // was synced before is sound, and what comes next begins another one.
    let written = match open.take().filter(|open| open.bytes < SEGMENT_BYTES_MAX) {
        Some(open) => Ok(open),
        None => Open::begin(folder, first.id),
    };
    let written = written.and_then(|open| open.write(&appends));
    let bytes: u64 = appends.iter().map(|append| append.bytes.len() as u64).sum();
    let mut waiting = state.waiting();
    waiting.under_way -= bytes;
    if let Ok(segment) = &written {
        let known = waiting.segments.entry(segment.id).or_default();
        known.bytes += bytes;
        appends.iter().for_each(|append| known.keys.extend(&append.keys));
    }
    drop(waiting);
    let told = written.map(|segment| *open = Some(segment));
    // Whoever waited may have gone.
    appends.into_iter().for_each(|append| drop(append.done.send(told.clone())));
}

impl Open {
    fn begin(folder: &Path, id: Uuid) -> Result<Open, BufferError> {
        let path = path(folder, id);
        let failed = BufferError::file(&path);
        let file = OpenOptions::new().create_new(true).append(true).open(&path);
        let file = file.map_err(&failed)?;
        if let Err(error) = file.try_lock() {
            return Err(failed(error.into()));
        }
        sync_folder(&path).map_err(&failed)?;
        Ok(Open { id, file, path, bytes: 0 })
    }

    fn write(mut self, appends: &[Append]) -> Result<Open, BufferError> {
        let failed = BufferError::file(&self.path);
        for append in appends {
            self.file.write_all(&append.bytes).map_err(&failed)?;
            self.bytes += append.bytes.len() as u64;
        }
        self.file.sync_data().map_err(&failed)?;
        Ok(self)
    }
}
