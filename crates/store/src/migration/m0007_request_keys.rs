//! Keys by which programs name their writes, with the answers that they got.

use super::Statements;

pub(super) const REQUEST_KEYS: Statements = Statements {
    name: "m0007_request_keys",
    steps: &[
        "create table request_key (id text not null, request_digest text not null,
            answer text, claimed_at bigint not null, primary key (id))",
        "create index request_key_time on request_key (claimed_at)",
    ],
};
