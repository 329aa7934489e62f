//! Events of sites: 20,000 a second over HTTP, each on disk before it is acknowledged; and
//! Segment's client for Python while the server is killed.

use super::http::Connection;
use super::{Bench, Row, python};
use crate::server::Server;
use anyhow::{Context, Result, bail, ensure};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const EVENTS_PER_SECOND: u32 = 20_000;
const EVENTS_PER_BATCH: u32 = 100;
const SECONDS: u32 = 30;
const CONNECTIONS: usize = 16;
/// People whose events they are.
const PEOPLE: u32 = 50_000;

const BATCH_MS_P99_MAX: f64 = 100.0;

/// The longest that sealing what came in may take.
const SEALING: Duration = Duration::from_secs(180);

const PACKAGES: &[&str] = &["segment-analytics-python==2.4.0"];
/// Events that the client sends, and of how many it is killed in the middle.
const CLIENT_EVENTS: u64 = 3_000;

/// Sends events with Segment's client, a little at a time; waits until all are acknowledged.
const CLIENT: &str = "
import sys, time
import segment.analytics as analytics
analytics.write_key, analytics.host, analytics.gzip = sys.argv[1], sys.argv[2], True
analytics.max_retries = 20
failed = []
analytics.on_error = lambda error, items: failed.append(error)
for number in range(int(sys.argv[3])):
    analytics.track(user_id=f'u{number % 50}', event='Signed Up', properties={'number': number})
    if number % 300 == 0:
        analytics.flush()
        print('SENT', number, flush=True)
analytics.flush()
analytics.shutdown()
print('FAILED', len(failed), flush=True)
";

pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = load(bench)?;
    match clients(bench) {
        Ok(row) => rows.push(row),
        Err(error) => println!("  LEFT OUT: Segment's client for Python: {error:#}"),
    }
    Ok(rows)
}

/// Batches at a steady rate, each timed from when it was due.
fn load(bench: &Bench) -> Result<Vec<Row>> {
    let data = bench.company("tracking")?;
    let key = write_key(bench, &data)?;
    let server = Server::start(bench.binary()?, &data, &[])?;
    let batches = EVENTS_PER_SECOND / EVENTS_PER_BATCH * SECONDS;
    let began = Instant::now();
    let times = sent(server.address, &key, batches)?;
    let took = began.elapsed().as_secs_f64();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] * 1e3;
    let events = u64::from(batches * EVENTS_PER_BATCH);
    println!(
        "  {events} events in {took:.1} s ({:.0} a second): p50 {:.1} ms, p99 {:.1} ms, longest \
         {:.1} ms",
        events as f64 / took,
        at(0.5),
        at(0.99),
        at(1.0)
    );
    println!("  {:.0} MiB are resident", server.resident_mib()?);
    let sealing = Instant::now();
    drop(server);
    let touches = sealed(bench, &data, events)?;
    println!("  what waited was sealed in {:.1} s", sealing.elapsed().as_secs_f64());
    let rate = f64::from(EVENTS_PER_SECOND) / (events as f64 / took);
    Ok(vec![
        Row::bounded("tracking, p99 of a batch of 100".into(), at(0.99), "ms", BATCH_MS_P99_MAX),
        Row::bounded("  asked rate over that held".into(), rate, "", 1.02),
        Row::bounded("  events lost or doubled".into(), differ(touches, events), "", 0.0),
    ])
}

fn differ(one: u64, other: u64) -> f64 {
    one.abs_diff(other) as f64
}

