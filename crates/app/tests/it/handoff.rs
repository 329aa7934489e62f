//! The baton is passed: one owner at a time, nothing lost, nobody told twice, whoever acts when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use app::agreement::{self, trial};
use app::context::{Context, Place, Session};
use app::error::Error;
use app::handoff::alignment;
use app::handoff::keeping::{self, Question};
use app::handoff::queue::queue;
use app::handoff::{Deed, To, act, tick, user};
use app::metrics;
use domain::agreement::Side;
use domain::handoff::{By, State};
use domain::kind::Kind;
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reports::document::Cell;
use reports::document::Report;
use reports::handoff::Handed;
use testkit::{How, TestCompany};
use uuid::Uuid;

const TERMS: &str = r#"
definition = "asked for a demo, or a score of 60"
score_min = 60
promised_monthly = 22
accept_minutes = 120
contact_minutes = 240
grace_minutes = 60
calls_min = 1
decline_reasons = ["No fit", "No budget"]
recycle_reasons = ["Bad timing"]
recycle_days = 10
passes_max = 50
routing = ["account owner", "territory", "round robin", "least busy"]

[hours]
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
opens = "09:00"
closes = "17:00"
holidays = ["2026-06-04"]
"#;

/// Users u0, u1 … who take leads, and leads l0, l1 … of an account that u1 owns, or of none.
pub async fn company(users: usize, leads: usize, capacity: u32) -> TestCompany {
    let company = TestCompany::new().await;
    let mut text = "user_id,name,email,manager_id\n".to_owned();
    for number in 0..users {
        text += &format!("u{number},Runner {number},r{number}@example.com,u0\n");
    }
    let accounts = "account_id,name,owner_id,country\na1,Open Works,u1,Norway\n".to_owned();
    let mut rows = "lead_id,created_at,stage,source,score,account_id\n".to_owned();
    for number in 0..leads {
        let account = if number == 0 { "a1" } else { "" };
        rows += &format!("l{number},2026-05-20,MQL,Webinar,70,{account}\n");
    }
    for (kind, text) in [(Kind::Users, text), (Kind::Accounts, accounts), (Kind::Leads, rows)] {
        company.import_text(kind, &text, How::default()).await.expect("is imported");
    }
    let mut terms = TERMS.to_owned();
    for number in 0..users {
        terms += &format!("[[runner]]\nuser = \"u{number}\"\ncapacity = {capacity}\n");
    }
    for (minutes, tell) in [(-30, "runner"), (0, "manager"), (30, "u0")] {
        terms += &format!("[[escalation]]\nminutes = {minutes}\ntell = \"{tell}\"\n");
    }
    agreement::set(&company.context, &terms).await.expect("an agreement");
    for side in Side::ALL {
        agreement::sign(&company.context, side, None).await.expect("is signed");
    }
    company
}

fn at(context: &Context, now: Timestamp) -> Context {
    context.renewed("test", now, context.scope.clone())
}

async fn runner(context: &Context, number: usize) -> By {
    let user = Some(user(context, &format!("u{number}")).await.expect("a user"));
    By { user, is_marketing: false, is_sales: true, may_act_for_others: false }
}

/// Does something beside all else, as a server does each request.
fn aside<T: Send + 'static>(
    work: impl AsyncFnOnce() -> T + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || handle.block_on(async move { work().await }))
}

