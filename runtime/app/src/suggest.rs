//! Did-you-mean.

/// The candidate most like `word`, if one is so like it that a slip of the
/// hand explains the difference.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let tolerated = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
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
