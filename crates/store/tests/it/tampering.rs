//! Whoever changes the journal past the store is found out.

use domain::erasure::Traces;
use domain::history::Values;
use domain::kind::Kind;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use sha2::{Digest, Sha256};
use store::chain::{Fault, Verdict};
use store::{Location, Store, Tx};
use uuid::Uuid;

use crate::world::{author, created, deal, id, person, text, write};

/// Ten deals, the first nine chained; then `sql` behind the store's back.
async fn check(sql: &str, expected: Option<(Option<u64>, Fault)>) {
    let folder = tempfile::tempdir().unwrap();
    let store = created(&Location::Folder(folder.path().into())).await;
    for number in 1..=10 {
        if number == 10 {
            store.chain("test", author(9).at).await.unwrap();
        }
        let second = i64::try_from(number).unwrap();
        let new =
            write(Kind::Deals, id(number), id(100 + number), second, &Values::new(), &deal(7));
        store.write(author(second), async |tx: &mut Tx| tx.apply(&[new]).await).await.unwrap();
    }
    let file = folder.path().join(store::limits::FILE_NAME);
    let back_door = Database::connect(format!("sqlite:{}", file.display())).await.unwrap();
    back_door.execute_unprepared(sql).await.unwrap();
    let found = match store.verify().await.unwrap() {
        Verdict::Holds(verified) => {
            assert_eq!((verified.links, verified.unchained), (10, 1));
            None
        }
        Verdict::Broken(place) => Some((place.position, place.fault)),
    };
    assert_eq!(found, expected, "{sql}");
}

// Position 1 is the founding of the company, so deal n stands at position n + 1.

#[tokio::test]
async fn an_untouched_journal_holds() {
    check("select 1", None).await;
    check("update deals set name = 'x'", None).await;
}

#[tokio::test]
async fn edits_are_found() {
    for column in ["actor = 'x'", "effective_at = effective_at + 1", "changes = '{}'"] {
        let sql = format!("update journal set {column} where id = '{}'", id(103));
        check(&sql, Some((Some(4), Fault::Edited))).await;
    }
    let sql = format!("update journal set sealed_changes = x'00' where id = '{}'", id(103));
    check(&sql, Some((Some(4), Fault::Edited))).await;
    let sql = "update journal_link set digest = x'00' where position = 5";
    check(sql, Some((Some(5), Fault::LinkEdited))).await;
}

#[tokio::test]
async fn deletions_are_found() {
    let delete = |number| format!("delete from journal where id = '{}'", id(number));
    check(&delete(103), Some((Some(4), Fault::Deleted))).await;
    check(&delete(110), Some((None, Fault::Deleted))).await;
    check("delete from journal_link where position = 6", Some((Some(7), Fault::LinkMissing))).await;
    check("delete from journal_link where position = 10", Some((None, Fault::Inserted))).await;
    check("delete from journal_tail", Some((None, Fault::Inserted))).await;
}

#[tokio::test]
async fn insertions_are_found() {
    let sql = format!(
        "insert into journal select '{}', kind, subject_id, actor, reason, import_id, effective_at,
        recorded_at, provenance, changes, sealed_changes from journal where id = '{}'",
        id(999),
        id(103)
    );
    check(&sql, Some((None, Fault::Inserted))).await;
}

#[tokio::test]
async fn swapped_links_are_found() {
    let sql = "update journal_link set position = 100 where position = 3;
        update journal_link set position = 3 where position = 4;
        update journal_link set position = 4 where position = 100";
    check(sql, Some((Some(3), Fault::LinkEdited))).await;
    let sql = format!(
        "update journal_link set entry_id = 'x' where position = 3;
        update journal_link set entry_id = '{}' where position = 4;
        update journal_link set entry_id = '{}' where position = 3",
        id(102),
        id(103)
    );
    check(&sql, Some((Some(3), Fault::Edited))).await;
}

const NOTE: &str = "call Ada Example, then ada@example.test";

/// A company with a deal that names a person, and with two people; everything is chained.
async fn named() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = created(&Location::Folder(folder.path().into())).await;
    let mut named = deal(7);
    named.insert("next_step", text(NOTE));
    let deal = write(Kind::Deals, id(1), id(101), 1, &Values::new(), &named);
    let people = [900, 901].map(|number| {
        let entry = id(number + 50);
        write(Kind::People, id(number), entry, 1, &Values::new(), &person("Ada Example"))
    });
    let writes = [vec![deal], people.into()].concat();
    store.write(author(1), async |tx: &mut Tx| tx.apply(&writes).await).await.unwrap();
    store.chain("test", author(2).at).await.unwrap();
    (folder, store)
}

/// Erases a person and takes a trace of hers out of texts.
async fn erase(store: &Store, number: u128, second: i64, trace: &str) {
    let traces = Traces::new([trace]);
    let erase = async |tx: &mut Tx| {
        tx.erase_person(Kind::People, id(number)).await?;
        let redacted = tx.redact(id(number), &traces).await?;
        assert_eq!((redacted.entries, redacted.records), (1, 1));
        tx.chain().await
    };
    assert!(store.write(author(second), erase).await.unwrap().is_some(), "it is chained at once");
}

