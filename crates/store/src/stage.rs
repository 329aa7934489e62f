//! The stages of leads and of deals, in the company's own order.

use domain::kind::Kind;
use domain::stage::{Outcome, Stage, Stages};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::error::Error;
use crate::insert::Insert;
use crate::{Store, Tx, db};

#[derive(FromQueryResult)]
struct Row {
    name: String,
    outcome: String,
    is_entry: i64,
}

impl Store {
    /// The stages of a kind; empty until they were set.
    pub async fn stages(&self, kind: Kind) -> Result<Stages, Error> {
        read(&self.db.reader, kind).await
    }
}

impl Tx {
    /// As [`Store::stages`], with what this transaction has written.
    pub async fn stages(&self, kind: Kind) -> Result<Stages, Error> {
        read(&self.sql, kind).await
    }

    /// Replaces the stages of a kind.
    pub async fn set_stages(&mut self, kind: Kind, stages: &Stages) -> Result<(), Error> {
        let is_entry =
            |stage: &Stage| stages.entry.as_ref().is_some_and(|name| *name == stage.name);
        if let Some(entry) = &stages.entry
            && !stages.stages.iter().any(is_entry)
        {
            return Err(Error::UnknownEntryStage(entry.clone()));
        }
        let before = read(&self.sql, kind).await?;
        db::run(&self.sql, "delete from stage where kind = $1", vec![kind.name().into()]).await?;
        let columns = ["kind", "position", "name", "outcome", "is_entry"];
        let placed: Vec<(i64, &Stage)> = (0..).zip(&stages.stages).collect();
        Insert { table: "stage", columns: &columns, on_conflict: "" }
            .run(&self.sql, &placed, |(position, stage), row| {
                row.extend([kind.name().into(), (*position).into(), stage.name.clone().into()]);
                row.extend([stage.outcome.name().into(), i64::from(is_entry(stage)).into()]);
                Ok(())
            })
            .await?;
        let listed = ("stages", describe(&before)?, describe(stages)?);
        let entry = ("entry", before.entry, stages.entry.clone());
        self.append_setting("stages", kind.name(), &[listed, entry]).await
    }
}

async fn read(connection: &impl ConnectionTrait, kind: Kind) -> Result<Stages, Error> {
    let sql = "select name, outcome, is_entry from stage where kind = $1 order by position";
    let mut stages = Stages::default();
    for row in db::rows::<Row>(connection, sql, vec![kind.name().into()]).await? {
        let outcome =
            Outcome::parse(&row.outcome).ok_or_else(|| Error::damaged("a stage", &row.outcome))?;
        if row.is_entry != 0 {
            stages.entry = Some(row.name.clone());
        }
        stages.stages.push(Stage { name: row.name, outcome });
    }
    Ok(stages)
}

/// The stages as one text for the journal; `None` for none.
fn describe(stages: &Stages) -> Result<Option<String>, Error> {
    let pairs: Vec<[&str; 2]> =
        stages.stages.iter().map(|stage| [stage.name.as_str(), stage.outcome.name()]).collect();
    if pairs.is_empty() { Ok(None) } else { crate::journal::to_json(&pairs).map(Some) }
}
