//! Erasing what touches may still tell of a person: the URLs, in every file, at once.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use parquet::errors::ParquetError;

use super::layout::ENCODING;
use crate::delta::Delta;
use crate::error::LakeError;
use crate::rewrite::{Rewritten, rewrite};

/// Takes queries and fragments off the URLs of a person, and blanks every URL, of anyone, that
/// still holds one of the traces (an e-mail address, a telephone number) in any spelling of
/// percent signs and capitals. Old files are deleted before this returns.
pub(crate) async fn erase(
    delta: &Delta,
    person_id: [u8; 16],
    traces: &[String],
) -> Result<Rewritten, LakeError> {
    let mark = Mark::new(person_id, traces);
    rewrite(delta, &ENCODING, |batch| mark.apply(batch)).await
}

/// Whose URLs lose their query, and what no URL may hold.
struct Mark {
    person_id: [u8; 16],
    /// Lower-case, without percent signs.
    traces: Vec<String>,
}

impl Mark {
    fn new(person_id: [u8; 16], traces: &[String]) -> Mark {
        let traces = traces.iter().map(|trace| plain(trace)).filter(|trace| !trace.is_empty());
        Mark { person_id, traces: traces.collect() }
    }

    /// How many URLs change, and the rows with the URLs as they should be.
    fn apply(&self, batch: &RecordBatch) -> Result<(usize, RecordBatch), ParquetError> {
        let schema = batch.schema();
        let place = schema.index_of("url")?;
        let persons = batch.column(schema.index_of("person_id")?).as_binary::<i32>();
        let urls = batch.column(place).as_string::<i32>();
        let mut changed = 0;
        let cleaned: StringArray = (0..urls.len())
            .map(|row| {
                let url = urls.is_valid(row).then(|| urls.value(row))?;
                let clean = self.clean(url, persons.value(row) == self.person_id);
                changed += usize::from(clean != url);
                (!clean.is_empty()).then_some(clean)
            })
            .collect();
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns[place] = Arc::new(cleaned);
        Ok((changed, RecordBatch::try_new(schema, columns)?))
    }

    fn clean<'a>(&self, url: &'a str, own: bool) -> &'a str {
        let cut = if own { url.split(['?', '#']).next().unwrap_or("") } else { url };
        let spelled = plain(cut);
        if self.traces.iter().any(|trace| spelled.contains(trace.as_str())) { "" } else { cut }
    }
}

fn plain(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().to_lowercase()
}
