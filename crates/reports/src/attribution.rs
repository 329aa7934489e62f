//! Attribution: who had which part in conversions, by every model, and how far these are apart.

use std::fmt;
use std::str::FromStr;

use domain::money::Money;
use jiff::civil::Date;
use serde_json::{Value, json};
pub use stats::attribution::Model;

use crate::document::{Cell, Document, Report, Table};
use crate::render::{capital, code, counted, grouped, short};

/// The name of the key of touches that have none.
pub const NONE: &str = "(none)";

/// Why W-shaped and full path say nothing of some conversions.
pub const MILESTONES_LACK: &str =
    "no conversion has both the time of its lead and that of its opportunity";

/// How many of [`Model::ALL`], the first ones, go by a rule for one conversion.
const RULES: usize = 8;

/// Keys that tables show, those with most conversions first; JSON has all.
const KEYS_SHOWN_MAX: usize = 40;

/// What counts as a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conversions {
    Wins,
    Purchases,
    Opportunities,
    Mqls,
}

/// Whom credit goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum By {
    #[default]
    Channel,
    Campaign,
    /// The team of the account's owner.
    Team,
    /// The account's owner.
    Person,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    what: &'static str,
    said: String,
    all: String,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownWord { what, said, all } = self;
        write!(formatter, "`{said}` is no {what}: choose one of {all}")
    }
}

impl std::error::Error for UnknownWord {}

fn named<T: Copy>(
    what: &'static str,
    said: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, UnknownWord> {
    let said = said.trim().to_ascii_lowercase();
    let found = all.iter().copied().find(|one| name(*one) == said);
    let names = || all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| UnknownWord { what, said, all: names() })
}

impl Conversions {
    /// In the order in which they are looked for where none is named.
    pub const ALL: [Conversions; 4] =
        [Conversions::Wins, Conversions::Purchases, Conversions::Opportunities, Conversions::Mqls];

    pub fn name(self) -> &'static str {
        match self {
            Conversions::Wins => "wins",
            Conversions::Purchases => "purchases",
            Conversions::Opportunities => "opportunities",
            Conversions::Mqls => "mqls",
        }
    }

    /// As a person reads it, of several.
    pub fn plural(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Conversions::Wins => ("win", "wins"),
            Conversions::Purchases => ("purchase", "purchases"),
            Conversions::Opportunities => ("opportunity", "opportunities"),
            Conversions::Mqls => ("MQL", "MQLs"),
        }
    }
}

impl FromStr for Conversions {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Conversions, UnknownWord> {
        named("conversion", text, &Conversions::ALL, Conversions::name)
    }
}

impl By {
    pub const ALL: [By; 4] = [By::Channel, By::Campaign, By::Team, By::Person];

    pub fn name(self) -> &'static str {
        match self {
            By::Channel => "channel",
            By::Campaign => "campaign",
            By::Team => "team",
            By::Person => "person",
        }
    }
}

impl FromStr for By {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<By, UnknownWord> {
        named("dimension of attribution", text, &By::ALL, By::name)
    }
}

/// The name of a model for programs.
pub fn model_name(model: Model) -> &'static str {
    match model {
        Model::First => "first",
        Model::Last => "last",
        Model::LastNonDirect => "last_non_direct",
        Model::Linear => "linear",
        Model::UShaped => "u_shaped",
        Model::WShaped => "w_shaped",
        Model::TimeDecay => "time_decay",
        Model::FullPath => "full_path",
        Model::Markov1 => "markov_1",
        Model::Markov2 => "markov_2",
        Model::Shapley => "shapley",
    }
}

/// The model of a name; `all` is every model.
///
/// # Errors
/// When there is none of that name.
pub fn model_named(name: &str) -> Result<Option<Model>, UnknownWord> {
    match name.trim() {
        "all" => Ok(None),
        name => named("model", name, &Model::ALL, model_name).map(Some),
    }
}

