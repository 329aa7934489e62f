//! Events as Segment's clients send them, read into what Baton keeps of them.
//!
//! Sources: Segment's "HTTP Tracking API", and what its official clients do. Of an event stays what
//! says who did what when and how they came; all else, addresses of machines included, is dropped
//! here. An event that says too little is refused by name, and the others of its batch go on.

mod event;
mod origin;
mod robot;
#[cfg(test)]
mod tests;

use std::io::Read;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::{
    EVENT_BYTES_MAX, EVENTS_BYTES_MAX, EVENTS_PER_BATCH_MAX, REFUSED_EVENT_BYTES_KEPT,
};

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Page,
    Screen,
    Track,
    Identify,
    Alias,
    Group,
}

impl Act {
    pub const ALL: [Act; 6] =
        [Act::Page, Act::Screen, Act::Track, Act::Identify, Act::Alias, Act::Group];

    pub fn name(self) -> &'static str {
        match self {
            Act::Page => "page",
            Act::Screen => "screen",
            Act::Track => "track",
            Act::Identify => "identify",
            Act::Alias => "alias",
            Act::Group => "group",
        }
    }

    pub fn parse(text: &str) -> Option<Act> {
        Act::ALL.into_iter().find(|act| act.name() == text)
    }
}

/// An event that says enough. Texts that it lacks are empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What makes an event one event: a digest of its `messageId`, or of its content. It is kept
    /// beside the event, not in it.
    #[serde(skip)]
    pub key: u128,
    pub act: Act,
    /// Microseconds since 1970, by the clock here.
    pub occurred_at: i64,
    pub received_at: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub anonymous_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub previous_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub touch_kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The company that the event names.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// What program sent it, where no person did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub robot: String,
    /// Whether it is one more page of a visit that was told of already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_within_visit: bool,
}

/// An event that says too little, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    #[serde(skip)]
    pub key: u128,
    pub received_at: i64,
    /// The name of the reason.
    pub code: String,
    pub why: String,
    /// The event as it came, or its beginning.
    pub event: String,
}

/// One event of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    Event(Event),
    Refused(Refused),
}

impl Told {
    pub fn key(&self) -> u128 {
        match self {
            Told::Event(event) => event.key,
            Told::Refused(refused) => refused.key,
        }
    }

    /// As bytes that [`Told::read`] understands.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// # Errors
    /// When the bytes are of a newer version, or damaged.
    pub fn read(key: u128, bytes: &[u8]) -> Result<Told, serde_json::Error> {
        let mut told = serde_json::from_slice(bytes)?;
        match &mut told {
            Told::Event(event) => event.key = key,
            Told::Refused(refused) => refused.key = key,
        }
        Ok(told)
    }
}

/// What one request brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The write key in the body, where there is one.
    pub write_key: Option<String>,
    pub told: Vec<Told>,
}

/// Where a request was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Batch,
    /// One event, of this sort.
    One(Act),
}

impl Route {
    /// By the last part of an address: each act by its name, and as browsers shorten it.
    pub fn named(name: &str) -> Option<Route> {
        let is_meant = |act: &Act| act.name() == name || act.name()[..1] == *name;
        match name {
            "batch" | "import" | "b" => Some(Route::Batch),
            // Browsers write `a` for alias.
            _ => Act::ALL.into_iter().find(is_meant).map(Route::One),
        }
    }
}

/// Why a request is refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "the request has more than {} kB unpacked: send smaller batches",
        EVENTS_BYTES_MAX / 1024
    )]
    TooLarge,
    #[error("the batch has more than {EVENTS_PER_BATCH_MAX} events: send smaller batches")]
    TooMany,
    #[error("the body is not the gzip that its Content-Encoding says")]
    NotGzip,
    #[error("the body is no JSON object")]
    NotJson,
    #[error("a batch needs the list `batch`")]
    NoBatch,
}

impl Refusal {
    pub fn code(self) -> &'static str {
        match self {
            Refusal::TooLarge => "request_too_large",
            Refusal::TooMany => "too_many_events",
            Refusal::NotGzip => "unreadable_gzip",
            Refusal::NotJson => "unreadable_json",
            Refusal::NoBatch => "missing_batch",
        }
    }
}

/// Unpacks a gzip body, and gives up once it has more bytes than a request may.
///
/// # Errors
/// When it is no gzip, or too large.
pub fn unpacked(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut plain = Vec::new();
    let bound = EVENTS_BYTES_MAX as u64 + 1;
    let read = MultiGzDecoder::new(body).take(bound).read_to_end(&mut plain);
    read.map_err(|_| Refusal::NotGzip)?;
    if plain.len() > EVENTS_BYTES_MAX { Err(Refusal::TooLarge) } else { Ok(plain) }
}

/// Reads a request's body.
///
/// # Errors
/// When it can be read as no batch or event at all. What is wrong with single events is said of
/// them.
pub fn read(body: &[u8], route: Route, received_at: Timestamp) -> Result<Sent, Refusal> {
    if body.len() > EVENTS_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    let mut sent: Value = serde_json::from_slice(body).map_err(|_| Refusal::NotJson)?;
    if !sent.is_object() {
        return Err(Refusal::NotJson);
    }
    let clock = event::Clock::new(sent.get("sentAt"), received_at);
    let write_key = |of: &Value| of.get("writeKey").and_then(Value::as_str).map(str::to_owned);
    let own = write_key(&sent);
    let events = match route {
        Route::One(_) => vec![sent],
        Route::Batch => match sent.get_mut("batch").map(Value::take) {
            Some(Value::Array(events)) => events,
            _ => return Err(Refusal::NoBatch),
        },
    };
    if events.len() > EVENTS_PER_BATCH_MAX {
        return Err(Refusal::TooMany);
    }
    let act = match route {
        Route::Batch => None,
        Route::One(act) => Some(act),
    };
    let write_key = own.or_else(|| events.first().and_then(write_key));
    let is_small = body.len() <= EVENT_BYTES_MAX;
    let told = events.iter().map(|event| told(event, act, &clock, is_small)).collect();
    Ok(Sent { write_key, told })
}

/// One event, or why it is none.
fn told(event: &Value, act: Option<Act>, clock: &event::Clock, is_small: bool) -> Told {
    let fits = is_small || text(event).len() <= EVENT_BYTES_MAX;
    let read = match fits {
        true => event::read(event, act, clock),
        false => Err(event::Fault::TooLarge),
    };
    read.map_or_else(
        |fault| {
            let text = text(event);
            Told::Refused(Refused {
                key: crate::touches::key_of_content(text.as_bytes()),
                received_at: clock.received_at,
                code: fault.code().to_owned(),
                why: fault.to_string(),
                event: cut(&text, REFUSED_EVENT_BYTES_KEPT).to_owned(),
            })
        },
        Told::Event,
    )
}

fn text(event: &Value) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

/// The beginning of a text, of at most so many bytes.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
