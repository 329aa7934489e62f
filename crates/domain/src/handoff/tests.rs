//! Hand-offs by example, and under any order of actions.

use proptest::prelude::*;

use super::*;
use crate::agreement::tests::{agreement, user};

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Monday morning.
fn begun() -> Handoff {
    Handoff::new(user(90), user(91), 1, at("2026-06-01T09:00:00Z"))
}

fn runner(number: u128) -> By {
    let user = Some(user(number));
    By { user, is_marketing: false, is_sales: true, may_act_for_others: false }
}

const MARKETING: By =
    By { user: None, is_marketing: true, is_sales: false, may_act_for_others: false };

fn decline() -> Action {
    Action::Decline { reason: "no fit".to_owned() }
}

fn recycle() -> Action {
    Action::Recycle { reason: "bad timing".to_owned() }
}

/// The hand-off after actions, each some minutes after the one before.
#[track_caller]
fn after(steps: &[(Action, By, i64)]) -> Handoff {
    let (mut handoff, mut now) = (begun(), begun().qualified_at);
    for (action, by, minutes) in steps {
        now += SignedDuration::from_mins(*minutes);
        handoff = handoff.step(action, *by, now, &agreement()).expect("it is permitted");
    }
    handoff
}

fn offer(to: Option<u128>) -> (Action, By, i64) {
    (Action::Offer { to: to.map(user) }, MARKETING, 0)
}

#[test]
fn a_lead_runs_to_an_opportunity_and_back() {
    let call = Action::Call { was_reached: true };
    let one = runner(1);
    let mut steps = vec![offer(Some(1)), (Action::Accept, one, 30), (call, one, 60)];
    let contacted = after(&steps);
    assert_eq!((contacted.state, contacted.calls), (State::Contacted, 1));
    assert_eq!(contacted.accept_by, Some(at("2026-06-01T11:00:00Z")));
    assert_eq!(contacted.contact_by, Some(at("2026-06-01T13:30:00Z")));
    assert_eq!(contacted.first_call_at, Some(at("2026-06-01T10:30:00Z")));
    assert_eq!(contacted.running(), None);
    steps.extend([(Action::Qualify, one, 10), (Action::Open, one, 10)]);
    let won = after(&steps);
    assert_eq!((won.state, won.is_open(), won.owner), (State::Opportunity, false, Some(user(1))));
    steps.push((Action::Reopen, one, 10));
    let back = after(&steps);
    assert_eq!((back.state, back.is_open()), (State::SalesQualified, true));
    let reason = "moves to another region".to_owned();
    steps.push((Action::Release { reason }, one, 10));
    let released = after(&steps);
    assert_eq!((released.state, released.runner()), (State::Offered, None));
    assert_eq!(released.version, 8);
}

#[test]
fn a_lead_that_is_taken_names_its_owner() {
    let taken = after(&[offer(None), (Action::Accept, runner(1), 1)]);
    let refused = taken.step(&Action::Accept, runner(2), taken.changed_at, &agreement());
    assert_eq!(refused, Err(Refusal::Taken { owner: user(1) }));
    let offered = after(&[offer(Some(1))]);
    let step = |action: &Action, by| offered.step(action, by, offered.changed_at, &agreement());
    let to = user(1);
    assert_eq!(step(&Action::Accept, runner(2)), Err(Refusal::OfferedToAnother { to }));
    assert_eq!(step(&decline(), runner(2)), Err(Refusal::OfferedToAnother { to }));
    let manager = By { may_act_for_others: true, ..runner(2) };
    assert_eq!(step(&Action::Accept, manager).map(|it| it.owner), Ok(Some(user(2))));
    let nobody = By { user: None, ..manager };
    assert_eq!(step(&Action::Accept, nobody), Err(Refusal::NoUser));
    assert_eq!(step(&Action::Accept, MARKETING), Err(Refusal::WrongSide { side: Side::Sales }));
    let refused = taken.step(&decline(), runner(2), taken.changed_at, &agreement());
    assert_eq!(refused, Err(Refusal::NotYours { owner: user(1) }));
}

/// Which action is possible in which state, to the side whose it is.
#[test]
fn every_state_permits_what_it_permits() {
    let one = By { is_marketing: true, may_act_for_others: true, ..runner(1) };
    let release = Action::Release { reason: "busy".to_owned() };
    let call = Action::Call { was_reached: true };
    let actions = [
        Action::Offer { to: None },
        Action::Accept,
        decline(),
        recycle(),
        call.clone(),
        Action::Qualify,
        Action::Open,
        Action::Reopen,
        release,
    ];
    for (state, wanted) in [
        (State::Qualified, "offered recycled"),
        (State::Offered, "offered accepted declined recycled"),
        (State::Accepted, "declined recycled called released"),
        (State::Contacted, "declined recycled called sales qualified released"),
        (State::SalesQualified, "declined recycled called made an opportunity released"),
        (State::Opportunity, "taken back from an opportunity"),
        (State::Declined, ""),
        (State::Recycled, ""),
        (State::Expired, ""),
    ] {
        let has_owner = !matches!(state, State::Qualified | State::Offered);
        let is_over = state >= State::Opportunity;
        let handoff = Handoff {
            state,
            owner: has_owner.then(|| user(1)),
            calls: 2,
            ended_at: is_over.then(|| begun().qualified_at),
            ..begun()
        };
        let can =
            |action: &&Action| handoff.step(action, one, handoff.changed_at, &agreement()).is_ok();
        let done: Vec<&str> = actions.iter().filter(can).map(Action::done).collect();
        assert_eq!(done.join(" "), wanted, "{state}");
    }
}

