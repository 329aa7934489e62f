//! Journeys against a plain grouping of the same touches, read at once and in several passes.

use std::collections::BTreeMap;

use domain::access::Scope;
use domain::kind::Kind;
use domain::time::AsOf;
use jiff::Timestamp;
use uuid::Uuid;

use super::whose::Whose;
use super::*;
use crate::Lake;
use crate::fixture::{WORLD, as_of, id, lake, world};
use crate::touches::{Coded, Part, Texts, TouchColumns};
use crate::world::World;

const CHANNELS: [&str; 4] = ["web", "", "email", "event"];

/// A number without a pattern (SplitMix64).
fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

fn person(number: u64) -> [u8; 16] {
    (u128::from(mixed(number)) << 64 | u128::from(mixed(number + 7))).to_be_bytes()
}

/// Touches of a range of numbers, recorded at an instant: who, when and in which channel follows
/// from the number.
fn columns(numbers: Range<u64>, recorded_at: i64) -> TouchColumns {
    let all: Vec<u64> = numbers.collect();
    let people: Vec<u64> = (0..9_000).collect();
    let coded = |codes: Vec<u32>, names: &[&str]| Coded {
        codes,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let none = || coded(vec![0; all.len()], &[""]);
    TouchColumns {
        recorded_at,
        touch_key: all.iter().map(|number| u128::from(mixed(*number)) << 64).collect(),
        occurred_at: all.iter().map(|number| time(*number)).collect(),
        person: all.iter().map(|number| of_person(*number)).collect(),
        persons: people.iter().map(|number| person(*number)).collect(),
        channel: coded(all.iter().map(|number| channel(*number)).collect(), &CHANNELS),
        touch_kind: none(),
        campaign: none(),
        url: Texts { text: String::new(), ends: vec![0; all.len()] },
        account: vec![None; all.len()],
        accounts: Vec::new(),
    }
}

fn time(number: u64) -> i64 {
    i64::try_from(mixed(number + 1) % 1_000).unwrap() * 1_000_000
}

fn of_person(number: u64) -> u32 {
    u32::try_from(mixed(number + 2) % 9_000).unwrap()
}

fn channel(number: u64) -> u32 {
    u32::try_from(mixed(number + 3) % 4).unwrap()
}

type Found = BTreeMap<Vec<(i64, String)>, usize>;

/// Every journey, as times and names, with how often there is the like.
async fn found(
    tables: &Tables,
    rows_max: usize,
    converters: &[Converter],
) -> (Found, BTreeMap<u32, usize>) {
    let whose = Whose::new(tables.picture(), converters).await.unwrap();
    let files = Files::new(&tables.picture().view, TouchKey::Channel).unwrap();
    let journeys = Journeys::prepare(files, whose, rows_max).await.unwrap();
    let names = journeys.names.clone();
    let take = |state: &mut Vec<(Vec<u32>, Vec<Touch>)>, places: &[u32], touches: &[Touch]| {
        state.push((places.to_vec(), touches.to_vec()));
    };
    let all = journeys.each(Vec::new, take).await.unwrap();
    let (mut found, mut ended) = (Found::new(), BTreeMap::new());
    for (places, touches) in all.into_iter().flatten() {
        ended.extend(places.iter().map(|place| (*place, touches.len())));
        let named = |touch: &Touch| (touch.at, names[touch.key as usize].clone());
        *found.entry(touches.iter().map(named).collect()).or_default() += 1;
    }
    (found, ended)
}

#[tokio::test]
async fn journeys_are_the_touches_of_each_person_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap()).unwrap();
    for (number, range) in [(0, 0..60_000), (1, 40_000..110_000), (2, 0..10), (3, 110_000..111_000)]
    {
        let part = Part { import_id: Uuid::from_u128(number), number: 0, is_tracked: false };
        let recorded_at = i64::try_from(number).unwrap();
        lake.append_touches(part, columns(range, recorded_at)).await.unwrap();
    }
    let instant = |micros| Timestamp::from_microsecond(micros).unwrap();
    let as_of = AsOf { effective_at: instant(900_000_000), known_at: instant(2) };
    let pinned = lake.pin().await.unwrap();
    let tables = pinned.tables(as_of, Scope::All, &[], &world()).unwrap();
    let mut expected: BTreeMap<u32, Vec<(i64, String)>> = BTreeMap::new();
    for number in (0..110_000).filter(|number| time(*number) <= 900_000_000) {
        let touch = (time(number), CHANNELS[channel(number) as usize].to_owned());
        expected.entry(of_person(number)).or_default().push(touch);
    }
    expected.values_mut().for_each(|touches| touches.sort());
    let who = |number: u64| Converter::Person(Uuid::from_bytes(person(number)));
    let converters = [who(5), who(1_000_000), who(5), Converter::Nobody, who(17)];
    let lengths = [5, 17].map(|number| expected[&number].len());
    let ends = [(0, lengths[0]), (1, 0), (2, lengths[0]), (3, 0), (4, lengths[1])];
    let mut all = Found::new();
    expected.into_values().for_each(|touches| *all.entry(touches).or_default() += 1);
    *all.entry(Vec::new()).or_default() += 2; // those that nobody touched
    for rows_max in [1_000_000, 20_000, 2_000] {
        let (found, ended) = found(&tables, rows_max, &converters).await;
        assert!(found == all, "{rows_max}: {} for {}", found.len(), all.len());
        assert_eq!(ended, ends.into(), "{rows_max}");
    }
}

