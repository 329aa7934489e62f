//! The exports of a simulated company: deals and leads with histories of their stages.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::{Date, DateTime, date};
use serde_json::Value;
use simulator::{Settings, write_exports};

use super::figures::{Figures, Want, count, text};
use super::recomputed::{Deal, End, Lead, of_deals, of_leads, quarter, revenue, speed};
use super::{check, in_the_end, reviewed, rows};

type Row = BTreeMap<String, String>;

#[test]
fn every_figure_of_a_simulated_company_is_recomputed_from_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings {
        seed: 3,
        start: date(2023, 1, 1),
        days: 500,
        leads: 1_500,
        deals: 400,
        touches: 3_000,
    };
    write_exports(&settings, folder.path()).expect("the exports");
    let reviewed = reviewed(&[folder.path().to_owned()]);
    let as_of: Date =
        reviewed.json["as_of"].as_str().and_then(|it| it.parse().ok()).expect("a day");
    assert_eq!(as_of, last_day(folder.path()));
    let (deals, leads) = (deals(folder.path()), leads(folder.path()));
    let mut figures = Figures::default();
    of_deals(&deals, as_of, &mut figures);
    of_leads(&leads, &["mql", "sal", "sql"], as_of, &mut figures);
    in_the_end::of_deals(&deals, as_of, &mut figures);
    let stages = ["inquiry", "mql", "sal", "sql", "opportunity"];
    in_the_end::of_leads(&leads, &stages, &deals, as_of, &mut figures);
    speed(&leads, "mql", &mut figures);
    next_quarters(&reviewed.json, &deals, as_of, &mut figures);
    origins(&reviewed.json, &deals, &mut figures);
    files(folder.path(), &mut figures);
    figures.unchecked("Findings");
    figures.unchecked("How each method did");
    check(&reviewed.page, &figures);
}

/// The last moment of which any file tells that something happened.
fn last_day(folder: &Path) -> Date {
    let last = |file: &str, field: &str| {
        rows(&folder.join(file)).iter().filter_map(|row| row[field].get(..10)?.parse().ok()).max()
    };
    let told: [Option<Date>; 4] = [
        last("lead_changes.csv", "changed_at"),
        last("deal_changes.csv", "changed_at"),
        last("touches.csv", "occurred_at"),
        last("purchases.csv", "purchased_at"),
    ];
    told.into_iter().flatten().max().expect("something happened")
}

/// The first row of each id.
fn by_id(folder: &Path, file: &str, id: &str) -> BTreeMap<String, Row> {
    rows(&folder.join(file)).into_iter().map(|row| (row[id].clone(), row)).collect()
}

