//! Who is master of which fields; and what people edited is found without reading every entry.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Masters;

const STEPS: &[&str] = &[
    "create table master (realm text not null, master text not null, primary key (realm))",
    "create index journal_live on journal (kind, subject_id) where provenance = 'live'",
];

impl MigrationName for Masters {
    fn name(&self) -> &str {
        "m0003_masters"
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Masters {
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
