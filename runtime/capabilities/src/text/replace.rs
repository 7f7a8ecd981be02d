//! `text.regexp.replace(pattern, text, replacement)`: replaces all matches. `$1` and
//! `${name}` in the replacement stand for groups, `$$` for a dollar.

use std::ops::Range;

use warren_engine::capability::{Answer, MAX_REQUEST, Progress};

use super::patterns::Pattern;
use super::walk::{Found as _, Walk};
use crate::answer;
use crate::limit::beyond;
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
    let pieces = pieces(replacement, pattern.names());
    let groups = pieces
        .iter()
        .filter(|piece| matches!(piece, Piece::Group(_)))
        .count();
    let regex = pattern.regex();
    let mut walk = Walk::new(text, progress);
    let mut replaced = Vec::with_capacity(text.len());
    let mut copied = 0;
    while let Some(found) = walk.next(|text, place| regex.captures_at(text, place))? {
        let Range { start, end } = found.places();
        replaced.extend_from_slice(&text[copied..start]);
        // A group is no longer than the whole match. Checked first: one expansion may
        // have terabytes.
        let expanded = groups.saturating_mul(end - start);
        if replaced
            .len()
            .saturating_add(replacement.len())
            .saturating_add(expanded)
            > MAX_REQUEST
        {
            let message = format!("replacement: the result may have more than {MAX_REQUEST} bytes");
            return Err(beyond("max_answer", MAX_REQUEST, message));
        }
        for piece in &pieces {
            match piece {
                Piece::Text(text) => replaced.extend_from_slice(text),
                Piece::Group(number) => {
                    let group = found.get(*number).map(|group| group.as_bytes());
                    replaced.extend_from_slice(group.unwrap_or_default());
                }
            }
        }
        copied = end;
    }
    replaced.extend_from_slice(&text[copied..]);
    answer::write(|out| out.string(&replaced))
}

/// A part of a replacement.
#[derive(Debug, PartialEq)]
enum Piece<'r> {
    Text(&'r [u8]),
    /// A group by its number.
    Group(usize),
}

/// Divides a replacement into its parts. A name that is none stands for nothing, and a
/// dollar without a name for itself.
fn pieces<'r>(replacement: &'r [u8], names: &[Option<String>]) -> Vec<Piece<'r>> {
    let group = |name: &str| match name.bytes().all(|byte| byte.is_ascii_digit()) {
        true => name.parse().ok(),
        false => names
            .iter()
            .position(|known| known.as_deref() == Some(name)),
    };
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some(dollar) = rest.iter().position(|byte| *byte == b'$') {
        pieces.push(Piece::Text(&rest[..dollar]));
        let (reference, behind) = reference(&rest[dollar..]);
        match reference {
            Reference::Dollar => pieces.push(Piece::Text(b"$")),
            Reference::Name(name) => pieces.extend(group(name).map(Piece::Group)),
        }
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The part of a replacement that a dollar begins.
enum Reference<'r> {
    Dollar,
    Name(&'r str),
}

/// Reads what begins with the dollar in front, and returns the bytes behind.
fn reference(text: &[u8]) -> (Reference<'_>, &[u8]) {
    let behind = &text[1..];
    let (name, behind_name) = match behind.first() {
        Some(b'$') => return (Reference::Dollar, &behind[1..]),
        Some(b'{') => match behind.iter().position(|byte| *byte == b'}') {
            Some(end) => (&behind[1..end], &behind[end + 1..]),
            None => return (Reference::Dollar, behind),
        },
        _ => {
            let is_end = |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte == b'_');
            let end = behind.iter().position(is_end).unwrap_or(behind.len());
            behind.split_at(end)
        }
    };
    match std::str::from_utf8(name) {
        Ok(name) if !name.is_empty() => (Reference::Name(name), behind_name),
        _ => (Reference::Dollar, behind),
    }
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
        assert_eq!(replaced("", "né", "-"), of("-n-é-"));
        assert_eq!(replaced("(?P<1n>a)", "a", "${1n}$1n$1"), of("aaa"));
        assert_eq!(replaced("a", "a", "$x$0${y}$1$"), of("a$"));
        assert_eq!(replaced("a", "a", "$-${}${"), of("$-${}${"));
    }

    #[test]
    fn a_result_that_is_too_long_is_invalid() {
        let arguments = [of("a"), of(&"a".repeat(2_000)), of(&"$0".repeat(20_000))];
        let error = called(&Text::default(), "regexp.replace", &arguments).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
}
