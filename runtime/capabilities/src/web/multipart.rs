//! Bodies that are forms with files (`multipart/form-data`).

use http::{HeaderMap, header};
use warren_engine::capability::Answer;
use warren_kernel::Error;
use warren_values::msgpack::{Full, Output};

use super::exchange::reason;
use crate::answer;

/// The most parts of a form.
const MAX_PARTS: usize = 1_000;

/// The most header fields of a part.
const MAX_FIELDS: usize = 16;

/// The most bytes of the header of a part.
const MAX_HEADER: usize = 8 << 10;

/// The most bytes of a boundary, which the standard says.
const MAX_BOUNDARY: usize = 70;

/// A part of a form.
#[derive(Debug, PartialEq, Eq)]
struct Part<'a> {
    name: String,
    /// Present for a file; without the directories that some browsers send.
    filename: Option<String>,
    /// Names in small letters, and values.
    fields: Vec<(String, &'a str)>,
    content: &'a [u8],
}

/// Returns the text between the parts, which the type of the body names.
///
/// # Errors
///
/// `Invalid` for a body of another type.
pub(super) fn boundary(headers: &HeaderMap) -> Result<String, Error> {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let value = value.filter(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type
            .trim()
            .eq_ignore_ascii_case("multipart/form-data")
    });
    let value = value.ok_or_else(|| failed("the body is no multipart/form-data"))?;
    let boundary = parameter(value, "boundary");
    let boundary = boundary.filter(|text| (1..=MAX_BOUNDARY).contains(&text.len()));
    boundary.ok_or_else(|| failed("the type of the body has no boundary"))
}

/// Writes the parts of a body.
///
/// # Errors
///
/// `Invalid` for a body that is no form.
pub(super) fn answer(body: &[u8], boundary: &str) -> Answer {
    let parts = parts(body, boundary)?;
    answer::write(|out| {
        out.array(u32::try_from(parts.len()).unwrap_or(u32::MAX))?;
        parts.iter().try_for_each(|part| write(part, out))
    })
}

fn write(part: &Part<'_>, out: &mut Output) -> Result<(), Full> {
    out.map(3 + u32::from(part.filename.is_some()))?;
    out.string(b"name")?;
    out.string(part.name.as_bytes())?;
    if let Some(filename) = &part.filename {
        out.string(b"filename")?;
        out.string(filename.as_bytes())?;
    }
    out.string(b"headers")?;
    out.array(u32::try_from(part.fields.len()).unwrap_or(u32::MAX))?;
    for (name, value) in &part.fields {
        out.array(2)?;
        out.string(name.as_bytes())?;
        out.string(value.as_bytes())?;
    }
    out.string(b"content")?;
    out.string(part.content)
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, Error> {
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    // The first one may begin the body.
    let mut rest = match body.strip_prefix(&delimiter[2..]) {
        Some(rest) => rest,
        None => behind(body, delimiter)
            .map(|(_, rest)| rest)
            .ok_or_else(|| failed("the body has no part"))?,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() == MAX_PARTS {
            return Err(failed(format!("the body has more than {MAX_PARTS} parts")));
        }
        // Blanks may stand behind a boundary.
        let (blanks, head) =
            behind(rest, b"\r\n").ok_or_else(|| failed("a boundary has no end of line"))?;
        if !blanks.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            return Err(failed("a boundary has no end of line"));
        }
        let (fields, content) = fields(head)?;
        let (content, next) = behind(content, delimiter)
            .ok_or_else(|| failed("the last part of the body has no end"))?;
        parts.push(Part::new(fields, content)?);
        rest = next;
    }
    Ok(parts)
}

/// The name and the value of a header field.
type Field<'a> = (String, &'a str);

/// Reads the header of a part. Returns what follows it, too.
fn fields(head: &[u8]) -> Result<(Vec<Field<'_>>, &[u8]), Error> {
    let mut fields = Vec::new();
    let mut rest = head;
    loop {
        let line = behind(rest, b"\r\n");
        let (line, next) = line.ok_or_else(|| failed("the header of a part has no end"))?;
        rest = next;
        if line.is_empty() {
            return Ok((fields, rest));
        }
        if fields.len() == MAX_FIELDS || head.len() - rest.len() > MAX_HEADER {
            return Err(failed("the header of a part is too long"));
        }
        let field = std::str::from_utf8(line).ok();
        let (name, value) = field
            .and_then(|line| line.split_once(':'))
            .ok_or_else(|| failed("the header of a part has a line without a name"))?;
        fields.push((name.trim().to_ascii_lowercase(), value.trim()));
    }
}

