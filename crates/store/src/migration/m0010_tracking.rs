//! Keys by which sites send events, what came of events, and people who turned out to be one.

use super::Statements;

pub(super) const TRACKING: Statements = Statements {
    name: "m0010_tracking",
    steps: &[
        "create table write_key (id text not null, secret text not null, name text not null,
            made_at bigint not null, revoked_at bigint, primary key (id))",
        "create unique index write_key_secret on write_key (secret)",
        "create table tracked_segment (id text not null, sealed_at bigint not null,
            primary key (id))",
        "create table tracked_event (day text not null, outcome text not null,
            detail text not null, events bigint not null, primary key (day, outcome, detail))",
        "create table quarantined_event (id text not null, received_at bigint not null,
            code text not null, why text not null, event text not null, primary key (id))",
        "create index quarantined_event_time on quarantined_event (received_at)",
        "create table same_person (from_id text not null, to_id text not null,
            learnt_at bigint not null, primary key (from_id))",
        "create index same_person_to on same_person (to_id)",
    ],
};
