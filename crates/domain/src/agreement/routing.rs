//! Who is offered a lead: capacity and leave are respected, whatever the way of choosing.

use jiff::civil::Date;
use uuid::Uuid;

use super::{Agreement, Route, Runner};
use crate::name::plain;

/// What a runner has in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Offered or accepted, and not yet at an end.
    pub open: u32,
    /// Offered of late, in whatever way it ended.
    pub given: u64,
}

/// What of a lead decides who gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub account_owner: Option<Uuid>,
    /// The country and region of its account.
    pub places: Vec<String>,
    /// Who is not asked: they had it before and let it go.
    pub not: Vec<Uuid>,
}

impl Agreement {
    /// Who is offered a lead on a day, and by which way; nobody where all are full or away.
    pub fn route(
        &self,
        day: Date,
        target: &Target,
        load: impl Fn(Uuid) -> Load,
    ) -> Option<(Uuid, Route)> {
        let free: Vec<(&Runner, Load)> = (self.runners.iter())
            .filter(|runner| !target.not.contains(&runner.user) && !runner.is_away(day))
            .map(|runner| (runner, load(runner.user)))
            .filter(|(runner, load)| load.open < runner.capacity)
            .collect();
        let choose = |route: &Route| Some((chosen(*route, target, &free)?, *route));
        self.routing.iter().find_map(choose)
    }
}

impl Runner {
    pub fn is_away(&self, day: Date) -> bool {
        self.leaves.iter().any(|leave| (leave.first..=leave.last).contains(&day))
    }
}

fn chosen(route: Route, target: &Target, free: &[(&Runner, Load)]) -> Option<Uuid> {
    let in_turn = |some: &dyn Fn(&Runner) -> bool| {
        let some = free.iter().filter(|(runner, _)| runner.weight > 0 && some(runner));
        // Whose next turn comes first: of equal ones, who is named first.
        let next = |(runner, load): &&(&Runner, Load)| {
            ratio(load.given.saturating_add(1), u64::from(runner.weight))
        };
        some.min_by(|a, b| next(a).total_cmp(&next(b))).map(|(runner, _)| runner.user)
    };
    match route {
        Route::AccountOwner => {
            let owner = target.account_owner?;
            free.iter().find(|(runner, _)| runner.user == owner).map(|(runner, _)| runner.user)
        }
        Route::Territory => in_turn(&|runner| {
            let has = |place: &String| {
                runner.territories.iter().any(|territory| plain(territory) == plain(place))
            };
            target.places.iter().any(has)
        }),
        Route::RoundRobin => in_turn(&|_| true),
        Route::LeastBusy => {
            let busy = |(runner, load): &&(&Runner, Load)| {
                ratio(u64::from(load.open), u64::from(runner.capacity))
            };
            let least = free.iter().min_by(|a, b| busy(a).total_cmp(&busy(b)));
            least.map(|(runner, _)| runner.user)
        }
    }
}

/// A number of turns or leads by a weight or capacity, which is not nothing.
fn ratio(count: u64, by: u64) -> f64 {
    count as f64 / by as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::Leave;
    use super::super::tests::{agreement, runner, user};
    use super::*;

    const DAY: Date = date(2026, 6, 1);

    fn open(loads: &[(u128, u32)]) -> impl Fn(Uuid) -> Load {
        let loads: BTreeMap<Uuid, u32> = loads.iter().map(|(u, open)| (user(*u), *open)).collect();
        move |user| Load { open: loads.get(&user).copied().unwrap_or(0), given: 0 }
    }

    #[test]
    fn the_account_owner_comes_first_then_the_territory() {
        let mut agreement = agreement();
        agreement.runners[1].territories.push("Germany".to_owned());
        let owned = Target { account_owner: Some(user(3)), ..Target::default() };
        let german = Target { places: vec!["GERMANY".to_owned()], ..Target::default() };
        let check = |target: &Target, loads: &[(u128, u32)], wanted| {
            let route = agreement.route(DAY, target, open(loads));
            assert_eq!(route.map(|(who, route)| (who.as_u128(), route)), wanted);
        };
        check(&owned, &[], Some((3, Route::AccountOwner)));
        check(&owned, &[(3, 1)], Some((1, Route::RoundRobin)));
        check(&german, &[], Some((2, Route::Territory)));
        check(&german, &[(2, 3)], Some((1, Route::RoundRobin)));
        check(&german, &[(1, 3), (2, 3)], Some((3, Route::LeastBusy)));
        check(&german, &[(1, 3), (2, 3), (3, 1)], None);
    }

    #[test]
    fn who_is_away_or_had_it_is_not_asked() {
        let mut agreement = agreement();
        let leave = Leave { first: DAY, last: DAY };
        agreement.runners[0].leaves.push(leave);
        let target = Target { not: vec![user(2)], ..Target::default() };
        let route = |day| agreement.route(day, &target, open(&[]));
        assert_eq!(route(DAY), Some((user(3), Route::LeastBusy)));
        assert_eq!(route(date(2026, 6, 2)), Some((user(1), Route::RoundRobin)));
    }

    proptest! {
        /// Turns are as weights are, to within one turn of each.
        #[test]
        fn turns_are_fair(weights in prop::collection::vec(1_u32..6, 1..8), rounds in 1_u64..20) {
            let mut agreement = agreement();
            agreement.runners = (1..).zip(&weights).map(|(at, w)| runner(at, *w, 1)).collect();
            let mut given: BTreeMap<Uuid, u64> = BTreeMap::new();
            let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
            for _ in 0..all * rounds {
                let load = |user| Load { open: 0, given: given.get(&user).copied().unwrap_or(0) };
                let route = agreement.route(DAY, &Target::default(), load);
                let (user, _) = route.expect("one is free");
                *given.entry(user).or_default() += 1;
            }
            for runner in &agreement.runners {
                let turns = given.get(&runner.user).copied().unwrap_or(0);
                prop_assert_eq!(turns, u64::from(runner.weight) * rounds);
            }
        }

        /// Nobody gets more than the capacity, and a lead waits only when all are full.
        #[test]
        fn capacity_is_respected(open in prop::collection::vec(0_u32..5, 3)) {
            let agreement = agreement();
            let loads: Vec<(u128, u32)> = (1..).zip(open.iter().copied()).collect();
            let has_room = |(user, open): &(u128, u32)| {
                agreement.runners.iter().any(|it| it.user.as_u128() == *user && *open < it.capacity)
            };
            let room: Vec<u128> = loads.iter().filter(|it| has_room(it)).map(|it| it.0).collect();
            let route = agreement.route(DAY, &Target::default(), super::tests::open(&loads));
            match route {
                Some((user, _)) => prop_assert!(room.contains(&user.as_u128())),
                None => prop_assert!(room.is_empty()),
            }
        }
    }
}
