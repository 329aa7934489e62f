//! What pages are made of, for who works on it: every token and every part, in light and in dark.
//!
//! Builds for development alone have this page. It shows the templates that pages use.

use axum::http::StatusCode;
use axum::response::Response;
use domain::money::{Currency, Money};
use reports::document::{Cell, Table};

use super::asked::Asked;
use super::fault::Fault;
use super::field::{Choice, Field};
use super::frame::{Frame, Link, html};
use super::visitor::Visitor;
use crate::chart::{Figure, Size};
use crate::svg::{Anchor, Canvas};
use crate::table::TableView;

const STYLE: &str = include_str!("../style/base.css");

#[derive(askama::Template)]
#[template(path = "server/design.html")]
struct DesignView {
    frame: Frame,
    themes: Vec<Theme>,
}

/// The parts as they look in one theme.
struct Theme {
    name: &'static str,
    tokens: Vec<&'static str>,
    fields: Vec<Field>,
    figures: Vec<Figure>,
    tables: Vec<TableView>,
    related: Vec<Link>,
}

pub(super) async fn page(visitor: Visitor) -> Result<Response, Fault> {
    let frame = Frame::new(&visitor, "Design", "/design", None, &Asked::default());
    let themes = ["light", "dark"].into_iter().map(theme).collect();
    html(StatusCode::OK, &DesignView { frame, themes })
}

fn theme(name: &'static str) -> Theme {
    let here = Link { is_here: true, ..Link::new("Where one is", "/design") };
    Theme {
        name,
        tokens: tokens().collect(),
        fields: fields(name),
        figures: vec![figure(name)],
        tables: TableView::new(&table(name)).into_iter().collect(),
        related: vec![here, Link::new("Where one may go", "/design")],
    }
}

/// The names of the colours that the styles define.
fn tokens() -> impl Iterator<Item = &'static str> {
    let defined = STYLE.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
    defined.map(|(name, _)| name)
}

fn fields(theme: &str) -> Vec<Field> {
    let form = format!("design-{theme}");
    let choice = |name: &str| Choice { value: name.to_owned(), name: name.to_owned() };
    let stages = ["Discovery", "Proposal"].map(choice).to_vec();
    let wrong = ("amount", "Write an amount such as 1250.50.".to_owned());
    vec![
        Field::new(&form, "name", "Name").filled("Open Works", None),
        Field { choices: stages, ..Field::new(&form, "stage", "Stage") },
        Field::amount(&form, "amount", "Amount").filled("much", Some(&wrong)),
        Field { input: "date", ..Field::new(&form, "day", "Expected to close") },
    ]
}

fn figure(theme: &str) -> Figure {
    let draw = |size: Size| {
        let right = size.width() - 24.0;
        let mut canvas = Canvas::new(size.width(), 96.0);
        for (class, from, to) in [
            ("fan-90", 0.3, 1.0),
            ("fan-80", 0.4, 0.9),
            ("fan-50", 0.5, 0.75),
            ("bar won", 0.0, 0.35),
        ] {
            canvas.bar(class, (right * from, 24.0), (right * to, 64.0), class);
        }
        canvas.line("median", (right * 0.62, 16.0), (right * 0.62, 72.0));
        canvas.text("label strong", Anchor::Middle, (right * 0.62, 12.0), "likely");
        canvas.text("tick", Anchor::Start, (0.0, 86.0), "booked");
        canvas
    };
    let title = "A picture says what it shows";
    Figure::new(&format!("design-{theme}"), title, "And, in a sentence, what that means.", draw)
}

fn table(theme: &str) -> Table {
    let mut table = Table::new(
        &format!("A table, {theme}"),
        &["Leg", ">Deals", ">Amount USD", ">Share", ">Days"],
    );
    let amount = Money { minor: 123_456_789, currency: Currency::USD };
    table.row([
        "Pipeline".into(),
        1200_usize.into(),
        amount.into(),
        Cell::Share(0.256),
        Cell::Days(31.0),
    ]);
    table.row(["Close (few)".into(), 3_usize.into(), Cell::Missing, Cell::Missing, Cell::Missing]);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_has_a_value_for_both_themes() {
        let defined = STYLE.lines().filter(|line| line.trim().starts_with("--"));
        let both = defined.filter(|line| line.contains(": light-dark(#")).count();
        assert!(both > 10 && both == tokens().count());
    }
}
