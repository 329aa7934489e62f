//! Several fits, each without a share of the rows, and what they say of the rows they did not see.
//!
//! The held-out rows choose: how strongly the additive model is penalised, how many trees there
//! are, what each of the two counts, and whether the result needs calibration. The answer for a new
//! row is the mean of the members (bagging by cross-validation: Breiman 1996, "Bagging
//! predictors"), whose spread also says how sure it is.

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::Settings;
use super::additive::{self, Additive};
use super::bins::{Binned, Encoder};
use super::calibration::Calibration;
use super::forest::{Forest, LEAVES_MAX};
use super::likelihood::{Seen, common_logit, loss};
use super::reason;
use super::trees::{Boosting, Growth, Tree};
use crate::random::stream;

/// Strengths of the additive model's penalty that are tried, the weakest first.
const STRENGTHS: [f64; 5] = [0.5, 1.0, 3.0, 10.0, 40.0];
/// Trees grown between two looks at the held-out rows, and after which nothing more is hoped for.
const TREES_A_LOOK: usize = 10;
const TREES_PATIENCE: usize = 20;
const TREES_MAX: usize = 400;
/// Weights of the additive model that are tried beside the trees.
const WEIGHT_STEPS: u32 = 20;
/// Rows from which fewer members, each on more of the rows, are as good.
const ROWS_MANY: usize = 20_000;
/// Rows held out by each member then.
const HELD_OUT_MANY: usize = 5_000;
const MEMBERS: usize = 5;
const MEMBERS_OF_MANY: usize = 2;

/// What the members are and how they are weighed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Committee {
    pub members: Vec<Member>,
    /// The mean of the members' additive models.
    pub additive: Additive,
    /// Weight of the additive model; the trees have the rest.
    pub additive_weight: f64,
    /// All members' trees.
    forest: Forest,
    /// Logit from which the trees begin, the mean over members.
    pub trees_start: f64,
    /// Rows that were held out by one of the members, with what it says of each.
    pub held_out: Vec<HeldOut>,
    /// Mean loss on them of the additive model alone, the trees alone, and both as weighed.
    pub losses: [f64; 3],
    pub calibration: Calibration,
    /// By column: the mean of the additive model's effects over the rows.
    pub mean_effects: Vec<f64>,
    /// Rows that a member learned from over those that it did not.
    learned_ratio: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub additive: Additive,
    pub trees_start: f64,
    pub trees: Vec<Tree>,
}

/// A row that the member who speaks of it had not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HeldOut {
    pub row: u32,
    pub seen: Seen,
    pub logit: f64,
}

impl Committee {
    pub(super) fn fit(
        binned: &Binned,
        encoders: &[Encoder],
        seen: &[Seen],
        settings: Settings,
    ) -> Self {
        let folds = Fold::all(seen, settings.seed);
        let additives: Vec<Vec<Additive>> = folds
            .par_iter()
            .map(|fold| additive::fit(binned, encoders, seen, &fold.rows, &STRENGTHS))
            .collect();
        let strength = best_strength(binned, seen, &folds, &additives);
        let mut boostings: Vec<Boosting<'_>> = folds
            .iter()
            .enumerate()
            .map(|(member, fold)| {
                let start = common_logit(fold.rows.iter().map(|row| seen[*row as usize]));
                let start = vec![start; seen.len()];
                let of = (settings.seed, member as u64 + 1);
                let growth = growth(encoders.len());
                Boosting::new((binned, encoders), seen, fold.rows.clone(), start, growth, of)
            })
            .collect();
        let starts: Vec<f64> = boostings.iter().map(|it| it.logits[0]).collect();
        let by_trees = grow(&mut boostings, &folds, seen);
        let members = boostings.into_iter().zip(additives).zip(&starts);
        let members: Vec<Member> = members
            .map(|((boosting, mut additives), start)| {
                let mut trees = boosting.trees;
                trees.truncate(by_trees.count);
                Member { additive: additives.swap_remove(strength), trees_start: *start, trees }
            })
            .collect();
        let mut committee = Self::weigh(members, binned, seen, &folds, &by_trees.logits);
        committee.mean_effects = mean_effects(&committee.additive, binned);
        if committee.additive_weight < 1.0 {
            let bins: Vec<usize> = encoders.iter().map(|encoder| encoder.bins).collect();
            let trees = committee.members.iter().flat_map(|member| &member.trees);
            committee.forest = Forest::new(trees, &bins);
        }
        committee
    }

