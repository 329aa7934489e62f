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
/// Wider than this the axis goes to 100 %.
const NARROW_AXIS_MAX: f64 = 0.5;

/// `all` is the share of all together.
pub fn draw(rows: &[Row], all: f64, size: Size) -> Canvas {
    let width = size.width();
    let height = TOP + rows.len() as f64 * ROW_HEIGHT + 8.0;
    let (left, right) = (size.pick(190.0, 104.0), width - size.pick(190.0, 60.0));
    let highest = rows.iter().map(|row| row.high).fold(all, f64::max);
    let shares = match highest {
        high if high <= NARROW_AXIS_MAX => Scale::from_zero(high, left, right),
        _ => Scale { low: 0.0, high: 1.0, start: left, end: right },
    };
    let mut canvas = Canvas::new(width, height);
    for tick in shares.ticks() {
        let x = shares.place(tick);
        canvas.line("grid", (x, TOP - 6.0), (x, height - 8.0));
        canvas.text("tick", Anchor::Middle, (x, TOP - 14.0), &percent(tick));
    }
    let x = shares.place(all);
    canvas.line("mark all", (x, TOP - 6.0), (x, height - 8.0));
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + (index as f64 + 0.5) * ROW_HEIGHT;
        draw_row(&mut canvas, row, &shares, y, size);
    }
    canvas
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
