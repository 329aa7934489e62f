//! The 8,800 deals of a fictitious hardware seller.

use std::path::Path;
use std::process::Command;

use jiff::civil::{Date, date};
use serde_json::Value;
use testkit::shared;

use super::figures::{Figures, Want, count, text};
use super::recomputed::{Deal, End, of_deals, quarter, quarter_end, revenue};
use super::{check, in_the_end, reviewed, rows};

const AS_OF: Date = date(2017, 12, 31);

#[test]
fn every_figure_of_maven_is_recomputed_from_its_files() {
    let Some(folder) = shared("maven_crm") else { return };
    let reviewed = reviewed(std::slice::from_ref(&folder));
    let deals = deals(&folder);
    let mut figures = Figures::default();
    of_deals(&deals, AS_OF, &mut figures);
    in_the_end::of_deals(&deals, AS_OF, &mut figures);
    files(&mut figures);
    quality(&deals, &mut figures);
    let json = &reviewed.json;
    assert_eq!(json["as_of"], "2017-12-31");
    assert_eq!(json["currency"], Value::Null, "the files name none");
    let dead = &json["dead_pipeline"];
    assert_eq!((&dead["dead"]["deals"], &dead["open"]["deals"]), (&1_291.into(), &1_589.into()));
    assert_eq!(dead["oldest_close_days"], 138);
    next_quarters(json, &deals, &mut figures);
    graded(json, &deals, &mut figures);
    check(&reviewed.page, &figures);
    pictures(&reviewed.page, &deals);
}

fn deals(folder: &Path) -> Vec<Deal> {
    let product = |row: &str| if row == "GTXPro" { "GTX Pro".to_owned() } else { row.to_owned() };
    let products = rows(&folder.join("products.csv"));
    let price = |name: &str| {
        let row = products.iter().find(|row| row["product"] == name).expect("is listed");
        row["sales_price"].parse::<f64>().expect("is a price")
    };
    let teams = rows(&folder.join("sales_teams.csv"));
    let accounts = rows(&folder.join("accounts.csv"));
    let day = |text: &str| (!text.is_empty()).then(|| text.parse::<Date>().expect("is a day"));
    let deal = |row: &std::collections::BTreeMap<String, String>| {
        let name = product(&row["product"]);
        let seller = teams.iter().find(|team| team["sales_agent"] == row["sales_agent"]);
        let of_seller = |field: &str| seller.map(|seller| seller[field].clone());
        let account = Some(row["account"].clone()).filter(|account| !account.is_empty());
        let sector = accounts.iter().find(|it| Some(&it["account"]) == account.as_ref());
        let closed = day(&row["close_date"]);
        let amount = row["close_value"].parse::<f64>().ok();
        Deal {
            id: row["opportunity_id"].clone(),
            shown_as: row["opportunity_id"].clone(),
            owner: Some(row["sales_agent"].clone()),
            stage: row["deal_stage"].clone(),
            created: day(&row["engage_date"]),
            closed,
            end: match row["deal_stage"].as_str() {
                "Won" => End::Won,
                "Lost" => End::Lost,
                _ => End::Open,
            },
            amount,
            list_price: price(&name),
            amounts: closed.zip(amount).into_iter().collect(),
            labels: vec![
                ("product", Some(name)),
                ("region", of_seller("regional_office")),
                ("manager", of_seller("manager")),
                ("owner", Some(row["sales_agent"].clone())),
                ("industry", sector.map(|account| account["sector"].clone())),
            ],
            account,
        }
    };
    rows(&folder.join("sales_pipeline.csv")).iter().map(deal).collect()
}

fn files(figures: &mut Figures) {
    let file = |name: &str, kind: &str, rows: Option<usize>| {
        let number = |count| rows.map_or(Want::Missing, |_| Want::Number(count as f64));
        vec![text(name), text(kind), number(rows.unwrap_or(0)), number(0), Want::Any]
    };
    let read = [
        file("SOURCE.md", "left aside", None),
        file("data_dictionary.csv", "left aside", None),
        file("sales_teams.csv", "sellers and users", Some(35)),
        file("products.csv", "products", Some(7)),
        file("accounts.csv", "accounts", Some(85)),
        file("sales_pipeline.csv", "deals", Some(8_800)),
    ];
    figures.words("What was read", read.to_vec());
}

fn quality(deals: &[Deal], figures: &mut Figures) {
    let rule = |name: &str, found: usize| vec![text(name), count(found), Want::Any, Want::Any];
    let misspelt = 1_480;
    let without_account = deals.iter().filter(|deal| deal.account.is_none()).count();
    let undated = deals.iter().filter(|deal| deal.created.is_none()).count();
    // Accounts name parents and sellers name managers that no file tells of.
    let unheard = 6;
    figures.table(
        "Findings",
        vec![
            rule("name spelled differently", misspelt),
            rule("missing account", without_account),
            rule("no creation date", undated),
            rule("not imported yet", unheard),
        ],
    );
}

/// What the review says of quarters to come is what `baton forecast` says.
fn next_quarters(json: &Value, deals: &[Deal], figures: &mut Figures) {
    let mut wanted = Vec::new();
    for quarter in json["outlook"]["next"].as_array().expect("a list") {
        let amount = |value: &Value| Want::Number(decimal(value));
        let at = |name: &str| amount(&quarter["quantiles"][name]);
        wanted.push(vec![
            text(quarter["period"].as_str().expect("a period")),
            Want::Number(0.0),
            amount(&quarter["from_open"]),
            amount(&quarter["from_new"]),
            at("p10"),
            at("p50"),
            at("p90"),
            amount(&quarter["mean"]),
        ]);
        assert!(deals.iter().all(|deal| deal.closed.is_none_or(|day| day <= AS_OF)));
    }
    assert_eq!(wanted.len(), 2);
    figures.table("The next quarters", wanted);
}

