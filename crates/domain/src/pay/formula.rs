//! What a measure pays as a formula in CEL over the credit of a period, exact to the end.
//!
//! The expression is parsed by the library of CEL, and evaluated here in whole fractions: CEL's own
//! numbers with a point are binary, and 0.1 is none of them. A formula is checked when its plan is
//! made: its size, its names, that money is neither multiplied by money nor added to a plain number
//! that is none, and that nothing is divided by what may be zero. So it can only fail where amounts
//! are beyond exact arithmetic.

use std::fmt;
use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::exact::{Overflow, Rate, Rounding};
use crate::expression::{self, Choices, NODES_MAX, Wrong};
use crate::money::{Currency, Money, decimals};

/// A checked formula.
#[derive(Clone)]
pub struct Formula {
    source: Arc<str>,
    currency: Currency,
    root: Arc<Node>,
}

/// What a formula is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// In minor units, or a count.
    pub credit: i64,
    pub quota: i64,
    /// The variable pay at target, in minor units.
    pub target: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    #[error("it has more than {NODES_MAX} parts: make it simpler")]
    TooLarge,
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] Wrong),
    #[error(
        "it has the number {0} with a point, which is never exact: write rate(\"12.5 %\") or \
         money(\"0.50\")"
    )]
    Point(String),
    #[error("`{0}` is no name that it knows: credit, quota, attainment, target")]
    UnknownName(String),
    #[error(
        "`{0}` is nothing that it can do: + - * / ?: && || ! comparisons, min, max, rate, money"
    )]
    UnknownFunction(String),
    #[error("{function} takes {takes}")]
    Arguments { function: String, takes: &'static str },
    #[error("`{operator}` does not go with {left} and {right}")]
    Kinds { operator: String, left: Kind, right: Kind },
    #[error("what is divided by may be zero: divide by quota, or by a number")]
    MayBeZero,
    #[error("it comes to {0}, and must come to an amount of money")]
    NoAmount(Kind),
}

/// What a part of a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Money,
    /// A count, a share, a factor.
    Plain,
    /// A whole number as it is written: an amount or a factor, as it is used.
    Written,
    Truth,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Kind::Money => "an amount",
            Kind::Plain => "a plain number",
            Kind::Written => "a written number",
            Kind::Truth => "a yes or no",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Credit,
    Quota,
    Attainment,
    Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
    And,
    Or,
}

