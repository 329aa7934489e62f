//! Reports by what was asked, kept until the company's facts change.
//!
//! A report is computed once for all who ask the same of the same facts. When facts have changed,
//! pages show the old one until the new one is there. What goes through all that was ever recorded
//! is not computed anew at every change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use app::context::Context;
use app::error::Error;
use app::limits;
use app::pay::Saved;
use app::{
    agreement, attribution, awareness, backtest, call, check, close, forecast, funnel, goal,
    handoff, huddle, imports, journal, listing, metrics, pay, pipeline, plan, plan_version,
    retention, score, scoreboard, team,
};
use domain::access::Scope;
use domain::handoff::By as Acting;
use domain::period::Period;
use domain::plan_version::NOW;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::agreement::Agreements;
use reports::attribution::{Attribution, By, UnknownWord};
use reports::awareness::Awareness;
use reports::backtest::Backtest;
use reports::board::Board;
use reports::call::Calls;
use reports::close::{Closing, Periods, Standing as Closed};
use reports::document::Report;
use reports::forecast::Forecast;
use reports::goal::tree::GoalTree;
use reports::handoff::Queue;
use reports::huddle::{Minutes, NoHuddle};
use reports::imports::Imports;
use reports::journal::{Entries, Verification};
use reports::listing::{Deals, Leads};
use reports::metrics::{Behind, Catalogue, Figures};
use reports::pay::gate::RelayOutlook;
use reports::pipeline::Waterfall;
use reports::plan_version::comparison::Comparison;
use reports::plan_version::{Version, Versions};
use reports::score::leads::LeadScores;
use reports::score::rules::RuleSets;
use reports::scoreboard::Scoreboard;
use reports::scoreboard::week::Week;

use super::asked::{Asked, Page};
use super::fault::Fault;
use super::lanes::Lane;
use super::settled::Settled;
use super::shared::{FAILED, Shared};
use super::what_if::Answered;

/// Answers that are kept; the one that was asked for least lately makes room.
const KEPT_MAX: usize = 256;
/// How long a request waits for the new answer while an old one is there.
const PATIENCE: Duration = Duration::from_millis(50);
/// An audit that takes this share of the time is not asked for again sooner.
const AUDIT_SHARE_MAX: u32 = 10;
/// How old an answer may be that stands beside another page's.
const AT_HAND_MAX: Duration = Duration::from_secs(600);

/// A report, by its type where a page draws more of it than its tables.
pub(super) enum Answer {
    Scoreboard(Scoreboard),
    Week(Week),
    GoalParts(GoalTree),
    Plan(Box<Answered>),
    PlanVersions(Versions),
    PlanVersion(Box<Version>),
    PlanComparison(Box<Comparison>),
    Attribution(Box<Attribution>),
    Awareness(Box<Awareness>),
    Forecast(Forecast),
    Calls(Box<Calls>),
    Board(Board),
    Waterfall(Waterfall),
    Backtest(Backtest),
    Deals(Deals),
    Leads(Leads),
    Scores(Box<LeadScores>),
    ScoreRules(Box<RuleSets>),
    Imports(Imports),
    Metrics(Catalogue),
    Metric(Box<Figures>),
    MetricRows(Box<Behind>),
    Journal(Box<Entries>),
    Proof(Verification),
    Queue(Box<Queue>),
    Agreement(Box<Agreements>),
    Periods(Periods),
    PeriodChecklist(Box<Closing>),
    /// Before the first huddle there is none.
    Huddle(Option<Box<Minutes>>),
    PayRelay(Box<RelayOutlook>),
    Plain(Box<dyn Report + Send + Sync>),
}

