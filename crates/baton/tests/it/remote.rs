//! A report from a server is the report from the data folder, byte by byte, as tables and as JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use testkit::TestCompany;

/// What is asked both ways: every report that a server makes.
const REPORTS: &[&[&str]] = &[
    &["scoreboard"],
    &["scoreboard", "--as-of", "2026-03-31", "--known-at", "2026-06-01"],
    &["plan", "--seed", "3"],
    &["plan", "--change", "cycle=-10%", "--change", "asp=+5%"],
    &["forecast", "--period", "2026-Q3"],
    &["forecast", "--period", "2026-Q2", "--as-of", "2026-04-30", "--seed", "7"],
    &["forecast", "backtest", "--origins", "2026-03-31,2026-04-30"],
    &["forecast", "backtest", "--every", "week", "--as-of", "2026-05-15"],
    &["forecast", "calls", "--period", "2026-Q3"],
    &["retention"],
    &["awareness"],
    &["awareness", "--by", "campaign", "--from", "2026-02-01", "--to", "2026-05-01"],
    &["pipeline", "--as-of", "2026-05-20"],
    &["pipeline", "waterfall", "--from", "2026-02-01", "--to", "2026-05-01"],
    &["pipeline", "waterfall", "--from", "2026-02-01", "--to", "2026-05-01", "--closing", "2026"],
    &["funnel", "show", "--from", "deal", "--to", "won", "--unsmoothed"],
    &["funnel", "rates"],
    &["goal", "show"],
    &["goal", "tree", "--as-of", "2026-05-01"],
    &["goal", "check"],
    &["metrics", "list"],
    &["metrics", "show", "win_rate", "--from", "2026-01-01", "--by", "month"],
    &["metrics", "rows", "wins", "--from", "2026-01-01"],
    &["metrics", "rows", "win_rate", "--by", "month", "--value", "2026-03", "--after", "1"],
    &["check"],
    &["import", "list"],
    &["team", "list"],
    &["journal", "verify"],
    &["journal", "log", "deals:d 1/x"],
    &["journal", "search"],
    &["journal", "search", "plain", "--kind", "deals", "--field", "stage", "--cause", "import"],
    &["record", "show", "deals:d 1/x"],
];

/// What only a data folder can do.
const LOCAL: &[&[&str]] = &[
    &["init", "--name", "A", "--currency", "USD"],
    &["import", "deals.csv", "--kind", "deals"],
    &["import", "undo", "0"],
    &["goal", "set", "--amount", "5", "--period", "2026"],
    &["record", "set", "deals:d2", "next_step=call"],
    &["forecast", "submit", "--period", "2026-Q3", "--commit", "1", "--best-case", "2"],
    &["person", "erase", "people:p1"],
    &["member", "list"],
    &["team", "add", "North"],
    &["plan", "--assume", "assumptions.toml"],
];

