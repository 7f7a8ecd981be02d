//! Reading what the system has in memory, which takes no thread that may block.

use std::fs::File;

/// Most bytes of a read on a worker: copying them takes it some 10 us.
#[cfg(target_os = "linux")]
const MAX_BYTES: usize = 64 * 1024;

/// Fills `bytes` from a position of a file if the system has all of them in its page
/// cache, and returns whether it had. Never waits for a device.
#[cfg(target_os = "linux")]
pub(crate) fn read(file: &File, bytes: &mut [u8], position: u64) -> bool {
    use rustix::io::{IoSliceMut, ReadWriteFlags, preadv2};

    let wanted = bytes.len();
    // Any error, also that of a file system that cannot tell, leaves the read to a
    // thread that may block.
    let read = |bytes| {
        let mut parts = [IoSliceMut::new(bytes)];
        preadv2(file, &mut parts, position, ReadWriteFlags::NOWAIT)
    };
    wanted <= MAX_BYTES && read(bytes) == Ok(wanted)
}

/// Other systems cannot tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn read(_file: &File, _bytes: &mut [u8], _position: u64) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_beyond_the_end_or_over_the_bound_is_left_to_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        std::fs::write(&path, vec![7; 2 * 64 * 1024]).unwrap();
        let file = File::open(&path).unwrap();

        assert!(!read(&file, &mut [0; 2], 2 * 64 * 1024 - 1));
        assert!(!read(&file, &mut vec![0; 64 * 1024 + 1], 0));
        // The system decides which pages it keeps.
        let mut bytes = vec![0; 64 * 1024];
        if read(&file, &mut bytes, 1) {
            assert!(bytes.iter().all(|byte| *byte == 7));
        }
    }
}
