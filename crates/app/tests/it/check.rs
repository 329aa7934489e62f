//! What looks wrong is found when it is imported, and by `check` for as long as it is known.

use app::{check, imports};
use domain::kind::Kind;
use jiff::civil::date;
use reports::imports::Finding;
use testkit::{How, TestCompany};

/// Imports files in this order, and holds what the imports found and what `check` finds against
/// `rule: rows example, example`, a line each.
async fn check(files: &[(Kind, &str)], imported: &str, checked: &str) {
    let company = TestCompany::new().await;
    let mut found = Vec::new();
    for (kind, text) in files {
        let how = How { observed_at: Some(date(2025, 6, 30)), ..How::default() };
        found.extend(company.import_text(*kind, text, how).await.expect("is imported").findings);
    }
    assert_eq!(lines(&found), imported.trim_start(), "found by the imports");
    let found = check::check(&company.context).await.expect("a check").findings;
    assert_eq!(lines(&found), checked.trim_start(), "found by the check");
}

fn lines(findings: &[Finding]) -> String {
    let line =
        |found: &Finding| format!("{}: {} {}\n", found.rule, found.rows, found.examples.join(", "));
    findings.iter().map(line).collect()
}

const PRODUCTS: &str = "product_id,name,list_price\np1,GTX Pro,100\n";

#[tokio::test]
async fn what_is_wrong_with_dates_is_found_twice() {
    let deals = "deal_id,name,account,stage,amount,created_at,close_date\n\
                 1,One,,Discovery,10,,2026-12-31\n\
                 2,Two,,Closed Won,10,2025-01-05,\n\
                 3,Three,,Discovery,10,2025-08-01,2026-12-31\n\
                 4,Four,,Closed Lost,10,2025-03-01,2025-02-01\n\
                 5,Five,,Closed Won,0,2025-03-01,2025-04-01\n";
    let found = "
missing_account: 5 deals:1, deals:2, deals:3, deals:4, deals:5
closed_before_created: 1 deals:4
closed_without_date: 1 deals:2
created_later_than_seen: 1 deals:3
no_creation_date: 1 deals:1
won_without_amount: 1 deals:5
";
    // A check looks at deals in the order of their creation.
    let checked = found.replace(
        "deals:1, deals:2, deals:3, deals:4, deals:5",
        "deals:2, deals:4, deals:5, deals:1, deals:3",
    );
    check(&[(Kind::Deals, deals)], found, &checked).await;
}

#[tokio::test]
async fn a_deal_may_close_on_the_day_of_its_creation() {
    let deals = "deal_id,name,stage,amount,created_at,close_date\n\
                 1,One,Closed Won,10,2025-03-01 10:30:00,2025-03-01\n\
                 2,Two,Closed Won,10,2025-03-02 10:30:00,2025-03-01\n";
    let found = "closed_before_created: 1 deals:2\n";
    // The file has no accounts, which is no finding of its import.
    let checked = format!("missing_account: 2 deals:1, deals:2\n{found}");
    check(&[(Kind::Deals, deals)], found, &checked).await;
}

#[tokio::test]
async fn what_ends_before_it_starts_is_found() {
    let subscriptions = "subscription_id,account,started_on,ended_on,monthly_amount\n\
                         s1,Acme,2025-02-01,2025-01-01,10\ns2,Acme,2025-02-01,2025-02-01,10\n";
    let campaigns = "campaign_id,name,starts_on,ends_on\nc1,Spring,2025-03-01,2025-02-01\n";
    let files = [(Kind::Subscriptions, subscriptions), (Kind::Campaigns, campaigns)];
    let imported = "
not_imported_yet: 1 accounts:Acme
ends_before_it_starts: 1 subscriptions:s1
ends_before_it_starts: 1 campaigns:c1
";
    let checked = "
not_imported_yet: 1 accounts:Acme
ends_before_it_starts: 2 campaigns:c1, subscriptions:s1
";
    check(&files, imported, checked).await;
}

#[tokio::test]
async fn other_spellings_are_found_whichever_file_comes_first() {
    let deals = "deal_id,name,product,stage,amount,created_at,close_date,account\n\
                 1,One,GTXPro,Discovery,10,2025-01-01,2026-12-31,Acme\n";
    let accounts = "account_id,name\na1,Acme\n";
    let spelled = "\nname_spelled_differently: 1 GTXPro for GTX Pro\n";
    let files = [(Kind::Accounts, accounts), (Kind::Products, PRODUCTS), (Kind::Deals, deals)];
    check(&files, spelled, spelled).await;
    let files = [(Kind::Accounts, accounts), (Kind::Deals, deals), (Kind::Products, PRODUCTS)];
    check(&files, "\nnot_imported_yet: 1 products:GTXPro\n", spelled).await;
    let both = deals.to_owned() + "2,Two,GTX Pro,Discovery,10,2025-01-01,2026-12-31,Acme\n";
    let imported = "\nname_spelled_differently: 1 GTXPro for GTX Pro\n\
                    not_imported_yet: 1 products:GTX Pro\n";
    let files = [(Kind::Accounts, accounts), (Kind::Deals, &*both), (Kind::Products, PRODUCTS)];
    check(&files, imported, spelled).await;
}

#[tokio::test]
async fn what_a_later_file_mends_is_found_no_more() {
    let company = TestCompany::new().await;
    company.import_text(Kind::Products, PRODUCTS, How::default()).await.expect("products");
    let deals = |product: &str| {
        format!(
            "deal_id,name,product,stage,amount,created_at,close_date\n\
             1,One,{product},Discovery,10,2025-01-01,2026-12-31\n"
        )
    };
    let load = async |product: &str, month| {
        let how = How { observed_at: Some(date(2025, month, 1)), ..How::default() };
        company.import_text(Kind::Deals, &deals(product), how).await.expect("deals").import_id
    };
    let spelled = async || {
        let found = check::check(&company.context).await.expect("a check").findings;
        found.iter().any(|found| found.rule == "name_spelled_differently")
    };
    load("GTXPro", 2).await;
    assert!(spelled().await);
    let mended = load("GTX Pro", 3).await;
    assert!(!spelled().await);
    imports::undo::undo(&company.context, &mended).await.expect("is undone");
    assert!(spelled().await, "the file that spells it otherwise is the latest again");
}
