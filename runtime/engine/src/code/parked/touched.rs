//! The pages of a memory that may differ from its snapshot.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use std::{fs::File, os::unix::fs::FileExt, sync::OnceLock};

/// Returns, for each page, whether the process may have written to it; `None` if the system
/// does not tell. An instance's memory is a private mapping of the snapshot's file: a page
/// that was not written to is absent, or still a page of the file.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(super) fn touched(memory: &[u8]) -> Option<Vec<bool>> {
    use super::PAGE;

    /// Bytes of an entry of the page map.
    const ENTRY: usize = 8;
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_FILE: u64 = 1 << 61;

    static MAP: OnceLock<Option<File>> = OnceLock::new();
    let map = MAP.get_or_init(|| File::open("/proc/self/pagemap").ok());
    let address = memory.as_ptr().addr();
    if !address.is_multiple_of(PAGE) {
        return None;
    }
    let mut entries = vec![0; memory.len() / PAGE * ENTRY];
    let at = (address / PAGE * ENTRY) as u64;
    map.as_ref()?.read_exact_at(&mut entries, at).ok()?;
    let (entries, _) = entries.as_chunks();
    let entries = entries.iter().map(|entry| u64::from_ne_bytes(*entry));
    let is_touched = |entry: u64| entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0;
    Some(entries.map(is_touched).collect())
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub(super) fn touched(_memory: &[u8]) -> Option<Vec<bool>> {
    None
}
