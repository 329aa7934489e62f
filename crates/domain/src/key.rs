//! The keys by which sources name their records.

/// A key in the one form that stands for all of its forms.
///
/// Salesforce writes one id in two ways: with 15 characters, in which case counts, and with 18,
/// of which the last three say which of the others are capitals. Reports export the one and data
/// loaders the other; here the first 15 characters are the key. All other keys stay as they are.
pub fn canonical(key: &str) -> &str {
    match key.split_at_checked(CASE_SENSITIVE) {
        Some((id, suffix)) if suffix.len() == 3 && checksum(id) == Some(suffix_of(suffix)) => id,
        _ => key,
    }
}

const CASE_SENSITIVE: usize = 15;

fn suffix_of(suffix: &str) -> [u8; 3] {
    let mut letters = [0; 3];
    for (place, letter) in letters.iter_mut().zip(suffix.bytes()) {
        *place = letter.to_ascii_uppercase();
    }
    letters
}

/// The three characters that belong to an id, each for five of its own: bit n says whether the
/// n-th is a capital. Source: Salesforce, "Record IDs", 15- and 18-character forms.
fn checksum(id: &str) -> Option<[u8; 3]> {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let bytes = id.as_bytes();
    // An id begins with a digit or, for a company's own objects, with an `a`.
    let begins = bytes.first().is_some_and(|first| first.is_ascii_digit() || *first == b'a');
    if !begins || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let mut letters = [0; 3];
    for (place, five) in letters.iter_mut().zip(bytes.chunks(5)) {
        let capitals = five.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        let bits: usize = capitals.map(|(bit, _)| 1 << bit).sum();
        *place = *DIGITS.get(bits)?;
    }
    Some(letters)
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn both_forms_of_a_salesforce_id_are_one_key() {
        for (key, expected) in [
            ("0014000000AAAAAAAU", "0014000000AAAAAAAU"),
            ("001A000001LhAtkIAF", "001A000001LhAtk"),
            ("001A000001LhAtk", "001A000001LhAtk"),
            ("001A000001LhAtkiaf", "001A000001LhAtk"),
            ("001a000001lhatkIAF", "001a000001lhatkIAF"),
            ("a0BD000000cpwbTMAQ", "a0BD000000cpwbT"),
            ("1C1I7A6R", "1C1I7A6R"),
            ("", ""),
            ("anna@example.test.", "anna@example.test."),
            ("éééééééééééééééIAF", "éééééééééééééééIAF"),
        ] {
            assert_eq!(canonical(key), expected, "{key}");
        }
    }
}
