//! Touches that wait until it is known whether the table holds them.

use std::collections::HashMap;
use std::hash::Hash;

use super::{Coded, Texts, TouchColumns};

/// Rows of several parts as columns of their own.
#[derive(Default)]
pub(super) struct Waiting {
    columns: TouchColumns,
    persons: Places<[u8; 16]>,
    accounts: Places<[u8; 16]>,
    channels: Places<String>,
    touch_kinds: Places<String>,
    campaigns: Places<String>,
}

/// The places of what is kept once, by what it is.
type Places<T> = HashMap<T, u32>;

impl Waiting {
    pub fn len(&self) -> usize {
        self.columns.touch_key.len()
    }

    pub fn into_columns(self) -> TouchColumns {
        self.columns
    }

    /// Takes some rows on.
    pub fn add(&mut self, from: &TouchColumns, rows: &[u32]) {
        let columns = &mut self.columns;
        columns.recorded_at = from.recorded_at;
        for row in rows.iter().map(|row| *row as usize) {
            columns.touch_key.push(from.touch_key[row]);
            columns.occurred_at.push(from.occurred_at[row]);
            let person = from.persons[from.person[row] as usize];
            columns.person.push(place(&mut self.persons, &mut columns.persons, person));
            columns.account.push(from.account[row].map(|account| {
                let account = from.accounts[account as usize];
                place(&mut self.accounts, &mut columns.accounts, account)
            }));
            columns.channel.copy(&mut self.channels, &from.channel, row);
            columns.touch_kind.copy(&mut self.touch_kinds, &from.touch_kind, row);
            columns.campaign.copy(&mut self.campaigns, &from.campaign, row);
            columns.url.push(from.url.at(row));
        }
    }
}

/// The place of a value in `all`, where it is put if it is not there.
fn place<T: Clone + Eq + Hash>(places: &mut Places<T>, all: &mut Vec<T>, value: T) -> u32 {
    *places.entry(value).or_insert_with_key(|value| {
        all.push(value.clone());
        u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
    })
}

impl Coded {
    fn copy(&mut self, places: &mut Places<String>, from: &Coded, row: usize) {
        let name = from.names[from.codes[row] as usize].clone();
        self.codes.push(place(places, &mut self.names, name));
    }
}

impl Texts {
    fn at(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start as usize..self.ends[row] as usize]
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }
}
