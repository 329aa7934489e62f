//! What is refused, row by row and file by file.

use domain::kind::Kind;

use super::{assumptions, file, import, texts};
use crate::limits::{FIELD_BYTES_MAX, ROW_BYTES_MAX};
use crate::mapping::Mapping;
use crate::preview::inspect;
use crate::refusal::Refusal;

/// `expected` holds a line for each reject: `line column reason`, with `-` for no column.
#[track_caller]
fn check(kind: Kind, content: impl AsRef<[u8]>, good: &[&str], expected: &[&str]) {
    let file = file(content);
    let (_, rows, rejects) = import(file.path(), kind);
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_deref().unwrap_or("-")).collect();
    let refused: Vec<String> = rejects
        .iter()
        .map(|it| {
            let column = it.column.as_deref().unwrap_or("-");
            format!("{} {column} {}", it.line, it.reason.name())
        })
        .collect();
    assert_eq!(refused, expected);
    assert_eq!(ids, good);
}

#[test]
fn rows_of_a_wrong_form() {
    let deals = |rows: &str| format!("id,name,amount\n{rows}");
    let check = |rows: &str, good: &[&str], expected: &[&str]| {
        check(Kind::Deals, deals(rows), good, expected);
    };
    check("1,A,5\n2,B\n3,C,5,6\n4,D,5\n", &["1", "4"], &["3 - ragged_row", "4 - ragged_row"]);
    check("\"1,A,5\"\n2,B,5\n", &["2"], &["2 - row_in_one_cell"]);
    check("1,A\0,5\n2,B,5\n", &["2"], &["2 - nul_byte"]);
    check("1,\"A,5\n2,B,5\n3,\"C\",5\n", &["2", "3"], &["2 - stray_quote"]);
    check("1,\"A \"x\" B\",5\n2,B,5\n", &["2"], &["2 - stray_quote"]);
    check("1,A,5\n2,\"B,5\n3,C,5\n", &["1", "3"], &["3 - unclosed_quote"]);
    check("1,\"A\nB\",5\n2,\"B,5\n3,C,5\n", &["1", "3"], &["4 - unclosed_quote"]);
    check("\n1,A,5\n\n,,\n  \n2,B\n\r\n", &["1"], &["7 - ragged_row"]);
    check("1,A,5\n1,B,5\n2,C,5\n1,D,5\n", &["1", "2"], &["3 id duplicate_id", "5 id duplicate_id"]);
    check(",A,5\n \t,B,5\n2,C,5\n", &["2"], &["2 id missing_id", "3 id missing_id"]);
    check("1.23E+14,A,5\n1E5,B,5\n", &["1E5"], &["2 id id_in_scientific_notation"]);
    check("5,\u{e9},1\n", &["5"], &[]);
}

#[test]
fn a_broken_character_costs_its_row_alone() {
    let mut content = "id,name\n1,Zoë\n2,Zoé\n".as_bytes().to_vec();
    content.extend_from_slice(b"3,Zo\xEB\n4,Z\n");
    check(Kind::Accounts, content, &["1", "2", "4"], &["4 - undecodable_text"]);
}

#[test]
fn rows_and_cells_too_long_cost_themselves_alone() {
    let long = "x".repeat(FIELD_BYTES_MAX + 1);
    let longer = "x".repeat(ROW_BYTES_MAX * 2);
    let content = format!("id,name\n1,A\n2,{long}\n3,C\n4,\"{longer}\"\n5,{longer}\n6,F\n");
    check(
        Kind::Accounts,
        content,
        &["1", "3", "6"],
        &["3 - cell_too_long", "5 - row_too_long", "6 - row_too_long"],
    );
    let rows = format!("7,{}\n", "G".repeat(1_000)).repeat(ROW_BYTES_MAX / 1_000 + 10);
    let content = format!("id,name\n1,\"A\n2,B\n{rows}");
    let file = file(content);
    let (_, rows, rejects) = import(file.path(), Kind::Accounts);
    assert_eq!(rows.len(), 2);
    assert_eq!(rejects[0].reason.name(), "unclosed_quote");
    assert!(rejects[1..].iter().all(|it| it.reason.name() == "duplicate_id"));
}

