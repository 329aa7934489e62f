//! What holds of every plan and all facts.

use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;

use super::calculate::{calculate, calculate_one};
use super::counted::Counted;
use super::exact::{Rate, Rounding};
use super::examples::{payee, period, rate, terms, tiers};
use super::facts::{Fact, Facts, Seen, What, Won};
use super::plan::{Basis, Cap, CreditRule, Hold, Plan, Spiff, Terms, Tier, Way};
use super::rates::Scale;
use super::relay::{Judgement, Leg, Outcome, Relay};
use super::sentence::Words;
use super::statement::{Calculation, Line, Source, Working};
use crate::money::Currency;

const PEOPLE: [&str; 4] = ["ann", "bob", "cem", "stranger"];

fn seen() -> Seen {
    Seen { effective_on: date(2026, 12, 31), known_on: date(2027, 3, 1) }
}

fn a_fact() -> impl Strategy<Value = Fact> {
    let won = (0..365_i64, 0_i64..30_000_000, 0..4_usize, 0..=1_000_000_i64);
    let what = prop_oneof![
        6 => won.prop_map(|(day, amount, owner, share)| {
            let rest = (owner + 1) % PEOPLE.len();
            let part = |who: usize, millionths| (PEOPLE[who].to_owned(), Rate { millionths });
            What::Won(Won {
                on: date(2026, 1, 1).saturating_add(day.days()),
                amount,
                owner: PEOPLE[owner].to_owned(),
                splits: vec![part(owner, share), part(rest, 1_000_000 - share)],
                tags: if day % 2 == 0 { vec!["GTX".to_owned()] } else { Vec::new() },
                touched: Vec::new(),
            })
        }),
        1 => Just(What::Withdrawn),
        2 => (0..365_i64).prop_map(|day| {
            What::Cancelled { on: date(2026, 1, 1).saturating_add(day.days()) }
        }),
        2 => (0..365_i64).prop_map(|day| {
            What::Invoiced { on: date(2026, 1, 1).saturating_add(day.days()) }
        }),
    ];
    (0..15_u8, 0..420_i64, what).prop_map(|(deal, known, what)| Fact {
        of: Counted::REVENUE,
        deal: format!("D-{deal}"),
        known_on: date(2026, 1, 1).saturating_add(known.days()),
        what,
    })
}

/// Facts of which none contradicts another.
fn some_facts() -> impl Strategy<Value = Vec<Fact>> {
    proptest::collection::vec(a_fact(), 0..40).prop_map(|mut facts| {
        let kind = |fact: &Fact| match fact.what {
            What::Won(_) | What::Withdrawn => 0,
            What::Invoiced { .. } => 1,
            What::Paid { .. } => 2,
            What::Cancelled { .. } => 3,
        };
        let mut taken = std::collections::BTreeSet::new();
        facts.retain(|fact| taken.insert((fact.deal.clone(), fact.known_on, kind(fact))));
        facts
    })
}

fn some_tiers() -> impl Strategy<Value = Vec<Tier>> {
    let step = (1_i64..800_000, 0_i64..3_000_000);
    proptest::collection::vec(step, 1..5).prop_map(|steps| {
        let mut from = 0;
        let tier = |(nth, (width, times)): (usize, (i64, i64))| {
            from += if nth == 0 { 0 } else { width };
            Tier { from: Rate { millionths: from }, multiplier: Rate { millionths: times } }
        };
        steps.into_iter().enumerate().map(tier).collect()
    })
}

