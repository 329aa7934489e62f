//! The whole estimator on simulated rows whose true probabilities are known.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::grade::grade;
use super::ripeness::{Came, Ripening};
use super::table::{Column, MISSING, Table};
use super::*;
use crate::random::stream;

/// Rows with a number, a second one that is sometimes missing, a category, ids and a constant.
struct World {
    table: Table,
    truth: Vec<f64>,
    came: Vec<bool>,
}

const LEVELS: [&str; 4] = ["fair", "form", "partner", "search"];

fn world(rows: usize, seed: u64, base: f64) -> World {
    let mut random = stream(seed, 0);
    let (mut first, mut second, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut truth, mut came) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let [one, other]: [f64; 2] = [0, 1].map(|_| StandardNormal.sample(&mut random));
        let level = random.random_range(0..LEVELS.len() as u32);
        let is_missing = random.random::<f64>() < 0.2;
        let of_level = [0.8, -0.5, 0.0, -1.0][level as usize];
        let logit = base + one + of_level + if is_missing { -0.6 } else { 0.7 * other.abs() };
        first.push(one);
        second.push(if is_missing { f64::NAN } else { other });
        codes.push(if random.random::<f64>() < 0.05 { MISSING } else { level });
        truth.push(logistic(logit));
        came.push(random.random::<f64>() < logistic(logit));
    }
    let levels = LEVELS.map(str::to_owned).to_vec();
    let ids = Column::Categories {
        codes: (0..rows as u32).collect(),
        levels: (0..rows).map(|row| format!("id {row}")).collect(),
    };
    let columns = [
        ("first", Column::Numbers(first)),
        ("second", Column::Numbers(second)),
        ("source", Column::Categories { codes, levels }),
        ("id", ids),
        ("constant", Column::Numbers(vec![1.0; rows])),
    ];
    let named = columns.into_iter().map(|(name, column)| (name.to_owned(), column));
    World { table: Table::new(named.collect()).expect("a table"), truth, came }
}

fn settled(came: &[bool]) -> Vec<Seen> {
    came.iter().map(|came| Seen::settled(*came)).collect()
}

fn learned(world: &World) -> Fitted {
    fit(&world.table, &settled(&world.came), Settings { seed: 1 }).expect("learned")
}

fn said(fitted: &Fitted, world: &World) -> Vec<(f64, bool)> {
    fitted.probabilities(&world.table).into_iter().zip(world.came.iter().copied()).collect()
}

fn truly(world: &World) -> Vec<(f64, bool)> {
    world.truth.iter().copied().zip(world.came.iter().copied()).collect()
}

#[test]
fn what_is_learned_comes_near_the_truth_and_is_calibrated() {
    let new = world(20_000, 2, -1.0);
    let best = grade(&truly(&new)).expect("both outcomes");
    let check = |rows: usize, auc_below: f64, loss_above: f64| {
        let found = grade(&said(&learned(&world(rows, 1, -1.0)), &new)).expect("both outcomes");
        assert!(found.auc > best.auc - auc_below, "{rows}: {found:?} {best:?}");
        assert!(found.log_loss < best.log_loss + loss_above, "{rows}: {found:?} {best:?}");
    };
    check(400, 0.04, 0.04);
    check(4_000, 0.01, 0.01);
    let found = grade(&said(&learned(&world(4_000, 1, -1.0)), &new)).expect("both outcomes");
    assert!(found.calibration_error < 0.02, "{found:?}");
}

#[test]
fn thirty_that_came_are_enough_to_do_better_than_the_share() {
    let new = world(20_000, 3, -3.2);
    let share = new.came.iter().filter(|came| **came).count() as f64 / new.came.len() as f64;
    let by_share: Vec<(f64, bool)> = new.came.iter().map(|came| (share, *came)).collect();
    let by_share = grade(&by_share).expect("both outcomes");
    let mut mean_loss = 0.0;
    for seed in 10..16 {
        let few = world(350, seed, -3.2);
        assert!((15..60).contains(&few.came.iter().filter(|came| **came).count()));
        let found = grade(&said(&learned(&few), &new)).expect("both outcomes");
        assert!(found.auc > 0.6, "{seed}: {found:?}");
        mean_loss += found.log_loss / 6.0;
    }
    assert!(mean_loss < by_share.log_loss, "{mean_loss} {by_share:?}");
}

#[test]
fn where_nothing_tells_the_share_is_said() {
    let mut noise = world(3_000, 4, -1.0);
    let mut random = stream(5, 0);
    noise.came = noise.came.iter().map(|_| random.random::<f64>() < 0.3).collect();
    let found = learned(&noise).probabilities(&noise.table);
    assert!(found.iter().all(|probability| (probability - 0.3).abs() < 0.15));
}

