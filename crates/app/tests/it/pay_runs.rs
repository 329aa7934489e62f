//! Statements on their way to payroll: four eyes, locks, late facts, disputes, the gate, and who
//! sees what.

use app::context::Context;
use app::error::Error;
use app::journal;
use app::pay::{
    Deed, Remark, Saved, advance, calculate, desk, dispute, export, judge, outlook, save, sheet,
    sign, what_if,
};
use domain::access::Scope;
use domain::kind::Kind;
use domain::pay::run::{Ruling, State};
use jiff::ToSpan;
use reports::document::Report;
use reports::pay::kept::{RunShown, Sheet};
use testkit::{How, TestCompany};

use crate::paying::of;

const USERS: &str = "user_id,name,email\n\
                     u1,Ann Ashe,ann@test.example\n\
                     u2,Ben Birch,ben@test.example\n";

/// Ann wins 80,000 and 60,000 in the first quarter; Ben 30,000, and works on 50,000.
const DEALS: &str = "deal_id,stage,amount,created_at,close_date,owner_id\n\
                     D-1,Won,80000,2025-12-01,2026-01-20,u1\n\
                     D-2,Won,60000,2026-01-05,2026-02-20,u1\n\
                     D-4,Won,30000,2026-02-01,2026-03-31,u2\n\
                     D-6,Negotiation,50000,2026-02-01,2026-07-01,u2\n";

const PLAN: &str = r#"
name = "Sales"
version = 1
currency = "USD"
first_period = "2026-Q1"
freeze_days = 15

[[measure]]
name = "revenue won"
rate = "10 %"
tiers = [{ from = "0 %", times = "1" }, { from = "100 %", times = "1.5" }]

[[payee]]
id = "u1"
name = "Ann"
starts_on = "2025-01-01"
quotas = { "revenue won" = "100000" }

[[payee]]
id = "u2"
name = "Ben"
starts_on = "2025-01-01"
quotas = { "revenue won" = "100000" }

[relay]
name = "The quarter together"
period = "2026-Q1"
pool = "1000"

[[relay.leg]]
name = "close"
judge = "revenue operations"
mark = "150"
unit = "thousand USD"
share = 1
runners = ["u1", "u2"]
"#;

/// A company whose plan is kept and signed.
struct Paying {
    company: TestCompany,
}

impl Paying {
    async fn new() -> Paying {
        let company = TestCompany::told(&[(Kind::Users, USERS), (Kind::Deals, DEALS)]).await;
        save(&company.context, PLAN).await.expect("is kept");
        let which = newest();
        sign(&company.context, &which, None, &Scope::All).await.expect("is signed");
        Paying { company }
    }

    /// Somebody at work so many hours later.
    fn at(&self, actor: &str, hours: i64) -> Context {
        let context = &self.company.context;
        context.renewed(actor, context.now + hours.hours(), Scope::All)
    }

    async fn calculated(&self, period: &str, hours: i64) -> RunShown {
        let context = self.at("ops", hours);
        calculate(&context, "Sales", of(period)).await.expect("is calculated")
    }

    async fn locked(&self, period: &str, hours: i64) -> RunShown {
        self.calculated(period, hours).await;
        let chief = self.at("chief", hours);
        advance(&chief, "Sales", of(period), Deed::Approve).await.expect("is approved");
        let ops = self.at("ops", hours);
        advance(&ops, "Sales", of(period), Deed::Lock).await.expect("is locked")
    }

    async fn sheet(&self, period: &str, payee: &str) -> Sheet {
        let context = &self.company.context;
        sheet(context, ("Sales", of(period)), payee, &Scope::All).await.expect("is there")
    }
}

fn newest() -> Saved {
    Saved { name: "Sales".to_owned(), version: None }
}

/// The totals by payee.
fn totals(run: &RunShown) -> Vec<(&str, String)> {
    run.statements.iter().map(|sum| (sum.payee.as_str(), sum.total.to_decimal())).collect()
}

fn told(error: &Error) -> String {
    error.to_string()
}

