//! One Delta table: its folder, its files and its commits, synced to disk.
//!
//! It knows nothing of what the columns mean.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Add, StructField, Transaction};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, ObjectStore};
use url::Url;

use crate::error::LakeError;

/// Where a table is and which columns it has; it is created by its first write.
#[derive(Clone)]
pub(crate) struct Delta {
    pub name: &'static str,
    pub columns: fn() -> Vec<StructField>,
    pub url: Url,
    /// Whether what is written survives a power cut.
    pub durable: bool,
}

/// How a commit ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    Done,
    /// Another writer was faster and changed what this commit had read: read again.
    Outrun,
}

impl Delta {
    /// The table at its newest version, or `None` if nothing was ever written.
    pub async fn load(&self) -> Result<Option<DeltaTable>, LakeError> {
        if self.folder().is_some_and(|folder| !folder.join("_delta_log").exists()) {
            return Ok(None);
        }
        let failed = || LakeError::table(self.name, "opened");
        let builder = DeltaTableBuilder::from_url(self.url.clone()).map_err(failed())?;
        let mut table = builder.build().map_err(failed())?;
        if !table.verify_deltatable_existence().await.map_err(failed())? {
            return Ok(None);
        }
        table.load().await.map_err(failed())?;
        Ok(Some(table))
    }

    pub async fn load_or_create(&self) -> Result<DeltaTable, LakeError> {
        for _ in 0..2 {
            if let Some(table) = self.load().await? {
                return Ok(table);
            }
            if let Some(table) = self.create().await? {
                return Ok(table);
            }
        }
        Err(LakeError::Busy { table: self.name, tries: 2 })
    }

    /// The newest version of a table that was read before, if it was: only what came since is read.
    pub async fn follow(&self, before: Option<DeltaTable>) -> Result<DeltaTable, LakeError> {
        let Some(mut table) = before else { return self.load_or_create().await };
        table.update_state().await.map_err(LakeError::table(self.name, "read"))?;
        Ok(table)
    }

    /// Creates the table, or gives `None` if another writer was faster.
    async fn create(&self) -> Result<Option<DeltaTable>, LakeError> {
        if let Some(folder) = self.folder() {
            std::fs::create_dir_all(&folder).map_err(LakeError::table(self.name, "created"))?;
        }
        let created = CreateBuilder::new()
            .with_location(self.url.to_string())
            .with_table_name(self.name)
            .with_columns((self.columns)())
            .await;
        match created {
            Ok(table) => {
                self.sync_commit(&table)?;
                Ok(Some(table))
            }
            // By whichever of several words the engine says so: a table that is there by now is
            // another writer's.
            Err(_) if self.load().await?.is_some() => Ok(None),
            Err(error) => Err(LakeError::table(self.name, "created")(error)),
        }
    }

    /// Writes a data file and syncs it; no reader sees it before a commit adds it.
    pub async fn write(&self, table: &DeltaTable, file: DataFile) -> Result<Add, LakeError> {
        let size = i64::try_from(file.bytes.len()).unwrap_or(i64::MAX);
        let path = deltalake::Path::from(file.path.as_str());
        let store: Arc<dyn ObjectStore> = table.object_store();
        store
            .put_opts(&path, file.bytes.into(), Default::default())
            .await
            .map_err(LakeError::table(self.name, "written"))?;
        if let Some(folder) = self.synced_folder() {
            sync(&folder.join(&file.path))
                .and_then(|()| sync(&folder))
                .map_err(LakeError::table(self.name, "synced to disk"))?;
        }
        Ok(Add {
            path: file.path,
            size,
            modification_time: file.written_at_ms,
            data_change: true,
            stats: Some(file.stats.to_string()),
            ..Add::default()
        })
    }

    /// Commits actions together with application transactions, on top of exactly the version
    /// that was read: whatever another writer committed meanwhile makes this commit `Outrun`.
    pub async fn commit(
        &self,
        table: &DeltaTable,
        actions: Vec<Action>,
        transactions: Vec<String>,
    ) -> Result<Commit, LakeError> {
        let failed = || LakeError::table(self.name, "written");
        let transactions = transactions.into_iter().map(|name| Transaction::new(name, 1)).collect();
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_application_transactions(transactions);
        let operation =
            DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        let snapshot = table.snapshot().map_err(failed())?;
        let committed = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(snapshot), table.log_store(), operation)
            .await;
        match committed {
            Ok(_) => {
                self.sync_commit(table)?;
                Ok(Commit::Done)
            }
            Err(error) if outrun(&error) => Ok(Commit::Outrun),
            Err(error) => Err(failed()(error)),
        }
    }

    /// Whether a commit with this application transaction is in the table.
    pub async fn has_transaction(&self, table: &DeltaTable, name: &str) -> Result<bool, LakeError> {
        let failed = || LakeError::table(self.name, "read");
        let log = table.log_store();
        let snapshot = table.snapshot().map_err(failed())?;
        let version = snapshot.transaction_version(log.as_ref(), name).await.map_err(failed())?;
        Ok(version.is_some())
    }

    /// The table's folder, if it is on a local disk.
    pub fn folder(&self) -> Option<PathBuf> {
        (self.url.scheme() == "file").then(|| self.url.to_file_path().ok()).flatten()
    }

    /// The folder that has to be told to keep what is written.
    fn synced_folder(&self) -> Option<PathBuf> {
        self.folder().filter(|_| self.durable)
    }

    pub fn sync_folder(&self) -> Result<(), LakeError> {
        let Some(folder) = self.synced_folder() else { return Ok(()) };
        sync(&folder).map_err(LakeError::table(self.name, "synced to disk"))
    }

    /// Object stores keep what they acknowledge; a local disk has to be told to.
    fn sync_commit(&self, table: &DeltaTable) -> Result<(), LakeError> {
        let Some(folder) = self.synced_folder() else { return Ok(()) };
        let log = folder.join("_delta_log");
        let first_new = table.version().unwrap_or(0);
        sync_log(&log, first_new)
            .and_then(|()| sync(&folder))
            .map_err(LakeError::table(self.name, "synced to disk"))
    }
}

/// A data file that is about to be written.
#[derive(Clone)]
pub(crate) struct DataFile {
    /// Within the table's folder.
    pub path: String,
    pub bytes: Vec<u8>,
    /// For the table's log: when the data was learnt, milliseconds since 1970.
    pub written_at_ms: i64,
    /// Delta's statistics: `numRecords`, `minValues`, `maxValues`, `nullCount`.
    pub stats: serde_json::Value,
}

fn outrun(error: &DeltaTableError) -> bool {
    match error {
        DeltaTableError::VersionAlreadyExists(_) => true,
        DeltaTableError::Transaction { source } => matches!(
            source,
            TransactionError::VersionAlreadyExists(_)
                | TransactionError::MaxCommitAttempts(_)
                | TransactionError::CommitConflict(_)
        ),
        _ => false,
    }
}

/// Syncs the commits since a version: ours is among them.
fn sync_log(log: &Path, first_new: u64) -> std::io::Result<()> {
    for entry in std::fs::read_dir(log)? {
        let path = entry?.path();
        let version = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
        if version.is_some_and(|version| version >= first_new) {
            match sync(&path) {
                // What another writer staged its commit in is gone once that is in place.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                synced => synced?,
            }
        }
    }
    sync(log)
}

fn sync(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}
