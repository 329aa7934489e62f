//! Python environments under `target` for peers that come as Python packages.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Python in `home` that can import `module`, set up with `packages` on first use.
pub fn environment(home: &Path, module: &str, packages: &[&str]) -> Result<PathBuf> {
    let python = home.join("bin/python");
    let known = || {
        let import = Command::new(&python).args(["-c", &format!("import {module}")]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if known() {
        return Ok(python);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(home).status();
    if !made.context("`python3` could not be started")?.success() {
        bail!("no Python environment could be made; install `python3-venv`");
    }
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(packages)
        .status()?;
    if !installed.success() || !known() {
        bail!("{} could not be installed with pip", packages.join(", "));
    }
    Ok(python)
}
