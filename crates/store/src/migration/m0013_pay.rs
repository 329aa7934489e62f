//! Pay: plans with their signatures and judgements, statements on their way to payroll, the facts
//! that locked ones rest on, and disputes.

use super::Statements;

pub(super) const PAY: Statements = Statements {
    name: "m0013_pay",
    steps: &[
        "create table pay_plan (name text not null, version bigint not null, terms text not null,
            terms_sha256 text not null, actor text not null, recorded_at bigint not null,
            primary key (name, version))",
        "create table pay_signature (plan text not null, version bigint not null,
            signer text not null, actor text not null, signed_at bigint not null,
            primary key (plan, version, signer))",
        "create table pay_judgement (plan text not null, version bigint not null,
            leg text not null, reached_millionths bigint not null, known_on text not null,
            actor text not null, recorded_at bigint not null, primary key (plan, version, leg))",
        "create table pay_run (id text primary key, plan text not null, version bigint not null,
            period text not null, effective_at bigint not null, known_at bigint not null,
            currency text not null, total_minor bigint not null, sha256 text not null,
            notes text not null, calculated_by text not null, calculated_at bigint not null,
            approved_by text, approved_at bigint, locked_by text, locked_at bigint)",
        "create table pay_statement (run_id text not null, place bigint not null,
            payee text not null, payee_name text not null, user_id text,
            total_minor bigint not null, statement text not null, sha256 text not null,
            primary key (run_id, place))",
        "create index pay_statement_user on pay_statement (user_id)",
        "create table pay_fact (deal text not null, known_on text not null, won_on text,
            amount_minor bigint, owner text, tags text, run_id text not null,
            primary key (deal, known_on))",
        "create table pay_dispute (id text primary key, plan text not null, period text not null,
            payee text not null, user_id text, said text not null, ruling text,
            actor text not null, recorded_at bigint not null)",
    ],
};
