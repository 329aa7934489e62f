//! Data quality: every record against every named rule.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::deal::Deal;
use domain::history::{derive, state_at, with_edits};
use domain::kind::{Holds, Kind};
use domain::lifecycle::text;
use domain::name::plain;
use domain::stage::{Outcome, Stages};
use domain::value::Value;
use jiff::Timestamp;
use reports::check::Check;
use store::observation::Evidence;
use store::record::Record;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::imports::amendment::pasts;
use crate::imports::directory::goes_by_name;
use crate::imports::findings::{Findings, Rule};
use crate::imports::looks::{ends_before_it_starts, lacks_closing_date, told_creation};
use crate::limits::ROWS_PER_CHUNK;
use crate::world::World;

/// Looks at everything that is known now.
pub async fn check(context: &Context) -> Result<Check, Error> {
    of_world(context, &World::at(context, context.as_of(None, None)).await?).await
}

/// Looks at everything in a picture.
pub async fn of_world(context: &Context, world: &World) -> Result<Check, Error> {
    let mut findings = Findings::default();
    for deal in &world.deals {
        look_at_deal(world, deal, &mut findings);
    }
    for lead in &world.leads {
        let name = || format!("leads:{}", lead.external_id);
        if lead.contradictory {
            findings.add(Rule::ClosedBeforeCreated, name);
        }
        if unknown(lead.stage.as_deref(), &world.lead_stages) {
            findings.add(Rule::UnknownStage, name);
        }
    }
    for deal in &world.in_other_currency {
        findings.add(Rule::OtherCurrency, || format!("deals:{deal}"));
    }
    let mut records = 0;
    for kind in Kind::RECORDS {
        records += context.store.record_count(kind).await?;
        look_at_records(context, kind, world, &mut findings).await?;
        look_at_edits(context, kind, &mut findings).await?;
    }
    look_for_spellings(context, &mut findings).await?;
    let rules = Rule::ALL.map(Rule::name).to_vec();
    Ok(Check { records, rules, findings: findings.list() })
}

fn look_at_deal(world: &World, deal: &Deal, findings: &mut Findings) {
    let name = || format!("deals:{}", deal.external_id);
    if deal.account.is_none() {
        findings.add(Rule::MissingAccount, name);
    }
    if deal.contradictory {
        findings.add(Rule::ClosedBeforeCreated, name);
    }
    if unknown(deal.stage.as_deref(), &world.deal_stages) {
        findings.add(Rule::UnknownStage, name);
    }
    if deal.outcome == Outcome::Won && deal.amount.is_none_or(|amount| amount.minor == 0) {
        findings.add(Rule::WonWithoutAmount, name);
    }
    if deal.is_overdue(world.as_of) {
        findings.add(Rule::ExpectedCloseInThePast, name);
    }
}

fn unknown(stage: Option<&str>, stages: &Stages) -> bool {
    stage.is_some_and(|stage| stages.outcome(stage).is_none())
}

/// What the records of a kind, and what files said of them, tell one by one.
async fn look_at_records(
    context: &Context,
    kind: Kind,
    world: &World,
    findings: &mut Findings,
) -> Result<(), Error> {
    let contradictory: BTreeSet<Uuid> = (world.deals.iter())
        .filter(|deal| deal.contradictory)
        .map(|deal| deal.id)
        .chain(world.leads.iter().filter(|lead| lead.contradictory).map(|lead| lead.id))
        .collect();
    let (mut after, mut stubs) = (None, Vec::new());
    loop {
        let mut records = context.store.records_page(kind, after, ROWS_PER_CHUNK as u64).await?;
        let Some(last) = records.last() else { break };
        after = Some(last.id);
        records.retain(|record| !is_deleted(record));
        let evidence = evidence_of(context, kind, &records).await?;
        for record in &records {
            look_at_record(record, world, findings);
            let told = evidence.get(&record.id).filter(|_| !contradictory.contains(&record.id));
            told.into_iter().for_each(|told| look_at_creation(record, told, findings));
            stubs.extend(stub_name(record));
        }
    }
    stubs.sort();
    for name in stubs {
        findings.add(Rule::NotImportedYet, || format!("{kind}:{name}"));
    }
    Ok(())
}

/// Where files say otherwise than what was edited in fields of which Baton is master.
async fn look_at_edits(
    context: &Context,
    kind: Kind,
    findings: &mut Findings,
) -> Result<(), Error> {
    let stages = context.stages(kind).await?;
    for ids in context.store.edited(kind).await?.chunks(ROWS_PER_CHUNK) {
        let mut evidence = context.store.observations(kind, ids).await?;
        let mut pasts = pasts(context, kind, ids).await?;
        for id in ids {
            let Some(past) = pasts.remove(id) else { continue };
            let Evidence { observations, dated } = evidence.remove(id).unwrap_or_default();
            let told = derive(kind, &stages, &observations, &dated);
            let state = state_at(&past.facts, Timestamp::MAX);
            let name = text(&state, "external_id").unwrap_or_else(|| id.to_string());
            for said in with_edits(told, &past.edits).overruled {
                findings.add(Rule::EditedInBaton, || format!("{kind}:{name} ({})", said.field));
            }
        }
    }
    Ok(())
}

