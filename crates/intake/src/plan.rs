//! From cells to a typed row: the mapping, compiled for one file's headers.

use std::collections::BTreeMap;

use domain::key::canonical;
use domain::kind::{Field, Holds, Kind};
use domain::money::{Money, parse_currency};
use domain::stage::{Outcome, outcome_by_name};
use domain::value::Value;
use jiff::Timestamp;

use crate::Assumptions;
use crate::dates::{self, DateOrder, Moment};
use crate::headers;
use crate::limits::ID_BYTES_MAX;
use crate::mapping::{ColumnFormat, Mapping, RatioForm, Target, Unit};
use crate::numbers::{self, Decimal};
use crate::reader::{Cell, Row};
use crate::refusal::Reason;
use crate::source::Record;

/// Why a row is refused, and the column at fault.
#[derive(Debug)]
pub struct CellFault {
    pub column: Option<String>,
    pub value: String,
    pub reason: Reason,
}

pub struct Plan {
    pub kind: Kind,
    mapping: Mapping,
    assumptions: Assumptions,
    columns: Vec<Column>,
    constants: Vec<Column>,
    id: Option<Target>,
}

/// A column of the file, or a constant.
#[derive(Clone, Debug)]
struct Column {
    header: String,
    index: usize,
    constant: Option<String>,
    target: Target,
    format: ColumnFormat,
}

/// What a row says about all of its cells.
struct Context<'a> {
    stage: Option<&'a str>,
    outcome: Option<Outcome>,
    currency: domain::money::Currency,
}

impl Plan {
    pub fn new(headers: &[String], mapping: &Mapping, assumptions: &Assumptions) -> Plan {
        let place = |header: &str| headers.iter().position(|other| other == header);
        let columns = mapping.columns.iter().filter_map(|(header, target)| {
            let index = place(header)?;
            let format = format_of(mapping, header);
            Some(Column { header: header.clone(), index, constant: None, target: *target, format })
        });
        let constants = mapping.constants.iter().map(|(target, value)| Column {
            header: target.to_string(),
            index: usize::MAX,
            constant: Some(value.clone()),
            target: *target,
            format: format_of(mapping, &target.to_string()),
        });
        Plan {
            kind: mapping.kind,
            mapping: mapping.clone(),
            assumptions: assumptions.clone(),
            columns: columns.collect(),
            constants: constants.collect(),
            id: id_target(mapping),
        }
    }

    /// The typed row; `None` for a row of a history that tells a property without a field.
    pub fn row(&self, record: &Record) -> Result<Option<Row>, CellFault> {
        if let Some(reason) = record.fault.clone() {
            let value = record.get(0).to_owned();
            return Err(CellFault { column: None, value, reason });
        }
        let context = self.context(record)?;
        let row = Row { line: record.line, ..Row::default() };
        let mut draft = Draft { row, names: Names::default(), context: &context };
        for column in self.columns.iter().chain(&self.constants) {
            let text = column.text(record);
            self.place(column, text, record.is_typed(column.index), &mut draft)
                .map_err(|reason| column.fault(text, reason))?;
        }
        if let Some(property) = self.text_of(Target::Property, record) {
            let Some(target) = self.property(property) else { return Ok(None) };
            self.place_property(target, record, &mut draft)?;
        }
        let mut row = draft.finish(self.kind);
        self.derive_stage(&context, &mut row);
        row.id = self.id(record)?;
        if self.kind.subject() != self.kind && row.changed_at.is_none() {
            return Err(self.missing(Target::ChangedAt, Reason::MissingTime));
        }
        Ok(Some(row))
    }

