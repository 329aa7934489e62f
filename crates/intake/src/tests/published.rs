//! The published data sets, file by file.

use domain::kind::Kind;
use domain::stage::Outcome;

use super::{import, published, texts};

#[test]
fn maven_deals() {
    let Some(path) = published("maven_crm/sales_pipeline.csv") else { return };
    let (preview, rows, rejects) = import(&path, Kind::Deals);
    assert_eq!((rows.len(), rejects.len()), (8_800, 0));
    assert!(preview.ambiguities.is_empty(), "{:?}", preview.ambiguities);
    let stages: Vec<_> =
        preview.stages.iter().map(|it| (it.name.as_str(), it.outcome, it.rows)).collect();
    assert_eq!(
        stages,
        [
            ("Prospecting", Some(Outcome::Open), 500),
            ("Engaging", Some(Outcome::Open), 1_589),
            ("Won", Some(Outcome::Won), 4_238),
            ("Lost", Some(Outcome::Lost), 2_473),
        ]
    );
    assert_eq!(preview.mapping.entry_stage.as_deref(), Some("Engaging"));
    assert_eq!(preview.observed_at_guess.unwrap().to_string(), "2017-12-31T00:00:00Z");
    let won: i64 = rows
        .iter()
        .filter(|row| texts(row)["stage"] == "Won")
        .map(|row| texts(row)["amount"].split(' ').next().unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(won, 1_000_553_400);
    let without_account = rows.iter().filter(|row| texts(row)["account"] == "-").count();
    assert_eq!(without_account, 1_425);
    assert_eq!(rows[0].id.as_deref(), Some("1C1I7A6R"));
    assert_eq!(rows[0].line, 2);
    let first = texts(&rows[0]);
    assert_eq!(first["closed_at"], "1488326400000000");
    assert_eq!(first["owner"], "->Moses Frase");
    assert!(!first.contains_key("expected_close_on"));
}

#[test]
fn maven_tables() {
    for (file, kind, count, first) in [
        ("accounts", Kind::Accounts, 85, "Acme Corporation"),
        ("products", Kind::Products, 7, "GTX Basic"),
        ("sales_teams", Kind::Users, 35, "Anna Snelling"),
    ] {
        let Some(path) = published(&format!("maven_crm/{file}.csv")) else { return };
        let (_, rows, rejects) = import(&path, kind);
        assert_eq!((rows.len(), rejects.len()), (count, 0), "{file}");
        assert_eq!(rows[0].id.as_deref(), Some(first), "{file}");
        assert_eq!(texts(&rows[0])["name"], first, "{file}");
    }
}

#[test]
fn olist_leads_and_their_wins() {
    let file = "olist_funnel/olist_marketing_qualified_leads_dataset.csv";
    let Some(path) = published(file) else { return };
    let (preview, rows, rejects) = import(&path, Kind::Leads);
    assert_eq!((rows.len(), rejects.len()), (8_000, 0));
    assert_eq!(preview.mapping.entry_stage.as_deref(), Some("mql"));
    assert!(texts(&rows[0]).contains_key("landing_page"));

    let Some(path) = published("olist_funnel/olist_closed_deals_dataset.csv") else { return };
    let (preview, rows, rejects) = import(&path, Kind::LeadChanges);
    assert_eq!((rows.len(), rejects.len()), (842, 0));
    assert_eq!(preview.stages[0].name, "won");
    assert_eq!(rows[0].changed_at.unwrap().to_string(), "2018-02-26T19:58:54Z");
    assert_eq!(texts(&rows[0])["stage"], "won");
}

#[test]
fn leads_of_a_school() {
    let Some(path) = published("xeducation_leads/Leads.csv") else { return };
    let (preview, rows, rejects) = import(&path, Kind::Leads);
    assert_eq!((rows.len(), rejects.len()), (9_240, 0));
    let stages: Vec<_> = preview.stages.iter().map(|it| (it.name.as_str(), it.rows)).collect();
    assert_eq!(stages, [("inquiry", 5_679), ("converted", 3_561)]);
    assert_eq!(preview.observed_at_guess, None);
}

#[test]
fn purchases_in_columns_of_spaces() {
    let Some(path) = published("cdnow/CDNOW_master.txt") else { return };
    let (preview, rows, rejects) = import(&path, Kind::Purchases);
    assert_eq!((rows.len(), rejects.len()), (69_659, 0));
    assert_eq!(texts(&rows[0])["amount"], "1177 USD");
    assert_eq!(texts(&rows[0])["created_at"], "852076800000000");
    assert_eq!(rows[0].id, None);
    assert_eq!(preview.observed_at_guess.unwrap().to_string(), "1998-06-30T00:00:00Z");
}

#[test]
fn replicated_tables_of_hubspot_and_salesforce() {
    for (file, kind, good) in [
        ("hubspot_fivetran_seeds/deal_data", Kind::Deals, 44),
        ("hubspot_fivetran_seeds/deal_stage_data", Kind::DealChanges, 14),
        ("hubspot_fivetran_seeds/deal_property_history_data", Kind::DealChanges, 0),
        ("hubspot_fivetran_seeds/contact_property_history_data", Kind::LeadChanges, 0),
        ("hubspot_fivetran_seeds/contact_data", Kind::People, 22),
        ("hubspot_fivetran_seeds/company_data", Kind::Accounts, 24),
        ("salesforce_fivetran_seeds/sf_opportunity_history_data", Kind::DealChanges, 9),
        ("salesforce_fivetran_seeds/sf_account_data", Kind::Accounts, 10),
        ("salesforce_fivetran_seeds/sf_lead_data", Kind::Leads, 1),
        ("salesforce_fivetran_seeds/sf_user_data", Kind::Users, 10),
    ] {
        let Some(path) = published(&format!("crm_shapes/{file}.csv")) else { return };
        let (preview, rows, rejects) = import(&path, kind);
        let refused: Vec<_> =
            rejects.iter().map(|it| (it.line, it.column.clone(), it.reason.name())).collect();
        assert_eq!(rows.len(), good, "{file} of {}: {refused:?}", preview.rows_seen);
    }
}
