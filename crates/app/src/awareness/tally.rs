//! What one thread counts of journeys.

use std::collections::HashMap;

use lake::journeys::Touch;
use reports::awareness::{Came, Reached, STEPS_MAX};

/// The place of a step that a way does not have.
pub const NO_STEP: u32 = u32::MAX;

/// The days that are asked for. Instants are microseconds since 1970.
pub struct Window {
    /// Where as many days before begin.
    pub before: i64,
    /// Where each step begins: the first one where the days themselves do.
    pub steps: Vec<i64>,
    /// The last instant.
    pub end: i64,
}

impl Window {
    fn step(&self, at: i64) -> usize {
        self.steps.partition_point(|start| *start <= at).saturating_sub(1)
    }
}

#[derive(Clone, Copy, Default)]
pub struct OfKey {
    pub came: Came,
    pub before: Came,
    /// Of new people whom it brought first.
    pub reached: [u64; Reached::ALL.len()],
    /// The journeys, by number, that it was counted in last: now and before.
    last: [u64; 2],
}

pub struct Tally {
    pub came: Came,
    pub before: Came,
    pub steps: Vec<Came>,
    pub keys: Vec<OfKey>,
    /// New people by the keys of their first steps and how far they came.
    pub ways: HashMap<([u32; STEPS_MAX], Reached), u64>,
    journeys: u64,
}

impl Tally {
    pub fn new(keys: usize, steps: usize) -> Tally {
        Tally {
            came: Came::default(),
            before: Came::default(),
            steps: vec![Came::default(); steps],
            keys: vec![OfKey::default(); keys],
            ways: HashMap::new(),
            journeys: 0,
        }
    }

    /// Takes in all touches of somebody in order of time; `keys` has the key of each touch's name.
    pub fn add(&mut self, window: &Window, touches: &[Touch], keys: &[u32], reached: Reached) {
        self.journeys += 1;
        let up_to = |at: i64| touches.partition_point(|touch| touch.at < at);
        let start = window.steps.first().copied().unwrap_or(window.end);
        let (first, here) = (up_to(window.before), up_to(start));
        let end = up_to(window.end.saturating_add(1)).max(here);
        let key = |touch: &Touch| keys[touch.key as usize];
        let (before, now) = (&touches[first..here], &touches[here..end]);
        count(&mut self.before, before.len(), first == 0);
        for (place, touch) in before.iter().enumerate() {
            let of_key = &mut self.keys[key(touch) as usize];
            of_key.before.touches += 1;
            if std::mem::replace(&mut of_key.last[1], self.journeys) != self.journeys {
                of_key.before.people += 1;
            }
            of_key.before.new_people += u64::from(first + place == 0);
        }
        count(&mut self.came, now.len(), here == 0);
        let mut last_step = None;
        for (place, touch) in now.iter().enumerate() {
            let is_first = here + place == 0;
            let of_key = &mut self.keys[key(touch) as usize];
            of_key.came.touches += 1;
            if std::mem::replace(&mut of_key.last[0], self.journeys) != self.journeys {
                of_key.came.people += 1;
            }
            if is_first {
                of_key.came.new_people += 1;
                of_key.reached[reached as usize] += 1;
            }
            let number = window.step(touch.at);
            let step = &mut self.steps[number];
            step.touches += 1;
            step.people += u64::from(last_step.replace(number) != Some(number));
            step.new_people += u64::from(is_first);
        }
        if here == 0 && !now.is_empty() {
            *self.ways.entry((way(now.iter().map(key)), reached)).or_default() += 1;
        }
    }

    pub fn merge(&mut self, other: Tally) {
        join(&mut self.came, other.came);
        join(&mut self.before, other.before);
        self.steps.iter_mut().zip(other.steps).for_each(|(own, other)| join(own, other));
        for (own, other) in self.keys.iter_mut().zip(other.keys) {
            join(&mut own.came, other.came);
            join(&mut own.before, other.before);
            own.reached.iter_mut().zip(other.reached).for_each(|(own, other)| *own += other);
        }
        other
            .ways
            .into_iter()
            .for_each(|(way, people)| *self.ways.entry(way).or_default() += people);
    }
}

