//! The firm's 120 seats and who sat in each on which day. A seat opens once and is handed over
//! without a gap, so that work always has an owner who was employed at the time.

use serde::Serialize;

use crate::calendar::{Calendar, Day};
use crate::market::{FIRST_NAMES, LAST_NAMES, Region};
use crate::random::{Stream, Subject};
use crate::rows::Id;

pub struct Team {
    pub name: &'static str,
    pub leg: &'static str,
    pub role: &'static str,
    pub manager_role: &'static str,
    pub seats: usize,
    pub region: Option<Region>,
    pub cost_per_seat_month: f64,
}

const fn team(
    name: &'static str,
    leg: &'static str,
    roles: [&'static str; 2],
    seats: usize,
    region: Option<Region>,
    cost_per_seat_month: f64,
) -> Team {
    let [manager_role, role] = roles;
    Team { name, leg, role, manager_role, seats, region, cost_per_seat_month }
}

const LEADERSHIP: usize = 0;
pub const MARKETING: usize = 1;
const DEMAND: usize = 2;
const DEVELOPMENT: usize = 3;
const FIRST_SALES: usize = 4;

/// 120 seats; the first of each team is its manager, the first of all is the chief executive.
pub const TEAMS: [Team; 11] = [
    team("Leadership", "", ["Chief Executive", "Executive"], 6, None, 15_000.0),
    team("Brand Marketing", "awareness", ["Marketing Manager", "Marketer"], 9, None, 8_000.0),
    team("Demand Generation", "demand", ["Demand Manager", "Marketer"], 9, None, 8_000.0),
    team("Sales Development", "hand-off", ["SDR Manager", "SDR"], 14, None, 6_000.0),
    team("Sales North America", "close", ROLES_SALES, 11, Some(Region::NorthAmerica), 11_000.0),
    team("Sales Europe", "close", ROLES_SALES, 8, Some(Region::Europe), 10_000.0),
    team("Sales Asia Pacific", "close", ROLES_SALES, 5, Some(Region::AsiaPacific), 9_500.0),
    team("Solutions", "pipeline", ["Solutions Manager", "Solutions Engineer"], 6, None, 10_000.0),
    team("Product", "", ["Product Manager", "Engineer"], 26, None, 10_500.0),
    team("Customer Success", "loyalty", ["CS Manager", "CS Manager"], 16, None, 7_500.0),
    team("Operations", "", ["Operations Manager", "Operations Analyst"], 10, None, 7_000.0),
];

const ROLES_SALES: [&str; 2] = ["Sales Manager", "Sales Rep"];

/// Part of the non-manager seats that open only after the first day.
const SEATS_OPENED_LATER: f64 = 0.28;
/// Mean days that a person stays in a seat.
const TENURE_MEAN_DAYS: f64 = 2_600.0;

pub struct Workforce {
    pub users: Vec<User>,
    seats: Vec<Seat>,
}

pub struct User {
    pub id: u64,
    pub name: String,
    pub team: usize,
    pub is_manager: bool,
    pub from: Day,
    /// The first day on which somebody else has the seat.
    pub until: Option<Day>,
}

struct Seat {
    team: usize,
    opens: Day,
    /// Indexes into the users, oldest first.
    occupants: Vec<usize>,
}

/// A seat, by its index.
#[derive(Clone, Copy)]
pub struct SeatIndex(usize);

/// When somebody was employed, as `truth.json` has it.
#[derive(Serialize)]
pub struct Employment {
    pub user_id: String,
    pub from: String,
    pub until: Option<String>,
}

impl Workforce {
    pub fn new(seed: u64, calendar: &Calendar) -> Self {
        let mut workforce = Self { users: Vec::new(), seats: Vec::new() };
        let places =
            TEAMS.iter().enumerate().flat_map(|(team, t)| (0..t.seats).map(move |s| (team, s)));
        for (index, (team, place)) in places.enumerate() {
            let mut stream = Stream::of(seed, Subject::Workforce, index as u64);
            workforce.fill_seat(&mut stream, calendar.days, team, place);
        }
        workforce
    }

    fn fill_seat(&mut self, stream: &mut Stream, days: Day, team: usize, place: usize) {
        let opens_later = place > 1 && stream.chance(SEATS_OPENED_LATER);
        let opens = if opens_later { stream.between(1, days * 9 / 10) } else { 0 };
        let mut seat = Seat { team, opens, occupants: Vec::new() };
        let mut from = opens;
        loop {
            let leaves = from + 60 + stream.exponential(TENURE_MEAN_DAYS) as Day;
            let until = (leaves < days).then_some(leaves);
            seat.occupants.push(self.users.len());
            self.hire(stream, User { from, until, ..User::unnamed(team, place == 0) });
            match until {
                Some(day) => from = day,
                None => break,
            }
        }
        self.seats.push(seat);
    }

    fn hire(&mut self, stream: &mut Stream, user: User) {
        let name = format!("{} {}", stream.pick(&FIRST_NAMES), stream.pick(&LAST_NAMES));
        self.users.push(User { id: self.users.len() as u64 + 1, name, ..user });
    }

    /// Who has the seat on a day.
    pub fn occupant(&self, SeatIndex(seat): SeatIndex, day: Day) -> &User {
        let occupants = &self.seats[seat].occupants;
        let later = occupants.partition_point(|&user| self.users[user].from <= day);
        &self.users[occupants[later.saturating_sub(1)]]
    }

    pub fn demand_seat(&self, stream: &mut Stream, day: Day) -> SeatIndex {
        self.open_seat(stream, DEMAND, day)
    }

    pub fn development_seat(&self, stream: &mut Stream, day: Day) -> SeatIndex {
        self.open_seat(stream, DEVELOPMENT, day)
    }

    pub fn sales_seat(&self, stream: &mut Stream, region: Region, day: Day) -> SeatIndex {
        self.open_seat(stream, FIRST_SALES + region as usize, day)
    }

    /// A seat of the team, not its manager's, that has been opened by the day. The second seat of
    /// each team is open from the first day.
    fn open_seat(&self, stream: &mut Stream, team: usize, day: Day) -> SeatIndex {
        let first = TEAMS[..team].iter().map(|team| team.seats).sum::<usize>();
        let size = TEAMS[team].seats;
        let place = 1 + stream.below(size - 1);
        let is_open = self.seats[first + place].opens <= day;
        SeatIndex(first + if is_open { place } else { self.fallback(first, size, place, day) })
    }

    fn fallback(&self, first: usize, size: usize, place: usize, day: Day) -> usize {
        let others = (place + 1..size).chain(1..place);
        others.into_iter().find(|&other| self.seats[first + other].opens <= day).unwrap_or(1)
    }

    /// The manager's id: the team's present first seat, the chief executive for managers.
    pub fn manager_of(&self, user: &User) -> Option<Id> {
        let team = if user.is_manager { LEADERSHIP } else { user.team };
        let manager = self.seats.iter().find(|seat| seat.team == team)?.occupants.last()?;
        let id = self.users[*manager].id;
        (id != user.id && !(user.is_manager && user.team == LEADERSHIP)).then_some(user_id(id))
    }

    /// Seats of a team that are open on a day.
    pub fn open_seats(&self, team: usize, day: Day) -> usize {
        self.seats.iter().filter(|seat| seat.team == team && seat.opens <= day).count()
    }

    pub fn employment(&self, calendar: &Calendar) -> Vec<Employment> {
        let date = |day| calendar.date(day).to_string();
        let stays = self.users.iter().map(|user| Employment {
            user_id: user_id(user.id).to_string(),
            from: date(user.from),
            until: user.until.map(date),
        });
        stays.collect()
    }
}

impl User {
    const fn unnamed(team: usize, is_manager: bool) -> Self {
        Self { id: 0, name: String::new(), team, is_manager, from: 0, until: None }
    }

    pub fn role(&self) -> &'static str {
        let team = &TEAMS[self.team];
        if self.is_manager { team.manager_role } else { team.role }
    }
}

pub fn user_id(number: u64) -> Id {
    Id("U", number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_firm_has_120_seats() {
        assert_eq!(TEAMS.iter().map(|team| team.seats).sum::<usize>(), 120);
    }
}
