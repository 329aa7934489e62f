//! The reverse-funnel plan: what each month and quarter must bring so that the goal is met.

use domain::goal::Goal;
use domain::money::{Currency, Money};
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::goal::attainability;
use crate::render::{grouped, short};

/// A change below this share of the whole is not worth a line.
const SHOWN_MIN: f64 = 0.001;

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub goal: Goal,
    pub as_of: Date,
    /// The probability of the goal if new leads keep coming as they do now; `None` where there is
    /// no history that tells how they come.
    pub probability: Option<f64>,
    /// Won in the goal's period by the as-of day.
    pub booked: Money,
    /// What the open pipeline is expected to add within the period.
    pub from_open: Money,
    /// What comes besides, without being planned for: from where, and how much in the period.
    pub besides: Vec<(String, Money)>,
    /// The last day on which a new lead still counts; `None` when that day has passed.
    pub last_useful_lead_date: Option<Date>,
    pub drivers: Vec<Driver>,
    /// The names of the stages, first to last.
    pub stages: Vec<String>,
    pub average_sales_price: Money,
    /// What the plan rests on, step by step.
    pub assumptions: Vec<Assumption>,
    /// What is needed on average. It reaches the goal only about half of the time.
    pub expected: Need,
    /// The probability of the goal with that; `None` when it is too late for new leads.
    pub expected_probability: Option<f64>,
    /// What is needed so that the goal is reached with its confidence.
    pub at_confidence: Need,
    /// What comes if nothing changes; `None` where there is no history that tells.
    pub present_course: Option<Need>,
    /// What was changed, where this is a plan of something else than what is.
    pub what_if: Option<WhatIf>,
    pub notes: Vec<String>,
}

/// What must come anew, on top of what is booked and open.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    pub total: Row,
    pub months: Vec<(Period, Row)>,
    pub quarters: Vec<(Period, Row)>,
}

/// The revenue of a period and the number that enters each stage in it, in the order of stages, to
/// the tenth.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub revenue: Money,
    pub counts: Vec<f64>,
}

/// One step of the chain, as history shows it or as it is assumed.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumption {
    pub from: String,
    pub to: String,
    /// The share that goes on, of those who entered.
    pub share: f64,
    /// That share brought to what the forecast says of the present course.
    pub used: f64,
    /// How many that share is known from; `None` for an assumed one.
    pub known_from: Option<f64>,
    /// The time within which half of those who go on do so, such as `12 days`.
    pub half_within: String,
}

/// What a ten per cent better value of one assumption changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Driver {
    pub name: String,
    /// The change of the expected revenue of the period.
    pub revenue: Money,
    /// The change of the probability of the goal.
    pub probability: f64,
}

/// A plan under changes: the changes, and the present course without them.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    pub changes: Vec<Turned>,
    /// The probability of the goal.
    pub probability_before: Option<f64>,
    /// All of the period; `None` where there is no history that tells.
    pub course_before: Option<Row>,
}

/// Something that a plan rests on and that may be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Lever {
    /// By which it is asked for, such as `asp`.
    pub key: String,
    pub name: String,
    /// What it is, such as `59 days`.
    pub now: String,
}

/// A lever that was turned.
#[derive(Clone, Debug, PartialEq)]
pub struct Turned {
    pub lever: Lever,
    /// So many times what it was.
    pub factor: f64,
    /// What it is then, as far as that is possible.
    pub then: String,
}

impl Turned {
    /// The change in per cent, such as `+5 %`.
    pub fn change(&self) -> String {
        let percent = (self.factor - 1.0) * 100.0;
        let tenths = (percent * 10.0).round() / 10.0;
        format!("{tenths:+} %")
    }
}

impl Row {
    /// Adds another row of the same stages.
    pub fn add(&mut self, other: &Row) {
        self.revenue.minor += other.revenue.minor;
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum = ((*sum + count) * 10.0).round() / 10.0;
        }
    }
}

