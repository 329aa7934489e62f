//! The store: the company's records, and the journal of everything that ever changed them.
//!
//! It speaks SQL to an embedded SQLite file or to PostgreSQL, and knows neither HTTP nor Arrow.
//! Reading is open to all; writing goes through [`Store::write`] alone, and nothing changes a
//! record without the journal entries that say so in the same transaction. Time and ids are given
//! by the caller; only the keys of people come from the operating system's random source.

pub mod access;
pub mod agreement;
pub mod alias;
pub mod call;
pub mod chain;
pub mod company;
mod db;
pub mod error;
pub mod goal;
pub mod goal_part;
pub mod handoff;
pub mod huddle;
pub mod import;
mod insert;
pub mod journal;
pub mod lease;
pub mod limits;
pub mod mapping;
pub mod master;
mod migration;
pub mod observation;
pub mod pay;
pub mod period_close;
pub mod person;
pub mod plan_version;
pub mod record;
pub mod redaction;
pub mod request_key;
pub mod score;
pub mod stage;
pub mod tail;
pub mod tracking;
pub mod webhook;

use std::path::PathBuf;

use domain::company::Company;
use jiff::Timestamp;
use sea_orm::DatabaseTransaction;

use crate::chain::Unchained;
use crate::db::Db;
use crate::error::Error;

/// Where the store is kept.
#[derive(Clone, Debug)]
pub enum Location {
    /// A data folder with an embedded database, [`limits::FILE_NAME`].
    Folder(PathBuf),
    /// As [`Location::Folder`], for what nobody keeps: nothing is synced to disk, and what is
    /// deleted is not overwritten.
    Scratch(PathBuf),
    /// A PostgreSQL database: `postgres://user:password@host/database`.
    Url(String),
}

/// An open store. Cloning it is cheap and shares its connections.
#[derive(Clone)]
pub struct Store {
    db: Db,
}

/// Who writes, why, and when: the signature that every entry of the transaction bears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub actor: String,
    pub reason: String,
    pub at: Timestamp,
}

/// One transaction of the only write path: what it holds is committed together or not at all.
pub struct Tx {
    sql: DatabaseTransaction,
    author: Author,
    /// What this transaction has appended and not linked: it goes to the tail.
    unchained: Vec<Unchained>,
    /// How many entries this transaction has named by itself, so that their ids differ.
    own_entries: u64,
}

impl Store {
    /// Makes the data folder (or fills the empty database) for a company, and opens it.
    ///
    /// # Errors
    /// [`Error::AlreadyInitialised`] where a company is there already.
    pub async fn create(
        location: &Location,
        company: &Company,
        author: Author,
    ) -> Result<Store, Error> {
        let store = Store { db: Db::create(location).await? };
        migration::bring_up_to_date(&store.db, location).await?;
        if store.has_company().await? {
            return Err(Error::AlreadyInitialised { place: location.to_string() });
        }
        store.write(author, async |tx: &mut Tx| tx.found(company).await).await?;
        Ok(store)
    }

    /// Opens the store of a company and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::NotInitialised`] where no company is yet.
    pub async fn open(location: &Location) -> Result<Store, Error> {
        let store = Store { db: Db::open(location).await? };
        let absent = || Error::NotInitialised { place: location.to_string() };
        if !migration::has_begun(&store.db).await? {
            return Err(absent());
        }
        migration::bring_up_to_date(&store.db, location).await?;
        if store.has_company().await? { Ok(store) } else { Err(absent()) }
    }

    /// Does `work` in one transaction: committed when it returns `Ok`, undone when it returns
    /// `Err` or is dropped. When this returns `Ok` the change survives a crash and a power cut.
    pub async fn write<T, E, W>(&self, author: Author, work: W) -> Result<T, E>
    where
        E: From<Error>,
        W: AsyncFnOnce(&mut Tx) -> Result<T, E>,
    {
        let sql = self.db.begin().await?;
        let mut tx = Tx { sql, author, unchained: Vec::new(), own_entries: 0 };
        let result = work(&mut tx).await?;
        tx.leave_unchained().await?;
        db::run(&tx.sql, "update generation set writes = writes + 1", Vec::new()).await?;
        tx.sql.commit().await.map_err(Error::from)?;
        Ok(result)
    }

    /// A number that is another after every write: what was computed under one holds under it.
    pub async fn generation(&self) -> Result<u64, Error> {
        db::count(&self.db.reader, "select writes from generation", Vec::new()).await
    }

    /// Closes the connections; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(self) -> Result<(), Error> {
        self.db.close().await
    }
}

impl Tx {
    /// Who signs the entries of this transaction.
    pub fn author(&self) -> &Author {
        &self.author
    }
}

impl std::fmt::Display for Location {
    /// The place without the user and password that a URL may hold.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Folder(folder) | Location::Scratch(folder) => {
                write!(formatter, "{}", folder.display())
            }
            Location::Url(url) => {
                formatter.write_str(url.rsplit_once('@').map_or("the database", |(_, host)| host))
            }
        }
    }
}
