//! Worked examples whose arithmetic was done by hand; `docs/pay.md` shows each.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::calculate::{PayError, calculate};
use super::counted::{Counted, Metric};
use super::exact::{Rate, Rounding};
use super::facts::{Fact, Facts, Seen, What, Won};
use super::formula::Formula;
use super::plan::{
    Basis, Cap, CreditRule, Draw, Hold, Measure, Payee, Plan, Spiff, Terms, Tier, Way,
};
use super::relay::{Judgement, Leg, Outcome, Relay};
use super::sentence::Words;
use super::statement::{Calculation, Working};
use crate::money::Currency;
use crate::period::{FiscalCalendar, Period};

pub(super) fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

pub(super) fn tiers(steps: &[(&str, &str)]) -> Vec<Tier> {
    let tier = |(from, times): &(&str, &str)| Tier { from: rate(from), multiplier: rate(times) };
    steps.iter().map(tier).collect()
}

pub(super) fn period(text: &str) -> Period {
    text.parse().unwrap()
}

/// 10 % of revenue, whole, by quarters of 2026, with a quota of 100 000.00.
pub(super) fn terms() -> Terms {
    Terms {
        name: "Sales 2026".to_owned(),
        version: 1,
        currency: Currency::USD,
        calendar: FiscalCalendar::new(1).unwrap(),
        first_period: period("2026-Q1"),
        freeze_days: 5,
        rounding: Rounding::HalfEven,
        measures: vec![Measure {
            name: "revenue won".to_owned(),
            metric: Metric::Revenue,
            credit: CreditRule::Split,
            only: None,
            basis: Basis::Rate(rate("10 %")),
            formula: None,
            weight: 1,
            tiers: tiers(&[("0", "1")]),
            way: Way::Marginal,
            threshold: None,
            cap: None,
        }],
        payees: vec![payee("ann"), payee("bob")],
        spiffs: Vec::new(),
        clawback_days: None,
        hold: Hold::None,
        relay: None,
    }
}

pub(super) fn payee(id: &str) -> Payee {
    Payee {
        id: id.to_owned(),
        name: id.to_owned(),
        starts_on: date(2020, 1, 1),
        ends_on: None,
        base: 0,
        on_target: 0,
        quotas: vec![Some(10_000_000)],
        quotas_of: BTreeMap::new(),
        ramp: Vec::new(),
        draw: None,
        team: Vec::new(),
        channels: Vec::new(),
    }
}

pub(super) fn won(deal: &str, on: Date, amount: i64, owner: &str) -> Fact {
    let owner = owner.to_owned();
    let (splits, tags, touched) = (Vec::new(), Vec::new(), Vec::new());
    let won = Won { on, amount, owner, splits, tags, touched };
    Fact { of: Counted::REVENUE, deal: deal.to_owned(), known_on: on, what: What::Won(won) }
}

pub(super) fn run(terms: &Terms, facts: Vec<Fact>, through: &str) -> Calculation {
    let plan = Plan::new(terms.clone()).expect("is a plan");
    let facts = Facts::new(facts, judgements()).expect("are facts");
    let seen = Seen { effective_on: date(2026, 12, 31), known_on: date(2027, 1, 31) };
    calculate(&plan, &facts, period(through), seen).expect("is calculated")
}

fn judgements() -> Vec<Judgement> {
    Vec::new()
}

/// The statement of the first payee as text: a sentence a line, and the total.
#[track_caller]
fn check(terms: &Terms, facts: Vec<Fact>, through: &str, expected: &[&str]) {
    let calculation = run(terms, facts, through);
    let plan = Plan::new(terms.clone()).unwrap();
    let words = Words { plan: &plan, calculation: &calculation };
    let of = |s: &&super::statement::Statement| s.payee == 0 && s.period == period(through);
    let statement = calculation.statements.iter().find(of).unwrap();
    let mut found: Vec<String> = statement.lines.iter().map(|line| words.sentence(line)).collect();
    found.push(format!("total {}", statement.total));
    assert_eq!(found, expected);
}