#[tokio::test]
async fn four_eyes_approve_and_what_is_locked_stays() {
    let paying = Paying::new().await;
    let unkept = export(&paying.at("ops", 1), "Sales", of("2026-Q1")).await;
    assert!(matches!(unkept, Err(Error::NotSeen(_))));
    let run = paying.calculated("2026-Q1", 1).await;
    // Ann: 10 % of 100,000 once and of 40,000 at 1.5; Ben: 10 % of 30,000.
    assert_eq!(totals(&run), [("u1", "16000.00".to_owned()), ("u2", "3000.00".to_owned())]);
    let (ops, chief) = (paying.at("ops", 2), paying.at("chief", 2));
    let early = advance(&ops, "Sales", of("2026-Q1"), Deed::Lock).await.expect_err("is refused");
    assert!(told(&early).contains("not approved yet"), "{early}");
    let own = advance(&ops, "Sales", of("2026-Q1"), Deed::Approve).await.expect_err("is refused");
    assert!(told(&own).contains("four eyes"), "{own}");
    let unlocked = export(&ops, "Sales", of("2026-Q1")).await.expect_err("is refused");
    assert!(told(&unlocked).contains("lock it first"), "{unlocked}");
    advance(&chief, "Sales", of("2026-Q1"), Deed::Approve).await.expect("is approved");
    let locked = advance(&ops, "Sales", of("2026-Q1"), Deed::Lock).await.expect("is locked");
    assert_eq!((locked.state, &locked.sha256), (State::Locked, &run.sha256));
    let again = calculate(&ops, "Sales", of("2026-Q1")).await.expect_err("is refused");
    assert!(told(&again).contains("is locked"), "{again}");
    let payroll = export(&ops, "Sales", of("2026-Q1")).await.expect("is exported");
    let csv = reports::render::csv(&payroll.document().tables[0]).expect("is written");
    assert!(csv.contains("u1,Ann,Sales,1,2026-Q1,USD,16000.00,"), "{csv}");
    let proof = journal::verify(&ops).await.expect("is verified").json();
    assert_eq!(proof["holds"], true, "{proof}");
}

#[tokio::test]
async fn a_quarter_that_still_runs_is_not_approved() {
    let paying = Paying::new().await;
    paying.locked("2026-Q1", 1).await;
    paying.calculated("2026-Q2", 2).await;
    let chief = paying.at("chief", 3);
    let early =
        advance(&chief, "Sales", of("2026-Q2"), Deed::Approve).await.expect_err("is refused");
    assert!(told(&early).contains("2026-07-15"), "{early}");
}

#[tokio::test]
async fn what_becomes_known_after_the_lock_is_an_adjustment_and_no_statement_changes() {
    let paying = Paying::new().await;
    let before = paying.locked("2026-Q1", 1).await;
    let lines = paying.sheet("2026-Q1", "Ben").await.json();
    // A deal of March that nobody knew, another amount, and a deal that was not won after all.
    let late = "deal_id,stage,amount,created_at,close_date,owner_id\n\
                D-1,Lost,80000,2025-12-01,2026-01-20,u1\n\
                D-4,Won,45000,2026-02-01,2026-03-31,u2\n\
                D-9,Won,20000,2026-02-01,2026-03-10,u2\n\
                D-10,Won,7000,2026-04-01,2026-05-05,u2\n";
    paying.company.import_text(Kind::Deals, late, How::default()).await.expect("is imported");
    let second = paying.calculated("2026-Q2", 2).await;
    // Ann keeps 60,000 at 10 %: 6,000 of 16,000. Ben: 65,000 and 7,000 at 10 %, of which 3,000
    // are paid.
    let expected = [("u1", "-10000.00".to_owned()), ("u2", "4200.00".to_owned())];
    assert_eq!(totals(&second), expected);
    let desk = desk(&paying.at("ops", 3), &Scope::All).await.expect("is shown");
    let first = desk.runs.iter().find(|run| run.period == of("2026-Q1")).expect("is there");
    assert_eq!((&first.sha256, totals(first)), (&before.sha256, totals(&before)));
    assert_eq!(paying.sheet("2026-Q1", "Ben").await.json(), lines);
    let ben = paying.sheet("2026-Q2", "Ben").await.json().to_string();
    for part in ["D-9", "became known", "became 45000.00 USD instead of 30000.00 USD"] {
        assert!(ben.contains(part), "{part}: {ben}");
    }
    let ann = paying.sheet("2026-Q2", "Ann").await.json().to_string();
    assert!(ann.contains("turned out not to be won"), "{ann}");
}

