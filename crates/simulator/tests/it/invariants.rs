//! What must hold in every export, whatever its size.

use std::collections::{BTreeMap, HashSet};

use crate::world::{Row, World, settings, simulate};

const OPEN_STAGES: [&str; 4] = ["Discovery", "Evaluation", "Proposal", "Negotiation"];

type Rule = (&'static str, fn(&World) -> Vec<String>);

const RULES: [Rule; 12] = [
    ("every reference exists", dangling_references),
    ("ids are unique", repeated_ids),
    ("nothing happens after the end", after_the_end),
    ("amounts are positive", not_positive),
    ("changes are in strict order of time", disordered_changes),
    ("a record stands as its last change says", differing_last_changes),
    ("touches come before leads, leads before deals", out_of_order),
    ("a won deal has its subscription and purchase", won_without_contract),
    ("a lead's stages agree with its deal", leads_against_deals),
    ("pushes go forward", wrong_pushes),
    ("owners were employed at the time", absent_owners),
    ("terms follow each other without a gap", broken_terms),
];

#[test]
fn every_rule_holds_at_every_size() {
    let sizes = [(1_500, 400, 6_000), (300, 900, 200), (3_000, 60, 0), (0, 50, 500)];
    for (leads, deals, touches) in sizes {
        let world = simulate(settings(leads, deals, touches));
        for (rule, breaches) in RULES {
            let breaches = breaches(&world);
            let first = breaches.first();
            assert!(first.is_none(), "{rule}: {} breaches, {first:?}", breaches.len());
        }
    }
}

#[test]
fn some_deals_slip_fall_back_and_rest() {
    let world = simulate(settings(1_500, 800, 0));
    let changes = world.grouped("deal_changes", "deal_id");
    let has = |test: fn(&Row, &Row) -> bool| {
        changes.values().any(|rows| rows.windows(2).any(|pair| test(pair[0], pair[1])))
    };
    assert!(has(|a, b| is_open(b) && b["close_date"] > a["close_date"]), "no push");
    assert!(has(|a, b| is_open(b) && place(b) < place(a)), "no fall");
    assert!(has(|a, b| amount(b) > amount(a)), "no raise");
    assert!(has(|a, b| amount(b) < amount(a)), "no cut");
    assert!(has(|a, b| a["owner_id"] != b["owner_id"]), "no new owner");
    assert!(world.rows("deals").iter().any(is_open), "no open deal at the end");
}

fn is_open(row: &Row) -> bool {
    OPEN_STAGES.contains(&row["stage"].as_str())
}

fn place(row: &Row) -> Option<usize> {
    OPEN_STAGES.iter().position(|stage| row["stage"] == *stage)
}

fn amount(row: &Row) -> f64 {
    row["amount"].parse().expect("an amount")
}

fn ids<'a>(world: &'a World, kind: &str, column: &str) -> HashSet<&'a str> {
    world.rows(kind).iter().map(|row| row[column].as_str()).collect()
}

fn dangling_references(world: &World) -> Vec<String> {
    let homes = [
        ("account_id", "accounts", "account_id"),
        ("person_id", "people", "person_id"),
        ("owner_id", "users", "user_id"),
        ("manager_id", "users", "user_id"),
        ("campaign_id", "campaigns", "campaign_id"),
        ("product_id", "products", "product_id"),
        ("lead_id", "leads", "lead_id"),
        ("deal_id", "deals", "deal_id"),
        ("team", "teams", "name"),
    ];
    let mut breaches = Vec::new();
    for (column, home, key) in homes {
        let known = ids(world, home, key);
        for (kind, rows) in &world.tables {
            let values = rows.iter().filter_map(|row| row.get(column));
            let unknown = values.filter(|v| !v.is_empty() && !known.contains(v.as_str()));
            breaches.extend(unknown.map(|value| format!("{kind}.{column} = {value}")));
        }
    }
    breaches
}

