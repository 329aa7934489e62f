//! Who is master of which fields, as it was settled.

use domain::master::{Master, Masters, Realm};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::error::Error;
use crate::{Store, Tx, db};

#[derive(FromQueryResult)]
struct Row {
    realm: String,
    master: String,
}

impl Store {
    pub async fn masters(&self) -> Result<Masters, Error> {
        read(&self.db.reader).await
    }
}

impl Tx {
    /// As [`Store::masters`], with what this transaction has written.
    pub async fn masters(&self) -> Result<Masters, Error> {
        read(&self.sql).await
    }

    /// Settles the master of a realm; settling what already stands changes nothing.
    pub async fn set_master(&mut self, realm: Realm, master: Master) -> Result<(), Error> {
        let before = read(&self.sql).await?.settled.get(&realm).copied();
        let sql = "insert into master (realm, master) values ($1, $2)
            on conflict (realm) do update set master = excluded.master";
        let name = realm.to_string();
        db::run(&self.sql, sql, vec![name.as_str().into(), master.name().into()]).await?;
        let text = |master: Master| master.name().to_owned();
        self.append_setting("master", &name, &[("master", before.map(text), Some(text(master)))])
            .await
    }
}

async fn read(connection: &impl ConnectionTrait) -> Result<Masters, Error> {
    let mut masters = Masters::default();
    let sql = "select realm, master from master order by realm";
    for row in db::rows::<Row>(connection, sql, Vec::new()).await? {
        let realm = row.realm.parse().map_err(|error| Error::damaged("a master", error))?;
        let master = row.master.parse().map_err(|error| Error::damaged("a master", error))?;
        masters.settled.insert(realm, master);
    }
    Ok(masters)
}
