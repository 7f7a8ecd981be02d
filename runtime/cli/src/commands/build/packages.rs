//! The packages that a program in a script language names in its lock file, installed
//! where its tools and editors look for them: `node_modules` and `.venv`.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};
use warren::text;

use super::run::quietly;
use super::tools::Tools;
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::step::Step;

/// Installs the packages of npm that the lock file of a directory names, unless they are
/// installed.
pub(super) fn of_npm(directory: &Path) -> Result<(), Box<Failure>> {
    let lock = directory.join("package-lock.json");
    let Ok(locked) = fs::read(&lock) else {
        return match has_dependencies(directory) {
            true => Err(unlocked(directory)),
            false => Ok(()),
        };
    };
    let installed = directory.join("node_modules/.package-lock.json");
    if is_installed(&locked, &fs::read(installed).unwrap_or_default()) {
        return Ok(());
    }
    let title = format!("installing the packages of {}", text::path(&lock));
    let step = Step::begin(&title);
    let mut npm = Command::new("npm");
    // A process is JavaScript alone: what packages would build for this machine, it
    // cannot use.
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(directory);
    quietly(npm, &text::path(&lock).to_string(), "install npm")?;
    step.end("done");
    Ok(())
}

fn has_dependencies(directory: &Path) -> bool {
    let package = fs::read(directory.join("package.json")).unwrap_or_default();
    let package: Value = serde_json::from_slice(&package).unwrap_or_default();
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
    if !python.is_file() {
        let mut venv = Command::new(&tools.base);
        venv.args(["-m", "venv"]).arg(&environment);
        quietly(venv, &shown, "install Python with its module venv")?;
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let (stamp, hash) = (environment.join(STAMP), format!("{:016x}", hasher.finish()));
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == hash) {
        return located(&python, requirements, &shown).map(Some);
    }
    let step = Step::begin(&format!("installing the packages of {shown}"));
    let mut pip = Command::new(absolute(&python));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(["-r", "requirements.txt"])
    .current_dir(directory);
    quietly(pip, &shown, "install pip")?;
    fs::write(&stamp, hash).map_err(|error| {
        let message = format!("{}: {error}", text::path(&stamp));
        Box::new(Failure::new(Exit::Failed, message))
    })?;
    step.end("done");
    located(&python, requirements, &shown).map(Some)
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
}
