//! What erasing a person did.

use serde_json::{Value, json};

use crate::document::{Document, Report};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    pub person_id: String,
    /// Touches whose address was blanked; they keep the random id that means nobody now.
    pub touches: u64,
    /// Entries about others, such as deals, whose texts named the person.
    pub entries: u64,
    /// Rows taken out of rejects files and exports in the data folder.
    pub file_rows: u64,
}

impl Report for Erasure {
    fn document(&self) -> Document {
        Document {
            answer: format!(
                "The person is erased: the key is destroyed, {} touches were blanked, the name was \
                 taken out of {} other entries, {} rows of files in the data folder removed. The \
                 journal still holds.",
                self.touches, self.entries, self.file_rows
            ),
            tables: Vec::new(),
            notes: vec!["Files outside the data folder are yours to delete.".into()],
        }
    }

    fn json(&self) -> Value {
        json!({
            "person_id": self.person_id,
            "touches": self.touches,
            "entries": self.entries,
            "file_rows": self.file_rows,
        })
    }
}
