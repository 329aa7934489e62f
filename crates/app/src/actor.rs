//! Who stands behind a journal entry or a row, in words that people read.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::error::Error;

/// What actors are called.
pub struct Actors {
    /// Members by the actor that they sign as.
    members: BTreeMap<String, String>,
}

impl Actors {
    pub async fn of(context: &Context) -> Result<Actors, Error> {
        let members = context.store.members().await?.into_iter();
        let named = members.map(|member| (format!("member:{}", member.id), member.name));
        Ok(Actors { members: named.collect() })
    }

    /// A member by name, the command line by itself.
    pub fn name(&self, actor: &str) -> String {
        match self.members.get(actor) {
            Some(name) => name.clone(),
            None if actor.starts_with("member:") => "a former member".to_owned(),
            None => actor.to_owned(),
        }
    }
}
