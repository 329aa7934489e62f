//! Touches: the fast way. A file becomes blocks of columns, straight from its bytes, on as many
//! threads as there are; the blocks are the same on any number of them.
//!
//! A touch is told from others by a key: the digest of its source's id, or of what it says where
//! there is no id, so that a file that is read twice gives the same set.

pub mod block;
mod clock;
mod dictionary;

use std::collections::VecDeque;
use std::path::Path;

use domain::key::canonical;
use domain::kind::Kind;
use twox_hash::XxHash3_128;

use crate::Assumptions;
use crate::limits::{TOUCH_BLOCK_BYTES, TOUCH_BLOCK_ROWS, TOUCH_THREADS_MAX};
use crate::mapping::{Mapping, Target};
use crate::reader::require_targets;
use crate::refusal::Refusal;
use crate::rows::{Delimiter, Fault, RowSpan};
use crate::source::{Record, Source};
use block::{Builder, SEED_OF_CONTENTS, SEED_OF_IDS, Scratch, TouchBlock};

/// The key of a touch whose source has an id for it.
pub fn key_of_id(id: &str) -> u128 {
    XxHash3_128::oneshot_with_seed(SEED_OF_IDS, canonical(id).as_bytes())
}

/// The key of a touch that goes by what it says.
pub fn key_of_content(content: &[u8]) -> u128 {
    XxHash3_128::oneshot_with_seed(SEED_OF_CONTENTS, content)
}

/// Opens a file of touches under a mapping.
pub fn read(
    path: &Path,
    mapping: &Mapping,
    assumptions: &Assumptions,
) -> Result<TouchReader, Refusal> {
    let source = Source::open(path, mapping)?;
    if mapping.kind != Kind::Touches {
        let asked = Kind::Touches.name();
        return Err(Refusal::OtherKind { mapping: mapping.kind.name(), asked });
    }
    require_targets(&source, mapping)?;
    let plan = TouchPlan::new(&source, mapping, assumptions);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let lanes = (0..threads.min(TOUCH_THREADS_MAX)).map(|_| Lane::default()).collect();
    Ok(TouchReader { source, plan, lanes, ready: VecDeque::new() })
}

/// The blocks of a file.
pub struct TouchReader {
    source: Source,
    plan: TouchPlan,
    /// One for each thread.
    lanes: Vec<Lane>,
    ready: VecDeque<TouchBlock>,
}

impl TouchReader {
    /// The next touches in the order of the file, or `None` at its end.
    pub fn next_block(&mut self) -> Result<Option<TouchBlock>, Refusal> {
        if self.ready.is_empty() {
            self.ready = self.next_blocks()?;
        }
        Ok(self.ready.pop_front())
    }

    pub fn headers(&self) -> &[String] {
        &self.source.headers
    }

    /// How far the file has been read, in its own bytes.
    pub fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    pub fn bytes_total(&self) -> u64 {
        self.source.bytes_total
    }

