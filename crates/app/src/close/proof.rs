//! What frozen figures rest on, and whether that still holds.

use domain::period::Period;
use domain::period_close::Frozen;
use domain::time::end_of_day;
use reports::close::{Checklist, Test, Verified};
use store::chain::Verdict;

use super::{find, freeze, hexadecimal, read, sha256};
use crate::agreement::in_force_at;
use crate::context::Context;
use crate::error::Error;
use crate::limits::FUTURES;

/// Names of lines.
const JOURNAL: &str = "journal";
const IMPORT: &str = "import";

/// The proof as lines: a name, a blank, what it says.
pub async fn of(
    context: &Context,
    frozen: &Frozen,
    figures_sha256: &str,
    (checklist, despite): (&Checklist, Option<String>),
) -> Result<String, Error> {
    let period = frozen.period;
    let mut lines = vec![
        format!("program {}", env!("CARGO_PKG_VERSION")),
        format!("model funnel, {FUTURES} futures, seed {}", freeze::SEED),
        format!("effective_at {}", frozen.as_of.effective_at),
        format!("known_at {}", frozen.as_of.known_at),
    ];
    let last = context.company.calendar.days(period).last;
    let end = end_of_day(last, &context.company.timezone);
    if let Some(agreed) = in_force_at(context, end).await? {
        let kept = context.store.agreements().await?;
        let version = kept.iter().find(|version| version.number == agreed.number);
        let hash = version.map(|version| sha256(&version.terms)).unwrap_or_default();
        lines.push(format!("agreement {} {hash}", agreed.number));
    }
    let calendar = context.company.calendar;
    for saved in context.store.plan_versions().await? {
        if calendar.days(saved.version.goal.period).contains(last) {
            lines.push(format!("plan {} {}", saved.id, saved.version.name.as_str()));
        }
    }
    let mut imports = context.store.imports().await?;
    imports.retain(|import| import.status == store::import::Status::Done);
    for import in imports {
        let file = import.file_name.replace(char::is_control, " ");
        lines.push(format!("{IMPORT} {} {} {file}", import.content_sha256, import.kind));
    }
    if let Some((position, hash)) = context.store.link(None).await? {
        lines.push(format!("{JOURNAL} {position} {}", hexadecimal(&hash)));
    }
    for item in checklist.missing() {
        lines.push(format!("missing {}: {}", item.what, item.found));
    }
    lines.extend(despite.map(|why| format!("despite {why}")));
    lines.push(format!("figures {} {figures_sha256}", frozen.figures.len()));
    Ok(lines.join("\n") + "\n")
}

/// Holds a closed period against its proof: the hash of its figures, the journal, the files, and
/// the figures taken anew at the same as-of pair.
///
/// # Errors
/// When it is not closed.
pub async fn verify(context: &Context, period: Period) -> Result<Verified, Error> {
    let found = find(context, period).await?;
    let close = &found.close;
    let mut tests = Vec::new();
    let mut test = |what: &str, holds: bool, said: String| {
        tests.push(Test { what: what.to_owned(), holds, found: said });
    };
    let hash = sha256(&close.figures);
    test("figures have their hash", hash == close.figures_sha256, hash.clone());
    let journalled = context.store.journalled_close(period).await?.unwrap_or_default();
    let said = journalled.get("figures_sha256").cloned().unwrap_or_default();
    let is_proof = journalled.get("proof") == Some(&close.proof);
    let is_said = said == close.figures_sha256 && is_proof;
    let what = "the journal has the same hash and the same proof";
    test(what, is_said, if said.is_empty() { "no entry".to_owned() } else { said });
    let (holds, said) = link(context, &close.proof).await?;
    test("the journal has not changed before it", holds, said);
    let (holds, said) = match context.store.verify().await? {
        Verdict::Holds(chain) => (true, format!("{} entries hold", chain.links)),
        Verdict::Broken(broken) => (false, broken.fault.to_string()),
    };
    test("the whole journal holds", holds, said);
    let (holds, said) = files(context, &close.proof).await?;
    test("the files are on record", holds, said);
    // What cannot be read is told by its hash; it is taken anew all the same.
    let now = freeze::freeze(context, period, read_known_at(close, found.recorded_at)).await?;
    let again = sha256(&now.text());
    let differs = read(close).map(|frozen| frozen.differences(&now).len());
    let said = match differs {
        _ if again == close.figures_sha256 => "the same bytes".to_owned(),
        Ok(count) => format!("{count} figures are others"),
        Err(error) => error.to_string(),
    };
    test("taken anew they have the same hash", again == close.figures_sha256, said);
    Ok(Verified { period, tests })
}

fn read_known_at(
    close: &domain::period_close::PeriodClose,
    recorded_at: jiff::Timestamp,
) -> jiff::Timestamp {
    read(close).map_or(recorded_at, |frozen| frozen.as_of.known_at)
}

/// Whether the chain still has the link that the proof names.
async fn link(context: &Context, proof: &str) -> Result<(bool, String), Error> {
    let Some(said) = line(proof, JOURNAL).next() else {
        return Ok((true, "it was empty".to_owned()));
    };
    let named = said.split_once(' ').and_then(|(place, hash)| Some((place.parse().ok()?, hash)));
    let Some((position, hash)) = named else { return Ok((false, said.to_owned())) };
    let found = context.store.link(Some(position)).await?;
    let holds = found.is_some_and(|(_, found)| hexadecimal(&found) == hash);
    Ok((holds, format!("link {position}")))
}

/// Whether every file that was there is on record still; one that was undone counts, too.
async fn files(context: &Context, proof: &str) -> Result<(bool, String), Error> {
    let known = context.store.imports().await?;
    let hashes: Vec<&str> = line(proof, IMPORT).filter_map(|said| said.split(' ').next()).collect();
    let is_known = |hash: &&&str| known.iter().any(|import| import.content_sha256 == **hash);
    let there = hashes.iter().filter(is_known).count();
    Ok((there == hashes.len(), format!("{there} of {}", hashes.len())))
}

/// What lines of a name say.
fn line<'a>(proof: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    proof.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '))
}
