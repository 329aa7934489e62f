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

    fn push(&mut self, touch: Touch<'_>) {
        let columns = &mut self.columns;
        columns.touch_key.push(touch.touch_key);
        columns.occurred_at.push(touch.occurred_at);
        columns.person.push(place(&mut self.persons, &mut columns.persons, touch.person));
        let accounts = (&mut self.accounts, &mut columns.accounts);
        columns.account.push(touch.account.map(|id| place(accounts.0, accounts.1, id)));
        columns.channel.push(&mut self.channels, touch.channel);
        columns.touch_kind.push(&mut self.touch_kinds, touch.touch_kind);
        columns.campaign.push(&mut self.campaigns, touch.campaign);
        columns.url.push(touch.url);
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

/// A touch on its own. Empty texts stand for "none".
#[derive(Clone, Copy, Debug)]
pub struct Touch<'a> {
    pub touch_key: u128,
    /// Microseconds since 1970.
    pub occurred_at: i64,
    pub person: [u8; 16],
    pub channel: &'a str,
    pub touch_kind: &'a str,
    pub campaign: &'a str,
    pub url: &'a str,
    pub account: Option<[u8; 16]>,
}

impl TouchColumns {
    /// Touches one by one as columns; `recorded_at` is when they were learnt.
    pub fn of<'a>(recorded_at: i64, touches: impl Iterator<Item = Touch<'a>>) -> TouchColumns {
        let mut all = Waiting::default();
        all.columns.recorded_at = recorded_at;
        touches.for_each(|touch| all.push(touch));
        all.into_columns()
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
        self.push(places, &from.names[from.codes[row] as usize]);
    }

    fn push(&mut self, places: &mut Places<String>, name: &str) {
        let known = places.get(name).copied();
        let code = known.unwrap_or_else(|| place(places, &mut self.names, name.to_owned()));
        self.codes.push(code);
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
