//! The words by which figures are broken down: each record with the names of what it points at.

use std::cell::LazyCell;
use std::collections::HashMap;

use domain::kind::Kind;
use uuid::Uuid;

use super::frame::Frame;
use crate::fold::Record;

/// What a record is filed under; the owner by id, since names of people are personal.
#[derive(Clone, Copy, Default)]
pub(crate) struct Labels<'a> {
    pub owner: Option<Uuid>,
    pub source: Option<&'a str>,
    pub product_name: Option<&'a str>,
    pub account_name: Option<&'a str>,
    pub industry: Option<&'a str>,
    pub campaign_name: Option<&'a str>,
    pub channel: Option<&'a str>,
    pub stage: Option<&'a str>,
}

/// The records that others point at.
#[derive(Default)]
pub(crate) struct Directory<'a> {
    accounts: HashMap<Uuid, &'a Record<'a>>,
    products: HashMap<Uuid, &'a Record<'a>>,
    campaigns: HashMap<Uuid, &'a Record<'a>>,
}

impl<'a> Directory<'a> {
    pub fn new(
        accounts: &'a [Record<'a>],
        products: &'a [Record<'a>],
        campaigns: &'a [Record<'a>],
    ) -> Directory<'a> {
        let by_id = |records: &'a [Record<'a>]| records.iter().map(|r| (r.id, r)).collect();
        Directory {
            accounts: by_id(accounts),
            products: by_id(products),
            campaigns: by_id(campaigns),
        }
    }

    pub fn labels(&self, record: &Record<'a>) -> Labels<'a> {
        let pointed = |field: &str, at: &HashMap<Uuid, &'a Record<'a>>| {
            record.reference(field).and_then(|id| at.get(&id).copied())
        };
        let account = pointed("account", &self.accounts);
        let campaign = pointed("campaign", &self.campaigns);
        let owned = record.kind.field("owner").is_some();
        Labels {
            owner: match owned {
                true => record.reference("owner"),
                false => account.and_then(|account| account.reference("owner")),
            },
            source: record.text("source"),
            product_name: pointed("product", &self.products).and_then(Record::label),
            account_name: account.and_then(Record::label),
            industry: account.and_then(|account| account.text("industry")),
            campaign_name: campaign.and_then(Record::label),
            channel: record
                .text("channel")
                .or_else(|| campaign.and_then(|campaign| campaign.text("channel"))),
            stage: record.text("stage"),
        }
    }
}

/// Kinds whose rows are events that figures count.
pub(crate) fn is_counted(kind: Kind) -> bool {
    matches!(kind, Kind::Leads | Kind::Deals | Kind::Purchases | Kind::Subscriptions | Kind::Costs)
}

/// Adds the labels as columns, leaving out those that the table has from the record itself. The
/// labels of the rows are made if any of them is wanted.
pub(crate) fn add<'a>(frame: &mut Frame, labels: impl FnOnce() -> Vec<Labels<'a>>) {
    let labels = LazyCell::new(labels);
    type Of = for<'a> fn(&Labels<'a>) -> Option<&'a str>;
    let texts: [(&str, Of); 7] = [
        ("source", |l| l.source),
        ("product_name", |l| l.product_name),
        ("account_name", |l| l.account_name),
        ("industry", |l| l.industry),
        ("campaign_name", |l| l.campaign_name),
        ("channel", |l| l.channel),
        ("stage", |l| l.stage),
    ];
    if !frame.has("owner") {
        let labels = if frame.wants_next() { &**labels } else { &[] };
        frame.ids("owner", labels.iter().map(|label| label.owner));
    }
    for (name, of) in texts {
        if !frame.has(name) {
            let labels = if frame.wants_next() { &**labels } else { &[] };
            frame.texts(name, labels.iter().map(of));
        }
    }
}
