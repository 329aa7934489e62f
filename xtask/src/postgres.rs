//! A throw-away PostgreSQL server for the tests: found or installed, started, always removed.
//!
//! The server listens on 127.0.0.1 only, on a free port, without passwords and without waiting for
//! the disk; it and its folder go when the [`Server`] is dropped. Ctrl-C and SIGTERM remove it too,
//! and after `kill -9` the kernel ends it (`setpriv --pdeathsig`), its folder going at the next
//! start. PostgreSQL refuses to run as root, so root starts it as a system user.

use crate::{building, packages};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

/// Debian's packages of the server.
pub const PACKAGES: &[&str] = &["postgresql"];

const FOLDER_PREFIX: &str = "postgres-";
const START_ATTEMPTS: u32 = 3;

/// The running server, where the signal handler finds it too.
static RUNNING: Mutex<Option<Instance>> = Mutex::new(None);

/// A running throw-away server; dropping it ends the server and removes its folder.
pub struct Server {
    /// Connection URL of its maintenance database, with the right to create others.
    pub url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        stop();
    }
}

/// Starts a server from the programs in `programs` (see [`locate`]).
pub fn start(programs: &Path) -> Result<Server> {
    remove_left_overs();
    ctrlc::set_handler(|| {
        stop();
        // The children of this process had the same signal; nothing is left to clean up.
        #[expect(
            clippy::disallowed_methods,
            reason = "a signal ends the process, after the guard"
        )]
        std::process::exit(130);
    })
    .context("no handler for Ctrl-C could be set")?;

    let owner = Owner::of_server();
    let mut last_error = anyhow::anyhow!("PostgreSQL was not started");
    for _ in 0..START_ATTEMPTS {
        match Instance::start(programs, owner) {
            Ok((instance, url)) => {
                *RUNNING.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(instance);
                return Ok(Server { url });
            }
            // Between choosing a free port and listening on it, another process may take it.
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

fn stop() {
    drop(RUNNING.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take());
}

/// Finds PostgreSQL's server programs: on the path, or where Debian puts them, newest first.
pub fn locate() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    versions.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    let debian = versions.into_iter().map(|folder| folder.join("bin"));
    on_path
        .chain(debian)
        .filter(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        // A link leads to the real folder, beside which the server finds its libraries.
        .find_map(|folder| Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_owned()))
}

fn version(folder: &Path) -> u32 {
    folder.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or(0)
}

/// A server process with its folder.
struct Instance {
    process: Child,
    folder: Folder,
    programs: PathBuf,
    owner: Owner,
}

impl Instance {
    fn start(programs: &Path, owner: Owner) -> Result<(Self, String)> {
        let folder = Folder::create(owner)?;
        initialise(programs, owner, &folder.path)?;
        let port = free_port()?;
        let mut process = owner
            .command(&programs.join("postgres"))
            .arg("-D")
            .arg(&folder.path)
            .args(["-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-c", "fsync=off", "-c", "max_connections=200", "-c", "lc_messages=C"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("PostgreSQL's server could not be started")?;
        let log = process.stderr.take().context("PostgreSQL's log could not be read")?;
        let instance = Self { process, folder, programs: programs.to_owned(), owner };
        await_readiness(log)?;
        Ok((instance, format!("postgres://baton@127.0.0.1:{port}/postgres")))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let stopped = self
            .owner
            .command(&self.programs.join("pg_ctl"))
            .args(["stop", "--silent", "--mode=immediate", "-D"])
            .arg(&self.folder.path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            // It may have ended by itself; a failure to end what has ended is no failure.
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

fn initialise(programs: &Path, owner: Owner, folder: &Path) -> Result<()> {
    let output = owner
        .command(&programs.join("initdb"))
        .args(["--auth=trust", "--username=baton", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .arg("--pgdata")
        .arg(folder)
        .stdin(Stdio::null())
        .output()
        .context("PostgreSQL's `initdb` could not be started")?;
    if !output.status.success() {
        bail!("PostgreSQL's `initdb` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Reads the server's log until it is ready, then keeps the pipe drained.
fn await_readiness(log: impl Read + Send + 'static) -> Result<()> {
    let mut lines = BufReader::new(log).lines();
    let mut seen = String::new();
    for line in lines.by_ref() {
        let line = line.context("PostgreSQL's log could not be read")?;
        if line.contains("ready to accept connections") {
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
            return Ok(());
        }
        seen.push_str(&line);
        seen.push('\n');
    }
    bail!("PostgreSQL's server ended before it was ready:\n{seen}")
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// The account that runs the server.
#[derive(Clone, Copy)]
enum Owner {
    /// Whoever runs this program.
    Caller,
    /// A system account, since the caller is root.
    System(&'static str),
}

impl Owner {
    fn of_server() -> Self {
        match packages::is_root() {
            false => Self::Caller,
            true if building::available("id", &["-u", "postgres"]) => Self::System("postgres"),
            true => Self::System("nobody"),
        }
    }

    /// `program` as this account; where `setpriv` is known it also ends with this process.
    fn command(self, program: &Path) -> Command {
        let mut command = match self {
            Self::Caller if building::available("setpriv", &["--pdeathsig", "INT", "true"]) => {
                let mut command = Command::new("setpriv");
                command.args(["--pdeathsig", "INT"]);
                command
            }
            Self::Caller => return Command::new(program),
            Self::System(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", &group(user)]);
                command.args(["--clear-groups", "--pdeathsig", "INT"]);
                command
            }
        };
        command.arg("--").arg(program);
        command
    }
}

/// The name of `user`'s own group (`nobody` is in `nogroup` on Debian).
fn group(user: &str) -> String {
    Command::new("id")
        .args(["-gn", user])
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_else(|_| user.to_owned())
}

/// The server's data folder; dropping it removes it.
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Creates the folder under `target`, or where `owner` may not go there, among temporary files.
    fn create(owner: Owner) -> Result<Self> {
        for parent in parents() {
            let path = parent.join(format!("{FOLDER_PREFIX}{}", std::process::id()));
            std::fs::create_dir_all(&path)
                .with_context(|| format!("{} could not be created", path.display()))?;
            let folder = Self { path };
            if folder.give_to(owner)? {
                return Ok(folder);
            }
        }
        bail!("no folder was found that PostgreSQL's account may write to")
    }

    /// Makes `owner` the folder's owner; `false` when it cannot reach the folder.
    fn give_to(&self, owner: Owner) -> Result<bool> {
        let Owner::System(user) = owner else { return Ok(true) };
        let given = building::holds(Command::new("chown").arg(user).arg(&self.path))?;
        let reached = owner.command(Path::new("test")).arg("-w").arg(&self.path).status()?;
        Ok(given && reached.success())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("warning: {} could not be removed: {error}", self.path.display());
        }
    }
}

fn parents() -> [PathBuf; 2] {
    [building::target(), std::env::temp_dir()]
}

/// Removes the folders of runs that were killed before they could.
fn remove_left_overs() {
    let entries = std::fs::read_dir(building::target()).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.strip_prefix(FOLDER_PREFIX)) else {
            continue;
        };
        if !Path::new("/proc").join(process).exists() {
            // Whoever owns it may not be us; then it stays, and the new folder has another name.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn the_server_listens_while_it_is_held_and_leaves_nothing() {
        let Some(programs) = locate() else {
            let command = packages::command(PACKAGES);
            eprintln!("SKIPPED: PostgreSQL's server is not installed; `{command}`");
            return;
        };
        let (instance, url) = Instance::start(&programs, Owner::of_server()).unwrap();
        let address = url.split(['@', '/']).nth(3).unwrap().to_owned();
        let folder = instance.folder.path.clone();
        TcpStream::connect(&address).unwrap();
        assert!(folder.exists());

        drop(instance);
        assert!(TcpStream::connect(&address).is_err(), "{address} still answers");
        assert!(!folder.exists(), "{} is still there", folder.display());
    }
}
