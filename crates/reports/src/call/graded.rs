//! Past calls beside what was booked: how far off each person was.

use domain::money::Money;
use domain::period::Period;
use serde_json::{Value, json};

use crate::document::{Cell, Table};
use crate::render::code;

/// What one owner (or somebody for the whole) called of a period that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Graded {
    pub period: Period,
    pub whose: String,
    /// What the owner said first and last before the period ended; `None` where it was only said
    /// over the owner.
    pub first: Option<Money>,
    pub last: Option<Money>,
    /// What was said over it last, where it counted at the end.
    pub overridden: Option<Money>,
    pub booked: Money,
}

impl Graded {
    /// `(called − booked) ÷ booked`; `None` where nothing was booked.
    fn off_by(&self, called: Option<Money>) -> Option<f64> {
        let booked = self.booked.minor as f64;
        called.filter(|_| self.booked.minor > 0).map(|it| it.minor as f64 / booked - 1.0)
    }

    pub fn json(&self) -> Value {
        let decimal = |money: Option<Money>| money.map(Money::to_decimal);
        json!({
            "period": self.period.to_string(),
            "of": self.whose,
            "first_commit": decimal(self.first),
            "last_commit": decimal(self.last),
            "override": decimal(self.overridden),
            "booked": self.booked.to_decimal(),
            "first_off_by": self.off_by(self.first),
            "last_off_by": self.off_by(self.last),
            "override_off_by": self.off_by(self.overridden),
        })
    }
}

/// Each past call, the latest period first.
pub fn table(graded: &[Graded]) -> Table {
    let code = graded.first().map_or("", |first| code(first.booked.currency));
    let amounts = ["First call", "Last call", "Override", "Booked"];
    let mut columns = vec!["Period".to_owned(), "Of".to_owned()];
    columns.extend(amounts.map(|name| format!(">{name} {code}")));
    columns.extend([">First off by", ">Last off by", ">Override off by"].map(str::to_owned));
    let mut table = Table::new("Past calls, graded", &columns);
    let share = |share: Option<f64>| share.map_or(Cell::Missing, Cell::Share);
    for one in graded {
        table.row([
            one.period.to_string().into(),
            one.whose.as_str().into(),
            one.first.into(),
            one.last.into(),
            one.overridden.into(),
            one.booked.into(),
            share(one.off_by(one.first)),
            share(one.off_by(one.last)),
            share(one.off_by(one.overridden)),
        ]);
    }
    table
}

/// Each person over all their periods.
pub fn by_person(graded: &[Graded]) -> Table {
    let columns = ["Of", ">Periods", ">First off by", ">Last off by", ">Last, over or under"];
    let mut table = Table::new("Past calls by person", &columns);
    let mut persons: Vec<&str> = graded.iter().map(|one| one.whose.as_str()).collect();
    persons.sort_unstable();
    persons.dedup();
    for person in persons {
        let own: Vec<&Graded> = graded.iter().filter(|one| one.whose == person).collect();
        let first = own.iter().filter_map(|one| one.off_by(one.first)).map(f64::abs);
        let last: Vec<f64> = own.iter().filter_map(|one| one.off_by(one.last)).collect();
        table.row([
            person.into(),
            own.len().into(),
            mean(first.collect()),
            mean(last.iter().map(|share| share.abs()).collect()),
            mean(last),
        ]);
    }
    table
}

fn mean(shares: Vec<f64>) -> Cell {
    match shares.len() {
        0 => Cell::Missing,
        count => Cell::Share(shares.iter().sum::<f64>() / count as f64),
    }
}
