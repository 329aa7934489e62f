//! The fields of a form: what was typed stays, and what is wrong with it stands beside it.

/// A field as it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// Of the element on its page.
    pub id: String,
    pub name: &'static str,
    pub label: String,
    pub value: String,
    /// `text`, `date` …
    pub input: &'static str,
    /// `decimal` for amounts, so that a phone shows digits.
    pub mode: &'static str,
    pub size: u8,
    pub is_required: bool,
    /// What can be chosen; a field to type in where there is nothing.
    pub choices: Vec<Choice>,
    /// Empty where nothing is wrong.
    pub wrong: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub value: String,
    pub name: String,
}

impl Field {
    /// A text that has to be given.
    pub fn new(form: &str, name: &'static str, label: &str) -> Field {
        Field {
            id: format!("{form}-{name}"),
            name,
            label: label.to_owned(),
            input: "text",
            mode: "text",
            size: 14,
            is_required: true,
            ..Field::default()
        }
    }

    pub fn amount(form: &str, name: &'static str, label: &str) -> Field {
        Field { mode: "decimal", ..Field::new(form, name, label) }
    }

    /// The field with what was typed, and with what is wrong with it where that is this field.
    pub fn filled(self, value: &str, wrong: Option<&(&'static str, String)>) -> Field {
        let own = wrong.filter(|(field, _)| *field == self.name);
        let wrong = own.map(|(_, why)| why.clone()).unwrap_or_default();
        Field { value: value.to_owned(), wrong, ..self }
    }
}
