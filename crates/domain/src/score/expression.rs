//! Conditions on leads, written in the Common Expression Language: `account.employees >= 200`.
//!
//! The language's own parser reads them. What they may speak of is checked when they are saved, by
//! name and by type, so that none of them can fail later. What is not known of a lead neither holds
//! nor fails to hold: a condition holds only where what is known makes it true.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo};

use crate::expression::{self, Choices, NODES_MAX, Wrong};
use crate::kind::{Field, Holds, Kind};
use crate::name::plain;

/// Days that an expression may look back.
pub const DAYS_MAX: i64 = 3_650;

/// Of whom a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    Person,
    Account,
    Lead,
}

/// What is worked out of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    Fit,
    Engagement,
    Probability,
}

/// What an expression may speak of beside person, account and lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing: who somebody is.
    Columns,
    /// What the person did.
    Touches,
    /// What has been worked out of both: fit, engagement, probability.
    Figures,
}

/// A touch of the lead's person by the end of the day that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Days since 1970.
    pub day: i32,
    /// The place of its channel.
    pub channel: u32,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    Truth(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    /// Days since 1970.
    Day(i32),
}

/// What is known of a lead by the end of a day.
pub struct Facts<'a> {
    /// Days since 1970.
    pub day: i32,
    pub column: &'a dyn Fn(Noun, &'static str) -> Option<Known>,
    /// In order of time; none is later than the day.
    pub touches: &'a [Touch],
    /// Channels by their places, as [`plain`] has them.
    pub channels: &'a [String],
    pub figure: &'a dyn Fn(Figure) -> Option<f64>,
}

/// A condition that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    source: String,
    node: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Value(Known),
    Column(Noun, &'static str),
    Has(Noun, &'static str),
    Figure(Figure),
    Count(Touches),
    DaysSince(Box<Node>),
    DaysSinceLast(Touches),
    Not(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Compare(Comparison, Box<[Node; 2]>),
    In(Box<Node>, Vec<Node>),
    Text(Part, Box<[Node; 2]>),
}

/// Some of a person's touches.
#[derive(Clone, Debug, PartialEq, Default)]
struct Touches {
    last_days: Option<i32>,
    channel: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Begins,
    Ends,
    Contains,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Truth,
    Number,
    Text,
    Day,
}

impl Noun {
    pub const ALL: [Noun; 3] = [Noun::Person, Noun::Account, Noun::Lead];

    pub fn name(self) -> &'static str {
        match self {
            Noun::Person => "person",
            Noun::Account => "account",
            Noun::Lead => "lead",
        }
    }

    pub fn kind(self) -> Kind {
        match self {
            Noun::Person => Kind::People,
            Noun::Account => Kind::Accounts,
            Noun::Lead => Kind::Leads,
        }
    }

    fn named(name: &str) -> Option<Noun> {
        Noun::ALL.into_iter().find(|noun| noun.name() == name)
    }

    /// The columns that expressions may speak of.
    fn columns(self) -> impl Iterator<Item = &'static Field> {
        let may = |field: &&Field| !field.personal && type_of(field.holds).is_some();
        self.kind().fields().iter().filter(may)
    }
}

/// `None` for what is only a reference to something that expressions do not name.
fn type_of(holds: Holds) -> Option<Type> {
    match holds {
        Holds::Text | Holds::Stage | Holds::Reference(Kind::Campaigns | Kind::Products) => {
            Some(Type::Text)
        }
        Holds::Integer | Holds::Ratio | Holds::Money => Some(Type::Number),
        Holds::Date | Holds::Instant => Some(Type::Day),
        Holds::Boolean => Some(Type::Truth),
        Holds::Reference(_) => None,
    }
}

impl Figure {
    const ALL: [Figure; 3] = [Figure::Fit, Figure::Engagement, Figure::Probability];

    pub fn name(self) -> &'static str {
        match self {
            Figure::Fit => "fit",
            Figure::Engagement => "engagement",
            Figure::Probability => "probability",
        }
    }
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Type::Truth => "true or false",
            Type::Number => "a number",
            Type::Text => "a text",
            Type::Day => "a day",
        }
    }
}