#[tokio::test]
async fn a_dispute_is_ruled_on_before_anybody_approves() {
    let paying = Paying::new().await;
    paying.calculated("2026-Q1", 1).await;
    let run = ("Sales", of("2026-Q1"));
    let ben = paying.at("ben", 2);
    let said = |text: &str, ruling| Remark { text: text.to_owned(), ruling };
    let nothing = dispute(&ben, run, "Ben", &said(" ", None), &Scope::All).await;
    assert!(nothing.is_err());
    let early = said("it is right", Some(Ruling::Rejected));
    let early = dispute(&ben, run, "Ben", &early, &Scope::All).await.expect_err("is refused");
    assert!(told(&early).contains("nothing is disputed"), "{early}");
    let sheet = dispute(&ben, run, "Ben", &said("D-1 was mine", None), &Scope::All).await;
    assert!(sheet.expect("is said").is_disputed());
    let chief = paying.at("chief", 3);
    let open = advance(&chief, "Sales", run.1, Deed::Approve).await.expect_err("is refused");
    assert!(told(&open).contains("disputes are open: 1"), "{open}");
    let ruling = said("the CRM says Ann", Some(Ruling::Rejected));
    let ruled = dispute(&paying.at("ops", 4), run, "Ben", &ruling, &Scope::All).await;
    assert!(!ruled.expect("is ruled on").is_disputed());
    advance(&chief, "Sales", run.1, Deed::Approve).await.expect("is approved");
}

#[tokio::test]
async fn a_gate_judged_in_time_pays_in_its_quarter_and_one_judged_late_in_the_next() {
    let paying = Paying::new().await;
    let ops = paying.at("ops", 1);
    let none = judge(&ops, &newest(), "awareness", Some("1")).await.expect_err("is refused");
    assert!(told(&none).contains("no leg `awareness`: close"), "{none}");
    judge(&ops, &newest(), "close", Some("170")).await.expect("is judged");
    let twice = judge(&ops, &newest(), "close", Some("140")).await.expect_err("is refused");
    assert!(told(&twice).contains("once and for all"), "{twice}");
    let run = paying.locked("2026-Q1", 2).await;
    assert_eq!(totals(&run), [("u1", "16500.00".to_owned()), ("u2", "3500.00".to_owned())]);
    let next = paying.calculated("2026-Q2", 3).await;
    assert_eq!(totals(&next), [("u1", "0.00".to_owned()), ("u2", "0.00".to_owned())]);

    let late = Paying::new().await;
    let run = late.locked("2026-Q1", 2).await;
    assert_eq!(totals(&run), [("u1", "16000.00".to_owned()), ("u2", "3000.00".to_owned())]);
    judge(&late.at("ops", 3), &newest(), "close", Some("170")).await.expect("is judged");
    let next = late.calculated("2026-Q2", 4).await;
    assert_eq!(totals(&next), [("u1", "500.00".to_owned()), ("u2", "500.00".to_owned())]);
}

#[tokio::test]
async fn a_leg_with_a_metric_is_judged_by_it_and_its_outlook_is_told_before() {
    let company = TestCompany::told(&[(Kind::Users, USERS), (Kind::Deals, DEALS)]).await;
    let context = &company.context;
    let measured = |first: &str, mark: &str| {
        PLAN.replace("2026-Q1", first)
            .replace("unit = \"thousand USD\"", "unit = \"wins\"\nmetric = \"wins\"")
            .replace("mark = \"150\"", &format!("mark = \"{mark}\""))
    };
    let unknown = measured("2026-Q1", "3").replace("metric = \"wins\"", "metric = \"luck\"");
    let error = save(context, &unknown).await.expect_err("is refused");
    assert!(told(&error).contains("`luck` is no metric"), "{error}");
    save(context, &measured("2026-Q1", "3")).await.expect("is kept");
    let over = outlook(context, &newest(), &Scope::All).await.expect("is told").json();
    assert_eq!(
        (&over["legs"][0]["reached"], &over["probability_least"]),
        (&3.0.into(), &1.0.into())
    );
    judge(context, &newest(), "close", None).await.expect("is judged");
    let judged = desk(context, &Scope::All).await.expect("is shown").json();
    assert_eq!(judged["plans"][0]["legs"][0]["reached"], "3 wins", "{judged:#}");

    // Of a quarter that runs: three wins in 26 weeks, and four weeks and a day are left of it.
    let second = measured("2026-Q2", "1").replace("version = 1", "version = 2");
    save(context, &second).await.expect("is kept");
    let early = judge(context, &newest(), "close", None).await.expect_err("is refused");
    assert!(told(&early).contains("still runs"), "{early}");
    let found = outlook(context, &newest(), &Scope::All).await.expect("is told").json();
    let leg = &found["legs"][0];
    let expected = leg["expected"].as_f64().expect("is told");
    assert!((expected - 3.0 / 26.0 * 29.0 / 7.0).abs() < 1e-9, "{found:#}");
    let probability = leg["probability"].as_f64().expect("is told");
    // About one minus the chance that a Poisson count of that mean is none.
    assert!((probability - (1.0 - (-expected).exp())).abs() < 0.05, "{found:#}");
    let nobody = outlook(context, &newest(), &Scope::Owners([].into())).await;
    assert!(matches!(nobody, Err(Error::NotSeen(_))));
}

