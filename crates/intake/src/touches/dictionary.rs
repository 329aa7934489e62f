//! Distinct texts and their places, found by digest.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::digests::{AsIs, digest};

/// Places of digests in the order in which they first came.
#[derive(Default)]
pub struct Places {
    places: HashMap<u128, u32, BuildHasherDefault<AsIs>>,
}

impl Places {
    /// The place of a digest, and whether it is new.
    pub fn place(&mut self, digest: u128) -> (u32, bool) {
        let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(digest).or_insert(next);
        (place, place == next)
    }
}

/// Few distinct texts. The row before often has the same one, so that is asked first.
#[derive(Default)]
pub struct Dictionary {
    places: Places,
    pub names: Vec<String>,
    latest: u32,
}

impl Dictionary {
    pub fn code(&mut self, name: &str) -> u32 {
        if self.names.get(self.latest as usize).is_some_and(|latest| latest == name) {
            return self.latest;
        }
        let (place, is_new) = self.places.place(digest(name.as_bytes()));
        if is_new {
            self.names.push(name.to_owned());
        }
        self.latest = place;
        place
    }
}
