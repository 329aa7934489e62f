//! Which leaves of a tree a row reaches, without walking: one set of leaves a column and bin.
//!
//! A row's leaf is the one that all of its bins leave open, so that the sets need only be
//! intersected: no branch to be guessed wrong, and many trees at once (Lucchese et al. 2015,
//! "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees").

use super::bins::BINS_MAX;
use super::trees::Tree;

/// Leaves of a tree at most: a set of them is one `u16`.
pub(super) const LEAVES_MAX: usize = u16::BITS as usize;

/// The leaves that stay open, by column that the tree asks and by bin.
pub(super) struct Reach {
    pub columns: Vec<(usize, [u16; BINS_MAX])>,
    /// By leaf.
    pub steps: [f32; LEAVES_MAX],
}

impl Reach {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut steps = [0.0; LEAVES_MAX];
        let mut under = vec![0_u16; tree.nodes.len()];
        let leaves = tree.nodes.iter().enumerate().filter(|(_, node)| node.left == 0);
        for (leaf, (place, node)) in leaves.take(LEAVES_MAX).enumerate() {
            steps[leaf] = node.step;
            under[place] = 1 << leaf;
        }
        let mut columns: Vec<(usize, [u16; BINS_MAX])> = Vec::new();
        // Children stand behind their parent, so that they are known when it is looked at.
        for (place, node) in tree.nodes.iter().enumerate().rev().filter(|(_, it)| it.left != 0) {
            let (left, right) = (under[node.left as usize], under[node.left as usize + 1]);
            under[place] = left | right;
            let column = node.column as usize;
            let at = columns.iter().position(|(known, _)| *known == column).unwrap_or_else(|| {
                columns.push((column, [u16::MAX; BINS_MAX]));
                columns.len() - 1
            });
            for (bin, open) in columns[at].1.iter_mut().enumerate() {
                *open &= if node.left_bins >> bin & 1 == 1 { !right } else { !left };
            }
        }
        Self { columns, steps }
    }

    /// Adds the tree's step to the logit of every row, given column by column.
    pub(super) fn add(&self, columns: &[Vec<u8>], logits: &mut [f64]) {
        let mut open = vec![u16::MAX; logits.len()];
        for (column, reach) in &self.columns {
            for (open, bin) in open.iter_mut().zip(&columns[*column]) {
                *open &= reach[(*bin & 63) as usize];
            }
        }
        for (logit, open) in logits.iter_mut().zip(&open) {
            *logit += f64::from(self.steps[(open.trailing_zeros() & 15) as usize]);
        }
    }
}

/// Many trees, for the sum of their steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Forest {
    trees: usize,
    /// The columns that any tree asks, with where their sets begin.
    columns: Vec<(usize, usize)>,
    /// By column and bin: the open leaves of every tree.
    open: Vec<u16>,
    /// By tree and leaf.
    steps: Vec<f32>,
}

impl Forest {
    pub(super) fn new<'a>(trees: impl Iterator<Item = &'a Tree>, bins: &[usize]) -> Self {
        let reaches: Vec<Reach> = trees.map(Reach::of).collect();
        let count = reaches.len();
        let (mut columns, mut sets) = (Vec::new(), 0);
        for (column, bins) in bins.iter().enumerate() {
            if reaches.iter().any(|reach| reach.columns.iter().any(|(asked, _)| *asked == column)) {
                columns.push((column, sets));
                sets += bins * count;
            }
        }
        let mut open = vec![u16::MAX; sets];
        for (tree, reach) in reaches.iter().enumerate() {
            for (column, of_bins) in &reach.columns {
                let Ok(at) = columns.binary_search_by_key(column, |(known, _)| *known) else {
                    continue;
                };
                for (bin, set) in of_bins.iter().enumerate().take(bins[*column]) {
                    open[columns[at].1 + bin * count + tree] = *set;
                }
            }
        }
        let steps = reaches.iter().flat_map(|reach| reach.steps).collect();
        Self { trees: count, columns, open, steps }
    }

    /// The sum of all trees' steps; `open` is room for one set a tree, used again and again.
    pub(super) fn steps(&self, row: &[u8], open: &mut Vec<u16>) -> f64 {
        open.clear();
        open.resize(self.trees, u16::MAX);
        for (column, start) in &self.columns {
            let from = start + row[*column] as usize * self.trees;
            let of_bin = &self.open[from..from + self.trees];
            open.iter_mut().zip(of_bin).for_each(|(open, of_bin)| *open &= of_bin);
        }
        let leaf = |open: &u16| (open.trailing_zeros() & 15) as usize;
        let steps = open.iter().zip(self.steps.chunks_exact(LEAVES_MAX));
        steps.map(|(open, steps)| f64::from(steps[leaf(open)])).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::trees::Node;
    use super::*;
    use crate::random::stream;
    use rand::RngExt;

    const COLUMNS: u32 = 4;
    const BINS: usize = 9;

    /// A tree with some of its leaves split at random, and its rows' way told by walking.
    fn tree(seed: u64) -> Tree {
        let mut random = stream(seed, 0);
        let leaf = |step: f32| Node { left_bins: 0, column: 0, left: 0, step, rows: 1.0 };
        let mut nodes = vec![leaf(0.5)];
        while nodes.len() < 2 * LEAVES_MAX - 1 {
            let place = random.random_range(0..nodes.len());
            if nodes[place].left == 0 {
                nodes[place].left = nodes.len() as u32;
                nodes[place].column = random.random_range(0..COLUMNS);
                nodes[place].left_bins = random.random();
                nodes.extend([0, 1].map(|_| leaf(random.random_range(-1.0..1.0))));
            }
        }
        Tree { nodes }
    }

    fn walked(tree: &Tree, row: &[u8]) -> f64 {
        let mut node = tree.nodes[0];
        while node.left != 0 {
            let goes_right = node.left_bins >> row[node.column as usize] & 1 == 0;
            node = tree.nodes[node.left as usize + usize::from(goes_right)];
        }
        f64::from(node.step)
    }

    #[test]
    fn a_forest_gives_what_walking_its_trees_gives() {
        let trees: Vec<Tree> = (0..30).map(tree).collect();
        let forest = Forest::new(trees.iter(), &[BINS; COLUMNS as usize]);
        let mut random = stream(99, 0);
        let mut open = Vec::new();
        for _ in 0..200 {
            let row: Vec<u8> = (0..COLUMNS).map(|_| random.random_range(0..BINS as u8)).collect();
            let wanted: f64 = trees.iter().map(|tree| walked(tree, &row)).sum();
            assert!((forest.steps(&row, &mut open) - wanted).abs() < 1e-6);
            let columns: Vec<Vec<u8>> = row.iter().map(|bin| vec![*bin]).collect();
            let mut logits = [0.0];
            trees.iter().for_each(|tree| Reach::of(tree).add(&columns, &mut logits));
            assert!((logits[0] - wanted).abs() < 1e-6);
        }
    }
}
