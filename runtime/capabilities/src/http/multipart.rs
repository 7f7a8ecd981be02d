//! Forms with files (`multipart/form-data`).

use std::fmt::Write as _;

use bytes::Bytes;
use http::header::HeaderValue;
use warren_kernel::Error;
use warren_values::msgpack::{Input, Token};

use super::headers::value_of;
use super::payload::{Part, Streams};
use super::texts::{Texts, check_count};
use crate::hex;
use crate::request::Fields;

/// Bytes of the random boundary between the parts.
const BOUNDARY: usize = 16;

/// Reads the files of a form, and makes the parts of the body with the fields first. Returns
/// the type of the body with them.
///
/// # Errors
///
/// `Invalid`, naming the option.
pub(super) fn read(
    fields: &[(String, Texts)],
    files: &[u8],
    streams: &mut Streams<'_>,
) -> Result<(Vec<Part>, HeaderValue), Error> {
    let mut random = [0; BOUNDARY];
    getrandom::fill(&mut random).map_err(|error| Error::internal(error.to_string()))?;
    let boundary = hex::lower(&random);
    let mut form = Form {
        parts: Vec::new(),
        text: String::new(),
        boundary: &boundary,
    };
    for (name, values) in fields {
        for value in values {
            form.begin(name, None, None)?;
            form.text.push_str(value);
            form.text.push_str("\r\n");
        }
    }
    let wrong = || Error::invalid("options.files: expected a list of tables");
    let mut input = Input::new(files);
    let Ok(Token::Array(len)) = input.token() else {
        return Err(wrong());
    };
    check_count("options.files", len)?;
    for _ in 0..len {
        let file = input.value().map_err(|_| wrong())?;
        form.add(file, streams)?;
    }
    let _ = write!(form.text, "--{boundary}--\r\n");
    form.flush();
    let content_type = format!("multipart/form-data; boundary={boundary}");
    Ok((
        form.parts,
        value_of("the boundary", content_type.as_bytes())?,
    ))
}

struct Form<'a> {
    parts: Vec<Part>,
    /// The end of the body, which is no part yet.
    text: String,
    boundary: &'a str,
}

impl Form<'_> {
    /// Adds a file.
    fn add(&mut self, file: &[u8], streams: &mut Streams<'_>) -> Result<(), Error> {
        let mut file = Fields::of("options.files", file)?;
        let missing = |key| Error::invalid(format!("options.files: {key} is missing"));
        let name = file.text_or_nil("name")?.ok_or_else(|| missing("name"))?;
        let filename = file.text_or_nil("filename")?.unwrap_or(name);
        let content_type = file.text_or_nil("content_type")?;
        let content = file.bytes_or_nil("content")?;
        let reader = file.integer_or("reader_stream", -1)?;
        file.end()?;
        self.begin(name, Some(filename), content_type)?;
        self.flush();
        self.parts.push(match (content, reader) {
            (Some(content), -1) => Part::Bytes(Bytes::copy_from_slice(content)),
            (None, -1) => return Err(missing("content")),
            (None, number) => Part::Stream(streams(number)?),
            (Some(_), _) => {
                let message = "options.files: content and reader exclude each other";
                return Err(Error::invalid(message));
            }
        });
        self.text.push_str("\r\n");
        Ok(())
    }

    /// Writes the head of a field or a file.
    fn begin(
        &mut self,
        name: &str,
        filename: Option<&str>,
        content_type: Option<&str>,
    ) -> Result<(), Error> {
        let (boundary, name) = (self.boundary, quoted(name));
        let text = &mut self.text;
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\""
        );
        if let Some(filename) = filename {
            let _ = write!(text, "; filename=\"{}\"", quoted(filename));
        }
        text.push_str("\r\n");
        let default = filename.map(|_| "application/octet-stream");
        if let Some(content_type) = content_type.or(default) {
            value_of("options.files: content_type", content_type.as_bytes())?;
            let _ = write!(text, "Content-Type: {content_type}\r\n");
        }
        text.push_str("\r\n");
        Ok(())
    }

    /// Makes a part of the text so far.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.parts.push(Part::Bytes(text.into()));
    }
}

/// Escapes what would end a quoted text, as browsers do.
fn quoted(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use warren_values::Value;

    use super::*;
    use crate::http::payload::Payload;

    fn file(pairs: &[(&str, &str)]) -> Value {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        Value::Map(pairs.collect())
    }

    fn form(fields: &[(&str, &str)], files: Vec<Value>) -> Result<(Vec<Part>, String), Error> {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
            .collect();
        let files = warren_values::to_value(&files).unwrap();
        let (parts, content_type) = read(&fields, files.as_slice(), &mut |_| unreachable!())?;
        Ok((parts, content_type.to_str().unwrap().to_owned()))
    }

    #[tokio::test]
    async fn fields_and_files_are_parts_of_the_body() {
        let text = file(&[("name", "f"), ("filename", "a.txt"), ("content", "hello")]);
        let image = file(&[
            ("name", "i"),
            ("content", "x"),
            ("content_type", "image/png"),
        ]);
        let (parts, content_type) = form(&[("a", "1")], vec![text, image]).unwrap();
        let boundary = content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        let body = Payload::new(parts)
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let expected = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
             --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nhello\r\n\
             --B\r\nContent-Disposition: form-data; name=\"i\"; filename=\"i\"\r\n\
             Content-Type: image/png\r\n\r\nx\r\n--B--\r\n";
        assert_eq!(body.replace(boundary, "B"), expected);
    }

    #[tokio::test]
    async fn names_end_no_field() {
        let evil = file(&[("name", "a\"\r\nX: y"), ("content", "")]);
        let (parts, _) = form(&[("b\"\nc", "1")], vec![evil]).unwrap();
        let body = Payload::new(parts)
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("name=\"b%22%0Ac\""), "{body}");
        assert!(body.contains("name=\"a%22%0D%0AX: y\""), "{body}");
    }

    #[test]
    fn files_are_checked() {
        for (pairs, why) in [
            (&[("content", "x")][..], "name is missing"),
            (&[("name", "x")], "content is missing"),
            (
                &[("name", "x"), ("content", ""), ("content_type", "a\r\nb")],
                "control character",
            ),
            (
                &[("name", "x"), ("content", ""), ("size", "1")],
                "unknown key size",
            ),
        ] {
            let error = form(&[], vec![file(pairs)]).err().unwrap();
            assert!(error.message.contains(why), "{error}");
        }
        let error = form(&[], vec![1.into()]).err().unwrap();
        assert!(error.message.contains("expected a table"), "{error}");
    }
}
