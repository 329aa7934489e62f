//! From what was typed to the verb that does it.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use app::backtest::{self, Origins, Step};
use app::context::{Context, Place, Session};
use app::error::Error;
use app::goal::tree::{Change, Sharing};
use app::{
    attribution, awareness, call, check, forecast, funnel, goal, imports, journal, limits, metrics,
    person, pipeline, plan, plan_version, record, retention, score, scoreboard, team, tracking,
    upkeep,
};
use domain::call::Manner;
use domain::company::Company;
use domain::money::parse_currency;
use domain::period::FiscalCalendar;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reports::document::Report;
use reports::imports::StageSeen;

use crate::args::{
    Arguments, AsOf, Attribution, Awareness, Backtest, Call, Calls, Command, Every, Forecast,
    ForecastCommand, Funnel, Goal, Import, ImportCommand, Init, Journal, Metrics, Person, Pipeline,
    PipelineCommand, Plan, PlanCommand, PlanMade, Record, RecordEntry, Retention, Score,
    ScoreBacktest, ScoreExplain, ScoreOf, ScorePoints, ScoreRules, ScoreShow, Team, Track,
    TrackKey, Which,
};
use crate::{close, demo, handoff, huddle, pay, remote, review, serve, show, webhook};

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(server) = arguments.server {
        return remote::run(&server, arguments.plain_http, arguments.command).await;
    }
    let folder = arguments.data;
    match arguments.command {
        Command::Init(init) => self::init(&folder, init).await,
        Command::Demo(demo) => demo::run(&folder, &demo).await,
        Command::Review(review) => review::run(review).await,
        Command::Score(Score::Backtest(backtest)) => score_backtest(backtest),
        Command::Serve(serve) => serve::run(&folder, &serve).await,
        command => {
            let context = Context::open(place(&folder), session()?).await?;
            let outcome = in_company(&context, command).await;
            context.store.close().await?;
            outcome
        }
    }
}

async fn in_company(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Import(import) => self::import(context, import).await,
        Command::Funnel(funnel) => self::funnel(context, funnel).await,
        Command::Goal(goal) => self::goal(context, goal).await,
        Command::Metrics(metrics) => self::metrics(context, metrics).await,
        Command::Journal(journal) => self::journal(context, journal).await,
        Command::Record(record) => self::record(context, record).await,
        Command::Person(person) => self::person(context, person).await,
        Command::Pipeline(pipeline) => self::pipeline(context, pipeline).await,
        Command::Plan(plan) => self::plan(context, plan).await,
        Command::Scoreboard(as_of) => {
            let report = scoreboard::scoreboard(context, as_of.as_of, as_of.known_at).await?;
            show::report(&report, as_of.output.json)
        }
        Command::Forecast(forecast) => self::forecast(context, forecast).await,
        Command::Retention(Retention { as_of, seed }) => {
            let (day, known_at) = (as_of.as_of, as_of.known_at);
            let report = retention::retention(context, day, known_at, seed).await?;
            show::report(&report, as_of.output.json)
        }
        Command::Upkeep(output) => show::report(&upkeep::tend(context).await?, output.json),
        Command::Attribution(asked) => self::attribution(context, asked).await,
        Command::Awareness(Awareness { by, from, to, as_of }) => {
            let (day, known_at) = (as_of.as_of, as_of.known_at);
            let question = awareness::Question { by, from, to, as_of: day, known_at };
            show::report(&awareness::awareness(context, &question).await?, as_of.output.json)
        }
        Command::Pay(asked) => pay::pay(context, asked).await,
        Command::Score(Score::Show(ScoreShow { limit, of })) => {
            scores(context, None, limit, of).await
        }
        Command::Score(Score::Explain(ScoreExplain { lead, of })) => {
            scores(context, Some(lead), 1, of).await
        }
        Command::Score(Score::Points(ScorePoints { lead, rules, as_of })) => {
            let AsOf { as_of, known_at, output } = as_of;
            let question = score::points::Question { lead, as_of, known_at, version: rules };
            show::report(&score::points::points(context, &question).await?, output.json)
        }
        Command::Score(Score::Rules(asked)) => score_rules(context, asked).await,
        Command::Agreement(agreement) => handoff::agreement(context, agreement).await,
        Command::Handoff(handoff) => handoff::handoff(context, handoff).await,
        Command::Period(period) => close::period(context, period).await,
        Command::Huddle(huddle) => huddle::huddle(context, huddle).await,
        Command::Check(output) => show::report(&check::check(context).await?, output.json),
        Command::Member(member) => serve::member(context, member).await,
        Command::Team(team) => self::team(context, team).await,
        Command::Track(asked) => self::track(context, asked).await,
        Command::Webhook(asked) => webhook::webhook(context, asked).await,
        Command::Init(_)
        | Command::Demo(_)
        | Command::Review(_)
        | Command::Score(Score::Backtest(_))
        | Command::Serve(_) => unreachable!("these open no company"),
    }
}

