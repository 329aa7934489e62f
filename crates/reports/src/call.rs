//! Forecast calls: what is in a period by owner, what was called, what Baton says, and how near
//! past calls came.

pub mod graded;

use domain::call::Manner;
use domain::category::Category;
use domain::deal::Deal;
use domain::money::{Currency, Money};
use domain::period::{Days, Period};
use domain::stage::{Outcome, Stages};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{code, counted, short};
use graded::Graded;

/// What was called of a period, by person and team.
#[derive(Clone, Debug, PartialEq)]
pub struct Calls {
    pub period: Period,
    pub as_of: Date,
    pub currency: Currency,
    /// Whether the period had ended by the as-of day.
    pub is_over: bool,
    /// One for each owner, those of one team together.
    pub lines: Vec<Line>,
    /// The whole, with who called the whole.
    pub whole: Line,
    /// Calls of the period, the first one first.
    pub said: Vec<Said>,
    /// Calls of periods that had ended by the as-of day.
    pub graded: Vec<Graded>,
}

/// One owner's part of a period, or the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The owner's team, or who manages the owner, where either is known.
    pub team: Option<String>,
    /// The id by which the source knows the owner; `None` of the whole, and of deals of nobody.
    pub id: Option<String>,
    pub name: String,
    pub hand: Hand,
    /// What Baton says of the period; `None` where too little is known.
    pub baton: Option<Range>,
    /// What the owner said last.
    pub call: Option<Said>,
    /// What was said over it since.
    pub overridden: Option<Said>,
}

/// What deals bring or may bring to a period, in the minor unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hand {
    pub booked: i64,
    /// Open deals that are expected to close in the period, by their category.
    pub commit: i64,
    pub best_case: i64,
    pub pipeline: i64,
    pub omitted: i64,
    /// How many they are.
    pub open: usize,
    /// Those of them that tell no category: theirs is by their stage.
    pub by_stage: usize,
    /// Open deals that tell no day on which they are expected to close.
    pub undated: usize,
}

/// The median of the whole period, and the interval that holds it with 80 % probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub median: Money,
    pub low: Money,
    pub high: Money,
}

/// A call, and who said it when.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub period: Period,
    /// Whose deals it is of.
    pub whose: String,
    pub manner: Manner,
    pub commit: Money,
    pub best_case: Money,
    /// What was said of the same before.
    pub from: Option<(Money, Money)>,
    pub note: String,
    pub by: String,
    pub at: Timestamp,
    /// The day of it in the company's zone.
    pub on: Date,
}

impl Hand {
    /// What a deal adds to a period; one that contradicts itself books nothing.
    pub fn add(&mut self, deal: &Deal, days: Days, stages: &Stages) {
        let minor = |money: Option<Money>| money.map_or(0, |money| money.minor);
        if deal.outcome == Outcome::Won
            && !deal.contradictory
            && deal.closed_on.is_some_and(|day| days.contains(day))
        {
            self.booked += minor(deal.amount);
        }
        if !deal.is_open() {
            return;
        }
        match deal.expected_close_on {
            None => self.undated += 1,
            Some(day) if days.contains(day) => {
                self.open += 1;
                self.by_stage += usize::from(deal.category.is_none());
                let by_stage = || Category::of_stage(deal.stage.as_deref(), stages);
                let place = match deal.category.unwrap_or_else(by_stage) {
                    Category::Commit => &mut self.commit,
                    Category::BestCase => &mut self.best_case,
                    Category::Pipeline => &mut self.pipeline,
                    Category::Omitted => &mut self.omitted,
                };
                *place += minor(deal.amount.or(deal.estimated_amount));
            }
            Some(_) => {}
        }
    }

    /// Whether the period has anything of it.
    pub fn is_empty(&self) -> bool {
        self.booked == 0 && self.open == 0
    }

    fn with(self, other: Hand) -> Hand {
        Hand {
            booked: self.booked + other.booked,
            commit: self.commit + other.commit,
            best_case: self.best_case + other.best_case,
            pipeline: self.pipeline + other.pipeline,
            omitted: self.omitted + other.omitted,
            open: self.open + other.open,
            by_stage: self.by_stage + other.by_stage,
            undated: self.undated + other.undated,
        }
    }
}

