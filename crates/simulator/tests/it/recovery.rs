//! The truth can be found again: plain shares of mature records come near what `truth.json`
//! expects.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::world::{Row, World, settings, simulate};

static WORLD: LazyLock<World> = LazyLock::new(|| simulate(settings(30_000, 12_000, 0)));

/// A share found among `of` records may differ from the truth by four standard errors, and by
/// `slack` where the truth itself is an approximation.
fn check_share(name: &str, found: usize, of: usize, truth: f64, slack: f64) {
    let share = found as f64 / of as f64;
    let error = (truth * (1.0 - truth) / of as f64).sqrt();
    let allowed = 4.0 * error + slack;
    assert!((share - truth).abs() < allowed, "{name}: {share:.4} of {of}, true {truth:.4}");
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Records made so long before the end that nearly all has happened that will.
fn mature(kind: &str, days: i64) -> Vec<&'static Row> {
    let rows = WORLD.rows(kind).iter();
    rows.filter(|row| WORLD.is_day_before_end(&row["created_at"], days)).collect()
}

#[test]
fn leads_convert_as_they_truly_do() {
    let histories = WORLD.grouped("lead_changes", "lead_id");
    let expected = &WORLD.truth["expected"];
    let visits = |lead: &Row| -> Vec<&str> {
        histories[lead["lead_id"].as_str()].iter().map(|row| row["stage"].as_str()).collect()
    };
    let lives: Vec<_> = mature("leads", 400).into_iter().map(visits).collect();
    let pairs = [
        ("inquiry", "mql", "inquiry_to_mql"),
        ("mql", "sal", "mql_to_sal"),
        ("sal", "sql", "sal_to_sql"),
        ("sql", "opportunity", "sql_to_opportunity"),
    ];
    for (from, to, name) in pairs {
        let count = |test: &dyn Fn(&[&str]) -> bool| -> usize {
            lives.iter().flat_map(|life| life.windows(2)).filter(|pair| test(pair)).count()
        };
        let ends = lives.iter().filter(|life| life.last() == Some(&from)).count();
        let left = count(&|pair| pair[0] == from);
        let gone_on = count(&|pair| pair[0] == from && pair[1] == to);
        check_share(name, gone_on, left + ends, number(&expected[name]), 0.0);
    }
}

#[test]
fn sources_convert_as_they_truly_do() {
    let leads = WORLD.grouped("leads", "source");
    let histories = WORLD.grouped("lead_changes", "lead_id");
    let expected = WORLD.truth["expected"]["inquiry_to_mql_by_source"].as_object();
    for (source, truth) in expected.expect("an object") {
        let old = |lead: &&&Row| WORLD.is_day_before_end(&lead["created_at"], 300);
        let mature: Vec<_> = leads[source.as_str()].iter().filter(old).collect();
        let is_mql =
            |lead: &&&&Row| histories[lead["lead_id"].as_str()].iter().any(|r| r["stage"] == "mql");
        let found = mature.iter().filter(is_mql).count();
        check_share(source, found, mature.len(), number(truth), 0.0);
    }
}

#[test]
fn deals_are_won_as_often_as_they_truly_are() {
    let mut by_product: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let names: BTreeMap<&str, &str> = WORLD
        .rows("products")
        .iter()
        .map(|row| (row["product_id"].as_str(), row["name"].as_str()))
        .collect();
    // The effects of the sources of direct deals differ from those of leads.
    let deals = mature("deals", 450).into_iter();
    for deal in deals.filter(|d| d["type"] == "New Business" && !d["lead_id"].is_empty()) {
        let counts = by_product.entry(names[deal["product_id"].as_str()]).or_default();
        counts[0] += usize::from(deal["stage"] == "Closed Won");
        counts[1] += usize::from(deal["stage"].starts_with("Closed"));
    }
    let expected = WORLD.truth["expected"]["win_share_by_product"].as_object();
    for (product, truth) in expected.expect("an object") {
        let [won, closed] = by_product[product.as_str()];
        check_share(product, won, closed, number(truth), 0.005);
    }
}

#[test]
fn the_share_that_never_closes_is_found() {
    let never = WORLD.truth["realised"]["deals_never_closing"].as_u64().expect("a count");
    let truth = number(&WORLD.truth["parameters"]["deals"]["never_closing"]);
    check_share("never closing", never as usize, WORLD.rows("deals").len(), truth, 0.0);
    let mature = mature("deals", 600);
    let open = mature.iter().filter(|deal| !deal["stage"].starts_with("Closed")).count();
    check_share("open for long", open, mature.len(), truth, 0.01);
}

#[test]
fn customers_leave_at_the_true_rate() {
    let products = WORLD.truth["parameters"]["products"].as_array().expect("a list");
    let terms = WORLD.grouped("subscriptions", "product_id");
    for (index, product) in products.iter().enumerate() {
        let rows = &terms[format!("R-{:06}", index + 1).as_str()];
        let count = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
        let (churned, renewed) = (count("churned"), count("renewed"));
        let truth = number(&product["churn_per_term"]);
        check_share("churn", churned, churned + renewed, truth, 0.0);
    }
}

#[test]
fn leads_arrive_with_the_true_trend_and_season() {
    let expected = WORLD.truth["expected"]["leads_by_month"].as_object().expect("an object");
    let leads = WORLD.rows("leads");
    for (month, truth) in expected {
        let found = leads.iter().filter(|lead| lead["created_at"].starts_with(month)).count();
        check_share(month, found, leads.len(), number(truth) / leads.len() as f64, 0.0);
    }
}

#[test]
fn realised_totals_are_those_of_the_files() {
    let realised = &WORLD.truth["realised"];
    for (kind, column, name) in
        [("leads", "stage", "leads_by_final_stage"), ("deals", "stage", "deals_by_stage")]
    {
        for (stage, rows) in WORLD.grouped(kind, column) {
            assert_eq!(realised[name][stage].as_u64(), Some(rows.len() as u64), "{kind} {stage}");
        }
    }
    let won = WORLD.rows("deals").iter().filter(|deal| deal["stage"] == "Closed Won");
    let cents: u64 =
        won.map(|deal| deal["amount"].replace('.', "").parse::<u64>().expect("n")).sum();
    let quarters = realised["won_by_quarter"].as_object().expect("an object").values();
    let told = quarters.map(|quarter| {
        let revenue = quarter["revenue"].as_str().expect("text").replace('.', "");
        revenue.parse::<u64>().expect("cents")
    });
    assert_eq!(told.sum::<u64>(), cents);
}
