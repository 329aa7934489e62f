//! Whole journeys: the touches of each person, or of all people of an account, in order of time.
//!
//! Touches are read where they lie, without a query: the columns that are asked for, by bucket. A
//! bucket is worked on by one thread, which merges what the files hold of it (each is sorted
//! already) and hands its journeys over one by one. What is not held at once is read in several
//! passes over the buckets, so that memory does not grow with the number of touches.
//!
//! Touches of one person at one instant are ordered by the names of their keys. Those that are
//! equal in that too are the same to whoever looks at keys and times alone, so that journeys do not
//! depend on the order in which touches were told.

mod files;
#[cfg(test)]
mod tests;
mod whose;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use uuid::Uuid;

use crate::error::LakeError;
use crate::limits::{JOURNEY_ROWS_MAX, PERSON_BUCKETS};
use files::{FileRows, Files, Names, Read};
use whose::Whose;

use crate::tables::Tables;

/// What of a touch journeys are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TouchKey {
    Channel,
    Campaign,
    /// The id of the account that the touch names.
    Account,
}

impl TouchKey {
    fn column(self) -> &'static str {
        match self {
            TouchKey::Channel => "channel",
            TouchKey::Campaign => "campaign",
            TouchKey::Account => "account_id",
        }
    }
}

/// Who converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Converter {
    Person(Uuid),
    /// All people of the account.
    Account(Uuid),
    /// Nobody that is known.
    Nobody,
}

/// A touch of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// Microseconds since 1970.
    pub at: i64,
    /// The place of its key's name.
    pub key: u32,
}

/// A touch of an account's journey, before it is known which others are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct OfAccount {
    account: u32,
    touch: Touch,
}

/// The journeys of a view, before they are gone through.
pub struct Journeys {
    /// The names of the keys that touches have, in order; the empty one is that of none.
    pub names: Vec<String>,
    /// By the code that a name had while files were read.
    places: Vec<u32>,
    files: Files,
    whose: Whose,
    /// What the files hold, where all of it is held at once.
    held: Option<Vec<FileRows>>,
    passes: Vec<Range<u16>>,
}

impl Tables {
    /// Prepares the journeys of everybody in scope. `converters` are who converted, one for each
    /// conversion. Where any of them is an account, people's touches belong to their accounts.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn journeys(
        &self,
        key: TouchKey,
        converters: &[Converter],
    ) -> Result<Journeys, LakeError> {
        let whose = Whose::new(self.picture(), converters).await?;
        let files = Files::new(&self.picture().view, key)?;
        Journeys::prepare(files, whose, JOURNEY_ROWS_MAX).await
    }
}

impl Journeys {
    /// `rows_max` touches are held at once.
    async fn prepare(files: Files, whose: Whose, rows_max: usize) -> Result<Journeys, LakeError> {
        let names = Mutex::new(Names::default());
        let passes = passes(files.rows(), rows_max);
        let held = if let [all] = &passes[..] {
            Some(files.read(Read::Rows(all.clone()), &whose, &names).await?)
        } else {
            files.read(Read::Names, &whose, &names).await?;
            None
        };
        let names = names.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (names, places) = names.in_order();
        Ok(Journeys { names, places, files, whose, held, passes })
    }

    /// Hands every journey over with the conversions that ended it, by their places among the
    /// converters: all touches in order of time, whether before or after. `make` makes what a
    /// thread gathers. Conversions that no touch belongs to come with none.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn each<S: Send>(
        mut self,
        make: impl Fn() -> S,
        take: impl Fn(&mut S, &[u32], &[Touch]) + Sync,
    ) -> Result<Vec<S>, LakeError> {
        let threads = rayon::current_num_threads().max(1);
        let mut workers: Vec<Worker<S>> =
            (0..threads).map(|_| Worker { state: make(), pool: Vec::new() }).collect();
        // Whoever reads again finds all names known, in their order.
        let names = Mutex::new(Names::of(&self.names));
        let places = self.held.is_some().then(|| std::mem::take(&mut self.places));
        for pass in self.passes.clone() {
            let files = match self.held.take() {
                Some(held) => held,
                None => self.files.read(Read::Rows(pass.clone()), &self.whose, &names).await?,
            };
            let next = AtomicUsize::new(pass.start.into());
            workers.par_iter_mut().with_max_len(1).for_each(|worker| {
                let mut scratch = Scratch::default();
                loop {
                    let bucket = next.fetch_add(1, Ordering::Relaxed);
                    if bucket >= usize::from(pass.end) {
                        return;
                    }
                    scratch.gather(&files, bucket, places.as_deref());
                    scratch.hand_over(bucket, &self.whose, worker, &take);
                }
            });
        }
        accounts(&self.whose, &mut workers, &take);
        let mut states: Vec<S> = workers.into_iter().map(|worker| worker.state).collect();
        if let Some(first) = states.first_mut() {
            self.whose.nobody().iter().for_each(|place| take(first, &[*place], &[]));
        }
        Ok(states)
    }
}

/// What one thread has made, and touches that belong to accounts.
struct Worker<S> {
    state: S,
    pool: Vec<OfAccount>,
}

/// Ranges of buckets, each of about as many touches as are held at once.
fn passes(rows: usize, rows_max: usize) -> Vec<Range<u16>> {
    let buckets = usize::from(PERSON_BUCKETS);
    let count = rows.div_ceil(rows_max).clamp(1, buckets);
    let edge = |pass: usize| u16::try_from(pass * buckets / count).unwrap_or(PERSON_BUCKETS);
    (0..count).map(|pass| edge(pass)..edge(pass + 1)).collect()
}

