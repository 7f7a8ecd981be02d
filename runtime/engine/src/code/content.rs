//! Hashes of files, by which the code of equal files is kept once.

use sha2::{Digest, Sha256};

use crate::code::definition::Source;

/// SHA-256 of a file's content, or of its name and content.
pub(crate) type ContentHash = [u8; 32];

/// Hashes the content of a file.
pub(crate) fn digest(bytes: &[u8]) -> ContentHash {
    Sha256::digest(bytes).into()
}

/// Hashes name and content: error messages of the compiled code contain the name.
pub(crate) fn content_hash(source: &Source) -> ContentHash {
    named_hash(&source.name, &digest(&source.bytes))
}

/// Hashes a name and the hash of a content. A content is read once, however many hashes of it
/// are needed.
pub(crate) fn named_hash(name: &str, digest: &ContentHash) -> ContentHash {
    let mut hasher = Sha256::new();
    hasher.update(digest);
    hasher.update(name.as_bytes());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, bytes: &[u8]) -> Source {
        Source {
            name: name.into(),
            bytes: bytes.into(),
        }
    }

    #[test]
    fn name_and_content_decide() {
        let hash = content_hash(&source("a.lua", b"return 1"));
        assert_eq!(hash, content_hash(&source("a.lua", b"return 1")));
        assert_eq!(hash, named_hash("a.lua", &digest(b"return 1")));
        for other in [source("b.lua", b"return 1"), source("a.lua", b"return 2")] {
            assert_ne!(hash, content_hash(&other));
        }
    }
}