async fn track(context: &Context, asked: Track) -> anyhow::Result<()> {
    match asked {
        Track::Status(output) => show::report(&tracking::status(context).await?, output.json),
        Track::Key(TrackKey::List(output)) => {
            show::report(&tracking::keys::list(context).await?, output.json)
        }
        Track::Key(TrackKey::New { name }) => {
            println!("{}", tracking::keys::make(context, &name).await?);
            eprintln!("Keep it now: it is shown this once.");
            Ok(())
        }
        Track::Key(TrackKey::Revoke { name, output }) => {
            tracking::keys::revoke(context, &name).await?;
            show::report(&tracking::keys::list(context).await?, output.json)
        }
    }
}

async fn plan(context: &Context, asked: Plan) -> anyhow::Result<()> {
    let question = |made: &PlanMade| plan::Question {
        period: made.period,
        as_of: made.as_of.as_of,
        known_at: made.as_of.known_at,
        assume: made.assume.clone(),
        seed: made.seed,
    };
    match asked.command {
        Some(PlanCommand::Save { name, made }) => {
            let question = question(&made);
            let report = plan_version::save(context, &name, &question, &made.change).await?;
            show::report(&report, made.as_of.output.json)
        }
        Some(PlanCommand::Versions(output)) => {
            show::report(&plan_version::list(context).await?, output.json)
        }
        Some(PlanCommand::Compare { name, other, output }) => {
            show::report(&plan_version::compare(context, &name, &other).await?, output.json)
        }
        None => {
            let made = asked.made;
            let prepared = plan::prepare(context, &question(&made)).await?;
            show::report(&prepared.answer(&made.change)?, made.as_of.output.json)
        }
    }
}

async fn attribution(context: &Context, asked: Attribution) -> anyhow::Result<()> {
    let question = attribution::Question {
        conversion: asked.conversion,
        by: asked.by,
        model: asked.model.0,
        from: asked.from,
        to: asked.to,
        lookback_days: asked.lookback_days.0,
        half_life_days: asked.half_life_days,
        as_of: asked.as_of.as_of,
        known_at: asked.as_of.known_at,
        seed: asked.seed,
    };
    let began = Instant::now();
    let clock = || began.elapsed().as_secs_f64();
    let report = attribution::attribution(context, &question, &clock).await?;
    show::report(&report, asked.as_of.output.json)
}

async fn scores(
    context: &Context,
    lead: Option<String>,
    limit: usize,
    of: ScoreOf,
) -> anyhow::Result<()> {
    let (as_of, known_at) = (of.as_of.as_of, of.as_of.known_at);
    let question = score::leads::Question { lead, as_of, known_at, limit, seed: of.seed };
    show::report(&score::leads::leads(context, &question).await?, of.as_of.output.json)
}

async fn score_rules(context: &Context, asked: ScoreRules) -> anyhow::Result<()> {
    let read = |file: &Path| std::fs::read_to_string(file).map_err(Error::folder(file));
    let (report, output) = match asked {
        ScoreRules::Try { file, version, from, to, age, output } => {
            let terms = file.as_deref().map(read).transpose()?;
            let question = score::rules::Question { terms, version, from, to, age_days: age };
            let tried = score::rules::trial(context, &question).await?;
            return show::report(&tried, output.json);
        }
        ScoreRules::Save { file, output } => {
            (score::rules::save(context, &read(&file)?).await?, output)
        }
        ScoreRules::Show { version, output } => {
            (score::rules::show(context, version).await?, output)
        }
        ScoreRules::List(output) => (score::rules::list(context).await?, output),
    };
    show::report(&report, output.json)
}

fn score_backtest(asked: ScoreBacktest) -> anyhow::Result<()> {
    let question = score::Question {
        path: asked.file,
        target: asked.target,
        positive: asked.positive,
        exclude: asked.exclude,
        test_every: asked.test_every,
        test_column: asked.test_column,
        repeat: asked.repeat,
        seed: asked.seed,
    };
    let began = Instant::now();
    let report = score::backtest(&question, &|| began.elapsed().as_secs_f64())?;
    show::report(&report, asked.output.json)
}