pub const BOTH: By =
    By { user: None, is_marketing: true, is_sales: true, may_act_for_others: true };

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_who_accept_at_once_one_gets_it_and_the_others_are_told_who() {
    let company = company(64, 1, 5).await;
    let context = &company.context;
    act(context, "l0", &Deed::Offer(To::Everybody), BOTH).await.expect("is offered");
    let context = Arc::new(at(context, context.now));
    let mut takers = Vec::new();
    for number in 0..64 {
        let (context, by) = (context.clone(), runner(&context, number).await);
        takers.push(aside(async move || act(&context, "l0", &Deed::Accept, by).await));
    }
    let mut outcomes: Vec<Result<Handed, Error>> = Vec::new();
    for taker in takers {
        outcomes.push(taker.await.expect("it ends"));
    }
    let got: Vec<&Handed> = outcomes.iter().flatten().collect();
    assert_eq!(got.len(), 1);
    let owner = got[0].line.runner.clone().expect("an owner");
    let told = format!("{owner} has this lead already");
    let others: Vec<String> =
        outcomes.iter().filter_map(|it| it.as_ref().err()).map(ToString::to_string).collect();
    assert_eq!(others, vec![told; 63]);
    let kept = context.store.open_handoffs().await.expect("reads");
    assert_eq!((kept.len(), kept[0].state), (1, State::Accepted));
    let again = act(&context, "l0", &Deed::Accept, By { user: kept[0].owner, ..BOTH }).await;
    assert!(again.expect("has it").was_so, "who has it is not refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_as_many_as_agreed_takes_no_other() {
    let company = company(2, 3, 1).await;
    let context = &company.context;
    for lead in ["l0", "l1", "l2"] {
        act(context, lead, &Deed::Offer(To::Everybody), BOTH).await.expect("is offered");
    }
    let (one, other) = (runner(context, 0).await, runner(context, 1).await);
    act(context, "l0", &Deed::Accept, one).await.expect("has room");
    let full = act(context, "l1", &Deed::Accept, one).await.expect_err("is full").to_string();
    assert!(full.contains("as many leads are in hand as agreed (1)"), "{full}");
    act(context, "l1", &Deed::Accept, other).await.expect("has room");
    let released = Deed::Release { reason: "on leave".to_owned() };
    act(context, "l0", &released, one).await.expect("is passed on");
    act(context, "l2", &Deed::Accept, one).await.expect("has room again");
}

/// Where the agreement says so, what the CRM calls an MQL from then on is in the queue with the
/// next turn of the clock: once, and whoever was qualified before is not.
#[tokio::test(flavor = "multi_thread")]
async fn leads_enter_by_themselves_where_that_is_agreed() {
    let company = company(2, 2, 5).await;
    let now = moment("2026-06-01T09:00:00Z");
    let context = &at(&company.context, now);
    assert_eq!(tick::tick(context).await.expect("ticks").offered, 0, "by hand is agreed");
    let by_stage = TERMS.replace("recycle_days", "entry = \"by stage\"\nrecycle_days")
        + "[[runner]]\nuser = \"u1\"\ncapacity = 5\n";
    agreement::set(context, &by_stage).await.expect("a version");
    for side in Side::ALL {
        agreement::sign(context, side, None).await.expect("is signed");
    }
    let later = &at(context, moment("2026-06-02T09:00:00Z"));
    assert_eq!(tick::tick(later).await.expect("ticks").offered, 0, "both were MQLs before");
    let text = "lead_id,created_at,stage,source\nn0,2026-06-02,MQL,Webinar\n\
                n1,2026-06-02,New,Webinar\n";
    company.import_text(Kind::Leads, text, How::default()).await.expect("is imported");
    let after = &at(context, moment("2026-06-03T09:00:00Z"));
    assert_eq!(tick::tick(after).await.expect("ticks").offered, 1);
    assert_eq!(tick::tick(after).await.expect("ticks").offered, 0, "each enters once");
    let open = context.store.open_handoffs().await.expect("reads");
    assert_eq!((open.len(), open[0].state), (1, State::Offered));
    let wrong = by_stage.replace("by stage", "by chance");
    match agreement::set(context, &wrong).await.expect_err("is refused") {
        Error::Field { field, .. } => assert_eq!(field, "entry"),
        other => panic!("{other}"),
    }
}

/// An agreement is tried on leads as they went, before anybody signs it; nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_tried_on_the_leads_of_the_past() {
    let company = company(2, 1, 5).await;
    let context = &company.context;
    let leads = "lead_id,created_at,stage,score,account_id\nt0,2026-02-02,New,80,a1\n\
                 t1,2026-02-02,New,80,\nt2,2026-02-02,New,20,\n";
    company.import_text(Kind::Leads, leads, How::default()).await.expect("is imported");
    let changes = "lead_id,changed_at,stage\n\
                   t0,2026-02-03T09:00:00Z,MQL\nt0,2026-02-03T10:00:00Z,SAL\n\
                   t0,2026-02-20T10:00:00Z,Lost\n\
                   t1,2026-02-03T09:30:00Z,MQL\nt2,2026-02-03T09:45:00Z,MQL\n";
    company.import_text(Kind::LeadChanges, changes, How::default()).await.expect("is imported");
    let text = TERMS.to_owned() + "[[runner]]\nuser = \"u1\"\ncapacity = 1\n";
    let before = context.store.agreements().await.expect("reads").len();
    let (from, to) = (Some(jiff::civil::date(2026, 1, 1)), Some(jiff::civil::date(2026, 3, 31)));
    let question = trial::Question { terms: Some(text), version: None, from, to };
    let tried = trial::trial(context, &question).await.expect("is tried").trial;
    assert_eq!((tried.leads, tried.below_score), (2, 1));
    assert_eq!((tried.in_time, tried.late, tried.dropped, tried.running), (1, 0, 1, 0));
    // The one runner has the first until it is lost, then the second.
    assert_eq!((tried.waited, tried.never_offered, tried.runners[0].given), (1, 0, 2));
    assert!((tried.promised - 66.0).abs() < 1e-9, "{}", tried.promised);
    assert_eq!(context.store.agreements().await.expect("reads").len(), before);
    let unknown = trial::Question { version: Some(9), ..trial::Question::default() };
    assert!(trial::trial(context, &unknown).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_in_force_once_both_sides_have_signed() {
    let company = company(2, 1, 5).await;
    let context = &company.context;
    let raised = TERMS.replace("promised_monthly = 22", "promised_monthly = 44")
        + "[[runner]]\nuser = \"r1@example.com\"\ncapacity = 5\n";
    agreement::set(context, &raised).await.expect("a version");
    agreement::sign(context, Side::Sales, Some(2)).await.expect("is signed");
    let number = async || agreement::in_force(context).await.expect("reads").map(|it| it.number);
    assert_eq!(number().await, Some(1));
    let twice = agreement::sign(context, Side::Sales, Some(2)).await;
    assert!(twice.expect_err("is refused").to_string().contains("signed version 2 already"));
    agreement::sign(context, Side::Marketing, None).await.expect("is signed");
    assert_eq!(number().await, Some(2));
    let shown = agreement::show(context).await.expect("reads");
    assert_eq!(shown.json()["in_force"], 2);
    assert_eq!(shown.json()["versions"][1]["runners"][0]["name"], "Runner 1");
    for (old, new, field) in [
        ("accept_minutes = 120", "accept_minutes = 0", "accept_minutes"),
        ("opens = \"09:00\"", "opens = \"9\"", "opens"),
        ("\"monday\"", "\"moonday\"", "working_days"),
        ("[[runner]]\nuser = \"r1@example.com\"", "[[runner]]\nuser = \"nobody\"", "runner"),
        ("promised_monthly = 44", "promised = 44", "terms"),
    ] {
        let refused = agreement::set(context, &raised.replace(old, new)).await;
        match refused.expect_err("is refused") {
            Error::Field { field: wrong, .. } => assert_eq!(wrong, field),
            other => panic!("{other}"),
        }
    }
}

/// A lead's way through the queue, its clocks, and what both sides kept of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_routed_taken_called_and_counted() {
    let company = company(3, 4, 1).await;
    let now = moment("2026-06-01T12:00:00Z");
    let context = &at(&company.context, now);
    let offer = Deed::Offer(To::Routing);
    let first = act(context, "l0", &offer, BOTH).await.expect("is offered").line;
    assert_eq!(first.runner.as_deref(), Some("Runner 1"), "the account's owner");
    assert_eq!(first.clock.expect("runs").minutes_left, 120);
    for lead in ["l1", "l2"] {
        let line = act(context, lead, &offer, BOTH).await.expect("is offered").line;
        assert_eq!(line.state, State::Offered);
    }
    let full = act(context, "l3", &offer, BOTH).await.expect("waits").line;
    assert_eq!((full.state, full.runner), (State::Qualified, None));
    let one = runner(context, 1).await;
    act(context, "l0", &Deed::Accept, one).await.expect("takes it");
    let queued = queue(context, one, false).await.expect("reads");
    assert_eq!(queued.lines[0].why, ["score 70 of 60", "came by Webinar"]);
    assert_eq!(queued.lines[0].can, ["decline", "call", "release"]);
    let called = &at(context, now + SignedDuration::from_hours(1));
    let call = Deed::Call { was_reached: true, note: "wants a demo".to_owned() };
    act(called, "l0", &call, one).await.expect("is logged");
    let decline = Deed::Decline { reason: "no fit".to_owned() };
    act(called, "l0", &decline, one).await.expect("is declined");
    // Its place is free again, and the lead that waited gets it.
    let ticked = tick::tick(called).await.expect("ticks");
    assert_eq!((ticked.offered, ticked.dropped), (1, 0));
    assert_eq!(tick::tick(called).await.expect("ticks"), reports::handoff::Ticked::default());
    // Offered at 12:00, due at 14:00, dropped at 15:00; l3 an hour later.
    let late = &at(context, moment("2026-06-01T15:00:00Z"));
    let ticked = tick::tick(late).await.expect("ticks");
    assert_eq!((ticked.dropped, ticked.told), (2, 2 * 3 + 2));
    let dropped = keeping::dropped(late, Question::default()).await.expect("reads");
    let leads: BTreeSet<&str> = dropped.drops.iter().map(|drop| drop.lead.as_str()).collect();
    assert_eq!(leads, BTreeSet::from(["l1", "l2"]));
    assert_eq!((dropped.offered, dropped.drops[0].waited_minutes), (4, 180));
    let kept = keeping::keeping(late, Question::default()).await.expect("reads");
    let week = kept.weeks.last().expect("this week");
    assert_eq!((week.qualified, week.dropped), (4, 2));
    assert_eq!((week.accepted.in_time, week.accepted.late, week.accepted.running), (1, 2, 1));
    assert_eq!((week.contacted.in_time, week.contacted.late), (1, 0));
    // June has 22 weekdays but for a holiday; the week has but begun.
    assert!((week.promised - 22.0 / 21.0).abs() < 1e-9, "{}", week.promised);
    assert_eq!(kept.declined, [("No fit".to_owned(), 1)]);
    assert_eq!((kept.speed[0].leads, kept.speed[0].sales_qualified, kept.undecided), (1, 0, 0));
    are_measured(late).await;
    let again = act(late, "l1", &offer, BOTH).await.expect("is offered again").line;
    assert_eq!(again.pass, 2);
}

/// The catalogue measures what the report of keeping counts.
async fn are_measured(context: &Context) {
    let figures = async |name: &str| {
        let question = metrics::Question { name: name.to_owned(), ..Default::default() };
        metrics::show(context, &question).await.expect("a figure").rows[0][1..].to_vec()
    };
    let share = |share: f64| Cell::Share(share);
    assert_eq!(figures("agreement_kept").await, [share(0.5), Cell::Count(2), Cell::Count(2)]);
    // One was taken, and declined after that; two were dropped; one still waits.
    let third = share(1.0 / 3.0);
    assert_eq!(figures("acceptance_rate").await, [third, Cell::Count(1), Cell::Count(2)]);
    let both = [share(0.75), Cell::Number(1.0), Cell::Number(0.5)];
    assert_eq!(figures("alignment").await, both, "four leads for little more than one promised");
    let found = alignment::alignment(context, None, None).await.expect("reads");
    let quarter = found.quarters.last().expect("this quarter");
    assert_eq!((quarter.alignment, quarter.acceptance_rate), (Some(0.75), Some(1.0 / 3.0)));
}

/// What a test knows of a lead, told by outcomes alone.
#[derive(Default)]
struct Known {
    /// Who took it last and has not let it go.
    owner: Option<Uuid>,
    was_begun: bool,
}

/// Ten users act at random, several at once, while the clock jumps to and fro and the company is
/// opened anew.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_acts_when_one_has_the_baton_and_nothing_is_lost() {
    const LEADS: usize = 6;
    let company = company(10, LEADS, 3).await;
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for seed in 0..3 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut context = at(&company.context, company.context.now);
        let mut now =
            moment("2026-06-01T09:00:00Z") + SignedDuration::from_hours(24 * 7 * seed as i64);
        let told_before = context.store.told_notices().await.expect("reads").len();
        let mut told = 0;
        for round in 0..40 {
            now += SignedDuration::from_mins(random.random_range(-90..400));
            if random.random_range(0..8) == 0 {
                context = reopened(&company, round, now).await;
            }
            let here = Arc::new(at(&context, now));
            let (mut acts, mut ticks) = (Vec::new(), Vec::new());
            for _ in 0..random.random_range(1..6) {
                let (lead, number) = (random.random_range(0..LEADS), random.random_range(0..10));
                let (lead, deed) = (format!("l{lead}"), any_deed(&mut random));
                let by = match &deed {
                    Deed::Offer(_) => BOTH,
                    _ => runner(&here, number).await,
                };
                let here = here.clone();
                acts.push(aside(async move || {
                    let done = act(&here, &lead, &deed, by).await;
                    (lead, deed, by, done)
                }));
            }
            for _ in 0..random.random_range(0..3) {
                let here = here.clone();
                ticks.push(aside(async move || tick::tick(&here).await));
            }
            let mut took: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
            for act in acts {
                let (lead, deed, by, done) = act.await.expect("it ends");
                let Ok(handed) = done else { continue };
                known.entry(lead.clone()).or_default().was_begun = true;
                if deed == Deed::Accept && !handed.was_so {
                    took.entry(lead).or_default().extend(by.user);
                }
            }
            for tick in ticks {
                told += tick.await.expect("it ends").expect("ticks").told;
            }
            check(&here, &mut known, &took).await;
        }
        let all = here_told(&context).await;
        assert_eq!(all - told_before, told, "as many were told as ticks say");
    }
}