    fn next_blocks(&mut self) -> Result<VecDeque<TouchBlock>, Refusal> {
        let Some(delimiter) = self.source.text_rows().map(|(_, delimiter)| delimiter) else {
            return self.block_of_records();
        };
        let mut busy = 0;
        while busy < self.lanes.len() && self.next_text(busy)? {
            busy += 1;
        }
        let plan = &self.plan;
        let Some((first, others)) = self.lanes[..busy].split_first_mut() else {
            return Ok(VecDeque::new());
        };
        Ok(std::thread::scope(|scope| {
            let work = |lane: &mut Lane| lane.block(plan, delimiter);
            let running: Vec<_> =
                others.iter_mut().map(|lane| scope.spawn(move || work(lane))).collect();
            let mut blocks = VecDeque::from([work(first)]);
            for thread in running {
                match thread.join() {
                    Ok(block) => blocks.push_back(block),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            blocks
        }))
    }

    /// Gives a lane the next rows of the file; `false` at its end.
    fn next_text(&mut self, lane: usize) -> Result<bool, Refusal> {
        let path = self.source.path.clone();
        let unreadable = |source| Refusal::Unreadable { path: path.clone(), source };
        let Some((rows, _)) = self.source.text_rows() else { return Ok(false) };
        let Lane { bytes, form, .. } = &mut self.lanes[lane];
        if let Some(line) = rows.next_block(TOUCH_BLOCK_BYTES, bytes).map_err(unreadable)? {
            *form = Form::Rows { line };
            return Ok(true);
        }
        let Some(row) = rows.next_row().map_err(unreadable)? else { return Ok(false) };
        bytes.clear();
        bytes.extend_from_slice(rows.bytes(&row));
        *form = Form::Odd { line: row.line, fault: row.fault };
        Ok(true)
    }

    /// Touches of a workbook or Parquet file.
    fn block_of_records(&mut self) -> Result<VecDeque<TouchBlock>, Refusal> {
        let mut scratch = Scratch::default();
        let mut builder = Builder::new(&self.plan, &mut scratch, TOUCH_BLOCK_ROWS);
        let mut record = Record::default();
        let mut rows = 0;
        while rows < TOUCH_BLOCK_ROWS
            && builder.text_bytes() < TOUCH_BLOCK_BYTES
            && self.source.next(&mut record)?
        {
            builder.push_record(&record);
            rows += 1;
        }
        Ok(if rows == 0 { VecDeque::new() } else { VecDeque::from([builder.finish()]) })
    }
}

/// What one thread works on: a piece of the file, and memory that serves again and again.
#[derive(Default)]
struct Lane {
    bytes: Vec<u8>,
    form: Form,
    scratch: Scratch,
}

#[derive(Clone, Copy, Default)]
enum Form {
    #[default]
    Empty,
    /// Whole rows, the first of which begins on `line`.
    Rows { line: u64 },
    /// A row too long for a block, or with a fault.
    Odd { line: u64, fault: Option<Fault> },
}

impl Lane {
    fn block(&mut self, plan: &TouchPlan, delimiter: Delimiter) -> TouchBlock {
        /// Shorter rows than this are rare.
        const ROW_BYTES: usize = 100;
        let rows = self.bytes.len() / ROW_BYTES;
        let mut builder = Builder::new(plan, &mut self.scratch, rows);
        match self.form {
            Form::Empty => {}
            Form::Rows { line } => builder.push_rows(line, &self.bytes, delimiter),
            Form::Odd { line, fault } => {
                let row = RowSpan { line, bytes: 0..self.bytes.len(), fault };
                builder.push_row(&row, &self.bytes, delimiter);
            }
        }
        builder.finish()
    }
}

/// Where each part of a touch stands in a row, and how its time is read.
struct TouchPlan {
    headers: Vec<String>,
    touch_id: Part,
    occurred_at: Part,
    person_key: Part,
    email: Part,
    anonymous_id: Part,
    account: Part,
    channel: Part,
    touch_kind: Part,
    campaign: Part,
    url: Part,
    date_order: Option<crate::dates::DateOrder>,
    assumptions: Assumptions,
}

/// A part of a touch: a column, the same text in every row, or nothing.
#[derive(Clone, Debug)]
enum Part {
    Column(usize),
    Constant(String),
    Absent,
}

impl Part {
    fn of(target: Option<Target>, source: &Source, mapping: &Mapping) -> Part {
        let Some(target) = target else { return Part::Absent };
        let header = mapping.header_of(target);
        let place = |header: &str| source.headers.iter().position(|other| other == header);
        if let Some(index) = header.and_then(place) {
            return Part::Column(index);
        }
        let constant = mapping.constants.iter().find(|(other, _)| *other == target);
        constant.map_or(Part::Absent, |(_, value)| Part::Constant(value.clone()))
    }
}

impl TouchPlan {
    fn new(source: &Source, mapping: &Mapping, assumptions: &Assumptions) -> TouchPlan {
        let part = |name| Part::of(Target::parse(Kind::Touches, name), source, mapping);
        let time_header = Target::parse(Kind::Touches, "occurred_at")
            .and_then(|target| mapping.header_of(target))
            .unwrap_or_default();
        let own = mapping.formats.get(time_header).and_then(|format| format.date_order);
        TouchPlan {
            headers: source.headers.clone(),
            touch_id: part("touch_id"),
            occurred_at: part("occurred_at"),
            person_key: part("person_key"),
            email: part("email"),
            anonymous_id: part("anonymous_id"),
            account: part("account"),
            channel: part("channel"),
            touch_kind: part("touch_kind"),
            campaign: part("campaign"),
            url: part("url"),
            date_order: own.or(mapping.date_order),
            assumptions: assumptions.clone(),
        }
    }
}
