//! The scoreboard's relay: a lane for each leg, how far it has come of what was expected by now.
//!
//! The baton stands where the leg is; the mark, where it should be. It reads without colour.

use reports::render::capital;
use reports::scoreboard::{Amount, Leg, Scoreboard};

use super::{Size, To};
use crate::money::{brief, units};
use crate::svg::{Anchor, Canvas, Scale};

/// A leg that has brought more than this share of what was expected is drawn to here.
const SHARE_MAX: f64 = 1.25;
const LANE_HEIGHT: f64 = 46.0;

/// Each leg leads to the rows behind what it has brought.
pub fn draw(board: &Scoreboard, size: Size, to: To<Leg>) -> Canvas {
    let legs: Vec<&Leg> = board.legs.iter().filter(|leg| leg.pace().is_some()).collect();
    let height = legs.len() as f64 * size.pick(LANE_HEIGHT, LANE_HEIGHT + 20.0) + 24.0;
    let mut canvas = Canvas::new(size.width(), height);
    let right = size.pick(size.width() - 250.0, size.width() - 8.0);
    let lane = Scale { low: 0.0, high: SHARE_MAX, start: size.pick(190.0, 8.0), end: right };
    let bottleneck = board.bottleneck().map(|leg| (leg.leg, leg.metric));
    let mark = lane.place(1.0);
    canvas.text("tick", Anchor::Middle, (mark, 14.0), "expected by now");
    canvas.line("mark all", (mark, 20.0), (mark, height - 4.0));
    for (place, leg) in legs.iter().enumerate() {
        let top = 24.0 + place as f64 * size.pick(LANE_HEIGHT, LANE_HEIGHT + 20.0);
        let is_to_fix = bottleneck == Some((leg.leg, leg.metric));
        draw_leg(&mut canvas, (leg, &to(leg)), &lane, top, is_to_fix, size);
    }
    canvas
}

fn draw_leg(
    canvas: &mut Canvas,
    (leg, href): (&Leg, &str),
    lane: &Scale,
    top: f64,
    is_to_fix: bool,
    size: Size,
) {
    let pace = leg.pace().unwrap_or_default();
    let line = top + size.pick(20.0, 40.0);
    let baton = lane.place(pace.clamp(0.0, SHARE_MAX));
    let words = words(leg);
    let tells = format!("{}, {}: {words}", leg.leg, plain(leg.metric));
    let class = if is_to_fix { "label strong dead-text" } else { "label strong" };
    let place = size.pick((0.0, line - 2.0), (8.0, top + 14.0));
    canvas.text(class, Anchor::Start, place, &capital(leg.leg));
    let place = size.pick((0.0, line + 14.0), (96.0, top + 14.0));
    canvas.text("tick", Anchor::Start, place, &plain(leg.metric));
    canvas.line("lane broken", (lane.start, line), (lane.end, line));
    let class = if is_to_fix { "bar dead" } else { team(leg.leg) };
    canvas.leading(href, &tells, |canvas| {
        canvas.bar(class, (lane.start, line - 4.0), (baton, line + 4.0), "");
        canvas.bar("baton", (baton - 3.0, line - 9.0), (baton + 3.0, line + 9.0), "");
    });
    let place = size.pick((lane.end + 14.0, line + 4.0), (8.0, top + 62.0));
    let class = if is_to_fix { "label dead-text" } else { "tick" };
    canvas.text(class, Anchor::Start, place, &words);
}

/// The team that runs the leg, by the class of its colour.
fn team(leg: &str) -> &'static str {
    match leg {
        "awareness" | "demand" => "lane lead",
        "close" | "loyalty" => "lane close",
        _ => "lane pipeline",
    }
}

fn words(leg: &Leg) -> String {
    let amount = |amount: Amount| match amount {
        Amount::Count(count) => brief(count),
        Amount::Money(money) => brief(units(money)),
    };
    let expected = leg.expected.map(amount).unwrap_or_default();
    let pace = leg.pace().unwrap_or_default() * 100.0;
    format!("{} of {expected} ({pace:.0} %)", amount(leg.actual))
}

/// A metric's name in words.
fn plain(metric: &str) -> String {
    metric.replace('_', " ")
}
