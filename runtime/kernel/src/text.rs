//! Text for people.
//!
//! Guests, files and other users choose messages, names and paths. Printed
//! unchanged, a newline in one of them forges a line of the log, and an escape
//! sequence moves the cursor or retitles the window. [`line()`] shows any bytes
//! within one line. Everything the runtime writes for people goes through
//! [`line()`], except what a guest prints to its own standard streams.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::path::Path;

/// Text or bytes that are displayed within one line: see [`line()`].
///
/// ```
/// use warren_kernel::text;
///
/// let line = text::line("done\n\u{1b}[31m");
/// assert_eq!(line.to_string(), r"done\n\u{1b}[31m");
/// assert_eq!(text::line(b"a\xff").to_string(), r"a\xff");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Line<'a>(&'a [u8]);

/// Displays text, or bytes that should be text, within one line.
///
/// Control characters (C0, DEL, C1), line and paragraph separators, characters
/// that change the direction of writing and invisible format characters appear
/// as escapes: `\n`, `\r`, `\t`, `\u{1b}`. A byte that is not UTF-8 appears as
/// `\xff`. Everything else, a backslash included, stays as it is, so the result
/// is for reading and not for parsing.
pub fn line<T: AsRef<[u8]> + ?Sized>(text: &T) -> Line<'_> {
    Line(text.as_ref())
}

/// Displays a path as [`line()`] displays text.
pub fn path(path: &Path) -> Line<'_> {
    Line(path.as_os_str().as_encoded_bytes())
}

/// Displays text as a message quotes it: as [`line()`] does, at most 300
/// characters. No id is longer; other quoted texts may be as long as a file.
pub fn quoted<T: AsRef<[u8]> + ?Sized>(text: &T) -> String {
    clipped(text, 300)
}

/// Displays text as [`line()`] does, at most `max` characters of the result.
/// The cut part is replaced by `...`.
pub fn clipped<T: AsRef<[u8]> + ?Sized>(text: &T, max: usize) -> String {
    // A character takes at most 4 bytes, and its escape at least as many
    // characters as it takes itself.
    let bytes = text.as_ref();
    let enough = max.saturating_add(1).saturating_mul(4).min(bytes.len());
    let shown = Line(&bytes[..enough]).to_string();
    let mut ends = shown.char_indices().map(|(at, _)| at);
    match ends.nth(max) {
        None => shown,
        Some(_) => {
            let keep = max.saturating_sub(3);
            let end = shown.char_indices().nth(keep).map_or(0, |(at, _)| at);
            format!("{}...", &shown[..end])
        }
    }
}

/// Makes JSON harmless on a terminal without changing its meaning: characters
/// that [`line()`] escapes become `\u` escapes. The input must be valid JSON,
/// whose strings have no raw control characters below U+0020.
pub fn json(json: &str) -> Cow<'_, str> {
    let is_kept = |c: char| c < ' ' || is_plain(c);
    if json.chars().all(is_kept) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_kept(c) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(safe)
}

/// A writer that passes on its input as [`line()`] displays it.
///
/// ```
/// use std::fmt::Write;
/// use warren_kernel::text::Escaping;
///
/// let mut escaping = Escaping(String::new());
/// let name = "a\nb";
/// write!(escaping, "name: {name}")?;
/// assert_eq!(escaping.0, r"name: a\nb");
/// # Ok::<_, std::fmt::Error>(())
/// ```
#[derive(Debug)]
pub struct Escaping<W>(pub W);

/// Returns whether a character is shown unchanged.
fn is_plain(c: char) -> bool {
    // Most text is ASCII.
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    !matches!(c,
        '\u{80}'..='\u{9f}'
        // Separators of lines and paragraphs.
        | '\u{2028}' | '\u{2029}'
        // Characters that change the direction of writing.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Invisible characters: two texts that look alike are alike.
        | '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn escape(c: char, to: &mut impl Write) -> fmt::Result {
    match c {
        '\n' => to.write_str("\\n"),
        '\r' => to.write_str("\\r"),
        '\t' => to.write_str("\\t"),
        other => write!(to, "\\u{{{:x}}}", u32::from(other)),
    }
}

impl<W: Write> Write for Escaping<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(|c| !is_plain(c)) {
            let (plain, after) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut chars = after.chars();
            if let Some(c) = chars.next() {
                escape(c, &mut self.0)?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            Escaping(&mut *f).write_str(chunk.valid())?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Iterates over every character that must not reach a terminal or end a
    /// line.
    fn dangerous() -> impl Iterator<Item = char> {
        let ranges = [
            0..=0x1f_u32,
            0x7f..=0x9f,
            0x2028..=0x202e,
            0x2060..=0x206f,
            0xfff9..=0xfffb,
            0xe0000..=0xe007f,
        ];
        let single = ['\u{61c}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{feff}'];
        ranges
            .into_iter()
            .flatten()
            .filter_map(char::from_u32)
            .chain(single)
    }

    #[test]
    fn nothing_dangerous_is_shown() {
        for c in dangerous() {
            let shown = line(&format!("a{c}b")).to_string();
            assert!(!shown.contains(c), "{c:?}: {shown}");
            assert!(shown.starts_with("a\\") && shown.ends_with('b'), "{shown}");
            let written = serde_like(&format!("a{c}b"));
            let safe = json(&written);
            assert!(!safe.contains(c), "{c:?}: {safe}");
        }
    }

    /// Returns a JSON string as serializers write it: C0 escaped, all else
    /// unchanged.
    fn serde_like(text: &str) -> String {
        let mut json = String::from("\"");
        for c in text.chars() {
            if c < ' ' {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            } else {
                json.push(c);
            }
        }
        json + "\""
    }

    #[test]
    fn escapes_have_their_usual_notation() {
        let shown = line("a\n\r\t\u{1b}[31m\u{7}\u{9b}\u{202e}\\").to_string();
        assert_eq!(shown, r"a\n\r\t\u{1b}[31m\u{7}\u{9b}\u{202e}\");
    }

    #[test]
    fn ordinary_text_stays_unchanged() {
        let text = "größer, 日本語, שלום, 👩‍👩‍👧, a\\b \"c\"";
        assert_eq!(line(text).to_string(), text);
        assert!(matches!(json(text), Cow::Borrowed(_)));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_escaped() {
        assert_eq!(
            line(b"a\xff\xc3\n\xe2\x28").to_string(),
            r"a\xff\xc3\n\xe2("
        );
    }

    #[cfg(unix)]
    #[test]
    fn paths_are_shown_as_text() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let name = Path::new(OsStr::from_bytes(b"/tmp/\x1b]0;x\x07\xfe"));
        assert_eq!(path(name).to_string(), r"/tmp/\u{1b}]0;x\u{7}\xfe");
    }

    #[test]
    fn clipping_counts_shown_characters() {
        assert_eq!(clipped("abcdef", 6), "abcdef");
        assert_eq!(clipped("abcdefg", 6), "abc...");
        assert_eq!(clipped("\n\n\n\n", 6), r"\n\...");
        assert_eq!(clipped(&"ä".repeat(1 << 20), 7), "ääää...");
        assert_eq!(clipped("", 0), "");
        assert_eq!(clipped("abc", 0), "...");
    }

    #[test]
    fn json_keeps_its_meaning() {
        assert_eq!(
            json("{\n  \"a\u{9b}\": \"\u{e0001}\"\n}"),
            "{\n  \"a\\u009b\": \"\\udb40\\udc01\"\n}"
        );
    }
}
