//! The table `touches` of a view: read where it lies, cut at the as-of pair, with labels.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use deltalake::DeltaTable;

use super::View;
use super::frame::Frame;
use crate::error::LakeError;
use crate::fold::Record;
use crate::history::at_most;
use domain::access::Scope;

const WHAT: &str = "the table `touches`";
const LABELLED: &str = include_str!("touch_view/labelled.sql");
const SCOPED: &str = include_str!("touch_view/scoped.sql");

/// `accounts` is the table of accounts; `people` are those that a narrow scope shows.
pub(super) async fn table(
    touches: &DeltaTable,
    accounts: Arc<dyn TableProvider>,
    people: &[Record<'_>],
    view: &View,
) -> Result<Arc<dyn TableProvider>, LakeError> {
    let failed = || LakeError::query::<DataFusionError>(WHAT);
    let session = crate::session()?;
    let provider = touches.table_provider().await.map_err(LakeError::query(WHAT))?;
    let seen = at_most("occurred_at", view.as_of.effective_at)
        .and(at_most("recorded_at", view.as_of.known_at));
    let seen = session.read_table(provider).and_then(|frame| frame.filter(seen));
    session.register_table("seen_touches", seen.map_err(failed())?.into_view()).map_err(failed())?;
    session.register_table("accounts", accounts).map_err(failed())?;
    let text = LABELLED.replace("$timezone", &zone_literal(view));
    let mut frame = session.sql(&text).await.map_err(failed())?;
    if view.scope != Scope::All {
        session.register_table("labelled_touches", frame.into_view()).map_err(failed())?;
        let mut ids = Frame::default();
        ids.bytes("person_id", people.iter().map(|person| *person.id.as_bytes()));
        let ids = ids.table("scoped_people")?;
        session.register_table("scoped_people", ids).map_err(failed())?;
        frame = session.sql(SCOPED).await.map_err(failed())?;
    }
    Ok(frame.into_view())
}

/// An empty table, where no touch was ever written.
pub(super) fn nothing() -> Result<Arc<dyn TableProvider>, LakeError> {
    let mut frame = Frame::default();
    frame.instants("occurred_at", std::iter::empty());
    frame.dates("occurred_on", std::iter::empty());
    frame.bytes("person_id", std::iter::empty());
    for name in ["touch_kind", "campaign", "url", "account_id"] {
        frame.texts(name, std::iter::empty());
    }
    super::labels::add(&mut frame, Vec::new);
    frame.table("touches")
}

/// The zone as a quoted SQL literal; a zone without a name is taken as UTC.
fn zone_literal(view: &View) -> String {
    let name = view.world.timezone.iana_name().unwrap_or("UTC");
    format!("'{}'", name.replace('\'', "''"))
}