    /// Finds the weight of the additive model by the held-out rows.
    fn weigh(
        members: Vec<Member>,
        binned: &Binned,
        seen: &[Seen],
        folds: &[Fold],
        by_trees: &[Vec<f64>],
    ) -> Self {
        let mut pairs = Vec::new();
        for ((member, fold), logits) in members.iter().zip(folds).zip(by_trees) {
            for (row, by_trees) in fold.held_out.iter().zip(logits) {
                let by_effects = member.additive.logit(binned.row(*row as usize));
                pairs.push((*row, seen[*row as usize], by_effects, *by_trees));
            }
        }
        let logit =
            |weight: f64, effects: f64, trees: f64| weight * effects + (1.0 - weight) * trees;
        let mean_loss = |weight: f64| {
            let each = |(_, seen, effects, trees): &(u32, Seen, f64, f64)| {
                loss(*seen, logit(weight, *effects, *trees))
            };
            pairs.iter().map(each).sum::<f64>() / pairs.len().max(1) as f64
        };
        // Without a tree there is only the common share, which puts no row before another.
        let least = if members[0].trees.is_empty() { WEIGHT_STEPS } else { 0 };
        let weights = (least..=WEIGHT_STEPS).rev();
        let weights = weights.map(|step| f64::from(step) / f64::from(WEIGHT_STEPS));
        let tried = weights.map(|weight| (mean_loss(weight), weight));
        let best = tried.min_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((0.0, 1.0));
        let held_out: Vec<HeldOut> = pairs
            .iter()
            .map(|(row, seen, effects, trees)| HeldOut {
                row: *row,
                seen: *seen,
                logit: logit(best.1, *effects, *trees),
            })
            .collect();
        let graded: Vec<(Seen, f64)> = held_out.iter().map(|row| (row.seen, row.logit)).collect();
        let count = members.len() as f64;
        Self {
            additive: Additive::mean_of(&members.iter().map(|it| &it.additive).collect::<Vec<_>>()),
            additive_weight: best.1,
            forest: Forest::default(),
            calibration: Calibration::fit(&graded),
            mean_effects: Vec::new(),
            learned_ratio: folds[0].rows.len() as f64 / folds[0].held_out.len().max(1) as f64,
            trees_start: members.iter().map(|member| member.trees_start).sum::<f64>() / count,
            losses: [mean_loss(1.0), mean_loss(0.0), best.0],
            members,
            held_out,
        }
    }

    /// The logit of a row; `open` is room for the forest to work in.
    pub(super) fn logit(&self, row: &[u8], open: &mut Vec<u16>) -> f64 {
        let steps = self.forest.steps(row, open) / self.members.len() as f64;
        let by_trees = self.trees_start + steps;
        self.weighed(self.additive.logit(row), by_trees)
    }

    /// Both models' logits as one, calibrated.
    fn weighed(&self, by_effects: f64, by_trees: f64) -> f64 {
        let weight = self.additive_weight;
        self.calibration.apply(weight * by_effects + (1.0 - weight) * by_trees)
    }

    /// How far the logit of a row would be off with other rows like those that were learned from:
    /// the jackknife's standard error (Shao & Wu 1989, "A general theory for jackknife variance
    /// estimation", Ann. Statist. 17), from what each member says without its share of the rows.
    pub(super) fn deviation(&self, row: &[u8]) -> f64 {
        let mut shares = vec![0.0; row.len()];
        let logit = |member: &Member| {
            let step = |tree: &Tree| {
                shares.fill(0.0);
                reason::add_tree(tree, row, 1.0, &mut shares) + shares.iter().sum::<f64>()
            };
            let steps: f64 = member.trees.iter().map(step).sum();
            self.weighed(member.additive.logit(row), member.trees_start + steps)
        };
        let logits: Vec<f64> = self.members.iter().map(logit).collect();
        let count = logits.len() as f64;
        let mean = logits.iter().sum::<f64>() / count;
        let square = logits.iter().map(|logit| (logit - mean).powi(2)).sum::<f64>() / count;
        (self.learned_ratio * square).sqrt()
    }

    /// What each column adds to the mean logit to give the row's, and that mean.
    pub(super) fn shares(&self, row: &[u8]) -> (Vec<f64>, f64) {
        let effects = self.calibration.stretch * self.additive_weight;
        let trees = self.calibration.stretch - effects;
        let columns = self.additive.effects.iter().zip(&self.mean_effects).zip(row);
        let mut shares: Vec<f64> = columns
            .map(|((of_bins, mean), bin)| effects * (of_bins[*bin as usize] - mean))
            .collect();
        let mean_effect = self.additive.intercept + self.mean_effects.iter().sum::<f64>();
        let mut mean = self.calibration.shift + effects * mean_effect + trees * self.trees_start;
        let weight = trees / self.members.len() as f64;
        for tree in self.members.iter().flat_map(|member| &member.trees) {
            mean += reason::add_tree(tree, row, weight, &mut shares);
        }
        (shares, mean)
    }
}

