//! Forecast calls: rows are only ever added.

use super::Statements;

pub(super) const CALLS: Statements = Statements {
    name: "m0005_calls",
    steps: &[
        "create table forecast_call (id text not null, period text not null, owner_id text,
            manner text not null, commit_minor bigint not null, best_case_minor bigint not null,
            currency text not null, note text not null, actor text not null,
            recorded_at bigint not null, primary key (id))",
        "create index forecast_call_recorded on forecast_call (recorded_at, id)",
    ],
};
