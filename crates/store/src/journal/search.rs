//! Searching the journal, the newest entries first, a page at a time.
//!
//! An id bears the millisecond at which its entry was recorded, so that the order of ids is the
//! order of time and a day is a range of ids. A page goes on behind an id: entries that come
//! meanwhile neither move nor repeat what follows.
//!
//! What few entries can answer, such as those of one record, is gathered by an index. Everything
//! else is looked for from the newest entry back, in a bounded number of entries a page.

use domain::journal::{Cause, Found, FoundChange, Provenance, UNDO};
use domain::kind::Kind;
use domain::value::Value;
use jiff::Timestamp;
use sea_orm::{QueryResult, Value as SqlValue};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{Row, parse_changes, to_json};
use crate::error::Error;
use crate::limits::{GATHERED_MAX, REFERRED_MAX, SEARCHED_MAX};
use crate::record::{bounded, instant, parse_id};
use crate::{Store, db};

/// What entries are looked for; what is left out matches all.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Kinds of records or settings.
    pub kinds: Vec<String>,
    /// A kind and the id or name of what entries are on.
    pub subject: Option<(String, String)>,
    /// Only records that these users own; and of users, themselves.
    pub owners: Option<Vec<Uuid>>,
    pub field: Option<String>,
    /// Who wrote, as entries have it, in any case.
    pub actor: Option<String>,
    pub cause: Option<Cause>,
    /// The moment since which it was recorded, within.
    pub since: Option<Timestamp>,
    /// The moment until which it was recorded, without.
    pub until: Option<Timestamp>,
    /// A part of a value that is a text, of the name or source's id of a record that is no person,
    /// or of the name of one that a change refers to, be it a user; in any case.
    pub text: Option<String>,
    /// The entry behind which the page begins.
    pub after: Option<Uuid>,
    pub limit: usize,
    pub effort: Effort,
}

/// How much is looked at for one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Entries that an index gathers at once, if no more than these can match.
    pub gathered_max: u64,
    /// Entries that are looked at, from the newest back, where no index gathers them.
    pub searched_max: u64,
    /// Names with the text that are followed to the changes that refer to them; none if there are
    /// more.
    pub referred_max: usize,
}

impl Default for Effort {
    fn default() -> Effort {
        Effort {
            gathered_max: GATHERED_MAX,
            searched_max: SEARCHED_MAX,
            referred_max: REFERRED_MAX,
        }
    }
}

/// A page of what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPage {
    /// The newest first.
    pub entries: Vec<Found>,
    /// The entry behind which the search goes on; `None` at its end.
    pub next: Option<Uuid>,
    /// How far back the page looked, where it ended before it was full.
    pub searched_back_to: Option<Timestamp>,
    /// Whether more names have the text than are followed to the changes that refer to them.
    pub is_widespread: bool,
}

/// The kinds whose names are searched for what refers to them: their names stand beside the changes
/// that are shown.
const REFERRED: [Kind; 5] =
    [Kind::Accounts, Kind::Products, Kind::Campaigns, Kind::Teams, Kind::Users];

/// Behind every id.
const END: &str = "z";

impl Store {
    /// A page of the entries that match a search.
    pub async fn search_journal(&self, search: &Search) -> Result<FoundPage, Error> {
        let is_gathered = self.is_gathered(search).await?;
        let referred = self.referred(search).await?;
        let is_widespread = referred.is_none();
        let referred = referred.unwrap_or_default();
        let mut behind = first_id_without(search);
        let floor = match is_gathered {
            true => None,
            false => self.floor(search, &behind).await?,
        };
        let mut entries = Vec::new();
        loop {
            let wanted = search.limit + 1 - entries.len();
            let range = (behind.as_str(), floor.as_ref().map(|(id, _)| id.as_str()));
            let rows = self.matching((search, &referred), is_gathered, range, wanted).await?;
            let is_last = rows.len() < wanted;
            behind = rows.last().map_or(behind, |(row, _)| row.id.clone());
            for (row, is_of_subject) in rows {
                let found = row.into_found()?;
                if is_found((search, &referred), &found, is_of_subject) {
                    entries.push(found);
                }
            }
            if entries.len() > search.limit {
                entries.truncate(search.limit);
                let next = entries.last().map(|entry| entry.id);
                let searched_back_to = None;
                return Ok(FoundPage { entries, next, searched_back_to, is_widespread });
            }
            if is_last {
                let next = floor.as_ref().map(|(id, _)| parse_id(id)).transpose()?;
                let searched_back_to = floor.map(|(_, at)| at);
                return Ok(FoundPage { entries, next, searched_back_to, is_widespread });
            }
        }
    }

