//! The files being written: one CSV table a kind, counted row by row.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::lives::Kept;
use crate::truth::Totals;
use crate::{Error, Export};

const BUFFER_BYTES: usize = 1 << 18;

/// All files of an export, the fields in import order, and what has been counted so far.
pub struct Sink {
    pub teams: Table,
    pub users: Table,
    pub products: Table,
    pub accounts: Table,
    pub people: Table,
    pub campaigns: Table,
    pub costs: Table,
    pub leads: Table,
    pub lead_changes: Table,
    pub deals: Table,
    pub deal_changes: Table,
    pub touches: Table,
    pub purchases: Table,
    pub subscriptions: Table,
    pub totals: Totals,
    /// Leads and deals as values, where they are asked for.
    pub kept: Option<Kept>,
}

impl Sink {
    pub fn create(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder)
            .map_err(|source| Error::Create { path: folder.to_owned(), source })?;
        Self::of(|kind| Table::create(folder, kind))
    }

    /// Writes no file; keeps leads and deals as values.
    pub fn keeping() -> Result<Self, Error> {
        let sink = Self::of(|kind| Ok(Table::counting(kind)))?;
        Ok(Self { kept: Some(Kept::default()), ..sink })
    }

    fn of(table: impl Fn(&'static str) -> Result<Table, Error>) -> Result<Self, Error> {
        Ok(Self {
            teams: table("teams")?,
            users: table("users")?,
            products: table("products")?,
            accounts: table("accounts")?,
            people: table("people")?,
            campaigns: table("campaigns")?,
            costs: table("costs")?,
            leads: table("leads")?,
            lead_changes: table("lead_changes")?,
            deals: table("deals")?,
            deal_changes: table("deal_changes")?,
            touches: table("touches")?,
            purchases: table("purchases")?,
            subscriptions: table("subscriptions")?,
            totals: Totals::default(),
            kept: None,
        })
    }

    /// Writes what is buffered; the list is in import order.
    pub fn finish(&mut self) -> Result<Vec<Export>, Error> {
        self.tables().into_iter().map(Table::finish).collect()
    }

    fn tables(&mut self) -> [&mut Table; 14] {
        [
            &mut self.teams,
            &mut self.users,
            &mut self.products,
            &mut self.accounts,
            &mut self.people,
            &mut self.campaigns,
            &mut self.costs,
            &mut self.leads,
            &mut self.lead_changes,
            &mut self.deals,
            &mut self.deal_changes,
            &mut self.touches,
            &mut self.purchases,
            &mut self.subscriptions,
        ]
    }
}

pub struct Table {
    kind: &'static str,
    path: PathBuf,
    /// Without one, rows are only counted.
    writer: Option<csv::Writer<File>>,
    pub rows: u64,
}

impl Table {
    pub fn create(folder: &Path, kind: &'static str) -> Result<Self, Error> {
        let path = folder.join(format!("{kind}.csv"));
        let file =
            File::create(&path).map_err(|source| Error::Create { path: path.clone(), source })?;
        let writer = csv::WriterBuilder::new().buffer_capacity(BUFFER_BYTES).from_writer(file);
        Ok(Self { kind, path, writer: Some(writer), rows: 0 })
    }

    fn counting(kind: &'static str) -> Self {
        Self { kind, path: PathBuf::new(), writer: None, rows: 0 }
    }

    pub fn write(&mut self, row: &impl Serialize) -> Result<(), Error> {
        self.rows += 1;
        let written = self.writer.as_mut().map_or(Ok(()), |writer| writer.serialize(row));
        written.map_err(|error| Error::Write { path: self.path.clone(), source: error.into() })
    }

    /// The number that the next row's id carries: rows are numbered from 1.
    pub fn next_number(&self) -> u64 {
        self.rows + 1
    }

    pub fn finish(&mut self) -> Result<Export, Error> {
        let flushed = self.writer.as_mut().map_or(Ok(()), csv::Writer::flush);
        flushed.map_err(|source| Error::Write { path: self.path.clone(), source })?;
        Ok(Export { path: self.path.clone(), kind: self.kind, rows: self.rows })
    }
}
