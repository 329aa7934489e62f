//! Statements of a plan that Baton keeps: calculated, approved by somebody else, locked, exported;
//! and what a payee's would be if more were won.

use std::collections::{BTreeMap, HashMap};

use domain::access::Scope;
use domain::money::Money;
use domain::pay::calculate::frozen;
use domain::pay::counted::Counted;
use domain::pay::facts::{Fact, Seen, What};
use domain::pay::relay::Judgement;
use domain::pay::run::{PLAN_OWNER, Run, RunError, State, Step, since_locked};
use domain::pay::statement::Statement as Calculated;
use domain::period::Period;
use domain::time::{AsOf, day_of};
use jiff::civil::Date;
use reports::pay::Paid;
use reports::pay::kept::{Desk, Done, Export, RunShown, SaidShown, Sheet, Sum};
use store::Tx;
use store::pay::{PayPlan, Said, Statement};
use uuid::Uuid;

use super::Found;
use super::file::Read;
use super::plans::{self, Kept};
use super::told::Needs;
use crate::actor::Actors;
use crate::close::sha256;
use crate::context::Context;
use crate::error::Error;

/// What is done with calculated statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Approve,
    Lock,
}

/// A calculation with what it rests on.
struct Made {
    kept: Kept,
    paid: Paid,
    /// Each payee's statement in the order of the plan, with its text.
    statements: Vec<Statement>,
    facts: Vec<Fact>,
    frozen: Vec<Fact>,
}

/// Calculates and keeps everybody's statement of a period, in place of what was calculated before.
///
/// # Errors
/// When no version of the plan that its owner has signed pays for the period, or the period is
/// locked.
pub async fn calculate(context: &Context, plan: &str, period: Period) -> Result<RunShown, Error> {
    all_seen(context)?;
    let id = context.new_id();
    let as_of = AsOf { effective_at: context.now, known_at: context.now };
    let made = Made::at(context, plan, period, (as_of, id)).await?;
    let run = Run {
        id,
        plan: made.kept.kept.name.clone(),
        version: made.kept.kept.version,
        period,
        as_of,
        currency: made.paid.calculation.currency,
        total: made.statements.iter().map(|one| one.total).sum(),
        sha256: made.fingerprint(period),
        notes: made.paid.notes(),
        calculated: Step { actor: context.actor.clone(), at: context.now },
        approved: None,
        locked: None,
    };
    let write = async |tx: &mut Tx| {
        let all = tx.pay_runs().await?;
        if all.iter().any(|it| it.plan == plan && it.period == period && it.locked.is_some()) {
            return Err(is_locked(period));
        }
        tx.add_pay_run(&run, &made.statements).await?;
        tx.chain().await?;
        Ok(())
    };
    context.store.write(context.author(format!("pay of {period} calculated")), write).await?;
    shown(context, plan, period, &Scope::All).await
}