impl Plan {
    fn answer(&self) -> String {
        let given = self.what_if.as_ref().map_or(String::new(), WhatIf::given);
        let goal = format!("{given}{} in {}", short(self.goal.amount), self.goal.period);
        if self.last_useful_lead_date.is_none() {
            return self.answer_too_late(&goal);
        }
        let takes = |need: &Need| self.counts_in_words(&need.total);
        let needs = format!(
            "takes {} on average; to be reached with {:.0} % confidence, {}.",
            takes(&self.expected),
            self.goal.confidence * 100.0,
            takes(&self.at_confidence),
        );
        let Some(probability) = self.probability else { return format!("{goal} {needs}") };
        let brings = self.present_course.as_ref().map_or(String::new(), |course| {
            format!("brings {} ({}) and ", short(course.total.revenue), takes(course))
        });
        let without = self.what_if.as_ref().map_or(String::new(), WhatIf::without);
        format!(
            "{goal} is {}: the present course {brings}reaches it with {:.0} % \
             probability{without}. It {needs}",
            attainability(probability, self.goal.confidence).reach(),
            probability * 100.0,
        )
    }

    /// The last, the last but one and the first stage of a row: `90 wins, 400 opportunities and
    /// 3,000 leads`.
    fn counts_in_words(&self, row: &Row) -> String {
        let last = self.stages.len().saturating_sub(1);
        let mut shown: Vec<usize> = vec![last, last.saturating_sub(1), 0];
        shown.dedup();
        let named = |&index: &usize| {
            let name = if index == last { "wins".to_owned() } else { self.plural_of(index) };
            match row.counts.get(index).map_or(0, whole) {
                0 => format!("no {name}"),
                count => format!("{} {name}", grouped(&count.to_string())),
            }
        };
        let words: Vec<String> = shown.iter().map(named).collect();
        match words.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            _ => words.concat(),
        }
    }

    fn plural_of(&self, stage: usize) -> String {
        self.stages.get(stage).map_or_else(|| "leads".to_owned(), |name| plural(name))
    }

    /// The answer when no new lead can count any more.
    fn answer_too_late(&self, goal: &str) -> String {
        let chance = self.probability.unwrap_or(0.0) * 100.0;
        format!(
            "{goal} can only come from what is under way: {} is booked, {} is expected from the \
             open pipeline, and with what still comes {} in all. The goal is reached with \
             {chance:.0} % probability.",
            short(self.booked),
            short(self.from_open),
            short(self.expected.total.revenue),
        )
    }

    /// The present course beside the two plans, and how sure each is.
    fn glance_table(&self) -> Table {
        let mut table = Table::new("At a glance", &self.columns("", &[">Goal reached"]));
        let mut add = |name: String, need: &Need, probability: Option<f64>| {
            let mut cells = vec![Cell::Text(name)];
            cells.extend(need.total.counts.iter().map(|count| Cell::Count(whole(count))));
            cells.extend([need.total.revenue.into(), probability.map(Cell::Share).into()]);
            table.row(cells);
        };
        if let Some(WhatIf { course_before: Some(total), probability_before, .. }) = &self.what_if {
            let (months, quarters) = (Vec::new(), Vec::new());
            let before = Need { total: total.clone(), months, quarters };
            add("as things are".to_owned(), &before, *probability_before);
        }
        if let Some(course) = &self.present_course {
            let name =
                if self.what_if.is_some() { "with the change" } else { "the present course" };
            add(name.to_owned(), course, self.probability);
        }
        let confidence = self.goal.confidence;
        add("what it takes on average".to_owned(), &self.expected, self.expected_probability);
        let name = format!("what it takes for {:.0} %", confidence * 100.0);
        add(name, &self.at_confidence, Some(confidence));
        table
    }

    fn change_table(what_if: &WhatIf) -> Table {
        let mut table = Table::new("What is changed", &["Lever", ">Change", ">Now", ">Then"]);
        for turned in &what_if.changes {
            let Lever { name, now, .. } = &turned.lever;
            let cells = [name.clone(), turned.change(), now.clone(), turned.then.clone()];
            table.row(cells.map(Cell::Text));
        }
        table
    }

    fn columns(&self, first: &str, last: &[&str]) -> Vec<String> {
        columns(&self.stages, self.goal.amount.currency, first, last)
    }

    fn base_table(&self) -> Table {
        let amount = format!(">Amount {}", self.goal.amount.currency.code());
        let mut table = Table::new("What is there already", &["Part", &amount]);
        table.row(["booked in the period".into(), Cell::Money(self.booked)]);
        table.row(["expected from the open pipeline".into(), Cell::Money(self.from_open)]);
        for (name, amount) in self.besides.iter().filter(|(_, amount)| amount.minor != 0) {
            table.row([format!("expected from {name}").into(), Cell::Money(*amount)]);
        }
        table
    }

    fn assumption_table(&self) -> Table {
        let columns =
            ["Step", ">Goes on", ">Used in the plan", ">Half of them within", ">Known from"];
        let mut table = Table::new("What it rests on", &columns);
        for step in &self.assumptions {
            let known = step.known_from.map(|number| Cell::Count(number.round() as i64));
            table.row([
                format!("{} to {}", step.from, step.to).into(),
                Cell::Share(step.share),
                Cell::Share(step.used),
                step.half_within.clone().into(),
                known.unwrap_or(Cell::Missing),
            ]);
        }
        table
    }

    /// The present course, by quarter.
    fn course_table(&self) -> Option<Table> {
        let course = self.present_course.as_ref()?;
        let quarters = Need { months: Vec::new(), ..course.clone() };
        Some(self.need_table("What comes on the present course", &quarters))
    }

    fn need_table(&self, title: &str, need: &Need) -> Table {
        need.table(title, &self.stages, self.goal.amount.currency)
    }

    /// Drivers that hardly change anything are left out.
    fn driver_table(&self) -> Table {
        let code = self.goal.amount.currency.code();
        let on =
            if self.present_course.is_some() { "on the present course" } else { "in the plan" };
        let mut table = Table::new(
            &format!("What ten per cent better of each would change {on}"),
            &["Driver", &format!(">Revenue {code}"), ">Probability, points"],
        );
        let least = self.goal.amount.minor as f64 * SHOWN_MIN;
        let matters = |driver: &&Driver| {
            driver.revenue.minor.abs() as f64 >= least || driver.probability.abs() >= SHOWN_MIN
        };
        for driver in self.drivers.iter().filter(matters) {
            let points = format!("{:+.1}", driver.probability * 100.0);
            table.row([driver.name.as_str().into(), driver.revenue.into(), points.into()]);
        }
        table
    }

    fn all_notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        let (entries, period) = (self.plural_of(0), self.goal.period);
        notes.push(match self.last_useful_lead_date {
            Some(date) => format!(
                "Of the {entries} that come after {date}, fewer than half of those that are ever \
                 won are won in {period}: they are too late for it."
            ),
            None => format!("Too few of the {entries} that come now are won in {period}."),
        });
        let price = grouped(&self.average_sales_price.to_decimal());
        let code = self.average_sales_price.currency.code();
        notes.push(format!("The average sales price is {price} {code}."));
        notes.push(
            "Counts are of all who come to a stage anew; revenue is booked, open and new together."
                .to_owned(),
        );
        let differs = |step: &Assumption| (step.used / step.share - 1.0).abs() > SHOWN_MIN;
        if self.assumptions.iter().any(differs) {
            notes.push(
                "Used in the plan is the share at which the present course brings what the \
                 forecast says."
                    .to_owned(),
            );
        }
        notes
    }

    fn need_json(&self, need: &Need) -> Value {
        need.json(&self.stages)
    }
}

