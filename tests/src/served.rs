//! Components of `wasi:http/proxy`, built by tools that know nothing of warren.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guests::{self, run};
use crate::layout;
use crate::packages;
use crate::scripts::{Tools, need_node, need_python};

/// The version of WASI whose interfaces the tools for JavaScript have built in.
const WASI_OF_JS: &str = "0.2.10";

/// The version of WASI that comes as WIT with the tools for JavaScript.
const WASI: &str = "0.2.12";

/// The name of each world.
const WORLD: &str = "served";

/// The target of the crate `wasip2`, whose documents make components of its core modules.
const TARGET: &str = "wasm32-wasip1";

/// Builds a component of `wasi:http/proxy` with componentize-js from a file of
/// `tests/guests/served`.
///
/// # Panics
///
/// The build failed, or there is no Node.js; the message says what to install.
#[track_caller]
pub fn js(name: &str) -> Vec<u8> {
    let tools = node();
    let _lock = tools.lock(&format!("{name}.lock"));
    let wit = wit(&tools, &format!("js-{name}"), "proxy", WASI_OF_JS, &[]);
    let script = tools.directory.join("build.mjs");
    copy(&sources().join("build.mjs"), &script);
    let out = tools.directory.join(format!("{name}.wasm"));
    let mut node = Command::new("node");
    node.arg(&script)
        .arg(sources().join(format!("{name}.js")))
        .arg(wit)
        .arg(WORLD)
        .arg(&out)
        .current_dir(&tools.directory);
    run(node, name);
    fs::read(out).expect("a component was written")
}

/// Builds a component with componentize-py from a file of `tests/guests/served`, for the world
/// in this file of WIT.
///
/// # Panics
///
/// The build failed, or there is no Python or Node.js; the message says what to install.
#[track_caller]
pub fn python(name: &str, world: &str) -> Vec<u8> {
    need_python();
    let node = node();
    let requirements = layout::project().join("guest-sdk/python/requirements.txt");
    let tools = Tools::at("served-python", std::slice::from_ref(&requirements));
    let environment = tools.directory.join("venv");
    tools.install(|_| {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&environment);
        run(venv, "an environment for Python");
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"])
            .arg(&requirements);
        run(pip, "componentize-py");
    });
    let _lock = tools.lock(&format!("{name}.lock"));
    let further = ["keyvalue", "config"];
    let wit = wit(&node, &format!("py-{name}"), world, WASI, &further);
    packages::copy_tree(&layout::project().join("wit"), &wit.join("deps/warren"));
    // A directory of its own: Python leaves compiled files beside a source.
    let source = tools.directory.join(format!("source-{name}"));
    fs::create_dir_all(&source).expect("a directory for a source");
    copy(
        &sources().join(format!("{name}.py")),
        &source.join(format!("{name}.py")),
    );
    let out = tools.directory.join(format!("{name}.wasm"));
    let mut build = Command::new(environment.join("bin/componentize-py"));
    build
        .arg("-d")
        .arg(wit)
        .args(["-w", WORLD, "componentize", "-o"])
        .arg(&out)
        .arg(name)
        .arg("-p")
        .arg(source);
    run(build, name);
    fs::read(out).expect("a component was written")
}

/// Builds a component of `wasi:http/proxy` from the package `tests/guests/served/rust` with the
/// crate `wasip2`, and with jco, which has the adapter for the standard library's imports.
///
/// # Panics
///
/// The build failed, or there is no tool chain or Node.js; the message says what to install.
#[track_caller]
pub fn rust() -> Vec<u8> {
    let tools = node();
    let built = guests::rust("tests/guests/served/rust", TARGET);
    let _lock = tools.lock("rust.lock");
    let out = tools.directory.join("rust.wasm");
    let mut jco = Command::new("node");
    jco.arg("node_modules/@bytecodealliance/jco/dist/jco.js")
        .args(["new", "--wasi-reactor", "--output"])
        .arg(&out)
        .arg(built.directory().join("served.wasm"))
        .current_dir(&tools.directory);
    run(jco, "a component of Rust");
    fs::read(out).expect("a component was written")
}

fn sources() -> PathBuf {
    layout::project().join("tests/guests/served")
}

/// Returns the tools for JavaScript, which have the WIT of WASI.
#[track_caller]
fn node() -> Tools {
    need_node();
    let sdk = layout::project().join("guest-sdk/js");
    let tools = Tools::at("served-js", &[sdk.join("package-lock.json")]);
    tools.install(|directory| {
        for file in ["package.json", "package-lock.json"] {
            copy(&sdk.join(file), &directory.join(file));
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(directory);
        run(npm, "componentize-js");
    });
    tools
}

/// Lays out the WIT of a world with this version of WASI and these further packages, and returns
/// its directory, which no other component shares.
#[track_caller]
fn wit(node: &Tools, component: &str, world: &str, version: &str, further: &[&str]) -> PathBuf {
    let directory = node.directory.join(format!("wit-{component}"));
    if directory.exists() {
        fs::remove_dir_all(&directory).expect("the earlier WIT is removed");
    }
    let dependencies = directory.join("deps");
    fs::create_dir_all(&dependencies).expect("a directory for WIT");
    let source = sources().join("wit");
    let placed = directory.join("world.wit");
    copy(&source.join(format!("{world}.wit")), &placed);
    put_version(&placed, version);
    for package in further {
        let place = dependencies.join(package);
        fs::create_dir_all(&place).expect("a directory for WIT");
        copy(
            &source.join(format!("{package}.wit")),
            &place.join("package.wit"),
        );
    }
    let wasi = format!("node_modules/@bytecodealliance/jco/lib/wit/builtin/{WASI}");
    for package in [
        "cli",
        "clocks",
        "filesystem",
        "http",
        "io",
        "random",
        "sockets",
    ] {
        let place = dependencies.join(format!("wasi-{package}"));
        packages::copy_tree(
            &node.directory.join(&wasi).join(format!("wasi-{package}")),
            &place,
        );
        for file in fs::read_dir(&place).expect("WIT of WASI") {
            put_version(&file.expect("a file of WIT").path(), version);
        }
    }
    directory
}

/// Puts another version of WASI into a file of WIT.
#[track_caller]
fn put_version(file: &Path, version: &str) {
    let text = fs::read_to_string(file).expect("WIT is text");
    fs::write(file, text.replace(WASI, version)).expect("WIT is written");
}

#[track_caller]
fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}
