//! Saved mappings: how the headers of a known export lead to fields. The TOML is not read here.

use domain::kind::Kind;
use sea_orm::ConnectionTrait;

use crate::error::Error;
use crate::{Store, Tx, db};

impl Store {
    /// The mapping that was saved for files of this kind with this set of headers.
    pub async fn mapping(&self, kind: Kind, fingerprint: &str) -> Result<Option<String>, Error> {
        read(&self.db.reader, kind, fingerprint).await
    }
}

impl Tx {
    /// Saves a mapping, or replaces the one of the same headers.
    pub async fn save_mapping(
        &mut self,
        kind: Kind,
        fingerprint: &str,
        toml: &str,
    ) -> Result<(), Error> {
        let before = read(&self.sql, kind, fingerprint).await?;
        let sql = "insert into mapping (kind, fingerprint, toml, saved_at) values ($1, $2, $3, $4)
            on conflict (kind, fingerprint)
            do update set toml = excluded.toml, saved_at = excluded.saved_at";
        let at = self.author.at.as_microsecond();
        let values = vec![kind.name().into(), fingerprint.into(), toml.into(), at.into()];
        db::run(&self.sql, sql, values).await?;
        let name = format!("{kind} {fingerprint}");
        self.append_setting("mapping", &name, &[("toml", before, Some(toml.to_owned()))]).await
    }
}

async fn read(
    connection: &impl ConnectionTrait,
    kind: Kind,
    fingerprint: &str,
) -> Result<Option<String>, Error> {
    let sql = "select toml from mapping where kind = $1 and fingerprint = $2";
    let rows = db::raw_rows(connection, sql, vec![kind.name().into(), fingerprint.into()]).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?)
}
