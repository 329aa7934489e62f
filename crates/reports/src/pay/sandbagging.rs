//! What payees would have gained by letting wins slip across the end of a period.

use domain::money::{Currency, Money};
use domain::period::Period;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{counted, grouped};

#[derive(Clone, Debug, PartialEq)]
pub struct Sandbagging {
    pub plan: String,
    pub version: u32,
    pub currency: Currency,
    /// Days at either side of an end whose wins are moved.
    pub days: i64,
    /// The ends that were looked at: a period and the one behind it.
    pub ends: Vec<(Period, Period)>,
    /// Where there was a win to move, in the order of payees and ends.
    pub shifts: Vec<Shift>,
    pub payees: usize,
}

/// One payee's wins at one end moved across it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    pub payee: String,
    pub name: String,
    pub before: Period,
    pub after: Period,
    /// Held back into the next period, or else pulled into the one before.
    pub is_held_back: bool,
    pub wins: usize,
    /// What was won with them, in minor units.
    pub amount: i64,
    /// What both periods pay together, as it was and as it would have been.
    pub paid: i64,
    pub would: i64,
}

impl Shift {
    fn gain(&self) -> i64 {
        self.would - self.paid
    }

    fn way(&self) -> &'static str {
        if self.is_held_back { "held back" } else { "pulled in" }
    }
}

impl Sandbagging {
    fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    fn amount(&self, minor: i64) -> String {
        let code = self.currency.code();
        format!("{} {code}", grouped(&self.money(minor).to_decimal()))
    }

    /// Those by which a payee would have gained, the largest gain first.
    fn gains(&self) -> Vec<&Shift> {
        let mut gains: Vec<&Shift> = self.shifts.iter().filter(|one| one.gain() > 0).collect();
        gains.sort_by_key(|one| std::cmp::Reverse(one.gain()));
        gains
    }

    fn answer(&self) -> String {
        let (ends, days) = (counted(self.ends.len(), "end"), self.days);
        if self.ends.is_empty() {
            return "No two periods that follow each other are over yet.".to_owned();
        }
        let held = self.shifts.iter().filter(|one| one.is_held_back);
        let (all, gains) = held.fold((0, Vec::new()), |(all, mut gains), one| {
            if one.gain() > 0 {
                gains.push(one.gain());
            }
            (all + 1, gains)
        });
        let most = gains.iter().copied().max().unwrap_or(0);
        let sum = gains.iter().sum();
        format!(
            "At {ends} of periods, wins of the last {days} days could have been held back {}: it \
             would have paid {}{}.",
            counted_times(all),
            counted_times(gains.len()),
            match gains.len() {
                0 => String::new(),
                _ => format!(", {} in all and {} at most", self.amount(sum), self.amount(most)),
            }
        )
    }

    fn table(&self) -> Option<Table> {
        let code = self.currency.code();
        let columns = [
            "Payee".to_owned(),
            "End of".to_owned(),
            "Wins".to_owned(),
            ">Count".to_owned(),
            format!(">Amount {code}"),
            ">Paid".to_owned(),
            ">Would pay".to_owned(),
            ">Gain".to_owned(),
        ];
        let mut table = Table::new("Where moving wins would have paid", &columns);
        for one in self.gains() {
            table.row([
                Cell::from(one.name.as_str()),
                one.before.to_string().into(),
                one.way().into(),
                one.wins.into(),
                self.money(one.amount).into(),
                self.money(one.paid).into(),
                self.money(one.would).into(),
                self.money(one.gain()).into(),
            ]);
        }
        (!table.rows.is_empty()).then_some(table)
    }

    fn notes(&self) -> Vec<String> {
        let Sandbagging { plan, version, days, .. } = self;
        vec![
            format!("Plan {plan}, version {version}, on what was won, as it is known now."),
            format!(
                "Held back: a payee's own wins of the last {days} days are won on the first day of \
                 the next period. Pulled in: those of its first {days} days on the last day \
                 before. Nothing else is another; holds, clawbacks, draws and the relay are left \
                 out."
            ),
        ]
    }
}

fn counted_times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

impl Report for Sandbagging {
    fn document(&self) -> Document {
        let tables = self.table().into_iter().collect();
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        let decimal = |minor: i64| self.money(minor).to_decimal();
        let shift = |one: &Shift| {
            json!({
                "payee": one.payee,
                "name": one.name,
                "before": one.before.to_string(),
                "after": one.after.to_string(),
                "way": one.way(),
                "wins": one.wins,
                "amount": decimal(one.amount),
                "paid": decimal(one.paid),
                "would_pay": decimal(one.would),
                "gain": decimal(one.gain()),
            })
        };
        json!({
            "plan": self.plan,
            "version": self.version,
            "currency": self.currency.code(),
            "days": self.days,
            "ends": self.ends.iter().map(|(before, _)| before.to_string()).collect::<Vec<_>>(),
            "payees": self.payees,
            "shifts": self.shifts.iter().map(shift).collect::<Vec<_>>(),
            "notes": self.notes(),
        })
    }
}
