//! Why a row's probability is what it is: the share of each column in its logit.
//!
//! Shapley values of the game in which columns are told one after the other. For a sum of effects
//! they are the effects less their mean; for a tree those of Lundberg et al. (2020), "From local
//! explanations to global understanding with explainable AI for trees", Nature Machine
//! Intelligence 2, where a column that has not been told sends a row both ways, by the rows that
//! went there. They are computed exactly, leaf by leaf. With the mean logit they sum to the row's.

use super::trees::{Node, Tree};

/// Adds each column's share in a tree's step to `shares`, weighed; gives the tree's mean step.
pub(super) fn add_tree(tree: &Tree, row: &[u8], weight: f64, shares: &mut [f64]) -> f64 {
    let mut walk = Walk { tree, row, weight, shares, mean: 0.0 };
    walk.down(0, &[]);
    walk.mean
}

/// What a column on the way to a leaf does when it is told and when it is not.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Asked {
    column: u32,
    /// 1 when the row goes this way, else 0.
    told: f64,
    /// The share of rows that go this way.
    untold: f64,
}

struct Walk<'a> {
    tree: &'a Tree,
    row: &'a [u8],
    weight: f64,
    shares: &'a mut [f64],
    mean: f64,
}

impl Walk<'_> {
    fn down(&mut self, place: usize, way: &[Asked]) {
        let node = self.tree.nodes[place];
        if node.left == 0 {
            self.leaf(node, way);
            return;
        }
        let goes_left = node.left_bins >> (self.row[node.column as usize] & 63) & 1 == 1;
        for (side, told) in [(0, goes_left), (1, !goes_left)] {
            let child = node.left as usize + side;
            let untold = f64::from(self.tree.nodes[child].rows) / f64::from(node.rows).max(1.0);
            let asked = Asked { column: node.column, told: f64::from(u8::from(told)), untold };
            self.down(child, &joined(way, asked));
        }
    }

    fn leaf(&mut self, leaf: Node, way: &[Asked]) {
        let step = self.weight * f64::from(leaf.step);
        self.mean += step * way.iter().map(|asked| asked.untold).product::<f64>();
        for (place, asked) in way.iter().enumerate() {
            let others = way.iter().enumerate().filter(|(at, _)| *at != place);
            let chance = mean_over_orders(others.map(|(_, other)| *other), way.len());
            self.shares[asked.column as usize] += step * (asked.told - asked.untold) * chance;
        }
    }
}

/// The way with one more question; a column that was asked before does both at once.
fn joined(way: &[Asked], asked: Asked) -> Vec<Asked> {
    let mut way = way.to_vec();
    match way.iter_mut().find(|before| before.column == asked.column) {
        Some(before) => {
            before.told *= asked.told;
            before.untold *= asked.untold;
        }
        None => way.push(asked),
    }
    way
}

/// The chance to pass all the others, over the orders in which `players` columns are told.
fn mean_over_orders(others: impl Iterator<Item = Asked>, players: usize) -> f64 {
    // By how many of the others are told: the sum over all sets of as many.
    let mut sums = vec![1.0];
    for other in others {
        sums.push(0.0);
        for told in (0..sums.len()).rev() {
            let with = if told > 0 { sums[told - 1] * other.told } else { 0.0 };
            sums[told] = sums[told] * other.untold + with;
        }
    }
    // Each set of `told` others stands before the column in told! (players − 1 − told)! orders.
    let mut weight = 1.0 / players as f64;
    let mut mean = 0.0;
    for (told, sum) in sums.iter().enumerate() {
        mean += weight * sum;
        weight *= (told + 1) as f64 / (players - 1).saturating_sub(told).max(1) as f64;
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(column: u32, left_bins: u64, left: u32, step: f32, rows: f32) -> Node {
        Node { left_bins, column, left, step, rows }
    }

    /// Asks column 0, then column 1 on the left and column 2, then 0 again on the right.
    fn tree() -> Tree {
        let leaf = |step, rows| node(0, 0, 0, step, rows);
        Tree {
            nodes: vec![
                node(0, 0b0011, 1, 0.0, 100.0),
                node(1, 0b01, 3, 0.0, 40.0),
                node(2, 0b01, 5, 0.0, 60.0),
                leaf(1.0, 10.0),
                leaf(-2.0, 30.0),
                leaf(0.5, 20.0),
                node(0, 0b0100, 7, 0.0, 40.0),
                leaf(3.0, 25.0),
                leaf(-1.0, 15.0),
            ],
        }
    }

    /// The mean step when only the columns in `told` are.
    fn value(tree: &Tree, place: usize, row: &[u8], told: u32) -> f64 {
        let node = tree.nodes[place];
        if node.left == 0 {
            return f64::from(node.step);
        }
        let left = node.left as usize;
        let of = |child: usize| value(tree, child, row, told);
        if told >> node.column & 1 == 1 {
            let goes_left = node.left_bins >> row[node.column as usize] & 1 == 1;
            return of(if goes_left { left } else { left + 1 });
        }
        let share = |child: usize| f64::from(tree.nodes[child].rows) / f64::from(node.rows);
        share(left) * of(left) + share(left + 1) * of(left + 1)
    }

    #[test]
    fn shares_are_the_shapley_values_of_their_definition() {
        let tree = tree();
        for row in [[0, 0, 0], [0, 1, 0], [2, 1, 1], [3, 0, 1], [2, 0, 0]] {
            let mut shares = [0.0; 3];
            let mean = add_tree(&tree, &row, 2.0, &mut shares);
            let of = |told: u32| 2.0 * value(&tree, 0, &row, told);
            assert!((mean - of(0)).abs() < 1e-12);
            for (column, share) in shares.iter().enumerate() {
                let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
                let gain = |order: &[u32; 3]| {
                    let before = order.iter().take_while(|it| **it != column as u32);
                    let told = before.fold(0, |set, it| set | 1 << it);
                    of(told | 1 << column) - of(told)
                };
                let wanted = orders.iter().map(gain).sum::<f64>() / 6.0;
                assert!((share - wanted).abs() < 1e-12, "{row:?} {column}: {share}, {wanted}");
            }
        }
    }
}
