//! The connection to the database: the only place that knows which database it is.
//!
//! All other modules write one SQL for both: `$1` parameters, `on conflict`, quoted names.

use std::path::Path;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    FromQueryResult, QueryResult, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait, Value,
};

use crate::Location;
use crate::error::Error;
use crate::limits;

/// One connection that writes and several that read. PostgreSQL sorts out its writers itself.
#[derive(Clone)]
pub(crate) struct Db {
    pub writer: DatabaseConnection,
    pub reader: DatabaseConnection,
}

impl Db {
    pub async fn create(location: &Location) -> Result<Db, Error> {
        if let Location::Folder(folder) | Location::Scratch(folder) = location {
            std::fs::create_dir_all(folder)
                .map_err(|source| Error::Folder { folder: folder.clone(), source })?;
        }
        connect(location, true).await
    }

    pub async fn open(location: &Location) -> Result<Db, Error> {
        if let Location::Folder(folder) | Location::Scratch(folder) = location
            && !folder.join(limits::FILE_NAME).is_file()
        {
            return Err(Error::NotInitialised { place: location.to_string() });
        }
        connect(location, false).await
    }

    /// Begins a writing transaction; on SQLite it waits here for the one writer's place.
    pub async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        let options = TransactionOptions {
            sqlite_transaction_mode: self.is_sqlite().then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// Rewrites the database so that no freed page keeps what was deleted.
    ///
    /// On PostgreSQL this covers the tables; its write-ahead log and backups keep old pages
    /// until the server recycles them.
    pub async fn scrub(&self) -> Result<(), Error> {
        if !self.is_sqlite() {
            self.writer.execute_unprepared("vacuum full").await?;
            return Ok(());
        }
        self.truncate_log().await?;
        self.writer.execute_unprepared("vacuum").await?;
        self.truncate_log().await
    }

    /// Folds the write-ahead log into the file and empties it, which readers can hold up.
    async fn truncate_log(&self) -> Result<(), Error> {
        let is_held_up = count(&self.writer, "pragma wal_checkpoint(truncate)", Vec::new()).await?;
        if is_held_up == 0 { Ok(()) } else { Err(Error::HeldUp) }
    }

    pub async fn close(self) -> Result<(), Error> {
        self.reader.close().await?;
        Ok(self.writer.close().await?)
    }

    fn is_sqlite(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Sqlite
    }
}

async fn connect(location: &Location, create: bool) -> Result<Db, Error> {
    match location {
        Location::Folder(folder) => {
            connect_folder(folder, sqlite().create_if_missing(create)).await
        }
        Location::Scratch(folder) => {
            let options = sqlite()
                .create_if_missing(create)
                .synchronous(SqliteSynchronous::Off)
                .pragma("secure_delete", "off");
            connect_folder(folder, options).await
        }
        Location::Url(url) if is_postgres(url) => {
            // Checked here, since SeaORM's message would repeat the URL with its password.
            url.parse::<PgConnectOptions>().map_err(|_| Error::UnreadableUrl)?;
            let mut options = ConnectOptions::new(url.clone());
            options.sqlx_logging(false).max_connections(limits::READERS_MAX + 1);
            let connection = Database::connect(options).await?;
            Ok(Db { writer: connection.clone(), reader: connection })
        }
        Location::Url(_) => Err(Error::UnsupportedUrl),
    }
}

fn is_postgres(url: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
}

async fn connect_folder(folder: &Path, options: SqliteConnectOptions) -> Result<Db, Error> {
    let options = options.filename(folder.join(limits::FILE_NAME));
    let cache = |kib: u32| format!("-{kib}");
    let write = options
        .clone()
        .pragma("cache_size", cache(limits::WRITER_CACHE_KIB))
        .pragma("wal_autocheckpoint", limits::LOG_PAGES.to_string());
    let writer = connect_sqlite(write, 1).await?;
    let read = options
        .create_if_missing(false)
        .pragma("query_only", "on")
        .pragma("cache_size", cache(limits::READER_CACHE_KIB));
    let reader = connect_sqlite(read, limits::READERS_MAX).await?;
    Ok(Db { writer, reader })
}

/// `synchronous = full` syncs the log at every commit, so that an acknowledged write survives;
/// `secure_delete` overwrites what is deleted; temporary tables stay out of the file system.
fn sqlite() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(limits::BUSY_WAIT)
        .row_buffer_size(limits::ROWS_AHEAD)
        .pragma("secure_delete", "on")
        .pragma("temp_store", "memory")
}