#[test]
fn an_accelerator_pays_half_more_from_quota_and_double_from_a_quarter_above() {
    let mut terms = terms();
    terms.measures[0].tiers = tiers(&[("0", "1"), ("100 %", "1.5"), ("125 %", "2")]);
    let facts = vec![
        won("D-1", date(2026, 1, 20), 8_000_000, "ann"),
        won("D-2", date(2026, 2, 20), 6_000_000, "ann"),
    ];
    check(
        &terms,
        facts,
        "2026-Q1",
        &[
            "deal D-1: revenue won, credit of 80000.00 USD: 80000.00 USD × 10 % = 8000.00 USD",
            "deal D-2: revenue won, a piece of the credit of 60000.00 USD: 20000.00 USD × 10 % = \
         2000.00 USD",
            "deal D-2: revenue won, a piece of the credit of 60000.00 USD: 25000.00 USD × 10 % × \
         1.5 (from 100 % of the quota of 100000.00 USD) = 3750.00 USD",
            "deal D-2: revenue won, a piece of the credit of 60000.00 USD: 15000.00 USD × 10 % × 2 \
         (from 125 % of the quota of 100000.00 USD) = 3000.00 USD",
            "total 1675000",
        ],
    );
}

#[test]
fn a_retroactive_tier_lifts_every_deal() {
    let mut terms = terms();
    terms.measures[0].tiers = tiers(&[("0", "1"), ("100 %", "1.2")]);
    terms.measures[0].way = Way::Retroactive;
    let first = won("D-1", date(2026, 1, 20), 9_999_999, "ann");
    check(
        &terms,
        vec![first.clone()],
        "2026-Q1",
        &[
            "deal D-1: revenue won, credit of 99999.99 USD: 99999.99 USD × 10 % = 10000.00 USD",
            "total 1000000",
        ],
    );
    check(
        &terms,
        vec![first, won("D-2", date(2026, 2, 20), 1, "ann")],
        "2026-Q1",
        &[
            "deal D-1: revenue won, credit of 99999.99 USD: 99999.99 USD × 10 % × 1.2 (from 100 % \
         of the quota of 100000.00 USD) = 12000.00 USD",
            "deal D-2: revenue won, credit of 0.01 USD: 0.01 USD × 10 % × 1.2 (from 100 % of the \
         quota of 100000.00 USD) = 0.00 USD",
            "total 1200000",
        ],
    );
}

#[test]
fn a_recoverable_draw_is_made_up_for_within_three_months() {
    let mut terms = terms();
    terms.first_period = period("2026-01");
    let draw = Draw {
        amount: 400_000,
        is_recoverable: true,
        from: period("2026-01"),
        to: period("2026-03"),
    };
    terms.payees[0].draw = Some(draw);
    let facts = vec![
        won("D-1", date(2026, 1, 20), 1_000_000, "ann"),
        won("D-2", date(2026, 2, 20), 6_000_000, "ann"),
        won("D-3", date(2026, 3, 20), 7_000_000, "ann"),
    ];
    let calculation = run(&terms, facts.clone(), "2026-03");
    let of_ann = calculation.statements.iter().filter(|statement| statement.payee == 0);
    let found: Vec<(i64, i64)> = of_ann.map(|s| (s.total, s.draw_balance)).collect();
    assert_eq!(found, [(400_000, 300_000), (400_000, 100_000), (600_000, 0)]);
    check(
        &terms,
        facts.clone(),
        "2026-01",
        &[
            "deal D-1: revenue won, credit of 10000.00 USD: 10000.00 USD × 10 % = 1000.00 USD",
            "draw: 4000.00 USD guaranteed − 1000.00 USD earned = 3000.00 USD, to be made up for \
             later",
            "total 400000",
        ],
    );
    check(
        &terms,
        facts.clone(),
        "2026-03",
        &[
            "deal D-3: revenue won, credit of 70000.00 USD: 70000.00 USD × 10 % = 7000.00 USD",
            "draw made up for: 7000.00 USD earned − 4000.00 USD guaranteed, of which 1000.00 USD \
         is owed: -1000.00 USD",
            "total 600000",
        ],
    );
    terms.payees[0].draw = Some(Draw { is_recoverable: false, ..draw });
    let kept = run(&terms, facts, "2026-03");
    let totals: Vec<i64> =
        kept.statements.iter().filter(|s| s.payee == 0).map(|s| s.total).collect();
    assert_eq!(totals, [400_000, 600_000, 700_000]);
}

