//! Distinct texts and their places, found by key. Kept from block to block, so that its memory
//! is asked for once; its content is each block's own.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::digests::{AsIs, digest};

/// Places of digests in the order in which they first came.
#[derive(Default)]
pub struct Places {
    places: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
}

impl Places {
    pub fn clear(&mut self) {
        self.places.clear();
    }

    /// The place of a digest, and whether it is new. Half of the digest tells: in a block of a
    /// hundred thousand keys two are taken for one with a probability of 3 in 10 billion.
    pub fn place(&mut self, digest: u128) -> (u32, bool) {
        let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(digest as u64).or_insert(next);
        (place, place == next)
    }
}

/// Few distinct texts.
#[derive(Default)]
pub struct Dictionary {
    places: HashMap<u128, u32, BuildHasherDefault<AsIs>>,
    names: Vec<String>,
}

impl Dictionary {
    /// The names in the order of their codes; the dictionary is empty afterwards.
    pub fn take(&mut self) -> Vec<String> {
        self.places.clear();
        std::mem::take(&mut self.names)
    }

    pub fn code(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(key(name.as_bytes())).or_insert(next);
        if place == next {
            self.names.push(name.to_owned());
        }
        place
    }
}

/// A short name is its own key, its length in the last byte; a long one goes by its digest.
/// Read in two overlapping words, not byte by byte: this runs several times a touch.
fn key(name: &[u8]) -> u128 {
    let length = name.len();
    let text = match length {
        0..4 => name.iter().rev().fold(0, |text, byte| text << 8 | u128::from(*byte)),
        4..8 => {
            let half = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |it| u32::from_le_bytes(*it));
            let (first, last) = (half(name.first_chunk()), half(name.last_chunk()));
            u128::from(first) | u128::from(last) << (8 * (length - 4))
        }
        8..16 => {
            let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |it| u64::from_le_bytes(*it));
            let (first, last) = (word(name.first_chunk()), word(name.last_chunk()));
            u128::from(first) | (u128::from(last) >> (8 * (16 - length))) << 64
        }
        _ => return digest(name) | 0xFF << 120,
    };
    text | (length as u128) << 120
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_code_each() {
        let names = [
            "",
            "a",
            "ab",
            "ba",
            "\0",
            "four",
            "fives",
            "eight ch",
            "nine char",
            "exactly 15 byte",
            "exactly 15 bytf",
            "sixteen bytes ..",
            "a longer name yet",
        ];
        let mut dictionary = Dictionary::default();
        for _ in 0..2 {
            let codes: Vec<u32> = names.iter().map(|name| dictionary.code(name)).collect();
            assert_eq!(codes, (0..names.len() as u32).collect::<Vec<_>>());
        }
        assert_eq!(dictionary.take(), names);
        assert_eq!(dictionary.code("b"), 0);
    }
}
