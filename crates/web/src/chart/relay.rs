//! The relay: the legs as one track from left to right, and the gaps where the baton is dropped.
//!
//! In each leg the line is whole as far as the baton is carried, and broken for the share that is
//! dropped. It reads without colour.

use super::{Size, cut};
use crate::svg::{Anchor, Canvas};

/// One leg of the way from lead to revenue.
pub struct Leg {
    /// `lead`, `pipeline` or `close`: the style sheet has a colour for each.
    pub class: &'static str,
    pub name: &'static str,
    /// The share that is carried on, 0 to 1.
    pub carried: f64,
    pub carried_words: String,
    pub dropped_words: String,
    /// Whether what is dropped needs somebody now.
    pub is_alert: bool,
}

pub fn draw(legs: &[Leg], size: Size) -> Canvas {
    let width = size.width();
    let lanes = size.pick(1, legs.len());
    let height = lanes as f64 * 78.0;
    let mut canvas = Canvas::new(width, height);
    let gap = 14.0;
    let length = if size.is_wide() {
        (width - gap * legs.len().saturating_sub(1) as f64) / legs.len().max(1) as f64
    } else {
        width
    };
    for (index, leg) in legs.iter().enumerate() {
        let place = index as f64;
        let corner = size.pick((place * (length + gap), 0.0), (0.0, place * 78.0));
        draw_leg(&mut canvas, leg, corner, length, size);
    }
    canvas
}

fn draw_leg(canvas: &mut Canvas, leg: &Leg, (x, y): (f64, f64), length: f64, size: Size) {
    let line = y + 34.0;
    let end = x + length;
    let carried_to = x + length * leg.carried.clamp(0.0, 1.0);
    let tells = format!("{}: {}; {}", leg.name, leg.carried_words, leg.dropped_words);
    canvas.text("label strong", Anchor::Start, (x, y + 16.0), leg.name);
    canvas.line("lane broken", (x, line), (end, line));
    let class = format!("lane {}", leg.class);
    canvas.bar(&class, (x, line - 4.0), (carried_to, line + 4.0), &tells);
    canvas.bar("exchange", (end - 2.0, line - 12.0), (end, line + 12.0), "");
    if leg.carried < 1.0 {
        canvas.bar("baton", (carried_to - 3.0, line - 9.0), (carried_to + 3.0, line + 9.0), &tells);
    }
    let words = line + 26.0;
    let room = size.pick(46, 24);
    canvas.text("label", Anchor::Start, (x, words), &cut(&leg.carried_words, room));
    let class = if leg.is_alert { "label dead-text" } else { "tick" };
    canvas.text(class, Anchor::End, (end - 8.0, words), &cut(&leg.dropped_words, room));
}