#[derive(Clone, Debug)]
enum Node {
    Number(Fraction),
    Truth(bool),
    Name(Name),
    Negate(Box<Node>),
    Not(Box<Node>),
    Of(Operator, Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Least(Vec<Node>),
    Most(Vec<Node>),
}

impl Formula {
    /// Reads and checks a formula; `is_money` says whether credit and quota are amounts.
    ///
    /// # Errors
    /// Says what is wrong with it, and what to write instead.
    pub fn new(source: &str, currency: Currency, is_money: bool) -> Result<Formula, FormulaError> {
        let (parsed, _) = expression::parsed(source, Choices::Allowed)?;
        let mut reader = Reader { currency, is_money, nodes: 0 };
        let (root, kind) = reader.node(&parsed)?;
        match kind {
            Kind::Money | Kind::Written => {
                Ok(Formula { source: source.into(), currency, root: Arc::new(root) })
            }
            other => Err(FormulaError::NoAmount(other)),
        }
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it comes to in minor units, rounded once; below zero it is nothing.
    ///
    /// # Errors
    /// When a fraction on the way is beyond exact arithmetic.
    pub fn pays(&self, asked: Asked, is_money: bool, by: Rounding) -> Result<i64, Overflow> {
        let unit = minor_units(self.currency);
        let whole = |minor: i64| Fraction::new(i128::from(minor), unit);
        let (credit, quota) = match is_money {
            true => (whole(asked.credit)?, whole(asked.quota)?),
            false => (Fraction::of(asked.credit), Fraction::of(asked.quota)),
        };
        let known = Known { credit, quota, target: whole(asked.target)? };
        let found = self.root.number(&known)?;
        let minor = found.times(Fraction { over: 1, number: unit })?;
        Ok(by.divide(minor.number, minor.over)?.max(0))
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Formula({:?})", self.source)
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Formula) -> bool {
        (&self.source, self.currency) == (&other.source, other.currency)
    }
}

impl Eq for Formula {}

fn minor_units(currency: Currency) -> i128 {
    10_i128.pow(decimals(currency))
}

/// Reads the tree of CEL into one of its own, and finds the kind of each part.
struct Reader {
    currency: Currency,
    is_money: bool,
    nodes: usize,
}

type Read = Result<(Node, Kind), FormulaError>;

impl Reader {
    fn node(&mut self, expression: &IdedExpr) -> Read {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(FormulaError::TooLarge);
        }
        match &expression.expr {
            Expr::Literal(literal) => Reader::literal(literal),
            Expr::Ident(name) => self.name(name),
            Expr::Call(call) if call.target.is_none() => self.call(call),
            Expr::Call(call) => Err(FormulaError::UnknownFunction(call.func_name.clone())),
            Expr::Select(select) => Err(FormulaError::UnknownName(select.field.clone())),
            Expr::List(_) => Err(FormulaError::UnknownFunction("[ ]".to_owned())),
            Expr::Map(_) | Expr::Struct(_) => Err(FormulaError::UnknownFunction("{ }".to_owned())),
            Expr::Comprehension(_) => Err(FormulaError::UnknownFunction("a loop".to_owned())),
            Expr::Unspecified => Err(Wrong { at: None, why: "it is empty".to_owned() }.into()),
        }
    }

    fn literal(literal: &LiteralValue) -> Read {
        let other = |what: &str| Err(FormulaError::UnknownFunction(what.to_owned()));
        match literal {
            LiteralValue::Int(number) => {
                Ok((Node::Number(Fraction::of(*number.inner())), Kind::Written))
            }
            LiteralValue::UInt(number) => {
                let number = i128::from(*number.inner());
                Ok((Node::Number(Fraction { number, over: 1 }), Kind::Written))
            }
            LiteralValue::Boolean(truth) => Ok((Node::Truth(*truth.inner()), Kind::Truth)),
            LiteralValue::Double(number) => Err(FormulaError::Point(number.inner().to_string())),
            LiteralValue::String(text) => other(&format!("\"{}\"", text.inner())),
            LiteralValue::Bytes(_) => other("bytes"),
            LiteralValue::Null => other("null"),
        }
    }

    fn name(&self, name: &str) -> Read {
        let counted = if self.is_money { Kind::Money } else { Kind::Plain };
        let (name, kind) = match name {
            "credit" => (Name::Credit, counted),
            "quota" => (Name::Quota, counted),
            "attainment" => (Name::Attainment, Kind::Plain),
            "target" => (Name::Target, Kind::Money),
            other => return Err(FormulaError::UnknownName(other.to_owned())),
        };
        Ok((Node::Name(name), kind))
    }

