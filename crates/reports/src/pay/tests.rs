//! The reports of one small plan, recomputed by hand; what pays what is not tested here.

use std::collections::BTreeMap;

use domain::money::Currency;
use domain::pay::calculate::calculate;
use domain::pay::counted::Counted;
use domain::pay::exact::Rounding;
use domain::pay::facts::{Fact, Facts, Seen, What, Won};
use domain::pay::plan::{Basis, CreditRule, Hold, Measure, Payee, Terms, Tier, Way};
use domain::period::FiscalCalendar;
use jiff::civil::date;

use super::*;
use crate::render::terminal;

fn paid(rate: &str) -> Paid {
    let tier = |from: &str, times: &str| Tier {
        from: from.parse().unwrap(),
        multiplier: times.parse().unwrap(),
    };
    let payee = |id: &str| Payee {
        id: id.to_owned(),
        name: format!("{id} of sales"),
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
    };
    let plan = Plan::new(Terms {
        name: "Sales 2026".to_owned(),
        version: 1,
        currency: Currency::USD,
        calendar: FiscalCalendar::new(1).unwrap(),
        first_period: "2026-Q1".parse().unwrap(),
        freeze_days: 5,
        rounding: Rounding::HalfEven,
        measures: vec![Measure {
            name: "revenue won".to_owned(),
            metric: Metric::Revenue,
            credit: CreditRule::Own,
            only: None,
            basis: Basis::Rate(rate.parse().unwrap()),
            formula: None,
            weight: 1,
            tiers: vec![tier("0 %", "1"), tier("100 %", "1.5")],
            way: Way::Marginal,
            threshold: None,
            cap: None,
        }],
        payees: vec![payee("ann"), payee("bob")],
        spiffs: Vec::new(),
        clawback_days: None,
        hold: Hold::None,
        relay: None,
    })
    .unwrap();
    let won = Won {
        on: date(2026, 2, 20),
        amount: 12_000_000,
        owner: "ann".to_owned(),
        splits: Vec::new(),
        tags: Vec::new(),
        touched: Vec::new(),
    };
    let fact = Fact {
        of: Counted::REVENUE,
        deal: "D-1".to_owned(),
        known_on: won.on,
        what: What::Won(won),
    };
    let facts = Facts::new(vec![fact], Vec::new()).unwrap();
    let seen = Seen { effective_on: date(2026, 3, 31), known_on: date(2026, 4, 5) };
    let calculation = calculate(&plan, &facts, "2026-Q1".parse().unwrap(), seen).unwrap();
    Paid { plan, calculation, gate: None, notes: Vec::new() }
}

#[test]
fn payroll_has_a_row_for_everybody() {
    let page = terminal(&Payroll(paid("10 %")).document(), 120);
    expect_test::expect![[r#"
        2026-Q1 pays 2 payees 13,000.00 USD in all.

        Statements of 2026-Q1
         Payee          Measure           Credit        Quota   Attained    Paid USD
        ─────────────────────────────────────────────────────────────────────────────
         ann of sales   revenue won   120,000.00   100,000.00      120 %   13,000.00
         bob of sales   –                      –            –          –        0.00

        - Plan Sales 2026, version 1; seen from the end of 2026-03-31, as known by 2026-04-05.
    "#]]
    .assert_eq(&page);
}

#[test]
fn a_slip_tells_each_line_by_a_sentence_and_sums_to_its_total() {
    let slip = Slip { paid: paid("10 %"), payee: 0 };
    let page = terminal(&slip.document(), 80);
    expect_test::expect![[r#"
        2026-Q1 pays ann of sales 13,000.00 USD.

        Statement of ann of sales for 2026-Q1
         Line                USD   Why
        ────────────────────────────────────────────────────────────────────────────────
         revenue won   10,000.00   deal D-1: revenue won, a piece of the credit of
                                   120000.00 USD: 100000.00 USD × 10 % = 10000.00 USD
         revenue won    3,000.00   deal D-1: revenue won, a piece of the credit of
                                   120000.00 USD: 20000.00 USD × 10 % × 1.5 (from 100 %
                                   of the quota of 100000.00 USD) = 3000.00 USD

        - Plan Sales 2026, version 1; seen from the end of 2026-03-31, as known by 2026-04-05.
    "#]]
    .assert_eq(&page);
    let json = slip.json();
    let amounts: Vec<&str> = (json["statement"]["lines"].as_array().unwrap().iter())
        .map(|line| line["amount"].as_str().unwrap())
        .collect();
    assert_eq!(amounts, ["10000.00", "3000.00"]);
    assert_eq!(json["statement"]["total"], "13000.00");
    assert_eq!(json["statement"]["attainment"][0]["attainment"], "1.2");
}

#[test]
fn a_deal_is_explained_and_one_that_paid_nothing_says_so() {
    let explained = |payee, deal: &str| {
        let deal = deal.to_owned();
        Explained { paid: paid("10 %"), payee, deal }.document().answer
    };
    assert_eq!(explained(0, "D-1"), "Deal D-1 has paid ann of sales 13,000.00 USD by 2026-Q1.");
    assert_eq!(explained(1, "D-1"), "Deal D-1 has paid bob of sales 0.00 USD by 2026-Q1.");
}

#[test]
fn two_plans_stand_beside_each_other() {
    let compared = Simulated { paid: paid("10 %"), other: Some(paid("8 %")) };
    assert_eq!(
        compared.document().answer,
        "From 2026-Q1 to 2026-Q1 the plan costs 13,000.00 USD, the other 10,400.00 USD: \
         -2,600.00 USD apart."
    );
    let json = compared.json();
    assert_eq!(json["payees"][0]["total"], "13000.00");
    assert_eq!(json["payees"][0]["other_total"], "10400.00");
    let alone = Simulated { paid: paid("10 %"), other: None }.document();
    assert_eq!(alone.answer, "From 2026-Q1 to 2026-Q1 the plan costs 13,000.00 USD.");
    assert_eq!(alone.tables[1].rows.len(), 2);
}
