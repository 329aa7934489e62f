//! The files that a CRM would give on the day of the export, and `truth.json` beside them.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use super::company::Company;
use super::{Deal, Kind, Quarter};
use crate::export::Table;
use crate::random::{Stream, Subject};
use crate::rows::{Money, Shown};
use crate::{Error, Export, Exports};

/// Minutes after midnight at which the day's first change is entered.
const FIRST_MINUTE: usize = 8 * 60;

impl Company {
    /// Writes `deals.csv`, `deal_changes.csv` where the system keeps a history, and `truth.json`
    /// into a folder, which is made if need be.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<Exports, Error> {
        let deals = self.deals();
        let seen = self.seen(&deals, self.export_on);
        fs::create_dir_all(folder)
            .map_err(|source| Error::Create { path: folder.to_owned(), source })?;
        let mut files = vec![self.write_deals(&seen, folder)?];
        if self.records.has_stage_history {
            files.push(self.write_changes(&seen, folder)?);
        }
        let truth = write_truth(&self.truth(&deals), folder)?;
        Ok(Exports { files, truth })
    }

    fn write_deals(&self, seen: &[Deal], folder: &Path) -> Result<Export, Error> {
        let mut table = Table::create(folder, "deals")?;
        for deal in seen {
            let mut stream = Stream::of(self.seed, Subject::Dirt, deal.id);
            let row = self.row(deal, &mut stream);
            table.write(&row)?;
            if stream.chance(self.records.duplicated) {
                table.write(&row)?;
            }
        }
        table.finish()
    }

    fn row(&self, deal: &Deal, stream: &mut Stream) -> DealRow {
        let mut spelt = |name: &str| self.spelt(name, stream);
        let product = self.product(deal).map(&mut spelt);
        let owner = self.owner(deal).map(&mut spelt);
        let source = deal.source.and_then(|index| self.sources.get(usize::from(index)));
        let source = source.map(|source| spelt(&source.name));
        let is_undated = stream.chance(self.records.closed_undated);
        let expected = deal.expected.last().map(|(_, on)| *on);
        let close_date = match deal.closed {
            Some(closed) => Some(closed.on).filter(|_| !is_undated),
            None => expected.filter(|_| self.records.has_expected_dates),
        };
        DealRow {
            deal_id: id(deal),
            name: format!("Deal {}", deal.id),
            account: format!("Account {}", deal.account),
            product,
            owner,
            source,
            kind: match deal.kind {
                Kind::New => "New Business",
                Kind::Renewal => "Renewal",
            },
            stage: self.stage(deal),
            amount: deal.amounts.last().map(|(_, amount)| Money(*amount)),
            created_at: self.stamp(deal.created, FIRST_MINUTE),
            close_date: close_date.map(Shown),
        }
    }

    fn product<'a>(&'a self, deal: &Deal) -> Option<&'a str> {
        let product = deal.product.and_then(|index| self.products.get(usize::from(index)));
        product.map(|product| product.name.as_str())
    }

    fn owner<'a>(&'a self, deal: &Deal) -> Option<&'a str> {
        let owner = deal.owner.and_then(|index| self.sellers.get(usize::from(index)));
        owner.map(|owner| owner.name.as_str())
    }

    fn stage(&self, deal: &Deal) -> &'static str {
        match deal.closed {
            Some(closed) if closed.is_won => "Closed Won",
            Some(_) => "Closed Lost",
            None => deal.moves.last().map_or("", |(_, stage)| stage),
        }
    }

    /// The name as somebody typed it.
    fn spelt(&self, name: &str, stream: &mut Stream) -> String {
        if !stream.chance(self.records.misspelt) {
            return name.to_owned();
        }
        match stream.below(4) {
            0 => name.to_uppercase(),
            1 => name.to_lowercase(),
            2 => format!(" {name} "),
            _ => name.replace(' ', ""),
        }
    }

    fn write_changes(&self, seen: &[Deal], folder: &Path) -> Result<Export, Error> {
        let mut table = Table::create(folder, "deal_changes")?;
        for deal in seen {
            for (index, row) in self.changes(deal).into_iter().enumerate() {
                let changed_at = self.stamp(row.on, FIRST_MINUTE + index);
                table.write(&ChangeRow {
                    deal_id: id(deal),
                    changed_at,
                    stage: row.stage,
                    amount: row.amount,
                    close_date: row.close_date.map(Shown),
                })?;
            }
        }
        table.finish()
    }

    /// The deal after each day on which anything of it changed.
    fn changes(&self, deal: &Deal) -> Vec<Change> {
        let closed = deal.closed.map(|closed| closed.on);
        let dates = (deal.moves.iter().map(|it| it.0))
            .chain(deal.amounts.iter().map(|it| it.0))
            .chain(deal.expected.iter().map(|it| it.0))
            .chain(closed);
        let mut dates: Vec<Date> = dates.collect();
        dates.sort_unstable();
        dates.dedup();
        dates.into_iter().map(|on| self.change(deal, on)).collect()
    }

    fn change(&self, deal: &Deal, on: Date) -> Change {
        let closed = deal.closed.filter(|closed| closed.on <= on);
        let expected = last_by(&deal.expected, on).filter(|_| self.records.has_expected_dates);
        Change {
            on,
            stage: match closed {
                Some(_) => self.stage(deal),
                None => last_by(&deal.moves, on).unwrap_or_default(),
            },
            amount: last_by(&deal.amounts, on).map(Money),
            close_date: closed.map(|closed| closed.on).or(expected),
        }
    }

    fn stamp(&self, date: Date, minute: usize) -> String {
        let (hour, minute) = (minute / 60 % 24, minute % 60);
        let time = format!("T{hour:02}:{minute:02}:00Z");
        format!("{date}{}", if self.records.has_times { &time } else { "" })
    }

    fn truth(&self, deals: &[Deal]) -> Truth<'_> {
        let known = |deal: &&Deal| deal.created <= self.export_on;
        let closed = |deal: &&Deal| deal.closed.is_some_and(|it| it.on <= self.export_on);
        let won = |deal: &&Deal| closed(deal) && deal.booked().is_some();
        let of_next = |deals: &mut dyn Iterator<Item = &Deal>| {
            let deals: Vec<Deal> = deals.cloned().collect();
            let quarters = self.quarters(&deals).into_iter();
            quarters.filter(|quarter| quarter.ends_on > self.export_on).collect()
        };
        Truth {
            company: self,
            deals: deals.iter().filter(known).count(),
            closed: deals.iter().filter(closed).count(),
            won: deals.iter().filter(won).count(),
            quarters: self.quarters(deals),
            next_from_open: of_next(&mut deals.iter().filter(known).filter(|it| !closed(it))),
            next_from_new: of_next(&mut deals.iter().filter(|it| !known(it))),
        }
    }
}

