//! What a pay plan pays: everybody's totals, one statement, one deal explained, two plans beside
//! each other.

pub mod forecast;
pub mod gate;
pub mod kept;
pub mod sandbagging;
pub mod simulation;
pub mod what_if;

use domain::money::Money;
use domain::pay::counted::{Metric, counted as told_count};
use domain::pay::exact::Rate;
use domain::pay::plan::Plan;
use domain::pay::relay::Outcome;
use domain::pay::sentence::Words;
use domain::pay::statement::{Attainment, Calculation, Line, Named, Statement};
use domain::period::Period;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{capital, counted, grouped};
use what_if::WhatIfLine;

/// A plan with what it pays in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Paid {
    pub plan: Plan,
    pub calculation: Calculation,
    /// Of the relay gate, where the plan has one for the period.
    pub gate: Option<Outcome>,
    /// What the reader must know of the facts.
    pub notes: Vec<String>,
}

/// Everybody's statement of the period, each in one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Payroll(pub Paid);

/// One payee's statement of the period, line by line.
#[derive(Clone, Debug, PartialEq)]
pub struct Slip {
    pub paid: Paid,
    /// The place among the plan's payees.
    pub payee: usize,
}

/// All that one deal has brought a payee, in every period up to the one asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    pub paid: Paid,
    pub payee: usize,
    pub deal: String,
}

/// What a plan would have paid in each period, perhaps beside another plan on the same facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    pub paid: Paid,
    pub other: Option<Paid>,
}

