//! The touches of one person: those that led to the inquiry, the inquiry itself, nurture, and the
//! work on a deal; and visitors who were never identified. It decides how many touches each gets so
//! that all of them together come to the wanted number, and writes nothing.

use crate::World;
use crate::calendar::{Moment, working_second};
use crate::model::{CHANNELS, EMAIL, OUTBOUND};
use crate::random::Stream;

/// Of all touches, those meant for known people; anonymous visitors are the rest.
const KNOWN_SHARE: f64 = 0.8;
/// Of the known people's touches, at most so many are the inquiries themselves.
const INQUIRY_SHARE: f64 = 0.4;
/// Relative numbers of touches before the inquiry, in nurture, and around a deal.
const BEFORE_WEIGHT: f64 = 1.2;
const NURTURE_WEIGHT: f64 = 1.0;
const DEAL_WEIGHT: f64 = 5.0;
/// Mean days between the touches before an inquiry.
const BEFORE_GAP_DAYS: f64 = 9.0;
/// Nobody is nurtured longer than this.
const NURTURE_DAYS_MAX: f64 = 240.0;
/// A deal that rests is not worked on for longer than this.
const DEAL_DAYS_MAX: f64 = 200.0;

pub struct Touch {
    pub at: Moment,
    pub channel: usize,
    pub kind: &'static str,
    /// A page of the firm's site; none for calls, mails and meetings.
    pub page: Option<&'static str>,
}

/// How many touches each part of a journey gets on average.
pub struct Rates {
    /// Probability that a person's journey is tracked at all; then the inquiry is one touch.
    tracked: f64,
    before: f64,
    nurture: f64,
    deal: f64,
}

impl Rates {
    pub fn new(leads: u64, deals: u64, touches: u64) -> Self {
        let budget = touches as f64 * KNOWN_SHARE;
        let journeys = (leads + deals) as f64;
        let tracked = (INQUIRY_SHARE * budget / journeys.max(1.0)).min(1.0);
        let weight = leads as f64 * (BEFORE_WEIGHT + NURTURE_WEIGHT) + deals as f64 * DEAL_WEIGHT;
        let each = (budget - journeys * tracked).max(0.0) / (weight * tracked).max(1.0);
        Self {
            tracked,
            before: BEFORE_WEIGHT * each,
            nurture: NURTURE_WEIGHT * each,
            deal: DEAL_WEIGHT * each,
        }
    }
}

/// From when to when a deal was worked on.
#[derive(Clone, Copy)]
pub struct DealSpan {
    pub from: Moment,
    pub to: Moment,
}

/// A person's touches in order of time. The inquiry is one of them and none is after `until`.
pub fn known(
    world: &World,
    stream: &mut Stream,
    inquiry: (Moment, usize),
    until: Moment,
    deal: Option<DealSpan>,
) -> Vec<Touch> {
    if !stream.chance(world.rates.tracked) {
        return Vec::new();
    }
    let (created, channel) = inquiry;
    let mut touches = before(stream, created, world.rates.before);
    touches.push(inquiry_touch(created, channel));
    let nurtured = created.plus_days(NURTURE_DAYS_MAX).min(until);
    spread(stream, world.rates.nurture, (created, nurtured), nurture_touch, &mut touches);
    if let Some(span) = deal {
        let to = span.from.plus_days(DEAL_DAYS_MAX).min(span.to);
        spread(stream, world.rates.deal, (span.from, to), deal_touch, &mut touches);
    }
    touches.sort_by_key(|touch| touch.at);
    touches
}

/// The touches of somebody who never says who it is: one visit or a few within hours.
pub fn anonymous(world: &World, stream: &mut Stream, limit: u64) -> Vec<Touch> {
    let first = world.calendar.arrival(stream);
    let count = (1 + stream.poisson(1.2)).min(limit);
    let channel = discovery_channel(stream);
    let at = |touch: u64| Moment(first.0 + touch as i64 * 240);
    let ends = world.calendar.end();
    let moments = (0..count).map(at).map(|at| Moment(at.0.min(ends.0 - 1)));
    moments.map(|at| visit(stream, at, channel)).collect()
}

fn before(stream: &mut Stream, created: Moment, mean: f64) -> Vec<Touch> {
    let count = stream.poisson(mean);
    let mut at = created;
    let mut touches = Vec::with_capacity(count as usize + 1);
    for _ in 0..count {
        at = at.plus_days(-0.01 - stream.exponential(BEFORE_GAP_DAYS));
        if at < Moment(0) {
            break;
        }
        let channel = discovery_channel(stream);
        touches.push(visit(stream, at, channel));
    }
    touches
}

fn inquiry_touch(at: Moment, channel: usize) -> Touch {
    let kind = match CHANNELS[channel].name {
        "Webinar" => "webinar registration",
        "Event" => "event scan",
        "Outbound" => "call",
        "Partner" => "partner introduction",
        _ => return Touch { at, channel, kind: "form", page: Some("/contact") },
    };
    Touch { at, channel, kind, page: None }
}

/// Touches uniformly over a span, about `mean` of them.
fn spread(
    stream: &mut Stream,
    mean: f64,
    (from, to): (Moment, Moment),
    touch: fn(&mut Stream, Moment) -> Touch,
    touches: &mut Vec<Touch>,
) {
    if to.0 <= from.0 + 1 {
        return;
    }
    for _ in 0..stream.poisson(mean) {
        let day = Moment(stream.between(from.0 + 1, to.0 - 1)).day();
        let at = Moment::at(day, working_second(stream)).0.clamp(from.0 + 1, to.0 - 1);
        touches.push(touch(stream, Moment(at)));
    }
}

fn discovery_channel(stream: &mut Stream) -> usize {
    stream.weighted(CHANNELS.iter().map(|channel| channel.discovery_share))
}

fn nurture_touch(stream: &mut Stream, at: Moment) -> Touch {
    let channel = stream.weighted(CHANNELS.iter().map(|channel| channel.nurture_share));
    visit(stream, at, channel)
}

fn deal_touch(stream: &mut Stream, at: Moment) -> Touch {
    let kind = stream.pick(&["call", "call", "meeting", "email sent", "email reply", "visit"]);
    match kind {
        "visit" => visit(stream, at, crate::model::DIRECT),
        "email sent" | "email reply" => Touch { at, channel: EMAIL, kind, page: None },
        _ => Touch { at, channel: OUTBOUND, kind, page: None },
    }
}

fn visit(stream: &mut Stream, at: Moment, channel: usize) -> Touch {
    const PAGES: [&str; 8] =
        ["/", "/", "/product", "/pricing", "/customers", "/guides", "/webinars", "/docs"];
    let kind = stream.pick(CHANNELS[channel].kinds);
    let page = stream.pick(&PAGES);
    let is_on_site = matches!(
        kind,
        "visit" | "content view" | "pricing view" | "ad click" | "post click" | "email click"
    );
    let page = if kind == "pricing view" { "/pricing" } else { page };
    Touch { at, channel, kind, page: is_on_site.then_some(page) }
}
