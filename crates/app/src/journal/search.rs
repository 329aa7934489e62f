//! A search of the journal, in the scope of who asks.

use std::collections::BTreeMap;

use domain::access::Scope;
use domain::journal::{Cause, Found, SETTINGS};
use domain::kind::{Holds, Kind};
use domain::time::start_of_day;
use domain::value::Value;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::journal::{Entries, Subject};
use reports::value::Shown;
use store::journal::search::{Effort, Search};
use uuid::Uuid;

use super::find;
use crate::actor::Actors;
use crate::context::Context;
use crate::error::Error;
use crate::limits::{NAMESAKES_MAX, SEARCH_CHARACTERS_MAX};
use crate::listing::names;
use crate::record::owner;

/// What entries are looked for; what is left out matches all.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// A kind of record or setting.
    pub kind: Option<String>,
    /// A record as `kind:id`, or by its name or id alone.
    pub record: Option<String>,
    pub field: Option<String>,
    /// A member by e-mail or name, or an actor as entries have it.
    pub who: Option<String>,
    /// The first day on which it was recorded.
    pub from: Option<Date>,
    /// The last day on which it was recorded.
    pub to: Option<Date>,
    pub cause: Option<String>,
    pub text: Option<String>,
    /// The entry behind which the page begins.
    pub after: Option<String>,
    /// The kinds of records to which the asker is held; empty for all, settings included.
    pub held_to: Vec<Kind>,
    pub limit: usize,
}

/// The newest entries that match.
///
/// # Errors
/// When a filter is none, or names a record that is not there or not to be seen.
pub async fn search(context: &Context, question: &Question) -> Result<Entries, Error> {
    let actors = Actors::of(context).await?;
    let asked = asked(context, question, &actors).await?;
    let page = context.store.search_journal(&asked).await?;
    let mut subjects = BTreeMap::new();
    for kind in Kind::RECORDS {
        let ids = page.entries.iter().filter_map(Found::record);
        let ids: Vec<Uuid> = ids.filter(|(of, _)| *of == kind).map(|(_, id)| id).collect();
        subjects.extend(context.store.records(kind, &ids).await?.iter().map(|record| {
            let text = |field: &str| record.values.get(field)?.as_ref()?.as_text();
            let subject = Subject {
                external_id: text("external_id").map(str::to_owned),
                name: text("name").map(str::to_owned),
            };
            (record.id, subject)
        }));
    }
    let signed = page.entries.iter().map(|entry| entry.actor.clone());
    let actors = signed.map(|actor| (actor.clone(), actors.name(&actor))).collect();
    Ok(Entries {
        shown: shown(context, &page.entries).await?,
        next: page.next.map(|id| id.to_string()),
        searched_back_to: page.searched_back_to,
        entries: page.entries,
        subjects,
        actors,
        is_personal_field: is_personal(question),
        is_widespread: page.is_widespread,
    })
}

async fn asked(context: &Context, question: &Question, actors: &Actors) -> Result<Search, Error> {
    let kind = question.kind.as_deref().map(kind).transpose()?;
    let held_to = || question.held_to.iter().map(|kind| kind.name().to_owned());
    let kinds = match kind {
        Some(kind) if question.held_to.is_empty() || held_to().any(|held| held == kind) => {
            vec![kind]
        }
        Some(kind) => return Err(Error::NotSeen(format!("journal of {kind}"))),
        None => held_to().collect(),
    };
    let subject = match &question.record {
        Some(record) => Some(subject(context, &text(record)?, &kinds).await?),
        None => None,
    };
    if let (Some(from), Some(to)) = (question.from, question.to)
        && to < from
    {
        return Err(Error::Input(format!("{to} lies before {from}: give the earlier day first")));
    }
    let zone = &context.company.timezone;
    let parsed = |id: &String| {
        id.parse::<Uuid>().map_err(|_| {
            Error::Input(format!("`{id}` is no entry of the journal: begin the search anew"))
        })
    };
    Ok(Search {
        kinds,
        subject,
        owners: match &context.scope {
            Scope::All => None,
            Scope::Owners(owners) => Some(owners.iter().copied().collect()),
        },
        field: question.field.as_deref().map(field).transpose()?,
        actor: question.who.as_deref().map(text).transpose()?.map(|who| actors.signature(&who)),
        cause: question.cause.as_deref().map(cause).transpose()?,
        since: question.from.map(|day| start_of_day(day, zone)),
        until: question.to.map(|day| start_of_day(day.saturating_add(1.day()), zone)),
        text: question.text.as_deref().map(text).transpose()?,
        after: question.after.as_ref().map(parsed).transpose()?,
        limit: question.limit,
        effort: Effort::default(),
    })
}

