//! A period as it was closed: its figures as one text that never changes, and what differs when the
//! same figures are taken anew.
//!
//! The text is one figure a line, its columns apart by tabs, so that whoever has it can hash it
//! with any tool. Values are whole numbers: money in the minor unit, counts as they are, everything
//! else in millionths.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use jiff::Timestamp;

use crate::money::{Currency, parse_currency};
use crate::period::Period;
use crate::time::AsOf;

/// What the text begins with: the version of its layout.
const HEAD: &str = "baton period 1";
/// What stands where nothing is known.
const UNKNOWN: &str = "-";
/// How many parts a whole has in values that are no counts and no money.
const MILLION: f64 = 1_000_000.0;

/// What a figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The open pipeline at the period's end, by stage.
    Pipeline,
    /// Each open deal at the period's end.
    OpenDeal,
    /// Each deal that was won in the period.
    Won,
    /// The metrics of the catalogue.
    Metric,
    ChannelConversions,
    ChannelValue,
    CampaignConversions,
    CampaignValue,
    /// How both sides kept the agreement.
    Agreement,
    /// What was forecast on days of the period, and what came.
    Forecast,
    /// What people called for the whole, and what came.
    Call,
    /// Goals that the period belongs to.
    Goal,
    /// Saved plans of them.
    Plan,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Money,
    Share,
    Days,
    Number,
}

/// One frozen figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub section: Section,
    /// Such as a stage, a deal's id, a metric, a channel or a day.
    pub name: String,
    /// What of it, such as a model or a quantile; may be empty.
    pub part: String,
    pub unit: Unit,
    /// `None` where it is not known.
    pub value: Option<i64>,
}

/// All figures of a period as they stood at an as-of pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    pub period: Period,
    pub as_of: AsOf,
    pub currency: Currency,
    pub figures: Vec<Figure>,
}

/// A period that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodClose {
    pub period: Period,
    /// The text of its figures, and the SHA-256 of that in hexadecimal.
    pub figures: String,
    pub figures_sha256: String,
    /// What the figures rest on, a line each: a name, a blank, what it says.
    pub proof: String,
    /// The period that begins behind it.
    pub opens: Period,
}

/// A figure that is another when it is taken anew. `None` where there is no such figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub section: Section,
    pub name: String,
    pub part: String,
    pub unit: Unit,
    pub frozen: Option<i64>,
    pub now: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the figures of a closed period cannot be read: {text}")]
pub struct FrozenError {
    pub line: usize,
    pub text: String,
}

impl Section {
    pub const ALL: [Section; 13] = [
        Section::Pipeline,
        Section::OpenDeal,
        Section::Won,
        Section::Metric,
        Section::ChannelConversions,
        Section::ChannelValue,
        Section::CampaignConversions,
        Section::CampaignValue,
        Section::Agreement,
        Section::Forecast,
        Section::Call,
        Section::Goal,
        Section::Plan,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Section::Pipeline => "pipeline",
            Section::OpenDeal => "open_deal",
            Section::Won => "won_deal",
            Section::Metric => "metric",
            Section::ChannelConversions => "channel_conversions",
            Section::ChannelValue => "channel_value",
            Section::CampaignConversions => "campaign_conversions",
            Section::CampaignValue => "campaign_value",
            Section::Agreement => "agreement",
            Section::Forecast => "forecast",
            Section::Call => "call",
            Section::Goal => "goal",
            Section::Plan => "plan",
        }
    }

    fn named(name: &str) -> Option<Section> {
        Section::ALL.into_iter().find(|section| section.name() == name)
    }
}

impl fmt::Display for Section {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Unit {
    const ALL: [Unit; 5] = [Unit::Count, Unit::Money, Unit::Share, Unit::Days, Unit::Number];

    pub fn name(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Money => "money",
            Unit::Share => "share",
            Unit::Days => "days",
            Unit::Number => "number",
        }
    }

    /// A number as it is kept: rounded once, to the unit's smallest part.
    pub fn kept(self, number: f64) -> i64 {
        match self {
            Unit::Count | Unit::Money => number.round() as i64,
            Unit::Share | Unit::Days | Unit::Number => (number * MILLION).round() as i64,
        }
    }

