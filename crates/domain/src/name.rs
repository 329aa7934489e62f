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

/// What one thing, or several, are called: `deal`, `deals`, `opportunities`, `days`.
pub fn named(is_one: bool, thing: &str) -> String {
    let is_vowel = |letter: char| "aeiou".contains(letter);
    match thing.strip_suffix('y') {
        _ if is_one => thing.to_owned(),
        Some(stem) if !stem.ends_with(is_vowel) => format!("{stem}ies"),
        _ => format!("{thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{named, plain};

    #[test]
    fn spellings_of_one_name_are_alike() {
        assert_eq!(plain("GTX Pro"), plain("gtxpro"));
        assert_eq!(plain("Müller & Söhne"), plain("MÜLLER-SÖHNE"));
        assert_ne!(plain("GTX Pro"), plain("GTX Plus Pro"));
        assert_eq!(plain(" ?? "), "??");
    }

    #[test]
    fn several_things_are_called_otherwise_than_one() {
        let several = ["deal", "opportunity", "day"].map(|thing| named(false, thing));
        assert_eq!(several, ["deals", "opportunities", "days"]);
        assert_eq!(named(true, "opportunity"), "opportunity");
    }
}
