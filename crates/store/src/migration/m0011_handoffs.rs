//! Agreements with their signatures, hand-offs, and who is told of their clocks. Of a lead one
//! hand-off at most is open, which the database itself sees to.

use super::Statements;

pub(super) const HANDOFFS: Statements = Statements {
    name: "m0011_handoffs",
    steps: &[
        "create table agreement (number bigint not null, id text not null, terms text not null,
            actor text not null, recorded_at bigint not null, primary key (number))",
        "create table agreement_signature (agreement bigint not null, side text not null,
            actor text not null, signed_at bigint not null, primary key (agreement, side))",
        "create table handoff (id text not null, lead_id text not null, pass bigint not null,
            state text not null, offered_to text, owner_id text, qualified_at bigint not null,
            offered_at bigint, accept_by bigint, accepted_at bigint, contact_by bigint,
            first_call_at bigint, calls bigint not null, reached_at bigint,
            sales_qualified_at bigint, ended_at bigint, reason text, returns_at bigint,
            changed_at bigint not null, version bigint not null, primary key (id),
            unique (lead_id, pass))",
        "create unique index handoff_open on handoff (lead_id) where ended_at is null",
        "create index handoff_state on handoff (state, qualified_at)",
        "create index handoff_offered on handoff (offered_at)",
        "create table handoff_notice (handoff_id text not null, clock text not null,
            since bigint not null, step bigint not null, due_at bigint not null,
            whom text not null, told text, told_at bigint, ended_at bigint,
            primary key (handoff_id, clock, since, step))",
        "create index handoff_notice_due on handoff_notice (due_at) where ended_at is null",
    ],
};
