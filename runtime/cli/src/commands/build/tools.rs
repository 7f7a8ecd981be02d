//! The tools that make components of scripts: installed once for each version, below the
//! directory of the code cache.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use warren::text;

use super::npm;
use super::run::{self, installing, quietly};
use crate::buildable::Language;
use crate::environment::{NO_CACHE_HELP, tools_directory};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::step::Step;
use crate::sdk::{JS_BUILDER, PYTHON_BUILDER};

/// The environment variable that names another Python.
const PYTHON: &str = "WARREN_PYTHON";

const INSTALL_NODE: &str =
    "install Node.js 22 and npm, or newer ones; on Debian 13, run `apt-get install nodejs npm`";
const INSTALL_PYTHON: &str = "install Python 3.11 to 3.14 with its modules venv and ensurepip; on Debian, run \
                              `apt-get install python3-venv`";

/// The file that marks a completed installation, and tells when it was used last.
const INSTALLED: &str = "installed";

/// Time without use after which the tools of another version are removed.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Installed tools.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    /// The interpreter of the builder: node, or the Python of an environment.
    pub(super) interpreter: PathBuf,
    /// The builder.
    pub(super) builder: PathBuf,
    /// The interpreter for which environments of programs are made.
    pub(super) base: OsString,
}

impl Tools {
    /// Returns the tools of a language; installs them if they are missing.
    pub(super) fn of(language: Language) -> Result<Tools, Box<Failure>> {
        let all = tools_directory().ok_or_else(|| {
            Box::new(Failure {
                help: Some(NO_CACHE_HELP.to_owned()),
                ..Failure::new(
                    Exit::Failed,
                    "there is no directory for the tools of builds",
                )
            })
        })?;
        match language {
            Language::JavaScript => of_javascript(&all),
            Language::Python => of_python(&all),
        }
    }
}

fn of_javascript(all: &Path) -> Result<Tools, Box<Failure>> {
    check_node()?;
    let (locks, builder) = split(JS_BUILDER, &["package.json", "package-lock.json"]);
    let directory = all.join(format!("javascript-{:016x}", hash_of(&locks)));
    installed(&directory, "JavaScript", |lock| {
        write(&directory, &locks)?;
        let npm = npm::ci(&directory);
        installing(npm, lock, "the tools for JavaScript", INSTALL_NODE)
    })?;
    Ok(Tools {
        interpreter: "node".into(),
        // Node.js looks for packages in the directories above a script.
        builder: builder_in(&directory, &builder)?.join("build.mjs"),
        base: "node".into(),
    })
}

fn of_python(all: &Path) -> Result<Tools, Box<Failure>> {
    let base = env::var_os(PYTHON).unwrap_or_else(|| "python3".into());
    let version = check_python(&base)?;
    let (locks, builder) = split(PYTHON_BUILDER, &["requirements.txt"]);
    // An environment works with the Python that made it and no other.
    let hash = hash_of(&(&locks, version));
    let directory = all.join(format!("python-{hash:016x}"));
    let python = directory.join("venv/bin/python");
    installed(&directory, "Python", |lock| {
        write(&directory, &locks)?;
        let mut venv = Command::new(&base);
        venv.args(["-m", "venv", "--clear"])
            .arg(directory.join("venv"));
        installing(venv, lock, "the tools for Python", INSTALL_PYTHON)?;
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--require-hashes", "-r", "requirements.txt"])
        .current_dir(&directory);
        installing(pip, lock, "the tools for Python", INSTALL_PYTHON)
    })?;
    Ok(Tools {
        builder: builder_in(&directory, &builder)?.join("build.py"),
        interpreter: python,
        base,
    })
}

/// A path and its content.
type Written = (&'static str, &'static str);

/// Returns the files that say what is installed, and the others.
fn split(files: &[Written], locks: &[&str]) -> (Vec<Written>, Vec<Written>) {
    let files = files.iter().copied();
    files.partition(|(path, _)| locks.contains(path))
}

