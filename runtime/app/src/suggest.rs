//! Did-you-mean.

/// Bytes of the longest word with a suggestion: a comparison costs the product
/// of both lengths.
const MAX_WORD: usize = 256;

/// Maximum number of a manifest's problems with a suggestion. Each suggestion
/// scans every name that could be meant.
pub(crate) const MAX_SUGGESTIONS: usize = 100;

/// Candidates that are compared: a manifest may have thousands.
const MAX_CANDIDATES: usize = 1_000;

/// Returns the candidate most like `word`, if a typing error explains the
/// difference.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_WORD {
        return None;
    }
    let tolerated = (word.chars().count() / 3).clamp(1, 3);
    // A missing character changes the length by at most 4 bytes.
    let is_near = |candidate: &&str| candidate.len().abs_diff(word.len()) <= tolerated * 4;
    candidates
        .into_iter()
        .filter(is_near)
        .take(MAX_CANDIDATES)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_is_recognised() {
        let keys = ["max_processes", "max_memory", "max_queue"];
        assert_eq!(closest("max_proceses", keys), Some("max_processes"));
        assert_eq!(closest("max_memroy", keys), Some("max_memory"));
        assert_eq!(closest("mian", ["name", "main"]), Some("main"));
    }

    #[test]
    fn another_word_is_not() {
        assert_eq!(closest("timeout", ["max_processes", "max_memory"]), None);
        assert_eq!(closest("x", []), None);
    }
}
