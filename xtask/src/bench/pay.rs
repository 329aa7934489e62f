//! Pay of 2,000 payees by 100,000 deals, and one payee's with every line in words.
//!
//! Builds the example of the `domain` crate alone, not `baton`.

use std::process::Command;

use anyhow::{Result, bail};

use super::measure::measure;
use super::{Bench, Row};
use crate::building;

const SECONDS_MAX: f64 = 5.0;
const EXPLAIN_SECONDS_MAX: f64 = 0.05;

pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let program = building::example("domain", "pay", &bench.profile)?;
    let output = measure(&mut Command::new(program))?.output;
    let output = String::from_utf8_lossy(&output);
    let [all, one, lines] = output.split_whitespace().collect::<Vec<_>>()[..] else {
        bail!("the example said `{output}`, not two times and a count");
    };
    let what = "pay of 2,000 payees by 100,000 deals".to_owned();
    let explained = format!("  one payee alone, {lines} lines in words");
    Ok(vec![
        Row::bounded(what, all.parse()?, "s", SECONDS_MAX),
        Row::bounded(explained, one.parse()?, "s", EXPLAIN_SECONDS_MAX),
    ])
}
