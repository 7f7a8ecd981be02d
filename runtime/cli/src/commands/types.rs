//! `warren types`: definitions of the Lua API for editors.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use warren::text;

use crate::exit::Exit;
use crate::lua_types;
use crate::report::failure::Failure;

/// The options of `warren types`.
#[derive(Debug, Args)]
#[command(
    after_help = "A language server for Lua takes the files as a library: `.luarc.json` names the \
                  directory in `workspace.library`. `warren new` writes both, with the \
                  directory .warren/types.\n\n\
                  Exit status: 0; 1 if a file cannot be written; 2 for a wrong command line."
)]
pub(crate) struct TypesArgs {
    /// The directory to write into; made if absent
    pub(crate) dir: PathBuf,
}

/// Writes the files, over files of the same names.
pub(crate) fn write(args: &TypesArgs) -> Result<Exit, Box<Failure>> {
    for (file, content) in lua_types::files() {
        let path = args.dir.join(file);
        fs::create_dir_all(&args.dir)
            .and_then(|()| fs::write(&path, content))
            .map_err(|error| refused(&path, &error))?;
    }
    Ok(Exit::Success)
}

fn refused(path: &Path, error: &std::io::Error) -> Box<Failure> {
    Box::new(Failure::new(
        Exit::Failed,
        format!("cannot write {}: {error}", text::path(path)),
    ))
}