    /// The records of a kind that bear a name, in any case; of people, none.
    pub async fn records_called(
        &self,
        kind: Kind,
        name: &str,
        limit: u64,
    ) -> Result<Vec<Uuid>, Error> {
        if kind.is_person() || kind.field("name").is_none() {
            return Ok(Vec::new());
        }
        let mut bound = Bound::default();
        let names = bound.texts(lowered(name));
        let most = bound.parameter(bounded(limit));
        let sql = format!(
            r#"select id from "{kind}" where lower(name) in {names} order by id limit {most}"#
        );
        let rows = db::raw_rows(&self.db.reader, sql, bound.values).await?;
        rows.iter().map(|row| parse_id(&row.try_get_by_index::<String>(0)?)).collect()
    }

    /// The records whose names have the text and that other records refer to; `None` where there
    /// are too many to follow. People stay closed.
    async fn referred(&self, search: &Search) -> Result<Option<Vec<Uuid>>, Error> {
        let Some(text) = &search.text else { return Ok(Some(Vec::new())) };
        let (mut all, max) = (Vec::new(), search.effort.referred_max);
        for kind in REFERRED {
            let mut bound = Bound::default();
            let parts = bound.parts(text);
            let most = bound.parameter(bounded(max as u64 + 1));
            let sql = format!(
                r#"select id from "{kind}" where {} order by id limit {most}"#,
                has("name", &parts)
            );
            let rows = db::raw_rows(&self.db.reader, sql, bound.values).await?;
            for row in &rows {
                all.push(parse_id(&row.try_get_by_index::<String>(0)?)?);
            }
            if all.len() > max {
                return Ok(None);
            }
        }
        Ok(Some(all))
    }

    /// Whether so few entries can match that an index gathers them all.
    async fn is_gathered(&self, search: &Search) -> Result<bool, Error> {
        let mut bound = Bound::default();
        let Some(candidates) = candidates(search, "1 as one", &mut bound) else {
            return Ok(false);
        };
        let most = bound.parameter(bounded(search.effort.gathered_max + 1));
        let sql = format!(
            "select count(*) from (select one from ({candidates}) as candidate limit {most}) \
             as gathered"
        );
        Ok(db::count(&self.db.reader, sql, bound.values).await? <= search.effort.gathered_max)
    }

    /// The last entry that a page looks at, and when it was recorded; `None` where the page gets
    /// to the end.
    async fn floor(
        &self,
        search: &Search,
        behind: &str,
    ) -> Result<Option<(String, Timestamp)>, Error> {
        let sql = "select id, recorded_at from journal where id < $1 order by id desc
            limit 1 offset $2";
        let values = vec![behind.into(), bounded(search.effort.searched_max.saturating_sub(1))];
        let rows = db::raw_rows(&self.db.reader, sql, values).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let id: String = row.try_get_by_index(0)?;
        let is_beyond = search.since.is_some_and(|since| id < first_id(since));
        let at = instant(row.try_get_by_index(1)?)?;
        Ok((!is_beyond).then_some((id, at)))
    }

