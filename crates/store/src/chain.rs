//! The hash chain over the journal: each link's hash covers its entry and the link before.
//!
//! Writers append entries without waiting for each other; one sequencer at a time, holding a
//! lease, links what is committed. Whoever can rewrite the whole database can also compute a new
//! chain, so the head's hash is given out to be kept elsewhere and compared.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::insert::Insert;
use crate::journal::{Row, SELECT};
use crate::record::{bounded, parse_id};
use crate::{Store, db, lease, limits};

/// The hash before the first link.
const GENESIS: [u8; 32] = [0; 32];
const SEQUENCER: &str = "sequencer";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds(Verified),
    Broken(Break),
}

/// A chain that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub links: u64,
    /// The hash of the last link; all zero for an empty chain.
    pub head: [u8; 32],
    /// Entries that no link covers yet.
    pub unchained: u64,
}

/// The first place where the journal is not what was chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The position in the chain, from 1; `None` for an entry outside of the chain.
    pub position: Option<u64>,
    pub entry_id: Uuid,
    pub fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the entry was edited after it was chained")]
    Edited,
    #[error("the entry was deleted")]
    Deleted,
    #[error("the entry is neither chained nor waiting to be: it was inserted past the store")]
    Inserted,
    #[error("a link is missing before this one")]
    LinkMissing,
    #[error("the link was edited, or swapped with another")]
    LinkEdited,
}

impl Store {
    /// Links all committed entries that no link covers, in the order of their recorded time and
    /// id; returns how many. `None` when another sequencer holds the lease.
    pub async fn chain(&self, holder: &str, now: Timestamp) -> Result<Option<u64>, Error> {
        let mut linked = 0;
        let mut after = (i64::MIN, String::new());
        loop {
            let sql = self.db.begin().await?;
            if !lease::take(&sql, SEQUENCER, holder, now).await? {
                return Ok(None);
            }
            let rows = unchained(&sql, &after).await?;
            if let Some(last) = rows.last() {
                after = (last.recorded_at, last.id.clone());
                link(&sql, &rows).await?;
                linked += rows.len() as u64;
            } else {
                lease::release(&sql, SEQUENCER, holder).await?;
            }
            sql.commit().await?;
            if rows.is_empty() {
                return Ok(Some(linked));
            }
        }
    }

    /// Walks the whole chain with bounded memory.
    pub async fn verify(&self) -> Result<Verdict, Error> {
        let mut walk = Walk { links: 0, head: GENESIS };
        loop {
            let pairs = self.links_after(walk.links).await?;
            if pairs.is_empty() {
                break;
            }
            for (link, row) in &pairs {
                if let Err(fault) = walk.step(link, row.as_ref()) {
                    let position = Some(link.position.unsigned_abs());
                    let entry_id = parse_id(&link.entry_id)?;
                    return Ok(Verdict::Broken(Break { position, entry_id, fault }));
                }
            }
        }
        if let Some(stray) = self.stray_entry().await? {
            return Ok(Verdict::Broken(stray));
        }
        let sql = "select count(*) from journal_tail where chained = 0";
        let unchained = db::count(&self.db.reader, sql, Vec::new()).await?;
        Ok(Verdict::Holds(Verified { links: walk.links, head: walk.head, unchained }))
    }

