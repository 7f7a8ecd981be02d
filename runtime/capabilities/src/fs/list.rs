//! `fs.list`: the entries of a directory.

use std::sync::Arc;

use warren_engine::capability::{Caller, Charge, Step};
use warren_kernel::Error;

use super::stat::kind;
use super::{Access, Place, Volumes};
use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

/// The most entries of a directory that is listed.
pub(crate) const MAX_LISTED: usize = 100_000;

/// Bytes that an entry takes beside its name, in the list and in the answer.
const OF_ENTRY: usize = 64;

/// `fs.list(id, path)`: an array of names, each followed by its type, in the order of the bytes
/// of the names. Names that are not UTF-8 are left out.
pub(super) fn list(
    volumes: &Volumes,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let place = volumes.place(caller, &mut arguments, |_| Ok(Access::Read))?;
    volumes.run(caller, 0, move |charge| {
        let mut entries = place.entries(&charge)?;
        entries.sort_unstable();
        answer::write(|out| {
            // Twice `MAX_LISTED` at most.
            out.array(2 * entries.len() as u32)?;
            for (name, kind) in &entries {
                out.string(name.as_bytes())?;
                out.string(kind.as_bytes())?;
            }
            Ok(())
        })
    })
}

impl Place {
    /// Returns names and types.
    fn entries(&self, charge: &Charge) -> Result<Vec<(Arc<str>, &'static str)>, Error> {
        let dir = &self.volume.dir;
        let failed = |error| self.failed(&error);
        let read = dir.read_dir(self.path.below()).map_err(failed)?;
        let mut entries = Vec::new();
        for entry in read {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if entries.len() == MAX_LISTED {
                let message = format!(
                    "{} has more entries than max_listed = {MAX_LISTED}",
                    self.path
                );
                return Err(beyond("max_listed", MAX_LISTED, message));
            }
            charge.grow(2 * name.len() + OF_ENTRY)?;
            let metadata = match entry.metadata() {
                // The target of a link, if it is in the volume.
                Ok(link) if link.is_symlink() => dir.metadata(self.path.below().join(&name)),
                other => other,
            };
            entries.push((name.into(), metadata.as_ref().map_or("other", kind)));
        }
        Ok(entries)
    }
}
