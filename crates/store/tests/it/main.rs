//! The store on a real database: one story that SQLite and PostgreSQL both have to tell, then
//! what is particular to files.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod erasure;
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

/// On a fresh database of the server at `BATON_TEST_POSTGRES_URL`, which is dropped afterwards.
#[tokio::test]
async fn story_on_postgresql() {
    let Ok(server) = std::env::var("BATON_TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED: BATON_TEST_POSTGRES_URL is not set, so PostgreSQL was not tested");
        return;
    };
    let name = format!("baton_test_{}", std::process::id());
    let admin = Database::connect(&server).await.unwrap();
    admin.execute_unprepared(&format!("create database {name}")).await.unwrap();
    let mut url: url::Url = server.parse().unwrap();
    url.set_path(&name);
    let told =
        tokio::spawn(async move { story::tell(&Location::Url(url.to_string())).await }).await;
    admin.execute_unprepared(&format!("drop database {name} with (force)")).await.unwrap();
    told.unwrap();
}
