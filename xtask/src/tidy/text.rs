//! Rules on text: words that no file may hold, line width, tabs and trailing blanks, SQL keywords.

use super::{Finding, LINE_COLUMNS_MAX, Tree, WORDS, WORDS_EXEMPT};

const NARROW: &[&str] = &[".rs", ".sql", ".sh"];
const CLEAN: &[&str] = &[".rs", ".sql", ".sh", ".toml", ".md", ".slt"];

/// SQL words that are written in lower case.
const SQL_KEYWORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "ORDER",
    "BY",
    "HAVING",
    "JOIN",
    "LEFT",
    "INNER",
    "OUTER",
    "ON",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IN",
    "IS",
    "AS",
    "WITH",
    "UNION",
    "ALL",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "TABLE",
    "INDEX",
    "OVER",
    "PARTITION",
    "BETWEEN",
    "DISTINCT",
    "LIMIT",
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "COALESCE",
    "CAST",
    "FILTER",
];

/// Checks every text file.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().flat_map(|(path, text)| file_findings(path, text)).collect()
}

fn file_findings(path: &str, text: &str) -> Vec<Finding> {
    let is = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    let (narrow, clean, sql) = (is(NARROW), is(CLEAN), path.ends_with(".sql"));
    let worded = !WORDS_EXEMPT.contains(&path);
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut say = |message: String| findings.push(Finding::new(path, index + 1, message));
        if narrow && line.chars().count() > LINE_COLUMNS_MAX {
            say(format!("over {LINE_COLUMNS_MAX} columns; break the line"));
        }
        if clean && (line.contains('\t') || line.ends_with(' ')) {
            say("a tab or a trailing blank; use spaces, and none at the end".to_owned());
        }
        if let Some(keyword) = loud_keyword(line).filter(|_| sql) {
            say(format!("`{keyword}`: SQL keywords are lower case"));
        }
        let words = WORDS.iter().filter(|(word, _)| worded && holds(line, word));
        for (word, reason) in words {
            say(format!("`{word}`: {reason}"));
        }
    }
    findings
}

/// True when `line` holds `word` by itself, not within a longer name or path.
fn holds(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let bounded_left = !before.is_some_and(|c| c.is_alphanumeric() || "_-.".contains(c));
        let bounded_right = !word.ends_with(char::is_alphanumeric)
            || !after.is_some_and(|c| c.is_alphanumeric() || c == '_');
        bounded_left && bounded_right
    })
}

/// The first keyword in capitals, outside comments, strings and quoted names.
fn loud_keyword(line: &str) -> Option<&'static str> {
    let code = line.split("--").next().unwrap_or("");
    let unquoted = code.split(['\'', '"']).step_by(2);
    unquoted
        .flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .find_map(|word| SQL_KEYWORDS.iter().copied().find(|keyword| *keyword == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, line: &str, expected: &[&str]) {
        let found = file_findings(path, line);
        assert_eq!(found.len(), expected.len(), "{line}: {found:?}");
        for (finding, part) in found.iter().zip(expected) {
            assert!(finding.message.contains(part), "{finding:?}");
        }
    }

    #[test]
    fn words_are_found_by_themselves_only() {
        check("a.rs", concat!("    dbg", "!(x);"), &["delete it"]);
        check("a.md", concat!("see /wo", "rk/a"), &["one machine"]);
        check("a.md", concat!("the folder net/wo", "rk/a"), &[]);
        check("a.md", concat!("target/t", "mp/a"), &[]);
        check("a.md", concat!("https://crates", ".io/a"), &["registry"]);
        check("Cargo.lock", concat!("https://crates", ".io/a"), &[]);
        check("a.rs", concat!("// TO", "DO later"), &["finish it"]);
        check("a.rs", concat!("const MASTO", "DON: u8 = 1;"), &[]);
    }

    #[test]
    fn lines_are_narrow_and_clean() {
        check("a.rs", &"é".repeat(LINE_COLUMNS_MAX), &[]);
        check("a.rs", &"e".repeat(LINE_COLUMNS_MAX + 1), &["columns"]);
        check("a.md", &"e".repeat(LINE_COLUMNS_MAX + 1), &[]);
        check("a.md", "a ", &["blank"]);
        check("a.csv", "a\tb ", &[]);
    }

    #[test]
    fn sql_is_lower_case() {
        check("a.sql", "SELECT 1", &["SELECT"]);
        check("a.sql", "select 'NOT', \"AND\" from a -- OR", &[]);
        check("a.rs", "SELECT 1", &[]);
    }
}
