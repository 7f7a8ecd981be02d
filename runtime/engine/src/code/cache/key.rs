//! The keys of the files: what their names are made of.

use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

use crate::code::bounds::CompileLimits;

/// End of the names of complete files.
pub(super) const EXTENSION: &str = ".cwasm";

/// Layout of the files. It is a part of every key, so that a file with an older
/// layout is not taken for a forged one.
const FORMAT: &str = "code, keyed BLAKE3";

/// The hash of everything that one compiled file depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(super) [u8; 32]);

impl Key {
    /// Returns the key of code made by this engine and this version of warren, in this
    /// `way` (plain, or as a snapshot), within these limits, from the file with this
    /// hash.
    pub(crate) fn new(
        engine: &Engine,
        way: &str,
        limits: &CompileLimits,
        source: &[u8; 32],
    ) -> Key {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        way.hash(&mut hasher);
        FORMAT.hash(&mut hasher);
        limits.hash(&mut hasher);
        hasher.0.update(source);
        Key(hasher.0.finalize().into())
    }

    /// The name of the file of this key.
    pub(super) fn file_name(self) -> String {
        self.hex() + EXTENSION
    }

    /// The name of the file without its end.
    pub(super) fn hex(self) -> String {
        let mut name = String::with_capacity(72);
        for byte in self.0 {
            name.push_str(&format!("{byte:02x}"));
        }
        name
    }
}

struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Unused: the digest is taken from the inner hasher.
    fn finish(&self) -> u64 {
        0
    }
}
