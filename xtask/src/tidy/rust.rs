//! Rules on Rust code, read as tokens so that strings and comments do not deceive: module headers,
//! what a crate may not name, names that say nothing, and the ratchet on long functions.

use super::{ABSENCES, EMPTY_NAMES, FUNCTION_LINES_MAX, Finding, LONG_FUNCTIONS, Tree};
use crate::building;
use anyhow::{Context, Result};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Checks every Rust file.
pub fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut long = Vec::new();
    for (path, text) in tree.ending(".rs") {
        let Ok(tokens) = text.parse::<TokenStream>() else {
            findings.push(Finding::new(path, 0, "is not Rust; the compiler says more"));
            continue;
        };
        findings.extend(header(path, text));
        findings.extend(empty_name(path));
        findings.extend(second_test_binary(path));
        findings.extend(absences(path, text, &test_lines(&tokens)));
        long.extend(functions(&tokens).into_iter().filter_map(|f| LongFunction::of(path, &f)));
    }
    findings.extend(ratchet(&long, &listed(tree)?));
    Ok(findings)
}

/// Takes what was mended off the list of long functions; never adds to it.
pub fn bless(tree: &Tree) -> Result<()> {
    let mut long = BTreeMap::new();
    for (path, text) in tree.ending(".rs") {
        let tokens: TokenStream = text.parse().unwrap_or_default();
        let found = functions(&tokens).into_iter().filter_map(|f| LongFunction::of(path, &f));
        long.extend(found.map(|function| (function.key(), function.lines)));
    }
    let kept = listed(tree)?.into_iter().filter_map(|(key, lines)| {
        let now = *long.get(&key)?;
        Some(format!("{} {} {}\n", key.0, key.1, lines.min(now)))
    });
    std::fs::write(building::root().join(LONG_FUNCTIONS), kept.collect::<String>())?;
    Ok(())
}

fn header(path: &str, text: &str) -> Option<Finding> {
    let opens = text.starts_with("//! ");
    (!opens).then(|| {
        Finding::new(path, 1, "open with `//!`: what the module is and what it refuses to know")
    })
}

fn empty_name(path: &str) -> Option<Finding> {
    let empty = path.trim_end_matches(".rs").split('/').any(|part| EMPTY_NAMES.contains(&part));
    empty.then(|| Finding::new(path, 0, "its name says nothing; name it after what is inside"))
}

/// One test binary a crate: each is linked by itself, with DataFusion inside.
fn second_test_binary(path: &str) -> Option<Finding> {
    let (folder, below) = path.split_once("/tests/")?;
    let in_source = folder.contains("/src");
    let binary = path.starts_with("crates/") && !in_source && !below.contains('/');
    binary.then(|| Finding::new(path, 0, "one test binary a crate: make it a module of tests/it"))
}

/// What the crate of `path` names although the architecture says that it does not know it.
fn absences(path: &str, text: &str, tests: &[RangeInclusive<usize>]) -> Vec<Finding> {
    let mut parts = path.split('/');
    let (Some("crates"), Some(name), Some("src")) = (parts.next(), parts.next(), parts.next())
    else {
        return Vec::new();
    };
    let is_library =
        !path.ends_with("/tests.rs") && !path.contains("/tests/") && !path.contains("/examples/");
    if !is_library {
        return Vec::new();
    }
    let rules: Vec<_> = ABSENCES.iter().filter(|(crates, ..)| crates.contains(&name)).collect();
    let code = text.lines().enumerate().filter_map(|(index, line)| {
        let line = line.trim_start();
        let counts =
            !line.starts_with("//") && !tests.iter().any(|test| test.contains(&(index + 1)));
        counts.then_some((index + 1, line))
    });
    code.flat_map(|(number, line)| {
        rules.iter().filter_map(move |(_, words, reason)| {
            let word = words.iter().find(|word| names(line, word))?;
            Some(Finding::new(path, number, format!("`{word}`: `{name}` {reason}")))
        })
    })
    .collect()
}

/// True when `line` holds `word` and not as the end of a longer name (`eprintln!` for `println!`).
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        !line[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

/// A function as written: its name and the lines from `fn` to its closing brace.
#[derive(Debug, PartialEq)]
struct Function {
    name: String,
    line: usize,
    lines: usize,
}

/// All functions with a body, nested ones included.
fn functions(tokens: &TokenStream) -> Vec<Function> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found: Vec<Function> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => found.extend(functions(&group.stream())),
            TokenTree::Ident(keyword) if *keyword == "fn" => {
                let Some(TokenTree::Ident(name)) = tokens.get(index + 1) else { continue };
                let Some(body) = body(&tokens[index + 2..]) else { continue };
                let line = keyword.span().start().line;
                let lines = body.span_close().end().line + 1 - line;
                found.push(Function { name: name.to_string(), line, lines });
            }
            _ => {}
        }
    }
    found
}

/// The braces that end a signature; `None` for one that ends in a semicolon.
fn body(signature: &[TokenTree]) -> Option<&Group> {
    signature.iter().find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(Some(group)),
        TokenTree::Punct(punct) if punct.as_char() == ';' => Some(None),
        _ => None,
    })?
}

