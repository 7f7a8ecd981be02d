//! `warren build`: compiles the sources of wasm guests to `.wasm` files, and those to
//! machine code.

mod ahead;
mod cargo;
mod make;
mod npm;
mod packages;
mod run;
mod script;
mod tools;
mod unsupported;

use clap::Args;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use warren::text;

use self::script::Scripts;
use crate::buildable::{self, Buildable};
use crate::exit::Exit;
use crate::report::failure::{Failure, Failures};
use crate::report::stderr;
use crate::report::stdout;
use crate::report::warning::Warnings;

/// The options of `warren build`.
#[derive(Debug, Args)]
#[command(
    after_help = "A Cargo package becomes one .wasm file for each of its binaries, beside its \
                  Cargo.toml; a Makefile builds its first goal. A .js or .ts file that exports \
                  `start`, and a .py file with a function marked @warren.main, becomes a \
                  component beside it, with the packages of package-lock.json or \
                  requirements.txt. Types of TypeScript are removed, not checked. Directories \
                  below are searched too, down to the first that is a package or has a Makefile.\n\n\
                  The guests are then compiled into the code cache, so that their first run is \
                  quick.\n\n\
                  The tools for JavaScript and Python come from the registries that npm and pip \
                  are configured for, once, by a lock file with hashes. WARREN_PYTHON names \
                  another python3, WARREN_CARGO another cargo, CC and WASI_SDK another C \
                  compiler, ZIG another Zig. Without them, C and C++ are built by a wasi-sdk \
                  below /opt, /usr/local or the home directory, by clang, or by Zig (`zig`, or \
                  the package `ziglang` of Python).\n\n\
                  Exit status: 0; 1 if a tool is missing, or a build fails; 2 for a wrong command \
                  line, no such directory, or a file that is no source."
)]
pub(crate) struct BuildArgs {
    /// The directory to build, or a Cargo.toml, a Makefile, or a .js, .ts or .py file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The directory of the .wasm files, except for those of Makefiles
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Leave compiling to machine code to the first run
    #[arg(long)]
    pub(crate) no_compile: bool,
    /// The target of Rust guests. On wasm32-wasip1 the standard library prints and has
    /// clocks, files and variables; wasm32-unknown-unknown makes smaller guests
    #[arg(long, default_value = "wasm32-wasip1", value_parser = ["wasm32-wasip1", "wasm32-unknown-unknown"])]
    pub(crate) target: String,
    /// The directory of cargo's build outputs
    #[arg(long, value_name = "DIR")]
    pub(crate) target_dir: Option<PathBuf>,
}

/// Builds everything below the directory, or the file; stops at the first failure.
pub(crate) fn build(args: &BuildArgs, warnings: Warnings) -> Result<Exit, Failures> {
    let sources =
        buildable::find(&args.path).map_err(|error| Box::new(unreadable(&args.path, &error)))?;
    if sources.is_empty() && args.path.is_file() {
        return Err(no_source(&args.path).into());
    }
    if sources.is_empty() {
        stderr::write(&nothing_to_build(&args.path));
    }
    let mut scripts = Scripts::new(&args.path, args.out.as_deref());
    let mut made = Vec::new();
    for source in sources {
        match source {
            Buildable::Cargo(directory) => {
                let guests = told(cargo::build(&directory, args)?)?;
                if args.target == unsupported::TARGET {
                    unsupported::warn(&guests, warnings);
                }
                made.extend(guests);
            }
            // The Makefile tells what it makes.
            Buildable::Make(directory) => made.extend(make::build(&directory)?),
            Buildable::Script(language, source) => {
                made.extend(told(vec![scripts.build(language, &source)?])?);
            }
        }
    }
    if !args.no_compile {
        ahead::compile(&made, &args.path)?;
    }
    Ok(Exit::Success)
}

/// Prints the paths of files that were made.
fn told(made: Vec<PathBuf>) -> Result<Vec<PathBuf>, Box<Failure>> {
    let mut lines = String::new();
    for path in &made {
        let _ = writeln!(lines, "{}", text::path(path));
    }
    // Messages come before the paths, also where both go to one file.
    stderr::finish(None);
    // The files exist even if nobody reads the output.
    stdout::print(&lines, Exit::Success)?;
    Ok(made)
}

/// Returns the failure of a directory that cannot be searched.
fn unreadable(directory: &Path, error: &io::Error) -> Failure {
    let path = text::path(directory);
    if error.kind() != io::ErrorKind::NotFound {
        return Failure::new(Exit::Usage, format!("{path}: {error}"));
    }
    let help = "give the path of a directory with sources, or of a .js, .ts or .py file";
    Failure {
        help: Some(help.to_owned()),
        ..Failure::new(Exit::Usage, format!("{path}: no such file or directory"))
    }
}

/// Returns the failure of a file that no tool builds.
fn no_source(path: &Path) -> Failure {
    let shown = text::path(path);
    let kind = path.extension().unwrap_or_default().to_string_lossy();
    let help = match &*kind {
        "lua" | "wasm" | "wat" => format!("it needs no build: `warren run {shown}`"),
        "rs" => "give the directory of its package, or the package's Cargo.toml".to_owned(),
        "c" | "cc" | "cpp" | "h" | "zig" => {
            let lang = match &*kind {
                "cc" | "cpp" => "cpp",
                "zig" => "zig",
                _ => "c",
            };
            format!("give a directory with a Makefile; `warren new --lang {lang} NAME` writes one")
        }
        _ if buildable::declares_types(path) => {
            "it has types alone: give the file that exports `start`".to_owned()
        }
        _ => "give a directory, a Cargo.toml, a Makefile, or a file in JavaScript (.js, .mjs), \
              TypeScript (.ts, .mts) or Python (.py)"
            .to_owned(),
    };
    Failure {
        help: Some(help),
        ..Failure::new(
            Exit::Usage,
            format!("{shown}: no source that `warren build` knows"),
        )
    }
}

fn nothing_to_build(path: &Path) -> String {
    format!(
        "nothing to build in {}: there is no Cargo.toml, no Makefile, no .js file that exports \
         `start`, no .ts file that also imports warren.js, and no .py file with a function \
         marked @warren.main\n",
        text::path(path)
    )
}