impl Need {
    /// By month, by quarter and in all, with a column for each stage and one for revenue.
    pub(crate) fn table(&self, title: &str, stages: &[String], currency: Currency) -> Table {
        let mut table = Table::new(title, &columns(stages, currency, "Period", &[]));
        let mut add = |name: String, row: &Row| {
            let mut cells = vec![Cell::Text(name)];
            cells.extend(row.counts.iter().map(|count| Cell::Number(*count)));
            cells.push(row.revenue.into());
            table.row(cells);
        };
        self.months.iter().for_each(|(period, row)| add(period.to_string(), row));
        self.quarters.iter().for_each(|(period, row)| add(period.to_string(), row));
        add("Total".to_owned(), &self.total);
        table
    }

    pub(crate) fn json(&self, stages: &[String]) -> Value {
        let row = |row: &Row| row_json(stages, row);
        let periods = |rows: &[(Period, Row)]| -> Vec<Value> {
            let named = |(period, counts): &(Period, Row)| {
                let mut fields = Map::new();
                fields.insert("period".into(), json!(period.to_string()));
                fields.extend(row(counts));
                Value::Object(fields)
            };
            rows.iter().map(named).collect()
        };
        json!({
            "totals": row(&self.total),
            "periods": periods(&self.months),
            "quarters": periods(&self.quarters),
        })
    }
}