/// The name of a model for people.
fn model_title(model: Model) -> &'static str {
    match model {
        Model::First => "First",
        Model::Last => "Last",
        Model::LastNonDirect => "Last non-direct",
        Model::Linear => "Linear",
        Model::UShaped => "U-shaped",
        Model::WShaped => "W-shaped",
        Model::TimeDecay => "Time decay",
        Model::FullPath => "Full path",
        Model::Markov1 => "Markov 1",
        Model::Markov2 => "Markov 2",
        Model::Shapley => "Shapley",
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    pub as_of: Date,
    pub conversion: Conversions,
    pub by: By,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// `None` is as far back as there are touches.
    pub lookback_days: Option<u32>,
    pub half_life_days: u32,
    /// With a touch at least, those that did not convert too.
    pub journeys: u64,
    /// Conversions with a touch before them, which is what models share out, and their value.
    pub conversions: u64,
    pub value: Money,
    pub untouched: Untouched,
    /// Conversions without a value, or with one in another currency.
    pub without_value: usize,
    /// In the order of their names.
    pub keys: Vec<Key>,
    /// What models say, in the order of [`Model::ALL`].
    pub parts: Vec<Part>,
    pub seconds: f64,
}

/// Conversions that no touch came before: nobody's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Untouched {
    pub conversions: u64,
    pub value: Money,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub name: String,
    pub cost: Option<Money>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub model: Model,
    pub said: Said,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// One for each key, in their order.
    Credits(Vec<Credit>),
    /// Nothing, and why.
    Unavailable(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Credit {
    pub conversions: f64,
    pub value: Money,
    /// Of the conversions, where they come from a sample.
    pub standard_error: Option<f64>,
}

/// What models say of one key, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    conversions: (f64, f64),
    value: (Money, Money),
}

impl Part {
    fn credits(&self) -> Option<&[Credit]> {
        match &self.said {
            Said::Credits(credits) => Some(credits),
            Said::Unavailable(_) => None,
        }
    }
}

impl Attribution {
    /// How far models are apart over a key; `None` where none says anything.
    fn spread(&self, place: usize) -> Option<Spread> {
        let mut credits = self.parts.iter().filter_map(|part| part.credits()?.get(place));
        let first = credits.next()?;
        let spread = Spread {
            conversions: (first.conversions, first.conversions),
            value: (first.value, first.value),
        };
        Some(credits.fold(spread, |Spread { conversions, value }, credit| Spread {
            conversions: (
                conversions.0.min(credit.conversions),
                conversions.1.max(credit.conversions),
            ),
            value: (value.0.min(credit.value), value.1.max(credit.value)),
        }))
    }

    /// The places of keys, those with most conversions first.
    fn shown(&self) -> Vec<usize> {
        let middle = |place: usize| {
            self.spread(place).map_or(0.0, |spread| spread.conversions.0 + spread.conversions.1)
        };
        let mut places: Vec<usize> = (0..self.keys.len()).collect();
        places.sort_by(|a, b| middle(*b).total_cmp(&middle(*a)).then(a.cmp(b)));
        places.truncate(KEYS_SHOWN_MAX);
        places
    }

    /// What some models say, a column each, with the total of all keys; `None` where they say
    /// nothing.
    fn table(
        &self,
        title: String,
        models: &[Model],
        of: fn(&Credit) -> Cell,
        total: Cell,
    ) -> Option<Table> {
        let parts = self.parts.iter().filter(|part| models.contains(&part.model));
        let said: Vec<(&Part, &[Credit])> =
            parts.filter_map(|part| Some((part, part.credits()?))).collect();
        let titles = said.iter().map(|(part, _)| format!(">{}", model_title(part.model)));
        let columns: Vec<String> = std::iter::once(capital(self.by.name())).chain(titles).collect();
        let mut table = Table::new(&title, &columns);
        for place in self.shown() {
            let cells =
                said.iter().map(|(_, credits)| credits.get(place).map_or(Cell::Missing, of));
            let name = Cell::from(self.keys[place].name.as_str());
            table.row(std::iter::once(name).chain(cells).collect::<Vec<_>>());
        }
        let totals = said.iter().map(|_| total.clone());
        table.row(std::iter::once(Cell::from("all")).chain(totals).collect::<Vec<_>>());
        (!said.is_empty()).then_some(table)
    }

