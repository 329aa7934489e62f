//! `cargo xtask bench pages`: how fast every page comes, what idling takes, when an edit shows.
//!
//! Serves a company's data folder in demo mode on a free port of this machine, asks each page a
//! bounded number of times at a steady rate, and ends the server. A request's time counts from when
//! it was due, so that a server that holds up its callers is not flattered by their waiting.

use super::http::{Answer, Connection};
use crate::building;
use crate::server::Server;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const REQUESTS_PER_SECOND: u32 = 20;
const CONNECTIONS: usize = 8;
const SECONDS: u32 = 10;
/// Between the edits of the second round.
const EDIT_EVERY: Duration = Duration::from_secs(5);
/// Between two looks at whether an edit shows.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// A server rests that has used so little of a processor for so long.
const IDLE: Duration = Duration::from_secs(20);
const IDLE_SECONDS_USED_MAX: f64 = 0.5;
/// How long a server may work on what it was asked before.
const REST_SECONDS_MAX: u64 = 300;
/// Edits whose slowest is told.
const EDITS: u32 = 5;
/// What a page says while its figures are of before the last change.
const STALE: &str = "of before the last change, newer figures follow";

const PAGE_MS_P99_MAX: f64 = 150.0;
const SCOREBOARD_MS_P50_MAX: f64 = 50.0;
const ASSETS_KB_MAX: f64 = 400.0;
const IDLE_MIB_MAX: f64 = 150.0;
const EDIT_SECONDS_MAX: f64 = 2.0;

/// Runs the benchmark; `false` when a target is missed.
pub fn run(arguments: &[String]) -> Result<bool> {
    let asked = Asked::parse(arguments)?;
    let baton = match asked.baton {
        Some(baton) => baton,
        None => building::baton("release")?.binary,
    };
    let server = Server::start(&baton, &asked.data, &["--demo"])?;
    let pages = pages(server.address)?;
    let mut targets = Targets::default();

    println!("Every page in turn, {REQUESTS_PER_SECOND} requests a second for {} s", asked.seconds);
    println!("{:<28} {:>9} {:>9} {:>9} {:>9}", "page", "first ms", "p50 ms", "p99 ms", "max ms");
    for page in &pages {
        let first = time_of(&mut Connection::open(server.address)?, page)?;
        let times = load(server.address, std::slice::from_ref(page), asked.seconds)?;
        print_times(page, Some(first), &times);
        targets.hold(&format!("{page} p99"), times.at(0.99), "ms", PAGE_MS_P99_MAX);
        if page == "/" {
            targets.hold("scoreboard p50", times.at(0.5), "ms", SCOREBOARD_MS_P50_MAX);
        }
    }
    under_edits(&server, &pages, asked.seconds, &mut targets)?;
    targets.hold("scripts and styles, gzip", assets_kb(server.address)?, "kB", ASSETS_KB_MAX);
    let busy = edit_until_shown(server.address)?;
    println!("\nRight after that an edit shows on the scoreboard after {busy:.2} s.");
    let after_load = server.resident_mib()?;
    let rested = Instant::now();
    rest(&server)?;
    let (idle, seconds) = (server.resident_mib()?, rested.elapsed().as_secs());
    println!("Resident memory: {after_load:.0} MiB after all this, {idle:.0} MiB at rest");
    println!("{seconds} s later.");
    targets.hold("idle memory", idle, "MiB", IDLE_MIB_MAX);
    let mut edits = (0..EDITS).map(|_| edit_until_shown(server.address));
    let slowest =
        edits.try_fold(0.0, |slowest, edit| Ok::<_, anyhow::Error>(edit?.max(slowest)))?;
    targets.hold("slowest of edits shown after", slowest, "s", EDIT_SECONDS_MAX);
    Ok(targets.print())
}

#[derive(Debug, PartialEq)]
struct Asked {
    baton: Option<PathBuf>,
    data: PathBuf,
    /// For which each page is asked.
    seconds: u32,
}

impl Asked {
    fn parse(arguments: &[String]) -> Result<Self> {
        let (mut baton, mut data, mut seconds) = (None, None, SECONDS);
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = arguments.next().with_context(|| format!("`{argument}` takes a value"))?;
            match argument.as_str() {
                "--baton" => baton = Some(PathBuf::from(value)),
                "--data" => data = Some(PathBuf::from(value)),
                "--seconds" => seconds = value.parse().context("`--seconds` takes a number")?,
                _ => bail!("`{argument}` is not known; there are --baton, --data and --seconds"),
            }
        }
        let data = data.context("name a company's data folder with --data")?;
        Ok(Self { baton, data, seconds })
    }
}

