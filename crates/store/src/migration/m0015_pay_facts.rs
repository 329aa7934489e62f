//! The facts that locked statements rest on, now of more than won deals: what they count towards,
//! invoices, payments and cancellations, shares of credit, and the channels that led to them.

use super::Statements;

pub(super) const PAY_FACTS: Statements = Statements {
    name: "m0015_pay_facts",
    steps: &[
        "create table pay_fact_of (counted text not null, record text not null,
            known_on text not null, what text not null, effective_on text, amount bigint,
            owner text, splits text, tags text, touched text, run_id text not null,
            primary key (counted, record, known_on, what))",
        "insert into pay_fact_of (counted, record, known_on, what, effective_on, amount, owner,
            splits, tags, touched, run_id)
            select 'revenue', deal, known_on,
            case when won_on is null then 'withdrawn' else 'won' end, won_on, amount_minor, owner,
            '[]', tags, '[]', run_id from pay_fact",
        "drop table pay_fact",
    ],
};
