//! The demo's last quarter, run to its end: an agreement that both sides sign, a pay plan with its
//! relay, statements that are approved and locked, figures that are frozen, and a huddle.

use std::collections::BTreeMap;

use app::close::{self, Order as Closing};
use app::context::Context;
use app::handoff::tick;
use app::huddle::{self, Order, Wanted};
use app::pay::{self, Deed, Saved};
use app::{agreement, metrics, team};
use domain::access::Scope;
use domain::agreement::Side;
use domain::money::Money;
use domain::period::{Days, Period};
use jiff::ToSpan;
use reports::document::{Cell, Report};
use reports::team::{Team, Teammate};

use crate::commands::page;

/// What marketing and sales of the demo company have agreed on; its runners are added.
const AGREEMENT: &str = r#"
definition = "Fits our market and asked for a demo, a price or a trial"
promised_monthly = 60
accept_minutes = 240
contact_minutes = 480
grace_minutes = 960
calls_min = 3
decline_reasons = ["No fit", "No authority", "No need", "Too small"]
recycle_reasons = ["Bad timing", "No response", "No budget yet"]
entry = "by stage"
recycle_days = 60
passes_max = 3
routing = ["account owner", "round robin"]

[hours]
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
opens = "09:00"
closes = "17:30"
holidays = []

[[duty]]
what = "Say what a qualified lead is"
responsible = ["marketing", "sales"]
accountable = ["revenue operations"]
informed = ["product"]

[[duty]]
what = "Qualify leads"
responsible = ["marketing"]
accountable = ["marketing"]
consulted = ["sales"]

[[duty]]
what = "Make the first call"
responsible = ["sales"]
accountable = ["sales"]
informed = ["marketing"]

[[duty]]
what = "Answer questions on the product"
responsible = ["product"]
consulted = ["sales", "customer success"]

[[duty]]
what = "Renew subscriptions"
responsible = ["customer success"]
accountable = ["customer success", "sales"]
informed = ["product"]
"#;

/// The terms of the demo company's pay plan; quotas, people and relay are added.
const PLAN: &str = r#"
name = "The relay"
freeze_days = 15
clawback_days = 90

[[measure]]
name = "revenue won"
cap_of_target = "300 %"
tiers = [
  { from = "0 %", times = "1" },
  { from = "100 %", times = "1.5" },
  { from = "125 %", times = "2" },
]
"#;

/// Sellers with a quota, and those of the legs before them who share the pool.
const SELLERS_MAX: usize = 5;
const RUNNERS_MAX: usize = 2;
/// Days whose qualified leads the queue begins with.
const QUEUED_DAYS: i64 = 14;
/// Who acts in the demo: four eyes are two people.
const OPERATIONS: &str = "revenue operations of the demo";
const CHIEF: &str = "chief executive of the demo";

/// A leg of the relay: its name, the metric that tells what it reached, and the team that runs it;
/// `None` for the sellers.
const LEGS: [(&str, &str, Option<&str>); 3] = [
    ("demand", "mqls", Some("Demand Generation")),
    ("hand-off", "sqls", Some("Sales Development")),
    ("close", "wins", None),
];

/// Runs the quarter before the present one to its end.
pub async fn run(context: &Context) -> anyhow::Result<()> {
    let calendar = context.company.calendar;
    let present = calendar.days(calendar.quarter_of(context.today()));
    let quarter = calendar.quarter_of(app::plan::eve(present.first));
    let as_operations = context.renewed(OPERATIONS, context.now, Scope::All);
    let teams = team::list(context).await?.teams;
    let sellers = sellers(context, &teams, calendar.days(quarter)).await?;
    agreed(&as_operations, &sellers).await?;
    println!("{quarter}, run to its end:\n");
    paid(&as_operations, quarter, &teams, &sellers).await?;
    println!();
    closed(&as_operations, quarter).await?;
    println!();
    huddled(&as_operations, &sellers).await
}

