//! The hash chain over the journal: each link's hash covers its entry and the link before.
//!
//! Writers append entries without waiting for each other; one sequencer at a time, holding a
//! lease, links what is committed. A writer of many entries may be its own sequencer
//! ([`Tx::chain`]), which saves reading them back. What is linked at one time is one batch for the
//! lake. Whoever can rewrite the whole database can also compute a new chain, so the head's hash
//! is given out to be kept elsewhere and compared.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::insert::Insert;
use crate::journal::{Row, SELECT};
use crate::record::{bounded, parse_id};
use crate::redaction::proof::Redactions;
use crate::tail::Batch;
use crate::{Store, Tx, db, lease, limits};

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
    /// Entries out of which the name of an erased person was taken; erasures in the chain answer
    /// for that.
    pub redacted: u64,
}

/// An entry that awaits its link.
pub(crate) struct Unchained {
    pub recorded_at: i64,
    pub entry_id: String,
    /// SHA-256 of its row.
    pub digest: [u8; 32],
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
    #[error("the entry was redacted, and no erasure of a person in the chain answers for that")]
    Unanswered,
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
        loop {
            let sql = self.db.begin().await?;
            if !lease::take(&sql, SEQUENCER, holder, now).await? {
                return Ok(None);
            }
            let entries = tail(&sql).await?;
            if entries.is_empty() {
                lease::release(&sql, SEQUENCER, holder).await?;
            } else {
                link(&sql, &entries).await?;
                remove_from_tail(&sql, &entries).await?;
                linked += entries.len() as u64;
            }
            sql.commit().await?;
            if entries.is_empty() {
                return Ok(Some(linked));
            }
        }
    }

    /// How many entries no link covers yet.
    pub async fn unchained(&self) -> Result<u64, Error> {
        db::count(&self.db.reader, "select count(*) from journal_tail", Vec::new()).await
    }

    /// Walks the whole chain with bounded memory.
    pub async fn verify(&self) -> Result<Verdict, Error> {
        let redactions = Redactions::load(&self.db.reader).await?;
        let mut walk = Walk { links: 0, head: GENESIS, redacted: 0 };
        loop {
            let pairs = self.links_after(walk.links).await?;
            if pairs.is_empty() {
                break;
            }
            for (link, row) in &pairs {
                if let Err(fault) = walk.step(link, row.as_ref(), &redactions) {
                    let position = Some(link.position.unsigned_abs());
                    let entry_id = parse_id(&link.entry_id)?;
                    return Ok(Verdict::Broken(Break { position, entry_id, fault }));
                }
            }
        }
        if let Some(stray) = self.stray_entry().await? {
            return Ok(Verdict::Broken(stray));
        }
        let unchained = self.unchained().await?;
        let Walk { links, head, redacted } = walk;
        Ok(Verdict::Holds(Verified { links, head, unchained, redacted }))
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
            not exists (select 1 from journal_tail as tail where
            tail.recorded_at = journal.recorded_at and tail.entry_id = journal.id)
            order by id limit 1";
        let deleted = "select entry_id from journal_tail where
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
    redacted: u64,
}

impl Walk {
    fn step(
        &mut self,
        link: &Link,
        row: Option<&Row>,
        redactions: &Redactions,
    ) -> Result<(), Fault> {
        if link.position.unsigned_abs() != self.links + 1 {
            return Err(Fault::LinkMissing);
        }
        let hash = link_hash(&self.head, &link.digest);
        if link.hash != hash {
            return Err(Fault::LinkEdited);
        }
        let row = row.ok_or(Fault::Deleted)?;
        if link.digest != row.digest() {
            redactions.check(row, link.position, &link.digest)?;
            self.redacted += 1;
        }
        self.links += 1;
        self.head = hash;
        Ok(())
    }
}

/// SHA-256 of the hash before, then the digest of the entry.
fn link_hash(before: &[u8], digest: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(digest).finalize().into()
}