impl Paid {
    fn words(&self) -> Words<'_> {
        Words { plan: &self.plan, calculation: &self.calculation }
    }

    fn period(&self) -> Period {
        self.calculation.through
    }

    fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.calculation.currency }
    }

    fn amount(&self, minor: i64) -> String {
        let money = self.money(minor);
        format!("{} {}", grouped(&money.to_decimal()), money.currency.code())
    }

    fn name(&self, payee: usize) -> &str {
        &self.plan.terms().payees[payee].name
    }

    /// The statements of the period that was asked for.
    pub fn of_period(&self) -> impl Iterator<Item = &Statement> {
        self.calculation.statements.iter().filter(|one| one.period == self.period())
    }

    /// The lines of a payee's statement of the period that are about some deals.
    pub fn lines_of(&self, payee: usize, deals: &[String]) -> Vec<WhatIfLine> {
        let statement = self.of_period().find(|one| one.payee == payee);
        let lines = statement.into_iter().flat_map(|one| &one.lines);
        let about = |line: &&Line| self.named(line).is_some_and(|it| deals.contains(&it.id));
        let told = |line: &Line| WhatIfLine {
            kind: self.words().kind(line),
            amount: self.money(line.amount),
            sentence: self.words().sentence(line),
        };
        lines.filter(about).map(told).collect()
    }

    fn total_of(&self, payee: usize) -> i64 {
        let of_payee = self.calculation.statements.iter().filter(|one| one.payee == payee);
        of_payee.map(|statement| statement.total).sum()
    }

    /// What the reader must know: of which day it is seen, how the gate stands, what was left out.
    pub fn notes(&self) -> Vec<String> {
        let Calculation { plan, version, seen, .. } = &self.calculation;
        let mut notes = vec![format!(
            "Plan {plan}, version {version}; seen from the end of {}, as known by {}.",
            seen.effective_on, seen.known_on
        )];
        match &self.gate {
            Some(Outcome::Met(_)) => {
                notes.push("Relay gate: every leg met its mark, the pool is paid.".to_owned());
            }
            Some(Outcome::Missed(misses)) => notes.extend(
                misses.iter().map(|miss| format!("Relay gate, missed: {}.", miss.sentence())),
            ),
            Some(Outcome::Open(legs)) => {
                notes.push(format!("Relay gate, open: still to be judged: {}.", legs.join(", ")));
            }
            None => {}
        }
        notes.extend(self.notes.iter().cloned());
        notes
    }

    fn head(&self) -> Value {
        let Calculation { plan, version, currency, through, seen, .. } = &self.calculation;
        json!({
            "plan": plan,
            "version": version,
            "currency": currency.code(),
            "period": through.to_string(),
            "as_of": seen.effective_on.to_string(),
            "known_by": seen.known_on.to_string(),
            "notes": self.notes(),
        })
    }

    /// A statement by itself, as it is kept: the same plan and facts give the same bytes.
    pub fn text(&self, statement: &Statement) -> String {
        let mut told = self.statement_json(statement);
        let Calculation { plan, version, currency, .. } = &self.calculation;
        told["plan"] = plan.as_str().into();
        told["version"] = (*version).into();
        told["currency"] = currency.code().into();
        told.to_string()
    }

    fn statement_json(&self, statement: &Statement) -> Value {
        let measures = &self.plan.terms().measures;
        let attainment = |(measure, found): (usize, &Option<Attainment>)| {
            let Attainment { quota, credit } = (*found)?;
            let metric = measures[measure].metric;
            let mut told = json!({
                "measure": measures[measure].name,
                "quota": self.number(metric, quota.minor),
                "credit": self.number(metric, credit),
                "attainment": attained(credit, quota.minor).factor(),
            });
            if metric != Metric::Revenue {
                told["metric"] = metric.name().into();
            }
            Some(told)
        };
        let attained = statement.attainments.iter().enumerate().filter_map(attainment);
        json!({
            "payee": self.plan.terms().payees[statement.payee].id,
            "name": self.name(statement.payee),
            "period": statement.period.to_string(),
            "attainment": attained.collect::<Vec<_>>(),
            "lines": statement.lines.iter().map(|line| self.line_json(line)).collect::<Vec<_>>(),
            "total": self.money(statement.total).to_decimal(),
            "draw_balance": self.money(statement.draw_balance).to_decimal(),
        })
    }

    fn line_json(&self, line: &Line) -> Value {
        let mut told = json!({
            "about": line.about.to_string(),
            "kind": self.words().kind(line),
            "deal": null,
            "amount": self.money(line.amount).to_decimal(),
            "sentence": self.words().sentence(line),
        });
        if let Some(named) = self.named(line) {
            told[named.metric.record()] = named.id.as_str().into();
        }
        told
    }

    /// The deal, or what else a line is about.
    fn named(&self, line: &Line) -> Option<&Named> {
        self.calculation.deals.get(usize::try_from(line.deal?).ok()?)
    }

    /// So much of a metric as it stands in JSON: an amount with its decimals, or a count.
    fn number(&self, metric: Metric, amount: i64) -> String {
        match metric.unit() {
            Some(_) => amount.to_string(),
            None => self.money(amount).to_decimal(),
        }
    }

    fn cell(&self, metric: Metric, amount: i64) -> Cell {
        match metric.unit() {
            Some(unit) => Cell::Text(told_count(amount, unit)),
            None => self.money(amount).into(),
        }
    }

    fn lines_table<'l>(&self, title: &str, lines: impl Iterator<Item = &'l Line>) -> Table {
        let amount = format!(">{}", self.calculation.currency.code());
        let mut table = Table::new(title, &["Line", amount.as_str(), "Why"]);
        for line in lines {
            let (kind, why) = (self.words().kind(line), self.words().sentence(line));
            table.row([kind.into(), self.money(line.amount).into(), why.into()]);
        }
        table
    }
}

/// Credit as a share of the quota, to the millionth below.
fn attained(credit: i64, quota: i64) -> Rate {
    let millionths = i128::from(credit) * 1_000_000 / i128::from(quota.max(1));
    Rate { millionths: i64::try_from(millionths).unwrap_or(i64::MAX) }
}

impl Report for Payroll {
    fn document(&self) -> Document {
        let paid = &self.0;
        let code = paid.calculation.currency.code();
        let names = ["Payee", "Measure", ">Credit", ">Quota", ">Attained"].map(str::to_owned);
        let mut columns = names.to_vec();
        columns.push(format!(">Paid {code}"));
        let mut table = Table::new(&format!("Statements of {}", paid.period()), &columns);
        for statement in paid.of_period() {
            for row in payroll_rows(paid, statement) {
                table.row(row);
            }
        }
        let total: i64 = paid.of_period().map(|statement| statement.total).sum();
        let payees = counted(paid.of_period().count(), "payee");
        let answer = format!("{} pays {payees} {} in all.", paid.period(), paid.amount(total));
        Document { answer, tables: vec![table], notes: paid.notes() }
    }

