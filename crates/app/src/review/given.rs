//! What was given: files and folders, what each is taken for, and what is settled without asking.

use std::path::{Path, PathBuf};

use domain::kind::Kind;
use domain::money::Currency;
use domain::stage::{Outcome, Stage};
use domain::time::day_of;
use intake::Assumptions;
use intake::dates::DateOrder;
use intake::mapping::Mapping;
use intake::numbers::Decimal;
use intake::preview::{Preview, inspect};
use intake::recognition::{Recognition, recognise};
use jiff::civil::Date;
use reports::review::FileRead;

use crate::context::file_name;
use crate::error::Error;
use crate::limits::REVIEW_FILES_MAX;

/// The kinds in the order in which they are imported: what is referred to comes first.
const ORDER: [Kind; 14] = [
    Kind::Teams,
    Kind::Users,
    Kind::Products,
    Kind::Accounts,
    Kind::People,
    Kind::Campaigns,
    Kind::Costs,
    Kind::Deals,
    Kind::DealChanges,
    Kind::Leads,
    Kind::LeadChanges,
    Kind::Touches,
    Kind::Purchases,
    Kind::Subscriptions,
];

/// Endings of files that may hold a table; what else lies in a folder is left aside.
const ENDINGS: [&str; 7] = ["csv", "tsv", "txt", "xlsx", "xlsm", "parquet", "tab"];

/// A file that is to be imported.
pub struct Given {
    pub path: PathBuf,
    pub kind: Kind,
    pub because: String,
    pub recognition: Recognition,
}

/// The files that were recognised, in the order of import, and those that were left aside.
pub struct Gathered {
    pub given: Vec<Given>,
    pub aside: Vec<FileRead>,
}

/// Looks at every file, and into every folder that was named (not into those within it).
pub fn gather(paths: &[PathBuf]) -> Result<Gathered, Error> {
    let mut gathered = Gathered { given: Vec::new(), aside: Vec::new() };
    for path in files(paths)? {
        match look(&path) {
            Ok(given) => gathered.given.push(given),
            Err(because) => gathered.aside.push(aside(&path, because)),
        }
    }
    let place = |given: &Given| ORDER.iter().position(|kind| *kind == given.kind);
    gathered.given.sort_by_key(|given| (place(given), file_name(&given.path)));
    Ok(gathered)
}

/// A file that was not read, and why.
pub fn aside(path: &Path, because: String) -> FileRead {
    FileRead {
        name: file_name(path),
        kind: None,
        because,
        rows: 0,
        refused: 0,
        ignored_columns: Vec::new(),
        statements: Vec::new(),
        first_refused: None,
    }
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            std::fs::metadata(path).map_err(Error::folder(path))?;
            files.push(path.clone());
            continue;
        }
        for entry in std::fs::read_dir(path).map_err(Error::folder(path))? {
            let inside = entry.map_err(Error::folder(path))?.path();
            let is_hidden = file_name(&inside).starts_with('.');
            if inside.is_file() && !is_hidden {
                files.push(inside);
            }
        }
    }
    files.sort();
    files.dedup();
    if files.len() > REVIEW_FILES_MAX {
        return Err(Error::Input(format!(
            "{} files are more than {REVIEW_FILES_MAX}: name those to be reviewed",
            files.len()
        )));
    }
    Ok(files)
}

fn look(path: &Path) -> Result<Given, String> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    if !ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
        return Err("no table (CSV, XLSX or Parquet)".to_owned());
    }
    let recognition = recognise(path).map_err(|refusal| refusal.to_string())?;
    let Some(kind) = recognition.kind else {
        let headers: Vec<&str> = recognition.headers.iter().take(4).map(String::as_str).collect();
        return Err(format!("nothing that Baton reviews has columns like {}", listed(&headers)));
    };
    let told: Vec<&str> = recognition.because_of.iter().take(4).map(String::as_str).collect();
    let because = format!("it has {}", listed(&told));
    Ok(Given { path: path.to_owned(), kind, because, recognition })
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "no columns that tell".to_owned(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", first.join(", "))
        }
    }
}

/// The currency beside most amounts, those of deals first; `None` where no file tells.
pub fn currency(given: &[Given]) -> Option<Currency> {
    let of_deals = given.iter().filter(|file| file.kind.subject() == Kind::Deals);
    let most = |file: &Given| {
        let currencies = &file.recognition.currencies;
        currencies.iter().max_by_key(|(_, count)| **count).map(|(code, _)| *code)
    };
    let code = of_deals.chain(given).find_map(most)?;
    Currency::from_code(code)
}

/// A file under the mapping by which it will be read.
pub struct Settled {
    pub preview: Preview,
    /// The mapping with what had two readings settled; `None` where nothing had.
    pub mapping: Option<Mapping>,
    /// What was settled without asking, in sentences.
    pub assumed: Vec<String>,
}

/// Looks a file through, and settles what has two readings: nobody is there to be asked.
///
/// Dates that may be either way round are read day first, or month first where amounts are in US
/// dollars; numbers with one mark before three digits have a decimal point; a stage whose name
/// does not tell how it ends is open. Each is said.
pub fn settle(given: &Given, assumptions: &Assumptions) -> Result<Settled, Error> {
    let preview = inspect(&given.path, given.kind, assumptions, None)?;
    if preview.ambiguities.is_empty() {
        return Ok(Settled { preview, mapping: None, assumed: Vec::new() });
    }
    let mut mapping = preview.mapping.clone();
    let order = match assumptions.currency {
        Currency::USD => DateOrder::MonthFirst,
        _ => DateOrder::DayFirst,
    };
    mapping.date_order = mapping.date_order.or(Some(order));
    mapping.decimal = mapping.decimal.or(Some(Decimal::Point));
    for stage in preview.stages.iter().filter(|stage| stage.outcome.is_none()) {
        let (name, outcome) = (stage.name.clone(), Outcome::Open);
        if mapping.outcome(&name).is_none() {
            mapping.stages.push(Stage { name, outcome });
        }
    }
    let assumed = preview.ambiguities.iter().map(|open| {
        let reading = match open.readings.first().map(String::as_str) {
            Some("day/month/year") if order == DateOrder::MonthFirst => "month/day/year",
            Some(first) => first,
            None => "nothing",
        };
        let samples = open.samples.join(", ");
        format!(
            "`{}` in {} ({samples}) was read as {reading}.",
            open.column,
            file_name(&given.path)
        )
    });
    let assumed = assumed.collect();
    let again = inspect(&given.path, given.kind, assumptions, Some(&mapping))?;
    Ok(Settled { preview: again, mapping: Some(mapping), assumed })
}

/// The last day on which anything happens in the files.
pub fn last_day(settled: &[(Given, Settled)], assumptions: &Assumptions) -> Option<Date> {
    let told = |kind: Kind| {
        let of_kind = settled.iter().filter(move |(given, _)| given.kind == kind);
        of_kind.filter_map(|(_, settled)| settled.preview.observed_at_guess).max()
    };
    let latest = ORDER.iter().filter_map(|kind| told(*kind)).max()?;
    Some(day_of(latest, &assumptions.timezone))
}
