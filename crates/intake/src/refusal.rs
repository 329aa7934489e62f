//! Refusals: of a whole file (`Refusal`) and of one row (`Reject`, with its `Reason`).

use std::path::PathBuf;

use crate::dates::DateFault;
use crate::limits::VALUE_CHARS_SHOWN;
use crate::mapping::MappingError;
use crate::numbers::NumberFault;

/// Why a file is not read at all.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{0} is empty: export it again")]
    Empty(PathBuf),
    #[error(
        "the first row of {path} ({first_cells}) looks like data, not like headers: add a row of \
         headers"
    )]
    NoHeader { path: PathBuf, first_cells: String },
    #[error("{path} has {found} columns, more than {max}: export the columns that matter")]
    TooManyColumns { path: PathBuf, found: usize, max: usize },
    #[error("the header of {0} cannot be read: its first row is broken or too long")]
    BrokenHeader(PathBuf),
    #[error(
        "{path} has no column for `{target}` of {kind}; its headers are {headers}. Name one in a \
         mapping file: [columns] \"Header\" = \"{target}\""
    )]
    MissingTarget { path: PathBuf, kind: &'static str, target: &'static str, headers: String },
    #[error("the mapping is for {mapping}, but {asked} were asked for")]
    OtherKind { mapping: &'static str, asked: &'static str },
    #[error("the sheet `{sheet}` is not in {path}; it has {sheets}")]
    NoSuchSheet { path: PathBuf, sheet: String, sheets: String },
    #[error("{path} is damaged or not of its kind: {detail}")]
    Damaged { path: PathBuf, detail: String },
    #[error("{0} is a workbook of the old binary format: save it as .xlsx or as CSV")]
    OldWorkbook(PathBuf),
    #[error("{0} holds a web page, not a table: export it as CSV, or save it as .xlsx")]
    WebPage(PathBuf),
    #[error("{path} unpacks to more than {max} bytes in `{part}`: split it")]
    TooLarge { path: PathBuf, part: String, max: u64 },
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// Why a row is refused. `name` is stable: it is what programs and people may rely on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("the row has {found} cells where the header has {expected}")]
    RaggedRow { found: usize, expected: usize },
    #[error("the whole row is quoted into one cell: remove the outer quotes")]
    RowInOneCell,
    #[error("a quote inside a quoted cell is not doubled, or one is left open")]
    StrayQuote,
    #[error("a quote is opened and never closed")]
    UnclosedQuote,
    #[error("the row holds a NUL byte: it is damaged")]
    NulByte,
    #[error("the row is not valid UTF-8 text")]
    UndecodableText,
    #[error("a cell is longer than {max} bytes")]
    CellTooLong { max: usize },
    #[error("the row is longer than {max} bytes")]
    RowTooLong { max: usize },
    #[error("the row has no id")]
    MissingId,
    #[error("the id is longer than {max} bytes")]
    IdTooLong { max: usize },
    #[error("the id was rounded by a spreadsheet: export it as text")]
    IdInScientificNotation,
    #[error("the id stands in an earlier row of the same file")]
    DuplicateId,
    #[error("the row has no time of the change")]
    MissingTime,
    #[error("the touch names nobody: no person id, no e-mail, no anonymous id")]
    MissingPerson,
    #[error("it is not a date: write 2017-03-31")]
    NotADate,
    #[error("the year has two digits: write four")]
    TwoDigitYear,
    #[error("there is no such day or time")]
    NoSuchDay,
    #[error("day and month contradict the order of the column's other dates")]
    DateContradictsOrder,
    #[error("day and month may be read either way: state `date_order` in the mapping")]
    DateOrderUnknown,
    #[error("the date is before 1900 or more than 50 years ahead")]
    DateOutOfRange,
    #[error("it is not a number")]
    NotANumber,
    #[error("the number contradicts the decimal mark of the column's other numbers")]
    NumberContradictsDecimal,
    #[error("the mark may be a decimal or group mark: state `decimal` in the mapping")]
    DecimalUnknown,
    #[error("it is not a whole number")]
    NotWhole,
    #[error("the share is below 0 % or above 100 %")]
    RatioOutOfRange,
    #[error("{0}")]
    BadAmount(String),
    #[error("the amount is negative")]
    NegativeAmount,
    #[error("the amount is beyond one trillion")]
    AbsurdAmount,
    #[error("it is not a currency code such as USD")]
    UnknownCurrency,
    #[error("it is neither yes nor no: write true or false")]
    NotABoolean,
}

impl Reason {
    pub fn name(&self) -> &'static str {
        match self {
            Reason::RaggedRow { .. } => "ragged_row",
            Reason::RowInOneCell => "row_in_one_cell",
            Reason::StrayQuote => "stray_quote",
            Reason::UnclosedQuote => "unclosed_quote",
            Reason::NulByte => "nul_byte",
            Reason::UndecodableText => "undecodable_text",
            Reason::CellTooLong { .. } => "cell_too_long",
            Reason::RowTooLong { .. } => "row_too_long",
            Reason::MissingId => "missing_id",
            Reason::IdTooLong { .. } => "id_too_long",
            Reason::IdInScientificNotation => "id_in_scientific_notation",
            Reason::DuplicateId => "duplicate_id",
            Reason::MissingTime => "missing_time",
            Reason::MissingPerson => "missing_person",
            Reason::NotADate => "not_a_date",
            Reason::TwoDigitYear => "two_digit_year",
            Reason::NoSuchDay => "no_such_day",
            Reason::DateContradictsOrder => "date_contradicts_order",
            Reason::DateOrderUnknown => "date_order_unknown",
            Reason::DateOutOfRange => "date_out_of_range",
            Reason::NotANumber => "not_a_number",
            Reason::NumberContradictsDecimal => "number_contradicts_decimal",
            Reason::DecimalUnknown => "decimal_unknown",
            Reason::NotWhole => "not_whole",
            Reason::RatioOutOfRange => "ratio_out_of_range",
            Reason::BadAmount(_) => "bad_amount",
            Reason::NegativeAmount => "negative_amount",
            Reason::AbsurdAmount => "absurd_amount",
            Reason::UnknownCurrency => "unknown_currency",
            Reason::NotABoolean => "not_a_boolean",
        }
    }
}

impl From<DateFault> for Reason {
    fn from(fault: DateFault) -> Reason {
        match fault {
            DateFault::NotADate => Reason::NotADate,
            DateFault::TwoDigitYear => Reason::TwoDigitYear,
            DateFault::NoSuchDay => Reason::NoSuchDay,
            DateFault::ContradictsOrder => Reason::DateContradictsOrder,
            DateFault::OrderUnknown => Reason::DateOrderUnknown,
            DateFault::OutOfRange => Reason::DateOutOfRange,
        }
    }
}

impl From<NumberFault> for Reason {
    fn from(fault: NumberFault) -> Reason {
        match fault {
            NumberFault::NotANumber => Reason::NotANumber,
            NumberFault::ContradictsDecimal => Reason::NumberContradictsDecimal,
            NumberFault::DecimalUnknown => Reason::DecimalUnknown,
        }
    }
}

/// One refused row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The physical line, from 1, on which the row begins; in a workbook its row.
    pub line: u64,
    /// The header of the column at fault, where one is.
    pub column: Option<String>,
    /// The value at fault, shortened.
    pub value: String,
    pub reason: Reason,
    /// The cells of the row as far as they could be told apart, shortened.
    pub row: Vec<String>,
}

/// The beginning of a text, in characters that can be shown.
pub fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(VALUE_CHARS_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