fn mean_effects(additive: &Additive, binned: &Binned) -> Vec<f64> {
    let columns = additive.effects.iter().zip(&binned.columns);
    let mean = |(effects, bins): (&Vec<f64>, &Vec<u8>)| {
        bins.iter().map(|bin| effects[*bin as usize]).sum::<f64>() / bins.len().max(1) as f64
    };
    columns.map(mean).collect()
}

/// How trees grow where there are so many columns.
fn growth(columns: usize) -> Growth {
    Growth {
        leaves_max: LEAVES_MAX,
        depth_max: 5,
        pace: 0.15,
        rows_share: 0.7,
        // Few columns are all looked at by some split of every tree.
        columns_share: (3.0 / columns.max(1) as f64).clamp(0.3, 1.0),
        ridge: 2.0,
        curvature_min: 2.0,
    }
}

/// The rows that a member learns from, and those that it is graded on.
struct Fold {
    rows: Vec<u32>,
    held_out: Vec<u32>,
}

impl Fold {
    /// Every row is held out once, or of many rows a sample; as many that came in each.
    fn all(seen: &[Seen], seed: u64) -> Vec<Self> {
        let is_many = seen.len() >= ROWS_MANY;
        let members = if is_many { MEMBERS_OF_MANY } else { MEMBERS };
        let parts = if is_many { (seen.len() / HELD_OUT_MANY).max(members) } else { members };
        let mut order: Vec<u32> = (0..seen.len() as u32).collect();
        order.shuffle(&mut stream(seed, 0));
        order.sort_by_key(|row| !seen[*row as usize].came);
        let part_of = |place: usize| place % parts;
        (0..members)
            .map(|member| {
                let of = |is_held_out: bool| {
                    let places = order.iter().enumerate();
                    let those = places.filter(|(at, _)| (part_of(*at) == member) == is_held_out);
                    let mut rows: Vec<u32> = those.map(|(_, row)| *row).collect();
                    rows.sort_unstable();
                    rows
                };
                Self { rows: of(false), held_out: of(true) }
            })
            .collect()
    }
}

/// The strength at which the held-out rows are told best.
fn best_strength(
    binned: &Binned,
    seen: &[Seen],
    folds: &[Fold],
    additives: &[Vec<Additive>],
) -> usize {
    let loss_at = |strength: &usize| -> f64 {
        let of = |(fold, fits): (&Fold, &Vec<Additive>)| -> f64 {
            let each = |row: &u32| {
                let row = *row as usize;
                loss(seen[row], fits[*strength].logit(binned.row(row)))
            };
            fold.held_out.iter().map(each).sum()
        };
        folds.iter().zip(additives).map(of).sum()
    };
    let losses = (0..STRENGTHS.len()).rev().map(|strength| (loss_at(&strength), strength));
    losses.min_by(|one, other| one.0.total_cmp(&other.0)).map_or(0, |(_, strength)| strength)
}

/// How many trees are best for the held-out rows, and the logits that they give these, by member.
struct ByTrees {
    count: usize,
    logits: Vec<Vec<f64>>,
}

/// Grows all members' trees side by side until the held-out rows gain no more by them.
fn grow(boostings: &mut [Boosting<'_>], folds: &[Fold], seen: &[Seen]) -> ByTrees {
    let held_out = |boosting: &Boosting<'_>, fold: &Fold| -> Vec<f64> {
        fold.held_out.iter().map(|row| boosting.logits[*row as usize]).collect()
    };
    let loss_of = |logits: &[f64], fold: &Fold| -> f64 {
        let rows = fold.held_out.iter().zip(logits);
        rows.map(|(row, logit)| loss(seen[*row as usize], *logit)).sum()
    };
    let logits: Vec<Vec<f64>> =
        boostings.iter().zip(folds).map(|(boosting, fold)| held_out(boosting, fold)).collect();
    let loss = |logits: &[Vec<f64>]| -> f64 {
        logits.iter().zip(folds).map(|(logits, fold)| loss_of(logits, fold)).sum()
    };
    let mut best = (loss(&logits), ByTrees { count: 0, logits });
    let mut count = 0;
    while count < TREES_MAX && count < best.1.count + TREES_PATIENCE + TREES_A_LOOK {
        boostings.par_iter_mut().for_each(|boosting| {
            (0..TREES_A_LOOK).for_each(|_| boosting.grow());
        });
        count += TREES_A_LOOK;
        let pairs = boostings.iter().zip(folds);
        let logits: Vec<Vec<f64>> =
            pairs.map(|(boosting, fold)| held_out(boosting, fold)).collect();
        let now = loss(&logits);
        if now < best.0 {
            best = (now, ByTrees { count, logits });
        }
    }
    best.1
}
