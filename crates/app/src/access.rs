//! Members: who may sign in, sessions in the browser, tokens for programs.
//!
//! Passwords are kept as Argon2id hashes (RFC 9106) with the parameters that OWASP recommends at
//! least: 19 MiB, two passes, one lane.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use domain::access::{self, Member, Role};
use jiff::SignedDuration;
use store::Tx;
use store::access::{Kept, Token};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::journal;

/// Characters that a password has at least (NIST SP 800-63B asks for 8, and 15 where it is alone).
const PASSWORD_CHARACTERS_MIN: usize = 12;
/// So long a password is not hashed, or hashing itself could be used to wear the server out.
const PASSWORD_BYTES_MAX: usize = 256;
/// How long a session lasts.
pub const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// Days after which a token is over, unless told otherwise.
pub const TOKEN_DAYS: i64 = 90;
/// Random bytes of a session's or token's secret.
const SECRET_BYTES: usize = 32;

/// Who is to become a member.
#[derive(Clone, Debug)]
pub struct Invited {
    pub email: String,
    pub name: String,
    pub role: Role,
    /// A user of the CRM, by e-mail, name or id.
    pub user: Option<String>,
    pub password: String,
}

/// Makes a member.
///
/// # Errors
/// When the address or password will not do, the user is unknown, or the address is taken.
pub async fn add(context: &Context, invited: Invited) -> Result<Member, Error> {
    let kept = kept(context, invited).await?;
    let write = async |tx: &mut Tx| {
        tx.put_member(&kept).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    let author = context.author(format!("made a member: {}", kept.member.role));
    context.store.write(author, write).await?;
    Ok(kept.member)
}

/// Makes the first member, the owner; of several at once one succeeds.
///
/// # Errors
/// As [`add`], and when there is a member already.
pub async fn found(context: &Context, invited: Invited) -> Result<Member, Error> {
    let kept = kept(context, Invited { role: Role::Owner, ..invited }).await?;
    let write = async |tx: &mut Tx| {
        tx.put_member(&kept).await?;
        if tx.member_count().await? != 1 {
            return Err(Error::Input("the company has an owner already: sign in".to_owned()));
        }
        tx.chain().await?;
        Ok(())
    };
    context.store.write(context.author("made the owner"), write).await?;
    Ok(kept.member)
}

async fn kept(context: &Context, invited: Invited) -> Result<Kept, Error> {
    let name = invited.name.trim().to_owned();
    if name.is_empty() {
        return Err(Error::Input("the member needs a name".to_owned()));
    }
    let user = match invited.user.as_deref().map(str::trim).filter(|user| !user.is_empty()) {
        Some(user) => Some(journal::find(context, &format!("users:{user}")).await?.1),
        None => None,
    };
    let member = Member {
        id: context.new_id(),
        email: access::email(&invited.email)?,
        name,
        role: invited.role,
        user,
    };
    Ok(Kept { member, password: hash(invited.password).await? })
}

/// Takes a member out: sessions and tokens end at once.
///
/// # Errors
/// When there is no such member, or it is the last owner.
pub async fn remove(context: &Context, email: &str) -> Result<(), Error> {
    let members = context.store.members().await?;
    let found = members.iter().find(|member| member.email == email.trim().to_lowercase());
    let member = found.ok_or_else(|| Error::NotSeen(format!("member {email}")))?;
    let owners = members.iter().filter(|member| member.role == Role::Owner).count();
    if member.role == Role::Owner && owners == 1 {
        return Err(Error::Input("the last owner stays: make another one first".to_owned()));
    }
    let write = async |tx: &mut Tx| {
        tx.remove_member(member).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("took out a member"), write).await
}

/// Opens a session and gives its secret, which is kept nowhere.
///
/// # Errors
/// [`Error::NotAMember`], after the same work whether the address or the password is wrong.
pub async fn sign_in(context: &Context, email: &str, password: String) -> Result<String, Error> {
    let address = access::email(email).unwrap_or_default();
    let kept = context.store.member_by_email(&address).await?;
    let known = kept.as_ref().map(|kept| kept.password.clone());
    if !matches(password, known).await? {
        return Err(Error::NotAMember);
    }
    let member = kept.ok_or(Error::NotAMember)?.member;
    open_session(context, &member).await
}

/// Opens a session for a member who is known to be one.
///
/// # Errors
/// When there is no randomness or the store refuses.
pub async fn open_session(context: &Context, member: &Member) -> Result<String, Error> {
    let secret = secret("")?;
    let until = context.now + SESSION;
    let open =
        async |tx: &mut Tx| Ok::<_, Error>(tx.open_session(member.id, &secret, until).await?);
    context.store.write(context.author("signed in"), open).await?;
    Ok(secret)
}

/// Ends the session.
///
/// # Errors
/// When the store refuses.
pub async fn sign_out(context: &Context, secret: &str) -> Result<(), Error> {
    let end = async |tx: &mut Tx| Ok::<_, Error>(tx.end_session(secret).await?);
    context.store.write(context.author("signed out"), end).await
}

/// Makes a token for programs and gives its secret, which is kept nowhere.
///
/// # Errors
/// When it has no name, or its days are not from 1 to 366.
pub async fn make_token(
    context: &Context,
    member: &Member,
    name: &str,
    may_write: bool,
    days: i64,
) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || !(1..=366).contains(&days) {
        return Err(Error::Input("a token needs a name, and from 1 to 366 days".to_owned()));
    }
    let secret = secret("baton_")?;
    let expires_at = context.now + SignedDuration::from_hours(24 * days);
    let token = Token { name: name.to_owned(), may_write, expires_at };
    let write = async |tx: &mut Tx| {
        tx.put_token(member.id, &secret, &token).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("made a token"), write).await?;
    Ok(secret)
}

