//! The page of a review: one file that asks nothing of any server.
//!
//! Each section answers one question: the answer in words, the picture that proves it, its table,
//! and what to do.

mod sections;

use askama::Template;
use reports::review::Review;

use crate::chart::Figure;
use crate::chart::relay::{self, Leg};
use crate::money::long_date;
use crate::table::TableView;

/// The page's own style sheet, which is part of the page.
const STYLE: &str = concat!(include_str!("style/base.css"), include_str!("review/style.css"));

/// The whole page as HTML.
///
/// # Errors
/// When the template cannot be filled, which no review is known to bring about.
pub fn page(review: &Review) -> Result<String, askama::Error> {
    let mut sections = sections::all(review);
    for section in &mut sections {
        section.answer = unbroken(&section.answer);
    }
    let legs = legs(review);
    let relay = (!legs.is_empty()).then(|| {
        Figure::new("relay", "The relay", &relay_meaning(&legs), |size| relay::draw(&legs, size))
    });
    let page = Page {
        style: STYLE,
        headline: unbroken(&review.headline()),
        as_of: long_date(review.as_of),
        as_of_iso: review.as_of.to_string(),
        files: sections::files_read(review),
        relay,
        keys: sections::key_figures(review),
        sections,
        notes: &review.notes,
    };
    page.render()
}

#[derive(Template)]
#[template(path = "review.html")]
struct Page<'a> {
    style: &'static str,
    headline: String,
    as_of: String,
    as_of_iso: String,
    files: String,
    relay: Option<Figure>,
    keys: Vec<KeyFigure>,
    sections: Vec<Section>,
    notes: &'a [String],
}

/// One number of the first glance.
struct KeyFigure {
    name: &'static str,
    value: String,
    about: String,
}

struct Section {
    /// The section's anchor.
    id: &'static str,
    name: &'static str,
    answer: String,
    blocks: Vec<Block>,
    /// What to do about it.
    advice: Option<String>,
}

enum Block {
    Words(String),
    Picture(Figure),
    Rows(TableView),
    /// A table, or a picture with its table, that is opened on demand; printed whole.
    Folded {
        summary: String,
        figure: Option<Figure>,
        table: TableView,
    },
}

/// A text whose numbers stay together with their units at the end of a line.
pub(crate) fn unbroken(text: &str) -> String {
    const UNITS: [&str; 8] = ["m", "k", "bn", "%", "days", "hours", "minutes", "deals"];
    let mut kept = String::with_capacity(text.len());
    for word in text.split(' ') {
        let follows_number = kept.ends_with(|letter: char| letter.is_ascii_digit());
        let unit =
            word.trim_end_matches(|letter: char| letter.is_ascii_punctuation() && letter != '%');
        let space = if follows_number && UNITS.contains(&unit) { '\u{a0}' } else { ' ' };
        if !kept.is_empty() {
            kept.push(space);
        }
        kept.push_str(word);
    }
    kept
}

/// The legs of which the data tells something.
fn legs(review: &Review) -> Vec<Leg> {
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let many = |count: usize| reports::render::grouped(&count.to_string());
    let mut legs = Vec::new();
    if let Some(leads) = &review.leads {
        let late = leads.late();
        legs.push(Leg {
            class: "lead",
            name: "Leads",
            carried: 1.0 - share(late, leads.leads),
            carried_words: format!("{} leads", many(leads.leads)),
            dropped_words: format!("{} wait too long", many(late)),
            is_alert: true,
        });
    }
    if let Some(dead) = &review.dead {
        let alive = dead.open.deals - dead.dead.deals;
        legs.push(Leg {
            class: "pipeline",
            name: "Open pipeline",
            carried: share(alive, dead.open.deals),
            carried_words: format!("{} alive", many(alive)),
            dropped_words: format!("{} dead", many(dead.dead.deals)),
            is_alert: true,
        });
    }
    if let Some(sales) = &review.sales {
        legs.push(Leg {
            class: "close",
            name: "Close",
            carried: share(sales.total.won, sales.total.closed()),
            carried_words: format!("{} won", many(sales.total.won)),
            dropped_words: format!("{} lost", many(sales.total.lost)),
            is_alert: false,
        });
    }
    legs
}

fn relay_meaning(legs: &[Leg]) -> String {
    let words: Vec<String> = (legs.iter())
        .map(|leg| format!("{}: {}, {}", leg.name, leg.carried_words, leg.dropped_words))
        .collect();
    format!("{}.", words.join("; "))
}