fn some_terms() -> impl Strategy<Value = Terms> {
    let currency = prop_oneof![Just(Currency::USD), Just(Currency::JPY), Just(Currency::KWD)];
    let choices = (0..3_usize, 0..3_usize, any::<[bool; 5]>());
    (currency, some_tiers(), choices, 1_i64..40_000_000).prop_map(
        |(currency, steps, (credit, rounding, flags), quota)| {
            let [retroactive, capped, held, by_target, threshold] = flags;
            let mut terms = terms();
            terms.currency = currency;
            terms.rounding = Rounding::ALL[rounding];
            terms.payees = vec![payee("ann"), payee("bob"), payee("cem")];
            terms.payees[2].team = vec!["ann".to_owned(), "bob".to_owned()];
            terms.payees[1].starts_on = date(2026, 2, 11);
            for payee in &mut terms.payees {
                (payee.base, payee.on_target) = (5_000_000, 9_000_001);
                payee.quotas = vec![Some(quota)];
            }
            let measure = &mut terms.measures[0];
            measure.credit = [CreditRule::Own, CreditRule::Split, CreditRule::Team][credit];
            measure.tiers = steps;
            measure.way = if retroactive { Way::Retroactive } else { Way::Marginal };
            measure.cap = capped.then_some(Cap::Amount(777_777));
            measure.threshold = threshold.then(|| rate("30 %"));
            if by_target {
                measure.basis = Basis::Target;
            }
            terms.spiffs = vec![Spiff {
                name: "launch".to_owned(),
                from: date(2026, 1, 1),
                to: date(2026, 12, 31),
                only: Some("GTX".to_owned()),
                min_amount: 0,
                amount: 1_001,
            }];
            terms.hold = if held { Hold::UntilInvoice } else { Hold::None };
            terms.clawback_days = Some(90);
            terms
        },
    )
}

fn all(terms: &Terms, facts: &[Fact]) -> Calculation {
    let plan = Plan::new(terms.clone()).expect("is a plan");
    let facts = Facts::new(facts.to_vec(), Vec::new()).expect("are facts");
    calculate(&plan, &facts, period("2026-Q4"), seen()).expect("is calculated")
}

