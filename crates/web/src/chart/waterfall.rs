//! The pipeline from one day to another, step by step.

use domain::money::Money;
use reports::pipeline::Waterfall;
use reports::render::{counted, grouped};

use super::{Size, amount_axis};
use crate::money::{brief, units};
use crate::svg::{Anchor, Canvas, Scale};

pub fn draw(fall: &Waterfall, size: Size) -> Canvas {
    let steps = steps(fall);
    let highest = steps.iter().map(|step| step.from.max(step.to)).fold(0.0, f64::max);
    let (width, height) = (size.width(), size.pick(300.0, 260.0));
    let (left, right) = (size.pick(64.0, 44.0), width);
    let amounts = Scale::from_zero(highest, height - 34.0, 22.0);
    let mut canvas = Canvas::new(width, height);
    amount_axis(&mut canvas, &amounts, left, right);
    let slot = (right - left) / steps.len() as f64;
    for (index, step) in steps.iter().enumerate() {
        let start = left + slot * index as f64;
        draw_step(&mut canvas, step, (start, slot), &amounts, size);
    }
    canvas
}

struct Step {
    name: &'static str,
    class: &'static str,
    from: f64,
    to: f64,
    deals: usize,
    amount: Money,
}

/// The steps that moved anything, each from where the one before ended.
fn steps(fall: &Waterfall) -> Vec<Step> {
    let mut level = 0.0;
    let mut steps = Vec::new();
    for (name, class, sign, step) in [
        ("start", "bar past", 1.0, fall.start),
        ("created", "bar open", 1.0, fall.created),
        ("reopened", "bar open", 1.0, fall.pulled_in),
        ("raised", "bar open", 1.0, fall.raised),
        ("lowered", "bar less", -1.0, fall.lowered),
        ("deleted", "bar less", -1.0, fall.pushed_out),
        ("lost", "bar less", -1.0, fall.lost),
        ("won", "bar won", -1.0, fall.won),
    ] {
        let to = level + sign * units(step.amount);
        if step.amount.minor != 0 || name == "start" {
            let (deals, amount) = (step.deals, step.amount);
            steps.push(Step { name, class, from: level, to, deals, amount });
        }
        level = to;
    }
    let (deals, amount) = (fall.end.deals, fall.end.amount);
    steps.push(Step {
        name: "end",
        class: "bar past",
        from: 0.0,
        to: units(amount),
        deals,
        amount,
    });
    steps
}

fn draw_step(
    canvas: &mut Canvas,
    step: &Step,
    (start, slot): (f64, f64),
    amounts: &Scale,
    size: Size,
) {
    let inset = slot * size.pick(0.18, 0.1);
    let (from, to) = (amounts.place(step.from), amounts.place(step.to));
    let tells = format!(
        "{}: {} in {}",
        step.name,
        grouped(&step.amount.to_decimal()),
        counted(step.deals, "deal")
    );
    canvas.bar(step.class, (start + inset, from), (start + slot - inset, to), &tells);
    let middle = start + slot / 2.0;
    let above = from.min(to) - 6.0;
    canvas.text("label strong", Anchor::Middle, (middle, above), &brief(units(step.amount)));
    canvas.text("tick", Anchor::Middle, (middle, canvas.height - 12.0), step.name);
}
