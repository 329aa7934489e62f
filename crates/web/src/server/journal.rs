//! The journal as a page: what narrows it, and the way from an entry to its record.

use std::collections::BTreeSet;

use domain::journal::{Cause, SETTINGS};
use domain::kind::Kind;
use reports::journal::Entries;

use super::asked::{Asked, Page};
use super::field::Choice;
use super::pages::record_href;
use super::policy::Action;
use super::records::SHOWN;
use super::visitor::Visitor;
use crate::table::TableView;

/// The column of the record.
const RECORD: usize = 2;

/// What narrows the journal, with what is chosen.
pub(super) struct Filter {
    pub kinds: Vec<Choice>,
    pub kind: String,
    pub record: String,
    pub fields: BTreeSet<&'static str>,
    pub field: String,
    pub who: String,
    pub causes: Vec<Choice>,
    pub cause: String,
    pub from: String,
    pub to: String,
    pub text: String,
}

impl Filter {
    pub fn new(visitor: &Visitor, page: Page, asked: &Asked) -> Option<Filter> {
        if page != Page::Journal {
            return None;
        }
        let sees_all = visitor.may(Action::ReadJournal);
        let kinds = if sees_all { Kind::RECORDS.as_slice() } else { &SHOWN };
        let settings = if sees_all { SETTINGS.as_slice() } else { &[] };
        let fields = kinds.iter().flat_map(|kind| kind.fields());
        let fields = fields.filter(|field| !field.personal).map(|field| field.name);
        let choice = |name: &str| Choice { value: name.into(), name: name.replace('_', " ") };
        let names = kinds.iter().map(|kind| kind.name()).chain(settings.iter().copied());
        let told = |text: &Option<String>| text.clone().unwrap_or_default();
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
        Some(Filter {
            kinds: names.map(choice).collect(),
            kind: told(&asked.journal.kind),
            record: told(&asked.journal.record),
            fields: fields.collect(),
            field: told(&asked.journal.field),
            who: told(&asked.journal.who),
            causes: Cause::ALL.map(|cause| choice(cause.name())).into(),
            cause: told(&asked.journal.cause),
            from: day(asked.from).unwrap_or_default(),
            to: day(asked.to).unwrap_or_default(),
            text: told(&asked.filter.text),
        })
    }
}

/// The entries, each leading to its record where that has a page and is still there.
pub(super) fn linked(entries: &Entries, view: TableView) -> TableView {
    let hrefs = entries.entries.iter().map(|entry| match entry.record() {
        Some((kind, _)) if SHOWN.contains(&kind) && entries.is_there(entry) => {
            record_href(kind, entries.subject_id(entry))
        }
        _ => String::new(),
    });
    let mut view = view.linked_at(RECORD, hrefs);
    for cell in view.rows.iter_mut().filter_map(|row| row.cells.last_mut()) {
        // A day and its time stay whole, side by side.
        cell.text = cell.text.replace(' ', "\u{a0}").replace('-', "\u{2011}");
    }
    view
}
