//! Closed periods: the same bytes whenever they are taken, restatements with their reason, and a
//! proof that a change past Baton does not survive.

use std::collections::BTreeMap;

use app::close::{self, Order};
use app::context::{Context, Place, Session};
use app::error::Error;
use app::handoff::{Deed, To, act, tick};
use app::{agreement, goal, plan, plan_version};
use domain::goal::Counts;
use domain::handoff::Handoff;
use domain::kind::Kind;
use domain::period::Period;
use domain::period_close::{Section, Unit};
use jiff::{SignedDuration, Timestamp};
use reports::close::{Closed, Standing, Verdict};
use reports::document::Report;
use testkit::{How, TestCompany};

use crate::handoff::{BOTH, company as handing};

const HEAD: &str = "deal_id,name,stage,amount,created_at,close_date,account_id\n";
const PEOPLE: &str = "person_id,name,account_id\np1,Ada,a1\np2,Ben,a2\n";
const TOUCHES: &str = "touch_id,occurred_at,person_id,channel,campaign\n\
                       t1,2026-01-03T00:00:00Z,p1,Email,Spring\n\
                       t2,2026-01-05T00:00:00Z,p1,Web,\n\
                       t3,2026-02-01T00:00:00Z,p2,Email,Spring\n\
                       t4,2026-04-05T00:00:00Z,p2,Event,Summer\n";

/// Deals of 2024 and 2025 from which something can be learnt, and those of 2026 by hand.
fn deals(of_2026: &str) -> String {
    let mut text = HEAD.to_owned();
    for number in 0..160_u32 {
        let (year, month, day) = (2024 + number / 80, 1 + number % 10, 1 + number * 7 % 28);
        let stage = if number % 3 == 0 { "Closed Won" } else { "Closed Lost" };
        let closes = month + 1 + number % 2;
        text += &format!("d{number},Deal {number},{stage},{}.00,", 1_000 + number % 50);
        text += &format!("{year}-{month:02}-{day:02},{year}-{closes:02}-{day:02},a3\n");
    }
    text + of_2026
}

/// Won in the first quarter: 1,000 and 2,500; won later: 700; open at its end: 4,000 and 800.
const OF_2026: &str = "n1,One,Closed Won,1000.00,2026-01-02,2026-01-20,a1\n\
                       n2,Two,Closed Won,2500.00,2026-01-10,2026-02-20,a2\n\
                       n3,Three,Closed Won,700.00,2026-02-01,2026-04-10,a1\n\
                       n4,Four,Proposal,4000.00,2026-03-01,2026-07-01,a2\n\
                       n5,Five,Proposal,800.00,2026-03-30,2026-08-01,a2\n\
                       n6,Six,Proposal,999.00,2026-04-02,2026-08-01,a2\n";

/// A company whose random ids begin behind `burnt` others.
async fn company(burnt: usize) -> TestCompany {
    let company = TestCompany::new().await;
    for _ in 0..burnt {
        let _ = company.context.new_id();
    }
    let accounts = "account_id,name\na1,One Works\na2,Two Works\na3,Three Works\n".to_owned();
    for (kind, text) in [
        (Kind::Accounts, accounts),
        (Kind::People, PEOPLE.to_owned()),
        (Kind::Deals, deals(OF_2026)),
        (Kind::Touches, TOUCHES.to_owned()),
    ] {
        let path = company.file(&format!("{kind}-may.csv"), text);
        company.import(&path, kind, How::default()).await.expect("is imported");
    }
    let year = "2026".parse().expect("a year");
    goal::set(&company.context, "200000", year, Counts::All, 0.8).await.expect("is set");
    let question = plan::Question { seed: 1, ..plan::Question::default() };
    plan_version::save(&company.context, "board", &question, &[]).await.expect("is saved");
    company
}

fn quarter() -> Period {
    "2026-Q1".parse().expect("a quarter")
}

fn order(dry_run: bool) -> Order {
    Order { period: quarter(), despite: None, dry_run }
}

fn later(context: &Context, hours: i64) -> Context {
    let now = context.now + SignedDuration::from_hours(hours);
    context.renewed("test", now, context.scope.clone())
}

