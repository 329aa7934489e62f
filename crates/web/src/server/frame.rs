//! What surrounds every page: the way from page to page, the day and period, and who is here.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use domain::period::{FiscalCalendar, Period};
use jiff::ToSpan;
use jiff::civil::Date;
use reports::render::capital;

use super::asked::{Asked, Page};
use super::fault::Fault;
use super::keys::{self, Key};
use super::policy::Action;
use super::visitor::Visitor;
use crate::money::long_date;

/// The pages of the bar in the order of the relay, each with the key that follows `g`.
pub(super) const BAR: [(Page, char); 10] = [
    (Page::Scoreboard, 's'),
    (Page::Plan, 'p'),
    (Page::Leads, 'l'),
    (Page::Queue, 'h'),
    (Page::Attribution, 'a'),
    (Page::Pipeline, 'd'),
    (Page::Forecast, 'f'),
    (Page::Retention, 'r'),
    (Page::Metrics, 'm'),
    (Page::Quality, 'q'),
];

pub(super) struct Frame {
    pub title: String,
    pub company: String,
    pub links: Vec<Link>,
    pub keys: Vec<Key>,
    /// The page's own address, to which the day and period are sent.
    pub path: String,
    /// What else of the page's query holds when another day or period is chosen.
    pub kept: Vec<(&'static str, String)>,
    pub as_of: String,
    /// The day in words, where it is not today.
    pub past_day: Option<String>,
    pub period: String,
    /// Those that are most asked for: this fiscal year, the one before and the next, by quarters.
    pub periods: Vec<String>,
    pub today: String,
    pub who: String,
    pub role: &'static str,
    pub is_demo: bool,
}

#[derive(Clone)]
pub(super) struct Link {
    pub name: String,
    pub href: String,
    pub is_here: bool,
}

impl Link {
    pub fn new(name: impl Into<String>, href: impl Into<String>) -> Link {
        Link { name: name.into(), href: href.into(), is_here: false }
    }
}

impl Frame {
    /// `here` is the page of the bar to which a page belongs.
    pub fn new(
        visitor: &Visitor,
        title: impl Into<String>,
        path: &str,
        here: Option<Page>,
        asked: &Asked,
    ) -> Frame {
        let held = asked.held();
        let link = |(page, _): (Page, char)| {
            // Who sees no data quality sees what was written of own records.
            let hidden = page == Page::Quality && !visitor.may(Action::ReadImports);
            let to = if hidden { Page::Journal } else { page };
            let link = Link::new(to.title(), format!("/{}{held}", to.name()));
            Link { is_here: here == Some(page), ..link }
        };
        let mut links: Vec<Link> = BAR.into_iter().map(link).collect();
        if visitor.may(Action::ManageMembers) {
            // A demo has no members.
            let first = if visitor.is_demo { "/teams" } else { "/members" };
            let is_here = ["/members", "/teams"].contains(&path);
            links.push(Link { is_here, ..Link::new("People and access", first) });
        }
        let company = visitor.shared.company();
        let today = visitor.shared.today();
        Frame {
            title: title.into(),
            company: company.company.name.clone(),
            links,
            keys: keys::all(&held),
            path: path.to_owned(),
            kept: Vec::new(),
            as_of: asked.as_of.map(|day| day.to_string()).unwrap_or_default(),
            past_day: asked.as_of.filter(|day| *day != today).map(long_date),
            period: asked.period.map(|period| period.to_string()).unwrap_or_default(),
            periods: periods(company.company.calendar, today),
            today: today.to_string(),
            who: visitor.member.name.clone(),
            role: visitor.member.role.name(),
            is_demo: visitor.is_demo,
        }
    }
}

fn periods(calendar: FiscalCalendar, today: Date) -> Vec<String> {
    let year = calendar.year_of(today);
    let days = calendar.days(year);
    let beside = [days.last.saturating_add(1.day()), days.first.saturating_sub(1.day())];
    let years = [year].into_iter().chain(beside.map(|day| calendar.year_of(day)));
    let parts = |year: Period| std::iter::once(year).chain(calendar.quarters(year));
    years.flat_map(parts).map(|period| period.to_string()).collect()
}

/// A template as an answer.
///
/// # Errors
/// When it cannot be filled, which no page is known to bring about.
pub(super) fn html(status: StatusCode, page: &impl askama::Template) -> Result<Response, Fault> {
    let html = page.render().map_err(|error| Fault::Broken(error.to_string()))?;
    Ok((status, Html(html)).into_response())
}

/// A message as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '?']) { "" } else { "." };
    format!("{}{end}", capital(text))
}
