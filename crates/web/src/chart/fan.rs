//! What past quarters brought, and the fan of what the next ones will bring.

use reports::forecast::Forecast;
use reports::render::{grouped, short};
use reports::review::outlook::{Outlook, heading};

use super::{Size, amount_axis};
use crate::money::{brief, units};
use crate::svg::{Anchor, Canvas, Scale};

/// How many past quarters are drawn, at most.
const PAST_WIDE: usize = 12;
const PAST_NARROW: usize = 4;

pub fn draw(outlook: &Outlook, size: Size) -> Canvas {
    let count = size.pick(PAST_WIDE, PAST_NARROW);
    let skipped = outlook.past.len().saturating_sub(count);
    let past: Vec<(String, f64)> = (outlook.past.iter().skip(skipped))
        .map(|(period, amount)| (period.to_string(), units(*amount)))
        .collect();
    let high = |quarter: &Forecast| units(quarter.quantile("p95"));
    let highest =
        past.iter().map(|past| past.1).chain(outlook.next.iter().map(high)).fold(0.0, f64::max);
    let (width, height) = (size.width(), size.pick(320.0, 260.0));
    let (left, right) = (size.pick(64.0, 48.0), width - size.pick(150.0, 14.0));
    let fan = Fan {
        size,
        places: Scale {
            low: 0.0,
            high: (past.len() + outlook.next.len()).saturating_sub(1).max(1) as f64,
            start: left + size.pick(30.0, 18.0),
            end: right - size.pick(10.0, 24.0),
        },
        amounts: Scale::from_zero(highest, height - 34.0, 22.0),
        first_next: past.len(),
    };
    let mut canvas = Canvas::new(width, height);
    amount_axis(&mut canvas, &fan.amounts, left, right);
    fan.draw_next(&mut canvas, &past, &outlook.next);
    fan.draw_past(&mut canvas, &past);
    fan.draw_names(&mut canvas, &past, &outlook.next);
    canvas
}

struct Fan {
    size: Size,
    places: Scale,
    amounts: Scale,
    first_next: usize,
}

impl Fan {
    fn at(&self, index: usize, amount: f64) -> (f64, f64) {
        (self.places.place(index as f64), self.amounts.place(amount))
    }

    fn draw_past(&self, canvas: &mut Canvas, past: &[(String, f64)]) {
        let points: Vec<(f64, f64)> =
            past.iter().enumerate().map(|(index, past)| self.at(index, past.1)).collect();
        canvas.path("actual", &points);
        for ((name, amount), point) in past.iter().zip(points) {
            let tells = format!("{name}: {} won", grouped(&format!("{amount:.0}")));
            canvas.dot("actual-dot", point, 3.5, &tells);
        }
    }

    /// The fan opens at the last quarter that has ended, where nothing is uncertain.
    fn draw_next(&self, canvas: &mut Canvas, past: &[(String, f64)], next: &[Forecast]) {
        let begin = past.last().map(|past| self.at(self.first_next - 1, past.1));
        let line = |name: &str| -> Vec<(f64, f64)> {
            let of_next = next.iter().enumerate().map(|(index, quarter)| {
                self.at(self.first_next + index, units(quarter.quantile(name)))
            });
            begin.into_iter().chain(of_next).collect()
        };
        let last = next.last().map(heading).unwrap_or_default();
        canvas.band("fan fan-90", &line("p95"), &line("p05"), &last);
        canvas.band("fan fan-80", &line("p90"), &line("p10"), &last);
        canvas.band("fan fan-50", &line("p75"), &line("p25"), &last);
        canvas.path("median", &line("p50"));
        for (index, quarter) in next.iter().enumerate() {
            let point = self.at(self.first_next + index, units(quarter.quantile("p50")));
            canvas.dot("median-dot", point, 3.5, &heading(quarter));
            self.draw_label(canvas, point, quarter, index + 1 == next.len());
        }
    }

    fn draw_label(&self, canvas: &mut Canvas, point: (f64, f64), quarter: &Forecast, last: bool) {
        let median = brief(units(quarter.quantile("p50")));
        if !(last && self.size.is_wide()) {
            return canvas.text(
                "label strong halo",
                Anchor::Middle,
                (point.0, point.1 - 10.0),
                &median,
            );
        }
        let x = point.0 + 12.0;
        let label = |canvas: &mut Canvas, class: &str, name: &str, what: &str| {
            let amount = units(quarter.quantile(name));
            let y = self.amounts.place(amount) + 4.0;
            canvas.text(class, Anchor::Start, (x, y), &format!("{} {what}", brief(amount)));
        };
        label(canvas, "label", "p90", "high (90 %)");
        label(canvas, "label strong", "p50", "median");
        label(canvas, "label", "p10", "low (10 %)");
    }

    fn draw_names(&self, canvas: &mut Canvas, past: &[(String, f64)], next: &[Forecast]) {
        let names = past.iter().map(|past| past.0.clone());
        let names = names.chain(next.iter().map(|quarter| quarter.period.to_string()));
        let y = canvas.height - 12.0;
        for (index, name) in names.enumerate() {
            let x = self.places.place(index as f64);
            let class = if index < self.first_next { "tick" } else { "tick strong" };
            let name = if self.size.is_wide() { name } else { shortened(&name) };
            canvas.text(class, Anchor::Middle, (x, y), &name);
        }
        for (index, quarter) in next.iter().enumerate().filter(|(_, it)| it.booked.minor > 0) {
            let point = self.at(self.first_next + index, units(quarter.booked));
            canvas.dot("booked-dot", point, 3.5, &format!("{} booked", short(quarter.booked)));
            let below = (point.0, point.1 - 9.0);
            canvas.text("label", Anchor::Middle, below, "booked");
        }
    }
}

/// `2017-Q3` as `Q3 17`.
fn shortened(name: &str) -> String {
    match name.split_once('-') {
        Some((year, quarter)) => format!("{quarter} {}", year.get(2..).unwrap_or(year)),
        None => name.to_owned(),
    }
}