fn repeated_ids(world: &World) -> Vec<String> {
    let keys = [
        ("accounts", "account_id"),
        ("people", "person_id"),
        ("people", "email"),
        ("users", "user_id"),
        ("leads", "lead_id"),
        ("deals", "deal_id"),
        ("touches", "touch_id"),
        ("purchases", "purchase_id"),
        ("subscriptions", "subscription_id"),
        ("costs", "cost_id"),
    ];
    let repeated = keys
        .into_iter()
        .filter(|(kind, key)| ids(world, kind, key).len() != world.rows(kind).len());
    repeated.map(|(kind, key)| format!("{kind}.{key}")).collect()
}

fn after_the_end(world: &World) -> Vec<String> {
    let times =
        ["created_at", "changed_at", "occurred_at", "purchased_at", "started_on", "ended_on"];
    let (end, mut breaches) = (world.end(), Vec::new());
    for (kind, rows) in &world.tables {
        for time in times {
            let late = rows.iter().filter_map(|row| row.get(time)).filter(|at| **at >= end);
            breaches.extend(late.map(|at| format!("{kind}.{time} = {at}")));
        }
    }
    breaches
}

fn not_positive(world: &World) -> Vec<String> {
    let mut breaches = Vec::new();
    for (kind, rows) in &world.tables {
        for column in ["amount", "monthly_amount", "budget", "list_price"] {
            let values = rows.iter().filter_map(|row| row.get(column));
            let wrong = values.filter(|v| !v.parse::<f64>().is_ok_and(|number| number > 0.0));
            breaches.extend(wrong.map(|value| format!("{kind}.{column} = {value}")));
        }
    }
    breaches
}

fn disordered_changes(world: &World) -> Vec<String> {
    let mut breaches = Vec::new();
    for (kind, key) in [("lead_changes", "lead_id"), ("deal_changes", "deal_id")] {
        for (id, rows) in world.grouped(kind, key) {
            let is_ordered =
                rows.windows(2).all(|pair| pair[0]["changed_at"] < pair[1]["changed_at"]);
            breaches.extend((!is_ordered).then(|| format!("{kind} of {id}")));
        }
    }
    breaches
}

fn differing_last_changes(world: &World) -> Vec<String> {
    let deal_columns: &[&str] = &["stage", "amount", "close_date", "forecast_category", "owner_id"];
    let cases = [
        ("leads", "lead_changes", "lead_id", &["stage", "owner_id"][..]),
        ("deals", "deal_changes", "deal_id", deal_columns),
    ];
    let mut breaches = Vec::new();
    for (kind, history, key, columns) in cases {
        let changes = world.grouped(history, key);
        for row in world.rows(kind) {
            let rows = &changes[row[key].as_str()];
            let (first, last) = (rows[0], rows[rows.len() - 1]);
            let differs = columns.iter().find(|column| row[**column] != last[**column]);
            breaches.extend(differs.map(|column| format!("{} {column}", row[key])));
            let is_first = row["created_at"] == first["changed_at"];
            breaches.extend((!is_first).then(|| format!("{} created_at", row[key])));
        }
    }
    breaches
}

fn out_of_order(world: &World) -> Vec<String> {
    let mut first_touch: BTreeMap<&str, &str> = BTreeMap::new();
    for touch in world.rows("touches").iter().filter(|touch| !touch["person_id"].is_empty()) {
        let first = first_touch.entry(&touch["person_id"]).or_insert(&touch["occurred_at"]);
        *first = (*first).min(&touch["occurred_at"]);
    }
    let leads: BTreeMap<&str, &Row> =
        world.rows("leads").iter().map(|lead| (lead["lead_id"].as_str(), lead)).collect();
    let late_leads = leads.values().filter(|lead| {
        let touched = first_touch.get(lead["person_id"].as_str());
        touched.is_some_and(|first| *first > lead["created_at"].as_str())
    });
    let late_deals = world.rows("deals").iter().filter(|deal| {
        let lead = leads.get(deal["lead_id"].as_str());
        lead.is_some_and(|lead| {
            lead["created_at"] > deal["created_at"] || lead["account_id"] != deal["account_id"]
        })
    });
    let leads = late_leads.map(|lead| lead["lead_id"].clone());
    leads.chain(late_deals.map(|deal| deal["deal_id"].clone())).collect()
}

