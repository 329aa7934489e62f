//! Pay plans that Baton keeps: saving a version, signing it, judging the legs of its relay.

use domain::access::Scope;
use domain::pay::plan::Plan;
use domain::pay::relay::Judgement;
use domain::pay::run::{PLAN_OWNER, Step};
use domain::time::day_of;
use reports::pay::kept::{Desk, Done, LegShown, PlanShown};
use store::Tx;
use store::pay::PayPlan;

use super::file::{self, Read};
use super::gate;
use super::people::People;
use super::runs::desk;
use crate::actor::Actors;
use crate::close::sha256;
use crate::context::Context;
use crate::error::Error;
use crate::limits::PAY_PLAN_BYTES_MAX;

/// A version of a plan with its terms.
pub(super) struct Kept {
    pub kept: PayPlan,
    pub plan: Plan,
}

/// Which version of a plan is meant.
#[derive(Clone, Debug)]
pub struct Saved {
    pub name: String,
    /// The newest where none is named.
    pub version: Option<u32>,
}

/// Keeps a version of a plan, which nobody has signed yet.
///
/// # Errors
/// When a term of it will not do, it judges its own relay, or its version is not the next.
pub async fn save(context: &Context, text: &str) -> Result<Desk, Error> {
    let wrong = |why: String| Error::Field { field: "terms", why };
    if text.len() > PAY_PLAN_BYTES_MAX {
        return Err(wrong(format!("the plan has more than {PAY_PLAN_BYTES_MAX} bytes")));
    }
    let read = file::parse(text, context.company.calendar).map_err(wrong)?;
    if !read.judgements.is_empty() {
        let why = "leave [[judgement]] out of a plan that is signed beforehand: how a leg was \
                   judged is said with `baton pay judge`";
        return Err(wrong(why.to_owned()));
    }
    People::of(context).await?.payees(&read.plan.terms().payees)?;
    read.plan.terms().relay.iter().flat_map(|it| &it.legs).try_for_each(gate::known)?;
    let terms = read.plan.terms();
    let (name, version) = (terms.name.clone(), terms.version);
    let sha256 = sha256(text);
    let write = async |tx: &mut Tx| {
        let all = tx.pay_plans().await?;
        let last = all.iter().filter(|it| it.name == name).map(|it| it.version).max();
        let next = last.map_or(1, |last| last + 1);
        if version != next {
            return Err(wrong(format!("its version is {version}, and the next is {next}")));
        }
        let locked = tx.pay_runs().await?.into_iter().filter(|run| run.locked.is_some());
        let calendar = context.company.calendar;
        let first = calendar.days(terms.first_period).first;
        let late = locked
            .filter(|run| run.plan == name)
            .map(|run| run.period)
            .find(|period| calendar.days(*period).last >= first);
        if let Some(period) = late {
            let why = "is locked: a new version begins after what is locked";
            return Err(wrong(format!("first_period: {period} {why}")));
        }
        tx.add_pay_plan((&name, version), text, &sha256).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("pay plan saved"), write).await?;
    desk(context, &Scope::All).await
}

/// Signs a version for its owner, or for a payee.
///
/// # Errors
/// When there is no such version or payee, or they have signed it already.
pub async fn sign(
    context: &Context,
    which: &Saved,
    payee: Option<&str>,
    reach: &Scope,
) -> Result<Desk, Error> {
    let found = find(context, which).await?;
    let signer = match payee {
        None => PLAN_OWNER.to_owned(),
        Some(payee) => own_payee(context, &found.plan, payee, reach).await?,
    };
    let PayPlan { name, version, sha256, .. } = &found.kept;
    let write = async |tx: &mut Tx| {
        if !tx.sign_pay_plan((name, *version), &signer, sha256).await? {
            let why = format!("version {version} of {name} is signed by {signer} already");
            return Err(Error::Field { field: "payee", why });
        }
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("pay plan signed"), write).await?;
    desk(context, reach).await
}

/// The id of a payee who is within reach; of others it is not even said that they are there.
async fn own_payee(
    context: &Context,
    plan: &Plan,
    payee: &str,
    reach: &Scope,
) -> Result<String, Error> {
    let unknown = || Error::NotSeen(format!("payee `{payee}`"));
    let payees = &plan.terms().payees;
    let named = payees.iter().find(|one| one.id == payee || one.name == payee);
    let named = named.ok_or_else(unknown)?;
    let users = People::of(context).await?.users(payees)?;
    match reach.shows(users.get(&named.id).copied()) {
        true => Ok(named.id.clone()),
        false => Err(unknown()),
    }
}