impl Answer {
    pub fn report(&self) -> &dyn Report {
        match self {
            Answer::Scoreboard(report) => report,
            Answer::Week(report) => report,
            Answer::GoalParts(report) => report,
            Answer::Plan(answered) => &answered.plan,
            Answer::PlanVersions(report) => report,
            Answer::PlanVersion(report) => report.as_ref(),
            Answer::PlanComparison(report) => report.as_ref(),
            Answer::Attribution(report) => report.as_ref(),
            Answer::Awareness(report) => report.as_ref(),
            Answer::Forecast(report) => report,
            Answer::Calls(report) => report.as_ref(),
            Answer::Board(report) => report,
            Answer::Waterfall(report) => report,
            Answer::Backtest(report) => report,
            Answer::Deals(report) => report,
            Answer::Leads(report) => report,
            Answer::Scores(report) => report.as_ref(),
            Answer::ScoreRules(report) => report.as_ref(),
            Answer::Imports(report) => report,
            Answer::Metrics(report) => report,
            Answer::Metric(report) => report.as_ref(),
            Answer::MetricRows(report) => report.as_ref(),
            Answer::Journal(report) => report.as_ref(),
            Answer::Proof(report) => report,
            Answer::Queue(report) => report.as_ref(),
            Answer::Agreement(report) => report.as_ref(),
            Answer::Periods(report) => report,
            Answer::PeriodChecklist(report) => report.as_ref(),
            Answer::Huddle(Some(report)) => report.as_ref(),
            Answer::Huddle(None) => &NoHuddle,
            Answer::PayRelay(report) => report.as_ref(),
            Answer::Plain(report) => report.as_ref(),
        }
    }
}

impl Answer {
    /// The id after which a list goes on, where it does.
    pub fn next(&self) -> Option<String> {
        match self {
            Answer::Deals(deals) => deals.next().map(str::to_owned),
            Answer::Leads(leads) => leads.next().map(str::to_owned),
            Answer::Journal(entries) => entries.next.clone(),
            Answer::MetricRows(behind) => behind.next(),
            _ => None,
        }
    }
}

/// How an answer is wanted whose facts have changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Newly computed, however long that takes: for programs and downloads.
    New,
    /// At once, be it of before the change: for a page, which says so.
    AtOnce,
}

/// What is asked, and whose records are seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub page: Page,
    pub asked: Asked,
    pub scope: Scope,
}

impl Question {
    pub fn new(page: Page, asked: &Asked, scope: &Scope) -> Question {
        Question { page, asked: asked.clone(), scope: scope.clone() }
    }

    /// Whether it goes through all that was ever recorded, or learns from it: it takes so long that
    /// no change is followed at once.
    fn is_audit(&self) -> bool {
        use Page::{PeriodChecklist, PeriodProof, Proof, Quality, Restatements, Scores};
        let audits = [Quality, Proof, PeriodProof, PeriodChecklist, Restatements, Scores];
        audits.contains(&self.page)
    }

    /// Whether the store alone tells it: then it comes as soon as a record does.
    fn is_of_store(&self) -> bool {
        use Page::{Agreement, Dropped, Imports, Keeping, Periods, PlanVersions, Queue};
        use Page::{ScoreRules, Teams};
        let of_leads = [Queue, Agreement, Keeping, Dropped, ScoreRules];
        let of_others = [Imports, Teams, PlanVersions, Periods];
        of_leads.contains(&self.page) || of_others.contains(&self.page)
    }

    fn lane(&self) -> Lane {
        match self.page {
            Page::Scoreboard => Lane::First,
            Page::Week | Page::Backtest | Page::Retention | Page::Alignment => Lane::Behind,
            _ if self.is_audit() => Lane::Behind,
            _ => Lane::Usual,
        }
    }
}

/// What the facts were when an answer was computed: the writes of the store, the day, the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    writes: u64,
    today: Date,
    /// Of what has running clocks, the minute.
    minute: Option<i64>,
}

#[derive(Clone)]
struct Kept {
    standing: Standing,
    answer: Arc<Answer>,
    computed_at: Instant,
    took: Duration,
    asked_at: u64,
}

impl Kept {
    /// Whether it is too early to go through everything again.
    fn is_recent(&self) -> bool {
        self.computed_at.elapsed() < self.took * AUDIT_SHARE_MAX
    }
}