#[derive(Serialize)]
struct Truth<'a> {
    company: &'a Company,
    /// Created, closed and won by the day of the export, as they truly were.
    deals: usize,
    closed: usize,
    won: usize,
    /// All quarters from the start to the end, in minor units.
    quarters: Vec<Quarter>,
    /// Of the quarters that end after the export: from deals open then, and from later ones.
    next_from_open: Vec<Quarter>,
    next_from_new: Vec<Quarter>,
}

#[derive(Serialize)]
struct DealRow {
    deal_id: String,
    name: String,
    account: String,
    product: Option<String>,
    owner: Option<String>,
    source: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    stage: &'static str,
    amount: Option<Money>,
    created_at: String,
    close_date: Option<Shown<Date>>,
}

#[derive(Serialize)]
struct ChangeRow {
    deal_id: String,
    changed_at: String,
    stage: &'static str,
    amount: Option<Money>,
    close_date: Option<Shown<Date>>,
}

struct Change {
    on: Date,
    stage: &'static str,
    amount: Option<Money>,
    close_date: Option<Date>,
}

fn write_truth(truth: &Truth<'_>, folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join("truth.json");
    let failed = |source| Error::Write { path: path.clone(), source };
    let text = serde_json::to_string_pretty(truth).map_err(|error| failed(error.into()))?;
    fs::write(&path, text + "\n").map_err(failed)?;
    Ok(path)
}

fn id(deal: &Deal) -> String {
    format!("D-{:06}", deal.id)
}

fn last_by<T: Copy>(history: &[(Date, T)], on: Date) -> Option<T> {
    history.iter().rev().find(|(day, _)| *day <= on).map(|(_, value)| *value)
}