/// Sends batches over several connections; the seconds that each took, in order of size.
fn sent(address: SocketAddr, key: &str, batches: u32) -> Result<Vec<f64>> {
    let next = AtomicU32::new(0);
    let times = Mutex::new(Vec::with_capacity(batches as usize));
    let began = Instant::now();
    let authorization = format!("Bearer {key}");
    let work = || -> Result<()> {
        let mut connection = Connection::open(address)?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= batches {
                return Ok(());
            }
            let body = batch(number);
            let due = Duration::from_secs(1) * number * EVENTS_PER_BATCH / EVENTS_PER_SECOND;
            super::pages::wait(due.saturating_sub(began.elapsed()));
            let headers =
                [("Authorization", &*authorization), ("Content-Type", "application/json")];
            let answer = connection.ask("POST /v1/batch", &headers, &body)?;
            let took = began.elapsed().saturating_sub(due).as_secs_f64();
            ensure!(answer.status == 200, "a batch was answered {}", answer.text());
            times.lock().unwrap_or_else(|broken| broken.into_inner()).push(took);
        }
    };
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a sender stopped"))??;
        }
        Ok(())
    })?;
    let mut times = times.into_inner().unwrap_or_else(|broken| broken.into_inner());
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// A batch as Segment's client for Node writes it.
fn batch(number: u32) -> String {
    let event = |place: u32| {
        let event = number * EVENTS_PER_BATCH + place;
        // A multiplier that is prime to their number spreads events over people.
        let person = event.wrapping_mul(7919) % PEOPLE;
        format!(
            "{{\"type\":\"track\",\"event\":\"Page Scrolled\",\"userId\":\"user-{person}\",\
             \"anonymousId\":\"anonymous-{person}\",\"messageId\":\"node-next-{event}-bench\",\
             \"timestamp\":\"2026-11-20T10:00:00.000Z\",\"properties\":{{\"depth\":{place},\
             \"plan\":\"team\"}},\"context\":{{\"library\":{{\"name\":\"@segment/analytics-node\",\
             \"version\":\"3.1.0\"}},\"page\":{{\"url\":\"https://acme.example/pricing\",\
             \"referrer\":\"https://www.google.com/\"}},\"userAgent\":\"Mozilla/5.0 (X11; Linux \
             x86_64) Firefox/140.0\"}},\"integrations\":{{}},\"_metadata\":{{\"jsRuntime\":\
             \"node\"}}}}"
        )
    };
    let events: Vec<String> = (0..EVENTS_PER_BATCH).map(event).collect();
    format!("{{\"batch\":[{}],\"sentAt\":\"2026-11-20T10:00:01.000Z\"}}", events.join(","))
}

/// The real client, with the server killed twice in the middle and started again where it was.
fn clients(bench: &Bench) -> Result<Row> {
    let home = bench.folder.join("segment-analytics-python");
    let python = python::environment(&home, "segment.analytics", PACKAGES)?;
    let data = bench.company("tracking-client")?;
    let key = write_key(bench, &data)?;
    let address = free_address()?;
    let binary = bench.binary()?;
    let mut server = Server::start_at(binary, &data, address, &[])?;
    let mut client = Command::new(python)
        .args(["-c", CLIENT, &key, &format!("http://{address}"), &CLIENT_EVENTS.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let said = client.stdout.take().context("what the client says could not be read")?;
    let mut failed = None;
    for line in std::io::BufRead::lines(std::io::BufReader::new(said)) {
        let line = line?;
        if line == "SENT 900" || line == "SENT 1800" {
            // Dropping a server is `kill -9`.
            drop(server);
            server = Server::start_at(binary, &data, address, &[])?;
        }
        failed = line.strip_prefix("FAILED ").map(str::to_owned).or(failed);
    }
    ensure!(client.wait()?.success(), "the client failed");
    if failed.as_deref() != Some("0") {
        bail!("the client gave up {} batches", failed.unwrap_or_default());
    }
    drop(server);
    let touches = sealed(bench, &data, CLIENT_EVENTS)?;
    println!("  Segment's client for Python sent {CLIENT_EVENTS} events over two kills");
    let what = "Python client over kill -9: lost or doubled".to_owned();
    Ok(Row::bounded(what, differ(touches, CLIENT_EVENTS), "", 0.0))
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn write_key(bench: &Bench, data: &Path) -> Result<String> {
    let data = data.to_string_lossy();
    let made = bench.baton(&["--data", &data, "track", "key", "new", "bench"], 2)?;
    Ok(String::from_utf8(made.output)?.trim().to_owned())
}

/// Seals what waits, and gives the number of touches.
fn sealed(bench: &Bench, data: &Path, expected: u64) -> Result<u64> {
    let data = data.to_string_lossy();
    let began = Instant::now();
    bench.baton(&["--data", &data, "upkeep"], 2)?;
    ensure!(began.elapsed() < SEALING, "sealing took longer than {} s", SEALING.as_secs());
    let told = bench.baton(&["--data", &data, "track", "status", "--json"], 2)?;
    let told: serde_json::Value = serde_json::from_slice(&told.output)?;
    println!("  {expected} sent, stored: {}", told["touches"]);
    told["touches"].as_u64().context("`track status --json` counts no touches")
}
