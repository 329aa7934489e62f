//! Tracking: the keys by which sites send events, what came of the events, and people who turned
//! out to be one.
//!
//! Write keys are kept as hashes of what their holders show. What became of a segment of the buffer
//! is written down once, together with the note that it was.

use jiff::Timestamp;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::access::hashed;
use crate::error::Error;
use crate::insert::Insert;
use crate::record::{bounded, instant, parse_id};
use crate::{Store, Tx, db, limits};

/// A write key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteKey {
    pub id: Uuid,
    pub name: String,
    pub made_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// How many events of a day had an outcome. The detail says more of it, such as why they were
/// refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, FromQueryResult)]
pub struct Counted {
    pub day: String,
    pub outcome: String,
    pub detail: String,
    pub events: i64,
}

/// An event that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    pub received_at: Timestamp,
    pub code: String,
    pub why: String,
    /// As it came, or its beginning.
    pub event: String,
}

/// Somebody who was taken for another person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SamePerson {
    pub from: Uuid,
    pub to: Uuid,
    pub learnt_at: Timestamp,
}

#[derive(FromQueryResult)]
struct KeyRow {
    id: String,
    name: String,
    made_at: i64,
    revoked_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct EventRow {
    received_at: i64,
    code: String,
    why: String,
    event: String,
}

#[derive(FromQueryResult)]
struct SameRow {
    from_id: String,
    to_id: String,
    learnt_at: i64,
}

impl Store {
    /// The write key whose secret this is, unless it was revoked.
    pub async fn write_key(&self, secret: &str) -> Result<Option<WriteKey>, Error> {
        let sql = "select id, name, made_at, revoked_at from write_key
            where secret = $1 and revoked_at is null";
        let rows: Vec<KeyRow> = db::rows(&self.db.reader, sql, vec![hashed(secret).into()]).await?;
        rows.into_iter().next().map(KeyRow::key).transpose()
    }

    /// All write keys by name, the revoked ones too.
    pub async fn write_keys(&self) -> Result<Vec<WriteKey>, Error> {
        let sql = "select id, name, made_at, revoked_at from write_key order by name, made_at, id";
        let rows: Vec<KeyRow> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        rows.into_iter().map(KeyRow::key).collect()
    }

    /// What came of all events, by day.
    pub async fn tracked_events(&self) -> Result<Vec<Counted>, Error> {
        let sql = "select day, outcome, detail, events from tracked_event
            order by day, outcome, detail";
        db::rows(&self.db.reader, sql, Vec::new()).await
    }

    /// The newest refused events.
    pub async fn quarantined(&self, rows_max: u64) -> Result<Vec<Quarantined>, Error> {
        let sql = "select received_at, code, why, event from quarantined_event
            order by received_at desc, id limit $1";
        let rows: Vec<EventRow> = db::rows(&self.db.reader, sql, vec![bounded(rows_max)]).await?;
        rows.into_iter().map(EventRow::quarantined).collect()
    }

    /// Whether what became of a segment is written down.
    pub async fn is_segment_noted(&self, id: Uuid) -> Result<bool, Error> {
        let sql = "select count(*) from tracked_segment where id = $1";
        Ok(db::count(&self.db.reader, sql, vec![id.to_string().into()]).await? > 0)
    }

