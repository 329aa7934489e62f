//! Tracking: what people do on a company's sites and in its product, as the sites tell it.
//!
//! An event is acknowledged once it is in the buffer, on disk. Sealing carries it from there to
//! where it belongs, exactly once: a touch into the lake, who is who into the store, and what said
//! too little into the quarantine.

pub mod keys;
mod persons;
mod sealing;
mod status;

use std::borrow::Cow;
use std::path::Path;

use intake::tracking::{Route, Sent, Told, read, unpacked};
use jiff::Timestamp;
use lake::buffer::{Buffer, BufferError, Record};
use lake::touches::Tracked;
use tokio::sync::Mutex;

use crate::context::Context;
use crate::error::Error;
use crate::limits::BUFFER_BYTES_MAX;
pub use sealing::{Sealed, seal};
pub use status::status;

/// The folder of the buffer in the data folder.
pub(crate) const FOLDER: &str = "buffer";

/// What a site sends.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The last part of the address, such as `batch` or `t`.
    pub to: &'a str,
    pub body: &'a [u8],
    pub is_gzip: bool,
    /// The write key, where the site shows it beside the body.
    pub write_key: Option<&'a str>,
    pub received_at: Timestamp,
}

/// Why nothing of a request is taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("`{0}` is no address for events: send them to /v1/batch")]
    UnknownAddress(String),
    #[error(transparent)]
    Unreadable(#[from] intake::tracking::Refusal),
    #[error("send a write key: by basic authentication, or as writeKey in the body")]
    MissingKey,
    #[error("the write key is not known here, or was revoked")]
    UnknownKey,
    #[error("more waits here than may: send it again later")]
    Full,
    #[error("events cannot be kept just now: send them again later")]
    OutOfOrder(Error),
}

impl Refusal {
    /// The name of the reason, which stays the same.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownAddress(_) => "unknown_address",
            Refusal::Unreadable(refusal) => refusal.code(),
            Refusal::MissingKey | Refusal::UnknownKey => "unknown_write_key",
            Refusal::Full => "buffer_full",
            Refusal::OutOfOrder(_) => "out_of_order",
        }
    }

    /// Whether it was too much at one time.
    pub fn is_of_size(&self) -> bool {
        use intake::tracking::Refusal::{TooLarge, TooMany};
        matches!(self, Refusal::Unreadable(TooLarge | TooMany))
    }
}

impl From<BufferError> for Refusal {
    fn from(error: BufferError) -> Refusal {
        match error {
            BufferError::Full(_) => Refusal::Full,
            error => Refusal::OutOfOrder(error.into()),
        }
    }
}

/// Whether events wait in a data folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn any_wait(folder: &Path) -> Result<bool, Error> {
    Ok(!lake::buffer::segments(&folder.join(FOLDER))?.is_empty())
}

/// What a server keeps from request to request: the buffer that it appends to, and what it knows of
/// the touches that are sealed.
pub struct Tracking {
    buffer: Buffer,
    tracked: Mutex<Option<Tracked>>,
}

/// What became of the events of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// On disk now, those that are refused among them.
    pub kept: usize,
    /// They were on disk before.
    pub known: usize,
}

impl Tracking {
    /// Opens the buffer in a data folder, and reads what waits in it.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(folder: &Path) -> Result<Tracking, Error> {
        let buffer = Buffer::open(&folder.join(FOLDER), BUFFER_BYTES_MAX)?;
        Ok(Tracking { buffer, tracked: Mutex::new(None) })
    }

    /// Takes what a site sends: when this returns, its events survive a crash and a power cut.
    ///
    /// # Errors
    /// When it cannot be read, shows no valid write key, or cannot be kept: then the site has to
    /// send it again.
    pub async fn take(&self, context: &Context, sent: Request<'_>) -> Result<Accepted, Refusal> {
        let unknown = || Refusal::UnknownAddress(sent.to.to_owned());
        let route = Route::named(sent.to).ok_or_else(unknown)?;
        let plain: Cow<'_, [u8]> = match sent.is_gzip {
            true => unpacked(sent.body)?.into(),
            false => sent.body.into(),
        };
        let Sent { write_key, told } = read(&plain, route, sent.received_at)?;
        let shown = sent.write_key.or(write_key.as_deref()).ok_or(Refusal::MissingKey)?;
        match context.store.write_key(shown).await {
            Ok(Some(_)) => Ok(self.accept(context, &told).await?),
            Ok(None) => Err(Refusal::UnknownKey),
            Err(error) => Err(Refusal::OutOfOrder(error.into())),
        }
    }

    /// Events that wait already are not kept twice.
    async fn accept(&self, context: &Context, told: &[Told]) -> Result<Accepted, BufferError> {
        let is_new = self.buffer.lacks(told.iter().map(Told::key));
        let new = told.iter().zip(is_new).filter(|(_, is_new)| *is_new);
        let record = |(told, _): (&Told, bool)| Record { key: told.key(), bytes: told.bytes() };
        let records: Vec<Record> = new.map(record).collect();
        if !records.is_empty() {
            self.buffer.append(&records, context.new_id()).await?;
        }
        Ok(Accepted { kept: records.len(), known: told.len() - records.len() })
    }

    /// Seals what was accepted until now, and what others have left.
    ///
    /// # Errors
    /// When the buffer, the store or the lake cannot be read or written.
    pub async fn seal(&self, context: &Context) -> Result<Sealed, Error> {
        self.buffer.rotate().await?;
        let mut tracked = self.tracked.lock().await;
        let sealed = sealing::seal_all(context, &mut tracked).await;
        self.buffer.forget_removed(&context.path(FOLDER))?;
        sealed
    }

    /// Bytes that wait.
    pub fn waiting_bytes(&self) -> u64 {
        self.buffer.bytes()
    }
}
