//! The table `touches`: what people did, as columns, a set by touch key.
//!
//! A touch knows its person by a random id alone. What may still tell who it was is the URL, so
//! erasing a person rewrites URLs and deletes the old files at once.

mod again;
mod appender;
mod erase;
mod known;
mod layout;
mod tracked;
mod waiting;

use std::sync::Arc;

use datafusion::arrow::array::{Array, BinaryArray};
use datafusion::prelude::SessionContext;
use deltalake::kernel::{Action, DataType, StructField};
use deltalake::{DeltaTable, Path};
use uuid::Uuid;

pub(crate) use again::AGAIN;
pub use appender::Appender;
use known::known_among;
use layout::first_of_each_key;
pub(crate) use layout::{KeySet, bucket};
pub use tracked::Tracked;
pub(crate) use tracked::{merge_small_files, tracked};
pub use waiting::Touch;

use crate::delta::{Commit, DataFile, Delta};
use crate::error::LakeError;
use crate::limits::{COMMIT_TRIES_MAX, TOUCHES_PER_APPEND_MAX};

pub(crate) const TABLE: &str = "touches";

/// How the names of files of tracked touches begin.
const TRACKED: &str = "tracked-";

/// Touches as columns of one length, in the order of the source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TouchColumns {
    /// When they were learnt: microseconds since 1970.
    pub recorded_at: i64,
    /// What makes a touch one touch: a well-spread hash of its source's id or of its content.
    pub touch_key: Vec<u128>,
    /// Microseconds since 1970.
    pub occurred_at: Vec<i64>,
    /// Places in `persons`.
    pub person: Vec<u32>,
    /// Random ids of people, each once.
    pub persons: Vec<[u8; 16]>,
    pub channel: Coded,
    pub touch_kind: Coded,
    pub campaign: Coded,
    pub url: Texts,
    /// Places in `accounts`, where the account is known.
    pub account: Vec<Option<u32>>,
    pub accounts: Vec<[u8; 16]>,
}

/// A column of few distinct texts: places in `names`. The empty name stands for "none".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coded {
    pub codes: Vec<u32>,
    pub names: Vec<String>,
}

/// A column of texts in one buffer: the n-th ends at byte `ends[n]` and begins where the one
/// before it ends. The empty text stands for "none".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Texts {
    pub text: String,
    pub ends: Vec<u32>,
}

/// A part of an import: what is too large for one append comes in several, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub import_id: Uuid,
    pub number: u32,
    /// Whether it was tracked: then it is the only part, of a segment of the buffer.
    pub is_tracked: bool,
}

impl Part {
    /// What the part's transaction and file are called.
    fn name(self) -> String {
        match self.is_tracked {
            false => format!("import-{}-{}", self.import_id, self.number),
            true => format!("{TRACKED}{}", self.import_id),
        }
    }
}

/// How many touches of an append were new, and how many were there already (or twice in it).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    pub new: usize,
    pub duplicates: usize,
}

pub(crate) fn columns() -> Vec<StructField> {
    vec![
        StructField::not_null("bucket", DataType::INTEGER),
        StructField::not_null("person_id", DataType::BINARY),
        StructField::not_null("occurred_at", DataType::TIMESTAMP),
        StructField::not_null("touch_key", DataType::BINARY),
        StructField::nullable("channel", DataType::STRING),
        StructField::nullable("touch_kind", DataType::STRING),
        StructField::nullable("campaign", DataType::STRING),
        StructField::nullable("url", DataType::STRING),
        StructField::nullable("account_id", DataType::STRING),
        StructField::not_null("import_id", DataType::STRING),
        StructField::not_null("recorded_at", DataType::TIMESTAMP),
    ]
}

/// The tables of touches: each touch once, and what later imports told of it again.
#[derive(Clone, Copy)]
pub(crate) struct Ledgers<'a> {
    pub touches: &'a Delta,
    pub again: &'a Delta,
}

/// Adds the touches that are not there yet, and keeps what was told again of those that are. A
/// part that is there already adds nothing.
pub(crate) async fn append(
    ledgers: Ledgers<'_>,
    session: &SessionContext,
    part: Part,
    touches: TouchColumns,
) -> Result<Appended, LakeError> {
    touches.check()?;
    let rows = (0..).take(touches.touch_key.len()).collect();
    append_rows(ledgers, session, part, (Arc::new(touches), rows)).await
}

/// Looks up some rows in the table and adds those that it lacks.
async fn append_rows(
    ledgers: Ledgers<'_>,
    session: &SessionContext,
    part: Part,
    (touches, rows): (SharedColumns, Vec<u32>),
) -> Result<Appended, LakeError> {
    let Ledgers { touches: delta, again } = ledgers;
    let total = rows.len();
    for _ in 0..COMMIT_TRIES_MAX {
        let table = delta.load_or_create().await?;
        if delta.has_transaction(&table, &part.name()).await? {
            return Ok(Appended { new: 0, duplicates: total });
        }
        let (keys, once) = first_of_each_key(&touches.touch_key, &rows);
        let known = known_among(session, &table, &keys).await?;
        let is_known = |row: &u32| known.contains(&touches.touch_key[*row as usize]);
        let (told_again, new): (Vec<u32>, Vec<u32>) = once.into_iter().partition(is_known);
        if commit(delta, &table, part, (touches.clone(), &new)).await? == Commit::Done {
            if !told_again.is_empty() {
                again::keep(again, part, touches, told_again).await?;
            }
            return Ok(Appended { new: new.len(), duplicates: total - new.len() });
        }
    }
    Err(LakeError::Busy { table: TABLE, tries: COMMIT_TRIES_MAX })
}

