//! Names of an erased person in texts that others wrote.

use crate::name::plain;

/// What stands where a name stood.
pub const MARK: &str = "[erased]";

/// Names, addresses and numbers by which one person can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// In lower case.
    texts: Vec<String>,
    /// As the keys of names have them.
    keys: Vec<String>,
}

/// Shorter words than this are other people's too.
const LETTERS_MIN: usize = 4;

impl Traces {
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Traces {
        let mut texts: Vec<String> = texts
            .into_iter()
            .map(|text| text.trim().to_lowercase())
            .filter(|text| text.chars().count() >= LETTERS_MIN)
            .collect();
        // The longest first, so that an address goes whole and not but for the name in it.
        texts.sort_by_key(|text| (std::cmp::Reverse(text.len()), text.clone()));
        texts.dedup();
        let keys = texts.iter().map(|text| plain(text)).collect();
        Traces { texts, keys }
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether a key by which a record is found names the person.
    pub fn are_in_key(&self, key: &str) -> bool {
        self.redacted(key).is_some() || self.keys.iter().any(|trace| key.contains(trace.as_str()))
    }

    /// The text with a mark for each trace that stands in it as words of its own, in any case;
    /// `None` where there is none.
    pub fn redacted(&self, text: &str) -> Option<String> {
        let mut redacted = String::with_capacity(text.len());
        let (mut found, mut rest, mut before) = (false, text, None);
        while let Some(next) = rest.chars().next() {
            let is_start = !before.is_some_and(char::is_alphanumeric);
            let length = if is_start { self.length_at_start(rest) } else { None };
            let step = length.unwrap_or(next.len_utf8());
            let (taken, behind) = rest.split_at(step);
            redacted.push_str(if length.is_some() { MARK } else { taken });
            found |= length.is_some();
            before = taken.chars().next_back();
            rest = behind;
        }
        found.then_some(redacted)
    }

    /// The length of the trace with which a text starts, as a word of its own.
    fn length_at_start(&self, text: &str) -> Option<usize> {
        self.texts.iter().find_map(|trace| length_of(trace, text))
    }
}

/// How many bytes of the text say what `trace`, in lower case, says.
fn length_of(trace: &str, text: &str) -> Option<usize> {
    let mut wanted = trace.chars().peekable();
    let mut letters = text.char_indices();
    while wanted.peek().is_some() {
        let (_, letter) = letters.next()?;
        if !letter.to_lowercase().all(|lower| wanted.next() == Some(lower)) {
            return None;
        }
    }
    let behind = letters.as_str();
    let ends = !behind.chars().next().is_some_and(char::is_alphanumeric);
    ends.then_some(text.len() - behind.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_leave_texts_and_other_words_stay() {
        let traces =
            Traces::new(["Zoë Müller", "zoe@planted.example", "Zoë", "+49 30 1234", "Max"]);
        for (text, expected) in [
            ("Renewal for Zoë Müller", Some("Renewal for [erased]")),
            ("ZOË MÜLLER: call +49 30 1234!", Some("[erased]: call [erased]!")),
            ("<Zoe@Planted.Example>", Some("<[erased]>")),
            ("mailto:zoe@planted.example?x=1", Some("mailto:[erased]?x=1")),
            ("Zoë Müllerin, Max and Zoë", None),
            ("zoe@planted.examples", None),
            ("azoe@planted.example", None),
            ("", None),
        ] {
            assert_eq!(traces.redacted(text).as_deref(), expected, "{text}");
        }
        assert!(traces.are_in_key("zoe@planted.example"));
        assert!(traces.are_in_key(&plain("Zoë Müller & Co.")));
        assert!(!traces.are_in_key(&plain("Müller & Co.")));
        assert!(Traces::new(["Max", " "]).is_empty());
    }
}