/// Says what a leg of a plan's relay reached, once and for all: where nothing is said, what its
/// metric was over the relay's period.
///
/// # Errors
/// When the plan has no such leg, it is judged already, the figure is none, or nothing is said of a
/// leg without a metric or of a period that still runs.
pub async fn judge(
    context: &Context,
    which: &Saved,
    leg: &str,
    reached: Option<&str>,
) -> Result<Desk, Error> {
    let found = find(context, which).await?;
    let wrong = |field: &'static str, why: String| Error::Field { field, why };
    let relay = found.plan.terms().relay.as_ref();
    let own = relay.and_then(|relay| Some((relay, relay.legs.iter().find(|one| one.name == leg)?)));
    let Some((relay, own)) = own else {
        let legs = relay.iter().flat_map(|relay| &relay.legs);
        let all: Vec<&str> = legs.map(|leg| leg.name.as_str()).collect();
        let all = if all.is_empty() { "it has no relay".to_owned() } else { all.join(", ") };
        return Err(wrong("leg", format!("the plan has no leg `{leg}`: {all}")));
    };
    let reached_millionths = match reached {
        Some(text) => {
            file::millionths("reached", text.trim()).map_err(|why| wrong("reached", why))?
        }
        None => gate::measured(context, relay.period, own).await?,
    };
    let known_on = context.today();
    let judgement = Judgement { leg: leg.to_owned(), known_on, reached_millionths };
    let PayPlan { name, version, .. } = &found.kept;
    let write = async |tx: &mut Tx| {
        if !tx.judge_pay_leg((name, *version), &judgement).await? {
            return Err(wrong("leg", format!("leg {leg} was judged already, once and for all")));
        }
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author(format!("leg {leg} judged")), write).await?;
    desk(context, &Scope::All).await
}

pub(super) async fn find(context: &Context, which: &Saved) -> Result<Kept, Error> {
    let all = context.store.pay_plans().await?;
    let mut named = all.into_iter().filter(|it| it.name == which.name);
    let found = named.rfind(|it| which.version.is_none_or(|version| version == it.version));
    let found = found.ok_or_else(|| Error::NotSeen(format!("pay plan `{}`", which.name)))?;
    read(context, found)
}

impl Kept {
    /// The plan with how its relay was judged.
    pub fn read(&self) -> Read {
        let judgements = self.kept.judgements.iter().map(|(judgement, _)| judgement.clone());
        Read { plan: self.plan.clone(), judgements: judgements.collect() }
    }
}

pub(super) fn read(context: &Context, kept: PayPlan) -> Result<Kept, Error> {
    let read = file::parse(&kept.terms, context.company.calendar);
    let read =
        read.map_err(|problem| Error::Input(format!("pay plan {}: {problem}", kept.name)))?;
    Ok(Kept { plan: read.plan, kept })
}

/// The plans as far as they are of those within reach.
pub(super) async fn shown(
    context: &Context,
    reach: &Scope,
    actors: &Actors,
) -> Result<Vec<PlanShown>, Error> {
    let zone = &context.company.timezone;
    let people = People::of(context).await?;
    let mut shown = Vec::new();
    for kept in context.store.pay_plans().await? {
        let Kept { kept, plan } = read(context, kept)?;
        let terms = plan.terms();
        let users = people.users(&terms.payees)?;
        let own: Vec<_> = (terms.payees.iter())
            .filter(|payee| reach.shows(users.get(&payee.id).copied()))
            .collect();
        if own.is_empty() && *reach != Scope::All {
            continue;
        }
        let done = |step: &Step| Done { by: actors.name(&step.actor), on: day_of(step.at, zone) };
        let signature = |signer: &str| kept.signatures.iter().find(|it| it.signer == signer);
        let signers = std::iter::once((PLAN_OWNER, PLAN_OWNER))
            .chain(own.iter().map(|payee| (payee.id.as_str(), payee.name.as_str())));
        let (mut signatures, mut unsigned) = (Vec::new(), Vec::new());
        for (signer, name) in signers {
            match signature(signer) {
                Some(signature) => signatures.push((name.to_owned(), done(&signature.step))),
                None => unsigned.push(name.to_owned()),
            }
        }
        let legs = terms.relay.iter().flat_map(|relay| &relay.legs).map(|leg| {
            let found = kept.judgements.iter().find(|(judgement, _)| judgement.leg == leg.name);
            LegShown {
                name: leg.name.clone(),
                judge: leg.judge.clone(),
                mark: leg.told(leg.mark_millionths),
                metric: leg.metric.clone(),
                reached: found.map(|(it, step)| (leg.told(it.reached_millionths), done(step))),
            }
        });
        shown.push(PlanShown {
            first_period: terms.first_period,
            legs: legs.collect(),
            saved: done(&kept.saved),
            signatures,
            unsigned,
            terms: (*reach == Scope::All).then(|| kept.terms.clone()),
            name: kept.name,
            version: kept.version,
            sha256: kept.sha256,
        });
    }
    Ok(shown)
}
