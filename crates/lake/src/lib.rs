//! The lake: high-volume facts in open Delta tables, and every figure computed from them.
//!
//! Two tables, `history` (the sealed history of records) and `touches` (events of people; a third,
//! `touches_again`, keeps what later files told again for the day of an undo), read at a pinned
//! version, cut at an as-of pair, folded into one typed table per kind, and asked by
//! the metrics catalogue in SQL.
//!
//! It knows nothing of HTTP nor of how the store keeps its rows, and no type of its engine
//! leaves it.

pub mod buffer;
mod delta;
pub mod error;
#[cfg(test)]
mod fixture;
mod fold;
pub mod history;
pub mod journeys;
pub mod limits;
mod merge;
pub mod metric;
mod parquet;
mod rewrite;
pub mod tables;
#[cfg(test)]
mod tests;
pub mod touches;
pub mod world;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake::DeltaTable;
use deltalake::kernel::{Action, StructField};
use domain::erasure::Traces;
use domain::time::AsOf;
use jiff::Timestamp;
use url::Url;
use uuid::Uuid;

use delta::{Commit, Delta};
use domain::access::Scope;
use error::LakeError;
use history::{Batch, HistoryRow};
use limits::{COMMIT_TRIES_MAX, QUERY_MEMORY_BYTES_MAX};
use tables::{Tables, View};
use touches::{Appended, Appender, Ledgers, Part, TouchColumns, Tracked};
use world::World;

/// The lake of one data folder. Its tables are created by their first write. Cloning it is cheap.
#[derive(Clone)]
pub struct Lake {
    history: Delta,
    touches: Delta,
    touches_again: Delta,
}

/// What an erasure changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// URLs that lost their query, or were blanked.
    pub urls: usize,
    /// Facts whose text named the person.
    pub facts: usize,
    /// Old files that were deleted for good.
    pub files: usize,
}

/// The lake as it stood at one moment: what others write later is not seen.
pub struct Pinned<'a> {
    lake: &'a Lake,
    history: Option<DeltaTable>,
    touches: Option<DeltaTable>,
}

impl Lake {
    /// A lake at a folder or at a URL (`file:` and whatever object stores were built in).
    pub fn open(location: &str) -> Result<Lake, LakeError> {
        Lake::at(location, true)
    }

    /// A lake that nobody keeps: nothing is synced to disk.
    pub fn scratch(location: &str) -> Result<Lake, LakeError> {
        Lake::at(location, false)
    }

    fn at(location: &str, durable: bool) -> Result<Lake, LakeError> {
        let root = root_url(location)?;
        let table = |name: &'static str, columns: fn() -> Vec<StructField>| {
            let url = root.join(&format!("{name}/")).map_err(|error| LakeError::Location {
                location: location.to_owned(),
                reason: error.to_string(),
            })?;
            Ok::<Delta, LakeError>(Delta { name, columns, url, durable })
        };
        Ok(Lake {
            history: table(history::TABLE, history::columns)?,
            touches: table(touches::TABLE, touches::columns)?,
            touches_again: table(touches::AGAIN, touches::columns)?,
        })
    }

    /// Writes batches of facts in one commit, durably, each exactly once: their ids are part of
    /// the commit. Gives how many of them were not there yet.
    pub async fn seal(&self, batches: Vec<Batch>) -> Result<usize, LakeError> {
        history::check(&batches)?;
        let batches = Arc::new(batches);
        for _ in 0..COMMIT_TRIES_MAX {
            let table = self.history.load_or_create().await?;
            let lacking = self.lacking(&table, &batches).await?;
            if lacking.is_empty() {
                return Ok(0);
            }
            let names = lacking.iter().map(|place| batch_name(batches[*place].id)).collect();
            let lacks = lacking.len();
            let actions = self.history_file(&table, batches.clone(), lacking).await?;
            if self.history.commit(&table, actions, names).await? == Commit::Done {
                return Ok(lacks);
            }
        }
        Err(LakeError::Busy { table: history::TABLE, tries: COMMIT_TRIES_MAX })
    }

    /// The places of the batches that a version of the table does not hold.
    async fn lacking(
        &self,
        table: &DeltaTable,
        batches: &[Batch],
    ) -> Result<Vec<usize>, LakeError> {
        let mut lacking = Vec::with_capacity(batches.len());
        for (place, batch) in batches.iter().enumerate() {
            if !self.history.has_transaction(table, &batch_name(batch.id)).await? {
                lacking.push(place);
            }
        }
        Ok(lacking)
    }

    /// Writes the data file of some batches; without any fact there is none.
    async fn history_file(
        &self,
        table: &DeltaTable,
        batches: Arc<Vec<Batch>>,
        places: Vec<usize>,
    ) -> Result<Vec<Action>, LakeError> {
        if places.iter().all(|place| batches[*place].rows.is_empty()) {
            return Ok(Vec::new());
        }
        let encode = move || {
            let batches: Vec<&Batch> = places.iter().map(|place| &batches[*place]).collect();
            history::data_file(&batches)
        };
        let file = tokio::task::spawn_blocking(encode)
            .await
            .map_err(LakeError::table(history::TABLE, "written"))?
            .map_err(LakeError::table(history::TABLE, "written"))?;
        Ok(vec![Action::Add(self.history.write(table, file).await?)])
    }

    /// Adds touches that are not there yet; the same part of an import twice changes nothing.
    pub async fn append_touches(
        &self,
        part: Part,
        touches: TouchColumns,
    ) -> Result<Appended, LakeError> {
        touches::append(self.ledgers(), &session()?, part, touches).await
    }

    /// What adds the touches of an import in parts, each of bounded size, to any number of them.
    pub fn touch_appender(&self, import_id: Uuid) -> Result<Appender<'_>, LakeError> {
        Ok(Appender::new(self.ledgers(), session()?, import_id))
    }

    /// What adds tracked touches, one segment after the other.
    pub fn tracked(&self) -> Result<Tracked, LakeError> {
        Ok(Tracked::new(self.clone(), session()?))
    }

    /// How many touches were tracked and not imported.
    pub async fn tracked_touches(&self) -> Result<u64, LakeError> {
        touches::tracked(&self.touches).await
    }

    /// Takes the touches of an import out again, and gives the number of those that are gone: what
    /// another import told as well stays, as that one told it.
    pub async fn remove_touches(&self, import_id: Uuid) -> Result<usize, LakeError> {
        touches::remove(self.ledgers(), import_id).await
    }

    fn ledgers(&self) -> Ledgers<'_> {
        Ledgers { touches: &self.touches, again: &self.touches_again }
    }

    /// Takes what may tell who a person was out of the URLs of touches and the texts of facts, and
    /// deletes the old files before it returns. `traces` are texts such as the person's e-mail
    /// address that no URL may hold afterwards, whoever's touch it is; `names` leave the texts.
    pub async fn erase_person(
        &self,
        person_id: [u8; 16],
        traces: &[String],
        names: &Traces,
    ) -> Result<Erased, LakeError> {
        let now = touches::erase(&self.touches, person_id, traces).await?;
        let again = touches::erase(&self.touches_again, person_id, traces).await?;
        let history = history::redact(&self.history, names).await?;
        let files = now.files + again.files + history.files;
        Ok(Erased { urls: now.rows, facts: history.rows, files })
    }

    /// Merges small files of the history and of tracked touches, which sealing now and then leaves,
    /// and gives how many there were. Files of imported touches stay: an import is undone by them.
    pub async fn merge_small_files(&self) -> Result<usize, LakeError> {
        let of_history = history::merge_small_files(&self.history).await?;
        Ok(of_history + touches::merge_small_files(&self.touches).await?)
    }

    /// Deletes the files that no version newer than a moment holds, and gives their number. Who
    /// pinned the lake before that moment may no longer be able to read.
    pub async fn delete_files_removed_before(&self, moment: Timestamp) -> Result<usize, LakeError> {
        let mut files = 0;
        for table in [&self.history, &self.touches, &self.touches_again] {
            files += rewrite::delete_removed_files(table, moment.as_millisecond()).await?;
        }
        Ok(files)
    }

    /// Holds on to the newest version. Pin first, then read the rows that are not sealed yet:
    /// whatever is sealed in between is then in those rows and not in the pinned version.
    pub async fn pin(&self) -> Result<Pinned<'_>, LakeError> {
        let history = self.history.load().await?;
        let touches = self.touches.load().await?;
        Ok(Pinned { lake: self, history, touches })
    }
}

