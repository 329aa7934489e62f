//! Goals: the number for a period. Setting one anew keeps the earlier ones as versions.

use domain::goal::Goal;
use domain::money::{Money, parse_currency};
use domain::period::Period;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::error::Error;
use crate::record::instant;
use crate::{Store, Tx, db};

/// A goal as it was set: version 1 is the first of its period.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalVersion {
    pub version: i64,
    pub goal: Goal,
    pub actor: String,
    pub reason: String,
    pub recorded_at: Timestamp,
}

/// A probability or confidence is kept in parts per million: the store holds no floats.
pub(crate) const PPM: f64 = 1_000_000.0;

#[derive(FromQueryResult)]
struct Row {
    period: String,
    version: i64,
    amount_minor: i64,
    amount_currency: String,
    counts: String,
    confidence_ppm: i64,
    actor: String,
    reason: String,
    recorded_at: i64,
}

impl Store {
    /// The goal of a period as it stands.
    pub async fn goal(&self, period: Period) -> Result<Option<Goal>, Error> {
        Ok(self.goal_versions(period).await?.pop().map(|version| version.goal))
    }

    /// Every goal that was set for a period, the first one first.
    pub async fn goal_versions(&self, period: Period) -> Result<Vec<GoalVersion>, Error> {
        read(&self.db.reader, period).await
    }

    /// The standing goals of all periods, by period.
    pub async fn goals(&self) -> Result<Vec<Goal>, Error> {
        let sql = "select * from goal where not exists (select 1 from goal as later
            where later.period = goal.period and later.version > goal.version)
            order by period";
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        rows.into_iter().map(|row| Ok(row.into_version()?.goal)).collect()
    }
}

impl Tx {
    /// As [`Store::goal`], with what this transaction has written.
    pub async fn goal(&mut self, period: Period) -> Result<Option<Goal>, Error> {
        Ok(read(&self.sql, period).await?.pop().map(|version| version.goal))
    }

    /// Sets the goal of its period; setting what already stands changes nothing.
    pub async fn set_goal(&mut self, goal: &Goal) -> Result<(), Error> {
        let before = read(&self.sql, goal.period).await?.pop();
        if before.as_ref().is_some_and(|before| before.goal == *goal) {
            return Ok(());
        }
        let version = before.as_ref().map_or(1, |before| before.version + 1);
        let sql = "insert into goal (period, version, amount_minor, amount_currency, counts,
            confidence_ppm, actor, reason, recorded_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let values = vec![
            goal.period.to_string().into(),
            version.into(),
            goal.amount.minor.into(),
            goal.amount.currency.code().into(),
            goal.counts.name().into(),
            confidence_ppm(goal).into(),
            self.author.actor.clone().into(),
            self.author.reason.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        self.journal_goal(before.as_ref().map(|before| &before.goal), goal).await
    }

    async fn journal_goal(&mut self, before: Option<&Goal>, goal: &Goal) -> Result<(), Error> {
        let amount = |goal: &Goal| format!("{} {}", goal.amount.minor, goal.amount.currency.code());
        let counts = |goal: &Goal| goal.counts.name().to_owned();
        let confidence = |goal: &Goal| confidence_ppm(goal).to_string();
        let changes = [
            ("amount", before.map(amount), Some(amount(goal))),
            ("counts", before.map(counts), Some(counts(goal))),
            ("confidence_ppm", before.map(confidence), Some(confidence(goal))),
        ];
        self.append_setting("goal", &goal.period.to_string(), &changes).await
    }
}

fn confidence_ppm(goal: &Goal) -> i64 {
    (goal.confidence * PPM).round() as i64
}

async fn read(
    connection: &impl ConnectionTrait,
    period: Period,
) -> Result<Vec<GoalVersion>, Error> {
    let sql = "select * from goal where period = $1 order by version";
    let rows: Vec<Row> = db::rows(connection, sql, vec![period.to_string().into()]).await?;
    rows.into_iter().map(Row::into_version).collect()
}

impl Row {
    fn into_version(self) -> Result<GoalVersion, Error> {
        let Row { amount_minor, amount_currency, period, counts, confidence_ppm, .. } = &self;
        let amount = (*amount_minor, amount_currency.as_str());
        let goal = kept(amount, period, counts, *confidence_ppm)?;
        Ok(GoalVersion {
            version: self.version,
            goal,
            actor: self.actor,
            reason: self.reason,
            recorded_at: instant(self.recorded_at)?,
        })
    }
}

/// A goal out of the columns that hold it.
pub(crate) fn kept(
    (minor, currency): (i64, &str),
    period: &str,
    counts: &str,
    confidence_ppm: i64,
) -> Result<Goal, Error> {
    fn damaged(error: impl ToString) -> Error {
        Error::damaged("a goal", error)
    }
    let amount = Money { minor, currency: parse_currency(currency).map_err(damaged)? };
    let period = period.parse().map_err(damaged)?;
    let counts = counts.parse().map_err(damaged)?;
    Goal::new(amount, period, counts, confidence_ppm as f64 / PPM).map_err(damaged)
}
