//! The tables, as a list of steps that is only ever appended to.

mod m0001_spine;
mod m0002_ranges;
mod m0003_masters;
mod m0004_access;
mod m0005_calls;
mod m0006_goal_parts;
mod m0007_request_keys;
mod m0008_plan_versions;
mod m0009_purchase_person;
mod m0010_tracking;
mod m0011_handoffs;
mod m0012_period_closes;
mod m0013_pay;
mod m0014_huddles;
mod m0015_pay_facts;
mod m0016_deal_credit;
mod m0017_score_rules;
mod m0018_webhooks;

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use crate::Location;
use crate::db::Db;
use crate::error::Error;

struct Migrator;

/// A step that is nothing but statements, the same for both databases.
struct Statements {
    name: &'static str,
    steps: &'static [&'static str],
}

impl MigrationName for Statements {
    fn name(&self) -> &str {
        self.name
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Statements {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for step in self.steps {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_spine::Spine),
            Box::new(m0002_ranges::Ranges),
            Box::new(m0003_masters::Masters),
            Box::new(m0004_access::Access),
            Box::new(m0005_calls::CALLS),
            Box::new(m0006_goal_parts::GOAL_PARTS),
            Box::new(m0007_request_keys::REQUEST_KEYS),
            Box::new(m0008_plan_versions::PLAN_VERSIONS),
            Box::new(m0009_purchase_person::PURCHASE_PERSON),
            Box::new(m0010_tracking::TRACKING),
            Box::new(m0011_handoffs::HANDOFFS),
            Box::new(m0012_period_closes::PERIOD_CLOSES),
            Box::new(m0013_pay::PAY),
            Box::new(m0014_huddles::HUDDLES),
            Box::new(m0015_pay_facts::PAY_FACTS),
            Box::new(m0016_deal_credit::DEAL_CREDIT),
            Box::new(m0017_score_rules::SCORE_RULES),
            Box::new(m0018_webhooks::WEBHOOKS),
        ]
    }
}

/// Takes the steps that this database has not seen.
pub(crate) async fn bring_up_to_date(db: &Db, location: &Location) -> Result<(), Error> {
    let known: Vec<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
    let taken = Migrator::get_migration_models(&db.writer).await?;
    if taken.iter().any(|step| !known.contains(&step.version)) {
        return Err(Error::NewerTables { place: location.to_string() });
    }
    if taken.len() < known.len() {
        Migrator::up(&db.writer, None).await?;
    }
    Ok(())
}

/// Whether the tables of a store are there at all.
pub(crate) async fn has_begun(db: &Db) -> Result<bool, Error> {
    Ok(SchemaManager::new(&db.writer).has_table("company").await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::record::RecordColumn;
    use crate::tail::Batch;
    use domain::kind::{Holds, Kind};
    use uuid::Uuid;

    fn id(number: u32) -> Uuid {
        Uuid::from_u128(u128::from(number))
    }

    /// Six chained entries: the first forgotten, two of one batch with one of another between
    /// them, two that nobody claimed; and one that is not chained.
    fn old_tail() -> String {
        let mut sql = String::new();
        for position in 1..=6_u32 {
            sql += &format!(
                "insert into journal_link values ({position}, '{}', x'00', x'00');",
                id(position)
            );
        }
        let tail = [(2, Some(90)), (3, Some(91)), (4, Some(90)), (5, None), (6, None)];
        for (entry, batch) in tail {
            let batch = batch.map_or("null".to_owned(), |batch| format!("'{}'", id(batch)));
            sql += &format!("insert into journal_tail values (1, '{}', 1, {batch});", id(entry));
        }
        sql + &format!("insert into journal_tail values (1, '{}', 0, null)", id(7))
    }

    #[tokio::test]
    async fn record_tables_have_the_columns_of_the_catalogue_and_references_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Folder(folder.path().to_owned());
        let db = Db::create(&location).await.unwrap();
        bring_up_to_date(&db, &location).await.unwrap();
        let texts = async |sql: String| -> Vec<String> {
            let rows = crate::db::raw_rows(&db.reader, sql, Vec::new()).await.unwrap();
            rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
        };
        for kind in Kind::RECORDS {
            let described = "name || case when type like '%int%' then ' int' else ' text' end";
            let sql = format!("select {described} from pragma_table_info('{kind}') order by 1");
            let of_column = |column: &RecordColumn| {
                format!("{} {}", column.name, if column.number { "int" } else { "text" })
            };
            let mut expected: Vec<String> =
                crate::record::columns(kind).iter().map(of_column).collect();
            expected.sort_unstable();
            assert_eq!(texts(sql).await, expected, "{kind}");
            let sql = format!(
                "select part.name from pragma_index_list('{kind}') as list
                    join pragma_index_info(list.name) as part where part.seqno = 0"
            );
            let indexed = texts(sql).await;
            for field in kind.fields().iter().filter(|it| matches!(it.holds, Holds::Reference(_))) {
                assert!(indexed.contains(&field.name.to_owned()), "{kind}.{}", field.name);
            }
        }
    }

    #[tokio::test]
    async fn facts_of_locked_statements_are_facts_of_revenue() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Folder(folder.path().to_owned());
        let db = Db::create(&location).await.unwrap();
        Migrator::up(&db.writer, Some(14)).await.unwrap();
        let old = "insert into pay_fact values
            ('D-1', '2026-01-05', '2026-01-05', 4200, 'u', '[\"GTX\"]', 'r'),
            ('D-1', '2026-05-05', null, null, null, null, 'r')";
        db.writer.execute_unprepared(old).await.unwrap();
        bring_up_to_date(&db, &location).await.unwrap();
        let facts = Store { db }.pay_facts().await.unwrap();
        let told: Vec<String> = facts.iter().map(|fact| format!("{fact:?}")).collect();
        assert!(told[0].contains("Revenue") && told[0].contains("amount: 4200"), "{told:?}");
        assert!(told[0].contains("GTX") && told[1].contains("Withdrawn"), "{told:?}");
    }

    #[tokio::test]
    async fn claimed_entries_become_ranges_of_the_chain() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Folder(folder.path().to_owned());
        let db = Db::create(&location).await.unwrap();
        Migrator::up(&db.writer, Some(1)).await.unwrap();
        db.writer.execute_unprepared(&old_tail()).await.unwrap();
        bring_up_to_date(&db, &location).await.unwrap();
        let store = Store { db };
        let batches = store.batches().await.unwrap();
        let batch = |name, entries| Batch { id: id(name), entries };
        assert_eq!(batches, [batch(90, 2), batch(91, 1), batch(5, 2)]);
        let left = "select count(*) from journal_tail";
        assert_eq!(crate::db::count(&store.db.reader, left, Vec::new()).await.unwrap(), 1);
    }
}
