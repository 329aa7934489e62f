//! Which users of the CRM the payees of a plan are.

use std::collections::{BTreeMap, HashMap};

use domain::kind::Kind;
use domain::pay::plan::Payee;
use store::record::Record;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;

/// A user by all that a plan may call them.
struct User {
    id: Uuid,
    external_id: String,
    names: Vec<String>,
}

/// The users of the CRM.
pub struct People {
    users: Vec<User>,
}

impl People {
    pub async fn of(context: &Context) -> Result<People, Error> {
        let named = context.store.names(Kind::Users).await?;
        let ids: Vec<Uuid> = named.into_iter().map(|(id, _)| id).collect();
        let records = context.store.records(Kind::Users, &ids).await?;
        let user = |record: Record| {
            let text = |field: &str| domain::lifecycle::text(&record.values, field);
            User {
                id: record.id,
                external_id: text("external_id").unwrap_or_else(|| record.id.to_string()),
                names: text("email").into_iter().chain(text("name")).collect(),
            }
        };
        Ok(People { users: records.into_iter().map(user).collect() })
    }

    /// The payees by the ids of the users who they are: a payee's id is the user's id in the CRM,
    /// e-mail address or name. Users who are no payee are not among them.
    ///
    /// # Errors
    /// When two users bear what the plan calls one payee, or two payees are one user.
    pub fn payees(&self, payees: &[Payee]) -> Result<HashMap<String, String>, Error> {
        let mut called: HashMap<String, String> = HashMap::new();
        let mut by_name: BTreeMap<&str, Vec<&User>> = BTreeMap::new();
        for user in &self.users {
            for name in &user.names {
                by_name.entry(name).or_default().push(user);
            }
        }
        let mut taken: HashMap<Uuid, &str> = HashMap::new();
        for payee in payees {
            let own = self.users.iter().find(|user| user.external_id == payee.id);
            let user: &User = match (own, by_name.get(payee.id.as_str()).map(Vec::as_slice)) {
                (Some(user), _) => user,
                (None, Some([user])) => user,
                (None, Some(several)) => return Err(ambiguous(&payee.id, several)),
                // Not known yet, or nobody who owns deals: such a payee has a team, or a pool.
                (None, None) => continue,
            };
            if let Some(other) = taken.insert(user.id, &payee.id) {
                return Err(Error::Input(format!(
                    "the payees `{other}` and `{}` are one user of the CRM: keep one of them",
                    payee.id
                )));
            }
            called.insert(user.id.to_string(), payee.id.clone());
        }
        Ok(called)
    }

    /// The users who the payees are, by the payees' ids.
    ///
    /// # Errors
    /// As [`People::payees`].
    pub fn users(&self, payees: &[Payee]) -> Result<HashMap<String, Uuid>, Error> {
        let called = self.payees(payees)?;
        let own = |user: &User| Some((called.get(&user.id.to_string())?.clone(), user.id));
        Ok(self.users.iter().filter_map(own).collect())
    }
}

fn ambiguous(payee: &str, users: &[&User]) -> Error {
    let ids: Vec<&str> = users.iter().map(|user| user.external_id.as_str()).collect();
    Error::Input(format!(
        "the payee `{payee}` may be any of several users: write the id of one, {}",
        ids.join(" or ")
    ))
}
