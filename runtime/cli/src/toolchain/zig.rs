//! The compiler of Zig, which compiles C and C++ too: an own one, or the package `ziglang` of
//! Python.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Missing;
use super::machine;

/// The variable that names another compiler; words with blanks between them.
pub(super) const ZIG: &str = "ZIG";

/// The bytes of a guest's stack, as clang has them; Zig's own default is 16 MiB.
const STACK: usize = 64 << 10;

/// A compiler of Zig that was found.
#[derive(Clone, Debug)]
pub(crate) struct Zig {
    words: Vec<OsString>,
    version: String,
}

impl Zig {
    /// Finds what the user has set, a `zig`, or the package of Python.
    pub(crate) fn find() -> Result<Zig, Missing> {
        let own = env::var(ZIG).ok().filter(|own| !own.trim().is_empty());
        if let Some(own) = own {
            let words = own.split_whitespace().map(OsString::from).collect();
            return Zig::of(words).ok_or_else(|| Missing {
                message: format!("there is no compiler of Zig: {own} does not work"),
                help: format!("unset {ZIG}, or set it to a command that takes `version`"),
                others: others(),
            });
        }
        let of_python = vec![machine::python(), "-m".into(), "ziglang".into()];
        Zig::of(vec!["zig".into()])
            .or_else(|| Zig::of(of_python))
            .ok_or_else(|| Missing {
                message: "there is no compiler of Zig".to_owned(),
                help: match machine::pip_install_zig() {
                    Some(command) => format!("run `{command}`"),
                    None if machine::debian().is_some() => {
                        "run `apt-get install zig`; or `apt-get install python3-pip`, and then \
                         this command again"
                            .to_owned()
                    }
                    None => format!("install Zig, and set {ZIG} if it is not `zig`"),
                },
                others: others(),
            })
    }

    fn of(words: Vec<OsString>) -> Option<Zig> {
        let mut asked = words.clone();
        asked.push("version".into());
        let version = machine::output(&asked)?;
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        is_version.then_some(Zig { words, version })
    }

    /// Returns the command, with blanks between its words, as make takes it.
    pub(crate) fn command(&self) -> OsString {
        self.words.join(OsStr::new(" "))
    }

    /// Returns the command and its version.
    pub(crate) fn describe(&self) -> String {
        format!("{} {}", self.command().to_string_lossy(), self.version)
    }

    /// Writes a C compiler that takes what clang takes, and returns its path.
    ///
    /// Zig has another name for the target, and a stack of 16 MiB, which every process would
    /// hold.
    pub(super) fn write_compiler(&self, directory: &Path) -> io::Result<PathBuf> {
        let path = directory.join("zig-cc");
        let words: Vec<String> = self
            .words
            .iter()
            .map(|word| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''")))
            .collect();
        let script = format!(
            "#!/bin/sh\n\
             for word do\n\
             \x20 shift\n\
             \x20 case $word in\n\
             \x20   --target=wasm32-wasip1) word=--target=wasm32-wasi ;;\n\
             \x20 esac\n\
             \x20 set -- \"$@\" \"$word\"\n\
             done\n\
             exec {} cc -Wl,-z,stack-size={STACK} \"$@\"\n",
            words.join(" ")
        );
        fs::write(&path, script)?;
        executable(&path)?;
        Ok(path)
    }
}

/// Returns the way that does without a package of this machine.
fn others() -> String {
    format!("or set {ZIG} to another command, such as the path of a `zig` that is not installed")
}

#[cfg(unix)]
fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_has_clangs_names_and_a_small_stack() {
        let directory = tempfile::tempdir().unwrap();
        let shown = directory.path().join("it's shown");
        fs::write(&shown, "#!/bin/sh\nfor word do echo \"<$word>\"; done\n").unwrap();
        executable(&shown).unwrap();
        let zig = Zig {
            words: vec![shown.into(), "-m".into()],
            version: "1".to_owned(),
        };
        let compiler = zig.write_compiler(directory.path()).unwrap();
        let words = ["--target=wasm32-wasip1", "a b", "-o", "x"].map(OsString::from);
        let asked: Vec<OsString> = std::iter::once(compiler.into()).chain(words).collect();
        let expected =
            "<-m>\n<cc>\n<-Wl,-z,stack-size=65536>\n<--target=wasm32-wasi>\n<a b>\n<-o>\n<x>";
        assert_eq!(machine::output(&asked).as_deref(), Some(expected));
    }
}
