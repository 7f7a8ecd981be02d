//! Builds Lua with `config/`, and LPeg, and lays out the module's memory.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miniz_oxide::deflate::compress_to_vec;

/// Bytes of the module's own stack, for C and Rust values whose address is
/// taken. Lua stops recursion through C at 200 levels (`LUAI_MAXCCALLS`); the
/// most expensive of them, a buffer of `string.gsub` or `string.format` with
/// what lies between two such calls, takes under 2 KiB. It comes first in
/// memory, so that an overflow traps instead of overwriting data.
const STACK_SIZE: usize = 512 * 1024;

/// The version of Lua, as a directory of `lua-src`.
const LUA: &str = "lua-5.4.9";

/// The files of LPeg, without what their names have in common.
const LPEG: [&str; 5] = ["cap", "code", "print", "tree", "vm"];

/// The directory of the changes to Lua's sources, with a file for each source. A line `@@`
/// begins a change, and lines with `#` give its reason; all others are lines of a diff. The
/// lines that a change keeps or removes stand in the source once.
const PATCHES: &str = "config/patches";

fn main() {
    for file in [
        "warren.h",
        "lua.c",
        "files.h",
        "hash.h",
        "lines.h",
        "overflow.c",
        "overflow.h",
        "bytes.c",
        "bytes.h",
        "callbacks.c",
        "coverage.c",
        "inline.h",
        "leaving.c",
        "leaving.h",
        "readonly.h",
        "debug.c",
        "text.h",
        "lfs.c",
        "stdio.c",
        "internals.c",
        "suggest.c",
    ] {
        println!("cargo::rerun-if-changed=config/{file}");
    }
    for part in LPEG {
        println!("cargo::rerun-if-changed=third-party/lpeg/lp{part}.c");
        println!("cargo::rerun-if-changed=third-party/lpeg/lp{part}.h");
    }
    println!("cargo::rerun-if-changed=third-party/lpeg/lptypes.h");
    println!("cargo::rerun-if-changed={PATCHES}");
    println!("cargo::rerun-if-changed=build.rs");
    for directory in ["library", "prelude"] {
        pack(Path::new(directory));
    }

    let wasm = variable("CARGO_CFG_TARGET_FAMILY") == "wasm";
    let sources = sources_of_lua();
    let mut lua = c();
    lua.file("config/lua.c")
        .include(patched(&sources))
        .include(&sources);
    if wasm {
        // WebAssembly has no computed goto: the table of labels would become one of
        // numbers, looked up before the switch that is made of them.
        lua.define("LUA_USE_JUMPTABLE", "0");
        // As lua-src does for this target: setjmp by exceptions, and as
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
        // Tests check what `State` in src/lua/state.rs promises to Lua.
        lua.define("LUA_USE_APICHECK", None);
    }
    lua.compile("lua5.4");

    let mut bytes = c();
    bytes.file("config/bytes.c");
    if wasm {
        for option in ["-msimd128", "-mbulk-memory", "-fno-builtin"] {
            bytes.flag(option);
        }
    }
    bytes.compile("bytes");

    c().files(LPEG.map(|part| format!("third-party/lpeg/lp{part}.c")))
        .include(&sources)
        .define("NDEBUG", None)
        // A match in a function that another match calls takes less than 2 KiB then.
        .define("INITBACK", "100")
        .compile("lpeg");

    if wasm {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK_SIZE}");
        println!("cargo::rustc-link-arg-cdylib=--stack-first");
    }
}

/// A build of C for Lua's API.
fn c() -> cc::Build {
    let mut build = cc::Build::new();
    build
        .warnings(false)
        .flag_if_supported("-fno-common")
        .define("LUA_COMPAT_5_3", None);
    if variable("CARGO_CFG_TARGET_FAMILY") == "wasm" {
        // As .cargo/config.toml has it for Rust, and says why.
        build.flag("-mno-bulk-memory");
    }
    build
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

/// Writes the sources that [`PATCHES`] changes, and returns their directory.
fn patched(sources: &Path) -> PathBuf {
    let directory = PathBuf::from(variable("OUT_DIR")).join("patched");
    fs::create_dir_all(&directory).unwrap_or_else(|error| failed(&directory, error));
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| failed(path, error));
    for patch in entries(Path::new(PATCHES)) {
        // `lstrlib.c.patch` changes `lstrlib.c`.
        let file = patch.file_stem().unwrap_or_default();
        let mut text = read(&sources.join(file));
        for (from, to) in changes(&read(&patch)) {
            let count = text.matches(&*from).count();
            assert_eq!(count, 1, "{}: once in the source: {from}", patch.display());
            text = text.replace(&*from, &to);
        }
        let path = directory.join(file);
        fs::write(&path, text).unwrap_or_else(|error| failed(&path, error));
    }
    directory
}

/// Returns the changes of a patch: lines of the source, and the lines in their place.
fn changes(patch: &str) -> Vec<(String, String)> {
    let mut changes: Vec<(String, String)> = Vec::new();
    for line in patch.lines().filter(|line| !line.starts_with('#')) {
        if line == "@@" {
            changes.push((String::new(), String::new()));
            continue;
        }
        let (is_old, is_new) = match line.as_bytes().first() {
            Some(b' ') => (true, true),
            Some(b'-') => (true, false),
            Some(b'+') => (false, true),
            _ => panic!("no line of a patch: {line:?}"),
        };
        let Some((from, to)) = changes.last_mut() else {
            panic!("a line before the first `@@` of a patch: {line:?}");
        };
        for (text, belongs) in [(from, is_old), (to, is_new)] {
            if belongs {
                text.extend([&line[1..], "\n"]);
            }
        }
    }
    changes
}

/// Packs the Lua sources in a directory below `src`, for `src/compact.rs`: beside the packed
/// source lies an expression in Rust that has it.
fn pack(directory: &Path) {
    let to = PathBuf::from(variable("OUT_DIR"))
        .join("compact")
        .join(directory);
    fs::create_dir_all(&to).unwrap_or_else(|error| failed(&to, error));
    for path in entries(&Path::new("src").join(directory)) {
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            pack(&directory.join(name));
            continue;
        }
        // A file that is new is noticed by the source that names it.
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).unwrap_or_else(|error| failed(&path, error));
        let code = code_of(&text);
        let packed = compress_to_vec(code.as_bytes(), 10);
        let name = name.to_string_lossy();
        let expression = format!(
            "crate::compact::Compact {{ len: {}, packed: include_bytes!(\"{name}.packed\") }}",
            code.len()
        );
        for (extension, content) in [("packed", &packed[..]), ("rs", expression.as_bytes())] {
            let path = to.join(format!("{name}.{extension}"));
            fs::write(&path, content).unwrap_or_else(|error| failed(&path, error));
        }
    }
}

/// Returns a Lua source without comments in lines of their own, indentation and empty lines.
fn code_of(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches(' '));
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("--"));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// Returns the paths of the files and directories in a directory.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).and_then(|entries| {
        let paths = entries.map(|entry| Ok(entry?.path()));
        paths.collect::<io::Result<Vec<_>>>()
    });
    paths.unwrap_or_else(|error| failed(directory, error))
}

fn failed(path: &Path, error: io::Error) -> ! {
    panic!("{}: {error}", path.display())
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
