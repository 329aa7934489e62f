//! Pay as it is kept: plans with their signatures, statements on their way to payroll, one
//! statement with what was said of it.

use domain::money::{Currency, Money};
use domain::pay::counted::{Metric, counted as told_count};
use domain::pay::run::{Ruling, State};
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{counted, grouped};

/// What lines of a statement may be about, as its text calls them.
const RECORDS: [&str; 3] = ["deal", "lead", "subscription"];

/// Plans and statements, as far as whoever asks may see them.
#[derive(Clone, Debug, PartialEq)]
pub struct Desk {
    pub plans: Vec<PlanShown>,
    /// The newest first.
    pub runs: Vec<RunShown>,
    /// Whether only some people's statements are seen.
    pub is_narrowed: bool,
}

/// A version of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanShown {
    pub name: String,
    pub version: u32,
    pub first_period: Period,
    pub sha256: String,
    pub saved: Done,
    /// Who signed it: `plan owner`, or a payee by name.
    pub signatures: Vec<(String, Done)>,
    pub unsigned: Vec<String>,
    /// The terms as they were written; for those who answer for pay alone.
    pub terms: Option<String>,
    pub legs: Vec<LegShown>,
}

/// A leg of a plan's relay, and how it was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct LegShown {
    pub name: String,
    pub judge: String,
    pub mark: String,
    /// The metric that says what was reached, where one does.
    pub metric: Option<String>,
    pub reached: Option<(String, Done)>,
}

/// Who did something on which day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub by: String,
    pub on: Date,
}

/// A plan's statements of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct RunShown {
    pub plan: String,
    pub version: u32,
    pub period: Period,
    pub state: State,
    pub calculated: Done,
    pub approved: Option<Done>,
    pub locked: Option<Done>,
    /// Of all statements together.
    pub sha256: String,
    pub currency: Currency,
    /// Those that are seen.
    pub statements: Vec<Sum>,
    pub open_disputes: usize,
    pub notes: Vec<String>,
}

/// What a statement comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    pub payee: String,
    pub name: String,
    pub total: Money,
    pub sha256: String,
}

/// One statement, line by line.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    pub run: RunShown,
    pub payee: String,
    pub name: String,
    /// As it was calculated.
    pub text: Value,
    /// The deal whose lines alone are shown.
    pub deal: Option<String>,
    pub said: Vec<SaidShown>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SaidShown {
    pub by: String,
    pub on: Date,
    pub text: String,
    pub ruling: Option<Ruling>,
}

/// What payroll takes over.
#[derive(Clone, Debug, PartialEq)]
pub struct Export(pub RunShown);

impl Done {
    fn told(&self) -> String {
        format!("{} on {}", self.by, self.on)
    }

    fn json(&self) -> Value {
        json!({ "by": self.by, "on": self.on.to_string() })
    }
}

impl RunShown {
    pub fn total(&self) -> Money {
        let minor = self.statements.iter().map(|sum| sum.total.minor).sum();
        Money { minor, currency: self.currency }
    }

    /// How far it has come, in a sentence.
    pub fn standing(&self) -> String {
        let calculated = format!("calculated by {}", self.calculated.told());
        match (&self.approved, &self.locked) {
            (_, Some(locked)) => format!("locked by {}", locked.told()),
            (Some(approved), None) => format!("{calculated}, approved by {}", approved.told()),
            (None, None) => calculated,
        }
    }

    fn table(&self) -> Table {
        let title = format!("Statements of {} by {}", self.period, self.plan);
        let paid = format!(">Paid {}", self.currency.code());
        let mut table = Table::new(&title, &["Payee", &paid]);
        for sum in &self.statements {
            table.row([Cell::from(sum.name.as_str()), exact(sum.total)]);
        }
        table
    }
}

impl Sum {
    fn json(&self) -> Value {
        json!({
            "payee": self.payee,
            "name": self.name,
            "total": self.total.to_decimal(),
            "sha256": self.sha256,
        })
    }
}

/// An amount to the minor unit, which no page rounds.
pub(super) fn exact(money: Money) -> Cell {
    Cell::Text(grouped(&money.to_decimal()))
}

pub(super) fn amount(money: Money) -> String {
    format!("{} {}", grouped(&money.to_decimal()), money.currency.code())
}

impl Report for RunShown {
    fn document(&self) -> Document {
        let (period, standing) = (self.period, self.standing());
        let payees = counted(self.statements.len(), "payee");
        let answer = format!("{period} pays {payees} {}: {standing}.", amount(self.total()));
        let mut notes = self.notes.clone();
        notes.push(format!("Fingerprint of all statements (SHA-256): {}.", self.sha256));
        if self.open_disputes > 0 {
            notes.push(format!("{}.", counted(self.open_disputes, "open dispute")));
        }
        Document { answer, tables: vec![self.table()], notes }
    }