impl Line {
    /// What counts: what was said last, by the owner or over the owner.
    pub fn counts(&self) -> Option<&Said> {
        self.overridden.as_ref().or(self.call.as_ref())
    }

    /// What counts, less Baton's median.
    pub fn difference(&self) -> Option<Money> {
        Some(less(self.counts()?.commit, self.baton?.median))
    }
}

/// What the persons of a group called together.
struct Called {
    commit: i64,
    best_case: i64,
    of: usize,
    persons: usize,
}

impl Called {
    fn by<'a>(lines: impl Iterator<Item = &'a Line>) -> Called {
        let mut called = Called { commit: 0, best_case: 0, of: 0, persons: 0 };
        for line in lines {
            called.of += 1;
            if let Some(said) = line.counts() {
                called.persons += 1;
                called.commit += said.commit.minor;
                called.best_case += said.best_case.minor;
            }
        }
        called
    }
}

impl Calls {
    fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    /// The answer's sentence, of use beside other answers as well.
    pub fn answer(&self) -> String {
        let called = Called::by(self.lines.iter());
        let booked = short(self.money(self.whole.hand.booked));
        let said = match (&self.whole.call, called.persons) {
            (Some(whole), 0) => format!("{} is called for the whole", short(whole.commit)),
            (Some(whole), persons) => format!(
                "{} is called for the whole, {} by {persons} of {} owners",
                short(whole.commit),
                short(self.money(called.commit)),
                called.of
            ),
            (None, 0) => "nobody has called it yet".to_owned(),
            (None, persons) => format!(
                "{persons} of {} {} called, {} in all",
                called.of,
                if persons == 1 { "has" } else { "have" },
                short(self.money(called.commit))
            ),
        };
        let verb = if self.is_over { "was booked" } else { "is booked" };
        let baton = match self.whole.baton.filter(|_| !self.is_over) {
            Some(range) => format!(
                " Baton's median is {}, its 80 % interval {} to {}.",
                short(range.median),
                short(range.low),
                short(range.high)
            ),
            None => String::new(),
        };
        format!("{}: {booked} {verb}, and {said}.{baton}", self.period)
    }

    /// The teams in the order of their lines; a lone group without a name is none.
    fn teams(&self) -> Vec<(Option<&str>, Vec<&Line>)> {
        let mut teams: Vec<(Option<&str>, Vec<&Line>)> = Vec::new();
        for line in &self.lines {
            match teams.iter_mut().find(|(team, _)| *team == line.team.as_deref()) {
                Some((_, lines)) => lines.push(line),
                None => teams.push((line.team.as_deref(), vec![line])),
            }
        }
        teams
    }

    fn has_teams(&self) -> bool {
        self.lines.iter().any(|line| line.team.is_some())
    }

    /// Booked and open by category, persons under their team, then the whole.
    pub fn in_hand(&self) -> Table {
        let code = code(self.currency);
        let amounts = ["Booked", "Commit", "Best case", "Pipeline"];
        let mut columns = vec!["Team".to_owned(), "Owner".to_owned(), ">Open deals".to_owned()];
        columns.extend(amounts.map(|name| format!(">{name} {code}")));
        let title = format!("Booked in {}, and open by forecast category", self.period);
        let mut table = Table::new(&title, &columns);
        let mut row = |team: &str, name: &str, hand: Hand| {
            let amounts = [hand.booked, hand.commit, hand.best_case, hand.pipeline];
            let mut cells: Vec<Cell> = vec![team.into(), name.into(), hand.open.into()];
            cells.extend(amounts.map(|minor| Cell::Money(self.money(minor))));
            table.row(cells);
        };
        for (team, lines) in self.teams() {
            let name = team.unwrap_or_default();
            for line in &lines {
                row(name, &line.name, line.hand);
            }
            if self.has_teams() && lines.len() > 1 {
                let sum = lines.iter().fold(Hand::default(), |sum, line| sum.with(line.hand));
                row(team.unwrap_or("no team"), "together", sum);
            }
        }
        row("All", "", self.whole.hand);
        table
    }

