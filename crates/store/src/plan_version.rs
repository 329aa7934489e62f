//! Plans as they were saved. None is ever changed or taken away.

use domain::goal::Goal;
use domain::plan_version::{Month, PlanVersion, VersionName};
use domain::time::AsOf;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::goal::PPM;
use crate::journal::to_json;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db, goal};

/// A version, and who saved it when.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    pub id: Uuid,
    pub version: PlanVersion,
    pub actor: String,
    pub recorded_at: Timestamp,
}

/// A month as it is kept: its name, revenue in the minor unit, and tenths by stage.
type KeptMonth = (String, i64, Vec<i64>);

#[derive(FromQueryResult)]
struct Row {
    id: String,
    name: String,
    period: String,
    amount_minor: i64,
    amount_currency: String,
    counts: String,
    confidence_ppm: i64,
    day: String,
    effective_at: i64,
    known_at: i64,
    seed: String,
    changes: String,
    assumed_from: Option<String>,
    stages: String,
    probability_ppm: Option<i64>,
    expected_probability_ppm: Option<i64>,
    present_course: Option<String>,
    expected: String,
    at_confidence: String,
    actor: String,
    recorded_at: i64,
}

impl Store {
    /// All versions in the order in which they were saved.
    pub async fn plan_versions(&self) -> Result<Vec<Saved>, Error> {
        let sql = "select * from plan_version order by recorded_at, id";
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        rows.into_iter().map(Row::saved).collect()
    }

    /// The version of a name, however it is spelled.
    pub async fn plan_version(&self, name: &VersionName) -> Result<Option<Saved>, Error> {
        read(&self.db.reader, name).await
    }
}

impl Tx {
    /// Saves a plan under its name. The journal has all of it.
    ///
    /// # Errors
    /// [`Error::TakenVersionName`] when there is a version of that name.
    pub async fn save_plan(&mut self, id: Uuid, version: &PlanVersion) -> Result<(), Error> {
        if read(&self.sql, &version.name).await?.is_some() {
            return Err(Error::TakenVersionName(version.name.as_str().to_owned()));
        }
        let kept = Kept::of(version)?;
        let sql = "insert into plan_version (id, name, name_key, period, amount_minor,
            amount_currency, counts, confidence_ppm, day, effective_at, known_at, seed, changes,
            assumed_from, stages, probability_ppm, expected_probability_ppm, present_course,
            expected, at_confidence, actor, recorded_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
            $18, $19, $20, $21, $22)";
        let Goal { amount, period, counts, confidence } = version.goal;
        let values = vec![
            id.to_string().into(),
            version.name.as_str().into(),
            version.name.key().into(),
            period.to_string().into(),
            amount.minor.into(),
            amount.currency.code().into(),
            counts.name().into(),
            ppm(confidence).into(),
            version.day.to_string().into(),
            version.as_of.effective_at.as_microsecond().into(),
            version.as_of.known_at.as_microsecond().into(),
            version.seed.to_string().into(),
            kept.changes.clone().into(),
            version.assumed_from.clone().into(),
            kept.stages.clone().into(),
            version.probability.map(ppm).into(),
            version.expected_probability.map(ppm).into(),
            kept.present_course.clone().into(),
            kept.expected.clone().into(),
            kept.at_confidence.clone().into(),
            self.author.actor.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        self.journal_plan(id, version, kept).await
    }