/// A kind of record by its name, or of setting.
fn kind(name: &str) -> Result<String, Error> {
    let records = Kind::RECORDS.map(Kind::name);
    if let Ok(kind) = name.parse::<Kind>()
        && records.contains(&kind.subject().name())
    {
        return Ok(kind.subject().name().to_owned());
    }
    let setting = SETTINGS.into_iter().find(|setting| *setting == name.trim());
    setting.map(str::to_owned).ok_or_else(|| {
        let all = [records.as_slice(), &SETTINGS].concat().join(", ");
        Error::Input(format!("`{name}` is nothing that the journal is of: choose one of {all}"))
    })
}

fn cause(name: &str) -> Result<Cause, Error> {
    Cause::parse(name.trim()).ok_or_else(|| {
        let all = Cause::ALL.map(Cause::name).join(", ");
        Error::Input(format!("`{name}` is no cause: choose one of {all}"))
    })
}

/// A field's name, as catalogue and settings spell them.
fn field(name: &str) -> Result<String, Error> {
    let name = name.trim().to_lowercase().replace(' ', "_");
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    match name.len() <= SEARCH_CHARACTERS_MAX && name.chars().all(is_name) {
        true => Ok(name),
        false => Err(Error::Input(format!("`{name}` is no field: write one such as stage"))),
    }
}

fn text(text: &str) -> Result<String, Error> {
    match text.chars().count() <= SEARCH_CHARACTERS_MAX && !text.contains('\0') {
        true => Ok(text.to_owned()),
        false => Err(Error::Input(format!(
            "the text is too long or is none: write at most {SEARCH_CHARACTERS_MAX} characters"
        ))),
    }
}

/// The kind and id of what a record's name leads to: `kind:id`, or a name that one record has. One
/// that is not to be seen is told as one that is not there.
async fn subject(
    context: &Context,
    name: &str,
    kinds: &[String],
) -> Result<(String, String), Error> {
    if let Some((setting, id)) = name.split_once(':')
        && SETTINGS.contains(&setting)
        && kinds.iter().all(|kind| kind == setting)
    {
        return Ok((setting.to_owned(), id.to_owned()));
    }
    let (tried, key) = match name.split_once(':') {
        Some((kind, key)) if kind.parse::<Kind>().is_ok() => (vec![kind.parse::<Kind>()?], key),
        _ => (Kind::RECORDS.to_vec(), name),
    };
    let mut found = BTreeMap::new();
    for kind in tried.into_iter().map(Kind::subject) {
        let mut ids = context.store.records_called(kind, key, NAMESAKES_MAX).await?;
        match find(context, &format!("{kind}:{key}")).await {
            Ok((_, id)) => ids.push(id),
            Err(Error::Input(_)) => {}
            Err(error) => return Err(error),
        }
        for record in context.store.records(kind, &ids).await? {
            let is_asked = kinds.is_empty() || kinds.iter().any(|asked| asked == kind.name());
            if is_asked && context.scope.shows(owner(&record)) {
                let id = record.values.get("external_id").and_then(Option::as_ref);
                let id = id.and_then(Value::as_text).map(str::to_owned);
                found.insert((kind, record.id), id.unwrap_or_else(|| record.id.to_string()));
            }
        }
    }
    match found.keys().collect::<Vec<_>>().as_slice() {
        [] => Err(Error::Input(format!("there is no record {name}"))),
        [(kind, id)] => Ok((kind.name().to_owned(), id.to_string())),
        _ => {
            let all = found.iter().map(|((kind, _), id)| format!("{kind}:{id}"));
            let all = all.collect::<Vec<_>>().join(", ");
            Err(Error::Input(format!("{name} is several records: write one of {all}")))
        }
    }
}

/// What it takes to show the values of entries.
async fn shown(context: &Context, entries: &[Found]) -> Result<Shown, Error> {
    let mut asked: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
    for entry in entries {
        let Some((kind, _)) = entry.record() else { continue };
        for change in &entry.changes {
            let Some(Holds::Reference(other)) = kind.field(&change.field).map(|it| it.holds) else {
                continue;
            };
            let values = change.before.iter().chain(&change.after);
            asked.entry(other).or_default().extend(values.filter_map(Value::as_reference));
        }
    }
    let mut all = BTreeMap::new();
    for (kind, ids) in asked {
        all.extend(names(context, kind, ids.into_iter()).await?);
    }
    Ok(Shown { timezone: context.company.timezone.clone(), names: all })
}

/// Whether the field that is asked for is one that no search sees.
fn is_personal(question: &Question) -> bool {
    let Some(field) = &question.field else { return false };
    let is_asked =
        |kind: &&Kind| question.kind.as_ref().is_none_or(|asked| asked.parse() == Ok(**kind));
    let mut people = Kind::RECORDS.iter().filter(|kind| kind.is_person()).filter(is_asked);
    people.any(|kind| kind.field(field).is_some_and(|field| field.personal))
}
