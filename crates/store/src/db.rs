//! The connection to the database: the only place that knows which database it is.
//!
//! All other modules write one SQL for both: `$1` parameters, `on conflict`, quoted names.

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
        if let Location::Folder(folder) = location {
            std::fs::create_dir_all(folder)
                .map_err(|source| Error::Folder { folder: folder.clone(), source })?;
        }
        connect(location, true).await
    }

    pub async fn open(location: &Location) -> Result<Db, Error> {
        if let Location::Folder(folder) = location
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
            let file = folder.join(limits::FILE_NAME);
            let writer = connect_sqlite(sqlite(create).filename(&file), 1).await?;
            let read = sqlite(false).filename(&file).pragma("query_only", "on");
            let reader = connect_sqlite(read, limits::READERS_MAX).await?;
            Ok(Db { writer, reader })
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

/// `synchronous = full` syncs the log at every commit, so that an acknowledged write survives;
/// `secure_delete` overwrites what is deleted; temporary tables stay out of the file system.
fn sqlite(create: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(limits::BUSY_WAIT)
        .pragma("secure_delete", "on")
        .pragma("temp_store", "memory")
        .pragma("cache_size", format!("-{}", limits::CACHE_KIB))
}

async fn connect_sqlite(
    options: SqliteConnectOptions,
    connections_max: u32,
) -> Result<DatabaseConnection, Error> {
    let mut pool = ConnectOptions::new("sqlite:");
    pool.sqlx_logging(false)
        .max_connections(connections_max)
        .acquire_timeout(limits::BUSY_WAIT)
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
    found.iter().map(|row| Ok(R::from_query_result(row, "")?)).collect()
}

pub(crate) async fn raw_rows(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, Error> {
    Ok(connection.query_all_raw(statement(connection, sql, values)).await?)
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
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}
