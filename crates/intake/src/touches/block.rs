//! One block of touches in the making: rows in, columns out, no allocation a row.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use domain::key::canonical;
use memchr::{memchr, memchr_iter, memchr2_iter};
use twox_hash::XxHash3_128;

use super::clock::Clock;
use super::dictionary::{Dictionary, Places};
use super::{Part, TouchPlan, key_of_id};
use crate::digests::AsIs;
use crate::limits::FIELD_BYTES_MAX;
use crate::plan::CellFault;
use crate::reader::reject;
use crate::refusal::{Reason, Reject};
use crate::rows::{Delimiter, RowSpan, extent_of_row};
use crate::source::{Record, fill};

/// Touches as columns of one length, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TouchBlock {
    /// Physical lines, from 1.
    pub line: Vec<u64>,
    /// What makes a touch one touch: the digest of its source's id, or of its content.
    pub touch_key: Vec<u128>,
    /// Microseconds since 1970.
    pub occurred_at: Vec<i64>,
    /// Places in `persons`: the best key that the row has, CRM id before e-mail before anonymous.
    pub person: Vec<u32>,
    pub persons: Persons,
    /// Places in `persons` of two keys that one row has: they are one person. Each pair once.
    pub same_person: Vec<(u32, u32)>,
    pub channel: Coded,
    pub touch_kind: Coded,
    pub campaign: Coded,
    pub account: Coded,
    /// All URLs; the n-th ends at byte `url_ends[n]` and begins where the one before it ends.
    pub urls: String,
    pub url_ends: Vec<u32>,
    pub rejects: Vec<Reject>,
}

/// A column of few distinct texts: places in `names`. The empty name stands for "none".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coded {
    pub codes: Vec<u32>,
    pub names: Vec<String>,
}

/// The distinct keys of persons in a block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Persons {
    pub namespaces: Vec<Namespace>,
    /// Digests of namespace and key, the same in every block and file.
    pub digests: Vec<u128>,
    /// All keys; the n-th ends at byte `ends[n]`.
    pub keys: String,
    pub ends: Vec<u32>,
}

/// Where a person's key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Namespace {
    CrmId,
    Email,
    Anonymous,
}

impl Persons {
    /// The key at a place.
    pub fn key(&self, place: u32) -> &str {
        let place = place as usize;
        let end_of = |place: usize| self.ends.get(place).map_or(0, |end| *end as usize);
        let start = if place == 0 { 0 } else { end_of(place - 1) };
        self.keys.get(start..end_of(place)).unwrap_or_default()
    }
}

/// Digests of ids and of contents never meet: they have different seeds.
pub(super) const SEED_OF_IDS: u64 = 1;
pub(super) const SEED_OF_CONTENTS: u64 = 2;

pub(super) struct Builder<'a> {
    plan: &'a TouchPlan,
    clock: Clock<'a>,
    scratch: &'a mut Scratch,
    block: TouchBlock,
}

/// What a builder needs besides its block; kept for the next one.
#[derive(Default)]
pub(super) struct Scratch {
    places: Places,
    pairs: HashSet<u64, BuildHasherDefault<AsIs>>,
    channels: Dictionary,
    touch_kinds: Dictionary,
    campaigns: Dictionary,
    accounts: Dictionary,
    /// What a touch without an id says, to be digested.
    content: Vec<u8>,
}

/// The cells of a row by column.
trait Cells {
    fn cell(&self, column: usize) -> &str;
}

/// Cells of a row without quotes: where each begins; the next begins one byte behind its end.
struct Plain<'a> {
    text: &'a str,
    starts: &'a [usize],
}

impl Cells for Plain<'_> {
    fn cell(&self, column: usize) -> &str {
        match (self.starts.get(column), self.starts.get(column + 1)) {
            (Some(start), Some(next)) => self.text.get(*start..next - 1).unwrap_or_default(),
            _ => "",
        }
    }
}

impl Cells for Record {
    fn cell(&self, column: usize) -> &str {
        self.get(column)
    }
}

fn part<'a>(cells: &'a impl Cells, part: &'a Part) -> &'a str {
    match part {
        Part::Column(column) => cells.cell(*column).trim_ascii(),
        Part::Constant(text) => text,
        Part::Absent => "",
    }
}

