//! Comments that silence findings: `-- lint: off`, which silences the warnings of
//! `warren run` as well, and luacheck's `-- luacheck: ignore`.

use std::collections::BTreeMap;

use super::Finding;

/// Words of a comment that count.
const WORDS: usize = 50;

/// The lines whose findings are not told.
#[derive(Debug, Default)]
pub(super) struct Silence {
    lines: BTreeMap<usize, Vec<Silenced>>,
}

/// The findings that a comment silences.
#[derive(Debug)]
enum Silenced {
    All,
    /// A number of luacheck, a rule, or a name in the message.
    Only(String),
}

impl Silence {
    /// Notes a comment, if it silences. A comment alone on its line speaks of the next line.
    pub(super) fn note(&mut self, comment: &str, line: usize, is_alone: bool) {
        let text = comment.trim_start_matches('-').trim();
        let words = if text == "lint: off" {
            ""
        } else if let Some(words) = text.strip_prefix("luacheck: ignore") {
            words
        } else {
            return;
        };
        let line = if is_alone { line + 1 } else { line };
        let of_line = self.lines.entry(line).or_default();
        let words = words.split([' ', ',']).filter(|word| !word.is_empty());
        let mut words = words.take(WORDS);
        match words.next() {
            None => of_line.push(Silenced::All),
            Some(first) => of_line.extend(
                std::iter::once(first)
                    .chain(words)
                    .map(|word| Silenced::Only(word.to_owned())),
            ),
        }
    }

    /// Tells whether the finding is silenced.
    pub(super) fn covers(&self, finding: &Finding) -> bool {
        let of_line = self.lines.get(&finding.line).map_or(&[][..], Vec::as_slice);
        of_line.iter().any(|silenced| match silenced {
            Silenced::All => true,
            Silenced::Only(word) => {
                // A number may stand for all that begin with it.
                let number = finding.rule.number();
                let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
                let by_number = is_number && number.is_some_and(|number| number.starts_with(word));
                by_number
                    || word == finding.rule.name()
                    || finding.message.contains(&format!("`{word}`"))
            }
        })
    }
}
