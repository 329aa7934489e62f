//! The named peer for imports: DuckDB, from its Python package, in an environment under `target`.

use super::measure::{Measured, measure};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
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
    let python = environment(folder)?;
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

/// A Python with DuckDB, set up on first use.
fn environment(folder: &Path) -> Result<PathBuf> {
    let home = folder.join("python");
    let python = home.join("bin/python");
    let known = |python: &Path| {
        Command::new(python)
            .args(["-c", "import duckdb"])
            .output()
            .is_ok_and(|o| o.status.success())
    };
    if known(&python) {
        return Ok(python);
    }
    std::fs::create_dir_all(folder)?;
    let made = Command::new("python3").args(["-m", "venv"]).arg(&home).status();
    if !made.context("`python3` could not be started")?.success() {
        bail!("no Python environment could be made; install `python3-venv`");
    }
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE])
        .status()?;
    if !installed.success() || !known(&python) {
        bail!("{PACKAGE} could not be installed with pip");
    }
    Ok(python)
}
