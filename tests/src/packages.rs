//! Files from packages of registries, which are no part of the project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::guests::run;
use crate::layout;
use crate::scripts::{Tools, need};

/// Returns the directory of the official test files of Lua 5.4.8, from the source
/// archive that `tests/lua/requirements.txt` names with its SHA-256; a repeated call
/// takes a moment.
///
/// # Panics
///
/// There is no Python, or the archive cannot be had or is another one.
#[track_caller]
pub fn official_lua_tests() -> PathBuf {
    need("python3", "Python", "python3 python3-venv");
    let requirements = layout::project().join("tests/lua/requirements.txt");
    let tools = Tools::at("lua-tests", std::slice::from_ref(&requirements));
    tools.install(|directory| {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"])
            .arg(directory.join("venv"));
        run(venv, "an environment for Python");
        let mut pip = Command::new(directory.join("venv/bin/python"));
        pip.args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--no-binary", "lupa", "--require-hashes", "--dest"])
            .arg(directory)
            .arg("-r")
            .arg(&requirements)
            // Its set-up looks for no Lua to build with.
            .env("LUPA_NO_BUNDLE", "true");
        run(pip, "the archive with the tests of Lua");
        let mut tar = Command::new("tar");
        tar.args([
            "-xzf",
            "lupa-2.8.tar.gz",
            "lupa-2.8/third-party/lua54/testes",
        ])
        .current_dir(directory);
        run(tar, "the archive with the tests of Lua");
    });
    tools.directory.join("lupa-2.8/third-party/lua54/testes")
}

/// The tests that others have published for servers of HTTP, and a Python that runs them.
#[derive(Debug)]
pub struct HttpSuites {
    /// The interpreter.
    pub python: PathBuf,
    /// The directory with the sources of each package.
    sources: PathBuf,
}

impl HttpSuites {
    /// Returns the sources of a package, whose name with its version begins so.
    ///
    /// # Panics
    ///
    /// There are none.
    #[track_caller]
    pub fn source(&self, package: &str) -> PathBuf {
        let entries = crate::entries(&self.sources).expect("a directory can be read");
        let mut found = entries.into_iter().filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.is_dir() && name.starts_with(&format!("{package}-"))
        });
        found
            .next()
            .unwrap_or_else(|| panic!("no sources of {package}"))
    }
}

/// Installs the packages of `tests/http` with their SHA-256; a repeated call takes a moment.
///
/// # Panics
///
/// There is no Python, or a package cannot be had or is another one.
#[track_caller]
pub fn http_suites() -> HttpSuites {
    need("python3", "Python", "python3 python3-venv");
    let lists = layout::project().join("tests/http");
    let [packages, sources] = ["tools.txt", "sources.txt"].map(|name| lists.join(name));
    let tools = Tools::at("http-suites", &[packages.clone(), sources.clone()]);
    tools.install(|directory| {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"])
            .arg(directory.join("venv"));
        run(venv, "an environment for Python");
        let pip = || {
            let mut pip = Command::new(directory.join("venv/bin/python"));
            pip.args(["-m", "pip"]);
            pip
        };
        let mut install = pip();
        install
            .args(["install", "--quiet", "--require-hashes", "-r"])
            .arg(packages);
        run(install, "the packages that run tests of HTTP");
        let mut download = pip();
        download
            .args(["download", "--quiet", "--no-deps", "--require-hashes"])
            .args(["--no-binary", "autobahntestsuite,gunicorn,h2", "--dest"])
            .arg(directory)
            .arg("-r")
            .arg(sources);
        run(download, "the archives with tests of HTTP");
        let archives = crate::entries(directory).expect("a directory can be read");
        for archive in archives
            .iter()
            .filter(|file| file.to_string_lossy().ends_with(".tar.gz"))
        {
            let mut tar = Command::new("tar");
            tar.arg("-xzf").arg(archive).current_dir(directory);
            run(tar, "an archive with tests of HTTP");
        }
    });
    HttpSuites {
        python: tools.directory.join("venv/bin/python"),
        sources: tools.directory,
    }
}

/// The directory of Debian's libraries of Lua.
const LIBRARIES: &str = "/usr/share/lua/5.1";

