//! Lua sources without comments, indentation and empty lines, made by the compiler: the
//! sources lie in the image of every process, whose memory is charged beyond 1 MiB.

/// The source of a file beside the caller, without what Lua does not need. No text in the
/// file may go over several lines.
macro_rules! compact {
    ($file:literal) => {
        const {
            const SOURCE: &[u8] = include_str!($file).as_bytes();
            const CODE: &[u8] = &$crate::compact::code::<{ $crate::compact::len(SOURCE) }>(SOURCE);
            $crate::compact::text(CODE)
        }
    };
}
pub(crate) use compact;

/// Returns the bytes of the code in a source.
pub(crate) const fn len(source: &[u8]) -> usize {
    let (mut at, mut len) = (0, 0);
    while at < source.len() {
        let (from, to) = line(source, at);
        len += if is_code(source, from) { to - from } else { 0 };
        at = to;
    }
    len
}

/// Returns the code in a source.
pub(crate) const fn code<const LEN: usize>(source: &[u8]) -> [u8; LEN] {
    let mut code = [0; LEN];
    let (mut at, mut len) = (0, 0);
    while at < source.len() {
        let (mut from, to) = line(source, at);
        if !is_code(source, from) {
            from = to;
        }
        while from < to {
            code[len] = source[from];
            len += 1;
            from += 1;
        }
        at = to;
    }
    code
}

/// Returns code as text.
pub(crate) const fn text(code: &[u8]) -> &str {
    match str::from_utf8(code) {
        Ok(text) => text,
        Err(_) => panic!("whole lines of a text are text"),
    }
}

/// Returns where the line at a place begins, behind its indentation, and where it ends,
/// behind its line break.
const fn line(source: &[u8], at: usize) -> (usize, usize) {
    let mut from = at;
    while from < source.len() && source[from] == b' ' {
        from += 1;
    }
    let mut to = from;
    while to < source.len() && source[to] != b'\n' {
        to += 1;
    }
    (from, if to < source.len() { to + 1 } else { to })
}

/// Returns true for a line that is neither empty nor a comment.
const fn is_code(source: &[u8], from: usize) -> bool {
    let is_comment = from + 1 < source.len() && source[from] == b'-' && source[from + 1] == b'-';
    from < source.len() && source[from] != b'\n' && !is_comment
}

#[cfg(test)]
mod tests {
    use super::{code, len, text};

    #[test]
    fn comments_and_indentation_are_left_out() {
        const SOURCE: &[u8] =
            b"-- A comment.\nlocal a = 1 -- stays\n\n  -- One more.\n  return a - -1\n--";
        const CODE: &[u8] = &code::<{ len(SOURCE) }>(SOURCE);
        assert_eq!(text(CODE), "local a = 1 -- stays\nreturn a - -1\n");
    }
}
