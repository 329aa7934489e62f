//! Webhooks: endpoints, messages, and how far each has come to each endpoint.

use super::Statements;

pub(super) const WEBHOOKS: Statements = Statements {
    name: "m0018_webhooks",
    steps: &[
        "create table webhook (id text not null primary key, url text not null,
            secret text not null, events text not null, allows_loopback bigint not null,
            made_at bigint not null, disabled_at bigint, disabled_why text)",
        "create table webhook_message (id text not null primary key, event text not null,
            payload text not null, recorded_at bigint not null)",
        "create table webhook_delivery (message text not null, endpoint text not null,
            attempts bigint not null, due_at bigint not null, lease_until bigint,
            delivered bigint not null, ended_at bigint, status bigint, problem text,
            primary key (message, endpoint))",
        "create index webhook_delivery_due on webhook_delivery (due_at) where ended_at is null",
        "create index webhook_message_recorded on webhook_message (recorded_at)",
    ],
};