#[derive(Default)]
pub(super) struct Answers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: HashMap<Question, Kept>,
    /// Those that are being computed: others wait for them.
    under_way: HashMap<Question, Arc<tokio::sync::Mutex<()>>>,
    requests: u64,
}

impl Answers {
    /// The answer, and whether it is of facts that have changed since.
    pub async fn get(
        &self,
        shared: &Arc<Shared>,
        mut question: Question,
        wanted: Wanted,
    ) -> Result<(Arc<Answer>, bool), Fault> {
        // What changes of a plan bring is told from the plan as things are, and not kept.
        let changes = std::mem::take(&mut question.asked.changes);
        let found = self.kept_or_new(shared, question, wanted).await?;
        match (changes.is_empty(), found.0.as_ref()) {
            (false, Answer::Plan(answered)) => {
                let changed = answered.changed(&changes)?;
                Ok((Arc::new(Answer::Plan(Box::new(changed))), found.1))
            }
            _ => Ok(found),
        }
    }

    async fn kept_or_new(
        &self,
        shared: &Arc<Shared>,
        question: Question,
        wanted: Wanted,
    ) -> Result<(Arc<Answer>, bool), Fault> {
        let standing = standing(shared, question.page).await?;
        let kept = match self.find(&question) {
            Some(kept) if kept.standing == standing => return Ok((kept.answer, false)),
            kept => kept.filter(|_| wanted == Wanted::AtOnce),
        };
        if let Some(kept) = &kept
            && question.is_audit()
            && kept.is_recent()
        {
            return Ok((kept.answer.clone(), true));
        }
        // Whoever has nothing yet goes before pages that can be shown as they were.
        let lane = match (question.lane(), &kept) {
            (Lane::Usual, Some(_)) => Lane::Behind,
            (lane, _) => lane,
        };
        let computing = {
            let shared = shared.clone();
            tokio::spawn(async move { shared.answers.compute(&shared, question, lane).await })
        };
        let failed = |_| Fault::Unready(FAILED);
        match kept {
            None => Ok((computing.await.map_err(failed)??, false)),
            Some(old) => match tokio::time::timeout(PATIENCE, computing).await {
                Ok(done) => Ok((done.map_err(failed)??, false)),
                Err(_) => Ok((old.answer, true)),
            },
        }
    }

    /// What was last answered, however old; asks in the background where it is not of today's
    /// facts and no newer than a while. For what may lag behind the page on which it stands.
    pub fn at_hand(&self, shared: &Arc<Shared>, question: Question) -> Option<Arc<Answer>> {
        let found = self.find(&question);
        let is_late = found.as_ref().is_none_or(|found| found.computed_at.elapsed() > AT_HAND_MAX);
        if is_late {
            let shared = shared.clone();
            tokio::spawn(async move {
                // What cannot be computed is told on its own page.
                let _ = shared.answers.get(&shared, question, Wanted::New).await;
            });
        }
        found.map(|found| found.answer)
    }

    /// Computes an answer of the facts as they are once it is its turn; whoever asked meanwhile
    /// finds that one.
    async fn compute(
        &self,
        shared: &Shared,
        question: Question,
        lane: Lane,
    ) -> Result<Arc<Answer>, Fault> {
        let turn = self.turn(&question);
        let _mine = turn.lock().await;
        let standing = standing(shared, question.page).await?;
        if let Some(found) = self.find(&question)
            && found.standing == standing
        {
            return Ok(found.answer);
        }
        let context = shared.context("a page", question.scope.clone());
        let (page, asked) = (question.page, question.asked.clone());
        let started = Instant::now();
        let verb = async move |context: &Context| answer(context, page, &asked).await;
        let computed = match question.is_of_store() {
            true => shared.run(context, verb).await,
            false => shared.compute(lane, context, verb).await,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.under_way.remove(&question);
        let answer = Arc::new(computed?);
        if question.asked.is_download {
            // A long list is asked for once.
            return Ok(answer);
        }
        state.keep(question, standing, answer.clone(), started.elapsed());
        Ok(answer)
    }

    fn find(&self, question: &Question) -> Option<Kept> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.requests += 1;
        let now = state.requests;
        let kept = state.kept.get_mut(question)?;
        kept.asked_at = now;
        Some(kept.clone())
    }

