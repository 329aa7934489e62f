//! What can go wrong in the store, a sentence each: what, where, and what to do.

use std::path::PathBuf;

use domain::kind::Kind;
use domain::period::Period;
use sea_orm::DbErr;
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{place} holds no company yet: run `baton init` first")]
    NotInitialised { place: String },
    #[error("{place} holds a company already: choose another folder or database")]
    AlreadyInitialised { place: String },
    #[error("the database URL must begin with postgres:// (without one, SQLite is used)")]
    UnsupportedUrl,
    #[error("the database URL is not of the form postgres://user:password@host:port/database")]
    UnreadableUrl,
    #[error("the tables in {place} are of a newer Baton: use that one")]
    NewerTables { place: String },
    #[error("another member has this e-mail address already")]
    Taken,
    #[error("a plan is saved as `{0}` already: choose another name")]
    TakenVersionName(String),
    #[error("{0} is closed already: `baton period show {0}` has its figures")]
    ClosedPeriod(Period),
    #[error("another process reads the database and holds up its cleaning: stop it and repeat")]
    HeldUp,
    #[error("the data folder {folder} cannot be made: {source}")]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("the database refused: {0}")]
    Database(#[from] DbErr),
    #[error("{what} in the database is damaged: {detail}; restore it from a backup")]
    Damaged { what: &'static str, detail: String },
    #[error("{0} are not kept as records: they have no rows to read or write")]
    NotRecords(Kind),
    #[error("{kind}:{id} is written without a journal entry for `{field}`")]
    Unjournalled { kind: Kind, id: Uuid, field: &'static str },
    #[error("{kind}:{id} is written without any journal entry")]
    WithoutEntries { kind: Kind, id: Uuid },
    #[error("entry {0} is about another subject than the record that it is written with")]
    ForeignEntry(Uuid),
    #[error("entry {0} does not bear the actor, reason and time of its transaction")]
    UnsignedEntry(Uuid),
    #[error("`{field}` of {kind} cannot hold {value}")]
    WrongType { kind: Kind, field: String, value: String },
    #[error("{kind}:{id} is to be changed, but there is no such record")]
    UnknownRecord { kind: Kind, id: Uuid },
    #[error("{kind}:{id} is written twice at once: merge the two writes")]
    WrittenTwice { kind: Kind, id: Uuid },
    #[error("{0} was erased: nothing personal may be written about this person again")]
    PersonErased(Uuid),
    #[error("{0} are not people: there is nothing personal to erase")]
    NotPeople(Kind),
    #[error("the entry stage `{0}` is not one of the stages")]
    UnknownEntryStage(String),
    #[error("there is no import {0}: `baton import list` names them")]
    UnknownImport(Uuid),
    #[error("the operating system gave no random bytes for a person's key")]
    NoRandomness,
    #[error("the personal values of entry {0} could not be encrypted")]
    Encryption(Uuid),
}

impl Error {
    /// Whether it tells of the inside of the store, not of what somebody asked for.
    pub fn is_inward(&self) -> bool {
        !matches!(self, Error::Taken | Error::TakenVersionName(_) | Error::ClosedPeriod(_))
    }

    pub(crate) fn damaged(what: &'static str, detail: impl ToString) -> Error {
        Error::Damaged { what, detail: detail.to_string() }
    }
}
