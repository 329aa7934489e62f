//! One chunk of rows: who each row is about, what follows for its history, and one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::history::{DatedRow, Fact, Observation, Values, derive, instant, with_edits};
use domain::kind::{Holds, Kind};
use domain::stage::Stages;
use domain::time::{day_of, start_of_day};
use domain::value::Value;
use intake::reader::{Cell, Row};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lake::history::Batch;
use rayon::prelude::*;
use store::Tx;
use store::alias::Alias;
use store::observation::{Evidence, Said, Sighting};
use store::record::SubjectWrite;
use uuid::Uuid;

use super::amendment::{Amendment, Past, pasts};
use super::directory::{Directory, EMAIL, ID, NAME, Stub, aliases, goes_by_name, spelling};
use super::findings::{Findings, Rule};
use super::looks::{Look, told_creation};
use crate::context::Context;
use crate::error::Error;
use crate::sealing::history_rows;

/// What a row did to the record that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    New,
    Updated,
    Unchanged,
}

/// What a chunk did.
pub struct Written {
    /// For each row the record that it was about, and what it did.
    pub effects: Vec<(Uuid, Effect)>,
    /// What the lake is to get, where it is at hand.
    pub batch: Option<Batch>,
}

pub struct Chunk<'a> {
    pub context: &'a Context,
    pub kind: Kind,
    pub stages: &'a Stages,
    pub observed_at: Timestamp,
    /// When the other exports were taken that held all records of the kind.
    pub snapshots: &'a [Timestamp],
    pub import_id: Uuid,
    /// What every entry gives as its reason.
    pub reason: String,
}

/// Names of other records as a row spells them, by field.
type Spelled = BTreeMap<&'static str, String>;

/// A record that rows of the chunk are about.
struct Subject {
    kind: Kind,
    id: Uuid,
    external_id: Option<String>,
    /// Whether no file of its own has told of it before.
    is_new: bool,
    /// Whether the store has no row of it.
    is_unstored: bool,
    sightings: Vec<Sighting>,
    aliases: Vec<Alias>,
}

/// What follows of a record, without and with what the chunk says of it.
struct Histories {
    before: Vec<Fact>,
    after: Vec<Fact>,
}

