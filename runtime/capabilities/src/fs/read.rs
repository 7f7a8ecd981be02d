//! `fs.read_file`: a whole file.

use std::io::Read as _;

use cap_fs_ext::OpenOptionsSyncExt as _;
use cap_std::fs::OpenOptions;
use warren_engine::capability::{Caller, Step};
use warren_kernel::Error;

use super::opened::Open;
use super::{Access, MAX_WHOLE_FILE, Place, Volumes};
use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

/// `fs.read_file(id, path)`: the bytes of a file.
pub(super) fn read_file(
    volumes: &Volumes,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let place = volumes.place(caller, &mut arguments, |_| Ok(Access::Read))?;
    volumes.run(caller, 0, move |charge| {
        let open = place.open_file(OpenOptions::new().read(true))?;
        let failed = |error| place.failed(&error);
        let length = open.file.metadata().map_err(failed)?.len();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        check_whole("the file", length)?;
        // For the bytes, and for the answer.
        charge.grow(2 * length)?;
        let mut bytes = Vec::with_capacity(length);
        let mut reading = (&open.file).take(length as u64);
        reading.read_to_end(&mut bytes).map_err(failed)?;
        answer::write(|out| out.string(&bytes))
    })
}

/// Refuses more bytes than a file has that is read or written whole.
pub(super) fn check_whole(what: &str, bytes: usize) -> Result<(), Error> {
    if bytes <= MAX_WHOLE_FILE {
        return Ok(());
    }
    let message = format!("{what} is {bytes} bytes, more than max_whole_file = {MAX_WHOLE_FILE}");
    Err(beyond("max_whole_file", MAX_WHOLE_FILE, message))
}

impl Place {
    /// Opens what is there, if it is a file.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Invalid` for a directory, a device, or a link that leads out; those of the
    /// system.
    pub(super) fn open_file(&self, options: &mut OpenOptions) -> Result<Open, Error> {
        let failed = |error| self.failed(&error);
        let (dir, path) = (&self.volume.dir, self.path.below());
        // Looked at before, since opening a device can have an effect.
        let metadata = dir.metadata(path).map_err(failed)?;
        check_file(metadata.is_file(), metadata.is_dir()).map_err(failed)?;
        // It may have become a FIFO meanwhile, which must not block.
        let file = dir.open_with(path, options.nonblock(true));
        let file = file.map_err(failed)?.into_std();
        let metadata = file.metadata().map_err(failed)?;
        check_file(metadata.is_file(), metadata.is_dir()).map_err(failed)?;
        Open::new(self, file)
    }
}

fn check_file(is_file: bool, is_directory: bool) -> std::io::Result<()> {
    match (is_file, is_directory) {
        (true, _) => Ok(()),
        (false, true) => Err(std::io::ErrorKind::IsADirectory.into()),
        (false, false) => Err(std::io::ErrorKind::Unsupported.into()),
    }
}
