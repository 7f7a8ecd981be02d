//! `fs.stat`: what is known of a file or directory.

use cap_std::fs::{Metadata, PermissionsExt as _};
use std::time::UNIX_EPOCH;
use warren_engine::capability::{Answer, Caller, Step};
use warren_kernel::Error;

use super::path::VolumePath;
use super::{Access, Volumes};
use crate::answer;
use crate::request::Arguments;

/// `fs.stat(id, path)`: a map of `name`, `size`, `mode`, `modified` (seconds since 1970),
/// `is_dir` and `type`.
pub(super) fn stat(
    volumes: &Volumes,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let place = volumes.place(caller, &mut arguments, |_| Ok(Access::Read))?;
    volumes.run(caller, 0, move |_| {
        let metadata = place.volume.dir.metadata(place.path.below());
        let metadata = metadata.map_err(|error| place.failed(&error))?;
        write(&place.path, &metadata)
    })
}

fn write(path: &VolumePath, metadata: &Metadata) -> Answer {
    let modified = metadata.modified().ok();
    let modified = modified.and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
    let seconds = modified.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    });
    answer::write(|out| {
        out.map(6)?;
        out.string(b"name")?;
        out.string(path.name().as_bytes())?;
        out.string(b"size")?;
        out.integer(i64::try_from(metadata.len()).unwrap_or(i64::MAX))?;
        out.string(b"mode")?;
        out.integer(i64::from(metadata.permissions().mode() & 0o7777))?;
        out.string(b"modified")?;
        out.integer(seconds)?;
        out.string(b"is_dir")?;
        out.boolean(metadata.is_dir())?;
        out.string(b"type")?;
        out.string(kind(metadata).as_bytes())
    })
}

/// Returns the word for the type of a file.
pub(super) fn kind(metadata: &Metadata) -> &'static str {
    match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => "file",
        (_, true) => "directory",
        _ => "other",
    }
}
