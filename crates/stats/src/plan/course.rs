//! What so many planned entries lead to beside all that comes anyway.
//!
//! Three parts, each a flow through the chain: one planned entry, spread over the useful days like
//! the present course; those who enter the first stage on other days; those who come to later
//! stages besides. A plan that asks for less than the present course asks for less on all days; one
//! that asks for more asks for it on the useful days alone.

use super::Course;
use super::flow::Flow;
use super::lags::Landing;

/// The parts, in counts by stage and day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parts {
    unit: Vec<Vec<f64>>,
    outside: Vec<Vec<f64>>,
    besides: Vec<Vec<f64>>,
    pub wins: Wins,
    /// In time to count, by source besides.
    pub besides_wins: Vec<f64>,
}

/// How many of each part reach the target in time to count, and how many enter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wins {
    /// Of one planned entry, of those on other days, of those who come besides.
    pub unit: f64,
    pub outside: f64,
    pub besides: f64,
    /// Entries on the present course, on the useful days and on the others.
    pub course_entries: f64,
    outside_entries: f64,
}

impl Parts {
    pub(super) fn new(flow: &Flow, course: Option<&Course>, landing: &Landing) -> Self {
        let days = flow.grid.days();
        let none = || vec![0.0; days];
        let entering = course.map_or_else(none, |course| course.entering.clone());
        let pick = |useful: bool| -> Vec<f64> {
            let days = entering.iter().zip(&landing.useful_days);
            days.map(|(&entries, &is)| if is == useful { entries } else { 0.0 }).collect()
        };
        let (inside, outside) = (pick(true), pick(false));
        let count = |by_day: &[f64]| by_day.iter().sum::<f64>();
        let (course_entries, outside_entries) = (count(&inside), count(&outside));
        let weights = match course_entries > 0.0 {
            true => inside.iter().map(|entries| entries / course_entries).collect(),
            false => flow.grid.even_weights(&landing.useful_days),
        };
        let later = course.map_or_else(Vec::new, Course::all).into_iter().skip(1);
        let besides: Vec<Vec<f64>> = std::iter::once(none()).chain(later).collect();
        let (unit, outside) = (flow.run(&[weights]), flow.run(&[outside]));
        let besides = flow.run(&besides);
        let wins = Wins {
            unit: flow.wins(&unit),
            outside: flow.wins(&outside),
            besides: flow.wins(&besides),
            course_entries,
            outside_entries,
        };
        let sources = course.map_or(&[][..], |course| &course.besides);
        let of_source = |source: &super::Source| flow.wins(&flow.run(&source.entering));
        let besides_wins = sources.iter().map(of_source).collect();
        Self { unit, outside, besides, wins, besides_wins }
    }

    /// By stage and day, all that so many planned entries bring and all that comes besides.
    pub(super) fn stages(&self, entries: f64) -> Vec<Vec<f64>> {
        let outside_share = self.wins.outside_share(entries);
        let stage = |((unit, outside), besides): ((&Vec<f64>, &Vec<f64>), &Vec<f64>)| {
            let days = unit.iter().zip(outside).zip(besides);
            days.map(|((unit, outside), more)| unit * entries + outside * outside_share + more)
                .collect()
        };
        self.unit.iter().zip(&self.outside).zip(&self.besides).map(stage).collect()
    }
}

impl Wins {
    /// All that comes on the present course and was not open at the start.
    pub(super) fn on_course(&self) -> f64 {
        self.unit * self.course_entries + self.outside + self.besides
    }

    /// What is to be expected of so many planned entries, with all that comes besides.
    pub(super) fn of(&self, entries: f64) -> f64 {
        self.unit * entries + self.outside * self.outside_share(entries) + self.besides
    }

    /// The planned entries of which so many wins are to be expected, besides what comes besides: a
    /// part of the present course on all days, or all of it and more on the useful days.
    pub(super) fn entries_for(&self, wins: f64) -> f64 {
        let on_course = self.unit * self.course_entries + self.outside;
        match wins <= on_course {
            true if on_course > 0.0 => self.course_entries * wins.max(0.0) / on_course,
            true => 0.0,
            false => self.course_entries + (wins - on_course) / self.unit,
        }
    }

    /// Wins of one entry, spread over all days like the present course.
    pub(super) fn of_one(&self) -> f64 {
        match self.course_entries > 0.0 {
            true => {
                let wins = self.unit * self.course_entries + self.outside;
                wins / (self.course_entries + self.outside_entries)
            }
            false => self.unit,
        }
    }

    /// How much of the present course comes on other days beside so many planned entries.
    fn outside_share(&self, entries: f64) -> f64 {
        if self.course_entries > 0.0 { (entries / self.course_entries).min(1.0) } else { 1.0 }
    }
}
