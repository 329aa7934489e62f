//! What can go wrong in a verb: what happened, where, and what to do about it.

use std::path::{Path, PathBuf};

use domain::access::AccessError;
use domain::goal::GoalError;
use domain::goal::tree::TreeError;
use domain::kind::{Kind, UnknownKind};
use domain::master::MasterError;
use domain::money::MoneyError;
use domain::period::PeriodError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::error::Error),
    #[error(transparent)]
    Lake(#[from] lake::error::LakeError),
    #[error(transparent)]
    Buffer(#[from] lake::buffer::BufferError),
    #[error(transparent)]
    Refused(#[from] intake::refusal::Refusal),
    #[error(transparent)]
    Goal(#[from] GoalError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Period(#[from] PeriodError),
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    #[error(transparent)]
    Fit(#[from] stats::funnel::history::FitError),
    #[error(transparent)]
    Forecast(#[from] stats::forecast::ForecastError),
    #[error(transparent)]
    Recurring(#[from] stats::recurring::RecurringError),
    #[error(transparent)]
    Simulation(#[from] stats::simulation::SimulationError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("no member has this e-mail address with this password")]
    NotAMember,
    #[error("there is no {0} that you may see")]
    NotSeen(String),
    #[error(transparent)]
    Master(#[from] MasterError),
    #[error(
        "the CRM is master of {kind}.{field}: change it there, or settle that Baton is master with \
         `baton record master {kind}.{field} baton`"
    )]
    CrmIsMaster { kind: Kind, field: &'static str },
    #[error("{subject} was changed by somebody else since it was read: read it again, then edit")]
    Changed { subject: String },
    #[error("{owner} has this lead already")]
    Taken { owner: String },
    #[error("the plan cannot be made: {0}")]
    Plan(String),
    #[error("{path}: {source}. Check that it exists, and that you may read and write there")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Ambiguous(String),
    #[error("nothing was written, since --strict allows no {0}")]
    Strict(String),
    #[error("{0}")]
    Input(String),
    /// As `Input`, of one field of what was entered.
    #[error("{why}")]
    Field { field: &'static str, why: String },
}

impl Error {
    /// For `map_err` on what was typed into a field.
    pub fn field<E: std::fmt::Display>(field: &'static str) -> impl FnOnce(E) -> Error {
        move |error| Error::Field { field, why: error.to_string() }
    }

    /// For `map_err` on what is done to a file or folder.
    pub fn folder(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    }
}
