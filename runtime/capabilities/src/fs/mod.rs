//! The capability `fs`: files of volumes.
//!
//! A volume is a directory of the machine that the manifest or the start of the program names,
//! and open to the definitions that are granted it. A volume that is not granted is not found,
//! like one that does not exist.
//!
//! ```text
//!  operation ──> grant, permission ──> a thread that may wait for a disk ──> Dir: below the
//!                                                                   │        volume alone
//!                                                                   └──> Usage: max_bytes
//! ```
//!
//! An open file is a stream of its process.

mod change;
mod failure;
mod list;
mod mode;
mod open;
mod opened;
mod path;
mod read;
mod stat;
mod stream;
mod threads;
mod usage;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use cap_std::fs::Dir;
use warren_engine::capability::{Answer, Caller, Capability, Charge, Step, VolumeSettings};
use warren_kernel::Error;

use crate::answer;
use crate::entries::{self, Entries};
use crate::quota::Quota;
use crate::request::Arguments;
use path::VolumePath;
use threads::{OfHost, Threads};
use usage::Usage;

/// The volumes of a program, by id.
#[derive(Clone)]
pub struct Volumes(Arc<All>);

struct All {
    volumes: HashMap<Arc<str>, Arc<Volume>>,
    files: Arc<Quota>,
    threads: Threads,
}

/// A directory, and what may be done in it.
struct Volume {
    id: Arc<str>,
    dir: Arc<Dir>,
    is_read_only: bool,
    usage: Usage,
}

/// A volume cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the volume {id}: {error}")]
pub struct VolumeError {
    /// The id of the volume.
    pub id: Arc<str>,
    /// The system's error.
    #[source]
    pub error: io::Error,
}

/// The most files that a process has open in volumes.
const MAX_FILES: usize = 64;

/// The most files that the processes of a host have open in volumes.
const MAX_FILES_OF_HOST: usize = 1_024;

/// The most bytes of a file that is read or written whole.
pub(crate) const MAX_WHOLE_FILE: usize = 16 << 20;

impl Volumes {
    /// Takes volumes. Of two with one id the later counts.
    ///
    /// # Errors
    ///
    /// [`VolumeError`] if the system has no handle for a directory.
    pub fn open(settings: Vec<VolumeSettings>) -> Result<Volumes, VolumeError> {
        let mut volumes = HashMap::new();
        for volume in settings {
            let id = Arc::clone(&volume.id);
            let failed = |error| VolumeError {
                id: Arc::clone(&id),
                error,
            };
            let directory: Option<File> = volume.directory.directory().map_err(failed)?;
            let directory = directory.ok_or_else(|| failed(io::ErrorKind::NotADirectory.into()))?;
            let volume = Volume {
                id: volume.id,
                dir: Arc::new(Dir::from_std_file(directory)),
                is_read_only: !volume.directory.write,
                usage: Usage::new(volume.max_bytes),
            };
            volumes.insert(id, Arc::new(volume));
        }
        Ok(Volumes::of(volumes))
    }

    /// Returns the directory of a volume.
    pub(crate) fn directory(&self, id: &str) -> Option<Arc<Dir>> {
        let volume = self.0.volumes.get(id)?;
        Some(Arc::clone(&volume.dir))
    }

    fn of(volumes: HashMap<Arc<str>, Arc<Volume>>) -> Volumes {
        Volumes(Arc::new(All {
            volumes,
            files: Quota::new("max_volume_files", MAX_FILES, MAX_FILES_OF_HOST),
            threads: Threads::default(),
        }))
    }
}

impl Default for Volumes {
    fn default() -> Volumes {
        Volumes::of(HashMap::new())
    }
}

impl fmt::Debug for Volumes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.volumes.keys()).finish()
    }
}

