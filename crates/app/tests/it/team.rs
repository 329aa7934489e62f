//! Teams from a file and by hand, and whose records a manager sees for them.

use app::record;
use app::team::{self, add, join, keep, leave, list, rename, scope};
use app::{access, journal};
use domain::access::{Role, Scope};
use domain::kind::Kind;
use reports::document::Report;
use testkit::TestCompany;

const TEAMS: &str = "team_id,name\nt1,North\nt2,South\n";
/// Mia leads North; Cid of South reports to Ann, who reports to Mia; Eve is in no team.
const USERS: &str = "\
user_id,name,email,team,manager_id
u1,Mia,mia@example.com,t1,
u2,Ann,ann@example.com,t1,u1
u3,Bob,bob@example.com,t2,
u4,Cid,cid@example.com,t2,u2
u5,Eve,eve@example.com,,
";

async fn company() -> TestCompany {
    TestCompany::told(&[(Kind::Teams, TEAMS), (Kind::Users, USERS)]).await
}

/// Each team with its members.
async fn teams(company: &TestCompany) -> Vec<String> {
    let teams = list(&company.context).await.expect("reads");
    let shown = |team: &reports::team::Team| {
        let members: Vec<&str> = team.members.iter().map(|one| one.name.as_str()).collect();
        format!("{}: {}", team.name, members.join(", "))
    };
    teams.teams.iter().map(shown).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_changed_through_the_journal_once_baton_keeps_them() {
    let company = company().await;
    let context = &company.context;
    assert_eq!(teams(&company).await, ["North: Ann, Mia", "South: Bob, Cid"]);
    let refused = join(context, "South", "Eve").await.expect_err("is the CRM's");
    assert!(refused.to_string().contains("users.team"), "{refused}");

    let kept = keep(context).await.expect("is kept");
    assert!(!kept.is_of_crm());
    join(context, "South", "Eve").await.expect("joins");
    leave(context, "South", "bob@example.com").await.expect("leaves");
    rename(context, "t2", "Far South").await.expect("is renamed");
    add(context, "West").await.expect("is made");
    join(context, "West", "u4").await.expect("moves");
    assert!(join(context, "South", "u1").await.is_err(), "a name of before leads nowhere");
    assert_eq!(teams(&company).await, ["Far South: Eve", "North: Ann, Mia", "West: Cid"]);
    let document = list(context).await.expect("reads").document();
    assert_eq!(document.answer, "4 of 5 users in 3 teams.");

    let log = journal::log(context, "users:u5").await.expect("reads").json().to_string();
    assert!(log.contains("joined the team") && log.contains("South"), "{log}");
    for (wrong, why) in [
        (add(context, " north ").await, "already"),
        (add(context, " ").await, "needs a name"),
        (leave(context, "West", "Eve").await, "not in that team"),
        (join(context, "East", "Eve").await, "no team East"),
    ] {
        let told = wrong.expect_err(why).to_string();
        assert!(told.contains(why), "{told}");
    }
    assert!(journal::verify(context).await.expect("reads").broken.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_sees_the_team_and_all_who_report() {
    let company = company().await;
    let context = &company.context;
    let mut seen = Vec::new();
    for (role, user) in [
        (Role::SalesManager, Some("u1")),
        (Role::SalesManager, Some("u3")),
        (Role::SalesManager, Some("u5")),
        (Role::SalesRep, Some("u1")),
    ] {
        let invited = access::Invited {
            email: format!("member{}@example.com", seen.len()),
            name: "Member".to_owned(),
            role,
            user: user.map(str::to_owned),
            password: "correct horse battery".to_owned(),
        };
        let member = access::add(context, invited).await.expect("is added");
        let Scope::Owners(owners) = scope(&context.store, &member).await.expect("reads") else {
            panic!("{role} sees all");
        };
        let narrow = context.renewed("a member", context.now, Scope::Owners(owners));
        let named = team::list(&narrow).await.expect("reads");
        let members = named.teams.iter().flat_map(|team| &team.members).chain(&named.alone);
        let mut names: Vec<String> = members.map(|one| one.name.clone()).collect();
        names.sort();
        seen.push(names.join(" "));
    }
    assert_eq!(seen, ["Ann Cid Mia", "Bob Cid", "Eve", "Mia"]);
    let shown = record::show(context, "users:u4").await.expect("reads");
    assert!(shown.json().to_string().contains("South"));
}
