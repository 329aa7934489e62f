//! Every key that pages listen to: one list, from which the script reads what it binds, and which
//! people see under `?` and on a page of its own.

use axum::http::StatusCode;
use axum::response::Response;

use super::asked::Asked;
use super::fault::Fault;
use super::frame::{BAR, Frame, html};
use super::visitor::Visitor;

/// A key, or keys that do the same.
pub(super) struct Key {
    /// `Ctrl-k` is pressed together, `g s` one after the other.
    pub strokes: Vec<String>,
    /// What the script calls it; empty where it leads to a page.
    pub does: &'static str,
    pub about: String,
    /// Where it leads; empty where the script does something.
    pub href: String,
}

impl Key {
    /// The strokes as the script reads them.
    pub fn bound(&self) -> String {
        self.strokes.join(",")
    }
}

/// What the script does on a page: its name there, the strokes, and what it is for people.
const DOINGS: [(&str, &[&str], &str); 8] = [
    ("search", &["/", "Ctrl-k"], "Search deals and leads (⌘K on a Mac)"),
    ("next", &["j"], "The next row of a list"),
    ("previous", &["k"], "The row before"),
    ("accept", &["a"], "In the queue: accept the lead"),
    ("decline", &["d"], "In the queue: decline it, with a reason"),
    ("recycle", &["r"], "In the queue: recycle it, with a reason"),
    ("call", &["c"], "In the queue: log a call that reached somebody"),
    ("keys", &["?"], "All keys"),
];

/// All keys; those that lead to pages hold `held`, the day and the period.
pub(super) fn all(held: &str) -> Vec<Key> {
    let doing = |(does, strokes, about): (&'static str, &[&str], &str)| Key {
        strokes: strokes.iter().map(|stroke| (*stroke).to_owned()).collect(),
        does,
        about: about.to_owned(),
        href: String::new(),
    };
    let leading = BAR.into_iter().map(|(page, key)| Key {
        strokes: vec![format!("g {key}")],
        does: "",
        about: page.title().to_owned(),
        href: format!("/{}{held}", page.name()),
    });
    DOINGS.into_iter().map(doing).chain(leading).collect()
}

#[derive(askama::Template)]
#[template(path = "server/keys.html")]
struct KeysView {
    frame: Frame,
}

/// The list as a page, for who comes without scripts.
pub(super) async fn page(visitor: Visitor) -> Result<Response, Fault> {
    let frame = Frame::new(&visitor, "Keys", "/keys", None, &Asked::default());
    html(StatusCode::OK, &KeysView { frame })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SCRIPT: &str = include_str!("../../ui/src/pages.js");

    #[test]
    fn no_stroke_does_two_things() {
        let keys = all("");
        let strokes: Vec<&String> = keys.iter().flat_map(|key| &key.strokes).collect();
        let different: BTreeSet<&&String> = strokes.iter().collect();
        assert_eq!(different.len(), strokes.len(), "{strokes:?}");
    }

    #[test]
    fn the_script_does_all_that_is_listed_and_nothing_else() {
        let listed: BTreeSet<&str> = DOINGS.iter().map(|(does, _, _)| *does).collect();
        let (_, doings) = SCRIPT.split_once("const doings = {").expect("is there");
        let (doings, _) = doings.split_once("\n  };").expect("ends");
        let own = doings.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": ("));
        let done: BTreeSet<&str> =
            own.map(|(name, _)| name).filter(|name| !name.starts_with(' ')).collect();
        assert_eq!(done, listed);
    }
}