    fn call(&mut self, call: &CallExpr) -> Read {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::CONDITIONAL, [condition, yes, no]) => self.choice(condition, yes, no),
            (operators::NEGATE, [one]) => {
                let (node, kind) = self.node(one)?;
                number(name, kind, kind)?;
                Ok((Node::Negate(Box::new(node)), kind))
            }
            (operators::LOGICAL_NOT, [one]) => match self.node(one)? {
                (node, Kind::Truth) => Ok((Node::Not(Box::new(node)), Kind::Truth)),
                (_, kind) => Err(kinds(name, kind, kind)),
            },
            ("min" | "max", [_, ..]) => self.least_or_most(name, &call.args),
            ("rate" | "money", [one]) => self.written(name, one),
            ("min" | "max" | "rate" | "money", _) => {
                let takes = "one text or number; min and max one number or more";
                Err(FormulaError::Arguments { function: name.to_owned(), takes })
            }
            (_, [left, right]) => self.binary(name, left, right),
            _ => Err(FormulaError::UnknownFunction(told(name))),
        }
    }

    fn choice(&mut self, condition: &IdedExpr, yes: &IdedExpr, no: &IdedExpr) -> Read {
        let name = operators::CONDITIONAL;
        let (condition, kind) = self.node(condition)?;
        if kind != Kind::Truth {
            return Err(kinds(name, kind, Kind::Truth));
        }
        let ((yes, one), (no, other)) = (self.node(yes)?, self.node(no)?);
        let kind = alike(name, one, other)?;
        Ok((Node::If(Box::new(condition), Box::new(yes), Box::new(no)), kind))
    }

    fn least_or_most(&mut self, name: &str, all: &[IdedExpr]) -> Read {
        let mut nodes = Vec::new();
        let mut kind = Kind::Written;
        for one in all {
            let (node, own) = self.node(one)?;
            number(name, own, kind)?;
            kind = alike(name, kind, own)?;
            nodes.push(node);
        }
        Ok((if name == "min" { Node::Least(nodes) } else { Node::Most(nodes) }, kind))
    }

    /// A rate or an amount as a text, or as a whole number.
    fn written(&mut self, name: &str, one: &IdedExpr) -> Read {
        self.nodes += 1;
        let wrong = |takes| FormulaError::Arguments { function: name.to_owned(), takes };
        let text = match &one.expr {
            Expr::Literal(LiteralValue::String(text)) => text.inner().to_owned(),
            Expr::Literal(LiteralValue::Int(number)) => number.inner().to_string(),
            _ => return Err(wrong("a text such as \"12.5 %\" or \"1250.50\"")),
        };
        if name == "rate" {
            let rate: Rate = text.parse().map_err(|_| wrong("a rate such as \"12.5 %\""))?;
            let number = Fraction { number: i128::from(rate.millionths), over: 1_000_000 };
            return Ok((Node::Number(number), Kind::Plain));
        }
        let money = Money::parse(&text, self.currency);
        let money = money.map_err(|_| wrong("an amount such as \"1250.50\""))?;
        let (number, over) = (i128::from(money.minor), minor_units(self.currency));
        Ok((Node::Number(Fraction { number, over }), Kind::Money))
    }

    fn binary(&mut self, name: &str, left: &IdedExpr, right: &IdedExpr) -> Read {
        use Kind::{Money, Plain, Truth, Written};
        use Operator as Op;
        let operator = match name {
            operators::ADD => Op::Add,
            operators::SUBSTRACT => Op::Subtract,
            operators::MULTIPLY => Op::Multiply,
            operators::DIVIDE => Op::Divide,
            operators::LESS => Op::Less,
            operators::LESS_EQUALS => Op::LessOrEqual,
            operators::GREATER => Op::Greater,
            operators::GREATER_EQUALS => Op::GreaterOrEqual,
            operators::EQUALS => Op::Equal,
            operators::NOT_EQUALS => Op::Unequal,
            operators::LOGICAL_AND => Op::And,
            operators::LOGICAL_OR => Op::Or,
            other => return Err(FormulaError::UnknownFunction(told(other))),
        };
        let ((one, kind), (other, with)) = (self.node(left)?, self.node(right)?);
        let wrong = || kinds(name, kind, with);
        let found = match operator {
            Op::Add | Op::Subtract => {
                number(name, kind, with)?;
                alike(name, kind, with)?
            }
            Op::Multiply => match (kind, with) {
                (Money, Plain | Written) | (Plain | Written, Money) => Money,
                (Plain, Plain | Written) | (Written, Plain) => Plain,
                (Written, Written) => Written,
                _ => return Err(wrong()),
            },
            Op::Divide => {
                if !other.is_never_zero() {
                    return Err(FormulaError::MayBeZero);
                }
                match (kind, with) {
                    (Money, Plain | Written) => Money,
                    (Money, Money) | (Plain, Plain | Written) | (Written, Plain) => Plain,
                    (Written, Written) => Plain,
                    _ => return Err(wrong()),
                }
            }
            Op::And | Op::Or if (kind, with) == (Truth, Truth) => Truth,
            Op::And | Op::Or => return Err(wrong()),
            _ => {
                number(name, kind, with)?;
                alike(name, kind, with)?;
                Truth
            }
        };
        Ok((Node::Of(operator, Box::new(one), Box::new(other)), found))
    }
}

