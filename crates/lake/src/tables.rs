//! The world at an as-of pair, as typed tables that SQL can ask.
//!
//! One table a kind, with one column a catalogue field (money as `<field>_minor` in the company's
//! currency, references as ids), and what follows from history: stays in stages, pushes, how
//! each deal ended. Rows out of scope are left out here, before anything is computed. A kind is
//! read, and a table made, when it is first asked for.

mod deals;
mod frame;
mod ground;
mod handoffs;
mod labels;
mod picture;
mod stays;
mod touch_view;

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use domain::history::Fact;
use domain::kind::{Field, Holds, Kind};
use domain::lifecycle::{Lifecycle, outcome_of};
use domain::stage::{Outcome, Stages};
use domain::time::{AsOf, day_number, day_of};
use domain::value::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::runtime::Handle;
use uuid::Uuid;

pub use deals::Deal;
use frame::Frame;
pub use ground::Ground;
pub use handoffs::Agreed;
use labels::Directory;
pub(crate) use picture::Picture;
use stays::{Push, Stay};

use crate::error::LakeError;
use crate::fold::Record;
use crate::history::HistoryRow;
use crate::world::World;
use domain::access::Scope;

/// What is looked at, by whom, and where it lies.
pub(crate) struct View {
    pub as_of: AsOf,
    pub scope: Scope,
    pub world: World,
    pub history: Option<DeltaTable>,
    pub touches: Option<DeltaTable>,
    /// Facts that are not sealed yet, those seen at the as-of pair.
    pub tail: Vec<HistoryRow>,
}

/// The tables of one view. Asking them never changes them.
pub struct Tables {
    pub(crate) session: SessionContext,
    picture: Arc<Picture>,
}

/// What the records of a kind amount to.
pub struct Records<T> {
    /// In the order of creation and external id.
    pub records: Vec<T>,
    /// Whether any history of theirs was put together from exports.
    pub reconstructed: bool,
}

impl<T> Records<T> {
    pub fn none() -> Records<T> {
        Records { records: Vec::new(), reconstructed: false }
    }
}

impl Tables {
    pub(crate) fn new(view: View) -> Result<Tables, LakeError> {
        let picture = Arc::new(Picture::new(view)?);
        Ok(Tables { session: picture::session(picture.clone())?, picture })
    }

    pub(crate) fn picture(&self) -> &Picture {
        &self.picture
    }

    pub(crate) fn world(&self) -> &World {
        &self.picture.view.world
    }

    /// The as-of day in the company's zone.
    pub(crate) fn as_of_day(&self) -> Date {
        day_of(self.picture.view.as_of.effective_at, zone(&self.picture.view))
    }

    /// Begins to read a kind beside whatever is done meanwhile: who asks for it finds it read, or
    /// waits for the rest, or is told what went wrong.
    pub fn read_ahead(&self, kind: Kind) {
        let (picture, handle) = (self.picture.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            let _ = handle.block_on(picture.folded(kind));
        });
    }

    /// The deals in the order of their creation and external id.
    pub async fn deals(&self) -> Result<&[Deal], LakeError> {
        self.picture.deals().await
    }

    /// What the facts of each record of a kind amount to, where they amount to anything. Facts are
    /// lent or given, as `of` takes them, in the order of their effective time.
    pub async fn records<'a, T: Send, F: From<&'a [Fact]>>(
        &'a self,
        kind: Kind,
        of: impl Fn(Uuid, F) -> Option<T> + Sync,
    ) -> Result<Records<T>, LakeError> {
        let folded = self.picture.folded(kind).await?;
        Ok(Records { records: folded.of_facts(of), reconstructed: folded.is_reconstructed() })
    }
}