async fn forecast(context: &Context, asked: Forecast) -> anyhow::Result<()> {
    match asked.command {
        Some(ForecastCommand::Backtest(backtest)) => {
            return self::backtest(context, backtest).await;
        }
        Some(ForecastCommand::Submit(call)) => return say(context, call, Manner::Submission).await,
        Some(ForecastCommand::Override(call)) => return say(context, call, Manner::Override).await,
        Some(ForecastCommand::Calls(calls)) => return self::calls(context, calls).await,
        None => {}
    }
    let Some(period) = asked.period else { anyhow::bail!("name a --period, such as 2018-Q1") };
    let (as_of, known_at) = (asked.as_of.as_of, asked.as_of.known_at);
    let report = forecast::forecast(context, period, as_of, known_at, asked.seed).await?;
    show::report(&report, asked.as_of.output.json)
}

async fn say(context: &Context, said: Call, manner: Manner) -> anyhow::Result<()> {
    let order = call::Order {
        period: said.period,
        manner,
        whose: said.owner,
        speaker: None,
        speaks_for_others: true,
        commit: said.commit,
        best_case: said.best_case,
        note: said.note,
    };
    show::report(&call::say(context, &order).await?, said.output.json)
}

async fn calls(context: &Context, asked: Calls) -> anyhow::Result<()> {
    let Calls { period, seed, as_of } = asked;
    let (day, known_at) = (as_of.as_of, as_of.known_at);
    let question = call::Question { period, as_of: day, known_at, of_owners: true, seed };
    show::report(&call::calls(context, &question).await?, as_of.output.json)
}

async fn backtest(context: &Context, asked: Backtest) -> anyhow::Result<()> {
    let origins = match (asked.origins.is_empty(), asked.every) {
        (false, _) => Origins::Days(asked.origins),
        (true, Every::Week) => Origins::Every(Step::Week),
        (true, Every::Month) => Origins::Every(Step::Month),
    };
    let (as_of, known_at) = (asked.as_of.as_of, asked.as_of.known_at);
    let report = backtest::backtest(context, &origins, as_of, known_at, asked.seed).await?;
    show::report(&report, asked.as_of.output.json)
}

/// Where the company's facts live: the folder, and what the environment says.
pub fn place(folder: &Path) -> Place {
    Place {
        folder: folder.to_owned(),
        database_url: std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()),
        lake_url: std::env::var("LAKE_URL").ok().filter(|url| !url.is_empty()),
    }
}

/// Who runs the command, when, and randomness for the ids that it makes.
pub fn session() -> anyhow::Result<Session> {
    let mut id_seed = [0; 32];
    getrandom::fill(&mut id_seed).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    let actor = std::env::var("BATON_USER").unwrap_or_else(|_| "command line".to_owned());
    Ok(Session { actor, now: Timestamp::now(), id_seed })
}

async fn init(folder: &Path, init: Init) -> anyhow::Result<()> {
    let timezone = TimeZone::get(&init.timezone).map_err(|_| {
        anyhow::anyhow!("`{}` is not a time zone: write one such as Europe/Berlin", init.timezone)
    })?;
    if init.name.trim().is_empty() {
        anyhow::bail!("the company needs a name: --name \"Acme\"");
    }
    let company = Company {
        name: init.name,
        currency: parse_currency(&init.currency)?,
        timezone_name: init.timezone,
        timezone,
        calendar: FiscalCalendar::new(init.fiscal_year_start)?,
    };
    let context = Context::create(place(folder), &company, session()?).await?;
    context.store.close().await?;
    let report = reports::company::Founded {
        name: company.name,
        currency: company.currency,
        folder: folder.display().to_string(),
    };
    show::report(&report, init.output.json)
}

async fn import(context: &Context, import: Import) -> anyhow::Result<()> {
    match import.command {
        Some(ImportCommand::Undo { import_id, output }) => {
            let undone = imports::undo::undo(context, &import_id).await?;
            return show::report(&undone, output.json);
        }
        Some(ImportCommand::List(output)) => {
            return show::report(&imports::list(context).await?, output.json);
        }
        None => {}
    }
    let (Some(file), Some(kind)) = (import.file, import.kind) else {
        anyhow::bail!("name a FILE and its --kind");
    };
    let order = imports::Order {
        file,
        name: None,
        kind,
        mapping: import.mapping,
        save_mapping: import.save_mapping,
        dry_run: import.dry_run,
        strict: import.strict,
        observed_at: import.observed_at,
        snapshot: import.snapshot,
    };
    let report = run_import(context, &order, import.output.json).await?;
    show::report(&report, import.output.json)
}

