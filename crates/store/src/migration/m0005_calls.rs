//! Forecast calls: rows are only ever added.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Calls;

const STEPS: &[&str] = &[
    "create table forecast_call (id text not null, period text not null, owner_id text,
        manner text not null, commit_minor bigint not null, best_case_minor bigint not null,
        currency text not null, note text not null, actor text not null,
        recorded_at bigint not null, primary key (id))",
    "create index forecast_call_recorded on forecast_call (recorded_at, id)",
];

impl MigrationName for Calls {
    fn name(&self) -> &str {
        "m0005_calls"
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Calls {
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