    fn turn(&self, question: &Question) -> Arc<tokio::sync::Mutex<()>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.under_way.entry(question.clone()).or_default().clone()
    }
}

/// What the facts are now.
async fn standing(shared: &Shared, page: Page) -> Result<Standing, Fault> {
    let writes = shared.company().store.generation().await.map_err(Error::from)?;
    let has_clocks = matches!(page, Page::Queue | Page::Keeping | Page::Alignment);
    let minute = has_clocks.then(|| shared.now().as_second() / 60);
    Ok(Standing { writes, today: shared.today(), minute })
}

impl State {
    fn keep(
        &mut self,
        question: Question,
        standing: Standing,
        answer: Arc<Answer>,
        took: Duration,
    ) {
        if self.kept.len() >= KEPT_MAX && !self.kept.contains_key(&question) {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.asked_at);
            if let Some(oldest) = oldest.map(|(question, _)| question.clone()) {
                self.kept.remove(&oldest);
            }
        }
        let asked_at = self.requests;
        let kept = Kept { standing, answer, computed_at: Instant::now(), took, asked_at };
        self.kept.insert(question, kept);
    }
}

/// Asks the verb of a page.
async fn answer(context: &Context, page: Page, asked: &Asked) -> Result<Answer, Error> {
    let (as_of, known_at, seed) = (asked.as_of, asked.settled.known_at, asked.settled.seed);
    let day = as_of.unwrap_or_else(|| context.today());
    let plain = |report: Box<dyn Report + Send + Sync>| Ok(Answer::Plain(report));
    match page {
        Page::Scoreboard => {
            Ok(Answer::Scoreboard(scoreboard::scoreboard(context, as_of, known_at).await?))
        }
        Page::Goal => plain(Box::new(goal::show(context).await?)),
        Page::Week => Ok(Answer::Week(scoreboard::week::week(context, as_of).await?)),
        Page::GoalParts => {
            Ok(Answer::GoalParts(goal::tree::tree(context, asked.period, as_of).await?))
        }
        Page::GoalCheck => plain(Box::new(goal::check(context, &checked(asked)).await?)),
        Page::Plan => planned(context, asked).await,
        Page::PlanVersions => Ok(Answer::PlanVersions(plan_version::list(context).await?)),
        Page::PlanVersion => saved(context, asked).await,
        Page::PlanComparison => compared(context, asked).await,
        Page::Leads => Ok(Answer::Leads(listing::leads(context, &asked.filter, as_of).await?)),
        Page::Deals => Ok(Answer::Deals(listing::deals(context, &asked.filter, as_of).await?)),
        Page::Pipeline => plain(Box::new(pipeline::pipeline(context, as_of, known_at).await?)),
        Page::Board => Ok(Answer::Board(listing::board(context, &asked.filter, as_of).await?)),
        Page::Waterfall => moved(context, asked, day).await,
        Page::Forecast => {
            let period = period(context, asked, day);
            let report = forecast::forecast(context, period, as_of, known_at, seed).await?;
            Ok(Answer::Forecast(report))
        }
        Page::Calls => Ok(Answer::Calls(Box::new(call::calls(context, &called(asked)).await?))),
        Page::Backtest => {
            let origins = asked.settled.past_days();
            let graded = backtest::backtest(context, &origins, as_of, known_at, seed).await?;
            Ok(Answer::Backtest(graded))
        }
        Page::Rates => {
            let question = funnel::rates::Question { by: asked.by.clone(), as_of, known_at };
            plain(Box::new(funnel::rates::rates(context, &question).await?))
        }
        Page::Curve => plain(Box::new(funnel::curve(context, &curve(asked)?).await?)),
        Page::Retention => {
            plain(Box::new(retention::retention(context, as_of, known_at, seed).await?))
        }
        Page::Attribution => attributed(context, asked).await,
        Page::Awareness => came(context, asked).await,
        Page::Scores | Page::ScoreRules | Page::Points => scored(context, page, asked).await,
        Page::Metrics => Ok(Answer::Metrics(metrics::list()?)),
        Page::Metric => {
            Ok(Answer::Metric(Box::new(metrics::show(context, &measured(asked)).await?)))
        }
        Page::MetricRows => behind(context, asked).await,
        Page::Quality => plain(Box::new(check::check(context).await?)),
        Page::Imports => Ok(Answer::Imports(imports::list(context).await?)),
        Page::Journal => found(context, asked).await,
        Page::Proof => Ok(Answer::Proof(journal::verify(context).await?)),
        Page::Teams => plain(Box::new(team::list(context).await?)),
        Page::Agreement | Page::Queue | Page::Keeping | Page::Dropped | Page::Alignment => {
            of_handoffs(context, page, asked).await
        }
        Page::Periods
        | Page::Period
        | Page::PeriodProof
        | Page::PeriodChecklist
        | Page::Restatements => of_closes(context, page, asked).await,
        Page::Huddle => held(context, asked).await,
        Page::PayRelay => outlook(context, asked).await,
        Page::PaySimulation => tried(context, asked).await,
    }
}

