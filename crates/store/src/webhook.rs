//! Webhooks: endpoints, and the outbox. What is to be told is written in the transaction that did
//! it, once for each endpoint that wants it, and stays until it was told or given up.

use domain::handoff::Handoff;
use domain::webhook::Event;
use jiff::{SignedDuration, Timestamp};
use sea_orm::FromQueryResult;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::error::Error;
use crate::record::{bounded, instant, parse_id};
use crate::{Store, Tx, db};

/// Where events are sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: Uuid,
    pub url: String,
    /// With `whsec_` in front.
    pub secret: String,
    /// All where none is named.
    pub events: Vec<Event>,
    /// Whether it may be on this machine.
    pub allows_loopback: bool,
    pub made_at: Timestamp,
    pub disabled: Option<(Timestamp, String)>,
}

/// A message for an endpoint, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub message: String,
    pub endpoint: Uuid,
    pub event: String,
    pub payload: String,
    pub recorded_at: Timestamp,
    pub attempts: u32,
    pub due_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub is_delivered: bool,
    /// What was last answered, where anything was.
    pub status: Option<u16>,
    pub problem: Option<String>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub is_delivered: bool,
    pub status: Option<u16>,
    pub problem: Option<String>,
    /// When it is tried again; never where it was delivered or is given up.
    pub again_at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct EndpointRow {
    id: String,
    url: String,
    secret: String,
    events: String,
    allows_loopback: i64,
    made_at: i64,
    disabled_at: Option<i64>,
    disabled_why: Option<String>,
}

#[derive(FromQueryResult)]
struct DeliveryRow {
    message: String,
    endpoint: String,
    event: String,
    payload: String,
    recorded_at: i64,
    attempts: i64,
    due_at: i64,
    ended_at: Option<i64>,
    delivered: i64,
    status: Option<i64>,
    problem: Option<String>,
}

impl std::fmt::Debug for Endpoint {
    /// Without its secret, so that no log ever has it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Endpoint").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Endpoint {
    fn wants(&self, event: Event) -> bool {
        self.disabled.is_none() && (self.events.is_empty() || self.events.contains(&event))
    }
}

const DELIVERIES: &str = "select webhook_delivery.message, webhook_delivery.endpoint,
    webhook_message.event, webhook_message.payload, webhook_message.recorded_at,
    webhook_delivery.attempts, webhook_delivery.due_at, webhook_delivery.ended_at,
    webhook_delivery.delivered, webhook_delivery.status, webhook_delivery.problem
    from webhook_delivery join webhook_message on webhook_message.id = webhook_delivery.message";

impl Store {
    /// All endpoints, the oldest first.
    pub async fn webhooks(&self) -> Result<Vec<Endpoint>, Error> {
        endpoints(&self.db.reader).await
    }

    /// What is due by an instant and nobody else sends at the moment, the oldest first.
    pub async fn due_deliveries(&self, now: Timestamp, limit: u64) -> Result<Vec<Delivery>, Error> {
        let sql = format!(
            "{DELIVERIES} where webhook_delivery.ended_at is null
            and webhook_delivery.due_at <= $1
            and (webhook_delivery.lease_until is null or webhook_delivery.lease_until <= $1)
            order by webhook_delivery.due_at, webhook_delivery.message limit $2"
        );
        let values = vec![now.as_microsecond().into(), bounded(limit)];
        deliveries(db::rows(&self.db.reader, sql, values).await?)
    }

    /// The latest messages with how far each has come, the newest first.
    pub async fn deliveries(&self, limit: u64) -> Result<Vec<Delivery>, Error> {
        let sql = format!(
            "{DELIVERIES} order by webhook_message.recorded_at desc, webhook_delivery.message desc,
            webhook_delivery.endpoint limit $1"
        );
        deliveries(db::rows(&self.db.reader, sql, vec![bounded(limit)]).await?)
    }

