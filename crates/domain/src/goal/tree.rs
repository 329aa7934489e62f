//! A goal broken down into parts: by quarter, team, region, product, down to each person's own.
//!
//! The parts of a whole always sum to it, to the minor unit: whatever changes, the others take up
//! the difference.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::money::{Money, split};
use crate::name::plain;

/// Parts that a whole may have at most.
pub const PARTS_MAX: usize = 200;

/// By what a whole is broken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    Quarter,
    Leg,
    Team,
    Region,
    Product,
    Source,
    Person,
}

/// A part of a goal, or of another part.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub id: Uuid,
    /// The part that it is a part of; `None` where that is the goal itself.
    pub whole: Option<Uuid>,
    pub dimension: Dimension,
    /// Which quarter, team, region, product or person.
    pub name: String,
    pub amount: Money,
    /// The member who answers for it.
    pub owner: Option<Uuid>,
}

/// A member's word for an amount. It holds as long as the amount is what was signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The part that was signed for; `None` for the goal itself.
    pub part: Option<Uuid>,
    pub amount: Money,
    pub member: Uuid,
    pub signed_at: jiff::Timestamp,
}

/// A goal's amount and all its parts. Parts of one whole stand in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub amount: Money,
    pub parts: Vec<Part>,
}

/// What a part is to be: its id if it is new, its name, and its weight beside the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub id: Uuid,
    pub name: String,
    pub weight: u64,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TreeError {
    #[error("the goal has no part `{0}`")]
    NoPart(String),
    #[error("`{0}` is not one of: {all}", all = dimension_names())]
    UnknownDimension(String),
    #[error("a part needs a name")]
    NoName,
    #[error("`{0}` is named twice: each part has a name of its own")]
    NamedTwice(String),
    #[error("a goal is broken down into two parts at least, and {PARTS_MAX} at most, not {0}")]
    PartCount(usize),
    #[error("{whole} is broken down by {above} above already: choose another")]
    Repeated { whole: String, above: Dimension },
    #[error("the part must lie between 0 and {whole}, what it is a part of, not {amount}")]
    OutOfRange { amount: Money, whole: Money },
    #[error("{0} is the only part with anything: there is nothing that the others could take up")]
    NothingToTakeUp(String),
}

