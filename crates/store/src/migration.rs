//! The tables, as a list of steps that is only ever appended to.

mod m0001_spine;

use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};

use crate::Location;
use crate::db::Db;
use crate::error::Error;

struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_spine::Spine)]
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
