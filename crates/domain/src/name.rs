//! When two spellings are one name.

/// What is left of a name when case, blanks and punctuation do not count: `GTX Pro` and `GTXPro`
/// are both `gtxpro`. A name of punctuation alone stays as it is.
pub fn plain(name: &str) -> String {
    let letters: String = name
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    if letters.is_empty() { name.trim().to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn spellings_of_one_name_are_alike() {
        assert_eq!(plain("GTX Pro"), plain("gtxpro"));
        assert_eq!(plain("Müller & Söhne"), plain("MÜLLER-SÖHNE"));
        assert_ne!(plain("GTX Pro"), plain("GTX Plus Pro"));
        assert_eq!(plain(" ?? "), "??");
    }
}