impl Tree {
    /// The parts of a part, or those of the goal itself.
    pub fn parts_of(&self, whole: Option<Uuid>) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.whole == whole)
    }

    /// # Errors
    /// When no part has the id.
    pub fn part(&self, id: Uuid) -> Result<&Part, TreeError> {
        let found = self.parts.iter().find(|part| part.id == id);
        found.ok_or_else(|| TreeError::NoPart(id.to_string()))
    }

    /// A part with all that it is a part of, the largest first.
    pub fn path(&self, id: Uuid) -> Vec<&Part> {
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(part) = next.and_then(|id| self.part(id).ok()) {
            path.insert(0, part);
            next = part.whole;
        }
        path
    }

    /// The part that is named by its way from the goal: `2027-Q1/Enterprise`.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, path: &str) -> Result<Uuid, TreeError> {
        let unknown = || TreeError::NoPart(path.to_owned());
        let mut found = None;
        for name in path.split('/') {
            let is_named = |part: &&Part| plain(&part.name) == plain(name);
            found = Some(self.parts_of(found).find(is_named).ok_or_else(unknown)?.id);
        }
        found.ok_or_else(unknown)
    }

    /// Breaks a whole down by shares. A part that was there under the same name stays what it is,
    /// with its owner and its own parts; one that is not named any more goes.
    ///
    /// # Errors
    /// When names repeat, there are too few or too many, or a dimension repeats one above.
    pub fn break_down(
        &mut self,
        whole: Option<Uuid>,
        dimension: Dimension,
        shares: &[Share],
    ) -> Result<(), TreeError> {
        self.check(whole, shares)?;
        self.check_dimension(whole, dimension)?;
        let amount = match whole {
            Some(id) => self.part(id)?.amount,
            None => self.amount,
        };
        let weights: Vec<u64> = shares.iter().map(|share| share.weight).collect();
        let amounts = split(amount.minor, &weights);
        let earlier: Vec<Part> = self.parts_of(whole).cloned().collect();
        let part = |(share, minor): (&Share, i64)| {
            let amount = Money { minor, ..amount };
            let new = Part {
                id: share.id,
                whole,
                dimension,
                name: share.name.trim().to_owned(),
                amount,
                owner: None,
            };
            let same = |part: &&Part| part.dimension == dimension && part.name == new.name;
            earlier
                .iter()
                .find(same)
                .map_or_else(|| new.clone(), |old| Part { amount, ..old.clone() })
        };
        let parts: Vec<Part> = shares.iter().zip(amounts).map(part).collect();
        let kept: Vec<Uuid> = parts.iter().map(|part| part.id).collect();
        self.parts.retain(|part| part.whole != whole);
        self.parts.extend(parts);
        self.drop_orphans();
        for id in kept {
            self.share_out(Some(id));
        }
        Ok(())
    }

    /// Whether a whole can be broken down by a dimension: it is not yet above.
    ///
    /// # Errors
    /// When it is, or the whole is none.
    pub fn check_dimension(
        &self,
        whole: Option<Uuid>,
        dimension: Dimension,
    ) -> Result<(), TreeError> {
        let Some(id) = whole else { return Ok(()) };
        let whole = self.part(id)?.name.clone();
        let repeats = self.path(id).into_iter().any(|above| above.dimension == dimension);
        if repeats { Err(TreeError::Repeated { whole, above: dimension }) } else { Ok(()) }
    }

    fn check(&self, whole: Option<Uuid>, shares: &[Share]) -> Result<(), TreeError> {
        whole.map(|id| self.part(id)).transpose()?;
        if !(2..=PARTS_MAX).contains(&shares.len()) {
            return Err(TreeError::PartCount(shares.len()));
        }
        let mut names: Vec<String> = shares.iter().map(|share| plain(&share.name)).collect();
        names.sort();
        if names.iter().any(String::is_empty) {
            return Err(TreeError::NoName);
        }
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        twice.map_or(Ok(()), |pair| Err(TreeError::NamedTwice(pair[0].clone())))
    }

    /// Takes the parts of a whole away, and theirs.
    ///
    /// # Errors
    /// When the whole is none.
    pub fn join(&mut self, whole: Option<Uuid>) -> Result<(), TreeError> {
        whole.map(|id| self.part(id)).transpose()?;
        self.parts.retain(|part| part.whole != whole);
        self.drop_orphans();
        Ok(())
    }

    /// Sets the amount of one part; the others of its whole take up the difference in proportion,
    /// and its own parts follow.
    ///
    /// # Errors
    /// When the amount is less than nothing or more than the whole, or no other part can take up
    /// the difference.
    pub fn set_amount(&mut self, id: Uuid, amount: Money) -> Result<(), TreeError> {
        let part = self.part(id)?.clone();
        let whole = match part.whole {
            Some(whole) => self.part(whole)?.amount,
            None => self.amount,
        };
        if amount.currency != whole.currency || !(0..=whole.minor).contains(&amount.minor) {
            return Err(TreeError::OutOfRange { amount, whole });
        }
        let others: Vec<&Part> = self.parts_of(part.whole).filter(|other| other.id != id).collect();
        if others.is_empty() && amount != whole {
            return Err(TreeError::NothingToTakeUp(part.name));
        }
        let rest = shared(whole.minor - amount.minor, &others);
        let changed: Vec<(Uuid, i64)> = others.iter().map(|part| part.id).zip(rest).collect();
        self.set(id, amount.minor);
        for (other, minor) in changed {
            self.set(other, minor);
        }
        Ok(())
    }

    /// Gives the goal another amount; every part changes in proportion.
    pub fn resize(&mut self, amount: Money) {
        self.amount = amount;
        self.share_out(None);
    }

    /// Puts a part in somebody's hands.
    ///
    /// # Errors
    /// When no part has the id.
    pub fn assign(&mut self, id: Uuid, owner: Option<Uuid>) -> Result<(), TreeError> {
        self.part(id)?;
        self.parts.iter_mut().filter(|part| part.id == id).for_each(|part| part.owner = owner);
        Ok(())
    }

    /// The parts in the order of a walk, each with how deep it lies (from 0 on).
    pub fn walk(&self) -> Vec<(usize, &Part)> {
        fn into<'a>(
            tree: &'a Tree,
            whole: Option<Uuid>,
            depth: usize,
            walk: &mut Vec<(usize, &'a Part)>,
        ) {
            for part in tree.parts_of(whole) {
                walk.push((depth, part));
                into(tree, Some(part.id), depth + 1, walk);
            }
        }
        let mut walk = Vec::with_capacity(self.parts.len());
        into(self, None, 0, &mut walk);
        walk
    }

    fn set(&mut self, id: Uuid, minor: i64) {
        for part in self.parts.iter_mut().filter(|part| part.id == id) {
            part.amount.minor = minor;
        }
        self.share_out(Some(id));
    }

    /// Lets the parts of a whole sum to it again, in proportion to what they were.
    fn share_out(&mut self, whole: Option<Uuid>) {
        let amount = match whole {
            Some(id) => self.part(id).map_or(self.amount, |part| part.amount),
            None => self.amount,
        };
        let parts: Vec<&Part> = self.parts_of(whole).collect();
        let amounts = shared(amount.minor, &parts);
        let ids: Vec<Uuid> = parts.iter().map(|part| part.id).collect();
        for (id, minor) in ids.into_iter().zip(amounts) {
            self.set(id, minor);
        }
    }

    /// Takes away the parts of parts that are gone.
    fn drop_orphans(&mut self) {
        loop {
            let ids: Vec<Uuid> = self.parts.iter().map(|part| part.id).collect();
            let before = self.parts.len();
            self.parts.retain(|part| part.whole.is_none_or(|whole| ids.contains(&whole)));
            if self.parts.len() == before {
                return;
            }
        }
    }
}