    /// The newest rows that may match, each with whether its subject's name or id has the text.
    async fn matching(
        &self,
        (search, referred): (&Search, &[Uuid]),
        is_gathered: bool,
        (behind, floor): (&str, Option<&str>),
        limit: usize,
    ) -> Result<Vec<(Row, bool)>, Error> {
        let mut bound = Bound::default();
        let mut all = vec![format!("journal.id < {}", bound.parameter(behind.into()))];
        if let Some(floor) = floor {
            all.push(format!("journal.id >= {}", bound.parameter(floor.into())));
        }
        if is_gathered && let Some(candidates) = candidates(search, "id", &mut bound) {
            all.push(format!("journal.id in ({candidates})"));
        }
        conditions(search, &mut all, &mut bound);
        let of_subject = match of_text(search, referred, &mut bound)? {
            Some((subject, value)) => {
                all.push(format!("({subject} or {value})"));
                format!("cast(case when {subject} then 1 else 0 end as bigint)")
            }
            None => "cast(0 as bigint)".to_owned(),
        };
        let limit = bound.parameter(bounded(limit as u64));
        let sql = format!(
            "select journal.*, {of_subject} as is_of_subject from journal where {} \
             order by journal.id desc limit {limit}",
            all.join(" and ")
        );
        let rows = db::raw_rows(&self.db.reader, sql, bound.values).await?;
        let read = |row: &QueryResult| {
            let is_of_subject: i64 = row.try_get("", "is_of_subject")?;
            Ok((db::named::<Row>(row)?, is_of_subject != 0))
        };
        rows.iter().map(read).collect()
    }
}

/// The parameters of a statement in the making.
#[derive(Default)]
struct Bound {
    values: Vec<SqlValue>,
}

impl Bound {
    fn parameter(&mut self, value: SqlValue) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn texts<T: ToString>(&mut self, texts: impl IntoIterator<Item = T>) -> String {
        let all: Vec<String> =
            texts.into_iter().map(|text| self.parameter(text.to_string().into())).collect();
        format!("({})", all.join(", "))
    }

    /// The patterns of what has a text in it.
    fn parts(&mut self, text: &str) -> Vec<String> {
        let patterns = lowered(text).into_iter().map(|text| format!("%{}%", like(&text)));
        patterns.map(|pattern| self.parameter(pattern.into())).collect()
    }
}

/// What an index finds of a search, as a query of one column; `None` where no index helps. The
/// narrowest way is taken: a record, the records of owners, what people wrote, a kind.
fn candidates(search: &Search, column: &str, bound: &mut Bound) -> Option<String> {
    let of = |conditions: String| format!("select {column} from journal where {conditions}");
    if let Some((kind, id)) = &search.subject {
        let kind = bound.parameter(kind.as_str().into());
        let id = bound.parameter(id.as_str().into());
        return Some(of(format!("kind = {kind} and subject_id = {id}")));
    }
    if let Some(owners) = &search.owners {
        let each: Vec<String> = owned(search)
            .map(|kind| {
                let owned = owned_by(kind, owners, bound);
                of(format!("kind = '{kind}' and subject_id in {owned}"))
            })
            .collect();
        let none = || of("1 = 0".to_owned());
        return Some(if each.is_empty() { none() } else { each.join(" union all ") });
    }
    let kinds = match search.kinds.as_slice() {
        [] => None,
        kinds => Some(format!("kind in {}", bound.texts(kinds))),
    };
    let is_live = matches!(search.cause, Some(Cause::Edit | Cause::Setting));
    // `live` stands in the text so that its index serves.
    let live = is_live.then(|| "provenance = 'live'".to_owned());
    let both: Vec<String> = live.into_iter().chain(kinds).collect();
    (!both.is_empty()).then(|| of(both.join(" and ")))
}

/// The kinds that have owners, of those that are asked for.
fn owned(search: &Search) -> impl Iterator<Item = Kind> {
    let has_owner = |kind: &Kind| *kind == Kind::Users || kind.field("owner").is_some();
    let is_asked = |kind: &Kind| {
        search.kinds.is_empty() || search.kinds.iter().any(|asked| asked == kind.name())
    };
    Kind::RECORDS.into_iter().filter(has_owner).filter(is_asked)
}

