//! A leg since the period began: what should have come by the end of each month, and what came.

use jiff::civil::Date;
use reports::scoreboard::{Amount, Leg, Point};

use super::{Size, To, amount_axis};
use crate::money::{brief, short_date};
use crate::svg::{Anchor, Canvas, Scale};

/// What came by a day leads to its rows.
pub fn draw(leg: &Leg, size: Size, to: To<Date>) -> Canvas {
    let unit = unit(leg);
    let expected: Vec<f64> = leg.curve.iter().map(|point| point.expected / unit).collect();
    let actual: Vec<f64> =
        leg.curve.iter().map_while(|point| point.actual).map(|actual| actual / unit).collect();
    let highest = expected.iter().chain(&actual).copied().fold(0.0, f64::max);
    let (width, height) = (size.width(), size.pick(280.0, 230.0));
    let (left, right) = (size.pick(64.0, 48.0), width - size.pick(120.0, 20.0));
    let months = Scale { low: 0.0, high: leg.curve.len().max(1) as f64, start: left, end: right };
    let amounts = Scale::from_zero(highest, height - 30.0, 16.0);
    let mut canvas = Canvas::new(width, height);
    amount_axis(&mut canvas, &amounts, left, right);
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        let at = |(place, value): (usize, &f64)| {
            (months.place(place as f64 + 1.0), amounts.place(*value))
        };
        let origin = (months.place(0.0), amounts.place(0.0));
        std::iter::once(origin).chain(values.iter().enumerate().map(at)).collect()
    };
    let ground: Vec<(f64, f64)> =
        points(&expected).into_iter().map(|(x, _)| (x, amounts.place(0.0))).collect();
    canvas.band("fan fan-90", &points(&expected), &ground, "what should have come");
    canvas.path("median", &points(&expected));
    canvas.path("actual", &points(&actual));
    dots(&mut canvas, &leg.curve, &points(&actual), &actual, to);
    names(&mut canvas, leg, &months, height, size);
    if let (Some(end), Some(value), true) =
        (points(&expected).last(), expected.last(), size.is_wide())
    {
        let said = format!("expected {}", brief(*value));
        canvas.text("label accent", Anchor::Start, (end.0 + 8.0, end.1 + 4.0), &said);
    }
    canvas
}

/// How many of the values of a curve make one: money is in minor units.
pub(super) fn unit(leg: &Leg) -> f64 {
    match leg.actual {
        Amount::Money(money) => {
            10_f64.powi(i32::try_from(domain::money::decimals(money.currency)).unwrap_or(2))
        }
        Amount::Count(_) => 1.0,
    }
}

fn dots(canvas: &mut Canvas, curve: &[Point], points: &[(f64, f64)], actual: &[f64], to: To<Date>) {
    for ((point, place), value) in curve.iter().zip(points.iter().skip(1)).zip(actual) {
        let tells = format!("by {}: {}", short_date(point.until), brief(*value));
        canvas.leading_dot("actual-dot", *place, &to(&point.until), &tells);
    }
}

/// The months below, as many as there is room for.
fn names(canvas: &mut Canvas, leg: &Leg, months: &Scale, height: f64, size: Size) {
    let every = leg.curve.len().div_ceil(size.pick(12, 4)).max(1);
    for (place, point) in leg.curve.iter().enumerate().filter(|(place, _)| place % every == 0) {
        let x = months.place(place as f64 + 1.0);
        let name = point.until.strftime("%b").to_string();
        canvas.text("tick", Anchor::Middle, (x, height - 10.0), &name);
    }
}
