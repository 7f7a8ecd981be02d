//! Guests in C, C++ and Zig, built by a Makefile.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use warren::text;

use super::run;
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::toolchain::{Compiler, Zig};

/// Runs make and returns the guests beside the Makefile. If a compiler for WebAssembly is
/// missing, the failure says how to get one.
pub(super) fn build(directory: &Path) -> Result<Vec<PathBuf>, Box<Failure>> {
    let mut make = Command::new("make");
    make.current_dir(directory).stdin(Stdio::null());
    // The compiler of Zig needs the directory until make has ended.
    let _kept = match has_zig(directory) {
        true => {
            make.env("ZIG", Zig::find()?.command());
            None
        }
        false => {
            let compiler = Compiler::find()?;
            let (command, kept) = command_of(&compiler)?;
            // The user's own compiler goes before that of a Makefile; one that was found does not.
            if env::var_os("CC").is_some() {
                make.arg("--environment-overrides");
            } else {
                make.env("CC", command);
            }
            kept
        }
    };
    let what = text::path(directory).to_string();
    run::shown(make, &what, "install make")?;
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut guests: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "wasm"))
        .collect();
    guests.sort();
    Ok(guests)
}

fn command_of(compiler: &Compiler) -> Result<(OsString, Option<TempDir>), Box<Failure>> {
    compiler.command().map_err(|error| {
        Box::new(Failure::new(
            Exit::Failed,
            format!("the compiler of Zig cannot be called: {error}"),
        ))
    })
}

/// Tells whether a directory has sources in Zig, which compiles the C beside them as well.
fn has_zig(directory: &Path) -> bool {
    let mut entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.any(|entry| Path::new(&entry.file_name()).extension() == Some("zig".as_ref()))
}