/// The pages behind the reports that the API describes, one metric and one deal.
fn pages(address: SocketAddr) -> Result<Vec<String>> {
    let mut connection = Connection::open(address)?;
    let described = json(&connection.get("/api/v1/openapi.json")?)?;
    let paths = described.get("paths").and_then(Value::as_object).context("no paths")?;
    let reports: BTreeSet<&str> = (paths.iter())
        .filter(|(_, verbs)| verbs.get("get").is_some())
        .filter_map(|(path, _)| path.strip_prefix("/api/v1"))
        .filter(|path| !path.contains('{') && !path[1..].contains('/'))
        .filter(|path| !["/metric", "/metric-rows", "/scoreboard"].contains(path))
        .collect();
    let mut pages = vec!["/".to_owned()];
    pages.extend(reports.into_iter().map(str::to_owned));
    pages.extend(["/metrics/wins", "/metrics/wins/rows"].map(str::to_owned));
    let deals = json(&connection.get("/api/v1/deals")?)?;
    let deal = deals.pointer("/deals/0/id").and_then(Value::as_str).context("no deal is open")?;
    pages.push(format!("/records/deals/{deal}"));
    Ok(pages)
}

fn json(answer: &Answer) -> Result<Value> {
    serde_json::from_slice(&answer.body).with_context(|| format!("status {}", answer.status))
}

fn time_of(connection: &mut Connection, page: &str) -> Result<f64> {
    let started = Instant::now();
    let answer = connection.get(page)?;
    if answer.status != 200 {
        bail!("{page} answers with status {}", answer.status);
    }
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

/// Times of requests in milliseconds, ascending.
struct Times(Vec<f64>);

impl Times {
    /// The quantile by the nearest rank.
    fn at(&self, quantile: f64) -> f64 {
        let rank = (quantile * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }
}

/// Asks the pages in turn at the steady rate for so many seconds.
fn load(address: SocketAddr, pages: &[String], seconds: u32) -> Result<Times> {
    let count = (REQUESTS_PER_SECOND * seconds) as usize;
    let next = AtomicUsize::new(0);
    let times = Mutex::new(Vec::with_capacity(count));
    let started = Instant::now();
    let ask = || -> Result<()> {
        let mut connection = Connection::open(address)?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            let due = started + Duration::from_secs(1) * number as u32 / REQUESTS_PER_SECOND;
            wait(due.saturating_duration_since(Instant::now()));
            time_of(&mut connection, &pages[number % pages.len()])?;
            let took = due.elapsed().as_secs_f64() * 1e3;
            times.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(took);
        }
    };
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        let mut ended = askers.into_iter().map(|asker| asker.join());
        ended.try_for_each(|end| end.unwrap_or_else(|_| bail!("a client panicked")))
    })?;
    let mut times = times.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    times.sort_by(f64::total_cmp);
    Ok(Times(times))
}

fn print_times(what: &str, first: Option<f64>, times: &Times) {
    let first = first.map(|first| format!("{first:.1}")).unwrap_or_default();
    let [median, high, most] = [0.5, 0.99, 1.0].map(|quantile| times.at(quantile));
    println!("{what:<28} {first:>9} {median:>9.1} {high:>9.1} {most:>9.1}");
}

/// All pages mixed, while somebody edits.
fn under_edits(
    server: &Server,
    pages: &[String],
    seconds: u32,
    targets: &mut Targets,
) -> Result<()> {
    let rounds = (seconds * pages.len() as u32).min(6 * EDIT_EVERY.as_secs() as u32);
    let over = Instant::now() + Duration::from_secs(rounds.into());
    let address = server.address;
    let times = std::thread::scope(|scope| {
        let editor = scope.spawn(move || -> Result<()> {
            let mut deal = Deal::open(address)?;
            while Instant::now() + EDIT_EVERY < over {
                deal.edit("next_step", &format!("call in {:?}", over - Instant::now()))?;
                wait(EDIT_EVERY);
            }
            Ok(())
        });
        let times = load(address, pages, rounds)?;
        editor.join().unwrap_or_else(|_| bail!("the editor panicked"))?;
        Ok::<_, anyhow::Error>(times)
    })?;
    let what = format!("all, edited every {} s", EDIT_EVERY.as_secs());
    print_times(&what, None, &times);
    targets.hold(&format!("{what}, p99"), times.at(0.99), "ms", PAGE_MS_P99_MAX);
    Ok(())
}

/// Waits until the server has done what it was asked.
fn rest(server: &Server) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(REST_SECONDS_MAX) {
        let before = server.processor_seconds()?;
        wait(IDLE);
        if server.processor_seconds()? - before < IDLE_SECONDS_USED_MAX {
            return Ok(());
        }
    }
    bail!("{REST_SECONDS_MAX} s after the last request the server still works")
}

/// Kilobytes of the scripts and styles that the first page asks for, compressed.
fn assets_kb(address: SocketAddr) -> Result<f64> {
    let mut connection = Connection::open(address)?;
    let page = connection.get("/")?.text();
    let names = page.split("\"/assets/").skip(1).filter_map(|rest| rest.split('"').next());
    let mut bytes = 0;
    for name in names.collect::<BTreeSet<&str>>() {
        let gzip = [("Accept-Encoding", "gzip")];
        bytes += connection.ask(&format!("GET /assets/{name}"), &gzip, "")?.body.len();
    }
    Ok(bytes as f64 / 1e3)
}