impl Chunk<'_> {
    /// Writes rows in one transaction.
    pub async fn write(
        &self,
        rows: Vec<Row>,
        directory: &mut Directory,
        findings: &mut Findings,
        dry_run: bool,
    ) -> Result<Written, Error> {
        let mut stubs = directory.look_up(self.context, keys_of(self.kind, &rows)).await?;
        let keys = directory.row_keys(&rows);
        let owners = self.owners(&rows, keys, &stubs).await?;
        // What the chunk itself tells of is no stub.
        let told: BTreeSet<Uuid> = owners.iter().map(|owner| owner.id).collect();
        stubs.retain(|stub| !told.contains(&stub.id));
        let spelled = self.report_keys(&rows, &stubs, directory, findings).await?;
        let mut subjects: BTreeMap<(Kind, Uuid), Subject> = BTreeMap::new();
        let mut order = Vec::with_capacity(rows.len());
        for stub in &stubs {
            self.add_stub(stub, &mut subjects);
        }
        for ((row, owner), spelled) in rows.iter().zip(&owners).zip(spelled) {
            self.add_row(row, owner, (directory, spelled), &mut subjects);
            self.add_related(row, directory, &mut subjects);
            order.push(owner.id);
        }
        let (effects, batch) = self.settle(subjects, findings, dry_run).await?;
        let effect = |id: &Uuid| effects.get(id).copied().unwrap_or(Effect::Unchanged);
        let mut told: BTreeSet<Uuid> = BTreeSet::new();
        let effects = order
            .into_iter()
            .map(|id| (id, if told.insert(id) { effect(&id) } else { later(effect(&id)) }))
            .collect();
        Ok(Written { effects, batch })
    }

    /// Writes that these records are gone since the export was taken; returns how many changed.
    pub async fn write_absences(&self, missing: &[Uuid], dry_run: bool) -> Result<u64, Error> {
        let subject = |id: &Uuid| {
            let subject = Subject {
                kind: self.kind,
                id: *id,
                external_id: None,
                is_new: false,
                is_unstored: false,
                sightings: vec![absence(self.import_id, self.kind, *id, self.observed_at)],
                aliases: Vec::new(),
            };
            ((self.kind, *id), subject)
        };
        let subjects = missing.iter().map(subject).collect();
        let (effects, _) = self.settle(subjects, &mut Findings::default(), dry_run).await?;
        Ok(effects.values().filter(|effect| **effect == Effect::Updated).count() as u64)
    }

    /// Derives what is new in the histories of all subjects, and writes it in one transaction.
    async fn settle(
        &self,
        mut subjects: BTreeMap<(Kind, Uuid), Subject>,
        findings: &mut Findings,
        dry_run: bool,
    ) -> Result<(HashMap<Uuid, Effect>, Option<Batch>), Error> {
        self.find_unstored(&mut subjects).await?;
        let mut known = self.evidence(&subjects).await?;
        // In the order of the file, so that random ids decide nothing that is seen.
        let mut subjects: Vec<Subject> = subjects.into_values().collect();
        subjects.sort_by_key(|subject| subject.sightings.first().map(|first| first.file_row));
        let told: Vec<(Subject, Evidence)> = subjects
            .into_iter()
            .map(|subject| {
                let evidence = known.remove(&subject.id).unwrap_or_default();
                (subject, evidence)
            })
            .collect();
        let derived: Vec<(Subject, Histories)> = told
            .into_par_iter()
            .map(|(subject, evidence)| self.derived(subject, evidence))
            .collect();
        let mut pending: Vec<(Subject, Option<Vec<Fact>>)> = Vec::with_capacity(derived.len());
        for (subject, histories) in derived {
            self.look_at(&subject, &histories.after, findings);
            let after = self.new_history(&subject, histories);
            pending.push((subject, after));
        }
        self.write_histories(pending, findings, dry_run).await
    }

    /// Appends what the journal lacks of the histories that changed, in one transaction.
    async fn write_histories(
        &self,
        pending: Vec<(Subject, Option<Vec<Fact>>)>,
        findings: &mut Findings,
        dry_run: bool,
    ) -> Result<(HashMap<Uuid, Effect>, Option<Batch>), Error> {
        let mut journal = self.journal(&pending).await?;
        let mut effects = HashMap::new();
        let (mut writes, mut sightings, mut aliases) = (Vec::new(), Vec::new(), Vec::new());
        for (mut subject, after) in pending {
            subject.aliases.sort_unstable();
            subject.aliases.dedup();
            let past = journal.remove(&subject.id).unwrap_or_default();
            let write = after.and_then(|after| self.lacking(&subject, &past, after, findings));
            effects.insert(subject.id, effect(&subject, write.as_ref()));
            aliases.extend(subject.aliases);
            sightings.extend(subject.sightings);
            writes.extend(write);
        }
        if dry_run {
            return Ok((effects, None));
        }
        let author = self.context.author(self.reason.as_str());
        let write = async |tx: &mut Tx| {
            tx.apply(&writes).await?;
            tx.put_aliases(aliases).await?;
            tx.put_observations(sightings).await?;
            Ok::<_, Error>(tx.chain().await?)
        };
        let chained = self.context.store.write(author, write).await?;
        Ok((effects, chained.map(|batch| facts_of(batch.id, writes))))
    }

    /// What the journal lacks of a history that sources tell, where nobody edited it.
    fn lacking(
        &self,
        subject: &Subject,
        past: &Past,
        told: Vec<Fact>,
        findings: &mut Findings,
    ) -> Option<SubjectWrite> {
        let edited = with_edits(told, &past.edits);
        for said in &edited.overruled {
            findings.add(Rule::EditedInBaton, || {
                let name = subject.external_id.clone().unwrap_or_else(|| subject.id.to_string());
                format!("{}:{name} ({})", subject.kind, said.field)
            });
        }
        self.amendment(subject).write(&past.facts, &edited.facts)
    }

    /// Persons of whom only touches have told have keys and no record yet.
    async fn find_unstored(
        &self,
        subjects: &mut BTreeMap<(Kind, Uuid), Subject>,
    ) -> Result<(), Error> {
        let is_asked = |subject: &&Subject| subject.kind == Kind::People && !subject.is_unstored;
        let ids: Vec<Uuid> = subjects.values().filter(is_asked).map(|subject| subject.id).collect();
        let records = self.context.store.records(Kind::People, &ids).await?;
        let stored: BTreeSet<Uuid> = records.iter().map(|record| record.id).collect();
        for id in ids.iter().filter(|id| !stored.contains(id)) {
            if let Some(subject) = subjects.get_mut(&(Kind::People, *id)) {
                subject.is_unstored = true;
                subject.is_new = true;
            }
        }
        Ok(())
    }

    /// A complete export that lacks a record which was seen before says that it was deleted.
    fn add_absences(&self, subject: &mut Subject, evidence: &Evidence) {
        if subject.kind != self.kind || subject.sightings.is_empty() {
            return;
        }
        let seen: BTreeSet<Timestamp> = (evidence.observations.iter().map(|seen| seen.observed_at))
            .chain(subject.sightings.iter().filter_map(|sighting| match &sighting.said {
                Said::Observation(seen) => Some(seen.observed_at),
                Said::Dated(_) => None,
            }))
            .collect();
        let lacking = self
            .snapshots
            .iter()
            .filter(|at| !seen.contains(*at) && seen.first().is_some_and(|first| first < *at));
        let absences: Vec<Sighting> =
            lacking.map(|at| absence(self.import_id, subject.kind, subject.id, *at)).collect();
        subject.sightings.extend(absences);
    }

    async fn evidence(
        &self,
        subjects: &BTreeMap<(Kind, Uuid), Subject>,
    ) -> Result<HashMap<Uuid, Evidence>, Error> {
        let mut stored: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
        for subject in subjects.values().filter(|subject| !subject.is_unstored) {
            stored.entry(subject.kind).or_default().push(subject.id);
        }
        let mut evidence = HashMap::new();
        for (kind, ids) in stored {
            evidence.extend(self.context.store.observations(kind, &ids).await?);
        }
        Ok(evidence)
    }

    /// What the journal holds of the stored subjects whose histories changed.
    async fn journal(
        &self,
        pending: &[(Subject, Option<Vec<Fact>>)],
    ) -> Result<HashMap<Uuid, Past>, Error> {
        let mut asked: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
        let changed =
            pending.iter().filter(|(subject, after)| after.is_some() && !subject.is_unstored);
        for (subject, _) in changed {
            asked.entry(subject.kind).or_default().push(subject.id);
        }
        let mut journal = HashMap::new();
        for (kind, ids) in asked {
            journal.extend(pasts(self.context, kind, &ids).await?);
        }
        Ok(journal)
    }

    /// A subject with what is lacking of its absences, and its history without and with what the
    /// chunk says of it.
    fn derived(&self, mut subject: Subject, evidence: Evidence) -> (Subject, Histories) {
        let none = Stages::default();
        let stages = if subject.kind == self.kind.subject() { self.stages } else { &none };
        self.add_absences(&mut subject, &evidence);
        let Evidence { mut observations, mut dated } = evidence;
        let before = derive(subject.kind, stages, &observations, &dated);
        for sighting in &subject.sightings {
            match &sighting.said {
                Said::Observation(seen) => observations.push(seen.clone()),
                Said::Dated(row) => dated.push(row.clone()),
            }
        }
        let after = derive(subject.kind, stages, &observations, &dated);
        (subject, Histories { before, after })
    }

    /// A subject's history as it follows now, or `None` where nothing new follows.
    fn new_history(&self, subject: &Subject, histories: Histories) -> Option<Vec<Fact>> {
        let Histories { before, after } = histories;
        match (after.is_empty(), subject.is_unstored) {
            // Named by others and not told of yet: it has its key and no history.
            (true, true) => Some(self.known_by_key(subject)),
            (true, false) => None,
            (false, _) => (before != after).then_some(after),
        }
    }

    fn look_at(&self, subject: &Subject, facts: &[Fact], findings: &mut Findings) {
        if subject.sightings.is_empty() {
            return;
        }
        let look = Look {
            kind: subject.kind,
            name: subject.external_id.clone().unwrap_or_else(|| subject.id.to_string()),
            stages: self.stages,
            currency: self.context.company.currency,
            observed_at: self.observed_at,
            tells_creation: subject.sightings.iter().any(|sighting| match &sighting.said {
                Said::Observation(seen) => told_creation(seen).is_some(),
                Said::Dated(_) => true,
            }),
            is_own_file: self.kind == subject.kind,
        };
        look.at(facts, findings);
    }

    fn amendment<'s>(&'s self, subject: &Subject) -> Amendment<'s> {
        Amendment {
            context: self.context,
            kind: subject.kind,
            id: subject.id,
            is_unstored: subject.is_unstored,
            reason: &self.reason,
            import_id: Some(self.import_id),
        }
    }

    fn known_by_key(&self, subject: &Subject) -> Vec<Fact> {
        let key = subject.external_id.clone().map(Value::Text);
        vec![Fact { field: "external_id", effective_at: self.observed_at, value: key }]
    }

    fn add_stub(&self, stub: &Stub, subjects: &mut BTreeMap<(Kind, Uuid), Subject>) {
        let said =
            stub.kind.is_timeless().then(|| self.sighting(stub.kind, stub.id, 0, stub.values()));
        let subject = Subject {
            kind: stub.kind,
            id: stub.id,
            external_id: Some(stub.key.clone()),
            is_new: true,
            is_unstored: true,
            sightings: said.into_iter().collect(),
            aliases: stub.aliases(),
        };
        subjects.insert((stub.kind, stub.id), subject);
    }

    fn add_row(
        &self,
        row: &Row,
        owner: &Owner,
        (directory, spelled): (&Directory, Spelled),
        subjects: &mut BTreeMap<(Kind, Uuid), Subject>,
    ) {
        let kind = self.kind.subject();
        let mut values = resolved(self.kind, row, directory);
        not_before_creation(&mut values, &self.context.company.timezone);
        let is_change = kind != self.kind;
        if !is_change {
            values.insert("external_id", Some(Value::Text(owner.key.clone())));
        }
        let said = match row.changed_at.filter(|_| is_change) {
            Some(changed_at) => Said::Dated(DatedRow { changed_at, values: values.clone() }),
            None => Said::Observation(Observation {
                observed_at: self.observed_at,
                modified_at: row.modified_at,
                values: values.clone(),
            }),
        };
        let subject = subjects.entry((kind, owner.id)).or_insert_with(|| Subject {
            kind,
            id: owner.id,
            external_id: Some(owner.key.clone()),
            is_new: owner.is_new,
            is_unstored: owner.is_unstored,
            sightings: Vec::new(),
            aliases: Vec::new(),
        });
        subject.is_new = owner.is_new;
        // The key by which the record was found is known.
        let key = (!owner.is_found).then_some(owner.key.as_str());
        subject.aliases.extend(aliases(kind, owner.id, key, &values, None));
        let (import_id, subject_id, file_row) = (self.import_id, owner.id, row.line);
        subject.sightings.push(Sighting { import_id, kind, subject_id, file_row, said, spelled });
    }

    /// What a row tells of the records that it refers to, such as the e-mail of a lead's person.
    fn add_related(
        &self,
        row: &Row,
        directory: &Directory,
        subjects: &mut BTreeMap<(Kind, Uuid), Subject>,
    ) {
        let mut told: BTreeMap<&'static str, Values> = BTreeMap::new();
        for ((reference, field), value) in &row.related {
            told.entry(reference).or_default().insert(field, Some(value.clone()));
        }
        for (reference, values) in told {
            let Some(kind) = referred_kind(self.kind, reference) else { continue };
            let key = key_of(row, reference, &values);
            let Some(id) = key.and_then(|key| directory.id(kind, &key)) else { continue };
            let sighting = self.sighting(kind, id, row.line, values.clone());
            let subject = subjects.entry((kind, id)).or_insert_with(|| Subject {
                kind,
                id,
                external_id: None,
                is_new: false,
                is_unstored: false,
                sightings: Vec::new(),
                aliases: Vec::new(),
            });
            subject.aliases.extend(aliases(kind, id, None, &values, None));
            subject.sightings.push(sighting);
        }
    }

    fn sighting(&self, kind: Kind, subject_id: Uuid, file_row: u64, values: Values) -> Sighting {
        let (observed_at, import_id) = (self.observed_at, self.import_id);
        let said = Said::Observation(Observation { observed_at, modified_at: None, values });
        Sighting { import_id, kind, subject_id, file_row, said, spelled: Spelled::new() }
    }

    /// The records that the rows are about.
    async fn owners(
        &self,
        rows: &[Row],
        keys: Vec<String>,
        stubs: &[Stub],
    ) -> Result<Vec<Owner>, Error> {
        let kind = self.kind.subject();
        let named_here = Stub::of_kind(stubs, kind);
        let by_id = self.context.store.find(kind, ID, &keys).await?;
        let mut by_name = HashMap::new();
        if goes_by_name(kind) {
            let names: Vec<String> = keys.iter().map(|key| domain::name::plain(key)).collect();
            by_name.extend(self.context.store.find(kind, NAME, &names).await?);
            let told: Vec<String> = rows.iter().filter_map(name_of).collect();
            by_name.extend(self.context.store.find(kind, NAME, &told).await?);
        }
        let mut by_email = HashMap::new();
        if kind.is_person() {
            let told: Vec<String> = rows.iter().filter_map(email_of).collect();
            by_email.extend(self.context.store.find(kind, EMAIL, &told).await?);
        }
        let candidates: Vec<Uuid> = by_name.values().chain(by_email.values()).copied().collect();
        let stored_stubs: BTreeSet<Uuid> = self.without_own_id(kind, &candidates).await?;
        let mut made: HashMap<String, Uuid> = HashMap::new();
        let owner = |(row, key): (&Row, String)| {
            let adopted = || {
                let named = by_name.get(&domain::name::plain(&key));
                let told = name_of(row).and_then(|name| by_name.get(&name));
                let mailed = email_of(row).and_then(|email| by_email.get(&email));
                [named, told, mailed].into_iter().flatten().find(|id| stored_stubs.contains(id))
            };
            let here = || {
                let told = name_of(row).and_then(|name| named_here.get(&name));
                named_here.get(&spelling(kind, &key)).or(told)
            };
            match (by_id.get(&key), adopted(), made.get(&key).or_else(here)) {
                (Some(id), ..) => {
                    let is_new = stored_stubs.contains(id);
                    Owner { id: *id, key, is_new, is_unstored: false, is_found: true }
                }
                (None, Some(id), _) => Owner::named(*id, key, false),
                (None, None, Some(id)) => Owner::named(*id, key, true),
                (None, None, None) => {
                    let id = self.context.new_id();
                    made.insert(key.clone(), id);
                    Owner::named(id, key, true)
                }
            }
        };
        Ok(rows.iter().zip(keys).map(owner).collect())
    }

    /// Those of some records that no file of their own has told of.
    async fn without_own_id(&self, kind: Kind, ids: &[Uuid]) -> Result<BTreeSet<Uuid>, Error> {
        let records = self.context.store.records(kind, ids).await?;
        let without = records.iter().filter(|record| !record.values.contains_key("external_id"));
        Ok(without.map(|record| record.id).collect())
    }

    /// Reports what names of other records tell, and gives for each row how it spells those that
    /// go by another spelling.
    async fn report_keys(
        &self,
        rows: &[Row],
        stubs: &[Stub],
        directory: &mut Directory,
        findings: &mut Findings,
    ) -> Result<Vec<Spelled>, Error> {
        for stub in stubs {
            findings.add(Rule::NotImportedYet, || format!("{}:{}", stub.kind, stub.key));
            directory.add_name(self.context, stub).await?;
        }
        let mut spelled = Vec::with_capacity(rows.len());
        for row in rows {
            spelled.push(self.report_row(row, directory, findings).await?);
        }
        Ok(spelled)
    }

    async fn report_row(
        &self,
        row: &Row,
        directory: &mut Directory,
        findings: &mut Findings,
    ) -> Result<Spelled, Error> {
        let mut spelled = Spelled::new();
        for (field, cell) in &row.values {
            let Some(kind) = referred_kind(self.kind, field) else { continue };
            let missing = cell.is_none() && *field == "account" && self.kind == Kind::Deals;
            if missing {
                findings.add(Rule::MissingAccount, || subject_name(self.kind, row));
            }
            let Some(Cell::Key(key)) = cell else { continue };
            if let Some(name) = directory.other_spelling(self.context, kind, key).await? {
                findings.add(Rule::NameSpelledDifferently, || format!("{key} for {name}"));
                // What names a person is kept where it can be erased, and nowhere else.
                if !kind.is_person() {
                    spelled.insert(field, key.clone());
                }
            }
        }
        Ok(spelled)
    }
}

