//! Webhooks: where events are sent, what is signed, and what comes of each attempt (Standard
//! Webhooks 1.0.0). Who sends is told what to send; who sent tells what was answered.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::webhook::{ATTEMPTS_MAX, Event, again_after, is_public};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reports::webhook::{Delivery, Endpoint, Webhooks};
use sha2::Sha256;
use store::Tx;
use store::webhook as kept;
use url::{Host, Url};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::limits::{
    WEBHOOK_DELIVERIES_SHOWN_MAX, WEBHOOK_KEPT, WEBHOOK_LEASE, WEBHOOK_URL_BYTES_MAX, WEBHOOKS_MAX,
};

const SECRET_BYTES: usize = 32;
const SECRET_PREFIX: &str = "whsec_";
/// Ports that are sent to beyond this machine.
const PORTS: [u16; 2] = [443, 8443];

/// An endpoint as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct New {
    pub url: String,
    /// All events where none is named.
    pub events: Vec<String>,
    /// Whether it may be on this machine.
    pub allows_loopback: bool,
}

/// A message that is to be sent now, by nobody else.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub url: String,
    pub allows_loopback: bool,
    pub headers: [(&'static str, String); 3],
    pub body: String,
    delivery: kept::Delivery,
}

/// What an endpoint answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub status: Option<u16>,
    pub retry_after_seconds: Option<i64>,
    /// Why nothing was answered.
    pub problem: Option<String>,
}

/// Adds an endpoint, and gives its id and its secret: it is told this once.
///
/// # Errors
/// [`Error::Field`] where nothing may be sent to its address, or an event is none.
pub async fn add(context: &Context, new: &New) -> Result<(Uuid, String), Error> {
    let url =
        checked(&new.url, new.allows_loopback).map_err(|why| Error::Field { field: "url", why })?;
    let event = |name: &String| {
        let all = || Event::ALL.map(Event::name).join(", ");
        let why = || format!("`{name}` is no event: there are {}", all());
        Event::named(name).ok_or_else(|| Error::Field { field: "events", why: why() })
    };
    let mut events = new.events.iter().map(event).collect::<Result<Vec<Event>, Error>>()?;
    events.sort_unstable();
    events.dedup();
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::Input(format!("no randomness: {error}")))?;
    let secret = format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes));
    let endpoint = kept::Endpoint {
        id: context.new_id(),
        url: url.to_string(),
        secret: secret.clone(),
        events,
        allows_loopback: new.allows_loopback,
        made_at: context.now,
        disabled: None,
    };
    let write = async |tx: &mut Tx| {
        let all = tx.webhooks().await?;
        if all.iter().filter(|it| it.disabled.is_none()).count() >= WEBHOOKS_MAX {
            let why = format!("there are {WEBHOOKS_MAX} webhooks: disable one first");
            return Err(Error::Input(why));
        }
        tx.add_webhook(&endpoint).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("webhook added"), write).await?;
    Ok((endpoint.id, secret))
}

/// An address to which events may be sent.
///
/// # Errors
/// Says why not.
pub fn checked(text: &str, allows_loopback: bool) -> Result<Url, String> {
    if text.len() > WEBHOOK_URL_BYTES_MAX {
        return Err(format!("the address has more than {WEBHOOK_URL_BYTES_MAX} bytes"));
    }
    let url = Url::parse(text.trim()).map_err(|error| {
        format!("`{text}` is no address ({error}): write one such as https://example.com/hooks")
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("leave name and password out of the address: the signature is enough".into());
    }
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("the address names no host".to_owned()),
    };
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        _ => None,
    };
    if is_here {
        return match (allows_loopback, url.scheme()) {
            (false, _) => Err("the address is this machine: say so by --allow-loopback".into()),
            (true, "http" | "https") => Ok(url),
            (true, _) => Err("the address must begin with https:// or http://".to_owned()),
        };
    }
    if literal.is_some_and(|address| !may_reach(address, allows_loopback)) {
        return Err("the address is of a private network: events go to public ones".to_owned());
    }
    if url.scheme() != "https" {
        return Err("the address must begin with https://".to_owned());
    }
    if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
        return Err("events are sent to ports 443 and 8443 alone".to_owned());
    }
    Ok(url)
}