    /// Takes a message to send it; `false` where another process has taken it.
    pub async fn claim_delivery(
        &self,
        delivery: &Delivery,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<bool, Error> {
        let sql = "update webhook_delivery set attempts = attempts + 1, lease_until = $1
            where message = $2 and endpoint = $3 and attempts = $4 and ended_at is null
            and (lease_until is null or lease_until <= $5)";
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let values = vec![
            until.as_microsecond().into(),
            delivery.message.clone().into(),
            delivery.endpoint.to_string().into(),
            i64::from(delivery.attempts).into(),
            now.as_microsecond().into(),
        ];
        Ok(db::run(&self.db.writer, sql, values).await? > 0)
    }

    /// Notes what came of an attempt that was claimed.
    pub async fn settle_delivery(
        &self,
        delivery: &Delivery,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        let sql = "update webhook_delivery set lease_until = null, delivered = $1, status = $2,
            problem = $3, due_at = coalesce($4, due_at), ended_at = $5
            where message = $6 and endpoint = $7 and ended_at is null";
        let micros = |at: Option<Timestamp>| at.map(Timestamp::as_microsecond);
        let ended = outcome.again_at.is_none().then_some(now);
        let values = vec![
            i64::from(outcome.is_delivered).into(),
            outcome.status.map(i64::from).into(),
            outcome.problem.clone().into(),
            micros(outcome.again_at).into(),
            micros(ended).into(),
            delivery.message.clone().into(),
            delivery.endpoint.to_string().into(),
        ];
        db::run(&self.db.writer, sql, values).await?;
        Ok(())
    }

    /// Forgets messages that ended before an instant.
    pub async fn forget_deliveries(&self, before: Timestamp) -> Result<(), Error> {
        let at = || vec![before.as_microsecond().into()];
        let ended = "delete from webhook_delivery where ended_at < $1";
        db::run(&self.db.writer, ended, at()).await?;
        let left = "delete from webhook_message where recorded_at < $1 and not exists
            (select 1 from webhook_delivery where message = webhook_message.id)";
        db::run(&self.db.writer, left, at()).await?;
        Ok(())
    }
}

impl Tx {
    /// As [`Store::webhooks`], with what this transaction has written.
    pub async fn webhooks(&mut self) -> Result<Vec<Endpoint>, Error> {
        endpoints(&self.sql).await
    }