/// The heads of a table with a column for each stage and one for revenue.
fn columns(stages: &[String], currency: Currency, first: &str, last: &[&str]) -> Vec<String> {
    let mut columns = vec![first.to_owned()];
    columns.extend(stages.iter().map(|stage| format!(">{stage}")));
    columns.push(format!(">Revenue {}", currency.code()));
    columns.extend(last.iter().map(|name| (*name).to_owned()));
    columns
}

impl WhatIf {
    /// `With average sales price +5 % and …: `
    fn given(&self) -> String {
        let words = self.changes.iter().map(|one| format!("{} {}", one.lever.name, one.change()));
        let words: Vec<String> = words.collect();
        match words.split_last() {
            Some((last, [])) => format!("With {last}: "),
            Some((last, others)) => format!("With {} and {last}: ", others.join(", ")),
            None => String::new(),
        }
    }

    /// ` (4 % without the change)`
    fn without(&self) -> String {
        let before = self.probability_before.map(|probability| probability * 100.0);
        before.map_or(String::new(), |before| format!(" ({before:.0} % without the change)"))
    }

    fn json(&self, stages: &[String]) -> Value {
        let turned = |turned: &Turned| {
            let Lever { key, name, now } = &turned.lever;
            json!({
                "lever": key,
                "name": name,
                "factor": turned.factor,
                "now": now,
                "then": turned.then,
            })
        };
        json!({
            "changes": self.changes.iter().map(turned).collect::<Vec<_>>(),
            "probability_before": self.probability_before,
            "course_before": self.course_before.as_ref().map(|row| row_json(stages, row)),
        })
    }
}

fn row_json(stages: &[String], row: &Row) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("revenue".into(), json!(row.revenue.to_decimal()));
    for (stage, count) in stages.iter().zip(&row.counts) {
        fields.insert(stage.clone(), json!(count));
    }
    fields
}

impl Report for Plan {
    fn document(&self) -> Document {
        let (base, rests_on) = (self.base_table(), self.assumption_table());
        let tables = match self.last_useful_lead_date {
            Some(_) => {
                let title =
                    format!("What it takes, for {:.0} % confidence", self.goal.confidence * 100.0);
                let mut tables = vec![self.glance_table(), base, self.driver_table(), rests_on];
                tables.extend(self.course_table());
                tables.push(self.need_table("What it takes, on average", &self.expected));
                tables.push(self.need_table(&title, &self.at_confidence));
                tables
            }
            None => {
                vec![base, rests_on, self.need_table("What is under way brings", &self.expected)]
            }
        };
        let changes = self.what_if.iter().map(Plan::change_table);
        let tables = changes.chain(tables).collect();
        Document { answer: self.answer(), tables, notes: self.all_notes() }
    }

    fn json(&self) -> Value {
        let driver = |driver: &Driver| {
            json!({
                "driver": driver.name,
                "revenue_change": driver.revenue.to_decimal(),
                "probability_change": driver.probability,
            })
        };
        let besides = |(from, amount): &(String, Money)| {
            let revenue = amount.to_decimal();
            json!({ "from": from, "revenue": revenue })
        };
        let step = |step: &Assumption| {
            json!({
                "from": step.from,
                "to": step.to,
                "share": step.share,
                "used": step.used,
                "half_within": step.half_within,
                "known_from": step.known_from,
            })
        };
        json!({
            "goal": self.goal.amount.to_decimal(),
            "currency": self.goal.amount.currency.code(),
            "period": self.goal.period.to_string(),
            "counts": self.goal.counts.name(),
            "as_of": self.as_of.to_string(),
            "confidence": self.goal.confidence,
            "probability": self.probability,
            "booked": self.booked.to_decimal(),
            "from_open": self.from_open.to_decimal(),
            "besides": self.besides.iter().map(besides).collect::<Vec<_>>(),
            "last_useful_lead_date": self.last_useful_lead_date.map(|date| date.to_string()),
            "average_sales_price": self.average_sales_price.to_decimal(),
            "assumptions": self.assumptions.iter().map(step).collect::<Vec<_>>(),
            "drivers": self.drivers.iter().map(driver).collect::<Vec<_>>(),
            "stages": self.stages,
            "expected": self.need_json(&self.expected),
            "expected_probability": self.expected_probability,
            "at_confidence": self.need_json(&self.at_confidence),
            "present_course": self.present_course.as_ref().map(|course| self.need_json(course)),
            "what_if": self.what_if.as_ref().map(|what_if| what_if.json(&self.stages)),
            "notes": self.notes,
        })
    }
}