#[tokio::test]
async fn who_turned_out_to_be_another_has_one_journey_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap()).unwrap();
    for (number, range) in [(0, 0..30_000), (1, 30_000..50_000)] {
        let part = Part { import_id: Uuid::from_u128(number), number: 0, is_tracked: false };
        lake.append_touches(part, columns(range, 0)).await.unwrap();
    }
    let same: Vec<(u32, u32)> = (0..2_000).map(|number| (number, 2_000 + number / 4)).collect();
    let id = |number: u32| u128::from_be_bytes(person(number.into()));
    let same_people = same.iter().map(|(from, to)| (id(*from), id(*to))).collect();
    let world = World { same_people: std::sync::Arc::new(same_people), ..world() };
    let pinned = lake.pin().await.unwrap();
    let tables = pinned.tables(as_of("2024-06-30"), Scope::All, &[], &world).unwrap();
    let same: BTreeMap<u32, u32> = same.into_iter().collect();
    let mut expected: BTreeMap<u32, Vec<(i64, String)>> = BTreeMap::new();
    for number in 0..50_000 {
        let touch = (time(number), CHANNELS[channel(number) as usize].to_owned());
        let person = of_person(number);
        expected.entry(same.get(&person).copied().unwrap_or(person)).or_default().push(touch);
    }
    expected.values_mut().for_each(|touches| touches.sort());
    let mut all = Found::new();
    expected.into_values().for_each(|touches| *all.entry(touches).or_default() += 1);
    for rows_max in [1_000_000, 7_000] {
        let (found, _) = found(&tables, rows_max, &[]).await;
        assert!(found == all, "{rows_max}: {} for {}", found.len(), all.len());
    }
}

#[tokio::test]
async fn an_account_has_the_touches_of_its_people_and_those_that_name_it() {
    let (_folder, lake, tail) = lake(WORLD).await;
    let pinned = lake.pin().await.unwrap();
    let tables = pinned.tables(as_of("2024-06-30"), Scope::All, &tail, &world()).unwrap();
    let birch = Converter::Account(id(Kind::Accounts, "Birch"));
    let nobody_knows = Converter::Account(Uuid::from_u128(77));
    let (found, ended) = found(&tables, 1_000, &[birch, nobody_knows]).await;
    assert_eq!(ended, [(0, 1), (1, 0)].into());
    assert_eq!(
        found.values().sum::<usize>(),
        5,
        "three people, the account, and nobody: {found:?}"
    );
}
