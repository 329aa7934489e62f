//! Open individuals, grouped so that a future need not draw each of them.

use std::collections::BTreeMap;

use crate::funnel::history::OpenIndividual;

/// Amount classes per doubling: members of a cell differ by less than a fifth.
const CLASSES_PER_DOUBLING: f64 = 4.0;

/// All cells.
pub(crate) struct Cells {
    pub open: Vec<Cell>,
}

/// Open individuals of one segment, without an amount or with nearly the same one.
pub(crate) struct Cell {
    pub segment: u32,
    pub has_amount: bool,
    pub members: Vec<Member>,
}

/// Individuals of one cell in the same state at the same age.
pub(crate) struct Member {
    pub state: usize,
    pub age_days: u32,
    pub count: f64,
    /// Sum of their amounts.
    pub amount: f64,
}

impl Cells {
    pub(crate) fn new(open: &[OpenIndividual]) -> Self {
        let mut cells: BTreeMap<_, BTreeMap<_, (f64, f64)>> = BTreeMap::new();
        for one in open {
            let members = cells.entry((one.segment, one.amount.map(class))).or_default();
            let (count, amount) = members.entry((one.state, one.age_days)).or_default();
            *count += 1.0;
            *amount += one.amount.unwrap_or(0.0);
        }
        let cell = |((segment, class), members): ((u32, Option<i32>), BTreeMap<_, _>)| Cell {
            segment,
            has_amount: class.is_some(),
            members: members.into_iter().map(member).collect(),
        };
        Self { open: cells.into_iter().map(cell).collect() }
    }
}

fn member(((state, age_days), (count, amount)): ((usize, u32), (f64, f64))) -> Member {
    Member { state, age_days, count, amount }
}

/// A class of amounts; one of its own for what has no logarithm.
fn class(amount: f64) -> i32 {
    if amount > 0.0 { (amount.log2() * CLASSES_PER_DOUBLING).floor() as i32 } else { i32::MIN }
}
