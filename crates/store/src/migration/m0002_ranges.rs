//! Batches for the lake are ranges of the chain; indexes that few rows need hold only those; and
//! an observation keeps how its row spelled the names of others.
//!
//! The tail now holds what no link covers yet, and nothing else. What it held of chained entries
//! becomes ranges of positions under the ids of their batches.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Ranges;

/// A batch whose entries do not stand side by side in the chain becomes several ranges of one id.
/// Entries that no batch had claimed go by the id of their first entry.
const STEPS: &[&str] = &[
    "create table batch (id text not null, first_position bigint not null,
        last_position bigint not null, primary key (first_position))",
    "insert into batch (id, first_position, last_position)
        select coalesce(batch_id, min(entry_id)), min(position), max(position) from (
            select tail.batch_id, tail.entry_id, link.position, link.position - row_number()
                over (partition by tail.batch_id order by link.position) as island
            from journal_tail as tail join journal_link as link on link.entry_id = tail.entry_id
            where tail.chained = 1
        ) as chained group by batch_id, island",
    "delete from journal_tail where chained = 1",
    "alter table journal_tail drop column chained",
    "alter table journal_tail drop column batch_id",
    "drop index journal_import_id",
    "alter table observation add column spelled text",
    "create index observation_spelled on observation (subject_id) where spelled is not null",
];

/// References that most records leave empty, as `(table, columns)`.
const REFERENCES: &[(&str, &[&str])] = &[
    ("accounts", &["parent", "owner"]),
    ("people", &["account"]),
    ("users", &["team", "manager"]),
    ("leads", &["person", "account", "campaign", "product", "owner", "deal"]),
    ("deals", &["account", "product", "owner", "lead", "campaign"]),
    ("purchases", &["account", "product"]),
    ("subscriptions", &["account", "product"]),
    ("costs", &["campaign", "team"]),
];

impl MigrationName for Ranges {
    fn name(&self) -> &str {
        "m0002_ranges"
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Ranges {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for step in STEPS {
            connection.execute_unprepared(step).await?;
        }
        for (table, columns) in REFERENCES {
            for column in *columns {
                let name = format!("{table}_{column}");
                connection.execute_unprepared(&format!("drop index {name}")).await?;
                let create =
                    format!("create index {name} on {table} ({column}) where {column} is not null");
                connection.execute_unprepared(&create).await?;
            }
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
