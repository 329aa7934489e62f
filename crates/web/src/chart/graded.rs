//! What was said on past days against what came; and how far each method was off.

use reports::backtest::{Backtest, Origin};
use reports::render::short;

use super::{Size, To, amount_axis, cut};
use crate::money::{short_date, units};
use crate::svg::{Anchor, Canvas, Scale};

/// How many past days are drawn, at most: the last ones.
const ORIGINS_WIDE: usize = 40;
const ORIGINS_NARROW: usize = 14;

/// The intervals of the past days, each with what came and leading to the forecast of that day.
pub fn draw_origins(backtest: &Backtest, size: Size, to: To<Origin>) -> Canvas {
    let count = size.pick(ORIGINS_WIDE, ORIGINS_NARROW);
    let skipped = backtest.origins.len().saturating_sub(count);
    let origins: Vec<&Origin> = backtest.origins.iter().skip(skipped).collect();
    let high = |origin: &&Origin| {
        let said = origin.quantile("p90").unwrap_or(origin.actual);
        units(said).max(units(origin.actual))
    };
    let (width, height) = (size.width(), size.pick(300.0, 250.0));
    let (left, right) = (size.pick(64.0, 48.0), width);
    let amounts =
        Scale::from_zero(origins.iter().map(high).fold(0.0, f64::max), height - 34.0, 16.0);
    let mut canvas = Canvas::new(width, height);
    amount_axis(&mut canvas, &amounts, left, right);
    let slot = (right - left) / origins.len().max(1) as f64;
    let every = origins.len().div_ceil(size.pick(10, 3)).max(1);
    for (index, origin) in origins.iter().enumerate() {
        let x = left + slot * (index as f64 + 0.5);
        draw_origin(&mut canvas, origin, (x, slot), &amounts, &to(origin));
        if index % every == 0 {
            let day = short_date(origin.as_of);
            canvas.text("tick", Anchor::Middle, (x, height - 12.0), &day);
        }
    }
    canvas
}

fn draw_origin(
    canvas: &mut Canvas,
    origin: &Origin,
    (x, slot): (f64, f64),
    amounts: &Scale,
    href: &str,
) {
    let half = (slot * 0.3).clamp(1.5, 14.0);
    let place = |name: &str| origin.quantile(name).map(|amount| amounts.place(units(amount)));
    let tells = match (origin.quantile("p10"), origin.quantile("p50"), origin.quantile("p90")) {
        (Some(low), Some(median), Some(high)) => format!(
            "{} as of {}: said {} ({} to {}), came {}",
            origin.period,
            short_date(origin.as_of),
            short(median),
            short(low),
            short(high),
            short(origin.actual)
        ),
        _ => String::new(),
    };
    for (class, low, high) in [("fan fan-80", "p10", "p90"), ("fan fan-50", "p25", "p75")] {
        if let (Some(low), Some(high)) = (place(low), place(high)) {
            canvas.bar(class, (x - half, low), (x + half, high), &tells);
        }
    }
    if let Some(median) = place("p50") {
        canvas.line("median", (x - half, median), (x + half, median));
    }
    let class = if origin.inside_80() { "actual-dot" } else { "missed-dot" };
    canvas.leading_dot(class, (x, amounts.place(units(origin.actual))), href, &tells);
}

/// How far each method was off in the mean.
pub fn draw_methods(backtest: &Backtest, size: Size) -> Canvas {
    const ROW_HEIGHT: f64 = 30.0;
    let methods: Vec<(&str, f64)> = (backtest.methods.iter())
        .filter_map(|method| Some((method.name, method.mean_absolute_error_percent?)))
        .collect();
    let (width, height) = (size.width(), methods.len() as f64 * ROW_HEIGHT + 8.0);
    let (left, right) = (size.pick(230.0, 172.0), width - size.pick(80.0, 56.0));
    let errors =
        Scale::from_zero(methods.iter().map(|method| method.1).fold(0.0, f64::max), left, right);
    let mut canvas = Canvas::new(width, height);
    for (index, (name, error)) in methods.iter().enumerate() {
        let y = index as f64 * ROW_HEIGHT + 4.0;
        let class = if index == 0 { "bar open" } else { "bar past" };
        let tells = format!("{name}: off by {error:.1} % in the mean");
        canvas.bar(class, (left, y), (errors.place(*error), y + ROW_HEIGHT - 10.0), &tells);
        let middle = y + ROW_HEIGHT / 2.0 - 1.0;
        let style = if index == 0 { "label strong" } else { "label" };
        canvas.text(style, Anchor::Start, (0.0, middle), &cut(name, size.pick(32, 26)));
        let end = errors.place(*error) + 8.0;
        canvas.text("label strong", Anchor::Start, (end, middle), &format!("{error:.1} %"));
    }
    canvas.line("axis", (left, 0.0), (left, height - 8.0));
    canvas
}
