//! Awareness: who came, by which channel, how many of them for the first time, and the ways that
//! they took from there.

use domain::money::Money;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::attribution::By;
use crate::document::{Cell, Document, Report, Table};
use crate::render::{capital, code, counted, grouped, shown};

/// Keys that tables show, those with most people first; JSON has all.
const KEYS_SHOWN_MAX: usize = 40;
/// Ways that the table shows, those of most people first; JSON has all.
const WAYS_SHOWN_MAX: usize = 20;

/// How many steps of a way are told apart: the rest of it is left out.
pub const STEPS_MAX: usize = 3;

/// How far somebody has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reached {
    /// No lead is known.
    #[default]
    Nothing,
    Lead,
    Mql,
    Opportunity,
    Win,
}

impl Reached {
    pub const ALL: [Reached; 5] =
        [Reached::Nothing, Reached::Lead, Reached::Mql, Reached::Opportunity, Reached::Win];

    pub fn name(self) -> &'static str {
        match self {
            Reached::Nothing => "nothing",
            Reached::Lead => "lead",
            Reached::Mql => "mql",
            Reached::Opportunity => "opportunity",
            Reached::Win => "win",
        }
    }

    /// As a person reads it.
    pub fn title(self) -> &'static str {
        match self {
            Reached::Nothing => "No lead yet",
            Reached::Lead => "Lead",
            Reached::Mql => "MQL",
            Reached::Opportunity => "Opportunity",
            Reached::Win => "Win",
        }
    }
}

/// Who came in some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    pub touches: u64,
    /// Each once, however often they came.
    pub people: u64,
    /// Those whose first touch of all is among these.
    pub new_people: u64,
}

impl Came {
    /// Those who had come before.
    pub fn returning_people(self) -> u64 {
        self.people.saturating_sub(self.new_people)
    }
}

/// A step of time, both days included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub first: Date,
    pub last: Date,
    pub came: Came,
}

/// One channel, campaign, team or person.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub name: String,
    pub came: Came,
    /// In as many days before.
    pub before: Came,
    /// New people whom it brought first, by how far they have come: one number for each of
    /// [`Reached::ALL`], each person once, where they have come furthest.
    pub reached: [u64; Reached::ALL.len()],
    pub cost: Option<Money>,
}

/// The way of new people: the keys of their first steps, one beside the same one told once, and how
/// far they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Places among the keys: one at least, [`STEPS_MAX`] at most.
    pub steps: Vec<u32>,
    pub reached: Reached,
    pub people: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Awareness {
    pub as_of: Date,
    pub by: By,
    pub from: Date,
    pub to: Date,
    pub came: Came,
    /// In as many days before `from`.
    pub before: Came,
    /// In order of time.
    pub steps: Vec<Step>,
    /// In the order of their names.
    pub keys: Vec<Key>,
    /// Those of most people first.
    pub ways: Vec<Way>,
}

/// How much more or less there is than before, as a share of what was.
fn change(now: u64, before: u64) -> Option<f64> {
    (before > 0).then(|| now as f64 / before as f64 - 1.0)
}