    /// The stage and outcome that a row tells, for the preview.
    pub fn stage_of<'a>(&'a self, record: &'a Record) -> (Option<&'a str>, Option<Outcome>) {
        match self.context(record) {
            Ok(context) => (context.stage, context.outcome),
            Err(_) => (None, None),
        }
    }

    fn context<'a>(&'a self, record: &'a Record) -> Result<Context<'a>, CellFault> {
        let flag = |target| self.text_of(target, record).and_then(boolean);
        let told = match (flag(Target::IsWon), flag(Target::IsClosed)) {
            (Some(true), _) => Some(Outcome::Won),
            (_, Some(true)) => Some(Outcome::Lost),
            (Some(false), _) | (_, Some(false)) => Some(Outcome::Open),
            (None, None) => None,
        };
        let stage = self.stage_field().and_then(|target| self.text_of(target, record));
        let stage = stage.or_else(|| self.stage_by_flags(told));
        let by_name =
            stage.and_then(|stage| self.mapping.outcome(stage).or(outcome_by_name(stage)));
        let currency = match self.text_of(Target::Currency, record) {
            Some(code) => parse_currency(code)
                .map_err(|_| self.missing(Target::Currency, Reason::UnknownCurrency).with(code))?,
            None => self.assumptions.currency,
        };
        Ok(Context { stage, outcome: by_name.or(told), currency })
    }

    fn stage_field(&self) -> Option<Target> {
        Target::field(self.kind, "stage")
    }

    /// The stage of a row whose file has no stages, only whether it was won or closed.
    fn stage_by_flags(&self, told: Option<Outcome>) -> Option<&str> {
        if self.stage_field().is_some_and(|stage| self.mapping.has(stage)) {
            return None;
        }
        match told? {
            Outcome::Won if self.kind.subject() == Kind::Leads => Some("converted"),
            Outcome::Won => Some("won"),
            Outcome::Lost => Some("lost"),
            Outcome::Open => Some(self.mapping.entry_stage.as_deref().unwrap_or("open")),
        }
    }

    fn derive_stage(&self, context: &Context<'_>, row: &mut Row) {
        if let (Some(Target::Field(field)), Some(stage)) = (self.stage_field(), context.stage) {
            row.values.insert(field.name, Some(Cell::Value(Value::Text(stage.to_owned()))));
        }
    }

    fn text_of<'a>(&'a self, target: Target, record: &'a Record) -> Option<&'a str> {
        let column =
            self.columns.iter().chain(&self.constants).find(|column| column.target == target)?;
        Some(column.text(record)).filter(|text| !text.is_empty())
    }

    /// Writes one cell to where its target says.
    fn place(
        &self,
        column: &Column,
        text: &str,
        typed: bool,
        draft: &mut Draft<'_>,
    ) -> Result<(), Reason> {
        let format = column.reading_format(typed);
        let reading = Reading { plan: self, format, context: draft.context };
        let Draft { row, names, .. } = draft;
        match column.target {
            Target::Field(field) => {
                row.values.insert(field.name, reading.cell(field.holds, field, text)?);
            }
            Target::CloseDate => self.place_close_date(&reading, text, row)?,
            Target::ChangedAt => row.changed_at = reading.instant(text)?,
            Target::ModifiedAt => row.modified_at = reading.instant(text)?,
            Target::Related { reference, field } => {
                let value = match reading.cell(field.holds, field, text)? {
                    Some(Cell::Value(value)) => value,
                    Some(Cell::Key(key)) => Value::Text(key),
                    None => return Ok(()),
                };
                row.related.insert((reference.name, field.name), value);
            }
            Target::FirstName => names.push(None, 0, text),
            Target::LastName => names.push(None, 1, text),
            Target::RelatedFirstName(reference) => names.push(Some(reference.name), 0, text),
            Target::RelatedLastName(reference) => names.push(Some(reference.name), 1, text),
            Target::IsWon | Target::IsClosed => {
                reading.boolean(text)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A close date is the closing day of a closed row and a wish of an open one.
    fn place_close_date(
        &self,
        reading: &Reading<'_>,
        text: &str,
        row: &mut Row,
    ) -> Result<(), Reason> {
        let is_closed = matches!(reading.context.outcome, Some(Outcome::Won | Outcome::Lost));
        let name = if is_closed { "closed_at" } else { "expected_close_on" };
        let Some(field) = self.kind.field(name) else { return Ok(()) };
        let cell = reading.cell(field.holds, field, text)?;
        let told = row.values.get(field.name).is_some_and(Option::is_some);
        if !told {
            row.values.insert(field.name, cell);
        }
        Ok(())
    }

    /// The target of a property's name in a history.
    fn property(&self, name: &str) -> Option<Target> {
        let found = headers::targets(self.kind.subject(), &[name.to_owned()]);
        found.into_iter().next().flatten().filter(|target| *target != Target::Id)
    }

    fn place_property(
        &self,
        target: Target,
        record: &Record,
        draft: &mut Draft<'_>,
    ) -> Result<(), CellFault> {
        let values = self.columns.iter().find(|column| column.target == Target::PropertyValue);
        let Some(values) = values else { return Ok(()) };
        let text = values.text(record);
        let column = Column { target, ..values.clone() };
        self.place(&column, text, record.is_typed(values.index), draft)
            .map_err(|reason| values.fault(text, reason))
    }

    fn id(&self, record: &Record) -> Result<Option<String>, CellFault> {
        let Some(target) = self.id else { return Ok(None) };
        let Some(text) = self.text_of(target, record) else {
            return Err(self.missing(target, Reason::MissingId));
        };
        if text.len() > ID_BYTES_MAX {
            let reason = Reason::IdTooLong { max: ID_BYTES_MAX };
            return Err(self.missing(target, reason).with(text));
        }
        if is_scientific(text) {
            return Err(self.missing(target, Reason::IdInScientificNotation).with(text));
        }
        Ok(Some(canonical(text).to_owned()))
    }

    pub fn id_header(&self) -> Option<&str> {
        self.id.and_then(|target| self.mapping.header_of(target))
    }

    fn missing(&self, target: Target, reason: Reason) -> CellFault {
        let column = self.mapping.header_of(target).map(str::to_owned);
        CellFault { column, value: String::new(), reason }
    }
}

impl CellFault {
    fn with(mut self, value: &str) -> CellFault {
        value.clone_into(&mut self.value);
        self
    }
}

/// The target that serves as id: `id`, else what names a record by nature.
pub fn id_target(mapping: &Mapping) -> Option<Target> {
    let natural: &[&str] = match mapping.kind {
        Kind::People | Kind::Users => &["email", "name"],
        Kind::Accounts | Kind::Products | Kind::Teams | Kind::Campaigns => &["name"],
        Kind::Deals => &["name"],
        Kind::Leads => &["person.email"],
        _ => &[],
    };
    let names = ["id", "external_id"].iter().chain(natural);
    let mut targets = names.filter_map(|name| Target::parse(mapping.kind, name));
    targets.find(|target| mapping.has(*target))
}

fn format_of(mapping: &Mapping, header: &str) -> ColumnFormat {
    let own = mapping.formats.get(header).copied().unwrap_or_default();
    let says_percent = header.contains('%') || header.to_lowercase().contains("percent");
    ColumnFormat {
        decimal: own.decimal.or(mapping.decimal),
        date_order: own.date_order.or(mapping.date_order),
        ratio: own.ratio.or(says_percent.then_some(RatioForm::Percent)),
        unit: own.unit,
    }
}

impl Column {
    fn text<'a>(&'a self, record: &'a Record) -> &'a str {
        match &self.constant {
            Some(text) => text,
            None => record.get(self.index).trim(),
        }
    }

    fn fault(&self, text: &str, reason: Reason) -> CellFault {
        CellFault { column: Some(self.header.clone()), value: text.to_owned(), reason }
    }

    fn reading_format(&self, typed: bool) -> ColumnFormat {
        if typed || self.constant.is_some() {
            let date_order = Some(DateOrder::YearFirst);
            return ColumnFormat { decimal: Some(Decimal::Point), date_order, ..self.format };
        }
        self.format
    }
}

/// How one cell is read.
struct Reading<'a> {
    plan: &'a Plan,
    format: ColumnFormat,
    context: &'a Context<'a>,
}

impl Reading<'_> {
    fn cell(&self, holds: Holds, field: &Field, text: &str) -> Result<Option<Cell>, Reason> {
        let is_text = matches!(holds, Holds::Text | Holds::Stage);
        if text.is_empty() || text == "\\N" || !is_text && text.eq_ignore_ascii_case("null") {
            return Ok(None);
        }
        let value = match holds {
            Holds::Text | Holds::Stage => Value::Text(text.to_owned()),
            Holds::Reference(_) => return Ok(Some(Cell::Key(canonical(text).to_owned()))),
            Holds::Integer => Value::Integer(self.integer(text)?),
            Holds::Ratio => Value::Ratio(self.ratio(text)?),
            Holds::Money => Value::Money(self.money(field, text)?),
            Holds::Date => Value::Date(self.moment(text)?.day(&self.plan.assumptions.timezone)),
            Holds::Instant => {
                Value::Instant(self.moment(text)?.instant(&self.plan.assumptions.timezone))
            }
            Holds::Boolean => match self.boolean(text)? {
                Some(truth) => Value::Boolean(truth),
                None => return Ok(None),
            },
        };
        Ok(Some(Cell::Value(value)))
    }

    fn moment(&self, text: &str) -> Result<Moment, Reason> {
        Ok(dates::read(text, self.format.date_order, self.plan.assumptions.now)?)
    }

    fn instant(&self, text: &str) -> Result<Option<Timestamp>, Reason> {
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.moment(text)?.instant(&self.plan.assumptions.timezone)))
    }

    fn boolean(&self, text: &str) -> Result<Option<bool>, Reason> {
        if text.is_empty() {
            return Ok(None);
        }
        boolean(text).map(Some).ok_or(Reason::NotABoolean)
    }

    fn integer(&self, text: &str) -> Result<i64, Reason> {
        let number = numbers::dissect(text);
        let plain = numbers::plain(number.digits, self.format.decimal)?;
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        if fraction.bytes().any(|byte| byte != b'0') || number.percent {
            return Err(Reason::NotWhole);
        }
        let size: i64 = whole.parse().map_err(|_| Reason::NotANumber)?;
        Ok(if number.negative { -size } else { size })
    }

    /// `25 %` is a quarter; so is 0.25, and 25 in a column of percents. Where the column's form is
    /// not known, what is above 1 is taken as percent.
    fn ratio(&self, text: &str) -> Result<i64, Reason> {
        let number = numbers::dissect(text);
        let plain = numbers::plain(number.digits, self.format.decimal)?;
        let as_fraction = numbers::scaled(&plain, 6).ok_or(Reason::RatioOutOfRange)?;
        let is_percent = match self.format.ratio {
            _ if number.percent => true,
            Some(form) => form == RatioForm::Percent,
            None => as_fraction > ONE_PPM,
        };
        let ratio = if is_percent { numbers::scaled(&plain, 4) } else { Some(as_fraction) };
        match ratio {
            Some(ratio) if ratio <= ONE_PPM && (!number.negative || ratio == 0) => Ok(ratio),
            _ => Err(Reason::RatioOutOfRange),
        }
    }

    fn money(&self, field: &Field, text: &str) -> Result<Money, Reason> {
        let number = numbers::dissect(text);
        let plain = numbers::plain(number.digits, self.format.decimal)?;
        let currency = match number.currency {
            None | Some("$" | "¥") => self.context.currency,
            Some("€") => domain::money::Currency::EUR,
            Some("£") => domain::money::Currency::GBP,
            Some(code) => parse_currency(code).map_err(|_| Reason::UnknownCurrency)?,
        };
        let shift = match self.format.unit {
            None | Some(Unit::Ones) => 0,
            Some(Unit::Thousands) => 3,
            Some(Unit::Millions) => 6,
        };
        let mut money = Money::parse(&numbers::shifted(&plain, shift), currency).map_err(amount)?;
        if number.negative && money.minor != 0 {
            if field.name != "annual_revenue" {
                return Err(Reason::NegativeAmount);
            }
            money.minor = -money.minor;
        }
        Ok(money)
    }
}

