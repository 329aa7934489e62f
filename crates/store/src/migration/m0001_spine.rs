//! The first tables: the company, its records, the journal and its chain, imports and goals.
//!
//! Frozen: a later change is a later step. Names, types and order of a record's columns are those
//! of the catalogue; a test compares them.

use sea_orm_migration::sea_query::{ColumnDef, Index, IntoIden, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

use Column::{Blob, BlobOrNull, Int, IntOrNull, Text, TextOrNull};

pub(super) struct Spine;

/// A column: its type, whether it may be empty, its name.
#[derive(Clone, Copy)]
enum Column {
    Text(&'static str),
    TextOrNull(&'static str),
    Int(&'static str),
    IntOrNull(&'static str),
    Blob(&'static str),
    BlobOrNull(&'static str),
}

struct NewTable {
    name: &'static str,
    columns: &'static [Column],
    key: &'static [&'static str],
    indexes: &'static [&'static [&'static str]],
}

const TABLES: &[NewTable] = &[
    NewTable {
        name: "company",
        columns: &[
            Int("id"),
            Text("name"),
            Text("currency"),
            Text("timezone"),
            Int("fiscal_year_start_month"),
            Int("founded_at"),
        ],
        key: &["id"],
        indexes: &[],
    },
    NewTable {
        name: "stage",
        columns: &[Text("kind"), Int("position"), Text("name"), Text("outcome"), Int("is_entry")],
        key: &["kind", "position"],
        indexes: &[],
    },
    NewTable {
        name: "mapping",
        columns: &[Text("kind"), Text("fingerprint"), Text("toml"), Int("saved_at")],
        key: &["kind", "fingerprint"],
        indexes: &[],
    },
    NewTable {
        name: "goal",
        columns: &[
            Text("period"),
            Int("version"),
            Int("amount_minor"),
            Text("amount_currency"),
            Text("counts"),
            Int("confidence_ppm"),
            Text("actor"),
            Text("reason"),
            Int("recorded_at"),
        ],
        key: &["period", "version"],
        indexes: &[],
    },
    NewTable {
        name: "journal",
        columns: &[
            Text("id"),
            Text("kind"),
            Text("subject_id"),
            Text("actor"),
            Text("reason"),
            TextOrNull("import_id"),
            Int("effective_at"),
            Int("recorded_at"),
            Text("provenance"),
            Text("changes"),
            BlobOrNull("sealed_changes"),
        ],
        key: &["id"],
        indexes: &[&["kind", "subject_id", "effective_at"], &["import_id"]],
    },
    NewTable {
        name: "journal_tail",
        columns: &[Int("recorded_at"), Text("entry_id"), Int("chained"), TextOrNull("batch_id")],
        key: &["recorded_at", "entry_id"],
        indexes: &[],
    },
    NewTable {
        name: "journal_link",
        columns: &[Int("position"), Text("entry_id"), Blob("digest"), Blob("hash")],
        key: &["position"],
        indexes: &[],
    },
    NewTable {
        name: "lease",
        columns: &[Text("name"), Text("holder"), Int("until")],
        key: &["name"],
        indexes: &[],
    },
    NewTable {
        name: "person_key",
        columns: &[Text("person_id"), BlobOrNull("key"), IntOrNull("erased_at")],
        key: &["person_id"],
        indexes: &[],
    },
    NewTable {
        name: "alias",
        columns: &[Text("kind"), Text("namespace"), Text("key"), Text("record_id")],
        key: &["kind", "namespace", "key"],
        indexes: &[&["record_id"]],
    },
    NewTable {
        name: "import",
        columns: &[
            Text("id"),
            Text("kind"),
            Text("file_name"),
            Text("content_sha256"),
            Int("observed_at"),
            Text("coverage"),
            Text("actor"),
            Int("recorded_at"),
            Int("rows_read"),
            Int("rows_new"),
            Int("rows_updated"),
            Int("rows_unchanged"),
            Int("rows_rejected"),
            Text("status"),
        ],
        key: &["id"],
        indexes: &[&["content_sha256"]],
    },
    NewTable {
        name: "observation",
        columns: &[
            Text("subject_id"),
            Text("import_id"),
            Int("file_row"),
            Text("kind"),
            Int("dated"),
            Int("holds_at"),
            IntOrNull("modified_at"),
            Blob("digest"),
            Text("field_values"),
        ],
        key: &["subject_id", "import_id", "file_row"],
        indexes: &[&["import_id"]],
    },
    NewTable {
        name: "accounts",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("name"),
            TextOrNull("domain"),
            TextOrNull("industry"),
            IntOrNull("employees"),
            IntOrNull("annual_revenue_minor"),
            TextOrNull("annual_revenue_currency"),
            TextOrNull("country"),
            TextOrNull("region"),
            TextOrNull("parent"),
            TextOrNull("owner"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[&["parent"], &["owner"]],
    },
    NewTable {
        name: "people",
        columns: &[
            Text("id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("external_id"),
            TextOrNull("name"),
            TextOrNull("email"),
            TextOrNull("phone"),
            TextOrNull("title"),
            TextOrNull("city"),
            TextOrNull("account"),
            TextOrNull("country"),
            TextOrNull("persona"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[&["account"]],
    },
    NewTable {
        name: "products",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("name"),
            TextOrNull("family"),
            IntOrNull("list_price_minor"),
            TextOrNull("list_price_currency"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[],
    },
    NewTable {
        name: "users",
        columns: &[
            Text("id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("external_id"),
            TextOrNull("name"),
            TextOrNull("email"),
            TextOrNull("title"),
            TextOrNull("role"),
            TextOrNull("region"),
            TextOrNull("team"),
            TextOrNull("manager"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[&["team"], &["manager"]],
    },
    NewTable {
        name: "teams",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("name"),
            TextOrNull("leg"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[],
    },
    NewTable {
        name: "campaigns",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("name"),
            TextOrNull("channel"),
            TextOrNull("objective"),
            TextOrNull("starts_on"),
            TextOrNull("ends_on"),
            IntOrNull("budget_minor"),
            TextOrNull("budget_currency"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[],
    },
    NewTable {
        name: "leads",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("stage"),
            IntOrNull("stage_entered_at"),
            IntOrNull("closed_at"),
            TextOrNull("person"),
            TextOrNull("account"),
            TextOrNull("source"),
            TextOrNull("campaign"),
            TextOrNull("landing_page"),
            TextOrNull("product"),
            TextOrNull("owner"),
            IntOrNull("score"),
            TextOrNull("reason"),
            TextOrNull("deal"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[&["person"], &["account"], &["campaign"], &["product"], &["owner"], &["deal"]],
    },
    NewTable {
        name: "deals",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("name"),
            TextOrNull("stage"),
            IntOrNull("stage_entered_at"),
            IntOrNull("amount_minor"),
            TextOrNull("amount_currency"),
            TextOrNull("expected_close_on"),
            IntOrNull("closed_at"),
            TextOrNull("account"),
            TextOrNull("product"),
            TextOrNull("owner"),
            TextOrNull("lead"),
            TextOrNull("campaign"),
            TextOrNull("source"),
            TextOrNull("type"),
            IntOrNull("probability"),
            TextOrNull("forecast_category"),
            TextOrNull("next_step"),
            TextOrNull("competitor"),
            IntOrNull("discount"),
            TextOrNull("reason"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[&["account"], &["product"], &["owner"], &["lead"], &["campaign"]],
    },
    NewTable {
        name: "purchases",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("account"),
            TextOrNull("product"),
            IntOrNull("amount_minor"),
            TextOrNull("amount_currency"),
            IntOrNull("quantity"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[&["account"], &["product"]],
    },
    NewTable {
        name: "subscriptions",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("account"),
            TextOrNull("product"),
            TextOrNull("started_on"),
            TextOrNull("ended_on"),
            IntOrNull("monthly_amount_minor"),
            TextOrNull("monthly_amount_currency"),
            TextOrNull("status"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[&["account"], &["product"]],
    },
    NewTable {
        name: "costs",
        columns: &[
            Text("id"),
            TextOrNull("external_id"),
            IntOrNull("created_at"),
            IntOrNull("deleted"),
            TextOrNull("channel"),
            TextOrNull("campaign"),
            TextOrNull("team"),
            TextOrNull("category"),
            IntOrNull("amount_minor"),
            TextOrNull("amount_currency"),
            Int("first_recorded_at"),
            Int("last_recorded_at"),
        ],
        key: &["id"],
        indexes: &[&["campaign"], &["team"]],
    },
];

impl MigrationName for Spine {
    fn name(&self) -> &str {
        "m0001_spine"
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Spine {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            table.create(manager).await?;
        }
        let one_link_each = Index::create()
            .name("journal_link_entry_id")
            .table("journal_link")
            .col("entry_id")
            .unique()
            .to_owned();
        manager.create_index(one_link_each).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

impl NewTable {
    async fn create(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let mut key = Index::create();
        for column in self.key {
            key.col(*column);
        }
        let mut table = Table::create();
        table.table(self.name).primary_key(&mut key);
        for column in self.columns {
            table.col(column.define());
        }
        manager.create_table(table).await?;
        for columns in self.indexes {
            self.index(manager, columns).await?;
        }
        Ok(())
    }

    async fn index(
        &self,
        manager: &SchemaManager<'_>,
        columns: &[&'static str],
    ) -> Result<(), DbErr> {
        let mut index = Index::create();
        index.name(format!("{}_{}", self.name, columns.join("_"))).table(self.name);
        for column in columns {
            index.col(*column);
        }
        manager.create_index(index).await
    }
}

impl Column {
    fn define(self) -> ColumnDef {
        let new = |name: &'static str| ColumnDef::new(name.into_iden());
        match self {
            Text(name) => new(name).text().not_null().take(),
            TextOrNull(name) => new(name).text().take(),
            Int(name) => new(name).big_integer().not_null().take(),
            IntOrNull(name) => new(name).big_integer().take(),
            Blob(name) => new(name).blob().not_null().take(),
            BlobOrNull(name) => new(name).blob().take(),
        }
    }
}