fn count(number: u64) -> Cell {
    Cell::Count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn told(number: u64) -> String {
    grouped(&number.to_string())
}

impl Awareness {
    /// The places of keys that anybody came by, those with most people first.
    pub fn shown(&self) -> Vec<usize> {
        let by_people = |place: &usize| {
            let key = &self.keys[*place];
            (std::cmp::Reverse((key.came.people, key.came.touches, key.before.people)), *place)
        };
        let somebody = |place: &usize| self.keys[*place].came.touches > 0;
        let mut places: Vec<usize> = (0..self.keys.len()).filter(somebody).collect();
        places.sort_by_key(by_people);
        places
    }

    /// The names of a way's steps.
    pub fn names<'a>(&'a self, way: &'a Way) -> impl Iterator<Item = &'a str> {
        way.steps.iter().filter_map(|step| self.keys.get(*step as usize)).map(|key| &*key.name)
    }

    fn answer(&self) -> String {
        let days = format!("from {} to {}", self.from, self.to);
        if self.came.touches == 0 {
            return format!("Nobody came {days}, as far as touches tell.");
        }
        let change = match change(self.came.people, self.before.people) {
            Some(change) => format!(", {} than in as many days before", more_or_less(change)),
            None => String::new(),
        };
        let first = self.shown().first().map_or(String::new(), |place| {
            let key = &self.keys[*place];
            format!(" {} brought most: {}.", key.name, told(key.came.people))
        });
        format!(
            "{} people came {days}{change}: {} for the first time, {} had come before.{first}",
            told(self.came.people),
            told(self.came.new_people),
            told(self.came.returning_people()),
        )
    }

    fn steps_table(&self) -> Table {
        let columns = ["From", "To", ">People", ">New", ">Returning", ">Touches"];
        let mut table = Table::new("Step by step", &columns);
        for step in &self.steps {
            table.row([
                step.first.into(),
                step.last.into(),
                count(step.came.people),
                count(step.came.new_people),
                count(step.came.returning_people()),
                count(step.came.touches),
            ]);
        }
        table
    }

    fn keys_table(&self) -> Table {
        let by = capital(self.by.name());
        let columns = [&*by, ">People", ">Before", ">Change", ">New", ">Returning", ">Touches"];
        let mut table = Table::new(&format!("By {}", self.by.name()), &columns);
        for place in self.shown().into_iter().take(KEYS_SHOWN_MAX) {
            let key = &self.keys[place];
            table.row([
                key.name.as_str().into(),
                count(key.came.people),
                count(key.before.people),
                change(key.came.people, key.before.people).map_or(Cell::Missing, Cell::Share),
                count(key.came.new_people),
                count(key.came.returning_people()),
                count(key.came.touches),
            ]);
        }
        table
    }

    /// What became of new people, by what brought them first.
    fn reached_table(&self) -> Table {
        let by = format!("{}, first", capital(self.by.name()));
        let titles = Reached::ALL.map(|reached| format!(">{}", reached.title()));
        let code = self.keys.iter().find_map(|key| key.cost).map(|cost| code(cost.currency));
        let cost = format!(">Cost {}", code.unwrap_or_default());
        let each = ">Cost per new person".to_owned();
        let is_priced = code.is_some();
        let columns: Vec<String> = [by, ">New".to_owned()]
            .into_iter()
            .chain(titles)
            .chain(is_priced.then_some([cost, each]).into_iter().flatten())
            .collect();
        let mut table = Table::new("What became of new people", &columns);
        for place in self.shown().into_iter().take(KEYS_SHOWN_MAX) {
            let key = &self.keys[place];
            let mut cells = vec![key.name.as_str().into(), count(key.came.new_people)];
            cells.extend(key.reached.map(count));
            if is_priced {
                cells.extend([key.cost.into(), cost_of_each(key).into()]);
            }
            table.row(cells);
        }
        table
    }

    fn ways_table(&self) -> Table {
        let mut table =
            Table::new("The ways of new people", &["Way", "As far as", ">People", ">Share"]);
        let all = self.came.new_people.max(1) as f64;
        for way in self.ways.iter().take(WAYS_SHOWN_MAX) {
            let names: Vec<&str> = self.names(way).collect();
            table.row([
                names.join(" → ").into(),
                way.reached.title().into(),
                count(way.people),
                Cell::Share(way.people as f64 / all),
            ]);
        }
        table
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Somebody is new on the day of the first touch that is known of them, and counts once \
             however often they came. A channel's new people are those whom it brought first, so \
             that they add up; its people do not, as one may come by several."
                .to_owned(),
        ];
        if self.ways.len() > WAYS_SHOWN_MAX {
            let all = counted(self.ways.len(), "way");
            notes.push(format!("{WAYS_SHOWN_MAX} of {all} are shown; JSON holds every one."));
        }
        let shown = self.shown().len();
        if shown > KEYS_SHOWN_MAX {
            let all = counted(shown, self.by.name());
            notes.push(format!("{KEYS_SHOWN_MAX} of {all} are shown; JSON holds every one."));
        }
        notes
    }
}

fn more_or_less(change: f64) -> String {
    match change >= 0.0 {
        true => format!("{} more", shown(&Cell::Share(change))),
        false => format!("{} fewer", shown(&Cell::Share(-change))),
    }
}

fn cost_of_each(key: &Key) -> Option<Money> {
    let cost = key.cost.filter(|_| key.came.new_people > 0)?;
    let minor = (cost.minor as f64 / key.came.new_people as f64).round() as i64;
    Some(Money { minor, ..cost })
}

impl Report for Awareness {
    fn document(&self) -> Document {
        let mut tables = Vec::new();
        if self.came.touches > 0 {
            tables.extend([self.keys_table(), self.reached_table(), self.ways_table()]);
            tables.push(self.steps_table());
        }
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        let came = |came: &Came| {
            json!({
                "touches": came.touches,
                "people": came.people,
                "new_people": came.new_people,
                "returning_people": came.returning_people(),
            })
        };
        let reached = |counts: &[u64]| {
            let pairs = Reached::ALL.iter().zip(counts);
            pairs.map(|(reached, count)| (reached.name().to_owned(), (*count).into())).collect()
        };
        let key = |key: &Key| {
            json!({
                "key": key.name,
                "came": came(&key.came),
                "before": came(&key.before),
                "reached": Value::Object(reached(&key.reached)),
                "cost": key.cost.map(Money::to_decimal),
                "cost_of_new_person": cost_of_each(key).map(Money::to_decimal),
            })
        };
        let step = |step: &Step| {
            json!({
                "first": step.first.to_string(),
                "last": step.last.to_string(),
                "came": came(&step.came),
            })
        };
        let way = |way: &Way| {
            json!({
                "steps": self.names(way).collect::<Vec<_>>(),
                "reached": way.reached.name(),
                "people": way.people,
            })
        };
        json!({
            "as_of": self.as_of.to_string(),
            "by": self.by.name(),
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "came": came(&self.came),
            "before": came(&self.before),
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
            "keys": self.keys.iter().map(key).collect::<Vec<_>>(),
            "ways": self.ways.iter().map(way).collect::<Vec<_>>(),
        })
    }
}