/// Seconds from an edit of a won deal's amount until the scoreboard shows another answer.
fn edit_until_shown(address: SocketAddr) -> Result<f64> {
    let mut deal = Deal::won(address)?;
    let before = shown(&mut deal.connection)?;
    let amount = deal.amount.clone();
    let started = Instant::now();
    deal.edit("amount", &format!("9{amount}"))?;
    while shown(&mut deal.connection).is_ok_and(|now| now == before) {
        if started.elapsed() > Duration::from_secs(60) {
            bail!("a minute after an edit the scoreboard is as it was");
        }
        wait(POLL_INTERVAL);
    }
    let seconds = started.elapsed().as_secs_f64();
    deal.edit("amount", &amount)?;
    Ok(seconds)
}

/// What the scoreboard shows below its bar, but for the word that it is about to change.
fn shown(connection: &mut Connection) -> Result<String> {
    let page = connection.get("/")?.text();
    let main = page.split("<main").nth(1).context("the scoreboard has no main part")?;
    Ok(main.replace(&format!(" · {STALE}"), ""))
}

/// A deal that is edited as the newest version that is known.
struct Deal {
    connection: Connection,
    path: String,
    version: String,
    amount: String,
}

impl Deal {
    fn open(address: SocketAddr) -> Result<Self> {
        Self::first(address, "/api/v1/deals", |_| true)
    }

    /// A deal that counts for this year's number.
    fn won(address: SocketAddr) -> Result<Self> {
        let listed = Connection::open(address)?.get("/api/v1/scoreboard")?;
        let as_of = json(&listed)?;
        let as_of = as_of.get("as_of").and_then(Value::as_str).context("no day")?.to_owned();
        let this_year = |closes: &str| closes[..4.min(closes.len())] == as_of[..4];
        Self::first(address, "/api/v1/deals?outcome=won", this_year)
    }

    fn first(address: SocketAddr, list: &str, fits: impl Fn(&str) -> bool) -> Result<Self> {
        let mut connection = Connection::open(address)?;
        let listed = json(&connection.get(list)?)?;
        let deals = listed.get("deals").and_then(Value::as_array).context("no deals")?;
        let text = |deal: &Value, name: &str| deal.get(name)?.as_str().map(str::to_owned);
        let deal = deals.iter().find(|deal| text(deal, "closes_on").is_some_and(|day| fits(&day)));
        let deal = deal.with_context(|| format!("no deal of {list} will do"))?;
        let path = format!("/api/v1/records/deals/{}", text(deal, "id").context("no id")?);
        let version = connection.get(&path)?.header("etag").context("no version")?.to_owned();
        let amount = text(deal, "amount").context("no amount")?;
        Ok(Self { connection, path, version, amount })
    }

    fn edit(&mut self, field: &str, value: &str) -> Result<()> {
        let body = serde_json::json!({ "fields": { field: value } }).to_string();
        let headers = [("If-Match", &*self.version), ("Content-Type", "application/json")];
        let answer = self.connection.ask(&format!("PATCH {}", self.path), &headers, &body)?;
        if answer.status != 200 {
            bail!("the edit of {} was refused: {}", self.path, answer.text());
        }
        self.version = answer.header("etag").context("no version")?.to_owned();
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "a steady rate is kept by the clock alone")]
pub(super) fn wait(duration: Duration) {
    std::thread::sleep(duration);
}

/// What was measured beside what is promised.
#[derive(Default)]
struct Targets {
    held: Vec<(String, bool)>,
}

impl Targets {
    fn hold(&mut self, what: &str, ours: f64, unit: &str, bound: f64) {
        let line = format!("{what:<34} {ours:>9.2} {unit:<3}  under {bound} {unit}");
        self.held.push((line, ours < bound));
    }

    /// Prints each with its bound; true when all were held.
    fn print(&self) -> bool {
        println!("\nTargets");
        for (line, held) in &self.held {
            println!("  {line:<66} {}", if *held { "held" } else { "MISSED" });
        }
        self.held.iter().all(|(_, held)| *held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let times = Times((1..=200).map(f64::from).collect());
        assert_eq!([0.5, 0.99, 1.0].map(|quantile| times.at(quantile)), [100.0, 198.0, 200.0]);
        assert!(Times(Vec::new()).at(0.5).is_nan());
    }

    #[test]
    fn arguments_are_read() {
        let parse = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
            Asked::parse(&arguments).ok()
        };
        let asked = |baton: Option<&str>, seconds| {
            Some(Asked { baton: baton.map(PathBuf::from), data: PathBuf::from("d"), seconds })
        };
        assert_eq!(parse(&["--data", "d"]), asked(None, SECONDS));
        let all = ["--data", "d", "--baton", "b", "--seconds", "3"];
        assert_eq!(parse(&all), asked(Some("b"), 3));
        for wrong in [&[][..], &["--data"], &["--data", "d", "--speed", "9"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_figure_that_is_none_is_no_target_held() {
        let mut targets = Targets::default();
        targets.hold("under", 1.0, "s", 2.0);
        assert!(targets.print());
        targets.hold("none", f64::NAN, "s", 2.0);
        assert!(!targets.print());
    }
}
