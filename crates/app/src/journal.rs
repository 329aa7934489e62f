//! The journal: the proof that it holds, what happened to one record, and a search of all of it.

mod search;

use std::collections::BTreeMap;

use domain::key::canonical;
use domain::kind::{Holds, Kind};
use domain::value::Value;
use reports::journal::{Log, Verification};
use reports::value::Shown;
use store::chain::Verdict;
use uuid::Uuid;

use crate::access;
use crate::context::Context;
use crate::error::Error;
use crate::imports::directory::{EMAIL, ID, NAME};
use crate::record::owner;

pub use search::{Question, search};

/// Walks the whole chain.
pub async fn verify(context: &Context) -> Result<Verification, Error> {
    Ok(match context.store.verify().await? {
        Verdict::Holds(verified) => Verification {
            entries_chained: verified.links,
            entries_unchained: verified.unchained,
            entries_redacted: verified.redacted,
            head: verified.head.iter().map(|byte| format!("{byte:02x}")).collect(),
            broken: None,
        },
        Verdict::Broken(broken) => Verification {
            entries_chained: 0,
            entries_unchained: 0,
            entries_redacted: 0,
            head: String::new(),
            broken: Some(match broken.position {
                Some(position) => {
                    format!("at position {position}, entry {}: {}", broken.entry_id, broken.fault)
                }
                None => format!("entry {}: {}", broken.entry_id, broken.fault),
            }),
        },
    })
}

/// The entries of a record that is named `kind:id`, by effective time.
///
/// # Errors
/// When there is no such record.
pub async fn log(context: &Context, subject: &str) -> Result<Log, Error> {
    let (kind, id) = find(context, subject).await?;
    if let Some(record) = context.store.record(kind, id).await? {
        access::seen(context, owner(&record), subject)?;
    }
    let mut entries = context.store.entries(kind, id).await?;
    entries.sort_by_key(|entry| (entry.effective_at, entry.recorded_at, entry.id));
    let changes = entries.iter().flat_map(|entry| &entry.changes);
    let values: Vec<(&str, &Value)> = changes
        .flat_map(|change| change.before.iter().chain(&change.after).map(|it| (change.field, it)))
        .collect();
    Ok(Log { subject: subject.to_owned(), shown: shown(context, kind, &values).await?, entries })
}

/// What it takes to show values of fields of a kind: the names of the records that they refer to.
pub async fn shown(
    context: &Context,
    kind: Kind,
    values: &[(&str, &Value)],
) -> Result<Shown, Error> {
    let mut asked: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
    for (field, value) in values {
        if let Some(Holds::Reference(other)) = kind.field(field).map(|field| field.holds) {
            asked.entry(other).or_default().extend(value.as_reference());
        }
    }
    let mut names = BTreeMap::new();
    for (kind, ids) in asked {
        for record in context.store.records(kind, &ids).await? {
            let text = |field: &str| record.values.get(field)?.as_ref()?.as_text();
            let name = text("name").or_else(|| text("external_id"));
            names.extend(name.map(|name| (record.id, name.to_owned())));
        }
    }
    Ok(Shown { timezone: context.company.timezone.clone(), names })
}

/// The record that is named `kind:id`, by its source's id, its name, its e-mail or Baton's id.
///
/// # Errors
/// When the name is not of that form or leads nowhere.
pub async fn find(context: &Context, subject: &str) -> Result<(Kind, Uuid), Error> {
    let (kind, key) = subject.split_once(':').ok_or_else(|| {
        Error::Input(format!("`{subject}` names no record: write kind:id, such as deals:1C1I7A6R"))
    })?;
    let kind = kind.parse::<Kind>()?.subject();
    let spellings = [
        (ID, canonical(key).to_owned()),
        (NAME, domain::name::plain(key)),
        (EMAIL, key.to_lowercase()),
    ];
    for (namespace, key) in spellings {
        let found = context.store.find(kind, namespace, &[key]).await?;
        if let Some(id) = found.into_values().next() {
            return Ok((kind, id));
        }
    }
    let by_id = key.parse::<Uuid>().ok();
    match by_id {
        Some(id) if context.store.record(kind, id).await?.is_some() => Ok((kind, id)),
        _ => Err(Error::Input(format!("there is no record {kind}:{key}"))),
    }
}
