//! Huddles and what is due for calendars (iCalendar, RFC 5545): the huddle every week from the last
//! one on, and each open action on its day.

use icalendar::{Calendar, Component, Event, Property};
use jiff::civil::Date;

use super::{Followed, Minutes};

/// A calendar whose entries keep their ids from one asking to the next.
pub fn calendar(minutes: &Minutes) -> String {
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Baton//Huddles//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("X-WR-CALNAME", format!("{}: huddles", minutes.company).as_str()));
    calendar.push(series(minutes));
    for action in &minutes.open {
        calendar.push(due(minutes, action));
    }
    calendar.to_string()
}

fn series(minutes: &Minutes) -> Event {
    let mut event = event(minutes, "huddle", minutes.held_on);
    event.summary("Huddle");
    event.description(&format!("Huddle {} was held on {}.", minutes.number, minutes.held_on));
    event.add_property("RRULE", "FREQ=WEEKLY");
    event.done()
}

fn due(minutes: &Minutes, action: &Followed) -> Event {
    let mut event = event(minutes, &format!("action-{}", action.number), action.due_on);
    event.summary(&format!("Due: {} ({})", action.text, action.owner));
    let expects = match action.expects.as_str() {
        "" => String::new(),
        expects => format!(" Expected: {expects}."),
    };
    let overdue = if action.is_overdue { " It is overdue." } else { "" };
    event.description(&format!("Action {}.{expects}{overdue}", action.number));
    event.done()
}

/// An event of a whole day. The stamp is the huddle's, so that what has not changed reads the same.
fn event(minutes: &Minutes, what: &str, day: Date) -> Event {
    let of = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let company: String = minutes.company.to_lowercase().chars().map(of).collect();
    let written = |day: Date| day.strftime("%Y%m%d").to_string();
    let mut event = Event::new();
    event.uid(&format!("{what}@{company}.baton"));
    event.add_property("DTSTAMP", format!("{}T000000Z", written(minutes.held_on)));
    let mut starts = Property::new("DTSTART", written(day));
    starts.add_parameter("VALUE", "DATE");
    event.append_property(starts);
    event.add_property("TRANSP", "TRANSPARENT");
    event
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use jiff::civil::date;

    use super::super::Mark;
    use super::*;

    #[test]
    fn a_calendar_has_the_series_and_what_is_due() {
        let minutes = Minutes {
            company: "Relay Works, Ltd.".to_owned(),
            number: 3,
            held_on: date(2026, 11, 23),
            by: "Ann".to_owned(),
            is_open: true,
            agenda_sha256: String::new(),
            agenda: Vec::new(),
            lines: Vec::new(),
            open: vec![Followed {
                number: 7,
                text: "Call the ten oldest, in order; then\nwrite".to_owned(),
                owner: "Hazel Slatemere".to_owned(),
                due_on: date(2026, 11, 30),
                is_overdue: false,
                expects: "two more wins of ten".to_owned(),
                readings: None,
            }],
            others: Vec::new(),
            mark: Mark::default(),
        };
        let told = calendar(&minutes);
        assert_eq!(told, calendar(&minutes), "the same, whenever it is asked for");
        assert!(told.lines().all(|line| line.len() <= 75), "{told}");
        expect![[r#"
            BEGIN:VCALENDAR
            VERSION:2.0
            PRODID:-//Baton//Huddles//EN
            CALSCALE:GREGORIAN
            X-WR-CALNAME:Relay Works\, Ltd.: huddles
            BEGIN:VEVENT
            DESCRIPTION:Huddle 3 was held on 2026-11-23.
            DTSTAMP:20261123T000000Z
            DTSTART;VALUE=DATE:20261123
            RRULE:FREQ=WEEKLY
            SUMMARY:Huddle
            TRANSP:TRANSPARENT
            UID:huddle@relay-works--ltd-.baton
            END:VEVENT
            BEGIN:VEVENT
            DESCRIPTION:Action 7. Expected: two more wins of ten.
            DTSTAMP:20261123T000000Z
            DTSTART;VALUE=DATE:20261130
            SUMMARY:Due: Call the ten oldest\, in order\; then\nwrite (Hazel Slatemere)
            TRANSP:TRANSPARENT
            UID:action-7@relay-works--ltd-.baton
            END:VEVENT
            END:VCALENDAR
        "#]]
        .assert_eq(&told.replace("\r\n", "\n"));
    }
}
