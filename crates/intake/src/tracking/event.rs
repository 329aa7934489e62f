//! One event: who, what, when, and how they came.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::origin::Came;
use super::{Act, Event, cut, robot, text};
use crate::limits::{
    EVENT_AHEAD_MAX, EVENT_BYTES_MAX, EVENT_NAME_BYTES_MAX, ID_BYTES_MAX, URL_BYTES_KEPT,
};
use crate::touches::{key_of_content, key_of_id};

/// Why one event is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the event is no JSON object")]
    NoObject,
    #[error("the event has more than {} kB", EVENT_BYTES_MAX / 1024)]
    TooLarge,
    #[error("`{0}` is no type of event: send one of page, screen, track, identify, alias, group")]
    UnknownType(String),
    #[error("the event names nobody: send a userId or an anonymousId")]
    MissingPerson,
    #[error("an alias needs the previousId and the userId that takes its place")]
    MissingPreviousId,
    #[error("a group event needs a groupId")]
    MissingGroup,
    #[error("a track event needs the name of what happened in `event`")]
    MissingName,
    #[error("`{0}` is longer than {ID_BYTES_MAX} bytes")]
    LongId(&'static str),
    #[error("`{0}` is no time: send ISO 8601, such as 2026-01-31T09:30:00.000Z")]
    UnreadableTime(String),
}

impl Fault {
    pub fn code(&self) -> &'static str {
        match self {
            Fault::NoObject => "no_object",
            Fault::TooLarge => "event_too_large",
            Fault::UnknownType(_) => "unknown_type",
            Fault::MissingPerson => "missing_person",
            Fault::MissingPreviousId => "missing_previous_id",
            Fault::MissingGroup => "missing_group",
            Fault::MissingName => "missing_event_name",
            Fault::LongId(_) => "id_too_long",
            Fault::UnreadableTime(_) => "unreadable_time",
        }
    }
}

/// The sender's clock beside ours.
pub(super) struct Clock {
    /// Microseconds since 1970.
    pub received_at: i64,
    /// What the sender's clock is behind, in microseconds.
    behind: i64,
}

impl Clock {
    pub fn new(sent_at: Option<&Value>, received_at: Timestamp) -> Clock {
        let received_at = received_at.as_microsecond();
        let sent_at = sent_at.and_then(Value::as_str).and_then(instant);
        Clock { received_at, behind: sent_at.map_or(0, |sent_at| received_at - sent_at) }
    }

    /// When an event happened by our clock: `timestamp + (received - sent)`, as Segment has it.
    /// What lies more than a day ahead happened when it came.
    fn micros(&self, event: &Value) -> Result<i64, Fault> {
        let told = match event.get("timestamp") {
            None | Some(Value::Null) => return Ok(self.received_at),
            Some(told) => told,
        };
        let unreadable = || Fault::UnreadableTime(cut(&text(told), 80).to_owned());
        let micros = told.as_str().and_then(instant).ok_or_else(unreadable)?;
        let micros = micros.saturating_add(self.behind);
        let ahead = SignedDuration::from_micros(micros.saturating_sub(self.received_at));
        let is_real = Timestamp::from_microsecond(micros).is_ok() && ahead <= EVENT_AHEAD_MAX;
        Ok(if is_real { micros } else { self.received_at })
    }
}

/// A time with an offset, or in UTC.
fn instant(text: &str) -> Option<i64> {
    let text = text.trim();
    let with_offset = text.parse::<Timestamp>().ok();
    let in_utc = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    with_offset.or_else(|| Some(in_utc()?.timestamp())).map(Timestamp::as_microsecond)
}

