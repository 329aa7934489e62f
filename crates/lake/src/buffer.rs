//! The buffer: an append-only log of records that wait to become rows of a table.
//!
//! What is appended is on disk, synced, before [`Buffer::append`] returns. One thread writes: all
//! that waits for it at one time is written and synced together. Records lie in *segments*, files
//! that are held (locked) by whoever appends to them; a segment that nobody holds is claimed,
//! carried into a table and removed. Each record bears a checksum, so that what a crash left half
//! written is told from what was acknowledged.
//!
//! It knows nothing of what records mean; a key tells one from another.

mod segment;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::touches::KeySet;
pub use segment::{Claimed, Contents, claim, file_name, segments};
use writer::{Append, Order};

/// Why a record was not taken, or could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BufferError {
    #[error("the buffer holds {0} bytes, as many as it may: what waits has to be sealed first")]
    Full(u64),
    #[error("a record of {0} bytes is longer than a segment may be")]
    TooLong(usize),
    #[error("{path}: {why}. Check that the folder can be written and has space left")]
    File { path: String, why: String },
    #[error("the buffer's writer has stopped")]
    Stopped,
}

impl BufferError {
    fn file(path: &Path) -> impl Fn(std::io::Error) -> BufferError + use<> {
        let path = path.display().to_string();
        move |error| BufferError::File { path: path.clone(), why: error.to_string() }
    }
}

/// Something to be kept under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: u128,
    pub bytes: Vec<u8>,
}

/// The appending end of a buffer in a folder. Once it is dropped its segment can be claimed.
pub struct Buffer {
    writer: Option<Writer>,
    state: Arc<State>,
    bytes_max: u64,
}

struct Writer {
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<()>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(Writer { orders, thread }) = self.writer.take() {
            drop(orders);
            // A thread that ended by itself has let go as well.
            drop(thread.join());
        }
    }
}

/// What waits to be carried on.
#[derive(Default)]
struct State {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    segments: HashMap<Uuid, Known>,
    /// Bytes on their way to disk.
    under_way: u64,
}

/// What is known of a segment on disk.
#[derive(Default)]
struct Known {
    keys: KeySet,
    bytes: u64,
}

impl State {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn holds(&self, key: u128) -> bool {
        self.segments.values().any(|known| known.keys.contains(&key))
    }

    fn bytes(&self) -> u64 {
        self.segments.values().map(|known| known.bytes).sum::<u64>() + self.under_way
    }
}

impl Buffer {
    /// Opens the buffer of a folder, which is made if it is not there, and reads the keys of what
    /// waits in it.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(folder: &Path, bytes_max: u64) -> Result<Buffer, BufferError> {
        std::fs::create_dir_all(folder).map_err(BufferError::file(folder))?;
        let state = Arc::new(State::default());
        for id in segments(folder)? {
            let contents = segment::read(&segment::path(folder, id))?;
            let keys = contents.records.iter().map(|record| record.key).collect();
            state.waiting().segments.insert(id, Known { keys, bytes: contents.bytes });
        }
        let (orders, asked) = mpsc::channel();
        let (folder, own): (PathBuf, Arc<State>) = (folder.to_owned(), state.clone());
        let work = move || writer::run(&folder, &own, &asked);
        let thread = std::thread::Builder::new().name("buffer".to_owned());
        let thread = thread.spawn(work).map_err(BufferError::file(Path::new("a thread")))?;
        Ok(Buffer { writer: Some(Writer { orders, thread }), state, bytes_max })
    }

    /// Whether a record with this key is on disk.
    pub fn holds(&self, key: u128) -> bool {
        self.state.waiting().holds(key)
    }

    /// Which of some keys no record on disk has.
    pub fn lacks(&self, keys: impl Iterator<Item = u128>) -> Vec<bool> {
        let waiting = self.state.waiting();
        keys.map(|key| !waiting.holds(key)).collect()
    }

    /// Puts records on disk, all of them or, to whoever reads the buffer again, a first part of
    /// them. `id` names the segment that is begun if there is need of one.
    ///
    /// # Errors
    /// When the buffer is full, or the disk refuses: then nothing is promised of these records.
    pub async fn append(&self, records: &[Record], id: Uuid) -> Result<(), BufferError> {
        let mut bytes = Vec::new();
        for record in records {
            segment::frame(record, &mut bytes)?;
        }
        self.take_place(bytes.len() as u64)?;
        let keys = records.iter().map(|record| record.key).collect();
        let (done, told) = oneshot::channel();
        self.order(Order::Append(Append { id, bytes, keys, done }))?;
        told.await.map_err(|_| BufferError::Stopped)?
    }

    /// Lets go of the segment that is appended to, so that what was acknowledged can be claimed.
    ///
    /// # Errors
    /// When the writer has stopped.
    pub async fn rotate(&self) -> Result<(), BufferError> {
        let (done, told) = oneshot::channel();
        self.order(Order::Rotate(done))?;
        told.await.map_err(|_| BufferError::Stopped)
    }

    /// Takes note of the segments that are gone, whoever carried them on.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn forget_removed(&self, folder: &Path) -> Result<(), BufferError> {
        // What is begun from here on is no part of the known.
        let known: Vec<Uuid> = self.state.waiting().segments.keys().copied().collect();
        let there = segments(folder)?;
        let mut waiting = self.state.waiting();
        for id in known.iter().filter(|id| there.binary_search(id).is_err()) {
            waiting.segments.remove(id);
        }
        Ok(())
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> u64 {
        self.state.waiting().bytes()
    }

    fn take_place(&self, bytes: u64) -> Result<(), BufferError> {
        let mut waiting = self.state.waiting();
        let before = waiting.bytes();
        if before + bytes > self.bytes_max {
            return Err(BufferError::Full(before));
        }
        waiting.under_way += bytes;
        Ok(())
    }

    fn order(&self, order: Order) -> Result<(), BufferError> {
        let writer = self.writer.as_ref().ok_or(BufferError::Stopped)?;
        writer.orders.send(order).map_err(|_| BufferError::Stopped)
    }
}
