//! Expressions in the Common Expression Language, as far as all that are read here have in common:
//! its own parser, within bounds that keep it from going down too deep.
//!
//! What an expression may speak of, and what it comes to, is told where it is meant: conditions on
//! leads in [`crate::score::expression`], formulas of pay in [`crate::pay`].

use std::fmt;

use cel::common::ast::{IdedExpr, SourceInfo};
use cel::parser::Parser;

/// Bytes that an expression may have.
pub const SOURCE_BYTES_MAX: usize = 4 * 1024;
/// Parts that an expression may have: each name, value, operator and call is one.
pub const NODES_MAX: usize = 500;
/// Parts that may stand within one another.
const DEPTH_MAX: u16 = 64;
/// Brackets that may stand within one another: the parser needs up to 130 KiB of stack for each.
pub const BRACKETS_MAX: usize = 8;
/// Marks and `in`s that may follow one another without an `&&` or `||`: the parser goes down one
/// step for each.
pub const CHAIN_MAX: usize = 32;

/// Whether `yes ? this : that` may be said. Each choice may stand within the one before, and so
/// counts as a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choices {
    Allowed,
    None,
}

/// Why an expression will not do, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Characters from 1 on; `None` where it is about the whole.
    pub at: Option<u32>,
    pub why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(formatter, "at character {at}: {}", self.why),
            None => formatter.write_str(&self.why),
        }
    }
}

impl std::error::Error for Wrong {}

/// The tree of an expression, and where its parts stand.
///
/// # Errors
/// Where it is too long, too deep, or none.
pub fn parsed(source: &str, choices: Choices) -> Result<(IdedExpr, SourceInfo), Wrong> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Wrong { at: None, why: format!("it has more than {SOURCE_BYTES_MAX} bytes") });
    }
    shallow(source, choices)?;
    let parser = Parser::default().max_recursion_depth(DEPTH_MAX);
    parser.parse_with_source_info(source).map_err(|errors| {
        let first = errors.errors.first();
        let at = first.and_then(|error| u32::try_from(error.pos.1).ok());
        let why = first.map_or("it cannot be read", |error| error.msg.as_str());
        Wrong { at, why: why.to_owned() }
    })
}

/// Refuses what the parser would go down too deep for, before it sees it: brackets within brackets,
/// and whatever could hide them.
fn shallow(source: &str, choices: Choices) -> Result<(), Wrong> {
    let wrong = |place: usize, why: String| {
        Err(Wrong { at: u32::try_from(source[..place].chars().count() + 1).ok(), why })
    };
    let (mut quote, mut open, mut chain, mut chosen) = (None, Vec::new(), 0_usize, 0_usize);
    for (place, mark) in source.char_indices() {
        let rest = &source[place..];
        match (quote, mark) {
            (_, '\\') => return wrong(place, "a backslash cannot stand here".to_owned()),
            (None, _) if ["\"\"\"", "\'\'\'", "//"].iter().any(|it| rest.starts_with(it)) => {
                let why = "write texts in single or double marks, and no comments";
                return wrong(place, why.to_owned());
            }
            (None, '?') if choices == Choices::None => {
                return wrong(place, "`?` is not for conditions".to_owned());
            }
            (None, '?') => (chain, chosen) = (0, chosen + 1),
            (None, '"' | '\'') => quote = Some(mark),
            (Some(begun), mark) if begun == mark => quote = None,
            (Some(_), '\n' | '\r') => {
                return wrong(place, "a text ends on the line on which it begins".to_owned());
            }
            (None, '(' | '[' | '{') => open.push((mark, std::mem::take(&mut chain))),
            (None, ')' | ']' | '}') => {
                let (begun, before) = open.pop().unwrap_or((' ', 0));
                chain = before;
                if !["()", "[]", "{}"].contains(&format!("{begun}{mark}").as_str()) {
                    return wrong(place, format!("nothing is open that `{mark}` closes"));
                }
            }
            (None, '&' | '|') => chain = 0,
            (None, _) if ".+-*/%<>=!".contains(mark) || is_in(source, place) => chain += 1,
            _ => {}
        }
        if open.len() + chosen > BRACKETS_MAX {
            let what = if chosen > 0 { "brackets and choices" } else { "brackets" };
            return wrong(place, format!("more than {BRACKETS_MAX} {what} within one another"));
        }
        if chain > CHAIN_MAX {
            return wrong(place, "too long a chain: join conditions by && or ||".to_owned());
        }
    }
    match (quote, open.last()) {
        (Some(mark), _) => wrong(source.len(), format!("a text is not ended: {mark} is missing")),
        (_, Some((mark, _))) => wrong(source.len(), format!("`{mark}` is never closed")),
        _ => Ok(()),
    }
}

/// Whether the word `in` begins at a place.
fn is_in(source: &str, place: usize) -> bool {
    let is_of_word = |mark: char| mark.is_alphanumeric() || mark == '_';
    let begins = !source[..place].ends_with(is_of_word);
    begins && source[place..].strip_prefix("in").is_some_and(|rest| !rest.starts_with(is_of_word))
}
