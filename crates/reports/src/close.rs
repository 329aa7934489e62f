//! Closing a period: what is done and missing before, what was frozen, whether its proof holds, and
//! what has changed since.

mod frozen;

use domain::money::Currency;
use domain::period::Period;
use domain::period_close::{Difference, Frozen, Section};
use domain::time::AsOf;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;

/// Restatements of single deals, and of credits, that a page shows; JSON has all.
const DETAILS_SHOWN_MAX: usize = 30;

/// One thing that is looked at before a period is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// As what ought to be so.
    pub what: String,
    pub verdict: Verdict,
    pub found: String,
    /// What to do, where something is missing.
    pub todo: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Done,
    /// It ought to be done first; it may be closed all the same, with a reason.
    Missing,
    /// It cannot be closed.
    Refused,
    /// There is nothing to look at.
    NotAsked,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checklist {
    pub items: Vec<Item>,
}

/// A period that is closed, or what closing it would freeze.
#[derive(Clone, Debug, PartialEq)]
pub struct Closing {
    pub period: Period,
    /// The pair at which figures are taken; `None` while the period runs.
    pub as_of: Option<AsOf>,
    pub checklist: Checklist,
    pub figures: Option<Frozen>,
    pub proof: Option<String>,
    /// The period that begins behind it.
    pub opens: Period,
    pub dry_run: bool,
}

/// A period of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub period: Period,
    pub first: Date,
    pub last: Date,
    pub standing: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Running,
    /// It has ended, and nobody has closed it.
    Over,
    Closed {
        by: String,
        on: Date,
        figures_sha256: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Periods {
    /// The latest first.
    pub periods: Vec<Listed>,
    /// Whether closed periods are kept from who asks.
    pub is_narrowed: bool,
}

/// A closed period.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    pub by: String,
    pub on: Date,
    pub at: Timestamp,
    pub frozen: Frozen,
    pub figures_sha256: String,
    pub proof: String,
    pub opens: Period,
    /// The text whose hash that is.
    pub text: String,
}

/// What a closed period was held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    pub what: String,
    pub holds: bool,
    pub found: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub period: Period,
    pub tests: Vec<Test>,
}

/// A figure that is another by now, and what can have changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restatement {
    pub difference: Difference,
    pub reasons: Vec<String>,
}

/// What was recorded after the close and tells of the time before the period's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub what: String,
    pub on: Date,
    /// Entries of the journal; touches have none.
    pub entries: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Restatements {
    pub period: Period,
    pub closed_on: Date,
    pub as_of: Date,
    pub currency: Currency,
    pub rows: Vec<Restatement>,
    pub causes: Vec<Cause>,
}

/// How close a figure is to single records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Whole,
    Deal,
    Credit,
}

impl Detail {
    fn of(section: Section) -> Detail {
        match section {
            Section::OpenDeal | Section::Won => Detail::Deal,
            Section::ChannelConversions
            | Section::ChannelValue
            | Section::CampaignConversions
            | Section::CampaignValue => Detail::Credit,
            _ => Detail::Whole,
        }
    }
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Done => "done",
            Verdict::Missing => "missing",
            Verdict::Refused => "not possible",
            Verdict::NotAsked => "not asked",
        }
    }
}

impl Checklist {
    /// What is to be done first.
    pub fn missing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.verdict == Verdict::Missing)
    }

    /// Why a period cannot be closed, whatever is said.
    pub fn refusal(&self) -> Option<String> {
        let item = self.items.iter().find(|item| item.verdict == Verdict::Refused)?;
        Some(format!("it cannot be closed, as {}: {}", item.found, item.todo))
    }

    /// What is missing, in one sentence with what to do.
    pub fn lack(&self) -> Option<String> {
        let missing: Vec<String> =
            self.missing().map(|item| format!("{} ({})", item.todo, item.found)).collect();
        match missing.as_slice() {
            [] => None,
            missing => Some(format!(
                "first {}; or close it with a reason all the same (--despite REASON)",
                missing.join("; ")
            )),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new("Before it is closed", &["What", "Is", "Found", "What to do"]);
        for Item { what, verdict, found, todo } in &self.items {
            let todo = match todo.as_str() {
                "" => Cell::Missing,
                todo => todo.into(),
            };
            table.row([what.as_str().into(), verdict.name().into(), found.as_str().into(), todo]);
        }
        table
    }

    fn json(&self) -> Value {
        let item = |item: &Item| {
            json!({
                "what": item.what,
                "verdict": item.verdict.name(),
                "found": item.found,
                "todo": item.todo,
            })
        };
        self.items.iter().map(item).collect()
    }
}

/// The lines of a proof: what each is of, and what it says.
fn proof_lines(proof: &str) -> impl Iterator<Item = (&str, &str)> {
    proof.lines().map(|line| line.split_once(' ').unwrap_or((line, "")))
}

fn proof_table(proof: &str) -> Table {
    let mut table = Table::new("What it rests on", &["What", "Says"]);
    for (what, says) in proof_lines(proof) {
        table.row([what.replace('_', " ").into(), says.into()]);
    }
    table
}

