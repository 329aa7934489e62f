//! Leases: a role, such as the sequencer's or the sealer's, that one process has at a time.

use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use crate::error::Error;
use crate::{Store, db, limits};

impl Store {
    /// Takes or renews a role for [`limits::LEASE`]; `false` when somebody else has it. `holder`
    /// is a name that no other process has.
    pub async fn lease(&self, role: &str, holder: &str, now: Timestamp) -> Result<bool, Error> {
        take(&self.db.writer, role, holder, now).await
    }

    pub async fn release(&self, role: &str, holder: &str) -> Result<(), Error> {
        release(&self.db.writer, role, holder).await
    }
}

pub(crate) async fn take(
    connection: &impl ConnectionTrait,
    role: &str,
    holder: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = "insert into lease (name, holder, until) values ($1, $2, $3)
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where lease.holder = excluded.holder or lease.until <= $4";
    let now = now.as_microsecond();
    let until = now.saturating_add(i64::try_from(limits::LEASE.as_micros()).unwrap_or(i64::MAX));
    let values = vec![role.into(), holder.into(), until.into(), now.into()];
    Ok(db::run(connection, sql, values).await? > 0)
}

pub(crate) async fn release(
    connection: &impl ConnectionTrait,
    role: &str,
    holder: &str,
) -> Result<(), Error> {
    let sql = "delete from lease where name = $1 and holder = $2";
    db::run(connection, sql, vec![role.into(), holder.into()]).await?;
    Ok(())
}
