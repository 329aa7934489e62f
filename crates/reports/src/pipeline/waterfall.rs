//! How the pipeline got from one day to another, and the deals behind each step of the way.

use std::collections::BTreeMap;
use std::str::FromStr;

use domain::deal::Deal;
use domain::money::{Currency, Money};
use domain::period::Days;
use domain::stage::Outcome;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::amount_minor;
use crate::document::{Cell, Document, Report, Table};
use crate::render::{code, counted, short};

/// From the pipeline at one day's end to that at another's. Each unit of money takes one path, so
/// `start + created + pulled_in + raised - lowered - pushed_out - lost - won = end`, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Waterfall {
    pub from: Date,
    pub to: Date,
    /// The expected close dates that are looked at; `None` means every open deal.
    pub closing: Option<Days>,
    pub start: Step,
    pub created: Step,
    pub pulled_in: Step,
    pub raised: Step,
    pub lowered: Step,
    pub pushed_out: Step,
    pub lost: Step,
    pub won: Step,
    pub end: Step,
    /// The deals of the step that was asked for.
    pub behind: Option<Behind>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub deals: usize,
    pub amount: Money,
}

/// What a step is: where the pipeline was, or which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    Start,
    Created,
    PulledIn,
    Raised,
    Lowered,
    PushedOut,
    Lost,
    Won,
    End,
}

/// The deals that a step is made of, those with the largest amounts first; unless some are left
/// out, their amounts sum to the step's.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind {
    pub flow: Flow,
    pub rows: Vec<Moved>,
    /// How many deals of small amounts are not listed.
    pub left_out: usize,
}

/// A deal's part in a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    pub external_id: String,
    pub name: Option<String>,
    /// The stage at the end of the later day, or of the earlier one for a deal that is gone.
    pub stage: Option<String>,
    pub amount: Money,
}

/// A deal on the two days.
#[derive(Clone, Copy, Default)]
struct Pair<'a> {
    before: Option<&'a Deal>,
    after: Option<&'a Deal>,
}

/// The waterfall between two pictures of the same deals, `before` at the end of `from` and
/// `after` at the end of `to`, with the deals behind one step if that is asked for.
///
/// Without `closing` a deal is in the pipeline while it is open; then *pulled in* are deals that
/// were opened again and *pushed out* those that the source deleted. With `closing` it is in while
/// open and expected to close within those days, and pulls and pushes are moves of that date.
pub fn waterfall(
    (from, before): (Date, &[Deal]),
    (to, after): (Date, &[Deal]),
    closing: Option<Days>,
    currency: Currency,
    asked: Option<Flow>,
) -> Waterfall {
    let none = Step { deals: 0, amount: Money::zero(currency) };
    let mut fall = Waterfall {
        from,
        to,
        closing,
        start: none,
        created: none,
        pulled_in: none,
        raised: none,
        lowered: none,
        pushed_out: none,
        lost: none,
        won: none,
        end: none,
        behind: None,
    };
    let mut pairs: BTreeMap<_, Pair> = BTreeMap::new();
    before.iter().for_each(|deal| pairs.entry(deal.id).or_default().before = Some(deal));
    after.iter().for_each(|deal| pairs.entry(deal.id).or_default().after = Some(deal));
    let mut rows = Vec::new();
    for pair in pairs.into_values() {
        for (flow, minor) in fall.path(pair) {
            fall.step_mut(flow).add(minor);
            if asked == Some(flow) {
                rows.extend(pair.moved(Money { minor, currency }));
            }
        }
    }
    rows.sort_by(|a, b| {
        let order = b.amount.minor.cmp(&a.amount.minor);
        order.then_with(|| a.external_id.cmp(&b.external_id))
    });
    fall.behind = asked.map(|flow| Behind { flow, rows, left_out: 0 });
    fall.assert_sums();
    fall
}

impl Flow {
    pub const ALL: [Flow; 9] = [
        Flow::Start,
        Flow::Created,
        Flow::PulledIn,
        Flow::Raised,
        Flow::Lowered,
        Flow::PushedOut,
        Flow::Lost,
        Flow::Won,
        Flow::End,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Flow::Start => "start",
            Flow::Created => "created",
            Flow::PulledIn => "pulled_in",
            Flow::Raised => "raised",
            Flow::Lowered => "lowered",
            Flow::PushedOut => "pushed_out",
            Flow::Lost => "lost",
            Flow::Won => "won",
            Flow::End => "end",
        }
    }

    /// The name in words.
    pub fn plain(self) -> String {
        self.name().replace('_', " ")
    }

    /// How its amount goes into the pipeline's.
    fn sign(self) -> &'static str {
        match self {
            Flow::Start => "",
            Flow::Created | Flow::PulledIn | Flow::Raised => "+",
            Flow::Lowered | Flow::PushedOut | Flow::Lost | Flow::Won => "−",
            Flow::End => "=",
        }
    }
}

