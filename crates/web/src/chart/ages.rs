//! How old deals were when they closed, and how old the open ones are: above and below one axis of
//! ages, with the mark beyond which nothing ever closed.

use reports::render::grouped;
use reports::review::dead::{AgeBin, DeadPipeline};

use super::Size;
use crate::svg::{Anchor, Canvas, Scale};

pub fn draw(dead: &DeadPipeline, size: Size) -> Canvas {
    let (width, height) = (size.width(), size.pick(340.0, 320.0));
    let left = size.pick(150.0, 12.0);
    let oldest = dead.ages.last().map_or(1, |bin| bin.to_days + 1);
    let days = Scale {
        low: 0.0,
        high: f64::from(oldest),
        start: left,
        end: width - size.pick(20.0, 12.0),
    };
    let mut canvas = Canvas::new(width, height);
    let middle = height / 2.0 + 6.0;
    let above = Scale::from_zero(most(dead, |bin| bin.closed), middle - 14.0, 40.0);
    let below = Scale::from_zero(most(dead, |bin| bin.open), middle + 14.0, height - 40.0);
    draw_most(&mut canvas, dead, &days, (&above, &below));
    for bin in &dead.ages {
        draw_bin(&mut canvas, bin, dead.oldest_close_days, &days, (&above, &below));
    }
    draw_axis(&mut canvas, &days, middle);
    let mark = days.place(f64::from(dead.oldest_close_days) + 1.0);
    canvas.line("mark", (mark, 24.0), (mark, height - 14.0));
    let is_late = mark > width * 0.6;
    let (anchor, x) = if is_late { (Anchor::End, mark - 6.0) } else { (Anchor::Start, mark + 6.0) };
    let oldest = format!("oldest close: {} days", dead.oldest_close_days);
    canvas.text("label strong", anchor, (x, 32.0), &oldest);
    draw_names(&mut canvas, dead, size, (middle, mark));
    canvas
}

fn most(dead: &DeadPipeline, count: impl Fn(&AgeBin) -> usize) -> f64 {
    dead.ages.iter().map(count).max().unwrap_or(0) as f64
}

/// The counts of the tallest bars, which stand in for an axis of counts.
fn draw_most(
    canvas: &mut Canvas,
    dead: &DeadPipeline,
    days: &Scale,
    (above, below): (&Scale, &Scale),
) {
    let centre = |bin: &AgeBin| days.place(f64::from(bin.from_days + bin.to_days + 1) / 2.0);
    let many = |count: usize| grouped(&count.to_string());
    if let Some(bin) = dead.ages.iter().rev().max_by_key(|bin| bin.closed) {
        let top = above.place(bin.closed as f64) - 5.0;
        canvas.text("tick", Anchor::Middle, (centre(bin), top), &many(bin.closed));
    }
    if let Some(bin) = dead.ages.iter().rev().max_by_key(|bin| bin.open) {
        let bottom = below.place(bin.open as f64) + 13.0;
        canvas.text("tick", Anchor::Middle, (centre(bin), bottom), &many(bin.open));
    }
}

fn draw_bin(
    canvas: &mut Canvas,
    bin: &AgeBin,
    mark: i32,
    days: &Scale,
    (above, below): (&Scale, &Scale),
) {
    let from = days.place(f64::from(bin.from_days)) + 0.5;
    let to = days.place(f64::from(bin.to_days + 1)) - 0.5;
    let ages = format!("{} to {} days", bin.from_days, bin.to_days);
    if bin.closed > 0 {
        let top = above.place(bin.closed as f64);
        let tells = format!("{ages}: {} closed at that age", bin.closed);
        canvas.bar("bar past", (from, top), (to, above.place(0.0)), &tells);
    }
    if bin.open > 0 {
        let bottom = below.place(bin.open as f64);
        let tells = format!("{ages}: {} open at that age", bin.open);
        let class = if bin.from_days > mark { "bar dead" } else { "bar open" };
        canvas.bar(class, (from, below.place(0.0)), (to, bottom), &tells);
    }
}

fn draw_axis(canvas: &mut Canvas, days: &Scale, y: f64) {
    let axis = Scale::from_zero(days.high, 0.0, 1.0);
    for tick in axis.ticks().into_iter().filter(|tick| *tick <= days.high) {
        canvas.text("tick", Anchor::Middle, (days.place(tick), y + 4.0), &format!("{tick:.0}"));
    }
}

fn draw_names(canvas: &mut Canvas, dead: &DeadPipeline, size: Size, (middle, mark): (f64, f64)) {
    let many = |count: usize| grouped(&count.to_string());
    let alive = dead.open.deals - dead.dead.deals;
    let (open, gone) =
        (format!("{} alive", many(alive)), format!("{} dead", many(dead.dead.deals)));
    let bottom = canvas.height - 12.0;
    if size.is_wide() {
        canvas.text("label", Anchor::Start, (0.0, middle - 60.0), "Closed deals,");
        canvas.text("label", Anchor::Start, (0.0, middle - 44.0), "by age at closing");
        canvas.text("tick", Anchor::Start, (0.0, middle + 4.0), "age in days");
        canvas.text("label", Anchor::Start, (0.0, middle + 44.0), "Open deals,");
        canvas.text("label", Anchor::Start, (0.0, middle + 60.0), "by age today");
    } else {
        canvas.text("label", Anchor::Start, (0.0, 12.0), "Above: age at closing, in days");
        canvas.text("label", Anchor::Start, (0.0, canvas.height - 26.0), "Below: open today");
    }
    if dead.dead.deals > 0 {
        canvas.text("label dead-text strong", Anchor::Start, (mark + 6.0, bottom), &gone);
    }
    if mark > size.pick(260.0, 90.0) {
        canvas.text("label", Anchor::End, (mark - 6.0, bottom), &open);
    }
}
