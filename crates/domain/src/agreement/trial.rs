//! What an agreement would have made of leads that came while it was not in force.
//!
//! Leads come as they did, and are offered by the agreement's own routing to runners of its own
//! capacity. How fast each was taken and worked is as it was then: an agreement changes who is
//! asked and what counts as late, and nobody knows what else.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use super::{Agreement, Load, Target};
use crate::time::day_of;

/// A lead as it went.
#[derive(Clone, Debug)]
pub struct Past {
    pub qualified_at: Timestamp,
    /// When it first moved on from there.
    pub moved_at: Option<Timestamp>,
    /// When it left the hands of sales.
    pub ended_at: Option<Timestamp>,
    /// As it was when it qualified, where it had one.
    pub score: Option<i64>,
    /// Whether it fits the definition, where that is a condition.
    pub qualifies: bool,
    pub target: Target,
}

/// What would have come of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// Leads that qualify under the agreement.
    pub leads: usize,
    /// Those that the company called qualified and the agreement's score leaves out.
    pub below_score: usize,
    /// As [`Trial::below_score`], by its condition.
    pub not_qualified: usize,
    /// What marketing would have owed in these days.
    pub promised: f64,
    /// Taken within the time agreed, late, so late that the baton is dropped, and still waiting
    /// within the time.
    pub in_time: usize,
    pub late: usize,
    pub dropped: usize,
    pub running: usize,
    /// Leads that waited for somebody with room, the longest of these waits in business minutes,
    /// and those that nobody ever had room for.
    pub waited: usize,
    pub waited_minutes_max: i64,
    pub never_offered: usize,
    /// In the order of the agreement.
    pub runners: Vec<Carried>,
}

/// What a runner would have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    pub user: Uuid,
    pub given: u64,
    pub capacity: u32,
    /// The most in hand at the same time.
    pub most: u32,
}

impl Agreement {
    /// What would have come of leads in the order in which they qualified, in the days from
    /// `first` to `last`, as far as is known at `until`.
    pub fn tried_on(&self, past: &[Past], (first, last): (Date, Date), until: Timestamp) -> Trial {
        let fits = |lead: &&Past| {
            self.score_min.is_none_or(|least| lead.score.is_none_or(|score| score >= least))
        };
        let enough: Vec<&Past> = past.iter().filter(fits).collect();
        let qualified: Vec<&Past> = enough.iter().copied().filter(|lead| lead.qualifies).collect();
        let days = first.series(1.day()).take_while(|day| *day <= last);
        let mut trial = Trial {
            leads: qualified.len(),
            below_score: past.len() - enough.len(),
            not_qualified: enough.len() - qualified.len(),
            promised: days.map(|day| self.promised_on(day)).sum(),
            ..Trial::default()
        };
        let mut desk = Desk::new(self);
        for lead in &qualified {
            desk.go_on(lead.qualified_at, &mut trial);
            desk.waiting.push_back(lead);
            desk.offer(lead.qualified_at, &mut trial);
            trial.judge(self, lead, until);
        }
        desk.go_on(until, &mut trial);
        trial.never_offered = desk.waiting.len();
        trial.runners = desk.carried();
        trial
    }

    /// Business minutes between two instants.
    fn minutes(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.hours.between(from, to).as_mins()
    }
}

impl Trial {
    /// Counts a lead by how soon it moved on after it had qualified.
    fn judge(&mut self, terms: &Agreement, lead: &Past, until: Timestamp) {
        let moved = lead.moved_at.filter(|at| *at <= until);
        let minutes = terms.minutes(lead.qualified_at, moved.unwrap_or(until));
        let (agreed, grace) = (i64::from(terms.accept_minutes), i64::from(terms.grace_minutes));
        let count = match minutes {
            within if within <= agreed && moved.is_some() => &mut self.in_time,
            within if within <= agreed => &mut self.running,
            late if late <= agreed + grace => &mut self.late,
            _ => &mut self.dropped,
        };
        *count += 1;
    }
}

/// Who has what, and who waits, as time goes on.
struct Desk<'a> {
    terms: &'a Agreement,
    loads: BTreeMap<Uuid, Load>,
    most: BTreeMap<Uuid, u32>,
    /// When whose hands are free of a lead, the first one first.
    ends: BinaryHeap<Reverse<(Timestamp, Uuid)>>,
    /// Who has waited longest comes first.
    waiting: VecDeque<&'a Past>,
}

