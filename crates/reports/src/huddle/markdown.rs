//! Minutes as Markdown, to be sent or filed.

use super::{Minutes, followed};
use crate::document::{Align, Table};
use crate::render::shown;

/// The minutes of a huddle.
pub fn minutes(minutes: &Minutes) -> String {
    let mut text = format!(
        "# {}, huddle {} of {}\n",
        plain(&minutes.company),
        minutes.number,
        minutes.held_on
    );
    for section in &minutes.agenda {
        text.push_str(&format!("\n## {}\n", plain(&section.title)));
        for sentence in &section.sentences {
            text.push_str(&format!("\n{}\n", plain(sentence)));
        }
        text.push_str(&section.table.as_ref().map(table).unwrap_or_default());
    }
    for (title, found) in
        [("Written down", minutes.written()), ("Open actions", followed(&minutes.open))]
    {
        if let Some(found) = found {
            text.push_str(&format!("\n## {title}\n{}", table(&found)));
        }
    }
    text.push_str(&format!(
        "\nThe agenda was frozen when the huddle began; SHA-256 {}.\n",
        minutes.agenda_sha256
    ));
    text
}

fn table(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let rule = table.columns.iter().map(|column| match column.align {
        Align::Left => "---".to_owned(),
        Align::Right => "--:".to_owned(),
    });
    let mut text = String::from("\n");
    text.push_str(&line(table.columns.iter().map(|column| plain(&column.name)).collect()));
    text.push_str(&line(rule.collect()));
    for row in &table.rows {
        text.push_str(&line(row.iter().map(|cell| plain(&shown(cell))).collect()));
    }
    text
}

/// A text that is nothing but text to whoever reads Markdown: no table, no link, no markup.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' => {
                plain.push('\\');
                plain.push(letter);
            }
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Cell;

    #[test]
    fn what_people_wrote_is_text_and_no_markup() {
        let mut written = Table::new("Written down", &["Text", ">No."]);
        written.row([Cell::from("a | b\n[x](http://x) <script>"), Cell::Count(1)]);
        assert_eq!(
            table(&written),
            "\n| Text | No. |\n| --- | --: |\n| a \\| b \\[x\\](http://x) \\<script\\> | 1 |\n"
        );
    }
}
