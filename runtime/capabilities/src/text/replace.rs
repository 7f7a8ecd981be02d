//! `text.regexp.replace(pattern, text, replacement)`: replaces all matches. `$1` and
//! `${name}` in the replacement stand for groups, `$$` for a dollar.

use warren_engine::capability::{Answer, MAX_REQUEST, Progress};
use warren_kernel::Error;

use super::go_on;
use super::patterns::Pattern;
use crate::answer;
use crate::request::Arguments;

pub(super) fn replace(
    pattern: &Pattern,
    request: &[u8],
    progress: Option<&Progress<'_>>,
) -> Answer {
    let mut arguments = Arguments::new(request)?;
    arguments.text("pattern")?;
    let text = arguments.bytes("text")?;
    let replacement = arguments.bytes("replacement")?;
    pattern.check_text(text)?;
    let dollars = replacement.iter().filter(|byte| **byte == b'$').count();
    let mut replaced = Vec::with_capacity(text.len());
    let mut copied = 0;
    for (count, found) in pattern.regex().captures_iter(text).enumerate() {
        go_on(progress, count + 1)?;
        // Group 0 is the whole match.
        let Some(whole) = found.get(0) else { continue };
        replaced.extend_from_slice(&text[copied..whole.start()]);
        // A group is no longer than the whole match. Checked first: one expansion may
        // have terabytes.
        let expanded = dollars.saturating_mul(whole.len());
        if replaced
            .len()
            .saturating_add(replacement.len())
            .saturating_add(expanded)
            > MAX_REQUEST
        {
            return Err(Error::invalid(format!(
                "replacement: the result may have more than {MAX_REQUEST} bytes"
            ))
            .with("limit", "max_answer")
            .with("value", MAX_REQUEST as u64));
        }
        found.expand(replacement, &mut replaced);
        copied = whole.end();
    }
    replaced.extend_from_slice(&text[copied..]);
    answer::write(|out| out.string(&replaced))
}

#[cfg(test)]
mod tests {
    use crate::test::{called, of};
    use crate::text::Text;
    use warren_kernel::Kind;

    #[test]
    fn groups_stand_for_themselves() {
        let replaced = |pattern, text, with| {
            let arguments = [of(pattern), of(text), of(with)];
            called(&Text::default(), "regexp.replace", &arguments).unwrap()
        };
        assert_eq!(replaced("(a)(b)?", "abxa", "<$2$1>"), of("<ba>x<a>"));
        assert_eq!(replaced("(?P<n>b)", "abc", "${n}${n}$$"), of("abb$c"));
        assert_eq!(replaced("x", "abc", "y"), of("abc"));
        assert_eq!(replaced("", "ab", "-"), of("-a-b-"));
    }

    #[test]
    fn a_result_that_is_too_long_is_invalid() {
        let arguments = [of("a"), of(&"a".repeat(2_000)), of(&"$0".repeat(20_000))];
        let error = called(&Text::default(), "regexp.replace", &arguments).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
}