#[test]
fn a_split_of_sixty_to_forty_pays_both_their_part() {
    let mut fact = won("D-1", date(2026, 1, 20), 10_000_001, "ann");
    if let What::Won(won) = &mut fact.what {
        won.splits = vec![("ann".to_owned(), rate("60 %")), ("bob".to_owned(), rate("40 %"))];
    }
    let paid = run(&terms(), vec![fact.clone()], "2026-Q1");
    assert_eq!([paid.statements[0].total, paid.statements[1].total], [600_000, 400_000]);
    check(
        &terms(),
        vec![fact],
        "2026-Q1",
        &[
            "deal D-1: revenue won, credit of 60000.01 USD out of 100000.01 USD: 60000.01 USD × 10 \
         % = 6000.00 USD",
            "total 600000",
        ],
    );
}

#[test]
fn a_deal_cancelled_after_eighty_days_is_taken_back_and_after_ninety_one_is_not() {
    let mut terms = terms();
    terms.clawback_days = Some(90);
    let sold = won("D-1", date(2026, 1, 31), 5_000_000, "ann");
    let cancelled = |on| Fact { known_on: on, what: What::Cancelled { on }, ..sold.clone() };
    check(
        &terms,
        vec![sold.clone(), cancelled(date(2026, 4, 21))],
        "2026-Q2",
        &[
            "deal D-1: won on 2026-01-31, cancelled on 2026-04-21, 80 days later and so within 90: \
         -5000.00 USD is taken back",
            "total -500000",
        ],
    );
    check(&terms, vec![sold.clone(), cancelled(date(2026, 5, 2))], "2026-Q2", &["total 0"]);
}

#[test]
fn a_spiff_pays_for_each_deal_of_its_kind_in_its_days() {
    let mut terms = terms();
    terms.spiffs = vec![Spiff {
        name: "launch".to_owned(),
        from: date(2026, 2, 1),
        to: date(2026, 2, 28),
        only: Some("GTX".to_owned()),
        min_amount: 1_000_000,
        amount: 50_000,
    }];
    let tagged = |deal, on, amount, tag: &str| {
        let mut fact = won(deal, on, amount, "ann");
        if let What::Won(won) = &mut fact.what {
            won.tags = vec![tag.to_owned()];
        }
        fact
    };
    let facts = vec![
        tagged("D-1", date(2026, 2, 1), 1_000_000, "GTX"),
        tagged("D-2", date(2026, 2, 2), 999_999, "GTX"),
        tagged("D-3", date(2026, 3, 1), 1_000_000, "GTX"),
        tagged("D-4", date(2026, 2, 28), 1_000_000, "MG"),
    ];
    let paid = run(&terms, facts, "2026-Q1");
    let lines = &paid.statements[0].lines;
    let spiffs: Vec<(Option<u32>, i64)> = lines
        .iter()
        .filter(|line| matches!(line.working, Working::Spiff { .. }))
        .map(|line| (line.deal, line.amount))
        .collect();
    assert_eq!(spiffs, [(Some(0), 50_000)]);
    assert_eq!(paid.statements[0].total, 100_000 + 100_000 + 100_000 + 100_000 + 50_000);
}

