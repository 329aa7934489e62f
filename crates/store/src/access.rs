//! Members, their sessions and their tokens for programs.
//!
//! Passwords come here hashed; sessions and tokens are kept as hashes of what their holders show,
//! so that whoever reads the store can act as nobody.

use domain::access::{Member, Role};
use jiff::Timestamp;
use sea_orm::FromQueryResult;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;
use crate::{Store, Tx, db};

/// A member as the store keeps it, with the hash of the password in the PHC format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub member: Member,
    pub password: String,
}

/// A token for programs, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub name: String,
    pub may_write: bool,
    pub expires_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    email: String,
    name: String,
    role: String,
    user_id: Option<String>,
    password: String,
}

#[derive(FromQueryResult)]
struct TokenRow {
    member_id: String,
    name: String,
    may_write: i64,
    expires_at: i64,
}

const MEMBERS: &str = "select id, email, name, role, user_id, password from member";

impl Store {
    /// All members by e-mail address.
    pub async fn members(&self) -> Result<Vec<Member>, Error> {
        let sql = format!("{MEMBERS} order by email");
        let rows: Vec<Row> = db::rows(&self.db.reader, &sql, Vec::new()).await?;
        rows.into_iter().map(|row| Ok(row.kept()?.member)).collect()
    }

    pub async fn member_by_email(&self, email: &str) -> Result<Option<Kept>, Error> {
        let sql = format!("{MEMBERS} where email = $1");
        let rows: Vec<Row> = db::rows(&self.db.reader, &sql, vec![email.into()]).await?;
        rows.into_iter().next().map(Row::kept).transpose()
    }

    /// The member whose session this is; `None` once it is over.
    pub async fn session(&self, secret: &str, now: Timestamp) -> Result<Option<Member>, Error> {
        let sql = format!(
            "{MEMBERS} where id = (select member_id from session
                where token = $1 and expires_at > $2)"
        );
        let values = vec![hashed(secret).into(), now.as_microsecond().into()];
        let rows: Vec<Row> = db::rows(&self.db.reader, &sql, values).await?;
        rows.into_iter().next().map(|row| Ok(row.kept()?.member)).transpose()
    }

    /// The member whose token this is, and what the token may do.
    pub async fn token(
        &self,
        secret: &str,
        now: Timestamp,
    ) -> Result<Option<(Member, Token)>, Error> {
        let sql = "select member_id, name, may_write, expires_at from token
            where token = $1 and expires_at > $2";
        let values = vec![hashed(secret).into(), now.as_microsecond().into()];
        let rows: Vec<TokenRow> = db::rows(&self.db.reader, sql, values).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let sql = format!("{MEMBERS} where id = $1");
        let members: Vec<Row> =
            db::rows(&self.db.reader, &sql, vec![row.member_id.as_str().into()]).await?;
        let Some(member) = members.into_iter().next() else { return Ok(None) };
        Ok(Some((member.kept()?.member, row.token()?)))
    }

    /// The tokens of a member that are not over, by name.
    pub async fn tokens(&self, member: Uuid, now: Timestamp) -> Result<Vec<Token>, Error> {
        let sql = "select member_id, name, may_write, expires_at from token
            where member_id = $1 and expires_at > $2 order by name, made_at";
        let values = vec![member.to_string().into(), now.as_microsecond().into()];
        let rows: Vec<TokenRow> = db::rows(&self.db.reader, sql, values).await?;
        rows.into_iter().map(TokenRow::token).collect()
    }
}

impl Tx {
    /// How many members there are, with what this transaction has written.
    pub async fn member_count(&self) -> Result<u64, Error> {
        db::count(&self.sql, "select count(*) from member", Vec::new()).await
    }