/// A count as the whole number that suffices.
fn whole(count: &f64) -> i64 {
    count.ceil() as i64
}

/// The name of a stage for several who are in it: `leads`, `inquiries`.
pub fn plural(name: &str) -> String {
    match name.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{name}s"),
    }
}

#[cfg(test)]
mod tests {
    use domain::goal::Counts;
    use expect_test::expect;
    use jiff::civil::date;

    use super::*;
    use crate::render::terminal;

    fn usd(whole: i64) -> Money {
        Money { minor: whole * 100, currency: Currency::USD }
    }

    /// A need that lies in one month.
    fn need(revenue: i64, counts: [f64; 3]) -> Need {
        let row = Row { revenue: usd(revenue), counts: counts.to_vec() };
        let month = Period::Month { year: 2018, month: 1 };
        let quarter = Period::Quarter { year: 2018, quarter: 1 };
        Need {
            total: row.clone(),
            months: vec![(month, row.clone())],
            quarters: vec![(quarter, row)],
        }
    }

    fn plan() -> Plan {
        let driver = |name: &str, revenue, probability| Driver {
            name: name.to_owned(),
            revenue: usd(revenue),
            probability,
        };
        let step = |from: &str, to: &str, used| Assumption {
            from: from.to_owned(),
            to: to.to_owned(),
            share: 0.25,
            used,
            known_from: Some(400.0),
            half_within: "12 days".to_owned(),
        };
        Plan {
            goal: Goal::new(usd(1_200_000), Period::Year { year: 2018 }, Counts::All, 0.8).unwrap(),
            as_of: date(2017, 12, 31),
            probability: Some(0.07),
            booked: usd(0),
            from_open: usd(200_000),
            besides: vec![("open leads".to_owned(), usd(50_000)), ("others".to_owned(), usd(0))],
            last_useful_lead_date: Some(date(2018, 10, 15)),
            drivers: vec![driver("share from lead to won", 80_000, 0.05), driver("none", 10, 0.0)],
            stages: ["inquiry", "opportunity", "won"].map(str::to_owned).to_vec(),
            average_sales_price: usd(10_000),
            assumptions: vec![
                step("inquiry", "opportunity", 0.25),
                step("opportunity", "won", 0.3),
            ],
            expected: need(1_200_000, [1_600.0, 400.0, 100.0]),
            expected_probability: Some(0.49),
            at_confidence: need(1_320_000, [1_760.0, 440.0, 109.2]),
            present_course: Some(need(800_000, [0.0, 240.0, 60.0])),
            what_if: None,
            notes: vec!["History is reconstructed.".to_owned()],
        }
    }