#[test]
fn a_decelerator_halves_what_lies_below_seventy_percent() {
    let mut terms = terms();
    terms.measures[0].tiers = tiers(&[("0", "0.5"), ("70 %", "1")]);
    let facts = vec![won("D-1", date(2026, 1, 20), 9_000_000, "ann")];
    check(
        &terms,
        facts,
        "2026-Q1",
        &[
            "deal D-1: revenue won, a piece of the credit of 90000.00 USD: 70000.00 USD × 10 % × \
         0.5 (from 0 % of the quota of 100000.00 USD) = 3500.00 USD",
            "deal D-1: revenue won, a piece of the credit of 90000.00 USD: 20000.00 USD × 10 % × 1 \
         (from 70 % of the quota of 100000.00 USD) = 2000.00 USD",
            "total 550000",
        ],
    );
}

/// 46 of the 92 days from July to September: half the quota and half the variable pay.
#[test]
fn who_starts_in_the_middle_of_a_quarter_has_its_part_of_quota_and_pay() {
    let mut terms = terms();
    terms.measures[0].basis = Basis::Target;
    terms.measures[0].cap = Some(Cap::OfTarget(rate("150 %")));
    terms.payees[0].starts_on = date(2026, 8, 16);
    terms.payees[0].base = 6_000_000;
    terms.payees[0].on_target = 10_000_000;
    let facts = vec![
        won("D-0", date(2026, 8, 15), 5_000_000, "ann"),
        won("D-1", date(2026, 8, 16), 4_000_000, "ann"),
        won("D-2", date(2026, 9, 30), 4_000_000, "ann"),
    ];
    check(
        &terms,
        facts.clone(),
        "2026-Q3",
        &[
            "deal D-1: revenue won, credit of 40000.00 USD: 40000.00 USD × 5000.00 USD at target ÷ \
         quota of 50000.00 USD = 4000.00 USD",
            "deal D-2: revenue won, credit of 40000.00 USD: 40000.00 USD × 5000.00 USD at target ÷ \
         quota of 50000.00 USD = 4000.00 USD, of which the cap of 7500.00 USD leaves 3500.00 USD",
            "total 750000",
        ],
    );
    terms.payees[0].ramp = vec![rate("50 %")];
    let ramped = run(&terms, facts, "2026-Q4");
    let quotas: Vec<Option<i64>> = ramped
        .statements
        .iter()
        .filter(|s| s.payee == 0)
        .map(|s| s.attainments[0].map(|attainment| attainment.quota.minor))
        .collect();
    assert_eq!(quotas, [None, None, Some(2_500_000), None]);
}

#[test]
fn a_gate_missed_by_a_tenth_of_a_percent_pays_nobody_and_takes_nothing() {
    let leg = |name: &str, mark: &str, runner: &str, share| Leg {
        name: name.to_owned(),
        judge: "revenue operations".to_owned(),
        mark_millionths: rate(mark).millionths * 100,
        unit: "%".to_owned(),
        metric: None,
        share,
        runners: vec![runner.to_owned()],
    };
    let relay = Relay {
        name: "Q1 relay".to_owned(),
        period: period("2026-Q1"),
        pool: 1_000_000,
        legs: vec![leg("hand-off", "25 %", "ann", 2), leg("close", "30 %", "bob", 1)],
    };
    let mut terms = terms();
    terms.relay = Some(relay.clone());
    let judged = |leg: &str, reached: &str| Judgement {
        leg: leg.to_owned(),
        known_on: date(2026, 4, 2),
        reached_millionths: rate(reached).millionths * 100,
    };
    let plan = Plan::new(terms).unwrap();
    let seen = Seen { effective_on: date(2026, 3, 31), known_on: date(2026, 4, 5) };
    let totals = |judgements: Vec<Judgement>| {
        let facts = vec![won("D-1", date(2026, 1, 20), 1_000_000, "ann")];
        let facts = Facts::new(facts, judgements).unwrap();
        let paid = calculate(&plan, &facts, period("2026-Q1"), seen).unwrap();
        [paid.statements[0].total, paid.statements[1].total]
    };
    let missed = vec![judged("hand-off", "24.9 %"), judged("close", "40 %")];
    assert_eq!(totals(missed.clone()), [100_000, 0]);
    assert_eq!(totals(vec![judged("close", "40 %")]), [100_000, 0]);
    let met = vec![judged("hand-off", "25 %"), judged("close", "30 %")];
    assert_eq!(totals(met), [100_000 + 666_667, 333_333]);
    let Outcome::Missed(misses) = relay.outcome(&missed, seen.known_on) else { panic!("missed") };
    assert_eq!(
        misses[0].sentence(),
        "leg hand-off reached 24.9 % of 25 % by the word of revenue operations: 0.1 % short, so \
         nobody gets a share of the pool"
    );
}

