//! Inserting many rows with few statements.

use sea_orm::{DatabaseTransaction, Value};

use crate::db;
use crate::error::Error;
use crate::limits;

/// Where rows go, and what happens to a row whose key is there already.
pub(crate) struct Insert<'a> {
    pub table: &'a str,
    pub columns: &'a [&'a str],
    pub on_conflict: &'a str,
}

impl Insert<'_> {
    /// Inserts rows that stand one after another in `values`, column by column. Full statements
    /// have one text, so that the connection prepares them once.
    pub async fn run(&self, sql: &DatabaseTransaction, values: Vec<Value>) -> Result<(), Error> {
        let width = self.columns.len();
        let full = (limits::PARAMETERS_MAX / width).max(1);
        let mut left = values.len() / width;
        let mut values = values.into_iter();
        let full_text = if left >= full { self.text(sql, full) } else { String::new() };
        while left > 0 {
            let rows = left.min(full);
            let text = if rows == full { full_text.clone() } else { self.text(sql, rows) };
            db::run(sql, text, values.by_ref().take(rows * width).collect()).await?;
            left -= rows;
        }
        Ok(())
    }

    fn text(&self, sql: &DatabaseTransaction, rows: usize) -> String {
        format!(
            r#"insert into "{}" ("{}") values {} {}"#,
            self.table,
            self.columns.join(r#"", ""#),
            db::tuples(sql, rows, self.columns.len()),
            self.on_conflict
        )
    }
}