/// The ids of a kind's records that users own.
fn owned_by(kind: Kind, owners: &[Uuid], bound: &mut Bound) -> String {
    let nobody = [Uuid::nil()];
    let owners = bound.texts(if owners.is_empty() { &nobody } else { owners });
    match kind {
        Kind::Users => owners,
        kind => format!(r#"(select id from "{kind}" where owner in {owners})"#),
    }
}

/// What has to hold of a row, column by column. `|| ''` keeps indexes out that would read all
/// entries of a kind in order to sort them.
fn conditions(search: &Search, all: &mut Vec<String>, bound: &mut Bound) {
    if let Some((kind, id)) = &search.subject {
        let kind = bound.parameter(kind.as_str().into());
        let id = bound.parameter(id.as_str().into());
        all.push(format!("kind || '' = {kind} and subject_id || '' = {id}"));
    }
    if let Some(owners) = &search.owners {
        let each: Vec<String> = owned(search)
            .map(|kind| {
                let owned = owned_by(kind, owners, bound);
                format!("(kind || '' = '{kind}' and subject_id || '' in {owned})")
            })
            .collect();
        all.push(if each.is_empty() { "1 = 0".to_owned() } else { any(&each) });
    }
    if !search.kinds.is_empty() {
        all.push(format!("kind || '' in {}", bound.texts(&search.kinds)));
    }
    if let Some(field) = &search.field {
        let pattern = format!("%{}:[%", like(&format!("\"{field}\"")));
        all.push(format!("changes like {} escape '!'", bound.parameter(pattern.into())));
    }
    if let Some(actor) = &search.actor {
        all.push(format!("lower(actor) in {}", bound.texts(lowered(actor))));
    }
    all.extend(search.cause.map(of_cause));
    let micros = |at: Timestamp| SqlValue::from(at.as_microsecond());
    if let Some(since) = search.since {
        all.push(format!("journal.id >= {}", bound.parameter(first_id(since).into())));
        all.push(format!("recorded_at >= {}", bound.parameter(micros(since))));
    }
    if let Some(until) = search.until {
        all.push(format!("recorded_at < {}", bound.parameter(micros(until))));
    }
}

fn of_cause(cause: Cause) -> String {
    let records = Kind::RECORDS.map(|kind| format!("'{kind}'")).join(", ");
    match cause {
        Cause::Edit => format!("provenance = 'live' and kind || '' in ({records})"),
        Cause::Setting => format!("provenance = 'live' and kind || '' not in ({records})"),
        Cause::Import => {
            format!("provenance = 'reconstructed' and reason not like '{UNDO}%'")
        }
        Cause::Undo => format!("provenance = 'reconstructed' and reason like '{UNDO}%'"),
    }
}

/// What has to hold for the subject or a value to have the text. Keys and escapes of JSON match
/// too; those are sorted out by [`is_found`].
fn of_text(
    search: &Search,
    referred: &[Uuid],
    bound: &mut Bound,
) -> Result<Option<(String, String)>, Error> {
    let Some(text) = &search.text else { return Ok(None) };
    let plain = bound.parts(text);
    let quoted = to_json(text)?;
    let mut values = bound.parts(quoted.trim_matches('"'));
    values.extend(referred.iter().map(|id| bound.parameter(format!("%{id}%").into())));
    let is_asked = |kind: &&Kind| {
        search.kinds.is_empty() || search.kinds.iter().any(|asked| asked == kind.name())
    };
    // Names of people are personal: they are not searched.
    let named = Kind::RECORDS.iter().filter(|kind| !kind.is_person()).filter(is_asked);
    let mut subjects = vec![has("subject_id", &plain)];
    subjects.extend(named.map(|kind| {
        let columns = ["name", "external_id"].into_iter().filter(|it| kind.field(it).is_some());
        let each: Vec<String> = columns.map(|column| has(column, &plain)).collect();
        format!(r#"subject_id in (select id from "{kind}" where {})"#, any(&each))
    }));
    Ok(Some((any(&subjects), has("changes", &values))))
}

/// What has to hold for a column to have one of some parts, in any case.
fn has(column: &str, parts: &[String]) -> String {
    let each = parts.iter().map(|it| format!("lower({column}) like {it} escape '!'"));
    any(&each.collect::<Vec<_>>())
}

fn any(conditions: &[String]) -> String {
    format!("({})", conditions.join(" or "))
}

/// A text in small letters: those of ASCII alone, as one database makes them of what is as typed or
/// in capitals, and all, as the other does.
fn lowered(text: &str) -> Vec<String> {
    let capitals = text.to_uppercase().to_ascii_lowercase();
    let mut all = vec![text.to_lowercase(), text.to_ascii_lowercase(), capitals];
    all.dedup();
    all
}

/// A text as a part of a pattern, in which `!` precedes what stands for itself.
fn like(text: &str) -> String {
    text.chars().fold(String::new(), |mut pattern, letter| {
        if ['!', '%', '_'].contains(&letter) {
            pattern.push('!');
        }
        pattern.push(letter);
        pattern
    })
}

/// Whether a row that SQL found shows what was asked for.
fn is_found((search, referred): (&Search, &[Uuid]), found: &Found, is_of_subject: bool) -> bool {
    let has_field = |field: &String| {
        found.changes.iter().any(|change| change.field == *field && change.is_seen())
    };
    let has_text = |text: &String| {
        let text = text.to_lowercase();
        let in_value = |value: &Value| {
            value.as_text().is_some_and(|value| value.to_lowercase().contains(&text))
                || value.as_reference().is_some_and(|id| referred.contains(&id))
        };
        let changes = found.changes.iter().filter(|change| change.is_seen());
        let mut values = changes.flat_map(|change| change.before.iter().chain(&change.after));
        is_of_subject || values.any(in_value)
    };
    search.field.as_ref().is_none_or(has_field) && search.text.as_ref().is_none_or(has_text)
}

/// The id before which no entry stands that was recorded then or later.
fn first_id(at: Timestamp) -> String {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

/// The id before which a search begins.
fn first_id_without(search: &Search) -> String {
    let after = search.after.map(|id| id.to_string());
    let until = search.until.map(|until| {
        // The millisecond after the last one that may hold a moment before it.
        let whole = until.as_microsecond().rem_euclid(1_000) == 0;
        let end = if whole { until } else { until.saturating_add(MILLISECOND).unwrap_or(until) };
        first_id(end)
    });
    after.into_iter().chain(until).min().unwrap_or_else(|| END.to_owned())
}

const MILLISECOND: jiff::SignedDuration = jiff::SignedDuration::from_millis(1);

impl Row {
    /// What a search shows of a row: personal changes stay closed.
    fn into_found(self) -> Result<Found, Error> {
        let damaged = |detail: &str| Error::damaged("the journal", detail);
        let kind = Kind::RECORDS.into_iter().find(|kind| kind.name() == self.kind);
        let changes = match kind {
            Some(kind) => of_record(kind, &self.changes)?,
            None => of_setting(&self.changes)?,
        };
        Ok(Found {
            id: parse_id(&self.id)?,
            import_id: self.import_id.as_deref().map(parse_id).transpose()?,
            effective_at: instant(self.effective_at)?,
            recorded_at: instant(self.recorded_at)?,
            provenance: Provenance::parse(&self.provenance)
                .ok_or_else(|| damaged(&self.provenance))?,
            kind: self.kind,
            subject: self.subject_id,
            actor: self.actor,
            reason: self.reason,
            changes,
            has_personal: self.sealed_changes.is_some(),
        })
    }
}

fn of_record(kind: Kind, json: &str) -> Result<Vec<FoundChange>, Error> {
    let changes = parse_changes(kind, json.as_bytes())?.into_iter();
    let found = changes.map(|change| FoundChange {
        field: change.field.to_owned(),
        before: change.before,
        after: change.after,
    });
    Ok(found.collect())
}

fn of_setting(json: &str) -> Result<Vec<FoundChange>, Error> {
    let texts: BTreeMap<String, [Option<String>; 2]> =
        serde_json::from_str(json).map_err(|error| Error::damaged("the journal", error))?;
    let found = texts.into_iter().map(|(field, values)| {
        let [before, after] = values.map(|value| value.map(Value::Text));
        FoundChange { field, before, after }
    });
    Ok(found.collect())
}
