//! Closed periods: rows are only ever added, and one for a period.

use super::Statements;

pub(super) const PERIOD_CLOSES: Statements = Statements {
    name: "m0012_period_closes",
    steps: &["create table period_close (period text not null, figures text not null,
            figures_sha256 text not null, proof text not null, opens text not null,
            actor text not null, reason text not null, recorded_at bigint not null,
            primary key (period))"],
};
