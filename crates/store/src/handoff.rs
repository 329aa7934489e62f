//! Hand-offs as they stand; the journal has what they were, with who and when.
//!
//! A change is written on the condition that nothing changed since it was read, so that of two at
//! once one holds and the other is told.

mod notice;

use std::collections::BTreeMap;

use domain::agreement::Load;
use domain::handoff::Handoff;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, Value as SqlValue};
use uuid::Uuid;

use crate::error::Error;
use crate::record::{bounded, instant, parse_id};
use crate::{Store, Tx, db};

pub use notice::{Due, Told};

const COLUMNS: [&str; 20] = [
    "id",
    "lead_id",
    "pass",
    "state",
    "offered_to",
    "owner_id",
    "qualified_at",
    "offered_at",
    "accept_by",
    "accepted_at",
    "contact_by",
    "first_call_at",
    "calls",
    "reached_at",
    "sales_qualified_at",
    "ended_at",
    "reason",
    "returns_at",
    "changed_at",
    "version",
];
/// The columns in front that never change.
const FIXED: usize = 3;

#[derive(FromQueryResult)]
struct Row {
    id: String,
    lead_id: String,
    pass: i64,
    state: String,
    offered_to: Option<String>,
    owner_id: Option<String>,
    qualified_at: i64,
    offered_at: Option<i64>,
    accept_by: Option<i64>,
    accepted_at: Option<i64>,
    contact_by: Option<i64>,
    first_call_at: Option<i64>,
    calls: i64,
    reached_at: Option<i64>,
    sales_qualified_at: Option<i64>,
    ended_at: Option<i64>,
    reason: Option<String>,
    returns_at: Option<i64>,
    changed_at: i64,
    version: i64,
}

#[derive(FromQueryResult)]
struct LoadRow {
    user_id: String,
    given: i64,
    open: i64,
}

impl Store {
    /// All hand-offs, the first one first.
    pub async fn handoffs(&self) -> Result<Vec<Handoff>, Error> {
        read(&self.db.reader, "order by qualified_at, id", Vec::new()).await
    }

    /// Those that are under way, the first one first.
    pub async fn open_handoffs(&self) -> Result<Vec<Handoff>, Error> {
        let open = "where ended_at is null order by qualified_at, id";
        read(&self.db.reader, open, Vec::new()).await
    }

    pub async fn handoff(&self, id: Uuid) -> Result<Option<Handoff>, Error> {
        let which = "where id = $1";
        Ok(read(&self.db.reader, which, vec![id.to_string().into()]).await?.pop())
    }

    /// The passes of a lead, the first one first.
    pub async fn passes(&self, lead: Uuid) -> Result<Vec<Handoff>, Error> {
        passes(&self.db.reader, lead).await
    }

    /// Leads in some stages that were never handed over and are not deleted, by id: at most
    /// `limit` with ids behind `after`.
    pub async fn unhanded_leads(
        &self,
        stages: &[&str],
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Uuid>, Error> {
        if stages.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            r#"select id from "leads" where id > $1 and stage in {}
            and not exists (select 1 from handoff where handoff.lead_id = "leads".id)
            and (deleted is null or deleted = 0) order by id limit $2"#,
            db::parameters(3, stages.len())
        );
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let mut values = vec![after.into(), bounded(limit)];
        values.extend(stages.iter().map(|stage| (*stage).into()));
        let rows = db::raw_rows(&self.db.reader, sql, values).await?;
        rows.iter().map(|row| parse_id(&row.try_get_by_index::<String>(0)?)).collect()
    }

    /// Recycled leads that are to be offered again by an instant.
    pub async fn returning_handoffs(&self, by: Timestamp) -> Result<Vec<Handoff>, Error> {
        let which = "where returns_at <= $1 and state = 'recycled' and not exists
            (select 1 from handoff as later where later.lead_id = handoff.lead_id
            and later.pass > handoff.pass) order by returns_at, id";
        read(&self.db.reader, which, vec![by.as_microsecond().into()]).await
    }
}

impl Tx {
    /// As [`Store::passes`], with what this transaction has written.
    pub async fn passes(&mut self, lead: Uuid) -> Result<Vec<Handoff>, Error> {
        passes(&self.sql, lead).await
    }

    pub(crate) async fn handoff(&mut self, id: Uuid) -> Result<Option<Handoff>, Error> {
        Ok(read(&self.sql, "where id = $1", vec![id.to_string().into()]).await?.pop())
    }

