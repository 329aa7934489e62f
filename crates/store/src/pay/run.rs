//! Statements as they were calculated, by whom they were approved and locked, and the facts that
//! locked ones rest on.

use domain::access::Scope;
use domain::pay::exact::Rate;
use domain::pay::facts::{Fact, What, Won};
use domain::pay::run::{Run, Step};
use domain::time::AsOf;
use jiff::civil::Date;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{damaged, number, step};
use crate::error::Error;
use crate::journal::to_json;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db, limits};

/// How the kinds of facts are written.
const WON: &str = "won";
const WITHDRAWN: &str = "withdrawn";
const INVOICED: &str = "invoiced";
const PAID: &str = "paid";
const CANCELLED: &str = "cancelled";
const FACT_COLUMNS: usize = 11;

/// A payee's statement as it was calculated.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub run: Uuid,
    /// The place among the plan's payees.
    pub place: usize,
    pub payee: String,
    pub payee_name: String,
    /// Who the payee is among the users of the CRM.
    pub user: Option<Uuid>,
    /// In minor units.
    pub total: i64,
    /// The statement with its lines, as JSON.
    pub text: String,
    pub sha256: String,
}

#[derive(FromQueryResult)]
struct RunRow {
    id: String,
    plan: String,
    version: i64,
    period: String,
    effective_at: i64,
    known_at: i64,
    currency: String,
    total_minor: i64,
    sha256: String,
    notes: String,
    calculated_by: String,
    calculated_at: i64,
    approved_by: Option<String>,
    approved_at: Option<i64>,
    locked_by: Option<String>,
    locked_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct StatementRow {
    run_id: String,
    place: i64,
    payee: String,
    payee_name: String,
    user_id: Option<String>,
    total_minor: i64,
    statement: String,
    sha256: String,
}

#[derive(FromQueryResult)]
struct FactRow {
    counted: String,
    record: String,
    known_on: String,
    what: String,
    effective_on: Option<String>,
    amount: Option<i64>,
    owner: Option<String>,
    splits: Option<String>,
    tags: Option<String>,
    touched: Option<String>,
}

/// What narrows a query to the statements within reach.
pub(super) fn seen(reach: &Scope) -> (String, Vec<Value>) {
    match reach {
        Scope::All => ("1 = 1".to_owned(), Vec::new()),
        Scope::Owners(users) if users.is_empty() => ("1 = 0".to_owned(), Vec::new()),
        Scope::Owners(users) => {
            let known = db::parameters(1, users.len());
            let ids = users.iter().map(|user| user.to_string().into()).collect();
            (format!("user_id in {known}"), ids)
        }
    }
}

impl Store {
    /// All runs in the order in which they were calculated.
    pub async fn pay_runs(&self) -> Result<Vec<Run>, Error> {
        runs(&self.db.reader).await
    }

    /// The statements of a run that are within reach, in the order of the plan.
    pub async fn pay_statements(&self, run: Uuid, reach: &Scope) -> Result<Vec<Statement>, Error> {
        let (condition, mut values) = seen(reach);
        values.push(run.to_string().into());
        let place = values.len();
        let sql = format!(
            "select * from pay_statement where {condition} and run_id = ${place} order by place"
        );
        let rows: Vec<StatementRow> = db::rows(&self.db.reader, sql, values).await?;
        rows.into_iter().map(StatementRow::statement).collect()
    }

    /// The facts that locked statements rest on.
    pub async fn pay_facts(&self) -> Result<Vec<Fact>, Error> {
        let sql =
            "select counted, record, known_on, what, effective_on, amount, owner, splits, tags,
            touched from pay_fact_of order by counted, record, known_on, what";
        let rows: Vec<FactRow> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        rows.into_iter().map(FactRow::fact).collect()
    }
}

impl Tx {
    /// As [`Store::pay_runs`], with what this transaction has written.
    pub async fn pay_runs(&mut self) -> Result<Vec<Run>, Error> {
        runs(&self.sql).await
    }

