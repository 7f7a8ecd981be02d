//! Guests in JavaScript and Python, built by the command, which installs the tools of
//! their lock files below the cache of all tests; guests in AssemblyScript and Zig, whose
//! tools are kept below the target directory for each lock file.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::Warren;
use crate::guests::{Guests, run};
use crate::layout;

/// Builds guests in JavaScript and returns them; a repeated build takes a
/// moment.
///
/// # Panics
///
/// The build failed, or there is no Node.js; the message says what to install.
#[track_caller]
pub fn js(sources: &[&str]) -> Guests {
    need_node();
    let sdk = layout::project().join("guest-sdk/js");
    let inputs = [sdk.join("builder"), sdk];
    Tools::at("js", &[]).build(sources, &inputs)
}

/// Builds guests in Python and returns them; a repeated build takes a moment.
///
/// # Panics
///
/// The build failed, or there is no Python; the message says what to install.
#[track_caller]
pub fn python(sources: &[&str]) -> Guests {
    need_python();
    let sdk = layout::project().join("guest-sdk/python");
    let inputs = [sdk.join("builder"), sdk.join("warren"), sdk];
    Tools::at("python", &[]).build(sources, &inputs)
}

/// Asserts that the tools for JavaScript can be installed.
#[track_caller]
pub fn need_node() {
    need("npm", "Node.js", "nodejs npm");
}

/// Asserts that the tools for Python can be installed.
#[track_caller]
pub fn need_python() {
    need("python3", "Python", "python3 python3-venv");
}

