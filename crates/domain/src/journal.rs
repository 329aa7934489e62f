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

/// What entries are about that is no record.
pub const SETTINGS: [&str; 27] = [
    "company",
    "stages",
    "mapping",
    "master",
    "goal",
    "goal_part",
    "goal_signature",
    "forecast_call",
    "plan_version",
    "period_close",
    "agreement",
    "agreement_signature",
    "handoff",
    "handoff_notice",
    "pay_plan",
    "pay_signature",
    "pay_judgement",
    "pay_run",
    "pay_dispute",
    "huddle",
    "huddle_entry",
    "score_rules",
    "webhook",
    "member",
    "token",
    "write_key",
    "redaction",
];

/// What an undo gives as its reason, before the import's id.
pub const UNDO: &str = "undo of import ";

/// What brought an entry about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A person's own hand, on a record.
    Edit,
    /// What a file told.
    Import,
    /// A file that was taken back.
    Undo,
    /// Something that is no record was settled: a goal, a member, a plan.
    Setting,
}

impl Cause {
    pub const ALL: [Cause; 4] = [Cause::Edit, Cause::Import, Cause::Undo, Cause::Setting];

    pub fn name(self) -> &'static str {
        match self {
            Cause::Edit => "edit",
            Cause::Import => "import",
            Cause::Undo => "undo",
            Cause::Setting => "setting",
        }
    }

    pub fn parse(text: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.name() == text)
    }
}

/// An entry as a search finds it: on a record or a setting, and without personal fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub id: Uuid,
    /// A kind of record, or of setting.
    pub kind: String,
    /// The record's id, or the setting's name.
    pub subject: String,
    pub actor: String,
    pub reason: String,
    pub import_id: Option<Uuid>,
    pub effective_at: Timestamp,
    pub recorded_at: Timestamp,
    pub provenance: Provenance,
    /// Of settings, texts.
    pub changes: Vec<FoundChange>,
    /// Whether personal fields changed, too.
    pub has_personal: bool,
}

/// As [`Change`], on a record or a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundChange {
    pub field: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Found {
    /// The kind of record and the record, unless it is on a setting.
    pub fn record(&self) -> Option<(Kind, Uuid)> {
        let kind = Kind::RECORDS.into_iter().find(|kind| kind.name() == self.kind)?;
        Some((kind, self.subject.parse().ok()?))
    }

    pub fn cause(&self) -> Cause {
        match self.provenance {
            Provenance::Live if self.record().is_some() => Cause::Edit,
            Provenance::Live => Cause::Setting,
            Provenance::Reconstructed if self.reason.starts_with(UNDO) => Cause::Undo,
            Provenance::Reconstructed => Cause::Import,
        }
    }
}

impl FoundChange {
    /// An entry may overlay an older one with what holds anyway; that is no change to be shown.
    pub fn is_seen(&self) -> bool {
        self.before != self.after
    }
}
