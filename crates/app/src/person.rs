//! People and their data: erasing a person for good.

use std::path::Path;

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
    let traces = traces(context, kind, id).await?;
    let author = context.author("erasure of a person");
    let store = &context.store;
    store
        .write(author, async |tx: &mut Tx| Ok::<(), Error>(tx.erase_person(kind, id).await?))
        .await?;
    let erased = context.lake.erase_person(*id.as_bytes(), &traces).await?;
    let file_rows = erase_from_files(context, &traces)?;
    crate::sealing::seal(context).await?;
    store.scrub().await?;
    Ok(Erasure { person_id: id.to_string(), touches: erased.urls as u64, file_rows })
}

/// The texts by which the person could be told: all that the journal ever knew.
async fn traces(context: &Context, kind: Kind, id: uuid::Uuid) -> Result<Vec<String>, Error> {
    let personal = |field: &str| kind.field(field).is_some_and(|field| field.personal);
    let mut traces: Vec<String> = Vec::new();
    for entry in context.store.entries(kind, id).await? {
        for change in entry.changes.iter().filter(|change| personal(change.field)) {
            let values = change.before.iter().chain(&change.after);
            traces.extend(values.filter_map(Value::as_text).map(str::to_owned));
        }
    }
    traces.retain(|trace| !trace.trim().is_empty());
    traces.sort();
    traces.dedup();
    Ok(traces)
}

/// The folders of the data folder that hold rows of files.
const FOLDERS: [&str; 2] = ["rejects", "exports"];

/// Takes the rows that name the person out of rejects files and exports; returns how many.
fn erase_from_files(context: &Context, traces: &[String]) -> Result<u64, Error> {
    let folders = FOLDERS.map(|name| context.path(name));
    folders.iter().filter(|folder| folder.exists()).map(|folder| erase_rows(folder, traces)).sum()
}

fn erase_rows(folder: &Path, traces: &[String]) -> Result<u64, Error> {
    let mut erased = 0;
    for file in std::fs::read_dir(folder).map_err(Error::folder(folder))? {
        let path = file.map_err(Error::folder(folder))?.path();
        let text = std::fs::read_to_string(&path).map_err(Error::folder(&path))?;
        let names = |line: &&str| traces.iter().any(|trace| line.contains(trace.as_str()));
        let rows = text.lines().filter(names).count() as u64;
        if rows > 0 {
            let kept: Vec<&str> = text.lines().filter(|line| !names(line)).collect();
            std::fs::write(&path, kept.join("\n") + "\n").map_err(Error::folder(&path))?;
            erased += rows;
        }
    }
    Ok(erased)
}
