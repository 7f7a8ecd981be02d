//! The comment `-- lint: off` of a line of Lua.
//!
//! The same characters in a string, in a long comment or in a longer comment silence
//! nothing. A string may begin on an earlier line, so a file is read from its first line.

/// Returns true if this line, from 1, of a Lua file ends with the comment `-- lint: off`
/// and nothing else in it, spaces aside.
pub(super) fn silences(source: &[u8], line: u32) -> bool {
    let mut scan = Scan {
        rest: source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source),
        line: 1,
    };
    if scan.rest.first() == Some(&b'#') {
        scan.skip_line();
    }
    while let Some(byte) = scan.rest.first()
        && scan.line <= line
    {
        match byte {
            b'\n' | b'\r' => scan.newline(),
            b'\'' | b'"' => scan.string(*byte),
            b'[' => match scan.long_bracket() {
                Some(level) => scan.long(level),
                None => scan.skip(1),
            },
            b'-' if scan.rest.starts_with(b"--") => {
                scan.skip(2);
                match scan.long_bracket() {
                    Some(level) => scan.long(level),
                    None => {
                        let comment = scan.skip_line();
                        if scan.line == line {
                            return is_off(comment);
                        }
                    }
                }
            }
            _ => scan.skip(1),
        }
    }
    false
}

/// Tells whether a comment, without its hyphens, is the one that silences.
fn is_off(comment: &[u8]) -> bool {
    let rest = comment.trim_ascii().strip_prefix(b"lint:");
    rest.is_some_and(|rest| rest.trim_ascii_start() == b"off")
}

struct Scan<'a> {
    rest: &'a [u8],
    /// The line of the first byte of the rest.
    line: u32,
}

impl<'a> Scan<'a> {
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Skips one end of a line, in any of Lua's forms.
    fn newline(&mut self) {
        let length = match self.rest {
            [b'\r', b'\n', ..] | [b'\n', b'\r', ..] => 2,
            _ => 1,
        };
        self.skip(length);
        self.line = self.line.saturating_add(1);
    }

    /// Skips the rest of the line, without its end, and returns it.
    fn skip_line(&mut self) -> &'a [u8] {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let end = self.rest.iter().position(is_end);
        let (line, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        line
    }

    /// Skips a string in quotes. One that is not closed ends with its line.
    fn string(&mut self, quote: u8) {
        self.skip(1);
        loop {
            match self.rest {
                [] | [b'\n' | b'\r', ..] => return,
                [b'\\', b'z', ..] => {
                    self.skip(2);
                    self.spaces();
                }
                [b'\\', b'\n' | b'\r', ..] => {
                    self.skip(1);
                    self.newline();
                }
                [b'\\', ..] => self.skip(2),
                [byte, ..] => {
                    let is_end = *byte == quote;
                    self.skip(1);
                    if is_end {
                        return;
                    }
                }
            }
        }
    }

    /// Skips spaces and ends of lines.
    fn spaces(&mut self) {
        loop {
            match self.rest {
                [b'\n' | b'\r', ..] => self.newline(),
                [b' ' | b'\t' | 0x0b | 0x0c, ..] => self.skip(1),
                _ => return,
            }
        }
    }

    /// Skips `[[` or `[==[`, and returns the number of equals signs.
    fn long_bracket(&mut self) -> Option<usize> {
        let rest = self.rest.strip_prefix(b"[")?;
        let level = rest.iter().take_while(|byte| **byte == b'=').count();
        self.rest = rest[level..].strip_prefix(b"[")?;
        Some(level)
    }

    /// Skips a long string or comment whose beginning was skipped.
    fn long(&mut self, level: usize) {
        loop {
            match self.rest {
                [] => return,
                [b'\n' | b'\r', ..] => self.newline(),
                [b']', rest @ ..] => {
                    let signs = rest.iter().take_while(|byte| **byte == b'=').count();
                    // Another bracket may begin at the next one.
                    self.skip(1 + signs);
                    if signs == level && self.rest.first() == Some(&b']') {
                        self.skip(1);
                        return;
                    }
                }
                _ => self.skip(1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_of_its_own_silences() {
        for line in [
            "f() -- lint: off",
            "f() --lint:off",
            "f()--  lint:  off \t",
            "f('--', \"it's\") -- lint: off",
            "f [[ -- ]] -- lint: off",
            "f() --[==[ ]] ]==] -- lint: off",
            "x = a - b -- lint: off",
            "t[i] = 1 -- lint: off",
            "f('\\'') -- lint: off",
            "f('\\\\') -- lint: off",
            "-- lint: off",
        ] {
            assert!(silences(line.as_bytes(), 1), "{line}");
            assert!(silences(format!("{line}\r\nf()").as_bytes(), 1), "{line}");
            assert!(!silences(format!("{line}\nf()").as_bytes(), 2), "{line}");
        }
    }

    #[test]
    fn nothing_else_silences() {
        for line in [
            "f()",
            "f() - lint: off",
            "f() -- lint: offline",
            "f() -- lint: off, as f may fail",
            "f() -- not lint: off",
            "f() --- lint: off",
            "f() -- lint off",
            "f() -- Lint: off",
            "f('-- lint: off')",
            "f(\"\\\"-- lint: off\")",
            "f [[ -- lint: off]]",
            "f [=[ ]] -- lint: off",
            "f() --[[ -- lint: off ]]",
            "f() -- -- lint: off",
            "",
        ] {
            assert!(!silences(line.as_bytes(), 1), "{line}");
        }
        assert!(!silences(b"f() -- lint: off", 0));
        assert!(!silences(b"f() -- lint: off", 9));
    }

    #[test]
    fn lines_are_counted_in_strings_and_comments() {
        let source = "#!/usr/bin/env 'lua [[\n\
             local a = [[\n\
             f() -- lint: off\n\
             ]] f() -- lint: off\n\
             --[=[ ]]\r\n\
             f() -- lint: off\n\
             ]=]\n\
             local b = 'x\\z\n\
             \x20  -- lint: off\\z\n\
             ' f() -- lint: off\r\
             local c = 'y\\\n\
             -- lint: off' f()\n\
             local d = 'not closed\n\
             f() -- lint: off\n\
             f()";
        let silenced: Vec<u32> = (0..20)
            .filter(|line| silences(source.as_bytes(), *line))
            .collect();
        assert_eq!(silenced, [4, 10, 14]);
    }
}
