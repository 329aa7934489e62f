//! Reading ahead: the next rows of a file are parsed while the last ones are written.

use intake::Assumptions;
use intake::mapping::Mapping;
use intake::reader::{Reader, Row};
use intake::refusal::Reject;
use tokio::task::JoinHandle;

use super::Order;
use crate::error::Error;
use crate::limits::ROWS_PER_CHUNK;

/// The rows of a file, a chunk ahead of whoever asks.
pub struct Ahead {
    pub headers: Vec<String>,
    file: String,
    under_way: Option<JoinHandle<(Reader, Read)>>,
    at_end: Option<Reader>,
}

/// Some rows, good and refused, in the order of the file.
#[derive(Default)]
pub struct Read {
    pub rows: Vec<Row>,
    pub rejects: Vec<Reject>,
    pub bytes_read: u64,
    pub bytes_total: u64,
}

impl Ahead {
    pub fn of(order: &Order, mapping: &Mapping, assumptions: &Assumptions) -> Result<Self, Error> {
        let reader = intake::reader::read(&order.file, mapping, assumptions)?;
        Ok(Ahead {
            headers: reader.headers().to_vec(),
            file: order.name(),
            under_way: Some(tokio::task::spawn_blocking(|| read_chunk(reader))),
            at_end: None,
        })
    }

    /// The next rows; `None` at the end of the file.
    pub async fn next(&mut self) -> Result<Option<Read>, Error> {
        let Some(under_way) = self.under_way.take() else { return Ok(None) };
        let broke_off = |error| Error::Input(format!("reading {} broke off: {error}", self.file));
        let (reader, read) = under_way.await.map_err(broke_off)?;
        if read.rows.is_empty() && read.rejects.is_empty() {
            self.at_end = Some(reader);
            return Ok(None);
        }
        self.under_way = Some(tokio::task::spawn_blocking(|| read_chunk(reader)));
        Ok(Some(read))
    }

    /// How many rows told of nothing that is kept.
    ///
    /// # Errors
    /// When the file could not be read to its end.
    pub fn finish(self) -> Result<u64, Error> {
        let Some(reader) = self.at_end else { return Ok(0) };
        let ignored = reader.rows_ignored;
        reader.finish()?;
        Ok(ignored)
    }
}

fn read_chunk(mut reader: Reader) -> (Reader, Read) {
    let mut read = Read::default();
    while read.rows.len() + read.rejects.len() < ROWS_PER_CHUNK {
        match reader.next() {
            None => break,
            Some(Ok(row)) => read.rows.push(row),
            Some(Err(reject)) => read.rejects.push(reject),
        }
    }
    read.bytes_read = reader.bytes_read();
    read.bytes_total = reader.bytes_total();
    (reader, read)
}
