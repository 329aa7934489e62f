//! Shares with their intervals, one row each, against the share of all.

use super::{Size, cut};
use crate::svg::{Anchor, Canvas, Scale};

/// A share with its interval, all within 0 to 1.
pub struct Row {
    pub name: String,
    pub share: f64,
    pub low: f64,
    pub high: f64,
    /// What stands behind it, such as `25 closed`.
    pub of: String,
    pub is_few: bool,
}

const ROW_HEIGHT: f64 = 26.0;
const TOP: f64 = 30.0;
/// Shares up to this are small.
const SMALL: f64 = 0.3;
/// Axes begin and end with whole tenths, and are at least so many long.
const TENTHS: f64 = 10.0;
const AXIS_TENTHS_MIN: f64 = 4.0;

/// `all` is the share of all together.
pub fn draw(rows: &[Row], all: f64, size: Size) -> Canvas {
    let width = size.width();
    let bottom = TOP + rows.len() as f64 * ROW_HEIGHT + 2.0;
    let height = bottom + 24.0;
    let (left, right) = (size.pick(190.0, 104.0), width - size.pick(190.0, 60.0));
    let shares = axis(rows, all, (left, right));
    let mut canvas = Canvas::new(width, height);
    for tick in shares.ticks() {
        let x = shares.place(tick);
        canvas.line("grid", (x, TOP - 6.0), (x, bottom));
        canvas.text("tick", Anchor::Middle, (x, TOP - 14.0), &percent(tick));
    }
    let x = shares.place(all);
    canvas.line("mark all", (x, TOP - 6.0), (x, bottom + 4.0));
    let label = format!("all: {:.1} %", all * 100.0);
    canvas.text("label", Anchor::Middle, (x, bottom + 18.0), &label);
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + (index as f64 + 0.5) * ROW_HEIGHT;
        draw_row(&mut canvas, row, &shares, y, size);
    }
    canvas
}

/// From and to whole tens of percent around all intervals; small shares get an axis from zero.
fn axis(rows: &[Row], all: f64, (start, end): (f64, f64)) -> Scale {
    let highest = rows.iter().map(|row| row.high).fold(all, f64::max);
    if highest <= SMALL {
        return Scale::from_zero(highest, start, end);
    }
    let lowest = rows.iter().map(|row| row.low).fold(all, f64::min);
    let (mut low, mut high) = ((lowest * TENTHS).floor(), (highest * TENTHS).ceil());
    while high - low < AXIS_TENTHS_MIN {
        if high < TENTHS {
            high += 1.0
        } else {
            low -= 1.0
        }
        if high - low < AXIS_TENTHS_MIN && low > 0.0 {
            low -= 1.0;
        }
    }
    Scale { low: low / TENTHS, high: high / TENTHS, start, end }
}

fn draw_row(canvas: &mut Canvas, row: &Row, shares: &Scale, y: f64, size: Size) {
    let tells = format!(
        "{}: {:.1} %, 95 % interval {:.1} to {:.1} %, {}",
        row.name,
        row.share * 100.0,
        row.low * 100.0,
        row.high * 100.0,
        row.of
    );
    let few = if row.is_few { " few" } else { "" };
    let (low, high) = (shares.place(row.low), shares.place(row.high));
    canvas.bar(&format!("interval{few}"), (low, y - 4.0), (high, y + 4.0), &tells);
    canvas.dot(&format!("share{few}"), (shares.place(row.share), y), 4.0, &tells);
    let name = cut(&row.name, size.pick(27, 15));
    canvas.text("label", Anchor::Start, (0.0, y + 4.0), &name);
    let beside = shares.end + 12.0;
    let share = format!("{:.1} %", row.share * 100.0);
    canvas.text("label strong", Anchor::Start, (beside, y + 4.0), &share);
    if size.is_wide() {
        canvas.text("tick", Anchor::Start, (beside + 56.0, y + 4.0), &row.of);
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if (percent - percent.round()).abs() < 1e-9 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}
