//! WebAssembly files: modules and components, binary or text.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::ops::Deref;
use std::sync::Arc;

use warren_kernel::{Error, text};
use wast::Wat;
use wast::parser::{self, ParseBuffer};

use crate::code::class::Shape;
use crate::code::content::{ContentHash, digest};
use crate::code::definition::Source;
use crate::code::excerpt::{self, excerpt};

/// A WebAssembly file as it was given, which may be text.
#[derive(Debug)]
pub(crate) struct WasmFile {
    pub(crate) name: Arc<str>,
    pub(crate) bytes: Bytes,
    /// SHA-256 of the bytes; for the bundled interpreter the hash that the build made.
    pub(crate) digest: ContentHash,
}

/// The bytes of a file.
pub(crate) enum Bytes {
    /// Bytes of a file of a program.
    Shared(Arc<[u8]>),
    /// Bytes that the runtime itself contains.
    Static(&'static [u8]),
}

impl WasmFile {
    /// Returns a file of a program, whose hash is known.
    pub(crate) fn new(source: Source, digest: ContentHash) -> WasmFile {
        WasmFile {
            name: source.name,
            bytes: Bytes::Shared(source.bytes),
            digest,
        }
    }

    /// Returns a file of a program, and hashes it.
    pub(crate) fn hashed(source: Source) -> WasmFile {
        let digest = digest(&source.bytes);
        WasmFile::new(source, digest)
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Shared(bytes) => bytes,
            Bytes::Static(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// A WebAssembly file in its binary form.
pub(crate) struct Wasm<'a> {
    pub(crate) name: &'a str,
    pub(crate) binary: Cow<'a, [u8]>,
    pub(crate) shape: Shape,
}

impl<'a> Wasm<'a> {
    /// Reads a file; translates text to the binary form.
    ///
    /// # Errors
    ///
    /// `Invalid` if it is not WebAssembly; for text with line and column, and details
    /// `{file, line}`.
    pub(crate) fn parse(name: &'a str, bytes: &'a [u8]) -> Result<Wasm<'a>, Error> {
        let binary = if Wasm::is_text(name, bytes) {
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
            shape,
        })
    }

    /// Returns true if a file is in the text form.
    pub(crate) fn is_text(name: &str, bytes: &[u8]) -> bool {
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
