//! Lanes of bars over the same months, one above the other: a wide light bar and a slim one in
//! each month.

use domain::period::Period;

use super::{Size, cut};
use crate::svg::{Anchor, Canvas, Scale};

/// The months are as wide as the page, however few of them there are.
const MONTHS_MIN: usize = 3;

/// One row of bars, with its own scale.
pub struct Lane {
    pub name: String,
    /// What it comes to in all.
    pub total: String,
    pub bars: Vec<Bars>,
}

/// The bars of a month; what is not known has none.
pub struct Bars {
    pub wide: Option<f64>,
    pub slim: Option<f64>,
    pub tells: String,
}

pub fn draw(lanes: &[Lane], months: &[Period], size: Size) -> Canvas {
    let row_height = size.pick(56.0, 52.0);
    let (left, right) = (size.pick(190.0, 92.0), size.width());
    let foot = 22.0;
    let mut canvas = Canvas::new(right, lanes.len() as f64 * row_height + foot);
    let slot = (right - left) / months.len().max(MONTHS_MIN) as f64;
    for (at, lane) in lanes.iter().enumerate() {
        let top = at as f64 * row_height;
        lane.draw(&mut canvas, (top, top + row_height - 6.0), (left, slot), size);
    }
    let every = months.len().div_ceil(size.pick(12, 4)).max(1);
    for (at, month) in months.iter().enumerate().filter(|(at, _)| at % every == 0) {
        let x = left + slot * (at as f64 + 0.5);
        let height = canvas.height;
        canvas.text("tick", Anchor::Middle, (x, height - 6.0), &month_name(&month.to_string()));
    }
    canvas
}

/// `2027-03` as `Mar`; other periods as they are.
fn month_name(period: &str) -> String {
    let first: Option<jiff::civil::Date> = format!("{period}-01").parse().ok();
    first.map_or_else(|| period.to_owned(), |day| day.strftime("%b").to_string())
}

impl Lane {
    fn draw(
        &self,
        canvas: &mut Canvas,
        (top, ground): (f64, f64),
        (left, slot): (f64, f64),
        size: Size,
    ) {
        let figures = self.bars.iter().flat_map(|bars| [bars.wide, bars.slim]).flatten();
        let highest = figures.fold(0.0, f64::max);
        let heights = Scale::from_zero(highest.max(f64::MIN_POSITIVE), ground, top + 8.0);
        canvas.line("axis", (left, ground), (size.width(), ground));
        let width = slot * 0.64;
        for (at, bars) in self.bars.iter().enumerate() {
            let x = left + slot * (at as f64 + 0.18);
            let parts = [("fan-80", bars.wide, 0.0), ("bar open", bars.slim, 0.25)];
            for (class, figure, inset) in parts {
                let Some(figure) = figure else { continue };
                let corner = (x + width * inset, heights.place(figure));
                canvas.bar(class, corner, (x + width * (1.0 - inset), ground), &bars.tells);
            }
        }
        let middle = (top + ground + 6.0) / 2.0;
        canvas.text("label", Anchor::Start, (0.0, middle), &cut(&self.name, size.pick(24, 13)));
        canvas.text("tick", Anchor::Start, (0.0, middle + 16.0), &self.total);
    }
}