impl Capability for Volumes {
    fn name(&self) -> &'static str {
        "fs"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "get" => self.get(caller, request).map(|id| Step::Done(Ok(id))),
            "read_file" => read::read_file(self, caller, request),
            "write_file" => write::write_file(self, caller, request),
            "stat" => stat::stat(self, caller, request),
            "list" => list::list(self, caller, request),
            "make_directory" => change::make_directory(self, caller, request),
            "remove" => change::remove(self, caller, request),
            "open" => open::open(self, caller, request),
            "sync" => open::sync(caller, request),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

/// The key of grants.
const GRANT: &str = "volumes";

const VOLUMES: Entries = Entries {
    what: "volume",
    table: "volumes",
    key: GRANT,
    option: "--volume",
    behind: "=PATH",
};

/// The right of a grant to read alone.
const READ: &str = "read";

/// The access that an operation needs to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    Both,
}

/// A path of a volume, for an operation that is permitted.
struct Place {
    volume: Arc<Volume>,
    path: VolumePath,
}

impl Volumes {
    /// `fs.get(id)`: the full id of a volume that is granted.
    fn get(&self, caller: &mut dyn Caller, request: &[u8]) -> Answer {
        let (volume, _) = self.granted(caller, &mut Arguments::new(request)?)?;
        answer::write(|out| out.string(volume.id.as_bytes()))
    }

    /// Reads the id of a volume, and returns the volume if it is granted to the caller, and
    /// whether the grant is for reading alone.
    fn granted(
        &self,
        caller: &mut dyn Caller,
        arguments: &mut Arguments<'_>,
    ) -> Result<(&Arc<Volume>, bool), Error> {
        let full = entries::id(arguments)?;
        let right = caller.grants().uses.right(GRANT, &full);
        let volume = self.0.volumes.get(full.as_str());
        match (volume, right) {
            (Some(volume), Some(right)) => Ok((volume, right == READ)),
            _ => Err(VOLUMES.not_found(&full, caller)),
        }
    }

    /// Reads the id of a volume and a path, for an operation that needs this access.
    fn place<'a>(
        &self,
        caller: &mut dyn Caller,
        arguments: &mut Arguments<'a>,
        access: impl FnOnce(&mut Arguments<'a>) -> Result<Access, Error>,
    ) -> Result<Place, Error> {
        let (volume, only_read) = self.granted(caller, arguments)?;
        let path = VolumePath::parse(arguments.text("path")?)?;
        let access = access(arguments)?;
        if access != Access::Read {
            volume.check_change(only_read, caller)?;
        }
        let shown = path.to_string();
        let actions: &[&str] = match access {
            Access::Read => &["fs.read"],
            Access::Write => &["fs.write"],
            Access::Both => &["fs.read", "fs.write"],
        };
        for action in actions {
            caller.permit(action, &volume.id, &[("path", shown.as_str())])?;
        }
        let volume = Arc::clone(volume);
        Ok(Place { volume, path })
    }

    /// Runs work that may wait for a disk. `memory` is charged beside the request.
    fn run(
        &self,
        caller: &dyn Caller,
        memory: usize,
        work: impl FnOnce(Charge) -> Answer + Send + 'static,
    ) -> Result<Step, Error> {
        let file = caller.open_file()?;
        let threads = self.threads(caller);
        Ok(Step::wait(memory, move |charge| async move {
            let work = move || {
                let _file = file;
                work(charge)
            };
            threads.run(work).await
        }))
    }

    fn threads(&self, caller: &dyn Caller) -> OfHost {
        self.0.threads.of(caller.process().host().number())
    }
}

impl Volume {
    /// Refuses a change that the volume or the grant does not allow.
    fn check_change(&self, only_read: bool, caller: &dyn Caller) -> Result<(), Error> {
        let (action, id) = ("fs.write", &self.id);
        if self.is_read_only {
            let message = format!(
                "not allowed: {action} on {id}, a volume that can only be read; declare it \
                 without `read_only` in [volumes.\"{id}\"], or by --volume {id}=PATH without `:ro`"
            );
            return Err(entries::denied(action, id, message));
        }
        match only_read {
            true => Err(VOLUMES.only_read(action, id, caller)),
            false => Ok(()),
        }
    }
}

impl Place {
    /// Returns the error of the system for the path.
    fn failed(&self, error: &io::Error) -> Error {
        failure::of(error, &self.path)
    }
}

/// Returns the answer of an operation that has nothing to tell.
fn done() -> Answer {
    answer::write(|out| out.boolean(true))
}

#[cfg(test)]
mod tests;
