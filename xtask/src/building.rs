//! Where the workspace is, how cargo is started, and how long building took.
//!
//! Demo and test select the same packages and profile, so that they share every artefact.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a release is made of.
pub const WHOLE: [&str; 2] = ["--locked", "--workspace"];

/// What every command of the quick profile selects. Releases have an allocator of their own
/// besides, whose C code is a fifteenth of a cold build.
pub const QUICK: [&str; 3] = ["--locked", "--workspace", "--no-default-features"];

/// The built `baton` binary and the time that building took.
pub struct Built {
    pub binary: PathBuf,
    pub took: Duration,
}

/// Builds `baton` in `profile` (`dev` or `release`).
///
/// The whole workspace is selected so that cargo unifies features as it does for the tests: were
/// `baton` selected alone, the first test run would compile DataFusion a second time.
pub fn baton(profile: &str) -> Result<Built> {
    let started = Instant::now();
    let selection = if profile == "dev" { &QUICK[..] } else { &WHOLE[..] };
    let output = cargo()
        .arg("build")
        .args(selection)
        .args(["--bin", "baton", "--profile", profile])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!("`cargo build` failed; its messages are above");
    }
    let binary = executable(&String::from_utf8_lossy(&output.stdout))
        .context("cargo built `baton` without naming the binary")?;
    Ok(Built { binary, took: started.elapsed() })
}

/// Builds one example of a light crate, without the rest of the workspace.
pub fn example(package: &str, name: &str, profile: &str) -> Result<PathBuf> {
    let output = cargo()
        .args(["build", "--locked", "--package", package, "--example", name])
        .args(["--profile", profile, "--message-format=json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!("`cargo build --example {name}` failed; its messages are above");
    }
    executable(&String::from_utf8_lossy(&output.stdout))
        .context("cargo built the example without naming it")
}

/// The path of the last executable among cargo's JSON messages.
fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .next_back()
}

/// A cargo command in the workspace's root, without standard input.
pub fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).stdin(Stdio::null());
    // What `cargo run` tells this program of itself is not for the builds that it starts: build
    // scripts that read it (ring's does) would run again, and all that depends on them with them.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_this_package(name)) {
        command.env_remove(name);
    }
    command
}

fn is_of_this_package(name: &std::ffi::OsStr) -> bool {
    const SET_BY_CARGO_RUN: [&str; 5] =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    let name = name.to_string_lossy();
    SET_BY_CARGO_RUN.iter().any(|prefix| name.starts_with(prefix))
}

/// The workspace's root folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The folder that cargo builds into, wherever the environment puts it.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Runs `command` to its end with its output passed through; `false` when it failed.
pub fn holds(command: &mut Command) -> Result<bool> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("`{program}` could not be started"))?;
    Ok(status.success())
}

/// True when `program arguments…` can be run here.
pub fn available(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A duration for people: `0.4 s`, `75 s`, `12 min 5 s`.
pub fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken() {
        let check = |milliseconds, expected| {
            assert_eq!(spoken(Duration::from_millis(milliseconds)), expected);
        };
        check(0, "0.0 s");
        check(9_940, "9.9 s");
        check(75_400, "75 s");
        check(725_000, "12 min 5 s");
    }

    #[test]
    fn the_executable_is_found_among_cargos_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        not json\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"out/baton\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("out/baton")));
    }
}