#[tokio::test]
async fn open_deals_are_won_for_the_sake_of_the_question_alone() {
    let paying = Paying::new().await;
    let context = paying.at("ben", 1);
    let run = ("Sales", of("2026-Q2"));
    let ask = async |payee: &str, deals: &[&str]| {
        let deals: Vec<String> = deals.iter().map(|deal| (*deal).to_owned()).collect();
        what_if(&context, run, payee, &deals, &Scope::All).await
    };
    let found = ask("Ben", &["D-6"]).await.expect("is told").json();
    assert_eq!((&found["now"], &found["then"]), (&"0.00".into(), &"5000.00".into()), "{found}");
    // Another's deal, one that is won already, and none at all.
    for (payee, deals) in [("Ann", ["D-6"]), ("Ben", ["D-4"]), ("Ben", ["D-77"])] {
        let error = ask(payee, &deals).await.expect_err("is refused");
        assert!(told(&error).contains("no open deal"), "{error}");
    }
    assert!(ask("Ben", &[]).await.is_err());
}

#[tokio::test]
async fn who_is_out_of_reach_is_not_told_from_who_is_not_there() {
    let paying = Paying::new().await;
    paying.calculated("2026-Q1", 1).await;
    let context = &paying.company.context;
    let run = ("Sales", of("2026-Q1"));
    let (_, ann) = journal::find(context, "users:u1").await.expect("is there");
    let reach = Scope::Owners([ann].into());
    let own = sheet(context, run, "Ann", &reach).await.expect("is her own").json();
    assert_eq!(own["statement"]["total"], "16000.00", "{own}");
    let hidden = sheet(context, run, "Ben", &reach).await.expect_err("is hidden");
    let absent = sheet(context, run, "Zoe", &reach).await.expect_err("is not there");
    assert_eq!(told(&hidden).replace("Ben", "Zoe"), told(&absent));
    let remark = Remark { text: "mine".to_owned(), ruling: None };
    let disputed = dispute(context, run, "Ben", &remark, &reach).await.expect_err("is hidden");
    assert_eq!(told(&disputed), told(&hidden));
    let deals = ["D-6".to_owned()];
    let asked = what_if(context, run, "Ben", &deals, &reach).await.expect_err("is hidden");
    assert_eq!(told(&asked), told(&hidden));
    let signed = sign(context, &newest(), Some("Ben"), &reach).await.expect_err("is hidden");
    let unknown = sign(context, &newest(), Some("Zoe"), &reach).await.expect_err("is not there");
    assert_eq!(told(&signed).replace("Ben", "Zoe"), told(&unknown));
    sign(context, &newest(), Some("Ann"), &reach).await.expect("is signed");
    let shown = desk(context, &reach).await.expect("is shown").json().to_string();
    for part in ["Ben", "u2", "3000.00", "19000.00", "quotas"] {
        assert!(!shown.contains(part), "{part}: {shown}");
    }
    let nobody = desk(context, &Scope::Owners([].into())).await.expect("is shown");
    assert!(nobody.runs.is_empty() && nobody.plans.is_empty());
}

#[tokio::test]
async fn a_plan_that_is_kept_judges_nothing_and_its_versions_follow_each_other() {
    let paying = Paying::new().await;
    let context = &paying.company.context;
    let judged = format!(
        "{PLAN}\n[[judgement]]\nleg = \"close\"\nknown_on = \"2026-04-02\"\nreached = \"170\"\n"
    )
    .replace("version = 1", "version = 2");
    let error = save(context, &judged).await.expect_err("is refused");
    assert!(told(&error).contains("baton pay judge"), "{error}");
    let named = PLAN.replace("name = \"Ben\"", "name = \"plan owner\"");
    let error = save(context, &named).await.expect_err("is refused");
    assert!(told(&error).contains("signs the plan as its owner"), "{error}");
    let again = save(context, PLAN).await.expect_err("is refused");
    assert!(told(&again).contains("the next is 2"), "{again}");
    let second = PLAN.replace("version = 1", "version = 2");
    save(context, &second).await.expect("is kept");
    let unsigned = calculate(&paying.at("ops", 1), "Sales", of("2026-Q1")).await;
    assert!(told(&unsigned.expect_err("is refused")).contains("version 2 of Sales is not signed"));
    sign(context, &newest(), None, &Scope::All).await.expect("is signed");
    paying.locked("2026-Q1", 2).await;
    let third = PLAN.replace("version = 1", "version = 3");
    let error = save(context, &third).await.expect_err("is refused");
    assert!(told(&error).contains("begins after what is locked"), "{error}");
}
