//! Scores of leads whose true probability is known, of young ones too.

use app::score::leads::{self, Question};
use domain::kind::Kind;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use reports::document::Report;
use reports::score::leads::LeadScores;
use testkit::{How, TestCompany};

const FIRST: Date = date(2025, 1, 1);
const LEADS: i64 = 2_400;
const DAYS: i64 = 400;

/// A number without a pattern, even over 0 to 999 (SplitMix64).
fn drawn(lead: i64, what: u64) -> i64 {
    let mixed = (lead as u64 * 8 + what).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) % 1_000) as i64
}

fn is_from_event(lead: i64) -> bool {
    drawn(lead, 0) < 500
}

fn created_on(lead: i64) -> Date {
    FIRST.saturating_add((lead * DAYS / LEADS).days())
}

/// One in two that came by an event goes on, of the others one in ten; within 80 days, evenly.
fn goes_on(lead: i64) -> Option<Date> {
    let share = if is_from_event(lead) { 500 } else { 100 };
    let days = 1 + drawn(lead, 2) * 80 / 1_000;
    (drawn(lead, 1) < share).then(|| created_on(lead).saturating_add(days.days()))
}

/// The company as its CRM would tell on a day.
async fn company(day: Date) -> TestCompany {
    let known = || (0..LEADS).filter(|lead| created_on(*lead) <= day);
    let mut leads = "lead_id,created_at,source\n".to_owned();
    let mut changes = "lead_id,changed_at,stage\n".to_owned();
    for lead in known() {
        let source = if is_from_event(lead) { "Event" } else { "Web" };
        leads += &format!("L-{lead},{},{source}\n", created_on(lead));
        changes += &format!("L-{lead},{},inquiry\n", created_on(lead));
        if let Some(on) = goes_on(lead).filter(|on| *on <= day) {
            changes += &format!("L-{lead},{on},opportunity\n");
        }
    }
    let company = TestCompany::new().await;
    let how = || How { observed_at: Some(day), ..How::default() };
    company.import_text(Kind::Leads, &leads, how()).await.expect("leads");
    company.import_text(Kind::LeadChanges, &changes, how()).await.expect("changes");
    company
}

async fn scores(company: &TestCompany, as_of: Date) -> LeadScores {
    let question =
        Question { lead: None, as_of: Some(as_of), known_at: None, limit: 1_000, seed: 1 };
    leads::leads(&company.context, &question).await.expect("scores")
}

fn number(lead: &str) -> i64 {
    lead.trim_start_matches("L-").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn young_leads_have_the_probability_that_they_will_show() {
    let today = FIRST.saturating_add((DAYS - 1).days());
    let found = scores(&company(today).await, today).await;
    let young = created_on(LEADS - 1).saturating_sub(6.days());
    let mean = |event: bool| {
        let of = found.scores.iter().filter(|score| {
            score.created_on >= young && is_from_event(number(&score.lead)) == event
        });
        let all: Vec<f64> = of.map(|score| score.probability).collect();
        assert!(all.len() >= 10, "{} leads", all.len());
        all.iter().sum::<f64>() / all.len() as f64
    };
    // Of those who are a few days old nearly none has gone on yet.
    let (event, web) = (mean(true), mean(false));
    assert!((0.40..0.60).contains(&event), "{event}");
    assert!((0.05..0.16).contains(&web), "{web}");
    // All that are open, of any age, beside what becomes of them.
    let open: Vec<i64> =
        (0..LEADS).filter(|lead| goes_on(*lead).is_none_or(|on| on > today)).collect();
    let will = open.iter().filter(|lead| goes_on(**lead).is_some()).count() as f64;
    assert_eq!(found.open, open.len());
    assert!((found.expected - will).abs() < 3.0 * will.sqrt(), "{} of {will}", found.expected);
    let held_out = found.held_out.as_ref().expect("old leads are graded");
    assert!(held_out.grade.auc > 0.65, "{}", held_out.grade.auc);
    assert!(held_out.grade.calibration_error < 0.06, "{}", held_out.grade.calibration_error);
    let best = &found.scores[0];
    assert!(is_from_event(number(&best.lead)), "{best:?}");
    assert!(best.reasons.iter().any(|reason| reason.told == "Event"), "{best:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_later_alters_no_score() {
    let (then, later) = (date(2025, 11, 30), date(2026, 2, 4));
    let (now, known) = (company(then).await, company(later).await);
    let [before, after] = [scores(&now, then).await, scores(&known, then).await];
    assert_eq!(before.json().to_string(), after.json().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lead_is_explained_and_an_unknown_one_refused() {
    let company = company(date(2025, 11, 30)).await;
    let ask = async |lead: &str| {
        let question = Question {
            lead: Some(lead.to_owned()),
            as_of: Some(date(2025, 11, 30)),
            known_at: None,
            limit: 1,
            seed: 1,
        };
        leads::leads(&company.context, &question).await
    };
    let open = (0..LEADS).find(|lead| {
        created_on(*lead) == date(2025, 11, 20)
            && goes_on(*lead).is_none_or(|on| on > date(2025, 11, 30))
    });
    let lead = format!("L-{}", open.expect("one that is open"));
    let found = ask(&lead).await.expect("it is explained");
    assert_eq!(found.scores.len(), 1);
    let score = &found.scores[0];
    assert!(score.low <= score.probability && score.probability <= score.high, "{score:?}");
    assert!(found.document().tables.len() >= 2);
    let refused = ask("L-nobody").await.expect_err("nobody knows it").to_string();
    assert!(refused.contains("no open lead `L-nobody`"), "{refused}");
}