impl Condition {
    /// Reads and checks an expression.
    ///
    /// # Errors
    /// Where it is too long, is none, or speaks of what is not there or does not fit.
    pub fn new(source: &str, reach: Reach) -> Result<Condition, Wrong> {
        if source.trim().is_empty() {
            let why = "it says nothing: write one such as lead.source == \"Web\"".to_owned();
            return Err(Wrong { at: None, why });
        }
        let (expression, places) = expression::parsed(source, Choices::None)?;
        let mut reader = Reader { reach, places, nodes: 0 };
        let node = reader.read(&expression, Type::Truth)?;
        Ok(Condition { source: source.trim().to_owned(), node })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it holds; what hangs on what is not known does not.
    pub fn holds(&self, facts: &Facts) -> bool {
        self.node.truth(facts) == Some(true)
    }

    /// The places of the touches that it counts, in order of time.
    pub fn counted(&self, facts: &Facts) -> Vec<usize> {
        let mut places = Vec::new();
        self.node.each(&mut |node| {
            if let Node::Count(touches) | Node::DaysSinceLast(touches) = node {
                places.extend(touches.places(facts));
            }
        });
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Whether it looks at touches at all.
    pub fn looks_at_touches(&self) -> bool {
        let mut is_found = false;
        self.node.each(&mut |node| {
            is_found |= matches!(node, Node::Count(_) | Node::DaysSinceLast(_));
        });
        is_found
    }

    pub fn looks_at(&self, figure: Figure) -> bool {
        let mut is_found = false;
        self.node.each(&mut |node| is_found |= *node == Node::Figure(figure));
        is_found
    }

    /// The channels that it names.
    pub fn channels(&self) -> Vec<String> {
        let mut named = Vec::new();
        self.node.each(&mut |node| {
            if let Node::Count(touches) | Node::DaysSinceLast(touches) = node {
                named.extend(touches.channel.clone());
            }
        });
        named
    }
}

/// Reads an expression's tree into one that cannot fail.
struct Reader {
    reach: Reach,
    places: SourceInfo,
    nodes: usize,
}

impl Reader {
    fn wrong(&self, part: &IdedExpr, why: impl Into<String>) -> Wrong {
        let before = self.places.offset_for(part.id).map(|(start, _)| start as usize);
        let at = before.map(|bytes| {
            let characters = self.places.source.char_indices();
            characters.take_while(|(place, _)| *place < bytes).count()
        });
        let at = at.and_then(|at| u32::try_from(at + 1).ok());
        Wrong { at, why: why.into() }
    }

    /// A part that has to be of a type.
    fn read(&mut self, part: &IdedExpr, wanted: Type) -> Result<Node, Wrong> {
        let (node, found) = self.any(part)?;
        if found == wanted {
            return Ok(node);
        }
        let why = format!("this is {}, where {} is needed", found.name(), wanted.name());
        Err(self.wrong(part, why))
    }

    fn any(&mut self, part: &IdedExpr) -> Result<(Node, Type), Wrong> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Wrong { at: None, why: format!("it has more than {NODES_MAX} parts") });
        }
        match &part.expr {
            Expr::Literal(value) => self.literal(part, value),
            Expr::Ident(name) => self.named(part, name),
            Expr::Select(select) => self.column(part, select),
            Expr::Call(call) => self.call(part, call),
            Expr::List(_) => Err(self.wrong(part, "a list stands behind `in` alone")),
            _ => Err(self.wrong(
                part,
                "this part of the language is not for conditions: there are && || ! == != < <= > \
                 >= in, has, startsWith, endsWith, contains, days_since, and last_days, count and \
                 days_since_last of touches",
            )),
        }
    }

    fn literal(&self, part: &IdedExpr, value: &LiteralValue) -> Result<(Node, Type), Wrong> {
        let (known, of) = match value {
            LiteralValue::Boolean(truth) => (Known::Truth(*truth.inner()), Type::Truth),
            LiteralValue::Int(number) => (Known::Integer(*number.inner()), Type::Number),
            LiteralValue::Double(number) => (Known::Number(*number.inner()), Type::Number),
            LiteralValue::String(text) => (Known::Text(text.inner().to_owned()), Type::Text),
            _ => return Err(self.wrong(part, "write a number, a text, true or false")),
        };
        Ok((Node::Value(known), of))
    }

    fn named(&self, part: &IdedExpr, name: &str) -> Result<(Node, Type), Wrong> {
        if let Some(figure) = Figure::ALL.into_iter().find(|figure| figure.name() == name) {
            return match self.reach {
                Reach::Figures => Ok((Node::Figure(figure), Type::Number)),
                _ => Err(self.wrong(part, format!("a rule cannot speak of `{name}`: it makes it"))),
            };
        }
        if let Some(noun) = Noun::named(name) {
            let first = noun.columns().nth(3).map_or("name", |field| field.name);
            return Err(self.wrong(part, format!("say what of `{name}`: {name}.{first}, say")));
        }
        if name == "touches" {
            let why = "say what of `touches`: touches.last_days(30).count(), say";
            return Err(self.wrong(part, why));
        }
        let there_are = match self.reach {
            Reach::Columns => "person, account and lead",
            Reach::Touches => "person, account, lead and touches",
            Reach::Figures => "person, account, lead, fit, engagement and probability",
        };
        Err(self.wrong(part, format!("nothing is called `{name}`: there are {there_are}")))
    }

    fn column(&self, part: &IdedExpr, select: &SelectExpr) -> Result<(Node, Type), Wrong> {
        let Expr::Ident(name) = &select.operand.expr else {
            return Err(self.wrong(part, "columns stand as account.industry, and go no deeper"));
        };
        let Some(noun) = Noun::named(name) else {
            return self.named(&select.operand, name).and_then(|_| {
                Err(self.wrong(part, format!("`{name}` is a number: it has no columns")))
            });
        };
        let found = noun.columns().find(|field| field.name == select.field);
        let Some(field) = found else {
            let is_personal = noun.kind().field(&select.field).is_some_and(|it| it.personal);
            let all: Vec<&str> = noun.columns().map(|field| field.name).collect();
            let why = match is_personal {
                true => "is personal, and nobody is scored by it",
                false => "is no column",
            };
            let all = all.join(", ");
            let why = format!("`{name}.{}` {why}: `{name}` has {all}", select.field);
            return Err(self.wrong(part, why));
        };
        match (select.test, type_of(field.holds)) {
            (true, _) => Ok((Node::Has(noun, field.name), Type::Truth)),
            (false, Some(of)) => Ok((Node::Column(noun, field.name), of)),
            (false, None) => Err(self.wrong(part, "this column cannot be compared")),
        }
    }

    fn call(&mut self, part: &IdedExpr, call: &CallExpr) -> Result<(Node, Type), Wrong> {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Unequal};
        let args: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        match (call.func_name.as_str(), &args[..]) {
            ("_&&_", [one, other]) => Ok((Node::And(self.truths(one, other)?), Type::Truth)),
            ("_||_", [one, other]) => Ok((Node::Or(self.truths(one, other)?), Type::Truth)),
            ("!_", [one]) => Ok((Node::Not(self.read(one, Type::Truth)?.into()), Type::Truth)),
            ("-_", [one]) => match self.read(one, Type::Number)? {
                Node::Value(Known::Integer(number)) => {
                    Ok((Node::Value(Known::Integer(number.saturating_neg())), Type::Number))
                }
                Node::Value(Known::Number(number)) => {
                    Ok((Node::Value(Known::Number(-number)), Type::Number))
                }
                _ => Err(self.wrong(part, "nothing is reckoned here: write a number")),
            },
            ("_==_", [one, other]) => self.compared(part, Equal, one, other),
            ("_!=_", [one, other]) => self.compared(part, Unequal, one, other),
            ("_<_", [one, other]) => self.compared(part, Less, one, other),
            ("_<=_", [one, other]) => self.compared(part, LessOrEqual, one, other),
            ("_>_", [one, other]) => self.compared(part, Greater, one, other),
            ("_>=_", [one, other]) => self.compared(part, GreaterOrEqual, one, other),
            ("@in", [one, list]) => self.among(one, list),
            ("startsWith", [one, other]) => self.text_part(Part::Begins, one, other),
            ("endsWith", [one, other]) => self.text_part(Part::Ends, one, other),
            ("contains", [one, other]) => self.text_part(Part::Contains, one, other),
            ("days_since", [day]) => {
                Ok((Node::DaysSince(self.read(day, Type::Day)?.into()), Type::Number))
            }
            ("count", _) => Ok((Node::Count(self.touches(part, call)?), Type::Number)),
            ("days_since_last", _) => {
                Ok((Node::DaysSinceLast(self.touches(part, call)?), Type::Number))
            }
            ("last_days", _) => {
                let why = "these are touches: say how many, touches.last_days(30).count(), say";
                Err(self.wrong(part, why))
            }
            (name, _) => Err(self.wrong(
                part,
                format!(
                    "`{}` is not for conditions, or takes something else: there are && || ! == != \
                     < <= > >= in, has, startsWith, endsWith, contains, days_since, and \
                     last_days, count and days_since_last of touches",
                    name.trim_matches(|mark| "_@".contains(mark))
                ),
            )),
        }
    }

    fn truths(&mut self, one: &IdedExpr, other: &IdedExpr) -> Result<Box<[Node; 2]>, Wrong> {
        Ok(Box::new([self.read(one, Type::Truth)?, self.read(other, Type::Truth)?]))
    }

    fn compared(
        &mut self,
        part: &IdedExpr,
        how: Comparison,
        one: &IdedExpr,
        other: &IdedExpr,
    ) -> Result<(Node, Type), Wrong> {
        let (left, of) = self.any(one)?;
        let right = self.read(other, of)?;
        let is_order = !matches!(how, Comparison::Equal | Comparison::Unequal);
        if is_order && of == Type::Truth {
            return Err(self.wrong(part, "true and false have no order"));
        }
        Ok((Node::Compare(how, Box::new([left, right])), Type::Truth))
    }

    fn among(&mut self, one: &IdedExpr, list: &IdedExpr) -> Result<(Node, Type), Wrong> {
        let (node, of) = self.any(one)?;
        let Expr::List(found) = &list.expr else {
            return Err(self.wrong(list, "behind `in` stands a list: [\"DE\", \"AT\"]"));
        };
        let all: Result<Vec<Node>, Wrong> =
            found.elements.iter().map(|element| self.read(element, of)).collect();
        Ok((Node::In(node.into(), all?), Type::Truth))
    }

    fn text_part(
        &mut self,
        part: Part,
        one: &IdedExpr,
        other: &IdedExpr,
    ) -> Result<(Node, Type), Wrong> {
        let both = [self.read(one, Type::Text)?, self.read(other, Type::Text)?];
        Ok((Node::Text(part, Box::new(both)), Type::Truth))
    }

    /// The touches that a call is of: `touches`, `touches.last_days(30)`, of one channel or all.
    fn touches(&mut self, part: &IdedExpr, call: &CallExpr) -> Result<Touches, Wrong> {
        if self.reach != Reach::Touches {
            return Err(self.wrong(part, "touches are for rules of engagement alone"));
        }
        let channel = match &call.args[..] {
            [] => None,
            [one] => match &one.expr {
                Expr::Literal(LiteralValue::String(name)) => Some(plain(name.inner())),
                _ => return Err(self.wrong(one, "name a channel: count(\"webinar\")")),
            },
            _ => return Err(self.wrong(part, "name one channel, or none for all")),
        };
        let of = call.target.as_deref();
        let last_days = match of.map(|of| &of.expr) {
            Some(Expr::Ident(name)) if name == "touches" => None,
            Some(Expr::Call(within)) if within.func_name == "last_days" => {
                let is_of_touches = within
                    .target
                    .as_deref()
                    .is_some_and(|of| matches!(&of.expr, Expr::Ident(name) if name == "touches"));
                let days = match &within.args[..] {
                    [IdedExpr { expr: Expr::Literal(LiteralValue::Int(days)), .. }] => {
                        Some(*days.inner()).filter(|days| (1..=DAYS_MAX).contains(days))
                    }
                    _ => None,
                };
                let days = days.filter(|_| is_of_touches).and_then(|it| i32::try_from(it).ok());
                Some(days.ok_or_else(|| {
                    self.wrong(part, format!("write touches.last_days(N), N from 1 to {DAYS_MAX}"))
                })?)
            }
            _ => {
                return Err(
                    self.wrong(part, "only touches are counted: touches.count(\"webinar\")")
                );
            }
        };
        Ok(Touches { last_days, channel })
    }
}

