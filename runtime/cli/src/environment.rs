//! The environment of the command: room for open files, the interpreter and the
//! code cache.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use warren::text;

use crate::exit::Exit;
use crate::plain_file;
use crate::report::failure::Failure;
use crate::report::refused::refused;

/// Pairs of files: those of the async runtime and signals, and some more.
#[cfg(unix)]
const PAIRS: usize = 5;

/// Checks that the async runtime and signals can open their files: their libraries
/// panic if the system refuses.
pub(crate) fn check_room() -> Result<(), Box<Failure>> {
    #[cfg(unix)]
    {
        let pairs = (0..PAIRS).map(|_| std::os::unix::net::UnixStream::pair());
        let pairs: io::Result<Vec<_>> = pairs.collect();
        pairs.map_err(|error| Box::new(refused("the async runtime", &error)))?;
    }
    Ok(())
}

/// The environment variable of a Lua interpreter guest that replaces the
/// bundled one, for its developers.
const INTERPRETER: &str = "WARREN_LUA_GUEST";

pub(crate) fn interpreter() -> Result<Option<Vec<u8>>, Box<Failure>> {
    let Some(path) = std::env::var_os(INTERPRETER) else {
        return Ok(None);
    };
    let path = Path::new(&path);
    let refused = |reason: String| {
        let message = format!("{INTERPRETER}: {}: {reason}", text::path(path));
        Box::new(Failure::new(Exit::Usage, message))
    };
    match plain_file::read(path) {
        Ok(wasm) if wasm.starts_with(b"\0asm") => Ok(Some(wasm)),
        Ok(_) => Err(refused("not a WebAssembly file".to_owned())),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// Returns the directory for compiled code, by the conventions of the system.
/// `None` if the environment names no absolute path: a cache in the current
/// directory would belong to nobody.
pub(crate) fn cache_directory() -> Option<PathBuf> {
    let user = etcetera::base_strategy::choose_native_strategy().ok();
    let directory = user.map(|user| user.cache_dir().join("warren"));
    directory.filter(|directory| directory.is_absolute())
}

/// Returns the directory for the tools that `warren build` installs, below that for
/// compiled code.
pub(crate) fn tools_directory() -> Option<PathBuf> {
    cache_directory().map(|directory| directory.join("tools"))
}

/// Returns the directory for compiled code; logs a warning if there is none.
pub(crate) fn cache_for_code() -> Option<PathBuf> {
    let directory = cache_directory();
    if directory.is_none() {
        tracing::warn!(help = NO_CACHE_HELP, "no code cache, every start compiles");
    }
    directory
}

/// The remedy for a missing cache directory.
pub(crate) const NO_CACHE_HELP: &str =
    "set HOME or XDG_CACHE_HOME to the absolute path of a directory of your own";
