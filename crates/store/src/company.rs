//! The company that the store belongs to: one row.

use domain::company::Company;
use domain::money::parse_currency;
use domain::period::FiscalCalendar;
use jiff::tz::TimeZone;
use sea_orm::FromQueryResult;

use crate::error::Error;
use crate::{Store, Tx, db};

#[derive(FromQueryResult)]
struct Row {
    name: String,
    currency: String,
    timezone: String,
    fiscal_year_start_month: i64,
}

impl Store {
    pub async fn company(&self) -> Result<Company, Error> {
        let sql = "select name, currency, timezone, fiscal_year_start_month from company";
        let row: Option<Row> = db::rows(&self.db.reader, sql, Vec::new()).await?.pop();
        row.ok_or_else(|| Error::damaged("the company", "its row is missing"))?.into_company()
    }

    pub(crate) async fn has_company(&self) -> Result<bool, Error> {
        Ok(db::count(&self.db.reader, "select count(*) from company", Vec::new()).await? > 0)
    }
}

impl Tx {
    pub(crate) async fn found(&mut self, company: &Company) -> Result<(), Error> {
        let month = i64::from(company.calendar.start_month());
        let sql = "insert into company
            (id, name, currency, timezone, fiscal_year_start_month, founded_at)
            values (1, $1, $2, $3, $4, $5)";
        let values = vec![
            company.name.clone().into(),
            company.currency.code().into(),
            company.timezone_name.clone().into(),
            month.into(),
            self.author.at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let changes = [
            ("name", None, Some(company.name.clone())),
            ("currency", None, Some(company.currency.code().to_owned())),
            ("timezone", None, Some(company.timezone_name.clone())),
            ("fiscal_year_start_month", None, Some(month.to_string())),
        ];
        self.append_setting("company", &company.name, &changes).await
    }
}

impl Row {
    fn into_company(self) -> Result<Company, Error> {
        fn damaged(error: impl ToString) -> Error {
            Error::damaged("the company", error)
        }
        let month = i8::try_from(self.fiscal_year_start_month).map_err(damaged)?;
        Ok(Company {
            name: self.name,
            currency: parse_currency(&self.currency).map_err(damaged)?,
            timezone: TimeZone::get(&self.timezone).map_err(damaged)?,
            timezone_name: self.timezone,
            calendar: FiscalCalendar::new(month).map_err(damaged)?,
        })
    }
}
