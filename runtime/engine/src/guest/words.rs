//! The words of the command line of a guest of WASI.

use super::Guest;
use crate::codec::reader;

impl Guest {
    /// Returns the name of the definition's file, then the arguments of the process. Without
    /// the arguments if one of them is not text, or has a NUL, which ends a word in C.
    pub(crate) fn words(&self) -> Vec<String> {
        let definition = &self.run.program.definition;
        let source = definition.code.source();
        let name = source.map_or(&definition.id, |source| &source.name);
        let mut words = vec![name.to_string()];
        words.extend(texts(&self.run.arguments).unwrap_or_default());
        words
    }
}

/// Returns the elements of an encoded array, if each can be a word.
fn texts(values: &[u8]) -> Option<Vec<String>> {
    reader::elements(values)?
        .map(|value| {
            let text = reader::text(value)?;
            (!text.contains('\0')).then(|| text.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::texts;

    #[test]
    fn only_texts_without_nul_are_words() {
        let words = |bytes: &[u8]| texts(bytes).map(|words| words.join("|"));
        assert_eq!(words(b"\x90"), Some(String::new()));
        assert_eq!(words(b"\x92\xa1a\xa3b c"), Some("a|b c".to_owned()));
        assert_eq!(words(b"\x91\xc4\x01a"), Some("a".to_owned()), "bytes");
        // A number, text that is not UTF-8, a NUL.
        for other in [&b"\x92\xa1a\x07"[..], b"\x91\xa1\xff", b"\x91\xa1\0"] {
            assert_eq!(words(other), None, "{other:?}");
        }
    }
}
