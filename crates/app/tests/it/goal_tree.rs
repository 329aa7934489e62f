//! A goal and its parts: shared out as it was won, signed for, and always summing to the whole.

use app::access::{self, Invited};
use app::goal;
use app::goal::tree::{Change, Sharing, change, member, sign, tree};
use domain::access::{Role, Scope};
use domain::goal::Counts;
use domain::goal::tree::Dimension;
use domain::kind::Kind;
use reports::goal::tree::{GoalTree, Signed};
use testkit::TestCompany;

const USERS: &str = "user_id,name,email\nu1,Ann Rep,ann@example.com\nu2,Bob Rep,bob@example.com\n";
/// Won in 2025 (the year before the goal's) and in 2026: by Ann 300 and 40, by Bob 100 and 0.
const DEALS: &str = "\
deal_id,name,owner_id,source,stage,amount,created_at,close_date
d1,A,u1,web,Closed Won,100.00,2024-12-20,2025-02-10
d2,B,u1,fair,Closed Won,200.00,2025-05-01,2025-08-10
d3,C,u2,web,Closed Won,100.00,2025-06-01,2025-11-10
d4,D,u1,web,Closed Won,40.00,2025-12-01,2026-02-10
d5,E,u2,web,Closed Lost,70.00,2025-12-01,2026-02-11
d6,F,u2,web,Discovery,70.00,2026-02-01,2026-09-11
";

async fn company() -> TestCompany {
    let company = TestCompany::told(&[(Kind::Users, USERS), (Kind::Deals, DEALS)]).await;
    let year = "2026".parse().expect("a year");
    goal::set(&company.context, "1000.01", year, Counts::All, 0.8).await.expect("is set");
    let invited = Invited {
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        role: Role::SalesManager,
        user: None,
        password: "correct horse battery".to_owned(),
    };
    access::add(&company.context, invited).await.expect("is added");
    company
}

fn by(dimension: Dimension) -> Change {
    Change::BreakDown { dimension, sharing: Sharing::History }
}

/// Name, amount and what is booked, of each part.
fn rows(tree: &GoalTree) -> Vec<String> {
    let row = |part: &reports::goal::tree::PartRow| {
        let booked = part.booked.map_or("-".to_owned(), |money| money.to_decimal());
        format!("{} {} {booked}", part.name, part.amount.to_decimal())
    };
    tree.parts.iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_says_how_a_goal_is_shared_out() {
    let company = company().await;
    let context = &company.context;
    let made = change(context, None, None, by(Dimension::Person)).await.expect("is broken down");
    assert_eq!(rows(&made), ["Ann Rep 750.01 40.00", "Bob Rep 250.00 0.00"]);
    let made = change(context, None, Some("ann rep"), by(Dimension::Source)).await.expect("again");
    assert_eq!(
        rows(&made),
        ["Ann Rep 750.01 40.00", "fair 500.01 0.00", "web 250.00 40.00", "Bob Rep 250.00 0.00"]
    );
    let quarters = change(context, None, Some("Bob Rep"), by(Dimension::Quarter)).await;
    let quarters = rows(&quarters.expect("by season"));
    assert_eq!(
        quarters[3..],
        [
            "Bob Rep 250.00 0.00",
            "2026-Q1 0.00 0.00",
            "2026-Q2 0.00 0.00",
            "2026-Q3 0.00 0.00",
            "2026-Q4 250.00 0.00"
        ]
    );
    let refused = change(context, None, Some("Bob Rep"), by(Dimension::Person)).await;
    assert!(refused.expect_err("twice").to_string().contains("above already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_follow_the_goal_and_each_other() {
    let company = company().await;
    let context = &company.context;
    let named = vec![("North".to_owned(), 1), ("South".to_owned(), 3)];
    let split = Change::BreakDown { dimension: Dimension::Team, sharing: Sharing::Among(named) };
    change(context, None, None, split).await.expect("is broken down");
    let made = change(context, None, Some("North"), Change::Amount("400".to_owned())).await;
    let amounts = |tree: &GoalTree| -> Vec<String> {
        tree.parts.iter().map(|part| part.amount.to_decimal()).collect()
    };
    assert_eq!(amounts(&made.expect("is set")), ["400.00", "600.01"]);
    let year = "2026".parse().expect("a year");
    goal::set(context, "2000.02", year, Counts::All, 0.8).await.expect("is set anew");
    assert_eq!(amounts(&tree(context, None, None).await.expect("stands")), ["800.00", "1200.02"]);
    let refused = change(context, None, Some("East"), Change::Join).await;
    assert!(refused.expect_err("unknown").to_string().contains("no part `East`"));
    assert!(company.context.store.verify().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_holds_for_the_amount_it_was_given_for() {
    let company = company().await;
    let context = &company.context;
    let ada = member(context, "ada@example.com").await.expect("a member");
    change(context, None, None, by(Dimension::Person)).await.expect("is broken down");
    let signed = sign(context, None, Some("Ann Rep"), &ada).await.expect("is signed");
    assert!(signed.parts[0].signed.holds() && !signed.parts[1].signed.holds());
    assert_eq!(signed.parts[0].owner.as_deref(), Some("Ada"), "who signs answers for it");
    let changed = change(context, None, Some("Bob Rep"), Change::Amount("0".to_owned())).await;
    let changed = changed.expect("is changed");
    assert!(matches!(changed.parts[0].signed, Signed::ForAnother { .. }), "{changed:?}");
    let other = domain::access::Member { id: context.new_id(), ..ada };
    let refused = sign(context, None, Some("Ann Rep"), &other).await.expect_err("not theirs");
    assert!(refused.to_string().contains("somebody else's hands"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_not_seen_is_not_signed_for() {
    let company = company().await;
    let context = &company.context;
    let ada = member(context, "ada@example.com").await.expect("a member");
    change(context, None, None, by(Dimension::Person)).await.expect("is broken down");
    let (_, ann) = app::journal::find(context, "users:u1").await.expect("a user");
    let narrow = context.renewed("Ann", context.now, Scope::Owners([ann].into()));
    let refused = sign(&narrow, None, Some("Bob Rep"), &ada).await.expect_err("not seen");
    assert!(refused.to_string().contains("no part `Bob Rep`"), "{refused}");
    let signed = sign(&narrow, None, Some("Ann Rep"), &ada).await.expect("is signed");
    assert_eq!(rows(&signed), ["Ann Rep 750.01 40.00"]);
}