impl<'a> Desk<'a> {
    fn new(terms: &'a Agreement) -> Desk<'a> {
        Desk {
            terms,
            loads: BTreeMap::new(),
            most: BTreeMap::new(),
            ends: BinaryHeap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Lets runners finish what is over by an instant; each place that becomes free is filled.
    fn go_on(&mut self, until: Timestamp, trial: &mut Trial) {
        while let Some(Reverse((at, user))) = self.ends.peek().copied().filter(|it| it.0.0 <= until)
        {
            self.ends.pop();
            if let Some(load) = self.loads.get_mut(&user) {
                load.open = load.open.saturating_sub(1);
            }
            self.offer(at, trial);
        }
    }

    /// Offers what waits, for as long as somebody has room for the first of it.
    fn offer(&mut self, at: Timestamp, trial: &mut Trial) {
        let day = day_of(at, self.terms.hours.zone());
        while let Some(lead) = self.waiting.front().copied() {
            let load = |user: Uuid| self.loads.get(&user).copied().unwrap_or_default();
            let Some((user, _)) = self.terms.route(day, &lead.target, load) else { return };
            self.waiting.pop_front();
            let load = self.loads.entry(user).or_default();
            load.given += 1;
            load.open += 1;
            let most = self.most.entry(user).or_default();
            *most = load.open.max(*most);
            if at > lead.qualified_at {
                trial.waited += 1;
                let waited = self.terms.minutes(lead.qualified_at, at);
                trial.waited_minutes_max = trial.waited_minutes_max.max(waited);
            }
            if let Some(ended_at) = lead.ended_at {
                let worked = ended_at.duration_since(lead.qualified_at);
                let free_at = at.saturating_add(worked).unwrap_or(Timestamp::MAX);
                self.ends.push(Reverse((free_at, user)));
            }
        }
    }

    fn carried(&self) -> Vec<Carried> {
        let carried = |runner: &super::Runner| Carried {
            user: runner.user,
            given: self.loads.get(&runner.user).map_or(0, |load| load.given),
            capacity: runner.capacity,
            most: self.most.get(&runner.user).copied().unwrap_or(0),
        };
        self.terms.runners.iter().map(carried).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::tests::{agreement, user};
    use super::*;

    /// A Monday.
    const DAY: Date = date(2026, 6, 1);

    fn at(hours: i64) -> Timestamp {
        let midnight: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a moment");
        midnight + SignedDuration::from_hours(hours)
    }

    fn lead(qualified: i64, moved: Option<i64>, ended: Option<i64>) -> Past {
        Past {
            qualified_at: at(qualified),
            moved_at: moved.map(at),
            ended_at: ended.map(at),
            qualifies: true,
            score: Some(70),
            target: Target::default(),
        }
    }

    #[test]
    fn leads_are_counted_by_how_soon_they_moved_on() {
        // Two hours to accept, one of grace; open from 9 to 17.
        let low = Past { score: Some(10), ..lead(9, None, None) };
        let unfit = Past { qualifies: false, ..lead(9, None, None) };
        let unknown = Past { score: None, ..lead(9, Some(10), Some(10)) };
        let leads = [
            low,
            unfit,
            unknown,
            lead(9, Some(11), Some(12)),
            lead(9, Some(12), Some(12)),
            lead(9, Some(13), None),
            // Overnight: one hour of Monday and one of Tuesday.
            lead(16, Some(24 + 10), None),
            lead(24 + 8, None, None),
            lead(24 + 9, None, None),
        ];
        let trial = agreement().tried_on(&leads, (DAY, DAY), at(24 + 11));
        assert_eq!((trial.leads, trial.below_score, trial.not_qualified), (7, 1, 1));
        let kept = (trial.in_time, trial.late, trial.dropped, trial.running);
        assert_eq!(kept, (3, 1, 1, 2));
        assert!((trial.promised - 100.0 / 22.0).abs() < 1e-9, "{}", trial.promised);
    }

    #[test]
    fn who_finds_no_room_waits_until_somebody_has() {
        let mut terms = agreement();
        terms.runners.truncate(1);
        terms.runners[0].capacity = 1;
        let leads = [lead(9, None, Some(11)), lead(10, None, Some(11)), lead(10, None, Some(11))];
        let trial = terms.tried_on(&leads, (DAY, DAY), at(11));
        // The first is done at 11, when the second, which waited an hour, is given.
        assert_eq!((trial.waited, trial.waited_minutes_max, trial.never_offered), (1, 60, 1));
        let carried = Carried { user: user(1), given: 2, capacity: 1, most: 1 };
        assert_eq!(trial.runners, [carried]);
    }

    proptest! {
        /// Each lead is counted once, each is given or waits, and nobody carries too much.
        #[test]
        fn nothing_is_lost(
            times in prop::collection::vec((0_i64..200, 0_i64..50, 0_i64..80), 0..60)
        ) {
            let terms = agreement();
            let mut leads: Vec<Past> = (times.iter())
                .map(|(from, moved, ended)| lead(*from, Some(from + moved), Some(from + ended)))
                .collect();
            leads.sort_by_key(|lead| lead.qualified_at);
            let trial = terms.tried_on(&leads, (DAY, DAY), at(150));
            let kept = trial.in_time + trial.late + trial.dropped + trial.running;
            prop_assert_eq!(kept, leads.len());
            let given: u64 = trial.runners.iter().map(|it| it.given).sum();
            prop_assert_eq!(given as usize + trial.never_offered, leads.len());
            prop_assert!(trial.runners.iter().all(|it| it.most <= it.capacity));
        }
    }
}
