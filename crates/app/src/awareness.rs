//! Awareness: who came in some days, by which channel, and what became of those who were new.
//!
//! One pass over whole journeys, as attribution makes it: when somebody came first is told by all
//! that is known of them, not by the days that are asked for.

mod reached;
mod tally;

use domain::money::Money;
use domain::time::{end_of_day, start_of_day};
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use lake::journeys::{Converter, Touch};
use reports::attribution::By;
use reports::awareness::{Awareness, Came, Key, Reached, STEPS_MAX, Step, Way};

use crate::attribution::cost;
use crate::attribution::key::{Keys, touch_key};
use crate::context::Context;
use crate::error::Error;
use crate::world::{Wanted, World};
use tally::{NO_STEP, Tally, Window};

/// Days that are looked at, where nothing else is said: thirteen weeks.
pub const DAYS: i32 = 91;
/// The most days that may be asked for.
pub const DAYS_MAX: i32 = 36_500;
/// Up to so many days are told day by day, and up to [`WEEKS_DAYS_MAX`] week by week.
const SINGLE_DAYS_MAX: i32 = 31;
const WEEKS_DAYS_MAX: i32 = 200;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub by: By,
    pub from: Option<Date>,
    /// The as-of day if left out.
    pub to: Option<Date>,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
}

/// Who came, and the ways of those who were new.
///
/// # Errors
/// When days are asked for that cannot be, or the lake cannot be read.
pub async fn awareness(context: &Context, question: &Question) -> Result<Awareness, Error> {
    let as_of = context.as_of(question.as_of, question.known_at);
    let to = question.to.unwrap_or_else(|| context.day(as_of));
    let from = match question.from {
        Some(from) => from,
        None => day_after(to, 1 - DAYS)?,
    };
    let days = days(from, to)?;
    let steps = steps(from, to, days)?;
    let window = Window {
        before: start_of_day(day_after(from, -days)?, &context.company.timezone).as_microsecond(),
        steps: steps
            .iter()
            .map(|(first, _)| start_of_day(*first, &context.company.timezone).as_microsecond())
            .collect(),
        end: end_of_day(to, &context.company.timezone).as_microsecond(),
    };
    let world =
        World::of(context, as_of, Wanted { deals: true, leads: false, estimates: false }).await?;
    let reached = reached::by_person(&world, &context.company.timezone).await?;
    let converters: Vec<Converter> =
        reached.iter().map(|(person, _)| Converter::Person(*person)).collect();
    let journeys = world.tables.journeys(touch_key(question.by), &converters).await?;
    let keys = Keys::new(context, &world, question.by, &journeys.names).await?;
    let take = |tally: &mut Tally, places: &[u32], touches: &[Touch]| {
        let furthest = places.iter().map(|place| reached[*place as usize].1).max();
        tally.add(&window, touches, &keys.of_touch, furthest.unwrap_or_default());
    };
    let tallies = journeys.each(|| Tally::new(keys.names.len(), steps.len()), take).await?;
    let tally = tallies.into_iter().reduce(|mut one, other| {
        one.merge(other);
        one
    });
    let tally = tally.unwrap_or_else(|| Tally::new(keys.names.len(), steps.len()));
    let costs = cost::by_key(context, &world, question.by, (Some(from), Some(to)), &keys).await?;
    let as_of = world.as_of;
    world.let_go();
    Ok(report(question.by, (as_of, from, to), steps, (keys.names, costs), tally))
}

fn report(
    by: By,
    (as_of, from, to): (Date, Date, Date),
    steps: Vec<(Date, Date)>,
    (names, costs): (Vec<String>, Vec<Option<Money>>),
    tally: Tally,
) -> Awareness {
    let step = |((first, last), came): ((Date, Date), Came)| Step { first, last, came };
    let keys = names.into_iter().zip(costs).zip(tally.keys);
    let key = |((name, cost), seen): ((String, _), tally::OfKey)| Key {
        name,
        came: seen.came,
        before: seen.before,
        reached: seen.reached,
        cost,
    };
    let way = |((steps, reached), people): (([u32; STEPS_MAX], Reached), u64)| Way {
        steps: steps.into_iter().filter(|step| *step != NO_STEP).collect(),
        reached,
        people,
    };
    let mut ways: Vec<Way> = tally.ways.into_iter().map(way).collect();
    ways.sort_by(|one, other| {
        (other.people.cmp(&one.people))
            .then_with(|| one.steps.cmp(&other.steps))
            .then_with(|| one.reached.cmp(&other.reached))
    });
    Awareness {
        as_of,
        by,
        from,
        to,
        came: tally.came,
        before: tally.before,
        steps: steps.into_iter().zip(tally.steps).map(step).collect(),
        keys: keys.map(key).collect(),
        ways,
    }
}

/// How many days there are from one to another, both included.
fn days(from: Date, to: Date) -> Result<i32, Error> {
    if to < from {
        return Err(Error::Input(format!("{to} comes before {from}: name the earlier day first")));
    }
    let days = from.until(to).map_or(i32::MAX, |span| span.get_days()).saturating_add(1);
    match days <= DAYS_MAX {
        true => Ok(days),
        false => {
            Err(Error::Input(format!("{from} to {to} are {days} days: ask for at most {DAYS_MAX}")))
        }
    }
}

fn day_after(day: Date, days: i32) -> Result<Date, Error> {
    plus(day, days.days())
}

fn plus(day: Date, span: Span) -> Result<Date, Error> {
    day.checked_add(span)
        .map_err(|_| Error::Input(format!("{day} lies too far from today: choose a nearer day")))
}

/// The first and last days of the steps that some days are told in.
fn steps(from: Date, to: Date, days: i32) -> Result<Vec<(Date, Date)>, Error> {
    let after = |steps: i64| {
        if days <= SINGLE_DAYS_MAX {
            plus(from, steps.days())
        } else if days <= WEEKS_DAYS_MAX {
            plus(from, steps.weeks())
        } else {
            plus(from, steps.months())
        }
    };
    let mut steps = Vec::new();
    let mut first = from;
    while first <= to {
        let next = after(i64::try_from(steps.len()).unwrap_or(0) + 1)?;
        steps.push((first, day_after(next, -1)?.min(to)));
        first = next;
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_told_in_steps_that_leave_none_out() {
        for (from, to, count, second) in [
            (date(2026, 3, 1), date(2026, 3, 1), 1, None),
            (date(2026, 3, 1), date(2026, 3, 31), 31, Some(date(2026, 3, 2))),
            (date(2026, 3, 1), date(2026, 4, 1), 5, Some(date(2026, 3, 8))),
            (date(2026, 1, 1), date(2026, 12, 31), 12, Some(date(2026, 2, 1))),
            (date(2026, 1, 31), date(2026, 12, 31), 12, Some(date(2026, 2, 28))),
        ] {
            let steps = steps(from, to, days(from, to).expect("are days")).expect("are steps");
            assert_eq!(steps.len(), count, "{from} to {to}");
            assert_eq!(steps.get(1).map(|(first, _)| *first), second);
            assert_eq!((steps[0].0, steps[count - 1].1), (from, to));
            for pair in steps.windows(2) {
                assert_eq!(pair[0].1.tomorrow().expect("is a day"), pair[1].0);
            }
        }
        assert!(days(date(2026, 3, 2), date(2026, 3, 1)).is_err());
        assert!(days(date(1900, 1, 1), date(2026, 3, 1)).is_err());
    }
}