impl Touches {
    fn places<'a>(&'a self, facts: &'a Facts) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let first = self.last_days.map_or(i32::MIN, |days| facts.day.saturating_sub(days - 1));
        let from = facts.touches.partition_point(|touch| touch.day < first);
        let is_meant = move |place: &usize| match &self.channel {
            None => true,
            Some(wanted) => {
                let channel = facts.touches[*place].channel as usize;
                facts.channels.get(channel).is_some_and(|channel| channel == wanted)
            }
        };
        (from..facts.touches.len()).filter(is_meant)
    }
}

impl Node {
    fn each(&self, look: &mut impl FnMut(&Node)) {
        look(self);
        match self {
            Node::DaysSince(one) | Node::Not(one) => one.each(look),
            Node::And(both) | Node::Or(both) | Node::Compare(_, both) | Node::Text(_, both) => {
                both.iter().for_each(|node| node.each(look));
            }
            Node::In(one, all) => {
                one.each(look);
                all.iter().for_each(|node| node.each(look));
            }
            _ => {}
        }
    }

    fn truth(&self, facts: &Facts) -> Option<bool> {
        match self.value(facts)? {
            Known::Truth(truth) => Some(truth),
            _ => None,
        }
    }

    fn value(&self, facts: &Facts) -> Option<Known> {
        let count = |number: usize| Known::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        match self {
            Node::Value(known) => Some(known.clone()),
            Node::Column(noun, field) => (facts.column)(*noun, field),
            Node::Has(noun, field) => Some(Known::Truth((facts.column)(*noun, field).is_some())),
            Node::Figure(figure) => (facts.figure)(*figure).map(Known::Number),
            Node::Count(touches) => Some(count(touches.places(facts).count())),
            Node::DaysSinceLast(touches) => {
                let last = touches.places(facts).next_back()?;
                Some(Known::Integer(i64::from(facts.day - facts.touches[last].day)))
            }
            Node::DaysSince(day) => match day.value(facts)? {
                Known::Day(day) => Some(Known::Integer(i64::from(facts.day) - i64::from(day))),
                _ => None,
            },
            Node::Not(node) => Some(Known::Truth(!node.truth(facts)?)),
            Node::And(both) => settled(both, facts, false),
            Node::Or(both) => settled(both, facts, true),
            Node::Compare(how, both) => {
                let [one, other] = [both[0].value(facts)?, both[1].value(facts)?];
                Some(Known::Truth(how.of(order(&one, &other)?)))
            }
            Node::In(one, all) => {
                let one = one.value(facts)?;
                let is_it = |node: &Node| {
                    let other = node.value(facts);
                    other
                        .is_some_and(|other| order(&one, &other) == Some(std::cmp::Ordering::Equal))
                };
                Some(Known::Truth(all.iter().any(is_it)))
            }
            Node::Text(part, both) => {
                let (Known::Text(one), Known::Text(other)) =
                    (both[0].value(facts)?, both[1].value(facts)?)
                else {
                    return None;
                };
                Some(Known::Truth(match part {
                    Part::Begins => one.starts_with(&other),
                    Part::Ends => one.ends_with(&other),
                    Part::Contains => one.contains(&other),
                }))
            }
        }
    }
}

