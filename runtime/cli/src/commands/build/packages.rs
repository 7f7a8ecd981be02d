//! The packages that a program in a script language names in its lock file, installed
//! where its tools and editors look for them: `node_modules` and `.venv`.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};
use warren::text;

use super::npm;
use super::run::{self, installing, quietly};
use super::tools::Tools;
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::step::Step;

/// Installs the packages of npm that the lock file of a directory names, unless they are
/// installed.
pub(super) fn of_npm(directory: &Path) -> Result<(), Box<Failure>> {
    let lock = directory.join("package-lock.json");
    let package = json_of(&directory.join("package.json"))?;
    let Some(locked) = json_of(&lock)? else {
        return match has_dependencies(&package.unwrap_or_default()) {
            true => Err(unlocked(directory)),
            false => Ok(()),
        };
    };
    let list = directory.join("node_modules/.package-lock.json");
    let is_done = || is_installed(&locked, &fs::read(&list).unwrap_or_default());
    if is_done() {
        return Ok(());
    }
    let shown = text::path(&lock).to_string();
    let what = format!("the packages of {shown}");
    let held = hold(&lock, &what)?;
    if is_done() {
        return Ok(());
    }
    let step = Step::begin(&format!("installing {what}"));
    installing(npm::ci(directory), &held, &shown, "install npm")?;
    step.end("done");
    Ok(())
}

/// Returns the content of a file of npm; `None` if it cannot be read.
///
/// # Errors
///
/// It is not JSON.
fn json_of(path: &Path) -> Result<Option<Vec<u8>>, Box<Failure>> {
    let Ok(content) = fs::read(path) else {
        return Ok(None);
    };
    // npm passes over a byte order mark.
    let json = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    if let Err(error) = serde_json::from_slice::<Value>(json) {
        let shown = text::path(path);
        let failure = Failure::new(
            Exit::Failed,
            format!("{shown}:{}: not JSON: {error}", error.line()),
        );
        return Err(Box::new(Failure {
            help: Some(
                "mend it; a package-lock.json may be removed, and `npm install` writes a new one"
                    .to_owned(),
            ),
            ..failure
        }));
    }
    Ok(Some(json.to_vec()))
}

/// Opens the file that names packages and locks it, so that one build at a time installs them.
fn hold(lock: &Path, what: &str) -> Result<File, Box<Failure>> {
    let file = File::open(lock).map_err(|error| {
        let message = format!("{}: {error}", text::path(lock));
        Box::new(Failure::new(Exit::Failed, message))
    })?;
    // Some file systems have no locks; two builds at a time are rare.
    let _ = run::lock(&file, what);
    Ok(file)
}

fn has_dependencies(package: &[u8]) -> bool {
    let package: Value = serde_json::from_slice(package).unwrap_or_default();
    let dependencies = package.get("dependencies").and_then(Value::as_object);
    dependencies.is_some_and(|dependencies| !dependencies.is_empty())
}

fn unlocked(directory: &Path) -> Box<Failure> {
    let package = directory.join("package.json");
    Box::new(Failure {
        help: Some("run `npm install` there, and keep the package-lock.json that it writes".into()),
        ..Failure::new(
            Exit::Failed,
            format!(
                "{}: there is no lock file of its dependencies",
                text::path(&package)
            ),
        )
    })
}

/// Compares a lock file with the list of installed packages, which npm keeps beside them.
fn is_installed(locked: &[u8], installed: &[u8]) -> bool {
    let packages = |json: &[u8]| -> Map<String, Value> {
        let lock: Value = serde_json::from_slice(json).unwrap_or_default();
        let packages = lock.get("packages").and_then(Value::as_object);
        packages.cloned().unwrap_or_default()
    };
    let (locked, installed) = (packages(locked), packages(installed));
    locked
        .iter()
        // The root, packages for other machines, and links to directories.
        .filter(|(path, package)| {
            let is = |key: &str| package.get(key) == Some(&Value::Bool(true));
            path.starts_with("node_modules/") && !is("optional") && !is("link")
        })
        .all(|(path, package)| {
            let found = installed.get(path);
            ["version", "integrity"]
                .iter()
                .all(|key| found.is_some_and(|found| found.get(key) == package.get(key)))
        })
}

/// Installed packages of Python.
#[derive(Clone, Debug)]
pub(super) struct PythonPackages {
    /// The directory of the packages.
    pub(super) directory: PathBuf,
    /// The file that names them.
    pub(super) requirements: PathBuf,
}

/// The file that tells which requirements are installed in an environment.
const STAMP: &str = "warren-installed";

