//! Who came, step by step: new people below, those who had come before above them.

use reports::awareness::{Awareness, Step};
use reports::render::grouped;

use super::{Size, To, amount_axis};
use crate::money::short_date;
use crate::svg::{Anchor, Canvas, Scale};

/// Each step leads to what happened in it.
pub fn draw(found: &Awareness, size: Size, to: To<Step>) -> Canvas {
    let (width, height) = (size.width(), size.pick(280.0, 240.0));
    let left = size.pick(64.0, 48.0);
    let most = found.steps.iter().map(|step| step.came.people).max().unwrap_or(0);
    let people = Scale::from_zero(most as f64, height - 34.0, 28.0);
    let mut canvas = Canvas::new(width, height);
    amount_axis(&mut canvas, &people, left, width);
    let slot = (width - left) / found.steps.len().max(1) as f64;
    let every = found.steps.len().div_ceil(size.pick(10, 4)).max(1);
    for (at, step) in found.steps.iter().enumerate() {
        let x = left + slot * (at as f64 + 0.5);
        draw_step(&mut canvas, step, (x, slot * 0.34), &people, &to(step));
        if at % every == 0 {
            canvas.text("tick", Anchor::Middle, (x, height - 12.0), &short_date(step.first));
        }
    }
    draw_legend(&mut canvas, left);
    canvas
}

fn draw_step(canvas: &mut Canvas, step: &Step, (x, half): (f64, f64), people: &Scale, href: &str) {
    let (new, all) = (step.came.new_people as f64, step.came.people as f64);
    let told = |number: u64| grouped(&number.to_string());
    let tells = format!(
        "{} to {}: {} people, {} new and {} returning",
        short_date(step.first),
        short_date(step.last),
        told(step.came.people),
        told(step.came.new_people),
        told(step.came.returning_people())
    );
    let (edge, top) = (people.place(new), people.place(all));
    canvas.leading(href, &tells, |canvas| {
        canvas.bar("bar past", (x - half, top), (x + half, edge), "");
        canvas.bar("bar open", (x - half, edge), (x + half, people.place(0.0)), "");
    });
}

fn draw_legend(canvas: &mut Canvas, left: f64) {
    for (x, class, name) in [(left, "bar open", "new"), (left + 64.0, "bar past", "returning")] {
        canvas.bar(class, (x, 4.0), (x + 10.0, 14.0), "");
        canvas.text("tick", Anchor::Start, (x + 15.0, 13.0), name);
    }
}