#[test]
fn a_late_deal_is_an_adjustment_of_the_next_period_and_changes_no_statement() {
    let mut terms = terms();
    terms.measures[0].tiers = tiers(&[("0", "1"), ("100 %", "2")]);
    let on_time = won("D-1", date(2026, 3, 20), 10_000_000, "ann");
    let late =
        Fact { known_on: date(2026, 4, 6), ..won("D-0", date(2026, 3, 1), 1_000_000, "ann") };
    let without = run(&terms, vec![on_time.clone()], "2026-Q1");
    let with = run(&terms, vec![on_time.clone(), late.clone()], "2026-Q2");
    assert_eq!(without.statements[0].total, with.statements[0].total);
    check(
        &terms,
        vec![on_time, late],
        "2026-Q2",
        &[
            "deal D-0, revenue won of 2026-Q1: it became known on 2026-04-06; 1000.00 USD now − \
         0.00 USD before = 1000.00 USD",
            "deal D-1, revenue won of 2026-Q1: other deals of that period changed, and its tier \
         with them; 11000.00 USD now − 10000.00 USD before = 1000.00 USD",
            "total 200000",
        ],
    );
}

#[test]
fn pay_held_until_cash_is_released_when_it_comes_and_a_clawback_meanwhile_owes_nothing() {
    let mut terms = terms();
    terms.hold = Hold::UntilCash;
    terms.clawback_days = Some(90);
    let sold = won("D-1", date(2026, 3, 20), 1_000_000, "ann");
    let paid = Fact {
        known_on: date(2026, 5, 1),
        what: What::Paid { on: date(2026, 4, 30) },
        ..sold.clone()
    };
    let cancelled = Fact {
        known_on: date(2026, 5, 1),
        what: What::Cancelled { on: date(2026, 5, 1) },
        ..sold.clone()
    };
    let totals = |facts| {
        let all = run(&terms, facts, "2026-Q2").statements;
        let of_ann = all.iter().filter(|statement| statement.payee == 0);
        of_ann.map(|statement| statement.total).collect::<Vec<_>>()
    };
    assert_eq!(totals(vec![sold.clone()]), [0, 0]);
    assert_eq!(totals(vec![sold.clone(), paid.clone()]), [0, 100_000]);
    assert_eq!(totals(vec![sold.clone(), cancelled.clone()]), [0, 0]);
    assert_eq!(totals(vec![sold, paid, cancelled]), [0, 0]);
}

#[test]
fn a_threshold_not_reached_earns_nothing_and_says_so() {
    let mut terms = terms();
    terms.measures[0].threshold = Some(rate("50 %"));
    check(
        &terms,
        vec![won("D-1", date(2026, 1, 2), 4_999_999, "ann")],
        "2026-Q1",
        &[
            "deal D-1: revenue won, credit of 49999.99 USD: the threshold of the quota of \
         100000.00 USD is not reached, so it earns 0.00 USD",
            "total 0",
        ],
    );
    let reached = run(&terms, vec![won("D-1", date(2026, 1, 2), 5_000_000, "ann")], "2026-Q1");
    assert_eq!(reached.statements[0].total, 500_000);
}

