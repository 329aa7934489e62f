//! The API held against its own description, by Schemathesis, as three roles.
//!
//! Schemathesis is set up in a virtual environment of the target folder. The requests are drawn by
//! a fixed seed and bounded in number; the server and its small company are made for the run.

use crate::server::Server;
use crate::{building, packages};
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ROLES: &[&str] = &["owner", "sales rep", "viewer"];
const SEED: &str = "1";
/// Requests that are drawn for an operation, besides those at the edges of its description.
const EXAMPLES: &str = "4";
/// What an answer must not be. That a good request is not refused is left out: a description can
/// say what a day is, not that the first day comes before the last.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,missing_required_header,\
    unsupported_method,ignored_auth,negative_data_rejection";
const PACKAGES: &[&str] = &["python3-venv"];
const REQUIREMENTS: &str = "e2e/requirements.txt";
const PASSWORD: &str = "correct horse battery staple";

/// Sets up what is missing and holds the API against its description.
pub fn run(arguments: &[String]) -> Result<bool> {
    let profile = match arguments {
        [] => "dev",
        [option, profile] if option == "--profile" => profile,
        _ => bail!("`api` takes nothing but --profile dev or release"),
    };
    let baton = building::baton(profile)?.binary;
    match schemathesis()? {
        Ok(program) => hold(&program, &baton),
        Err(advice) => bail!("Schemathesis is missing; run `{advice}`"),
    }
}

fn hold(schemathesis: &Path, baton: &Path) -> Result<bool> {
    let data = building::target().join("api/company");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    std::fs::create_dir_all(&data)?;
    let company = Company { baton, data: &data };
    company.make()?;
    let server = Server::start(baton, &data, &[])?;
    let mut held = true;
    for role in ROLES {
        println!("-- as {role}");
        let token = company.token(role)?;
        held &= building::holds(
            Command::new(schemathesis)
                .arg("run")
                .arg(format!("http://{}/api/v1/openapi.json", server.address))
                .args(["--header", &format!("Authorization: Bearer {token}")])
                .args(["--seed", SEED, "--max-examples", EXAMPLES, "--checks", CHECKS])
                .args(["--phases", "examples,coverage,fuzzing", "--workers", "1"])
                .args(["--request-timeout", "60", "--continue-on-failure", "--no-color"])
                .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
                .env("PYTHONPATH", building::root().join("e2e"))
                .env("PYTHONDONTWRITEBYTECODE", "1")
                // It keeps what it learnt where it runs.
                .current_dir(&data),
        )?;
    }
    Ok(held)
}

/// A company with a few deals and a member of each role.
struct Company<'a> {
    baton: &'a Path,
    data: &'a Path,
}

impl Company<'_> {
    fn make(&self) -> Result<()> {
        self.baton(&["init", "--name", "Described", "--currency", "USD"], "")?;
        let file = self.data.join("deals.csv");
        std::fs::write(
            &file,
            "deal_id,name,stage,amount,created_at,close_date,owner_id\n\
             D-1,First,Discovery,1000,2026-01-05,2026-12-30,U-1\n\
             D-2,Second,Closed Won,2000,2026-01-06,2026-02-28,U-1\n\
             D-3,Third,Closed Lost,3000,2026-01-07,2026-03-30,U-2\n",
        )?;
        self.baton(&["import", &file.to_string_lossy(), "--kind", "deals"], "")?;
        self.baton(&["record", "master", "deals", "baton"], "")?;
        for role in ROLES {
            let member = ["member", "add", &email(role), "--name", role, "--role", role];
            let user: &[&str] = if *role == "sales rep" { &["--user", "U-1"] } else { &[] };
            self.baton(&[&member, user].concat(), &format!("{PASSWORD}\n"))?;
        }
        Ok(())
    }

    fn token(&self, role: &str) -> Result<String> {
        let asked = ["member", "token", &email(role), "--name", "api", "--write", "--days", "1"];
        Ok(self.baton(&asked, "")?.trim().to_owned())
    }

    /// Runs a command on the company; what it printed.
    fn baton(&self, words: &[&str], input: &str) -> Result<String> {
        let mut running = Command::new(self.baton)
            .arg("--data")
            .arg(self.data)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("`baton` could not be started")?;
        let stdin = running.stdin.take().context("`baton` takes no input")?;
        { stdin }.write_all(input.as_bytes())?;
        let output = running.wait_with_output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`baton {}` failed: {}", words.join(" "), said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn email(role: &str) -> String {
    format!("{}@example.com", role.replace(' ', "."))
}

/// The program, set up where it is missing; or the command that a person has to run first.
fn schemathesis() -> Result<Result<PathBuf, String>> {
    let wanted = std::fs::read(building::root().join(REQUIREMENTS))
        .with_context(|| format!("{REQUIREMENTS} could not be read"))?;
    let environment = building::target().join("schemathesis");
    let program = environment.join("bin/schemathesis");
    let mark = environment.join("installed-from.txt");
    if std::fs::read(&mark).is_ok_and(|installed| installed == wanted) && program.exists() {
        return Ok(Ok(program));
    }
    let can_make = || building::available("python3", &["-c", "import ensurepip, venv"]);
    if !(can_make() || packages::install(PACKAGES)? && can_make()) {
        return Ok(Err(packages::command(PACKAGES)));
    }
    let made =
        building::holds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    let installed = made
        && building::holds(
            Command::new(environment.join("bin/python"))
                .args(install)
                .arg(building::root().join(REQUIREMENTS)),
        )?;
    if !installed {
        return Ok(Err(format!("python3 -m pip download -r {REQUIREMENTS}")));
    }
    std::fs::write(mark, wanted)?;
    Ok(Ok(program))
}