    /// What is called beside what Baton says, persons under their team, then all of them.
    pub fn called(&self) -> Table {
        let code = code(self.currency);
        let amounts = ["Called", "Override", "Best case", "Baton's median", "80 % from", "80 % to"];
        let mut columns = vec!["Team".to_owned(), "Owner".to_owned()];
        columns.extend(amounts.map(|name| format!(">{name} {code}")));
        columns.push(">Call less median".to_owned());
        let title = format!("Called for {} beside what Baton says", self.period);
        let mut table = Table::new(&title, &columns);
        for (team, lines) in self.teams() {
            for line in &lines {
                table.row(cells(team.unwrap_or_default(), line));
            }
            if self.has_teams() && lines.len() > 1 {
                let called = Called::by(lines.iter().copied());
                table.row(self.together(team.unwrap_or("no team"), &called, None));
            }
        }
        let called = Called::by(self.lines.iter());
        table.row(self.together("All", &called, self.whole.baton));
        if self.whole.call.is_some() {
            table.row(cells("The whole, as called", &self.whole));
        }
        table
    }

    /// A sum of calls is held against Baton only when everybody has called.
    fn together(&self, team: &str, called: &Called, baton: Option<Range>) -> Vec<Cell> {
        let sum = |minor: i64| match called.persons {
            0 => Cell::Missing,
            _ => Cell::Money(self.money(minor)),
        };
        let is_whole = called.of > 0 && called.persons == called.of;
        let median = baton.filter(|_| is_whole).map(|range| range.median);
        let name = match called.persons {
            persons if persons == called.of => "together".to_owned(),
            persons => format!("{persons} of {} called", called.of),
        };
        let mut cells: Vec<Cell> = vec![team.into(), name.into()];
        cells.extend([sum(called.commit), Cell::Missing, sum(called.best_case)]);
        cells.extend(range_cells(baton));
        cells.push(median.map(|median| less(self.money(called.commit), median)).into());
        cells
    }

    /// Every call of the period, the latest one first.
    fn history(&self) -> Table {
        let code = code(self.currency);
        let amounts = ["Commit from", "to", "Best case from", "to"];
        let mut columns = ["Said on", "By", "Of", "As"].map(|name| name.to_owned()).to_vec();
        columns.extend(amounts.map(|name| format!(">{name} {code}")));
        columns.push("Note".to_owned());
        let mut table = Table::new(&format!("Every call of {}", self.period), &columns);
        for said in self.said.iter().rev() {
            table.row([
                said.on.into(),
                said.by.as_str().into(),
                said.whose.as_str().into(),
                said.manner.name().into(),
                said.from.map(|(commit, _)| commit).into(),
                said.commit.into(),
                said.from.map(|(_, best_case)| best_case).into(),
                said.best_case.into(),
                said.note.as_str().into(),
            ]);
        }
        table
    }

    /// Where the categories come from, and what is in none.
    pub fn notes(&self) -> Vec<String> {
        let hand = self.whole.hand;
        let mut notes = Vec::new();
        if hand.open > 0 {
            let told = hand.open - hand.by_stage;
            notes.push(match (told, hand.by_stage) {
                (_, 0) => "Categories are those that the deals tell themselves.".to_owned(),
                (0, _) => "No deal tells a category: it is by the place of its stage, the first \
                           third pipeline, the second best case, the last commit."
                    .to_owned(),
                (told, by_stage) => format!(
                    "{told} of the open deals tell their category; of {by_stage} it is by the \
                     place of their stage, the first third pipeline, the second best case, the \
                     last commit."
                ),
            });
        }
        if hand.omitted > 0 {
            notes.push(format!(
                "Open deals of {} are omitted by their owners.",
                short(self.money(hand.omitted))
            ));
        }
        if hand.undated > 0 {
            notes.push(format!(
                "{} without an expected day of closing: in no category.",
                counted(hand.undated, "open deal")
            ));
        }
        if self.lines.iter().any(|line| line.baton.is_some()) {
            notes.push(
                "Baton's figures of an owner are learnt from the owner's own deals alone, so \
                 medians do not add up to that of all."
                    .to_owned(),
            );
        }
        notes
    }
}