    fn spread_table(&self) -> Table {
        let code = code(self.value.currency);
        let [least, most] = ["least", "most"].map(|end| format!(">Value {code}, {end}"));
        let by = capital(self.by.name());
        let columns = [by.as_str(), ">Conversions, least", ">most", &least, &most];
        let mut table = Table::new("How far the models are apart", &columns);
        for place in self.shown() {
            let Some(Spread { conversions, value }) = self.spread(place) else { continue };
            table.row([
                self.keys[place].name.as_str().into(),
                Cell::Number(conversions.0),
                Cell::Number(conversions.1),
                value.0.into(),
                value.1.into(),
            ]);
        }
        table
    }

    /// Of keys whose cost is known: what a conversion cost, and what came back.
    fn cost_table(&self) -> Table {
        let code = code(self.value.currency);
        let [cost, least] = ["Cost", "CAC"].map(|what| format!(">{what} {code}"));
        let (by, least) = (capital(self.by.name()), format!("{least}, least"));
        let columns = [by.as_str(), &cost, &least, ">most", ">ROI, least", ">most"];
        let mut table = Table::new("What it cost, and what came back", &columns);
        for place in self.shown() {
            let key = &self.keys[place];
            let Some(Spread { conversions, value }) = self.spread(place) else { continue };
            if key.cost.is_none() {
                continue;
            }
            table.row([
                key.name.as_str().into(),
                key.cost.into(),
                cac(key.cost, conversions.1).into(),
                cac(key.cost, conversions.0).into(),
                roi(key.cost, value.0).map_or(Cell::Missing, Cell::Share),
                roi(key.cost, value.1).map_or(Cell::Missing, Cell::Share),
            ]);
        }
        table
    }

    fn answer(&self) -> String {
        let (one, many) = self.conversion.words();
        let conversions = self.conversions + self.untouched.conversions;
        let what = if conversions == 1 { one } else { many };
        let parts = match self.parts.iter().find_map(Part::credits).and(self.shown().first()) {
            Some(first) => self.spread(*first).map_or(String::new(), |spread| {
                format!(
                    " {} has the largest part: {:.0} to {:.0} of them, as models go.",
                    self.keys[*first].name, spread.conversions.0, spread.conversions.1
                )
            }),
            None => String::new(),
        };
        format!(
            "{} of {} {what} had a touch before them, worth {}.{parts}",
            grouped(&self.conversions.to_string()),
            grouped(&conversions.to_string()),
            short(self.value),
        )
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let reach = match self.lookback_days {
            Some(days) => format!("the {days} days before it"),
            None => "all the time before it".to_owned(),
        };
        notes.push(format!(
            "A conversion has the touches of {reach}; of {} journeys {} converted. Markov and \
             Shapley learn from the others too.",
            grouped(&self.journeys.to_string()),
            grouped(&self.conversions.to_string())
        ));
        if self.untouched.conversions > 0 {
            notes.push(format!(
                "{} had no touch and {} nobody's: {}.",
                counted(usize::try_from(self.untouched.conversions).unwrap_or(0), "conversion"),
                if self.untouched.conversions == 1 { "is" } else { "are" },
                short(self.untouched.value)
            ));
        }
        if self.without_value > 0 {
            notes.push(format!(
                "{} counted without a value: none is known, or it is in another currency.",
                counted(self.without_value, "conversion")
            ));
        }
        for part in &self.parts {
            if let Said::Unavailable(reason) = &part.said {
                notes.push(format!("{} is not available: {reason}.", model_title(part.model)));
            }
        }
        if self.keys.len() > KEYS_SHOWN_MAX {
            notes.push(format!(
                "{} of {} are shown, those with most conversions; `all` and JSON hold every one.",
                KEYS_SHOWN_MAX,
                counted(self.keys.len(), self.by.name())
            ));
        }
        notes
    }
}

