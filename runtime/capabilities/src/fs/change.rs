//! `fs.make_directory` and `fs.remove`.

use warren_engine::capability::{Caller, Step};
use warren_kernel::Error;

use super::usage::OBJECT;
use super::{Access, Volumes, done};
use crate::request::Arguments;

/// `fs.make_directory(id, path)`: true.
pub(super) fn make_directory(
    volumes: &Volumes,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let place = volumes.place(caller, &mut arguments, |_| Ok(Access::Write))?;
    volumes.run(caller, 0, move |_| {
        let (dir, usage) = (&place.volume.dir, &place.volume.usage);
        usage.reserve(dir, OBJECT)?;
        dir.create_dir(place.path.below()).map_err(|error| {
            usage.give_back(OBJECT);
            place.failed(&error)
        })?;
        done()
    })
}

/// `fs.remove(id, path)`: true. Removes a file, a link, or a directory that is empty.
pub(super) fn remove(
    volumes: &Volumes,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let place = volumes.place(caller, &mut arguments, |_| Ok(Access::Write))?;
    if place.path.is_root() {
        return Err(Error::invalid("/ is the volume itself"));
    }
    volumes.run(caller, 0, move |_| {
        let (dir, usage, path) = (&place.volume.dir, &place.volume.usage, place.path.below());
        let failed = |error| place.failed(&error);
        if dir.symlink_metadata(path).map_err(failed)?.is_dir() {
            dir.remove_dir(path).map_err(failed)?;
            usage.give_back(OBJECT);
        } else {
            usage.remove_file(dir, path).map_err(failed)?;
        }
        done()
    })
}
