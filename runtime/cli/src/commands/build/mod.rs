//! `warren build`: compiles the sources of wasm guests to `.wasm` files.

mod cargo;
mod make;

use clap::Args;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use warren::text;

use crate::buildable::{self, Kind};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::stderr;

/// The options of `warren build`.
#[derive(Debug, Args)]
#[command(
    after_help = "A Cargo package becomes one .wasm file for each of its binaries, beside its\n\
                  Cargo.toml; a Makefile builds its first goal. Directories below are searched\n\
                  too, down to the first that is a package or has a Makefile.\n\n\
                  WARREN_CARGO names another cargo, CC and WASI_SDK another C compiler.\n\n\
                  Exit status: 0; 1 if a tool is missing, or a build fails; 2 for a wrong command\n\
                  line, or no such directory."
)]
pub(crate) struct BuildArgs {
    /// The directory to build
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The target of Rust guests. On wasm32-wasip1 the standard library prints and has
    /// clocks, files and variables; wasm32-unknown-unknown makes smaller guests
    #[arg(long, default_value = "wasm32-wasip1", value_parser = ["wasm32-wasip1", "wasm32-unknown-unknown"])]
    pub(crate) target: String,
    /// The directory of cargo's build outputs
    #[arg(long, value_name = "DIR")]
    pub(crate) target_dir: Option<PathBuf>,
}

/// Builds everything below the directory; stops at the first failure.
pub(crate) fn build(args: &BuildArgs) -> Result<Exit, Box<Failure>> {
    let sources =
        buildable::find(&args.path).map_err(|error| Box::new(unreadable(&args.path, &error)))?;
    if sources.is_empty() {
        let path = text::path(&args.path);
        stderr::write(&format!(
            "nothing to build in {path}: there is no Cargo.toml and no Makefile\n"
        ));
        for (extension, command) in COMPONENTS {
            if holds(&args.path, extension) {
                stderr::write(&format!("for .{extension} files, run {command}\n"));
            }
        }
    }
    for (directory, kind) in sources {
        match kind {
            Kind::Cargo => cargo::build(&directory, args)?,
            Kind::Make => make::build(&directory)?,
        }
    }
    Ok(Exit::Success)
}

/// Returns the failure of a directory that cannot be searched.
fn unreadable(directory: &Path, error: &io::Error) -> Failure {
    let path = text::path(directory);
    if error.kind() != io::ErrorKind::NotFound {
        return Failure::new(Exit::Usage, format!("{path}: {error}"));
    }
    let help = "give the path of a directory with a Cargo.toml or a Makefile";
    Failure {
        help: Some(help.to_owned()),
        ..Failure::new(Exit::Usage, format!("{path}: no such file or directory"))
    }
}

/// Sources that the tools of their SDK build, and the commands.
const COMPONENTS: [(&str, &str); 2] = [
    (
        "js",
        "`node build.mjs FILE.js` with the SDK's build.mjs, from guest-sdk/js",
    ),
    (
        "py",
        "`python build.py FILE.py` with the SDK's build.py, from guest-sdk/python",
    ),
];

/// Returns whether a file in the directory has this extension.
fn holds(directory: &Path, extension: &str) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.any(|path| path.extension().is_some_and(|found| found == extension))
}

/// Runs a command on this terminal; `missing` is the help if it is not
/// installed.
fn run(mut command: Command, what: &str, missing: &str) -> Result<(), Box<Failure>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| {
        Box::new(Failure {
            help: Some(missing.to_owned()),
            ..Failure::new(Exit::Failed, format!("cannot run {program}: {error}"))
        })
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Box::new(Failure::new(
        Exit::Failed,
        format!("{what}: {program} ended with {status}; the reason is above"),
    )))
}
