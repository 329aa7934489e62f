//! The README's transcripts, run and compared with what is printed there.
//!
//! In a fenced `console` block each line that starts with `$ baton` is a command and the lines
//! below it are its output. `…` alone on a line stands for any lines, and within a line for any
//! text (a time, an id). Commands run in order in one fresh folder, beside which `shared` is the
//! workspace's neighbour of that name, so that `../shared/data` is the same path as in the README.

use crate::building;
use crate::test::Outcome;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs every transcript of README.md.
pub fn run() -> Result<Outcome> {
    let readme = std::fs::read_to_string(building::root().join("README.md"))
        .context("README.md could not be read")?;
    let steps = transcript(&readme);
    let shared = building::root().join("../shared");
    if steps.iter().any(|step| step.command.contains("../shared/")) && !shared.exists() {
        return Ok(Outcome::LeftOut("the README's transcripts; they read `../shared/data`".into()));
    }
    let baton = building::baton("dev")?.binary;
    let folder = scratch(&shared)?;
    let mut held = true;
    for step in &steps {
        held &= step.holds(&baton, &folder)?;
    }
    println!("{} commands of README.md were run.", steps.len());
    Ok(if held { Outcome::Held } else { Outcome::Broken })
}

/// A fresh folder for the commands, with `../shared` beside it.
fn scratch(shared: &Path) -> Result<std::path::PathBuf> {
    let parent = building::target().join("readme");
    if parent.exists() {
        std::fs::remove_dir_all(&parent).context("the last run's folder could not be removed")?;
    }
    let folder = parent.join("work");
    std::fs::create_dir_all(&folder)?;
    #[cfg(unix)]
    if shared.exists() {
        std::os::unix::fs::symlink(shared.canonicalize()?, parent.join("shared"))?;
    }
    Ok(folder)
}

/// One command of the README with the output that stands below it.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    expected: Vec<String>,
}

impl Step {
    fn holds(&self, baton: &Path, folder: &Path) -> Result<bool> {
        // The command line is the reader's shell's, so a shell reads it here too.
        let output = Command::new("sh")
            .args(["-c", &format!("baton() {{ \"$BATON\" \"$@\"; }}; {}", self.command)])
            .env("BATON", baton)
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .context("a shell could not be started")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
        let held = output.status.success() && lines_match(&self.expected, &printed);
        if !held {
            eprintln!("README.md: `{}` ended with {}, and printed", self.command, output.status);
            printed.iter().for_each(|line| eprintln!("    {line}"));
            eprintln!("  where README.md has");
            self.expected.iter().for_each(|line| eprintln!("    {line}"));
        }
        Ok(held)
    }
}

/// The `$ baton` commands of all `console` blocks, each with its expected output.
fn transcript(markdown: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    let mut collecting = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
            collecting = false;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            collecting = command.starts_with("baton ");
            if collecting {
                steps.push(Step { command: command.to_owned(), expected: Vec::new() });
            }
        } else if let Some(step) = steps.last_mut().filter(|_| collecting) {
            step.expected.push(line.trim_end().to_owned());
        }
    }
    for step in &mut steps {
        while step.expected.last().is_some_and(String::is_empty) {
            step.expected.pop();
        }
    }
    steps
}

fn lines_match(expected: &[String], printed: &[&str]) -> bool {
    match (expected.split_first(), printed.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((any, rest)), _) if any == "…" => {
            (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..]))
        }
        (Some(_), None) => false,
        (Some((one, rest)), Some((line, others))) => {
            line_matches(one, line) && lines_match(rest, others)
        }
    }
}

fn line_matches(expected: &str, printed: &str) -> bool {
    let Some((before, after)) = expected.split_once('…') else { return expected == printed };
    let Some(rest) = printed.strip_prefix(before) else { return false };
    rest.char_indices()
        .map(|(start, _)| &rest[start..])
        .chain([""])
        .any(|tail| line_matches(after, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_their_output_are_read_from_console_blocks() {
        let markdown = "text\n```console\n$ cargo xtask demo\nbuilt\n$ baton a\none\n\n$ baton b\n\
                        ```\n```sh\n$ baton c\n```\n";
        let step = |command: &str, expected: &[&str]| Step {
            command: command.to_owned(),
            expected: expected.iter().map(|line| (*line).to_owned()).collect(),
        };
        assert_eq!(transcript(markdown), [step("baton a", &["one"]), step("baton b", &[])]);
    }

    #[test]
    fn an_ellipsis_stands_for_any_text_and_any_lines() {
        let check = |expected: &str, printed: &str, matches: bool| {
            let expected: Vec<String> = expected.lines().map(str::to_owned).collect();
            let printed: Vec<&str> = printed.lines().collect();
            assert_eq!(lines_match(&expected, &printed), matches, "{expected:?} {printed:?}");
        };
        check("a\nb", "a\nb", true);
        check("a\nb", "a\nc", false);
        check("a\n…\nz", "a\nb\nc\nz", true);
        check("a\n…\nz", "a\nz", true);
        check("a\n…", "b", false);
        check("took … s", "took 0.31 s", true);
        check("took … s", "took 0.31 min", false);
        check("… of … deals", "4 of 9 deals", true);
    }
}
