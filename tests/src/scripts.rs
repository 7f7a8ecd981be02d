//! Guests in languages whose tool chains come from a package registry. Tool
//! chains are installed below the target directory and kept for each lock file.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

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
    need("npm", "Node.js", "nodejs npm");
    let sdk = layout::project().join("guest-sdk/js");
    let tools = Tools::at("js", &sdk.join("package-lock.json"));
    tools.install(|directory| {
        for file in ["package.json", "package-lock.json"] {
            copy(&sdk.join(file), &directory.join(file));
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(directory);
        run(npm, "the tool chain for JavaScript");
    });
    // Node looks for packages beside the script, and the build for the WIT.
    let inputs = [sdk.clone(), layout::project().join("wit")];
    tools.build(sources, &inputs, |source, out| {
        copy(&sdk.join("build.mjs"), &tools.directory.join("build.mjs"));
        for file in files(&inputs[1]) {
            let name = file.file_name().expect("a file has a name");
            copy(&file, &tools.directory.join("wit").join(name));
        }
        let mut node = Command::new("node");
        node.arg(tools.directory.join("build.mjs"))
            .arg("--out")
            .arg(out)
            .arg(source)
            // Files below this directory may be imported, and errors name them
            // relative to it.
            .current_dir(layout::project());
        run(node, source);
    })
}

/// Builds guests in Python and returns them; a repeated build takes a moment.
///
/// # Panics
///
/// The build failed, or there is no Python; the message says what to install.
#[track_caller]
pub fn python(sources: &[&str]) -> Guests {
    need("python3", "Python", "python3 python3-venv");
    let sdk = layout::project().join("guest-sdk/python");
    let requirements = sdk.join("requirements.txt");
    let tools = Tools::at("python", &requirements);
    let bin = tools.directory.join("venv/bin");
    tools.install(|directory| {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"])
            .arg(directory.join("venv"));
        run(venv, "an environment for Python");
        let mut pip = Command::new(bin.join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"])
            .arg(&requirements);
        run(pip, "the tool chain for Python");
    });
    let wit = layout::project().join("wit");
    let inputs = [sdk.clone(), sdk.join("warren"), wit];
    tools.build(sources, &inputs, |source, out| {
        let mut build = Command::new(bin.join("python"));
        build
            .arg(sdk.join("build.py"))
            .arg("--out")
            .arg(out)
            .arg(layout::project().join(source))
            // Keeps bytecode out of the sources' directories.
            .env("PYTHONDONTWRITEBYTECODE", "1");
        run(build, source);
    })
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
    let tools = Tools::at("assemblyscript", &package.join("package-lock.json"));
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
    need("python3", "Python", "python3 python3-venv");
    let package = layout::project().join("tests/guests/zig");
    let requirements = package.join("requirements.txt");
    let tools = Tools::at("zig", &requirements);
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

#[track_caller]
fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A tool chain and its builds.
pub(crate) struct Tools {
    pub(crate) directory: PathBuf,
}

impl Tools {
    /// Returns the directory for this lock file.
    #[track_caller]
    pub(crate) fn at(language: &str, lock: &Path) -> Tools {
        let hash = hash_of(&[lock.to_owned()]);
        let directory = layout::project().join(format!("target/guests/{language}-{hash:016x}"));
        fs::create_dir_all(&directory).expect("a directory for a tool chain");
        let directory = fs::canonicalize(&directory).expect("the directory that was made");
        Tools { directory }
    }

    /// Installs the tool chain, unless an earlier installation was completed.
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
    fn build(&self, sources: &[&str], inputs: &[PathBuf], build: impl Fn(&str, &Path)) -> Guests {
        let out = self.directory.join("built");
        fs::create_dir_all(&out).expect("a directory for guests");
        for source in sources {
            let path = layout::project().join(source);
            let directory = path.parent().expect("a source is in a directory");
            let mut read = files(directory);
            read.extend(inputs.iter().flat_map(|directory| files(directory)));
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
            build(source, &out);
            fs::write(stamp, hash).expect("a mark of what is done");
        }
        Guests::in_directory(out)
    }

    /// Returns a lock that one test process holds at a time.
    #[track_caller]
    fn lock(&self, name: &str) -> File {
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
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).expect("a directory for a copy");
    }
    fs::copy(from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
}