async fn back_door(folder: &tempfile::TempDir) -> DatabaseConnection {
    let file = folder.path().join(store::limits::FILE_NAME);
    Database::connect(format!("sqlite:{}", file.display())).await.unwrap()
}

async fn place(store: &Store) -> Option<(Uuid, Fault)> {
    match store.verify().await.unwrap() {
        Verdict::Holds(_) => None,
        Verdict::Broken(place) => Some((place.entry_id, place.fault)),
    }
}

/// What erasures take out of texts is accounted for, and so is a second redaction of one row; an
/// edit of what was redacted is not.
#[tokio::test]
async fn redactions_hold_and_edits_of_them_do_not() {
    let (folder, store) = named().await;
    for (person, second, trace, texts) in [
        (900, 3, "Ada Example", "call [erased], then ada@example.test"),
        (901, 4, "ada@example.test", "call [erased], then [erased]"),
    ] {
        erase(&store, person, second, trace).await;
        let record = store.record(Kind::Deals, id(1)).await.unwrap().unwrap();
        assert_eq!(record.values["next_step"], text(texts));
        let Verdict::Holds(verified) = store.verify().await.unwrap() else { panic!("it holds") };
        assert_eq!(verified.redacted, 1);
    }
    let edit = format!(
        "update journal set changes = replace(changes, '[erased]', 'nobody') where id = '{}'",
        id(101)
    );
    back_door(&folder).await.execute_unprepared(&edit).await.unwrap();
    assert_eq!(place(&store).await, Some((id(101), Fault::Edited)));
}

/// An erasure that was chained by a later sequencer, as all were before, answers as well.
#[tokio::test]
async fn an_erasure_that_is_chained_later_answers_from_then_on() {
    let (_folder, store) = named().await;
    let traces = Traces::new(["Ada Example"]);
    let erase = async |tx: &mut Tx| {
        tx.erase_person(Kind::People, id(900)).await?;
        tx.redact(id(900), &traces).await
    };
    store.write(author(3), erase).await.unwrap();
    assert_eq!(place(&store).await, Some((id(101), Fault::Unanswered)), "it waits for its link");
    store.chain("test", author(4).at).await.unwrap();
    assert_eq!(place(&store).await, None);
}

/// A row edited behind the store's back, and a redaction that says so, made as the store makes it
/// but for the erasure.
async fn check_forged(is_erased: bool, second: i64, is_chained: bool) {
    let (folder, store) = named().await;
    if is_erased {
        erase(&store, 900, 3, "Ada Example").await;
        let other = write(Kind::Deals, id(2), id(102), 5, &Values::new(), &deal(8));
        store.write(author(5), async |tx: &mut Tx| tx.apply(&[other]).await).await.unwrap();
        store.chain("test", author(6).at).await.unwrap();
    }
    let door = back_door(&folder).await;
    let before = digest(&door).await;
    let (entry, row, person, at) = (id(999), id(101), id(900), author(second).at.as_microsecond());
    let edit = "update journal set changes = replace(changes, 'call', '[erased]') where id =";
    door.execute_unprepared(&format!("{edit} '{row}'")).await.unwrap();
    let after = digest(&door).await;
    let forged = format!(
        r#"insert into journal values ('{entry}', 'redaction', '{person}', 'import', 'a test',
            null, {at}, {at}, 'live', '{{"{row}":["{before}","{after}"]}}', null);
        insert into journal_tail values ({at}, '{entry}')"#
    );
    door.execute_unprepared(&forged).await.unwrap();
    if is_chained {
        store.chain("test", author(9).at).await.unwrap();
    }
    let case = format!("{is_erased} {second} {is_chained}");
    assert_eq!(place(&store).await, Some((row, Fault::Unanswered)), "{case}");
}

/// The digest of the deal's entry, as the chain takes it.
async fn digest(door: &DatabaseConnection) -> String {
    let sql = format!("select * from journal where id = '{}'", id(101));
    let row = door.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await;
    let row = row.unwrap().unwrap();
    let mut hasher = Sha256::new();
    for index in 0..11 {
        let column: Option<Vec<u8>> = match index {
            6 | 7 => Some(row.try_get_by_index::<i64>(index).unwrap().to_be_bytes().into()),
            10 => row.try_get_by_index(index).unwrap(),
            _ => row.try_get_by_index::<Option<String>>(index).unwrap().map(String::into_bytes),
        };
        let length = column.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64);
        hasher.update(length.to_be_bytes());
        hasher.update(column.unwrap_or_default());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_redaction_without_an_erasure_of_its_own_is_forged() {
    // Nobody was erased: neither chained nor waiting is it believed.
    check_forged(false, 7, false).await;
    check_forged(false, 7, true).await;
    // Somebody was, at another time; or at this one, and another entry stands between.
    check_forged(true, 7, true).await;
    check_forged(true, 3, true).await;
}