/// Runs an installation, unless an earlier one was completed.
fn installed(
    directory: &Path,
    language: &str,
    install: impl FnOnce(&File) -> Result<(), Box<Failure>>,
) -> Result<(), Box<Failure>> {
    let refused = |error: io::Error| refused(directory, &error);
    fs::create_dir_all(directory).map_err(refused)?;
    // Released when the file is closed, also by the tool that installs.
    let lock = File::create(directory.join("lock")).map_err(refused)?;
    run::lock(&lock, &format!("the tools for {language}")).map_err(refused)?;
    let mark = directory.join(INSTALLED);
    if !mark.is_file() {
        let step = Step::begin(&format!("installing the tools for {language}, once"));
        install(&lock)?;
        File::create(&mark).map_err(refused)?;
        remove_unused(directory);
        step.end("done");
    }
    // If the time cannot be set, a later version installs once more.
    let _ = File::open(&mark).and_then(|mark| mark.set_modified(SystemTime::now()));
    Ok(())
}

/// Removes the tools of the same language that were not used for long.
fn remove_unused(directory: &Path) {
    let (Some(all), Some(own)) = (directory.parent(), directory.file_name()) else {
        return;
    };
    let own = own.to_string_lossy();
    let language = own.split('-').next().unwrap_or_default();
    for other in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = other.file_name().to_string_lossy().into_owned();
        let of_language = name.split('-').next() == Some(language) && name != own;
        let used = fs::metadata(other.path().join(INSTALLED)).and_then(|mark| mark.modified());
        let unused = used.is_ok_and(|used| used.elapsed().is_ok_and(|time| time > KEPT));
        if of_language && unused {
            let _ = fs::remove_dir_all(other.path());
        }
    }
}

/// Returns the directory of the builder's files, which are written once for each version.
fn builder_in(tools: &Path, files: &[Written]) -> Result<PathBuf, Box<Failure>> {
    let directory = tools.join(format!("builder-{:016x}", hash_of(files)));
    if directory.is_dir() {
        return Ok(directory);
    }
    let refused = |error: io::Error| refused(&directory, &error);
    let unfinished = tempfile::Builder::new()
        .prefix(".builder-")
        .tempdir_in(tools)
        .map_err(refused)?;
    write(unfinished.path(), files)?;
    match fs::rename(unfinished.path(), &directory) {
        // Another build has just written the same files.
        Err(_) if directory.is_dir() => {}
        renamed => renamed.map_err(refused)?,
    }
    Ok(directory)
}

fn write(directory: &Path, files: &[Written]) -> Result<(), Box<Failure>> {
    for (file, content) in files {
        let path = directory.join(file);
        let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
        parent
            .and_then(|()| fs::write(&path, content))
            .map_err(|error| refused(&path, &error))?;
    }
    Ok(())
}

