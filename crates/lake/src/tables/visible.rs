//! Which records a scope shows: what its owners own, and what belongs to their accounts.

use std::collections::{BTreeMap, BTreeSet};

use domain::kind::Kind;
use uuid::Uuid;

use crate::fold::{Folded, Record};
use crate::scope::Scope;

/// The records of every kind, each kind present, in order.
pub(super) fn records<'a>(folded: &'a Folded, scope: &Scope) -> BTreeMap<Kind, Vec<Record<'a>>> {
    let mut records: BTreeMap<Kind, Vec<Record<'a>>> =
        Kind::RECORDS.into_iter().map(|kind| (kind, folded.records(kind))).collect();
    if *scope != Scope::All {
        narrow(&mut records, scope);
    }
    records
}

fn narrow(records: &mut BTreeMap<Kind, Vec<Record<'_>>>, scope: &Scope) {
    let owned = |record: &Record<'_>| scope.shows(record.reference("owner"));
    for kind in [Kind::Accounts, Kind::Leads, Kind::Deals] {
        retain(records, kind, owned);
    }
    let accounts = ids(records, Kind::Accounts);
    let people = referred(records, Kind::Leads, "person");
    let of_account = |record: &Record<'_>| {
        record.reference("account").is_some_and(|account| accounts.contains(&account))
    };
    retain(records, Kind::People, |record| of_account(record) || people.contains(&record.id));
    retain(records, Kind::Purchases, of_account);
    retain(records, Kind::Subscriptions, of_account);
    retain(records, Kind::Users, |record| scope.shows(Some(record.id)));
    retain(records, Kind::Costs, |_| false);
}

fn retain(
    records: &mut BTreeMap<Kind, Vec<Record<'_>>>,
    kind: Kind,
    keep: impl Fn(&Record<'_>) -> bool,
) {
    records.entry(kind).or_default().retain(keep);
}

fn ids(records: &BTreeMap<Kind, Vec<Record<'_>>>, kind: Kind) -> BTreeSet<Uuid> {
    records.get(&kind).into_iter().flatten().map(|record| record.id).collect()
}

fn referred(records: &BTreeMap<Kind, Vec<Record<'_>>>, kind: Kind, field: &str) -> BTreeSet<Uuid> {
    records.get(&kind).into_iter().flatten().filter_map(|r| r.reference(field)).collect()
}
