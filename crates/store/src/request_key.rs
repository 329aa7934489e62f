//! Keys by which programs name their writes, so that one that is sent again is not done again.
//!
//! A key is claimed before the write and gets its answer after it. One that was claimed and has no
//! answer is of a write under way, or of one whose outcome nobody saw.

use jiff::Timestamp;
use sea_orm::FromQueryResult;

use crate::error::Error;
use crate::{Store, db, limits};

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has used it: it is claimed now.
    New,
    /// It was used for the same request, with this answer.
    Answered(String),
    /// It was claimed for the same request, which has no answer yet.
    UnderWay,
    /// It was used for another request.
    Differs,
}

#[derive(FromQueryResult)]
struct Row {
    request_digest: String,
    answer: Option<String>,
}

impl Store {
    /// Claims a key for a request; keys older than [`limits::REQUEST_KEY_AGE`] are forgotten.
    pub async fn claim_request(
        &self,
        id: &str,
        request_digest: &str,
        now: Timestamp,
    ) -> Result<Claim, Error> {
        let writer = &self.db.writer;
        let now = now.as_microsecond();
        let age = i64::try_from(limits::REQUEST_KEY_AGE.as_micros()).unwrap_or(i64::MAX);
        let forget = "delete from request_key where claimed_at < $1";
        db::run(writer, forget, vec![now.saturating_sub(age).into()]).await?;
        let claim = "insert into request_key (id, request_digest, claimed_at) values ($1, $2, $3)
            on conflict (id) do nothing";
        let values = vec![id.into(), request_digest.into(), now.into()];
        if db::run(writer, claim, values).await? > 0 {
            return Ok(Claim::New);
        }
        let sql = "select request_digest, answer from request_key where id = $1";
        let found: Option<Row> = db::rows(writer, sql, vec![id.into()]).await?.pop();
        Ok(match found {
            Some(row) if row.request_digest != request_digest => Claim::Differs,
            Some(Row { answer: Some(answer), .. }) => Claim::Answered(answer),
            // What was forgotten in between is as good as under way: the next try claims it.
            Some(_) | None => Claim::UnderWay,
        })
    }

    /// Keeps the answer to the request of a key.
    pub async fn answer_request(&self, id: &str, answer: &str) -> Result<(), Error> {
        let sql = "update request_key set answer = $2 where id = $1";
        db::run(&self.db.writer, sql, vec![id.into(), answer.into()]).await?;
        Ok(())
    }

    /// Lets a key go whose request was not done.
    pub async fn release_request(&self, id: &str) -> Result<(), Error> {
        let sql = "delete from request_key where id = $1 and answer is null";
        db::run(&self.db.writer, sql, vec![id.into()]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Store};
    use jiff::ToSpan;

    #[tokio::test]
    async fn a_key_is_claimed_once_and_keeps_its_answer_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Scratch(folder.path().to_owned());
        let db = crate::db::Db::create(&location).await.unwrap();
        crate::migration::bring_up_to_date(&db, &location).await.unwrap();
        let store = Store { db };
        let now = Timestamp::from_second(1_780_000_000).unwrap();
        let claim = async |digest, now| store.claim_request("a", digest, now).await.unwrap();
        assert_eq!(claim("x", now).await, Claim::New);
        assert_eq!(claim("x", now).await, Claim::UnderWay);
        assert_eq!(claim("y", now).await, Claim::Differs);
        store.answer_request("a", "done").await.unwrap();
        store.release_request("a").await.unwrap();
        assert_eq!(claim("x", now + 23.hours()).await, Claim::Answered("done".to_owned()));
        assert_eq!(claim("y", now + 25.hours()).await, Claim::New);
        store.release_request("a").await.unwrap();
        assert_eq!(claim("x", now + 25.hours()).await, Claim::New);
    }
}
