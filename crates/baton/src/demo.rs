//! The demo: a simulated company goes through the main job, from its exports to a forecast.

mod quarter;

use std::path::Path;

use anyhow::Context as _;
use app::context::Context;
use app::{forecast, goal, imports, journal, pipeline, plan, record, scoreboard};
use domain::company::Company;
use domain::goal::Counts;
use domain::kind::Kind;
use domain::master::{Master, Realm};
use domain::money::{Currency, Money};
use domain::period::FiscalCalendar;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use reports::render::counted;
use simulator::{Settings, write_exports};

use crate::args::Demo;
use crate::commands::{page, place, run_import, session};

/// What the demo company edits in Baton; no CRM of its own stands beside it.
const WORKED_ON_HERE: [Kind; 4] = [Kind::Accounts, Kind::People, Kind::Leads, Kind::Deals];

/// The share by which the demo company wants to beat the year before.
const GROWTH: f64 = 1.15;

pub async fn run(folder: &Path, demo: &Demo) -> anyhow::Result<()> {
    let session = session()?;
    let today = domain::time::day_of(session.now, &TimeZone::UTC);
    let exports_folder = folder.join("exports");
    let settings = settings(demo, today);
    let company = Company {
        name: "Relay Works (a fictional company)".to_owned(),
        currency: Currency::USD,
        timezone_name: "UTC".to_owned(),
        timezone: TimeZone::UTC,
        calendar: FiscalCalendar::new(1)?,
    };
    let context = Context::create(place(folder), &company, session).await?;
    let exports = write_exports(&settings, &exports_folder).context("the exports")?;
    println!("Imported from the exports in {}:\n", exports_folder.display());
    for export in &exports.files {
        let kind: Kind = export.kind.parse()?;
        let order = imports::Order {
            file: export.path.clone(),
            name: None,
            kind,
            mapping: None,
            save_mapping: None,
            dry_run: false,
            strict: false,
            observed_at: Some(today),
            snapshot: false,
        };
        let done = run_import(&context, &order, true).await?;
        println!(
            "  {:<14} {:>9} rows  {:>6.1} s  {} refused, {}",
            kind.name(),
            done.rows_read,
            done.seconds,
            done.rows_rejected,
            counted(done.findings.len(), "finding")
        );
    }
    for kind in WORKED_ON_HERE {
        let realm = Realm { kind, field: None };
        record::set_master(&context, realm, Master::Baton).await?;
    }
    println!();
    main_job(&context).await?;
    println!();
    quarter::run(&context).await?;
    context.store.close().await?;
    println!("\nGo on with: baton --data {} scoreboard", folder.display());
    Ok(())
}

fn settings(demo: &Demo, today: jiff::civil::Date) -> Settings {
    let usual = Settings::demo(today);
    Settings {
        seed: demo.seed,
        deals: demo.deals.unwrap_or(usual.deals),
        leads: demo.leads.unwrap_or(usual.leads),
        touches: demo.touches.unwrap_or(usual.touches),
        ..usual
    }
}

/// Goal, plan, scoreboard, forecast, pipeline and proof, as a person would go through them.
async fn main_job(context: &Context) -> anyhow::Result<()> {
    let calendar = context.company.calendar;
    let today = context.today();
    let year = calendar.year_of(today);
    let quarter = calendar.quarter_of(today);
    let before = calendar.year_of(app::plan::eve(calendar.days(year).first));
    let last_year = forecast::forecast(context, before, None, None, 1).await?.booked;
    let amount = Money {
        minor: (last_year.minor as f64 * GROWTH / 1e7).round() as i64 * 10_000_000,
        currency: last_year.currency,
    };
    goal::set(context, &amount.to_decimal(), year, Counts::All, 0.8).await?;
    let next = calendar.year_of(calendar.days(year).last.saturating_add(1.day()));
    let more =
        Money { minor: (amount.minor as f64 * GROWTH / 1e7).round() as i64 * 10_000_000, ..amount };
    page(&goal::set(context, &more.to_decimal(), next, Counts::All, 0.8).await?)?;
    println!();
    page(&scoreboard::scoreboard(context, None, None).await?)?;
    println!();
    let question = plan::Question { period: Some(next), seed: 1, ..plan::Question::default() };
    page(&plan::plan(context, &question).await?)?;
    println!();
    page(&forecast::forecast(context, quarter, None, None, 1).await?)?;
    println!();
    page(&pipeline::pipeline(context, None, None).await?)?;
    println!();
    page(&journal::verify(context).await?)
}