    /// Begins a pass; `false` where the lead is on its way already.
    pub async fn begin_handoff(&mut self, new: &Handoff) -> Result<bool, Error> {
        let sql = format!(
            "insert into handoff ({}) values {} on conflict do nothing",
            COLUMNS.join(", "),
            db::parameters(1, COLUMNS.len())
        );
        if db::run(&self.sql, sql, values(new)).await? == 0 {
            return Ok(false);
        }
        self.journal_handoff(None, new).await?;
        self.tell_of_handoff(None, new).await?;
        Ok(true)
    }

    /// Writes what a hand-off has become; `false`, and nothing is written, where it has changed
    /// since it was read.
    pub async fn change_handoff(
        &mut self,
        before: &Handoff,
        after: &Handoff,
    ) -> Result<bool, Error> {
        let set: Vec<String> = (1..)
            .zip(&COLUMNS[FIXED..])
            .map(|(number, name)| format!("{name} = ${number}"))
            .collect();
        let next = set.len() + 1;
        let sql = format!(
            "update handoff set {} where id = ${next} and version = ${}",
            set.join(", "),
            next + 1
        );
        let mut values = values(after).split_off(FIXED);
        values.extend([before.id.to_string().into(), number(before.version)]);
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        self.journal_handoff(Some(before), after).await?;
        self.tell_of_handoff(Some(before), after).await?;
        Ok(true)
    }

    /// What each runner has in hand, and was offered since an instant.
    pub async fn loads(&mut self, since: Timestamp) -> Result<BTreeMap<Uuid, Load>, Error> {
        let sql = "select coalesce(owner_id, offered_to) as user_id,
            sum(case when offered_at >= $1 then 1 else 0 end) as given,
            sum(case when ended_at is null then 1 else 0 end) as open
            from handoff where coalesce(owner_id, offered_to) is not null
            and (offered_at >= $2 or ended_at is null) group by coalesce(owner_id, offered_to)";
        let since = since.as_microsecond();
        let rows: Vec<LoadRow> = db::rows(&self.sql, sql, vec![since.into(), since.into()]).await?;
        let load = |row: LoadRow| {
            let open = u32::try_from(row.open).unwrap_or(u32::MAX);
            Ok((parse_id(&row.user_id)?, Load { open, given: row.given.unsigned_abs() }))
        };
        rows.into_iter().map(load).collect()
    }

    async fn journal_handoff(
        &mut self,
        before: Option<&Handoff>,
        after: &Handoff,
    ) -> Result<(), Error> {
        let texts = |handoff: &Handoff| values(handoff).split_off(FIXED).into_iter().map(text);
        let old: Vec<Option<String>> = match before {
            Some(before) => texts(before).collect(),
            None => vec![None; COLUMNS.len() - FIXED],
        };
        let changes: Vec<(&str, Option<String>, Option<String>)> = (COLUMNS[FIXED..].iter())
            .zip(old)
            .zip(texts(after))
            .map(|((name, old), new)| (*name, old, new))
            .collect();
        let name = format!("{}/{}", after.lead, after.pass);
        self.append_setting("handoff", &name, &changes).await
    }
}

async fn passes(connection: &impl ConnectionTrait, lead: Uuid) -> Result<Vec<Handoff>, Error> {
    read(connection, "where lead_id = $1 order by pass", vec![lead.to_string().into()]).await
}

async fn read(
    connection: &impl ConnectionTrait,
    which: &str,
    values: Vec<SqlValue>,
) -> Result<Vec<Handoff>, Error> {
    let rows: Vec<Row> =
        db::rows(connection, format!("select * from handoff {which}"), values).await?;
    rows.into_iter().map(Row::handoff).collect()
}

/// What the columns hold, in their order.
fn values(handoff: &Handoff) -> Vec<SqlValue> {
    let id = |id: Option<Uuid>| SqlValue::from(id.map(|id| id.to_string()));
    let at = |at: Option<Timestamp>| SqlValue::from(at.map(Timestamp::as_microsecond));
    vec![
        handoff.id.to_string().into(),
        handoff.lead.to_string().into(),
        i64::from(handoff.pass).into(),
        handoff.state.name().into(),
        id(handoff.offered_to),
        id(handoff.owner),
        handoff.qualified_at.as_microsecond().into(),
        at(handoff.offered_at),
        at(handoff.accept_by),
        at(handoff.accepted_at),
        at(handoff.contact_by),
        at(handoff.first_call_at),
        i64::from(handoff.calls).into(),
        at(handoff.reached_at),
        at(handoff.sales_qualified_at),
        at(handoff.ended_at),
        handoff.reason.clone().into(),
        at(handoff.returns_at),
        handoff.changed_at.as_microsecond().into(),
        number(handoff.version),
    ]
}

