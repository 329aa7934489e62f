//! `cargo xtask demo`: from a clone to the main job on the screen.
//!
//! Builds the binary and hands over: what the demo company is, only `baton demo` knows.

use crate::building;
use anyhow::{Context, Result};
use std::io::IsTerminal;
use std::process::Command;
use std::time::Instant;

/// Builds `baton`, runs its demo in a fresh folder, passing `options` on, and serves the company to
/// whoever looks on.
pub fn run(options: &[String]) -> Result<bool> {
    let built = building::baton("dev")?;
    println!("Built in {}.\n", building::spoken(built.took));

    let data = building::target().join("demo/data");
    if data.exists() {
        std::fs::remove_dir_all(&data)
            .with_context(|| format!("the last demo's {} could not be removed", data.display()))?;
    }
    std::fs::create_dir_all(&data)
        .with_context(|| format!("{} could not be created", data.display()))?;

    let started = Instant::now();
    let ran = building::holds(
        Command::new(&built.binary).args(["demo", "--data"]).arg(&data).args(options),
    )?;
    println!(
        "\nBuilding took {}, the demo {}. Its data folder: {}",
        building::spoken(built.took),
        building::spoken(started.elapsed()),
        data.display()
    );
    let serve = ["serve", "--demo"];
    if !ran || !std::io::stdout().is_terminal() {
        println!("See it in a browser: baton --data {} {}", data.display(), serve.join(" "));
        return Ok(ran);
    }
    building::holds(Command::new(&built.binary).arg("--data").arg(&data).args(serve))
}
