//! The agreement between marketing and sales: what was agreed, and who has signed it.

pub mod trial;

use domain::agreement::duty::{Duty, Open};
use domain::agreement::{Agreement, Entry, Leave, Runner, Side, Step, Whom};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::{Cell, Document, Report, Table};
use crate::handoff::span;
use crate::render::counted;

/// All versions, the first one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreements {
    pub versions: Vec<Version>,
    /// The number of the version by which leads are handed over now.
    pub in_force: Option<u64>,
    /// What to call users of the CRM.
    pub users: Vec<(Uuid, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub number: u64,
    pub by: String,
    pub on: Date,
    pub at: Timestamp,
    pub terms: Agreement,
    pub signatures: Vec<Signed>,
    pub in_force_since: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Signed {
    pub side: Side,
    pub by: String,
    pub on: Date,
}

impl Version {
    /// The sides that have not signed.
    pub fn missing(&self) -> Vec<&'static str> {
        let has = |side: &Side| self.signatures.iter().any(|signed| signed.side == *side);
        Side::ALL.into_iter().filter(|side| !has(side)).map(Side::name).collect()
    }

    fn signatures(&self) -> String {
        let signed = |signed: &Signed| format!("{} ({}, {})", signed.side, signed.by, signed.on);
        let all: Vec<String> = self.signatures.iter().map(signed).collect();
        if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
    }
}

impl Agreements {
    /// The version that is in force.
    pub fn standing(&self) -> Option<&Version> {
        self.versions.iter().find(|version| Some(version.number) == self.in_force)
    }

    /// What is looked at: the version in force, or the newest where none is.
    pub fn shown(&self) -> Option<&Version> {
        self.standing().or(self.versions.last())
    }

    pub fn user(&self, user: Uuid) -> String {
        let named = self.users.iter().find(|(id, _)| *id == user);
        named.map_or_else(|| format!("user {user}"), |(_, name)| name.clone())
    }

    fn whom(&self, whom: Whom) -> String {
        match whom {
            Whom::Runner => "the runner".to_owned(),
            Whom::Manager => "the runner's manager".to_owned(),
            Whom::User(user) => self.user(user),
        }
    }

    fn answer(&self) -> String {
        let waiting = self.versions.last().filter(|last| Some(last.number) > self.in_force);
        let waits = waiting.map(|last| {
            format!(
                "version {} waits for the signature of {}",
                last.number,
                last.missing().join(" and ")
            )
        });
        match (self.standing(), waits) {
            (None, None) => {
                "Nothing is agreed yet: `baton agreement set FILE.toml` writes a first version."
                    .to_owned()
            }
            (None, Some(waits)) => format!("No agreement is in force: {waits}."),
            (Some(it), waits) => {
                let terms = &it.terms;
                let waits = waits.map_or(String::new(), |waits| format!("; {waits}"));
                format!(
                    "Version {} is in force: marketing owes {} a month, sales owes to take each \
                     within {} and to call within {}{waits}.",
                    it.number,
                    counted(terms.promised_monthly as usize, "qualified lead"),
                    span(i64::from(terms.accept_minutes)),
                    span(i64::from(terms.contact_minutes)),
                )
            }
        }
    }

    fn terms(&self, version: &Version) -> Table {
        let terms = &version.terms;
        let title = format!("Version {}", version.number);
        let mut table = Table::new(&title, &["What", "Agreed"]);
        let score = terms.score_min.map_or("–".to_owned(), |score| score.to_string());
        let definition = match &terms.qualifies {
            Some(condition) => format!("{} ({})", terms.definition, condition.source()),
            None => terms.definition.clone(),
        };
        let routing: Vec<&str> = terms.routing.iter().map(|route| route.name()).collect();
        let minutes = |minutes: u32| span(i64::from(minutes));
        for (what, agreed) in [
            ("A marketing-qualified lead", definition),
            ("Its score at least", score),
            ("Marketing owes a month", terms.promised_monthly.to_string()),
            ("Sales takes each within", minutes(terms.accept_minutes)),
            ("Sales calls within", minutes(terms.contact_minutes)),
            ("Dropped when later than that by", minutes(terms.grace_minutes)),
            ("Calls before a lead is recycled", terms.calls_min.to_string()),
            ("Reasons for declining", terms.decline_reasons.join(", ")),
            ("Reasons for recycling", terms.recycle_reasons.join(", ")),
            ("Leads are handed over", entry_words(terms.entry).to_owned()),
            ("A recycled lead is offered again after", format!("{} days", terms.recycle_days)),
            ("Offered at most", format!("{} times", terms.passes_max)),
            ("Who is asked", routing.join(" → ")),
        ] {
            table.row([what.into(), agreed.into()]);
        }
        for step in &terms.escalation {
            let when = match step.minutes {
                0 => "when it is due".to_owned(),
                past if past > 0 => format!("{} past due", span(i64::from(past))),
                before => format!("{} before due", span(-i64::from(before))),
            };
            table.row([format!("Told {when}").into(), self.whom(step.whom).into()]);
        }
        table
    }

    fn runners(&self, version: &Version) -> Table {
        let columns = ["Runner", ">Weight", ">Capacity", "Territories", "Away"];
        let mut table = Table::new("Who takes leads", &columns);
        for runner in &version.terms.runners {
            let leaves: Vec<String> =
                runner.leaves.iter().map(|it| format!("{} to {}", it.first, it.last)).collect();
            table.row([
                self.user(runner.user).into(),
                (runner.weight as usize).into(),
                (runner.capacity as usize).into(),
                runner.territories.join(", ").into(),
                Cell::Text(leaves.join(", ")),
            ]);
        }
        table
    }

