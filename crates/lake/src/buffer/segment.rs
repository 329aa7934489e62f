//! A segment: a file of records, each with its length, its checksum and its key.
//!
//! What is not sound is passed over byte by byte until a sound record begins: a torn end costs
//! nothing that was acknowledged, and damage in the middle only what it hit.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_128;
use uuid::Uuid;

use super::{BufferError, Record};
use crate::limits::{RECORD_BYTES_MAX, SEGMENT_FILE_ENDING};

/// Bytes before a record's own: length (4), checksum (8), key (16).
const HEAD: usize = 28;

/// What a segment holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub records: Vec<Record>,
    /// Of the whole file.
    pub bytes: u64,
    /// Bytes that are no sound record.
    pub unsound_bytes: u64,
}

/// A segment that nobody else holds.
pub struct Claimed {
    pub id: Uuid,
    path: PathBuf,
    /// Keeps the lock.
    _file: File,
}

/// What the file of a segment is called.
pub fn file_name(id: Uuid) -> String {
    format!("{id}.{SEGMENT_FILE_ENDING}")
}

pub(super) fn path(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(file_name(id))
}

/// The ids of the segments in a folder, the oldest first.
///
/// # Errors
/// When the folder cannot be read; one that does not exist has none.
pub fn segments(folder: &Path) -> Result<Vec<Uuid>, BufferError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BufferError::file(folder)(error)),
    };
    let mut ids = Vec::new();
    for entry in entries {
        let path = entry.map_err(BufferError::file(folder))?.path();
        let is_segment = path.extension().is_some_and(|ending| ending == SEGMENT_FILE_ENDING);
        let id = path.file_stem().and_then(|stem| stem.to_str()?.parse::<Uuid>().ok());
        ids.extend(id.filter(|_| is_segment));
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Takes hold of a segment, or gives `None` where somebody else holds it or it is gone.
///
/// # Errors
/// When it cannot be opened.
pub fn claim(folder: &Path, id: Uuid) -> Result<Option<Claimed>, BufferError> {
    let path = path(folder, id);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BufferError::file(&path)(error)),
    };
    match file.try_lock() {
        // Who removes a segment holds it.
        Ok(()) if path.exists() => Ok(Some(Claimed { id, path, _file: file })),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(BufferError::file(&path)(error)),
    }
}

impl Claimed {
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Contents, BufferError> {
        read(&self.path)
    }

    /// Removes it for good: its records are elsewhere.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn remove(self) -> Result<(), BufferError> {
        std::fs::remove_file(&self.path)
            .and_then(|()| sync_folder(&self.path))
            .map_err(BufferError::file(&self.path))
    }
}

/// Syncs the folder that a file is in.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Adds a record to the bytes of others.
pub(super) fn frame(record: &Record, bytes: &mut Vec<u8>) -> Result<(), BufferError> {
    let length = record.bytes.len();
    let told = u32::try_from(length).ok().filter(|_| length <= RECORD_BYTES_MAX);
    let told = told.ok_or(BufferError::TooLong(length))?;
    let key = record.key.to_le_bytes();
    bytes.extend_from_slice(&told.to_le_bytes());
    bytes.extend_from_slice(&checksum(told, &key, &record.bytes).to_le_bytes());
    bytes.extend_from_slice(&key);
    bytes.extend_from_slice(&record.bytes);
    Ok(())
}

/// The length is its seed, so that a run of zeros is no record.
fn checksum(length: u32, key: &[u8; 16], bytes: &[u8]) -> u64 {
    let of_key = XxHash3_128::oneshot_with_seed(u64::from(length) + 1, key) as u64;
    XxHash3_128::oneshot_with_seed(of_key, bytes) as u64
}

pub(super) fn read(path: &Path) -> Result<Contents, BufferError> {
    let bytes = std::fs::read(path).map_err(BufferError::file(path))?;
    Ok(sound(&bytes))
}

fn sound(bytes: &[u8]) -> Contents {
    let mut contents = Contents { bytes: bytes.len() as u64, ..Contents::default() };
    let mut at = 0;
    while at < bytes.len() {
        match record_at(&bytes[at..]) {
            Some((record, length)) => {
                contents.records.push(record);
                at += length;
            }
            None => {
                contents.unsound_bytes += 1;
                at += 1;
            }
        }
    }
    contents
}

/// The sound record with which bytes begin, and how many of them it takes.
fn record_at(bytes: &[u8]) -> Option<(Record, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (told, rest) = rest.split_first_chunk::<8>()?;
    let (key, rest) = rest.split_first_chunk::<16>()?;
    let length = u32::from_le_bytes(*length);
    let own = rest.get(..length as usize).filter(|own| own.len() <= RECORD_BYTES_MAX)?;
    if checksum(length, key, own) != u64::from_le_bytes(*told) {
        return None;
    }
    let record = Record { key: u128::from_le_bytes(*key), bytes: own.to_vec() };
    Some((record, HEAD + length as usize))
}
