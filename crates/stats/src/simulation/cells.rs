//! Open individuals, grouped so that a future need not draw each of them.
//!
//! Those with amounts so large that they matter by themselves stay alone. The others form cells by
//! state, younger or older half, and class of amounts: classes start narrow, and neighbours are
//! joined where that adds least to the spread of amounts within (Ward 1963, "Hierarchical grouping
//! to optimize an objective function"); the spread that is left is known to the cell. It refuses to
//! know who reaches a target.

use std::collections::BTreeMap;

use super::amounts::{AmountSources, Source};
use crate::compound::Moments;
use crate::funnel::history::OpenIndividual;

/// Share of the sum of all squared amounts above which an individual is drawn by itself.
pub(crate) const LONE_SHARE_MIN: f64 = 1.0 / 512.0;
/// Amount classes per doubling before any are joined: members differ by less than a fifth.
const CLASSES_PER_DOUBLING: f64 = 4.0;
/// Amount classes that are left of one state and class of age.
const CLASSES_MAX: usize = 4;
/// Classes of age in one state, of equally many.
const AGE_CLASSES: usize = 2;

/// All open individuals.
pub(crate) struct Cells {
    /// Drawn one by one; by segment, ascending.
    pub lone: Vec<OpenIndividual>,
    pub cells: Vec<Cell>,
    /// Members of the cells, by segment.
    pub members: BTreeMap<u32, Vec<Member>>,
}

/// Individuals in one state, of much the same age and amount, or with amounts from one source.
pub(crate) struct Cell {
    pub state: usize,
    pub amounts: CellAmounts,
}

/// What members of a cell bring.
#[derive(Clone, Copy)]
pub(crate) enum CellAmounts {
    Known(Moments),
    From(Source),
}

/// Individuals of one cell and segment at the same age.
pub(crate) struct Member {
    pub cell: usize,
    pub age_days: u32,
    pub count: f64,
    /// Sum of their known amounts.
    pub amount: f64,
}

impl Cells {
    /// Keeps those alone whose squared amount is more than a share of the sum of all.
    pub(crate) fn new(open: &[OpenIndividual], lone_share: f64, sources: &AmountSources) -> Self {
        let square = |one: &OpenIndividual| sources.expected(one).powi(2);
        let least = lone_share * open.iter().map(square).sum::<f64>();
        let (mut lone, others): (Vec<_>, Vec<_>) =
            open.iter().copied().partition(|one| square(one) > least);
        lone.sort_by_key(|one| one.segment);
        let (cells, members) = group(&others, sources);
        Self { lone, cells, members }
    }
}

fn group(
    others: &[OpenIndividual],
    sources: &AmountSources,
) -> (Vec<Cell>, BTreeMap<u32, Vec<Member>>) {
    let bounds = age_bounds(others);
    let key = |one: &OpenIndividual| Key {
        state: one.state,
        age: bounds[&one.state].partition_point(|&bound| bound <= one.age_days),
        amount: one.amount.map(class).ok_or_else(|| sources.of_segment(one.segment)),
    };
    let keys: Vec<Key> = others.iter().map(key).collect();
    let mut bunches: BTreeMap<Key, Bunch> = BTreeMap::new();
    for (one, key) in others.iter().zip(&keys) {
        let alone = Bunch::of(one.amount.unwrap_or(0.0));
        bunches.entry(*key).and_modify(|bunch| bunch.count_in(alone)).or_insert(alone);
    }
    let (cells, cell_of_key) = cells(&bunches);
    let place = |(one, key): (&OpenIndividual, &Key)| {
        ((one.segment, cell_of_key[key], one.age_days), one.amount.unwrap_or(0.0))
    };
    let mut placed: Vec<_> = others.iter().zip(&keys).map(place).collect();
    placed.sort_by_key(|&(place, _)| place);
    let mut members: BTreeMap<u32, Vec<Member>> = BTreeMap::new();
    for same in placed.chunk_by(|a, b| a.0 == b.0) {
        let (segment, cell, age_days) = same[0].0;
        let amount = same.iter().map(|(_, amount)| amount).sum();
        let member = Member { cell, age_days, count: same.len() as f64, amount };
        members.entry(segment).or_default().push(member);
    }
    (cells, members)
}

