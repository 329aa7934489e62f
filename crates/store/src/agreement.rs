//! Agreements between marketing and sales: versions are only ever added, and signatures to them.
//!
//! The terms are kept as one text, which is what both sides sign.

use domain::agreement::{Side, Signature};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db};

/// A version, and who wrote it when.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// From 1 on.
    pub number: u64,
    pub id: Uuid,
    pub terms: String,
    pub actor: String,
    pub recorded_at: Timestamp,
    /// At most one of each side.
    pub signatures: Vec<Signature>,
}

#[derive(FromQueryResult)]
struct Row {
    number: i64,
    id: String,
    terms: String,
    actor: String,
    recorded_at: i64,
}

#[derive(FromQueryResult)]
struct SignatureRow {
    agreement: i64,
    side: String,
    actor: String,
    signed_at: i64,
}

impl Version {
    /// When both sides had signed it.
    pub fn in_force_since(&self) -> Option<Timestamp> {
        let has = |side: &Side| self.signatures.iter().any(|signature| signature.side == *side);
        let last = || self.signatures.iter().map(|signature| signature.signed_at).max();
        Side::ALL.iter().all(has).then(last).flatten()
    }
}

impl Store {
    /// All versions in the order of their numbers.
    pub async fn agreements(&self) -> Result<Vec<Version>, Error> {
        read(&self.db.reader).await
    }
}

impl Tx {
    /// As [`Store::agreements`], with what this transaction has written.
    pub async fn agreements(&mut self) -> Result<Vec<Version>, Error> {
        read(&self.sql).await
    }

    /// Adds a version that nobody has signed yet, and gives its number.
    pub async fn add_agreement(&mut self, id: Uuid, terms: &str) -> Result<u64, Error> {
        let before = read(&self.sql).await?.pop();
        let number = before.as_ref().map_or(1, |version| version.number + 1);
        let sql = "insert into agreement (number, id, terms, actor, recorded_at)
            values ($1, $2, $3, $4, $5)";
        let values = vec![
            counted(number).into(),
            id.to_string().into(),
            terms.into(),
            self.author.actor.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let changes = [
            ("version", None, Some(id.to_string())),
            ("terms", before.map(|version| version.terms), Some(terms.to_owned())),
        ];
        self.append_setting("agreement", &number.to_string(), &changes).await?;
        Ok(number)
    }

    /// Adds one side's signature; `false` where that side has signed the version already.
    pub async fn sign_agreement(&mut self, number: u64, side: Side) -> Result<bool, Error> {
        let sql = "insert into agreement_signature (agreement, side, actor, signed_at)
            values ($1, $2, $3, $4) on conflict (agreement, side) do nothing";
        let values = vec![
            counted(number).into(),
            side.name().into(),
            self.author.actor.clone().into(),
            self.author.at.as_microsecond().into(),
        ];
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        let changes = [("signed_by", None, Some(self.author.actor.clone()))];
        self.append_setting("agreement_signature", &format!("{number} {side}"), &changes).await?;
        Ok(true)
    }

    /// Waits for whoever else chooses a runner, so that no capacity is given out twice.
    pub async fn hold_routing(&mut self) -> Result<(), Error> {
        let sql = "update agreement set number = number where number = 1";
        db::run(&self.sql, sql, Vec::new()).await?;
        Ok(())
    }
}

fn counted(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

async fn read(connection: &impl ConnectionTrait) -> Result<Vec<Version>, Error> {
    let sql = "select * from agreement order by number";
    let rows: Vec<Row> = db::rows(connection, sql, Vec::new()).await?;
    let sql = "select * from agreement_signature order by signed_at, agreement, side";
    let signed: Vec<SignatureRow> = db::rows(connection, sql, Vec::new()).await?;
    let version = |row: Row| {
        let own = signed.iter().filter(|it| it.agreement == row.number);
        Ok(Version {
            number: row.number.unsigned_abs(),
            id: parse_id(&row.id)?,
            terms: row.terms,
            actor: row.actor,
            recorded_at: instant(row.recorded_at)?,
            signatures: own.map(SignatureRow::signature).collect::<Result<_, Error>>()?,
        })
    };
    rows.into_iter().map(version).collect()
}

impl SignatureRow {
    fn signature(&self) -> Result<Signature, Error> {
        let damaged = |error| Error::damaged("a signature", error);
        Ok(Signature {
            side: self.side.parse().map_err(damaged)?,
            actor: self.actor.clone(),
            signed_at: instant(self.signed_at)?,
        })
    }
}
