//! The store on a real database: one story that SQLite and PostgreSQL both have to tell, then
//! what is particular to files.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod erasure;
mod handoff;
mod search;
mod story;
mod tampering;
mod world;

use sea_orm::{ConnectionTrait, Database};
use store::Location;

#[tokio::test]
async fn story_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    story::tell(&Location::Folder(folder.path().join("data"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hand_offs_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    handoff::tell(&Location::Folder(folder.path().join("data"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hand_offs_on_postgresql() {
    on_postgresql("handoff", |location| async move { handoff::tell(&location).await }).await;
}

#[tokio::test]
async fn the_journal_is_searched_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    search::tell(&Location::Folder(folder.path().join("data"))).await;
}

#[tokio::test]
async fn the_journal_is_searched_on_postgresql() {
    on_postgresql("search", |location| async move { search::tell(&location).await }).await;
}

#[tokio::test]
async fn story_on_postgresql() {
    on_postgresql("story", |location| async move { story::tell(&location).await }).await;
}

/// On a fresh database of the server at `BATON_TEST_POSTGRES_URL`, which is dropped afterwards.
async fn on_postgresql<F>(what: &str, tell: fn(Location) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Ok(server) = std::env::var("BATON_TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED: BATON_TEST_POSTGRES_URL is not set, so PostgreSQL was not tested");
        return;
    };
    let name = format!("baton_test_{what}_{}", std::process::id());
    let admin = Database::connect(&server).await.unwrap();
    admin.execute_unprepared(&format!("create database {name}")).await.unwrap();
    let mut url: url::Url = server.parse().unwrap();
    url.set_path(&name);
    let told = tokio::spawn(tell(Location::Url(url.to_string()))).await;
    admin.execute_unprepared(&format!("drop database {name} with (force)")).await.unwrap();
    told.unwrap();
}