#[test]
fn values_that_are_not_what_the_field_holds() {
    let check = |rows: &str, good: &[&str], expected: &[&str]| {
        check(Kind::Deals, format!("id;amount;created_at;probability\n{rows}"), good, expected);
    };
    check(
        "1;abc;;\n2;-5;;\n3;1000000000001;;\n4;1.005;;\n5;5;;\n6;1e5;;\n7;(5);;\n8;0;;\n",
        &["5", "8"],
        &[
            "2 amount not_a_number",
            "3 amount negative_amount",
            "4 amount absurd_amount",
            "5 amount decimal_unknown",
            "7 amount not_a_number",
            "8 amount negative_amount",
        ],
    );
    check(
        "1;;soon;\n2;;2017-02-30;\n3;;1899-01-01;\n4;;2090-01-01;\n5;;2017-01-01;\n6;;1/2/17;\n",
        &["5"],
        &[
            "2 created_at not_a_date",
            "3 created_at no_such_day",
            "4 created_at date_out_of_range",
            "5 created_at date_out_of_range",
            "7 created_at two_digit_year",
        ],
    );
    check(
        "1;;25/12/2017;\n2;;26/12/2017;\n3;;12/27/2017;\n4;;1/2/2017;\n",
        &["1", "2", "4"],
        &["4 created_at date_contradicts_order"],
    );
    check("1;1,5;;\n2;2,25;;\n3;3.50;;\n", &["1", "2"], &["4 amount number_contradicts_decimal"]);
    check(
        "1;;;20\n2;;;101\n3;;;-1\n",
        &["1"],
        &["3 probability ratio_out_of_range", "4 probability ratio_out_of_range"],
    );
}

#[test]
fn changes_without_a_time() {
    let content = "deal_id,changed_at,stage\n1,2017-01-01,Won\n1,,Lost\n1,2017-01-02,Lost\n";
    check(Kind::DealChanges, content, &["1", "1"], &["3 changed_at missing_time"]);
}

#[test]
fn currencies_of_rows() {
    let content = "id,amount,currency\n1,5,EUR\n2,5,\n3,5,EURO\n4,€5,\n5,500,JPY\n6,5.5,JPY\n";
    let file = file(content);
    let (_, rows, rejects) = import(file.path(), Kind::Deals);
    let amounts: Vec<String> = rows.iter().map(|row| texts(row)["amount"].clone()).collect();
    assert_eq!(amounts, ["500 EUR", "500 USD", "500 EUR", "500 JPY"]);
    let reasons: Vec<_> = rejects.iter().map(|it| it.reason.name()).collect();
    assert_eq!(reasons, ["unknown_currency", "bad_amount"]);
}

/// The refusal's message must hold the words.
#[track_caller]
fn refused(kind: Kind, content: impl AsRef<[u8]>, saved: Option<&str>, words: &[&str]) {
    let file = file(content);
    let saved = saved.map(|text| Mapping::from_toml(text).expect("is a mapping"));
    let refusal =
        inspect(file.path(), kind, &assumptions(), saved.as_ref()).expect_err("is refused");
    let message = refusal.to_string();
    for word in words {
        assert!(message.contains(word), "{message} lacks {word}");
    }
}

#[test]
fn whole_files() {
    refused(Kind::Deals, "", None, &["empty"]);
    refused(Kind::Deals, "\n\n", None, &["empty"]);
    refused(Kind::Deals, "1,2017-01-01,5\n2,2017-01-02,6\n", None, &["header"]);
    refused(Kind::Deals, "Colour,Shape\nred,round\n", None, &["`id`", "Colour, Shape"]);
    refused(Kind::DealChanges, "deal_id,stage\n1,Won\n", None, &["`changed_at`"]);
    refused(Kind::Touches, "when,who\n1,Won\n", None, &["`occurred_at`"]);
    refused(Kind::Deals, "id\n1\n", Some("kind = \"leads\""), &["leads", "deals"]);
    refused(Kind::Deals, "a,".repeat(5_000), None, &["5001 columns"]);
    refused(Kind::Deals, "PK\u{3}\u{4}garbage", None, &["damaged"]);
    refused(Kind::Deals, "PAR1garbage", None, &["damaged"]);
    let missing = std::path::Path::new("no such file.csv");
    let refusal = inspect(missing, Kind::Deals, &assumptions(), None).expect_err("is refused");
    assert!(matches!(refusal, Refusal::Unreadable { .. }));
}
