//! A process that dies while it seals leaves nothing undone and nothing done twice.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use app::context::{Context, Place, Session};
use app::{imports, journal, pipeline};
use domain::kind::Kind;
use jiff::{SignedDuration, Timestamp};
use reports::document::Report;
use testkit::{How, TestCompany, import_file};

const FOLDER: &str = "APP_TEST_KILLED_FOLDER";
const STEP: &str = "APP_TEST_KILLED_AT_STEP";
const FILES: [&str; 2] = ["january.csv", "february.csv"];

/// The parent starts this test alone in processes of their own, each of which imports two files
/// and undoes the first, and dies at one step of their sealing; then it does the same once more.
#[test]
fn who_dies_while_sealing_leaves_nothing_undone_or_done_twice() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    if let Some(folder) = std::env::var_os(FOLDER) {
        runtime.block_on(work(Path::new(&folder), 0));
        return;
    }
    let mut expected = None;
    for step in 1.. {
        let company = runtime.block_on(company());
        let died = dies_at(step, company.folder.path());
        let found = runtime.block_on(async {
            work(company.folder.path(), step).await;
            picture(company.folder.path()).await
        });
        let expected = expected.get_or_insert_with(|| found.clone());
        assert_eq!(&found, expected, "killed at step {step}");
        if !died {
            assert!(step > 10, "there are steps to die at: {step}");
            return;
        }
    }
}

/// A company whose files lie beside its data.
async fn company() -> TestCompany {
    let company = TestCompany::new().await;
    let header = "deal_id,name,stage,amount,created_at,close_date\n";
    let january = "d1,One,Discovery,100,2025-01-05,2025-12-31\nd2,Two,Discovery,,2025-01-06,\n";
    let february =
        "d1,One,Proposal,150,2025-01-05,2025-12-31\nd3,Three,Won,9,2025-02-06,2025-02-07\n";
    for (name, rows) in FILES.into_iter().zip([january, february]) {
        company.file(name, format!("{header}{rows}"));
    }
    company
}

/// Runs `work` in another process that ends abruptly at a step; `false` when it came to its end.
fn dies_at(step: u32, folder: &Path) -> bool {
    let name = "sealing::who_dies_while_sealing_leaves_nothing_undone_or_done_twice";
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", name])
        .env(FOLDER, folder)
        .env(STEP, step.to_string())
        .output()
        .expect("a child")
        .status;
    !status.success()
}

/// The steps that this process has taken.
static STEPS: AtomicU32 = AtomicU32::new(0);

fn die_at_step(_: app::sealing::Step) {
    let wanted: Option<u32> = std::env::var(STEP).ok().and_then(|step| step.parse().ok());
    if Some(STEPS.fetch_add(1, Ordering::Relaxed) + 1) == wanted {
        std::process::abort();
    }
}

async fn open(folder: &Path, hour: u32) -> Context {
    let place = Place { folder: folder.join("data"), database_url: None, lake_url: None };
    let start: Timestamp = "2026-07-01T00:00:00Z".parse().expect("a time");
    let now = start + SignedDuration::from_hours(i64::from(hour));
    let session = Session { actor: "test".to_owned(), now, id_seed: [hour as u8 + 1; 32] };
    let mut context = Context::open(place, session).await.expect("a company");
    context.after = die_at_step;
    context
}

/// Imports both files, in one process after the other, and takes back every import of the first.
async fn work(folder: &Path, hour: u32) {
    let context = open(folder, hour).await;
    for (file, month) in FILES.into_iter().zip([1, 2]) {
        let observed_at = Some(jiff::civil::date(2025, month, 28));
        let how = How { observed_at, ..How::default() };
        import_file(&context, &folder.join(file), Kind::Deals, how).await.expect("is imported");
    }
    for import in imports::list(&context).await.expect("a list").imports {
        if import.file == FILES[0] && !import.is_undone {
            imports::undo::undo(&context, &import.import_id).await.expect("is undone");
        }
    }
}

/// What is known at the end, and that the lake holds each fact of the journal once.
async fn picture(folder: &Path) -> String {
    let context = open(folder, 200).await;
    app::sealing::seal(&context).await.expect("is sealed");
    let verified = journal::verify(&context).await.expect("a verdict");
    assert_eq!((verified.broken, verified.entries_unchained), (None, 0));
    let records = context.store.records_page(Kind::Deals, None, 100).await.expect("deals");
    let mut facts = 0;
    for record in records {
        let entries = context.store.entries(Kind::Deals, record.id).await.expect("entries");
        facts += entries.iter().map(|entry| entry.changes.len() as u64).sum::<u64>();
    }
    assert_eq!(facts_in_lake(folder), facts);
    let report = pipeline::pipeline(&context, None, None).await.expect("a report");
    report.json().to_string()
}

/// The rows that the commits of the lake's table have added.
fn facts_in_lake(folder: &Path) -> u64 {
    let log = folder.join("data/lake/history/_delta_log");
    let mut rows = 0;
    for file in std::fs::read_dir(log).expect("a log") {
        let path = file.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let commit = std::fs::read_to_string(path).expect("a commit");
            let added = commit.lines().filter_map(|line| {
                let action: serde_json::Value = serde_json::from_str(line).ok()?;
                let stats = action.pointer("/add/stats")?.as_str()?.to_owned();
                let stats: serde_json::Value = serde_json::from_str(&stats).ok()?;
                stats.get("numRecords")?.as_u64()
            });
            rows += added.sum::<u64>();
        }
    }
    rows
}