/// What a conversion cost.
fn cac(cost: Option<Money>, conversions: f64) -> Option<Money> {
    let cost = cost.filter(|_| conversions > 0.0)?;
    Some(Money { minor: (cost.minor as f64 / conversions).round() as i64, ..cost })
}

/// What came back beyond the cost, as a share of it.
fn roi(cost: Option<Money>, value: Money) -> Option<f64> {
    let cost = cost.filter(|cost| cost.minor > 0)?;
    Some((value.minor as f64 - cost.minor as f64) / cost.minor as f64)
}

impl Report for Attribution {
    fn document(&self) -> Document {
        let (rules, learned) = Model::ALL.split_at(RULES);
        let (ends, shapes) = rules.split_at(RULES / 2);
        let groups = [("by rule", rules), ("by all journeys", learned)];
        let total = Cell::Number(self.conversions as f64);
        let conversions = |credit: &Credit| Cell::Number(credit.conversions);
        let told = groups.into_iter().filter_map(|(how, models)| {
            self.table(format!("Conversions, {how}"), models, conversions, total.clone())
        });
        let mut tables: Vec<Table> = told.collect();
        let is_said = !tables.is_empty();
        if self.value.minor != 0 {
            let unit = format!("Value {}", code(self.value.currency));
            let value = |credit: &Credit| credit.value.into();
            let groups = [
                ("by one touch, or evenly", ends),
                ("by shape and by time", shapes),
                ("by all journeys", learned),
            ];
            tables.extend(groups.into_iter().filter_map(|(how, models)| {
                let title = format!("{}, {how}", unit.trim_end());
                self.table(title, models, value, self.value.into())
            }));
        }
        if is_said {
            tables.extend([self.spread_table(), self.cost_table()]);
        }
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        let credit = |(key, credit): (&Key, &Credit)| {
            let mut told = json!({
                "key": key.name,
                "conversions": credit.conversions,
                "value": credit.value.to_decimal(),
            });
            if let Some(error) = credit.standard_error {
                told["standard_error"] = error.into();
            }
            told
        };
        let part = |part: &Part| {
            let credits = part.credits().unwrap_or(&[]);
            let reason = match &part.said {
                Said::Unavailable(reason) => Some(reason),
                Said::Credits(_) => None,
            };
            json!({
                "model": model_name(part.model),
                "available": reason.is_none(),
                "reason": reason,
                "credits": self.keys.iter().zip(credits).map(credit).collect::<Vec<_>>(),
            })
        };
        let key = |(place, key): (usize, &Key)| {
            let spread = self.spread(place);
            json!({
                "key": key.name,
                "conversions": spread.map(|it| [it.conversions.0, it.conversions.1]),
                "value": spread.map(|it| [it.value.0.to_decimal(), it.value.1.to_decimal()]),
                "cost": key.cost.map(Money::to_decimal),
                "cac": spread.map(|it| {
                    [it.conversions.1, it.conversions.0]
                        .map(|conversions| cac(key.cost, conversions).map(Money::to_decimal))
                }),
                "roi": spread.map(|it| [it.value.0, it.value.1].map(|value| roi(key.cost, value))),
            })
        };
        json!({
            "as_of": self.as_of.to_string(),
            "conversion": self.conversion.name(),
            "by": self.by.name(),
            "from": self.from.map(|day| day.to_string()),
            "to": self.to.map(|day| day.to_string()),
            "lookback_days": self.lookback_days,
            "half_life_days": self.half_life_days,
            "models": self.parts.iter().map(part).collect::<Vec<_>>(),
            "keys": self.keys.iter().enumerate().map(key).collect::<Vec<_>>(),
            "journeys": self.journeys,
            "conversions": self.conversions,
            "value": self.value.to_decimal(),
            "untouched": {
                "conversions": self.untouched.conversions,
                "value": self.untouched.value.to_decimal(),
            },
            "without_value": self.without_value,
            "seconds": self.seconds,
        })
    }
}
