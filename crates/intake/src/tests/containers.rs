//! Workbooks and Parquet files give the rows that the same table gives as text.

use std::io::{Cursor, Write};
use std::sync::Arc;

use domain::kind::Kind;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use zip::write::SimpleFileOptions;

use super::{assumptions, file, import, texts};
use crate::limits::WORKBOOK_PART_BYTES_MAX;
use crate::preview::inspect;
use crate::refusal::Refusal;

fn values(content: &[u8], kind: Kind) -> Vec<String> {
    let file = file(content);
    let (_, rows, rejects) = import(file.path(), kind);
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let values: Vec<String> =
                texts(row).iter().map(|(field, text)| format!("{field}={text}")).collect();
            format!("{} {} {}", row.line, row.id.as_deref().unwrap_or("-"), values.join(" "))
        })
        .collect();
    lines.extend(rejects.iter().map(|it| format!("{} {}", it.line, it.reason.name())));
    lines
}

/// A workbook with one sheet per `(name, rows in XML)`; style 1 is a date.
fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut part = |name: &str, content: &str| {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    };
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let (mut listed, mut related) = (String::new(), String::new());
    for (number, (name, rows)) in sheets.iter().enumerate() {
        listed += &format!("<sheet name=\"{name}\" sheetId=\"{0}\" r:id=\"s{0}\"/>", number + 1);
        related += &format!(
            "<Relationship Id=\"s{0}\" Type=\"{relations}/worksheet\" \
             Target=\"worksheets/sheet{0}.xml\"/>",
            number + 1
        );
        let sheet =
            format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
        part(&format!("xl/worksheets/sheet{}.xml", number + 1), &sheet);
    }
    part(
        "xl/workbook.xml",
        &format!(
            "<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets>{listed}</sheets>\
             </workbook>"
        ),
    );
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    part(
        "_rels/.rels",
        &format!(
            "<Relationships xmlns=\"{package}\"><Relationship Id=\"w\" \
             Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    );
    part(
        "xl/_rels/workbook.xml.rels",
        &format!(
            "<Relationships xmlns=\"{package}\">{related}<Relationship Id=\"st\" \
             Type=\"{relations}/styles\" Target=\"styles.xml\"/></Relationships>"
        ),
    );
    part(
        "xl/styles.xml",
        &format!(
            "<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/>\
             <xf numFmtId=\"14\"/></cellXfs></styleSheet>"
        ),
    );
    archive.finish().unwrap().into_inner()
}

/// A row of a sheet; texts, numbers, and dates written `#serial`.
fn row(number: usize, cells: &[&str]) -> String {
    let cells: String = cells
        .iter()
        .enumerate()
        .map(|(column, text)| {
            let place = format!("{}{number}", char::from(b'A' + column as u8));
            match (text.strip_prefix('#'), text.parse::<f64>()) {
                (Some(serial), _) => format!("<c r=\"{place}\" s=\"1\"><v>{serial}</v></c>"),
                (None, Ok(_)) => format!("<c r=\"{place}\"><v>{text}</v></c>"),
                _ if text.is_empty() => String::new(),
                _ => format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
            }
        })
        .collect();
    format!("<row r=\"{number}\">{cells}</row>")
}

#[test]
fn sheets_are_read_with_their_types() {
    let deals = [
        row(1, &["Deal ID", "Amount", "Created At", "Stage", "Name"]),
        row(2, &["D1", "1054.1000000000001", "#42825", "Won", "Zoë"]),
        row(4, &["17", "1.234", "#42825.5", "Won"]),
        row(5, &["D3", "2", "31/03/2017", "Won", "x", "beyond"]),
        row(6, &["D4", "2", "31/03/2017", "Won", "x"]),
    ];
    let content = workbook(&[("Deals", &deals.concat()), ("Notes", &row(1, &["a"]))]);
    assert_eq!(
        values(&content, Kind::Deals),
        [
            "2 D1 amount=105410 USD created_at=1490918400000000 name=Zoë stage=Won",
            "6 D4 amount=200 USD created_at=1490918400000000 name=x stage=Won",
            "4 bad_amount",
            "5 ragged_row",
        ]
    );
    let file = file(&content);
    let preview = inspect(file.path(), Kind::Deals, &assumptions(), None).unwrap();
    assert!(preview.statements.iter().any(|it| it.contains("`Notes`")), "{:?}", preview.statements);
    let mut mapping = crate::mapping::Mapping::new(Kind::Deals);
    mapping.sheet = Some("Missing".to_owned());
    let refusal = inspect(file.path(), Kind::Deals, &assumptions(), Some(&mapping));
    assert!(matches!(refusal, Err(Refusal::NoSuchSheet { .. })));
}

#[test]
fn a_workbook_that_unpacks_without_end_is_refused() {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("xl/sharedStrings.xml", stored).unwrap();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..=WORKBOOK_PART_BYTES_MAX >> 20 {
        archive.write_all(&block).unwrap();
    }
    let file = file(archive.finish().unwrap().into_inner());
    let refusal = inspect(file.path(), Kind::Deals, &assumptions(), None);
    assert!(matches!(refusal, Err(Refusal::TooLarge { .. })));
}

const SCHEMA: &str = "message deals {
    required binary deal_id (UTF8);
    required double amount;
    required int64 created_at (TIMESTAMP(NANOS, false));
    required int64 last_modified_date (TIMESTAMP(MICROS, true));
    required int32 expected_close_date (DATE);
}";