/// Reads an event; `act` is what its address says that it is.
pub(super) fn read(event: &Value, act: Option<Act>, clock: &Clock) -> Result<Event, Fault> {
    if !event.is_object() {
        return Err(Fault::NoObject);
    }
    let act = act_of(event, act)?;
    let id = |name: &'static str| id(event, name);
    let (user, anonymous_id, previous_id) = (id("userId")?, id("anonymousId")?, id("previousId")?);
    let (user_id, email) = match user.contains('@') {
        true => (String::new(), user.to_lowercase()),
        false => (user, email(event)),
    };
    let names_nobody = user_id.is_empty() && email.is_empty() && anonymous_id.is_empty();
    let group = match act {
        Act::Group => id("groupId")?,
        _ => string(event, &["context", "groupId"]).to_owned(),
    };
    let touch_kind = touch_kind(act, event);
    match act {
        Act::Alias if previous_id.is_empty() || (user_id.is_empty() && email.is_empty()) => {
            return Err(Fault::MissingPreviousId);
        }
        _ if names_nobody => return Err(Fault::MissingPerson),
        Act::Group if group.is_empty() => return Err(Fault::MissingGroup),
        Act::Track if touch_kind.is_empty() => return Err(Fault::MissingName),
        _ => {}
    }
    let came = Came::of(event);
    Ok(Event {
        key: key(event, clock),
        act,
        occurred_at: clock.micros(event)?,
        received_at: clock.received_at,
        user_id,
        email,
        anonymous_id,
        previous_id,
        touch_kind: cut(touch_kind, EVENT_NAME_BYTES_MAX).to_owned(),
        channel: came.channel().to_owned(),
        campaign: cut(came.campaign(), EVENT_NAME_BYTES_MAX).to_owned(),
        url: cut(came.url, URL_BYTES_KEPT).to_owned(),
        account: cut(&group, ID_BYTES_MAX).to_owned(),
        robot: robot::name(string(event, &["context", "userAgent"])).to_owned(),
        is_within_visit: act == Act::Page && came.is_within_visit(),
    })
}

fn act_of(event: &Value, act: Option<Act>) -> Result<Act, Fault> {
    let told = match event.get("type") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(told)) => told.clone(),
        Some(other) => text(other),
    };
    let unknown = || Fault::UnknownType(cut(&told, 80).to_owned());
    match act {
        Some(act) => Ok(act),
        None => Act::parse(&told).ok_or_else(unknown),
    }
}

/// What the touch is called.
fn touch_kind(act: Act, event: &Value) -> &str {
    match act {
        Act::Page => "page view",
        Act::Screen => "screen view",
        Act::Track => string(event, &["event"]),
        Act::Identify | Act::Alias | Act::Group => "",
    }
}

fn email(event: &Value) -> String {
    let places: [&[&str]; 3] =
        [&["traits", "email"], &["context", "traits", "email"], &["properties", "email"]];
    let told = places.into_iter().map(|place| string(event, place));
    let mut emails = told.filter(|told| told.contains('@') && told.len() <= ID_BYTES_MAX);
    emails.next().unwrap_or_default().to_lowercase()
}

/// What makes the event one event.
fn key(event: &Value, clock: &Clock) -> u128 {
    match string(event, &["messageId"]) {
        "" => {
            let mut content = text(event);
            if event.get("timestamp").is_none_or(Value::is_null) {
                content.push_str(&clock.received_at.to_string());
            }
            key_of_content(content.as_bytes())
        }
        id => key_of_id(id),
    }
}

/// An id, which some senders write as a number.
fn id(event: &Value, name: &'static str) -> Result<String, Fault> {
    let id = match event.get(name) {
        Some(Value::String(id)) => id.trim().to_owned(),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    };
    if id.len() > ID_BYTES_MAX { Err(Fault::LongId(name)) } else { Ok(id) }
}

/// The text at a place of an event, without the space around it; empty where there is none.
pub(super) fn string<'a>(event: &'a Value, place: &[&str]) -> &'a str {
    let found = place.iter().try_fold(event, |value, name| value.get(name));
    found.and_then(Value::as_str).map(str::trim).unwrap_or_default()
}
