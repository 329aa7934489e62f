//! How a file is to be read: its preview, the saved mapping of its headers, and its stages.

use domain::kind::Kind;
use domain::stage::{Stage, Stages};
use intake::Assumptions;
use intake::mapping::Mapping;
use intake::preview::{Ambiguity, Preview, inspect};
use intake::source::Source;
use sha2::{Digest, Sha256};

use super::Order;
use crate::context::Context;
use crate::error::Error;

/// Looks the file through under the mapping that is given, else under the one that was saved for
/// these headers, else under what is detected.
///
/// # Errors
/// When something has two readings that the mapping does not settle.
pub async fn preview(
    context: &Context,
    order: &Order,
    assumptions: &Assumptions,
) -> Result<Preview, Error> {
    let mapping = match &order.mapping {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(Error::folder(path))?;
            Some(Mapping::from_toml(&text).map_err(intake::refusal::Refusal::from)?)
        }
        None => saved(context, order).await?,
    };
    let preview = inspect(&order.file, order.kind, assumptions, mapping.as_ref())?;
    let named = context.stages(order.kind).await?;
    let stage_header =
        preview.mapping.columns.iter().find(|(_, target)| target.to_string() == "stage");
    // Once a company has named its stages, a new one is a finding and stops nothing.
    let is_new_stage = |ambiguity: &&Ambiguity| {
        let of_stage = stage_header.is_some_and(|(header, _)| *header == ambiguity.column);
        of_stage && !named.stages.is_empty()
    };
    let open: Vec<&Ambiguity> =
        preview.ambiguities.iter().filter(|ambiguity| !is_new_stage(ambiguity)).collect();
    if open.is_empty() {
        return Ok(preview);
    }
    if let Some(path) = &order.save_mapping {
        std::fs::write(path, preview.mapping.to_toml()).map_err(Error::folder(path))?;
    }
    Err(Error::Ambiguous(sentences(&open)))
}

async fn saved(context: &Context, order: &Order) -> Result<Option<Mapping>, Error> {
    let headers = Source::open(&order.file, &Mapping::new(order.kind))?.headers;
    let toml = context.store.mapping(order.kind, &fingerprint(&headers)).await?;
    let mapping = toml.map(|toml| Mapping::from_toml(&toml)).transpose();
    Ok(mapping.map_err(intake::refusal::Refusal::from)?)
}

/// What a set of headers is known by.
pub fn fingerprint(headers: &[String]) -> String {
    let digest = Sha256::digest(headers.join("\u{1f}").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The stages of the kind from now on: those that the company has named, then those that the file
/// adds and whose outcome is clear.
pub async fn stages(
    context: &Context,
    kind: Kind,
    preview: &Preview,
    is_given: bool,
) -> Result<Stages, Error> {
    let mut stages = context.stages(kind).await?;
    let found = preview
        .stages
        .iter()
        .filter_map(|found| Some(Stage { name: found.name.clone(), outcome: found.outcome? }));
    if is_given {
        // A mapping that a person wrote says the order and where records begin.
        stages.stages.extend(new_among(&stages, &preview.mapping.stages));
        let others: Vec<Stage> = new_among(&stages, &found.collect::<Vec<_>>());
        stages.stages.extend(others);
        stages.entry = preview.mapping.entry_stage.clone().or(stages.entry);
    } else {
        stages.add(preview.mapping.stages.iter().cloned().chain(found));
        if let Some(entry) = &preview.mapping.entry_stage {
            stages.begin_with(entry);
        }
    }
    Ok(stages)
}

fn new_among(known: &Stages, stages: &[Stage]) -> Vec<Stage> {
    stages.iter().filter(|stage| known.position(&stage.name).is_none()).cloned().collect()
}

fn sentences(ambiguities: &[&Ambiguity]) -> String {
    let sentence = |ambiguity: &&Ambiguity| {
        format!(
            "`{}` can be read as {} (for example {}). {}",
            ambiguity.column,
            ambiguity.readings.join(" or "),
            ambiguity.samples.join(", "),
            ambiguity.remedy
        )
    };
    let list: Vec<String> = ambiguities.iter().map(sentence).collect();
    format!(
        "nothing was written, since the file has two readings:\n- {}\n\
         Have the mapping written with --save-mapping FILE, settle it there, and pass it with \
         --mapping FILE",
        list.join("\n- ")
    )
}
