//! What sellers and managers do about the day on which a deal closes: wait for a free hour, for the
//! end of the quarter, for the next quarter, or for the next review of the pipeline.

use super::company::Review;
use super::days::Civil;
use super::run::Run;

/// A quarter's last days, to which the hockey stick bends.
const LAST_DAYS: i64 = 5;
/// Into so many days of the next quarter a win is kept.
const KEPT_DAYS_MAX: i64 = 12;

/// A deal is ripe: it is entered as won today, later, or has to wait its turn.
pub fn win(run: &mut Run<'_>, index: usize, day: i64, civil: &Civil) {
    if run.company.habits.wins_a_week_max.is_some() {
        let seller = run.lives[index].seller;
        run.desks[seller].waiting.push_back(index);
    } else {
        enter_win(run, index, day, civil);
    }
}

/// A day's work on the deals that wait for their seller.
pub fn work_off(run: &mut Run<'_>, day: i64, civil: &Civil) {
    let Some(a_week) = run.company.habits.wins_a_week_max else { return };
    if civil.weekday >= 5 || run.is_holiday(civil) {
        return;
    }
    for seller in 0..run.desks.len() {
        lose_patience(run, seller, day, civil);
        let desk = &mut run.desks[seller];
        desk.allowance = (desk.allowance + a_week / 5.0).min(a_week.max(1.0));
        while run.desks[seller].allowance >= 1.0 {
            let Some(index) = run.desks[seller].waiting.pop_front() else { break };
            run.desks[seller].allowance -= 1.0;
            enter_win(run, index, day, civil);
        }
    }
}

fn lose_patience(run: &mut Run<'_>, seller: usize, day: i64, civil: &Civil) {
    let impatience = run.company.habits.impatience;
    let waiting = std::mem::take(&mut run.desks[seller].waiting);
    for index in waiting {
        if run.lives[index].stream.chance(impatience) {
            let entered = review_day(run, day, civil);
            run.due.entry(entered).or_default().push((index, false));
        } else {
            run.desks[seller].waiting.push_back(index);
        }
    }
}

fn enter_win(run: &mut Run<'_>, index: usize, day: i64, civil: &Civil) {
    let habits = &run.company.habits;
    let is_quota_met = run.booked[1] > 0
        && habits.quota > 0.0
        && run.booked[0] as f64 >= habits.quota * run.booked[1] as f64;
    let stream = &mut run.lives[index].stream;
    let entered = if is_quota_met && stream.chance(habits.sandbagging) {
        civil.quarter_end + stream.between(1, KEPT_DAYS_MAX)
    } else if stream.chance(habits.hockey_stick) {
        day.max(civil.quarter_end - stream.between(0, LAST_DAYS - 1))
    } else {
        day
    };
    let entered = review_day(run, entered, &run.almanac.at(entered));
    run.due.entry(entered).or_default().push((index, true));
}

/// The next day on which closings are entered.
pub fn review_day(run: &Run<'_>, day: i64, civil: &Civil) -> i64 {
    let friday = day + (11 - civil.weekday as i64) % 7;
    match run.company.habits.review {
        None => day,
        Some(Review::Fridays) => friday,
        Some(Review::SecondFridays) => friday + 7 * (friday.div_euclid(7) % 2).abs(),
        Some(Review::MonthEnds) => day + i64::from(civil.date.days_in_month() - civil.date.day()),
    }
}
