//! `cargo xtask bench`: placeholder until the harness lands in the next commit.

use anyhow::{Result, bail};

pub fn run(_names: &[String]) -> Result<bool> {
    bail!("the benchmarks are not built yet")
}
