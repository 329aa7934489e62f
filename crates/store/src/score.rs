//! Versions of the rules by which leads are scored: they are only ever added.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::error::Error;
use crate::record::instant;
use crate::{Store, Tx, db};

/// A version, and who wrote it when.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRules {
    /// From 1 on.
    pub number: u64,
    pub terms: String,
    pub actor: String,
    pub recorded_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Row {
    number: i64,
    terms: String,
    actor: String,
    recorded_at: i64,
}

impl Store {
    /// All versions in the order of their numbers.
    pub async fn score_rules(&self) -> Result<Vec<ScoreRules>, Error> {
        read(&self.db.reader).await
    }
}

impl Tx {
    /// Adds a version, and gives its number.
    pub async fn add_score_rules(&mut self, terms: &str) -> Result<u64, Error> {
        let before = read(&self.sql).await?.pop();
        let number = before.as_ref().map_or(1, |version| version.number + 1);
        let sql = "insert into score_rules (number, terms, actor, recorded_at)
            values ($1, $2, $3, $4)";
        let values = vec![
            i64::try_from(number).unwrap_or(i64::MAX).into(),
            terms.into(),
            self.author.actor.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let before = before.map(|version| version.terms);
        let changes = [("terms", before, Some(terms.to_owned()))];
        self.append_setting("score_rules", &number.to_string(), &changes).await?;
        Ok(number)
    }
}

async fn read(connection: &impl ConnectionTrait) -> Result<Vec<ScoreRules>, Error> {
    let sql = "select * from score_rules order by number";
    let rows: Vec<Row> = db::rows(connection, sql, Vec::new()).await?;
    let version = |row: Row| {
        Ok(ScoreRules {
            number: row.number.unsigned_abs(),
            terms: row.terms,
            actor: row.actor,
            recorded_at: instant(row.recorded_at)?,
        })
    };
    rows.into_iter().map(version).collect()
}
