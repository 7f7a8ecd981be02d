//! The compiler of C and C++: what the user set, a wasi-sdk, the system's clang, or Zig.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::Missing;
use super::machine;
use super::zig::{self, Zig};

const CC: &str = "CC";
const WASI_SDK: &str = "WASI_SDK";

/// Directories in which a wasi-sdk is looked for, below which its version may be.
const PLACES: [&str; 2] = ["/opt", "/usr/local"];

/// The beginning of the name of a wasi-sdk's directory.
const NAME: &str = "wasi-sdk";

/// A compiler for `wasm32-wasip1` that has its C library.
#[derive(Debug)]
pub(crate) enum Compiler {
    /// A clang, with the place that names it.
    Clang(OsString, String),
    Zig(Zig),
}

impl Compiler {
    /// Finds a compiler.
    pub(crate) fn find() -> Result<Compiler, Missing> {
        if let Some(own) = set(CC) {
            return tried(own, CC);
        }
        if let Some(sdk) = set(WASI_SDK) {
            return tried(Path::new(&sdk).join("bin/clang").into(), WASI_SDK);
        }
        if set(zig::ZIG).is_some() {
            return Zig::find().map(Compiler::Zig);
        }
        for clang in installed() {
            if check(clang.as_os_str()).is_ok() {
                let shown = clang.display().to_string();
                return Ok(Compiler::Clang(clang.into(), shown));
            }
        }
        let clang = OsString::from("clang");
        let why = match check(&clang) {
            Ok(()) => return Ok(Compiler::Clang(clang, "clang".to_owned())),
            Err(why) => why,
        };
        match Zig::find() {
            Ok(zig) => Ok(Compiler::Zig(zig)),
            Err(_) => Err(Missing {
                message: format!("there is no C compiler for guests: {why}, and there is no Zig"),
                help: remedy(),
                others: others(),
            }),
        }
    }

    /// Returns what was found, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Compiler::Clang(_, place) => place.clone(),
            Compiler::Zig(zig) => format!("{} cc", zig.describe()),
        }
    }

    /// Returns the command for make's `CC`, and a directory to keep for as long as it runs.
    pub(crate) fn command(&self) -> std::io::Result<(OsString, Option<TempDir>)> {
        match self {
            Compiler::Clang(command, _) => Ok((command.clone(), None)),
            Compiler::Zig(zig) => {
                let directory = tempfile::tempdir()?;
                let path = zig.write_compiler(directory.path())?;
                Ok((path.into(), Some(directory)))
            }
        }
    }
}

/// Returns the value of a variable of the environment. An empty one counts as absent.
fn set(variable: &str) -> Option<OsString> {
    env::var_os(variable).filter(|value| !value.is_empty())
}

/// Checks a compiler that a variable of the environment names.
fn tried(command: OsString, variable: &str) -> Result<Compiler, Missing> {
    match check(&command) {
        Ok(()) => {
            let shown = format!("{} ({variable})", command.to_string_lossy());
            Ok(Compiler::Clang(command, shown))
        }
        Err(why) => Err(Missing {
            message: format!("there is no C compiler for guests: {why}"),
            help: format!(
                "set {variable} to a {} with wasi-libc; or unset it, and {}",
                if variable == CC { "clang" } else { "wasi-sdk" },
                remedy()
            ),
            others: others(),
        }),
    }
}

/// Returns the compilers of wasi-sdks in the usual places, newer versions first.
fn installed() -> Vec<PathBuf> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let places = PLACES.iter().map(PathBuf::from).chain(home);
    let mut found: Vec<(Vec<u64>, PathBuf)> = places
        .flat_map(|place| fs::read_dir(place).into_iter().flatten().flatten())
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let clang = entry.path().join("bin/clang");
            (name.starts_with(NAME) && clang.is_file()).then(|| (version(&name), clang))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, clang)| clang).collect()
}

/// Returns the numbers in the name of a wasi-sdk's directory: 24 and 0 of `wasi-sdk-24.0`.
fn version(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect()
}

/// Checks that a command compiles for WebAssembly and has the C library.
fn check(command: &OsStr) -> Result<(), String> {
    let shown = command.to_string_lossy();
    let mut asked = Command::new(command);
    asked.args(["--target=wasm32-wasip1", "-print-file-name=crt1-reactor.o"]);
    match asked.stdin(Stdio::null()).output() {
        Err(error) => Err(format!("cannot run {shown}: {error}")),
        Ok(output) if !output.status.success() => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{shown} does not work: {}", said.trim()))
        }
        // Without the library, clang prints the bare name.
        Ok(output) if !String::from_utf8_lossy(&output.stdout).contains('/') => {
            Err(format!("{shown} has no C library for wasm32-wasip1"))
        }
        Ok(_) => Ok(()),
    }
}

/// Returns the one command that gets a compiler on this machine.
fn remedy() -> String {
    if let Some(command) = machine::pip_install_zig() {
        return format!("run `{command}`");
    }
    match machine::debian() {
        Some(13..) => "run `apt-get install clang lld wasi-libc libclang-rt-dev-wasm32`".to_owned(),
        Some(_) => "run `apt-get install python3-pip`, and then this command again".to_owned(),
        None => format!(
            "unpack a wasi-sdk (https://github.com/WebAssembly/wasi-sdk/releases), and set \
             {WASI_SDK} to its directory"
        ),
    }
}

/// Returns the ways that do without a package of this machine.
fn others() -> String {
    format!(
        "or set {CC} to a clang with wasi-libc, {WASI_SDK} to the directory of a wasi-sdk, or {} \
         to a Zig; in a clone of warren, `cargo xtask guests --toolchain` installs a clang: \
         guest-sdk/toolchain/clang.sh, with GUEST_TOOLCHAIN set to its directory",
        zig::ZIG
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        let names = [
            "wasi-sdk",
            "wasi-sdk-9.0",
            "wasi-sdk-24.0",
            "wasi-sdk-24.10-x86_64-linux",
            "wasi-sdk-100.0",
        ];
        assert!(names.is_sorted_by_key(|name| version(name)));
    }
}
