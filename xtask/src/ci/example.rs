//! Examples in documents. `xtask/api` shares this file.

/// Returns true if a document has a block of Rust that rustdoc compiles as a test.
pub(crate) fn has_example(document: &str) -> bool {
    let mut is_inside = false;
    document.lines().any(|line| {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            return false;
        };
        is_inside = !is_inside;
        is_inside && is_tested(language)
    })
}

/// Returns true if rustdoc compiles blocks of this language.
fn is_tested(language: &str) -> bool {
    let words = language.split([',', ' ']);
    let mut words = words.filter(|word| !word.is_empty());
    words.all(|word| ["rust", "no_run", "should_panic"].contains(&word))
}

#[cfg(test)]
mod tests {
    use super::has_example;

    #[test]
    fn blocks_of_rust_are_examples() {
        for document in [
            "Text.\n\n```\nuse();\n```",
            "```rust,no_run\nuse();\n```",
            " ```\n use();\n ```",
            "```text\na picture\n```\n\n```no_run\nuse();\n```",
        ] {
            assert!(has_example(document), "{document}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for document in [
            "",
            "Text with `code`.",
            "```text\na picture\n```",
            "```ignore\nuse();\n```",
            "```compile_fail\nuse();\n```",
        ] {
            assert!(!has_example(document), "{document}");
        }
    }
}
