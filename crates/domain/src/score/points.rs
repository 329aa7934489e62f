//! The points of a lead by the end of a day, each with the rule and the touch that gave it.

use super::MILLI;
use super::decay::left;
use super::expression::{Facts, Touch};
use super::rules::{Rules, Score};

/// A line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub score: Score,
    pub why: Why,
    /// For which touch, where it was for one.
    pub touch: Option<Touch>,
    /// Thousandths of a point.
    pub milli: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The place of the rule.
    Rule(usize),
    /// A score ends at its cap …
    Cap,
    /// … and at nothing.
    Floor,
}

/// Both scores, and how they came about. Each is the sum of its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    pub log: Vec<Point>,
    /// Thousandths of a point.
    pub fit_milli: i64,
    pub engagement_milli: i64,
}

impl Points {
    pub fn milli(&self, score: Score) -> i64 {
        match score {
            Score::Fit => self.fit_milli,
            Score::Engagement => self.engagement_milli,
        }
    }
}

impl Rules {
    /// What a lead has by what is known of it.
    pub fn points(&self, facts: &Facts) -> Points {
        let mut points = Points::default();
        for score in Score::ALL {
            let mut sum = 0;
            for (place, _) in self.rules.iter().enumerate().filter(|(_, it)| it.score == score) {
                let before = points.log.len();
                self.give(place, facts, &mut points.log);
                sum += points.log[before..].iter().map(|point| point.milli).sum::<i64>();
            }
            let bounded = sum.clamp(0, self.cap(score) * MILLI);
            let why = if bounded < sum { Why::Cap } else { Why::Floor };
            if bounded != sum {
                points.log.push(Point { score, why, touch: None, milli: bounded - sum });
            }
            match score {
                Score::Fit => points.fit_milli = bounded,
                Score::Engagement => points.engagement_milli = bounded,
            }
        }
        points
    }

    fn give(&self, place: usize, facts: &Facts, log: &mut Vec<Point>) {
        let rule = &self.rules[place];
        if !rule.when.holds(facts) {
            return;
        }
        let mut give = |touch: Option<Touch>, milli: i64| {
            log.push(Point { score: rule.score, why: Why::Rule(place), touch, milli });
        };
        let counted = rule.when.counted(facts);
        if counted.is_empty() {
            // It holds because there was no touch, or looks at none: nothing fades.
            return give(None, rule.points * MILLI);
        }
        let mut room = rule.cap;
        for touch in counted.into_iter().rev().map(|place| facts.touches[place]) {
            let share = rule.points.abs().min(room);
            room -= share;
            let milli = share * rule.points.signum() * MILLI;
            let age = u32::try_from(facts.day - touch.day).unwrap_or(0);
            give(Some(touch), rule.half_life_days.map_or(milli, |half| left(milli, age, half)));
            if room == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::expression::{Known, Noun};
    use super::super::rules::Written;
    use super::*;

    fn written(score: &str, when: &str, points: i64) -> Written {
        let (name, score, when) = (when.to_owned(), score.to_owned(), when.to_owned());
        Written { name, score, when, points, ..Written::default() }
    }

    fn rules(engagement_cap: i64) -> Rules {
        let webinars = "touches.last_days(60).count(\"webinar\") >= 2";
        let rules = [
            written("fit", "account.employees >= 200", 30),
            written("fit", "account.employees < 10", -20),
            Written {
                cap: Some(25),
                half_life_days: Some(30),
                ..written("engagement", webinars, 10)
            },
            Written { half_life_days: Some(7), ..written("engagement", "touches.count() >= 1", 5) },
            written("engagement", "touches.count(\"demo\") == 0", -3),
        ];
        Rules::new(40, engagement_cap, &rules).expect("sound")
    }

    fn points(rules: &Rules, employees: i64, day: i32, touches: &[Touch]) -> Points {
        let column = |noun, field| {
            let is_it = noun == Noun::Account && field == "employees";
            is_it.then_some(Known::Integer(employees))
        };
        let channels = ["webinar".to_owned(), "demo".to_owned()];
        let figure = &|_| None;
        rules.points(&Facts { day, column: &column, touches, channels: &channels, figure })
    }

    #[test]
    fn each_point_has_its_rule_and_touch() {
        let touch = |day, channel| Touch { day, channel };
        let touches = [touch(10, 0), touch(40, 0), touch(70, 0), touch(70, 1)];
        let found = points(&rules(1_000), 250, 70, &touches);
        let told: Vec<(Why, Option<i32>, i64)> = (found.log.iter())
            .map(|point| (point.why, point.touch.map(|touch| touch.day), point.milli))
            .collect();
        // Day 10 is 60 days before day 70: the last 60 begin on day 11.
        assert_eq!(
            told,
            [
                (Why::Rule(0), None, 30_000),
                (Why::Rule(2), Some(70), 10_000),
                (Why::Rule(2), Some(40), 5_000),
                (Why::Rule(3), Some(70), 5_000),
            ]
        );
        assert_eq!((found.fit_milli, found.engagement_milli), (30_000, 20_000));
        let capped = points(&rules(12), 250, 70, &touches);
        let last = capped.log.last().expect("a line");
        assert_eq!((capped.engagement_milli, last.why, last.milli), (12_000, Why::Cap, -8_000));
        let none = points(&rules(12), 5, 70, &[]);
        assert_eq!((none.fit_milli, none.engagement_milli), (0, 0));
        assert_eq!(none.log.iter().filter(|point| point.why == Why::Floor).count(), 2);
    }

    proptest! {
        #[test]
        fn the_sum_is_the_log_and_a_later_touch_changes_nothing(
            days in proptest::collection::vec((0_i32..200, 0_u32..3), 0..40),
            day in 0_i32..200, employees in 0_i64..400, cap in 1_i64..60,
        ) {
            let mut touches: Vec<Touch> =
                days.iter().map(|(day, channel)| Touch { day: *day, channel: *channel }).collect();
            touches.sort_by_key(|touch| (touch.day, touch.channel));
            let seen = &touches[..touches.partition_point(|touch| touch.day <= day)];
            let rules = rules(cap);
            let found = points(&rules, employees, day, seen);
            for score in Score::ALL {
                let sum: i64 = (found.log.iter())
                    .filter(|point| point.score == score)
                    .map(|point| point.milli)
                    .sum();
                prop_assert_eq!(sum, found.milli(score));
                prop_assert!((0..=rules.cap(score) * MILLI).contains(&sum));
            }
            for (place, rule) in rules.rules.iter().enumerate() {
                let own = found.log.iter().filter(|point| point.why == Why::Rule(place));
                let given: i64 = own.map(|point| point.milli.abs()).sum();
                prop_assert!(given <= rule.cap * MILLI);
            }
            prop_assert_eq!(points(&rules, employees, day, seen), found);
        }
    }
}
