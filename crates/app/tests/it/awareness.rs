//! Awareness from imported files, against counts that are made anew from the lines themselves.

use std::collections::{BTreeMap, BTreeSet};

use app::awareness::{Question, awareness};
use domain::access::Scope;
use domain::kind::Kind;
use jiff::civil::{Date, date};
use reports::attribution::By;
use reports::awareness::{Awareness, Came, Reached};
use testkit::{How, TestCompany};

const CHANNELS: [&str; 4] = ["Direct", "Email", "Fair", "Web"];

/// The touch of a person on a day by a channel; some 400 over four months, by a plain rule.
fn told() -> Vec<(Date, String, &'static str)> {
    let day = |number: i64| {
        date(2026, 1, 10).checked_add(jiff::Span::new().days(number)).expect("is a day")
    };
    let touch = |n: i64| {
        let person = format!("p{}", n * 17 % 211);
        (day(n * 7 % 120), person, CHANNELS[usize::try_from(n * 5 % 11 % 4).expect("is small")])
    };
    (0..400).map(touch).collect()
}

fn lines(told: &[(Date, String, &str)]) -> String {
    let line = |(n, (day, person, channel)): (usize, &(Date, String, &str))| {
        format!("t{n},{day}T10:{:02}:00Z,{person},{channel}\n", n % 60)
    };
    let lines: String = told.iter().enumerate().map(line).collect();
    format!("touch_id,occurred_at,person_id,channel\n{lines}")
}

async fn company(touches: &str) -> TestCompany {
    let company = TestCompany::new().await;
    let leads = "lead_id,created_at,stage,person_id\n\
                 l1,2026-04-01,mql,p1\n\
                 l2,2026-04-01,inquiry,p4\n";
    let purchases = "purchase_id,time,person_id,value\nb1,2026-05-01T00:00:00Z,p9,10.00\n";
    for (kind, text) in
        [(Kind::Touches, touches), (Kind::Leads, leads), (Kind::Purchases, purchases)]
    {
        company.import_text(kind, text, How::default()).await.expect("is imported");
    }
    company
}

const FROM: Date = date(2026, 3, 1);
const TO: Date = date(2026, 4, 9);

async fn asked(company: &TestCompany) -> Awareness {
    let question = Question { from: Some(FROM), to: Some(TO), ..Question::default() };
    awareness(&company.context, &question).await.expect("a report")
}

/// Who came between two days, of the touches that count.
fn came(told: &[(Date, String, &str)], from: Date, to: Date, channel: Option<&str>) -> Came {
    let mut first: BTreeMap<&str, (Date, usize)> = BTreeMap::new();
    for (n, (day, person, _)) in told.iter().enumerate() {
        let at = first.entry(person).or_insert((*day, n));
        *at = (*at).min((*day, n));
    }
    let counts = |by: &str| channel.is_none_or(|channel| channel == by);
    let within: Vec<_> =
        told.iter().filter(|(day, _, by)| (from..=to).contains(day) && counts(by)).collect();
    let people: BTreeSet<&str> = within.iter().map(|(_, person, _)| person.as_str()).collect();
    let is_new = |person: &&&str| {
        let (day, n) = first[**person];
        (from..=to).contains(&day) && counts(told[n].2)
    };
    Came {
        touches: within.len() as u64,
        people: people.len() as u64,
        new_people: people.iter().filter(is_new).count() as u64,
    }
}

#[tokio::test]
async fn counts_are_those_of_the_lines_themselves() {
    let told = told();
    let report = asked(&company(&lines(&told)).await).await;
    assert_eq!(report.came, came(&told, FROM, TO, None));
    assert_eq!(report.before, came(&told, date(2026, 1, 20), date(2026, 2, 28), None));
    assert!(report.came.new_people > 5 && report.came.returning_people() > 5);
    let names: Vec<&str> = report.keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, CHANNELS);
    for key in &report.keys {
        assert_eq!(key.came, came(&told, FROM, TO, Some(&key.name)), "{}", key.name);
    }
    // Forty days are told by the week.
    assert_eq!(report.steps.len(), 6);
    for step in &report.steps {
        assert_eq!(step.came, came(&told, step.first, step.last, None), "{}", step.first);
    }
    let new: u64 = report.keys.iter().map(|key| key.came.new_people).sum();
    assert_eq!(new, report.came.new_people);
    assert_eq!(report.ways.iter().map(|way| way.people).sum::<u64>(), new);
    let reached: u64 = report.keys.iter().flat_map(|key| key.reached).sum();
    assert_eq!(reached, new);
}

#[tokio::test]
async fn touches_in_any_order_and_told_again_are_the_same() {
    let told = told();
    let once = asked(&company(&lines(&told)).await).await;
    let text = lines(&told);
    let (header, body) = text.split_once('\n').expect("has lines");
    let mut shuffled: Vec<&str> = body.lines().chain(body.lines()).collect();
    shuffled.sort_unstable_by_key(|line| line.bytes().rev().collect::<Vec<u8>>());
    let shuffled = format!("{header}\n{}\n", shuffled.join("\n"));
    assert_eq!(asked(&company(&shuffled).await).await, once);
}

#[tokio::test]
async fn how_far_people_came_is_told_of_the_furthest_of_their_leads_and_purchases() {
    let touches = "touch_id,occurred_at,person_id,channel\n\
                   t1,2026-03-02T00:00:00Z,p1,Web\n\
                   t2,2026-03-03T00:00:00Z,p1,Web\n\
                   t3,2026-03-04T00:00:00Z,p1,Email\n\
                   t4,2026-03-02T00:00:00Z,p4,Fair\n\
                   t5,2026-03-02T00:00:00Z,p9,Web\n\
                   t6,2026-03-02T00:00:00Z,p7,Web\n";
    let company = company(touches).await;
    let report = asked(&company).await;
    let ways: Vec<(Vec<&str>, Reached, u64)> = (report.ways.iter())
        .map(|way| (report.names(way).collect(), way.reached, way.people))
        .collect();
    let mut expected = vec![
        (vec!["Fair"], Reached::Lead, 1),
        (vec!["Web"], Reached::Nothing, 1),
        (vec!["Web"], Reached::Win, 1),
        (vec!["Web", "Email"], Reached::Mql, 1),
    ];
    expected.sort();
    let mut found = ways.clone();
    found.sort();
    assert_eq!(found, expected);
    // Who sees own records alone sees nobody else's touches.
    let context = &company.context;
    let nobody = context.renewed("test", context.now, Scope::Owners(BTreeSet::new()));
    let days = Question { from: Some(FROM), to: Some(TO), ..Question::default() };
    let narrow = awareness(&nobody, &days).await.expect("a report");
    assert_eq!((narrow.came, narrow.ways.len()), (Came::default(), 0));
    let wrong =
        Question { from: Some(TO), to: Some(FROM), by: By::Campaign, ..Question::default() };
    let refused = awareness(context, &wrong).await.expect_err("the days are turned round");
    assert!(refused.to_string().contains("name the earlier day first"), "{refused}");
}
