//! Pay: plans, who signed them, how their relays were judged, and disputes of statements. Rows are
//! only ever added.
//!
//! What people earn is nobody else's business, so the journal has the digests of terms and
//! statements and never their texts.

mod run;

use domain::access::Scope;
use domain::pay::relay::Judgement;
use domain::pay::run::{Ruling, Step};
use domain::period::Period;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db};

pub use run::Statement;

/// A version of a plan, with who signed it and what was judged of its relay.
#[derive(Clone, Debug, PartialEq)]
pub struct PayPlan {
    pub name: String,
    pub version: u32,
    /// The plan as it was written.
    pub terms: String,
    pub sha256: String,
    pub saved: Step,
    pub signatures: Vec<Signature>,
    pub judgements: Vec<(Judgement, Step)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The id of a payee, or [`domain::pay::run::PLAN_OWNER`].
    pub signer: String,
    pub step: Step,
}

/// What somebody said of a payee's statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub id: Uuid,
    pub plan: String,
    pub period: Period,
    pub payee: String,
    /// Who the payee is among the users of the CRM.
    pub user: Option<Uuid>,
    pub text: String,
    /// What ended the dispute, where this did.
    pub ruling: Option<Ruling>,
    pub step: Step,
}

#[derive(FromQueryResult)]
struct PlanRow {
    name: String,
    version: i64,
    terms: String,
    terms_sha256: String,
    actor: String,
    recorded_at: i64,
}

#[derive(FromQueryResult)]
struct SignatureRow {
    plan: String,
    version: i64,
    signer: String,
    actor: String,
    signed_at: i64,
}

#[derive(FromQueryResult)]
struct JudgementRow {
    plan: String,
    version: i64,
    leg: String,
    reached_millionths: i64,
    known_on: String,
    actor: String,
    recorded_at: i64,
}

#[derive(FromQueryResult)]
struct SaidRow {
    id: String,
    plan: String,
    period: String,
    payee: String,
    user_id: Option<String>,
    said: String,
    ruling: Option<String>,
    actor: String,
    recorded_at: i64,
}

impl Store {
    /// All versions of all plans, by name and version.
    pub async fn pay_plans(&self) -> Result<Vec<PayPlan>, Error> {
        plans(&self.db.reader).await
    }

    /// What was said of the statements that are within reach, in the order in which it was said.
    pub async fn pay_disputes(&self, reach: &Scope) -> Result<Vec<Said>, Error> {
        disputes(&self.db.reader, reach).await
    }
}

impl Tx {
    /// As [`Store::pay_plans`], with what this transaction has written.
    pub async fn pay_plans(&mut self) -> Result<Vec<PayPlan>, Error> {
        plans(&self.sql).await
    }

    /// As [`Store::pay_disputes`], with what this transaction has written.
    pub async fn pay_disputes(&mut self, reach: &Scope) -> Result<Vec<Said>, Error> {
        disputes(&self.sql, reach).await
    }

    /// Keeps a version of a plan that nobody has signed yet; `false` where there is one already.
    pub async fn add_pay_plan(
        &mut self,
        (name, version): (&str, u32),
        terms: &str,
        sha256: &str,
    ) -> Result<bool, Error> {
        let sql = "insert into pay_plan (name, version, terms, terms_sha256, actor, recorded_at)
            values ($1, $2, $3, $4, $5, $6) on conflict (name, version) do nothing";
        let (actor, at) = self.step();
        let named = (name.into(), i64::from(version).into());
        let values = vec![named.0, named.1, terms.into(), sha256.into(), actor.into(), at.into()];
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        let changes = [("terms_sha256", None, Some(sha256.to_owned()))];
        self.append_setting("pay_plan", &format!("{name}/{version}"), &changes).await?;
        Ok(true)
    }

    /// Adds a signature; `false` where that signer has signed the version already.
    pub async fn sign_pay_plan(
        &mut self,
        (name, version): (&str, u32),
        signer: &str,
        sha256: &str,
    ) -> Result<bool, Error> {
        let sql = "insert into pay_signature (plan, version, signer, actor, signed_at)
            values ($1, $2, $3, $4, $5) on conflict (plan, version, signer) do nothing";
        let (actor, at) = self.step();
        let named = (name.into(), i64::from(version).into());
        let values = vec![named.0, named.1, signer.into(), actor.clone().into(), at.into()];
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        let changes =
            [("signed_by", None, Some(actor)), ("terms_sha256", None, Some(sha256.to_owned()))];
        let subject = format!("{name}/{version} {signer}");
        self.append_setting("pay_signature", &subject, &changes).await?;
        Ok(true)
    }