    /// A kept value as a number.
    pub fn number(self, kept: i64) -> f64 {
        match self {
            Unit::Count | Unit::Money => kept as f64,
            Unit::Share | Unit::Days | Unit::Number => kept as f64 / MILLION,
        }
    }
}

impl Figure {
    pub fn new(
        section: Section,
        name: impl Into<String>,
        part: impl Into<String>,
        (unit, value): (Unit, Option<i64>),
    ) -> Figure {
        Figure { section, name: name.into(), part: part.into(), unit, value }
    }
}

impl Frozen {
    /// The text that is hashed and kept.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{HEAD}\nperiod\t{}\neffective_at\t{}\nknown_at\t{}\ncurrency\t{}\n",
            self.period,
            self.as_of.effective_at,
            self.as_of.known_at,
            self.currency.code(),
        );
        for Figure { section, name, part, unit, value } in &self.figures {
            let value = value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string());
            let (name, part) = (escaped(name), escaped(part));
            // Writing into a text cannot fail.
            let _ = writeln!(text, "{section}\t{name}\t{part}\t{}\t{value}", unit.name());
        }
        text
    }

    /// Reads what [`Frozen::text`] wrote.
    ///
    /// # Errors
    /// The first line that is not of it.
    pub fn parse(text: &str) -> Result<Frozen, FrozenError> {
        let lines: Vec<&str> = text.lines().collect();
        let wrong = |line: usize| FrozenError {
            line: line + 1,
            text: lines.get(line).copied().unwrap_or_default().to_owned(),
        };
        if lines.first() != Some(&HEAD) {
            return Err(wrong(0));
        }
        let said = |line: usize, name: &str| {
            let said = lines.get(line).and_then(|text| text.strip_prefix(name));
            said.and_then(|text| text.strip_prefix('\t')).ok_or_else(|| wrong(line))
        };
        let instant = |line: usize, name: &str| {
            said(line, name)?.parse::<Timestamp>().map_err(|_| wrong(line))
        };
        let figure = |(line, text): (usize, &&str)| read(text).ok_or_else(|| wrong(line));
        Ok(Frozen {
            period: said(1, "period")?.parse().map_err(|_| wrong(1))?,
            as_of: AsOf {
                effective_at: instant(2, "effective_at")?,
                known_at: instant(3, "known_at")?,
            },
            currency: parse_currency(said(4, "currency")?).map_err(|_| wrong(4))?,
            figures: lines.iter().enumerate().skip(5).map(figure).collect::<Result<_, _>>()?,
        })
    }

    /// Where figures that were taken anew are others, in the order of these figures; what is new
    /// comes last.
    pub fn differences(&self, now: &Frozen) -> Vec<Difference> {
        type Key<'a> = (Section, &'a str, &'a str);
        let key = |figure: &'_ Figure| -> (Section, String, String) {
            (figure.section, figure.name.clone(), figure.part.clone())
        };
        let mut later: BTreeMap<_, &Figure> =
            now.figures.iter().map(|figure| (key(figure), figure)).collect();
        let difference = |(section, name, part): Key<'_>, unit, frozen, now| Difference {
            section,
            name: name.to_owned(),
            part: part.to_owned(),
            unit,
            frozen,
            now,
        };
        let mut all = Vec::new();
        for figure in &self.figures {
            let then = later.remove(&key(figure)).and_then(|then| then.value);
            if then != figure.value {
                let named = (figure.section, figure.name.as_str(), figure.part.as_str());
                all.push(difference(named, figure.unit, figure.value, then));
            }
        }
        let added = now.figures.iter().filter(|figure| later.contains_key(&key(figure)));
        all.extend(added.filter(|figure| figure.value.is_some()).map(|figure| {
            let named = (figure.section, figure.name.as_str(), figure.part.as_str());
            difference(named, figure.unit, None, figure.value)
        }));
        all
    }
}