    async fn journal_plan(
        &mut self,
        id: Uuid,
        version: &PlanVersion,
        kept: Kept,
    ) -> Result<(), Error> {
        let Goal { amount, period, counts, confidence } = version.goal;
        let AsOf { effective_at, known_at } = version.as_of;
        let fields = [
            ("version", Some(id.to_string())),
            ("period", Some(period.to_string())),
            ("goal", Some(format!("{} {}", amount.minor, amount.currency.code()))),
            ("counts", Some(counts.name().to_owned())),
            ("confidence_ppm", Some(ppm(confidence).to_string())),
            ("effective_at", Some(effective_at.to_string())),
            ("known_at", Some(known_at.to_string())),
            ("seed", Some(version.seed.to_string())),
            ("changes", Some(kept.changes)),
            ("assumed_from", version.assumed_from.clone()),
            ("stages", Some(kept.stages)),
            ("probability_ppm", version.probability.map(|it| ppm(it).to_string())),
            (
                "expected_probability_ppm",
                version.expected_probability.map(|it| ppm(it).to_string()),
            ),
            ("present_course", kept.present_course),
            ("expected", Some(kept.expected)),
            ("at_confidence", Some(kept.at_confidence)),
        ];
        let changes = fields.map(|(field, value)| (field, None, value));
        self.append_setting("plan_version", version.name.as_str(), &changes).await
    }
}

/// What of a version is kept as JSON.
struct Kept {
    changes: String,
    stages: String,
    present_course: Option<String>,
    expected: String,
    at_confidence: String,
}

impl Kept {
    fn of(version: &PlanVersion) -> Result<Kept, Error> {
        let months = |months: &Vec<Month>| -> Result<String, Error> {
            let kept = |month: &Month| -> KeptMonth {
                (month.month.to_string(), month.revenue_minor, month.tenths.clone())
            };
            to_json(&months.iter().map(kept).collect::<Vec<_>>())
        };
        Ok(Kept {
            changes: to_json(&version.changes)?,
            stages: to_json(&version.stages)?,
            present_course: version.present_course.as_ref().map(months).transpose()?,
            expected: months(&version.expected)?,
            at_confidence: months(&version.at_confidence)?,
        })
    }
}

fn ppm(share: f64) -> i64 {
    (share * PPM).round() as i64
}

async fn read(
    connection: &impl ConnectionTrait,
    name: &VersionName,
) -> Result<Option<Saved>, Error> {
    let sql = "select * from plan_version where name_key = $1";
    let mut rows: Vec<Row> = db::rows(connection, sql, vec![name.key().into()]).await?;
    rows.pop().map(Row::saved).transpose()
}

fn damaged(error: impl ToString) -> Error {
    Error::damaged("a plan version", error)
}

fn months(json: &str) -> Result<Vec<Month>, Error> {
    let kept: Vec<KeptMonth> = serde_json::from_str(json).map_err(damaged)?;
    let month = |(month, revenue_minor, tenths): KeptMonth| {
        Ok(Month { month: month.parse().map_err(damaged)?, revenue_minor, tenths })
    };
    kept.into_iter().map(month).collect()
}

fn texts(json: &str) -> Result<Vec<String>, Error> {
    serde_json::from_str(json).map_err(damaged)
}

impl Row {
    fn saved(self) -> Result<Saved, Error> {
        let amount = (self.amount_minor, self.amount_currency.as_str());
        let goal = goal::kept(amount, &self.period, &self.counts, self.confidence_ppm)?;
        let share = |ppm: i64| ppm as f64 / PPM;
        Ok(Saved {
            id: parse_id(&self.id)?,
            version: PlanVersion {
                name: self.name.parse().map_err(damaged)?,
                goal,
                day: self.day.parse().map_err(damaged)?,
                as_of: AsOf {
                    effective_at: instant(self.effective_at)?,
                    known_at: instant(self.known_at)?,
                },
                seed: self.seed.parse().map_err(damaged)?,
                changes: texts(&self.changes)?,
                assumed_from: self.assumed_from,
                stages: texts(&self.stages)?,
                probability: self.probability_ppm.map(share),
                expected_probability: self.expected_probability_ppm.map(share),
                present_course: self.present_course.as_deref().map(months).transpose()?,
                expected: months(&self.expected)?,
                at_confidence: months(&self.at_confidence)?,
            },
            actor: self.actor,
            recorded_at: instant(self.recorded_at)?,
        })
    }
}
