//! Fit and engagement by rules, on imported leads whose points and fates are known.

use app::agreement;
use app::handoff::tick;
use app::score::points::{self, points};
use app::score::rules::{self, Question};
use domain::agreement::Side;
use domain::kind::Kind;
use domain::score::rules::Score;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use reports::document::Report;
use reports::score::points::LeadPoints;
use testkit::{How, TestCompany};

const RULES: &str = r#"
fit_cap = 50
engagement_cap = 40

[[rule]]
name = "Sizeable"
score = "fit"
when = 'account.employees >= 200 && account.industry in ["Software", "Retail"]'
points = 30

[[rule]]
name = "Webinars"
score = "engagement"
when = 'touches.last_days(60).count("webinar") >= 2'
points = 12
cap = 24
half_life_days = 30

[[rule]]
name = "Came by Email"
score = "engagement"
when = 'touches.count("Email") >= 1'
points = 5
"#;

/// l1 of a large company with two webinars and an e-mail, and another webinar after 20 May.
async fn company() -> TestCompany {
    let company = TestCompany::new().await;
    let accounts = "account_id,name,industry,employees\na1,Large,Software,900\na2,Small,Retail,9\n";
    let leads = "lead_id,created_at,stage,source,account_id,person_id\n\
                 l1,2026-04-01,MQL,Web,a1,p1\nl2,2026-04-02,MQL,Web,a2,p2\n";
    let touches = "touch_id,occurred_at,person_id,channel\n\
                   t1,2026-04-01T09:00:00Z,p1,Webinar\nt2,2026-05-01T09:00:00Z,p1,Webinar\n\
                   t3,2026-05-11T23:59:00Z,p1,Email\nt4,2026-05-25T09:00:00Z,p1,Webinar\n\
                   t5,2026-05-02T09:00:00Z,p2,Webinar\n";
    for (kind, text) in [(Kind::Accounts, accounts), (Kind::Leads, leads), (Kind::Touches, touches)]
    {
        company.import_text(kind, text, How::default()).await.expect("is imported");
    }
    company
}

async fn of(company: &TestCompany, lead: &str, day: Option<Date>) -> LeadPoints {
    let lead = lead.to_owned();
    let question = points::Question { lead, as_of: day, ..points::Question::default() };
    points(&company.context, &question).await.expect("points")
}

