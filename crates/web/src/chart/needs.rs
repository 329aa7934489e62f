//! The reverse funnel: how many must come to each stage in each month, on average and at the asked
//! confidence.

use reports::plan::{Plan, Row};
use reports::render::grouped;

use super::{Size, cut};
use crate::money::{brief, units};
use crate::svg::{Anchor, Canvas, Scale};

/// The months are as wide as the page, however few of them there are.
const MONTHS_MIN: usize = 3;

pub fn draw(plan: &Plan, size: Size) -> Canvas {
    let rows = plan.stages.len() + 1;
    let row_height = size.pick(56.0, 52.0);
    let (left, right) = (size.pick(190.0, 92.0), size.width());
    let foot = 22.0;
    let mut canvas = Canvas::new(right, rows as f64 * row_height + foot);
    let months = plan.at_confidence.months.len();
    let slot = (right - left) / months.max(MONTHS_MIN) as f64;
    let lanes: Vec<Option<usize>> = (0..plan.stages.len()).map(Some).chain([None]).collect();
    for (at, stage) in lanes.into_iter().enumerate() {
        let lane = Lane { plan, stage, top: at as f64 * row_height, height: row_height };
        lane.draw(&mut canvas, left, slot, size);
    }
    let every = months.div_ceil(size.pick(12, 4)).max(1);
    for (at, (month, _)) in plan.at_confidence.months.iter().enumerate() {
        if at % every == 0 {
            let x = left + slot * (at as f64 + 0.5);
            let height = canvas.height;
            canvas.text("tick", Anchor::Middle, (x, height - 6.0), &month_name(&month.to_string()));
        }
    }
    canvas
}

/// `2027-03` as `Mar`; other periods as they are.
fn month_name(period: &str) -> String {
    let first: Option<jiff::civil::Date> = format!("{period}-01").parse().ok();
    first.map_or_else(|| period.to_owned(), |day| day.strftime("%b").to_string())
}

/// What enters one stage, or the revenue, month by month.
struct Lane<'a> {
    plan: &'a Plan,
    stage: Option<usize>,
    top: f64,
    height: f64,
}

impl Lane<'_> {
    fn draw(&self, canvas: &mut Canvas, left: f64, slot: f64, size: Size) {
        let confident = self.by_month(&self.plan.at_confidence.months);
        let expected = self.by_month(&self.plan.expected.months);
        let highest = confident.iter().chain(&expected).copied().fold(0.0, f64::max);
        let ground = self.top + self.height - 6.0;
        let heights = Scale::from_zero(highest.max(f64::MIN_POSITIVE), ground, self.top + 8.0);
        canvas.line("axis", (left, ground), (size.width(), ground));
        let wide = slot * 0.64;
        let confidence = self.plan.goal.confidence * 100.0;
        for (at, (sure, mean)) in confident.iter().zip(&expected).enumerate() {
            let x = left + slot * (at as f64 + 0.18);
            let month = &self.plan.at_confidence.months[at].0;
            let tells = format!(
                "{month}: {} on average, {} for {confidence:.0} %",
                brief(*mean),
                brief(*sure)
            );
            canvas.bar("fan-80", (x, heights.place(*sure)), (x + wide, ground), &tells);
            canvas.bar(
                "bar open",
                (x + wide * 0.25, heights.place(*mean)),
                (x + wide * 0.75, ground),
                &tells,
            );
        }
        let name = self.stage.map_or("revenue", |stage| self.plan.stages[stage].as_str());
        let middle = self.top + self.height / 2.0;
        canvas.text("label", Anchor::Start, (0.0, middle), &cut(name, size.pick(24, 13)));
        let total = self.figure(&self.plan.at_confidence.total);
        let total = match self.stage {
            Some(_) => grouped(&format!("{total:.0}")),
            None => brief(total),
        };
        canvas.text("tick", Anchor::Start, (0.0, middle + 16.0), &format!("{total} in all"));
    }

    fn by_month(&self, months: &[(domain::period::Period, Row)]) -> Vec<f64> {
        months.iter().map(|(_, row)| self.figure(row)).collect()
    }

    fn figure(&self, row: &Row) -> f64 {
        match self.stage {
            Some(stage) => row.counts.get(stage).copied().unwrap_or(0.0),
            None => units(row.revenue),
        }
    }
}