/// A touch as it was read.
#[derive(Clone, Copy)]
struct Row {
    person: u128,
    at: i64,
    key: u32,
    /// The place of the account that the touch names, [`NO_ACCOUNT`] of none.
    account: u32,
}

const NO_ACCOUNT: u32 = u32::MAX;

/// Memory that serves one bucket after the other.
#[derive(Default)]
struct Scratch {
    rows: Vec<Row>,
    room: Vec<Row>,
    touches: Vec<Touch>,
    places: Vec<u32>,
}

impl Scratch {
    /// Takes the rows of a bucket from all files, in order.
    fn gather(&mut self, files: &[FileRows], bucket: usize, places: Option<&[u32]>) {
        self.rows.clear();
        for file in files {
            self.rows.extend_from_slice(file.bucket(bucket));
        }
        if let Some(places) = places {
            self.rows.iter_mut().for_each(|row| row.key = places[row.key as usize]);
        }
        self.sort();
    }

    /// Puts rows in the order of persons, times and keys: first apart by where a person's id lies
    /// between the least and the greatest, so that hardly more than one person is left together.
    fn sort(&mut self) {
        let id = |row: &Row| (row.person >> 64) as u64;
        let ids = || self.rows.iter().map(id);
        let (Some(least), Some(most)) = (ids().min(), ids().max()) else { return };
        let wanted = self.rows.len().next_power_of_two().trailing_zeros();
        let width = u64::BITS - (most - least).leading_zeros();
        let shift = width.saturating_sub(wanted);
        let part = |row: &Row| ((id(row) - least) >> shift) as usize;
        let mut ends = vec![0_usize; ((most - least) >> shift) as usize + 1];
        self.rows.iter().for_each(|row| ends[part(row)] += 1);
        let mut sum = 0;
        for end in &mut ends {
            let count = std::mem::replace(end, sum);
            sum += count;
        }
        self.room.clone_from(&self.rows);
        for row in &self.rows {
            let place = &mut ends[part(row)];
            self.room[*place] = *row;
            *place += 1;
        }
        std::mem::swap(&mut self.rows, &mut self.room);
        let mut start = 0;
        for end in ends {
            self.rows[start..end].sort_unstable_by_key(|row| (row.person, row.at, row.key));
            start = end;
        }
    }

    /// Hands over the journeys of a bucket's persons; touches of accounts go into the pool.
    fn hand_over<S>(
        &mut self,
        bucket: usize,
        whose: &Whose,
        worker: &mut Worker<S>,
        take: &impl Fn(&mut S, &[u32], &[Touch]),
    ) {
        let mut conversions = whose.of_bucket(bucket);
        for rows in self.rows.chunk_by(|one, other| one.person == other.person) {
            let person = rows[0].person;
            self.touches.clear();
            match whose.accounts() {
                None => self.touches.extend(rows.iter().map(Row::touch)),
                Some(accounts) => {
                    let own = accounts.of_person(person);
                    for row in rows {
                        match if row.account == NO_ACCOUNT { own } else { row.account } {
                            NO_ACCOUNT => self.touches.push(row.touch()),
                            account => worker.pool.push(OfAccount { account, touch: row.touch() }),
                        }
                    }
                }
            }
            let before = conversions.partition_point(|(id, _)| *id < person);
            let (untouched, rest) = conversions.split_at(before);
            untouched.iter().for_each(|(_, place)| take(&mut worker.state, &[*place], &[]));
            let own = rest.partition_point(|(id, _)| *id == person);
            let (own, rest) = rest.split_at(own);
            conversions = rest;
            self.places.clear();
            self.places.extend(own.iter().map(|(_, place)| *place));
            if !self.places.is_empty() || !self.touches.is_empty() {
                take(&mut worker.state, &self.places, &self.touches);
            }
        }
        conversions.iter().for_each(|(_, place)| take(&mut worker.state, &[*place], &[]));
    }
}

impl Row {
    fn touch(&self) -> Touch {
        Touch { at: self.at, key: self.key }
    }
}

/// Hands over the journeys of accounts, each to one thread.
fn accounts<S: Send>(
    whose: &Whose,
    workers: &mut [Worker<S>],
    take: &(impl Fn(&mut S, &[u32], &[Touch]) + Sync),
) {
    let Some(accounts) = whose.accounts() else { return };
    let mut pool: Vec<OfAccount> = Vec::new();
    for worker in workers.iter_mut() {
        match pool.is_empty() {
            true => pool = std::mem::take(&mut worker.pool),
            false => pool.append(&mut worker.pool),
        }
    }
    pool.par_sort_unstable();
    // Accounts are numbered from 0 on, so that equal parts of their count are parts of them.
    let (count, parts) = (u64::from(accounts.count()), workers.len() as u64);
    let edge = |part: u64| u32::try_from(count * part / parts).unwrap_or(NO_ACCOUNT);
    workers.par_iter_mut().enumerate().with_max_len(1).for_each(|(part, worker)| {
        let part = part as u64;
        let (first, last) = (edge(part), edge(part + 1));
        let at = |account: u32| pool.partition_point(|row| row.account < account);
        let rows = &pool[at(first)..at(last)];
        let mut touches: Vec<Touch> = Vec::new();
        let mut next = first;
        let untouched = |state: &mut S, from: u32, to: u32| {
            for account in accounts.converted(from, to) {
                take(state, accounts.conversions(account), &[]);
            }
        };
        for rows in rows.chunk_by(|one, other| one.account == other.account) {
            let account = rows[0].account;
            untouched(&mut worker.state, next, account);
            next = account + 1;
            touches.clear();
            touches.extend(rows.iter().map(|row| row.touch));
            take(&mut worker.state, accounts.conversions(account), &touches);
        }
        untouched(&mut worker.state, next, last);
    });
}