impl Difference {
    /// How much more it is now; a figure that is not there counts as nothing.
    pub fn more(&self) -> i64 {
        self.now.unwrap_or(0).saturating_sub(self.frozen.unwrap_or(0))
    }
}

fn read(line: &str) -> Option<Figure> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [section, name, part, unit, value] = columns.as_slice() else { return None };
    Some(Figure {
        section: Section::named(section)?,
        name: unescaped(name)?,
        part: unescaped(part)?,
        unit: Unit::ALL.into_iter().find(|known| known.name() == *unit)?,
        value: match *value {
            UNKNOWN => None,
            value => Some(value.parse().ok()?),
        },
    })
}

/// A name without what would end a column or a line.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            letter => text.push(letter),
        }
    }
    text
}

fn unescaped(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        name.push(match letter {
            '\\' => match letters.next()? {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frozen(figures: Vec<Figure>) -> Frozen {
        let at = |text: &str| text.parse().expect("an instant");
        Frozen {
            period: "2026-Q1".parse().expect("a quarter"),
            as_of: AsOf {
                effective_at: at("2026-03-31T23:59:59.999999Z"),
                known_at: at("2026-04-07T09:00:00Z"),
            },
            currency: Currency::USD,
            figures,
        }
    }

    fn metric(name: &str, value: Option<i64>) -> Figure {
        Figure::new(Section::Metric, name, "", (Unit::Money, value))
    }

    #[test]
    fn a_text_is_read_as_it_was_written() {
        let names = ["revenue", "a\tb", "line\nbreak\r", "\\t is no tab", "", "Ünïcode"];
        let figures = names.iter().enumerate().map(|(place, name)| {
            let value = (place % 2 == 0).then_some(place as i64 - 3);
            Figure::new(Section::ALL[place], *name, names[5 - place], (Unit::Share, value))
        });
        let frozen = frozen(figures.collect());
        let text = frozen.text();
        assert_eq!(Frozen::parse(&text), Ok(frozen));
        assert_eq!(text.lines().count(), 5 + names.len());
        assert!(text.contains("\tline\\nbreak\\r\t"));
    }

    #[test]
    fn what_is_no_text_of_figures_is_refused_with_its_line() {
        let text = frozen(vec![metric("revenue", Some(5))]).text();
        for (from, to, line) in [
            (HEAD, "baton period 2", 1),
            ("2026-Q1", "2026-Q7", 2),
            ("USD", "nothing", 5),
            ("\t5\n", "\tfive\n", 6),
            ("metric\t", "metrics\t", 6),
            ("money", "gold", 6),
        ] {
            let broken = Frozen::parse(&text.replace(from, to));
            assert_eq!(broken.map_err(|error| error.line), Err(line), "{to}");
        }
    }

    #[test]
    fn differences_name_what_changed_what_is_gone_and_what_is_new() {
        let then = frozen(vec![
            metric("same", Some(1)),
            metric("more", Some(2)),
            metric("gone", Some(3)),
            metric("unknown", None),
        ]);
        let now = frozen(vec![
            metric("more", Some(7)),
            metric("same", Some(1)),
            metric("new", Some(4)),
            metric("new and unknown", None),
        ]);
        let told: Vec<(String, Option<i64>, Option<i64>, i64)> = then
            .differences(&now)
            .into_iter()
            .map(|it| (it.name.clone(), it.frozen, it.now, it.more()))
            .collect();
        let told: Vec<_> = told.iter().map(|it| (it.0.as_str(), it.1, it.2, it.3)).collect();
        assert_eq!(
            told,
            [("more", Some(2), Some(7), 5), ("gone", Some(3), None, -3), ("new", None, Some(4), 4)]
        );
        assert_eq!(then.differences(&then), []);
    }

    #[test]
    fn numbers_are_kept_to_the_smallest_part_of_their_unit() {
        assert_eq!(Unit::Money.kept(1_234.5), 1_235);
        assert_eq!(Unit::Share.kept(0.123_456_74), 123_457);
        assert_eq!(Unit::Share.number(123_457), 0.123_457);
        assert_eq!(Unit::Count.number(Unit::Count.kept(-4.0)), -4.0);
    }
}
