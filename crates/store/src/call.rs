//! Forecast calls as they were said. None is ever changed or taken away.

use domain::call::{Call, Whose};
use domain::money::{Money, parse_currency};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db};

/// A call, and who said it when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub id: Uuid,
    pub call: Call,
    pub actor: String,
    pub recorded_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    period: String,
    owner_id: Option<String>,
    manner: String,
    commit_minor: i64,
    best_case_minor: i64,
    currency: String,
    note: String,
    actor: String,
    recorded_at: i64,
}

impl Store {
    /// All calls in the order in which they were said.
    pub async fn calls(&self) -> Result<Vec<Said>, Error> {
        read(&self.db.reader).await
    }
}

impl Tx {
    /// Says a call. The journal has what it says beside what was said of the same before.
    pub async fn say(&mut self, id: Uuid, call: &Call) -> Result<(), Error> {
        let said = read(&self.sql).await?;
        let is_same =
            |said: &&Said| (said.call.period, said.call.whose) == (call.period, call.whose);
        let before = said.iter().rev().find(is_same);
        let sql = "insert into forecast_call (id, period, owner_id, manner, commit_minor,
            best_case_minor, currency, note, actor, recorded_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let owner = call.whose.user().map(|user| user.to_string());
        let values = vec![
            id.to_string().into(),
            call.period.to_string().into(),
            owner.clone().into(),
            call.manner.name().into(),
            call.commit.minor.into(),
            call.best_case.minor.into(),
            call.commit.currency.code().into(),
            call.note.as_str().into(),
            self.author.actor.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let name = format!("{} {}", call.period, owner.as_deref().unwrap_or("whole"));
        let amount = |money: Money| format!("{} {}", money.minor, money.currency.code());
        let old = |part: fn(&Said) -> String| before.map(part);
        let changes = [
            ("call", old(|said| said.id.to_string()), Some(id.to_string())),
            ("manner", old(|said| said.call.manner.to_string()), Some(call.manner.to_string())),
            ("commit", before.map(|said| amount(said.call.commit)), Some(amount(call.commit))),
            (
                "best_case",
                before.map(|said| amount(said.call.best_case)),
                Some(amount(call.best_case)),
            ),
        ];
        self.append_setting("forecast_call", &name, &changes).await
    }
}

async fn read(connection: &impl ConnectionTrait) -> Result<Vec<Said>, Error> {
    let sql = "select * from forecast_call order by recorded_at, id";
    let rows: Vec<Row> = db::rows(connection, sql, Vec::new()).await?;
    rows.into_iter().map(Row::said).collect()
}

impl Row {
    fn said(self) -> Result<Said, Error> {
        fn damaged(error: impl ToString) -> Error {
            Error::damaged("a forecast call", error)
        }
        let currency = parse_currency(&self.currency).map_err(damaged)?;
        let money = |minor| Money { minor, currency };
        let user = self.owner_id.as_deref().map(parse_id).transpose()?;
        Ok(Said {
            id: parse_id(&self.id)?,
            call: Call {
                period: self.period.parse().map_err(damaged)?,
                whose: user.map_or(Whose::Whole, Whose::User),
                manner: self.manner.parse().map_err(damaged)?,
                commit: money(self.commit_minor),
                best_case: money(self.best_case_minor),
                note: self.note,
            },
            actor: self.actor,
            recorded_at: instant(self.recorded_at)?,
        })
    }
}