/// Whether its source has deleted a record.
pub(crate) fn is_deleted(record: &Record) -> bool {
    record.values.get("deleted") == Some(&Some(Value::Boolean(true)))
}

/// What files said of records that have a beginning.
async fn evidence_of(
    context: &Context,
    kind: Kind,
    records: &[Record],
) -> Result<HashMap<Uuid, Evidence>, Error> {
    if !kind.has_stages() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
    Ok(context.store.observations(kind, &ids).await?)
}

fn look_at_record(record: &Record, world: &World, findings: &mut Findings) {
    let stage = record.values.get("stage").and_then(Option::as_ref).and_then(Value::as_text);
    let is_closed_deal =
        record.kind == Kind::Deals && stage.is_some_and(|stage| world.deal_stages.is_closed(stage));
    if is_closed_deal && lacks_closing_date(&record.values) {
        findings.add(Rule::ClosedWithoutDate, || name_of(record));
    }
    if ends_before_it_starts(&record.values) {
        findings.add(Rule::EndsBeforeItStarts, || name_of(record));
    }
}

fn look_at_creation(record: &Record, told: &Evidence, findings: &mut Findings) {
    let later = told
        .observations
        .iter()
        .any(|seen| told_creation(seen).is_some_and(|created_at| created_at > seen.observed_at));
    let dated = !told.dated.is_empty()
        || told.observations.iter().any(|seen| told_creation(seen).is_some());
    if later {
        findings.add(Rule::CreatedLaterThanSeen, || name_of(record));
    } else if !dated && !told.observations.is_empty() {
        findings.add(Rule::NoCreationDate, || name_of(record));
    }
}

fn name_of(record: &Record) -> String {
    let id = record.values.get("external_id").and_then(Option::as_ref).map(Value::encode);
    format!("{}:{}", record.kind, id.unwrap_or_else(|| record.id.to_string()))
}

/// The name of a record that others name and that no file of its own has told of. An erased person
/// has no name left: nothing is to be imported.
fn stub_name(record: &Record) -> Option<String> {
    let is_stub = record.kind.is_timeless() && !record.values.contains_key("external_id");
    let name = record.values.get("name").and_then(Option::as_ref);
    name.filter(|_| is_stub).map(Value::encode)
}

/// Names that differ from those of the records which they mean: in the latest rows that name
/// them, and in the rows that named them before their own file came.
async fn look_for_spellings(context: &Context, findings: &mut Findings) -> Result<(), Error> {
    let mut names: BTreeMap<Kind, HashMap<Uuid, String>> = BTreeMap::new();
    for kind in Kind::RECORDS.into_iter().filter(|kind| goes_by_name(*kind)) {
        let called: HashMap<Uuid, String> = context.store.names(kind).await?.into_iter().collect();
        for (id, spelled) in context.store.names_by_others(kind).await? {
            let name = called.get(&id).filter(|name| differs(name, &spelled));
            name.into_iter().for_each(|name| add_spelling(name, &spelled, findings));
        }
        names.insert(kind, called);
    }
    let mut after = None;
    loop {
        let page = context.store.spellings(after, ROWS_PER_CHUNK as u64).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.subject_id);
        let mut subjects: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
        for spelling in &page {
            subjects.entry(spelling.kind).or_default().push(spelling.subject_id);
        }
        let records = records_of(context, subjects).await?;
        for found in page {
            let Some(Holds::Reference(kind)) = found.kind.field(found.field).map(|f| f.holds)
            else {
                continue;
            };
            let meant = records
                .get(&found.subject_id)
                .and_then(|record| record.values.get(found.field)?.as_ref()?.as_reference());
            let name = meant.and_then(|id| names.get(&kind)?.get(&id));
            let name = name.filter(|name| differs(name, &found.spelled));
            name.into_iter().for_each(|name| add_spelling(name, &found.spelled, findings));
        }
    }
}

fn differs(name: &str, spelled: &str) -> bool {
    name != spelled && plain(name) == plain(spelled)
}

fn add_spelling(name: &str, spelled: &str, findings: &mut Findings) {
    findings.add(Rule::NameSpelledDifferently, || format!("{spelled} for {name}"));
}

async fn records_of(
    context: &Context,
    subjects: BTreeMap<Kind, Vec<Uuid>>,
) -> Result<HashMap<Uuid, Record>, Error> {
    let mut records = HashMap::new();
    for (kind, ids) in subjects {
        let found = context.store.records(kind, &ids).await?;
        records.extend(found.into_iter().map(|record| (record.id, record)));
    }
    Ok(records)
}