fn won_without_contract(world: &World) -> Vec<String> {
    let contracts = |kind, day| -> HashSet<(&str, &str, &str)> {
        let rows = world.rows(kind).iter();
        rows.map(|row: &Row| {
            (row["account_id"].as_str(), row["product_id"].as_str(), row[day].as_str())
        })
        .collect()
    };
    let subscriptions = contracts("subscriptions", "started_on");
    let purchases = contracts("purchases", "purchased_at");
    let won = world.rows("deals").iter().filter(|deal| deal["stage"] == "Closed Won");
    let missing = won.filter(|deal| {
        let key =
            (deal["account_id"].as_str(), deal["product_id"].as_str(), deal["close_date"].as_str());
        !subscriptions.contains(&key) || !purchases.contains(&key)
    });
    missing.map(|deal| deal["deal_id"].clone()).collect()
}

fn leads_against_deals(world: &World) -> Vec<String> {
    let deals: BTreeMap<&str, &Row> =
        world.rows("deals").iter().map(|deal| (deal["deal_id"].as_str(), deal)).collect();
    let wrong = world.rows("leads").iter().filter(|lead| {
        let expected: &[&str] = match deals.get(lead["deal_id"].as_str()) {
            None => &["inquiry", "mql", "sal", "sql", "recycled", "disqualified"],
            Some(deal) if deal["lead_id"] != lead["lead_id"] => &[],
            Some(deal) if deal["stage"] == "Closed Won" => &["customer"],
            Some(deal) if deal["stage"] == "Closed Lost" => &["recycled", "disqualified"],
            Some(_) => &["opportunity"],
        };
        !expected.contains(&lead["stage"].as_str())
    });
    wrong.map(|lead| lead["lead_id"].clone()).collect()
}

/// Without a stage move an expected date only moves forward; whoever moves stage or date looks
/// ahead.
fn wrong_pushes(world: &World) -> Vec<String> {
    let mut breaches = Vec::new();
    for (id, rows) in world.grouped("deal_changes", "deal_id") {
        for pair in rows.windows(2).filter(|pair| is_open(pair[1])) {
            let [before, after] = [pair[0], pair[1]];
            let same_stage = before["stage"] == after["stage"];
            let same_date = before["close_date"] == after["close_date"];
            let is_pulled = same_stage && before["close_date"] > after["close_date"];
            let is_past = after["close_date"].as_str() < &after["changed_at"][..10];
            if is_pulled || (is_past && !(same_stage && same_date)) {
                breaches.push(format!("{id} on {}", after["changed_at"]));
            }
        }
    }
    breaches
}

fn absent_owners(world: &World) -> Vec<String> {
    let stays = world.truth["employment"].as_array().expect("a list").iter();
    let stays: BTreeMap<&str, (&str, Option<&str>)> = stays
        .map(|stay| {
            let text = |key: &str| stay[key].as_str();
            (text("user_id").expect("id"), (text("from").expect("date"), text("until")))
        })
        .collect();
    let changes = world.rows("lead_changes").iter().chain(world.rows("deal_changes"));
    let absent = changes.filter(|change| {
        let (from, until) = stays[change["owner_id"].as_str()];
        let day = &change["changed_at"][..10];
        day < from || until.is_some_and(|until| day >= until)
    });
    absent.map(|change| format!("{} on {}", change["owner_id"], change["changed_at"])).collect()
}

fn broken_terms(world: &World) -> Vec<String> {
    let rows = world.rows("subscriptions");
    let starts: HashSet<(&str, &str, &str)> =
        rows.iter().map(|row| key(row, "started_on")).collect();
    let broken = rows.iter().filter(|row| match row["status"].as_str() {
        "active" => !row["ended_on"].is_empty(),
        "renewed" => !starts.contains(&key(row, "ended_on")),
        _ => row["ended_on"] <= row["started_on"],
    });
    broken.map(|row| row["subscription_id"].clone()).collect()
}

fn key<'a>(row: &'a Row, day: &str) -> (&'a str, &'a str, &'a str) {
    (&row["account_id"], &row["product_id"], &row[day])
}