/// The grades follow from what was said and what came; what came is in the files.
fn graded(json: &Value, deals: &[Deal], figures: &mut Figures) {
    let origins = json["backtest"]["origins"].as_array().expect("a list");
    let came = |origin: &Value| {
        let as_of: Date = origin["as_of"].as_str().and_then(|it| it.parse().ok()).expect("a day");
        let next = as_of.tomorrow().expect("a day");
        let end = quarter_end(next);
        assert_eq!(origin["period"], quarter(next));
        let start = Date::new(end.year(), end.month() - 2, 1).expect("a day");
        (as_of, revenue(deals, start, as_of), revenue(deals, start, end))
    };
    let row = |origin: &Value| {
        let (as_of, booked, whole) = came(origin);
        let at = |name: &str| decimal(&origin["quantiles"][name]);
        let inside = at("p10") <= whole && whole <= at("p90");
        vec![
            text(as_of.to_string()),
            Want::Any,
            Want::Number(booked),
            Want::Number(at("p10")),
            Want::Number(at("p50")),
            Want::Number(at("p90")),
            Want::Number(whole),
            text(if inside { "yes" } else { "no" }),
        ]
    };
    assert!(origins.len() >= 6, "{}", origins.len());
    figures.table("What was said, and what came", origins.iter().map(row).collect());
    let method = |method: &Value| {
        let name = method["name"].as_str().expect("a name");
        let rests: Vec<(f64, f64)> = (origins.iter())
            .filter_map(|origin| {
                let (_, booked, whole) = came(origin);
                let median = origin["medians"][name].as_str()?.parse::<f64>().ok()?;
                Some((median - booked, whole - booked))
            })
            .collect();
        if rests.is_empty() {
            let mut row = vec![text(name)];
            row.extend([(); 7].map(|()| Want::Missing));
            return row;
        }
        let errors: f64 = rests.iter().map(|(said, came)| ((said - came) / came).abs()).sum();
        let gap: f64 = rests.iter().map(|(said, came)| said - came).sum();
        let sum: f64 = rests.iter().map(|(_, came)| came).sum();
        let mut row =
            vec![text(name), Want::Share(errors / rests.len() as f64), Want::Share(gap / sum)];
        row.extend([(); 5].map(|()| Want::Any));
        row
    };
    let methods = json["backtest"]["methods"].as_array().expect("a list");
    assert_eq!((methods.len(), &methods[0]["name"]), (6, &"Baton".into()));
    figures.table("How each method did", methods.iter().map(method).collect());
}

/// What the pictures tell on hover is what the tables say.
fn pictures(page: &super::Page, deals: &[Deal]) {
    let closed: usize = numbers(&page.told("ages"), " closed at that age");
    assert_eq!(closed, deals.iter().filter(|deal| deal.closed.is_some()).count());
    assert_eq!(numbers(&page.told("ages"), " open at that age"), 1_589);
    let won = page.told("moves").into_iter().find(|told| told.starts_with("won: "));
    assert_eq!(won.as_deref(), Some("won: 2,802,496.00 in 1196 deals"));
}

/// The sum of the numbers before some words.
fn numbers(told: &[String], words: &str) -> usize {
    let number = |told: &String| {
        let before = told.strip_suffix(words)?;
        before.rsplit(' ').next()?.parse::<usize>().ok()
    };
    told.iter().filter_map(number).sum()
}

/// The figures of a review are those that the company would see in Baton.
#[test]
fn the_forecast_of_a_review_is_that_of_the_product() {
    let Some(files) = shared("maven_crm") else { return };
    let reviewed = reviewed(std::slice::from_ref(&files));
    let folder = tempfile::tempdir().expect("a folder");
    let baton = |arguments: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_baton"))
            .arg("--data")
            .arg(folder.path().join("data"))
            .args(arguments)
            .arg("--json")
            .output()
            .expect("the command runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        serde_json::from_slice::<Value>(&run.stdout).expect("is JSON")
    };
    baton(&["init", "--name", "Acme", "--currency", "USD"]);
    for (file, kind) in [
        ("sales_teams.csv", "users"),
        ("products.csv", "products"),
        ("accounts.csv", "accounts"),
        ("sales_pipeline.csv", "deals"),
    ] {
        let path = files.join(file);
        baton(&["import", path.to_str().expect("a path"), "--kind", kind]);
    }
    for quarter in reviewed.json["outlook"]["next"].as_array().expect("a list") {
        let period = quarter["period"].as_str().expect("a period");
        let said = baton(&["forecast", "--period", period, "--as-of", "2017-12-31"]);
        for part in ["booked", "from_open", "from_new", "mean", "quantiles"] {
            assert_eq!(said[part], quarter[part], "{period} {part}");
        }
    }
    let graded = baton(&["forecast", "backtest", "--every", "month", "--as-of", "2017-12-31"]);
    for part in ["methods", "origins"] {
        assert_eq!(graded[part], reviewed.json["backtest"][part], "{part}");
    }
}

fn decimal(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value}"))
}
