//! Each model on journeys whose parts can be told by hand, and against slow references.

use super::*;
use rand::RngExt;

const DAY: i64 = 1;

fn settings(channels: usize) -> Settings {
    Settings { channels, direct: Some(0), half_life: 7 * DAY }
}

/// Journeys as letters (`a` is 0, which is direct), a day apart, with the value of the conversion.
fn touches(path: &str) -> Vec<Touch> {
    let touch = |(day, letter): (i64, u8)| Touch { at: day, channel: u32::from(letter - b'a') };
    (0..).zip(path.bytes()).map(touch).collect()
}

fn attribution(channels: usize, journeys: &[(&str, Option<i64>)]) -> Attribution {
    let mut tally = Tally::new(settings(channels));
    for (path, value) in journeys {
        let conversion = value.map(|value| Conversion { value, ..Conversion::default() });
        tally.add(Journey { touches: &touches(path), conversion });
    }
    tally.finish(1)
}

fn credits(attribution: &Attribution, model: Model) -> Vec<Credit> {
    let found = attribution.models.iter().find(|(other, _)| *other == model);
    match found.map(|(_, verdict)| verdict) {
        Some(Verdict::Credits(credits) | Verdict::Sampled { credits, .. }) => credits.clone(),
        other => panic!("{model:?}: {other:?}"),
    }
}

#[test]
fn path_models_share_out_one_conversion() {
    use Model::{First, Last, LastNonDirect, Linear, TimeDecay, UShaped};
    let check = |model, path, expected: [i64; 3]| {
        let found = credits(&attribution(3, &[(path, Some(1_000))]), model);
        let values: Vec<i64> = found.iter().map(|credit| credit.value).collect();
        assert_eq!(values, expected, "{model:?} {path}");
    };
    check(First, "bca", [0, 1_000, 0]);
    check(Last, "bca", [1_000, 0, 0]);
    check(LastNonDirect, "bca", [0, 0, 1_000]);
    check(LastNonDirect, "aa", [1_000, 0, 0]);
    check(Linear, "abbc", [250, 500, 250]);
    check(Linear, "abc", [334, 333, 333]); // equal remainders: the lower code first
    check(UShaped, "a", [1_000, 0, 0]);
    check(UShaped, "bc", [0, 500, 500]);
    check(UShaped, "abbc", [400, 200, 400]);
    check(UShaped, "abca", [800, 100, 100]);
    check(TimeDecay, "c", [0, 0, 1_000]);
    check(TimeDecay, "bcccccca", [172, 86, 742]); // a week makes half
}

#[test]
fn touches_at_one_instant_weigh_the_same_under_time_decay() {
    let mut tally = Tally::new(settings(2));
    let touches = [0, 1].map(|channel| Touch { at: 5, channel });
    let conversion = Some(Conversion { value: 100, ..Conversion::default() });
    tally.add(Journey { touches: &touches, conversion });
    let values: Vec<i64> =
        credits(&tally.finish(1), Model::TimeDecay).iter().map(|credit| credit.value).collect();
    assert_eq!(values, [50, 50]);
}

#[test]
fn milestones_take_their_part_and_say_when_they_are_missing() {
    let check = |model, path, (lead_at, opportunity_at), expected: [i64; 4]| {
        let mut tally = Tally::new(settings(4));
        let conversion = Conversion { value: 1_000, lead_at, opportunity_at };
        tally.add(Journey { touches: &touches(path), conversion: Some(conversion) });
        let values: Vec<i64> =
            credits(&tally.finish(1), model).iter().map(|credit| credit.value).collect();
        assert_eq!(values, expected, "{model:?} {path}");
    };
    use Model::{FullPath, WShaped};
    check(WShaped, "abcd", (Some(1), Some(2)), [300, 300, 300, 100]);
    check(WShaped, "abc", (Some(1), Some(2)), [334, 333, 333, 0]);
    check(WShaped, "abcd", (Some(0), Some(2)), [600, 50, 300, 50]);
    check(WShaped, "ab", (Some(-5), Some(9)), [667, 333, 0, 0]); // before and after all touches
    check(FullPath, "abcbd", (Some(1), Some(2)), [225, 325, 225, 225]);
    check(FullPath, "b", (Some(0), Some(0)), [0, 1_000, 0, 0]);
    let found = attribution(2, &[("ab", Some(5))]);
    for model in [WShaped, FullPath] {
        let verdict = found.models.iter().find(|(other, _)| *other == model);
        assert_eq!(verdict, Some(&(model, Verdict::Unavailable(Lack::Milestones))));
    }
}