    /// Keeps calculated statements, in place of those of the same plan and period that nobody has
    /// locked.
    pub async fn add_pay_run(&mut self, run: &Run, statements: &[Statement]) -> Result<(), Error> {
        let before = runs(&self.sql).await?.into_iter().filter(|other| {
            other.plan == run.plan && other.period == run.period && other.locked.is_none()
        });
        for old in before.collect::<Vec<_>>() {
            for sql in
                ["delete from pay_statement where run_id = $1", "delete from pay_run where id = $1"]
            {
                db::run(&self.sql, sql, vec![old.id.to_string().into()]).await?;
            }
        }
        let sql =
            "insert into pay_run (id, plan, version, period, effective_at, known_at, currency,
            total_minor, sha256, notes, calculated_by, calculated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let values = vec![
            run.id.to_string().into(),
            run.plan.as_str().into(),
            i64::from(run.version).into(),
            run.period.to_string().into(),
            run.as_of.effective_at.as_microsecond().into(),
            run.as_of.known_at.as_microsecond().into(),
            run.currency.code().into(),
            run.total.into(),
            run.sha256.as_str().into(),
            to_json(&run.notes)?.into(),
            self.author.actor.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        for page in statements.chunks(limits::KEYS_MAX) {
            self.add_statements(page).await?;
        }
        self.journal_run(run, "calculated").await
    }

    async fn add_statements(&self, statements: &[Statement]) -> Result<(), Error> {
        let tuples = db::tuples(&self.sql, statements.len(), 8);
        let sql = format!(
            "insert into pay_statement (run_id, place, payee, payee_name, user_id, total_minor,
             statement, sha256) values {tuples}"
        );
        let mut values: Vec<Value> = Vec::with_capacity(statements.len() * 8);
        for one in statements {
            values.extend([
                one.run.to_string().into(),
                i64::try_from(one.place).unwrap_or(i64::MAX).into(),
                one.payee.as_str().into(),
                one.payee_name.as_str().into(),
                one.user.map(|user| user.to_string()).into(),
                one.total.into(),
                one.text.as_str().into(),
                one.sha256.as_str().into(),
            ]);
        }
        db::run(&self.sql, sql, values).await?;
        Ok(())
    }

    pub async fn approve_pay_run(&mut self, run: &Run) -> Result<(), Error> {
        let sql = "update pay_run set approved_by = $1, approved_at = $2 where id = $3";
        self.stepped(sql, run).await?;
        self.journal_run(run, "approved").await
    }

    /// Locks statements, with the facts that they rest on and no locked ones did before.
    pub async fn lock_pay_run(&mut self, run: &Run, facts: &[Fact]) -> Result<(), Error> {
        let sql = "update pay_run set locked_by = $1, locked_at = $2 where id = $3";
        self.stepped(sql, run).await?;
        for page in facts.chunks(limits::KEYS_MAX) {
            let tuples = db::tuples(&self.sql, page.len(), FACT_COLUMNS);
            let sql = format!(
                "insert into pay_fact_of (counted, record, known_on, what, effective_on, amount,
                 owner, splits, tags, touched, run_id) values {tuples}"
            );
            let mut values: Vec<Value> = Vec::with_capacity(page.len() * FACT_COLUMNS);
            for fact in page {
                values.extend(kept(fact, run.id)?);
            }
            db::run(&self.sql, sql, values).await?;
        }
        self.journal_run(run, "locked").await
    }

    async fn stepped(&self, sql: &str, run: &Run) -> Result<(), Error> {
        let at = self.author.at.as_microsecond();
        let values = vec![self.author.actor.clone().into(), at.into(), run.id.to_string().into()];
        db::run(&self.sql, sql, values).await?;
        Ok(())
    }

    async fn journal_run(&mut self, run: &Run, step: &str) -> Result<(), Error> {
        let changes = [
            ("step", None, Some(step.to_owned())),
            ("run", None, Some(run.id.to_string())),
            ("sha256", None, Some(run.sha256.clone())),
        ];
        let subject = format!("{}/{} {}", run.plan, run.version, run.period);
        self.append_setting("pay_run", &subject, &changes).await
    }
}

