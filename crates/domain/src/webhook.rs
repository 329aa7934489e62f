//! Webhooks: what other systems are told of hand-offs, when they are told again, and to which
//! addresses nothing is sent.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::SignedDuration;

use crate::handoff::{Handoff, State};

/// What has happened to a hand-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    Qualified,
    Offered,
    Accepted,
    /// A call that changed nothing else.
    Called,
    /// The first call that reached somebody.
    Contacted,
    SalesQualified,
    Opportunity,
    Reopened,
    Released,
    Declined,
    Recycled,
    Dropped,
    /// Somebody was told of a clock.
    Reminded,
}

/// How often a message is sent at most, and how long after each failure it is sent again.
pub const ATTEMPTS_MAX: u32 = 10;
const AGAIN_SECONDS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// The longest that an endpoint may ask to be left alone.
const RETRY_AFTER_SECONDS_MAX: i64 = 86_400;

impl Event {
    pub const ALL: [Event; 13] = [
        Event::Qualified,
        Event::Offered,
        Event::Accepted,
        Event::Called,
        Event::Contacted,
        Event::SalesQualified,
        Event::Opportunity,
        Event::Reopened,
        Event::Released,
        Event::Declined,
        Event::Recycled,
        Event::Dropped,
        Event::Reminded,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Event::Qualified => "handoff.qualified",
            Event::Offered => "handoff.offered",
            Event::Accepted => "handoff.accepted",
            Event::Called => "handoff.called",
            Event::Contacted => "handoff.contacted",
            Event::SalesQualified => "handoff.sales_qualified",
            Event::Opportunity => "handoff.opportunity",
            Event::Reopened => "handoff.reopened",
            Event::Released => "handoff.released",
            Event::Declined => "handoff.declined",
            Event::Recycled => "handoff.recycled",
            Event::Dropped => "handoff.dropped",
            Event::Reminded => "handoff.reminded",
        }
    }

    pub fn named(name: &str) -> Option<Event> {
        Event::ALL.into_iter().find(|event| event.name() == name.trim())
    }

    /// What a change of a hand-off was.
    pub fn of(before: Option<&Handoff>, after: &Handoff) -> Event {
        let was = before.map(|before| before.state);
        match after.state {
            State::Qualified => Event::Qualified,
            State::Offered if before.is_some_and(|it| it.owner.is_some()) => Event::Released,
            State::Offered => Event::Offered,
            State::SalesQualified if was == Some(State::Opportunity) => Event::Reopened,
            same if was == Some(same) => Event::Called,
            State::Accepted => Event::Accepted,
            State::Contacted => Event::Contacted,
            State::SalesQualified => Event::SalesQualified,
            State::Opportunity => Event::Opportunity,
            State::Declined => Event::Declined,
            State::Recycled => Event::Recycled,
            State::Expired => Event::Dropped,
        }
    }
}

/// How long after a failed attempt the next one comes; `None` after the last. Endpoints that ask
/// to be left alone for longer are. `spread`, from 0 to 999, parts what failed at the same time.
pub fn again_after(
    attempts: u32,
    retry_after_seconds: Option<i64>,
    spread: u16,
) -> Option<SignedDuration> {
    let place = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    let seconds = AGAIN_SECONDS.get(place)?;
    let asked = retry_after_seconds.unwrap_or(0).clamp(0, RETRY_AFTER_SECONDS_MAX);
    // Up to a tenth later.
    let millis = seconds * 1_000 + seconds * 100 * i64::from(spread.min(999)) / 999;
    Some(SignedDuration::from_millis(millis.max(asked * 1_000)))
}

/// Whether an address is of the open internet: neither this machine, nor a network within, nor
/// one of those that stand for another.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some(within) => is_public_v4(within),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_within = match (first, second) {
        (0 | 10 | 127, _) | (169, 254) | (192, 168) | (198, 18 | 19) => true,
        (100, second) => (64..128).contains(&second),
        (172, second) => (16..32).contains(&second),
        // Protocol assignments, documentation, and the relay of 6to4.
        (192, 0) => third == 0 || third == 2,
        (192, 88) => third == 99,
        (198, 51) => third == 100,
        (203, 0) => third == 113,
        (first, _) => first >= 224,
    };
    !is_within
}

/// The address of the old kind that one of the new kind stands for: mapped, compatible, translated
/// (64:ff9b::/96) or tunnelled (2002::/16).
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let of = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    match parts {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

/// Only what is given out to the open internet, 2000::/3, and there neither documentation nor
/// tunnels.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let is_given_out = parts[0] & 0xe000 == 0x2000;
    let is_special = parts[0] == 0x2001 && (parts[1] < 0x200 || parts[1] == 0xdb8);
    is_given_out && !is_special
}

#[cfg(test)]
mod tests {
    use crate::agreement::tests::{agreement, user};
    use crate::handoff::{Action, By};

    use super::*;

    #[test]
    fn addresses_within_are_told_from_the_open_internet() {
        for within in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.9.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001:0:1::1",
            "100::1",
            "64:ff9b:1::1",
        ] {
            assert!(!is_public(within.parse().expect("an address")), "{within}");
        }
        for open in [
            "1.1.1.1",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "192.169.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2a00:1450::1",
        ] {
            assert!(is_public(open.parse().expect("an address")), "{open}");
        }
    }

    #[test]
    fn each_failure_waits_longer_and_the_tenth_is_the_last() {
        let waits: Vec<i64> =
            (1..ATTEMPTS_MAX).map(|tries| again_after(tries, None, 0).unwrap().as_secs()).collect();
        assert_eq!(waits, AGAIN_SECONDS);
        assert_eq!(again_after(ATTEMPTS_MAX, None, 0), None);
        assert_eq!(again_after(1, Some(60), 0).unwrap().as_secs(), 60);
        assert_eq!(again_after(3, Some(60), 999).unwrap().as_secs(), 1_980);
        assert_eq!(again_after(1, Some(i64::MAX), 0).unwrap().as_secs(), 86_400);
    }

    #[test]
    fn every_step_of_a_hand_off_has_its_event() {
        let (agreed, at) = (agreement(), "2026-06-01T09:00:00Z".parse().expect("a moment"));
        let by = By {
            user: Some(user(1)),
            is_marketing: true,
            is_sales: true,
            may_act_for_others: true,
        };
        let mut handoff = Handoff::new(user(9), user(8), 1, at);
        assert_eq!(Event::of(None, &handoff), Event::Qualified);
        let released = Action::Release { reason: "on leave".to_owned() };
        for (action, expected) in [
            (Action::Offer { to: None }, Event::Offered),
            (Action::Accept, Event::Accepted),
            (released, Event::Released),
            (Action::Accept, Event::Accepted),
            (Action::Call { was_reached: false }, Event::Called),
            (Action::Call { was_reached: true }, Event::Contacted),
            (Action::Call { was_reached: true }, Event::Called),
            (Action::Qualify, Event::SalesQualified),
            (Action::Call { was_reached: true }, Event::Called),
            (Action::Open, Event::Opportunity),
            (Action::Reopen, Event::Reopened),
        ] {
            let after = handoff.step(&action, by, at, &agreed).expect("may be");
            assert_eq!(Event::of(Some(&handoff), &after), expected, "{action:?}");
            handoff = after;
        }
    }

    #[test]
    fn events_read_back_from_their_names() {
        for event in Event::ALL {
            assert_eq!(Event::named(event.name()), Some(event));
        }
        assert_eq!(Event::named("handoff.lost"), None);
    }
}