    /// Writes a member, new or not.
    ///
    /// # Errors
    /// [`Error::Taken`] where somebody else has the address.
    pub async fn put_member(&mut self, kept: &Kept) -> Result<(), Error> {
        let Kept { member, password } = kept;
        let id = member.id.to_string();
        let sql = format!("{MEMBERS} where id = $1 or email = $2");
        let values = vec![id.as_str().into(), member.email.as_str().into()];
        let rows: Vec<Row> = db::rows(&self.sql, &sql, values).await?;
        if rows.iter().any(|row| row.id != id) {
            return Err(Error::Taken);
        }
        let before = rows.into_iter().next().map(Row::kept).transpose()?;
        let sql = "insert into member (id, email, name, role, user_id, password)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (id) do update set email = excluded.email, name = excluded.name,
            role = excluded.role, user_id = excluded.user_id, password = excluded.password";
        let values = vec![
            id.as_str().into(),
            member.email.as_str().into(),
            member.name.as_str().into(),
            member.role.name().into(),
            member.user.map(|user| user.to_string()).into(),
            password.as_str().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        // Names and addresses are personal: the journal knows a member by the id alone.
        let role = |role: Role| role.name().to_owned();
        let user = |member: &Member| member.user.map(|user| user.to_string());
        let is_new_password =
            before.as_ref().is_some_and(|before| before.password != kept.password);
        let old = before.as_ref().map(|before| &before.member);
        let changes = [
            ("role", old.map(|old| role(old.role)), Some(role(member.role))),
            ("user", old.and_then(user), user(member)),
            ("password", None, is_new_password.then(|| "changed".to_owned())),
        ];
        self.append_setting("member", &id, &changes).await
    }

    /// Takes a member out, with all sessions and tokens.
    pub async fn remove_member(&mut self, member: &Member) -> Result<(), Error> {
        let id = member.id.to_string();
        self.end_sessions(member.id).await?;
        for sql in ["delete from token where member_id = $1", "delete from member where id = $1"] {
            db::run(&self.sql, sql, vec![id.as_str().into()]).await?;
        }
        let changes = [("role", Some(member.role.name().to_owned()), None)];
        self.append_setting("member", &id, &changes).await
    }

    /// Opens a session; sessions that are over leave the store on the way.
    pub async fn open_session(
        &mut self,
        member: Uuid,
        secret: &str,
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        let now = self.author.at.as_microsecond();
        db::run(&self.sql, "delete from session where expires_at <= $1", vec![now.into()]).await?;
        let sql = "insert into session (token, member_id, opened_at, expires_at)
            values ($1, $2, $3, $4)";
        let values = vec![
            hashed(secret).into(),
            member.to_string().into(),
            now.into(),
            expires_at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        Ok(())
    }

    pub async fn end_session(&mut self, secret: &str) -> Result<(), Error> {
        let sql = "delete from session where token = $1";
        db::run(&self.sql, sql, vec![hashed(secret).into()]).await?;
        Ok(())
    }

    pub async fn end_sessions(&mut self, member: Uuid) -> Result<(), Error> {
        let sql = "delete from session where member_id = $1";
        db::run(&self.sql, sql, vec![member.to_string().into()]).await?;
        Ok(())
    }

    pub async fn put_token(
        &mut self,
        member: Uuid,
        secret: &str,
        token: &Token,
    ) -> Result<(), Error> {
        let sql = "insert into token (token, member_id, name, may_write, made_at, expires_at)
            values ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            hashed(secret).into(),
            member.to_string().into(),
            token.name.as_str().into(),
            i64::from(token.may_write).into(),
            self.author.at.as_microsecond().into(),
            token.expires_at.as_microsecond().into(),
        ];
        db::run(&self.sql, sql, values).await?;
        let scope = if token.may_write { "read and write" } else { "read" };
        let changes = [(token.name.as_str(), None, Some(scope.to_owned()))];
        self.append_setting("token", &member.to_string(), &changes).await
    }

    /// Ends the tokens of a member that bear a name.
    pub async fn end_tokens(&mut self, member: Uuid, name: &str) -> Result<(), Error> {
        let sql = "delete from token where member_id = $1 and name = $2";
        db::run(&self.sql, sql, vec![member.to_string().into(), name.into()]).await?;
        let changes = [(name, Some("valid".to_owned()), None)];
        self.append_setting("token", &member.to_string(), &changes).await
    }
}

impl Row {
    fn kept(self) -> Result<Kept, Error> {
        let damaged = |what: &'static str| Error::damaged("a member", what);
        let id = self.id.parse().map_err(|_| damaged("its id is none"))?;
        let user = self.user_id.map(|user| user.parse()).transpose();
        let member = Member {
            id,
            email: self.email,
            name: self.name,
            role: self.role.parse().map_err(|error| Error::damaged("a member", error))?,
            user: user.map_err(|_| damaged("its user's id is none"))?,
        };
        Ok(Kept { member, password: self.password })
    }
}

impl TokenRow {
    fn token(self) -> Result<Token, Error> {
        let expires_at = Timestamp::from_microsecond(self.expires_at)
            .map_err(|error| Error::damaged("a token", error))?;
        Ok(Token { name: self.name, may_write: self.may_write != 0, expires_at })
    }
}

/// What is kept of a secret that is random itself: no salt, so that it can be looked up.
pub(crate) fn hashed(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
