//! The parts of goals, and who signed for them.

use super::Statements;

pub(super) const GOAL_PARTS: Statements = Statements {
    name: "m0006_goal_parts",
    steps: &[
        "create table goal_part (id text not null, period text not null, whole_id text,
            position bigint not null, dimension text not null, name text not null,
            amount_minor bigint not null, amount_currency text not null, owner_id text,
            primary key (id))",
        "create index goal_part_period on goal_part (period, position)",
        "create table goal_signature (period text not null, part_id text not null,
            amount_minor bigint not null, amount_currency text not null, member_id text not null,
            signed_at bigint not null, primary key (period, part_id, member_id, signed_at))",
    ],
};