async fn held(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let number = asked.name.as_deref().and_then(|number| number.parse().ok());
    Ok(Answer::Huddle(huddle::minutes(context, number).await?.map(Box::new)))
}

/// How likely a relay pays; what is kept of it is asked within a reach of pay, in the place of the
/// scope of records.
async fn outlook(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let version = asked.with.as_deref().and_then(|version| version.parse().ok());
    let which = Saved { name: asked.name.clone().unwrap_or_default(), version };
    let outlook = pay::outlook(context, &which, &context.scope).await?;
    Ok(Answer::PayRelay(Box::new(outlook)))
}

/// A pay plan tried out, in the place of whose scope is that of who sees everybody's pay.
async fn tried(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let plan = asked.name.clone().unwrap_or_default();
    let found = pay::tried(context, (&plan, asked.with.as_deref()), asked.period).await?;
    Ok(Answer::Plain(Box::new(found)))
}

fn checked(asked: &Asked) -> goal::Question {
    let (as_of, known_at, seed) = (asked.as_of, asked.settled.known_at, asked.settled.seed);
    goal::Question { period: asked.period, as_of, known_at, seed }
}

/// Asks the verb of a page of the hand-off.
async fn of_handoffs(context: &Context, page: Page, asked: &Asked) -> Result<Answer, Error> {
    let plain = |report: Box<dyn Report + Send + Sync>| Ok(Answer::Plain(report));
    match page {
        Page::Agreement => Ok(Answer::Agreement(Box::new(agreement::show(context).await?))),
        Page::Keeping => plain(Box::new(handoff::keeping::keeping(context, within(asked)).await?)),
        Page::Dropped => plain(Box::new(handoff::keeping::dropped(context, within(asked)).await?)),
        Page::Alignment => plain(Box::new(
            handoff::alignment::alignment(context, asked.as_of, asked.settled.known_at).await?,
        )),
        _ => queued(context).await,
    }
}

/// Asks the verb of a page of closed periods.
async fn of_closes(context: &Context, page: Page, asked: &Asked) -> Result<Answer, Error> {
    let plain = |report: Box<dyn Report + Send + Sync>| Ok(Answer::Plain(report));
    match page {
        Page::Period => plain(Box::new(close::show(context, closed(context, asked).await?).await?)),
        Page::PeriodProof => {
            plain(Box::new(close::verify(context, closed(context, asked).await?).await?))
        }
        Page::Restatements => {
            plain(Box::new(close::restatements(context, closed(context, asked).await?).await?))
        }
        Page::PeriodChecklist => {
            let period = listed(context, asked, |it| *it == Closed::Over).await?;
            Ok(Answer::PeriodChecklist(Box::new(close::checked(context, period).await?)))
        }
        _ => Ok(Answer::Periods(close::list(context).await?)),
    }
}