    pub async fn add_webhook(&mut self, endpoint: &Endpoint) -> Result<(), Error> {
        let sql = "insert into webhook (id, url, secret, events, allows_loopback, made_at)
            values ($1, $2, $3, $4, $5, $6)";
        let events: Vec<&str> = endpoint.events.iter().map(|event| event.name()).collect();
        let events = events.join(",");
        let values = vec![
            endpoint.id.to_string().into(),
            endpoint.url.clone().into(),
            endpoint.secret.clone().into(),
            events.clone().into(),
            i64::from(endpoint.allows_loopback).into(),
            endpoint.made_at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let loopback = endpoint.allows_loopback.then(|| "allowed".to_owned());
        let changes = [
            ("url", None, Some(endpoint.url.clone())),
            ("events", None, Some(events)),
            ("this_machine", None, loopback),
        ];
        self.append_setting("webhook", &endpoint.id.to_string(), &changes).await
    }

    /// Stops an endpoint, with the reason, and what waits for it; or lets it go on. `false` where
    /// it was so already.
    pub async fn disable_webhook(&mut self, id: Uuid, why: Option<&str>) -> Result<bool, Error> {
        let sql = "update webhook set disabled_at = $1, disabled_why = $2 where id = $3
            and (disabled_at is null) = ($4 = 1)";
        let now = self.author.at.as_microsecond();
        let values = vec![
            why.map(|_| now).into(),
            why.map(str::to_owned).into(),
            id.to_string().into(),
            i64::from(why.is_some()).into(),
        ];
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        if let Some(why) = why {
            let sql = "update webhook_delivery set ended_at = $1, problem = $2, lease_until = null
                where endpoint = $3 and ended_at is null";
            let values = vec![now.into(), why.into(), id.to_string().into()];
            db::run(&self.sql, sql, values).await?;
        }
        let (off, on) = ("disabled".to_owned(), "enabled".to_owned());
        let (before, after) = if why.is_some() { (on, off) } else { (off, on) };
        let changes = [("state", Some(before), Some(after)), ("why", None, why.map(str::to_owned))];
        self.append_setting("webhook", &id.to_string(), &changes).await?;
        Ok(true)
    }

    /// Sends a message again, as if it never had been; `false` where there is none.
    pub async fn replay_delivery(&mut self, message: &str, endpoint: Uuid) -> Result<bool, Error> {
        let sql = "update webhook_delivery set attempts = 0, due_at = $1, ended_at = null,
            delivered = 0, lease_until = null where message = $2 and endpoint = $3";
        let now = self.author.at.as_microsecond();
        let values = vec![now.into(), message.into(), endpoint.to_string().into()];
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        let changes = [("replayed", None, Some(message.to_owned()))];
        self.append_setting("webhook", &endpoint.to_string(), &changes).await?;
        Ok(true)
    }

    /// Tells endpoints of a change of a hand-off, once each.
    pub(crate) async fn tell_of_handoff(
        &mut self,
        before: Option<&Handoff>,
        after: &Handoff,
    ) -> Result<(), Error> {
        let id = format!("msg_{}_{}", after.id.simple(), after.version);
        self.enqueue(Event::of(before, after), &id, after, json!({})).await
    }

    /// Tells endpoints that somebody was told of a clock.
    pub(crate) async fn tell_of_notice(
        &mut self,
        handoff: Uuid,
        notice: &domain::handoff::Notice,
        user: Option<Uuid>,
    ) -> Result<(), Error> {
        let Some(found) = self.handoff(handoff).await? else { return Ok(()) };
        let (clock, since) = (notice.clock.name(), notice.since.as_microsecond());
        let id = format!("msg_{}_{clock}_{since}_{}", handoff.simple(), notice.step);
        let more = json!({
            "clock": clock, "told": user.map(|user| user.to_string()),
            "told_due_at": notice.due_at.to_string(),
        });
        self.enqueue(Event::Reminded, &id, &found, more).await
    }

    async fn enqueue(
        &mut self,
        event: Event,
        id: &str,
        handoff: &Handoff,
        more: Json,
    ) -> Result<(), Error> {
        let all = endpoints(&self.sql).await?;
        let wanted: Vec<&Endpoint> = all.iter().filter(|it| it.wants(event)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let lead = self.external_id_of_lead(handoff.lead).await?;
        let now = self.author.at;
        let payload = payload(event, handoff, lead.as_deref(), more, now);
        let message = "insert into webhook_message (id, event, payload, recorded_at)
            values ($1, $2, $3, $4) on conflict do nothing";
        let values =
            vec![id.into(), event.name().into(), payload.into(), now.as_microsecond().into()];
        db::run(&self.sql, message, values).await?;
        let delivery =
            "insert into webhook_delivery (message, endpoint, attempts, due_at, delivered)
            values ($1, $2, 0, $3, 0) on conflict do nothing";
        for endpoint in wanted {
            let values =
                vec![id.into(), endpoint.id.to_string().into(), now.as_microsecond().into()];
            db::run(&self.sql, delivery, values).await?;
        }
        Ok(())
    }

    async fn external_id_of_lead(&self, lead: Uuid) -> Result<Option<String>, Error> {
        let sql = r#"select external_id from "leads" where id = $1"#.to_owned();
        let rows = db::raw_rows(&self.sql, sql, vec![lead.to_string().into()]).await?;
        match rows.first() {
            Some(row) => Ok(row.try_get_by_index::<Option<String>>(0)?),
            None => Ok(None),
        }
    }
}

/// What an endpoint is told: ids and times, no name and nothing that somebody wrote.
fn payload(
    event: Event,
    handoff: &Handoff,
    lead: Option<&str>,
    more: Json,
    now: Timestamp,
) -> String {
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let id = |id: Option<Uuid>| id.map(|id| id.to_string());
    // Reasons for declining and recycling are of the agreement's list; others are free words.
    let is_agreed = matches!(event, Event::Declined | Event::Recycled);
    let mut data = json!({
        "handoff_id": handoff.id.to_string(),
        "lead_id": handoff.lead.to_string(),
        "lead": lead,
        "pass": handoff.pass,
        "state": handoff.state.name(),
        "offered_to": id(handoff.offered_to),
        "owner": id(handoff.owner),
        "calls": handoff.calls,
        "accept_by": at(handoff.accept_by),
        "contact_by": at(handoff.contact_by),
        "reason": handoff.reason.as_ref().filter(|_| is_agreed),
        "changed_at": handoff.changed_at.to_string(),
        "version": handoff.version,
    });
    if let (Some(data), Json::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    json!({ "type": event.name(), "timestamp": now.to_string(), "data": data }).to_string()
}

async fn endpoints(connection: &impl sea_orm::ConnectionTrait) -> Result<Vec<Endpoint>, Error> {
    let sql = "select * from webhook order by made_at, id";
    let rows: Vec<EndpointRow> = db::rows(connection, sql, Vec::new()).await?;
    rows.into_iter().map(EndpointRow::endpoint).collect()
}

fn deliveries(rows: Vec<DeliveryRow>) -> Result<Vec<Delivery>, Error> {
    rows.into_iter().map(DeliveryRow::delivery).collect()
}

impl EndpointRow {
    fn endpoint(self) -> Result<Endpoint, Error> {
        let disabled_at = self.disabled_at.map(instant).transpose()?;
        let events = self.events.split(',').filter(|name| !name.is_empty());
        let event = |name: &str| {
            Event::named(name).ok_or_else(|| Error::damaged("a webhook", "an unknown event"))
        };
        Ok(Endpoint {
            id: parse_id(&self.id)?,
            url: self.url,
            secret: self.secret,
            events: events.map(event).collect::<Result<_, Error>>()?,
            allows_loopback: self.allows_loopback != 0,
            made_at: instant(self.made_at)?,
            disabled: disabled_at.map(|at| (at, self.disabled_why.unwrap_or_default())),
        })
    }
}

impl DeliveryRow {
    fn delivery(self) -> Result<Delivery, Error> {
        Ok(Delivery {
            message: self.message,
            endpoint: parse_id(&self.endpoint)?,
            event: self.event,
            payload: self.payload,
            recorded_at: instant(self.recorded_at)?,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            due_at: instant(self.due_at)?,
            ended_at: self.ended_at.map(instant).transpose()?,
            is_delivered: self.delivered != 0,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            problem: self.problem,
        })
    }
}