impl Pinned<'_> {
    /// Which of these batches the pinned version holds; the rows of the others are the tail.
    pub async fn sealed_among(&self, batches: &[Uuid]) -> Result<BTreeSet<Uuid>, LakeError> {
        let mut sealed = BTreeSet::new();
        let Some(table) = &self.history else { return Ok(sealed) };
        for batch in batches {
            if self.lake.history.has_transaction(table, &batch_name(*batch)).await? {
                sealed.insert(*batch);
            }
        }
        Ok(sealed)
    }

    /// The versions of its tables: what is read of equal ones is equal.
    pub fn versions(&self) -> [Option<u64>; 2] {
        [&self.history, &self.touches].map(|table| table.as_ref()?.version())
    }

    /// The facts that are seen at an as-of pair.
    pub fn seen<'t>(
        &self,
        as_of: AsOf,
        tail: &'t [HistoryRow],
    ) -> impl Iterator<Item = &'t HistoryRow> + use<'t> {
        tail.iter().filter(move |row| {
            row.effective_at <= as_of.effective_at && row.recorded_at <= as_of.known_at
        })
    }

    /// The world as it stood at the as-of pair, as far as the scope shows it. `tail` are facts
    /// that are not sealed yet. Nothing is read until it is asked for.
    pub fn tables(
        &self,
        as_of: AsOf,
        scope: Scope,
        tail: &[HistoryRow],
        world: &World,
    ) -> Result<Tables, LakeError> {
        Tables::new(View {
            as_of,
            scope,
            world: world.clone(),
            history: self.history.clone(),
            touches: self.touches.clone(),
            tail: self.seen(as_of, tail).cloned().collect(),
        })
    }
}

fn batch_name(batch_id: Uuid) -> String {
    format!("batch-{batch_id}")
}

/// A query session with bounded memory, whose results do not depend on the number of cores.
fn session() -> Result<SessionContext, LakeError> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(QUERY_MEMORY_BYTES_MAX)))
        .build_arc()
        .map_err(LakeError::query("the query engine"))?;
    let config = SessionConfig::new()
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

fn root_url(location: &str) -> Result<Url, LakeError> {
    let failed = |reason: String| LakeError::Location { location: location.to_owned(), reason };
    if location.contains("://") {
        let slash = if location.ends_with('/') { "" } else { "/" };
        return Url::parse(&format!("{location}{slash}"))
            .map_err(|error| failed(error.to_string()));
    }
    let folder = std::path::absolute(Path::new(location)).map_err(|e| failed(e.to_string()))?;
    Url::from_directory_path(&folder).map_err(|()| failed("it is not a folder's path".to_owned()))
}