/// Approves statements that somebody else has calculated, or locks approved ones: nothing changes
/// them from then on.
///
/// # Errors
/// When it is not their turn, a dispute is open, or facts are no longer what they were.
pub async fn advance(
    context: &Context,
    plan: &str,
    period: Period,
    deed: Deed,
) -> Result<RunShown, Error> {
    all_seen(context)?;
    let wrong = |error: RunError| Error::field("period")(error);
    let run = find(context, plan, period).await?;
    let facts = match deed {
        Deed::Approve => Vec::new(),
        Deed::Lock => to_freeze(context, &run).await?,
    };
    let write = async |tx: &mut Tx| {
        let all = tx.pay_runs().await?;
        let found = all.iter().find(|it| it.id == run.id);
        let found = found.ok_or_else(|| Error::Changed { subject: format!("pay of {period}") })?;
        let open = open(&tx.pay_disputes(&Scope::All).await?, found);
        match deed {
            Deed::Approve => {
                found.may_approve(&context.actor, open).map_err(wrong)?;
                tx.approve_pay_run(found).await?;
            }
            Deed::Lock => {
                found.may_lock(open).map_err(wrong)?;
                tx.lock_pay_run(found, &facts).await?;
            }
        }
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    let reason = match deed {
        Deed::Approve => format!("pay of {period} approved"),
        Deed::Lock => format!("pay of {period} locked"),
    };
    if deed == Deed::Approve {
        is_ripe(context, &run).await?;
    }
    context.store.write(context.author(reason), write).await?;
    shown(context, plan, period, &Scope::All).await
}

/// Statements are approved once what became known in time is in them.
async fn is_ripe(context: &Context, run: &Run) -> Result<(), Error> {
    let Kept { plan, .. } = version(context, run).await?;
    let frozen_on = plan.frozen_on(context.company.calendar.days(run.period));
    let known_on = day_of(run.as_of.known_at, &context.company.timezone);
    if known_on >= frozen_on {
        return Ok(());
    }
    let why = format!(
        "the statements are of {known_on}, and what becomes known up to {frozen_on} is on them: \
         calculate them again then"
    );
    Err(Error::Field { field: "period", why })
}

/// The facts that locked statements rest on and none did before. They are found anew, and must give
/// the same statements.
async fn to_freeze(context: &Context, run: &Run) -> Result<Vec<Fact>, Error> {
    let Kept { plan, .. } = version(context, run).await?;
    let all = context.store.pay_runs().await?;
    let calendar = context.company.calendar;
    let first = calendar.days(run.period).first;
    let mut period = plan.terms().first_period;
    while calendar.days(period).first < first {
        let is_locked =
            |it: &Run| it.plan == run.plan && it.period == period && it.locked.is_some();
        if !all.iter().any(is_locked) {
            let why = format!("{period} comes first: calculate, approve and lock it before");
            return Err(Error::Field { field: "period", why });
        }
        period = calendar.next(period);
    }
    let made = Made::at(context, &run.plan, run.period, (run.as_of, run.id)).await?;
    if made.fingerprint(run.period) != run.sha256 {
        let why = "the statements no longer come out as they were calculated: calculate them again";
        return Err(Error::Field { field: "period", why: why.to_owned() });
    }
    let days = calendar.days(run.period);
    let Seen { effective_on, known_on } = frozen(&plan, days, made.paid.calculation.seen);
    let is_seen = |fact: &&Fact| {
        let is_of_period = match &fact.what {
            What::Won(won) => won.on <= effective_on,
            _ => true,
        };
        fact.known_on <= known_on && is_of_period && !made.frozen.contains(fact)
    };
    Ok(made.facts.iter().filter(is_seen).cloned().collect())
}

impl Made {
    async fn at(
        context: &Context,
        plan: &str,
        period: Period,
        (as_of, run): (AsOf, Uuid),
    ) -> Result<Made, Error> {
        let kept = paying(context, plan, period).await?;
        let (found, frozen) = found(context, &kept, period, as_of).await?;
        let runs = context.store.pay_runs().await?;
        let paid = found.paid(context, kept.judged(context, &runs, period), period)?;
        let users = found.people.users(&paid.plan.terms().payees)?;
        let statements: Vec<Statement> =
            paid.of_period().map(|one| statement(&paid, one, run, &users)).collect();
        let made = Made { kept, paid, statements, facts: found.facts, frozen };
        made.check_locked(&runs)?;
        Ok(made)
    }

    /// Of all statements of a period, one after the other.
    fn fingerprint(&self, period: Period) -> String {
        let statements = &self.paid.calculation.statements;
        let own = statements.iter().filter(|one| one.period == period);
        sha256(&own.map(|one| self.paid.text(one)).collect::<String>())
    }

    /// Statements that are locked come out just as they were.
    fn check_locked(&self, runs: &[Run]) -> Result<(), Error> {
        let PayPlan { name, version, .. } = &self.kept.kept;
        let is_told =
            |run: &Run| self.paid.calculation.statements.iter().any(|one| one.period == run.period);
        let own = runs.iter().filter(|run| {
            run.plan == *name && run.version == *version && run.locked.is_some() && is_told(run)
        });
        for run in own {
            if self.fingerprint(run.period) != run.sha256 {
                return Err(Error::Input(format!(
                    "the locked statements of {} would come out otherwise: was a leg judged after \
                     they were locked, or the plan's payee become another user?",
                    run.period
                )));
            }
        }
        Ok(())
    }
}

impl Kept {
    /// The plan with how its relay was judged: in time for the statements of the relay's period
    /// unless these were locked before, and then for those that are calculated.
    pub(super) fn judged(&self, context: &Context, runs: &[Run], period: Period) -> Read {
        let Some(relay) = &self.plan.terms().relay else { return self.read() };
        let locked = runs.iter().find(|run| {
            run.plan == self.kept.name && run.period == relay.period && run.locked.is_some()
        });
        let judgement = |(judgement, step): &(Judgement, Step)| {
            let is_late = locked.is_some_and(|run| run.as_of.known_at < step.at);
            let days = context.company.calendar.days(if is_late { period } else { relay.period });
            let known_on = judgement.known_on;
            let known_on = frozen(&self.plan, days, Seen { effective_on: known_on, known_on });
            Judgement { known_on: known_on.known_on, ..judgement.clone() }
        };
        let judgements = self.kept.judgements.iter().map(judgement).collect();
        Read { plan: self.plan.clone(), judgements }
    }
}

fn statement(paid: &Paid, one: &Calculated, run: Uuid, users: &HashMap<String, Uuid>) -> Statement {
    let payee = &paid.plan.terms().payees[one.payee];
    let text = paid.text(one);
    Statement {
        run,
        place: one.payee,
        payee: payee.id.clone(),
        payee_name: payee.name.clone(),
        user: users.get(&payee.id).copied(),
        total: one.total,
        sha256: sha256(&text),
        text,
    }
}

/// What was won, where what locked statements rest on stays as it was; with those facts.
pub(super) async fn found(
    context: &Context,
    kept: &Kept,
    period: Period,
    as_of: AsOf,
) -> Result<(Found, Vec<Fact>), Error> {
    let mut found = Found::at(context, as_of, &Needs::of([&kept.plan])).await?;
    let calendar = context.company.calendar;
    let through = locked_through(context, as_of).await?;
    if through.is_empty() {
        return Ok((found, Vec::new()));
    }
    let mut before = context.store.pay_facts().await?;
    let counted = kept.plan.counted();
    before.retain(|fact| counted.contains(&fact.of) && Found::is_as_long(fact, &kept.plan));
    let Seen { known_on, .. } = frozen(&kept.plan, calendar.days(period), found.seen);
    let facts = std::mem::take(&mut found.facts);
    found.facts = since_locked(&before, facts, &through, known_on);
    Ok((found, before))
}

/// Up to which day statements are locked that rest on what counts towards something.
async fn locked_through(context: &Context, as_of: AsOf) -> Result<BTreeMap<Counted, Date>, Error> {
    let calendar = context.company.calendar;
    let runs = context.store.pay_runs().await?.into_iter();
    let locked = runs.filter(|run| run.locked.is_some() && run.as_of.known_at < as_of.known_at);
    let mut through: BTreeMap<Counted, Date> = BTreeMap::new();
    for run in locked {
        let last = calendar.days(run.period).last;
        for counted in version(context, &run).await?.plan.counted() {
            let until = through.entry(counted).or_insert(last);
            *until = last.max(*until);
        }
    }
    Ok(through)
}

/// The version of a plan that pays for a period, signed by the plan's owner.
pub(super) async fn paying(context: &Context, name: &str, period: Period) -> Result<Kept, Error> {
    let all = context.store.pay_plans().await?;
    let mut own = all.into_iter().filter(|it| it.name == name).peekable();
    if own.peek().is_none() {
        return Err(Error::NotSeen(format!("pay plan `{name}`")));
    }
    let calendar = context.company.calendar;
    let first = calendar.days(period).first;
    let mut newest = None;
    for kept in own {
        let kept = plans::read(context, kept)?;
        if calendar.days(kept.plan.terms().first_period).first <= first {
            newest = Some(kept);
        }
    }
    let none = || Error::Field {
        field: "period",
        why: format!("no version of {name} pays for {period}: all begin later"),
    };
    let newest = newest.ok_or_else(none)?;
    if !newest.kept.signatures.iter().any(|it| it.signer == PLAN_OWNER) {
        let version = newest.kept.version;
        let why = format!("version {version} of {name} is not signed by the plan's owner yet");
        return Err(Error::Field { field: "plan", why });
    }
    Ok(newest)
}

async fn version(context: &Context, run: &Run) -> Result<Kept, Error> {
    let which = plans::Saved { name: run.plan.clone(), version: Some(run.version) };
    plans::find(context, &which).await
}

async fn find(context: &Context, plan: &str, period: Period) -> Result<Run, Error> {
    let all = context.store.pay_runs().await?;
    let found = all.into_iter().rfind(|run| run.plan == plan && run.period == period);
    found.ok_or_else(|| Error::NotSeen(format!("calculation of {period} by `{plan}`")))
}

fn is_locked(period: Period) -> Error {
    let why = "is locked: what has changed since is an adjustment in the next statement";
    Error::Field { field: "period", why: format!("{period} {why}") }
}

/// Those who calculate see everything.
fn all_seen(context: &Context) -> Result<(), Error> {
    match context.scope {
        Scope::All => Ok(()),
        Scope::Owners(_) => Err(Error::NotSeen("pay of everybody".to_owned())),
    }
}

/// How many disputes of a run's statements nobody has ruled on.
fn open(said: &[Said], run: &Run) -> usize {
    let mut last: BTreeMap<&str, &Said> = BTreeMap::new();
    for one in said.iter().filter(|one| one.plan == run.plan && one.period == run.period) {
        last.insert(&one.payee, one);
    }
    last.values().filter(|one| one.ruling.is_none()).count()
}

/// Plans and statements, as far as they are within reach.
///
/// # Errors
/// When the store cannot be read.
pub async fn desk(context: &Context, reach: &Scope) -> Result<Desk, Error> {
    let actors = Actors::of(context).await?;
    let mut runs = Vec::new();
    for run in context.store.pay_runs().await? {
        let found = run_shown(context, &run, reach, &actors).await?;
        if *reach == Scope::All || !found.statements.is_empty() {
            runs.push(found);
        }
    }
    let calendar = context.company.calendar;
    runs.sort_by_key(|run| std::cmp::Reverse(calendar.days(run.period).last));
    let plans = plans::shown(context, reach, &actors).await?;
    Ok(Desk { plans, runs, is_narrowed: *reach != Scope::All })
}

async fn shown(
    context: &Context,
    plan: &str,
    period: Period,
    reach: &Scope,
) -> Result<RunShown, Error> {
    let run = find(context, plan, period).await?;
    run_shown(context, &run, reach, &Actors::of(context).await?).await
}

async fn run_shown(
    context: &Context,
    run: &Run,
    reach: &Scope,
    actors: &Actors,
) -> Result<RunShown, Error> {
    let zone = &context.company.timezone;
    let done = |step: &Step| Done { by: actors.name(&step.actor), on: day_of(step.at, zone) };
    let sum = |one: Statement| Sum {
        payee: one.payee,
        name: one.payee_name,
        total: Money { minor: one.total, currency: run.currency },
        sha256: one.sha256,
    };
    let statements = context.store.pay_statements(run.id, reach).await?;
    Ok(RunShown {
        plan: run.plan.clone(),
        version: run.version,
        period: run.period,
        state: run.state(),
        calculated: done(&run.calculated),
        approved: run.approved.as_ref().map(done),
        locked: run.locked.as_ref().map(done),
        sha256: run.sha256.clone(),
        currency: run.currency,
        statements: statements.into_iter().map(sum).collect(),
        open_disputes: open(&context.store.pay_disputes(reach).await?, run),
        notes: run.notes.clone(),
    })
}

/// One payee's statement, with what was said of it.
///
/// # Errors
/// [`Error::NotSeen`] for what is not there or not within reach, which are not told apart.
pub async fn sheet(
    context: &Context,
    (plan, period): (&str, Period),
    payee: &str,
    reach: &Scope,
) -> Result<Sheet, Error> {
    let absent = || Error::NotSeen(format!("statement of `{payee}` for {period}"));
    let run = find(context, plan, period).await.map_err(|_| absent())?;
    let seen = context.store.pay_statements(run.id, reach).await?;
    let found = seen.into_iter().find(|one| one.payee == payee || one.payee_name == payee);
    let found = found.ok_or_else(absent)?;
    let actors = Actors::of(context).await?;
    let zone = &context.company.timezone;
    let said = context.store.pay_disputes(reach).await?.into_iter();
    let said = said
        .filter(|one| one.plan == run.plan && one.period == period && one.payee == found.payee)
        .map(|one| SaidShown {
            by: actors.name(&one.step.actor),
            on: day_of(one.step.at, zone),
            text: one.text,
            ruling: one.ruling,
        });
    let text = serde_json::from_str(&found.text)
        .map_err(|error| Error::Input(format!("the statement cannot be read: {error}")))?;
    Ok(Sheet {
        said: said.collect(),
        run: run_shown(context, &run, reach, &actors).await?,
        payee: found.payee,
        name: found.payee_name,
        deal: None,
        text,
    })
}

/// What payroll takes over: locked statements alone.
///
/// # Errors
/// When they are not locked.
pub async fn export(context: &Context, plan: &str, period: Period) -> Result<Export, Error> {
    all_seen(context)?;
    let run = shown(context, plan, period, &Scope::All).await?;
    match run.state {
        State::Locked => Ok(Export(run)),
        state => {
            let why = format!("{period} is {}: lock it first, then export it", state.name());
            Err(Error::Field { field: "period", why })
        }
    }
}