#[test]
fn one_conversion_without_a_milestone_shares_it_among_the_others() {
    let mut tally = Tally::new(settings(3));
    for (lead_at, opportunity_at) in [(Some(1), Some(2)), (None, Some(2))] {
        let conversion = Some(Conversion { value: 600, lead_at, opportunity_at });
        tally.add(Journey { touches: &touches("abc"), conversion });
    }
    let values: Vec<i64> =
        credits(&tally.finish(1), Model::WShaped).iter().map(|credit| credit.value).collect();
    // 30 : 30 of 70 and 10 for the rest in the second.
    assert_eq!(values, [200 + 257, 200 + 86, 200 + 257]);
}

#[test]
fn no_touch_is_nobodys_conversion_and_no_journey() {
    let found = attribution(2, &[("", Some(70)), ("", None), ("b", Some(30))]);
    assert_eq!((found.journeys, found.conversions, found.value), (1, 1, 30));
    assert_eq!((found.untouched, found.untouched_value), (1, 70));
    for model in [Model::First, Model::Markov1, Model::Markov2, Model::Shapley] {
        assert_eq!(credits(&found, model)[1], Credit { conversions: 1.0, value: 30 });
    }
    let nothing = attribution(2, &[]);
    assert_eq!(credits(&nothing, Model::Shapley), vec![Credit::default(); 2]);
    assert_eq!(credits(&attribution(0, &[]), Model::Markov2), vec![]);
}

#[test]
fn ten_thousand_touches_are_a_journey_like_any_other() {
    let path: String = (0..10_000).map(|place| if place % 4 == 0 { 'b' } else { 'c' }).collect();
    let found = attribution(3, &[(&path, Some(1_000_000)), ("b", None)]);
    let values = |model| credits(&found, model).iter().map(|c| c.value).collect::<Vec<_>>();
    assert_eq!(values(Model::Linear), [0, 250_000, 750_000]);
    assert_eq!(values(Model::First), [0, 1_000_000, 0]);
    assert_eq!(values(Model::Markov1).iter().sum::<i64>(), 1_000_000);
}

#[test]
fn a_loop_on_one_channel_does_not_change_what_its_removal_costs() {
    let one = attribution(3, &[("abc", Some(10)), ("ab", None), ("c", Some(10))]);
    let looped = attribution(3, &[("abbbc", Some(10)), ("aabb", None), ("cc", Some(10))]);
    for model in [Model::Markov1, Model::Shapley] {
        let pairs = credits(&one, model).into_iter().zip(credits(&looped, model));
        for (one, looped) in pairs {
            assert!((one.conversions - looped.conversions).abs() < 1e-12, "{model:?}");
        }
    }
}

/// Random journeys over so many channels; a fifth of them convert.
fn random_journeys(channels: u32, journeys: usize, seed: u64) -> Vec<(Vec<Touch>, Option<i64>)> {
    let mut random = crate::random::stream(seed, 0);
    let mut journey = || {
        let length = random.random_range(1..8);
        let touch = |at| Touch { at, channel: random.random_range(0..channels) };
        let touches: Vec<Touch> = (0..length).map(touch).collect();
        let converts = random.random_bool(0.2);
        (touches, converts.then(|| random.random_range(1..100_000)))
    };
    (0..journeys).map(|_| journey()).collect()
}

fn tally(channels: u32, journeys: &[(Vec<Touch>, Option<i64>)]) -> Tally {
    let mut tally = Tally::new(settings(channels as usize));
    for (touches, value) in journeys {
        let conversion = value.map(|value| Conversion { value, ..Conversion::default() });
        tally.add(Journey { touches, conversion });
    }
    tally
}

