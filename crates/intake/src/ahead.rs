//! Rows that a thread reads ahead, for containers whose readers cannot be paused: a bounded
//! number of rows waits, and a reader that fails, even by a panic, is a refusal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::limits::ROWS_AHEAD;
use crate::refusal::Refusal;
use crate::source::Record;

/// The reading side.
pub struct Ahead {
    path: PathBuf,
    batches: Receiver<Vec<Record>>,
    batch: std::vec::IntoIter<Record>,
    thread: Option<JoinHandle<Result<(), Refusal>>>,
    progress_ppm: Arc<AtomicU64>,
}

/// Where the thread puts its rows.
pub struct Sink {
    batches: SyncSender<Vec<Record>>,
    batch: Vec<Record>,
    progress_ppm: Arc<AtomicU64>,
}

/// The reading side is gone: nobody wants more rows.
pub struct Unwanted;

impl Ahead {
    /// Starts reading. `produce` stops when its sink says that no more rows are wanted.
    pub fn spawn(
        path: &Path,
        produce: impl FnOnce(&mut Sink) -> Result<(), Refusal> + Send + 'static,
    ) -> Ahead {
        let (sender, batches) = sync_channel(2);
        let progress_ppm = Arc::new(AtomicU64::new(0));
        let progress = Arc::clone(&progress_ppm);
        let thread = std::thread::spawn(move || {
            let mut sink = Sink { batches: sender, batch: Vec::new(), progress_ppm: progress };
            produce(&mut sink)?;
            let _ = sink.flush();
            Ok(())
        });
        let batch = Vec::new().into_iter();
        Ahead { path: path.to_owned(), batches, batch, thread: Some(thread), progress_ppm }
    }

    /// The next row, or `None` when the container is at its end.
    pub fn next(&mut self) -> Result<Option<Record>, Refusal> {
        loop {
            if let Some(record) = self.batch.next() {
                return Ok(Some(record));
            }
            match self.batches.recv() {
                Ok(batch) => self.batch = batch.into_iter(),
                Err(_) => return self.outcome().map(|()| None),
            }
        }
    }

    /// How much has been read, in parts per million of the rows.
    pub fn progress_ppm(&self) -> u64 {
        self.progress_ppm.load(Ordering::Relaxed)
    }

    fn outcome(&mut self) -> Result<(), Refusal> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| {
            let detail = "its content contradicts itself".to_owned();
            Err(Refusal::Damaged { path: self.path.clone(), detail })
        })
    }
}

impl Sink {
    pub fn push(&mut self, record: Record) -> Result<(), Unwanted> {
        self.batch.push(record);
        if self.batch.len() >= ROWS_AHEAD { self.flush() } else { Ok(()) }
    }

    pub fn set_progress(&self, done: u64, total: u64) {
        let ppm = done.min(total) * 1_000_000 / total.max(1);
        self.progress_ppm.store(ppm, Ordering::Relaxed);
    }

    fn flush(&mut self) -> Result<(), Unwanted> {
        self.batches.send(std::mem::take(&mut self.batch)).map_err(|_| Unwanted)
    }
}

/// The shortest text of a number that a container holds in binary, at the precision to which
/// spreadsheets show numbers: no `4514.000000000001`.
pub fn number_text(number: f64) -> String {
    const SIGNIFICANT_DIGITS: usize = 15;
    let shortest = number.to_string();
    let digits = shortest.bytes().filter(u8::is_ascii_digit).count();
    if digits <= SIGNIFICANT_DIGITS || !shortest.contains('.') {
        return shortest;
    }
    let whole = shortest.trim_start_matches('-').split('.').next().map_or(0, str::len);
    let rounded = format!("{number:.*}", SIGNIFICANT_DIGITS.saturating_sub(whole));
    rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_shown() {
        for (number, text) in [
            (1054.0, "1054"),
            (1100.04, "1100.04"),
            (4_514.000_000_000_001, "4514"),
            (0.1 + 0.2, "0.3"),
            (-2.5, "-2.5"),
            (1e15, "1000000000000000"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn a_reader_that_gives_up_is_a_refusal() {
        let mut ahead = Ahead::spawn(Path::new("x"), |sink| {
            let _ = sink.push(Record::default());
            Err(Refusal::Empty(PathBuf::from("x")))
        });
        assert!(matches!(ahead.next(), Err(Refusal::Empty(_))));
    }
}