impl FromStr for Flow {
    type Err = String;

    fn from_str(text: &str) -> Result<Flow, String> {
        let asked = text.trim().to_lowercase().replace([' ', '-'], "_");
        Flow::ALL.into_iter().find(|flow| flow.name() == asked).ok_or_else(|| {
            let all = Flow::ALL.map(Flow::name).join(", ");
            format!("`{text}` is no step of a waterfall: choose one of {all}")
        })
    }
}

impl Pair<'_> {
    fn moved(self, amount: Money) -> Option<Moved> {
        let deal = self.after.or(self.before)?;
        Some(Moved {
            external_id: deal.external_id.clone(),
            name: deal.name.clone(),
            stage: deal.stage.clone(),
            amount,
        })
    }
}

impl Waterfall {
    /// The steps that one deal takes, each with how much of its money.
    fn path(&self, Pair { before, after }: Pair) -> Vec<(Flow, i64)> {
        let was_in = before.is_some_and(|deal| self.contains(deal));
        let is_in = after.is_some_and(|deal| self.contains(deal));
        let closed = after.filter(|deal| !deal.is_open());
        let closed_meanwhile = closed.filter(|_| before.is_none_or(Deal::is_open));
        let created_meanwhile = before.is_none();
        let concerned = was_in || is_in || (created_meanwhile && self.passed_through(after));
        if !concerned {
            return Vec::new();
        }
        let last = after.or(before).map_or(0, amount_minor);
        let entered = match before {
            Some(deal) if was_in || !deal.is_open() => amount_minor(deal),
            _ => after.map_or(0, first_amount_minor),
        };
        let left = match closed_meanwhile.map(|deal| deal.outcome) {
            Some(Outcome::Lost) => entered,
            _ if after.is_none() => entered,
            _ => last,
        };
        let came = match (was_in, created_meanwhile) {
            (true, _) => Flow::Start,
            (false, true) => Flow::Created,
            (false, false) => Flow::PulledIn,
        };
        let changed = match left - entered {
            0 => None,
            raised if raised > 0 => Some((Flow::Raised, raised)),
            lowered => Some((Flow::Lowered, -lowered)),
        };
        let went = match (is_in, closed_meanwhile.map(|deal| deal.outcome)) {
            (true, _) => Flow::End,
            (false, Some(Outcome::Won)) => Flow::Won,
            (false, Some(Outcome::Lost)) => Flow::Lost,
            (false, _) => Flow::PushedOut,
        };
        [Some((came, entered)), changed, Some((went, left))].into_iter().flatten().collect()
    }

    fn contains(&self, deal: &Deal) -> bool {
        let expected = |days: Days| deal.expected_close_on.is_some_and(|day| days.contains(day));
        deal.is_open() && self.closing.is_none_or(expected)
    }

    /// Whether a deal that was created and closed between the two days counts as having been in.
    fn passed_through(&self, after: Option<&Deal>) -> bool {
        let within = |deal: &Deal| match (self.closing, deal.closed_on) {
            (None, _) => true,
            (Some(days), Some(closed_on)) => days.contains(closed_on),
            (Some(_), None) => false,
        };
        after.is_some_and(|deal| !deal.is_open() && within(deal))
    }

    fn assert_sums(&self) {
        let gains = [self.start, self.created, self.pulled_in, self.raised];
        let losses = [self.lowered, self.pushed_out, self.lost, self.won, self.end];
        let sum = |steps: &[Step]| steps.iter().map(|step| step.amount.minor).sum::<i64>();
        assert_eq!(sum(&gains), sum(&losses), "each unit of money takes one path");
    }

    pub fn step(&self, flow: Flow) -> Step {
        match flow {
            Flow::Start => self.start,
            Flow::Created => self.created,
            Flow::PulledIn => self.pulled_in,
            Flow::Raised => self.raised,
            Flow::Lowered => self.lowered,
            Flow::PushedOut => self.pushed_out,
            Flow::Lost => self.lost,
            Flow::Won => self.won,
            Flow::End => self.end,
        }
    }

