//! Who may sign in, who has, and how often the store was written.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Access;

const STEPS: &[&str] = &[
    "create table generation (id integer not null, writes bigint not null, primary key (id))",
    "insert into generation (id, writes) values (1, 0)",
    "create table member (id text not null, email text not null, name text not null,
        role text not null, user_id text, password text not null, primary key (id))",
    "create unique index member_email on member (email)",
    "create table session (token text not null, member_id text not null,
        opened_at bigint not null, expires_at bigint not null, primary key (token))",
    "create index session_member on session (member_id)",
    "create table token (token text not null, member_id text not null, name text not null,
        may_write bigint not null, made_at bigint not null, expires_at bigint not null,
        primary key (token))",
    "create index token_member on token (member_id)",
];

impl MigrationName for Access {
    fn name(&self) -> &str {
        "m0004_access"
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Access {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for step in STEPS {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