/// Counts somebody with so many touches; `is_new` where the first of all is among them.
fn count(came: &mut Came, touches: usize, is_new: bool) {
    if touches > 0 {
        came.touches += touches as u64;
        came.people += 1;
        came.new_people += u64::from(is_new);
    }
}

fn join(own: &mut Came, other: Came) {
    own.touches += other.touches;
    own.people += other.people;
    own.new_people += other.new_people;
}

/// The first keys, one beside the same one told once.
fn way(keys: impl Iterator<Item = u32>) -> [u32; STEPS_MAX] {
    let mut way = [NO_STEP; STEPS_MAX];
    let mut length = 0;
    for key in keys {
        if length > 0 && way[length - 1] == key {
            continue;
        }
        if length == STEPS_MAX {
            break;
        }
        way[length] = key;
        length += 1;
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        Window { before: 0, steps: vec![100, 150], end: 199 }
    }

    fn touches(told: &[(i64, u32)]) -> Vec<Touch> {
        told.iter().map(|(at, key)| Touch { at: *at, key: *key }).collect()
    }

    fn came(touches: u64, people: u64, new_people: u64) -> Came {
        Came { touches, people, new_people }
    }

    #[test]
    fn somebody_is_new_once_and_counts_once_however_often_they_come() {
        let window = window();
        let mut tally = Tally::new(2, 2);
        // New, three times by key 0 and once by key 1, in both steps.
        let somebody = touches(&[(100, 0), (101, 0), (150, 1), (199, 0)]);
        tally.add(&window, &somebody, &[0, 1], Reached::Mql);
        // Came before, and again; what lies after the end is nobody's.
        tally.add(&window, &touches(&[(0, 1), (120, 0), (200, 1)]), &[0, 1], Reached::Nothing);
        // Came long before alone: neither of the days nor of as many before.
        tally.add(&window, &touches(&[(-1, 1)]), &[0, 1], Reached::Win);
        tally.add(&window, &[], &[0, 1], Reached::Lead);
        assert_eq!(tally.came, came(5, 2, 1));
        assert_eq!(tally.came.returning_people(), 1);
        assert_eq!(tally.before, came(1, 1, 1));
        assert_eq!(tally.steps, [came(3, 2, 1), came(2, 1, 0)]);
        assert_eq!(tally.keys[0].came, came(4, 2, 1));
        assert_eq!(tally.keys[1].came, came(1, 1, 0));
        assert_eq!(tally.keys[1].before, came(1, 1, 1));
        assert_eq!(tally.keys[0].reached, [0, 0, 1, 0, 0]);
        assert_eq!(tally.ways, HashMap::from([(([0, 1, 0], Reached::Mql), 1)]));
    }

    #[test]
    fn names_of_one_key_are_one_and_parts_add_up_in_any_order() {
        let window = window();
        let somebody = |n: u32| {
            let n_micros = i64::from(n);
            let mut both = touches(&[(n_micros * 4 - 20, n % 3), (n_micros * 3 + 40, n % 2)]);
            both.sort();
            both
        };
        let people: Vec<Vec<Touch>> = (0..60).map(somebody).collect();
        let count = |order: Vec<&Vec<Touch>>| {
            let mut tally = Tally::new(2, 2);
            // Two names are one key.
            order.iter().for_each(|one| tally.add(&window, one, &[0, 1, 1], Reached::Lead));
            tally
        };
        let all = count(people.iter().collect());
        let mut parts = count(people[30..].iter().rev().collect());
        parts.merge(count(people[..30].iter().collect()));
        let told = |tally: &Tally| {
            let of_key = |key: &OfKey| (key.came, key.before, key.reached);
            let keys: Vec<_> = tally.keys.iter().map(of_key).collect();
            (tally.came, tally.before, tally.steps.clone(), keys, tally.ways.clone())
        };
        assert_eq!(told(&all), told(&parts));
        let new: u64 = all.keys.iter().map(|key| key.came.new_people).sum();
        assert!(new > 10);
        assert_eq!(new, all.came.new_people);
        assert_eq!(all.ways.values().sum::<u64>(), new);
        assert_eq!(all.steps.iter().map(|step| step.new_people).sum::<u64>(), new);
    }
}
