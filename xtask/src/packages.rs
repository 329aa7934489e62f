//! Debian's packages: installed where that needs no password, else named in one command.

use crate::building;
use anyhow::Result;
use std::process::Command;

/// The one command with which a person installs `packages`.
pub fn command(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    format!("sudo apt-get update && sudo apt-get install --yes --no-install-recommends {packages}")
}

/// Installs `packages` as root, or by a `sudo` that asks for nothing; `false` where it may not.
pub fn install(packages: &[&str]) -> Result<bool> {
    if !building::available("apt-get", &["--version"]) {
        return Ok(false);
    }
    let administrator: &[&str] = if is_root() {
        &["env"]
    } else if building::available("sudo", &["-n", "true"]) {
        &["sudo", "-n", "env"]
    } else {
        return Ok(false);
    };
    println!("Installing what is missing of Debian's packages: {}.", packages.join(", "));
    let apt_get = |arguments: &[&str]| {
        building::holds(
            Command::new(administrator[0])
                .args(&administrator[1..])
                .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"])
                .args(arguments),
        )
    };
    let install = ["install", "--yes", "--no-install-recommends"];
    Ok(apt_get(&["update"])? && apt_get(&[&install, packages].concat())?)
}

pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