impl<'a> Builder<'a> {
    /// A builder of a block of about `rows` touches.
    pub(super) fn new(plan: &'a TouchPlan, scratch: &'a mut Scratch, rows: usize) -> Builder<'a> {
        let mut block = TouchBlock::default();
        block.line.reserve(rows);
        block.touch_key.reserve(rows);
        block.occurred_at.reserve(rows);
        let codes = [&mut block.channel, &mut block.touch_kind, &mut block.campaign];
        codes.into_iter().for_each(|coded| coded.codes.reserve(rows));
        block.account.codes.reserve(rows);
        block.person.reserve(rows);
        block.url_ends.reserve(rows);
        let clock = Clock::new(&plan.assumptions, plan.date_order);
        Builder { plan, clock, scratch, block }
    }

    pub fn finish(self) -> TouchBlock {
        let mut block = self.block;
        self.scratch.places.clear();
        self.scratch.pairs.clear();
        block.channel.names = self.scratch.channels.take();
        block.touch_kind.names = self.scratch.touch_kinds.take();
        block.campaign.names = self.scratch.campaigns.take();
        block.account.names = self.scratch.accounts.take();
        block
    }

    /// How many bytes of URLs and keys the block holds.
    pub fn text_bytes(&self) -> usize {
        self.block.urls.len() + self.block.persons.keys.len()
    }

    /// Adds whole rows, the first of which begins on `line`.
    pub fn push_rows(&mut self, line: u64, bytes: &[u8], delimiter: Delimiter) {
        match (std::str::from_utf8(bytes), delimiter) {
            (Ok(text), Delimiter::Byte(delimiter)) if is_plain(bytes) => {
                self.push_plain(line, text, delimiter);
            }
            _ => self.push_any(line, bytes, delimiter),
        }
    }

    /// Adds a row of its own.
    pub fn push_row(&mut self, row: &RowSpan, bytes: &[u8], delimiter: Delimiter) {
        let mut record = Record::default();
        record.clear(row.line);
        fill(&mut record, bytes, row.fault, delimiter);
        record.check_row(self.plan.headers.len(), delimiter);
        self.push_record(&record);
    }

    pub fn push_record(&mut self, record: &Record) {
        let outcome = match record.fault.clone() {
            Some(reason) => {
                let value = record.get(0).to_owned();
                Err(CellFault { column: None, value, reason })
            }
            None => self.push(record.line, record),
        };
        if let Err(fault) = outcome {
            self.block.rejects.push(reject(record, fault));
        }
    }

    /// Rows without quotes: one pass finds all cells and row ends.
    fn push_plain(&mut self, line: u64, text: &str, delimiter: u8) {
        let mut starts: Vec<usize> = vec![0];
        let mut line = line;
        let bytes = text.as_bytes();
        let behind = (bytes.last() != Some(&b'\n')).then_some(bytes.len());
        for at in memchr2_iter(delimiter, b'\n', bytes).chain(behind) {
            if bytes.get(at) == Some(&delimiter) {
                starts.push(at + 1);
                continue;
            }
            let start = starts.first().copied().unwrap_or(at);
            let end = if at > start && bytes.get(at - 1) == Some(&b'\r') { at - 1 } else { at };
            starts.push(end + 1);
            self.push_plain_row(
                line,
                text.get(start..end).unwrap_or_default(),
                text,
                &starts,
                delimiter,
            );
            starts.clear();
            starts.push(at + 1);
            line += 1;
        }
    }

    fn push_plain_row(
        &mut self,
        line: u64,
        row: &str,
        text: &str,
        starts: &[usize],
        delimiter: u8,
    ) {
        let is_whole = starts.len() == self.plan.headers.len() + 1 && row.len() <= FIELD_BYTES_MAX;
        let cells = Plain { text, starts };
        if is_whole && self.push(line, &cells).is_ok() {
            return;
        }
        if row.bytes().all(|byte| byte.is_ascii_whitespace() || byte == delimiter) {
            return;
        }
        let span = RowSpan { line, bytes: 0..row.len(), fault: None };
        self.push_row(&span, row.as_bytes(), Delimiter::Byte(delimiter));
    }

    /// Rows of any form.
    fn push_any(&mut self, mut line: u64, bytes: &[u8], delimiter: Delimiter) {
        let mut record = Record::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (length, fault) = extent_of_row(rest, delimiter);
            let (row, behind) = rest.split_at(length);
            record.clear(line);
            fill(&mut record, row, fault, delimiter);
            if !record.is_blank() {
                record.check_row(self.plan.headers.len(), delimiter);
                self.push_record(&record);
            }
            let line_end = match behind {
                [b'\r', b'\n', ..] => 2,
                [] => 0,
                _ => 1,
            };
            line += crate::rows::line_ends(&rest[..length + line_end]);
            rest = &behind[line_end..];
        }
    }

    fn push(&mut self, line: u64, cells: &impl Cells) -> Result<(), CellFault> {
        let plan = self.plan;
        let time = part(cells, &plan.occurred_at);
        let micros = match self.clock.micros(time) {
            Ok(micros) => micros,
            Err(_) if time.is_empty() => {
                return Err(plan.fault(&plan.occurred_at, "", Reason::MissingTime));
            }
            Err(reason) => return Err(plan.fault(&plan.occurred_at, time, reason)),
        };
        let keys = [
            (Namespace::CrmId, canonical(part(cells, &plan.person_key))),
            (Namespace::Email, part(cells, &plan.email)),
            (Namespace::Anonymous, part(cells, &plan.anonymous_id)),
        ];
        let Some(person) = self.person(keys) else {
            return Err(plan.fault(&plan.person_key, "", Reason::MissingPerson));
        };
        let names = [&plan.channel, &plan.touch_kind, &plan.campaign, &plan.account];
        let [channel, touch_kind, campaign, account] = names.map(|it| part(cells, it));
        let account = canonical(account);
        let url = part(cells, &plan.url);
        let touch_key = match part(cells, &plan.touch_id) {
            "" => self.digest_of_content(micros, person, &[channel, touch_kind, campaign, url]),
            id => key_of_id(id),
        };
        let block = &mut self.block;
        block.line.push(line);
        block.touch_key.push(touch_key);
        block.occurred_at.push(micros);
        block.person.push(person);
        block.channel.codes.push(self.scratch.channels.code(channel));
        block.touch_kind.codes.push(self.scratch.touch_kinds.code(touch_kind));
        block.campaign.codes.push(self.scratch.campaigns.code(campaign));
        block.account.codes.push(self.scratch.accounts.code(account));
        block.urls.push_str(url);
        block.url_ends.push(block.urls.len() as u32);
        Ok(())
    }

    /// The place of the best key; what the others name is the same person.
    fn person(&mut self, keys: [(Namespace, &str); 3]) -> Option<u32> {
        let mut best = None;
        for (namespace, key) in keys {
            if key.is_empty() {
                continue;
            }
            let place = match namespace {
                Namespace::Email => self.place(namespace, &key.to_lowercase()),
                _ => self.place(namespace, key),
            };
            match best {
                None => best = Some(place),
                Some(best) if self.scratch.pairs.insert(pair_digest(best, place)) => {
                    self.block.same_person.push((best, place));
                }
                Some(_) => {}
            }
        }
        best
    }

    fn place(&mut self, namespace: Namespace, key: &str) -> u32 {
        let digest = XxHash3_128::oneshot_with_seed(namespace as u64, key.as_bytes());
        let (place, is_new) = self.scratch.places.place(digest);
        if is_new {
            let persons = &mut self.block.persons;
            persons.namespaces.push(namespace);
            persons.digests.push(digest);
            persons.keys.push_str(key);
            persons.ends.push(persons.keys.len() as u32);
        }
        place
    }

    fn digest_of_content(&mut self, micros: i64, person: u32, texts: &[&str]) -> u128 {
        let content = &mut self.scratch.content;
        content.clear();
        content.extend_from_slice(&micros.to_le_bytes());
        let digest = self.block.persons.digests.get(person as usize).copied().unwrap_or(0);
        content.extend_from_slice(&digest.to_le_bytes());
        for text in texts {
            content.extend_from_slice(&(text.len() as u64).to_le_bytes());
            content.extend_from_slice(text.as_bytes());
        }
        XxHash3_128::oneshot_with_seed(SEED_OF_CONTENTS, content)
    }
}

fn pair_digest(one: u32, other: u32) -> u64 {
    let pair = u64::from(one) << 32 | u64::from(other);
    XxHash3_128::oneshot(&pair.to_le_bytes()) as u64
}

/// Whether rows are what lies between line feeds, and cells what lies between delimiters.
fn is_plain(bytes: &[u8]) -> bool {
    memchr(b'"', bytes).is_none()
        && memchr(0, bytes).is_none()
        && memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1) == Some(&b'\n'))
}

impl TouchPlan {
    fn fault(&self, part: &Part, value: &str, reason: Reason) -> CellFault {
        let column = match part {
            Part::Column(column) => self.headers.get(*column).cloned(),
            Part::Constant(_) | Part::Absent => None,
        };
        CellFault { column, value: value.to_owned(), reason }
    }
}