impl Tx {
    /// Links what this transaction has appended so far, as one batch. It costs less than linking
    /// later, and holds up other sequencers until this transaction ends: for writers of many
    /// entries, as their last step. `None` when nothing was appended, or when another sequencer is
    /// at work, who then links these entries too.
    pub async fn chain(&mut self) -> Result<Option<Batch>, Error> {
        let holder = match self.unchained.first() {
            Some(first) => first.entry_id.clone(),
            None => return Ok(None),
        };
        if !lease::take(&self.sql, SEQUENCER, &holder, self.author.at).await? {
            return Ok(None);
        }
        let entries = std::mem::take(&mut self.unchained);
        let batch = link(&self.sql, &entries).await?;
        lease::release(&self.sql, SEQUENCER, &holder).await?;
        Ok(Some(batch))
    }

    /// Puts what was not linked into the tail, at the end of the transaction.
    pub(crate) async fn leave_unchained(&mut self) -> Result<(), Error> {
        let entries = std::mem::take(&mut self.unchained);
        let columns = ["recorded_at", "entry_id"];
        Insert { table: "journal_tail", columns: &columns, on_conflict: "" }
            .run(&self.sql, &entries, |entry, row| {
                row.extend([entry.recorded_at.into(), entry.entry_id.clone().into()]);
                Ok(())
            })
            .await
    }
}

/// The first entries of the tail.
async fn tail(sql: &DatabaseTransaction) -> Result<Vec<Unchained>, Error> {
    let text = format!(
        "{SELECT} join journal_tail as tail on tail.entry_id = journal.id
        order by tail.recorded_at, tail.entry_id limit $1"
    );
    let rows: Vec<Row> = db::rows(sql, text, vec![bounded(limits::LINKS_MAX)]).await?;
    let entry = |row: Row| Unchained {
        recorded_at: row.recorded_at,
        digest: row.digest(),
        entry_id: row.id,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// Links entries behind the last link, and notes them as a batch. Only whoever has the lease may:
/// its row stays locked to others until the transaction ends, so positions have no gaps.
async fn link(sql: &DatabaseTransaction, entries: &[Unchained]) -> Result<Batch, Error> {
    let last = "select * from journal_link order by position desc limit 1";
    let last: Option<Link> = db::rows(sql, last, Vec::new()).await?.pop();
    let before = last.as_ref().map_or(0, |link| link.position);
    let mut hash = last.map_or(GENESIS.to_vec(), |link| link.hash);
    let mut position = before;
    let columns = ["position", "entry_id", "digest", "hash"];
    Insert { table: "journal_link", columns: &columns, on_conflict: "" }
        .run(sql, entries, |entry, row| {
            hash = link_hash(&hash, &entry.digest).to_vec();
            position += 1;
            row.extend([position.into(), entry.entry_id.clone().into()]);
            row.extend([entry.digest.to_vec().into(), hash.clone().into()]);
            Ok(())
        })
        .await?;
    // An entry is linked once, so that its id names the batch that it begins.
    let id = entries.first().map_or("", |first| first.entry_id.as_str());
    let batch = "insert into batch (id, first_position, last_position) values ($1, $2, $3)";
    db::run(sql, batch, vec![id.into(), (before + 1).into(), position.into()]).await?;
    Ok(Batch { id: parse_id(id)?, entries: entries.len() as u64 })
}

/// Removes exactly these entries: others of the same time may be committed meanwhile.
async fn remove_from_tail(sql: &DatabaseTransaction, entries: &[Unchained]) -> Result<(), Error> {
    for entries in entries.chunks(limits::KEYS_MAX) {
        let text = format!(
            "delete from journal_tail where (recorded_at, entry_id) in (values {})",
            db::tuples(sql, entries.len(), 2)
        );
        let key = |entry: &Unchained| [entry.recorded_at.into(), entry.entry_id.clone().into()];
        db::run(sql, text, entries.iter().flat_map(key).collect()).await?;
    }
    Ok(())
}