/// Imports with a progress bar, and asks before a first import with stages on a terminal.
pub async fn run_import(
    context: &Context,
    order: &imports::Order,
    json: bool,
) -> anyhow::Result<reports::imports::Import> {
    let bar = show::progress();
    bar.set_message(order.kind.name());
    let known = context.stages(order.kind).await?;
    let is_asked = !json
        && !order.dry_run
        && order.mapping.is_none()
        && known.stages.is_empty()
        && std::io::stdin().is_terminal();
    let confirm = |stages: &[StageSeen]| !is_asked || stages.is_empty() || asked(stages);
    let progress = |read: u64, total: u64, _rows: u64| {
        bar.set_length(total);
        bar.set_position(read);
    };
    let began = Instant::now();
    let watch = imports::Watch { confirm: &confirm, progress: &progress };
    let mut report = imports::import(context, order, &watch).await?;
    report.seconds = began.elapsed().as_secs_f64();
    bar.finish_and_clear();
    Ok(report)
}

/// Shows the stages of a first import and asks whether they are right.
fn asked(stages: &[StageSeen]) -> bool {
    let mut out = std::io::stderr().lock();
    let mut lines = vec!["The stages of this file, in order:".to_owned()];
    for stage in stages {
        lines.push(format!("  {} ({}), {} rows", stage.name, stage.outcome, stage.rows));
    }
    lines.push("Is this right? (--mapping FILE says otherwise) [Y/n] ".to_owned());
    if write!(out, "{}", lines.join("\n")).and_then(|()| out.flush()).is_err() {
        return false;
    }
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes")
}

async fn funnel(context: &Context, funnel: Funnel) -> anyhow::Result<()> {
    match funnel {
        Funnel::Show { from, to, unsmoothed, as_of } => {
            let (day, known_at) = (as_of.as_of, as_of.known_at);
            let question = funnel::Question { from, to, unsmoothed, as_of: day, known_at };
            show::report(&funnel::curve(context, &question).await?, as_of.output.json)
        }
        Funnel::Rates { by, as_of } => {
            let (day, known_at) = (as_of.as_of, as_of.known_at);
            let question = funnel::rates::Question { by, as_of: day, known_at };
            show::report(&funnel::rates::rates(context, &question).await?, as_of.output.json)
        }
    }
}

async fn goal(context: &Context, goal: Goal) -> anyhow::Result<()> {
    match goal {
        Goal::Set { amount, period, counts, confidence, output } => {
            let report = goal::set(context, &amount, period, counts, confidence).await?;
            show::report(&report, output.json)
        }
        Goal::Show(output) => show::report(&goal::show(context).await?, output.json),
        Goal::Tree { period, as_of, output } => {
            show::report(&goal::tree::tree(context, period, as_of).await?, output.json)
        }
        Goal::Split { by, parts, evenly, which } => {
            let sharing = match evenly {
                true => Sharing::Evenly,
                false if parts.is_empty() => Sharing::History,
                false => Sharing::Among(parts.into_iter().map(|it| (it.name, it.weight)).collect()),
            };
            change(context, which, Change::BreakDown { dimension: by, sharing }).await
        }
        Goal::Join { which } => change(context, which, Change::Join).await,
        Goal::Part { amount, which } => change(context, which, Change::Amount(amount)).await,
        Goal::Assign { member, which } => change(context, which, Change::Owner(member)).await,
        Goal::Sign { member, which } => {
            let member = goal::tree::member(context, &member).await?;
            let part = which.part.as_deref();
            let report = goal::tree::sign(context, which.period, part, &member).await?;
            show::report(&report, which.output.json)
        }
        Goal::Check { period, seed, as_of } => {
            let (day, known_at) = (as_of.as_of, as_of.known_at);
            let question = goal::Question { period, as_of: day, known_at, seed };
            show::report(&goal::check(context, &question).await?, as_of.output.json)
        }
    }
}

/// Changes a goal's tree, and shows it as it then is.
async fn change(context: &Context, which: Which, change: Change) -> anyhow::Result<()> {
    let part = which.part.as_deref();
    let report = goal::tree::change(context, which.period, part, change).await?;
    show::report(&report, which.output.json)
}

