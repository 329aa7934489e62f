//! Records: looking at one, editing it, adding one, and who is master of which fields.
//!
//! An edit is a journal entry of a person's own hand. It holds over what exports say later, in
//! fields of which Baton is master; fields of the CRM are not edited here.

mod typed;

use std::collections::BTreeMap;

use domain::history::{Values, instant};
use domain::journal::{Change, Entry, Provenance};
use domain::kind::Kind;
use domain::master::{Master, Realm};
use domain::time::{day_of, end_of_day, start_of_day};
use domain::value::Value;
use jiff::Timestamp;
use jiff::civil::Date;
use reports::record::{Edited, Field, Masters, Shown};
use store::Tx;
use store::record::{Record, SubjectWrite};
use uuid::Uuid;

use crate::access;
use crate::context::Context;
use crate::error::Error;
use crate::imports::directory::aliases;
use crate::journal;
use typed::Typed;

/// What a person enters: fields with their new values as typed, an empty one to clear the field.
#[derive(Clone, Debug, Default)]
pub struct Entered {
    pub fields: Vec<(String, String)>,
    /// The day since which it is true; now if left out.
    pub on: Option<Date>,
    pub reason: Option<String>,
    /// The record's version as the person saw it: the edit is refused if it has changed since.
    pub version: Option<String>,
}

/// A record as it stands, named `kind:id`.
///
/// # Errors
/// When there is no such record.
pub async fn show(context: &Context, subject: &str) -> Result<Shown, Error> {
    let (kind, id) = journal::find(context, subject).await?;
    let record = context.store.record(kind, id).await?.ok_or_else(|| gone(subject))?;
    access::seen(context, owner(&record), subject)?;
    shown(context, &record).await
}

/// Who owns a record; of users, the user.
pub fn owner(record: &Record) -> Option<Uuid> {
    match record.kind {
        Kind::Users => Some(record.id),
        _ => record.values.get("owner")?.as_ref()?.as_reference(),
    }
}

async fn shown(context: &Context, record: &Record) -> Result<Shown, Error> {
    let masters = context.store.masters().await?;
    let is_told = is_told(context, record.kind, record.id).await?;
    let value = |field: &str| record.values.get(field).and_then(Option::as_ref);
    let values: Vec<(&str, &Value)> =
        record.kind.fields().iter().filter_map(|f| Some((f.name, value(f.name)?))).collect();
    let names = journal::shown(context, record.kind, &values).await?;
    let field = |field: &domain::kind::Field| Field {
        name: field.name,
        value: value(field.name).cloned(),
        master: if is_told { masters.of(record.kind, field.name) } else { Master::Baton },
    };
    Ok(Shown {
        subject: named(record.kind, record.id, &record.values),
        version: record.version(),
        fields: record.kind.fields().iter().map(field).collect(),
        shown: names,
    })
}

/// Edits a record.
///
/// # Errors
/// [`Error::CrmIsMaster`] for a field of the CRM, [`Error::Changed`] where the record is no longer
/// what the person saw, [`Error::Input`] for a value that the field cannot hold or a day that
/// does not fit its history.
pub async fn edit(context: &Context, subject: &str, entered: &Entered) -> Result<Edited, Error> {
    let (kind, id) = journal::find(context, subject).await?;
    let mut typed = typed::read(context, kind, &entered.fields).await?;
    refuse_fields_of_crm(context, kind, id, &typed).await?;
    let author = context.author(reason(entered, "edited"));
    let stages = context.stages(kind).await?;
    let write = async |tx: &mut Tx| {
        let held = tx.hold(kind, id).await?.ok_or_else(|| gone(subject))?;
        access::seen(context, owner(&held), subject)?;
        refuse_unseen_changes(subject, entered, &held)?;
        typed.values.retain(|field, value| held.values.get(field).cloned().flatten() != *value);
        let at = moment_of_edit(context, tx, entered, &held, &typed).await?;
        typed.follow_stage(&stages, at);
        let changes = changes(&held.values, &typed.values);
        let mut current = held.values;
        current.extend(typed.values);
        current.retain(|_, value| value.is_some());
        let record = Record { values: current, ..held };
        if !changes.is_empty() {
            put(context, tx, (&record, false), (at, changes.clone())).await?;
            tx.chain().await?;
        }
        Ok::<_, Error>((record, changes, at))
    };
    let (record, changes, at) = context.store.write(author, write).await?;
    edited(context, &record, (changes, at), false).await
}

