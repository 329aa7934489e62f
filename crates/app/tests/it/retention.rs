//! Retention on subscriptions whose fate is known, seen from the present and from past days.

use app::retention;
use domain::kind::Kind;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use reports::document::Report;
use testkit::{How, TestCompany};

/// 200 accounts of yearly terms of 100 a month, of which one in six ends for good whichever it is,
/// as an export of a day tells them.
fn subscriptions(day: Date) -> String {
    let mut text =
        "subscription_id,account,product,started_on,ended_on,monthly_amount,status\n".to_owned();
    for account in 0..200_i64 {
        let first = date(2023, 1, 1).saturating_add((account * 9 % 365).days());
        let mut start = first;
        for term in 0..4 {
            if start > day {
                break;
            }
            let end = start.saturating_add(1.year());
            let leaves = (account * 7 + term * 3) % 12 < 2;
            let ended = end <= day;
            let status = if !ended {
                "active"
            } else if leaves {
                "churned"
            } else {
                "renewed"
            };
            let ended_on = if ended { end.to_string() } else { String::new() };
            text += &format!(
                "s{account}-{term},Account {account},Suite,{start},{ended_on},100,{status}\n"
            );
            if leaves || !ended {
                break;
            }
            start = end;
        }
    }
    text
}

async fn company_of(day: Date) -> TestCompany {
    let company = TestCompany::new().await;
    let how = How { observed_at: Some(day), ..How::default() };
    let text = subscriptions(day);
    company.import_text(Kind::Subscriptions, &text, how).await.expect("is imported");
    company
}

async fn company() -> TestCompany {
    company_of(date(2026, 5, 1)).await
}

async fn report(company: &TestCompany, as_of: Date) -> reports::retention::Retention {
    retention::retention(&company.context, Some(as_of), None, 1).await.expect("a report")
}

#[tokio::test]
async fn what_goes_on_is_learnt_from_what_ended() {
    let report = report(&company().await, date(2026, 5, 1)).await;
    let all = report.segments.last().expect("all together");
    let (share, low, high) = all.share.expect("some ended");
    assert!(low < 5.0 / 6.0 && 5.0 / 6.0 < high, "{low} to {high}");
    let running = format!("{}.00", all.running * 100);
    assert_eq!((report.monthly_amount.to_decimal(), report.subscriptions), (running, all.running));
    let net = report.net_next_year;
    assert!(net.p10 < share && share < net.p90, "{net:?}");
    assert!(net.p90 - net.p10 < 0.15, "{net:?}");
    let (gross, kept) = report.last_year.expect("a year behind");
    assert!(gross == kept && (0.75..0.92).contains(&gross), "{gross} {kept}");
    assert_eq!(report.months.len(), 12);
    let held = report.graded.iter().filter(|graded| graded.holds()).count();
    assert!(!report.graded.is_empty() && held + 2 >= report.graded.len(), "{:?}", report.graded);
}

#[tokio::test]
async fn a_past_day_knows_nothing_of_later_ends() {
    let day = date(2024, 8, 15);
    let (later, then) = (company().await, company_of(day).await);
    let seen = report(&later, day).await.json().to_string();
    assert_eq!(seen, report(&then, day).await.json().to_string());
    assert!(!seen.contains("\"monthly_amount\":\"20000"), "some have left: {seen}");
}

#[tokio::test]
async fn one_seed_gives_the_same_bytes() {
    let company = company().await;
    let day = date(2025, 6, 30);
    let one = report(&company, day).await.json().to_string();
    assert_eq!(one, report(&company, day).await.json().to_string());
}

#[tokio::test]
async fn without_subscriptions_it_says_what_to_import() {
    let company = TestCompany::new().await;
    let refused = retention::retention(&company.context, None, None, 1).await;
    let message = refused.expect_err("nothing is known").to_string();
    assert!(message.contains("--kind subscriptions"), "{message}");
}