/// A server that ends with its test.
struct Served {
    process: Child,
    address: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has nothing to lose: what it acknowledged is kept.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn baton(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    command.arg("--data").arg(data).env_remove("BATON_TOKEN").env("COLUMNS", "97");
    command
}

fn serve(data: &Path) -> Served {
    let mut process = baton(data)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    let out = process.stdout.take().expect("is piped");
    BufReader::new(out).read_line(&mut line).expect("says where it is");
    let address = line.split_whitespace().find(|word| word.starts_with("http"));
    Served { address: address.expect("an address").to_owned(), process }
}

/// A token of a new owner.
fn token(data: &Path) -> String {
    let mut adding = baton(data)
        .args(["member", "add", "ada@example.com", "--name", "Ada", "--role", "owner"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the command runs");
    let mut password = adding.stdin.take().expect("is piped");
    password.write_all(b"correct horse battery\n").expect("is read");
    drop(password);
    assert!(adding.wait().expect("ends").success());
    let made = baton(data).args(["member", "token", "ada@example.com", "--name", "test"]).output();
    String::from_utf8(made.expect("the command runs").stdout).expect("text").trim().to_owned()
}

/// A company with deals won and lost over some months, and a goal.
async fn company() -> TestCompany {
    let company = TestCompany::new().await;
    let mut deals = "deal_id,name,stage,amount,created_at,close_date\n".to_owned();
    for number in 0..60_u32 {
        let (month, day) = (1 + number % 4, 1 + number % 28);
        let stage = if number % 3 == 0 { "Closed Won" } else { "Closed Lost" };
        deals.push_str(&format!("d{number},Deal {number},{stage},{}.00,", 1_000 + number));
        deals.push_str(&format!("2026-{month:02}-{day:02},2026-{:02}-{day:02}\n", month + 1));
    }
    deals.push_str("d 1/x,Plain sailing,Discovery,5000.00,2026-05-01,2026-07-31\n");
    let how = testkit::How::default();
    company.import_text(domain::kind::Kind::Deals, &deals, how).await.expect("is imported");
    let subscriptions = "subscription_id,account,started_on,ended_on,monthly_amount\n\
        s1,Open Works,2025-01-01,,100.00\ns2,Hidden Harbour,2025-03-01,2026-02-01,50.00\n";
    let how = testkit::How::default();
    let kind = domain::kind::Kind::Subscriptions;
    company.import_text(kind, subscriptions, how).await.expect("is imported");
    let year = "2026".parse().expect("a year");
    let counts = domain::goal::Counts::All;
    app::goal::set(&company.context, "200000", year, counts, 0.8).await.expect("is set");
    company
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_the_same_bytes_as_the_data_folder() {
    let company = company().await;
    let data = company.folder.path().join("data");
    let token = token(&data);
    let served = serve(&data);
    for report in REPORTS {
        for form in [&[][..], &["--json"]] {
            let here = baton(&data).args(*report).args(form).output().expect("runs");
            let there = baton(Path::new("nowhere"))
                .args(["--server", &served.address])
                .args(*report)
                .args(form)
                .env("BATON_TOKEN", &token)
                .output()
                .expect("runs");
            assert!(here.status.success(), "{report:?}: {}", said(&here));
            assert!(there.status.success(), "{report:?}: {}", said(&there));
            let text = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(text(&there), text(&here), "{report:?} {form:?}");
        }
    }
    refusals(&served, &token);
}

/// What goes wrong is told as on a data folder, and no message holds the token.
fn refusals(served: &Served, token: &str) {
    let ask = |words: &[&str], token: &str| {
        let asked = baton(Path::new("nowhere"))
            .args(["--server", &served.address])
            .args(words)
            .env("BATON_TOKEN", token)
            .output()
            .expect("runs");
        assert!(!asked.status.success(), "{words:?}");
        let said = said(&asked);
        assert!(said.starts_with("baton: "), "{said}");
        assert!(token.is_empty() || !said.contains(token), "{said}");
        said
    };
    let unknown = ask(&["metrics", "show", "happiness"], token);
    assert!(unknown.contains("happiness"), "{unknown}");
    assert!(ask(&["record", "show", "deals:none"], token).contains("no such record"));
    assert!(ask(&["scoreboard"], "").contains("set BATON_TOKEN"));
    assert!(ask(&["scoreboard"], "baton_0000").contains("does not know the token"));
    for words in LOCAL {
        let said = ask(words, token);
        assert!(said.contains("leave --server out"), "{words:?}: {said}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told_by_its_address() {
    let ask = |server: &str| {
        let asked = baton(Path::new("nowhere")).args(["--server", server, "scoreboard"]).output();
        said(&asked.expect("runs"))
    };
    assert!(ask("http://127.0.0.1:1").contains("http://127.0.0.1:1/ cannot be reached"));
    assert!(ask("http://baton.example.com").contains("--plain-http"));
}
