//! The touches of one import on their way into the table, part by part.
//!
//! Nearly every touch of a new file is new, and a filter of the table's keys says so for all but a
//! few: a part is written without reading the table again. The few that the filter has doubts
//! about wait, and are looked up all at one time. A part of which many are known is looked up at
//! once.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use uuid::Uuid;

use super::known::Known;
use super::waiting::Waiting;
use super::{Appended, Ledgers, Part, SharedColumns, TouchColumns, append_rows, commit};
use crate::delta::Commit;
use crate::error::LakeError;
use crate::limits::{DOUBTFUL_SHARE_MAX, TOUCHES_WAITING_MAX};

/// Adds the parts of an import. What is added counts once [`Appender::finish`] has returned.
pub struct Appender<'a> {
    ledgers: Ledgers<'a>,
    session: SessionContext,
    import_id: Uuid,
    /// How many parts have been named.
    parts: u32,
    /// As it was when the part before came: the whole log is read once.
    table: Option<DeltaTable>,
    known: Known,
    waiting: Waiting,
}

impl<'a> Appender<'a> {
    pub(crate) fn new(ledgers: Ledgers<'a>, session: SessionContext, import_id: Uuid) -> Self {
        let (known, waiting) = (Known::new(), Waiting::default());
        Appender { ledgers, session, import_id, parts: 0, table: None, known, waiting }
    }

    /// Adds the touches that are not there yet. Some may wait for later ones; those are counted
    /// when they are settled.
    pub async fn append(&mut self, touches: TouchColumns) -> Result<Appended, LakeError> {
        touches.check()?;
        if touches.touch_key.is_empty() {
            return Ok(Appended::default());
        }
        let delta = self.ledgers.touches;
        let table = delta.follow(self.table.take()).await?;
        self.known.follow(&self.session, &table).await?;
        let is_doubtful = |row: &u32| self.known.meets(touches.touch_key[*row as usize]);
        let (doubtful, new): (Vec<u32>, Vec<u32>) =
            (0..).take(touches.touch_key.len()).partition(is_doubtful);
        let share = doubtful.len() as f64 / touches.touch_key.len() as f64;
        let touches = Arc::new(touches);
        if share > DOUBTFUL_SHARE_MAX {
            let waited = self.settle_waiting().await?;
            // Of touches with one key the first one counts, so those that waited went before.
            let all = (0..).take(touches.touch_key.len()).collect();
            return Ok(waited.and(self.settle(touches, all).await?));
        }
        self.waiting.add(&touches, &doubtful);
        let part = self.next_part();
        let committed = commit(delta, &table, part, (touches.clone(), &new)).await?;
        self.table = Some(table);
        if committed == Commit::Outrun {
            // Somebody else may have written the same touches meanwhile.
            return self.settle(touches, new).await;
        }
        self.known.committed();
        let written = Appended { new: new.len(), duplicates: 0 };
        if self.waiting.len() < TOUCHES_WAITING_MAX {
            return Ok(written);
        }
        Ok(written.and(self.settle_waiting().await?))
    }

    /// Adds what still waits.
    pub async fn finish(mut self) -> Result<Appended, LakeError> {
        self.settle_waiting().await
    }

    async fn settle_waiting(&mut self) -> Result<Appended, LakeError> {
        if self.waiting.len() == 0 {
            return Ok(Appended::default());
        }
        let touches = std::mem::take(&mut self.waiting).into_columns();
        let all = (0..).take(touches.touch_key.len()).collect();
        self.settle(Arc::new(touches), all).await
    }

    /// Looks up rows in the table and adds those that it lacks.
    async fn settle(
        &mut self,
        touches: SharedColumns,
        rows: Vec<u32>,
    ) -> Result<Appended, LakeError> {
        let part = self.next_part();
        let appended = append_rows(self.ledgers, &self.session, part, (touches, rows)).await?;
        self.known.committed();
        Ok(appended)
    }

    fn next_part(&mut self) -> Part {
        self.parts += 1;
        Part { import_id: self.import_id, number: self.parts - 1, is_tracked: false }
    }
}

impl Appended {
    fn and(self, other: Appended) -> Appended {
        Appended { new: self.new + other.new, duplicates: self.duplicates + other.duplicates }
    }
}
