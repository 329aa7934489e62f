//! Huddles and what was written down at them. Texts may name people, so the journal has none.

use domain::huddle::{Action, Entry, Huddle, Reading, What};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::error::Error;
use crate::record::instant;
use crate::{Store, Tx, db};

#[derive(FromQueryResult)]
struct Row {
    number: i64,
    held_on: String,
    agenda: String,
    agenda_sha256: String,
    actor: String,
    opened_at: i64,
    closed_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct EntryRow {
    number: i64,
    huddle: i64,
    kind: String,
    said: String,
    about: Option<i64>,
    owner: Option<String>,
    due_on: Option<String>,
    metric: Option<String>,
    metric_from: Option<String>,
    metric_to: Option<String>,
    metric_value: Option<f64>,
    metric_told: Option<String>,
    expects: Option<String>,
    actor: String,
    recorded_at: i64,
}

impl Store {
    /// All huddles, the first one first.
    pub async fn huddles(&self) -> Result<Vec<Huddle>, Error> {
        huddles(&self.db.reader).await
    }

    /// All that was written down, in order.
    pub async fn huddle_entries(&self) -> Result<Vec<Entry>, Error> {
        entries(&self.db.reader).await
    }
}

impl Tx {
    /// As [`Store::huddles`], with what this transaction has written.
    pub async fn huddles(&mut self) -> Result<Vec<Huddle>, Error> {
        huddles(&self.sql).await
    }

    /// As [`Store::huddle_entries`], with what this transaction has written.
    pub async fn huddle_entries(&mut self) -> Result<Vec<Entry>, Error> {
        entries(&self.sql).await
    }

    pub async fn open_huddle(&mut self, huddle: &Huddle) -> Result<(), Error> {
        let sql = "insert into huddle (number, held_on, agenda, agenda_sha256, actor, opened_at)
            values ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            counted(huddle.number).into(),
            huddle.held_on.to_string().into(),
            huddle.agenda.as_str().into(),
            huddle.agenda_sha256.as_str().into(),
            self.author.actor.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let changes = [("agenda_sha256", None, Some(huddle.agenda_sha256.clone()))];
        self.append_setting("huddle", &huddle.number.to_string(), &changes).await
    }

    pub async fn close_huddle(&mut self, number: u64) -> Result<(), Error> {
        let sql = "update huddle set closed_at = $1 where number = $2";
        let at = self.author.at;
        let values = vec![at.as_microsecond().into(), counted(number).into()];
        db::run(&self.sql, sql, values).await?;
        let changes = [("closed_at", None, Some(at.to_string()))];
        self.append_setting("huddle", &number.to_string(), &changes).await
    }

    pub async fn add_huddle_entry(&mut self, entry: &Entry) -> Result<(), Error> {
        let sql = "insert into huddle_entry (number, huddle, kind, said, about, owner, due_on,
            metric, metric_from, metric_to, metric_value, metric_told, expects, actor, recorded_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
        let action = match &entry.what {
            What::Action(action) => Some(action),
            _ => None,
        };
        let about = match entry.what {
            What::Ended { of, .. } => Some(of),
            _ => None,
        };
        let reading = action.and_then(|action| action.metric.as_ref());
        let values = vec![
            counted(entry.number).into(),
            counted(entry.huddle).into(),
            entry.what.name().into(),
            entry.text.as_str().into(),
            about.map(counted).into(),
            action.map(|action| action.owner.clone()).into(),
            action.map(|action| action.due_on.to_string()).into(),
            reading.map(|reading| reading.metric.clone()).into(),
            reading.map(|reading| reading.from.to_string()).into(),
            reading.map(|reading| reading.to.to_string()).into(),
            reading.and_then(|reading| reading.value).into(),
            reading.map(|reading| reading.told.clone()).into(),
            action.map(|action| action.expects.clone()).into(),
            self.author.actor.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let changes = [
            ("kind", None, Some(entry.what.name().to_owned())),
            ("about", None, about.map(|about| about.to_string())),
            ("due_on", None, action.map(|action| action.due_on.to_string())),
        ];
        self.append_setting("huddle_entry", &entry.number.to_string(), &changes).await
    }
}

fn counted(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn damaged(detail: impl ToString) -> Error {
    Error::damaged("a huddle", detail)
}

async fn huddles(connection: &impl ConnectionTrait) -> Result<Vec<Huddle>, Error> {
    let sql = "select * from huddle order by number";
    let rows: Vec<Row> = db::rows(connection, sql, Vec::new()).await?;
    rows.into_iter().map(Row::huddle).collect()
}

async fn entries(connection: &impl ConnectionTrait) -> Result<Vec<Entry>, Error> {
    let sql = "select * from huddle_entry order by number";
    let rows: Vec<EntryRow> = db::rows(connection, sql, Vec::new()).await?;
    rows.into_iter().map(EntryRow::entry).collect()
}

impl Row {
    fn huddle(self) -> Result<Huddle, Error> {
        Ok(Huddle {
            number: self.number.unsigned_abs(),
            held_on: self.held_on.parse().map_err(damaged)?,
            agenda: self.agenda,
            agenda_sha256: self.agenda_sha256,
            actor: self.actor,
            opened_at: instant(self.opened_at)?,
            closed_at: self.closed_at.map(instant).transpose()?,
        })
    }
}

impl EntryRow {
    fn entry(self) -> Result<Entry, Error> {
        let ended = |is_done: bool| match self.about {
            Some(of) => Ok(What::Ended { of: of.unsigned_abs(), is_done }),
            None => Err(damaged("an end of no action")),
        };
        let what = match self.kind.as_str() {
            "note" => What::Note,
            "decision" => What::Decision,
            "action" => What::Action(self.action()?),
            "done" => ended(true)?,
            "dropped" => ended(false)?,
            other => return Err(damaged(other)),
        };
        Ok(Entry {
            number: self.number.unsigned_abs(),
            huddle: self.huddle.unsigned_abs(),
            text: self.said,
            what,
            actor: self.actor,
            at: instant(self.recorded_at)?,
        })
    }

    fn action(&self) -> Result<Action, Error> {
        let missing = || damaged("an action without its day");
        let day =
            |text: &Option<String>| text.as_deref().ok_or_else(missing)?.parse().map_err(damaged);
        let reading = |metric: &String| {
            Ok::<_, Error>(Reading {
                metric: metric.clone(),
                from: day(&self.metric_from)?,
                to: day(&self.metric_to)?,
                value: self.metric_value,
                told: self.metric_told.clone().unwrap_or_default(),
            })
        };
        Ok(Action {
            owner: self.owner.clone().unwrap_or_default(),
            due_on: day(&self.due_on)?,
            metric: self.metric.as_ref().map(reading).transpose()?,
            expects: self.expects.clone().unwrap_or_default(),
        })
    }
}