async fn here_told(context: &Context) -> usize {
    context.store.told_notices().await.expect("reads").len()
}

/// The same company, opened by a process of its own.
async fn reopened(company: &TestCompany, round: usize, now: Timestamp) -> Context {
    let folder = company.folder.path().join("data");
    let place = Place { folder, database_url: None, lake_url: None };
    let mut id_seed = [9; 32];
    id_seed[0] = u8::try_from(round).expect("is small");
    let session = Session { actor: "test".to_owned(), now, id_seed };
    Context::open(place, session).await.expect("it opens")
}

fn any_deed(random: &mut ChaCha8Rng) -> Deed {
    match random.random_range(0..12) {
        0 | 1 => Deed::Offer(To::Routing),
        2 | 3 => Deed::Offer(To::Everybody),
        4..7 => Deed::Accept,
        7 => Deed::Call { was_reached: random.random(), note: String::new() },
        8 => Deed::Decline { reason: "No fit".to_owned() },
        9 => Deed::Recycle { reason: "Bad timing".to_owned() },
        10 => Deed::Qualify,
        _ => Deed::Release { reason: "away".to_owned() },
    }
}

/// What holds at any time, seen from the rows alone and from who was told what.
async fn check(
    context: &Context,
    known: &mut BTreeMap<String, Known>,
    took: &BTreeMap<String, Vec<Uuid>>,
) {
    let all = context.store.handoffs().await.expect("reads");
    let leads = context.store.names(Kind::Leads).await.expect("reads");
    for (id, name) in leads {
        let passes: Vec<_> = all.iter().filter(|it| it.lead == id).collect();
        let open: Vec<_> = passes.iter().filter(|it| it.is_open()).collect();
        assert!(open.len() <= 1, "{open:#?}");
        let numbers: Vec<u32> =
            passes.iter().map(|it| it.pass).collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(numbers, (1..=u32::try_from(passes.len()).expect("few")).collect::<Vec<_>>());
        let lead = known.entry(name.clone()).or_default();
        assert!(!lead.was_begun || !passes.is_empty(), "{name} is lost");
        let owner = open.first().and_then(|it| it.owner);
        if let Some(owner) = owner {
            let newly = took.get(&name).is_some_and(|users| users.contains(&owner));
            assert!(lead.owner == Some(owner) || newly, "{name} changed hands by itself");
        }
        lead.owner = owner;
        for it in passes {
            let times = [Some(it.qualified_at), it.offered_at, it.accepted_at, it.ended_at];
            assert!(times.into_iter().flatten().is_sorted(), "{it:?}");
            assert!(it.accept_by >= it.offered_at && it.contact_by >= it.accepted_at, "{it:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_that_the_crm_calls_qualified_are_gathered_once() {
    let company = company(2, 3, 2).await;
    let context = &company.context;
    let by = |day: &str| Some(day.parse().expect("a day"));
    act(context, "l1", &Deed::Offer(To::Everybody), BOTH).await.expect("is offered");
    let none = tick::gather(context, by("2026-06-02")).await.expect("gathers");
    assert_eq!(none.offered, 0, "they are of before that day");
    let all = tick::gather(context, by("2026-05-01")).await.expect("gathers");
    assert_eq!(all.offered, 2);
    let again = tick::gather(context, by("2026-05-01")).await.expect("gathers");
    assert_eq!(again.offered, 0);
    assert_eq!(context.store.open_handoffs().await.expect("reads").len(), 3);
}