impl Report for Calls {
    fn document(&self) -> Document {
        let mut tables = vec![self.in_hand(), self.called(), self.history()];
        tables.extend([graded::table(&self.graded), graded::by_person(&self.graded)]);
        let mut notes = self.notes();
        if !self.graded.is_empty() {
            notes.push(
                "Off by is (called − booked) ÷ booked; of a person, the mean of its size.".into(),
            );
        }
        tables.retain(|table| !table.rows.is_empty());
        Document { answer: self.answer(), tables, notes }
    }

    fn json(&self) -> Value {
        let lines: Vec<Value> = self.lines.iter().map(|line| self.line(line)).collect();
        json!({
            "period": self.period.to_string(),
            "as_of": self.as_of.to_string(),
            "currency": self.currency.code(),
            "is_over": self.is_over,
            "owners": lines,
            "whole": self.line(&self.whole),
            "calls": self.said.iter().map(said_json).collect::<Vec<Value>>(),
            "graded": self.graded.iter().map(Graded::json).collect::<Vec<Value>>(),
        })
    }
}

impl Calls {
    fn line(&self, line: &Line) -> Value {
        let decimal = |minor: i64| self.money(minor).to_decimal();
        let hand = line.hand;
        json!({
            "team": line.team,
            "owner_id": line.id,
            "name": line.name,
            "open_deals": hand.open,
            "category_by_stage": hand.by_stage,
            "without_close_date": hand.undated,
            "booked": decimal(hand.booked),
            "commit": decimal(hand.commit),
            "best_case": decimal(hand.best_case),
            "pipeline": decimal(hand.pipeline),
            "omitted": decimal(hand.omitted),
            "baton": line.baton.map(|range| json!({
                "p10": range.low.to_decimal(),
                "p50": range.median.to_decimal(),
                "p90": range.high.to_decimal(),
            })),
            "call": line.call.as_ref().map(said_json),
            "override": line.overridden.as_ref().map(said_json),
            "difference": line.difference().map(Money::to_decimal),
        })
    }
}

/// One call that was just said.
impl Report for Said {
    fn document(&self) -> Document {
        let before = self.from.map_or("nothing".to_owned(), |(commit, _)| short(commit));
        let answer = format!(
            "{} of {} for {}: commit {}, best case {}; before it was {before}.",
            crate::render::capital(self.manner.name()),
            self.whose,
            self.period,
            short(self.commit),
            short(self.best_case),
        );
        Document { answer, ..Document::default() }
    }

    fn json(&self) -> Value {
        said_json(self)
    }
}

fn said_json(said: &Said) -> Value {
    json!({
        "period": said.period.to_string(),
        "of": said.whose,
        "manner": said.manner.name(),
        "commit": said.commit.to_decimal(),
        "best_case": said.best_case.to_decimal(),
        "commit_before": said.from.map(|(commit, _)| commit.to_decimal()),
        "best_case_before": said.from.map(|(_, best_case)| best_case.to_decimal()),
        "note": said.note,
        "by": said.by,
        "said_at": said.at.to_string(),
    })
}

fn cells(team: &str, line: &Line) -> Vec<Cell> {
    let best_case = line.counts().map(|said| said.best_case);
    let mut cells: Vec<Cell> = vec![team.into(), line.name.as_str().into()];
    cells.push(line.call.as_ref().map(|said| said.commit).into());
    cells.push(line.overridden.as_ref().map(|said| said.commit).into());
    cells.push(best_case.into());
    cells.extend(range_cells(line.baton));
    cells.push(line.difference().into());
    cells
}

fn range_cells(range: Option<Range>) -> [Cell; 3] {
    let part = |part: fn(Range) -> Money| Cell::from(range.map(part));
    [part(|range| range.median), part(|range| range.low), part(|range| range.high)]
}

fn less(money: Money, other: Money) -> Money {
    Money { minor: money.minor - other.minor, ..money }
}

#[cfg(test)]
mod tests;