/// Whether an address may be reached: for names, once they were looked up.
pub fn may_reach(address: IpAddr, allows_loopback: bool) -> bool {
    is_public(address) || allows_loopback && address.is_loopback()
}

/// Takes what is due, at most so many, for nobody else to send.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn claim(context: &Context, limit: u64) -> Result<Vec<Claimed>, Error> {
    let due = context.store.due_deliveries(context.now, limit).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let endpoints = context.store.webhooks().await?;
    let mut claimed = Vec::new();
    for delivery in due {
        let Some(endpoint) = endpoints.iter().find(|it| it.id == delivery.endpoint) else {
            continue;
        };
        if !context.store.claim_delivery(&delivery, context.now, WEBHOOK_LEASE).await? {
            continue;
        }
        let seconds = context.now.as_second();
        let signature = signature(&endpoint.secret, &delivery.message, seconds, &delivery.payload)
            .ok_or_else(|| Error::Input("a webhook's secret is damaged".to_owned()))?;
        let headers = [
            ("webhook-id", delivery.message.clone()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signature),
        ];
        let delivery = kept::Delivery { attempts: delivery.attempts + 1, ..delivery };
        claimed.push(Claimed {
            url: endpoint.url.clone(),
            allows_loopback: endpoint.allows_loopback,
            headers,
            body: delivery.payload.clone(),
            delivery,
        });
    }
    Ok(claimed)
}

/// The signature of a message; `None` where the secret is none.
pub fn signature(secret: &str, id: &str, seconds: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Notes what was answered: delivered, to be tried again, or given up. An endpoint that says it is
/// gone, or that failed to the end, is disabled.
///
/// # Errors
/// When the store cannot be written.
pub async fn settle(context: &Context, sent: &Claimed, said: &Answered) -> Result<bool, Error> {
    let delivery = &sent.delivery;
    let is_delivered = said.status.is_some_and(|status| (200..300).contains(&status));
    let is_gone = said.status == Some(410);
    // What failed at the same moment is not tried again at the same moment.
    let spread = delivery
        .message
        .bytes()
        .fold(7_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte)))
        % 1_000;
    let wait = again_after(delivery.attempts, said.retry_after_seconds, spread);
    let again_at = wait.filter(|_| !is_delivered && !is_gone);
    let again_at = again_at.map(|wait| context.now.saturating_add(wait).unwrap_or(Timestamp::MAX));
    let problem = match (is_delivered, said.status) {
        (true, _) => None,
        (false, Some(status @ 300..400)) => Some(format!("answered {status}: none are followed")),
        (false, Some(status)) => Some(format!("answered {status}")),
        (false, None) => said.problem.clone(),
    };
    let outcome = kept::Outcome { is_delivered, status: said.status, problem, again_at };
    context.store.settle_delivery(delivery, &outcome, context.now).await?;
    let why = match (is_delivered, again_at) {
        _ if is_gone => Some("it answered that it is gone (410)".to_owned()),
        (false, None) => Some(format!("a message failed {ATTEMPTS_MAX} times")),
        _ => None,
    };
    if let Some(why) = why {
        change(context, delivery.endpoint, Some(&why)).await?;
    }
    Ok(is_delivered)
}

async fn change(context: &Context, id: Uuid, why: Option<&str>) -> Result<bool, Error> {
    let write = async |tx: &mut Tx| {
        let is_changed = tx.disable_webhook(id, why).await?;
        tx.chain().await?;
        Ok::<_, Error>(is_changed)
    };
    let reason = if why.is_some() { "webhook disabled" } else { "webhook enabled" };
    context.store.write(context.author(reason), write).await
}

/// Disables or enables an endpoint.
///
/// # Errors
/// When there is none with this id.
pub async fn switch(context: &Context, id: &str, is_on: bool) -> Result<Webhooks, Error> {
    let id = known(context, id).await?;
    change(context, id, (!is_on).then_some("somebody disabled it")).await?;
    list(context).await
}

