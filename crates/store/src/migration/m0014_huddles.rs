//! Huddles with their agendas, and what was written down at them: rows are only ever added, but
//! for the end of a huddle.

use super::Statements;

pub(super) const HUDDLES: Statements = Statements {
    name: "m0014_huddles",
    steps: &[
        "create table huddle (number bigint not null primary key, held_on text not null,
            agenda text not null, agenda_sha256 text not null, actor text not null,
            opened_at bigint not null, closed_at bigint)",
        "create table huddle_entry (number bigint not null primary key, huddle bigint not null,
            kind text not null, said text not null, about bigint, owner text, due_on text,
            metric text, metric_from text, metric_to text, metric_value double precision,
            metric_told text, expects text, actor text not null, recorded_at bigint not null)",
    ],
};