    /// The next links, each with its entry where there is one.
    async fn links_after(&self, position: u64) -> Result<Vec<(Link, Option<Row>)>, Error> {
        let values = || vec![bounded(position), bounded(limits::LINKS_MAX)];
        let sql = "select * from journal_link where position > $1 order by position limit $2";
        let links: Vec<Link> = db::rows(&self.db.reader, sql, values()).await?;
        let sql = format!(
            "{SELECT} where id in
            (select entry_id from journal_link where position > $1 order by position limit $2)"
        );
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, values()).await?;
        let mut rows: HashMap<String, Row> =
            rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        let pair = |link: Link| {
            let row = rows.remove(&link.entry_id);
            (link, row)
        };
        Ok(links.into_iter().map(pair).collect())
    }

    /// An entry that was inserted past the store, or deleted before it was chained.
    async fn stray_entry(&self) -> Result<Option<Break>, Error> {
        let inserted = "select id from journal where
            not exists (select 1 from journal_link where entry_id = journal.id) and
            not exists (select 1 from journal_tail as tail where tail.chained = 0 and
            tail.recorded_at = journal.recorded_at and tail.entry_id = journal.id)
            order by id limit 1";
        let deleted = "select entry_id from journal_tail where chained = 0 and
            not exists (select 1 from journal where id = journal_tail.entry_id)
            order by entry_id limit 1";
        for (sql, fault) in [(inserted, Fault::Inserted), (deleted, Fault::Deleted)] {
            if let Some(row) = db::raw_rows(&self.db.reader, sql, Vec::new()).await?.first() {
                let entry_id = parse_id(&row.try_get_by_index::<String>(0)?)?;
                return Ok(Some(Break { position: None, entry_id, fault }));
            }
        }
        Ok(None)
    }
}

#[derive(FromQueryResult)]
struct Link {
    position: i64,
    entry_id: String,
    digest: Vec<u8>,
    hash: Vec<u8>,
}

struct Walk {
    links: u64,
    head: [u8; 32],
}

impl Walk {
    fn step(&mut self, link: &Link, row: Option<&Row>) -> Result<(), Fault> {
        if link.position.unsigned_abs() != self.links + 1 {
            return Err(Fault::LinkMissing);
        }
        let hash = link_hash(&self.head, &link.digest);
        if link.hash != hash {
            return Err(Fault::LinkEdited);
        }
        let row = row.ok_or(Fault::Deleted)?;
        if link.digest != row.digest() {
            return Err(Fault::Edited);
        }
        self.links += 1;
        self.head = hash;
        Ok(())
    }
}

/// SHA-256 of the hash before, then the digest of the entry.
fn link_hash(before: &[u8; 32], digest: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(digest).finalize().into()
}

async fn unchained(sql: &DatabaseTransaction, after: &(i64, String)) -> Result<Vec<Row>, Error> {
    let text = format!(
        "{SELECT} join journal_tail as tail
        on tail.recorded_at = journal.recorded_at and tail.entry_id = journal.id
        where tail.chained = 0 and (tail.recorded_at, tail.entry_id) > ($1, $2)
        order by tail.recorded_at, tail.entry_id limit $3"
    );
    let values = vec![after.0.into(), after.1.clone().into(), bounded(limits::LINKS_MAX)];
    db::rows(sql, text, values).await
}

/// Links entries behind the last link, and marks them in the tail.
async fn link(sql: &DatabaseTransaction, rows: &[Row]) -> Result<(), Error> {
    let last = "select * from journal_link order by position desc limit 1";
    let last: Option<Link> = db::rows(sql, last, Vec::new()).await?.pop();
    let mut position = last.as_ref().map_or(0, |link| link.position);
    let mut hash = last.map_or(GENESIS.to_vec(), |link| link.hash);
    let mut values = Vec::with_capacity(rows.len() * 4);
    for row in rows {
        let digest = row.digest();
        hash = Sha256::new().chain_update(&hash).chain_update(digest).finalize().to_vec();
        position += 1;
        values.extend([position.into(), row.id.clone().into()]);
        values.extend([digest.to_vec().into(), hash.clone().into()]);
    }
    let columns = ["position", "entry_id", "digest", "hash"];
    Insert { table: "journal_link", columns: &columns, on_conflict: "" }.run(sql, values).await?;
    mark_chained(sql, rows).await
}

/// Marks exactly these entries: others of the same time may be committed meanwhile.
async fn mark_chained(sql: &DatabaseTransaction, rows: &[Row]) -> Result<(), Error> {
    for rows in rows.chunks(limits::KEYS_MAX) {
        let text = format!(
            "update journal_tail set chained = 1 where (recorded_at, entry_id) in (values {})",
            db::tuples(sql, rows.len(), 2)
        );
        let key = |row: &Row| [row.recorded_at.into(), row.id.clone().into()];
        db::run(sql, text, rows.iter().flat_map(key).collect()).await?;
    }
    Ok(())
}