const ONE_PPM: i64 = 1_000_000;

fn amount(error: domain::money::MoneyError) -> Reason {
    match error {
        domain::money::MoneyError::TooLarge(_) => Reason::AbsurdAmount,
        other => Reason::BadAmount(other.to_string()),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "t" | "1" | "1.0" | "ja" | "oui" | "si" => Some(true),
        "false" | "no" | "n" | "f" | "0" | "0.0" | "nein" | "non" => Some(false),
        _ => None,
    }
}

/// Whether an id looks like `1.23457E+14`: what a spreadsheet leaves of a long number.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    mantissa.split_once('.').is_some_and(|(whole, fraction)| digits(whole) && digits(fraction))
        && exponent.strip_prefix('+').is_some_and(digits)
}

/// A row in the making.
struct Draft<'a> {
    row: Row,
    names: Names,
    context: &'a Context<'a>,
}

impl Draft<'_> {
    fn finish(mut self, kind: Kind) -> Row {
        self.names.write(kind, &mut self.row);
        self.row
    }
}

/// First and last names of the record (`None`) and of those that it refers to.
#[derive(Default)]
struct Names {
    parts: BTreeMap<Option<&'static str>, [String; 2]>,
}

impl Names {
    fn push(&mut self, reference: Option<&'static str>, place: usize, text: &str) {
        text.clone_into(&mut self.parts.entry(reference).or_default()[place]);
    }

    /// Joins them where the row has no whole name.
    fn write(self, kind: Kind, row: &mut Row) {
        for (reference, parts) in self.parts {
            let name = parts.join(" ").trim().to_owned();
            let whole = (!name.is_empty()).then_some(Value::Text(name));
            match (reference, kind.field("name"), whole) {
                (None, Some(field), whole) => {
                    let told = row.values.get(field.name).is_some_and(Option::is_some);
                    if !told {
                        row.values.insert(field.name, whole.map(Cell::Value));
                    }
                }
                (Some(reference), _, Some(whole)) => {
                    row.related.entry((reference, "name")).or_insert(whole);
                }
                _ => {}
            }
        }
    }
}