#[test]
fn what_cannot_be_a_plan_or_a_fact_is_named() {
    let wrong = |change: fn(&mut Terms), part: &str| {
        let mut terms = terms();
        change(&mut terms);
        let message = Plan::new(terms).expect_err("is refused").to_string();
        assert!(message.contains(part), "{message} lacks {part}");
    };
    wrong(|terms| terms.measures[0].tiers.clear(), "measure `revenue won`: it has no tier");
    wrong(|terms| terms.measures[0].tiers[0].from = rate("1 %"), "from 0 %");
    wrong(|terms| terms.payees[1].id = "ann".to_owned(), "payee `ann`: it is there twice");
    wrong(|terms| terms.payees[0].on_target = -1, "on_target");
    wrong(|terms| terms.payees[0].quotas = vec![Some(0)], "above zero");
    wrong(|terms| terms.measures.clear(), "no measure");
    let mut fact = won("D-1", date(2026, 1, 2), 1, "ann");
    if let What::Won(won) = &mut fact.what {
        won.splits = vec![("ann".to_owned(), rate("60 %")), ("bob".to_owned(), rate("39.9 %"))];
    }
    let refused = Facts::new(vec![fact], Vec::new()).expect_err("is refused").to_string();
    assert_eq!(refused, "deal D-1: its split adds up to 99.9 %, not 100 %; correct the shares");
    let plan = Plan::new(terms()).unwrap();
    let seen = Seen { effective_on: date(2026, 3, 31), known_on: date(2026, 3, 31) };
    for (through, part) in [("2026-Q2", "has not begun"), ("2026-03", "no period of the plan")] {
        let refused = calculate(&plan, &Facts::default(), period(through), seen);
        assert!(matches!(&refused, Err(PayError::NotBegun(_) | PayError::NotOfThePlan { .. })));
        assert!(refused.expect_err("is refused").to_string().contains(part));
    }
}

/// A lead or deal that counts towards something else than revenue.
fn counts(metric: Metric, id: &str, on: Date, amount: i64, owner: &str) -> Fact {
    Fact { of: Counted { metric, by_touch: false }, ..won(id, on, amount, owner) }
}

/// 50.00 for each of ten SQLs a quarter, and double from there on.
fn sqls() -> Terms {
    let mut terms = terms();
    terms.measures[0] = Measure {
        name: "accepted".to_owned(),
        metric: Metric::Sqls,
        credit: CreditRule::Own,
        basis: Basis::Each(5_000),
        tiers: tiers(&[("0", "1"), ("100 %", "2")]),
        ..terms.measures[0].clone()
    };
    terms.payees.iter_mut().for_each(|payee| payee.quotas = vec![Some(10)]);
    terms
}

#[test]
fn a_count_pays_an_amount_each_and_deals_do_not_count_as_leads() {
    let lead = |nth: i8| counts(Metric::Sqls, &format!("L-{nth:02}"), date(2026, 2, nth), 1, "ann");
    let mut facts: Vec<Fact> = (1..=12).map(lead).collect();
    facts.push(won("D-1", date(2026, 2, 1), 1_000_000, "ann"));
    facts.push(counts(Metric::Mqls, "L-01", date(2026, 1, 1), 1, "ann"));
    let all = run(&sqls(), facts, "2026-Q1");
    let plan = Plan::new(sqls()).unwrap();
    let words = Words { plan: &plan, calculation: &all };
    let lines = &all.statements[0].lines;
    let told: Vec<String> = lines.iter().map(|line| words.sentence(line)).collect();
    assert_eq!(told[0], "lead L-01: accepted, credit of 1 SQL: 1 SQL × 50.00 USD each = 50.00 USD");
    assert_eq!(
        told[11],
        "lead L-12: accepted, credit of 1 SQL: 1 SQL × 50.00 USD each × 2 (from 100 % of the \
         quota of 10 SQLs) = 100.00 USD"
    );
    // Ten at 50 and two at 100; each lead is one line.
    assert_eq!((all.statements[0].total, lines.len()), (70_000, 12));
    assert_eq!(all.statements[0].attainments[0].unwrap().credit, 12);
}