/// Adds a record, of which Baton is master until a file tells of it.
///
/// # Errors
/// As [`edit`], and [`Error::NotSeen`] where the new record's owner is out of scope.
pub async fn add(context: &Context, kind: Kind, entered: &Entered) -> Result<Edited, Error> {
    let kind = kind.subject();
    if !Kind::RECORDS.contains(&kind) {
        return Err(domain::master::MasterError::NotRecords(kind).into());
    }
    let mut typed = typed::read(context, kind, &entered.fields).await?;
    let owner = typed.values.get("owner").and_then(Option::as_ref).and_then(Value::as_reference);
    access::seen(context, owner, &format!("owner whose {kind} you may add to"))?;
    let at = day_begun(context, entered.on)?;
    let id = context.new_id();
    let stages = typed::with_stage(context, kind, &mut typed).await?;
    typed.follow_stage(&stages, at);
    typed.values.retain(|_, value| value.is_some());
    typed.values.insert("created_at", Some(Value::Instant(at)));
    typed.values.insert("external_id", Some(Value::Text(id.to_string())));
    let changes = changes(&Values::new(), &typed.values);
    let now = context.now;
    let record =
        Record { kind, id, values: typed.values, first_recorded_at: now, last_recorded_at: now };
    let author = context.author(reason(entered, "added"));
    let write = async |tx: &mut Tx| {
        if kind.has_stages() && tx.stages(kind).await? != stages {
            tx.set_stages(kind, &stages).await?;
        }
        put(context, tx, (&record, true), (at, changes.clone())).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(author, write).await?;
    edited(context, &record, (changes, at), true).await
}

/// Settles who is master of a kind, or of one of its fields.
pub async fn set_master(context: &Context, realm: Realm, master: Master) -> Result<Masters, Error> {
    let author = context.author(format!("{} is master of {realm}", master.name()));
    let set = async |tx: &mut Tx| {
        tx.set_master(realm, master).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(author, set).await?;
    masters(context).await
}

pub async fn masters(context: &Context) -> Result<Masters, Error> {
    let masters = context.store.masters().await?;
    Ok(Masters { settled: masters.settled.into_iter().collect() })
}

/// Whether any file has told of the record.
async fn is_told(context: &Context, kind: Kind, id: Uuid) -> Result<bool, Error> {
    Ok(context.store.observations(kind, &[id]).await?.contains_key(&id))
}

async fn refuse_fields_of_crm(
    context: &Context,
    kind: Kind,
    id: Uuid,
    typed: &Typed,
) -> Result<(), Error> {
    if !is_told(context, kind, id).await? {
        return Ok(());
    }
    let masters = context.store.masters().await?;
    let of_crm = |field: &&&'static str| masters.of(kind, field) == Master::Crm;
    match typed.values.keys().find(of_crm) {
        Some(field) => Err(Error::CrmIsMaster { kind, field }),
        None => Ok(()),
    }
}

fn refuse_unseen_changes(subject: &str, entered: &Entered, held: &Record) -> Result<(), Error> {
    let current = held.version();
    match &entered.version {
        Some(seen) if *seen != current => Err(Error::Changed { subject: subject.to_owned() }),
        _ => Ok(()),
    }
}

/// When an edit takes effect: at the end of its day, and not before what it changes.
async fn moment_of_edit(
    context: &Context,
    tx: &Tx,
    entered: &Entered,
    held: &Record,
    typed: &Typed,
) -> Result<Timestamp, Error> {
    let Some(day) = entered.on else { return Ok(context.now) };
    if day > context.today() {
        return Err(Error::Input(format!("{day} is still to come: what is true by then is open")));
    }
    let zone = &context.company.timezone;
    let at = end_of_day(day, zone).min(context.now);
    let entries = tx.entries_of(held.kind, &[held.id]).await?;
    let later = entries.values().flatten().filter(|entry| entry.effective_at > at);
    for entry in later {
        let is_edited = |change: &&Change| typed.values.contains_key(change.field);
        if let Some(change) = entry.changes.iter().find(is_edited) {
            let since = day_of(entry.effective_at, zone);
            return Err(Error::Input(format!(
                "`{}` has its value since {since}: choose that day or a later one",
                change.field
            )));
        }
    }
    match instant(&held.values, "created_at").filter(|created| *created > at) {
        Some(created) => Err(Error::Input(format!(
            "the record begins on {}: choose that day or a later one",
            day_of(created, zone)
        ))),
        None => Ok(at),
    }
}

fn day_begun(context: &Context, on: Option<Date>) -> Result<Timestamp, Error> {
    match on {
        Some(day) if day > context.today() => Err(Error::Input(format!(
            "{day} is still to come: a record begins today at the latest"
        ))),
        Some(day) => Ok(start_of_day(day, &context.company.timezone)),
        None => Ok(context.now),
    }
}

fn changes(before: &Values, after: &Values) -> Vec<Change> {
    let value = |values: &Values, field: &str| values.get(field).cloned().flatten();
    after
        .keys()
        .map(|field| Change { field, before: value(before, field), after: value(after, field) })
        .filter(|change| change.before != change.after)
        .collect()
}

async fn put(
    context: &Context,
    tx: &mut Tx,
    (record, is_new): (&Record, bool),
    (effective_at, changes): (Timestamp, Vec<Change>),
) -> Result<(), Error> {
    let Record { kind, id, ref values, .. } = *record;
    let author = tx.author();
    let entry = Entry {
        id: context.new_id(),
        kind,
        subject_id: id,
        actor: author.actor.clone(),
        reason: author.reason.clone(),
        import_id: None,
        effective_at,
        recorded_at: author.at,
        provenance: Provenance::Live,
        changes,
    };
    let write = SubjectWrite { kind, id, is_new, current: values.clone(), entries: vec![entry] };
    tx.apply(&[write]).await?;
    let external_id = values.get("external_id").and_then(Option::as_ref).and_then(Value::as_text);
    Ok(tx.put_aliases(aliases(kind, id, external_id, values, None)).await?)
}

async fn edited(
    context: &Context,
    record: &Record,
    (changes, at): (Vec<Change>, Timestamp),
    is_new: bool,
) -> Result<Edited, Error> {
    let values: Vec<(&str, &Value)> = changes
        .iter()
        .flat_map(|change| change.before.iter().chain(&change.after).map(|it| (change.field, it)))
        .collect();
    Ok(Edited {
        subject: named(record.kind, record.id, &record.values),
        is_new,
        version: record.version(),
        effective_on: day_of(at, &context.company.timezone),
        shown: journal::shown(context, record.kind, &values).await?,
        changes,
    })
}

fn named(kind: Kind, id: Uuid, values: &BTreeMap<&'static str, Option<Value>>) -> String {
    let external_id = domain::lifecycle::text(values, "external_id");
    format!("{kind}:{}", external_id.unwrap_or_else(|| id.to_string()))
}

fn reason(entered: &Entered, otherwise: &str) -> String {
    entered.reason.clone().unwrap_or_else(|| otherwise.to_owned())
}

fn gone(subject: &str) -> Error {
    Error::Input(format!("there is no record {subject} any more"))
}
