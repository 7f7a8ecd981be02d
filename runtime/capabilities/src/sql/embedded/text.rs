//! The bounds of a text before SQLite compiles it: nothing can interrupt that.

use warren_kernel::Error;

use super::super::words::{Piece, pieces};
use crate::limit::beyond;

/// The most semicolons. SQLite copies all that follows a statement before it compiles it.
const MAX_STATEMENTS: usize = 10_000;

/// The most commas of a text with a window: SQLite compares each term of its lists with all
/// before it.
const MAX_TERMS: usize = 2_000;

/// Checks that a text is compiled in a moment. Strings, quoted names and comments count for
/// nothing.
///
/// # Errors
///
/// `Invalid`, naming the limit.
pub(super) fn check(text: &str) -> Result<(), Error> {
    let (mut statements, mut terms, mut has_window) = (0, 0, false);
    for piece in pieces(text, false) {
        match piece {
            Piece::Mark(';') => statements += 1,
            Piece::Mark(',') => terms += 1,
            Piece::Mark(_) => {}
            Piece::Word(word) => {
                has_window |= ["over", "window"]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(word));
            }
        }
    }
    if statements > MAX_STATEMENTS {
        let message = format!(
            "text has {statements} semicolons, more than max_statements = {MAX_STATEMENTS}"
        );
        return Err(beyond("max_statements", MAX_STATEMENTS, message));
    }
    if has_window && terms > MAX_TERMS {
        let message = format!(
            "text has a window and {terms} commas, more than max_window_terms = {MAX_TERMS}"
        );
        return Err(beyond("max_window_terms", MAX_TERMS, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marks_outside_of_strings_count() {
        let of = |text: &str| check(text).map_err(|error| error.message);
        let marks = ";,".repeat(MAX_STATEMENTS + 1);
        for text in [
            format!("SELECT '{marks}', \"{marks}\" /* {marks} */ -- {marks}"),
            ",".repeat(MAX_TERMS + 1),
            format!("SELECT 'over'{}", ",".repeat(MAX_TERMS + 1)),
        ] {
            assert_eq!(of(&text), Ok(()));
        }
        assert!(of(&marks).unwrap_err().contains("max_statements"));
        let lists = format!(
            "SELECT count(*) OVER (PARTITION BY 1{})",
            ", 1".repeat(MAX_TERMS + 1)
        );
        assert!(of(&lists).unwrap_err().contains("max_window_terms"));
    }
}
