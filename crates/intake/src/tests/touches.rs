//! Touches: columns from bytes, the same in every form of the file.

use domain::kind::Kind;

use super::{assumptions, file};
use crate::preview::inspect;
use crate::touches::block::{Coded, Namespace, TouchBlock};
use crate::touches::read;

fn blocks(content: impl AsRef<[u8]>) -> Vec<TouchBlock> {
    let file = file(content);
    let preview = inspect(file.path(), Kind::Touches, &assumptions(), None).expect("is inspected");
    let mut reader = read(file.path(), &preview.mapping, &assumptions()).expect("opens");
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block().expect("is read") {
        blocks.push(block);
    }
    blocks
}

/// The touches of a file, a line each.
fn lines(content: impl AsRef<[u8]>) -> Vec<String> {
    let name = |coded: &Coded, at: usize| coded.names[coded.codes[at] as usize].clone();
    let mut lines = Vec::new();
    for block in blocks(content) {
        let mut start = 0;
        for at in 0..block.line.len() {
            let end = block.url_ends[at] as usize;
            let texts = [&block.channel, &block.touch_kind, &block.campaign, &block.account]
                .map(|coded| name(coded, at));
            lines.push(format!(
                "{} {} {} {} {}",
                block.line[at],
                block.occurred_at[at] / 1_000_000,
                block.persons.key(block.person[at]),
                texts.join("/"),
                &block.urls[start..end],
            ));
            start = end;
        }
        lines.extend(block.rejects.iter().map(|it| format!("{} {}", it.line, it.reason.name())));
    }
    lines
}

const HEADER: &str =
    "touch_id,occurred_at,person_id,anonymous_id,channel,campaign_id,kind,url,account_id";

#[test]
fn every_form_of_a_file_gives_the_same_touches() {
    let rows = "T1,2017-03-31T10:00:00Z,P1,a1,email,C1,click,https://example.com/?a=b,A1\n\
                T2,2017-03-31 10:00:01,,a1,social,,visit,,\n";
    let plain = format!("{HEADER}\n{rows}");
    let expected = [
        "2 1490954400 P1 email/click/C1/A1 https://example.com/?a=b",
        "3 1490954401 a1 social/visit// ",
    ];
    assert_eq!(lines(&plain), expected);
    assert_eq!(lines(plain.trim_end()), expected);
    assert_eq!(lines(plain.replace('\n', "\r\n")), expected);
    assert_eq!(lines(plain.replace('\n', "\r")), expected);
    assert_eq!(lines(plain.replace(',', "\t")), expected);
    assert_eq!(lines(plain.replace("T1,", "\"T1\",")), expected);
    let utf16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(lines(utf16), expected);
}

#[test]
fn keys_are_the_same_wherever_a_touch_stands() {
    let keys = |content: &str| -> Vec<u128> {
        blocks(content).into_iter().flat_map(|block| block.touch_key).collect()
    };
    let plain = keys("touch_id,time,email\n1,2017-03-31,A@x.com\n2,2017-03-31,b@x.com\n");
    let quoted = keys("time;email;touch_id\n2017-03-31;b@x.com;\"2\"\n2017-03-31;a@x.com;1\n");
    assert_eq!(plain, [quoted[1], quoted[0]]);
    let content = "time,email,url\n2017-03-31,A@x.com,u\n2017-03-31,b@x.com,u\n";
    let twice = keys(&format!("{content}2017-03-31 00:00,a@x.com,u\n"));
    assert_eq!(twice[0], twice[2]);
    assert_ne!(twice[0], twice[1]);
}

#[test]
fn keys_in_one_row_are_one_person() {
    let content = "time,person_id,email,anonymous_id\n2017-03-31,P1,a@x.com,c1\n\
                   2017-03-31,,A@X.com,c1\n2017-03-31,P1,,c1\n";
    let [block] = blocks(content).try_into().expect("is one block");
    use Namespace::{Anonymous, CrmId, Email};
    assert_eq!(block.persons.namespaces, [CrmId, Email, Anonymous]);
    assert_eq!(block.person, [0, 1, 0]);
    assert_eq!(block.same_person, [(0, 1), (0, 2), (1, 2)]);
}

#[test]
fn bad_rows_are_refused_and_the_others_kept() {
    let rows = "T1,2017-03-31,P1,,,,,,\n\nT2,soon,P1,,,,,,\nT3,,P1,,,,,,\nT4,2017-03-31,,,,,,,\n\
                T5,2017-03-31\n,,,,,,,,\nT6,2017-03-31,P1,,,,,,\n";
    let expected = [
        "2 1490918400 P1 /// ",
        "9 1490918400 P1 /// ",
        "4 not_a_date",
        "5 missing_time",
        "6 missing_person",
        "7 ragged_row",
    ];
    assert_eq!(lines(format!("{HEADER}\n{rows}")), expected);
    let quoted = format!("{HEADER}\n{rows}").replace("T1,", "\"T1\",");
    assert_eq!(lines(quoted), expected);
    let open = format!("{HEADER}\nT1,2017-03-31,\"P1,,,,,,\nT2,2017-03-31,P2,,,,,,\n");
    assert_eq!(lines(open), ["3 1490918400 P2 /// ", "2 unclosed_quote"]);
}

#[test]
fn blocks_follow_one_another_without_a_gap() {
    let count = 150_000;
    let mut content = format!("{HEADER}\n");
    for number in 0..count {
        let quote = if number % 50_000 == 49_999 { "\"" } else { "" };
        content +=
            &format!("T{number},2017-03-31,P{},,email,C1,{quote}click{quote},u,A1\n", number % 7);
    }
    let blocks = blocks(&content);
    assert!(blocks.len() > 1);
    let lines: Vec<u64> = blocks.iter().flat_map(|block| block.line.clone()).collect();
    assert_eq!(lines, (2..count + 2).collect::<Vec<u64>>());
    assert!(blocks.iter().all(|block| block.rejects.is_empty()));
}
