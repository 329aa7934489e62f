//! People and their data: erasing a person for good.

use std::path::Path;

use domain::erasure::Traces;
use domain::kind::Kind;
use domain::value::Value;
use reports::person::Erasure;
use store::Tx;

use crate::context::Context;
use crate::error::Error;
use crate::journal;

/// Erases what is known of a person: from the store and its write-ahead log, from the journal (its
/// key is destroyed, the chain holds), from the lake, and from the files in the data folder.
///
/// # Errors
/// When the subject is not a person, or is not known.
pub async fn erase(context: &Context, subject: &str) -> Result<Erasure, Error> {
    let (kind, id) = journal::find(context, subject).await?;
    if !kind.is_person() {
        return Err(Error::Input(format!(
            "{subject} is no person: only people and users are erased"
        )));
    }
    // What waits in the buffer goes where it can be erased.
    crate::tracking::seal(context).await?;
    let traces = traces(context, kind, id).await?;
    let names = names_among(&traces);
    let erase = async |tx: &mut Tx| {
        tx.erase_person(kind, id).await?;
        let redacted = tx.redact(id, &names).await?;
        tx.erase_quarantined(&in_events(&traces)).await?;
        // From the same moment on the chain answers for what was redacted.
        tx.chain().await?;
        Ok::<_, Error>(redacted)
    };
    let store = &context.store;
    let redacted = store.write(context.author("erasure of a person"), erase).await?;
    crate::sealing::seal(context).await?;
    let mut erased = context.lake.erase_person(*id.as_bytes(), &traces, &names).await?;
    for other in store.same_people().await?.iter().filter(|other| other.to == id) {
        // Touches from before it was known whose they are.
        let before = context.lake.erase_person(*other.from.as_bytes(), &[], &names).await?;
        erased.urls += before.urls;
    }
    let file_rows = erase_from_files(context, &traces)?;
    store.scrub().await?;
    Ok(Erasure {
        person_id: id.to_string(),
        touches: erased.urls as u64,
        entries: redacted.entries,
        file_rows,
    })
}

/// Those of the traces that are taken out of texts about others: names and addresses, but no mere
/// numbers, since the number of one person is a part of many.
fn names_among(traces: &[String]) -> Traces {
    let has_letters = |trace: &&String| trace.chars().any(char::is_alphabetic);
    let is_phone = |trace: &&String| trace.chars().filter(char::is_ascii_digit).count() >= 7;
    Traces::new(traces.iter().filter(|it| has_letters(it) || is_phone(it)).map(String::as_str))
}

/// What of the traces refused events are searched for: a short one only as a whole text, since it
/// is a part of many.
fn in_events(traces: &[String]) -> Vec<String> {
    const WHOLE_BELOW_CHARACTERS: usize = 6;
    let is_short = |trace: &String| trace.chars().count() < WHOLE_BELOW_CHARACTERS;
    let sought =
        |trace: &String| if is_short(trace) { format!("\"{trace}\"") } else { trace.clone() };
    traces.iter().map(sought).collect()
}

/// The texts by which the person can be told: every name, address, number and id that the journal
/// ever knew. A job title or a town is personal too, but it is other people's as well.
const TELLING: [&str; 4] = ["name", "email", "phone", "external_id"];

async fn traces(context: &Context, kind: Kind, id: uuid::Uuid) -> Result<Vec<String>, Error> {
    let mut traces: Vec<String> = Vec::new();
    for entry in context.store.entries(kind, id).await? {
        for change in entry.changes.iter().filter(|change| TELLING.contains(&change.field)) {
            let values = change.before.iter().chain(&change.after);
            traces.extend(values.filter_map(Value::as_text).map(|text| text.trim().to_owned()));
        }
    }
    traces.retain(|trace| !trace.is_empty());
    traces.sort();
    traces.dedup();
    Ok(traces)
}

/// The folders of the data folder that hold rows of files.
const FOLDERS: [&str; 2] = ["rejects", "exports"];

/// Takes the rows that name the person out of rejects files and exports; returns how many.
fn erase_from_files(context: &Context, traces: &[String]) -> Result<u64, Error> {
    let mut erased = 0;
    for folder in FOLDERS.map(|name| context.path(name)).iter().filter(|folder| folder.exists()) {
        for file in std::fs::read_dir(folder).map_err(Error::folder(folder))? {
            let path = file.map_err(Error::folder(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                erased += erase_rows(&path, traces).map_err(|error| {
                    Error::Input(format!("{} cannot be cleaned: {error}", path.display()))
                })?;
            }
        }
    }
    Ok(erased)
}

/// Writes the file anew without the rows in which a cell is one of the traces, or in which the
/// words of one that is a name stand in cells of their own.
fn erase_rows(path: &Path, traces: &[String]) -> Result<u64, csv::Error> {
    let names = |row: &csv::StringRecord| {
        let cell = |wanted: &str| {
            let wanted = wanted.to_lowercase();
            row.iter().any(|cell| cell.trim().to_lowercase() == wanted)
        };
        let in_words = |trace: &String| trace.contains(' ') && trace.split_whitespace().all(&cell);
        traces.iter().any(|trace| cell(trace) || in_words(trace))
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_path(path)?;
    let rows = reader.records().collect::<Result<Vec<_>, _>>()?;
    let kept: Vec<&csv::StringRecord> = rows.iter().filter(|row| !names(row)).collect();
    if kept.len() < rows.len() {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_path(path)?;
        kept.iter().try_for_each(|row| writer.write_record(*row))?;
        writer.flush()?;
    }
    Ok((rows.len() - kept.len()) as u64)
}
