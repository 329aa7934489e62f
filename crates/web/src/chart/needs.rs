//! The reverse funnel: how many must come to each stage in each month, on average and at the asked
//! confidence.

use domain::period::Period;
use reports::plan::{Need, Plan, Row};
use reports::plan_version::Planned;
use reports::render::grouped;

use super::Size;
use super::lanes::{self, Bars, Lane};
use crate::money::{brief, units};
use crate::svg::Canvas;

/// What a plan takes, be it the one that stands or a saved one.
pub struct Needs<'a> {
    stages: &'a [String],
    expected: &'a Need,
    at_confidence: &'a Need,
    confidence_percent: f64,
}

impl<'a> Needs<'a> {
    pub fn of_plan(plan: &'a Plan) -> Needs<'a> {
        Needs {
            stages: &plan.stages,
            expected: &plan.expected,
            at_confidence: &plan.at_confidence,
            confidence_percent: plan.goal.confidence * 100.0,
        }
    }

    pub fn of_version(planned: &'a Planned) -> Needs<'a> {
        Needs {
            stages: &planned.stages,
            expected: &planned.expected,
            at_confidence: &planned.at_confidence,
            confidence_percent: planned.goal.confidence * 100.0,
        }
    }

    /// What enters one stage month by month, or the revenue.
    fn lane(&self, stage: Option<usize>) -> Lane {
        let months = self.at_confidence.months.iter().zip(&self.expected.months);
        let bars = |((month, sure), (_, mean)): (&(Period, Row), &(Period, Row))| {
            let (sure, mean) = (figure(sure, stage), figure(mean, stage));
            Bars {
                wide: Some(sure),
                slim: Some(mean),
                tells: format!(
                    "{month}: {} on average, {} for {:.0} %",
                    brief(mean),
                    brief(sure),
                    self.confidence_percent
                ),
            }
        };
        let total = figure(&self.at_confidence.total, stage);
        let total = match stage {
            Some(_) => grouped(&format!("{total:.0}")),
            None => brief(total),
        };
        let name = stage.and_then(|stage| self.stages.get(stage)).map_or("revenue", String::as_str);
        Lane {
            name: name.to_owned(),
            total: format!("{total} in all"),
            bars: months.map(bars).collect(),
        }
    }
}

pub fn draw(needs: &Needs, size: Size) -> Canvas {
    let stages = (0..needs.stages.len()).map(Some).chain([None]);
    let lanes: Vec<Lane> = stages.map(|stage| needs.lane(stage)).collect();
    let months: Vec<Period> = needs.at_confidence.months.iter().map(|(month, _)| *month).collect();
    lanes::draw(&lanes, &months, size)
}

fn figure(row: &Row, stage: Option<usize>) -> f64 {
    match stage {
        Some(stage) => row.counts.get(stage).copied().unwrap_or(0.0),
        None => units(row.revenue),
    }
}