/// An operator as it is written.
fn told(name: &str) -> String {
    name.replace('_', "")
}

fn kinds(name: &str, left: Kind, right: Kind) -> FormulaError {
    FormulaError::Kinds { operator: told(name), left, right }
}

fn number(name: &str, left: Kind, right: Kind) -> Result<(), FormulaError> {
    match left == Kind::Truth || right == Kind::Truth {
        true => Err(kinds(name, left, right)),
        false => Ok(()),
    }
}

/// What two parts are together that must be of one kind; a written number is of any.
fn alike(name: &str, one: Kind, other: Kind) -> Result<Kind, FormulaError> {
    match (one, other) {
        (one, other) if one == other => Ok(one),
        (Kind::Written, kind) | (kind, Kind::Written) if kind != Kind::Truth => Ok(kind),
        _ => Err(kinds(name, one, other)),
    }
}

/// The values of names, money in whole units.
struct Known {
    credit: Fraction,
    quota: Fraction,
    target: Fraction,
}

impl Node {
    /// A quota is above zero, and so is a written number that is not zero.
    fn is_never_zero(&self) -> bool {
        match self {
            Node::Number(fraction) => fraction.number != 0,
            Node::Name(name) => *name == Name::Quota,
            Node::Negate(one) => one.is_never_zero(),
            Node::Of(Operator::Multiply, one, other) => {
                one.is_never_zero() && other.is_never_zero()
            }
            _ => false,
        }
    }

    fn number(&self, known: &Known) -> Result<Fraction, Overflow> {
        match self {
            Node::Number(fraction) => Ok(*fraction),
            Node::Truth(_) | Node::Not(_) => Err(Overflow),
            Node::Name(Name::Credit) => Ok(known.credit),
            Node::Name(Name::Quota) => Ok(known.quota),
            Node::Name(Name::Target) => Ok(known.target),
            Node::Name(Name::Attainment) => known.credit.by(known.quota),
            Node::Negate(one) => one.number(known)?.times(Fraction::of(-1)),
            Node::If(condition, yes, no) => match condition.truth(known)? {
                true => yes.number(known),
                false => no.number(known),
            },
            Node::Least(all) => Node::extreme(all, known, std::cmp::Ordering::Less),
            Node::Most(all) => Node::extreme(all, known, std::cmp::Ordering::Greater),
            Node::Of(operator, one, other) => {
                let (one, other) = (one.number(known)?, other.number(known)?);
                match operator {
                    Operator::Add => one.plus(other),
                    Operator::Subtract => one.plus(other.times(Fraction::of(-1))?),
                    Operator::Multiply => one.times(other),
                    Operator::Divide => one.by(other),
                    _ => Err(Overflow),
                }
            }
        }
    }

    fn extreme(
        all: &[Node],
        known: &Known,
        wanted: std::cmp::Ordering,
    ) -> Result<Fraction, Overflow> {
        let mut best: Option<Fraction> = None;
        for one in all {
            let found = one.number(known)?;
            if best.map_or(Ok(true), |best| Ok(found.compared(best)? == wanted))? {
                best = Some(found);
            }
        }
        best.ok_or(Overflow)
    }