/// The power of two in floating point: another way than the one that is tested.
fn faded(points: f64, days: i32) -> i64 {
    (points * 1_000.0 * (-f64::from(days) / 30.0).exp2()).round() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn each_point_is_told_with_its_rule_touch_and_day_and_no_later_fact() {
    let company = company().await;
    let question = points::Question { lead: "l1".to_owned(), ..points::Question::default() };
    let none = points(&company.context, &question).await;
    assert!(none.expect_err("no rules").to_string().contains("score rules save"));
    rules::save(&company.context, RULES).await.expect("is saved");
    let day = date(2026, 5, 20);
    let found = of(&company, "l1", Some(day)).await;
    let told: Vec<(&str, Option<Date>, i64)> = (found.log.iter())
        .map(|line| (line.why.as_str(), line.touch.as_ref().map(|(day, _)| *day), line.milli))
        .collect();
    let expected = [
        ("Sizeable", None, 30_000),
        ("Webinars", Some(date(2026, 5, 1)), faded(12.0, 19)),
        ("Webinars", Some(date(2026, 4, 1)), faded(12.0, 49)),
        ("Came by Email", Some(date(2026, 5, 11)), 5_000),
    ];
    assert_eq!(told, expected);
    for (score, sum) in [(Score::Fit, found.fit_milli), (Score::Engagement, found.engagement_milli)]
    {
        let own = found.log.iter().filter(|line| line.score == score);
        assert_eq!(own.map(|line| line.milli).sum::<i64>(), sum);
    }
    // The webinar of 25 May counts from its day on, and takes the place of the first one.
    let now = of(&company, "l1", None).await;
    let webinars: Vec<Date> = (now.log.iter().filter(|line| line.why == "Webinars"))
        .filter_map(|line| Some(line.touch.as_ref()?.0))
        .collect();
    assert_eq!(webinars, [date(2026, 5, 25), date(2026, 5, 1)]);
    assert_eq!(of(&company, "l1", Some(day)).await, found);
    let other = of(&company, "l2", None).await;
    assert_eq!((other.fit_milli, other.engagement_milli, other.log.len()), (0, 0, 0));
    assert!(found.document().answer.contains("30 points of fit"), "{}", found.document().answer);
    let question = points::Question { lead: "l9".to_owned(), ..points::Question::default() };
    let unseen = points(&company.context, &question).await.expect_err("no such lead").to_string();
    assert!(unseen.contains("lead l9"), "{unseen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_kept_and_what_will_not_do_is_not() {
    let company = company().await;
    let context = &company.context;
    let first = rules::save(context, RULES).await.expect("is saved");
    assert_eq!(first.versions.len(), 1);
    let wrong = RULES.replace("account.employees >=", "account.size >=");
    let told = rules::save(context, &wrong).await.expect_err("no such column").to_string();
    assert!(
        told.contains("rule `Sizeable`") && told.contains("`account.size` is no column"),
        "{told}"
    );
    let second = rules::save(context, &RULES.replace("points = 30", "points = 45")).await;
    assert_eq!(second.expect("is saved").versions.len(), 2);
    assert_eq!(of(&company, "l1", None).await.fit_milli, 45_000);
    let question =
        points::Question { lead: "l1".to_owned(), version: Some(1), ..points::Question::default() };
    assert_eq!(points(context, &question).await.expect("points").fit_milli, 30_000);
    assert!(rules::show(context, Some(3)).await.is_err());
}

const TERMS: &str = r#"
definition = "Large, or keen"
qualifies = "fit >= 30 && engagement > 0"
promised_monthly = 20
accept_minutes = 120
contact_minutes = 240
grace_minutes = 60
calls_min = 0
decline_reasons = ["No fit"]
recycle_reasons = ["Bad timing"]
entry = "by stage"
recycle_days = 30
passes_max = 2
routing = ["round robin"]

[hours]
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
opens = "09:00"
closes = "17:00"

[[runner]]
user = "u1"
capacity = 10
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_is_a_condition_that_a_trial_and_the_queue_go_by() {
    let company = company().await;
    let context = &company.context;
    let users = "user_id,name,email\nu1,Ann,ann@example.com\n";
    company.import_text(Kind::Users, users, How::default()).await.expect("is imported");
    rules::save(context, RULES).await.expect("is saved");
    let wrong = TERMS.replace("fit >= 30", "fitt >= 30");
    let told = agreement::set(context, &wrong).await.expect_err("no such name").to_string();
    assert!(told.contains("at character 1: nothing is called `fitt`"), "{told}");
    agreement::set(context, TERMS).await.expect("is written");
    let question = agreement::trial::Question {
        from: Some(date(2026, 4, 1)),
        to: Some(date(2026, 6, 1)),
        ..agreement::trial::Question::default()
    };
    // By what was known when it qualified: on 1 April l1 had one webinar and no e-mail yet.
    let tried = agreement::trial::trial(context, &question).await.expect("is tried").trial;
    assert_eq!((tried.leads, tried.not_qualified), (0, 2));
    let terms = Some(TERMS.replace("engagement > 0", "engagement >= 0"));
    let question = agreement::trial::Question { terms, ..question };
    let tried = agreement::trial::trial(context, &question).await.expect("is tried").trial;
    assert_eq!((tried.leads, tried.not_qualified), (1, 1));
    for side in Side::ALL {
        agreement::sign(context, side, None).await.expect("is signed");
    }
    // Today l1 fits, and l2 never did.
    let since = Some(date(2026, 1, 1));
    assert_eq!(tick::gather(context, since).await.expect("is gathered").offered, 1);
    let open = context.store.open_handoffs().await.expect("hand-offs");
    let lead = context.store.record(Kind::Leads, open[0].lead).await.expect("a record");
    let id = lead.and_then(|lead| domain::lifecycle::text(&lead.values, "external_id"));
    assert_eq!((open.len(), id.as_deref()), (1, Some("l1")));
}

const LEADS: i64 = 120;

/// One in two came by a webinar; of those three in four go on, of the others one in four.
fn goes_on(lead: i64) -> bool {
    if lead % 2 == 0 { lead % 8 != 0 } else { lead % 8 == 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_tells_which_bands_went_on() {
    let company = TestCompany::new().await;
    let mut leads = "lead_id,created_at,person_id\n".to_owned();
    let mut changes = "lead_id,changed_at,stage\n".to_owned();
    let mut touches = "touch_id,occurred_at,person_id,channel\n".to_owned();
    for lead in 0..LEADS {
        let on = date(2025, 9, 1).saturating_add(lead.days());
        leads += &format!("L-{lead},{on},p{lead}\n");
        changes += &format!("L-{lead},{on},inquiry\n");
        // One goes on at once, before it could be scored.
        let later = on.saturating_add(if lead == 2 { 3 } else { 30 }.days());
        if goes_on(lead) {
            changes += &format!("L-{lead},{later},opportunity\n");
        }
        let channel = if lead % 2 == 0 { "Webinar" } else { "Email" };
        touches += &format!("t{lead},{on}T08:00:00Z,p{lead},{channel}\n");
        // What comes afterwards tells nothing.
        touches += &format!("u{lead},{later}T08:00:00Z,p{lead},Webinar\n");
    }
    for (kind, text) in
        [(Kind::Leads, leads), (Kind::LeadChanges, changes), (Kind::Touches, touches)]
    {
        company.import_text(kind, &text, How::default()).await.expect("is imported");
    }
    let terms = RULES.replace(">= 2", ">= 1").replace("Email", "Fair");
    let question = Question {
        terms: Some(terms),
        from: Some(date(2025, 9, 1)),
        to: Some(date(2025, 12, 31)),
        age_days: 7,
        ..Question::default()
    };
    let tried = rules::trial(&company.context, &question).await.expect("is tried");
    let scored: Vec<i64> = (0..LEADS).filter(|lead| *lead != 2).collect();
    let came = |webinar: bool| {
        scored.iter().filter(|lead| (**lead % 2 == 0) == webinar && goes_on(**lead)).count()
    };
    assert_eq!((tried.leads, tried.settled_before, tried.too_young), (119, 1, 0));
    assert_eq!(tried.came, came(true) + came(false));
    // Twelve points, a week old: 10.2 of 40, in the second of five bands.
    let engagement = &tried.bands[Score::Engagement as usize];
    assert_eq!((engagement[0].leads, engagement[0].came), (60, came(false)));
    assert_eq!((engagement[1].leads, engagement[1].came), (59, came(true)));
    assert_eq!((tried.held[1].leads, tried.held[0].leads), (59, 0));
    assert_eq!(tried.unknown_channels, ["fair"]);
    let json = tried.json();
    let lift = json["rules"][1]["lift"].as_f64().expect("a lift");
    let all = tried.came as f64 / 119.0;
    assert!((lift - came(true) as f64 / 59.0 / all).abs() < 1e-9, "{lift}");
    // Nothing was kept.
    assert!(rules::list(&company.context).await.expect("none").versions.is_empty());
}