/// `&&` and `||`: one that settles it does so whatever the other is; else both must be known.
fn settled(both: &[Node; 2], facts: &Facts, settles: bool) -> Option<Known> {
    let [one, other] = [both[0].truth(facts), both[1].truth(facts)];
    if one == Some(settles) || other == Some(settles) {
        return Some(Known::Truth(settles));
    }
    one.and(other).map(|_| Known::Truth(!settles))
}

fn order(one: &Known, other: &Known) -> Option<std::cmp::Ordering> {
    match (one, other) {
        (Known::Truth(one), Known::Truth(other)) => Some(one.cmp(other)),
        (Known::Integer(one), Known::Integer(other)) => Some(one.cmp(other)),
        (Known::Text(one), Known::Text(other)) => Some(one.cmp(other)),
        (Known::Day(one), Known::Day(other)) => Some(one.cmp(other)),
        (one, other) => one.number()?.partial_cmp(&other.number()?),
    }
}

impl Known {
    fn number(&self) -> Option<f64> {
        match self {
            Known::Integer(number) => Some(*number as f64),
            Known::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl Comparison {
    fn of(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Unequal => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{BRACKETS_MAX, CHAIN_MAX, SOURCE_BYTES_MAX};

    fn column(noun: Noun, field: &'static str) -> Option<Known> {
        match (noun, field) {
            (Noun::Account, "industry") => Some(Known::Text("Software".to_owned())),
            (Noun::Account, "employees") => Some(Known::Integer(250)),
            (Noun::Lead, "created_at") => Some(Known::Day(90)),
            _ => None,
        }
    }

    fn facts<'a>(touches: &'a [Touch], channels: &'a [String]) -> Facts<'a> {
        let figure = &|figure| (figure == Figure::Fit).then_some(40.0);
        Facts { day: 100, column: &column, touches, channels, figure }
    }

    /// Webinars on days 60, 75 and 100; a search on day 99.
    fn holds(source: &str, reach: Reach) -> bool {
        let touch = |day, channel| Touch { day, channel };
        let touches = [touch(60, 0), touch(75, 0), touch(99, 1), touch(100, 0)];
        let channels = ["webinar".to_owned(), "paidsearch".to_owned()];
        let condition = Condition::new(source, reach).unwrap_or_else(|wrong| panic!("{wrong}"));
        condition.holds(&facts(&touches, &channels))
    }

    #[test]
    fn conditions_hold_as_they_say() {
        for (source, expected) in [
            ("touches.last_days(30).count(\"webinar\") >= 2", true),
            ("touches.last_days(25).count(\"Webinar\") >= 2", false),
            ("touches.last_days(26).count(\"webinar\") == 2", true),
            ("touches.count() == 4 && touches.days_since_last(\"Paid Search\") == 1", true),
            ("touches.count(\"fair\") == 0", true),
            ("touches.days_since_last(\"fair\") > 3", false),
            ("account.industry == \"Software\" && account.employees > 200", true),
            ("account.industry in [\"Retail\", \"Software\"]", true),
            ("account.employees in [1, 2]", false),
            ("account.employees > 249.5", true),
            ("account.industry.startsWith(\"Soft\") && !account.industry.contains(\"x\")", true),
            ("days_since(lead.created_at) <= 10", true),
            ("has(account.country)", false),
            // What is not known makes nothing hold, nor its opposite …
            ("account.country == \"US\"", false),
            ("account.country != \"US\"", false),
            ("!(account.country == \"US\")", false),
            // … but for what holds without it.
            ("account.country == \"US\" || account.employees == 250", true),
            ("!(account.country == \"US\" && account.employees == 1)", true),
        ] {
            assert_eq!(holds(source, Reach::Touches), expected, "{source}");
        }
        assert!(holds("fit >= 40 && lead.score != 3 || fit == 40.0", Reach::Figures));
        assert!(!holds("fit >= 40 && probability >= 0.1", Reach::Figures));
    }

    #[test]
    fn what_was_counted_is_told() {
        let touch = |day, channel| Touch { day, channel };
        let touches = [touch(60, 0), touch(75, 0), touch(99, 1), touch(100, 0)];
        let channels = ["webinar".to_owned(), "paidsearch".to_owned()];
        let counted = |source: &str| {
            let condition = Condition::new(source, Reach::Touches).expect("sound");
            condition.counted(&facts(&touches, &channels))
        };
        assert_eq!(counted("touches.last_days(30).count(\"webinar\") >= 2"), [1, 3]);
        assert_eq!(counted("touches.count() > 1 || touches.count(\"webinar\") > 1"), [0, 1, 2, 3]);
    }

    #[test]
    fn what_will_not_do_is_said_with_its_place() {
        let check = |source: &str, reach, says: &str| {
            let wrong = Condition::new(source, reach).expect_err(source).to_string();
            assert!(wrong.contains(says), "{source}: {wrong}");
        };
        let rules = Reach::Touches;
        check("account.industri == \"x\"", rules, "`account.industri` is no column: `account` has");
        check("person.email == \"x\"", rules, "is personal");
        check("acount.industry == \"x\"", rules, "nothing is called `acount`: there are person");
        check("account.employees > \"many\"", rules, "this is a text, where a number is needed");
        check("lead.source == \"Web\" && account.employees > \"x\"", rules, "at character 45:");
        check("account.employees", rules, "this is a number, where true or false is needed");
        check("touches.last_days(0).count() > 1", rules, "N from 1 to 3650");
        check("touches.last_days(9) > 1", rules, "say how many");
        check("touches.size() > 1", rules, "`size` is not for conditions");
        check("account.employees + 1 > 2", rules, "`+` is not for conditions");
        check("touches.exists(t, t == 1)", rules, "not for conditions");
        check("touches.count() > 1", Reach::Columns, "rules of engagement alone");
        check("fit > 1", rules, "a rule cannot speak of `fit`");
        check("fit > 1 && touches.count() > 1", Reach::Figures, "rules of engagement alone");
        check("lead.source ==", rules, "");
        check("", rules, "says nothing");
        check(&"a".repeat(SOURCE_BYTES_MAX + 1), rules, "more than 4096 bytes");
        let many = vec!["1 == 1"; NODES_MAX / 3].join(" && ");
        check(&many, rules, "more than 500 parts");
        for deep in ["(", "[", "a(", "!(", "{1: "] {
            check(&deep.repeat(900), rules, "more than 8 brackets within one another");
        }
        let inner = format!("{}true{}", "(".repeat(BRACKETS_MAX), ")".repeat(BRACKETS_MAX));
        assert!(Condition::new(&inner, rules).is_ok());
        check(&"1 ? 1 : ".repeat(400), rules, "`?` is not for conditions");
        check("lead.source == \"\"\"a\"\"\"", rules, "single or double marks");
        check("lead.source == \"a\\\"\"", rules, "a backslash");
        check("true // (", rules, "no comments");
        check(&format!("\"{}", "(".repeat(90)), rules, "a text is not ended");
        check(&format!("\"\n{}\"", "(".repeat(90)), rules, "ends on the line");
        check(&"(]".repeat(90), rules, "nothing is open that `]` closes");
        check("(true", rules, "`(` is never closed");
        for long in [".a", "+1", "==1", "||true", "&&true", "-1", " in a"] {
            let chain = format!("a{}", long.repeat((SOURCE_BYTES_MAX - 1) / long.len()));
            assert!(Condition::new(&chain, rules).is_err(), "{long}");
            let chain = format!("a{}", long.repeat(CHAIN_MAX / 2));
            assert!(Condition::new(&chain, rules).is_err(), "{long}");
        }
        assert!(Condition::new(&"!".repeat(4_000), rules).is_err());
        assert!(Condition::new("lead.source == \"((((((((((\"", rules).is_ok());
    }
}