proptest! {
    #[test]
    fn statements_sum_to_the_ledger(terms in some_terms(), facts in some_facts()) {
        let paid = all(&terms, &facts);
        for (payee, expected) in paid.ledger.iter().enumerate() {
            let of_payee = paid.statements.iter().filter(|s| s.payee == payee);
            prop_assert_eq!(of_payee.map(|s| s.total).sum::<i64>(), *expected);
        }
        for statement in &paid.statements {
            let lines: i64 = statement.lines.iter().map(|line| line.amount).sum();
            prop_assert_eq!(lines, statement.total);
        }
    }

    #[test]
    fn any_order_of_facts_gives_the_same_and_so_does_every_run(
        terms in some_terms(),
        (facts, shuffled) in some_facts().prop_flat_map(|facts| {
            (Just(facts.clone()), Just(facts).prop_shuffle())
        }),
    ) {
        let first = format!("{:?}", all(&terms, &facts));
        prop_assert_eq!(&first, &format!("{:?}", all(&terms, &shuffled)));
        prop_assert_eq!(&first, &format!("{:?}", all(&terms, &facts)));
    }

    #[test]
    fn a_later_look_never_changes_a_frozen_statement(
        terms in some_terms(),
        facts in some_facts(),
    ) {
        let frozen_on = date(2026, 7, 5);
        let (early, late): (Vec<Fact>, Vec<Fact>) =
            facts.into_iter().partition(|fact| fact.known_on <= frozen_on);
        let before = all(&terms, &early);
        let after = all(&terms, &[early, late].concat());
        let shown = |paid: &Calculation| -> Vec<(usize, i64, Vec<i64>)> {
            let frozen = paid.statements.iter().filter(|s| s.period <= period("2026-Q2"));
            let amounts = |lines: &[Line]| lines.iter().map(|line| line.amount).collect();
            frozen.map(|s| (s.payee, s.total, amounts(&s.lines))).collect()
        };
        prop_assert_eq!(shown(&before), shown(&after));
    }

    #[test]
    fn a_cap_is_never_passed(terms in some_terms(), facts in some_facts()) {
        let Some(Cap::Amount(cap)) = terms.measures[0].cap else { return Ok(()) };
        let paid = all(&terms, &facts);
        let mut sums = std::collections::BTreeMap::new();
        for statement in &paid.statements {
            for line in &statement.lines {
                let commission = match line.working {
                    Working::Commission(_) => true,
                    Working::Adjustment { of, .. } => of == Source::Commission(0),
                    _ => false,
                };
                if commission {
                    *sums.entry((statement.payee, line.about)).or_insert(0) += line.amount;
                }
            }
            prop_assert!(sums.values().all(|sum| *sum <= cap));
        }
    }

    /// Who asks about one payee is told what all are told of that one, sentence by sentence.
    #[test]
    fn one_alone_is_one_among_all(terms in some_terms(), facts in some_facts(), who in 0..3_usize) {
        let plan = Plan::new(terms.clone()).unwrap();
        let whole = all(&terms, &facts);
        let facts = Facts::new(facts, Vec::new()).unwrap();
        let asked = (period("2026-Q4"), seen());
        let (alone, own) = calculate_one(&plan, &facts, who, asked).unwrap();
        let told = |plan: &Plan, calculation: &Calculation, payee: usize| -> Vec<String> {
            let words = Words { plan, calculation };
            let own = calculation.statements.iter().filter(|one| one.payee == payee);
            own.map(|one| {
                let lines: Vec<String> = one.lines.iter().map(|it| words.sentence(it)).collect();
                format!("{} {} {:?} {lines:?}", one.period, one.total, one.attainments)
            })
            .collect()
        };
        prop_assert_eq!(told(&alone, &own, 0), told(&plan, &whole, who));
    }

    /// Credit by shares is the deal's amount to the minor unit, when all who share are payees.
    #[test]
    fn splits_sum_to_the_credit(amount in 0_i64..1_000_000_000, share in 0..=1_000_000_i64) {
        let mut terms = terms();
        terms.measures[0].basis = Basis::Rate(Rate::ONE);
        let part = |who: &str, millionths| (who.to_owned(), Rate { millionths });
        let splits = vec![part("ann", share), part("bob", 1_000_000 - share)];
        let owner = "ann".to_owned();
        let on = date(2026, 5, 5);
        let (tags, touched) = (Vec::new(), Vec::new());
        let won = Won { on, amount, owner, splits, tags, touched };
        let (of, deal) = (Counted::REVENUE, "D-1".to_owned());
        let fact = Fact { of, deal, known_on: on, what: What::Won(won) };
        let paid = all(&terms, &[fact]);
        prop_assert_eq!(paid.ledger.iter().sum::<i64>(), amount);
    }

    /// Marginal pay never falls, and one more minor unit of credit adds no more than the steepest
    /// tier pays for it: there is no step.
    #[test]
    fn marginal_tiers_are_continuous_and_monotone(
        steps in some_tiers(),
        quota in 1_i64..100_000_000,
        total in 0_i64..200_000_000,
    ) {
        let mut terms = terms();
        let steepest = steps.iter().map(|tier| tier.multiplier.millionths).max().unwrap_or(0);
        terms.measures[0].tiers = steps;
        let scale = Scale::new(&terms.measures[0], (quota, 0), Rounding::HalfEven).unwrap();
        let step = scale.exact(total + 1).unwrap() - scale.exact(total).unwrap();
        prop_assert!(step >= 0);
        prop_assert!(step <= 100_000 * i128::from(steepest));
        let pieces = scale.pieces(&[total / 3, total - total / 3]).unwrap();
        let credit: i64 = pieces.iter().map(|(_, piece)| piece.credit).sum();
        prop_assert_eq!(credit, total);
        let paid: i128 = pieces.iter().map(|(_, piece)| i128::from(piece.paid)).sum();
        let exact = scale.exact(total).unwrap();
        let apart = (paid * scale.denominator() - exact).abs();
        let most = i128::try_from(pieces.len()).unwrap() * scale.denominator();
        prop_assert!(2 * apart <= most, "more than half a minor unit a piece");
    }

    #[test]
    fn the_gate_pays_all_or_none(
        pool in 0_i64..1_000_000_000,
        legs in proptest::collection::vec((1_u32..100, 1_usize..4, 0_i64..100, 0_i64..100), 1..6),
    ) {
        let leg = |(nth, (share, runners, mark, _)): (usize, &(u32, usize, i64, i64))| Leg {
            name: format!("leg {nth}"),
            judge: "finance".to_owned(),
            mark_millionths: *mark,
            unit: "SQLs".to_owned(),
            metric: None,
            share: *share,
            runners: (0..*runners).map(|runner| format!("{nth}.{runner}")).collect(),
        };
        let judged = |(nth, (_, _, _, reached)): (usize, &(u32, usize, i64, i64))| Judgement {
            leg: format!("leg {nth}"),
            known_on: date(2026, 4, 1),
            reached_millionths: *reached,
        };
        let relay = Relay {
            name: "relay".to_owned(),
            period: period("2026-Q1"),
            pool,
            legs: legs.iter().enumerate().map(leg).collect(),
        };
        let judgements: Vec<Judgement> = legs.iter().enumerate().map(judged).collect();
        let met = legs.iter().all(|(_, _, mark, reached)| reached >= mark);
        match relay.outcome(&judgements, date(2026, 4, 5)) {
            Outcome::Met(shares) => {
                prop_assert!(met);
                prop_assert_eq!(shares.iter().map(|(_, share)| share).sum::<i64>(), pool);
                prop_assert_eq!(shares.len(), legs.iter().map(|leg| leg.1).sum::<usize>());
            }
            Outcome::Missed(_) => prop_assert!(!met),
            Outcome::Open(_) => prop_assert!(false, "all were judged"),
        }
    }
}

