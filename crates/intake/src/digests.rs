//! The ids that a file has shown so far, as digests, in bounded memory.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use twox_hash::XxHash3_128;

const SHARDS: usize = 256;

/// A set of texts, kept as the 64 best bits of their 128-bit digests: among ten million different
/// ids one pair is taken for equal with a probability of three in a million. Shards grow one by
/// one, so that growing never doubles the memory of the whole.
pub struct Digests {
    shards: Vec<HashSet<u64, BuildHasherDefault<AsIs>>>,
}

impl Digests {
    pub fn new() -> Digests {
        Digests { shards: (0..SHARDS).map(|_| HashSet::default()).collect() }
    }

    /// Adds a text; `false` where it was there before.
    pub fn insert(&mut self, text: &str) -> bool {
        let digest = digest(text.as_bytes());
        let [shard, ..] = digest.to_be_bytes();
        self.shards[usize::from(shard)].insert((digest & u128::from(u64::MAX)) as u64)
    }
}

/// The 128-bit digest (XXH3) of some bytes: the same on every machine.
pub fn digest(bytes: &[u8]) -> u128 {
    XxHash3_128::oneshot(bytes)
}

/// A hasher for what is a digest, or nearly one, already.
#[derive(Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = XxHash3_128::oneshot(bytes) as u64;
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }

    /// A key of 128 bits may be a text; a multiplication spreads it.
    fn write_u128(&mut self, key: u128) {
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(29);
        self.0 = folded.wrapping_mul(SPREAD) ^ folded.wrapping_mul(SPREAD).rotate_right(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_new_once() {
        let mut digests = Digests::new();
        for round in 0..2 {
            for number in 0..10_000 {
                assert_eq!(digests.insert(&format!("id-{number}")), round == 0, "{number}");
            }
        }
    }
}
