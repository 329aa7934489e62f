//! A year of the demo company's hand-offs, told by its exports, goes through the queue; what is
//! dropped there is what the simulator never had anybody contact.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use app::agreement;
use app::context::{Context, Session};
use app::handoff::keeping::{self, Question};
use app::handoff::{Deed, To, act, tick, user};
use domain::agreement::Side;
use domain::company::Company;
use domain::handoff::By;
use domain::kind::Kind;
use domain::money::Currency;
use domain::period::FiscalCalendar;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use simulator::{Exports, Settings, write_exports};
use testkit::{How, import_file};

const TODAY: Date = date(2026, 6, 1);
/// Leads of the last days before the end may yet be contacted: they are left out on both sides.
const OPEN_DAYS: i64 = 125;

/// How long the agreement waits for somebody to accept, its grace included.
const WAITS: SignedDuration = SignedDuration::from_hours(24 * 120);

const TERMS: &str = r#"
definition = "as the demo company has it"
promised_monthly = 100
accept_minutes = 86400
contact_minutes = 600
grace_minutes = 86400
calls_min = 0
decline_reasons = ["No fit", "No authority", "No need", "Too small", "Deal lost"]
recycle_reasons = ["Bad timing", "No response", "No budget yet", "Deal lost"]
recycle_days = 3650
passes_max = 50
routing = ["round robin"]

[hours]
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
opens = "00:00"
closes = "24:00"
"#;

/// A change of a lead's stage, as the export tells it.
#[derive(Clone, Debug)]
struct Step {
    lead: String,
    at: Timestamp,
    stage: String,
    owner: String,
    reason: String,
}

fn steps(exports: &Exports) -> Vec<Step> {
    let file = exports.files.iter().find(|file| file.kind == "lead_changes").expect("a file");
    let mut reader = csv::Reader::from_path(&file.path).expect("reads");
    let headers = reader.headers().expect("a head").clone();
    let place = |name: &str| headers.iter().position(|it| it == name).expect(name);
    let [lead, at, stage, owner, reason] =
        ["lead_id", "changed_at", "stage", "owner_id", "reason"].map(place);
    let row = |row: csv::StringRecord| Step {
        lead: row[lead].to_owned(),
        at: row[at].parse().expect("a moment"),
        stage: row[stage].to_owned(),
        owner: row[owner].to_owned(),
        reason: row[reason].to_owned(),
    };
    let mut steps: Vec<Step> = reader.records().map(|it| row(it.expect("a row"))).collect();
    steps.sort_by(|a, b| (a.at, &a.lead).cmp(&(b.at, &b.lead)));
    steps
}

async fn company(folder: &std::path::Path, exports: &Exports) -> Context {
    let company = Company {
        name: "Lantern".to_owned(),
        currency: Currency::USD,
        timezone_name: "UTC".to_owned(),
        timezone: TimeZone::UTC,
        calendar: FiscalCalendar::new(1).expect("January"),
    };
    let now = TODAY.to_zoned(TimeZone::UTC).expect("a day").timestamp();
    let session = Session { actor: "test".to_owned(), now, id_seed: [5; 32] };
    let context =
        Context::scratch(folder.join("data"), &company, session).await.expect("a company");
    for (kind, name) in [(Kind::Users, "users"), (Kind::Leads, "leads")] {
        let file = exports.files.iter().find(|file| file.kind == name).expect(name);
        let how = How { observed_at: Some(TODAY), ..How::default() };
        import_file(&context, &file.path, kind, how).await.expect("is imported");
    }
    context
}

/// The year that goes through the queue: passes by lead, each an MQL with what came of it.
fn passes(steps: &[Step], from: Timestamp, to: Timestamp) -> BTreeMap<String, Vec<Vec<Step>>> {
    let mut passes: BTreeMap<String, Vec<Vec<Step>>> = BTreeMap::new();
    for step in steps {
        let own = passes.entry(step.lead.clone()).or_default();
        match (step.stage.as_str(), own.last_mut()) {
            ("mql", _) => own.push(vec![step.clone()]),
            (_, Some(pass)) => pass.push(step.clone()),
            (_, None) => {}
        }
    }
    for own in passes.values_mut() {
        own.retain(|pass| (from..to).contains(&pass[0].at));
        // What comes later than the agreement waits comes to a baton that lies on the ground.
        let is_late = |pass: &&mut Vec<Step>| pass.len() > 1 && pass[1].at > pass[0].at + WAITS;
        own.iter_mut().filter(is_late).for_each(|pass| pass.truncate(1));
    }
    passes.retain(|_, own| !own.is_empty());
    passes
}