impl<'a> Part<'a> {
    fn new(fields: Vec<(String, &'a str)>, content: &'a [u8]) -> Result<Part<'a>, Error> {
        let disposition = fields
            .iter()
            .find(|(name, _)| name == "content-disposition");
        let disposition = disposition.map(|(_, value)| *value).unwrap_or_default();
        let name = parameter(disposition, "name");
        let filename = parameter(disposition, "filename").map(|filename| {
            let name = filename.rsplit(['/', '\\']).next();
            name.unwrap_or_default().to_owned()
        });
        Ok(Part {
            name: name.ok_or_else(|| failed("a part of the body has no name"))?,
            filename,
            fields,
            content,
        })
    }
}

/// Returns a parameter of the value of a header field. Its text may be quoted.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let (text, next) = match behind.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (text, next) = behind.split_once(';').unwrap_or((behind, ""));
                (text.trim().to_owned(), next)
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = next;
    }
}

/// Returns a text up to its quotation mark, and what follows the next semicolon.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let behind = &quoted[at + 1..];
                let next = behind.split_once(';').map_or("", |(_, next)| next);
                return Some((text, next));
            }
            // Browsers write other marks percent-encoded, and Windows paths as they are.
            '\\' if matches!(characters.clone().next(), Some((_, '"' | '\\'))) => {
                text.extend(characters.next().map(|(_, escaped)| escaped));
            }
            other => text.push(other),
        }
    }
    None
}

/// Returns the bytes before and behind the first place of others.
fn behind<'a>(bytes: &'a [u8], wanted: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let first = wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|byte| byte == first)?;
        if bytes[at..].starts_with(wanted) {
            return Some((&bytes[..at], &bytes[at + wanted.len()..]));
        }
        from = at + 1;
    }
}

#[cold]
fn failed(message: impl Into<String>) -> Error {
    Error::invalid(message).with("reason", reason::PARSE_FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "preamble\r\n--x y\r\n\
        Content-Disposition: form-data; name=\"title\"\r\n\r\n\
        a \"title\"\r\n--x y \t\r\n\
        content-disposition: form-data; filename=\"C:\\dir\\a;\\\"b\\\".txt\"; name=doc\r\n\
        Content-Type: text/plain\r\n\r\n\
        line\r\n--x\r\nline\r\n--x y--\r\nepilogue";

    #[test]
    fn a_form_has_its_parts() {
        let parts = parts(FORM.as_bytes(), "x y").unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!((&*parts[0].name, &parts[0].filename), ("title", &None));
        assert_eq!(parts[0].content, b"a \"title\"");
        let file = &parts[1];
        assert_eq!(file.name, "doc");
        assert_eq!(file.filename.as_deref(), Some("a;\"b\".txt"));
        assert_eq!(file.fields[1], ("content-type".to_owned(), "text/plain"));
        assert_eq!(file.content, b"line\r\n--x\r\nline");
        assert!(super::parts(b"--b--", "b").unwrap().is_empty());
    }

    #[test]
    fn other_bodies_are_refused() {
        let head = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
        for body in [
            "",
            "no part",
            "--b",
            "--bb\r\n",
            "--b\r\n",
            "--b\r\nno name\r\n\r\n\r\n--b--",
            "--b\r\nA: b\r\n\r\n\r\n--b--",
            &format!("--b\r\n{head}no end"),
            &format!("--b\r\nA: {}\r\n{head}\r\n--b--", "a".repeat(MAX_HEADER)),
            &format!(
                "--b{}--",
                format!("\r\n{head}\r\n--b").repeat(MAX_PARTS + 1)
            ),
        ] {
            let error = parts(body.as_bytes(), "b").unwrap_err();
            assert_eq!(error.kind, warren_kernel::Kind::Invalid, "{body:.40}");
        }
    }

    #[test]
    fn the_type_names_the_boundary() {
        let boundary = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::CONTENT_TYPE,
                header::HeaderValue::from_static(value),
            );
            super::boundary(&headers).ok()
        };
        let is = |value, text: &str| assert_eq!(boundary(value).as_deref(), Some(text));
        is("multipart/form-data; boundary=abc", "abc");
        is("Multipart/Form-Data;a=b; Boundary=\"a b\"; c", "a b");
        for value in [
            "text/plain; boundary=abc",
            "multipart/form-data",
            "multipart/form-data; boundary=",
        ] {
            assert_eq!(boundary(value), None, "{value}");
        }
        assert!(super::boundary(&HeaderMap::new()).is_err());
    }

    #[test]
    fn every_prefix_of_a_form_is_read_or_refused() {
        for len in 0..FORM.len() {
            // Neither panics nor runs on for ever.
            let _ = parts(&FORM.as_bytes()[..len], "x y");
        }
    }
}
