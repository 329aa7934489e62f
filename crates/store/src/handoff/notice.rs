//! Who is to be told of a clock: planned when the clock begins, told once, ended when it stops.

use domain::agreement::Whom;
use domain::handoff::{Clock, Notice};
use jiff::Timestamp;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::error::Error;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db};

/// A notice that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub handoff: Uuid,
    pub notice: Notice,
}

/// A notice that was given, to a user of the CRM or to nobody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub handoff: Uuid,
    pub clock: Clock,
    pub step: u32,
    pub user: Option<Uuid>,
    pub told_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Row {
    handoff_id: String,
    clock: String,
    since: i64,
    step: i64,
    due_at: i64,
    whom: String,
    told: Option<String>,
    told_at: Option<i64>,
}

const RUNNER: &str = "runner";
const MANAGER: &str = "manager";

impl Store {
    /// What is due by an instant and nobody was told, the oldest first.
    pub async fn due_notices(&self, by: Timestamp) -> Result<Vec<Due>, Error> {
        let sql = "select * from handoff_notice where ended_at is null and due_at <= $1
            order by due_at, handoff_id, clock, step";
        let rows: Vec<Row> =
            db::rows(&self.db.reader, sql, vec![by.as_microsecond().into()]).await?;
        rows.into_iter().map(Row::due).collect()
    }

    /// What was told, the first one first.
    pub async fn told_notices(&self) -> Result<Vec<Told>, Error> {
        let sql = "select * from handoff_notice where told_at is not null
            order by told_at, handoff_id, clock, step";
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        rows.into_iter().filter_map(|row| row.told().transpose()).collect()
    }
}

impl Tx {
    /// Plans the notices of the clock that runs now; those of any other clock are ended.
    pub async fn plan_notices(&mut self, handoff: Uuid, notices: &[Notice]) -> Result<(), Error> {
        let (clock, since) = notices
            .first()
            .map_or(("", 0), |notice| (notice.clock.name(), notice.since.as_microsecond()));
        let end = "update handoff_notice set ended_at = $1 where handoff_id = $2
            and ended_at is null and not (clock = $3 and since = $4)";
        let now = self.author.at.as_microsecond();
        let id = handoff.to_string();
        db::run(&self.sql, end, vec![now.into(), id.clone().into(), clock.into(), since.into()])
            .await?;
        let plan = "insert into handoff_notice (handoff_id, clock, since, step, due_at, whom)
            values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
        for notice in notices {
            let values = vec![
                id.clone().into(),
                notice.clock.name().into(),
                notice.since.as_microsecond().into(),
                i64::from(notice.step).into(),
                notice.due_at.as_microsecond().into(),
                whom(notice.whom).into(),
            ];
            db::run(&self.sql, plan, values).await?;
        }
        Ok(())
    }

    /// Says that somebody was told; `false` where another did it, or the clock has stopped.
    pub async fn tell(&mut self, due: &Due, user: Option<Uuid>) -> Result<bool, Error> {
        let Notice { clock, since, step, .. } = &due.notice;
        let sql = "update handoff_notice set told = $1, told_at = $2, ended_at = $3
            where handoff_id = $4 and clock = $5 and since = $6 and step = $7
            and ended_at is null";
        let now = self.author.at.as_microsecond();
        let told = user;
        let user = user.map(|user| user.to_string());
        let values = vec![
            user.clone().into(),
            now.into(),
            now.into(),
            due.handoff.to_string().into(),
            clock.name().into(),
            since.as_microsecond().into(),
            i64::from(*step).into(),
        ];
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        let name = format!("{}/{}/{}/{step}", due.handoff, clock.name(), since.as_microsecond());
        let changes = [
            ("told", None, Some(user.unwrap_or_default())),
            ("due_at", None, Some(due.notice.due_at.to_string())),
        ];
        self.append_setting("handoff_notice", &name, &changes).await?;
        self.tell_of_notice(due.handoff, &due.notice, told).await?;
        Ok(true)
    }
}

fn whom(whom: Whom) -> String {
    match whom {
        Whom::Runner => RUNNER.to_owned(),
        Whom::Manager => MANAGER.to_owned(),
        Whom::User(user) => user.to_string(),
    }
}

impl Row {
    fn clock(&self) -> Result<Clock, Error> {
        self.clock.parse().map_err(|error| Error::damaged("a notice", error))
    }

    fn step(&self) -> u32 {
        u32::try_from(self.step).unwrap_or(u32::MAX)
    }

    fn due(self) -> Result<Due, Error> {
        let whom = match self.whom.as_str() {
            RUNNER => Whom::Runner,
            MANAGER => Whom::Manager,
            user => Whom::User(parse_id(user)?),
        };
        let (clock, step) = (self.clock()?, self.step());
        let (since, due_at) = (instant(self.since)?, instant(self.due_at)?);
        let notice = Notice { clock, since, step, due_at, whom };
        Ok(Due { handoff: parse_id(&self.handoff_id)?, notice })
    }

    fn told(self) -> Result<Option<Told>, Error> {
        let Some(told_at) = self.told_at else { return Ok(None) };
        Ok(Some(Told {
            handoff: parse_id(&self.handoff_id)?,
            clock: self.clock()?,
            step: self.step(),
            user: self.told.as_deref().map(parse_id).transpose()?,
            told_at: instant(told_at)?,
        }))
    }
}
