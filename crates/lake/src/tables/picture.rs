//! The records of a view, read kind by kind, and their tables, made column by column: whatever is
//! asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, SchemaProvider, Session, TableProvider,
};
use datafusion::datasource::TableType;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use domain::access::Scope;
use domain::kind::Kind;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::deals::{self, Deal};
use super::frame::Frame;
use super::labels::{self, Directory};
use super::{View, handoffs, push_table, stage_table, table_of, touch_view};
use crate::error::LakeError;
use crate::fold::{Folded, Record};
use crate::history::{self, Columns};

/// The tables that are not a kind's own.
pub(crate) const LEAD_STAGES: &str = "lead_stages";
pub(crate) const DEAL_STAGES: &str = "deal_stages";
pub(crate) const DEAL_PUSHES: &str = "deal_pushes";
pub(crate) const HANDOFFS: &str = "handoffs";
pub(crate) const HANDOFF_CLOCKS: &str = "handoff_clocks";
pub(crate) const PROMISED_LEADS: &str = "promised_leads";
pub(crate) const TOUCHES: &str = "touches";

static TABLES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let derived =
        [LEAD_STAGES, DEAL_STAGES, DEAL_PUSHES, HANDOFFS, HANDOFF_CLOCKS, PROMISED_LEADS, TOUCHES];
    Kind::RECORDS.into_iter().map(Kind::name).chain(derived).collect()
});

pub(crate) struct Picture {
    pub view: View,
    /// Reads what lies in the lake.
    reader: SessionContext,
    kinds: BTreeMap<Kind, OnceCell<Folded>>,
    deals: OnceCell<Vec<Deal>>,
    /// The columns that were asked for, by their table and index.
    columns: Mutex<HashMap<(&'static str, usize), ArrayRef>>,
}

/// A session whose tables are those of a picture.
pub(super) fn session(picture: Arc<Picture>) -> Result<SessionContext, LakeError> {
    let session = crate::session()?;
    let options = session.copied_config().options().catalog.clone();
    let catalog = MemoryCatalogProvider::new();
    catalog
        .register_schema(&options.default_schema, Arc::new(Shown(picture)))
        .map_err(LakeError::query("the tables of a view"))?;
    session.register_catalog(options.default_catalog, Arc::new(catalog));
    Ok(session)
}

impl Picture {
    pub fn new(view: View) -> Result<Picture, LakeError> {
        Ok(Picture {
            view,
            reader: crate::session()?,
            kinds: Kind::RECORDS.into_iter().map(|kind| (kind, OnceCell::new())).collect(),
            deals: OnceCell::new(),
            columns: Mutex::default(),
        })
    }

    /// The records of a kind that the scope shows: what its owners own, and what belongs to their
    /// accounts.
    pub async fn folded(&self, kind: Kind) -> Result<&Folded, LakeError> {
        let unknown = || LakeError::UnknownField { kind: kind.name().into(), field: "id".into() };
        self.kinds.get(&kind).ok_or_else(unknown)?.get_or_try_init(|| self.read(kind)).await
    }

    async fn read(&self, kind: Kind) -> Result<Folded, LakeError> {
        let mut parts = match &self.view.history {
            Some(table) => history::read(&self.reader, table, kind, self.view.as_of).await?,
            None => Vec::new(),
        };
        let tail: Vec<_> = self.view.tail.iter().filter(|row| row.kind == kind).collect();
        parts.push(Columns::of_rows(kind, &tail)?);
        let mut folded = Folded::new(kind, &parts)?;
        if self.view.scope != Scope::All {
            self.narrow(kind, &mut folded).await?;
        }
        Ok(folded)
    }

