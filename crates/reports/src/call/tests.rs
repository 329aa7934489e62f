//! What a report of calls says, and into which category a deal falls.

use domain::stage::Stage;
use expect_test::expect;
use jiff::civil::date;
use uuid::Uuid;

use super::*;
use crate::render::terminal;

const PERIOD: Period = Period::Quarter { year: 2026, quarter: 2 };

fn money(major: i64) -> Money {
    Money { minor: major * 100, currency: Currency::USD }
}

fn said(manner: Manner, commit: i64, best_case: i64) -> Said {
    Said {
        period: PERIOD,
        whose: "Ann".to_owned(),
        manner,
        commit: money(commit),
        best_case: money(best_case),
        from: None,
        note: String::new(),
        by: "Ann".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        on: date(2026, 4, 3),
    }
}

fn line(name: &str, team: Option<&str>) -> Line {
    let hand = Hand { booked: 100_000, commit: 50_000, open: 2, by_stage: 1, ..Hand::default() };
    Line {
        team: team.map(str::to_owned),
        id: Some(name.to_lowercase()),
        name: name.to_owned(),
        hand,
        baton: None,
        call: None,
        overridden: None,
    }
}

fn calls(lines: Vec<Line>) -> Calls {
    let hand = lines.iter().fold(Hand::default(), |sum, line| sum.with(line.hand));
    let range = Range { median: money(4_000), low: money(3_000), high: money(5_000) };
    Calls {
        period: PERIOD,
        as_of: date(2026, 6, 1),
        currency: Currency::USD,
        is_over: false,
        whole: Line { hand, baton: Some(range), id: None, ..line("", None) },
        lines,
        said: Vec::new(),
        graded: Vec::new(),
    }
}

#[test]
fn what_was_said_last_counts_and_a_sum_is_compared_when_all_have_called() {
    let mut lines = vec![line("Ann", Some("North")), line("Bob", Some("North"))];
    lines[0].call = Some(said(Manner::Submission, 1_500, 2_000));
    lines[0].overridden = Some(said(Manner::Override, 1_200, 1_800));
    let some = calls(lines.clone());
    assert!(some.answer().contains("1 of 2 has called, 1,200.00 USD in all"));
    assert_eq!(some.called().rows[2][1], Cell::from("1 of 2 called"));
    assert_eq!(some.called().rows[3].last(), Some(&Cell::Missing));
    lines[1].call = Some(said(Manner::Submission, 2_000, 2_500));
    let all = calls(lines);
    assert_eq!(all.called().rows[3].last(), Some(&Cell::Money(money(-800))));
}

#[test]
fn the_page_of_calls_reads_well() {
    let mut one = line("Ann", None);
    one.call = Some(said(Manner::Submission, 1_500, 2_000));
    let mut calls = calls(vec![one]);
    calls.graded = vec![Graded {
        period: Period::Quarter { year: 2026, quarter: 1 },
        whose: "Ann".to_owned(),
        first: Some(money(800)),
        last: Some(money(1_100)),
        overridden: None,
        booked: money(1_000),
    }];
    let text = terminal(&calls.document(), 200);
    let (answer, tables) = text.split_once("\n\n").expect("an answer, then tables");
    assert_eq!(
        answer,
        "2026-Q2: 1,000.00 USD is booked, and 1 of 1 has called, 1,500.00 USD in all. Baton's \
         median is 4,000.00 USD, its 80 % interval 3,000.00 USD to 5,000.00 USD."
    );
    expect![[r#"
        Booked in 2026-Q2, and open by forecast category
         Team   Owner   Open deals   Booked USD   Commit USD   Best case USD   Pipeline USD
        ────────────────────────────────────────────────────────────────────────────────────
                Ann              2     1,000.00       500.00            0.00           0.00
         All                     2     1,000.00       500.00            0.00           0.00

        Called for 2026-Q2 beside what Baton says
    "#]]
    .assert_eq(tables.split(" Team   Owner      Called").next().unwrap_or_default());
    assert!(text.contains("-20.0 %") && text.contains("10.0 %"), "{text}");
}

#[test]
fn deals_stand_in_their_own_category_or_in_that_of_their_stage() {
    let stage = |name: &str| Stage { name: name.to_owned(), outcome: Outcome::Open };
    let stages = Stages { stages: ["A", "B", "C"].map(stage).to_vec(), entry: None };
    let days = Days { first: date(2026, 4, 1), last: date(2026, 6, 30) };
    let deal = |stage: &str, category, closes: Option<Date>| Deal {
        id: Uuid::nil(),
        external_id: "d".to_owned(),
        name: None,
        created_at: Timestamp::UNIX_EPOCH,
        created_on: date(2026, 1, 1),
        closed_on: None,
        stage: Some(stage.to_owned()),
        outcome: Outcome::Open,
        amount: Some(money(1)),
        estimated_amount: None,
        amounts: Vec::new(),
        expected_close_on: closes,
        category,
        product: None,
        owner: None,
        account: None,
        source: None,
        deal_type: None,
        stays: Vec::new(),
        contradictory: false,
    };
    let soon = Some(date(2026, 6, 1));
    let mut hand = Hand::default();
    for deal in [
        deal("C", None, soon),
        deal("C", Some(Category::Pipeline), soon),
        deal("B", None, soon),
        deal("A", Some(Category::Omitted), soon),
        deal("A", None, Some(date(2026, 7, 1))),
        deal("A", None, None),
    ] {
        hand.add(&deal, days, &stages);
    }
    let won = Deal {
        outcome: Outcome::Won,
        closed_on: Some(date(2026, 4, 1)),
        ..deal("Won", None, None)
    };
    hand.add(&won, days, &stages);
    let expected = Hand {
        booked: 100,
        commit: 100,
        best_case: 100,
        pipeline: 100,
        omitted: 100,
        open: 4,
        by_stage: 2,
        undated: 1,
    };
    assert_eq!(hand, expected);
}
