//! Times pay: 2,000 payees and 100,000 deals, each shared by two, over four quarters.
//!
//! Prints the seconds that all statements take, the seconds that one payee's take with every line
//! in words, and how many lines these are. What is paid is held by the tests of `pay::properties`.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use domain::money::Currency;
use domain::pay::calculate::{calculate, calculate_one};
use domain::pay::counted::{Counted, Metric};
use domain::pay::exact::{Rate, Rounding};
use domain::pay::facts::{Fact, Facts, Seen, What, Won};
use domain::pay::plan::{Basis, CreditRule, Hold, Measure, Payee, Plan, Terms, Tier, Way};
use domain::pay::sentence::Words;
use domain::period::FiscalCalendar;
use jiff::ToSpan;
use jiff::civil::date;

const PAYEES: usize = 2_000;
const DEALS: usize = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let plan = Plan::new(terms()?)?;
    let facts = Facts::new((0..DEALS).map(deal).collect::<Result<_, _>>()?, Vec::new())?;
    let through = "2026-Q4".parse()?;
    let seen = Seen { effective_on: date(2026, 12, 31), known_on: date(2027, 1, 5) };
    let started = Instant::now();
    let all = calculate(&plan, &facts, through, seen)?;
    let seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let (alone, own) = calculate_one(&plan, &facts, PAYEES / 2, (through, seen))?;
    let words = Words { plan: &alone, calculation: &own };
    let lines = own.statements.iter().flat_map(|statement| &statement.lines);
    let told: Vec<String> = lines.map(|line| words.sentence(line)).collect();
    let one = started.elapsed().as_secs_f64();
    let among = all.statements.iter().filter(|statement| statement.payee == PAYEES / 2);
    let same = among.map(|statement| statement.total).eq(own.statements.iter().map(|it| it.total));
    if !same {
        return Err("one payee alone is paid otherwise than among all".into());
    }
    println!("{seconds} {one} {}", told.len());
    Ok(())
}

fn terms() -> Result<Terms, Box<dyn Error>> {
    let tier = |from: &str, times: &str| -> Result<Tier, Box<dyn Error>> {
        Ok(Tier { from: from.parse()?, multiplier: times.parse()? })
    };
    Ok(Terms {
        name: "Sales".to_owned(),
        version: 1,
        currency: Currency::USD,
        calendar: FiscalCalendar::new(1)?,
        first_period: "2026-Q1".parse()?,
        freeze_days: 5,
        rounding: Rounding::HalfEven,
        measures: vec![Measure {
            name: "revenue won".to_owned(),
            metric: Metric::Revenue,
            credit: CreditRule::Split,
            only: None,
            basis: Basis::Rate("10 %".parse()?),
            formula: None,
            weight: 1,
            tiers: vec![tier("0 %", "1")?, tier("100 %", "1.5")?, tier("125 %", "2")?],
            way: Way::Marginal,
            threshold: None,
            cap: None,
        }],
        payees: (0..PAYEES).map(payee).collect(),
        spiffs: Vec::new(),
        clawback_days: Some(90),
        hold: Hold::None,
        relay: None,
    })
}

fn payee(nth: usize) -> Payee {
    Payee {
        id: format!("p{nth}"),
        name: format!("Payee {nth}"),
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

fn deal(nth: usize) -> Result<Fact, Box<dyn Error>> {
    let (first, second) = (nth * 7_919 % PAYEES, (nth * 104_729 + 1) % PAYEES);
    let on = date(2026, 1, 1).saturating_add(i64::try_from(nth % 365)?.days());
    let part = |who: usize, millionths| (format!("p{who}"), Rate { millionths });
    let what = What::Won(Won {
        on,
        amount: i64::try_from(nth * 31 % 977)? * 1_000,
        owner: format!("p{first}"),
        splits: vec![part(first, 600_000), part(second, 400_000)],
        tags: Vec::new(),
        touched: Vec::new(),
    });
    Ok(Fact { of: Counted::REVENUE, deal: format!("D-{nth}"), known_on: on, what })
}