#[test]
fn the_variable_pay_is_shared_out_over_a_quota_of_counts() {
    let mut terms = sqls();
    terms.measures[0].basis = Basis::Target;
    terms.measures[0].tiers = tiers(&[("0", "1")]);
    (terms.payees[0].base, terms.payees[0].on_target) = (0, 4_000_000);
    // Half of the quarter: five SQLs and 5,000.00 at target.
    terms.payees[0].starts_on = date(2026, 2, 15);
    let facts = vec![counts(Metric::Sqls, "L-1", date(2026, 3, 1), 1, "ann")];
    check(
        &terms,
        facts,
        "2026-Q1",
        &[
            "lead L-1: accepted, credit of 1 SQL: 1 SQL × 5000.00 USD at target ÷ quota of 5 SQLs \
             = 1000.00 USD",
            "total 100000",
        ],
    );
}

#[test]
fn a_lead_that_becomes_known_late_is_an_adjustment_and_so_is_one_that_turns_out_not_to_count() {
    let early = counts(Metric::Sqls, "L-1", date(2026, 2, 1), 1, "ann");
    let late = Fact {
        known_on: date(2026, 5, 1),
        ..counts(Metric::Sqls, "L-2", date(2026, 3, 1), 1, "ann")
    };
    let gone = Fact { known_on: date(2026, 5, 2), what: What::Withdrawn, ..early.clone() };
    check(
        &sqls(),
        vec![early, late, gone],
        "2026-Q2",
        &[
            "lead L-1, accepted of 2026-Q1: it turned out not to count on 2026-05-02; 0.00 USD now \
             − 50.00 USD before = -50.00 USD",
            "lead L-2, accepted of 2026-Q1: it became known on 2026-05-01; 50.00 USD now − 0.00 \
             USD before = 50.00 USD",
            "total 0",
        ],
    );
}

#[test]
fn what_is_sourced_is_of_the_first_touch_and_what_is_influenced_of_any() {
    let mut terms = terms();
    let measure = |name: &str, credit| Measure {
        name: name.to_owned(),
        credit,
        basis: Basis::Rate(rate("1 %")),
        ..terms.measures[0].clone()
    };
    terms.measures =
        vec![measure("begun", CreditRule::Sourced), measure("helped", CreditRule::Influenced)];
    for (payee, channels) in terms.payees.iter_mut().zip([["Webinar", "Event"], ["Email", ""]]) {
        payee.quotas = vec![Some(10_000_000); 2];
        let named = channels.iter().filter(|name| !name.is_empty());
        payee.channels = named.map(|name| (*name).to_owned()).collect();
    }
    let touched = |id: &str, channels: &[&str]| {
        let mut fact = won(id, date(2026, 2, 1), 100_000, "");
        fact.of.by_touch = true;
        if let What::Won(won) = &mut fact.what {
            won.touched = channels.iter().map(|name| (*name).to_owned()).collect();
        }
        fact
    };
    let facts = vec![
        touched("D-1", &["Webinar", "Email", "Event"]),
        touched("D-2", &["Email"]),
        touched("D-3", &["Partner"]),
        // The owner of the deal has nothing of it here.
        won("D-1", date(2026, 2, 1), 100_000, "ann"),
    ];
    let all = run(&terms, facts.clone(), "2026-Q1");
    assert_eq!((all.statements[0].total, all.statements[1].total), (2_000, 3_000));
    check(
        &terms,
        facts,
        "2026-Q1",
        &[
            "deal D-1: begun, credit of 1000.00 USD, sourced by Webinar, its first touch: 1000.00 \
             USD × 1 % = 10.00 USD",
            "deal D-1: helped, credit of 1000.00 USD, influenced by Webinar: 1000.00 USD × 1 % = \
             10.00 USD",
            "total 2000",
        ],
    );
}

