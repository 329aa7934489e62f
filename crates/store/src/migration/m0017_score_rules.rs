//! Versions of the rules by which leads are scored: rows are only ever added.

use super::Statements;

pub(super) const SCORE_RULES: Statements = Statements {
    name: "m0017_score_rules",
    steps: &["create table score_rules (number bigint not null primary key, terms text not null,
            actor text not null, recorded_at bigint not null)"],
};