#[test]
fn what_effects_do_not_add_up_to_is_left_to_the_trees() {
    let mut crossed = world(6_000, 6, 0.0);
    let Column::Numbers(first) = &crossed.table.columns()[0] else { panic!("a number") };
    let Column::Numbers(second) = &crossed.table.columns()[1] else { panic!("a number") };
    let mut random = stream(7, 0);
    let mut came = |(one, other): (&f64, &f64)| {
        let is_likely = other.is_nan() || one * other > 0.0;
        random.random::<f64>() < if is_likely { 0.8 } else { 0.2 }
    };
    crossed.came = first.iter().zip(second).map(&mut came).collect();
    let makeup = learned(&crossed).makeup();
    assert!(makeup.additive_weight < 0.2, "{makeup:?}");
    assert!(makeup.trees_loss < makeup.additive_loss - 0.05, "{makeup:?}");
    let added = learned(&world(6_000, 6, 0.0)).makeup();
    assert!(added.additive_weight > 0.5, "{added:?}");
}

#[test]
fn reasons_sum_to_the_logit_and_name_what_tells() {
    let world = world(4_000, 8, -1.0);
    let fitted = learned(&world);
    let probabilities = fitted.probabilities(&world.table);
    for row in [0, 17, 1_234] {
        let explained = fitted.explain(&world.table, row).expect("a row of the table");
        assert!((explained.probability - probabilities[row]).abs() < 1e-5, "{explained:?}");
        assert!(explained.low < explained.probability && explained.probability < explained.high);
        let names: Vec<&str> = explained.reasons.iter().map(|it| it.column.as_str()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }
    assert_eq!(fitted.explain(&world.table, 4_000), None);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let world = world(2_000, 9, -1.0);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| learned(&world).probabilities(&world.table))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn too_few_are_refused() {
    let mut world = world(100, 9, -1.0);
    let few = |came: &[bool]| fit(&world.table, &settled(came), Settings { seed: 1 }).err();
    assert_eq!(few(&[true]), Some(FitError::Outcomes { rows: 100, outcomes: 1 }));
    world.came = (0..100).map(|row| row < 4).collect();
    let found = fit(&world.table, &settled(&world.came), Settings { seed: 1 }).err();
    assert_eq!(found, Some(FitError::TooFew { rows: 100, came: 4, needed: 5 }));
}

/// When an outcome comes, for one that comes: a slow and a quick way.
fn age_of_coming(random: &mut ChaCha8Rng) -> u32 {
    match random.random::<f64>() < 0.3 {
        true => random.random_range(0..20),
        false => random.random_range(0..150),
    }
}

#[test]
fn young_rows_do_not_bias_what_is_learned() {
    // Rows of ages even up to 200 days: half of what will come of the youngest has not come.
    let whole = world(12_000, 11, -1.2);
    let mut random = stream(12, 0);
    let lives: Vec<(u32, u32)> =
        (0..12_000).map(|_| (age_of_coming(&mut random), random.random_range(0..=200))).collect();
    let is_seen = |row: &usize| whole.came[*row] && lives[*row].0 <= lives[*row].1;
    let came: Vec<Came> = (0..12_000)
        .filter(is_seen)
        .map(|row| Came { at_age_days: lives[row].0, seen_at_age_days: lives[row].1 })
        .collect();
    let ripening = Ripening::fit(&came);
    let seen = |row: usize| Seen { came: is_seen(&row), ripeness: ripening.share_by(lives[row].1) };
    let censored: Vec<Seen> = (0..12_000).map(seen).collect();
    let fitted = fit(&whole.table, &censored, Settings { seed: 1 }).expect("learned");
    let naive = settled(&censored.iter().map(|seen| seen.came).collect::<Vec<bool>>());
    let naive = fit(&whole.table, &naive, Settings { seed: 1 }).expect("learned");

    let new = world(20_000, 13, -1.2);
    let bias = |fitted: &Fitted| {
        let found = fitted.probabilities(&new.table);
        let gap = found.iter().zip(&new.truth).map(|(found, truth)| found - truth);
        gap.sum::<f64>() / new.truth.len() as f64
    };
    assert!(bias(&fitted).abs() < 0.012, "{}", bias(&fitted));
    assert!(bias(&naive) < -0.04, "{}", bias(&naive));
    // Nor in any tenth of the rows by their true probability.
    let found = fitted.probabilities(&new.table);
    let mut rows: Vec<usize> = (0..new.truth.len()).collect();
    rows.sort_by(|one, other| new.truth[*one].total_cmp(&new.truth[*other]));
    for part in rows.chunks(2_000) {
        let gap: f64 = part.iter().map(|row| found[*row] - new.truth[*row]).sum();
        assert!((gap / 2_000.0).abs() < 0.04, "{}", gap / 2_000.0);
    }
}