    fn json(&self) -> Value {
        let mut head = self.0.head();
        let statements = self.0.of_period().map(|one| self.0.statement_json(one));
        head["statements"] = statements.collect();
        head
    }
}

/// A row for each measure; name and total stand in the first.
fn payroll_rows(paid: &Paid, statement: &Statement) -> Vec<[Cell; 6]> {
    let measures = &paid.plan.terms().measures;
    let found = statement.attainments.iter().enumerate();
    let mut rows: Vec<[Cell; 6]> = found
        .filter_map(|(measure, found)| {
            let Attainment { quota, credit } = (*found)?;
            Some([
                "".into(),
                measures[measure].name.as_str().into(),
                paid.cell(measures[measure].metric, credit),
                paid.cell(measures[measure].metric, quota.minor),
                attained(credit, quota.minor).percent().into(),
                "".into(),
            ])
        })
        .collect();
    if rows.is_empty() {
        let nothing = || Cell::Missing;
        rows.push(["".into(), nothing(), nothing(), nothing(), nothing(), nothing()]);
    }
    rows[0][0] = paid.name(statement.payee).into();
    rows[0][5] = paid.money(statement.total).into();
    rows
}

impl Slip {
    fn statement(&self) -> Option<&Statement> {
        self.paid.of_period().find(|one| one.payee == self.payee)
    }
}

impl Report for Slip {
    fn document(&self) -> Document {
        let (paid, name) = (&self.paid, self.paid.name(self.payee));
        let Some(statement) = self.statement() else { return Document::default() };
        let period = paid.period();
        let answer = format!("{period} pays {name} {}.", paid.amount(statement.total));
        let title = format!("Statement of {name} for {period}");
        let mut notes = paid.notes();
        if statement.draw_balance != 0 {
            let owed = paid.amount(statement.draw_balance);
            notes.push(format!("Of draws, {owed} is to be made up for."));
        }
        Document { answer, tables: vec![paid.lines_table(&title, statement.lines.iter())], notes }
    }

    fn json(&self) -> Value {
        let mut head = self.paid.head();
        let statement = self.statement();
        head["statement"] = statement.map(|one| self.paid.statement_json(one)).into();
        head
    }
}

impl Explained {
    fn lines(&self) -> impl Iterator<Item = (Period, &Line)> {
        let of_payee = |one: &&Statement| one.payee == self.payee;
        let statements = self.paid.calculation.statements.iter().filter(of_payee);
        let lines = statements.flat_map(|one| one.lines.iter().map(|line| (one.period, line)));
        let is_about = |named: &Named| named.id == self.deal;
        lines.filter(move |(_, line)| self.paid.named(line).is_some_and(is_about))
    }
}

impl Report for Explained {
    fn document(&self) -> Document {
        let paid = &self.paid;
        let sum: i64 = self.lines().map(|(_, line)| line.amount).sum();
        let (deal, name) = (&self.deal, paid.name(self.payee));
        let until = paid.period();
        let record = self.lines().find_map(|(_, line)| paid.named(line));
        let record = capital(record.map_or("deal", |named| named.metric.record()));
        let answer = format!("{record} {deal} has paid {name} {} by {until}.", paid.amount(sum));
        let mut periods: Vec<Period> = self.lines().map(|(period, _)| period).collect();
        periods.dedup();
        let table = |period: &Period| {
            let lines = self.lines().filter(|(of, _)| of == period).map(|(_, line)| line);
            paid.lines_table(&format!("Statement of {period}"), lines)
        };
        Document { answer, tables: periods.iter().map(table).collect(), notes: paid.notes() }
    }

    fn json(&self) -> Value {
        let mut head = self.paid.head();
        head["payee"] = self.paid.plan.terms().payees[self.payee].id.as_str().into();
        head["deal"] = self.deal.as_str().into();
        let lines = self.lines().map(|(period, line)| {
            let mut told = self.paid.line_json(line);
            told["statement"] = period.to_string().into();
            told
        });
        head["lines"] = lines.collect();
        head
    }
}