    fn truth(&self, known: &Known) -> Result<bool, Overflow> {
        match self {
            Node::Truth(truth) => Ok(*truth),
            Node::Not(one) => Ok(!one.truth(known)?),
            Node::If(condition, yes, no) => match condition.truth(known)? {
                true => yes.truth(known),
                false => no.truth(known),
            },
            Node::Of(Operator::And, one, other) => Ok(one.truth(known)? && other.truth(known)?),
            Node::Of(Operator::Or, one, other) => Ok(one.truth(known)? || other.truth(known)?),
            Node::Of(operator, one, other) => {
                let found = one.number(known)?.compared(other.number(known)?)?;
                Ok(match operator {
                    Operator::Less => found.is_lt(),
                    Operator::LessOrEqual => found.is_le(),
                    Operator::Greater => found.is_gt(),
                    Operator::GreaterOrEqual => found.is_ge(),
                    Operator::Equal => found.is_eq(),
                    _ => found.is_ne(),
                })
            }
            _ => Err(Overflow),
        }
    }
}

/// A whole number over a whole number above zero, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fraction {
    number: i128,
    over: i128,
}

impl Fraction {
    fn of(number: i64) -> Fraction {
        Fraction { number: i128::from(number), over: 1 }
    }

    fn new(number: i128, over: i128) -> Result<Fraction, Overflow> {
        let divisor = common(number.unsigned_abs(), over.unsigned_abs());
        let divisor = i128::try_from(divisor).map_err(|_| Overflow)?;
        if over == 0 || divisor == 0 {
            return Err(Overflow);
        }
        let sign = over.signum();
        Ok(Fraction { number: sign * (number / divisor), over: sign * (over / divisor) })
    }

    fn plus(self, other: Fraction) -> Result<Fraction, Overflow> {
        let one = self.number.checked_mul(other.over).ok_or(Overflow)?;
        let two = other.number.checked_mul(self.over).ok_or(Overflow)?;
        let over = self.over.checked_mul(other.over).ok_or(Overflow)?;
        Fraction::new(one.checked_add(two).ok_or(Overflow)?, over)
    }

    fn times(self, other: Fraction) -> Result<Fraction, Overflow> {
        // Crosswise in lowest terms first, so that products stay small.
        let (one, two) =
            (Fraction::new(self.number, other.over)?, Fraction::new(other.number, self.over)?);
        let number = one.number.checked_mul(two.number).ok_or(Overflow)?;
        Fraction::new(number, one.over.checked_mul(two.over).ok_or(Overflow)?)
    }

    fn by(self, other: Fraction) -> Result<Fraction, Overflow> {
        self.times(Fraction::new(other.over, other.number)?)
    }

    fn compared(self, other: Fraction) -> Result<std::cmp::Ordering, Overflow> {
        let one = self.number.checked_mul(other.over).ok_or(Overflow)?;
        let two = other.number.checked_mul(self.over).ok_or(Overflow)?;
        Ok(one.cmp(&two))
    }
}