/// Copies a library of Lua, a file or a directory of files, from Debian's package of it.
///
/// # Panics
///
/// The package is not installed; the message says what to install.
#[track_caller]
pub fn copy_lua_library(name: &str, package: &str, into: &Path) {
    let from = [name.to_owned(), format!("{name}.lua")]
        .map(|file| Path::new(LIBRARIES).join(file))
        .into_iter()
        .find(|path| path.exists());
    let Some(from) = from else {
        panic!(
            "there is no {name} for Lua here: `cargo xtask test` installs it, or run \
             `apt-get install {package}`"
        );
    };
    copy_tree(
        &from,
        &into.join(from.file_name().expect("a library has a name")),
    );
}

/// The pages with the examples of Penlight.
const PENLIGHT_EXAMPLES: &str = "/usr/share/doc/lua-penlight-dev/docs/examples";

/// Writes the examples of Penlight into a directory, as the pages of Debian's package of its
/// documents have them.
///
/// # Panics
///
/// The package is not installed; the message says what to install.
#[track_caller]
pub fn write_penlight_examples(into: &Path) {
    let pages = crate::entries(Path::new(PENLIGHT_EXAMPLES)).unwrap_or_default();
    assert!(
        !pages.is_empty(),
        "there are no examples of Penlight here: `cargo xtask test` installs them, or run \
         `apt-get install lua-penlight-dev`"
    );
    for page in pages {
        let name = page.file_stem().expect("a page has a name");
        let html = fs::read_to_string(&page).expect("a page can be read");
        fs::write(into.join(name), source_in(&html)).expect("an example is written");
    }
}

/// Returns the text of the first preformatted element of a page.
fn source_in(html: &str) -> String {
    let (_, rest) = html.split_once("<pre>").expect("a page has an example");
    let (marked, _) = rest.split_once("</pre>").expect("the example ends");
    let mut parts = marked.split('<');
    let first = parts.next().unwrap_or_default();
    // Each further part begins with the rest of a tag.
    let others = parts.filter_map(|part| part.split_once('>').map(|(_, text)| text));
    let text: String = [first].into_iter().chain(others).collect();
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// Copies a file, or a directory with all that is below it.
///
/// # Panics
///
/// There is no such file, or it cannot be copied.
#[track_caller]
pub fn copy_tree(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        return;
    }
    fs::create_dir_all(to).expect("a directory for a copy");
    for entry in crate::entries(from).expect("a directory can be read") {
        copy_tree(
            &entry,
            &to.join(entry.file_name().expect("an entry has a name")),
        );
    }
}

/// Returns the directory with the sources of a Debian package, which have its tests; a
/// repeated call takes a moment.
///
/// # Panics
///
/// The sources cannot be had.
#[track_caller]
pub fn debian_sources(package: &str) -> PathBuf {
    let scripts = Path::new("/etc/apt/sources.list.d");
    let tools = Tools::at(package, &["/etc/debian_version".into()]);
    tools.install(|directory| {
        // Lists of sources of their own, beside those of the machine.
        let sources = directory.join("sources.list.d");
        for below in [&sources, &directory.join("lists/partial")] {
            fs::create_dir_all(below).expect("a directory for lists");
        }
        let all = crate::entries(scripts).unwrap_or_default();
        for file in all
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "sources"))
        {
            let text = fs::read_to_string(file).unwrap_or_default();
            if text.contains("debian-archive-keyring") {
                let text = text.replace("Types: deb\n", "Types: deb-src\n");
                fs::write(
                    sources.join(file.file_name().expect("a file has a name")),
                    text,
                )
                .expect("a list is written");
            }
        }
        let apt = |arguments: &[&str]| {
            let mut apt = Command::new("apt-get");
            apt.current_dir(directory)
                .arg("-qq")
                .args([
                    "-o",
                    "APT::Sandbox::User=root",
                    "-o",
                    "Dir::Etc::sourcelist=/dev/null",
                ])
                .arg(format!("-oDir::Etc::sourceparts={}", sources.display()))
                .arg(format!("-oDir::State::lists={}/lists", directory.display()))
                .args(arguments)
                .stdin(Stdio::null());
            apt
        };
        run(apt(&["update"]), "the list of Debian's sources");
        run(
            apt(&["source", "--download-only", "--tar-only", package]),
            "the sources of a Debian package",
        );
        let archives = crate::entries(directory).expect("a directory can be read");
        for archive in archives
            .iter()
            .filter(|file| file.to_string_lossy().contains(".orig.tar"))
        {
            let mut tar = Command::new("tar");
            tar.current_dir(directory)
                .arg("--strip-components=1")
                .arg("-xf")
                .arg(archive);
            run(tar, "the sources of a Debian package");
        }
    });
    tools.directory
}
