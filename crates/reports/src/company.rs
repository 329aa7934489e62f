//! The company that begins to use Baton.

use domain::money::Currency;
use serde_json::{Value, json};

use crate::document::{Document, Report};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founded {
    pub name: String,
    pub currency: Currency,
    pub folder: String,
}

impl Report for Founded {
    fn document(&self) -> Document {
        Document {
            answer: format!("{} is ready in {}.", self.name, self.folder),
            tables: Vec::new(),
            notes: vec![format!(
                "Next: `baton --data {} import FILE --kind deals` (or leads, accounts, products …)",
                self.folder
            )],
        }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "currency": self.currency.code(),
            "folder": self.folder,
        })
    }
}
