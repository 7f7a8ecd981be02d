//! Builds Lua with `config/` and lays out the module's memory.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes of the module's own stack, for C and Rust values whose address is
/// taken. Lua stops recursion through C at 200 levels (`LUAI_MAXCCALLS`); the
/// most expensive of them, a buffer of `string.gsub` or `string.format` with
/// what lies between two such calls, takes under 2 KiB. It comes first in
/// memory, so that an overflow traps instead of overwriting data.
const STACK_SIZE: usize = 512 * 1024;

/// The version of Lua, as a directory of `lua-src`.
const LUA: &str = "lua-5.4.9";

fn main() {
    for file in ["warren.h", "lua.c", "files.h", "stdio.c", "internals.c"] {
        println!("cargo::rerun-if-changed=config/{file}");
    }
    println!("cargo::rerun-if-changed=build.rs");

    let wasm = variable("CARGO_CFG_TARGET_FAMILY") == "wasm";
    let mut lua = cc::Build::new();
    lua.file("config/lua.c")
        .include(sources_of_lua())
        .warnings(false)
        .flag_if_supported("-fno-common")
        .define("LUA_COMPAT_5_3", None);
    if wasm {
        // As .cargo/config.toml has it for Rust, and says why.
        lua.flag("-mno-bulk-memory");
        // WebAssembly has no computed goto: the table of labels would become one of
        // numbers, looked up before the switch that is made of them.
        lua.define("LUA_USE_JUMPTABLE", "0");
        // What lua-src does for this target, too: setjmp by exceptions, and as
        // much of signals as Lua needs to compile.
        lua.define("LUA_USE_POSIX", None)
            .define("_WASI_EMULATED_SIGNAL", None);
        for option in [
            "-wasm-enable-eh",
            "-wasm-use-legacy-eh=false",
            "-wasm-enable-sjlj",
        ] {
            lua.flag("-mllvm").flag(option);
        }
        println!("cargo::rustc-link-lib=wasi-emulated-signal");
        println!("cargo::rustc-link-lib=setjmp");
    } else {
        lua.define("LUA_USE_LINUX", None);
    }
    lua.compile("lua5.4");

    if wasm {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK_SIZE}");
        println!("cargo::rustc-link-arg-cdylib=--stack-first");
    }
}

/// The directory of Lua's sources in the package `lua-src`, which has no
/// function that says so.
fn sources_of_lua() -> PathBuf {
    let metadata = Command::new(variable("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(["--filter-platform", &variable("TARGET")])
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    let metadata = String::from_utf8_lossy(&metadata.stdout);
    metadata
        .split(r#""manifest_path":""#)
        .filter_map(|rest| rest.split('"').next())
        .filter_map(|manifest| Path::new(manifest).parent())
        .find(|package| {
            let name = package.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("lua-src")
        })
        .unwrap_or_else(|| panic!("cargo metadata knows no package lua-src"))
        .join(LUA)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
