//! The files that the benchmarks import: made up from a seed, the same bytes on every machine.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

const SEED: u64 = 20_260_101;

const CHANNELS: &[&str] = &["organic", "paid search", "e-mail", "webinar", "event", "referral"];
const TOUCH_KINDS: &[&str] = &["visit", "form", "email_click", "webinar", "call", "meeting"];
const STAGES: &[&str] = &["Prospecting", "Engaging", "Won", "Lost"];

/// When a file is long enough.
pub enum Until {
    Rows(u64),
    Bytes(u64),
}

/// Writes touches of one in ten as many people, over three years, in no order.
pub fn touches(path: &Path, until: Until) -> Result<()> {
    let mut file = create(path)?;
    let mut random = Random(SEED);
    let header = "touch_id,occurred_at,person_id,channel,campaign_id,kind,url\n";
    let mut bytes = header.len() as u64;
    file.write_all(header.as_bytes())?;
    for row in 0.. {
        match until {
            Until::Rows(rows) if row >= rows => break,
            Until::Bytes(enough) if bytes >= enough => break,
            Until::Rows(_) | Until::Bytes(_) => {}
        }
        let line = format!(
            "t-{row},{},p-{},{},c-{},{},https://example.com/{}\n",
            random.instant(),
            random.below(100_000),
            random.pick(CHANNELS),
            random.below(200),
            random.pick(TOUCH_KINDS),
            random.below(500),
        );
        bytes += line.len() as u64;
        file.write_all(line.as_bytes())?;
    }
    file.flush().with_context(|| format!("{} could not be written", path.display()))
}

/// Writes touches of people, 4.6 of each on average, in no order, and a purchase of one in five of
/// them, later than all touches.
pub fn journeys(touches: &Path, purchases: &Path, rows: u64) -> Result<()> {
    let mut random = Random(SEED);
    let people = (rows * 10 / 46).max(1);
    let mut file = create(touches)?;
    writeln!(file, "occurred_at,person_id,channel")?;
    for _ in 0..rows {
        let (month, day) = (1 + random.below(2), random.day());
        let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
        let (person, channel) = (random.below(people), random.below(12));
        writeln!(
            file,
            "2025-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z,p-{person},ch-{channel}"
        )?;
    }
    file.flush().with_context(|| format!("{} could not be written", touches.display()))?;
    let mut file = create(purchases)?;
    writeln!(file, "purchase_id,time,person_id,value")?;
    for person in (0..people).filter(|person| person % 5 == 0) {
        let (day, value) = (random.day(), 10 + random.below(990));
        writeln!(file, "b-{person},2025-03-{day:02}T12:00:00Z,p-{person},{value}.00")?;
    }
    file.flush().with_context(|| format!("{} could not be written", purchases.display()))
}

/// Writes `rows` deals, half of them closed.
pub fn deals(path: &Path, rows: u64) -> Result<()> {
    let mut file = create(path)?;
    let mut random = Random(SEED);
    writeln!(file, "deal_id,name,stage,amount,created_at,close_date")?;
    for row in 0..rows {
        let (year, month, day) = (2023 + random.below(2), 1 + random.below(12), random.day());
        writeln!(
            file,
            "d-{row},Deal {row},{},{}.00,{year}-{month:02}-{day:02},{}-{month:02}-{day:02}",
            random.pick(STAGES),
            1_000 + random.below(99_000),
            year + 1,
        )?;
    }
    file.flush().with_context(|| format!("{} could not be written", path.display()))
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file =
        File::create(path).with_context(|| format!("{} could not be made", path.display()))?;
    Ok(BufWriter::with_capacity(1 << 20, file))
}

/// The `SplitMix64` generator (Steele, Lea and Flood 2014): plenty for made-up rows.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len() as u64) as usize]
    }

    /// A day that every month has.
    fn day(&mut self) -> u64 {
        1 + self.below(28)
    }

    fn instant(&mut self) -> String {
        let (year, month, day) = (2023 + self.below(3), 1 + self.below(12), self.day());
        let (hour, minute, second) = (self.below(24), self.below(60), self.below(60));
        format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // First outputs for seed 1234567, as Vigna's reference code prints them.
        let mut random = Random(1_234_567);
        let printed = [random.next(), random.next(), random.next()];
        assert_eq!(printed, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn files_end_where_they_should() {
        let path = crate::building::target().join("bench-files-test.csv");
        touches(&path, Until::Rows(3)).unwrap();
        let rows = std::fs::read_to_string(&path).unwrap();
        assert_eq!(rows.lines().count(), 4);
        touches(&path, Until::Bytes(10_000)).unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert!((10_000..10_200).contains(&bytes), "{bytes}");
        std::fs::remove_file(&path).unwrap();
    }
}