fn moment(text: &str) -> DateTime {
    text.trim_end_matches('Z').parse().unwrap_or_else(|_| panic!("`{text}` is no moment"))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn deals(folder: &Path) -> Vec<Deal> {
    let users = by_id(folder, "users.csv", "user_id");
    let accounts = by_id(folder, "accounts.csv", "account_id");
    let products = by_id(folder, "products.csv", "product_id");
    let mut changes: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows(&folder.join("deal_changes.csv")) {
        changes.entry(row["deal_id"].clone()).or_default().push(row);
    }
    let deal = |row: Row| {
        let (user, account) = (&users[&row["owner_id"]], &accounts[&row["account_id"]]);
        let product = &products[&row["product_id"]];
        let manager = users.get(&user["manager_id"]).map(|manager| manager["name"].clone());
        let end = match row["stage"].as_str() {
            "Closed Won" => End::Won,
            "Closed Lost" => End::Lost,
            _ => End::Open,
        };
        let amount = |row: &Row| row["amount"].parse::<f64>().expect("is an amount");
        let history = changes[&row["deal_id"]].iter();
        Deal {
            id: row["deal_id"].clone(),
            shown_as: row["name"].clone(),
            account: some(&account["name"]),
            owner: some(&user["name"]),
            stage: row["stage"].clone(),
            created: Some(moment(&row["created_at"]).date()),
            closed: (end != End::Open).then(|| row["close_date"].parse().expect("is a day")),
            end,
            amount: Some(amount(&row)),
            list_price: product["list_price"].parse().expect("is a price"),
            amounts: history.map(|row| (moment(&row["changed_at"]).date(), amount(row))).collect(),
            labels: vec![
                ("product", some(&product["name"])),
                ("region", some(&user["region"])),
                ("team", some(&user["team"])),
                ("manager", manager),
                ("owner", some(&user["name"])),
                ("source", some(&row["source"])),
                ("type", some(&row["type"])),
                ("industry", some(&account["industry"])),
            ],
        }
    };
    rows(&folder.join("deals.csv")).into_iter().map(deal).collect()
}

fn leads(folder: &Path) -> Vec<Lead> {
    let users = by_id(folder, "users.csv", "user_id");
    let mut changes: BTreeMap<String, Vec<(DateTime, String)>> = BTreeMap::new();
    for row in rows(&folder.join("lead_changes.csv")) {
        let stays = changes.entry(row["lead_id"].clone()).or_default();
        if stays.last().is_none_or(|(_, stage)| *stage != row["stage"]) {
            stays.push((moment(&row["changed_at"]), row["stage"].clone()));
        }
    }
    let lead = |row: Row| {
        let stays = changes[&row["lead_id"]].clone();
        let end = match stays.last().map(|(_, stage)| stage.as_str()) {
            Some("customer") => End::Won,
            Some("disqualified") => End::Lost,
            _ => End::Open,
        };
        Lead {
            created: moment(&row["created_at"]),
            source: some(&row["source"]),
            owner: some(&users[&row["owner_id"]]["name"]),
            stays,
            end,
            has_deal: !row["deal_id"].is_empty(),
        }
    };
    rows(&folder.join("leads.csv")).into_iter().map(lead).collect()
}

fn next_quarters(json: &Value, deals: &[Deal], as_of: Date, figures: &mut Figures) {
    let next = json["outlook"]["next"].as_array().expect("a list");
    assert_eq!((next.len(), &next[0]["period"]), (3, &quarter(as_of).into()));
    let row = |(index, quarter): (usize, &Value)| {
        let decimal = |value: &Value| value.as_str().and_then(|it| it.parse().ok()).expect("a sum");
        let start = as_of.with().day(1).month((as_of.month() - 1) / 3 * 3 + 1).build();
        let booked = revenue(deals, start.expect("a day"), as_of);
        let mut row = vec![
            text(quarter["period"].as_str().expect("a period")),
            Want::Number(if index == 0 { booked } else { 0.0 }),
        ];
        let said = ["from_open", "from_new"].map(|part| Want::Number(decimal(&quarter[part])));
        let at = |name: &&str| Want::Number(decimal(&quarter["quantiles"][*name]));
        row.extend(said);
        row.extend(["p10", "p50", "p90"].iter().map(at));
        row.push(Want::Number(decimal(&quarter["mean"])));
        row
    };
    figures.table("The next quarters", next.iter().enumerate().map(row).collect());
}

/// What was booked and what came, by the files alone.
fn origins(json: &Value, deals: &[Deal], figures: &mut Figures) {
    let row = |origin: &Value| {
        let day = |name: &str| -> Date {
            origin[name].as_str().and_then(|it| it.parse().ok()).expect("a day")
        };
        let (as_of, end) = (day("as_of"), day("period_end"));
        let start = Date::new(end.year(), end.month() - 2, 1).expect("a day");
        let booked = Want::Number(revenue(deals, start, as_of));
        let came = Want::Number(revenue(deals, start, end));
        let [any_low, any_median, any_high] = [(); 3].map(|()| Want::Any);
        vec![
            text(as_of.to_string()),
            text(quarter(end)),
            booked,
            any_low,
            any_median,
            any_high,
            came,
            Want::Any,
        ]
    };
    let origins = json["backtest"]["origins"].as_array().expect("a list");
    figures.table("What was said, and what came", origins.iter().map(row).collect());
}

fn files(folder: &Path, figures: &mut Figures) {
    let file = |(name, kind): (&str, &str)| {
        let count = count(rows(&folder.join(name)).len());
        vec![text(name), text(kind), count, Want::Number(0.0), Want::Any]
    };
    let mut read =
        vec![vec![text("truth.json"), text("left aside"), Want::Missing, Want::Missing, Want::Any]];
    read.extend(
        [
            ("teams.csv", "teams"),
            ("users.csv", "sellers and users"),
            ("products.csv", "products"),
            ("accounts.csv", "accounts"),
            ("people.csv", "people"),
            ("campaigns.csv", "campaigns"),
            ("costs.csv", "costs"),
            ("deals.csv", "deals"),
            ("deal_changes.csv", "changes of deals"),
            ("leads.csv", "leads"),
            ("lead_changes.csv", "changes of leads"),
            ("touches.csv", "touches"),
            ("purchases.csv", "purchases"),
            ("subscriptions.csv", "subscriptions"),
        ]
        .map(file),
    );
    figures.words("What was read", read);
}
