//! What records are called, and what deals are told apart by: seller, manager, team, region,
//! product, industry.

use std::collections::BTreeMap;

use domain::deal::Deal;
use domain::history::Values;
use domain::kind::Kind;
use domain::lifecycle::{reference, text};
use reports::review::sales::Labels;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::limits::ROWS_PER_CHUNK;

pub struct Directory {
    pub users: BTreeMap<Uuid, String>,
    pub accounts: BTreeMap<Uuid, String>,
    products: BTreeMap<Uuid, String>,
    teams: BTreeMap<Uuid, String>,
    user_values: BTreeMap<Uuid, Values>,
    account_values: BTreeMap<Uuid, Values>,
}

impl Directory {
    pub async fn load(context: &Context) -> Result<Directory, Error> {
        Ok(Directory {
            users: names(context, Kind::Users).await?,
            accounts: names(context, Kind::Accounts).await?,
            products: names(context, Kind::Products).await?,
            teams: names(context, Kind::Teams).await?,
            user_values: values(context, Kind::Users).await?,
            account_values: values(context, Kind::Accounts).await?,
        })
    }

    /// The labels of deals in each dimension, in the order in which they are shown.
    pub fn labels(&self, deals: &[Deal]) -> Vec<Labels> {
        type Label<'a> = &'a dyn Fn(&Deal) -> Option<String>;
        let product = |deal: &Deal| self.products.get(&deal.product?).cloned();
        let owner = |deal: &Deal| self.users.get(&deal.owner?).cloned();
        let manager =
            |deal: &Deal| self.users.get(&reference(self.owner(deal)?, "manager")?).cloned();
        let team = |deal: &Deal| self.teams.get(&reference(self.owner(deal)?, "team")?).cloned();
        let region = |deal: &Deal| self.region(deal);
        let industry = |deal: &Deal| text(self.account(deal)?, "industry");
        let source = |deal: &Deal| deal.source.clone();
        let deal_type = |deal: &Deal| deal.deal_type.clone();
        let dimensions: [(&'static str, Label); 8] = [
            ("product", &product),
            ("region", &region),
            ("team", &team),
            ("manager", &manager),
            ("owner", &owner),
            ("source", &source),
            ("type", &deal_type),
            ("industry", &industry),
        ];
        dimensions
            .map(|(dimension, label)| Labels {
                dimension,
                labels: deals.iter().map(label).collect(),
            })
            .into()
    }

    /// Where the seller works, else where the account is.
    fn region(&self, deal: &Deal) -> Option<String> {
        let of_owner = self.owner(deal).and_then(|owner| text(owner, "region"));
        let of_account = |field| self.account(deal).and_then(|account| text(account, field));
        of_owner.or_else(|| of_account("region")).or_else(|| of_account("country"))
    }

    fn owner(&self, deal: &Deal) -> Option<&Values> {
        self.user_values.get(&deal.owner?)
    }

    fn account(&self, deal: &Deal) -> Option<&Values> {
        self.account_values.get(&deal.account?)
    }
}

async fn names(context: &Context, kind: Kind) -> Result<BTreeMap<Uuid, String>, Error> {
    Ok(context.store.names(kind).await?.into_iter().collect())
}

async fn values(context: &Context, kind: Kind) -> Result<BTreeMap<Uuid, Values>, Error> {
    let (mut after, mut values) = (None, BTreeMap::new());
    loop {
        let records = context.store.records_page(kind, after, ROWS_PER_CHUNK as u64).await?;
        let Some(last) = records.last() else { return Ok(values) };
        after = Some(last.id);
        values.extend(records.into_iter().map(|record| (record.id, record.values)));
    }
}
