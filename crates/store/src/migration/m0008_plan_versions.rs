//! Saved plans: rows are only ever added.

use super::Statements;

pub(super) const PLAN_VERSIONS: Statements = Statements {
    name: "m0008_plan_versions",
    steps: &["create table plan_version (id text not null, name text not null,
            name_key text not null, period text not null, amount_minor bigint not null,
            amount_currency text not null, counts text not null, confidence_ppm bigint not null,
            day text not null, effective_at bigint not null, known_at bigint not null,
            seed text not null, changes text not null, assumed_from text, stages text not null,
            probability_ppm bigint, expected_probability_ppm bigint, present_course text,
            expected text not null, at_confidence text not null, actor text not null,
            recorded_at bigint not null, primary key (id), unique (name_key))"],
};
