//! Purchases of people, of whom no account need be known.

use super::Statements;

pub(super) const PURCHASE_PERSON: Statements = Statements {
    name: "m0009_purchase_person",
    steps: &[
        "alter table purchases add column person text",
        "create index purchases_person on purchases (person) where person is not null",
    ],
};
