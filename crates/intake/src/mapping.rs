//! The mapping: which column is which field, and what the file does not say about itself.
//!
//! It is the one thing that a person may correct, and it is kept as TOML:
//!
//! ```toml
//! kind = "deals"
//! delimiter = ";"             # , ; | "\t" or "whitespace"
//! encoding = "utf-8"          # utf-8, utf-16le, utf-16be or windows-1252
//! decimal = "comma"           # point or comma
//! date_order = "day-first"    # day-first, month-first or year-first
//! sheet = "Deals"             # of a workbook
//! entry_stage = "inquiry"     # where a record begins when its file does not tell
//! ignored = ["Notes"]
//!
//! [columns]                   # header = what it is
//! "Record ID" = "id"
//! "Deal Stage" = "stage"
//! "Associated Contact" = "lead"
//!
//! [constants]                 # what every row has
//! type = "new"
//!
//! [formats."Close Date"]      # where one column differs from the file
//! date_order = "month-first"
//!
//! [formats."Discount"]
//! ratio = "percent"           # percent (25 is a quarter) or fraction (0.25 is)
//! unit = "thousands"          # of amounts: ones, thousands or millions
//!
//! [[stages]]                  # in order
//! name = "Won"
//! outcome = "won"             # open, won or lost
//! ```
//!
//! A column's target is a field of the kind; `id`; `changed_at` (changes); `modified_at`;
//! `close_date` (the closing day of a closed deal, the expected one of an open deal); `currency`;
//! `is_won` and `is_closed`, which tell how stages end; `property` and `property_value` (histories
//! with a row per changed field); `first_name` and `last_name`, which are joined; or a field of a
//! record that the row refers to, such as `person.email` or `account.name`. Touches have
//! `touch_id`, `person_key`, `email`, `anonymous_id` and `account` besides.

use std::collections::BTreeMap;
use std::fmt;

use domain::kind::{Field, Holds, Kind};
use domain::stage::{Outcome, Stage};
use serde::{Deserialize, Serialize};

