//! Inspecting: what a file is, how it would be read, and what has to be settled before.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use domain::kind::{Holds, Kind};
use domain::stage::{Outcome, Stage, outcome_by_name};
use jiff::Timestamp;

use crate::Assumptions;
use crate::dates::DateOrder;
use crate::detect::{self, Container};
use crate::encoding::Encoding;
use crate::headers;
use crate::limits::{SAMPLE_VALUES, STAGES_MAX};
use crate::mapping::{Mapping, RatioForm, Target, delimiter_name};
use crate::numbers::Decimal;
use crate::plan::id_target;
use crate::reader::require_targets;
use crate::refusal::{Refusal, shorten};
use crate::rows::Delimiter;
use crate::source::{Layout, Source};
use crate::survey::{DateTally, NumberTally, Survey, Tally, Verdict, judge};

/// What is shown before anything is written.
#[derive(Clone, Debug)]
pub struct Preview {
    pub layout: Layout,
    pub headers: Vec<String>,
    /// The mapping under which the file would be read, with everything that could be settled.
    pub mapping: Mapping,
    /// Headers that mean nothing here.
    pub unmapped: Vec<String>,
    /// What was detected and taken, a sentence each.
    pub statements: Vec<String>,
    /// What has two readings; until each is settled in the mapping the file is not to be read.
    pub ambiguities: Vec<Ambiguity>,
    /// The stages of the file in their likely order.
    pub stages: Vec<StageFound>,
    /// The first rows, as they stand.
    pub sample: Vec<Vec<String>>,
    /// How many rows were looked at; of touches only the first thousands.
    pub rows_seen: u64,
    /// The latest past moment at which the file says that something happened: it was taken then
    /// or later.
    pub observed_at_guess: Option<Timestamp>,
}

/// Something with more than one valid reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    pub column: String,
    pub readings: Vec<String>,
    pub samples: Vec<String>,
    /// What to write in the mapping file.
    pub remedy: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageFound {
    pub name: String,
    /// `None` where its name does not tell how it ends.
    pub outcome: Option<Outcome>,
    pub rows: u64,
}

/// Looks a file through. A saved mapping is taken as it is, and only what it leaves open is
/// settled by the file.
pub fn inspect(
    path: &Path,
    kind: Kind,
    assumptions: &Assumptions,
    saved: Option<&Mapping>,
) -> Result<Preview, Refusal> {
    if let Some(saved) = saved.filter(|saved| saved.kind != kind) {
        return Err(Refusal::OtherKind { mapping: saved.kind.name(), asked: kind.name() });
    }
    let mut mapping = saved.cloned().unwrap_or_else(|| Mapping::new(kind));
    let refreshed = refresh_encoding(path, &mut mapping)?;
    let mut source = Source::open(path, &mapping)?;
    keep_layout(&source.layout, &mut mapping);
    if mapping.columns.is_empty() {
        map_headers(&source.headers, &mut mapping);
    }
    require_targets(&source, &mapping)?;
    let survey = Survey::of(&mut source, &mapping, assumptions)?;
    let mut findings = Findings { statements: layout_statements(&source), ambiguities: Vec::new() };
    findings.statements.extend(refreshed);
    findings.settle_dates(&survey, &mut mapping, assumptions);
    findings.settle_numbers(&survey, &mut mapping, assumptions);
    settle_ratios(&survey, &mut mapping);
    let stages = findings.settle_stages(&survey, &mut mapping);
    findings.state_columns(&source.headers, &mapping);
    let unmapped = unmapped(&source.headers, &mapping);
    if !unmapped.is_empty() {
        findings.statements.push(format!("Not taken: {}.", quoted(&unmapped)));
    }
    findings.statements.extend(note_on_revenue(kind, &unmapped));
    Ok(Preview {
        observed_at_guess: survey.latest(|header| order_of(&mapping, header)),
        layout: source.layout,
        headers: source.headers,
        unmapped,
        statements: findings.statements,
        ambiguities: findings.ambiguities,
        stages,
        sample: survey.sample,
        rows_seen: survey.rows,
        mapping,
    })
}

