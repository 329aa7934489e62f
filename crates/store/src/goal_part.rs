//! The parts of goals and the signatures under them. A part is kept as it stands, the journal
//! keeps what it was; signatures are only ever added.

use domain::goal::tree::{Part, Signature};
use domain::money::{Money, parse_currency};
use domain::period::Period;
use sea_orm::FromQueryResult;

use crate::error::Error;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db};

/// What stands for the goal itself where a signature names its part.
const THE_GOAL: &str = "";

#[derive(FromQueryResult)]
struct PartRow {
    id: String,
    whole_id: Option<String>,
    dimension: String,
    name: String,
    amount_minor: i64,
    amount_currency: String,
    owner_id: Option<String>,
}

#[derive(FromQueryResult)]
struct SignatureRow {
    part_id: String,
    amount_minor: i64,
    amount_currency: String,
    member_id: String,
    signed_at: i64,
}

impl Store {
    /// The parts of a period's goal, those of one whole in their order.
    pub async fn goal_parts(&self, period: Period) -> Result<Vec<Part>, Error> {
        parts(&self.db.reader, period).await
    }

    /// Who signed for a period's goal and its parts, the first signature first.
    pub async fn goal_signatures(&self, period: Period) -> Result<Vec<Signature>, Error> {
        let sql = "select part_id, amount_minor, amount_currency, member_id, signed_at
            from goal_signature where period = $1 order by signed_at, part_id, member_id";
        let rows: Vec<SignatureRow> =
            db::rows(&self.db.reader, sql, vec![period.to_string().into()]).await?;
        rows.into_iter().map(SignatureRow::into_signature).collect()
    }
}

impl Tx {
    /// As [`Store::goal_parts`], with what this transaction has written.
    pub async fn goal_parts(&mut self, period: Period) -> Result<Vec<Part>, Error> {
        parts(&self.sql, period).await
    }

    /// Makes these the parts of a period's goal, in this order; each change is in the journal.
    pub async fn set_goal_parts(&mut self, period: Period, after: &[Part]) -> Result<(), Error> {
        let before = parts(&self.sql, period).await?;
        for gone in before.iter().filter(|old| !after.iter().any(|part| part.id == old.id)) {
            self.journal_part(period, Some(gone), None).await?;
        }
        for part in after {
            let old = before.iter().find(|old| old.id == part.id);
            self.journal_part(period, old, Some(part)).await?;
        }
        let remove = "delete from goal_part where period = $1";
        db::run(&self.sql, remove, vec![period.to_string().into()]).await?;
        for (position, part) in (0_i64..).zip(after) {
            self.insert_part(period, position, part).await?;
        }
        Ok(())
    }

    async fn insert_part(
        &mut self,
        period: Period,
        position: i64,
        part: &Part,
    ) -> Result<(), Error> {
        let sql = "insert into goal_part (id, period, whole_id, position, dimension, name,
            amount_minor, amount_currency, owner_id)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let values = vec![
            part.id.to_string().into(),
            period.to_string().into(),
            part.whole.map(|id| id.to_string()).into(),
            position.into(),
            part.dimension.name().into(),
            part.name.clone().into(),
            part.amount.minor.into(),
            part.amount.currency.code().into(),
            part.owner.map(|id| id.to_string()).into(),
        ];
        db::run(&self.sql, sql, values).await?;
        Ok(())
    }

    async fn journal_part(
        &mut self,
        period: Period,
        before: Option<&Part>,
        after: Option<&Part>,
    ) -> Result<(), Error> {
        let Some(id) = after.or(before).map(|part| part.id) else { return Ok(()) };
        let each =
            |text: fn(&Part) -> Option<String>| [before.and_then(text), after.and_then(text)];
        let [name, named] = each(|part| Some(format!("{} {}", part.dimension, part.name)));
        let [whole, wholes] = each(|part| part.whole.map(|id| id.to_string()));
        let [amount, amounts] =
            each(|part| Some(format!("{} {}", part.amount.minor, part.amount.currency.code())));
        let [owner, owners] = each(|part| part.owner.map(|id| id.to_string()));
        let changes = [
            ("name", name, named),
            ("whole", whole, wholes),
            ("amount", amount, amounts),
            ("owner", owner, owners),
        ];
        self.append_setting("goal_part", &format!("{period}/{id}"), &changes).await
    }

    /// Adds a signature.
    pub async fn sign_goal(&mut self, period: Period, signature: &Signature) -> Result<(), Error> {
        let part = signature.part.map_or_else(|| THE_GOAL.to_owned(), |id| id.to_string());
        let Money { minor, currency } = signature.amount;
        let sql = "insert into goal_signature (period, part_id, amount_minor, amount_currency,
            member_id, signed_at) values ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            period.to_string().into(),
            part.clone().into(),
            minor.into(),
            currency.code().into(),
            signature.member.to_string().into(),
            signature.signed_at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let changes = [
            ("amount", None, Some(format!("{minor} {}", currency.code()))),
            ("member", None, Some(signature.member.to_string())),
        ];
        self.append_setting("goal_signature", &format!("{period}/{part}"), &changes).await
    }
}

async fn parts(
    connection: &impl sea_orm::ConnectionTrait,
    period: Period,
) -> Result<Vec<Part>, Error> {
    let sql = "select id, whole_id, dimension, name, amount_minor, amount_currency, owner_id
        from goal_part where period = $1 order by position";
    let rows: Vec<PartRow> = db::rows(connection, sql, vec![period.to_string().into()]).await?;
    rows.into_iter().map(PartRow::into_part).collect()
}

fn damaged(error: impl ToString) -> Error {
    Error::damaged("a part of a goal", error)
}

fn money(minor: i64, currency: &str) -> Result<Money, Error> {
    Ok(Money { minor, currency: parse_currency(currency).map_err(damaged)? })
}

impl PartRow {
    fn into_part(self) -> Result<Part, Error> {
        let id = |text: Option<String>| text.as_deref().map(parse_id).transpose();
        Ok(Part {
            id: parse_id(&self.id)?,
            whole: id(self.whole_id)?,
            dimension: self.dimension.parse().map_err(damaged)?,
            name: self.name,
            amount: money(self.amount_minor, &self.amount_currency)?,
            owner: id(self.owner_id)?,
        })
    }
}

impl SignatureRow {
    fn into_signature(self) -> Result<Signature, Error> {
        let is_goal = self.part_id == THE_GOAL;
        Ok(Signature {
            part: (!is_goal).then(|| parse_id(&self.part_id)).transpose()?,
            amount: money(self.amount_minor, &self.amount_currency)?,
            member: parse_id(&self.member_id)?,
            signed_at: instant(self.signed_at)?,
        })
    }
}