use crate::dates::DateOrder;
use crate::encoding::Encoding;
use crate::numbers::Decimal;
use crate::rows::Delimiter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub kind: Kind,
    pub delimiter: Option<Delimiter>,
    pub encoding: Option<Encoding>,
    pub decimal: Option<Decimal>,
    pub date_order: Option<DateOrder>,
    pub sheet: Option<String>,
    /// Headers and their targets, in the order of the file.
    pub columns: Vec<(String, Target)>,
    /// Headers that are left out on purpose.
    pub ignored: Vec<String>,
    pub constants: Vec<(Target, String)>,
    /// Headers whose column differs from what is said of the file.
    pub formats: BTreeMap<String, ColumnFormat>,
    pub stages: Vec<Stage>,
    pub entry_stage: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnFormat {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_order: Option<DateOrder>,
    /// Whether a share of 25 % is written 25 or 0.25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<RatioForm>,
    /// What an amount of 1 stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RatioForm {
    Percent,
    Fraction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Ones,
    Thousands,
    Millions,
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Id,
    ChangedAt,
    ModifiedAt,
    CloseDate,
    Currency,
    IsWon,
    IsClosed,
    Property,
    PropertyValue,
    FirstName,
    LastName,
    Field(&'static Field),
    /// A field of the record to which a reference of the row leads.
    Related {
        reference: &'static Field,
        field: &'static Field,
    },
    RelatedFirstName(&'static Field),
    RelatedLastName(&'static Field),
    TouchId,
    PersonKey,
    Email,
    AnonymousId,
    Account,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    #[error("the mapping file is not valid: {0}")]
    NotToml(String),
    #[error("in the mapping: {0}")]
    UnknownKind(#[from] domain::kind::UnknownKind),
    #[error("in the mapping, `{header}` = `{target}`: {kind} have {known}")]
    UnknownTarget { header: String, target: String, kind: &'static str, known: String },
    #[error("in the mapping, `{target}` stands for two columns, `{first}` and `{second}`")]
    TargetTwice { target: String, first: String, second: String },
    #[error("in the mapping, the delimiter `{0}` is none of , ; | tab or whitespace")]
    UnknownDelimiter(String),
    #[error("in the mapping, the stage `{stage}` ends as `{outcome}`: write open, won or lost")]
    UnknownOutcome { stage: String, outcome: String },
}

impl Mapping {
    pub fn new(kind: Kind) -> Mapping {
        Mapping {
            kind,
            delimiter: None,
            encoding: None,
            decimal: None,
            date_order: None,
            sheet: None,
            columns: Vec::new(),
            ignored: Vec::new(),
            constants: Vec::new(),
            formats: BTreeMap::new(),
            stages: Vec::new(),
            entry_stage: None,
        }
    }

    pub fn from_toml(text: &str) -> Result<Mapping, MappingError> {
        let file: MappingFile =
            toml::from_str(text).map_err(|error| MappingError::NotToml(error.to_string()))?;
        file.checked()
    }

    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(&MappingFile::of(self)).unwrap_or_default()
    }

    /// The column of a target.
    pub fn header_of(&self, target: Target) -> Option<&str> {
        self.columns.iter().find(|(_, other)| *other == target).map(|(header, _)| header.as_str())
    }

    /// Whether the target has a column or a constant.
    pub fn has(&self, target: Target) -> bool {
        self.header_of(target).is_some() || self.constants.iter().any(|(other, _)| *other == target)
    }

    pub fn outcome(&self, stage: &str) -> Option<Outcome> {
        let same = |known: &&Stage| known.name.eq_ignore_ascii_case(stage);
        self.stages.iter().find(same).map(|known| known.outcome)
    }
}

impl Target {
    /// Reads a target's name; `None` where the kind has no such target.
    pub fn parse(kind: Kind, name: &str) -> Option<Target> {
        let own = Target::own_names(kind).into_iter().find(|target| target.to_string() == name);
        own.or_else(|| {
            let (reference, part) = name.split_once('.')?;
            let reference = kind.field(reference)?;
            let Holds::Reference(other) = reference.holds else { return None };
            match part {
                "first_name" if other.is_person() => Some(Target::RelatedFirstName(reference)),
                "last_name" if other.is_person() => Some(Target::RelatedLastName(reference)),
                _ => other.field(part).map(|field| Target::Related { reference, field }),
            }
        })
    }

    /// The targets of a kind that are not fields of other records.
    pub fn own_names(kind: Kind) -> Vec<Target> {
        if kind == Kind::Touches {
            let special = [
                Target::TouchId,
                Target::PersonKey,
                Target::Email,
                Target::AnonymousId,
                Target::Account,
            ];
            return special.into_iter().chain(kind.fields().iter().map(Target::Field)).collect();
        }
        let mut targets = vec![Target::Id, Target::ModifiedAt, Target::Currency];
        if kind.is_person() {
            targets.extend([Target::FirstName, Target::LastName]);
        }
        if matches!(kind.subject(), Kind::Leads | Kind::Deals) {
            targets.extend([Target::IsWon, Target::IsClosed]);
        }
        if kind.subject() == Kind::Deals {
            targets.push(Target::CloseDate);
        }
        if kind.subject() != kind {
            targets.extend([Target::ChangedAt, Target::Property, Target::PropertyValue]);
        }
        targets.extend(kind.fields().iter().map(Target::Field));
        targets
    }

    pub fn field(kind: Kind, name: &str) -> Option<Target> {
        kind.field(name).map(Target::Field)
    }

    /// What the target's cells hold, where the target itself tells.
    pub fn holds(self) -> Option<Holds> {
        match self {
            Target::Field(field) | Target::Related { field, .. } => Some(field.holds),
            Target::ChangedAt | Target::ModifiedAt | Target::CloseDate => Some(Holds::Instant),
            Target::IsWon | Target::IsClosed => Some(Holds::Boolean),
            Target::PropertyValue => None,
            _ => Some(Holds::Text),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Target::Id => "id",
            Target::ChangedAt => "changed_at",
            Target::ModifiedAt => "modified_at",
            Target::CloseDate => "close_date",
            Target::Currency => "currency",
            Target::IsWon => "is_won",
            Target::IsClosed => "is_closed",
            Target::Property => "property",
            Target::PropertyValue => "property_value",
            Target::FirstName => "first_name",
            Target::LastName => "last_name",
            Target::Field(field) => field.name,
            Target::Related { reference, field } => {
                return write!(out, "{}.{}", reference.name, field.name);
            }
            Target::RelatedFirstName(reference) => {
                return write!(out, "{}.first_name", reference.name);
            }
            Target::RelatedLastName(reference) => {
                return write!(out, "{}.last_name", reference.name);
            }
            Target::TouchId => "touch_id",
            Target::PersonKey => "person_key",
            Target::Email => "email",
            Target::AnonymousId => "anonymous_id",
            Target::Account => "account",
        };
        out.write_str(name)
    }
}

/// The mapping as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_order: Option<DateOrder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_stage: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
    #[serde(default)]
    columns: toml::Table,
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    constants: toml::Table,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    formats: BTreeMap<String, ColumnFormat>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stages: Vec<StageEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageEntry {
    name: String,
    outcome: String,
}

impl MappingFile {
    fn of(mapping: &Mapping) -> MappingFile {
        let text = |text: &str| toml::Value::String(text.to_owned());
        let columns = mapping.columns.iter();
        let constants = mapping.constants.iter();
        let stages = mapping.stages.iter();
        MappingFile {
            kind: mapping.kind.name().to_owned(),
            delimiter: mapping.delimiter.map(delimiter_name),
            encoding: mapping.encoding,
            decimal: mapping.decimal,
            date_order: mapping.date_order,
            sheet: mapping.sheet.clone(),
            entry_stage: mapping.entry_stage.clone(),
            ignored: mapping.ignored.clone(),
            columns: columns.map(|(header, to)| (header.clone(), text(&to.to_string()))).collect(),
            constants: constants.map(|(target, value)| (target.to_string(), text(value))).collect(),
            formats: mapping.formats.clone(),
            stages: stages
                .map(|stage| StageEntry {
                    name: stage.name.clone(),
                    outcome: stage.outcome.name().to_owned(),
                })
                .collect(),
        }
    }

    fn checked(self) -> Result<Mapping, MappingError> {
        let kind: Kind = self.kind.parse()?;
        let mut columns: Vec<(String, Target)> = Vec::new();
        for (header, target) in &self.columns {
            let target = checked_target(kind, header, target)?;
            if let Some((first, _)) = columns.iter().find(|(_, other)| *other == target) {
                let (first, second) = (first.clone(), header.clone());
                return Err(MappingError::TargetTwice {
                    target: target.to_string(),
                    first,
                    second,
                });
            }
            columns.push((header.clone(), target));
        }
        let mut constants = Vec::new();
        for (name, value) in &self.constants {
            let target = checked_target(kind, name, &toml::Value::String(name.clone()))?;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            constants.push((target, text));
        }
        Ok(Mapping {
            kind,
            delimiter: self.delimiter.map(|name| checked_delimiter(&name)).transpose()?,
            encoding: self.encoding,
            decimal: self.decimal,
            date_order: self.date_order,
            sheet: self.sheet,
            columns,
            ignored: self.ignored,
            constants,
            formats: self.formats,
            stages: self.stages.into_iter().map(checked_stage).collect::<Result<_, _>>()?,
            entry_stage: self.entry_stage,
        })
    }
}

fn checked_target(kind: Kind, header: &str, name: &toml::Value) -> Result<Target, MappingError> {
    let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
    Target::parse(kind, &name).ok_or_else(|| {
        let names: Vec<String> = Target::own_names(kind).iter().map(Target::to_string).collect();
        MappingError::UnknownTarget {
            header: header.to_owned(),
            target: name,
            kind: kind.name(),
            known: names.join(", "),
        }
    })
}

fn checked_stage(entry: StageEntry) -> Result<Stage, MappingError> {
    match Outcome::parse(&entry.outcome) {
        Some(outcome) => Ok(Stage { name: entry.name, outcome }),
        None => Err(MappingError::UnknownOutcome { stage: entry.name, outcome: entry.outcome }),
    }
}

/// The delimiter's name in a mapping file.
pub fn delimiter_name(delimiter: Delimiter) -> String {
    match delimiter {
        Delimiter::Whitespace => "whitespace".to_owned(),
        Delimiter::Byte(byte) => char::from(byte).to_string(),
    }
}

fn checked_delimiter(name: &str) -> Result<Delimiter, MappingError> {
    match (name, name.as_bytes()) {
        ("whitespace", _) => Ok(Delimiter::Whitespace),
        ("tab", _) => Ok(Delimiter::Byte(b'\t')),
        (_, [byte @ (b',' | b';' | b'|' | b'\t' | b':')]) => Ok(Delimiter::Byte(*byte)),
        _ => Err(MappingError::UnknownDelimiter(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
        kind = "deals"
        delimiter = ";"
        encoding = "windows-1252"
        decimal = "comma"
        date_order = "day-first"
        sheet = "Deals"
        entry_stage = "New"
        ignored = ["Notes"]
        [columns]
        "Record ID" = "id"
        "Stage" = "stage"
        "Contact" = "lead.person"
        "Company" = "account.name"
        "Close Date" = "close_date"
        [constants]
        type = "new"
        [formats."Close Date"]
        date_order = "month-first"
        [[stages]]
        name = "Won"
        outcome = "won"
    "#;

    #[test]
    fn a_mapping_reads_back_from_what_it_writes() {
        let mapping = Mapping::from_toml(FULL).unwrap();
        assert_eq!(Mapping::from_toml(&mapping.to_toml()).unwrap(), mapping);
        assert_eq!(mapping.columns[0], ("Record ID".to_owned(), Target::Id));
        for kind in Kind::ALL {
            let empty = Mapping::new(kind);
            assert_eq!(Mapping::from_toml(&empty.to_toml()).unwrap(), empty);
            for target in Target::own_names(kind) {
                assert_eq!(Target::parse(kind, &target.to_string()), Some(target), "{kind}");
            }
        }
    }

    #[track_caller]
    fn check(text: &str, part: &str) {
        let message = Mapping::from_toml(text).expect_err("is refused").to_string();
        assert!(message.contains(part), "{message} lacks {part}");
    }

    #[test]
    fn what_is_wrong_with_a_mapping_is_named() {
        check("kind = \"deals\"\nseparator = \";\"", "separator");
        check("kind = \"opportunity\"", "opportunity");
        check("kind = \"deals\"\n[columns]\nA = \"colour\"", "expected_close_on");
        check("kind = \"deals\"\n[columns]\nA = \"amount\"\nB = \"amount\"", "two columns");
        check("kind = \"deals\"\ndelimiter = \"x\"", "delimiter");
        check(
            "kind = \"deals\"\n[[stages]]\nname = \"A\"\noutcome = \"maybe\"",
            "open, won or lost",
        );
        check("kind = \"deals\"\ndecimal = \"dot\"", "decimal");
    }
}
