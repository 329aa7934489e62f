//! A child process with its wall time and its peak memory.

use anyhow::{Context, Result, bail};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How often the kernel is asked; a high-water mark only misses what the last interval added.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// What a run of a program came to.
pub struct Measured {
    pub seconds: f64,
    /// The most memory that was resident at once; 0 where the kernel has no `/proc`.
    pub peak_mib: f64,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
}

/// Runs `command` to its end; one that fails is an error, with what it said.
pub fn measure(command: &mut Command) -> Result<Measured> {
    let program = command.get_program().to_string_lossy().into_owned();
    let started = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{program}` could not be started"))?;
    let (ended, peak) = watch(&child);
    let output = child.wait_with_output().with_context(|| format!("`{program}` was lost"))?;
    let seconds = started.elapsed().as_secs_f64();
    drop(ended);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{program}` ended with {}: {}", output.status, said.trim());
    }
    let peak_mib = peak.recv().unwrap_or(0) as f64 / 1024.0;
    Ok(Measured { seconds, peak_mib, output: output.stdout })
}

/// Follows the child's high-water mark until the sender is dropped, then sends it in KiB.
fn watch(child: &Child) -> (Sender<()>, Receiver<u64>) {
    let (ended, has_ended) = channel::<()>();
    let (report, peak) = channel();
    let status = format!("/proc/{}/status", child.id());
    std::thread::spawn(move || {
        let mut highest = 0;
        while has_ended.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            highest = highest.max(high_water_kib(&status).unwrap_or(0));
        }
        // Nobody listens when the child failed; then the figure is not wanted.
        let _ = report.send(highest);
    });
    (ended, peak)
}

fn high_water_kib(status: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_failure_are_seen() {
        let measured = measure(Command::new("sh").args(["-c", "echo one"])).unwrap();
        assert_eq!(measured.output, b"one\n");
        let failed = measure(Command::new("sh").args(["-c", "echo why >&2; exit 3"]));
        assert!(failed.err().unwrap().to_string().ends_with("why"));
    }
}
