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
    /// Inserts a row for each item; `bind` appends its values, one a column.
    ///
    /// Full statements have one text, so that the connection prepares them once. While the
    /// database works on one, the values of the next are bound.
    pub async fn run<T>(
        &self,
        sql: &DatabaseTransaction,
        items: &[T],
        mut bind: impl FnMut(&T, &mut Vec<Value>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let rows_max = (limits::PARAMETERS_MAX / self.columns.len()).max(1);
        let mut pages = items.chunks(rows_max);
        let mut bound = pages.next().map(|page| self.bound(page, &mut bind)).transpose()?;
        let full_text =
            if items.len() >= rows_max { self.text(sql, rows_max) } else { String::new() };
        while let Some((rows, values)) = bound {
            let text = if rows == rows_max { full_text.clone() } else { self.text(sql, rows) };
            let next = async { pages.next().map(|page| self.bound(page, &mut bind)).transpose() };
            let (inserted, next) = tokio::join!(db::run(sql, text, values), next);
            inserted?;
            bound = next?;
        }
        Ok(())
    }

    fn bound<T>(
        &self,
        items: &[T],
        bind: &mut impl FnMut(&T, &mut Vec<Value>) -> Result<(), Error>,
    ) -> Result<(usize, Vec<Value>), Error> {
        let mut values = Vec::with_capacity(items.len() * self.columns.len());
        items.iter().try_for_each(|item| bind(item, &mut values))?;
        Ok((items.len(), values))
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