fn proof_json(proof: &str) -> Value {
    proof_lines(proof).map(|(what, says)| json!({ "what": what, "says": says })).collect()
}

impl Report for Closing {
    fn document(&self) -> Document {
        let period = self.period;
        let missing = self.checklist.missing().count();
        let figures = self.figures.as_ref().map_or(0, |frozen| frozen.figures.len());
        let figures = counted(figures, "figure");
        let lacks = format!("{period} lacks {} before it is closed", counted(missing, "thing"));
        let answer = match (&self.figures, self.dry_run, self.checklist.refusal()) {
            (_, true, Some(why)) => format!("{period} stays open: {why}."),
            (Some(_), true, None) if missing == 0 => {
                format!("{period} can be closed: {figures} would be frozen. Nothing was written.")
            }
            (Some(_), true, None) => {
                format!("{lacks}; {figures} would be frozen. Nothing was written.")
            }
            (None, true, None) if missing == 0 => format!("{period} can be closed."),
            (None, true, None) => format!("{lacks}."),
            _ => format!("{period} is closed: {figures} are frozen, and {} is open.", self.opens),
        };
        let mut tables = vec![self.checklist.table()];
        if let Some(frozen) = &self.figures {
            tables.extend(frozen::tables(frozen));
        }
        tables.extend(self.proof.as_deref().map(proof_table));
        Document { answer, tables, notes: frozen::notes() }
    }

    fn json(&self) -> Value {
        json!({
            "period": self.period.to_string(),
            "opens": self.opens.to_string(),
            "dry_run": self.dry_run,
            "checklist": self.checklist.json(),
            "can_be_closed": self.checklist.refusal().is_none()
                && self.checklist.missing().count() == 0,
            "effective_at": self.as_of.map(|at| at.effective_at.to_string()),
            "known_at": self.as_of.map(|at| at.known_at.to_string()),
            "figures": self.figures.as_ref().map(frozen::json),
            "proof": self.proof.as_deref().map(proof_json),
        })
    }
}

impl Report for Closed {
    fn document(&self) -> Document {
        let answer = format!(
            "{} was closed on {} by {}: {}, hash {}.",
            self.frozen.period,
            self.on,
            self.by,
            counted(self.frozen.figures.len(), "figure"),
            self.figures_sha256.get(..16).unwrap_or(&self.figures_sha256),
        );
        let mut tables = frozen::tables(&self.frozen);
        tables.push(proof_table(&self.proof));
        Document { answer, tables, notes: frozen::notes() }
    }

    fn json(&self) -> Value {
        json!({
            "period": self.frozen.period.to_string(),
            "closed_by": self.by,
            "closed_at": self.at.to_string(),
            "effective_at": self.frozen.as_of.effective_at.to_string(),
            "known_at": self.frozen.as_of.known_at.to_string(),
            "opens": self.opens.to_string(),
            "figures_sha256": self.figures_sha256,
            "figures": frozen::json(&self.frozen),
            "proof": proof_json(&self.proof),
            "text": self.text,
        })
    }
}

impl Report for Periods {
    fn document(&self) -> Document {
        let columns = ["Period", "From", "To", "Is", "Closed on", "By", "Hash of its figures"];
        let mut table = Table::new("Periods", &columns);
        for Listed { period, first, last, standing } in &self.periods {
            let (is, on, by, hash) = match standing {
                Standing::Running => ("running", None, None, None),
                Standing::Over => ("over, to be closed", None, None, None),
                Standing::Closed { by, on, figures_sha256 } => {
                    let hash = figures_sha256.get(..16).unwrap_or(figures_sha256);
                    ("closed", Some(*on), Some(by.as_str()), Some(hash))
                }
            };
            table.row([
                period.to_string().into(),
                (*first).into(),
                (*last).into(),
                is.into(),
                on.into(),
                by.into(),
                hash.into(),
            ]);
        }
        let is_closed = |it: &&Listed| matches!(it.standing, Standing::Closed { .. });
        let closed = self.periods.iter().filter(is_closed).count();
        let next = self.periods.iter().find(|it| it.standing == Standing::Over);
        let answer = match (self.is_narrowed, closed, next) {
            (true, ..) => "Closed periods tell of everybody's deals: you may not see them.".into(),
            (_, 0, Some(next)) => {
                format!("No period is closed yet; {} is the last that is over.", next.period)
            }
            (_, 0, None) => "No period is closed yet.".to_owned(),
            (_, closed, _) => format!("{} closed.", are(closed, "period")),
        };
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let listed = |it: &Listed| {
            let (is, closed) = match &it.standing {
                Standing::Running => ("running", None),
                Standing::Over => ("over", None),
                Standing::Closed { by, on, figures_sha256 } => {
                    ("closed", Some((by, on.to_string(), figures_sha256)))
                }
            };
            json!({
                "period": it.period.to_string(),
                "from": it.first.to_string(),
                "to": it.last.to_string(),
                "standing": is,
                "closed_by": closed.as_ref().map(|it| it.0),
                "closed_on": closed.as_ref().map(|it| &it.1),
                "figures_sha256": closed.as_ref().map(|it| it.2),
            })
        };
        json!({ "periods": self.periods.iter().map(listed).collect::<Vec<_>>() })
    }
}

