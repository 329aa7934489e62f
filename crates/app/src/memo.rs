//! What was computed of the same facts before, for whoever asks again.
//!
//! A call that is said changes no deal, an edited deal its owner's forecast alone and no metric of
//! leads, and what was to be expected on a past day changes only with what is told of the days
//! before.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Mutex, PoisonError};

use reports::call::Range;

use crate::scoreboard::arrivals::Arrivals;
use crate::scoreboard::eve::Eve;

/// Answers by what they were made of; beyond so many all are forgotten.
pub struct Memo<T, const KEPT_MAX: usize> {
    known: Mutex<HashMap<u64, T>>,
}

/// What is remembered of a company.
#[derive(Default)]
pub struct Memos {
    /// Forecasts of an owner's deals; `None` where they tell too little.
    pub forecasts: Memo<Option<Range>, 2_000>,
    /// What a period's eve let expect.
    pub eves: Memo<std::sync::Arc<Eve>, 16>,
    /// Rows of metrics that are not broken down.
    pub metrics: Memo<Vec<reports::document::Cell>, 4_000>,
    /// What leads came to on scoreboards.
    pub arrivals: Memo<std::sync::Arc<Arrivals>, 64>,
    /// Probabilities of goals as they stood on past days.
    pub probabilities: Memo<Option<f64>, 1_000>,
}

impl<T, const KEPT_MAX: usize> Default for Memo<T, KEPT_MAX> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

impl<T: Clone, const KEPT_MAX: usize> Memo<T, KEPT_MAX> {
    /// What has this key.
    pub fn find(&self, key: u64) -> Option<T> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// Remembers what was made of a key.
    pub fn keep(&self, key: u64, made: T) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(key, made);
    }
}

/// A key of all that a value says of itself.
pub fn key(value: &impl Debug) -> u64 {
    let mut text = Hashed(DefaultHasher::new());
    // Writing into a hasher cannot fail.
    let _ = write!(text, "{value:?}");
    text.0.finish()
}

struct Hashed(DefaultHasher);

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_by_all_that_it_was_made_of() {
        let memo = Memo::<u32, 2>::default();
        memo.keep(key(&("a", 1)), 7);
        memo.keep(key(&("a", 2)), 8);
        assert_eq!(memo.find(key(&("a", 1))), Some(7));
        assert_eq!(memo.find(key(&("b", 1))), None);
        memo.keep(key(&("b", 1)), 9);
        assert_eq!(memo.find(key(&("b", 1))), Some(9));
        assert_eq!(memo.find(key(&("a", 1))), None, "there was no room");
    }
}
