//! The tables `[imports."id"]` of a manifest.

use toml::Spanned;

use super::reader::{Reader, Section};
use crate::id::Id;
use warren_kernel::text;

/// Bytes of the longest name of an import. The interpreter asks for no longer one.
const MAX_IMPORT: usize = 100;

/// A table `[imports."id"]`: what `require` gives in one definition.
#[derive(Debug)]
pub(crate) struct ImportsEntry {
    pub(crate) id: Spanned<Id>,
    /// The names, each with the definition whose code it is.
    pub(crate) imports: Vec<(String, Spanned<Id>)>,
}

impl ImportsEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> Self {
        let mut imports = Vec::new();
        for (name, target) in reader.ids(section) {
            if is_name(name.get_ref()) {
                imports.push((name.into_inner(), target));
                continue;
            }
            reader.problem(
                name.span(),
                format!(
                    "`{}`{} cannot be the name of an import",
                    text::quoted(name.get_ref()),
                    section.place()
                ),
                format!(
                    "expected at most {MAX_IMPORT} ASCII letters, digits, `_`, `-`, `.`, `/` and `:`"
                ),
                None,
            );
        }
        ImportsEntry { id, imports }
    }
}

/// Returns true for a text that `require` looks for among the imports.
fn is_name(text: &str) -> bool {
    let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    (1..=MAX_IMPORT).contains(&text.len()) && text.chars().all(is_char)
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[test]
    fn names_and_definitions_are_read() {
        let (manifest, problems) = Manifest::parse(
            "[imports.\"app:x\"]\nassert2 = \"app.lib:assert\"\n\"wippy.test:test\" = \"app:t\"\n",
        );
        assert_eq!(problems, []);
        let imports: Vec<_> = manifest.imports[0]
            .imports
            .iter()
            .map(|(name, target)| (name.as_str(), target.get_ref().as_str()))
            .collect();
        assert_eq!(
            imports,
            [("assert2", "app.lib:assert"), ("wippy.test:test", "app:t")]
        );
    }

    #[test]
    fn names_that_require_never_asks_for_are_refused() {
        let (_, problems) = Manifest::parse("[imports.\"app:x\"]\n\"a b\" = \"app:t\"\ny = 1\n");
        let messages: Vec<_> = problems.iter().map(|problem| &*problem.message).collect();
        assert_eq!(
            messages,
            [
                "`a b` in [imports.\"app:x\"] cannot be the name of an import",
                "`y` in [imports.\"app:x\"] is an integer",
            ]
        );
    }
}