/// What a step of the export is in the queue.
fn deeds(stage: &str, before: &str, reason: &str) -> Vec<Deed> {
    let reached = || Deed::Call { was_reached: true, note: String::new() };
    let reason = reason.to_owned();
    let end = match stage {
        "recycled" => Deed::Recycle { reason },
        _ => Deed::Decline { reason },
    };
    match (stage, before) {
        ("sal", _) => vec![Deed::Accept, reached()],
        ("sql", _) => vec![Deed::Qualify],
        ("opportunity", _) => vec![Deed::Open],
        ("recycled" | "disqualified", "mql") => vec![Deed::Accept, reached(), end],
        ("recycled" | "disqualified", "opportunity") => vec![Deed::Reopen, end],
        ("recycled" | "disqualified", _) => vec![end],
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_the_demo_company_drops_what_the_simulator_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let exports = write_exports(&Settings::demo(TODAY), &folder.path().join("exports"));
    let exports = exports.expect("exports");
    let context = company(folder.path(), &exports).await;
    let end = context.now - SignedDuration::from_hours(24 * OPEN_DAYS);
    let from = end - SignedDuration::from_hours(24 * 365);
    let passes = passes(&steps(&exports), from, end);
    let owners: BTreeSet<&String> = passes.values().flatten().map(|pass| &pass[0].owner).collect();
    let mut users: BTreeMap<String, By> = BTreeMap::new();
    let mut terms = TERMS.to_owned();
    for owner in owners {
        let user = Some(user(&context, owner).await.expect("a user"));
        let by = By { user, is_marketing: true, is_sales: true, may_act_for_others: false };
        users.insert(owner.clone(), by);
        terms += &format!("[[runner]]\nuser = \"{owner}\"\ncapacity = 1000\n");
    }
    agreement::set(&context, &terms).await.expect("an agreement");
    for side in Side::ALL {
        agreement::sign(&context, side, None).await.expect("is signed");
    }
    let began = Instant::now();
    let done = lived(&context, &passes, &users).await;
    let took = began.elapsed();
    let days = Question {
        from: Some(from.to_zoned(TimeZone::UTC).date().saturating_sub(1.day())),
        to: Some(TODAY.saturating_add(1.day())),
    };
    let report = keeping::dropped(&context, days).await.expect("a report");
    let dropped: BTreeSet<(String, usize)> =
        report.drops.iter().map(|it| (it.lead.clone(), it.pass as usize)).collect();
    let truth: BTreeSet<(String, usize)> = (passes.iter())
        .flat_map(|(lead, own)| {
            (1..).zip(own).map(move |(pass, it)| (lead.clone(), pass, it.len()))
        })
        .filter(|(_, _, steps)| *steps == 1)
        .map(|(lead, pass, _)| (lead, pass))
        .collect();
    let all: usize = passes.values().map(Vec::len).sum();
    println!("{all} hand-offs, {done} actions in {took:.1?}; {} dropped", truth.len());
    assert!(truth.len() > 20 && all > 500, "the demo has hand-offs: {all}");
    assert_eq!(dropped, truth);
    // Six of a hundred are never contacted, by the simulator's own parameter.
    let expected = 0.06 * all as f64;
    assert!((truth.len() as f64 - expected).abs() < 4.0 * expected.sqrt(), "{expected}");
    assert_eq!(report.offered, all);
}

/// Everything that happened, in its order, and the clock's turn on each day.
async fn lived(
    context: &Context,
    passes: &BTreeMap<String, Vec<Vec<Step>>>,
    users: &BTreeMap<String, By>,
) -> usize {
    let mut events: Vec<(&Step, Option<&str>, &str)> = Vec::new();
    for pass in passes.values().flatten() {
        let owner = pass[0].owner.as_str();
        events.push((&pass[0], None, owner));
        let later = pass.windows(2).map(|pair| (&pair[1], Some(pair[0].stage.as_str()), owner));
        events.extend(later);
    }
    events.sort_by(|a, b| (a.0.at, &a.0.lead).cmp(&(b.0.at, &b.0.lead)));
    let (mut done, mut day) = (0, events[0].0.at);
    for (step, before, owner) in events {
        while day < step.at {
            tick::tick(&context.renewed("clock", day, context.scope.clone())).await.expect("ticks");
            day += SignedDuration::from_hours(24);
        }
        let here = context.renewed("test", step.at, context.scope.clone());
        let by = users[owner];
        let deeds = match before {
            None => vec![Deed::Offer(To::User(owner.to_owned()))],
            Some(before) => deeds(&step.stage, before, &step.reason),
        };
        for deed in deeds {
            let outcome = act(&here, &step.lead, &deed, by).await;
            outcome.unwrap_or_else(|error| panic!("{step:?} {deed:?}: {error}"));
            done += 1;
        }
    }
    tick::tick(context).await.expect("ticks");
    done
}
