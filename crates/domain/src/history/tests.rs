//! Histories are stated as text: one export or dated row a line, and the facts that must follow.

use proptest::prelude::*;

use super::*;
use crate::stage::{Outcome, Stage};

fn day(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn stages() -> Stages {
    let stage = |name: &str, outcome| Stage { name: name.into(), outcome };
    Stages {
        stages: vec![
            stage("Engaging", Outcome::Open),
            stage("Proposal", Outcome::Open),
            stage("Won", Outcome::Won),
            stage("Lost", Outcome::Lost),
        ],
        entry: Some("Engaging".into()),
    }
}

/// Reads `field=value` words; `*_at` fields are day numbers, a lone `-` is empty.
fn values(words: &str) -> Values {
    words
        .split_whitespace()
        .map(|word| {
            let (name, text) = word.split_once('=').unwrap();
            let field = Kind::Deals.field(name).unwrap();
            let value = match (name, text) {
                ("deleted", text) => Some(Value::Boolean(text == "true")),
                (_, "-") => None,
                (name, text) if name.ends_with("_at") => {
                    Some(Value::Instant(day(text.parse().unwrap())))
                }
                (_, text) => Some(Value::Text(text.into())),
            };
            (field.name, value)
        })
        .collect()
}

fn observation(line: &str) -> Observation {
    let (at, words) = line.split_once(' ').unwrap_or((line, ""));
    let observed_at = day(at.parse().unwrap());
    Observation { observed_at, modified_at: None, values: values(words) }
}

fn dated(line: &str) -> DatedRow {
    let (at, words) = line.split_once(' ').unwrap();
    DatedRow { changed_at: day(at.parse().unwrap()), values: values(words) }
}

fn written(facts: &[Fact]) -> String {
    let line = |fact: &Fact| {
        let at = fact.effective_at.as_second() / 86_400;
        let value = match &fact.value {
            Some(Value::Instant(at)) => (at.as_second() / 86_400).to_string(),
            Some(value) => value.encode(),
            None => "-".into(),
        };
        format!("{at} {}={value}", fact.field)
    };
    facts.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check(exports: &[&str], rows: &[&str], expected: &str) {
    let mut exports: Vec<Observation> = exports.iter().map(|line| observation(line)).collect();
    let mut rows: Vec<DatedRow> = rows.iter().map(|line| dated(line)).collect();
    let facts = derive(Kind::Deals, &stages(), &exports, &rows);
    assert_eq!(written(&facts), expected);
    exports.reverse();
    rows.reverse();
    assert_eq!(derive(Kind::Deals, &stages(), &exports, &rows), facts, "in any order");
}

#[test]
fn what_is_known_at_closing_takes_effect_on_the_closing_day() {
    check(
        &["300 created_at=10 closed_at=50 stage=Won amount=700 product=GTX"],
        &[],
        "10 created_at=10; 10 product=GTX; 10 stage=Engaging; \
         50 amount=700; 50 closed_at=50; 50 stage=Won",
    );
}

#[test]
fn an_open_deal_without_a_date_begins_when_it_is_first_seen() {
    check(
        &["300 stage=Engaging product=GTX"],
        &[],
        "300 created_at=300; 300 product=GTX; 300 stage=Engaging",
    );
}

#[test]
fn an_account_without_a_date_was_there_all_along() {
    let seen = Observation {
        observed_at: day(300),
        modified_at: None,
        values: Values::from([("name", Some(Value::Text("Cancity".into())))]),
    };
    let facts = derive(Kind::Accounts, &Stages::default(), &[seen], &[]);
    assert_eq!(written(&facts), "0 created_at=0; 0 name=Cancity");
}

#[test]
fn a_difference_between_exports_takes_effect_between_them() {
    check(
        &[
            "100 created_at=10 stage=Engaging amount=5",
            "130 created_at=10 stage=Proposal amount=5",
            "160 created_at=10 stage=Proposal amount=9",
        ],
        &[],
        "10 created_at=10; 10 stage=Engaging; 100 amount=5; 130 stage=Proposal; 160 amount=9",
    );
}

#[test]
fn a_closing_dated_before_the_last_sighting_overrules_it() {
    check(
        &["100 created_at=10 stage=Proposal", "130 created_at=10 stage=Won closed_at=90 amount=4"],
        &[],
        "10 created_at=10; 10 stage=Engaging; 90 amount=4; 90 closed_at=90; 90 stage=Won",
    );
}

#[test]
fn what_an_export_lacks_is_deleted_until_an_export_shows_it_again() {
    check(
        &[
            "100 created_at=10 stage=Engaging",
            "130 deleted=true",
            "160 created_at=10 stage=Engaging",
        ],
        &[],
        "10 created_at=10; 10 stage=Engaging; 130 deleted=1; 160 deleted=0",
    );
}

#[test]
fn dated_rows_beat_what_an_export_lets_one_guess() {
    check(
        &["100 created_at=10 stage=Won closed_at=60 amount=8"],
        &["10 stage=Engaging amount=5", "30 stage=Proposal amount=6", "60 stage=Won amount=8"],
        "10 amount=5; 10 created_at=10; 10 stage=Engaging; 30 amount=6; 30 stage=Proposal; \
         60 amount=8; 60 closed_at=60; 60 stage=Won",
    );
}

#[test]
fn dated_rows_that_begin_after_an_export_go_on_from_it() {
    check(
        &["31 created_at=10 stage=Engaging amount=5"],
        &["36 stage=Proposal amount=6", "64 stage=Won amount=7"],
        "10 created_at=10; 10 stage=Engaging; 31 amount=5; 36 amount=6; 36 stage=Proposal; \
         64 amount=7; 64 stage=Won",
    );
}

#[test]
fn a_dated_closing_follows_the_entry_stage() {
    check(
        &["100 created_at=10"],
        &["40 stage=Won"],
        "10 created_at=10; 10 stage=Engaging; 40 stage=Won",
    );
}

#[test]
fn amending_overlays_and_never_removes() {
    let exports = ["100 created_at=10 stage=Proposal", "130 created_at=10 stage=Won closed_at=90"];
    let observations: Vec<Observation> = exports.iter().map(|line| observation(line)).collect();
    let before = derive(Kind::Deals, &stages(), &observations[..1], &[]);
    let after = derive(Kind::Deals, &stages(), &observations, &[]);
    assert_eq!(written(&amend(&before, &after)), "90 closed_at=90; 90 stage=Won; 100 stage=Won");
    assert_eq!(amend(&after, &after), Vec::new());
}

#[track_caller]
fn check_edits(edits: &[&str], expected: &str, overruled: &str) {
    let exports = [
        "100 created_at=10 stage=Proposal next_step=call",
        "130 created_at=10 stage=Won closed_at=120 next_step=write",
    ];
    let observations: Vec<Observation> = exports.iter().map(|line| observation(line)).collect();
    let derived = derive(Kind::Deals, &stages(), &observations, &[]);
    let fact = |line: &&str| {
        let DatedRow { changed_at, values } = dated(line);
        let fact = |(field, value)| Fact { field, effective_at: changed_at, value };
        values.into_iter().map(fact).collect::<Vec<_>>()
    };
    let edits: Vec<Fact> = edits.iter().flat_map(fact).collect();
    let edited = with_edits(derived.clone(), &edits);
    assert_eq!(written(&edited.facts), expected);
    assert_eq!(written(&edited.overruled), overruled);
    let mut journal = derived;
    journal.extend(edits);
    let missing = amend(&journal, &edited.facts);
    journal.extend(missing);
    assert_eq!(amend(&journal, &edited.facts), Vec::new(), "nothing is lacking then");
}

#[test]
fn what_was_edited_holds_over_later_exports() {
    check_edits(
        &["110 next_step=wait"],
        "10 created_at=10; 10 stage=Engaging; 100 next_step=call; 100 stage=Proposal; \
         110 next_step=wait; 120 closed_at=120; 120 stage=Won",
        "130 next_step=write",
    );
    check_edits(
        &["110 next_step=wait", "115 next_step=write"],
        "10 created_at=10; 10 stage=Engaging; 100 next_step=call; 100 stage=Proposal; \
         110 next_step=wait; 115 next_step=write; 120 closed_at=120; 120 stage=Won",
        "",
    );
}

#[test]
fn of_two_edits_at_one_instant_the_later_holds() {
    check_edits(
        &["140 next_step=wait", "140 next_step=rest"],
        "10 created_at=10; 10 stage=Engaging; 100 next_step=call; 100 stage=Proposal; \
         120 closed_at=120; 120 stage=Won; 130 next_step=write; 140 next_step=rest",
        "",
    );
}

#[test]
fn a_closing_that_an_edited_stage_denies_goes_with_it() {
    check_edits(
        &["110 stage=Engaging"],
        "10 created_at=10; 10 stage=Engaging; 100 next_step=call; 100 stage=Proposal; \
         110 stage=Engaging; 130 next_step=write",
        "120 stage=Won",
    );
}

fn any_exports() -> impl Strategy<Value = Vec<String>> {
    let export =
        (20..40_i64, 0..4_usize, 0..3_i64, 0..3_i64).prop_map(|(at, stage, amount, closed)| {
            let stage = ["Engaging", "Proposal", "Won", "Lost"][stage];
            format!(
                "{at} created_at=10 stage={stage} amount={amount} closed_at={}",
                at - closed - 1
            )
        });
    let unique_days = |exports: Vec<String>| {
        let mut by_day: BTreeMap<String, String> = BTreeMap::new();
        for export in exports {
            by_day.insert(export[..2].to_owned(), export);
        }
        by_day.into_values().collect::<Vec<_>>()
    };
    proptest::collection::vec(export, 1..6).prop_map(unique_days)
}

proptest! {
    /// A journal that is amended export by export, in any order, amounts to the same states.
    #[test]
    fn any_order_of_loading_gives_the_same_states(
        exports in any_exports(),
        order in any::<prop::sample::Index>(),
    ) {
        let mut loaded: Vec<Observation> = Vec::new();
        let mut journal: Vec<Fact> = Vec::new();
        let shift = order.index(exports.len());
        for line in exports.iter().cycle().skip(shift).take(exports.len()) {
            loaded.push(observation(line));
            let after = derive(Kind::Deals, &stages(), &loaded, &[]);
            journal.extend(amend(&journal.clone(), &after));
            prop_assert_eq!(amend(&journal, &after), Vec::new(), "nothing is lacking then");
        }
        let facts = derive(Kind::Deals, &stages(), &loaded, &[]);
        for at in 0..60 {
            let mut amounts_to = state_at(&journal, day(at));
            amounts_to.retain(|_, value| value.is_some());
            let mut expected = state_at(&facts, day(at));
            expected.retain(|_, value| value.is_some());
            prop_assert_eq!(amounts_to, expected, "day {}", at);
        }
    }
}