fn number(version: u64) -> SqlValue {
    i64::try_from(version).unwrap_or(i64::MAX).into()
}

/// A hand-off with the values that its columns had before later entries of the journal; `None`
/// where it had not begun.
pub(crate) fn taken_back(
    handoff: Handoff,
    before: &BTreeMap<String, Option<String>>,
) -> Result<Option<Handoff>, Error> {
    // Every pass has a state from its first entry on.
    if before.get("state").is_some_and(Option::is_none) {
        return Ok(None);
    }
    let mut texts: BTreeMap<&str, Option<String>> =
        COLUMNS.into_iter().zip(values(&handoff).into_iter().map(text)).collect();
    for (field, value) in before {
        if let Some(known) = COLUMNS.into_iter().find(|known| known == field) {
            texts.insert(known, value.clone());
        }
    }
    Row::of_texts(texts)?.handoff().map(Some)
}

/// A column's value as the journal has it.
fn text(value: SqlValue) -> Option<String> {
    match value {
        SqlValue::String(text) => text,
        SqlValue::BigInt(number) => number.map(|number| number.to_string()),
        _ => None,
    }
}

impl Row {
    /// A row from what the journal has of its columns.
    fn of_texts(mut texts: BTreeMap<&str, Option<String>>) -> Result<Row, Error> {
        let mut take = |name: &str| texts.remove(name).flatten();
        let damaged = |what: &str| Error::damaged("a hand-off", what);
        let number = |text: Option<String>| -> Result<Option<i64>, Error> {
            text.map(|text| text.parse::<i64>().map_err(|_| damaged(&text))).transpose()
        };
        let whole = |text: Option<String>| number(text)?.ok_or_else(|| damaged("a number"));
        let said = |text: Option<String>| text.ok_or_else(|| damaged("a text"));
        Ok(Row {
            id: said(take("id"))?,
            lead_id: said(take("lead_id"))?,
            pass: whole(take("pass"))?,
            state: said(take("state"))?,
            offered_to: take("offered_to"),
            owner_id: take("owner_id"),
            qualified_at: whole(take("qualified_at"))?,
            offered_at: number(take("offered_at"))?,
            accept_by: number(take("accept_by"))?,
            accepted_at: number(take("accepted_at"))?,
            contact_by: number(take("contact_by"))?,
            first_call_at: number(take("first_call_at"))?,
            calls: whole(take("calls"))?,
            reached_at: number(take("reached_at"))?,
            sales_qualified_at: number(take("sales_qualified_at"))?,
            ended_at: number(take("ended_at"))?,
            reason: take("reason"),
            returns_at: number(take("returns_at"))?,
            changed_at: whole(take("changed_at"))?,
            version: whole(take("version"))?,
        })
    }

    fn handoff(self) -> Result<Handoff, Error> {
        let id = |id: Option<String>| id.as_deref().map(parse_id).transpose();
        let at = |at: Option<i64>| at.map(instant).transpose();
        let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Handoff {
            id: parse_id(&self.id)?,
            lead: parse_id(&self.lead_id)?,
            pass: small(self.pass),
            state: self.state.parse().map_err(|error| Error::damaged("a hand-off", error))?,
            offered_to: id(self.offered_to)?,
            owner: id(self.owner_id)?,
            qualified_at: instant(self.qualified_at)?,
            offered_at: at(self.offered_at)?,
            accept_by: at(self.accept_by)?,
            accepted_at: at(self.accepted_at)?,
            contact_by: at(self.contact_by)?,
            first_call_at: at(self.first_call_at)?,
            calls: small(self.calls),
            reached_at: at(self.reached_at)?,
            sales_qualified_at: at(self.sales_qualified_at)?,
            ended_at: at(self.ended_at)?,
            reason: self.reason,
            returns_at: at(self.returns_at)?,
            changed_at: instant(self.changed_at)?,
            version: self.version.unsigned_abs(),
        })
    }
}