    #[test]
    fn the_present_course_stands_beside_what_it_takes() {
        let tables = Document { answer: String::new(), notes: Vec::new(), ..plan().document() };
        expect![[r#"

            At a glance
                                        inquiry   opportunity   won    Revenue USD   Goal reached
            ──────────────────────────────────────────────────────────────────────────────────────
             the present course               0           240    60     800,000.00          7.0 %
             what it takes on average     1,600           400   100   1,200,000.00         49.0 %
             what it takes for 80 %       1,760           440   110   1,320,000.00         80.0 %

            What is there already
             Part                              Amount USD
            ──────────────────────────────────────────────
             booked in the period                    0.00
             expected from the open pipeline   200,000.00
             expected from open leads           50,000.00

            What ten per cent better of each would change on the present course
             Driver                   Revenue USD   Probability, points
            ────────────────────────────────────────────────────────────
             share from lead to won     80,000.00                  +5.0

            What it rests on
             Step                     Goes on   Used in the plan   Half of them within   Known from
            ────────────────────────────────────────────────────────────────────────────────────────
             inquiry to opportunity    25.0 %             25.0 %               12 days          400
             opportunity to won        25.0 %             30.0 %               12 days          400

            What comes on the present course
             Period    inquiry   opportunity    won   Revenue USD
            ──────────────────────────────────────────────────────
             2018-Q1       0.0         240.0   60.0    800,000.00
             Total         0.0         240.0   60.0    800,000.00

            What it takes, on average
             Period    inquiry   opportunity     won    Revenue USD
            ────────────────────────────────────────────────────────
             2018-01   1,600.0         400.0   100.0   1,200,000.00
             2018-Q1   1,600.0         400.0   100.0   1,200,000.00
             Total     1,600.0         400.0   100.0   1,200,000.00

            What it takes, for 80 % confidence
             Period    inquiry   opportunity     won    Revenue USD
            ────────────────────────────────────────────────────────
             2018-01   1,760.0         440.0   109.2   1,320,000.00
             2018-Q1   1,760.0         440.0   109.2   1,320,000.00
             Total     1,760.0         440.0   109.2   1,320,000.00
        "#]]
        .assert_eq(&terminal(&tables, 100));
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Plan), said: &str) {
        let mut plan = plan();
        change(&mut plan);
        let Document { answer, notes, .. } = plan.document();
        let all = format!("{answer}\n{}", notes.join("\n"));
        assert!(all.contains(said), "{all}");
    }

    #[test]
    fn the_answer_says_how_far_the_goal_is() {
        check(
            |_| {},
            "1.2 m USD in 2018 is out of reach as things stand: the present course brings 800 k \
             USD (60 wins, 240 opportunities and no inquiries) and reaches it with 7 % \
             probability. It \
             takes 100 wins, 400 opportunities and 1,600 inquiries on average; to be reached with \
             80 % confidence, 110 wins, 440 opportunities and 1,760 inquiries.",
        );
        check(|_| {}, "Of the inquiries that come after 2018-10-15, fewer than half");
        check(|_| {}, "Used in the plan is the share at which");
        check(|plan| plan.probability = Some(0.85), "1.2 m USD in 2018 is within reach");
        check(|plan| plan.probability = Some(0.4), "is a stretch");
        check(|plan| plan.probability = None, "1.2 m USD in 2018 takes 100 wins");
        check(|plan| plan.last_useful_lead_date = None, "can only come from what is under way");
    }

    #[test]
    fn a_plan_under_changes_says_what_is_changed_and_what_was() {
        let mut plan = plan();
        let lever = |key: &str, name: &str, now: &str| Lever {
            key: key.to_owned(),
            name: name.to_owned(),
            now: now.to_owned(),
        };
        let turned = |lever, factor, then: &str| Turned { lever, factor, then: then.to_owned() };
        plan.what_if = Some(WhatIf {
            changes: vec![
                turned(lever("asp", "average sales price", "9,500.00 USD"), 1.05, "10,000.00 USD"),
                turned(lever("cycle", "time from lead to won", "60 days"), 0.9, "54 days"),
            ],
            probability_before: Some(0.03),
            course_before: Some(Row { revenue: usd(750_000), counts: vec![0.0, 240.0, 58.0] }),
        });
        let tables = plan.document().tables.into_iter().take(2).collect();
        let notes = Vec::new();
        expect![[r#"

            What is changed
             Lever                   Change            Now            Then
            ───────────────────────────────────────────────────────────────
             average sales price       +5 %   9,500.00 USD   10,000.00 USD
             time from lead to won    -10 %        60 days         54 days

            At a glance
                                        inquiry   opportunity   won    Revenue USD   Goal reached
            ──────────────────────────────────────────────────────────────────────────────────────
             as things are                    0           240    58     750,000.00          3.0 %
             with the change                  0           240    60     800,000.00          7.0 %
             what it takes on average     1,600           400   100   1,200,000.00         49.0 %
             what it takes for 80 %       1,760           440   110   1,320,000.00         80.0 %
        "#]]
        .assert_eq(&terminal(&Document { answer: String::new(), tables, notes }, 100));
        let said = plan.answer();
        let given = "With average sales price +5 % and time from lead to won -10 %: 1.2 m USD";
        assert!(said.starts_with(given), "{said}");
        assert!(said.contains("with 7 % probability (3 % without the change)."), "{said}");
        let json = plan.json();
        assert_eq!(json["what_if"]["changes"][1]["lever"], "cycle");
        assert_eq!(json["what_if"]["course_before"]["won"], 58.0);
    }

    #[test]
    fn the_json_names_each_stage() {
        let json = plan().json();
        assert_eq!(json["at_confidence"]["totals"]["won"], 109.2);
        assert_eq!(json["at_confidence"]["totals"]["revenue"], "1320000.00");
        assert_eq!(json["expected"]["periods"][0]["inquiry"], 1_600.0);
        assert_eq!(json["expected"]["quarters"][0]["period"], "2018-Q1");
        assert_eq!(json["last_useful_lead_date"], "2018-10-15");
        assert_eq!(json["drivers"][0]["probability_change"], 0.05);
    }
}
