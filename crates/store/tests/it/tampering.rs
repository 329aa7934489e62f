//! Whoever changes the journal past the store is found out.

use domain::erasure::Traces;
use domain::history::Values;
use domain::kind::Kind;
use sea_orm::{ConnectionTrait, Database};
use store::chain::{Fault, Verdict};
use store::{Location, Tx};

use crate::world::{author, created, deal, id, text, write};

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

/// What an erasure takes out of texts is accounted for; the same done behind the store's back is
/// not, and neither is a second edit of a row that was redacted.
#[tokio::test]
async fn redactions_hold_and_edits_of_them_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = created(&Location::Folder(folder.path().into())).await;
    let mut named = deal(7);
    named.insert("next_step", text("call Ada Example, then ada@example.test"));
    let new = write(Kind::Deals, id(1), id(101), 1, &Values::new(), &named);
    store.write(author(1), async |tx: &mut Tx| tx.apply(&[new]).await).await.unwrap();
    store.chain("test", author(2).at).await.unwrap();
    for (second, trace, texts) in [
        (3, "Ada Example", "call [erased], then ada@example.test"),
        (4, "ada@example.test", "call [erased], then [erased]"),
    ] {
        let traces = Traces::new([trace]);
        let redact = async |tx: &mut Tx| tx.redact(id(900), &traces).await;
        let redacted = store.write(author(second), redact).await.unwrap();
        assert_eq!((redacted.entries, redacted.records), (1, 1));
        let record = store.record(Kind::Deals, id(1)).await.unwrap().unwrap();
        assert_eq!(record.values["next_step"], text(texts));
        let Verdict::Holds(verified) = store.verify().await.unwrap() else { panic!("it holds") };
        assert_eq!(verified.redacted, 1);
        store.chain("test", author(5).at).await.unwrap();
    }
    let file = folder.path().join(store::limits::FILE_NAME);
    let back_door = Database::connect(format!("sqlite:{}", file.display())).await.unwrap();
    let edit = format!(
        "update journal set changes = replace(changes, '[erased]', 'nobody') where id = '{}'",
        id(101)
    );
    back_door.execute_unprepared(&edit).await.unwrap();
    let Verdict::Broken(place) = store.verify().await.unwrap() else { panic!("it was edited") };
    assert_eq!((place.entry_id, place.fault), (id(101), Fault::Edited));
}
