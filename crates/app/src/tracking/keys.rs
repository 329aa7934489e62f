//! Write keys: what a site shows when it sends events. They open nothing else, and are no secret in
//! a browser; revoking one stops its site.

use reports::tracking::{Key, Keys};
use store::Tx;
use store::tracking::WriteKey;

use crate::access;
use crate::context::Context;
use crate::error::Error;
use crate::limits::{WRITE_KEY_NAME_CHARACTERS_MAX, WRITE_KEYS_MAX};

/// Makes a write key and gives its secret, which is kept nowhere.
///
/// # Errors
/// When it has no name, a valid key has the name, or there are too many.
pub async fn make(context: &Context, name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > WRITE_KEY_NAME_CHARACTERS_MAX {
        return Err(Error::Input(format!(
            "a write key needs a name of at most {WRITE_KEY_NAME_CHARACTERS_MAX} characters, such \
             as the site's"
        )));
    }
    let keys = context.store.write_keys().await?;
    let mut valid = keys.iter().filter(|key| key.revoked_at.is_none());
    if valid.clone().count() >= WRITE_KEYS_MAX {
        return Err(Error::Input(format!(
            "there are {WRITE_KEYS_MAX} write keys: revoke one that is no longer used first"
        )));
    }
    if valid.any(|key| key.name == name) {
        return Err(Error::Input(format!("a write key is called {name} already: revoke it first")));
    }
    let secret = access::secret("baton_write_")?;
    let key = WriteKey {
        id: context.new_id(),
        name: name.to_owned(),
        made_at: context.now,
        revoked_at: None,
    };
    let write = async |tx: &mut Tx| {
        tx.put_write_key(&key, &secret).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("made a write key"), write).await?;
    Ok(secret)
}

/// All write keys, the revoked ones too.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(context: &Context) -> Result<Keys, Error> {
    let key = |key: WriteKey| Key {
        id: key.id.to_string(),
        name: key.name,
        made_at: key.made_at,
        revoked_at: key.revoked_at,
    };
    let keys = context.store.write_keys().await?;
    Ok(Keys { zone: context.company.timezone.clone(), keys: keys.into_iter().map(key).collect() })
}

/// Ends the valid write key of a name or id. What it brought stays.
///
/// # Errors
/// When there is none.
pub async fn revoke(context: &Context, name: &str) -> Result<(), Error> {
    let keys = context.store.write_keys().await?;
    let is_meant =
        |key: &&WriteKey| key.revoked_at.is_none() && (key.name == name || is_id(key, name));
    let key = keys.iter().find(is_meant);
    let key = key.ok_or_else(|| Error::Input(format!("no valid write key is called {name}")))?;
    let end = async |tx: &mut Tx| {
        tx.revoke_write_key(key).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author("revoked a write key"), end).await
}

fn is_id(key: &WriteKey, name: &str) -> bool {
    key.id.to_string() == name
}