impl Simulated {
    /// Ids and names of all payees of either plan, with what each plan pays.
    fn payees(&self) -> Vec<(&str, &str, Option<i64>, Option<i64>)> {
        let payees = &self.paid.plan.terms().payees;
        let of_other = |id: &str| {
            let other = self.other.as_ref()?;
            let place = other.plan.terms().payees.iter().position(|payee| payee.id == id)?;
            Some(other.total_of(place))
        };
        let mut all: Vec<_> = (payees.iter().enumerate())
            .map(|(place, payee)| {
                let (id, name) = (payee.id.as_str(), payee.name.as_str());
                (id, name, Some(self.paid.total_of(place)), of_other(id))
            })
            .collect();
        for (place, payee) in
            self.other.iter().flat_map(|other| other.plan.terms().payees.iter().enumerate())
        {
            if !payees.iter().any(|one| one.id == payee.id) {
                let total = self.other.as_ref().map(|other| other.total_of(place));
                all.push((&payee.id, &payee.name, None, total));
            }
        }
        all
    }

    fn cost(paid: &Paid) -> i64 {
        paid.calculation.statements.iter().map(|statement| statement.total).sum()
    }

    fn periods_table(&self) -> Table {
        let code = self.paid.calculation.currency.code();
        let mut columns = vec!["Period".to_owned(), format!(">Cost {code}")];
        if self.other.is_some() {
            columns.push(format!(">The other plan {code}"));
        }
        let mut table = Table::new("What each period costs", &columns);
        let cost_of = |paid: &Paid, period: Period| -> i64 {
            let of_period = paid.calculation.statements.iter().filter(|one| one.period == period);
            of_period.map(|statement| statement.total).sum()
        };
        let mut periods: Vec<Period> =
            self.paid.calculation.statements.iter().map(|one| one.period).collect();
        periods.dedup();
        for period in periods {
            let mut row: Vec<Cell> = vec![period.to_string().into()];
            row.push(self.paid.money(cost_of(&self.paid, period)).into());
            row.extend(
                self.other.iter().map(|other| Cell::from(other.money(cost_of(other, period)))),
            );
            table.row(row);
        }
        table
    }
}

impl Report for Simulated {
    fn document(&self) -> Document {
        let paid = &self.paid;
        let cost = Simulated::cost(paid);
        let until = paid.period();
        let first = paid.plan.terms().first_period;
        let answer = format!("From {first} to {until} the plan costs {}", paid.amount(cost));
        let answer = match &self.other {
            None => format!("{answer}."),
            Some(other) => {
                let there = Simulated::cost(other);
                let apart = paid.amount(there - cost);
                format!("{answer}, the other {}: {apart} apart.", other.amount(there))
            }
        };
        let code = paid.calculation.currency.code();
        let names = ["Payee".to_owned(), format!(">Pays {code}"), format!(">The other {code}")];
        let columns = [&names[..], &[">Gains".to_owned()]].concat();
        let shown = if self.other.is_some() { 4 } else { 2 };
        let mut table = Table::new("Who gets what", &columns[..shown]);
        for (_, name, here, there) in self.payees() {
            let money = |minor: Option<i64>| Cell::from(minor.map(|minor| paid.money(minor)));
            let gain = here.zip(there).map(|(here, there)| there - here);
            let row = [name.into(), money(here), money(there), money(gain)];
            table.row(row[..shown].to_vec());
        }
        Document { answer, tables: vec![self.periods_table(), table], notes: paid.notes() }
    }

    fn json(&self) -> Value {
        let mut head = self.paid.head();
        let money = |minor: Option<i64>| minor.map(|minor| self.paid.money(minor).to_decimal());
        let payee = |(id, name, here, there): (&str, &str, Option<i64>, Option<i64>)| {
            json!({
                "payee": id,
                "name": name,
                "total": money(here),
                "other_total": money(there),
            })
        };
        head["cost"] = money(Some(Simulated::cost(&self.paid))).into();
        head["other_cost"] = money(self.other.as_ref().map(Simulated::cost)).into();
        head["payees"] = self.payees().into_iter().map(payee).collect();
        head
    }
}

#[cfg(test)]
mod tests;