/// What members of a cell have in common, before any cells are joined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    state: usize,
    /// Class of age.
    age: usize,
    /// Class of amounts, or the source of unknown ones.
    amount: Result<i32, Source>,
}

impl Key {
    /// Whether two neighbours may be of one cell.
    fn may_join(&self, other: &Self) -> bool {
        let place = |key: &Self| (key.state, key.age, key.amount.is_ok());
        place(self) == place(other) && self.amount.is_ok()
    }
}

/// By state: the first ages of all classes but the youngest.
fn age_bounds(others: &[OpenIndividual]) -> BTreeMap<usize, Vec<u32>> {
    let mut ages: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for one in others {
        ages.entry(one.state).or_default().push(one.age_days);
    }
    let bounds = |mut ages: Vec<u32>| {
        ages.sort_unstable();
        (1..AGE_CLASSES).map(|class| ages[class * ages.len() / AGE_CLASSES]).collect()
    };
    ages.into_iter().map(|(state, ages)| (state, bounds(ages))).collect()
}

/// A class of amounts; one of its own for what has no logarithm.
fn class(amount: f64) -> i32 {
    if amount > 0.0 { (amount.log2() * CLASSES_PER_DOUBLING).floor() as i32 } else { i32::MIN }
}

/// The cells, and which of them each key belongs to.
fn cells(bunches: &BTreeMap<Key, Bunch>) -> (Vec<Cell>, BTreeMap<Key, usize>) {
    let (mut cells, mut cell_of_key) = (Vec::new(), BTreeMap::new());
    let bunches: Vec<(&Key, &Bunch)> = bunches.iter().collect();
    for mut keys in bunches.chunk_by(|a, b| a.0.may_join(b.0)) {
        for joined in join(keys.iter().map(|(_, bunch)| **bunch).collect()) {
            let (own, others) = keys.split_at(joined.keys);
            cell_of_key.extend(own.iter().map(|(key, _)| (**key, cells.len())));
            let amounts = match own[0].0.amount {
                Ok(_) => CellAmounts::Known(joined.amounts),
                Err(source) => CellAmounts::From(source),
            };
            cells.push(Cell { state: own[0].0.state, amounts });
            keys = others;
        }
    }
    (cells, cell_of_key)
}

/// Individuals whose amounts are looked at together.
#[derive(Clone, Copy)]
struct Bunch {
    /// Keys that have been joined.
    keys: usize,
    count: f64,
    amounts: Moments,
}

impl Bunch {
    fn of(amount: f64) -> Self {
        Self { keys: 1, count: 1.0, amounts: Moments { mean: amount, ..Moments::default() } }
    }

    /// One more under the same key.
    fn count_in(&mut self, one: Self) {
        *self = Self { keys: 1, ..self.join(one) };
    }

    fn join(self, other: Self) -> Self {
        let count = self.count + other.count;
        let amounts = self.amounts.mix(self.count / count, other.amounts);
        Self { keys: self.keys + other.keys, count, amounts }
    }

    /// What the sum of squares within grows by when both are joined.
    fn distance(&self, other: &Self) -> f64 {
        let gap = self.amounts.mean - other.amounts.mean;
        self.count * other.count / (self.count + other.count) * gap * gap
    }
}

/// Joins the nearest neighbours until few enough are left.
fn join(mut bunches: Vec<Bunch>) -> Vec<Bunch> {
    while bunches.len() > CLASSES_MAX {
        let distance = |index: &usize| bunches[*index].distance(&bunches[index + 1]);
        let nearest = (0..bunches.len() - 1).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let Some(nearest) = nearest else { break };
        let joined = bunches[nearest].join(bunches.remove(nearest + 1));
        bunches[nearest] = joined;
    }
    bunches
}