/// Ends the tokens of a member that bear a name.
///
/// # Errors
/// When the store refuses.
pub async fn end_tokens(context: &Context, member: Uuid, name: &str) -> Result<(), Error> {
    let end = async |tx: &mut Tx| {
        tx.end_tokens(member, name).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("ended a token"), end).await
}

/// Whether the context's scope shows a record, by its owner.
///
/// # Errors
/// [`Error::NotSeen`], in the same words as for a record that does not exist.
pub fn seen(context: &Context, owner: Option<Uuid>, subject: &str) -> Result<(), Error> {
    match context.scope.shows(owner) {
        true => Ok(()),
        false => Err(Error::NotSeen(subject.to_owned())),
    }
}

pub(crate) fn secret(prefix: &str) -> Result<String, Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::Input(format!("no randomness: {error}")))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{prefix}{digits}"))
}

async fn hash(password: String) -> Result<String, Error> {
    let characters = password.chars().count();
    if characters < PASSWORD_CHARACTERS_MIN || password.len() > PASSWORD_BYTES_MAX {
        return Err(Error::Input(format!(
            "the password has {characters} characters: choose at least {PASSWORD_CHARACTERS_MIN}, \
             and not more than {PASSWORD_BYTES_MAX} bytes"
        )));
    }
    aside(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
        .await?
        .map_err(|error| Error::Input(format!("the password could not be hashed: {error}")))
}

/// Whether a password is the one that was hashed. Without a hash it takes as long, and is not.
async fn matches(password: String, known: Option<String>) -> Result<bool, Error> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    aside(move || match known.as_deref().map(PasswordHash::new) {
        Some(Ok(hash)) => Argon2::default().verify_password(password.as_bytes(), &hash).is_ok(),
        _ => Argon2::default().hash_password(password.as_bytes()).is_err(),
    })
    .await
}

/// Hashing takes long by design: it does not hold up others.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let stopped = |_| Error::Input("the server is stopping".to_owned());
    tokio::task::spawn_blocking(work).await.map_err(stopped)
}