/// The table of a kind: `id`, its fields, `created_on`, and for what is counted the labels.
fn table_of(
    mut frame: Frame,
    kind: Kind,
    records: &[Record<'_>],
    directory: &Directory<'_>,
    deals: &[Deal],
    view: &View,
) -> Frame {
    frame.ids("id", records.iter().map(|record| Some(record.id)));
    let kept = |field: &&Field| !field.personal && field.name != "deleted";
    for field in kind.fields().iter().filter(kept) {
        field_column(&mut frame, field, records, view);
    }
    let created_on = records.iter().map(|record| Some(day_of(record.created_at, zone(view))));
    frame.dates("created_on", created_on);
    if labels::is_counted(kind) {
        labels::add(&mut frame, || records.iter().map(|r| directory.labels(r)).collect());
    }
    if kind == Kind::Deals {
        deal_columns(&mut frame, deals, view);
    }
    frame
}

fn zone(view: &View) -> &jiff::tz::TimeZone {
    &view.world.timezone
}

fn field_column(frame: &mut Frame, field: &Field, records: &[Record<'_>], view: &View) {
    let name = field.name;
    let values = || records.iter().map(|record| record.get(name));
    match field.holds {
        Holds::Text | Holds::Stage => {
            frame.texts(name, records.iter().map(|record| record.text(name)));
        }
        Holds::Integer | Holds::Ratio => {
            frame.integers(name, records.iter().map(|record| record.number(name)));
        }
        Holds::Money => {
            let currency = view.world.currency;
            let money = values().map(|value| value.and_then(Value::as_money));
            let minor = money.map(|m| m.filter(|m| m.currency == currency).map(|m| m.minor));
            frame.integers(format!("{name}_minor"), minor);
        }
        Holds::Date => frame.dates(name, records.iter().map(|record| record.date(name))),
        Holds::Instant => {
            frame.instants(name, values().map(|value| value.and_then(Value::as_instant)));
        }
        Holds::Boolean => {
            let truth = |value: &Value| match value {
                Value::Boolean(truth) => Some(*truth),
                _ => None,
            };
            frame.booleans(name, values().map(|value| value.and_then(truth)));
        }
        Holds::Reference(_) => {
            frame.ids(name, values().map(|value| value.and_then(Value::as_reference)));
        }
    }
}

/// What a deal amounts to, beside its fields.
fn deal_columns(frame: &mut Frame, deals: &[Deal], view: &View) {
    let today = day_of(view.as_of.effective_at, zone(view));
    let days = |from: Date, to: Date| i64::from(day_number(to) - day_number(from));
    frame.texts("outcome", deals.iter().map(|deal| Some(deal.outcome.name())));
    frame.dates("entered_on", deals.iter().map(|deal| Some(deal.entered_on)));
    frame.dates("closed_on", deals.iter().map(|deal| deal.closed_on));
    frame.integers("estimated_amount_minor", deals.iter().map(|deal| deal.estimated_amount_minor));
    frame.integers(
        "cycle_days",
        deals.iter().map(|deal| deal.closed_on.map(|closed| days(deal.entered_on, closed))),
    );
    let open = |deal: &Deal| deal.outcome == Outcome::Open;
    frame.integers(
        "age_days",
        deals.iter().map(|deal| open(deal).then(|| days(deal.entered_on, today))),
    );
    frame.booleans("impossible_order", deals.iter().map(|deal| Some(deal.impossible_order)));
}

/// One row a stay in a stage: of leads or of deals.
fn stage_table(
    mut frame: Frame,
    records: &[Record<'_>],
    directory: &Directory<'_>,
    stages: &Stages,
    view: &View,
) -> Frame {
    let rows: Vec<(&Record<'_>, Stay<'_>)> = records
        .iter()
        .flat_map(|record| stays::stays(record, stages).into_iter().map(move |s| (record, s)))
        .collect();
    let today = day_of(view.as_of.effective_at, zone(view));
    let day = |at: Timestamp| day_of(at, zone(view));
    let position = |stage: &str| stages.position(stage).and_then(|p| i64::try_from(p).ok());
    let stays = || rows.iter().map(|(_, stay)| stay);
    frame.ids("id", rows.iter().map(|(record, _)| Some(record.id)));
    frame.texts("stage", stays().map(|stay| Some(stay.stage)));
    labels::add(&mut frame, || rows.iter().map(|(r, _)| directory.labels(r)).collect());
    frame.integers("position", stays().map(|stay| position(stay.stage)));
    frame.texts("outcome", stays().map(|stay| Some(outcome_of(Some(stay.stage), stages).name())));
    let lifecycle = |stay: &Stay<'_>| Lifecycle::of_stage(stay.stage).map(Lifecycle::name);
    frame.texts("lifecycle", stays().map(lifecycle));
    frame.integers("visit", stays().map(|stay| Some(stay.visit)));
    frame.instants("entered_at", stays().map(|stay| Some(stay.entered_at)));
    frame.dates("entered_on", stays().map(|stay| Some(day(stay.entered_at))));
    frame.instants("left_at", stays().map(|stay| stay.left_at));
    frame.dates("left_on", stays().map(|stay| stay.left_at.map(day)));
    let age = |stay: &Stay<'_>| {
        let until = stay.left_at.map_or(today, day);
        i64::from(day_number(until) - day_number(day(stay.entered_at)))
    };
    frame.integers("age_days", stays().map(|stay| Some(age(stay))));
    frame.texts("next_stage", stays().map(|stay| stay.next_stage));
    frame.booleans("moved_on", stays().map(|stay| Some(moved_on(stay, stages))));
    frame
}

/// Whether a stay ended in a later stage of the order, or in a win.
fn moved_on(stay: &Stay<'_>, stages: &Stages) -> bool {
    let Some(next) = stay.next_stage else { return false };
    match outcome_of(Some(next), stages) {
        Outcome::Won => true,
        Outcome::Lost => false,
        Outcome::Open => stages.position(next) > stages.position(stay.stage),
    }
}

/// One row a push of an open deal's expected closing day.
fn push_table(
    mut frame: Frame,
    records: &[Record<'_>],
    directory: &Directory<'_>,
    deals: &[Deal],
    view: &View,
) -> Frame {
    let rows: Vec<(&Record<'_>, Push)> = records
        .iter()
        .zip(deals)
        .flat_map(|(record, deal)| {
            stays::pushes(record, deal.closed_at).into_iter().map(move |push| (record, push))
        })
        .collect();
    let pushes = || rows.iter().map(|(_, push)| push);
    frame.ids("id", rows.iter().map(|(record, _)| Some(record.id)));
    labels::add(&mut frame, || rows.iter().map(|(r, _)| directory.labels(r)).collect());
    frame.instants("pushed_at", pushes().map(|push| Some(push.pushed_at)));
    frame.dates("pushed_on", pushes().map(|push| Some(day_of(push.pushed_at, zone(view)))));
    frame.dates("from_day", pushes().map(|push| Some(push.from_day)));
    frame.dates("to_day", pushes().map(|push| Some(push.to_day)));
    let days = |push: &Push| i64::from(day_number(push.to_day) - day_number(push.from_day));
    frame.integers("pushed_days", pushes().map(|push| Some(days(push))));
    frame
}
