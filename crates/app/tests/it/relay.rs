//! A small relay team, told as exports: leads become opportunities, opportunities are won. One leg
//! may be broken on purpose from a day on.

use app::{goal, plan, scoreboard};
use domain::goal::Counts;
use domain::kind::Kind;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reports::document::Report;
use reports::plan::Plan;
use reports::scoreboard::{Leg, Scoreboard};
use testkit::{How, TestCompany};

/// The first day of the company, the first of the period that is looked at, and today.
pub const BEGUN: Date = date(2024, 1, 1);
pub const PERIOD: Date = date(2026, 1, 1);
pub const TODAY: Date = date(2026, 6, 1);

/// What a leg does, at best 1; from the period's first day on.
#[derive(Clone, Copy, Debug)]
pub struct Relay {
    pub leads: f64,
    pub mqls: f64,
    pub accepted: f64,
    pub opportunities: f64,
    pub wins: f64,
}

pub const SOUND: Relay =
    Relay { leads: 1.0, mqls: 1.0, accepted: 1.0, opportunities: 1.0, wins: 1.0 };

/// The exports of a company, as a CRM gives them on the last day.
pub struct Exports {
    pub leads: String,
    pub lead_changes: String,
    pub deals: String,
}

impl Relay {
    /// Lives the company from its first day to `last`.
    pub fn exports(self, last: Date) -> Exports {
        let random = ChaCha8Rng::seed_from_u64(11);
        let [leads, lead_changes, deals] = [const { Vec::new() }; 3];
        let mut told = Told { random, last, leads, lead_changes, deals };
        let mut day = BEGUN;
        while day <= last {
            let is_broken = day >= PERIOD;
            let now = if is_broken { self } else { SOUND };
            for _ in 0..told.about(4.0 * now.leads) {
                told.lead(day, self);
            }
            for _ in 0..told.about(0.3) {
                told.deal(day, self);
            }
            day = day.tomorrow().expect("a day");
        }
        told.exports()
    }
}

struct Told {
    random: ChaCha8Rng,
    last: Date,
    leads: Vec<String>,
    lead_changes: Vec<String>,
    deals: Vec<String>,
}

impl Told {
    /// A whole number of this mean.
    fn about(&mut self, mean: f64) -> u32 {
        mean as u32 + u32::from(self.random.random::<f64>() < mean.fract())
    }

    /// Whether one goes on, and after how many days; a broken leg lets fewer go on.
    fn goes_on(
        &mut self,
        day: Date,
        share: f64,
        when_broken: f64,
        days: std::ops::Range<i32>,
    ) -> Option<Date> {
        let later = day.saturating_add(self.random.random_range(days).days());
        let share = if later >= PERIOD { share * when_broken } else { share };
        (self.random.random::<f64>() < share && later <= self.last).then_some(later)
    }

    fn lead(&mut self, created: Date, relay: Relay) {
        let id = self.leads.len();
        let mut way = vec![(created, "Inquiry")];
        let steps = [
            ("MQL", 0.4, relay.mqls, 1..10),
            ("SAL", 0.7, relay.accepted, 1..5),
            ("SQL", 0.6, 1.0, 2..14),
            ("Opportunity", 0.7, relay.opportunities, 1..7),
        ];
        for (stage, share, when_broken, days) in steps {
            let (since, _) = way[way.len() - 1];
            match self.goes_on(since, share, when_broken, days) {
                Some(day) => way.push((day, stage)),
                None => {
                    way.extend(self.goes_on(since, 0.9, 1.0, 10..30).map(|d| (d, "Disqualified")));
                    break;
                }
            }
        }
        if way.last().is_some_and(|(_, stage)| *stage == "Opportunity") {
            let day = way[way.len() - 1].0;
            self.deal(day, relay);
        }
        let (_, stage) = way[way.len() - 1];
        self.leads.push(format!("L{id},{created},{stage}"));
        self.lead_changes.extend(way.iter().map(|(day, stage)| format!("L{id},{day},{stage}")));
    }

