//! The records of a view, read kind by kind, and their tables, made when they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, SchemaProvider, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use domain::access::Scope;
use domain::kind::Kind;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::deals::{self, Deal};
use super::labels::{self, Directory};
use super::{View, push_table, stage_table, table_of, touch_view};
use crate::error::LakeError;
use crate::fold::{Folded, Record};
use crate::history::{self, Columns};

/// The tables that are not a kind's own.
const LEAD_STAGES: &str = "lead_stages";
const DEAL_STAGES: &str = "deal_stages";
const DEAL_PUSHES: &str = "deal_pushes";
const TOUCHES: &str = "touches";
const DERIVED: [&str; 4] = [LEAD_STAGES, DEAL_STAGES, DEAL_PUSHES, TOUCHES];

pub(super) struct Picture {
    pub view: View,
    /// Reads what lies in the lake.
    reader: SessionContext,
    kinds: BTreeMap<Kind, OnceCell<Folded>>,
    deals: OnceCell<Vec<Deal>>,
    tables: BTreeMap<&'static str, OnceCell<Arc<dyn TableProvider>>>,
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
        let names = Kind::RECORDS.into_iter().map(Kind::name).chain(DERIVED);
        Ok(Picture {
            view,
            reader: crate::session()?,
            kinds: Kind::RECORDS.into_iter().map(|kind| (kind, OnceCell::new())).collect(),
            deals: OnceCell::new(),
            tables: names.map(|name| (name, OnceCell::new())).collect(),
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
        parts.push(Columns::of_rows(&tail)?);
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
            Kind::Purchases | Kind::Subscriptions => {
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

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, LakeError> {
        let Some((name, cell)) = self.tables.get_key_value(name) else { return Ok(None) };
        cell.get_or_try_init(|| self.made(name)).await.map(|table| Some(table.clone()))
    }

    async fn made(&self, name: &'static str) -> Result<Arc<dyn TableProvider>, LakeError> {
        let kind = Kind::RECORDS.into_iter().find(|kind| kind.name() == name);
        match kind {
            Some(kind) => self.of_kind(kind).await,
            None if name == TOUCHES => self.touches().await,
            None => self.of_history(name).await,
        }
    }

    async fn of_kind(&self, kind: Kind) -> Result<Arc<dyn TableProvider>, LakeError> {
        let records = self.folded(kind).await?.records();
        let deals = if kind == Kind::Deals { self.deals().await? } else { &[] };
        // Other kinds have no labels, so that nothing else needs to be read for them.
        let [accounts, products, campaigns] = match labels::is_counted(kind) {
            true => self.pointed_at().await?,
            false => [const { Vec::new() }; 3],
        };
        let directory = Directory::new(&accounts, &products, &campaigns);
        table_of(kind, &records, &directory, deals, &self.view).table(kind.name())
    }

    /// The records by whose names others are filed.
    async fn pointed_at(&self) -> Result<[Vec<Record<'_>>; 3], LakeError> {
        Ok([
            self.folded(Kind::Accounts).await?.records(),
            self.folded(Kind::Products).await?.records(),
            self.folded(Kind::Campaigns).await?.records(),
        ])
    }

    async fn of_history(&self, name: &'static str) -> Result<Arc<dyn TableProvider>, LakeError> {
        let [accounts, products, campaigns] = self.pointed_at().await?;
        let directory = Directory::new(&accounts, &products, &campaigns);
        let view = &self.view;
        let frame = match name {
            LEAD_STAGES => {
                let leads = self.folded(Kind::Leads).await?.records();
                stage_table(&leads, &directory, &view.world.lead_stages, view)
            }
            DEAL_STAGES => {
                let deals = self.folded(Kind::Deals).await?.records();
                stage_table(&deals, &directory, &view.world.deal_stages, view)
            }
            _ => {
                let deals = self.folded(Kind::Deals).await?.records();
                push_table(&deals, &directory, self.deals().await?, view)
            }
        };
        frame.table(name)
    }

    async fn touches(&self) -> Result<Arc<dyn TableProvider>, LakeError> {
        let Some(touches) = &self.view.touches else { return touch_view::nothing() };
        let accounts = self.of_kind(Kind::Accounts).await?;
        let people = match self.view.scope {
            Scope::All => Vec::new(),
            Scope::Owners(_) => self.folded(Kind::People).await?.records(),
        };
        touch_view::table(touches, accounts, &people, &self.view).await
    }
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
        self.0.tables.keys().map(|name| (*name).to_owned()).collect()
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.tables.contains_key(name)
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        self.0.table(name).await.map_err(|error| DataFusionError::External(Box::new(error)))
    }
}
