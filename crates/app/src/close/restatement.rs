//! What has changed since a period was closed, and what changed it.

use std::collections::{BTreeMap, BTreeSet};

use domain::journal::UNDO;
use domain::kind::Kind;
use domain::period::Period;
use domain::period_close::{Difference, Section};
use domain::time::day_of;
use lake::metric::{Rows, catalogue};
use reports::close::{Cause, Restatement, Restatements};
use store::import::{Import, Status};
use uuid::Uuid;

use super::{find, freeze, read};
use crate::actor::Actors;
use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// Setting entries that bear on figures.
const SETTINGS: [&str; 6] =
    ["stages", "goal", "agreement_signature", "handoff", "plan_version", "forecast_call"];

/// Takes the figures of a closed period anew with all that is known now, and says which are others
/// and why. What is frozen stays as it is.
///
/// # Errors
/// When the period is not closed.
pub async fn restatements(context: &Context, period: Period) -> Result<Restatements, Error> {
    let found = find(context, period).await?;
    let frozen = read(&found.close)?;
    let now = freeze::without_forecasts(context, period, context.now).await?;
    let mut differences = frozen.differences(&now);
    differences.retain(|difference| difference.section != Section::Forecast);
    let causes = match differences.is_empty() {
        true => Vec::new(),
        false => causes(context, &frozen).await?,
    };
    let own = own_causes(context, &frozen, &differences, &causes).await?;
    let mut rows = Vec::new();
    for difference in differences {
        let reasons = match own.get(&difference.name) {
            Some(reasons) if is_of_deal(difference.section) => reasons.clone(),
            _ => bearing(&difference, &causes)?,
        };
        rows.push(Restatement { difference, reasons });
    }
    Ok(Restatements {
        period,
        closed_on: day_of(found.recorded_at, &context.company.timezone),
        as_of: context.today(),
        currency: frozen.currency,
        rows,
        causes: causes.into_iter().map(|(_, cause)| cause).collect(),
    })
}

fn is_of_deal(section: Section) -> bool {
    matches!(section, Section::OpenDeal | Section::Won)
}

/// What came later, each with the kind of record or setting that it is of.
type Causes = Vec<(String, Cause)>;

async fn causes(context: &Context, frozen: &domain::period_close::Frozen) -> Result<Causes, Error> {
    let as_of = frozen.as_of;
    let zone = &context.company.timezone;
    let actors = Actors::of(context).await?;
    let imports = context.store.imports().await?;
    let mut causes = Causes::new();
    for later in context.store.recorded_later(as_of.known_at, as_of.effective_at).await? {
        let is_setting = later.kind.parse::<Kind>().is_err();
        if is_setting && !SETTINGS.contains(&later.kind.as_str()) {
            continue;
        }
        let who = actors.name(&later.actor);
        let what = told(&imports, later.import, &later.reason, &who);
        let on = day_of(later.recorded_at, zone);
        causes.push((later.kind, Cause { what, on, entries: Some(later.entries) }));
    }
    // Settings take effect when they are made, and change how earlier facts are read.
    let since = context.store.recorded_later(as_of.known_at, context.now).await?;
    for later in since.into_iter().filter(|it| ["stages", "goal"].contains(&it.kind.as_str())) {
        let what = format!("{} by {}: {}", later.kind, actors.name(&later.actor), later.reason);
        let on = day_of(later.recorded_at, zone);
        causes.push((later.kind, Cause { what, on, entries: Some(later.entries) }));
    }
    let touches = imports.iter().filter(|it| it.kind == Kind::Touches);
    for import in touches {
        let is_later = import.recorded_at > as_of.known_at;
        let is_undone = import.status == Status::Undone;
        if is_later || is_undone {
            let what = match is_undone {
                true => format!("undo of {}", import.file_name),
                false => format!("import of {}", import.file_name),
            };
            let on = day_of(import.recorded_at, zone);
            causes.push((Kind::Touches.name().to_owned(), Cause { what, on, entries: None }));
        }
    }
    Ok(causes)
}

/// What wrote an entry, in words.
fn told(imports: &[Import], import: Option<Uuid>, reason: &str, who: &str) -> String {
    let file = |id: Uuid| imports.iter().find(|it| it.id == id).map(|it| it.file_name.as_str());
    let undone = reason.strip_prefix(UNDO).and_then(|id| id.trim().parse().ok()).and_then(file);
    match (undone, import.and_then(file)) {
        (Some(file), _) => format!("undo of {file}"),
        (None, Some(file)) => format!("import of {file}"),
        (None, None) if reason.is_empty() => format!("edit by {who}"),
        (None, None) => format!("{who}: {reason}"),
    }
}

/// Of differences that are of one deal: what was said of that deal since.
async fn own_causes(
    context: &Context,
    frozen: &domain::period_close::Frozen,
    differences: &[Difference],
    causes: &Causes,
) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let named: BTreeSet<&str> = (differences.iter().filter(|it| is_of_deal(it.section)))
        .map(|it| it.name.as_str())
        .collect();
    if named.is_empty() || causes.is_empty() {
        return Ok(BTreeMap::new());
    }
    // A deal that was told of and taken back since is found by its key alone.
    let world = World::of_deals(context, context.as_of(None, None)).await?;
    let known = world.deals.iter().filter(|deal| named.contains(deal.external_id.as_str()));
    let ids: BTreeMap<Uuid, String> = known.map(|it| (it.id, it.external_id.clone())).collect();
    world.let_go();
    let actors = Actors::of(context).await?;
    let imports = context.store.imports().await?;
    let mut own: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, name) in ids {
        for entry in context.store.entries(Kind::Deals, id).await? {
            if entry.recorded_at <= frozen.as_of.known_at {
                continue;
            }
            let what = told(&imports, entry.import_id, &entry.reason, &actors.name(&entry.actor));
            let reasons = own.entry(name.clone()).or_default();
            if !reasons.contains(&what) {
                reasons.push(what);
            }
        }
    }
    Ok(own)
}

/// The causes that can have changed a figure, by the kinds of records that it is made of.
fn bearing(difference: &Difference, causes: &Causes) -> Result<Vec<String>, Error> {
    let named = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let kinds: Vec<String> = match difference.section {
        Section::Metric => {
            let metrics = catalogue()?;
            match metrics.iter().find(|it| it.name == difference.name).map(|it| &it.rows) {
                Some(Rows::Of { records, .. }) => named(&[records.name()]),
                _ => Vec::new(),
            }
        }
        Section::Pipeline | Section::OpenDeal | Section::Won | Section::Forecast => {
            named(&["deals", "stages"])
        }
        Section::Call | Section::Goal | Section::Plan => {
            named(&["deals", "stages", "goal", "plan_version", "forecast_call"])
        }
        Section::Agreement => named(&["handoff", "agreement_signature"]),
        Section::ChannelConversions
        | Section::ChannelValue
        | Section::CampaignConversions
        | Section::CampaignValue => named(&["deals", "touches", "people", "leads"]),
    };
    let told = |only: bool| -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for (kind, cause) in causes {
            if (!only || kinds.contains(kind)) && !told.contains(&cause.what) {
                told.push(cause.what.clone());
            }
        }
        told
    };
    let own = told(true);
    Ok(if own.is_empty() { told(false) } else { own })
}