fn parquet_table() -> Vec<u8> {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut content = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut content, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut number = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        match number {
            0 => {
                let ids = [ByteArray::from("D1"), ByteArray::from("D2")];
                column.typed::<ByteArrayType>().write_batch(&ids, None, None).unwrap();
            }
            1 => {
                column.typed::<DoubleType>().write_batch(&[1054.1, -1.0], None, None).unwrap();
            }
            2 => {
                let at = 1_490_918_400_000_000_000;
                column.typed::<Int64Type>().write_batch(&[at, at], None, None).unwrap();
            }
            3 => {
                let at = 1_490_918_400_000_001;
                column.typed::<Int64Type>().write_batch(&[at, at], None, None).unwrap();
            }
            _ => {
                column.typed::<Int32Type>().write_batch(&[17_256, 17_256], None, None).unwrap();
            }
        }
        column.close().unwrap();
        number += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
    content
}

#[test]
fn parquet_is_read_with_its_types() {
    let content = parquet_table();
    assert_eq!(
        values(&content, Kind::Deals),
        [
            "1 D1 amount=105410 USD created_at=1490918400000000 expected_close_on=2017-03-31",
            "2 negative_amount",
        ]
    );
    let file = file(&content);
    let (_, rows, _) = import(file.path(), Kind::Deals);
    assert_eq!(rows[0].modified_at.unwrap().as_microsecond(), 1_490_918_400_000_001);
    let torn = &content[..content.len() - 20];
    let torn = super::file(torn);
    let refusal = inspect(torn.path(), Kind::Deals, &assumptions(), None);
    assert!(matches!(refusal, Err(Refusal::Damaged { .. })));
}

#[test]
fn what_a_file_holds_counts_and_not_its_name() {
    let deals = "deal_id,amount\nD1,5\n".as_bytes();
    let named = |name: &str, content: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        inspect(&path, Kind::Deals, &assumptions(), None)
    };
    let workbook = workbook(&[("Deals", &(row(1, &["Deal ID"]) + &row(2, &["D1"])))]);
    for (name, content, note) in [
        ("deals.xlsx", deals, Some("ends in .xlsx, but the file holds text")),
        ("deals.CSV", &workbook, Some("ends in .csv, but the file holds a workbook")),
        ("deals.csv", deals, None),
        ("deals", deals, None),
        ("deals.2025", deals, None),
        ("deals.xlsx", &workbook, None),
    ] {
        let statements = named(name, content).unwrap().statements;
        let found = statements.iter().find(|it| it.contains("the file holds"));
        match note {
            Some(note) => assert!(found.is_some_and(|it| it.contains(note)), "{statements:?}"),
            None => assert_eq!(found, None, "{name}"),
        }
    }
    let old = named("deals.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    assert!(matches!(old, Err(Refusal::OldWorkbook(_))), "{old:?}");
    let page = named("deals.xls", b"\xEF\xBB\xBF\r\n <HTML><body><table><tr><td>1</td></tr>");
    assert!(matches!(page, Err(Refusal::WebPage(_))), "{page:?}");
}