#[test]
fn parts_sum_to_the_whole_and_order_does_not_matter() {
    for channels in [1, 3, 12, 20] {
        let mut journeys = random_journeys(channels, 3_000, u64::from(channels));
        let found = tally(channels, &journeys).finish(1);
        journeys.reverse();
        let mut halves = tally(channels, &journeys[..1_000]);
        halves.merge(tally(channels, &journeys[1_000..]));
        assert_eq!(halves.finish(1), found);
        for (model, verdict) in &found.models {
            let (Verdict::Credits(credits) | Verdict::Sampled { credits, .. }) = verdict else {
                continue;
            };
            let value: i64 = credits.iter().map(|credit| credit.value).sum();
            assert_eq!(value, found.value, "{model:?}");
            let conversions: f64 = credits.iter().map(|credit| credit.conversions).sum();
            assert!((conversions - found.conversions as f64).abs() < 1e-6, "{model:?}");
        }
    }
}

/// Conversions and value when journeys through a channel that is not `kept` are lost: states are
/// the last `order` touches, told apart by their texts, and the system is solved densely.
fn reference(
    journeys: &[(Vec<Touch>, Option<i64>)],
    order: usize,
    kept: impl Fn(u32) -> bool,
) -> [f64; 2] {
    use std::collections::BTreeMap;
    let mut states: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    let mut steps: Vec<(usize, usize)> = Vec::new();
    let mut ends: Vec<(usize, Option<i64>)> = Vec::new();
    for (touches, value) in journeys {
        let mut window: Vec<u32> = Vec::new();
        let mut number = |window: &[u32]| {
            let next = states.len();
            *states.entry(window.to_vec()).or_insert(next)
        };
        let mut from = number(&window);
        for touch in touches {
            window.push(touch.channel);
            let start = window.len().saturating_sub(order);
            let to = number(&window[start..]);
            steps.push((from, to));
            from = to;
        }
        ends.push((from, *value));
    }
    let size = states.len();
    let (mut leaving, mut matrix) = (vec![0.0; size], vec![vec![0.0; size + 2]; size]);
    steps.iter().for_each(|(from, _)| leaving[*from] += 1.0);
    ends.iter().for_each(|(from, _)| leaving[*from] += 1.0);
    for (from, to) in steps {
        matrix[from][to] -= 1.0 / leaving[from];
    }
    for (from, value) in ends.iter().filter_map(|(from, value)| Some((*from, (*value)?))) {
        matrix[from][size] += 1.0 / leaving[from];
        matrix[from][size + 1] += value as f64 / leaving[from];
    }
    for (window, state) in &states {
        if window.last().is_some_and(|channel| !kept(*channel)) {
            matrix[*state].fill(0.0);
        }
        matrix[*state][*state] += 1.0;
    }
    let start = states[&Vec::new()];
    solve(&mut matrix, start).map(|share| share * journeys.len() as f64)
}

/// Gauss–Jordan elimination with partial pivoting; the two right-hand sides of one unknown.
fn solve(matrix: &mut [Vec<f64>], unknown: usize) -> [f64; 2] {
    let size = matrix.len();
    for column in 0..size {
        let largest =
            |a: &usize, b: &usize| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs());
        let pivot = (column..size).max_by(largest).expect("rows are left");
        matrix.swap(column, pivot);
        let pivot = matrix[column].clone();
        for (row, values) in matrix.iter_mut().enumerate().filter(|(row, _)| *row != column) {
            let factor = values[column] / pivot[column];
            if factor != 0.0 {
                assert_ne!(row, column);
                values.iter_mut().zip(&pivot).for_each(|(value, other)| *value -= factor * other);
            }
        }
    }
    [size, size + 1].map(|side| matrix[unknown][side] / matrix[unknown][unknown])
}

fn scaled(parts: &[[f64; 2]], whole: [f64; 2]) -> Vec<[f64; 2]> {
    let sums = [0, 1].map(|which| parts.iter().map(|part| part[which]).sum::<f64>());
    parts.iter().map(|part| [0, 1].map(|which| part[which] / sums[which] * whole[which])).collect()
}

fn assert_close(found: &[Credit], expected: &[[f64; 2]], what: &str) {
    for (channel, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found.conversions - expected[0]).abs() / expected[0].abs().max(1.0);
        assert!(error < 1e-9, "{what}, channel {channel}: {found:?} for {expected:?}");
        let error = (found.value as f64 - expected[1]).abs();
        assert!(error < 1.0, "{what}, channel {channel}: {found:?} for {expected:?}");
    }
}

