//! The named peer for imports: DuckDB, from its Python package, in an environment under `target`.

use super::measure::{Measured, measure};
use super::python;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// The peer's version, so that ratios of different days speak of the same peer.
const PACKAGE: &str = "duckdb==2.0.0";

/// Reads `csv` into a table of a database on disk, printing the seconds of that statement.
const SCRIPT: &str = "
import duckdb, sys, time
csv, database = sys.argv[1:]
connection = duckdb.connect(database)
started = time.perf_counter()
connection.execute('create table touches as select * from read_csv(?)', [csv])
connection.execute('checkpoint')
print(time.perf_counter() - started)
";

/// The statement's time and its process's peak memory.
pub fn create_table(csv: &Path, folder: &Path) -> Result<Measured> {
    let python = python::environment(&folder.join("python"), "duckdb", &[PACKAGE])?;
    let database = folder.join("peer.duckdb");
    for left_over in [database.clone(), database.with_extension("duckdb.wal")] {
        if left_over.exists() {
            std::fs::remove_file(left_over)?;
        }
    }
    let mut measured = measure(Command::new(python).args(["-c", SCRIPT]).arg(csv).arg(&database))?;
    let printed = String::from_utf8_lossy(&measured.output);
    measured.seconds = printed.trim().parse().context("DuckDB's time could not be read")?;
    Ok(measured)
}