fn hash_of(content: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

fn refused(path: &Path, error: &io::Error) -> Box<Failure> {
    Box::new(Failure {
        help: Some(NO_CACHE_HELP.to_owned()),
        ..Failure::new(
            Exit::Failed,
            format!(
                "the tools of builds cannot be kept in {}: {error}",
                text::path(path)
            ),
        )
    })
}

/// Checks the version of Node.js: the bundler needs 20.19, 22.12, or a newer one.
fn check_node() -> Result<(), Box<Failure>> {
    let mut node = Command::new("node");
    node.arg("--version");
    let output = quietly(node, "Node.js", INSTALL_NODE)?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if is_new_node(&version) {
        return Ok(());
    }
    Err(Box::new(Failure {
        help: Some(INSTALL_NODE.to_owned()),
        ..Failure::new(
            Exit::Failed,
            format!("Node.js {version} is too old: components need 20.19 or 22.12"),
        )
    }))
}

fn is_new_node(version: &str) -> bool {
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    match (parts.next(), parts.next()) {
        (Some(20), Some(minor)) => minor >= 19,
        (Some(22), Some(minor)) => minor >= 12,
        (Some(major), _) => major > 22,
        _ => false,
    }
}

/// Checks that Python can make environments for the packages of the tools. Returns the
/// text that tells it from another Python.
fn check_python(python: &OsString) -> Result<String, Box<Failure>> {
    let mut command = Command::new(python);
    command.args([
        "-c",
        "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2], sys.base_prefix, sys.version)",
    ]);
    let output = quietly(command, "Python", INSTALL_PYTHON).map_err(|mut failure| {
        failure.help = Some(INSTALL_PYTHON.to_owned());
        failure
    })?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let minor = version
        .split_whitespace()
        .next()
        .and_then(|version| version.strip_prefix("3."))
        .and_then(|minor| minor.parse::<u32>().ok());
    if minor.is_some_and(|minor| (11..=14).contains(&minor)) {
        return Ok(version);
    }
    let found = version.split_whitespace().next().unwrap_or("of no version");
    Err(Box::new(Failure {
        help: Some(format!(
            "{INSTALL_PYTHON}; {PYTHON} names it if it is not python3"
        )),
        ..Failure::new(
            Exit::Failed,
            format!("Python {found} is here, and components need 3.11 to 3.14"),
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_compared() {
        for good in ["v20.19.0", "v22.12.1", "v23.0.0", "v100.1.0"] {
            assert!(is_new_node(good), "{good}");
        }
        for bad in ["v18.19.0", "v20.18.3", "v21.7.0", "v22.11.0", "", "node"] {
            assert!(!is_new_node(bad), "{bad}");
        }
    }

    #[test]
    fn an_installation_that_fails_is_tried_again_and_one_that_succeeds_is_not() {
        let all = tempfile::tempdir().unwrap();
        let directory = all.path().join("x-1");
        let failing = |_: &File| Err(Box::new(Failure::new(Exit::Failed, "no network")));
        assert!(installed(&directory, "X", failing).is_err());
        let mut times = 0;
        for _ in 0..2 {
            let install = |_: &File| {
                times += 1;
                Ok(())
            };
            installed(&directory, "X", install).unwrap();
        }
        assert_eq!(times, 1);
    }

    #[test]
    fn tools_of_other_versions_are_removed_once_they_are_unused() {
        let all = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - KEPT - Duration::from_secs(60);
        for (name, used) in [
            ("x-old", old),
            ("y-old", old),
            ("x-new", SystemTime::now()),
            ("x-own", old),
        ] {
            fs::create_dir(all.path().join(name)).unwrap();
            let mark = File::create(all.path().join(name).join(INSTALLED)).unwrap();
            mark.set_modified(used).unwrap();
        }
        remove_unused(&all.path().join("x-own"));
        let mut left: Vec<_> = fs::read_dir(all.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["x-new", "x-own", "y-old"]);
    }

    #[test]
    fn the_builders_are_whole() {
        let (locks, builder) = split(JS_BUILDER, &["package.json", "package-lock.json"]);
        assert_eq!(locks.len(), 2);
        let (locks, of_python) = split(PYTHON_BUILDER, &["requirements.txt"]);
        assert_eq!(locks.len(), 1);
        for (files, path) in [
            (&builder, "build.mjs"),
            (&builder, "types.mjs"),
            (&builder, "wit/world.wit"),
            (&of_python, "build.py"),
            (&of_python, "warren/__init__.py"),
            (&of_python, "wit/world.wit"),
        ] {
            assert!(files.iter().any(|(file, _)| *file == path), "{path}");
        }
        let tools = tempfile::tempdir().unwrap();
        let written = builder_in(tools.path(), &builder).unwrap();
        assert!(written.join("wit/world.wit").is_file());
        assert_eq!(builder_in(tools.path(), &builder).unwrap(), written);
    }
}
