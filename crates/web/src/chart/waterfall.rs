//! The pipeline from one day to another, step by step.

use domain::money::Money;
use reports::pipeline::{Flow, Waterfall};
use reports::render::{counted, grouped};

use super::{Size, To, amount_axis};
use crate::money::{brief, units};
use crate::svg::{Anchor, Canvas, Scale};

/// Each step leads to the deals behind it.
pub fn draw(fall: &Waterfall, size: Size, to: To<Flow>) -> Canvas {
    let steps = steps(fall, to);
    let highest = steps.iter().map(|step| step.from.max(step.to)).fold(0.0, f64::max);
    if size.is_wide() { draw_falling(&steps, highest) } else { draw_rows(&steps, highest) }
}

/// From left to right, as the name says.
fn draw_falling(steps: &[Step], highest: f64) -> Canvas {
    let mut canvas = Canvas::new(Size::Wide.width(), 300.0);
    let (left, right) = (64.0, canvas.width);
    let amounts = Scale::from_zero(highest, canvas.height - 34.0, 22.0);
    amount_axis(&mut canvas, &amounts, left, right);
    let slot = (right - left) / steps.len() as f64;
    for (index, step) in steps.iter().enumerate() {
        let start = left + slot * index as f64;
        let (from, to) = (amounts.place(step.from), amounts.place(step.to));
        let inset = slot * 0.18;
        let middle = start + slot / 2.0;
        let above = (middle, from.min(to) - 6.0);
        canvas.leading(&step.href, &step.tells(), |canvas| {
            canvas.bar(step.class, (start + inset, from), (start + slot - inset, to), "");
        });
        canvas.text("label strong", Anchor::Middle, above, &brief(units(step.amount)));
        canvas.text("tick", Anchor::Middle, (middle, canvas.height - 12.0), step.name);
    }
    canvas
}

/// From top to bottom, where there is no room for names beside one another.
fn draw_rows(steps: &[Step], highest: f64) -> Canvas {
    const ROW_HEIGHT: f64 = 30.0;
    let mut canvas = Canvas::new(Size::Narrow.width(), steps.len() as f64 * ROW_HEIGHT + 4.0);
    let (left, right) = (72.0, canvas.width - 64.0);
    let amounts = Scale::from_zero(highest, left, right);
    for (index, step) in steps.iter().enumerate() {
        let y = index as f64 * ROW_HEIGHT;
        let (from, to) = (amounts.place(step.from), amounts.place(step.to));
        let amount = brief(units(step.amount));
        canvas.leading(&step.href, &step.tells(), |canvas| {
            canvas.bar(step.class, (from, y + 5.0), (to, y + ROW_HEIGHT - 5.0), "");
        });
        canvas.text("label strong", Anchor::Start, (from.max(to) + 6.0, y + 19.0), &amount);
        canvas.text("tick", Anchor::Start, (0.0, y + 19.0), step.name);
    }
    let height = canvas.height;
    canvas.line("axis", (left, 0.0), (left, height));
    canvas
}

struct Step {
    name: &'static str,
    class: &'static str,
    from: f64,
    to: f64,
    deals: usize,
    amount: Money,
    href: String,
}

impl Step {
    fn tells(&self) -> String {
        let amount = grouped(&self.amount.to_decimal());
        format!("{}: {amount} in {}", self.name, counted(self.deals, "deal"))
    }
}

/// The steps that moved anything, each from where the one before ended.
fn steps(fall: &Waterfall, leads: To<Flow>) -> Vec<Step> {
    let mut level = 0.0;
    let mut steps = Vec::new();
    for (flow, name, class, sign) in [
        (Flow::Start, "start", "bar past", 1.0),
        (Flow::Created, "created", "bar open", 1.0),
        (Flow::PulledIn, "reopened", "bar open", 1.0),
        (Flow::Raised, "raised", "bar open", 1.0),
        (Flow::Lowered, "lowered", "bar less", -1.0),
        (Flow::PushedOut, "deleted", "bar less", -1.0),
        (Flow::Lost, "lost", "bar less", -1.0),
        (Flow::Won, "won", "bar won", -1.0),
        (Flow::End, "end", "bar past", 1.0),
    ] {
        let step = fall.step(flow);
        let is_end = flow == Flow::End;
        let from = if is_end { 0.0 } else { level };
        let to = from + sign * units(step.amount);
        if step.amount.minor != 0 || is_end || flow == Flow::Start {
            let (deals, amount) = (step.deals, step.amount);
            steps.push(Step { name, class, from, to, deals, amount, href: leads(&flow) });
        }
        level = to;
    }
    steps
}