#[test]
fn calls_are_owed_before_a_lead_is_recycled() {
    let one = runner(1);
    let mut steps = vec![offer(Some(1)), (Action::Accept, one, 1)];
    let in_vain = Action::Call { was_reached: false };
    steps.push((in_vain.clone(), one, 1));
    let once = after(&steps);
    let refused = once.step(&recycle(), one, once.changed_at, &agreement());
    assert_eq!(refused, Err(Refusal::TooFewCalls { made: 1, owed: 2 }));
    steps.extend([(in_vain, one, 1), (recycle(), one, 1)]);
    let recycled = after(&steps);
    assert_eq!(recycled.reason.as_deref(), Some("Bad timing"));
    assert_eq!(recycled.returns_at, Some(at("2026-07-01T09:04:00Z")));
    let other = Action::Recycle { reason: "whatever".to_owned() };
    let refused = once.step(&other, one, once.changed_at, &agreement());
    assert_eq!(refused, Err(Refusal::UnknownReason("whatever".to_owned())));
    let last = Handoff { pass: 3, calls: 2, ..once };
    let stays = last.step(&recycle(), one, last.changed_at, &agreement()).expect("permitted");
    assert_eq!(stays.returns_at, None, "its passes are used up");
}

#[test]
fn a_baton_is_dropped_when_its_clock_and_the_grace_have_run_out() {
    let offered = after(&[offer(Some(1))]);
    let expire = |handoff: &Handoff, when: &str| {
        let stepped = handoff.step(&Action::Expire, By::CLOCK, at(when), &agreement());
        stepped.map(|it| (it.state, it.ended_at))
    };
    assert_eq!(expire(&offered, "2026-06-01T11:59:59Z"), Err(Refusal::NotDue));
    let noon = at("2026-06-01T12:00:00Z");
    assert_eq!(expire(&offered, "2026-06-01T12:00:00Z"), Ok((State::Expired, Some(noon))));
    let accepted = after(&[offer(Some(1)), (Action::Accept, runner(1), 390)]);
    // Accepted at 15:30: four hours end on Tuesday at 11:30, the grace an hour later.
    assert_eq!(expire(&accepted, "2026-06-02T12:29:00Z"), Err(Refusal::NotDue));
    assert!(expire(&accepted, "2026-06-02T12:30:00Z").is_ok());
    let call = (Action::Call { was_reached: false }, runner(1), 1);
    let called = after(&[offer(Some(1)), (Action::Accept, runner(1), 1), call]);
    assert_eq!(expire(&called, "2027-06-02T12:30:00Z"), Err(Refusal::NotDue));
}

#[test]
fn those_who_are_to_be_told_are_told_in_business_time() {
    let offered = after(&[offer(Some(1))]);
    let notices = offered.notices(&agreement());
    let told: Vec<(u32, Timestamp, Whom)> =
        notices.iter().map(|it| (it.step, it.due_at, it.whom)).collect();
    assert_eq!(
        told,
        [
            (0, at("2026-06-01T10:30:00Z"), Whom::Runner),
            (1, at("2026-06-01T11:00:00Z"), Whom::Manager),
        ]
    );
    assert!(notices.iter().all(|it| it.clock == Clock::Accept));
    assert_eq!(begun().notices(&agreement()), []);
}

#[test]
fn names_read_back() {
    for state in State::ALL {
        assert_eq!(state.name().parse(), Ok(state));
    }
    for clock in Clock::ALL {
        assert_eq!(clock.name().parse(), Ok(clock));
    }
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        prop::option::of(1_u128..4).prop_map(|to| Action::Offer { to: to.map(user) }),
        Just(Action::Accept),
        Just(decline()),
        Just(recycle()),
        any::<bool>().prop_map(|was_reached| Action::Call { was_reached }),
        Just(Action::Qualify),
        Just(Action::Open),
        Just(Action::Reopen),
        Just(Action::Release { reason: "busy".to_owned() }),
        Just(Action::Expire),
    ]
}

proptest! {
    /// Whoever does whatever whenever, clocks put back included: times are in order, a lead that
    /// sales works on has an owner, and an owner changes only by way of an offer.
    #[test]
    fn no_order_of_actions_breaks_a_hand_off(
        steps in prop::collection::vec(
            (any_action(), 0_u128..5, any::<bool>(), -600_i64..3_000), 1..40)
    ) {
        let (mut handoff, mut now) = (begun(), begun().qualified_at);
        for (action, who, for_others, minutes) in steps {
            now += SignedDuration::from_mins(minutes);
            let by = match who {
                0 => MARKETING,
                4 => By::CLOCK,
                who => By { may_act_for_others: for_others, ..runner(who) },
            };
            let Ok(next) = handoff.step(&action, by, now, &agreement()) else { continue };
            prop_assert_eq!(next.version, handoff.version + 1);
            prop_assert!(next.changed_at >= handoff.changed_at);
            let order = [Some(next.qualified_at), next.offered_at, next.accepted_at, next.ended_at];
            let order: Vec<Timestamp> = order.into_iter().flatten().collect();
            prop_assert!(order.is_sorted(), "{:?}", next);
            prop_assert!(next.accept_by >= next.offered_at && next.contact_by >= next.accepted_at);
            let is_worked_on = (State::Accepted..=State::Opportunity).contains(&next.state);
            prop_assert!(next.owner.is_some() == is_worked_on || !next.is_open(), "{:?}", next);
            if let (Some(before), Some(after)) = (handoff.owner, next.owner) {
                prop_assert_eq!(before, after);
            }
            let is_end = matches!(
                next.state,
                State::Opportunity | State::Declined | State::Recycled | State::Expired
            );
            prop_assert_eq!(next.is_open(), !is_end);
            handoff = next;
        }
    }
}