/// The columns of a fact.
fn kept(fact: &Fact, run: Uuid) -> Result<[Value; FACT_COLUMNS], Error> {
    let (what, on) = match &fact.what {
        What::Won(won) => (WON, Some(won.on)),
        What::Withdrawn => (WITHDRAWN, None),
        What::Invoiced { on } => (INVOICED, Some(*on)),
        What::Paid { on } => (PAID, Some(*on)),
        What::Cancelled { on } => (CANCELLED, Some(*on)),
    };
    let won = match &fact.what {
        What::Won(won) => Some(won),
        _ => None,
    };
    let splits = |won: &Won| {
        let parts = won.splits.iter().map(|(who, share)| (who.clone(), share.millionths));
        to_json(&parts.collect::<Vec<_>>())
    };
    Ok([
        fact.of.to_string().into(),
        fact.deal.as_str().into(),
        fact.known_on.to_string().into(),
        what.into(),
        on.map(|on| on.to_string()).into(),
        won.map(|won| won.amount).into(),
        won.map(|won| won.owner.clone()).into(),
        won.map(splits).transpose()?.into(),
        won.map(|won| to_json(&won.tags)).transpose()?.into(),
        won.map(|won| to_json(&won.touched)).transpose()?.into(),
        run.to_string().into(),
    ])
}

async fn runs(connection: &impl ConnectionTrait) -> Result<Vec<Run>, Error> {
    let sql = "select * from pay_run order by calculated_at, id";
    let rows: Vec<RunRow> = db::rows(connection, sql, Vec::new()).await?;
    rows.into_iter().map(RunRow::run).collect()
}

impl RunRow {
    fn run(self) -> Result<Run, Error> {
        let taken = |actor: Option<String>, at: Option<i64>| -> Result<Option<Step>, Error> {
            actor.zip(at).map(|(actor, at)| step(actor, at)).transpose()
        };
        Ok(Run {
            id: parse_id(&self.id)?,
            plan: self.plan,
            version: number(self.version)?,
            period: self.period.parse().map_err(damaged)?,
            as_of: AsOf {
                effective_at: instant(self.effective_at)?,
                known_at: instant(self.known_at)?,
            },
            currency: domain::money::parse_currency(&self.currency).map_err(damaged)?,
            total: self.total_minor,
            sha256: self.sha256,
            notes: serde_json::from_str(&self.notes).map_err(damaged)?,
            calculated: step(self.calculated_by, self.calculated_at)?,
            approved: taken(self.approved_by, self.approved_at)?,
            locked: taken(self.locked_by, self.locked_at)?,
        })
    }
}

impl StatementRow {
    fn statement(self) -> Result<Statement, Error> {
        Ok(Statement {
            run: parse_id(&self.run_id)?,
            place: usize::try_from(self.place).map_err(damaged)?,
            payee: self.payee,
            payee_name: self.payee_name,
            user: self.user_id.as_deref().map(parse_id).transpose()?,
            total: self.total_minor,
            text: self.statement,
            sha256: self.sha256,
        })
    }
}

impl FactRow {
    fn fact(self) -> Result<Fact, Error> {
        let day = |text: &str| text.parse::<Date>().map_err(damaged);
        let effective_on = || {
            let told = self.effective_on.as_deref();
            day(told.ok_or_else(|| damaged("a fact without its day"))?)
        };
        let what = match self.what.as_str() {
            WITHDRAWN => What::Withdrawn,
            INVOICED => What::Invoiced { on: effective_on()? },
            PAID => What::Paid { on: effective_on()? },
            CANCELLED => What::Cancelled { on: effective_on()? },
            WON => What::Won(Won {
                on: effective_on()?,
                amount: self.amount.ok_or_else(|| damaged("a fact without its amount"))?,
                owner: self.owner.clone().unwrap_or_default(),
                splits: list::<(String, i64)>(self.splits.as_deref())?
                    .into_iter()
                    .map(|(who, millionths)| (who, Rate { millionths }))
                    .collect(),
                tags: list(self.tags.as_deref())?,
                touched: list(self.touched.as_deref())?,
            }),
            other => return Err(damaged(format!("`{other}` is no fact of pay"))),
        };
        let of = self.counted.parse().map_err(damaged)?;
        Ok(Fact { of, known_on: day(&self.known_on)?, deal: self.record, what })
    }
}

fn list<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<Vec<T>, Error> {
    text.map_or(Ok(Vec::new()), |text| serde_json::from_str(text).map_err(damaged))
}