/// An amount shared out in proportion to what parts have now.
fn shared(minor: i64, parts: &[&Part]) -> Vec<i64> {
    let weights: Vec<u64> = parts.iter().map(|part| part.amount.minor.unsigned_abs()).collect();
    split(minor, &weights)
}

impl Dimension {
    pub const ALL: [Dimension; 7] = [
        Dimension::Quarter,
        Dimension::Leg,
        Dimension::Team,
        Dimension::Region,
        Dimension::Product,
        Dimension::Source,
        Dimension::Person,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Dimension::Quarter => "quarter",
            Dimension::Leg => "leg",
            Dimension::Team => "team",
            Dimension::Region => "region",
            Dimension::Product => "product",
            Dimension::Source => "source",
            Dimension::Person => "person",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Dimension {
    type Err = TreeError;

    fn from_str(text: &str) -> Result<Dimension, TreeError> {
        let named = Dimension::ALL.into_iter().find(|dimension| dimension.name() == plain(text));
        named.ok_or_else(|| TreeError::UnknownDimension(text.to_owned()))
    }
}

fn dimension_names() -> String {
    Dimension::ALL.map(Dimension::name).join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    fn money(minor: i64) -> Money {
        Money { minor, currency: Currency::USD }
    }

    fn id(number: usize) -> Uuid {
        Uuid::from_u128(number as u128)
    }

    fn share(number: usize, name: &str, weight: u64) -> Share {
        Share { id: id(number), name: name.to_owned(), weight }
    }

    /// 1,000.01 in two quarters, the first of them in two regions.
    fn tree() -> Tree {
        let mut tree = Tree { amount: money(100_001), parts: Vec::new() };
        let quarters = [share(1, "2027-Q1", 1), share(2, "2027-Q2", 2)];
        tree.break_down(None, Dimension::Quarter, &quarters).expect("quarters");
        let regions = [share(3, "North", 1), share(4, "South", 1)];
        tree.break_down(Some(id(1)), Dimension::Region, &regions).expect("regions");
        tree
    }

    fn amounts(tree: &Tree) -> Vec<i64> {
        tree.walk().into_iter().map(|(_, part)| part.amount.minor).collect()
    }

    /// Every whole is the sum of its parts.
    #[track_caller]
    fn check(tree: &Tree) {
        let wholes = [(None, tree.amount.minor)].into_iter();
        let wholes = wholes.chain(tree.parts.iter().map(|part| (Some(part.id), part.amount.minor)));
        for (whole, amount) in wholes {
            let parts: Vec<i64> = tree.parts_of(whole).map(|part| part.amount.minor).collect();
            assert!(parts.is_empty() || parts.iter().sum::<i64>() == amount, "{parts:?} {amount}");
            assert!(parts.iter().all(|part| *part >= 0), "{parts:?}");
        }
    }

    #[test]
    fn parts_sum_to_their_whole() {
        let tree = tree();
        check(&tree);
        assert_eq!(amounts(&tree), [33_334, 16_667, 16_667, 66_667]);
    }

    #[test]
    fn a_part_that_changes_is_taken_up_by_the_others() {
        let mut tree = tree();
        tree.set_amount(id(1), money(50_001)).expect("within the whole");
        check(&tree);
        assert_eq!(amounts(&tree), [50_001, 25_001, 25_000, 50_000]);
        let too_much = tree.set_amount(id(1), money(100_002));
        assert!(matches!(too_much, Err(TreeError::OutOfRange { .. })));
    }

    #[test]
    fn a_break_down_made_anew_keeps_who_was_there() {
        let mut tree = tree();
        tree.assign(id(1), Some(id(9))).expect("there");
        let anew = [share(7, "2027-Q1", 1), share(8, "2027-Q3", 1)];
        tree.break_down(None, Dimension::Quarter, &anew).expect("quarters");
        check(&tree);
        assert_eq!(tree.part(id(1)).expect("kept").owner, Some(id(9)));
        assert_eq!(amounts(&tree), [50_001, 25_001, 25_000, 50_000]);
        assert!(tree.part(id(2)).is_err());
        tree.join(None).expect("the goal");
        assert!(tree.parts.is_empty());
    }

    #[test]
    fn what_makes_no_tree_is_refused() {
        let mut tree = tree();
        let mut refused = |whole, dimension, shares: &[Share]| {
            tree.break_down(whole, dimension, shares).expect_err("refused").to_string()
        };
        let two = [share(5, "A", 1), share(6, "a", 1)];
        assert!(refused(None, Dimension::Team, &two).contains("named twice"));
        assert!(refused(None, Dimension::Team, &two[..1]).contains("two parts"));
        let two = [share(5, "A", 1), share(6, "B", 1)];
        assert!(refused(Some(id(3)), Dimension::Quarter, &two).contains("above already"));
        assert!(refused(Some(id(99)), Dimension::Team, &two).contains("no part"));
    }

    #[test]
    fn a_part_is_found_by_its_way() {
        let tree = tree();
        assert_eq!(tree.find("2027-q1/south"), Ok(id(4)));
        assert!(tree.find("2027-Q2/South").is_err());
        let path: Vec<&str> = tree.path(id(4)).iter().map(|part| part.name.as_str()).collect();
        assert_eq!(path, ["2027-Q1", "South"]);
    }

    proptest! {
        #[test]
        fn whatever_changes_the_parts_sum(
            amount in 1_i64..1_000_000_000,
            resized in 1_i64..1_000_000_000,
            weights in proptest::collection::vec(0_u64..1_000, 2..9),
            share_of_first in 0.0_f64..1.0,
        ) {
            let mut tree = Tree { amount: money(amount), parts: Vec::new() };
            let shares: Vec<Share> = (weights.iter().enumerate())
                .map(|(at, weight)| share(at + 1, &format!("T{at}"), *weight))
                .collect();
            tree.break_down(None, Dimension::Team, &shares).expect("sound");
            let people = [share(101, "A", 3), share(102, "B", 1), share(103, "C", 2)];
            tree.break_down(Some(id(1)), Dimension::Person, &people).expect("sound");
            check(&tree);
            let first = (amount as f64 * share_of_first) as i64;
            tree.set_amount(id(1), money(first)).expect("within the whole");
            check(&tree);
            prop_assert_eq!(tree.part(id(1)).expect("there").amount.minor, first);
            tree.resize(money(resized));
            check(&tree);
        }
    }
}