/// The closed period that is asked for, else the latest one.
async fn closed(context: &Context, asked: &Asked) -> Result<Period, Error> {
    listed(context, asked, |it| matches!(it, Closed::Closed { .. })).await
}

/// The period that is asked for, else the latest that stands so.
async fn listed(
    context: &Context,
    asked: &Asked,
    stands: fn(&Closed) -> bool,
) -> Result<Period, Error> {
    if let Some(period) = asked.period {
        return Ok(period);
    }
    let periods = close::list(context).await?.periods;
    let found = periods.into_iter().find(|it| stands(&it.standing)).map(|it| it.period);
    found.ok_or_else(|| {
        Error::Input("no period is there to be shown: the list of periods has them".to_owned())
    })
}

/// Asks the verb of a page of scores.
async fn scored(context: &Context, page: Page, asked: &Asked) -> Result<Answer, Error> {
    if page == Page::ScoreRules {
        return Ok(Answer::ScoreRules(Box::new(score::rules::list(context).await?)));
    }
    if page == Page::Points {
        let question = score::points::Question {
            lead: asked.name.clone().unwrap_or_default(),
            as_of: asked.as_of,
            known_at: asked.settled.known_at,
            version: None,
        };
        return Ok(Answer::Plain(Box::new(score::points::points(context, &question).await?)));
    }
    let question = score::leads::Question {
        lead: None,
        as_of: asked.as_of,
        known_at: asked.settled.known_at,
        limit: asked.settled.limit,
        seed: asked.settled.seed,
    };
    Ok(Answer::Scores(Box::new(score::leads::leads(context, &question).await?)))
}

async fn queued(context: &Context) -> Result<Answer, Error> {
    let (by, is_all) = acting(&context.scope);
    Ok(Answer::Queue(Box::new(handoff::queue::queue(context, by, is_all).await?)))
}

/// As whom a queue is looked at: who sees own records alone is that user; who sees more sees all of
/// it, and names who takes a lead.
fn acting(scope: &Scope) -> (Acting, bool) {
    let own = match scope {
        Scope::Owners(owners) if owners.len() <= 1 => Some(owners.first().copied()),
        _ => None,
    };
    let by = Acting {
        user: own.flatten(),
        is_marketing: own.is_none(),
        is_sales: true,
        may_act_for_others: own.is_none(),
    };
    (by, own.is_none())
}

fn within(asked: &Asked) -> handoff::keeping::Question {
    handoff::keeping::Question { from: asked.from, to: asked.to }
}

/// The dimension that is asked for by name.
fn dimension(asked: &Asked) -> Result<By, Error> {
    let wrong = |error: UnknownWord| Error::Input(error.to_string());
    asked.by.as_deref().map_or(Ok(By::default()), str::parse).map_err(wrong)
}

async fn came(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let question = awareness::Question {
        by: dimension(asked)?,
        from: asked.from,
        to: asked.to,
        as_of: asked.as_of,
        known_at: asked.settled.known_at,
    };
    Ok(Answer::Awareness(Box::new(awareness::awareness(context, &question).await?)))
}

async fn attributed(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let question = attribution::Question {
        conversion: asked.conversion,
        by: dimension(asked)?,
        model: asked.settled.model,
        from: asked.from,
        to: asked.to,
        lookback_days: asked.settled.lookback_days,
        half_life_days: asked.settled.half_life_days,
        as_of: asked.as_of,
        known_at: asked.settled.known_at,
        seed: asked.settled.seed,
    };
    let began = Instant::now();
    let clock = || began.elapsed().as_secs_f64();
    let report = attribution::attribution(context, &question, &clock).await?;
    Ok(Answer::Attribution(Box::new(report)))
}

/// What is asked of a metric.
fn measured(asked: &Asked) -> metrics::Question {
    metrics::Question {
        name: asked.name.clone().unwrap_or_default(),
        from: asked.from,
        to: asked.to,
        by: asked.by.clone(),
        as_of: asked.as_of,
        known_at: asked.settled.known_at,
    }
}