    fn step_mut(&mut self, flow: Flow) -> &mut Step {
        match flow {
            Flow::Start => &mut self.start,
            Flow::Created => &mut self.created,
            Flow::PulledIn => &mut self.pulled_in,
            Flow::Raised => &mut self.raised,
            Flow::Lowered => &mut self.lowered,
            Flow::PushedOut => &mut self.pushed_out,
            Flow::Lost => &mut self.lost,
            Flow::Won => &mut self.won,
            Flow::End => &mut self.end,
        }
    }

    /// One row a step.
    fn table(&self) -> Table {
        let code = code(self.start.amount.currency);
        let mut table = Table::new(
            &format!("Pipeline from the end of {} to the end of {}", self.from, self.to),
            &["Step", "", ">Deals", &format!(">Amount {code}")],
        );
        for flow in Flow::ALL {
            let step = self.step(flow);
            table.row([
                flow.plain().into(),
                flow.sign().into(),
                step.deals.into(),
                step.amount.into(),
            ]);
        }
        table
    }
}

impl Behind {
    /// Keeps the largest deals alone.
    pub fn truncate(&mut self, rows_max: usize) {
        self.left_out += self.rows.len().saturating_sub(rows_max);
        self.rows.truncate(rows_max);
    }

    /// What its table is called.
    pub fn title(&self) -> String {
        format!(
            "Behind “{}”: {}",
            self.flow.plain(),
            counted(self.rows.len() + self.left_out, "deal")
        )
    }

    fn table(&self, code: &str) -> Table {
        let mut table =
            Table::new(&self.title(), &["Deal", "Name", "Stage", &format!(">Amount {code}")]);
        let told = |text: &Option<String>| text.as_deref().map_or(Cell::Missing, Cell::from);
        for row in &self.rows {
            let id = row.external_id.as_str().into();
            table.row([id, told(&row.name), told(&row.stage), row.amount.into()]);
        }
        table
    }

    fn json(&self) -> Value {
        let row = |row: &Moved| {
            json!({
                "deal": row.external_id,
                "name": row.name,
                "stage": row.stage,
                "amount": row.amount.to_decimal(),
            })
        };
        json!({
            "step": self.flow.name(),
            "left_out": self.left_out,
            "deals": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

impl Step {
    fn add(&mut self, minor: i64) {
        self.deals += 1;
        self.amount.minor += minor;
    }
}

/// What a deal entered the pipeline with: lost deals are often set to nothing at closing, so
/// their estimate stands for them.
fn first_amount_minor(deal: &Deal) -> i64 {
    let known = deal.amount.filter(|amount| amount.minor != 0);
    known.or(deal.estimated_amount).map_or(0, |amount| amount.minor)
}

impl Report for Waterfall {
    fn document(&self) -> Document {
        let moved = Money {
            minor: self.end.amount.minor - self.start.amount.minor,
            currency: self.start.amount.currency,
        };
        let mut tables = vec![self.table()];
        let code = code(self.start.amount.currency);
        tables.extend(self.behind.as_ref().map(|behind| behind.table(code)));
        let left_out = self.behind.as_ref().map_or(0, |behind| behind.left_out);
        let mut notes = Vec::new();
        if left_out > 0 {
            notes.push(format!(
                "{} with smaller amounts are not listed; the downloaded files have them all.",
                counted(left_out, "deal")
            ));
        }
        let direction = if moved.minor < 0 { "shrank" } else { "grew" };
        let size = Money { minor: moved.minor.abs(), ..moved };
        Document {
            answer: format!(
                "The pipeline {direction} by {}: {} won, {} lost, {} created.",
                short(size),
                short(self.won.amount),
                short(self.lost.amount),
                short(self.created.amount)
            ),
            tables,
            notes,
        }
    }

    fn json(&self) -> Value {
        let mut fields = serde_json::Map::new();
        fields.insert("from".into(), json!(self.from.to_string()));
        fields.insert("to".into(), json!(self.to.to_string()));
        for flow in Flow::ALL {
            let (name, step) = (flow.name(), self.step(flow));
            fields.insert(name.into(), json!(step.amount.to_decimal()));
            fields.insert(format!("{name}_deals"), json!(step.deals));
        }
        fields.extend(self.behind.as_ref().map(|behind| ("behind".to_owned(), behind.json())));
        Value::Object(fields)
    }
}
