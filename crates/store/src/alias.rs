//! Aliases: the keys by which a record is found, such as an external id or an e-mail address.

use std::collections::{HashMap, HashSet};

use domain::kind::Kind;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::insert::Insert;
use crate::record::parse_id;
use crate::{Store, Tx, db};

/// One key of one record. Keys are compared as they are: normalise them first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias {
    pub kind: Kind,
    /// What sort of key it is, such as `external_id`, `name`, `email`, `domain`, `anonymous_id`.
    pub namespace: String,
    pub key: String,
    pub record_id: Uuid,
}

#[derive(FromQueryResult)]
struct IdRow {
    record_id: String,
}

#[derive(FromQueryResult)]
struct Row {
    key: String,
    record_id: String,
}

impl Store {
    /// The record of each key that is known.
    pub async fn find(
        &self,
        kind: Kind,
        namespace: &str,
        keys: &[String],
    ) -> Result<HashMap<String, Uuid>, Error> {
        find(&self.db.reader, kind, namespace, keys).await
    }
}

impl Store {
    /// Those of some people to whom another key leads than one of this namespace.
    pub async fn known_otherwise(
        &self,
        namespace: &str,
        people: &[Uuid],
    ) -> Result<HashSet<Uuid>, Error> {
        let ids: Vec<String> = people.iter().map(Uuid::to_string).collect();
        let ask = |ids: &[String]| {
            let among = db::parameters(3, ids.len());
            let sql = format!(
                "select distinct record_id from alias
                    where kind = $1 and namespace <> $2 and record_id in {among}"
            );
            let mut values = vec![Kind::People.name().into(), namespace.into()];
            values.extend(ids.iter().map(|id| id.as_str().into()));
            (sql, values)
        };
        let rows: Vec<IdRow> = db::paged(&self.db.reader, &ids, ask, db::named).await?;
        rows.iter().map(|row| parse_id(&row.record_id)).collect()
    }
}

impl Tx {
    /// As [`Store::find`], with what this transaction has written.
    pub async fn find(
        &self,
        kind: Kind,
        namespace: &str,
        keys: &[String],
    ) -> Result<HashMap<String, Uuid>, Error> {
        find(&self.sql, kind, namespace, keys).await
    }

    /// Adds keys. One that leads to a record already stays as it is: the first record keeps it.
    pub async fn put_aliases(&mut self, aliases: Vec<Alias>) -> Result<(), Error> {
        let columns = ["kind", "namespace", "key", "record_id"];
        let on_conflict = "on conflict (kind, namespace, key) do nothing";
        Insert { table: "alias", columns: &columns, on_conflict }
            .run(&self.sql, &aliases, |alias, row| {
                row.extend([alias.kind.name().into(), alias.namespace.as_str().into()]);
                row.extend([alias.key.as_str().into(), alias.record_id.to_string().into()]);
                Ok(())
            })
            .await
    }
}

async fn find(
    connection: &impl ConnectionTrait,
    kind: Kind,
    namespace: &str,
    keys: &[String],
) -> Result<HashMap<String, Uuid>, Error> {
    let mut keys: Vec<&String> = keys.iter().collect();
    keys.sort_unstable();
    keys.dedup();
    let ask = |keys: &[&String]| {
        let among = db::parameters(3, keys.len());
        let sql = format!(
            "select key, record_id from alias where kind = $1 and namespace = $2 and key in {among}"
        );
        let mut values = vec![kind.name().into(), namespace.into()];
        values.extend(keys.iter().map(|key| key.as_str().into()));
        (sql, values)
    };
    let rows: Vec<Row> = db::paged(connection, &keys, ask, db::named).await?;
    rows.into_iter().map(|row| Ok((row.key, parse_id(&row.record_id)?))).collect()
}