async fn pipeline(context: &Context, pipeline: Pipeline) -> anyhow::Result<()> {
    match pipeline.command {
        Some(PipelineCommand::Waterfall { from, to, closing, step, output }) => {
            let fall = pipeline::waterfall(context, from, to, closing, step).await?;
            show::report(&fall, output.json)
        }
        None => {
            let (as_of, known_at) = (pipeline.as_of.as_of, pipeline.as_of.known_at);
            let report = pipeline::pipeline(context, as_of, known_at).await?;
            show::report(&report, pipeline.as_of.output.json)
        }
    }
}

async fn metrics(context: &Context, metrics: Metrics) -> anyhow::Result<()> {
    match metrics {
        Metrics::List(output) => show::report(&metrics::list()?, output.json),
        Metrics::Show { name, from, to, by, as_of } => {
            let (day, known_at) = (as_of.as_of, as_of.known_at);
            let question = metrics::Question { name, from, to, by, as_of: day, known_at };
            show::report(&metrics::show(context, &question).await?, as_of.output.json)
        }
        Metrics::Rows { name, from, to, by, value, after, as_of } => {
            let (day, known_at) = (as_of.as_of, as_of.known_at);
            let of = metrics::Question { name, from, to, by, as_of: day, known_at };
            let limit = limits::ROWS_SHOWN_MAX;
            let question = metrics::RowsQuestion { of, value, after, limit };
            show::report(&metrics::rows(context, &question).await?, as_of.output.json)
        }
    }
}

async fn journal(context: &Context, journal: Journal) -> anyhow::Result<()> {
    match journal {
        Journal::Verify(output) => {
            let verification = journal::verify(context).await?;
            show::report(&verification, output.json)?;
            match verification.broken {
                Some(_) => anyhow::bail!("the journal does not hold: restore it from a backup"),
                None => Ok(()),
            }
        }
        Journal::Log { subject, output } => {
            show::report(&journal::log(context, &subject).await?, output.json)
        }
        Journal::Search(asked) => {
            let question = journal::Question {
                kind: asked.kind,
                record: asked.record,
                field: asked.field,
                who: asked.who,
                from: asked.from,
                to: asked.to,
                cause: asked.cause,
                text: asked.text,
                after: asked.after,
                held_to: Vec::new(),
                limit: limits::ENTRIES_SHOWN_MAX,
            };
            show::report(&journal::search(context, &question).await?, asked.output.json)
        }
    }
}

async fn record(context: &Context, record: Record) -> anyhow::Result<()> {
    let entered = |fields, entry: &RecordEntry, version| record::Entered {
        fields,
        on: entry.on,
        reason: entry.reason.clone(),
        version,
    };
    match record {
        Record::Show { subject, output } => {
            show::report(&record::show(context, &subject).await?, output.json)
        }
        Record::Set { subject, fields, if_version, entry } => {
            let entered = entered(fields, &entry, if_version);
            let report = record::edit(context, &subject, &entered).await?;
            show::report(&report, entry.output.json)
        }
        Record::Add { kind, fields, entry } => {
            let report = record::add(context, kind, &entered(fields, &entry, None)).await?;
            show::report(&report, entry.output.json)
        }
        Record::Master { realm, master, output } => {
            let report = match realm.zip(master) {
                Some((realm, master)) => record::set_master(context, realm, master).await?,
                None => record::masters(context).await?,
            };
            show::report(&report, output.json)
        }
    }
}

async fn team(context: &Context, asked: Team) -> anyhow::Result<()> {
    let (teams, output) = match asked {
        Team::List(output) => (team::list(context).await?, output),
        Team::Add { name, output } => (team::add(context, &name).await?, output),
        Team::Rename { team, name, output } => (team::rename(context, &team, &name).await?, output),
        Team::Join { team, user, output } => (team::join(context, &team, &user).await?, output),
        Team::Leave { team, user, output } => (team::leave(context, &team, &user).await?, output),
        Team::Keep(output) => (team::keep(context).await?, output),
    };
    show::report(&teams, output.json)
}

async fn person(context: &Context, person: Person) -> anyhow::Result<()> {
    let Person::Erase { subject, yes, output } = person;
    if !yes {
        anyhow::bail!("erasing {subject} cannot be taken back: add --yes to do it");
    }
    show::report(&person::erase(context, &subject).await?, output.json)
}

/// Shows a report as the demo does: for people.
pub fn page(report: &dyn Report) -> anyhow::Result<()> {
    show::report(report, false)
}
