//! One period: what is booked, and the range in which it will end.

use reports::forecast::Forecast;

use super::Size;
use crate::money::{brief, units};
use crate::svg::{Anchor, Canvas, Scale};

/// What is booked leads to `rows`.
pub fn draw(forecast: &Forecast, size: Size, rows: &str) -> Canvas {
    let at = |name: &str| units(forecast.quantile(name));
    let (width, height) = (size.width(), 132.0);
    let amounts = Scale::from_zero(at("p95"), 8.0, width - 24.0);
    let (top, bottom) = (46.0, 84.0);
    let mut canvas = Canvas::new(width, height);
    for tick in amounts.ticks() {
        let x = amounts.place(tick);
        canvas.line("grid", (x, top - 8.0), (x, bottom + 8.0));
        canvas.text("tick", Anchor::Middle, (x, bottom + 26.0), &brief(tick));
    }
    for (class, low, high, share) in [
        ("fan-90", "p05", "p95", "90 %"),
        ("fan-80", "p10", "p90", "80 %"),
        ("fan-50", "p25", "p75", "50 %"),
    ] {
        let tells = format!("{share}: {} to {}", brief(at(low)), brief(at(high)));
        let (from, to) = (amounts.place(at(low)), amounts.place(at(high)));
        canvas.bar(class, (from, top), (to, bottom), &tells);
    }
    let booked = units(forecast.booked);
    let tells = format!("booked: {}", brief(booked));
    let (zero, end) = (amounts.place(0.0), amounts.place(booked));
    canvas.leading(if booked > 0.0 { rows } else { "" }, &tells, |canvas| {
        canvas.bar("bar won", (zero, top + 11.0), (end, bottom - 11.0), "");
    });
    let median = amounts.place(at("p50"));
    canvas.line("median", (median, top - 8.0), (median, bottom + 8.0));
    let said = format!("likely {}", brief(at("p50")));
    let anchor = if median > width * 0.8 { Anchor::End } else { Anchor::Middle };
    canvas.text("label strong", anchor, (median, top - 16.0), &said);
    if (median - end).abs() > 120.0 && booked > 0.0 {
        let said = format!("booked {}", brief(booked));
        canvas.text("tick", Anchor::Start, (zero, top - 16.0), &said);
    }
    canvas
}
