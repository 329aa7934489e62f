//! Gradient boosting of small regression trees over binned columns.
//!
//! Friedman (2001), "Greedy function approximation: a gradient boosting machine", Ann. Statist. 29,
//! with second-order gains (Chen & Guestrin 2016, "XGBoost"), leaf-wise growth on histograms and
//! categories sorted by their gradients (Ke et al. 2017, "LightGBM"; Fisher 1958, "On grouping for
//! maximum homogeneity"), and each tree on a share of the rows (Friedman 2002, "Stochastic gradient
//! boosting"). A split is a set of bins: those that go left, the missing and the new included.

use rand::RngExt;

use super::bins::{BINS_MAX, Binned, Encoder, MISSING_BIN};
use super::forest::{LEAVES_MAX, Reach};
use super::likelihood::{Seen, slope};
use crate::random::stream;

/// How trees are grown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    pub leaves_max: usize,
    pub depth_max: u32,
    /// The share of a tree's step that is taken.
    pub pace: f64,
    /// Share of rows that grow a tree, and of columns among which each split is sought.
    pub rows_share: f64,
    pub columns_share: f64,
    /// What draws a leaf's step to 0, in rows' curvature; and how much a leaf must have.
    pub ridge: f64,
    pub curvature_min: f64,
}

/// What draws the order and the steps of categories to 0, in rows' curvature.
const LEVELS_RIDGE: f64 = 10.0;
/// Categories up to which each is tried against the others instead of in their order.
const LEVELS_ONE_BY_ONE_MAX: usize = 4;
const GAIN_MIN: f64 = 1e-6;

/// A node; a leaf has no children.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    /// The bins of `column` that go left.
    pub left_bins: u64,
    pub column: u32,
    /// The place of the left child; the right one follows it. 0 in a leaf.
    pub left: u32,
    /// The step of a leaf, as a logit.
    pub step: f32,
    /// Rows of the tree's share of rows that came here.
    pub rows: f32,
}

/// One tree; its root is first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
}

/// Gradient and curvature of the rows in a bin.
type Sums = [f64; 2];

/// Boosting under way on some of the rows.
pub(super) struct Boosting<'a> {
    binned: &'a Binned,
    growth: Growth,
    is_ordered: Vec<bool>,
    /// Where the bins of each column begin in a histogram.
    offsets: Vec<usize>,
    bins_total: usize,
    seen: &'a [Seen],
    rows: Vec<u32>,
    /// By row of the table, those that are held out included.
    pub logits: Vec<f64>,
    pub trees: Vec<Tree>,
    seed: u64,
    chunk: u64,
}

impl<'a> Boosting<'a> {
    /// Begins at `start`, the logit of every row.
    pub(super) fn new(
        (binned, encoders): (&'a Binned, &[Encoder]),
        seen: &'a [Seen],
        rows: Vec<u32>,
        start: Vec<f64>,
        growth: Growth,
        (seed, member): (u64, u64),
    ) -> Self {
        let mut offsets = Vec::with_capacity(encoders.len());
        let mut bins_total = 0;
        for encoder in encoders {
            offsets.push(bins_total);
            bins_total += encoder.bins;
        }
        Self {
            binned,
            growth,
            is_ordered: encoders.iter().map(Encoder::is_ordered).collect(),
            offsets,
            bins_total,
            seen,
            rows,
            logits: start,
            trees: Vec::new(),
            seed,
            chunk: member << 32,
        }
    }

    /// Grows one more tree and moves all rows by it.
    pub(super) fn grow(&mut self) {
        let tree = Grower::new(self).tree();
        Reach::of(&tree).add(&self.binned.columns, &mut self.logits);
        self.trees.push(tree);
        self.chunk += 1;
    }
}

/// A leaf that may be split.
struct Leaf {
    node: usize,
    depth: u32,
    /// Its part of the rows.
    from: usize,
    to: usize,
    sums: Sums,
    histogram: Vec<Sums>,
    best: Option<Split>,
}

#[derive(Clone, Copy)]
struct Split {
    gain: f64,
    column: usize,
    left_bins: u64,
    left: Sums,
    /// What drew the steps to 0 besides.
    ridge: f64,
}

/// One tree being grown.
struct Grower<'a> {
    boosting: &'a Boosting<'a>,
    random: rand_chacha::ChaCha8Rng,
    rows: Vec<u32>,
    spare: Vec<u32>,
    /// By row of the table.
    slopes: Vec<[f32; 2]>,
    nodes: Vec<Node>,
}