async fn known(context: &Context, id: &str) -> Result<Uuid, Error> {
    let all = context.store.webhooks().await?;
    let found = all.iter().find(|endpoint| endpoint.id.to_string() == id.trim());
    found.map(|endpoint| endpoint.id).ok_or_else(|| Error::NotSeen(format!("webhook {id}")))
}

/// Sends a message again to an endpoint, under the same id.
///
/// # Errors
/// When there is none, or the endpoint is disabled.
pub async fn replay(context: &Context, message: &str, endpoint: &str) -> Result<Webhooks, Error> {
    let id = known(context, endpoint).await?;
    let all = context.store.webhooks().await?;
    if all.iter().any(|endpoint| endpoint.id == id && endpoint.disabled.is_some()) {
        return Err(Error::Input("the webhook is disabled: enable it first".to_owned()));
    }
    let write = async |tx: &mut Tx| {
        if !tx.replay_delivery(message.trim(), id).await? {
            return Err(Error::NotSeen(format!("message {message} for this webhook")));
        }
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("webhook message replayed"), write).await?;
    list(context).await
}

/// Forgets messages whose end is long past.
///
/// # Errors
/// When the store cannot be written.
pub async fn forget(context: &Context) -> Result<(), Error> {
    let before = context.now.saturating_sub(WEBHOOK_KEPT).unwrap_or(Timestamp::MIN);
    Ok(context.store.forget_deliveries(before).await?)
}

/// All endpoints, and the latest messages with how far each has come.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(context: &Context) -> Result<Webhooks, Error> {
    let endpoints = context.store.webhooks().await?;
    let found = context.store.deliveries(WEBHOOK_DELIVERIES_SHOWN_MAX).await?;
    let url = |id: Uuid| {
        let endpoint = endpoints.iter().find(|endpoint| endpoint.id == id);
        endpoint.map(|endpoint| endpoint.url.clone()).unwrap_or_default()
    };
    let deliveries = found.iter().map(|delivery| Delivery {
        message: delivery.message.clone(),
        webhook: delivery.endpoint.to_string(),
        url: url(delivery.endpoint),
        event: delivery.event.clone(),
        recorded_at: delivery.recorded_at,
        attempts: delivery.attempts,
        is_delivered: delivery.is_delivered,
        due_at: delivery.ended_at.is_none().then_some(delivery.due_at),
        status: delivery.status,
        problem: delivery.problem.clone(),
    });
    let deliveries = deliveries.collect();
    let endpoint = |endpoint: kept::Endpoint| Endpoint {
        id: endpoint.id.to_string(),
        url: endpoint.url,
        events: endpoint.events.iter().map(|event| event.name().to_owned()).collect(),
        made_at: endpoint.made_at,
        disabled: endpoint.disabled.map(|(_, why)| why),
    };
    let zone = context.company.timezone.clone();
    Ok(Webhooks { endpoints: endpoints.into_iter().map(endpoint).collect(), deliveries, zone })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standards_own_example() {
        let found = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(found.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(signature("MfKQ", "msg", 1, ""), None);
    }

    #[test]
    fn nothing_is_sent_into_private_networks_however_they_are_written() {
        for refused in [
            "https://127.0.0.1/x",
            "https://localhost/x",
            "https://LOCALHOST./x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://0177.0.0.1/x",
            "https://10.0.0.8/x",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/x",
            "https://[::ffff:127.0.0.1]/x",
            "https://[fe80::1]/x",
            "https://example.com@10.0.0.1/x",
            "https://user:word@example.com/x",
            "http://example.com/x",
            "https://example.com:22/x",
            "file:///etc/passwd",
            "example.com",
        ] {
            assert!(checked(refused, false).is_err(), "{refused}");
        }
        for sound in ["https://example.com/hooks", "https://example.com:8443/", "https://1.1.1.1/"]
        {
            assert!(checked(sound, false).is_ok(), "{sound}");
        }
        assert!(checked("http://127.0.0.1:9/x", true).is_ok());
        assert!(checked("http://10.0.0.1/x", true).is_err());
        assert!(!may_reach("10.0.0.1".parse().expect("an address"), true));
    }
}