#[test]
fn removal_effects_equal_a_dense_reference() {
    for (channels, order, model) in [
        (3, 1, Model::Markov1),
        (12, 1, Model::Markov1),
        (3, 2, Model::Markov2),
        (9, 2, Model::Markov2),
    ] {
        let journeys = random_journeys(channels, 2_000, 7);
        let found = tally(channels, &journeys).finish(1);
        let whole = reference(&journeys, order, |_| true);
        assert!((whole[0] - found.conversions as f64).abs() < 1e-6, "the chain keeps the total");
        let lost = |channel| {
            let left = reference(&journeys, order, |other| other != channel);
            [whole[0] - left[0], whole[1] - left[1]]
        };
        let lost: Vec<[f64; 2]> = (0..channels).map(lost).collect();
        let expected = scaled(&lost, [found.conversions as f64, found.value as f64]);
        assert_close(&credits(&found, model), &expected, &format!("{model:?} of {channels}"));
    }
}

/// Shapley values as they are defined: over all coalitions, each solved densely.
fn brute_force(channels: u32, journeys: &[(Vec<Touch>, Option<i64>)]) -> Vec<[f64; 2]> {
    let worth: Vec<[f64; 2]> = (0..1_u32 << channels)
        .map(|members| reference(journeys, 1, |channel| members & (1 << channel) != 0))
        .collect();
    let factorial = |number: u32| (1..=number).map(f64::from).product::<f64>();
    let part = |channel: u32| {
        let mut part = [0.0; 2];
        for members in (0..1_u32 << channels).filter(|members| members & (1 << channel) == 0) {
            let size = members.count_ones();
            let weight = factorial(size) * factorial(channels - size - 1) / factorial(channels);
            let (with, without) =
                (worth[(members | 1 << channel) as usize], worth[members as usize]);
            part[0] += weight * (with[0] - without[0]);
            part[1] += weight * (with[1] - without[1]);
        }
        part
    };
    (0..channels).map(part).collect()
}

#[test]
fn shapley_values_equal_brute_force_over_all_coalitions() {
    for channels in [1, 2, 5, 8] {
        let journeys = random_journeys(channels, 400, 11);
        let found = tally(channels, &journeys).finish(1);
        let expected = brute_force(channels, &journeys);
        assert_close(&credits(&found, Model::Shapley), &expected, &format!("{channels} channels"));
    }
}

#[test]
fn a_sample_of_orders_is_as_near_as_it_says() {
    let journeys = random_journeys(10, 5_000, 13);
    let chain = tally(10, &journeys).steps.order_1();
    let exact = shapley::exact(&chain);
    let Values { values, standard_errors } = shapley::sampled(&chain, 1);
    for (channel, error) in standard_errors.iter().enumerate() {
        let off = (values[channel][0] - exact[channel][0]).abs();
        assert!(*error > 0.0 && off < 4.0 * error, "channel {channel}: {off} beside {error}");
    }
    let again = shapley::sampled(&chain, 1);
    assert_eq!(again.values, values, "a seed gives the same values");
}

#[test]
fn what_is_too_large_says_so() {
    let found = Tally::new(settings(1_001)).finish(1);
    let verdict = |model| found.models.iter().find(|(other, _)| *other == model).map(|(_, v)| v);
    for (model, most) in
        [(Model::Markov1, STATES_MAX), (Model::Markov2, PAIRED_CHANNELS_MAX), (Model::Shapley, 200)]
    {
        let lack = Lack::Size { found: 1_001, most };
        assert_eq!(verdict(model), Some(&Verdict::Unavailable(lack)));
    }
}

#[test]
fn rounding_keeps_the_sum() {
    let check = |exact: &[f64], total, expected: &[i64]| {
        assert_eq!(path::rounded(exact, total), expected);
    };
    check(&[0.5, 0.5, 1.0], 2, &[1, 0, 1]);
    check(&[1.2, 1.7, 0.1], 3, &[1, 2, 0]);
    check(&[-0.6, -0.4], -1, &[-1, 0]);
    check(&[], 0, &[]);
}