    fn deal(&mut self, created: Date, relay: Relay) {
        let id = self.deals.len();
        let amount = 100 * self.random.random_range(100..300);
        let won = self.goes_on(created, 0.35, relay.wins, 15..75);
        let lost = self.goes_on(created, 0.9, 1.0, 15..90);
        let (stage, closed) = match (won, lost) {
            (Some(day), _) => ("Closed Won", Some(day)),
            (None, Some(day)) => ("Closed Lost", Some(day)),
            (None, None) => ("Discovery", None),
        };
        let closed = closed.map_or(String::new(), |day| day.to_string());
        self.deals.push(format!("D{id},{created},{stage},{amount},{closed}"));
    }

    fn exports(self) -> Exports {
        let table = |head: &str, rows: Vec<String>| format!("{head}\n{}\n", rows.join("\n"));
        Exports {
            leads: table("lead_id,created_at,stage", self.leads),
            lead_changes: table("lead_id,changed_at,stage", self.lead_changes),
            deals: table("deal_id,created_at,stage,amount,close_date", self.deals),
        }
    }
}

/// Imports the exports into a company that is new.
pub async fn company(exports: &Exports, observed_at: Date) -> TestCompany {
    let company = TestCompany::new().await;
    for (kind, text) in [
        (Kind::Leads, &exports.leads),
        (Kind::LeadChanges, &exports.lead_changes),
        (Kind::Deals, &exports.deals),
    ] {
        let how = How { observed_at: Some(observed_at), ..How::default() };
        let done = company.import_text(kind, text, how).await.expect("it is imported");
        assert_eq!(done.rows_rejected, 0, "{kind}");
    }
    company
}

async fn board(relay: Relay) -> Scoreboard {
    let company = company(&relay.exports(TODAY), TODAY).await;
    let context = &company.context;
    goal::set(context, "2100000", "2026".parse().expect("it reads"), Counts::All, 0.8)
        .await
        .expect("a goal");
    scoreboard::scoreboard(context, Some(TODAY), None).await.expect("a scoreboard")
}

