//! The 8,000 qualified leads of a marketplace, 842 of them won: leads and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime, date};
use testkit::shared;

use super::figures::{Figures, Want, count, text};
use super::recomputed::{End, Lead, days_to_win, of_leads, quantile};
use super::{check, in_the_end, reviewed, rows};

#[test]
fn every_figure_of_olist_is_recomputed_from_its_files() {
    let (Some(leads), Some(wins)) = (
        shared("olist_funnel/olist_marketing_qualified_leads_dataset.csv"),
        shared("olist_funnel/olist_closed_deals_dataset.csv"),
    ) else {
        return;
    };
    // In whatever order they are given.
    let reviewed = reviewed(&[wins.clone(), leads.clone()]);
    let won: BTreeMap<String, DateTime> = (rows(&wins).into_iter())
        .map(|row| (row["mql_id"].clone(), row["won_date"].parse().expect("is a moment")))
        .collect();
    let lead = |row: BTreeMap<String, String>| {
        let created = row["first_contact_date"].parse::<Date>().expect("is a day").at(0, 0, 0, 0);
        let won = won.get(&row["mql_id"]);
        let mut stays = vec![(created, "mql".to_owned())];
        stays.extend(won.map(|at| (*at, "won".to_owned())));
        Lead {
            created,
            source: Some(row["origin"].clone()).filter(|origin| !origin.is_empty()),
            owner: None,
            stays,
            end: if won.is_some() { End::Won } else { End::Open },
            has_deal: false,
        }
    };
    let all: Vec<Lead> = rows(&leads).into_iter().map(lead).collect();
    // One was won before its first contact: it is left out, and the page says so.
    let sound = |lead: &&Lead| lead.stays.windows(2).all(|pair| pair[0].0 <= pair[1].0);
    let sound: Vec<Lead> = all.iter().filter(sound).cloned().collect();
    assert_eq!((all.len(), sound.len()), (8_000, 7_999));
    let mut figures = Figures::default();
    of_leads(&sound, &["mql"], date(2018, 11, 14), &mut figures);
    in_the_end::of_leads(&sound, &["mql"], &[], date(2018, 11, 14), &mut figures);
    // The sellers of whom no file tells.
    let sellers: BTreeSet<String> =
        rows(&wins).into_iter().map(|row| row["sr_id"].clone()).collect();
    let rule = |name: &str, found: usize| vec![text(name), count(found), Want::Any, Want::Any];
    figures.table(
        "Findings",
        vec![rule("not imported yet", sellers.len()), rule("closed before created", 1)],
    );
    let file = |name: &str, kind: &str, rows: usize| {
        vec![text(name), text(kind), count(rows), count(0), Want::Any]
    };
    figures.words(
        "What was read",
        vec![
            file("olist_marketing_qualified_leads_dataset.csv", "leads", 8_000),
            file("olist_closed_deals_dataset.csv", "changes of leads", 842),
        ],
    );
    check(&reviewed.page, &figures);
    let days: Vec<f64> = sound.iter().filter_map(days_to_win).collect();
    let json = &reviewed.json["leads"];
    assert_eq!((&json["leads"], &json["won"]), (&7_999.into(), &841.into()));
    assert_eq!(json["days_to_win_median"].as_f64(), quantile(&days, 0.5));
    assert_eq!(json["days_to_win_p90"].as_f64(), quantile(&days, 0.9));
    assert_eq!(reviewed.json["as_of"], "2018-11-14");
    let html = &reviewed.page.html;
    assert!(html.contains("1 of 8,000 leads are left out"), "what was left out of what is said");
}