/// The lines of all items under `#[cfg(test)]`.
fn test_lines(tokens: &TokenStream) -> Vec<RangeInclusive<usize>> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let text: String = group.to_string().split_whitespace().collect();
        if group.delimiter() == Delimiter::Bracket && text == "[cfg(test)]" {
            if let Some(item) = body(&tokens[index + 1..]) {
                found.push(group.span_open().start().line..=item.span_close().end().line);
            }
        } else {
            found.extend(test_lines(&group.stream()));
        }
    }
    found
}

/// A function past the limit.
#[derive(Debug)]
struct LongFunction {
    path: String,
    name: String,
    line: usize,
    lines: usize,
}

impl LongFunction {
    fn of(path: &str, function: &Function) -> Option<Self> {
        let Function { name, line, lines } = function;
        let long = *lines > FUNCTION_LINES_MAX;
        long.then(|| Self { path: path.to_owned(), name: name.clone(), line: *line, lines: *lines })
    }

    fn key(&self) -> (String, String) {
        (self.path.clone(), self.name.clone())
    }
}

/// The committed list: (path, function) to lines.
fn listed(tree: &Tree) -> Result<BTreeMap<(String, String), usize>> {
    tree.text(LONG_FUNCTIONS)
        .lines()
        .map(|line| {
            let mut parts = line.split(' ');
            let mut part =
                || parts.next().context("long_functions.txt: a line is `path name lines`");
            Ok(((part()?.to_owned(), part()?.to_owned()), part()?.parse()?))
        })
        .collect()
}

fn ratchet(long: &[LongFunction], listed: &BTreeMap<(String, String), usize>) -> Vec<Finding> {
    let grown = long.iter().filter_map(|function| {
        let limit = listed.get(&function.key()).copied().unwrap_or(FUNCTION_LINES_MAX);
        let LongFunction { path, name, line, lines } = function;
        (*lines > limit).then(|| {
            let message = format!("`{name}` has {lines} lines, {limit} are allowed; split it");
            Finding::new(path, *line, message)
        })
    });
    let shrunk = listed.iter().filter_map(|(key, lines)| {
        let now = long.iter().find(|function| function.key() == *key);
        let slack = now.is_none_or(|function| function.lines < *lines);
        slack.then(|| {
            let message = format!("`{}` is shorter now: `cargo xtask tidy --bless`", key.1);
            Finding::new(LONG_FUNCTIONS, 0, message)
        })
    });
    grown.chain(shrunk).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    const SHORT: &str = "fn a() {\n    b();\n}\n";

    fn check(path: &str, code: &str, expected: &[(usize, &str)]) {
        let text = format!("//! Header.\n{code}");
        let found = findings(&tree(&[(path, &text)])).unwrap();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (finding, (line, part)) in found.iter().zip(expected) {
            assert_eq!(finding.line, *line, "{finding:?}");
            assert!(finding.message.contains(part), "{finding:?}");
        }
    }

    #[test]
    fn a_module_says_what_it_is() {
        check("crates/a/src/lib.rs", SHORT, &[]);
        let found = findings(&tree(&[("crates/a/src/lib.rs", SHORT)])).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_crate_does_not_name_what_it_must_not_know() {
        let code = "use std::fs;\nfn a() {}\n";
        check("crates/stats/src/lib.rs", code, &[(2, "knows no I/O")]);
        check("crates/store/src/lib.rs", code, &[]);
        check("crates/stats/src/lib.rs", "// std::fs is elsewhere\n", &[]);
        let in_tests = "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        check("crates/stats/src/lib.rs", in_tests, &[]);
        check("crates/app/src/lib.rs", "fn a() { print!(\"\") }\n", &[(2, "terminal")]);
        check("crates/app/src/lib.rs", "fn a() { blueprint!(\"\") }\n", &[]);
    }

    #[test]
    fn names_say_something_and_tests_are_one_binary() {
        check("crates/a/src/utils.rs", SHORT, &[(0, "says nothing")]);
        check("crates/a/tests/other.rs", SHORT, &[(0, "one test binary")]);
        check("crates/a/tests/it/other.rs", SHORT, &[]);
    }

    #[test]
    fn functions_are_measured_from_their_tokens() {
        let code =
            "trait T { fn none(); }\nfn outer() {\n    fn inner() {}\n    let s = \"fn s() {\";\n}";
        let found = functions(&code.parse().unwrap());
        let named: Vec<(&str, usize, usize)> =
            found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(named, [("outer", 2, 4), ("inner", 3, 1)]);
    }

    #[test]
    fn the_ratchet_only_shrinks() {
        let function =
            |lines| LongFunction { path: "a.rs".into(), name: "f".into(), line: 1, lines };
        let listed = |lines| BTreeMap::from([(("a.rs".to_owned(), "f".to_owned()), lines)]);
        assert_eq!(ratchet(&[function(80)], &listed(80)), []);
        assert_eq!(ratchet(&[function(80)], &BTreeMap::new()).len(), 1);
        assert_eq!(ratchet(&[function(81)], &listed(80)).len(), 1);
        assert_eq!(ratchet(&[function(79)], &listed(80)).len(), 1);
        assert_eq!(ratchet(&[], &listed(80)).len(), 1);
    }
}
