//! The effect of a reload, in words.

use warren::{Reloaded, text};

use crate::exit::Exit;
use crate::report::failure::Failure;

/// The line for a manifest that has changed.
pub(crate) const MANIFEST_CHANGED: &str =
    "warren.toml has changed and was not taken: use `warren apply`, or start the program again";

/// Definitions that a line names.
const NAMED: usize = 10;

/// Returns what has changed, as one line without its end.
pub(crate) fn summary(reloaded: &Reloaded) -> String {
    let parts = [
        ("changed", &reloaded.changed),
        ("added", &reloaded.added),
        ("removed", &reloaded.removed),
    ];
    let mut line = String::new();
    for (word, ids) in parts {
        if !ids.is_empty() {
            line.push_str(&format!("{} {word} ({}), ", ids.len(), named(ids)));
        }
    }
    line.push_str(&format!("{} unchanged", reloaded.unchanged));
    line
}

/// Returns the failure of a reload, with the lines of its reasons.
pub(crate) fn refused(reasons: &str) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("nothing was reloaded; the old code stays\n{reasons}"),
    )
}

fn named(ids: &[String]) -> String {
    let shown: Vec<_> = ids.iter().take(NAMED).collect();
    let mut named: Vec<_> = shown.iter().map(|id| text::line(id).to_string()).collect();
    if ids.len() > NAMED {
        named.push(format!("{} more", ids.len() - NAMED));
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_what_has_changed() {
        let mut reloaded = Reloaded::default();
        reloaded.unchanged = 3;
        assert_eq!(summary(&reloaded), "3 unchanged");
        reloaded.changed = vec!["a:b".into(), "a:c".into()];
        reloaded.removed = (0..12).map(|n| format!("a:{n}")).collect();
        assert_eq!(
            summary(&reloaded),
            "2 changed (a:b, a:c), 12 removed (a:0, a:1, a:2, a:3, a:4, a:5, a:6, a:7, a:8, a:9, \
             2 more), 3 unchanged"
        );
    }
}