/// The facts of a batch, for the lake.
fn facts_of(batch_id: Uuid, writes: Vec<SubjectWrite>) -> Batch {
    let entries = writes.into_iter().flat_map(|write| write.entries);
    Batch { id: batch_id, rows: entries.flat_map(history_rows).collect() }
}

/// The word of an export that a record is gone.
pub fn absence(import_id: Uuid, kind: Kind, subject_id: Uuid, observed_at: Timestamp) -> Sighting {
    let values = Values::from([("deleted", Some(Value::Boolean(true)))]);
    let said = Said::Observation(Observation { observed_at, modified_at: None, values });
    Sighting { import_id, kind, subject_id, file_row: 0, said, spelled: Spelled::new() }
}

/// The record that a row is about.
struct Owner {
    id: Uuid,
    key: String,
    is_new: bool,
    is_unstored: bool,
    /// Whether the key leads to it already.
    is_found: bool,
}

impl Owner {
    /// A record that no file of its own has told of yet.
    fn named(id: Uuid, key: String, is_unstored: bool) -> Owner {
        Owner { id, key, is_new: true, is_unstored, is_found: false }
    }
}

/// The keys of all references of rows.
fn keys_of(kind: Kind, rows: &[Row]) -> BTreeSet<(Kind, String)> {
    let mut keys = BTreeSet::new();
    for row in rows {
        for (field, cell) in &row.values {
            if let (Some(Cell::Key(key)), Some(kind)) = (cell, referred_kind(kind, field)) {
                keys.insert((kind, key.clone()));
            }
        }
        for (reference, _) in row.related.keys() {
            let told: Values = related(row, reference);
            let key = key_of(row, reference, &told);
            if let (Some(key), Some(kind)) = (key, referred_kind(kind, reference)) {
                keys.insert((kind, key));
            }
        }
    }
    keys
}

