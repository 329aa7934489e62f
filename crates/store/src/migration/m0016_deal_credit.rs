//! Who shares the credit of a deal, and when it was invoiced, paid for or cancelled.

use super::Statements;

pub(super) const DEAL_CREDIT: Statements = Statements {
    name: "m0016_deal_credit",
    steps: &[
        "alter table deals add column second_owner text",
        "alter table deals add column second_owner_share bigint",
        "alter table deals add column third_owner text",
        "alter table deals add column third_owner_share bigint",
        "alter table deals add column invoiced_on text",
        "alter table deals add column paid_on text",
        "alter table deals add column cancelled_on text",
        "create index deals_second_owner on deals (second_owner) where second_owner is not null",
        "create index deals_third_owner on deals (third_owner) where third_owner is not null",
    ],
};
