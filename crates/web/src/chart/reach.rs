//! The share of leads that has become customers, by age.

use reports::review::leads::{Arrived, LeadReview, span};

use super::Size;
use crate::svg::{Anchor, Canvas, Scale};

pub fn draw(leads: &LeadReview, size: Size) -> Canvas {
    let (width, height) = (size.width(), size.pick(260.0, 220.0));
    let (left, right) = (size.pick(64.0, 48.0), width - size.pick(120.0, 52.0));
    let last = leads.curve.last().copied().unwrap_or(Arrived { age_days: 1, share: 0.0 });
    let days = Scale { low: 0.0, high: f64::from(last.age_days.max(1)), start: left, end: right };
    let shares = Scale::from_zero(last.share * 100.0, height - 34.0, 16.0);
    let mut canvas = Canvas::new(width, height);
    for tick in shares.ticks() {
        let y = shares.place(tick);
        canvas.line(if tick == 0.0 { "axis" } else { "grid" }, (left, y), (right, y));
        canvas.text("tick", Anchor::End, (left - 8.0, y + 4.0), &format!("{tick} %"));
    }
    for tick in Scale::from_zero(days.high, 0.0, 1.0).ticks() {
        if tick <= days.high {
            let name = if tick == 0.0 { "day 0".to_owned() } else { format!("{tick:.0}") };
            canvas.text("tick", Anchor::Middle, (days.place(tick), height - 12.0), &name);
        }
    }
    canvas.path("actual", &steps(&leads.curve, &days, &shares));
    let end = (right + 8.0, shares.place(last.share * 100.0) + 4.0);
    canvas.text("label strong", Anchor::Start, end, &format!("{:.1} %", last.share * 100.0));
    draw_median(&mut canvas, leads, &days, shares.place(0.0));
    canvas
}

/// The curve rises at the days on which leads were won, and is level between them.
fn steps(curve: &[Arrived], days: &Scale, shares: &Scale) -> Vec<(f64, f64)> {
    let mut points = vec![(days.place(0.0), shares.place(0.0))];
    for point in curve {
        let x = days.place(f64::from(point.age_days));
        let before = points.last().map_or(shares.place(0.0), |last| last.1);
        points.push((x, before));
        points.push((x, shares.place(point.share * 100.0)));
    }
    points
}

fn draw_median(canvas: &mut Canvas, leads: &LeadReview, days: &Scale, bottom: f64) {
    let Some(median) = leads.days_to_win_median else { return };
    let x = days.place(median);
    canvas.line("mark all", (x, 24.0), (x, bottom));
    let label = format!("half of the wins within {}", span(median * 24.0));
    canvas.text("label", Anchor::Start, (x + 6.0, bottom - 8.0), &label);
}
