//! What is detected, stated and asked.

use domain::kind::Kind;
use domain::stage::Outcome;

use super::{assumptions, file, import, texts};
use crate::encoding::Encoding;
use crate::mapping::{Mapping, Unit};
use crate::preview::inspect;
use crate::reader::read;

/// The first row's values, written `field=value` and joined by spaces.
#[track_caller]
fn check(kind: Kind, content: impl AsRef<[u8]>, expected: &str) {
    let file = file(content);
    let (preview, rows, rejects) = import(file.path(), kind);
    assert!(preview.ambiguities.is_empty(), "{:?}", preview.ambiguities);
    assert!(rejects.is_empty(), "{rejects:?}");
    let values: Vec<String> =
        texts(&rows[0]).iter().map(|(field, text)| format!("{field}={text}")).collect();
    assert_eq!(values.join(" "), expected);
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn layouts_and_encodings() {
    let expected = "amount=150050 USD name=Zoë";
    check(Kind::Deals, "id,name,amount\n1,Zoë,1500.50\n", expected);
    check(Kind::Deals, "\u{feff}id,name,amount\r\n1,Zoë,\"1,500.50\"\r\n", expected);
    check(Kind::Deals, "id;name;amount\n1;Zoë;1.500,50\n", expected);
    check(Kind::Deals, "sep=;\nid;name;amount\n1;Zoë;1500,50\n", expected);
    check(Kind::Deals, "id\tname\tamount\r1\tZoë\t$1,500.50\r", expected);
    check(Kind::Deals, "id|name|amount\n1|\"Zoë\"|1 500,50", expected);
    check(Kind::Deals, utf16("id,name,amount\n1,Zoë,1500.50\n"), expected);
    check(Kind::Deals, utf16("id\tname\tamount\r\n1\tZoë\t1500.50\r\n"), expected);
    check(Kind::Deals, b"id,name,amount\n1,Zo\xEB,1500.50\n", expected);
}

#[test]
fn a_close_date_is_what_the_stage_says() {
    let header = "deal_id,stage,close_date\n";
    let day = "2017-03-31";
    let closed = "closed_at=1490918400000000 stage=";
    check(Kind::Deals, format!("{header}1,Won,{day}\n"), &format!("{closed}Won"));
    check(Kind::Deals, format!("{header}1,Closed Lost,{day}\n"), &format!("{closed}Closed Lost"));
    let open = "expected_close_on=2017-03-31 stage=Proposal";
    check(Kind::Deals, format!("{header}1,Proposal,{day}\n"), open);
    check(
        Kind::Deals,
        format!("Id,StageName,CloseDate,IsWon,IsClosed\n1,Signed,{day},true,true\n"),
        &format!("{closed}Signed"),
    );
}

#[test]
fn conventions_come_from_any_decisive_value_of_the_file() {
    let content = "id,created_at,close_date,stage\n1,03/04/2017,25/12/2017,Won\n";
    check(Kind::Deals, content, "closed_at=1514160000000000 created_at=1491177600000000 stage=Won");
    let content = "id,created_at\n1,42828\n";
    check(Kind::Deals, content, "created_at=1491177600000000");
    let content = "id,amount,discount_percent\n1,\"1,000\",5\n2,1.5,12.5\n";
    check(Kind::Deals, content, "amount=100000 USD discount=50000");
    check(Kind::Deals, "id,probability\n1,1\n2,80\n", "probability=10000");
    check(Kind::Deals, "id,probability\n1,1\n2,0.8\n", "probability=1000000");
    check(Kind::Deals, "id,probability\n1,25 %\n", "probability=250000");
}

#[test]
fn names_are_joined_and_references_kept() {
    let content = "Record ID,First Name,Last Name,Email,Company Name,Lifecycle Stage\n\
                   7,Ada,Lovelace,ada@example.com,Engine Ltd,Lead\n";
    let file = file(content);
    let (_, rows, _) = import(file.path(), Kind::Leads);
    let related: Vec<String> = rows[0]
        .related
        .iter()
        .map(|((reference, field), value)| format!("{reference}.{field}={}", value.encode()))
        .collect();
    assert_eq!(
        related,
        ["account.name=Engine Ltd", "person.email=ada@example.com", "person.name=Ada Lovelace"]
    );
    check(
        Kind::People,
        "person_id,first_name,last_name,account_id\nP1,Ada,Lovelace,A1\n",
        "account=->A1 name=Ada Lovelace",
    );
}

#[test]
fn histories_of_properties_tell_one_field_a_row() {
    let content = "OpportunityId,Field,OldValue,NewValue,CreatedDate\n\
                   6,StageName,Open,Closed Won,2017-03-31T10:00:00.000Z\n\
                   6,Description,a,b,2017-03-31T10:00:00.000Z\n\
                   6,Amount,100,2000,2017-03-31T11:00:00.000Z\n\
                   6,CloseDate,2017-01-01,2017-05-01,2017-03-31T12:00:00.000Z\n\
                   6,Amount,100,-5,2017-03-31T13:00:00.000Z\n";
    let file = file(content);
    let (preview, rows, rejects) = import(file.path(), Kind::DealChanges);
    let values: Vec<String> = rows
        .iter()
        .flat_map(|row| texts(row).into_iter().map(|(field, text)| format!("{field}={text}")))
        .collect();
    assert_eq!(values, ["stage=Closed Won", "amount=200000 USD", "expected_close_on=2017-05-01"]);
    assert_eq!(rejects.len(), 1);
    assert_eq!(preview.observed_at_guess.unwrap().to_string(), "2017-03-31T13:00:00Z");
}

/// `expected` holds `column: samples` of each ambiguity.
#[track_caller]
fn asks(kind: Kind, content: &str, expected: &[&str]) {
    let file = file(content);
    let preview = inspect(file.path(), kind, &assumptions(), None).expect("is inspected");
    let found: Vec<String> = preview
        .ambiguities
        .iter()
        .map(|it| format!("{}: {}", it.column, it.samples.join(" ")))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn what_has_two_readings_is_asked() {
    asks(
        Kind::Deals,
        "id,created_at\n1,03/04/2017\n2,05/06/2017\n",
        &["created_at: 03/04/2017 05/06/2017"],
    );
    asks(Kind::Deals, "id,created_at\n1,03/04/2017\n2,25/06/2017\n", &[]);
    asks(Kind::Deals, "id,created_at\n1,03/03/2017\n2,03.04.2017\n", &[]);
    asks(Kind::Deals, "id;amount\n1;1,000\n", &["amount: 1,000"]);
    asks(Kind::Deals, "id;amount\n1;1,000\n2;1,000,000\n", &[]);
    asks(Kind::Deals, "id;amount\n1;1.000\n2;2,50\n", &[]);
    asks(Kind::Deals, "id,stage\n1,Won\n2,Parked\n", &["stage: Parked"]);
    asks(Kind::Deals, "id,created_at\n1,25/06/2017\n2,06/25/2017\n", &["created_at: "]);
}

#[test]
fn a_mapping_settles_what_is_asked() {
    let content = "Nr;Tag;Wert;Stufe\n1;03/04/2017;1,000;Parked\n";
    let file = file(content);
    let mapping = "kind = \"deals\"\ndecimal = \"comma\"\ndate_order = \"day-first\"\n\
                   [columns]\nNr = \"id\"\nTag = \"created_at\"\nWert = \"amount\"\n\
                   Stufe = \"stage\"\n[constants]\ntype = \"new\"\n\
                   [[stages]]\nname = \"Parked\"\noutcome = \"lost\"\n";
    let mapping = Mapping::from_toml(mapping).unwrap();
    let preview =
        inspect(file.path(), Kind::Deals, &assumptions(), Some(&mapping)).expect("is inspected");
    assert!(preview.ambiguities.is_empty(), "{:?}", preview.ambiguities);
    assert_eq!(preview.stages[0].outcome, Some(Outcome::Lost));
    let saved = Mapping::from_toml(&preview.mapping.to_toml()).unwrap();
    assert_eq!(saved, preview.mapping);
    let mut reader = read(file.path(), &saved, &assumptions()).expect("opens");
    let row = reader.next().expect("has a row").expect("is good");
    let values = texts(&row);
    assert_eq!(values["created_at"], "1491177600000000");
    assert_eq!(values["amount"], "100 USD");
    assert_eq!(values["type"], "new");
}

#[test]
fn a_mapping_made_for_another_export_is_held_against_the_file() {
    let mapping = "kind = \"deals\"\nencoding = \"utf-8\"\ndate_order = \"day-first\"\n\
                   decimal = \"point\"\n[columns]\nid = \"id\"\nname = \"name\"\n\
                   at = \"created_at\"\namount = \"amount\"\n";
    let mapping = Mapping::from_toml(mapping).unwrap();
    let asked = |content: &[u8]| {
        let file = file(content);
        let preview = inspect(file.path(), Kind::Deals, &assumptions(), Some(&mapping)).unwrap();
        let columns: Vec<String> = preview.ambiguities.into_iter().map(|it| it.column).collect();
        (columns.join(" "), preview.mapping.encoding.unwrap())
    };
    let latin = Encoding::Windows1252;
    assert_eq!(asked(b"id,name,at,amount\n1,Zo\xEB,25/12/2017,5\n"), (String::new(), latin));
    let american = b"id;name;at;amount\n1;A;12/25/2017;1,50\n2;B;1/2/2017;1.5\n";
    let mixed = ("at".to_owned(), Encoding::Utf8);
    assert_eq!(asked(&american.map(|byte| if byte == b';' { b'\t' } else { byte })), mixed);
}

#[test]
fn an_account_s_revenue_needs_its_unit() {
    let content = "account,revenue\nAcme,1100.04\n";
    let file = file(content);
    let preview = inspect(file.path(), Kind::Accounts, &assumptions(), None).unwrap();
    assert!(preview.statements.iter().any(|it| it.contains("millions")));
    let mut mapping = preview.mapping;
    let revenue = crate::mapping::Target::parse(Kind::Accounts, "annual_revenue").unwrap();
    mapping.columns.push(("revenue".to_owned(), revenue));
    mapping.formats.entry("revenue".to_owned()).or_default().unit = Some(Unit::Millions);
    let row = read(file.path(), &mapping, &assumptions()).unwrap().next().unwrap().unwrap();
    assert_eq!(texts(&row)["annual_revenue"], "110004000000 USD");
}

#[test]
fn headers_that_stand_twice_or_are_empty_are_told_apart() {
    let file = file("id,name,name,\n1,A,B,C\n");
    let (preview, rows, _) = import(file.path(), Kind::Accounts);
    assert_eq!(preview.headers, ["id", "name", "name (2)", "column 4"]);
    assert_eq!(preview.unmapped, ["name (2)", "column 4"]);
    assert_eq!(texts(&rows[0])["name"], "A");
    assert!(preview.statements.iter().any(|it| it.contains("name (2)")));
}

#[test]
fn an_export_was_taken_after_its_last_past_moment() {
    let content = "id,stage,created_at,close_date\n\
                   1,Won,2017-01-01,2017-02-01\n2,Proposal,2017-01-15,2017-12-31\n\
                   3,Won,2017-01-01,2040-01-01\n";
    let file = file(content);
    let (preview, ..) = import(file.path(), Kind::Deals);
    assert_eq!(preview.observed_at_guess.unwrap().to_string(), "2017-02-01T00:00:00Z");
}
