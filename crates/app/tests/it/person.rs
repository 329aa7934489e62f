//! Erasing a person leaves nothing of it in any file of the data folder.

use std::path::Path;

use app::{journal, person};
use domain::kind::Kind;
use testkit::{How, TestCompany};

const PLANTED: [&str; 20] = [
    "Zelmira",
    "Quastenflosser",
    "zelmira.quastenflosser@planted.example",
    "555-0199-7731",
    "Keeper of the Lanterns",
    "Nowherebourne",
    "Zelmira Quastenflosser",
    "planted-crm-id-0042",
    "Second Lantern Title",
    "555-0188-2209",
    "zq.private@planted.example",
    "Farawayville",
    "Third Lantern Title",
    "555-0177-3308",
    "zq.third@planted.example",
    "Elsewhereton",
    "zq%2Burl@planted.example",
    "Fourth Lantern Title",
    "555-0166-4407",
    "Yonderburgh",
];

#[tokio::test(flavor = "multi_thread")]
async fn none_of_the_planted_values_is_left() {
    let company = TestCompany::new().await;
    let header = "Contact ID,First Name,Last Name,Email,Phone,Title,City\n";
    let rows = [(1, 3, 0, 2), (2, 9, 8, 10), (3, 13, 12, 14), (4, 18, 17, 10)];
    let cities = [5, 11, 15, 19];
    for ((month, phone, title, email), city) in rows.into_iter().zip(cities) {
        let title = if title == 0 { 4 } else { title };
        let row = format!(
            "{},{},{},{},{},{},{}\nother-1,Anna,Other,anna@other.example,555-1,Clerk,Town\n",
            PLANTED[7],
            PLANTED[0],
            PLANTED[1],
            PLANTED[email],
            PLANTED[phone],
            PLANTED[title],
            PLANTED[city]
        );
        let how = How { observed_at: Some(jiff::civil::date(2025, month, 28)), ..How::default() };
        company.import_text(Kind::People, &format!("{header}{row}"), how).await.expect("people");
    }
    let touches = format!(
        "touch_id,occurred_at,person_id,channel,kind,url\n\
         t1,2025-02-01T10:00:00Z,{},Email,click,https://site.example/?e={}\n\
         t2,2025-02-02T10:00:00Z,other-1,Email,click,https://site.example/plain\n",
        PLANTED[7], PLANTED[16]
    );
    company.import_text(Kind::Touches, &touches, How::default()).await.expect("touches");
    let broken =
        format!("{header}bad,{},{},{},x,y,z,too,many,cells\n", PLANTED[0], PLANTED[1], PLANTED[2]);
    company.import_text(Kind::People, &broken, How::default()).await.expect("rejects");
    let deals = format!(
        "deal_id,name,next_step,stage,amount,created_at,close_date\n\
         d1,\"Renewal for {}\",call {} or write to {},Discovery,10,2025-01-05,2026-12-31\n\
         d2,Lanterns of Zelmi,none,Discovery,10,2025-01-05,2026-12-31\n",
        PLANTED[6].to_uppercase(),
        PLANTED[3],
        PLANTED[2],
    );
    company.import_text(Kind::Deals, &deals, How::default()).await.expect("deals");
    let leads = format!("Email,Created Date,Lead Source\n{},2025-01-02,Web\n", PLANTED[2]);
    company.import_text(Kind::Leads, &leads, How::default()).await.expect("leads");
    assert!(!found(company.context.folder.as_path()).is_empty(), "they are there before");

    let subject = format!("people:{}", PLANTED[7]);
    person::erase(&company.context, &subject).await.expect("is erased");

    assert_eq!(found(company.context.folder.as_path()), Vec::<String>::new());
    let verified = journal::verify(&company.context).await.expect("a verdict");
    assert_eq!((verified.broken, verified.entries_redacted), (None, 2));
    let deals = company.context.store.records_page(Kind::Deals, None, 10).await.expect("deals");
    let mut texts: Vec<String> = Vec::new();
    for deal in &deals {
        let text = |field: &str| deal.values[field].as_ref().map(|value| value.encode());
        texts.extend(["name", "next_step"].into_iter().filter_map(text));
    }
    texts.sort();
    let expected =
        ["Lanterns of Zelmi", "Renewal for [erased]", "call [erased] or write to [erased]", "none"];
    assert_eq!(texts, expected);
    let other = journal::log(&company.context, "people:other-1").await.expect("others stay");
    assert!(!other.entries.is_empty());
}

/// Which planted values stand in which files.
fn found(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(self::found(&path));
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let holds = |value: &&&str| bytes.windows(value.len()).any(|part| part == value.as_bytes());
        found.extend(
            PLANTED.iter().filter(holds).map(|value| format!("{value} in {}", path.display())),
        );
    }
    found
}