/// Writes rows into a data file of their own and commits it on top of the version that was read.
async fn commit(
    delta: &Delta,
    table: &DeltaTable,
    part: Part,
    (touches, rows): (SharedColumns, &[u32]),
) -> Result<Commit, LakeError> {
    let mut actions = Vec::new();
    if !rows.is_empty() {
        let file = encoded(touches, part, rows.to_vec()).await?;
        actions.push(Action::Add(delta.write(table, file).await?));
    }
    delta.commit(table, actions, vec![part.name()]).await
}

type SharedColumns = Arc<TouchColumns>;

/// The data file of some rows, made beside what else there is to do.
async fn encoded(
    touches: SharedColumns,
    part: Part,
    rows: Vec<u32>,
) -> Result<DataFile, LakeError> {
    tokio::task::spawn_blocking(move || touches.data_file(part, &rows))
        .await
        .map_err(LakeError::table(TABLE, "written"))?
        .map_err(LakeError::table(TABLE, "written"))
}

/// Takes an import out again and gives the number of touches that are gone: what another import
/// told as well stays, as that one told it.
pub(crate) async fn remove(ledgers: Ledgers<'_>, import_id: Uuid) -> Result<usize, LakeError> {
    let Ledgers { touches: delta, again } = ledgers;
    again::forget(again, import_id).await?;
    for _ in 0..COMMIT_TRIES_MAX {
        let Some(table) = delta.load().await? else { return Ok(0) };
        let (own, mut actions) = removals(&table, import_id)?;
        let removed: usize = own.iter().map(|(_, rows)| rows).sum();
        let own: Vec<Path> = own.into_iter().map(|(path, _)| path).collect();
        let mut kept = 0;
        for (file, rows) in again::heirs(again, &table, &own, import_id).await? {
            actions.push(Action::Add(delta.write(&table, file).await?));
            kept += rows;
        }
        if actions.is_empty() || delta.commit(&table, actions, Vec::new()).await? == Commit::Done {
            return Ok(removed - kept);
        }
    }
    Err(LakeError::Busy { table: TABLE, tries: COMMIT_TRIES_MAX })
}

/// A file of the table and the number of its rows.
type Counted = (Path, usize);

/// The files of an import, and how to take them out of the table.
fn removals(table: &DeltaTable, import_id: Uuid) -> Result<(Vec<Counted>, Vec<Action>), LakeError> {
    let prefix = format!("import-{import_id}-");
    let snapshot = table.snapshot().map_err(LakeError::table(TABLE, "read"))?;
    let (mut files, mut actions) = (Vec::new(), Vec::new());
    for file in snapshot.log_data().iter().filter(|file| file.path().starts_with(&prefix)) {
        files.push((file.object_store_path(), file.num_records().unwrap_or(0)));
        actions.push(Action::Remove(file.remove_action(true)));
    }
    Ok((files, actions))
}

pub(crate) use erase::erase;

fn keys_of(column: &BinaryArray) -> impl Iterator<Item = u128> {
    (0..column.len()).filter_map(|row| key_at(column, row))
}

fn key_at(column: &BinaryArray, row: usize) -> Option<u128> {
    Some(u128::from_be_bytes(column.value(row).try_into().ok()?))
}

impl TouchColumns {
    /// Refuses columns of unequal length and places beyond what they point into.
    fn check(&self) -> Result<(), LakeError> {
        let rows = self.touch_key.len();
        if rows > TOUCHES_PER_APPEND_MAX {
            return Err(LakeError::TooManyRows { rows, max: TOUCHES_PER_APPEND_MAX });
        }
        let lengths = [
            ("occurred_at", self.occurred_at.len()),
            ("person", self.person.len()),
            ("channel", self.channel.codes.len()),
            ("touch_kind", self.touch_kind.codes.len()),
            ("campaign", self.campaign.codes.len()),
            ("url", self.url.ends.len()),
            ("account", self.account.len()),
        ];
        if let Some((name, length)) = lengths.into_iter().find(|(_, length)| *length != rows) {
            let reason = format!("`{name}` holds {length} rows, `touch_key` {rows}");
            return Err(LakeError::TouchColumns(reason));
        }
        let beyond = |places: &[u32], size: usize| places.iter().any(|at| *at as usize >= size);
        let accounts: Vec<u32> = self.account.iter().flatten().copied().collect();
        for (name, wrong) in [
            ("person", beyond(&self.person, self.persons.len())),
            ("channel", beyond(&self.channel.codes, self.channel.names.len())),
            ("touch_kind", beyond(&self.touch_kind.codes, self.touch_kind.names.len())),
            ("campaign", beyond(&self.campaign.codes, self.campaign.names.len())),
            ("account", beyond(&accounts, self.accounts.len())),
            ("url", !self.url.is_sound()),
        ] {
            if wrong {
                return Err(LakeError::TouchColumns(format!("`{name}` points past its end")));
            }
        }
        Ok(())
    }
}

impl Texts {
    fn is_sound(&self) -> bool {
        let mut start = 0;
        self.ends.iter().all(|&end| {
            let whole = self.text.get(start as usize..end as usize).is_some();
            start = end;
            whole
        })
    }
}
