//! Hand-offs: the queue with its clocks, what became of one, and what a turn of the clock did.

pub mod alignment;
pub mod keeping;

use domain::handoff::{Clock, State};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{capital, counted};

/// One hand-off as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The lead's id in its source.
    pub lead: String,
    /// Its account, or else the lead itself.
    pub name: String,
    pub pass: u32,
    pub state: State,
    /// Who has it, or is offered it; everybody where nobody is named.
    pub runner: Option<String>,
    /// Whether whoever asks is the runner.
    pub is_own: bool,
    pub clock: Option<ClockLine>,
    pub calls: u32,
    /// What speaks for calling now.
    pub why: Vec<String>,
    /// What may be done with it by whoever asks.
    pub can: Vec<&'static str>,
    pub version: u64,
}

/// A clock that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockLine {
    pub clock: Clock,
    pub due_at: Timestamp,
    /// The day and the hour in the company's zone.
    pub due_on: Date,
    pub due_time: jiff::civil::Time,
    /// Business minutes that are left; past due they are negative.
    pub minutes_left: i64,
}

/// What waits for sales, what is most urgent first.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    pub lines: Vec<Line>,
    /// How many there are in all, where more than the lines.
    pub count: usize,
    pub decline_reasons: Vec<String>,
    pub recycle_reasons: Vec<String>,
    /// Whether an agreement is in force: without one nothing is handed over.
    pub is_agreed: bool,
}

/// What became of a hand-off.
#[derive(Clone, Debug, PartialEq)]
pub struct Handed {
    pub line: Line,
    pub at: Timestamp,
    /// Whether the asker had it already, so that nothing was done.
    pub was_so: bool,
}

/// What was due and is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    pub told: usize,
    pub dropped: usize,
    pub returned: usize,
    pub offered: usize,
}

/// A time in minutes as people say it: `45 min`, `4 h`, `1 h 30 min`.
pub fn span(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

impl ClockLine {
    /// `accept: 1 h 20 min left, until 2026-06-01 14:30`
    pub fn text(&self) -> String {
        let left = match self.minutes_left {
            left if left >= 0 => format!("{} left", span(left)),
            late => format!("{} late", span(-late)),
        };
        format!("{}: {left}, due {} {}", self.clock.name(), self.due_on, self.hour())
    }

    pub fn hour(&self) -> String {
        format!("{:02}:{:02}", self.due_time.hour(), self.due_time.minute())
    }

    fn json(&self) -> Value {
        json!({
            "clock": self.clock.name(),
            "due_at": self.due_at.to_string(),
            "business_minutes_left": self.minutes_left,
        })
    }
}

impl Line {
    /// Whether something may be done with it by whoever asks.
    pub fn can_do(&self, deed: &str) -> bool {
        self.can.contains(&deed)
    }

    pub fn whose(&self) -> &str {
        match (&self.runner, self.state) {
            (Some(runner), _) => runner,
            (None, State::Qualified) => "nobody has room",
            (None, _) => "everybody",
        }
    }

    fn json(&self) -> Value {
        json!({
            "lead": self.lead,
            "name": self.name,
            "pass": self.pass,
            "state": self.state.name(),
            "runner": self.runner,
            "clock": self.clock.map(|clock| clock.json()),
            "calls": self.calls,
            "why": self.why,
            "can": self.can,
            "version": self.version,
        })
    }
}

impl Report for Queue {
    fn document(&self) -> Document {
        let mut table =
            Table::new("Queue", &["Lead", "Who", "State", "With", "Clock", ">Calls", "Why"]);
        for line in &self.lines {
            table.row([
                line.lead.as_str().into(),
                line.name.as_str().into(),
                line.state.name().into(),
                line.whose().into(),
                Cell::from(line.clock.map(|clock| clock.text())),
                (line.calls as usize).into(),
                line.why.join("; ").into(),
            ]);
        }
        let late = |line: &&Line| line.clock.is_some_and(|clock| clock.minutes_left < 0);
        let late = self.lines.iter().filter(late).count();
        let answer = match (self.is_agreed, self.lines.first()) {
            (false, _) => "No agreement is in force: nothing is handed over until both sides have \
                           signed one."
                .to_owned(),
            (true, None) => "The queue is empty: nothing waits for a call.".to_owned(),
            (true, Some(next)) => format!(
                "{} in hand, {late} past due. Next: {} ({}).",
                counted(self.count, "lead"),
                next.name,
                next.lead
            ),
        };
        let shown = self.lines.len();
        let notes = match shown < self.count {
            true => vec![format!("The first {shown} are shown.")],
            false => Vec::new(),
        };
        Document { answer, tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        json!({
            "count": self.count,
            "is_agreed": self.is_agreed,
            "lines": self.lines.iter().map(Line::json).collect::<Vec<_>>(),
            "decline_reasons": self.decline_reasons,
            "recycle_reasons": self.recycle_reasons,
        })
    }
}

impl Report for Handed {
    fn document(&self) -> Document {
        let Line { lead, name, state, clock, .. } = &self.line;
        let with = match state {
            State::Qualified => "waits until a runner has room".to_owned(),
            State::Offered => format!("is offered to {}", self.line.whose()),
            State::Accepted => format!("is accepted by {}", self.line.whose()),
            state => format!("is {state}"),
        };
        let clock = clock.map_or(String::new(), |clock| format!("; {}", clock.text()));
        let already = if self.was_so { " already" } else { "" };
        let answer = capital(&format!("{name} ({lead}) {with}{already}{clock}."));
        Document { answer, tables: Vec::new(), notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let mut json = self.line.json();
        json["at"] = self.at.to_string().into();
        json["was_so"] = self.was_so.into();
        json
    }
}

impl Ticked {
    fn counts(&self) -> [(&'static str, usize); 4] {
        [
            ("told", self.told),
            ("dropped", self.dropped),
            ("returned", self.returned),
            ("offered", self.offered),
        ]
    }
}

impl Report for Ticked {
    fn document(&self) -> Document {
        let mut table = Table::new("Done", &["What", ">How many"]);
        for (what, count) in self.counts() {
            table.row([what.into(), count.into()]);
        }
        let is_idle = *self == Ticked::default();
        let answer = if is_idle { "Nothing was due." } else { "What was due is done." };
        Document { answer: answer.to_owned(), tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let counts = self.counts().map(|(what, count)| (what.to_owned(), Value::from(count)));
        Value::Object(counts.into_iter().collect())
    }
}