    fn json(&self) -> Value {
        let done = |done: &Option<Done>| done.as_ref().map(Done::json);
        json!({
            "plan": self.plan,
            "version": self.version,
            "period": self.period.to_string(),
            "state": self.state.name(),
            "calculated": self.calculated.json(),
            "approved": done(&self.approved),
            "locked": done(&self.locked),
            "sha256": self.sha256,
            "currency": self.currency.code(),
            "total": self.total().to_decimal(),
            "open_disputes": self.open_disputes,
            "statements": self.statements.iter().map(Sum::json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }
}

impl Report for Desk {
    fn document(&self) -> Document {
        let mut tables = Vec::new();
        let names = ["Period", "Plan", "State", ">Payees", ">Paid", "Standing", ">Open disputes"];
        let mut runs = Table::new("Statements", &names);
        for run in &self.runs {
            runs.row([
                Cell::from(run.period.to_string()),
                format!("{}, version {}", run.plan, run.version).into(),
                run.state.name().into(),
                run.statements.len().into(),
                exact(run.total()),
                run.standing().into(),
                run.open_disputes.into(),
            ]);
        }
        let names = ["Plan", ">Version", "From", "Signed by", "Not signed by"];
        let mut plans = Table::new("Plans", &names);
        for plan in &self.plans {
            let signed: Vec<String> = (plan.signatures.iter())
                .map(|(signer, done)| format!("{signer} ({})", done.on))
                .collect();
            let or_nobody = |all: &[String]| match all {
                [] => Cell::from("nobody"),
                all => all.join(", ").into(),
            };
            plans.row([
                Cell::from(plan.name.as_str()),
                Cell::Count(plan.version.into()),
                plan.first_period.to_string().into(),
                or_nobody(&signed),
                or_nobody(&plan.unsigned),
            ]);
        }
        tables.push(runs);
        tables.push(plans);
        tables.extend(self.legs());
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        json!({
            "plans": self.plans.iter().map(PlanShown::json).collect::<Vec<_>>(),
            "runs": self.runs.iter().map(Report::json).collect::<Vec<_>>(),
            "is_narrowed": self.is_narrowed,
        })
    }
}

impl Desk {
    fn answer(&self) -> String {
        let last = self.runs.first();
        match (last, self.is_narrowed, self.plans.is_empty()) {
            (Some(run), true, _) => {
                let period = run.period;
                format!(
                    "{period} pays you and yours {}: it is {}.",
                    amount(run.total()),
                    run.state.name()
                )
            }
            (Some(run), false, _) => {
                let payees = counted(run.statements.len(), "payee");
                let (period, state) = (run.period, run.state.name());
                format!("{period} pays {payees} {}: it is {state}.", amount(run.total()))
            }
            (None, _, false) => "Nothing is calculated yet: `baton pay calculate --plan NAME \
                --period PERIOD` does."
                .to_owned(),
            (None, true, true) => "There is no pay plan of yours.".to_owned(),
            (None, false, true) => {
                "No pay plan is kept yet: `baton pay save FILE.toml` keeps one.".to_owned()
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        let notice = "Only your own statements, and those of whom you lead, are shown.";
        self.is_narrowed.then(|| notice.to_owned()).into_iter().collect()
    }

    fn legs(&self) -> Option<Table> {
        let mut table =
            Table::new("Relays", &["Plan", "Leg", "Mark", "Judge", "Reached", "Judged"]);
        for plan in &self.plans {
            for leg in &plan.legs {
                let (reached, judged) = match &leg.reached {
                    Some((reached, done)) => (reached.as_str(), done.told()),
                    None => ("–", "not yet".to_owned()),
                };
                table.row([
                    Cell::from(format!("{}, version {}", plan.name, plan.version)),
                    leg.name.as_str().into(),
                    leg.mark.as_str().into(),
                    leg.judge.as_str().into(),
                    reached.into(),
                    judged.into(),
                ]);
            }
        }
        (!table.rows.is_empty()).then_some(table)
    }
}

impl PlanShown {
    fn json(&self) -> Value {
        let signature = |(signer, done): &(String, Done)| {
            let Done { by, on } = done;
            json!({ "signer": signer, "by": by, "on": on.to_string() })
        };
        let leg = |leg: &LegShown| {
            json!({
                "leg": leg.name,
                "judge": leg.judge,
                "mark": leg.mark,
                "metric": leg.metric,
                "reached": leg.reached.as_ref().map(|(reached, _)| reached),
                "judged": leg.reached.as_ref().map(|(_, done)| done.json()),
            })
        };
        json!({
            "name": self.name,
            "version": self.version,
            "first_period": self.first_period.to_string(),
            "terms_sha256": self.sha256,
            "saved": self.saved.json(),
            "signatures": self.signatures.iter().map(signature).collect::<Vec<_>>(),
            "unsigned": self.unsigned,
            "terms": self.terms,
            "legs": self.legs.iter().map(leg).collect::<Vec<_>>(),
        })
    }
}

impl Sheet {
    /// The lines: what each is of, its amount, why.
    pub fn lines(&self) -> Table {
        let amount = format!(">{}", self.run.currency.code());
        let title = format!("Statement of {} for {}", self.name, self.run.period);
        let mut table = Table::new(&title, &["Line", &amount, "Why"]);
        let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
        let is_of = |line: &Value, id: &str| RECORDS.iter().any(|record| line[*record] == id);
        let is_shown = |line: &&Value| self.deal.as_deref().is_none_or(|deal| is_of(line, deal));
        for line in self.text["lines"].as_array().into_iter().flatten().filter(is_shown) {
            let money = Money::parse(&text(line, "amount"), self.run.currency).ok();
            let amount = money.map_or(Cell::Missing, exact);
            table.row([text(line, "kind").into(), amount, text(line, "sentence").into()]);
        }
        table
    }

    fn attainment(&self) -> Option<Table> {
        let code = self.run.currency.code();
        let columns = ["Measure".to_owned(), format!(">Credit {code}"), format!(">Quota {code}")];
        let columns = [&columns[..], &[">Attained".to_owned()]].concat();
        let mut table = Table::new("Against the quota", &columns);
        for one in self.text["attainment"].as_array().into_iter().flatten() {
            let metric = one["metric"].as_str().and_then(|name| name.parse::<Metric>().ok());
            let unit = metric.and_then(Metric::unit);
            let told = |field: &str| {
                let text = one[field].as_str().unwrap_or_default();
                match (unit, text.parse()) {
                    (Some(unit), Ok(count)) => Cell::Text(told_count(count, unit)),
                    _ => Money::parse(text, self.run.currency).map_or(Cell::Missing, exact),
                }
            };
            let share = one["attainment"].as_str().and_then(|text| text.parse().ok());
            table.row([
                Cell::from(one["measure"].as_str().unwrap_or_default()),
                told("credit"),
                told("quota"),
                share.map_or(Cell::Missing, Cell::Share),
            ]);
        }
        (!table.rows.is_empty()).then_some(table)
    }

    fn thread(&self) -> Option<Table> {
        let mut table = Table::new("Said of it", &["Who", "When", "What", "Ruling"]);
        for said in &self.said {
            table.row([
                Cell::from(said.by.as_str()),
                said.on.into(),
                said.text.as_str().into(),
                said.ruling.map_or("", Ruling::name).into(),
            ]);
        }
        (!table.rows.is_empty()).then_some(table)
    }

    pub fn total(&self) -> Option<Money> {
        Money::parse(self.text["total"].as_str()?, self.run.currency).ok()
    }

    /// Whether what was said last ended the matter.
    pub fn is_disputed(&self) -> bool {
        self.said.last().is_some_and(|said| said.ruling.is_none())
    }
}

impl Report for Sheet {
    fn document(&self) -> Document {
        let (period, name) = (self.run.period, &self.name);
        let total = self.total().map(amount).unwrap_or_default();
        let answer = format!("{period} pays {name} {total}: {}.", self.run.standing());
        let tables = [self.attainment(), Some(self.lines()), self.thread()];
        let mut notes = self.run.notes.clone();
        let owed = self.text["draw_balance"].as_str().unwrap_or_default();
        if Money::parse(owed, self.run.currency).is_ok_and(|owed| owed.minor != 0) {
            let code = self.run.currency.code();
            notes.push(format!("Of draws, {} {code} is to be made up for.", grouped(owed)));
        }
        Document { answer, tables: tables.into_iter().flatten().collect(), notes }
    }

    fn json(&self) -> Value {
        let said = |said: &SaidShown| {
            json!({
                "by": said.by,
                "on": said.on.to_string(),
                "text": said.text,
                "ruling": said.ruling.map(Ruling::name),
            })
        };
        json!({
            "plan": self.run.plan,
            "version": self.run.version,
            "period": self.run.period.to_string(),
            "state": self.run.state.name(),
            "standing": self.run.standing(),
            "statement": self.text,
            "said": self.said.iter().map(said).collect::<Vec<_>>(),
            "notes": self.run.notes,
        })
    }
}

impl Export {
    fn table(&self) -> Table {
        let names = ["payee", "name", "plan", "version", "period", "currency", ">amount", "sha256"];
        let run = &self.0;
        let mut table = Table::new("Payroll", &names);
        for sum in &run.statements {
            table.row([
                Cell::from(sum.payee.as_str()),
                sum.name.as_str().into(),
                run.plan.as_str().into(),
                Cell::Count(run.version.into()),
                run.period.to_string().into(),
                run.currency.code().into(),
                sum.total.into(),
                sum.sha256.as_str().into(),
            ]);
        }
        table
    }
}

impl Report for Export {
    fn document(&self) -> Document {
        let run = &self.0;
        let payees = counted(run.statements.len(), "payee");
        let answer = format!("{} pays {payees} {}.", run.period, amount(run.total()));
        Document { answer, tables: vec![self.table()], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        self.0.json()
    }
}