fn related(row: &Row, reference: &str) -> Values {
    let of_reference = row.related.iter().filter(|((other, _), _)| *other == reference);
    of_reference.map(|((_, field), value)| (*field, Some(value.clone()))).collect()
}

/// The key of a record that a row refers to: as the row names it, else its e-mail, else its name.
fn key_of(row: &Row, reference: &str, told: &Values) -> Option<String> {
    if let Some(Some(Cell::Key(key))) = row.values.get(reference) {
        return Some(key.clone());
    }
    let text = |field: &str| Some(told.get(field)?.as_ref()?.as_text()?.to_owned());
    text("email").or_else(|| text("domain")).or_else(|| text("name"))
}

fn referred_kind(kind: Kind, field: &str) -> Option<Kind> {
    match kind.field(field)?.holds {
        Holds::Reference(kind) => Some(kind),
        _ => None,
    }
}

/// A closing day without a time that is the day of creation: closed when created at the earliest.
fn not_before_creation(values: &mut Values, zone: &TimeZone) {
    let (Some(created_at), Some(closed_at)) =
        (instant(values, "created_at"), instant(values, "closed_at"))
    else {
        return;
    };
    let day = day_of(closed_at, zone);
    let is_bare_day = closed_at == start_of_day(day, zone);
    if closed_at < created_at && is_bare_day && day_of(created_at, zone) == day {
        values.insert("closed_at", Some(Value::Instant(created_at)));
    }
}

