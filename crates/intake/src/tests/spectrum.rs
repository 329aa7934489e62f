//! The spectrum of CSV forms: each is read as a person would read it, and what a writer of CSV
//! writes is read back.

use proptest::prelude::*;

use super::file;
use crate::mapping::Mapping;
use crate::source::{Record, Source};
use domain::kind::Kind;

/// The rows of a file, the header first.
fn cells(content: impl AsRef<[u8]>) -> Vec<Vec<String>> {
    let file = file(content);
    let mut source = Source::open(file.path(), &Mapping::new(Kind::Deals)).expect("opens");
    let mut rows = vec![source.headers.clone()];
    let mut record = Record::default();
    while source.next(&mut record).expect("is read") {
        assert_eq!(record.fault, None);
        rows.push(record.cells().map(str::to_owned).collect());
    }
    rows
}

#[track_caller]
fn check(content: &str, expected: &[&[&str]]) {
    assert_eq!(cells(content), expected, "{content:?}");
}

#[test]
fn forms() {
    check("a,b,c\n1,2,3\n", &[&["a", "b", "c"], &["1", "2", "3"]]);
    check("a,b,c\r\n1,2,3\r\n", &[&["a", "b", "c"], &["1", "2", "3"]]);
    check("a,b,c\r1,2,3\r", &[&["a", "b", "c"], &["1", "2", "3"]]);
    check("a,b,c\n1,2,3", &[&["a", "b", "c"], &["1", "2", "3"]]);
    check(
        "first,last,address\nJo,Doe,\"12 Main St., Anytown\"\n",
        &[&["first", "last", "address"], &["Jo", "Doe", "12 Main St., Anytown"]],
    );
    check("a,b,c\n1,\"\",\"\"\n2,3,4\n", &[&["a", "b", "c"], &["1", "", ""], &["2", "3", "4"]]);
    check("a,b\n1,\"ha \"\"ha\"\" ha\"\n", &[&["a", "b"], &["1", "ha \"ha\" ha"]]);
    check(
        "key,val\n1,\"{\"\"type\"\": \"\"Point\"\", \"\"at\"\": [1, 2]}\"\n",
        &[&["key", "val"], &["1", "{\"type\": \"Point\", \"at\": [1, 2]}"]],
    );
    check("a,b\n1,\"x\ny\nz\"\n2,w\n", &[&["a", "b"], &["1", "x\ny\nz"], &["2", "w"]]);
    check("a,b\r\n1,\"x\r\ny\"\r\n", &[&["a", "b"], &["1", "x\r\ny"]]);
    check("a,b\n1,\"x\n\"\"y\"\"\"\n", &[&["a", "b"], &["1", "x\n\"y\""]]);
    check("a,b\n1,ʤ\n", &[&["a", "b"], &["1", "ʤ"]]);
    check("a,b\n1,5\" wide\n", &[&["a", "b"], &["1", "5\" wide"]]);
    check("\"a\",\"b\"\n\"1\",\"2\"\n", &[&["a", "b"], &["1", "2"]]);
    check("name\nx\n\ny\n", &[&["name"], &["x"], &["y"]]);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        rows in
            prop::collection::vec(prop::collection::vec("[a-z\"',;|\t \r\né=]{0,8}", 3), 1..20),
        delimiter in prop::sample::select(b",;\t|".to_vec()),
        quotes_all in any::<bool>(),
    ) {
        let style =
            if quotes_all { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote_style(style)
            .from_writer(Vec::new());
        let header = ["one", "two", "three"].map(String::from).to_vec();
        let is_blank = |row: &Vec<String>| row.iter().all(|cell| cell.trim_ascii().is_empty());
        let rows: Vec<Vec<String>> = rows.into_iter().filter(|row| !is_blank(row)).collect();
        for row in std::iter::once(&header).chain(&rows) {
            writer.write_record(row).unwrap();
        }
        let written = writer.into_inner().unwrap();
        let mut mapping = Mapping::new(Kind::Deals);
        mapping.delimiter = Some(crate::rows::Delimiter::Byte(delimiter));
        let file = file(&written);
        let mut source = Source::open(file.path(), &mapping).unwrap();
        let mut record = Record::default();
        for row in &rows {
            prop_assert!(source.next(&mut record).unwrap());
            prop_assert_eq!(&record.fault, &None);
            prop_assert_eq!(&record.cells().map(str::to_owned).collect::<Vec<_>>(), row);
        }
        prop_assert!(!source.next(&mut record).unwrap());
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut content = b"id,name,amount\n".to_vec();
        content.extend_from_slice(&bytes);
        let file = file(&content);
        let found = crate::preview::inspect(
            file.path(),
            Kind::Deals,
            &super::assumptions(),
            None,
        );
        if let Ok(preview) = found {
            let reader =
                crate::reader::read(file.path(), &preview.mapping, &super::assumptions()).unwrap();
            let lines: Vec<u64> = reader
                .map(|item| item.map_or_else(|reject| reject.line, |row| row.line))
                .collect();
            prop_assert!(lines.is_sorted());
        }
    }
}