/// Maps headers to targets, and adds what headers tell of every row.
fn map_headers(headers: &[String], mapping: &mut Mapping) {
    let kind = mapping.kind;
    for (header, target) in headers.iter().zip(headers::targets(kind, headers)) {
        if mapping.ignored.contains(header) {
            continue;
        }
        mapping.columns.extend(target.map(|target| (header.clone(), target)));
    }
    let Some(stage) = Target::field(kind, "stage") else { return };
    if mapping.has(stage) || mapping.has(Target::Property) {
        return;
    }
    let dated = mapping.header_of(Target::ChangedAt).and_then(headers::stage_of_date);
    if let Some(name) = dated.filter(|_| kind.subject() != kind) {
        mapping.constants.push((stage, name.to_owned()));
    }
    if kind == Kind::Leads && mapping.entry_stage.is_none() {
        let id = id_target(mapping).and_then(|target| mapping.header_of(target));
        mapping.entry_stage = id.map(|header| headers::entry_stage(header).to_owned());
    }
}

/// A saved mapping may have been made for an export in another encoding: bytes tell better.
fn refresh_encoding(path: &Path, mapping: &mut Mapping) -> Result<Option<String>, Refusal> {
    let Some(saved) = mapping.encoding else { return Ok(None) };
    let unreadable = |source| Refusal::Unreadable { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    if detect::container(&mut file).map_err(unreadable)? != Container::Text {
        return Ok(None);
    }
    let found = Encoding::detect(&mut file).map_err(unreadable)?;
    mapping.encoding = Some(found);
    let words = || format!("The mapping was made for {}, this file differs.", saved.name());
    Ok((found != saved).then(words))
}

fn keep_layout(layout: &Layout, mapping: &mut Mapping) {
    match layout {
        Layout::Text { delimiter, encoding } => {
            mapping.delimiter = Some(*delimiter);
            mapping.encoding = Some(*encoding);
        }
        Layout::Workbook { sheet } => mapping.sheet = Some(sheet.clone()),
        Layout::Parquet => {}
    }
}

fn layout_statements(source: &Source) -> Vec<String> {
    let columns = source.headers.len();
    let mut statements = vec![match &source.layout {
        Layout::Text { delimiter, encoding } => format!(
            "Text in {}, cells divided by {}, {columns} columns.",
            encoding.name(),
            delimiter_words(*delimiter)
        ),
        Layout::Workbook { sheet } => format!("Workbook, sheet `{sheet}`, {columns} columns."),
        Layout::Parquet => format!("Parquet, {columns} columns."),
    }];
    statements.extend(note_on_name(source));
    if !source.other_sheets.is_empty() {
        let others = quoted(&source.other_sheets);
        statements.push(format!("Sheets not read: {others} (`sheet` in the mapping chooses)."));
    }
    if !source.headers_changed.is_empty() {
        let changed = quoted(&source.headers_changed);
        statements.push(format!("Headers that were empty or stood twice are called {changed}."));
    }
    statements
}

/// What a file holds is told by its content; where its name says otherwise, that is stated.
fn note_on_name(source: &Source) -> Option<String> {
    let extension = source.path.extension()?.to_string_lossy().to_lowercase();
    let (holds, usual): (&str, &[&str]) = match source.layout {
        Layout::Text { .. } => ("text", &["csv", "tsv", "txt", "tab", "psv"]),
        Layout::Workbook { .. } => ("a workbook", &["xlsx", "xlsm"]),
        Layout::Parquet => ("Parquet", &["parquet", "pq"]),
    };
    let known = ["csv", "tsv", "xls", "xlsx", "xlsm", "xlsb", "ods", "parquet"];
    let misleads = known.contains(&extension.as_str()) && !usual.contains(&extension.as_str());
    misleads.then(|| format!("The name ends in .{extension}, but the file holds {holds}."))
}

fn delimiter_words(delimiter: Delimiter) -> String {
    match delimiter {
        Delimiter::Byte(b',') => "commas".to_owned(),
        Delimiter::Byte(b';') => "semicolons".to_owned(),
        Delimiter::Byte(b'\t') => "tabs".to_owned(),
        Delimiter::Whitespace => "spaces".to_owned(),
        other => format!("`{}`", delimiter_name(other)),
    }
}

fn unmapped(headers: &[String], mapping: &Mapping) -> Vec<String> {
    let mapped = |header: &&String| !mapping.columns.iter().any(|(other, _)| other == *header);
    let left_out = |header: &&String| !mapping.ignored.contains(header);
    headers.iter().filter(mapped).filter(left_out).cloned().collect()
}

/// The revenue of accounts is often in millions, and no file says so.
fn note_on_revenue(kind: Kind, unmapped: &[String]) -> Option<String> {
    let is_revenue = |header: &&String| headers::normalise(header) == "revenue";
    let header = unmapped.iter().find(is_revenue).filter(|_| kind == Kind::Accounts)?;
    Some(format!(
        "`{header}` is not taken because its unit is not told; to take it, write [columns] \
         \"{header}\" = \"annual_revenue\" and [formats.\"{header}\"] unit = \"millions\" (or \
         \"thousands\", \"ones\")."
    ))
}

fn order_of(mapping: &Mapping, header: &str) -> Option<DateOrder> {
    let own = mapping.formats.get(header).and_then(|format| format.date_order);
    own.or(mapping.date_order)
}

fn decimal_of(mapping: &Mapping, header: &str) -> Option<Decimal> {
    mapping.formats.get(header).and_then(|format| format.decimal).or(mapping.decimal)
}

struct Findings {
    statements: Vec<String>,
    ambiguities: Vec<Ambiguity>,
}

impl Findings {
    fn settle_dates(&mut self, survey: &Survey, mapping: &mut Mapping, assumptions: &Assumptions) {
        let counts = counts(survey, |tally| {
            (tally.dates.day_first, tally.dates.month_first, tally.dates.either)
        });
        let verdicts = judge([DateOrder::DayFirst, DateOrder::MonthFirst], &counts);
        for tally in &survey.columns {
            let header = &tally.header;
            self.state_dates(tally);
            if let Some(order) = order_of(mapping, header) {
                let DateTally { day_first, month_first, .. } = tally.dates;
                let is_day_first = order == DateOrder::DayFirst;
                let against = if is_day_first { month_first } else { day_first };
                let open = date_ambiguity(tally);
                self.hold_against_mapping(against, day_first + month_first - against, open);
                continue;
            }
            let settled = match verdicts.get(header) {
                Some(Verdict::Told { convention, refused }) => Some((*convention, *refused)),
                Some(Verdict::FromFile(convention)) => Some((*convention, 0)),
                Some(Verdict::Open) => {
                    self.ambiguities.push(date_ambiguity(tally));
                    None
                }
                _ => None,
            };
            if let Some((order, refused)) = settled {
                mapping.formats.entry(header.clone()).or_default().date_order = Some(order);
                let words = if order == DateOrder::DayFirst { "day" } else { "month" };
                self.statements.push(format!("Dates in `{header}` have the {words} first."));
                self.state_minority(header, refused);
            }
        }
        let has_dates = |tally: &Tally| tally.target.holds() == Some(Holds::Instant);
        if survey.columns.iter().any(has_dates) {
            let zone = assumptions.timezone.iana_name().unwrap_or("the company's zone");
            self.statements.push(format!(
                "Times without an offset are in {zone}; a bare date is the start of that day."
            ));
        }
    }

    fn state_dates(&mut self, tally: &Tally) {
        let (header, dates) = (&tally.header, &tally.dates);
        if dates.serials > 0 {
            let count = dates.serials;
            self.statements.push(format!(
                "{count} dates in `{header}` are serial numbers of a spreadsheet and read as such."
            ));
        }
        if dates.two_digit_years > 0 {
            let count = dates.two_digit_years;
            self.statements.push(format!(
                "{count} dates in `{header}` have a year of two digits: their rows are refused."
            ));
        }
    }

    fn state_minority(&mut self, header: &str, refused: u64) {
        if refused > 0 {
            self.statements.push(format!(
                "{refused} values in `{header}` contradict that: their rows are refused."
            ));
        }
    }

    /// A mapping that most decisive values contradict was made for another export.
    fn hold_against_mapping(&mut self, against: u64, in_favour: u64, open: Ambiguity) {
        if against <= in_favour {
            return self.state_minority(&open.column, against);
        }
        let column = &open.column;
        self.statements.push(format!(
            "{against} values in `{column}` contradict the mapping, {in_favour} agree with it."
        ));
        self.ambiguities.push(open);
    }

    fn settle_numbers(
        &mut self,
        survey: &Survey,
        mapping: &mut Mapping,
        assumptions: &Assumptions,
    ) {
        let counts = counts(survey, |tally| {
            (tally.numbers.point, tally.numbers.comma, tally.numbers.either)
        });
        let verdicts = judge([Decimal::Point, Decimal::Comma], &counts);
        for tally in &survey.columns {
            let header = &tally.header;
            if tally.target.holds() == Some(Holds::Money) && !mapping.has(Target::Currency) {
                let code = assumptions.currency.code();
                self.statements.push(format!("Amounts in `{header}` are in {code}."));
            }
            if let Some(decimal) = decimal_of(mapping, header) {
                let NumberTally { point, comma, .. } = tally.numbers;
                let against = if decimal == Decimal::Point { comma } else { point };
                let open = number_ambiguity(tally);
                self.hold_against_mapping(against, point + comma - against, open);
                continue;
            }
            let settled = match verdicts.get(header) {
                Some(Verdict::Told { convention, refused }) => Some((*convention, *refused)),
                Some(Verdict::FromFile(convention)) => Some((*convention, 0)),
                Some(Verdict::Open) => {
                    self.ambiguities.push(number_ambiguity(tally));
                    None
                }
                _ => None,
            };
            if let Some((decimal, refused)) = settled {
                mapping.formats.entry(header.clone()).or_default().decimal = Some(decimal);
                let word = if decimal == Decimal::Point { "point" } else { "comma" };
                self.statements.push(format!("Numbers in `{header}` have a decimal {word}."));
                self.state_minority(header, refused);
            }
        }
    }

    /// Orders the stages, and takes those whose outcome is known into a mapping without stages.
    fn settle_stages(&mut self, survey: &Survey, mapping: &mut Mapping) -> Vec<StageFound> {
        let mut dated: BTreeMap<String, u64> = BTreeMap::new();
        let mut stages: Vec<StageFound> = Vec::new();
        for tally in &survey.stages {
            let saved = mapping.outcome(&tally.name);
            let outcome = saved.or(outcome_by_name(&tally.name)).or(tally.outcome);
            dated.insert(tally.name.clone(), tally.dated_rows);
            stages.push(StageFound { name: tally.name.clone(), outcome, rows: tally.rows });
        }
        stages.sort_by_key(|stage| rank(stage, mapping));
        self.state_too_many_stages(&stages, mapping);
        if !mapping.stages.is_empty() {
            let unknown = |stage: &&StageFound| mapping.outcome(&stage.name).is_none();
            let unknown: Vec<String> =
                stages.iter().filter(unknown).map(|stage| stage.name.clone()).collect();
            if !unknown.is_empty() {
                self.statements
                    .push(format!("Stages unknown to the mapping: {}.", quoted(&unknown)));
            }
            return stages;
        }
        for stage in &stages {
            match stage.outcome {
                Some(outcome) => {
                    mapping.stages.push(Stage { name: stage.name.clone(), outcome });
                }
                None => self.ambiguities.push(stage_ambiguity(stage, mapping)),
            }
        }
        settle_entry(mapping, &stages, &dated);
        stages
    }

    fn state_too_many_stages(&mut self, stages: &[StageFound], mapping: &Mapping) {
        if stages.len() > STAGES_MAX {
            let stage = Target::field(mapping.kind, "stage");
            let header = stage.and_then(|stage| mapping.header_of(stage)).unwrap_or("stage");
            self.ambiguities.push(Ambiguity {
                column: header.to_owned(),
                readings: vec![format!("more than {STAGES_MAX} different stages")],
                samples: stages.iter().take(SAMPLE_VALUES).map(|it| shorten(&it.name)).collect(),
                remedy: format!("map another column to `stage`, or add \"{header}\" to `ignored`"),
            });
        }
    }

    fn state_columns(&mut self, headers: &[String], mapping: &Mapping) {
        let absent: Vec<String> = mapping
            .columns
            .iter()
            .filter(|(header, _)| !headers.contains(header))
            .map(|(header, _)| header.clone())
            .collect();
        if !absent.is_empty() {
            let absent = quoted(&absent);
            self.statements.push(format!("The mapping has columns that the file lacks: {absent}."));
        }
        let own = if mapping.kind == Kind::Touches { Target::TouchId } else { Target::Id };
        match id_target(mapping) {
            _ if mapping.has(own) => {}
            Some(target) => self
                .statements
                .push(format!("There is no column of ids, so `{target}` tells records apart.")),
            None => self.statements.push(
                "There is no column of ids, so rows are told apart by what they hold.".to_owned(),
            ),
        }
        for (target, value) in &mapping.constants {
            self.statements.push(format!("Every row has the {target} `{value}`."));
        }
        if let Some(header) = mapping.header_of(Target::CloseDate) {
            self.statements.push(format!(
                "`{header}` is the closing day of a closed row and the expected one of an open row."
            ));
        }
    }
}

fn counts(
    survey: &Survey,
    of: impl Fn(&Tally) -> (u64, u64, u64),
) -> BTreeMap<String, (u64, u64, u64)> {
    survey.columns.iter().map(|tally| (tally.header.clone(), of(tally))).collect()
}

fn date_ambiguity(tally: &Tally) -> Ambiguity {
    let header = &tally.header;
    Ambiguity {
        column: header.clone(),
        readings: vec!["day/month/year".to_owned(), "month/day/year".to_owned()],
        samples: tally.dates.samples.clone(),
        remedy: format!(
            "[formats.\"{header}\"] date_order = \"day-first\" or \"month-first\" \
             (or date_order at the top, for the whole file)"
        ),
    }
}

fn number_ambiguity(tally: &Tally) -> Ambiguity {
    let header = &tally.header;
    Ambiguity {
        column: header.clone(),
        readings: vec!["decimal point".to_owned(), "decimal comma".to_owned()],
        samples: tally.numbers.samples.clone(),
        remedy: format!(
            "[formats.\"{header}\"] decimal = \"point\" or \"comma\" \
             (or decimal at the top, for the whole file)"
        ),
    }
}

fn stage_ambiguity(stage: &StageFound, mapping: &Mapping) -> Ambiguity {
    let target = Target::field(mapping.kind, "stage");
    let header = target.and_then(|target| mapping.header_of(target)).unwrap_or("stage");
    let name = &stage.name;
    Ambiguity {
        column: header.to_owned(),
        readings: [Outcome::Open, Outcome::Won, Outcome::Lost].map(|it| it.name().into()).into(),
        samples: vec![shorten(name)],
        remedy: format!("[[stages]] name = \"{name}\", outcome = \"open\", \"won\" or \"lost\""),
    }
}

/// A column with a share above 1 holds percents, and a share of 1 in it is 1 %.
fn settle_ratios(survey: &Survey, mapping: &mut Mapping) {
    for tally in survey.columns.iter().filter(|tally| tally.above_one) {
        let format = mapping.formats.entry(tally.header.clone()).or_default();
        format.ratio = format.ratio.or(Some(RatioForm::Percent));
    }
}

/// The entry stage is the first open one whose records tell when they were created.
fn settle_entry(mapping: &mut Mapping, stages: &[StageFound], dated: &BTreeMap<String, u64>) {
    if let Some(entry) = &mapping.entry_stage {
        if mapping.outcome(entry).is_none() {
            mapping.stages.insert(0, Stage { name: entry.clone(), outcome: Outcome::Open });
        }
        return;
    }
    let is_dated = |stage: &&StageFound| dated.get(&stage.name).is_some_and(|rows| *rows > 0);
    let open = stages.iter().filter(|stage| stage.outcome == Some(Outcome::Open));
    mapping.entry_stage =
        open.clone().find(is_dated).or(open.clone().next()).map(|it| it.name.clone());
}

/// Stages stand as the mapping has them, else open before won before lost, and open ones in the
/// order that CRM systems ship.
fn rank(stage: &StageFound, mapping: &Mapping) -> (usize, u8, usize) {
    let saved = mapping.stages.iter().position(|it| it.name.eq_ignore_ascii_case(&stage.name));
    let outcome = match stage.outcome {
        Some(Outcome::Won) => 2,
        Some(Outcome::Lost) => 3,
        _ => 1,
    };
    let plain = headers::normalise(&stage.name);
    let usual = USUAL_ORDER.iter().position(|word| *word == plain);
    (saved.unwrap_or(usize::MAX), outcome, usual.unwrap_or(USUAL_ORDER.len()))
}

const USUAL_ORDER: &[&str] = &[
    "subscriber",
    "inquiry",
    "lead",
    "new",
    "open",
    "opennotcontacted",
    "attemptedtocontact",
    "contacted",
    "working",
    "workingcontacted",
    "inprogress",
    "connected",
    "nurture",
    "recycled",
    "marketingqualifiedlead",
    "mql",
    "salesacceptedlead",
    "sal",
    "salesqualifiedlead",
    "sql",
    "opportunity",
    "prospecting",
    "appointmentscheduled",
    "qualification",
    "qualified",
    "qualifiedtobuy",
    "engaging",
    "discovery",
    "needsanalysis",
    "presentationscheduled",
    "demo",
    "valueproposition",
    "evaluation",
    "trial",
    "pilot",
    "iddecisionmakers",
    "decisionmakerboughtin",
    "perceptionanalysis",
    "proposal",
    "proposalpricequote",
    "negotiation",
    "negotiationreview",
    "contractsent",
    "verbal",
    "commit",
];

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