fn figure(closed: &Closed, section: Section, name: &str, part: &str) -> (Unit, Option<i64>) {
    let figures = &closed.frozen.figures;
    let mut found =
        figures.iter().filter(|it| it.section == section && it.name == name && it.part == part);
    let figure = found.next().unwrap_or_else(|| panic!("{section} {name} {part}: {figures:#?}"));
    assert!(found.next().is_none(), "{section} {name} {part} is there twice");
    (figure.unit, figure.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_frozen_as_it_was_and_stays_so() {
    let (one, other) = (company(0).await, company(17).await);
    let context = &one.context;
    let dry = close::close(context, &order(true)).await.expect("is looked at");
    assert!(context.store.closed_periods().await.expect("reads").is_empty(), "nothing is written");
    close::close(context, &order(false)).await.expect("is closed");
    close::close(&other.context, &order(false)).await.expect("is closed");
    let closed = close::show(context, quarter()).await.expect("is there");
    let same = close::show(&other.context, quarter()).await.expect("is there");
    assert_eq!(closed.text, same.text, "ids reach no figure");
    assert_eq!(Some(&closed.frozen), dry.figures.as_ref(), "a dry run says what is frozen");
    // Worked out from the lines above.
    let money = |minor: i64| (Unit::Money, Some(minor));
    assert_eq!(figure(&closed, Section::Metric, "revenue", "value"), money(350_000));
    assert_eq!(figure(&closed, Section::Won, "n2", "amount"), money(250_000));
    let open = closed.frozen.figures.iter().filter(|it| it.section == Section::OpenDeal);
    let open: i64 = open.filter_map(|it| it.value).sum();
    assert_eq!(figure(&closed, Section::Pipeline, "all", "amount"), money(open));
    assert_eq!(figure(&closed, Section::Pipeline, "all", "deals"), (Unit::Count, Some(3)));
    assert_eq!(figure(&closed, Section::Goal, "2026", "booked_in_period"), money(350_000));
    assert_eq!(figure(&closed, Section::Plan, "board", "came"), money(350_000));
    // The first touch before each win was an e-mail.
    assert_eq!(figure(&closed, Section::ChannelValue, "Email", "first"), money(350_000));
    assert_eq!(figure(&closed, Section::ChannelValue, "Web", "last"), money(100_000));
    // Each model's ledger is whole: with what nobody touched it sums to what was won.
    for section in [Section::ChannelValue, Section::CampaignValue] {
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for it in closed.frozen.figures.iter().filter(|it| it.section == section) {
            *sums.entry(it.part.as_str()).or_default() += it.value.expect("a value");
        }
        assert!(sums.len() >= 8 && sums.values().all(|sum| *sum == 350_000), "{sums:?}");
    }
    let eve = figure(&closed, Section::Forecast, "2025-12-31", "came");
    assert_eq!(eve, money(350_000));
    let names = |section| closed.frozen.figures.iter().filter(move |it| it.section == section);
    assert_eq!(names(Section::Forecast).count(), 13 * 5, "an eve and twelve weeks");
    // What is recorded later alters nothing of it.
    let after = later(context, 24);
    let path = one.file("deals-june.csv", deals(&OF_2026.replace("2500.00", "2600.00")));
    testkit::import_file(&after, &path, Kind::Deals, How::default()).await.expect("is imported");
    let year = "2026".parse().expect("a year");
    goal::set(&after, "300000", year, Counts::All, 0.8).await.expect("is set");
    let again = close::show(&after, quarter()).await.expect("is there");
    assert_eq!(again.text, closed.text);
    let verified = close::verify(&after, quarter()).await.expect("is held against it");
    assert!(verified.tests.iter().all(|test| test.holds), "{:#?}", verified.tests);
}

#[tokio::test(flavor = "multi_thread")]
async fn restatements_name_each_figure_and_what_changed_it() {
    let company = company(0).await;
    let context = &company.context;
    close::close(context, &order(false)).await.expect("is closed");
    let none = close::restatements(context, quarter()).await.expect("are told");
    assert_eq!(none.rows, [], "nothing came later");
    let after = later(context, 24);
    let more = format!("{}n7,Seven,Closed Won,50.00,2026-03-01,2026-03-31,a1\n", OF_2026);
    let path = company.file("deals-june.csv", deals(&more.replace("2500.00", "2600.00")));
    testkit::import_file(&after, &path, Kind::Deals, How::default()).await.expect("is imported");
    let told = close::restatements(&after, quarter()).await.expect("are told");
    let row = |section: Section, name: &str| {
        let found = told
            .rows
            .iter()
            .find(|it| it.difference.section == section && it.difference.name == name);
        let found = found.unwrap_or_else(|| panic!("{section} {name}: {:#?}", told.rows));
        (found.difference.frozen, found.difference.now, found.reasons.clone())
    };
    let why = vec!["import of deals-june.csv".to_owned()];
    assert_eq!(row(Section::Won, "n7"), (None, Some(5_000), why.clone()));
    assert_eq!(row(Section::Metric, "wins").2, why);
    let revenue = row(Section::Metric, "revenue");
    // The amount of n2 was told anew from June on; what was won in March came late.
    assert_eq!(revenue.0, Some(350_000));
    assert!(revenue.1 == Some(355_000) || revenue.1 == Some(365_000), "{revenue:?}");
    assert!(told.rows.iter().all(|it| !it.reasons.is_empty()), "{:#?}", told.rows);
    assert!(told.rows.iter().all(|it| it.difference.section != Section::Forecast));
    let json = told.json();
    assert_eq!(json["restatements"].as_array().map(Vec::len), Some(told.rows.len()));
    let shown = close::show(&after, quarter()).await.expect("is there");
    assert_eq!(figure(&shown, Section::Metric, "revenue", "value").1, Some(350_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_closed_once_when_it_is_over_and_nothing_is_missing() {
    let company = company(0).await;
    let context = &company.context;
    let field = |refused: Result<_, Error>| match refused {
        Err(Error::Field { field: "period", why }) => why,
        other => panic!("{:?}", other.map(|_: reports::close::Closing| ())),
    };
    let running = Order { period: "2026-Q2".parse().expect("a quarter"), ..order(false) };
    assert!(field(close::close(context, &running).await).contains("wait for the day after"));
    let dry = close::close(context, &Order { dry_run: true, ..running }).await.expect("is told");
    assert!(dry.figures.is_none() && dry.document().answer.contains("stays open"));
    // A win of nothing bears on what is frozen.
    let bad = format!("{OF_2026}n8,Eight,Closed Won,,2026-02-01,2026-03-01,a1\n");
    company.import_text(Kind::Deals, &deals(&bad), How::default()).await.expect("is imported");
    let why = field(close::close(context, &order(false)).await);
    assert!(why.contains("won_without_amount (1)") && why.contains("--despite"), "{why}");
    let dry = close::close(context, &order(true)).await.expect("is told");
    assert_eq!(dry.checklist.missing().count(), 1);
    let despite = Order { despite: Some("the amount is in dispute".to_owned()), ..order(false) };
    let done = close::close(context, &despite).await.expect("is closed");
    let proof = done.proof.expect("a proof");
    for part in ["\ndespite the amount is in dispute\n", "\nmissing no open finding", "\njournal "]
    {
        assert!(proof.contains(part), "{part}: {proof}");
    }
    assert_eq!(proof.lines().filter(|line| line.starts_with("import ")).count(), 5);
    assert!(field(close::close(context, &despite).await).contains("was closed on"));
    let list = close::list(context).await.expect("is told");
    let standing = |name: &str| {
        let found = list.periods.iter().find(|it| it.period.to_string() == name);
        found.map(|it| it.standing.clone())
    };
    assert!(matches!(standing("2026-Q1"), Some(Standing::Closed { .. })));
    assert_eq!(standing("2026-Q2"), Some(Standing::Running));
    assert_eq!(standing("2025-Q4"), Some(Standing::Over));
    // A quarter is not skipped once periods are closed.
    let autumn = later(context, 24 * 200);
    let third = Order { period: "2026-Q3".parse().expect("a quarter"), ..order(true) };
    let dry = close::close(&autumn, &third).await.expect("is told");
    let found = |what: &str| dry.checklist.items.iter().find(|it| it.what == what);
    let before = found("the period before is closed").expect("is asked");
    assert_eq!((before.verdict, before.todo.as_str()), (Verdict::Missing, "close 2026-Q2 first"));
    let files = found("files are from after its end").expect("is asked");
    assert!(files.verdict == Verdict::Missing && files.found.contains("deals"), "{files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_a_part_of_the_company_sees_no_closed_period() {
    let company = company(0).await;
    let context = &company.context;
    close::close(context, &order(false)).await.expect("is closed");
    let scope = domain::access::Scope::Owners(std::collections::BTreeSet::new());
    let rep = context.renewed("rep", context.now, scope);
    assert!(close::close(&rep, &order(true)).await.is_err());
    assert!(matches!(close::show(&rep, quarter()).await, Err(Error::NotSeen(_))));
    assert!(matches!(close::verify(&rep, quarter()).await, Err(Error::NotSeen(_))));
    assert!(matches!(close::restatements(&rep, quarter()).await, Err(Error::NotSeen(_))));
    let list = close::list(&rep).await.expect("is told");
    assert!(list.periods.iter().all(|it| !matches!(it.standing, Standing::Closed { .. })));
}

/// Hand-offs are kept as they stand; as they stood is told by the journal alone.
#[tokio::test(flavor = "multi_thread")]
async fn hand_offs_are_told_as_they_stood_at_any_instant() {
    let company = handing(3, 4, 5).await;
    let mut stood: BTreeMap<Timestamp, Vec<Handoff>> = BTreeMap::new();
    let begin = company.context.now;
    let calls = Deed::Call { was_reached: true, note: String::new() };
    let deeds = [
        ("l0", Deed::Offer(To::User("u1".to_owned()))),
        ("l1", Deed::Offer(To::Everybody)),
        ("l0", Deed::Accept),
        ("l0", calls),
        ("l0", Deed::Release { reason: "No budget".to_owned() }),
        ("l2", Deed::Offer(To::User("u2".to_owned()))),
        ("l2", Deed::Recycle { reason: "Bad timing".to_owned() }),
        ("l0", Deed::Accept),
    ];
    for (place, (lead, deed)) in (0_i64..).zip(deeds) {
        let now = begin + SignedDuration::from_mins(10 * (place + 1));
        let context = company.context.renewed("test", now, company.context.scope.clone());
        let user = app::handoff::user(&context, "u1").await.expect("a user");
        let by = domain::handoff::By { user: Some(user), ..BOTH };
        act(&context, lead, &deed, by).await.unwrap_or_else(|error| panic!("{deed:?}: {error}"));
        stood.insert(now, context.store.handoffs().await.expect("reads"));
    }
    let after = later(&company.context, 24 * 30);
    tick::tick(&after).await.expect("the clock goes on");
    stood.insert(after.now, after.store.handoffs().await.expect("reads"));
    for (at, then) in &stood {
        let told = after.store.handoffs_at(*at).await.expect("reads");
        assert_eq!(&told, then, "{at}");
    }
    assert_eq!(after.store.handoffs_at(begin).await.expect("reads"), []);
    let before = begin - SignedDuration::from_secs(1);
    assert!(agreement::in_force_at(&after, before).await.expect("reads").is_none());
    assert!(agreement::in_force_at(&after, begin).await.expect("reads").is_some());
}

/// Somebody writes another revenue into the database, where no entry of the journal tells of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_figure_that_was_changed_past_baton_is_found_out() {
    let company = company(0).await;
    close::close(&company.context, &order(false)).await.expect("is closed");
    let now = company.context.now;
    let TestCompany { context, folder } = company;
    context.store.close().await.expect("is closed");
    let data = folder.path().join("data");
    let file = data.join(store::limits::FILE_NAME);
    let mut bytes = std::fs::read(&file).expect("reads");
    let told = b"metric\trevenue\tvalue\tmoney\t350000".as_slice();
    let place = bytes.windows(told.len()).position(|window| window == told);
    let place = place.expect("the figure is in the file") + told.len() - 6;
    bytes[place] = b'9';
    std::fs::write(&file, bytes).expect("writes");
    let place = Place { folder: data, database_url: None, lake_url: None };
    let session = Session { actor: "test".to_owned(), now, id_seed: [8; 32] };
    let context = Context::open(place, session).await.expect("opens");
    let verified = close::verify(&context, quarter()).await.expect("is held against it");
    let holds: Vec<bool> = verified.tests.iter().map(|test| test.holds).collect();
    assert_eq!(holds, [false, true, true, true, true, true], "{:#?}", verified.tests);
    assert!(verified.document().answer.contains("1 of 6 tests failed"));
}
