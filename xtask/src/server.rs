//! `baton serve` on a free port of this machine, for as long as it is asked.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// In which Linux tells times of processes, on every machine that Rust knows.
const TICKS_PER_SECOND: f64 = 100.0;

/// A server that ends when it is dropped.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Serves the company of a data folder, with more options of `baton serve`.
    pub fn start(baton: &Path, data: &Path, options: &[&str]) -> Result<Self> {
        Self::start_at(baton, data, SocketAddr::from(([127, 0, 0, 1], 0)), options)
    }

    /// As [`Server::start`], at an address.
    pub fn start_at(
        baton: &Path,
        data: &Path,
        listen: SocketAddr,
        options: &[&str],
    ) -> Result<Self> {
        let mut process = Command::new(baton)
            .arg("--data")
            .arg(data)
            .args(["serve", "--listen", &listen.to_string()])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} could not be started", baton.display()))?;
        let out = process.stdout.take().context("the server's output could not be read")?;
        let mut server = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let mut said = String::new();
        BufReader::new(out).read_line(&mut said)?;
        server.address = address(&said).with_context(|| {
            format!("the server did not say where it listens, but: {}", said.trim())
        })?;
        Ok(server)
    }

    /// The memory that is its own at this moment.
    pub fn resident_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        Ok(kib.context("the kernel does not say how much memory is resident")? / 1024.0)
    }

    /// How long it has had a processor, all its threads together.
    pub fn processor_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        processor_seconds(&stat).context("the kernel does not say how long it has run")
    }
}

/// The time in a process's `stat`, in its own mode and in the kernel's: proc_pid_stat(5).
fn processor_seconds(stat: &str) -> Option<f64> {
    // The second field is a name in brackets, of any characters.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let (own, kernel) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((own + kernel) / TICKS_PER_SECOND)
}

/// The address in a line that names it as a link.
fn address(line: &str) -> Option<SocketAddr> {
    line.split("http://").nth(1)?.split_whitespace().next()?.parse().ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; a failure to end what has ended is no failure.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_what_the_server_says() {
        let said = "Baton is served at http://127.0.0.1:7700 (end it with Ctrl-C)\n";
        assert_eq!(address(said), Some(SocketAddr::from(([127, 0, 0, 1], 7700))));
        assert_eq!(address("baton: no company"), None);
    }

    #[test]
    fn time_is_read_behind_any_name() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 9 0 0 0 1250 50 0 0 20 0 4";
        assert_eq!(processor_seconds(stat), Some(13.0));
        assert_eq!(processor_seconds("42"), None);
    }
}
