//! The open files of a component.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;

use crate::abi::wasi::errno::Errno;
use crate::disk::{Length, Tracked};
use crate::files::{HostFiles, Ticket};

/// An open file or directory, which counts against the limits.
pub(super) struct Held {
    pub(super) _tickets: Vec<Ticket>,
    pub(super) _open: Arc<()>,
    /// Present for a file.
    pub(super) tracked: Option<Tracked>,
}

impl Held {
    /// Reads once, at most `max` bytes at a position; none at the end.
    pub(super) fn read(&self, max: usize, position: u64) -> io::Result<Bytes> {
        let Some(tracked) = &self.tracked else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        let mut bytes = vec![0; max];
        loop {
            match tracked.file().read_at(&mut bytes, position) {
                Ok(read) => {
                    bytes.truncate(read);
                    return Ok(bytes.into());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes once, at a position or else at the end; returns the number of bytes
    /// written.
    pub(super) fn write(
        &self,
        files: &HostFiles,
        bytes: &[u8],
        position: Option<u64>,
    ) -> Result<usize, Errno> {
        let tracked = self.tracked.as_ref().ok_or(Errno::BADF)?;
        let len = bytes.len() as u64;
        let length = position.map_or(Length::By(len), |at| Length::To(at.saturating_add(len)));
        tracked.lengthening(files.disk(), length, |file| {
            let at = match position {
                Some(position) => position,
                None => file.metadata()?.len(),
            };
            Ok(file.write_at(bytes, at)?)
        })
    }
}
