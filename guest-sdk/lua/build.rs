//! Builds Lua with `config/warren.h` and lays out the module's memory.

use std::env;
use std::path::Path;

/// Bytes of the module's own stack, for C and Rust values whose address is
/// taken. Lua stops recursion through C at 200 levels (`LUAI_MAXCCALLS`); the
/// most expensive of them, a buffer of `string.gsub` or `string.format` with
/// what lies between two such calls, takes under 2 KiB. It comes first in
/// memory, so that an overflow traps instead of overwriting data.
const STACK_SIZE: usize = 512 * 1024;

fn main() {
    let config = Path::new(&variable("CARGO_MANIFEST_DIR")).join("config/warren.h");
    println!("cargo::rerun-if-changed={}", config.display());
    println!("cargo::rerun-if-changed=build.rs");

    let target = variable("TARGET");
    let flags = format!("CFLAGS_{}", target.replace('-', "_"));
    let given = env::var(&flags).unwrap_or_default();
    let wasm = variable("CARGO_CFG_TARGET_FAMILY") == "wasm";
    // As .cargo/config.toml has it for Rust, and says why.
    let features = if wasm { "-mno-bulk-memory" } else { "" };
    // SAFETY: a build script has one thread.
    unsafe {
        env::set_var(
            &flags,
            format!("{given} {features} -include {}", config.display()),
        )
    };
    lua_src::Build::new()
        .build(lua_src::Lua54)
        .print_cargo_metadata();

    if wasm {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK_SIZE}");
        println!("cargo::rustc-link-arg-cdylib=--stack-first");
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