    async fn narrow(&self, kind: Kind, folded: &mut Folded) -> Result<(), LakeError> {
        let scope = &self.view.scope;
        let within = |ids: &BTreeSet<Uuid>, record: &Record<'_>| {
            record.reference("account").is_some_and(|account| ids.contains(&account))
        };
        match kind {
            Kind::Accounts | Kind::Leads | Kind::Deals => {
                folded.retain(|record| scope.shows(record.reference("owner")));
            }
            Kind::People => {
                let accounts = self.ids(Kind::Accounts).await?;
                let leads = Box::pin(self.folded(Kind::Leads)).await?.records();
                let people: BTreeSet<Uuid> =
                    leads.iter().filter_map(|lead| lead.reference("person")).collect();
                folded.retain(|one| within(&accounts, one) || people.contains(&one.id));
            }
            Kind::Purchases => {
                let accounts = self.ids(Kind::Accounts).await?;
                let people = self.ids(Kind::People).await?;
                let buys = |one: &Record<'_>| {
                    one.reference("person").is_some_and(|id| people.contains(&id))
                };
                folded.retain(|one| within(&accounts, one) || buys(one));
            }
            Kind::Subscriptions => {
                let accounts = self.ids(Kind::Accounts).await?;
                folded.retain(|record| within(&accounts, record));
            }
            Kind::Users => folded.retain(|record| scope.shows(Some(record.id))),
            Kind::Costs => folded.retain(|_| false),
            _ => {}
        }
        Ok(())
    }

    async fn ids(&self, kind: Kind) -> Result<BTreeSet<Uuid>, LakeError> {
        let folded = Box::pin(self.folded(kind)).await?;
        Ok(folded.records().iter().map(|record| record.id).collect())
    }

    pub async fn deals(&self) -> Result<&[Deal], LakeError> {
        let made = self.deals.get_or_try_init(async || {
            let (products, deals) =
                tokio::try_join!(self.folded(Kind::Products), self.folded(Kind::Deals))?;
            Ok(deals::deals(&deals.records(), &products.records(), &self.view))
        });
        made.await.map(Vec::as_slice)
    }

    /// A table by its name: what it says is made when it is asked for.
    async fn table(
        self: &Arc<Self>,
        name: &str,
    ) -> Result<Option<Arc<dyn TableProvider>>, LakeError> {
        let Some(&name) = TABLES.iter().find(|known| **known == name) else { return Ok(None) };
        Ok(Some(match name {
            TOUCHES => self.touches().await?,
            _ => Arc::new(Table::new(self.clone(), name)),
        }))
    }

    /// Columns of a table by index, all as long as the table; what was made before is lent again.
    async fn columns(
        &self,
        name: &'static str,
        indices: &BTreeSet<usize>,
    ) -> Result<BTreeMap<usize, ArrayRef>, LakeError> {
        let known = |index: &usize| Some((*index, self.made().get(&(name, *index))?.clone()));
        let mut columns: BTreeMap<usize, ArrayRef> = indices.iter().filter_map(known).collect();
        let missing: BTreeSet<usize> =
            indices.iter().filter(|index| !columns.contains_key(index)).copied().collect();
        if !missing.is_empty() {
            let made = self.filled(name, Frame::of(missing.clone())).await?.columns();
            columns.extend(missing.into_iter().zip(made));
            let fresh = columns.iter().map(|(index, column)| ((name, *index), column.clone()));
            self.made().extend(fresh);
        }
        Ok(columns)
    }

    fn made(&self) -> MutexGuard<'_, HashMap<(&'static str, usize), ArrayRef>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A table with its values.
    async fn filled(&self, name: &'static str, frame: Frame) -> Result<Frame, LakeError> {
        match kind_of(name) {
            Some(kind) => self.of_kind(kind, frame).await,
            None => self.of_history(name, frame).await,
        }
    }

    async fn of_kind(&self, kind: Kind, frame: Frame) -> Result<Frame, LakeError> {
        let records = self.folded(kind).await?.records();
        let deals = if kind == Kind::Deals { self.deals().await? } else { &[] };
        // Other kinds have no labels, so that nothing else needs to be read for them.
        let [accounts, products, campaigns] = match labels::is_counted(kind) {
            true => self.pointed_at().await?,
            false => [const { Vec::new() }; 3],
        };
        let directory = Directory::new(&accounts, &products, &campaigns);
        Ok(table_of(frame, kind, &records, &directory, deals, &self.view))
    }

    /// The records by whose names others are filed.
    async fn pointed_at(&self) -> Result<[Vec<Record<'_>>; 3], LakeError> {
        Ok([
            self.folded(Kind::Accounts).await?.records(),
            self.folded(Kind::Products).await?.records(),
            self.folded(Kind::Campaigns).await?.records(),
        ])
    }

    async fn of_history(&self, name: &'static str, frame: Frame) -> Result<Frame, LakeError> {
        let [accounts, products, campaigns] = self.pointed_at().await?;
        let directory = Directory::new(&accounts, &products, &campaigns);
        let view = &self.view;
        Ok(match name {
            LEAD_STAGES => {
                let leads = self.folded(Kind::Leads).await?.records();
                stage_table(frame, &leads, &directory, &view.world.lead_stages, view)
            }
            DEAL_STAGES => {
                let deals = self.folded(Kind::Deals).await?.records();
                stage_table(frame, &deals, &directory, &view.world.deal_stages, view)
            }
            HANDOFFS => {
                let leads = self.folded(Kind::Leads).await?.records();
                handoffs::handoff_table(frame, &leads, &directory, view)
            }
            HANDOFF_CLOCKS => {
                let leads = self.folded(Kind::Leads).await?.records();
                handoffs::clock_table(frame, &leads, &directory, view)
            }
            PROMISED_LEADS => handoffs::promise_table(frame, view),
            _ => {
                let deals = self.folded(Kind::Deals).await?.records();
                push_table(frame, &deals, &directory, self.deals().await?, view)
            }
        })
    }

    /// The columns of a table: those of one without any row.
    fn schema(&self, name: &str) -> Schema {
        let (frame, directory, view) = (Frame::default(), Directory::default(), &self.view);
        let frame = match kind_of(name) {
            Some(kind) => table_of(frame, kind, &[], &directory, &[], view),
            None if name == DEAL_PUSHES => push_table(frame, &[], &directory, &[], view),
            None if name == HANDOFFS => handoffs::handoff_table(frame, &[], &directory, view),
            None if name == HANDOFF_CLOCKS => handoffs::clock_table(frame, &[], &directory, view),
            None if name == PROMISED_LEADS => handoffs::promise_table(frame, view),
            None => stage_table(frame, &[], &directory, &view.world.deal_stages, view),
        };
        frame.schema()
    }

    async fn touches(self: &Arc<Self>) -> Result<Arc<dyn TableProvider>, LakeError> {
        let Some(touches) = &self.view.touches else { return touch_view::nothing() };
        let accounts = Arc::new(Table::new(self.clone(), Kind::Accounts.name()));
        let people = match self.view.scope {
            Scope::All => Vec::new(),
            Scope::Owners(_) => self.folded(Kind::People).await?.records(),
        };
        touch_view::table(touches, accounts, &people, &self.view).await
    }
}

