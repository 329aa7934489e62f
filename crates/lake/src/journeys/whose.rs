//! Whose touches are whose: conversions by person and by account, and who is in scope.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::access::Scope;
use domain::kind::Kind;
use uuid::Uuid;

use super::{Converter, NO_ACCOUNT};
use crate::error::LakeError;
use crate::limits::PERSON_BUCKETS;
use crate::tables::Picture;

pub(super) struct Whose {
    /// Persons and the places of their conversions, in order, by bucket.
    persons: Vec<Vec<(u128, u32)>>,
    accounts: Option<Accounts>,
    nobody: Vec<u32>,
    scoped: Option<Scoped>,
    /// People who turned out to be others.
    same_people: Arc<HashMap<u128, u128>>,
}

/// Accounts by number, and the people of each.
#[derive(Default)]
pub(super) struct Accounts {
    numbers: HashMap<Uuid, u32>,
    of_person: HashMap<u128, u32>,
    /// The places of conversions by account.
    places: Vec<Vec<u32>>,
}

/// What a narrow scope shows.
struct Scoped {
    persons: HashSet<u128>,
    accounts: HashSet<Uuid>,
}

impl Whose {
    pub async fn new(picture: &Picture, converters: &[Converter]) -> Result<Whose, LakeError> {
        let by_account = converters.iter().any(|one| matches!(one, Converter::Account(_)));
        let mut accounts = match by_account {
            true => Some(Accounts::of(picture).await?),
            false => None,
        };
        let mut persons = vec![Vec::new(); usize::from(PERSON_BUCKETS)];
        let mut nobody = Vec::new();
        for (place, converter) in (0_u32..).zip(converters) {
            let account = accounts.as_mut().and_then(|accounts| accounts.places_of(*converter));
            match (account, converter) {
                (Some(places), _) => places.push(place),
                (None, Converter::Person(id)) => {
                    persons[bucket(id.as_u128())].push((id.as_u128(), place));
                }
                (None, _) => nobody.push(place),
            }
        }
        persons.iter_mut().for_each(|persons| persons.sort_unstable());
        let scoped = match picture.view.scope {
            Scope::All => None,
            Scope::Owners(_) => Some(Scoped {
                persons: ids(picture, Kind::People).await?.map(|id| id.as_u128()).collect(),
                accounts: ids(picture, Kind::Accounts).await?.collect(),
            }),
        };
        let same_people = picture.view.world.same_people.clone();
        Ok(Whose { persons, accounts, nobody, scoped, same_people })
    }

    /// Persons of a bucket who converted, in order, with the places of their conversions.
    pub fn of_bucket(&self, bucket: usize) -> &[(u128, u32)] {
        &self.persons[bucket]
    }

    pub fn accounts(&self) -> Option<&Accounts> {
        self.accounts.as_ref()
    }

    pub fn nobody(&self) -> &[u32] {
        &self.nobody
    }

    /// Whose touch it is that bears somebody's id.
    pub fn person(&self, id: u128) -> u128 {
        self.same_people.get(&id).copied().unwrap_or(id)
    }

    /// Whether everybody's touches lie in the own bucket.
    pub fn is_plain(&self) -> bool {
        self.same_people.is_empty()
    }

    /// Whether it matters which account a touch names.
    pub fn wants_accounts(&self) -> bool {
        self.accounts.is_some() || self.scoped.is_some()
    }

    pub fn shows_person(&self, person: u128) -> bool {
        self.scoped.as_ref().is_none_or(|scoped| scoped.persons.contains(&person))
    }

    /// The number of an account that a touch names, and whether that alone brings it into scope.
    pub fn named_account(&self, id: &str) -> (u32, bool) {
        let Ok(id) = id.parse::<Uuid>() else { return (NO_ACCOUNT, false) };
        let number = self.accounts.as_ref().and_then(|accounts| accounts.numbers.get(&id));
        let shown = self.scoped.as_ref().is_some_and(|scoped| scoped.accounts.contains(&id));
        (number.copied().unwrap_or(NO_ACCOUNT), shown)
    }
}

/// The bucket in which a person's touches lie.
pub(super) fn bucket(person: u128) -> usize {
    usize::from(crate::touches::bucket(&person.to_be_bytes()))
}

async fn ids(picture: &Picture, kind: Kind) -> Result<impl Iterator<Item = Uuid>, LakeError> {
    let records = picture.folded(kind).await?.records();
    Ok(records.into_iter().map(|record| record.id))
}

impl Accounts {
    /// The accounts that are seen, and who belongs to them: as people's own records say, and else
    /// as their leads do.
    async fn of(picture: &Picture) -> Result<Accounts, LakeError> {
        let mut all = Accounts::default();
        for id in ids(picture, Kind::Accounts).await? {
            all.number(id);
        }
        for person in picture.folded(Kind::People).await?.records() {
            if let Some(account) = person.reference("account") {
                let number = all.number(account);
                all.of_person.insert(person.id.as_u128(), number);
            }
        }
        for lead in picture.folded(Kind::Leads).await?.records() {
            if let (Some(person), Some(account)) =
                (lead.reference("person"), lead.reference("account"))
            {
                let number = all.number(account);
                all.of_person.entry(person.as_u128()).or_insert(number);
            }
        }
        Ok(all)
    }

    fn number(&mut self, id: Uuid) -> u32 {
        let next = self.count();
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.places.push(Vec::new());
        }
        number
    }

    /// The conversions of the account whose a conversion is, if it is any's.
    fn places_of(&mut self, converter: Converter) -> Option<&mut Vec<u32>> {
        let number = match converter {
            Converter::Account(id) => self.number(id),
            Converter::Person(id) => *self.of_person.get(&id.as_u128())?,
            Converter::Nobody => return None,
        };
        self.places.get_mut(number as usize)
    }

    pub fn count(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(NO_ACCOUNT)
    }

    pub fn of_person(&self, person: u128) -> u32 {
        self.of_person.get(&person).copied().unwrap_or(NO_ACCOUNT)
    }

    pub fn conversions(&self, account: u32) -> &[u32] {
        self.places.get(account as usize).map_or(&[], Vec::as_slice)
    }

    /// The accounts with a conversion in a range of their numbers.
    pub fn converted(&self, from: u32, to: u32) -> impl Iterator<Item = u32> {
        (from..to.min(self.count())).filter(|account| !self.conversions(*account).is_empty())
    }
}