/// Sellers who won something in the quarter, with what it was, the most first.
async fn sellers(
    context: &Context,
    teams: &[Team],
    days: Days,
) -> anyhow::Result<Vec<(Teammate, Money)>> {
    let question = metrics::Question {
        name: "revenue".to_owned(),
        from: Some(days.first),
        to: Some(days.last),
        by: Some("owner".to_owned()),
        as_of: None,
        known_at: None,
    };
    let figures = metrics::show(context, &question).await?;
    let of_sales = teams.iter().filter(|team| team.name.starts_with("Sales "));
    let mut named: BTreeMap<&str, Vec<&Teammate>> = BTreeMap::new();
    for mate in of_sales.flat_map(|team| &team.members) {
        named.entry(&mate.name).or_default().push(mate);
    }
    let mut sellers = Vec::new();
    for row in &figures.rows {
        if let [Cell::Text(name), Cell::Money(won), ..] = row.as_slice()
            && let Some([mate]) = named.get(name.as_str()).map(Vec::as_slice)
        {
            sellers.push(((*mate).clone(), *won));
        }
    }
    sellers.sort_by_key(|(mate, won)| (std::cmp::Reverse(won.minor), mate.id.clone()));
    sellers.truncate(SELLERS_MAX);
    Ok(sellers)
}

/// An agreement that both sides have signed, and a queue with the leads of the last days.
async fn agreed(context: &Context, sellers: &[(Teammate, Money)]) -> anyhow::Result<()> {
    if sellers.is_empty() {
        return Ok(());
    }
    let mut terms = AGREEMENT.to_owned();
    for (seller, _) in sellers {
        terms.push_str(&format!("\n[[runner]]\nuser = \"{}\"\ncapacity = 60\n", seller.id));
    }
    agreement::set(context, &terms).await?;
    for side in Side::ALL {
        agreement::sign(context, side, None).await?;
    }
    let since = context.today().saturating_sub(QUEUED_DAYS.days());
    tick::gather(context, Some(since)).await?;
    Ok(())
}

/// A pay plan whose relay asks of each leg what it did in the quarter before: signed, judged,
/// calculated, approved by somebody else, and locked.
async fn paid(
    context: &Context,
    quarter: Period,
    teams: &[Team],
    sellers: &[(Teammate, Money)],
) -> anyhow::Result<()> {
    if sellers.is_empty() {
        println!("Nobody sold anything, so nobody is paid.");
        return Ok(());
    }
    let calendar = context.company.calendar;
    let days = calendar.days(quarter);
    let before = calendar.days(calendar.quarter_of(app::plan::eve(days.first)));
    let (terms, legs) = plan(context, (1, quarter), teams, sellers, before).await?;
    pay::save(context, &terms).await?;
    let which = Saved { name: "The relay".to_owned(), version: None };
    pay::sign(context, &which, None, &Scope::All).await?;
    for (seller, _) in sellers {
        pay::sign(context, &which, Some(&seller.id), &Scope::All).await?;
    }
    for leg in legs {
        pay::judge(context, &which, leg, None).await?;
    }
    pay::calculate(context, &which.name, quarter).await?;
    let chief = context.renewed(CHIEF, context.now, Scope::All);
    pay::advance(&chief, &which.name, quarter, Deed::Approve).await?;
    page(&pay::advance(context, &which.name, quarter, Deed::Lock).await?)?;
    // The present quarter asks of each leg what the last one brought.
    let (terms, _) = plan(context, (2, calendar.next(quarter)), teams, sellers, days).await?;
    pay::save(context, &terms).await?;
    pay::sign(context, &which, None, &Scope::All).await?;
    println!();
    page(&pay::outlook(context, &which, &Scope::All).await?)
}