async fn behind(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let question = metrics::RowsQuestion {
        of: measured(asked),
        value: asked.value.clone(),
        after: asked.filter.after.clone(),
        limit: match asked.is_download {
            true => limits::ROWS_DOWNLOADED_MAX,
            false => limits::ROWS_SHOWN_MAX,
        },
    };
    Ok(Answer::MetricRows(Box::new(metrics::rows(context, &question).await?)))
}

async fn found(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    Ok(Answer::Journal(Box::new(journal::search(context, &searched(asked)).await?)))
}

/// What the journal is searched for.
fn searched(asked: &Asked) -> journal::Question {
    let filter = asked.journal.clone();
    journal::Question {
        kind: filter.kind,
        record: filter.record,
        field: filter.field,
        who: filter.who,
        from: asked.from,
        to: asked.to,
        cause: filter.cause,
        text: asked.filter.text.clone(),
        after: asked.filter.after.clone(),
        held_to: filter.held_to,
        limit: match asked.is_download {
            true => limits::ENTRIES_DOWNLOADED_MAX,
            false => limits::ENTRIES_SHOWN_MAX,
        },
    }
}

async fn saved(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let version = plan_version::show(context, saved_plan(asked)?).await?;
    Ok(Answer::PlanVersion(Box::new(version)))
}

async fn compared(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let with = asked.with.as_deref().unwrap_or(NOW);
    let compared = plan_version::compare(context, saved_plan(asked)?, with).await?;
    Ok(Answer::PlanComparison(Box::new(compared)))
}

fn saved_plan(asked: &Asked) -> Result<&str, Error> {
    let named = asked.name.as_deref();
    named.ok_or_else(|| Error::Input("name a saved plan: the list has them".to_owned()))
}

fn called(asked: &Asked) -> call::Question {
    call::Question {
        period: asked.period,
        as_of: asked.as_of,
        known_at: asked.settled.known_at,
        of_owners: asked.by.as_deref() == Some("owner"),
        seed: asked.settled.seed,
    }
}

async fn planned(context: &Context, asked: &Asked) -> Result<Answer, Error> {
    let (period, as_of, seed) = (asked.period, asked.as_of, asked.settled.seed);
    let known_at = asked.settled.known_at;
    let question = plan::Question { period, as_of, known_at, assume: None, seed };
    let prepared = plan::prepare(context, &question).await?;
    Ok(Answer::Plan(Box::new(Answered::new(prepared)?)))
}

/// The states between which a curve is asked for.
fn curve(asked: &Asked) -> Result<funnel::Question, Error> {
    let Settled { from_state, to_state, unsmoothed, known_at, .. } = asked.settled.clone();
    let (Some(from), Some(to)) = (from_state, to_state) else {
        let why = "name both states: from_state, such as lead, and to_state, such as won";
        return Err(Error::Input(why.to_owned()));
    };
    Ok(funnel::Question { from, to, as_of: asked.as_of, known_at, unsmoothed })
}

/// The period that is asked for, else the quarter around the day.
fn period(context: &Context, asked: &Asked, day: Date) -> Period {
    asked.period.unwrap_or_else(|| context.company.calendar.quarter_of(day))
}

/// How the pipeline moved, with the deals behind a step as far as a page or a file holds them.
async fn moved(context: &Context, asked: &Asked, day: Date) -> Result<Answer, Error> {
    let (from, to) = (asked.from.unwrap_or(quarter_before(day)), asked.to.unwrap_or(day));
    let closing = asked.settled.closing;
    let mut fall = pipeline::waterfall(context, from, to, closing, asked.step).await?;
    if let (Some(behind), false) = (&mut fall.behind, asked.is_download) {
        behind.truncate(limits::LISTED_MAX);
    }
    Ok(Answer::Waterfall(fall))
}

/// A day some three months back: where the waterfall begins unless another day is asked for.
fn quarter_before(day: Date) -> Date {
    day.checked_sub(3.months()).unwrap_or(day)
}