    /// Says once what a leg of a plan's relay reached; `false` where it was said before.
    pub async fn judge_pay_leg(
        &mut self,
        (name, version): (&str, u32),
        judgement: &Judgement,
    ) -> Result<bool, Error> {
        let sql = "insert into pay_judgement (plan, version, leg, reached_millionths, known_on,
            actor, recorded_at) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (plan, version, leg) do nothing";
        let (actor, at) = self.step();
        let values = vec![
            name.into(),
            i64::from(version).into(),
            judgement.leg.as_str().into(),
            judgement.reached_millionths.into(),
            judgement.known_on.to_string().into(),
            actor.into(),
            at.into(),
        ];
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        let reached = judgement.reached_millionths.to_string();
        let changes = [("reached_millionths", None, Some(reached))];
        let subject = format!("{name}/{version} {}", judgement.leg);
        self.append_setting("pay_judgement", &subject, &changes).await?;
        Ok(true)
    }

    /// Adds what somebody said of a statement, which may end a dispute.
    pub async fn add_pay_dispute(&mut self, said: &Said) -> Result<(), Error> {
        let sql = "insert into pay_dispute (id, plan, period, payee, user_id, said, ruling, actor,
            recorded_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let ruling = said.ruling.map(|ruling| ruling.name().to_owned());
        let (actor, at) = self.step();
        let values = vec![
            said.id.to_string().into(),
            said.plan.as_str().into(),
            said.period.to_string().into(),
            said.payee.as_str().into(),
            said.user.map(|user| user.to_string()).into(),
            said.text.as_str().into(),
            ruling.clone().into(),
            actor.into(),
            at.into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let what = ruling.unwrap_or_else(|| "said".to_owned());
        let changes = [("entry", None, Some(said.id.to_string())), ("outcome", None, Some(what))];
        let subject = format!("{} {}", said.plan, said.period);
        self.append_setting("pay_dispute", &subject, &changes).await
    }

    /// Who writes now, and when.
    fn step(&self) -> (String, i64) {
        (self.author.actor.clone(), self.author.at.as_microsecond())
    }
}

async fn plans(connection: &impl ConnectionTrait) -> Result<Vec<PayPlan>, Error> {
    let sql = "select * from pay_plan order by name, version";
    let rows: Vec<PlanRow> = db::rows(connection, sql, Vec::new()).await?;
    let sql = "select * from pay_signature order by signed_at, plan, version, signer";
    let signed: Vec<SignatureRow> = db::rows(connection, sql, Vec::new()).await?;
    let sql = "select * from pay_judgement order by recorded_at, plan, version, leg";
    let judged: Vec<JudgementRow> = db::rows(connection, sql, Vec::new()).await?;
    let plan = |row: PlanRow| {
        let is_own = |plan: &str, version: i64| plan == row.name && version == row.version;
        let signatures = signed.iter().filter(|it| is_own(&it.plan, it.version));
        let judgements = judged.iter().filter(|it| is_own(&it.plan, it.version));
        Ok(PayPlan {
            version: number(row.version)?,
            saved: step(row.actor.clone(), row.recorded_at)?,
            signatures: signatures.map(SignatureRow::signature).collect::<Result<_, Error>>()?,
            judgements: judgements.map(JudgementRow::judgement).collect::<Result<_, Error>>()?,
            name: row.name,
            terms: row.terms,
            sha256: row.terms_sha256,
        })
    };
    rows.into_iter().map(plan).collect()
}

async fn disputes(connection: &impl ConnectionTrait, reach: &Scope) -> Result<Vec<Said>, Error> {
    let (condition, values) = run::seen(reach);
    let sql = format!("select * from pay_dispute where {condition} order by recorded_at, id");
    let rows: Vec<SaidRow> = db::rows(connection, sql, values).await?;
    rows.into_iter().map(SaidRow::said).collect()
}

fn number(version: i64) -> Result<u32, Error> {
    u32::try_from(version).map_err(|_| damaged(version))
}

fn step(actor: String, at: i64) -> Result<Step, Error> {
    Ok(Step { actor, at: instant(at)? })
}

fn damaged(detail: impl ToString) -> Error {
    Error::damaged("a pay plan or statement", detail)
}

impl SignatureRow {
    fn signature(&self) -> Result<Signature, Error> {
        let step = step(self.actor.clone(), self.signed_at)?;
        Ok(Signature { signer: self.signer.clone(), step })
    }
}

impl JudgementRow {
    fn judgement(&self) -> Result<(Judgement, Step), Error> {
        let judgement = Judgement {
            leg: self.leg.clone(),
            known_on: self.known_on.parse().map_err(damaged)?,
            reached_millionths: self.reached_millionths,
        };
        Ok((judgement, step(self.actor.clone(), self.recorded_at)?))
    }
}

impl SaidRow {
    fn said(self) -> Result<Said, Error> {
        Ok(Said {
            id: parse_id(&self.id)?,
            plan: self.plan,
            period: self.period.parse().map_err(damaged)?,
            payee: self.payee,
            user: self.user_id.as_deref().map(parse_id).transpose()?,
            text: self.said,
            ruling: self.ruling.map(|it| it.parse()).transpose().map_err(damaged)?,
            step: step(self.actor, self.recorded_at)?,
        })
    }
}
