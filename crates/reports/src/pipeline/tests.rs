//! Waterfalls stated as one line a deal: before, after, and the steps that must follow.

use jiff::civil::date;
use proptest::prelude::*;
use uuid::Uuid;

use domain::period::Days;
use domain::stage::Outcome;

use super::*;

/// `open 100`, `won 120`, `lost 0`, with an optional expected close day of January; `-` is absent.
fn deal(id: u128, text: &str) -> Option<Deal> {
    let mut words = text.split_whitespace();
    let outcome = Outcome::parse(words.next()?)?;
    let amount = Money { minor: words.next()?.parse().ok()?, currency: Currency::USD };
    let expected_close_on = words.next().and_then(|day| day.parse().ok()).map(|d| date(2017, 1, d));
    let created_on = date(2016, 12, 1);
    Some(Deal {
        id: Uuid::from_u128(id),
        external_id: id.to_string(),
        name: None,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        created_on,
        closed_on: (outcome != Outcome::Open).then_some(date(2017, 1, 20)),
        stage: None,
        outcome,
        amount: Some(amount),
        estimated_amount: Some(Money { minor: 50, currency: Currency::USD }),
        amounts: Vec::new(),
        expected_close_on,
        category: None,
        product: None,
        owner: None,
        account: None,
        source: None,
        deal_type: None,
        stays: Vec::new(),
        contradictory: false,
    })
}

fn fall(pairs: &[(String, String)], closing: Option<Days>, asked: Option<Flow>) -> Waterfall {
    let side = |texts: Vec<&String>| -> Vec<Deal> {
        texts.iter().enumerate().filter_map(|(id, text)| deal(id as u128, text)).collect()
    };
    let before = side(pairs.iter().map(|pair| &pair.0).collect());
    let after = side(pairs.iter().map(|pair| &pair.1).collect());
    let days = (date(2016, 12, 31), date(2017, 1, 31));
    waterfall((days.0, &before), (days.1, &after), closing, Currency::USD, asked)
}

#[track_caller]
fn check(before: &str, after: &str, closing: Option<Days>, expected: &str) {
    let fall = fall(&[(before.into(), after.into())], closing, None);
    let steps = Flow::ALL.into_iter().filter(|flow| fall.step(*flow).deals > 0);
    let written: Vec<String> =
        steps.map(|flow| format!("{} {}", flow.name(), fall.step(flow).amount.minor)).collect();
    assert_eq!(written.join(", "), expected);
}

#[test]
fn each_deal_takes_one_path() {
    check("open 100", "open 100", None, "start 100, end 100");
    check("open 100", "open 130", None, "start 100, raised 30, end 130");
    check("open 100", "won 80", None, "start 100, lowered 20, won 80");
    check("open 100", "lost 0", None, "start 100, lost 100");
    check("-", "open 70", None, "created 70, end 70");
    check("-", "won 70", None, "created 70, won 70");
    check("-", "lost 0", None, "created 50, lost 50");
    check("lost 100", "open 90", None, "pulled_in 100, lowered 10, end 90");
    check("open 100", "-", None, "start 100, pushed_out 100");
    check("won 100", "won 100", None, "");
}

#[test]
fn with_a_closing_window_moves_of_the_expected_close_date_count() {
    let first_half = Some(Days { first: date(2017, 1, 1), last: date(2017, 1, 15) });
    check("open 100 10", "open 100 20", first_half, "start 100, pushed_out 100");
    check("open 100 20", "open 120 10", first_half, "pulled_in 120, end 120");
    check("open 100 20", "open 120 25", first_half, "");
}

proptest! {
    #[test]
    fn the_steps_always_sum(
        deals in proptest::collection::vec(
            (0..4_usize, 0..4_usize, 0..900_i64, 0..900_i64, 1..29_i8, 1..29_i8), 0..30),
        windowed: bool,
    ) {
        let side = |outcome: usize, amount: i64, day: i8| match outcome {
            0 => "-".to_owned(),
            outcome => format!("{} {amount} {day}", ["open", "won", "lost"][outcome - 1]),
        };
        let pairs: Vec<(String, String)> = deals
            .into_iter()
            .map(|(b, a, x, y, d, e)| (side(b, x, d), side(a, y, e)))
            .collect();
        let window = Days { first: date(2017, 1, 1), last: date(2017, 1, 15) };
        let fall = fall(&pairs, windowed.then_some(window), None);
        let open_after = pairs.iter().filter(|(_, after)| after.starts_with("open")).count();
        prop_assert!(windowed || fall.end.deals == open_after);
    }
    #[test]
    fn the_deals_behind_a_step_sum_to_it(
        deals in proptest::collection::vec((0..4_usize, 0..4_usize, 0..900_i64, 0..900_i64), 0..30),
        flow in 0..Flow::ALL.len(),
    ) {
        let side = |outcome: usize, amount: i64| match outcome {
            0 => "-".to_owned(),
            outcome => format!("{} {amount}", ["open", "won", "lost"][outcome - 1]),
        };
        let pairs: Vec<(String, String)> =
            deals.into_iter().map(|(b, a, x, y)| (side(b, x), side(a, y))).collect();
        let flow = Flow::ALL[flow];
        let fall = fall(&pairs, None, Some(flow));
        let behind = fall.behind.clone().unwrap();
        prop_assert_eq!(behind.flow, flow);
        prop_assert_eq!(behind.rows.len(), fall.step(flow).deals);
        let minor: i64 = behind.rows.iter().map(|row| row.amount.minor).sum();
        prop_assert_eq!(minor, fall.step(flow).amount.minor);
    }
}
