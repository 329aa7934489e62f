//! Who stands behind a journal entry or a row, in words that people read.

use std::collections::BTreeMap;

use domain::access::Member;

use crate::context::Context;
use crate::error::Error;

/// What actors are called.
pub struct Actors {
    /// Members by the actor that they sign as.
    members: BTreeMap<String, Member>,
}

impl Actors {
    pub async fn of(context: &Context) -> Result<Actors, Error> {
        let members = context.store.members().await?.into_iter();
        let named = members.map(|member| (format!("member:{}", member.id), member));
        Ok(Actors { members: named.collect() })
    }

    /// A member by name, the command line by itself.
    pub fn name(&self, actor: &str) -> String {
        match self.members.get(actor) {
            Some(member) => member.name.clone(),
            None if actor.starts_with("member:") => "a former member".to_owned(),
            None => actor.to_owned(),
        }
    }

    /// As what somebody signs who is named by e-mail or name; otherwise the name itself.
    pub fn signature(&self, who: &str) -> String {
        let who = who.trim();
        let is_named = |member: &Member| {
            member.email.eq_ignore_ascii_case(who)
                || member.name.to_lowercase() == who.to_lowercase()
        };
        let found = self.members.iter().find(|(_, member)| is_named(member));
        found.map_or_else(|| who.to_owned(), |(actor, _)| actor.clone())
    }
}
