//! WebAssembly files: modules and components, binary or text.

use std::borrow::Cow;
use std::fmt::Display;

use sha2::{Digest, Sha256};
use warren_kernel::{Error, text};
use wast::Wat;
use wast::parser::{self, ParseBuffer};

use crate::code::class::Shape;
use crate::code::definition::Source;
use crate::code::excerpt::{self, excerpt};

/// A WebAssembly file in its binary form.
pub(crate) struct Wasm<'a> {
    pub(crate) name: &'a str,
    pub(crate) binary: Cow<'a, [u8]>,
    /// SHA-256 of the file as it was given, which may be text.
    pub(crate) digest: [u8; 32],
    pub(crate) shape: Shape,
}

impl<'a> Wasm<'a> {
    /// Reads a file; translates text to the binary form.
    ///
    /// # Errors
    ///
    /// `Invalid` if it is not WebAssembly; for text with line and column, and details
    /// `{file, line}`.
    pub(crate) fn parse(source: &'a Source) -> Result<Wasm<'a>, Error> {
        let (name, bytes) = (&*source.name, &*source.bytes);
        let binary = if Wasm::is_text(source) {
            Cow::Owned(binary_of(name, bytes)?)
        } else {
            bytes.into()
        };
        let shape = match binary.get(..8) {
            Some(b"\0asm\x01\0\0\0") => Shape::Core,
            Some(b"\0asm\x0d\0\x01\0") => Shape::Component,
            _ => {
                return Err(Error::invalid(format!(
                    "{}: not WebAssembly: the file must begin with the bytes 00 61 73 6d and \
                     a version",
                    text::line(name)
                )));
            }
        };
        Ok(Wasm {
            name,
            binary,
            digest: Sha256::digest(bytes).into(),
            shape,
        })
    }

    /// Returns true if a file is in the text form.
    pub(crate) fn is_text(source: &Source) -> bool {
        let (name, bytes) = (&*source.name, &*source.bytes);
        !bytes.starts_with(b"\0asm")
            && (name.ends_with(".wat") || bytes.trim_ascii_start().starts_with(b"("))
    }
}

/// Translates the text form to the binary form.
fn binary_of(name: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    const WHAT: &str = "not WebAssembly text";
    let Ok(source) = std::str::from_utf8(bytes) else {
        return Err(refusal(name, WHAT, "the file is not UTF-8"));
    };
    let refused = |mut error: wast::Error| {
        let (line, _) = error.span().linecol_in(source);
        error.set_text(source);
        error.set_path(text::line(name).to_string().as_ref());
        refusal(name, WHAT, error)
            .with("file", name)
            .with("line", line as u64 + 1)
    };
    let tokens = ParseBuffer::new(source).map_err(refused)?;
    let mut module = parser::parse::<Wat<'_>>(&tokens).map_err(refused)?;
    module.encode().map_err(refused)
}

/// Returns the error for code that cannot be used: `what` is wrong with it, `why` is
/// the explanation of the parser or the compiler.
pub(crate) fn refusal(name: &str, what: &str, why: impl Display) -> Error {
    let why = excerpt(why, excerpt::MESSAGE);
    Error::invalid(format!("{}: {what}: {why}", text::line(name)))
}