/// The plan's text, and the legs of its relay.
async fn plan(
    context: &Context,
    (version, quarter): (u32, Period),
    teams: &[Team],
    sellers: &[(Teammate, Money)],
    before: Days,
) -> anyhow::Result<(String, Vec<&'static str>)> {
    let currency = context.company.currency;
    let mean = sellers.iter().map(|(_, won)| won.minor).sum::<i64>() / sellers.len().max(1) as i64;
    let quota = Money { minor: mean.max(1), currency }.to_decimal();
    let mut text = format!(
        "version = {version}\ncurrency = \"{}\"\nfirst_period = \"{quarter}\"{PLAN}",
        currency.code()
    );
    let payee = |mate: &Teammate, terms: &str| {
        format!(
            "\n[[payee]]\nid = \"{}\"\nname = \"{}\"\nstarts_on = \"2020-01-01\"\n{terms}\n",
            mate.id, mate.name
        )
    };
    let with_quota = format!(
        "base = \"60000\"\non_target = \"120000\"\nquotas = {{ \"revenue won\" = \"{quota}\" }}"
    );
    for (seller, _) in sellers {
        text.push_str(&payee(seller, &with_quota));
    }
    let mut relay = format!(
        "\n[relay]\nname = \"The quarter together\"\nperiod = \"{quarter}\"\npool = \"12000\"\n"
    );
    let mut legs = Vec::new();
    for (leg, metric, run_by) in LEGS {
        let team = teams.iter().find(|one| Some(one.name.as_str()) == run_by);
        let mates = team.iter().flat_map(|team| &team.members).take(RUNNERS_MAX);
        let runners: Vec<&Teammate> = match run_by {
            None => sellers.iter().map(|(seller, _)| seller).collect(),
            Some(_) => mates.inspect(|mate| text.push_str(&payee(mate, "quotas = {}"))).collect(),
        };
        if runners.is_empty() {
            continue;
        }
        let mark = figure(context, metric, before).await?;
        let ids: Vec<String> = runners.iter().map(|mate| format!("\"{}\"", mate.id)).collect();
        relay.push_str(&format!(
            "\n[[relay.leg]]\nname = \"{leg}\"\njudge = \"revenue operations\"\nmark = \"{mark}\"\n\
             unit = \"{metric}\"\nmetric = \"{metric}\"\nshare = 1\nrunners = [{}]\n",
            ids.join(", ")
        ));
        legs.push(leg);
    }
    Ok((text + &relay, legs))
}

/// A count of some days.
async fn figure(context: &Context, metric: &str, days: Days) -> anyhow::Result<i64> {
    let question = metrics::Question {
        name: metric.to_owned(),
        from: Some(days.first),
        to: Some(days.last),
        by: None,
        as_of: None,
        known_at: None,
    };
    let figures = metrics::show(context, &question).await?;
    let value = figures.rows.first().and_then(|row| row.get(1));
    Ok(match value {
        Some(Cell::Count(count)) => *count,
        _ => 0,
    })
}

/// The quarter's figures are frozen.
async fn closed(context: &Context, quarter: Period) -> anyhow::Result<()> {
    let despite = Some("the demo's last quarter".to_owned());
    let order = Closing { period: quarter, despite, dry_run: false };
    println!("{}", close::close(context, &order).await?.document().answer);
    Ok(())
}

/// A huddle with a decision and an action.
async fn huddled(context: &Context, sellers: &[(Teammate, Money)]) -> anyhow::Result<()> {
    huddle::open(context).await?;
    let owner = sellers.first().map_or("sales".to_owned(), |(seller, _)| seller.name.clone());
    let action = Wanted::Action {
        owner,
        due_on: None,
        metric: Some("win_rate".to_owned()),
        expects: "two more wins of ten".to_owned(),
    };
    for (text, what) in [
        ("Deals past their closing day are looked at before new ones", Wanted::Decision),
        ("Call the ten oldest open deals", action),
    ] {
        huddle::write_down(context, &Order { text: text.to_owned(), what }).await?;
    }
    println!("{}", huddle::close(context).await?.document().answer);
    Ok(())
}