impl<'a> Grower<'a> {
    fn new(boosting: &'a Boosting<'a>) -> Self {
        let mut random = stream(boosting.seed, boosting.chunk);
        let share = boosting.growth.rows_share;
        let mut rows = boosting.rows.clone();
        rows.retain(|_| random.random::<f64>() < share);
        let mut slopes = vec![[0.0; 2]; boosting.seen.len()];
        for &row in &rows {
            let row = row as usize;
            let (gradient, curvature) = slope(boosting.seen[row], boosting.logits[row]);
            slopes[row] = [gradient as f32, curvature as f32];
        }
        Self { boosting, random, spare: vec![0; rows.len()], rows, slopes, nodes: Vec::new() }
    }

    fn tree(mut self) -> Tree {
        let growth = self.boosting.growth;
        let histogram = self.histogram(0, self.rows.len());
        let sums = self.rows.iter().fold([0.0; 2], |sums, row| plus(sums, self.slope(*row)));
        let root =
            Leaf { node: 0, depth: 0, from: 0, to: self.rows.len(), sums, histogram, best: None };
        self.push_leaf(&root, growth.ridge);
        let mut leaves = vec![self.searched(root)];
        while leaves.len() < growth.leaves_max.min(LEAVES_MAX) {
            let gain = |leaf: &Leaf| leaf.best.map_or(0.0, |split| split.gain);
            let best = (0..leaves.len())
                .rev()
                .max_by(|one, other| gain(&leaves[*one]).total_cmp(&gain(&leaves[*other])));
            let Some(best) = best.filter(|at| leaves[*at].best.is_some()) else { break };
            let leaf = leaves.swap_remove(best);
            leaves.extend(self.split(leaf));
        }
        Tree { nodes: self.nodes }
    }

    fn slope(&self, row: u32) -> Sums {
        self.slopes[row as usize].map(f64::from)
    }

    fn push_leaf(&mut self, leaf: &Leaf, ridge: f64) {
        let step = -self.boosting.growth.pace * leaf.sums[0] / (leaf.sums[1] + ridge);
        let rows = (leaf.to - leaf.from) as f32;
        self.nodes.push(Node { left_bins: 0, column: 0, left: 0, step: step as f32, rows });
    }

    fn histogram(&self, from: usize, to: usize) -> Vec<Sums> {
        let mut histogram = vec![[0.0; 2]; self.boosting.bins_total];
        for &row in &self.rows[from..to] {
            let slope = self.slope(row);
            let bins = self.boosting.binned.row(row as usize);
            for (bin, offset) in bins.iter().zip(&self.boosting.offsets) {
                let sums = &mut histogram[offset + *bin as usize];
                sums[0] += slope[0];
                sums[1] += slope[1];
            }
        }
        histogram
    }

    /// Splits a leaf at its best split; the larger child's histogram is what the smaller leaves.
    fn split(&mut self, leaf: Leaf) -> Vec<Leaf> {
        let Some(split) = leaf.best else { return vec![leaf] };
        let middle = self.partition(&leaf, split);
        let left = self.nodes.len();
        let node = &mut self.nodes[leaf.node];
        (node.left_bins, node.column, node.left) =
            (split.left_bins, split.column as u32, left as u32);
        let (from, to, mut rest) = (leaf.from, leaf.to, leaf.histogram);
        let is_left_smaller = middle - from <= to - middle;
        let smaller = if is_left_smaller { (from, middle) } else { (middle, to) };
        let small = self.histogram(smaller.0, smaller.1);
        for (rest, small) in rest.iter_mut().zip(&small) {
            *rest = minus(*rest, *small);
        }
        let (of_left, of_right) = if is_left_smaller { (small, rest) } else { (rest, small) };
        let child = |node, from, to, sums, histogram| Leaf {
            node,
            depth: leaf.depth + 1,
            from,
            to,
            sums,
            histogram,
            best: None,
        };
        let children = [
            child(left, from, middle, split.left, of_left),
            child(left + 1, middle, to, minus(leaf.sums, split.left), of_right),
        ];
        children.iter().for_each(|child| self.push_leaf(child, split.ridge));
        children.into_iter().map(|child| self.searched(child)).collect()
    }

    /// Puts the rows that go left first, in their order; gives where the others begin.
    fn partition(&mut self, leaf: &Leaf, split: Split) -> usize {
        let rows = &mut self.rows[leaf.from..leaf.to];
        let column = &self.boosting.binned.columns[split.column];
        let (mut left, mut right) = (0, 0);
        for at in 0..rows.len() {
            let row = rows[at];
            // Written to both, so that there is no branch to be guessed wrong.
            let goes_left = (split.left_bins >> (column[row as usize] & 63) & 1) as usize;
            rows[left] = row;
            self.spare[right] = row;
            left += goes_left;
            right += 1 - goes_left;
        }
        rows[left..].copy_from_slice(&self.spare[..right]);
        leaf.from + left
    }

