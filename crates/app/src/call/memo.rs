//! What was forecast of the same deals before: a call that is said changes no deal, and an edited
//! deal changes its owner's forecast alone.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Mutex, PoisonError};

use reports::call::Range;

/// Forecasts that are remembered; beyond that all are forgotten.
const REMEMBERED_MAX: usize = 2_000;

/// Forecasts by what they were made of.
#[derive(Default)]
pub struct Memo {
    known: Mutex<HashMap<u64, Option<Range>>>,
}

impl Memo {
    /// The forecast of what has this key, made now unless it was made before.
    pub fn range(&self, key: u64, make: impl FnOnce() -> Option<Range>) -> Option<Range> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if let Some(range) = known {
            return range;
        }
        let made = make();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(key, made);
        made
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
    use domain::money::{Currency, Money};

    use super::*;

    #[test]
    fn the_same_is_made_once() {
        let money = Money { minor: 1, currency: Currency::USD };
        let range = Range { median: money, low: money, high: money };
        let memo = Memo::default();
        assert_eq!(memo.range(key(&("a", 1)), || Some(range)), Some(range));
        assert_eq!(memo.range(key(&("a", 1)), || panic!("it is known")), Some(range));
        assert_eq!(memo.range(key(&("a", 2)), || None), None);
    }
}