#[test]
fn a_currency_changes_how_amounts_are_written_and_nothing_else() {
    let mut terms = terms();
    terms.measures[0].tiers = tiers(&[("0", "1"), ("100 %", "1.5")]);
    let facts = [super::examples::won("D-1", date(2026, 1, 2), 12_345_678, "ann")];
    let mut found = Vec::new();
    for currency in [Currency::JPY, Currency::USD, Currency::KWD] {
        terms.currency = currency;
        let plan = Plan::new(terms.clone()).unwrap();
        let calculation = all(&terms, &facts);
        let words = super::sentence::Words { plan: &plan, calculation: &calculation };
        found.push(words.sentence(&calculation.statements[0].lines[1]));
        assert_eq!(calculation.ledger, [1_351_852, 0]);
    }
    assert!(
        found[0].ends_with(
            "2345678 JPY × 10 % × 1.5 (from 100 % of the quota of 10000000 JPY) = 351852 JPY"
        ),
        "{found:?}"
    );
    assert!(found[1].contains("23456.78 USD × 10 % × 1.5"), "{found:?}");
    assert!(found[2].ends_with("= 351.852 KWD"), "{found:?}");
}

/// Two thousand payees and a hundred thousand deals, each shared by two: what is paid is told by
/// other arithmetic, quarter by quarter.
#[test]
fn a_large_company_is_paid_what_a_loop_says() {
    const PAYEES: usize = 2_000;
    let mut terms = terms();
    terms.measures[0].tiers = tiers(&[("0", "1"), ("100 %", "1.5"), ("125 %", "2")]);
    terms.payees = (0..PAYEES).map(|nth| payee(&format!("p{nth}"))).collect();
    let mut credit = vec![[0_i64; 4]; PAYEES];
    let deals = (0..100_000_usize).map(|nth| {
        let (first, second) = (nth * 7919 % PAYEES, (nth * 104_729 + 1) % PAYEES);
        let day = date(2026, 1, 1).saturating_add(i64::try_from(nth % 365).unwrap().days());
        let quarter = usize::try_from((day.month() - 1) / 3).unwrap();
        let amount = i64::try_from(nth * 31 % 977).unwrap() * 1_000;
        credit[first][quarter] += amount * 3 / 5;
        credit[second][quarter] += amount * 2 / 5;
        let part = |who: usize, share: &str| (format!("p{who}"), rate(share));
        let what = What::Won(Won {
            on: day,
            amount,
            owner: format!("p{first}"),
            splits: vec![part(first, "60 %"), part(second, "40 %")],
            tags: Vec::new(),
            touched: Vec::new(),
        });
        Fact { of: Counted::REVENUE, deal: format!("D-{nth}"), known_on: day, what }
    });
    let paid = all(&terms, &deals.collect::<Vec<Fact>>());
    for (payee, quarters) in credit.iter().enumerate() {
        let of_quarter = |credit: &i64| {
            let [low, middle, high] =
                [0, 10_000_000, 12_500_000].map(|from: i64| (credit - from).max(0));
            (low + middle / 2 + high / 2) / 10
        };
        assert_eq!(paid.ledger[payee], quarters.iter().map(of_quarter).sum::<i64>());
    }
}