/// The greatest common divisor.
fn common(mut one: u128, mut other: u128) -> u128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn formula(source: &str) -> Result<Formula, FormulaError> {
        Formula::new(source, Currency::USD, true)
    }

    #[track_caller]
    fn pays(source: &str, credit: i64, quota: i64, expected: i64) {
        let asked = Asked { credit, quota, target: 500_000 };
        let formula = formula(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(formula.pays(asked, true, Rounding::HalfEven), Ok(expected), "{source}");
    }

    #[test]
    fn formulas_pay_what_a_pocket_calculator_says() {
        pays("credit * 10 / 100", 1_234_567, 1, 123_457);
        pays("credit * rate(\"10 %\")", 1_234_565, 1, 123_456);
        // A tenth up to the quota, and three tenths of what is above it.
        let steep = "credit * rate(\"10 %\") + max(0, credit - quota) * rate(\"20 %\")";
        pays(steep, 9_000_000, 10_000_000, 900_000);
        pays(steep, 14_000_000, 10_000_000, 2_200_000);
        pays("attainment >= rate(\"70 %\") ? target * attainment : money(0)", 70, 100, 350_000);
        pays("attainment >= rate(\"70 %\") ? target * attainment : money(0)", 69, 100, 0);
        pays("min(credit / 10, money(\"1250.50\"))", 99_999_999, 1, 125_050);
        pays("credit > 100000 && !(quota == credit) ? 500 : 0", 10_000_001, 1, 50_000);
        pays("credit - 100000", 1, 1, 0);
        pays("target / 3", 1, 1, 166_667);
    }

    #[test]
    fn counts_are_plain_and_become_money_by_an_amount() {
        let counted = |source: &str| Formula::new(source, Currency::USD, false);
        let formula = counted("credit * money(50)").expect("is a formula");
        let asked = Asked { credit: 7, quota: 10, target: 0 };
        assert_eq!(formula.pays(asked, false, Rounding::HalfEven), Ok(35_000));
        assert_eq!(counted("credit * 50"), Err(FormulaError::NoAmount(Kind::Plain)));
    }

    #[track_caller]
    fn refused(source: &str, part: &str) {
        let error = formula(source).expect_err("is refused").to_string();
        assert!(error.contains(part), "{source}: {error}");
    }

    #[test]
    fn what_is_no_exact_amount_is_refused_with_what_to_write() {
        refused("credit * 0.1", "never exact");
        refused("credit * 1e-1", "never exact");
        refused("credit * credit", "an amount and an amount");
        refused("attainment", "a plain number");
        refused("credit + attainment", "an amount and a plain number");
        refused("credit > quota", "a yes or no");
        refused("credit ? quota : target", "does not go with");
        refused("credit / target", "may be zero");
        refused("credit / 0", "may be zero");
        refused("credit % 3", "nothing that it can do");
        refused("salary", "`salary` is no name");
        refused("credit.size()", "nothing that it can do");
        refused("[credit].map(x, x)[0]", "nothing that it can do");
        refused("rate(\"ten\") * credit", "a rate such as");
        refused("money(credit)", "takes a text");
        refused("credit +", "cannot be read");
        refused(&format!("credit{}", " + 1".repeat(400)), "too long a chain");
        refused(&format!("min(credit{})", ", 1".repeat(600)), "more than 500 parts");
        refused(&"(".repeat(900), "brackets within one another");
        refused(&"true ? 1 : ".repeat(300), "brackets and choices within one another");
        refused(&" ".repeat(5_000), "bytes");
    }

    #[test]
    fn what_is_beyond_exact_arithmetic_is_an_error_and_never_a_wrong_amount() {
        let huge = "credit * 9000000000000000000 * 9000000000000000000 * 9000000000000000000";
        let asked = Asked { credit: i64::MAX, quota: 1, target: 1 };
        let formula = formula(huge).expect("is a formula");
        assert_eq!(formula.pays(asked, true, Rounding::HalfEven), Err(Overflow));
    }

    proptest! {
        /// The same tiers as a formula and as whole numbers.
        #[test]
        fn a_formula_of_tiers_is_what_integers_say(
            credit in 0_i64..100_000_000_000,
            quota in 1_i64..1_000_000_000,
        ) {
            let source = "min(credit, quota) * rate(\"8 %\") + max(0, credit - quota) / 8";
            let found = formula(source).unwrap();
            let asked = Asked { credit, quota, target: 0 };
            let exact = i128::from(credit.min(quota)) * 8 * 8
                + i128::from((credit - quota).max(0)) * 100;
            let expected = Rounding::HalfUp.divide(exact, 800).unwrap();
            prop_assert_eq!(found.pays(asked, true, Rounding::HalfUp), Ok(expected));
        }
    }
}
