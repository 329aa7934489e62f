//! The parts of goals, and who signed for them.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(super) struct GoalParts;

const STEPS: &[&str] = &[
    "create table goal_part (id text not null, period text not null, whole_id text,
        position bigint not null, dimension text not null, name text not null,
        amount_minor bigint not null, amount_currency text not null, owner_id text,
        primary key (id))",
    "create index goal_part_period on goal_part (period, position)",
    "create table goal_signature (period text not null, part_id text not null,
        amount_minor bigint not null, amount_currency text not null, member_id text not null,
        signed_at bigint not null, primary key (period, part_id, member_id, signed_at))",
];

impl MigrationName for GoalParts {
    fn name(&self) -> &str {
        "m0006_goal_parts"
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for GoalParts {
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