    /// Who does what, and what is open about it.
    fn duties(version: &Version) -> Option<Table> {
        let columns = ["Duty", "Does it", "Answers for it", "Is asked", "Is told", "Open"];
        let mut table = Table::new("Roles", &columns);
        for duty in &version.terms.duties {
            let open: Vec<String> = duty.open().iter().map(open_words).collect();
            table.row([
                duty.what.as_str().into(),
                duty.responsible.join(", ").into(),
                duty.accountable.join(", ").into(),
                duty.consulted.join(", ").into(),
                duty.informed.join(", ").into(),
                Cell::Text(open.join("; ")),
            ]);
        }
        (!table.rows.is_empty()).then_some(table)
    }

    /// The duties about which something is open, in a sentence.
    pub fn open_duties(&self) -> Option<String> {
        let duties = &self.shown()?.terms.duties;
        let open: Vec<&str> = (duties.iter().filter(|duty| !duty.open().is_empty()))
            .map(|duty| duty.what.as_str())
            .collect();
        (!open.is_empty()).then(|| {
            format!(
                "Who does what is open for {} of {}: {}.",
                open.len(),
                counted(duties.len(), "duty"),
                open.join(", ")
            )
        })
    }

    fn all(&self) -> Table {
        let mut table = Table::new("Versions", &["Version", "Written by", "On", "Signed by"]);
        for version in self.versions.iter().rev() {
            table.row([
                version.number.to_string().into(),
                version.by.as_str().into(),
                version.on.into(),
                version.signatures().into(),
            ]);
        }
        table
    }

    fn version_json(&self, version: &Version) -> Value {
        let terms = &version.terms;
        let signed =
            |it: &Signed| json!({ "side": it.side.name(), "by": it.by, "on": it.on.to_string() });
        let runner = |it: &Runner| {
            let leave = |it: &Leave| json!([it.first.to_string(), it.last.to_string()]);
            json!({
                "user": it.user.to_string(), "name": self.user(it.user), "weight": it.weight,
                "capacity": it.capacity, "territories": it.territories,
                "leave": it.leaves.iter().map(leave).collect::<Vec<_>>(),
            })
        };
        let step = |it: &Step| json!({ "minutes": it.minutes, "tell": self.whom(it.whom) });
        json!({
            "version": version.number,
            "by": version.by,
            "written_at": version.at.to_string(),
            "in_force_since": version.in_force_since.map(|at| at.to_string()),
            "signatures": version.signatures.iter().map(signed).collect::<Vec<_>>(),
            "definition": terms.definition,
            "score_min": terms.score_min,
            "qualifies": terms.qualifies.as_ref().map(|condition| condition.source()),
            "promised_monthly": terms.promised_monthly,
            "accept_minutes": terms.accept_minutes,
            "contact_minutes": terms.contact_minutes,
            "grace_minutes": terms.grace_minutes,
            "calls_min": terms.calls_min,
            "decline_reasons": terms.decline_reasons,
            "recycle_reasons": terms.recycle_reasons,
            "entry": terms.entry.name(),
            "recycle_days": terms.recycle_days,
            "passes_max": terms.passes_max,
            "routing": terms.routing.iter().map(|route| route.name()).collect::<Vec<_>>(),
            "runners": terms.runners.iter().map(runner).collect::<Vec<_>>(),
            "escalation": terms.escalation.iter().map(step).collect::<Vec<_>>(),
            "duties": terms.duties.iter().map(duty_json).collect::<Vec<_>>(),
        })
    }
}

fn entry_words(entry: Entry) -> &'static str {
    match entry {
        Entry::ByHand => "by hand",
        Entry::ByStage => "once the CRM calls them qualified",
    }
}

fn open_words(open: &Open) -> String {
    match open {
        Open::NobodyResponsible => "nobody does it".to_owned(),
        Open::NobodyAccountable => "nobody answers for it".to_owned(),
        Open::SeveralAccountable => "several answer for it".to_owned(),
        Open::TwoRoles(name) => format!("{name} has two roles"),
    }
}

fn duty_json(duty: &Duty) -> Value {
    json!({
        "what": duty.what,
        "responsible": duty.responsible,
        "accountable": duty.accountable,
        "consulted": duty.consulted,
        "informed": duty.informed,
        "open": duty.open().iter().map(open_words).collect::<Vec<_>>(),
    })
}

impl Report for Agreements {
    fn document(&self) -> Document {
        let mut tables = Vec::new();
        if let Some(version) = self.shown() {
            tables.extend([self.terms(version), self.runners(version)]);
            tables.extend(Agreements::duties(version));
            tables.push(self.all());
        }
        let mut notes: Vec<String> = self.open_duties().into_iter().collect();
        if !tables.is_empty() {
            notes.push("Hours and minutes are business time.".to_owned());
        }
        Document { answer: self.answer(), tables, notes }
    }

    fn json(&self) -> Value {
        let versions: Vec<Value> =
            self.versions.iter().map(|version| self.version_json(version)).collect();
        json!({ "in_force": self.in_force, "versions": versions })
    }
}