fn leg<'a>(board: &'a Scoreboard, metric: &str) -> &'a Leg {
    board.legs.iter().find(|leg| leg.metric == metric).unwrap_or_else(|| panic!("{board:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_relay_is_on_pace_and_the_plan_agrees_with_the_scoreboard() {
    let board = board(SOUND).await;
    for metric in ["leads", "mqls", "hand_offs_accepted", "opportunities_created", "revenue"] {
        let leg = leg(&board, metric);
        let pace = leg.own_pace.unwrap_or_else(|| panic!("{leg:?}"));
        assert!((0.8..1.25).contains(&pace), "{leg:?}");
        assert!(!leg.is_behind_beyond_chance(), "{leg:?}");
        assert!(leg.curve.is_sorted_by(|a, b| a.expected <= b.expected), "{leg:?}");
    }
    let goal = leg(&board, "revenue").curve.last().expect("a year").expected;
    assert!((goal / 210_000_000.0 - 1.0).abs() < 1e-6, "the curve ends at the goal: {goal}");
}

/// The leg that was broken is the one that is named, however far its followers are behind.
async fn check(relay: Relay, wanted: &str) {
    let board = board(relay).await;
    let named = board.bottleneck().unwrap_or_else(|| panic!("no leg is named: {board:#?}"));
    assert_eq!(named.leg, wanted, "{board:#?}");
    assert!(named.is_behind_beyond_chance(), "{named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn demand_is_named_when_leads_are_few_or_poor() {
    check(Relay { leads: 0.5, ..SOUND }, "demand").await;
    check(Relay { mqls: 0.5, ..SOUND }, "demand").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hand_off_is_named_when_leads_are_dropped() {
    check(Relay { accepted: 0.5, ..SOUND }, "hand-off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pipeline_or_close_is_named_when_sales_falters() {
    check(Relay { opportunities: 0.4, ..SOUND }, "pipeline").await;
    check(Relay { wins: 0.4, ..SOUND }, "close").await;
}

/// A sound company on the eve of the year whose goal it is to plan for.
async fn goal_of_2026() -> (TestCompany, plan::Question) {
    let eve = date(2025, 12, 31);
    let company = company(&SOUND.exports(eve), eve).await;
    let year = "2026".parse().expect("it reads");
    goal::set(&company.context, "2100000", year, Counts::All, 0.8).await.expect("a goal");
    let question =
        plan::Question { as_of: Some(eve), period: Some(year), seed: 1, ..Default::default() };
    (company, question)
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_that_are_open_and_opportunities_without_a_lead_are_counted_in() {
    let (company, question) = goal_of_2026().await;
    let context = &company.context;
    let made = plan::plan(context, &question).await.expect("a plan");
    assert_eq!(made.stages, ["Inquiry", "MQL", "SAL", "SQL", "opportunity", "won"]);
    let besides: i64 = made.besides.iter().map(|(_, amount)| amount.minor).sum();
    assert!(made.besides.iter().all(|(_, amount)| amount.minor > 0), "{:?}", made.besides);
    let course = made.present_course.as_ref().expect("there is a history");
    let price = made.average_sales_price.minor as f64;
    let new = course.total.revenue.minor - made.from_open.minor;
    let wins = course.total.counts[5];
    assert!((wins * price / new as f64 - 1.0).abs() < 0.01, "wins times price is what is new");
    assert!(besides < new, "leads to come bring their part");
    let shares: Vec<f64> = made.assumptions.iter().map(|step| step.share).collect();
    for (share, truth) in shares.iter().zip([0.4, 0.7, 0.6, 0.7, 0.35]) {
        assert!((share - truth).abs() < 0.05, "{shares:?}");
    }
    let missing = 210_000_000 - made.booked.minor - made.from_open.minor;
    let wins = made.expected.total.counts[5];
    assert!((wins * price / missing as f64 - 1.0).abs() < 0.01, "{made:?}");
}

/// A plan that is prepared once answers for every change: what is better makes the goal more
/// likely, what is changed back is the plan itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_plan_answers_what_if() {
    let (company, question) = goal_of_2026().await;
    let context = &company.context;
    let made = plan::plan(context, &question).await.expect("a plan");
    let prepared = plan::prepare(context, &question).await.expect("a plan");
    let kept_and_shared: &(dyn std::any::Any + Send + Sync) = &prepared;
    assert!(kept_and_shared.is::<plan::Prepared>());
    assert_eq!(prepared.answer(&[]).expect("a plan"), made);
    let keys: Vec<String> = prepared.levers().into_iter().map(|lever| lever.key).collect();
    assert_eq!(keys, ["asp", "win-rate", "cycle", "inquiry", "mql", "sal", "sql", "leads"]);
    let answer = |texts: &[&str]| {
        let changes: Result<Vec<plan::changes::Change>, _> =
            texts.iter().map(|t| t.parse()).collect();
        prepared.answer(&changes.expect("they read"))
    };
    let none: Vec<String> = keys.iter().map(|key| format!("{key}=+0%")).collect();
    let none = answer(&none.iter().map(String::as_str).collect::<Vec<_>>()).expect("a plan");
    assert_eq!(none.json()["at_confidence"], made.json()["at_confidence"]);
    assert_eq!(Plan { what_if: None, ..none }, made, "a change of nothing changes nothing");
    let before = made.probability.expect("there is a history");
    for lever in ["asp=+10%", "win-rate=+10%", "cycle=-20%", "MQL=+10%", "leads=+20%"] {
        let changed = answer(&[lever]).expect("a plan");
        let what_if = changed.what_if.as_ref().expect("something was changed");
        assert_eq!(what_if.probability_before, made.probability);
        assert!(changed.probability > Some(before), "{lever}: {:?} {before}", changed.probability);
        assert!(
            changed.at_confidence.total.counts[0] < made.at_confidence.total.counts[0]
                || lever.starts_with("leads"),
            "{lever}"
        );
        assert_eq!(changed, answer(&[lever]).expect("a plan"), "the same change, the same plan");
        let others = ["leads=-20%", lever];
        assert!(answer(&others).expect("a plan").probability < changed.probability);
    }
    let refused = answer(&["budget=+10%"]).expect_err("there are no costs").to_string();
    assert!(refused.contains("no costs") && refused.contains("win-rate"), "{refused}");
}
