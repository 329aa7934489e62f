//! Bundles htmx and ECharts from npm, as `ui/package-lock.json` pins them, into what the binary
//! serves. Where Node is absent, or its packages cannot be had, the bundles are empty: pages then
//! come without partial updates and without charts to explore, and say so in the log.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, io};

/// What is bundled, by the names of its sources.
const BUNDLES: [&str; 2] = ["htmx", "charts"];
/// What npm is told of the packages.
const PACKAGES: [&str; 2] = ["package.json", "package-lock.json"];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=ui");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let ui = Path::new(&out).join("ui");
    fs::create_dir_all(ui.join("src"))?;
    if let Err(why) = bundle(&ui) {
        // What is missing may be there the next time.
        println!("cargo:rerun-if-changed=ui/installed-later");
        println!("cargo:warning=pages come without htmx and ECharts: {why}");
        for name in BUNDLES {
            fs::write(ui.join(format!("{name}.js")), "")?;
        }
    }
    Ok(())
}

/// Makes the bundles in `ui`, where the packages of the last build still lie.
fn bundle(ui: &Path) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    let source = Path::new("ui");
    if are_others(source, ui).map_err(told)? {
        for name in PACKAGES {
            fs::copy(source.join(name), ui.join(name)).map_err(told)?;
        }
        run(ui, "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
        fs::copy(source.join(PACKAGES[1]), ui.join("installed.json")).map_err(told)?;
    }
    for name in BUNDLES {
        let file = format!("src/{name}.js");
        fs::copy(source.join(&file), ui.join(&file)).map_err(told)?;
        let out = format!("--outfile={name}.js");
        let options = ["--bundle", "--minify", "--format=esm", "--legal-comments=eof"];
        let esbuild = ["exec", "--offline", "--", "esbuild", &file, &out, "--log-level=error"];
        run(ui, "npm", esbuild.into_iter().chain(options))?;
    }
    Ok(())
}

/// Whether the packages that are installed are not those that are locked.
fn are_others(source: &Path, ui: &Path) -> io::Result<bool> {
    let locked = fs::read(source.join(PACKAGES[1]))?;
    Ok(fs::read(ui.join("installed.json")).ok() != Some(locked))
}

fn run<A: AsRef<OsStr>>(
    folder: &Path,
    program: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Result<(), String> {
    let ended = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("`{program}` could not be started ({error})"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no word why");
    Err(format!("`{program}` failed: {last}"))
}