/// The kind whose own table has a name.
fn kind_of(name: &str) -> Option<Kind> {
    Kind::RECORDS.into_iter().find(|kind| kind.name() == name)
}

/// A table of a picture: of a query's columns those are made that the query needs.
struct Table {
    picture: Arc<Picture>,
    name: &'static str,
    schema: SchemaRef,
}

impl Table {
    fn new(picture: Arc<Picture>, name: &'static str) -> Table {
        let schema = Arc::new(picture.schema(name));
        Table { picture, name, schema }
    }

    /// The rows with the columns at these indices, in their order.
    async fn rows(&self, indices: &[usize]) -> Result<RecordBatch, DataFusionError> {
        // Rows without any column are counted by one.
        let wanted: BTreeSet<usize> = match indices {
            [] => BTreeSet::from([0]),
            _ => indices.iter().copied().collect(),
        };
        let made = self.picture.columns(self.name, &wanted).await.map_err(external)?;
        let rows = made.values().next().map_or(0, |column| column.len());
        let columns = indices.iter().filter_map(|index| made.get(index).cloned()).collect();
        let schema = Arc::new(self.schema.project(indices)?);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Table").field(&self.name).finish()
    }
}

#[async_trait::async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let indices = match projection {
            Some(indices) => indices.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let rows = self.rows(&indices).await?;
        let schema = rows.schema();
        Ok(MemorySourceConfig::try_new_exec(&[vec![rows]], schema, None)?)
    }
}

fn external(error: LakeError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The tables of a picture by name, as the query engine asks for them.
struct Shown(Arc<Picture>);

impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Shown").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl SchemaProvider for Shown {
    fn table_names(&self) -> Vec<String> {
        TABLES.iter().map(|name| (*name).to_owned()).collect()
    }

    fn table_exist(&self, name: &str) -> bool {
        TABLES.contains(&name)
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        self.0.table(name).await.map_err(external)
    }
}