#[test]
fn what_cannot_be_counted_so_is_refused() {
    let refused = |change: &dyn Fn(&mut Measure)| {
        let mut terms = sqls();
        change(&mut terms.measures[0]);
        Plan::new(terms).expect_err("is refused").to_string()
    };
    let by_rate = refused(&|measure| measure.basis = Basis::Rate(rate("10 %")));
    assert!(by_rate.contains("sqls are counted: write each, an amount for one SQL"), "{by_rate}");
    let each = refused(&|measure| measure.metric = Metric::PipelineCreated);
    assert!(each.contains("pipeline_created is an amount: write rate"), "{each}");
    let split = refused(&|measure| measure.credit = CreditRule::Split);
    assert!(split.contains("only revenue is split"), "{split}");
    let touched = refused(&|measure| measure.credit = CreditRule::Sourced);
    assert!(touched.contains("no touch leads to sqls"), "{touched}");
}

#[test]
fn an_invoice_is_waited_for_by_wins_and_not_by_leads() {
    let mut terms = sqls();
    terms.hold = Hold::UntilInvoice;
    let facts = vec![counts(Metric::Sqls, "L-1", date(2026, 2, 1), 1, "ann")];
    assert_eq!(run(&terms, facts, "2026-Q1").statements[0].total, 5_000);
    terms.measures[0].metric = Metric::Wins;
    let facts = vec![counts(Metric::Wins, "D-1", date(2026, 2, 1), 1, "ann")];
    assert_eq!(run(&terms, facts, "2026-Q1").statements[0].total, 0);
}

/// A tenth up to the quota and three tenths beyond it, as a formula.
fn by_formula(source: &str) -> Terms {
    let mut terms = terms();
    terms.measures[0] = Measure {
        basis: Basis::Target,
        formula: Some(Formula::new(source, Currency::USD, true).expect("is a formula")),
        ..terms.measures[0].clone()
    };
    terms
}

#[test]
fn a_formula_pays_what_it_says_deal_by_deal() {
    let source = "credit / 10 + max(0, credit - quota) / 5";
    let terms = by_formula(source);
    let facts = vec![
        won("D-1", date(2026, 1, 20), 8_000_000, "ann"),
        won("D-2", date(2026, 2, 20), 6_000_000, "ann"),
    ];
    check(
        &terms,
        facts.clone(),
        "2026-Q1",
        &[
            "deal D-1: revenue won, credit of 80000.00 USD: `credit / 10 + max(0, credit - quota) \
             / 5` pays 8000.00 USD at a credit of 80000.00 USD − 0.00 USD at 0.00 USD = 8000.00 \
             USD (quota of 100000.00 USD, 0.00 USD at target)",
            "deal D-2: revenue won, credit of 60000.00 USD: `credit / 10 + max(0, credit - quota) \
             / 5` pays 22000.00 USD at a credit of 140000.00 USD − 8000.00 USD at 80000.00 USD = \
             14000.00 USD (quota of 100000.00 USD, 0.00 USD at target)",
            "total 2200000",
        ],
    );
    // The same as tiers, to the cent, and a cap holds it.
    let mut tiered = super::examples::terms();
    tiered.measures[0].tiers = tiers(&[("0", "1"), ("100 %", "3")]);
    let total = |terms: &Terms| run(terms, facts.clone(), "2026-Q1").statements[0].total;
    assert_eq!(total(&terms), total(&tiered));
    let mut capped = by_formula(source);
    capped.measures[0].cap = Some(Cap::Amount(1_000_000));
    capped.measures[0].threshold = Some(rate("50 %"));
    assert_eq!(total(&capped), 1_000_000);
    capped.measures[0].threshold = Some(rate("150 %"));
    assert_eq!(total(&capped), 0);
}

#[test]
fn a_formula_stands_alone() {
    let mut terms = by_formula("credit / 10");
    terms.measures[0].tiers = tiers(&[("0", "1"), ("100 %", "2")]);
    let error = Plan::new(terms).expect_err("is refused").to_string();
    assert!(error.contains("leave rate, each and tiers out"), "{error}");
}
