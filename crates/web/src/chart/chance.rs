//! The probability of the goal from week to week.

use jiff::civil::Date;

use super::{Size, To};
use crate::money::short_date;
use crate::svg::{Anchor, Canvas, Scale};

/// Each day leads to how things stood then.
pub fn draw(course: &[(Date, f64)], size: Size, to: To<Date>) -> Canvas {
    let (width, height) = (size.width(), size.pick(200.0, 180.0));
    let (left, right) = (size.pick(64.0, 48.0), width - size.pick(120.0, 24.0));
    let steps = course.len().saturating_sub(1).max(1);
    let weeks = Scale { low: 0.0, high: steps as f64, start: left, end: right };
    let shares = Scale { low: 0.0, high: 1.0, start: height - 30.0, end: 16.0 };
    let mut canvas = Canvas::new(width, height);
    for tick in [0.0, 0.5, 1.0] {
        let y = shares.place(tick);
        let class = if tick == 0.0 { "axis" } else { "grid" };
        canvas.line(class, (left, y), (right, y));
        canvas.text("tick", Anchor::End, (left - 8.0, y + 4.0), &format!("{:.0} %", tick * 100.0));
    }
    let place = |at: usize, share: f64| (weeks.place(at as f64), shares.place(share));
    let points: Vec<(f64, f64)> =
        course.iter().enumerate().map(|(at, (_, share))| place(at, *share)).collect();
    canvas.path("actual", &points);
    let every = course.len().div_ceil(size.pick(9, 3)).max(1);
    for (at, ((day, share), point)) in course.iter().zip(&points).enumerate() {
        let tells = format!("{}: {:.0} %", short_date(*day), share * 100.0);
        canvas.leading_dot("actual-dot", *point, &to(day), &tells);
        if (course.len() - 1 - at).is_multiple_of(every) {
            let name = day.strftime("%-d %b").to_string();
            canvas.text("tick", Anchor::Middle, (point.0, height - 10.0), &name);
        }
    }
    if let (Some(point), Some((_, share)), true) = (points.last(), course.last(), size.is_wide()) {
        let said = format!("{:.0} % now", share * 100.0);
        canvas.text("label", Anchor::Start, (point.0 + 10.0, point.1 + 4.0), &said);
    }
    canvas
}