    /// The leaf with its best split, where it has one.
    fn searched(&mut self, mut leaf: Leaf) -> Leaf {
        let growth = self.boosting.growth;
        if leaf.depth >= growth.depth_max || leaf.sums[1] < 2.0 * growth.curvature_min {
            return leaf;
        }
        let width = self.boosting.offsets.len();
        for column in 0..width {
            if self.random.random::<f64>() >= growth.columns_share {
                continue;
            }
            let from = self.boosting.offsets[column];
            let to = self.boosting.offsets.get(column + 1).copied();
            let bins = &leaf.histogram[from..to.unwrap_or(self.boosting.bins_total)];
            let search = Search { growth, bins, whole: leaf.sums };
            let found = if self.boosting.is_ordered[column] {
                search.of_numbers()
            } else {
                search.of_levels()
            };
            if let Some(found) = found
                && leaf.best.is_none_or(|best| found.gain > best.gain)
            {
                leaf.best = Some(Split { column, ..found });
            }
        }
        leaf
    }
}

/// The search for the best split of one leaf by one column.
struct Search<'a> {
    growth: Growth,
    bins: &'a [Sums],
    whole: Sums,
}

impl Search<'_> {
    /// Between neighbouring bins, with what is missing on either side.
    fn of_numbers(&self) -> Option<Split> {
        let missing = self.bins[MISSING_BIN as usize];
        let has_missing = missing[1] > 0.0;
        let (mut best, mut left, mut left_bins) = (None, [0.0; 2], 0_u64);
        for (bin, sums) in self.bins.iter().enumerate().skip(1) {
            left = plus(left, *sums);
            left_bins |= 1 << bin;
            if sums[1] <= 0.0 {
                continue;
            }
            if has_missing {
                self.consider(&mut best, left, left_bins, 0.0);
                self.consider(&mut best, plus(left, missing), left_bins | 1, 0.0);
            } else {
                // What was never missing here goes with the larger part.
                let with_missing = left_bins | u64::from(2.0 * left[1] > self.whole[1]);
                self.consider(&mut best, left, with_missing, 0.0);
            }
        }
        best
    }

    /// Between the categories in the order of their gradients, or one against the others.
    fn of_levels(&self) -> Option<Split> {
        let present = |bin: &usize| self.bins[*bin][1] > 0.0;
        let mut order: Vec<usize> = (0..self.bins.len()).filter(present).collect();
        let absent = !order.iter().fold(0_u64, |set, bin| set | 1 << bin);
        let mut best = None;
        let with_absent = |left: Sums, left_bins: u64| {
            if 2.0 * left[1] > self.whole[1] { left_bins | absent } else { left_bins }
        };
        if order.len() <= LEVELS_ONE_BY_ONE_MAX {
            for bin in order {
                let left = self.bins[bin];
                self.consider(&mut best, left, with_absent(left, 1 << bin), 0.0);
            }
            return best;
        }
        let rank = |bin: &usize| self.bins[*bin][0] / (self.bins[*bin][1] + LEVELS_RIDGE);
        order.sort_by(|one, other| rank(one).total_cmp(&rank(other)).then(one.cmp(other)));
        let (mut left, mut left_bins) = ([0.0; 2], 0_u64);
        for bin in order {
            left = plus(left, self.bins[bin]);
            left_bins |= 1 << bin;
            self.consider(&mut best, left, with_absent(left, left_bins), LEVELS_RIDGE);
        }
        best
    }

    fn consider(&self, best: &mut Option<Split>, left: Sums, left_bins: u64, ridge: f64) {
        let right = minus(self.whole, left);
        if left[1].min(right[1]) < self.growth.curvature_min {
            return;
        }
        let ridge = ridge + self.growth.ridge;
        let worth = |sums: Sums| sums[0] * sums[0] / (sums[1] + ridge);
        let gain = worth(left) + worth(right) - self.whole[0].powi(2) / (self.whole[1] + ridge);
        if gain > best.map_or(GAIN_MIN, |best: Split| best.gain) {
            *best = Some(Split { gain, column: 0, left_bins, left, ridge });
        }
    }
}

fn plus(one: Sums, other: Sums) -> Sums {
    [one[0] + other[0], one[1] + other[1]]
}

fn minus(one: Sums, other: Sums) -> Sums {
    [one[0] - other[0], one[1] - other[1]]
}

// A set of bins is one word of as many bits.
const _: () = assert!(BINS_MAX == u64::BITS as usize);
