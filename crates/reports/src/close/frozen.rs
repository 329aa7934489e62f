//! Frozen figures as tables: a row a name, a column a part.

use domain::money::{Currency, Money};
use domain::period_close::{Figure, Frozen, Section, Unit};
use serde_json::{Value, json};

use crate::document::{Cell, Table};
use crate::render::{capital, code};

/// Deals that a table shows, the first ones; JSON has all.
const ROWS_SHOWN_MAX: usize = 20;
/// Columns of parts that stand side by side.
const PARTS_MAX: usize = 6;

/// What a section is called.
pub fn title(section: Section) -> &'static str {
    match section {
        Section::Pipeline => "Open pipeline at its end",
        Section::OpenDeal => "Open deals at its end",
        Section::Won => "Deals won in it",
        Section::Metric => "Metrics",
        Section::ChannelConversions => "Wins credited to channels",
        Section::ChannelValue => "Value credited to channels",
        Section::CampaignConversions => "Wins credited to campaigns",
        Section::CampaignValue => "Value credited to campaigns",
        Section::Agreement => "How the agreement was kept",
        Section::Forecast => "What was forecast, and what came",
        Section::Call => "What was called, and what came",
        Section::Goal => "Goals",
        Section::Plan => "Saved plans",
    }
}

/// What a figure is of, as people read it.
pub fn name(section: Section, name: &str) -> String {
    match section {
        Section::Metric => name.replace('_', " "),
        _ => name.to_owned(),
    }
}

/// A part's name as people read it.
pub fn words(part: &str) -> String {
    capital(&part.replace('_', " "))
}

/// A kept value for people.
pub fn cell(unit: Unit, kept: i64, currency: Currency) -> Cell {
    let number = unit.number(kept);
    match unit {
        Unit::Count => Cell::Count(kept),
        Unit::Money => Money { minor: kept, currency }.into(),
        Unit::Share => Cell::Share(number),
        Unit::Days => Cell::Days(number),
        Unit::Number if number.fract() == 0.0 => Cell::Count(number as i64),
        Unit::Number => Cell::Number(number),
    }
}

/// A kept value for programs: money as a decimal text.
pub fn value(unit: Unit, kept: i64, currency: Currency) -> Value {
    match unit {
        Unit::Count => kept.into(),
        Unit::Money => Money { minor: kept, currency }.to_decimal().into(),
        Unit::Share | Unit::Days | Unit::Number => unit.number(kept).into(),
    }
}

pub fn json(frozen: &Frozen) -> Value {
    let figure = |it: &Figure| {
        json!({
            "section": it.section.name(),
            "name": it.name,
            "part": it.part,
            "unit": it.unit.name(),
            "value": it.value.map(|kept| value(it.unit, kept, frozen.currency)),
        })
    };
    frozen.figures.iter().map(figure).collect()
}

/// All sections that have figures.
pub fn tables(frozen: &Frozen) -> Vec<Table> {
    Section::ALL.into_iter().flat_map(|section| of_section(frozen, section)).collect()
}

fn of_section(frozen: &Frozen, section: Section) -> Vec<Table> {
    let figures: Vec<&Figure> =
        frozen.figures.iter().filter(|figure| figure.section == section).collect();
    let (mut names, mut parts): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let is_list = matches!(section, Section::OpenDeal | Section::Won);
    for figure in &figures {
        // Figures of one name stand together.
        if names.last() != Some(&figure.name.as_str()) {
            names.push(&figure.name);
        }
        if !parts.contains(&figure.part.as_str()) && !is_list {
            parts.push(&figure.part);
        }
    }
    if is_list {
        return deals(frozen, section, &figures);
    }
    let several = parts.len() > PARTS_MAX;
    let table = |(place, parts): (usize, &[&str])| {
        let title = match several {
            true => format!("{} ({})", title(section), place + 1),
            false => title(section).to_owned(),
        };
        let heads = parts.iter().map(|part| format!(">{}", words(part)));
        let columns: Vec<String> = std::iter::once(String::new()).chain(heads).collect();
        let mut table = Table::new(&title, &columns);
        for name in &names {
            let of = |part: &&str| {
                let found = figures.iter().find(|it| it.name == *name && it.part == **part);
                let kept = found.and_then(|it| Some((it.unit, it.value?)));
                Cell::from(kept.map(|(unit, kept)| cell(unit, kept, frozen.currency)))
            };
            let name = Cell::from(self::name(section, name));
            table.row(std::iter::once(name).chain(parts.iter().map(of)).collect::<Vec<_>>());
        }
        table
    };
    parts.chunks(PARTS_MAX).enumerate().map(table).collect()
}

fn deals(frozen: &Frozen, section: Section, figures: &[&Figure]) -> Vec<Table> {
    if figures.is_empty() {
        return Vec::new();
    }
    let shown = figures.len().min(ROWS_SHOWN_MAX);
    let name = match shown < figures.len() {
        true => format!("{}, {shown} of {}", title(section), figures.len()),
        false => title(section).to_owned(),
    };
    let amount = format!(">Amount {}", code(frozen.currency));
    let mut table = Table::new(&name, &["Deal", &amount]);
    let mut largest: Vec<&&Figure> = figures.iter().collect();
    largest.sort_by_key(|it| std::cmp::Reverse(it.value));
    for figure in largest.into_iter().take(shown) {
        let amount = figure.value.map(|kept| cell(figure.unit, kept, frozen.currency));
        table.row([figure.name.as_str().into(), amount.into()]);
    }
    vec![table]
}

/// What the reader must know of frozen figures.
pub fn notes() -> Vec<String> {
    vec![
        "Figures are of what was true by the period's end and known when it was closed; credits \
         are of wins, with the touches of 90 days before each."
            .to_owned(),
        "The text of all figures and its SHA-256 are in the JSON: any tool can hash it anew."
            .to_owned(),
    ]
}