/// Builds a guest from the text of a file in AssemblyScript, and returns it.
///
/// # Panics
///
/// The build failed, or there is no Node.js; the message says what to install.
#[track_caller]
pub fn assemblyscript(name: &str, text: &str) -> Vec<u8> {
    need("npm", "Node.js", "nodejs npm");
    let package = layout::project().join("tests/guests/assemblyscript");
    let tools = Tools::at("assemblyscript", &[package.join("package-lock.json")]);
    tools.install(|directory| {
        for file in ["package.json", "package-lock.json"] {
            copy(&package.join(file), &directory.join(file));
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(directory);
        run(npm, "the compiler of AssemblyScript");
    });
    let _lock = tools.lock(&format!("{name}.lock"));
    let source = tools.directory.join(format!("{name}.ts"));
    fs::write(&source, text).expect("a source is written");
    let mut asc = Command::new("node");
    asc.arg("node_modules/assemblyscript/bin/asc.js")
        .arg(format!("{name}.ts"))
        .args(["--use", "abort=", "--optimize", "--debug", "--outFile"])
        .arg(format!("{name}.wasm"))
        .current_dir(&tools.directory);
    run(asc, name);
    read(&tools.directory.join(format!("{name}.wasm")))
}

/// Builds a command of WASI from a file in Zig, and returns it.
///
/// # Panics
///
/// The build failed, or there is no Python; the message says what to install.
#[track_caller]
pub fn zig(name: &str) -> Vec<u8> {
    let package = layout::project().join("tests/guests/zig");
    let (tools, python) = zig_tools();
    let _lock = tools.lock(&format!("{name}.lock"));
    let built = tools.directory.join(format!("{name}.wasm"));
    let cache = tools.directory.join("cache");
    let mut zig = Command::new(&python);
    zig.args(["-m", "ziglang", "build-exe", "-target", "wasm32-wasi"])
        .arg(format!("-femit-bin={}", built.display()))
        .arg("--cache-dir")
        .arg(&cache)
        .arg("--global-cache-dir")
        .arg(&cache)
        .arg(package.join(format!("{name}.zig")));
    run(zig, name);
    read(&built)
}

/// Builds a guest in Zig that uses the SDK for C, by the Makefile that `warren new` writes, and
/// returns it.
///
/// # Panics
///
/// The build failed, or there is no Python; the message says what to install.
#[track_caller]
pub fn zig_with_sdk(name: &str) -> Vec<u8> {
    let project = layout::project();
    let (tools, _) = zig_tools();
    let _lock = tools.lock(&format!("{name}.lock"));
    let place = tools.directory.join(name);
    let _ = fs::remove_dir_all(&place);
    Warren::tool("new", &place)
        .options(["--lang", "zig"])
        .outcome()
        .ends_with(0);
    let source = project.join(format!("tests/guests/zig/{name}.zig"));
    copy(&source, &place.join("main.zig"));
    Warren::tool("build", &place)
        .options(["--no-compile"])
        .env("ZIG", zig_compiler())
        .outcome()
        .ends_with(0);
    read(&place.join("main.wasm"))
}

/// Installs the compiler of Zig, and returns its command for the variable `ZIG`.
///
/// # Panics
///
/// There is no Python, or no package; the message says what to install.
#[track_caller]
pub fn zig_compiler() -> String {
    let (_, python) = zig_tools();
    format!("{} -m ziglang", python.display())
}

#[track_caller]
fn zig_tools() -> (Tools, PathBuf) {
    need("python3", "Python", "python3 python3-venv");
    let requirements = layout::project().join("tests/guests/zig/requirements.txt");
    let tools = Tools::at("zig", std::slice::from_ref(&requirements));
    let python = tools.directory.join("venv/bin/python");
    tools.install(|directory| {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"])
            .arg(directory.join("venv"));
        run(venv, "an environment for Python");
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"])
            .arg(&requirements);
        run(pip, "the compiler of Zig");
    });
    (tools, python)
}

#[track_caller]
fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A directory of tools, or of builds.
pub(crate) struct Tools {
    pub(crate) directory: PathBuf,
}

impl Tools {
    /// Returns the directory for these lock files.
    #[track_caller]
    pub(crate) fn at(name: &str, locks: &[PathBuf]) -> Tools {
        let hash = hash_of(locks);
        let directory = layout::project().join(format!("target/guests/{name}-{hash:016x}"));
        fs::create_dir_all(&directory).expect("a directory for a tool chain");
        let directory = fs::canonicalize(&directory).expect("the directory that was made");
        Tools { directory }
    }

    /// Installs the tools, unless an earlier installation was completed.
    #[track_caller]
    pub(crate) fn install(&self, install: impl FnOnce(&Path)) {
        let _lock = self.lock("install.lock");
        let done = self.directory.join("installed");
        if !done.is_file() {
            install(&self.directory);
            fs::write(done, "").expect("a mark of what is done");
        }
    }

    /// Rebuilds after a change: of a source, a file beside it, or a file in a
    /// directory of inputs.
    #[track_caller]
    fn build(&self, sources: &[&str], inputs: &[PathBuf]) -> Guests {
        let out = self.directory.join("built");
        fs::create_dir_all(&out).expect("a directory for guests");
        for source in sources {
            let path = layout::project().join(source);
            let directory = path.parent().expect("a source is in a directory");
            let mut read = files(directory);
            let inputs = inputs.iter().flat_map(|directory| files(directory));
            read.extend(inputs.chain(files(&layout::project().join("wit"))));
            let hash = format!("{:016x}", hash_of(&read));
            let name = path
                .file_stem()
                .expect("a source has a name")
                .to_string_lossy();
            let _lock = self.lock(&format!("{name}.lock"));
            let stamp = out.join(format!("{name}.stamp"));
            if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == hash) {
                continue;
            }
            Warren::tool("build", source)
                .options(["--no-compile", "--out"])
                .options([&out])
                .outcome()
                .ends_with(0);
            fs::write(stamp, hash).expect("a mark of what is done");
        }
        Guests::in_directory(out)
    }

    /// Returns a lock that one test process holds at a time.
    #[track_caller]
    pub(crate) fn lock(&self, name: &str) -> File {
        let file = File::create(self.directory.join(name)).expect("a lock file");
        file.lock().expect("the lock");
        file
    }
}

#[track_caller]
pub(crate) fn need(program: &str, what: &str, packages: &str) {
    let found = Command::new(program).arg("--version").output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "there is no {what} here: `cargo xtask test` installs it, or run `apt-get install {packages}`"
    );
}

/// Returns the files of a directory, in order.
#[track_caller]
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

#[track_caller]
fn hash_of(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let content = fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        (file.file_name(), content).hash(&mut hasher);
    }
    hasher.finish()
}

#[track_caller]
fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
}