fn are(count: usize, thing: &str) -> String {
    format!("{} {}", counted(count, thing), if count == 1 { "is" } else { "are" })
}

impl Report for Verified {
    fn document(&self) -> Document {
        let failed = self.tests.iter().filter(|test| !test.holds).count();
        let answer = match failed {
            0 => format!(
                "The proof of {} holds: {}.",
                self.period,
                counted(self.tests.len(), "test")
            ),
            failed => format!(
                "The proof of {} does not hold: {} of {} failed.",
                self.period,
                failed,
                counted(self.tests.len(), "test")
            ),
        };
        let mut table = Table::new("The proof", &["Test", "Holds", "Found"]);
        for Test { what, holds, found } in &self.tests {
            let holds = if *holds { "yes" } else { "no" };
            table.row([what.as_str().into(), holds.into(), found.as_str().into()]);
        }
        let note = "Figures can come out otherwise though the frozen ones are untouched: when \
                    stages were settled anew, or another version of the program computes them.";
        Document { answer, tables: vec![table], notes: vec![note.to_owned()] }
    }

    fn json(&self) -> Value {
        let test =
            |test: &Test| json!({ "what": test.what, "holds": test.holds, "found": test.found });
        json!({
            "period": self.period.to_string(),
            "holds": self.tests.iter().all(|test| test.holds),
            "tests": self.tests.iter().map(test).collect::<Vec<_>>(),
        })
    }
}

impl Restatements {
    /// Wholes first, then deals and credits, the first ones of each.
    fn shown(&self) -> Vec<&Restatement> {
        let of = |detail: Detail| {
            self.rows.iter().filter(move |row| Detail::of(row.difference.section) == detail)
        };
        let few = |detail: Detail| of(detail).take(DETAILS_SHOWN_MAX);
        of(Detail::Whole).chain(few(Detail::Deal)).chain(few(Detail::Credit)).collect()
    }

    fn table(&self) -> Table {
        let columns = ["What", "Of", "Part", ">Frozen", ">Now", ">Difference", "Reason"];
        let mut table = Table::new("What is another figure now", &columns);
        for Restatement { difference, reasons } in self.shown() {
            let cell = |value: Option<i64>| {
                value.map(|value| frozen::cell(difference.unit, value, self.currency))
            };
            table.row([
                frozen::title(difference.section).into(),
                frozen::name(difference.section, &difference.name).into(),
                frozen::words(&difference.part).into(),
                cell(difference.frozen).into(),
                cell(difference.now).into(),
                frozen::cell(difference.unit, difference.more(), self.currency),
                reasons.join("; ").into(),
            ]);
        }
        table
    }
}

impl Report for Restatements {
    fn document(&self) -> Document {
        let answer = match self.rows.len() {
            0 => format!(
                "Nothing that was recorded since {} was closed on {} changes its figures.",
                self.period, self.closed_on
            ),
            count => format!(
                "{} of {} would be {} now than when it was closed on {}; the frozen ones stay.",
                counted(count, "figure"),
                self.period,
                if count == 1 { "another" } else { "others" },
                self.closed_on
            ),
        };
        let mut later = Table::new("What was recorded since", &["What", "On", ">Entries"]);
        for Cause { what, on, entries } in &self.causes {
            let entries = entries.map(|it| Cell::Count(i64::try_from(it).unwrap_or(i64::MAX)));
            later.row([what.as_str().into(), (*on).into(), entries.into()]);
        }
        let note = "A reason is what was recorded later of the same kind of record; of a deal, \
                    what was said of that deal. Forecasts were said, and are not said again.";
        let mut notes = vec![note.to_owned()];
        if self.shown().len() < self.rows.len() {
            let all = self.rows.len();
            notes.push(format!("{} of {all} are shown; JSON has all.", self.shown().len()));
        }
        Document { answer, tables: vec![self.table(), later], notes }
    }

    fn json(&self) -> Value {
        let row = |row: &Restatement| {
            let Difference { section, name, part, unit, frozen, now } = &row.difference;
            let value =
                |value: Option<i64>| value.map(|value| frozen::value(*unit, value, self.currency));
            json!({
                "section": section.name(),
                "name": name,
                "part": part,
                "unit": unit.name(),
                "frozen": value(*frozen),
                "now": value(*now),
                "difference": value(Some(row.difference.more())),
                "reasons": row.reasons,
            })
        };
        let cause =
            |it: &Cause| json!({ "what": it.what, "on": it.on.to_string(), "entries": it.entries });
        json!({
            "period": self.period.to_string(),
            "closed_on": self.closed_on.to_string(),
            "as_of": self.as_of.to_string(),
            "restatements": self.rows.iter().map(row).collect::<Vec<_>>(),
            "recorded_since": self.causes.iter().map(cause).collect::<Vec<_>>(),
        })
    }
}
