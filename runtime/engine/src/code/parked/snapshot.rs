//! The memory that an instance begins with.

use sha2::{Digest, Sha256};

use super::PAGE;

/// The memory of an instance right after its instantiation. Bytes beyond the end are 0.
pub(crate) struct Snapshot {
    bytes: Box<[u8]>,
    hash: [u8; 32],
}

impl Snapshot {
    /// Copies the memory of a new instance.
    pub(crate) fn of(memory: &[u8]) -> Snapshot {
        let last = memory.iter().rposition(|byte| *byte != 0);
        let end = last.map_or(0, |last| (last + 1).next_multiple_of(PAGE));
        let bytes: Box<[u8]> = memory[..end.min(memory.len())].into();
        let hash = Sha256::digest(&bytes).into();
        Snapshot { bytes, hash }
    }

    /// Returns the SHA-256 of the bytes.
    pub(crate) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Returns the bytes of a page; a page beyond the end is zeros.
    pub(super) fn page(&self, number: usize) -> &[u8; PAGE] {
        const ZEROS: &[u8; PAGE] = &[0; PAGE];
        let start = number.saturating_mul(PAGE);
        let page = self.bytes.get(start..).and_then(<[u8]>::first_chunk);
        page.unwrap_or(ZEROS)
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_are_not_kept() {
        let mut memory = vec![0; 16 * PAGE];
        memory[PAGE + 7] = 1;
        let snapshot = Snapshot::of(&memory);
        assert_eq!(snapshot.bytes.len(), 2 * PAGE);
        assert_eq!(snapshot.page(1)[7], 1);
        assert_eq!(snapshot.page(2), &[0; PAGE]);
        assert_eq!(snapshot.page(usize::MAX), &[0; PAGE]);
        assert_ne!(snapshot.hash(), Snapshot::of(&[]).hash());
    }
}
