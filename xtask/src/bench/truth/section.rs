//! The document of figures beside the truth: a section for each bench that writes to it, between
//! marks, so that one run replaces what is its own and leaves the rest.

use crate::building;
use anyhow::{Context, Result};

pub const DOCUMENT: &str = "docs/truth.md";
const HEAD: &str = "# Beside the truth\n\nWhat Baton says of simulated companies, beside what is \
                    true of them.\n";

/// Replaces a section of the document, or adds it at the end.
pub fn write(name: &str, text: &str) -> Result<()> {
    let path = building::root().join(DOCUMENT);
    let before = match std::fs::read_to_string(&path) {
        Ok(before) => before,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => HEAD.to_owned(),
        Err(error) => return Err(error).with_context(|| format!("{DOCUMENT} cannot be read")),
    };
    std::fs::write(&path, replaced(&before, name, text))
        .with_context(|| format!("{DOCUMENT} was not written"))
}

fn replaced(document: &str, name: &str, text: &str) -> String {
    let (from, to) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let section = format!("{from}\n{}\n\n{to}", text.trim());
    let around = document.split_once(&from).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&to)?;
        Some((before, after))
    });
    match around {
        Some((before, after)) => format!("{before}{section}{after}"),
        None => format!("{}\n\n{section}", document.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_added_and_replaced_and_others_stay() {
        let first = replaced("# Head\n", "one", "old\n");
        let second = replaced(&first, "two", "beside");
        let third = replaced(&second, "one", "new");
        assert_eq!(
            third,
            "# Head\n\n<!-- one -->\n\nnew\n\n<!-- end of one -->\n\n<!-- two -->\n\nbeside\n\n\
             <!-- end of two -->\n"
        );
    }
}
