//! Showing reports: tables for people, JSON for programs; and progress on a terminal.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use reports::document::Report;
use reports::render;

/// The width of pages in a pipe.
const PIPE_WIDTH: u16 = 110;

/// Prints a report on standard output.
pub fn report(report: &dyn Report, json: bool) -> anyhow::Result<()> {
    let text = if json {
        serde_json::to_string_pretty(&report.json())? + "\n"
    } else {
        render::terminal(&report.document(), width())
    };
    print(&text)
}

/// Prints a text that is written already.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Who reads the pipe may stop when it has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// A bar with rate and time left on a terminal, and nothing in a pipe.
pub fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left",
    );
    let bar = ProgressBar::new(0);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// What is being done, on a terminal, and nothing in a pipe.
pub fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    spinner
}

/// The columns of a page.
pub fn width() -> u16 {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(PIPE_WIDTH)
}