/// Installs the packages of a directory's `requirements.txt` into its `.venv`, unless
/// they are installed. Returns nothing if it names none.
pub(super) fn of_pip(
    directory: &Path,
    tools: &Tools,
) -> Result<Option<PythonPackages>, Box<Failure>> {
    let requirements = directory.join("requirements.txt");
    let text = fs::read_to_string(&requirements).unwrap_or_default();
    let is_comment = |line: &str| line.trim().is_empty() || line.trim().starts_with('#');
    if text.lines().all(is_comment) {
        return Ok(None);
    }
    let environment = directory.join(".venv");
    let python = environment.join("bin/python");
    let shown = text::path(&requirements).to_string();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let (stamp, hash) = (environment.join(STAMP), format!("{:016x}", hasher.finish()));
    let is_done = || fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == hash);
    let located = || located(&python, requirements.clone(), &shown).map(Some);
    if is_done() {
        return located();
    }
    let what = format!("the packages of {shown}");
    let held = hold(&requirements, &what)?;
    if is_done() {
        return located();
    }
    let step = Step::begin(&format!("installing {what}"));
    let pip = || {
        let mut pip = Command::new(absolute(&python));
        pip.args(["-m", "pip", "--disable-pip-version-check"]);
        pip
    };
    // An environment without pip was interrupted while it was made.
    let mut asked = pip();
    asked.arg("--version");
    if quietly(asked, &shown, "").is_err() {
        let mut venv = Command::new(&tools.base);
        venv.args(["-m", "venv"]).arg(&environment);
        installing(venv, &held, &shown, "install Python with its module venv")?;
    }
    let mut install = pip();
    install
        .args(["install", "--quiet", "-r", "requirements.txt"])
        .current_dir(directory);
    installing(install, &held, &shown, "install pip")?;
    fs::write(&stamp, hash).map_err(|error| {
        let message = format!("{}: {error}", text::path(&stamp));
        Box::new(Failure::new(Exit::Failed, message))
    })?;
    step.end("done");
    located()
}

/// Asks an environment where its packages are.
fn located(
    python: &Path,
    requirements: PathBuf,
    shown: &str,
) -> Result<PythonPackages, Box<Failure>> {
    let mut command = Command::new(absolute(python));
    command.args([
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]);
    let output = quietly(command, shown, "remove its .venv")?;
    let directory = String::from_utf8_lossy(&output.stdout).trim().into();
    Ok(PythonPackages {
        directory,
        requirements: absolute(&requirements),
    })
}

/// Returns the path from the root, for a command in another directory.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"{"packages": {
        "": {"dependencies": {"a": "1"}},
        "node_modules/a": {"version": "1.0.0", "integrity": "sha512-x"},
        "node_modules/b": {"version": "2.0.0", "optional": true},
        "node_modules/c": {"resolved": "c", "link": true},
        "c": {"version": "3.0.0"}
    }}"#;

    #[test]
    fn installed_packages_are_compared_with_the_lock_file() {
        let with = |packages: &str| {
            let installed = format!(r#"{{"packages": {{{packages}}}}}"#);
            is_installed(LOCK.as_bytes(), installed.as_bytes())
        };
        assert!(with(
            r#""node_modules/a": {"version": "1.0.0", "integrity": "sha512-x"}"#
        ));
        assert!(!with(
            r#""node_modules/a": {"version": "1.0.1", "integrity": "sha512-x"}"#
        ));
        assert!(!with(
            r#""node_modules/a": {"version": "1.0.0", "integrity": "sha512-y"}"#
        ));
        assert!(!with(""));
        assert!(!is_installed(LOCK.as_bytes(), b""));
        assert!(is_installed(br#"{"packages": {"": {}}}"#, b""));
    }

    #[test]
    fn dependencies_need_a_lock_file() {
        let directory = tempfile::tempdir().unwrap();
        assert!(of_npm(directory.path()).is_ok());
        let package = directory.path().join("package.json");
        fs::write(&package, r#"{"dependencies": {}}"#).unwrap();
        assert!(of_npm(directory.path()).is_ok());
        fs::write(&package, r#"{"dependencies": {"a": "1"}}"#).unwrap();
        let failure = of_npm(directory.path()).unwrap_err();
        assert!(
            failure
                .message
                .ends_with("there is no lock file of its dependencies")
        );
    }

    #[test]
    fn a_file_of_npm_that_is_no_json_is_named_with_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("package.json", "\u{feff}{}");
        assert!(of_npm(directory.path()).is_ok());
        write("package-lock.json", "{\n<<<<<<< HEAD\n");
        let failure = of_npm(directory.path()).unwrap_err();
        let place = "package-lock.json:2: not JSON: ";
        assert!(failure.message.contains(place), "{failure}");
        assert!(
            failure
                .help
                .is_some_and(|help| help.contains("npm install"))
        );
        write("package.json", "{");
        let failure = of_npm(directory.path()).unwrap_err();
        assert!(
            failure.message.contains("package.json:1: not JSON: "),
            "{failure}"
        );
    }
}