    /// People who turned out to be others.
    pub async fn same_people(&self) -> Result<Vec<SamePerson>, Error> {
        let sql = "select from_id, to_id, learnt_at from same_person order by from_id";
        let rows: Vec<SameRow> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        rows.into_iter().map(SameRow::same).collect()
    }
}

impl Tx {
    /// Keeps a new write key.
    pub async fn put_write_key(&mut self, key: &WriteKey, secret: &str) -> Result<(), Error> {
        let sql = "insert into write_key (id, secret, name, made_at) values ($1, $2, $3, $4)";
        let values = vec![
            key.id.to_string().into(),
            hashed(secret).into(),
            key.name.as_str().into(),
            key.made_at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let changes = [(key.name.as_str(), None, Some("valid".to_owned()))];
        self.append_setting("write_key", &key.id.to_string(), &changes).await
    }

    /// Ends a write key; what it brought stays.
    pub async fn revoke_write_key(&mut self, key: &WriteKey) -> Result<(), Error> {
        let sql = "update write_key set revoked_at = $1 where id = $2 and revoked_at is null";
        let id = key.id.to_string();
        let values = vec![self.author.at.as_microsecond().into(), id.as_str().into()];
        db::run(&self.sql, sql, values).await?;
        let changes = [(key.name.as_str(), Some("valid".to_owned()), None)];
        self.append_setting("write_key", &id, &changes).await
    }

    /// Writes down what became of a segment, together with the note that it was written down;
    /// `false` where it was before.
    pub async fn note_segment(
        &mut self,
        id: Uuid,
        counted: &[Counted],
        quarantined: &[Quarantined],
    ) -> Result<bool, Error> {
        let sql = "insert into tracked_segment (id, sealed_at) values ($1, $2)
            on conflict (id) do nothing";
        let values = vec![id.to_string().into(), self.author.at.as_microsecond().into()];
        if db::run(&self.sql, sql, values).await? == 0 {
            return Ok(false);
        }
        let sql = "insert into tracked_event (day, outcome, detail, events)
            values ($1, $2, $3, $4) on conflict (day, outcome, detail)
            do update set events = tracked_event.events + excluded.events";
        for counted in counted {
            let Counted { day, outcome, detail, events } = counted;
            let texts = [day, outcome, detail].map(|text| text.as_str().into());
            let values = [texts.as_slice(), &[(*events).into()]].concat();
            db::run(&self.sql, sql, values).await?;
        }
        self.quarantine(id, quarantined).await?;
        Ok(true)
    }

    /// Keeps refused events, the newest ones; the oldest go.
    async fn quarantine(&self, segment: Uuid, refused: &[Quarantined]) -> Result<(), Error> {
        let newest = &refused[refused.len().saturating_sub(limits::QUARANTINED_MAX)..];
        let rows: Vec<(usize, &Quarantined)> = newest.iter().enumerate().collect();
        let columns = ["id", "received_at", "code", "why", "event"];
        Insert { table: "quarantined_event", columns: &columns, on_conflict: "" }
            .run(&self.sql, &rows, |(place, event), row| {
                row.push(format!("{segment}-{place:06}").into());
                row.push(event.received_at.as_microsecond().into());
                let texts = [&event.code, &event.why, &event.event];
                row.extend(texts.map(|text| text.replace('\0', "").into()));
                Ok(())
            })
            .await?;
        let age = i64::try_from(limits::QUARANTINE_AGE.as_micros()).unwrap_or(i64::MAX);
        let before = self.author.at.as_microsecond().saturating_sub(age);
        let old = "delete from quarantined_event where received_at < $1";
        db::run(&self.sql, old, vec![before.into()]).await?;
        let many = "delete from quarantined_event where id in (select id from quarantined_event
            order by received_at desc, id limit 1000000000 offset $1)";
        db::run(&self.sql, many, vec![bounded(limits::QUARANTINED_MAX as u64)]).await?;
        Ok(())
    }

    /// Forgets the note of a segment that is gone for good.
    pub async fn forget_segment(&mut self, id: Uuid) -> Result<(), Error> {
        let sql = "delete from tracked_segment where id = $1";
        db::run(&self.sql, sql, vec![id.to_string().into()]).await?;
        Ok(())
    }

    /// Takes note that somebody without a name is a person who is known: the keys of the one lead
    /// to the other from now on.
    pub async fn put_same_people(&mut self, same: &[SamePerson]) -> Result<(), Error> {
        let note = "insert into same_person (from_id, to_id, learnt_at) values ($1, $2, $3)
            on conflict (from_id) do nothing";
        let lead = "update alias set record_id = $1 where record_id = $2 and kind = 'people'";
        for SamePerson { from, to, learnt_at } in same {
            let (from, to) = (from.to_string(), to.to_string());
            let at = learnt_at.as_microsecond();
            let values = vec![from.as_str().into(), to.as_str().into(), at.into()];
            db::run(&self.sql, note, values).await?;
            db::run(&self.sql, lead, vec![to.into(), from.into()]).await?;
        }
        Ok(())
    }

    /// Removes refused events that hold one of some texts, in capitals or not.
    pub async fn erase_quarantined(&mut self, traces: &[String]) -> Result<u64, Error> {
        let sql = "delete from quarantined_event where lower(event) like $1 escape '!'";
        let mut erased = 0;
        for trace in traces.iter().filter(|trace| !trace.is_empty()) {
            let trace = trace.to_lowercase();
            let plain = ['!', '%', '_']
                .iter()
                .fold(trace, |text, sign| text.replace(*sign, &format!("!{sign}")));
            erased += db::run(&self.sql, sql, vec![format!("%{plain}%").into()]).await?;
        }
        Ok(erased)
    }
}

impl KeyRow {
    fn key(self) -> Result<WriteKey, Error> {
        Ok(WriteKey {
            id: parse_id(&self.id)?,
            name: self.name,
            made_at: instant(self.made_at)?,
            revoked_at: self.revoked_at.map(instant).transpose()?,
        })
    }
}

impl SameRow {
    fn same(self) -> Result<SamePerson, Error> {
        let [from, to] = [&self.from_id, &self.to_id].map(|id| parse_id(id));
        Ok(SamePerson { from: from?, to: to?, learnt_at: instant(self.learnt_at)? })
    }
}

impl EventRow {
    fn quarantined(self) -> Result<Quarantined, Error> {
        let EventRow { received_at, code, why, event } = self;
        Ok(Quarantined { received_at: instant(received_at)?, code, why, event })
    }
}
