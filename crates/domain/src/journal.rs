//! The journal: the append-only record of every change, and the chain of hashes over it.

use jiff::Timestamp;
use uuid::Uuid;

use crate::kind::Kind;
use crate::value::Value;

/// One entry: what changed on one subject at one effective time.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: Uuid,
    pub kind: Kind,
    pub subject_id: Uuid,
    /// Who made the change, such as `import` or a user's id.
    pub actor: String,
    pub reason: String,
    pub import_id: Option<Uuid>,
    /// When it was true.
    pub effective_at: Timestamp,
    /// When it was learnt.
    pub recorded_at: Timestamp,
    pub provenance: Provenance,
    pub changes: Vec<Change>,
}

/// One field before and after; `None` is "not known" or "empty".
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub field: &'static str,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Whether the change was seen as it happened or put together from an export afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    Live,
    Reconstructed,
}

impl Provenance {
    pub fn name(self) -> &'static str {
        match self {
            Provenance::Live => "live",
            Provenance::Reconstructed => "reconstructed",
        }
    }

    pub fn parse(text: &str) -> Option<Provenance> {
        [Provenance::Live, Provenance::Reconstructed].into_iter().find(|p| p.name() == text)
    }
}
