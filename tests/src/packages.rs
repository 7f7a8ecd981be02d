//! Files from packages of registries, which are no part of the project.

use std::path::PathBuf;
use std::process::Command;

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
    let tools = Tools::at("lua-tests", &requirements);
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