/// A row's values with keys replaced by the records that they name.
fn resolved(kind: Kind, row: &Row, directory: &Directory) -> Values {
    let mut values = Values::new();
    for (field, cell) in &row.values {
        let value = match cell {
            None => None,
            Some(Cell::Value(value)) => Some(value.clone()),
            Some(Cell::Key(key)) => referred_kind(kind, field)
                .and_then(|kind| directory.id(kind, key))
                .map(Value::Reference),
        };
        values.insert(field, value);
    }
    for (reference, _) in row.related.keys() {
        if values.get(reference).is_none_or(Option::is_none) {
            let key = key_of(row, reference, &related(row, reference));
            let id = key.zip(referred_kind(kind, reference));
            let id = id.and_then(|(key, kind)| directory.id(kind, &key));
            values.insert(reference, id.map(Value::Reference));
        }
    }
    values
}

fn effect(subject: &Subject, write: Option<&SubjectWrite>) -> Effect {
    match (subject.is_new, write) {
        (true, Some(_)) => Effect::New,
        (false, Some(_)) => Effect::Updated,
        (_, None) => Effect::Unchanged,
    }
}

/// What a further row about a record did that an earlier row of the chunk has made.
fn later(effect: Effect) -> Effect {
    if effect == Effect::New { Effect::Updated } else { effect }
}

fn name_of(row: &Row) -> Option<String> {
    match row.values.get("name")? {
        Some(Cell::Value(Value::Text(name))) => Some(domain::name::plain(name)),
        _ => None,
    }
}

fn email_of(row: &Row) -> Option<String> {
    match row.values.get("email")? {
        Some(Cell::Value(Value::Text(email))) => Some(email.to_lowercase()),
        _ => None,
    }
}

fn subject_name(kind: Kind, row: &Row) -> String {
    format!("{}:{}", kind.subject(), row.id.as_deref().unwrap_or("?"))
}