async fn connect_sqlite(
    options: SqliteConnectOptions,
    connections_max: u32,
) -> Result<DatabaseConnection, Error> {
    let mut pool = ConnectOptions::new("sqlite:");
    pool.sqlx_logging(false)
        .max_connections(connections_max)
        .acquire_timeout(limits::BUSY_WAIT)
        .min_connections(0)
        .idle_timeout(limits::IDLE_CONNECTION)
        .map_sqlx_sqlite_opts(move |_| {
            sea_orm::sqlx::ConnectOptions::disable_statement_logging(options.clone())
        });
    Ok(Database::connect(pool).await?)
}

/// Runs one statement and returns how many rows it touched.
pub(crate) async fn run(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> Result<u64, Error> {
    let statement = statement(connection, sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

/// The rows of a query, each read by its column names.
pub(crate) async fn rows<R: FromQueryResult>(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> Result<Vec<R>, Error> {
    let found = raw_rows(connection, sql, values).await?;
    found.iter().map(named).collect()
}

pub(crate) async fn raw_rows(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, Error> {
    Ok(connection.query_all_raw(statement(connection, sql, values)).await?)
}

/// What a query finds of many keys, asked for page by page, two pages at a time: one is read while
/// the database works on the other. `ask` makes the query of a page.
pub(crate) async fn paged<K, R>(
    connection: &impl ConnectionTrait,
    keys: &[K],
    ask: impl Fn(&[K]) -> (String, Vec<Value>),
    read: impl Fn(&QueryResult) -> Result<R, Error>,
) -> Result<Vec<R>, Error> {
    let mut found = Vec::new();
    for pages in keys.chunks(2 * limits::KEYS_MAX) {
        let (first, second) = pages.split_at(pages.len().min(limits::KEYS_MAX));
        let (first, second) = tokio::join!(
            page(connection, first, &ask, &read),
            page(connection, second, &ask, &read)
        );
        found.extend(first?);
        found.extend(second?);
    }
    Ok(found)
}

async fn page<K, R>(
    connection: &impl ConnectionTrait,
    keys: &[K],
    ask: &impl Fn(&[K]) -> (String, Vec<Value>),
    read: &impl Fn(&QueryResult) -> Result<R, Error>,
) -> Result<Vec<R>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, values) = ask(keys);
    raw_rows(connection, sql, values).await?.iter().map(read).collect()
}

/// A row read by its column names.
pub(crate) fn named<R: FromQueryResult>(row: &QueryResult) -> Result<R, Error> {
    Ok(R::from_query_result(row, "")?)
}

/// The one number that a query counts.
pub(crate) async fn count(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> Result<u64, Error> {
    let row = connection.query_one_raw(statement(connection, sql, values)).await?;
    let number: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(number.unsigned_abs())
}

/// `rows` tuples of `width` parameters each, for a statement that has no other parameters.
///
/// SQLite looks up every named parameter (`$1`) by walking the list of all names, at each
/// execution: for thousands of parameters that takes a hundred times as long as the insert.
pub(crate) fn tuples(connection: &impl ConnectionTrait, rows: usize, width: usize) -> String {
    let tuples: Vec<String> = match connection.get_database_backend() {
        DbBackend::Sqlite => vec![format!("({})", vec!["?"; width].join(", ")); rows],
        _ => (0..rows).map(|row| parameters(row * width + 1, width)).collect(),
    };
    tuples.join(", ")
}

/// `($3, $4, $5)` for three parameters of which the first is number 3.
pub(crate) fn parameters(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    format!("({})", numbers.join(", "))
}

fn statement(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> Statement {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => unnamed(sql.into()),
        _ => sql.into(),
    };
    Statement::from_sql_and_values(backend, sql, values)
}

/// The statement with `?` for each of its parameters, if each stands in it once and in order: see
/// [`tuples`] for what names cost.
fn unnamed(sql: String) -> String {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (place, part) in parts.enumerate() {
        let behind = part.trim_start_matches(|it: char| it.is_ascii_digit());
        if part[..part.len() - behind.len()] != (place + 1).to_string() {
            return sql;
        }
        text.push('?');
        text.push_str(behind);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_in_order_need_no_names() {
        let check = |sql: &str, expected: &str| assert_eq!(unnamed(sql.to_owned()), expected);
        check("select 1", "select 1");
        check("a = $1 and b in ($2, $3)", "a = ? and b in (?, ?)");
        check("a = $1 or b = $1", "a = $1 or b = $1");
        check("limit $2 offset $1", "limit $2 offset $1");
        check("a = $1 and b = '$'", "a = $1 and b = '$'");
        let many = parameters(1, 12);
        check(&many, &many.replace(|it: char| it.is_ascii_digit(), "").replace('$', "?"));
    }
}
