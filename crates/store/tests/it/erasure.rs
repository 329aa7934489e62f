//! A person who was erased leaves no byte behind, and a killed process loses nothing.

use std::collections::BTreeMap;
use std::path::Path;

use domain::history::{DatedRow, Observation, Values};
use domain::kind::Kind;
use store::alias::Alias;
use store::chain::Verdict;
use store::observation::{Said, Sighting};
use store::{Location, Store, Tx};
use uuid::Uuid;

use crate::world::{at, author, created, id, text, write};

const PERSONAL: [&str; 6] = ["external_id", "name", "email", "phone", "title", "city"];

/// The planted value of a personal field in the person's `version`-th form.
fn planted(field: &str, version: usize) -> String {
    format!("planted-{field}-{version}")
}

fn form(version: usize) -> Values {
    let mut values = Values::from([("country", text("DE"))]);
    values.extend(PERSONAL.map(|field| (field, text(&planted(field, version)))));
    values
}

#[tokio::test]
async fn no_byte_of_an_erased_person_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let store = created(&Location::Folder(folder.path().into())).await;
    let mut before = Values::new();
    for version in 0..4 {
        plant(&store, version, &before).await;
        before = form(version);
    }
    bystander(&store).await;
    store.chain("test", at(50)).await.unwrap();
    assert!(occurrences(folder.path()) > 24, "the values were planted");
    let erase = async |tx: &mut Tx| tx.erase_person(Kind::People, id(1)).await;
    store.write(author(60), erase).await.unwrap();
    store.scrub().await.unwrap();
    assert_eq!(occurrences(folder.path()), 0);
    assert!(matches!(store.verify().await.unwrap(), Verdict::Holds(v) if v.links == 6));
    assert_eq!(store.entries(Kind::People, id(1)).await.unwrap().len(), 5);
    let other = store.entries(Kind::People, id(2)).await.unwrap();
    assert!(other[0].changes.iter().any(|change| change.after == text("Grace Example")));
    store.close().await.unwrap();
    assert_eq!(occurrences(folder.path()), 0);
}

/// The person in one form: in the record, the journal, the aliases, an export and a history file.
async fn plant(store: &Store, version: usize, before: &Values) {
    let second = i64::try_from(version).unwrap() + 1;
    let entry = id(100 + version as u128);
    let new = write(Kind::People, id(1), entry, second, before, &form(version));
    let sighting = |file_row, said| Sighting {
        import_id: id(500 + version as u128),
        kind: Kind::People,
        subject_id: id(1),
        file_row,
        said,
        spelled: BTreeMap::new(),
    };
    let seen = Observation { observed_at: at(second), modified_at: None, values: form(version) };
    let dated = DatedRow { changed_at: at(second), values: form(version) };
    let alias = |namespace: &str| Alias {
        kind: Kind::People,
        namespace: namespace.into(),
        key: planted(namespace, version),
        record_id: id(1),
    };
    let put = async |tx: &mut Tx| {
        tx.apply(&[new]).await?;
        tx.put_aliases(vec![alias("external_id"), alias("name"), alias("email")]).await?;
        let said = [Said::Observation(seen), Said::Dated(dated)];
        tx.put_observations((1..).zip(said).map(|(row, said)| sighting(row, said)).collect()).await
    };
    store.write(author(second), put).await.unwrap();
}

async fn bystander(store: &Store) {
    let values = Values::from([("name", text("Grace Example"))]);
    let new = write(Kind::People, id(2), id(200), 40, &Values::new(), &values);
    store.write(author(40), async |tx: &mut Tx| tx.apply(&[new]).await).await.unwrap();
}

/// How often the 24 planted values occur in the files of the folder, the write-ahead log included.
fn occurrences(folder: &Path) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let bytes: Vec<Vec<u8>> = files.map(|path| std::fs::read(path).unwrap()).collect();
    let values = PERSONAL.iter().flat_map(|field| (0..4).map(|version| planted(field, version)));
    values.map(|value| bytes.iter().map(|file| count(file, value.as_bytes())).sum::<usize>()).sum()
}

fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle).count()
}

const KILLED_FOLDER: &str = "STORE_TEST_KILLED_FOLDER";

/// The parent starts this test alone in a process of its own, which acknowledges a write and is
/// then killed with SIGKILL while another transaction is open.
#[test]
fn an_acknowledged_write_survives_a_kill() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Some(folder) = std::env::var_os(KILLED_FOLDER) {
        runtime.block_on(write_and_hang(Path::new(&folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    kill_after_acknowledgement(folder.path());
    runtime.block_on(async {
        let store = Store::open(&Location::Folder(folder.path().into())).await.unwrap();
        let teams: Vec<Uuid> =
            store.names(Kind::Teams).await.unwrap().into_iter().map(|(team, _)| team).collect();
        assert_eq!(teams, [id(1)], "what was acknowledged is there, what was not is not");
        assert!(matches!(store.verify().await.unwrap(), Verdict::Holds(v) if v.unchained == 2));
    });
}

async fn write_and_hang(folder: &Path) {
    let store = created(&Location::Folder(folder.into())).await;
    let values = Values::from([("name", text("North"))]);
    let team =
        |number: u128| write(Kind::Teams, id(number), id(100 + number), 1, &Values::new(), &values);
    store.write(author(1), async |tx: &mut Tx| tx.apply(&[team(1)]).await).await.unwrap();
    let hang = async |tx: &mut Tx| {
        tx.apply(&[team(2)]).await?;
        println!("acknowledged");
        std::future::pending::<Result<(), store::error::Error>>().await
    };
    store.write(author(1), hang).await.unwrap();
}

fn kill_after_acknowledgement(folder: &Path) {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "erasure::an_acknowledged_write_survives_a_kill", "--nocapture"])
        .env(KILLED_FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let acknowledged = lines.map_while(Result::ok).any(|line| line.contains("acknowledged"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(acknowledged, "the child wrote before it was killed");
}
