//! From `warren new` to a running process: three commands, in each language.

use std::fs;
use std::path::{Path, PathBuf};

use std::process::Command;

use warren_tests::{Warren, guests, project, scripts};

/// The target that `warren build` builds for unless it is told another.
const TARGET: &str = "wasm32-wasip1";

/// Returns a directory for a new program. The same every time, so that earlier
/// builds are reused.
fn place(name: &str) -> PathBuf {
    let place = project().join("target/tmp/new").join(name);
    if place.exists() {
        fs::remove_dir_all(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    }
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{error}"));
    }
    place
}

#[track_caller]
fn new(language: &str, path: &Path) {
    let ended = Warren::tool("new", path)
        .options(["--lang", language])
        .outcome()
        .ends_with(0)
        .says_nothing();
    assert!(
        ended
            .text()
            .ends_with(&format!("warren run {}\n", path.display()))
    );
}

#[track_caller]
fn greets(path: &Path) {
    let check = Warren::tool("check", path).outcome().ends_with(0);
    assert!(check.text().ends_with("nothing wrong\n"), "{check}");
    for (arguments, greeting) in [(&[][..], "hello, world"), (&["Ada"][..], "hello, Ada")] {
        let ended = Warren::run(path).arguments(arguments).outcome();
        let ended = ended.ends_with(0).says_nothing();
        assert!(ended.text().starts_with(greeting), "{ended}");
    }
}

#[test]
fn lua() {
    let path = place("hello-lua");
    new("lua", &path);
    greets(&path);
    let tested = Warren::tool("test", &path).outcome().ends_with(0);
    assert!(
        tested.text().ends_with(": 2 passed, 0 failed\n"),
        "{tested}"
    );
    Warren::tool("build", &path)
        .outcome()
        .ends_with(0)
        .prints("")
        .says(&["nothing to build"]);
}

#[test]
fn rust() {
    let path = place("hello-rust");
    new("rust", &path);
    // The versions that the tests' own guests use.
    let lock = project().join("tests/guests/rust/Cargo.lock");
    fs::copy(lock, path.join("Cargo.lock")).unwrap_or_else(|error| panic!("{error}"));
    let built = Warren::tool("build", &path)
        .env("WARREN_CARGO", guests::cargo_for(TARGET))
        .env("GUEST_TOOLCHAIN", guests::toolchain())
        .env("CARGO_NET_OFFLINE", "true")
        .options(["--target-dir".into(), project().join("target/guests")])
        .outcome()
        .ends_with(0);
    let mut lines: Vec<&str> = built.text().lines().collect();
    lines.sort_unstable();
    let shown = path.display();
    assert_eq!(
        lines,
        [
            format!("{shown}/greeter.wasm"),
            format!("{shown}/main.wasm")
        ]
    );
    greets(&path);
    Warren::tool("inspect", path.join("main.wasm"))
        .outcome()
        .ends_with(0);
}

/// Builds a program by clang.
#[track_caller]
fn by_clang(language: &str, name: &str) {
    let path = place(name);
    new(language, &path);
    Warren::tool("build", &path)
        .env("CC", guests::c_compiler())
        .env("GUEST_TOOLCHAIN", guests::toolchain())
        .outcome()
        .ends_with(0);
    greets(&path);
}

#[test]
fn c() {
    by_clang("c", "hello-c");
}

#[test]
fn cpp() {
    by_clang("cpp", "hello-cpp");
}

/// Builds a program by the compiler of Zig, and looks at its memory.
#[track_caller]
fn by_zig(language: &str, name: &str) {
    let path = place(name);
    new(language, &path);
    // The variable is looked at if no other names a compiler.
    let mut build = Warren::tool("build", &path)
        .env("ZIG", scripts::zig_compiler())
        .into_command();
    let built = build.env_remove("CC").env_remove("WASI_SDK").output();
    let built = built.unwrap_or_else(|error| panic!("{error}"));
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{language}: {said}");
    greets(&path);
    let inspected = Warren::tool("inspect", path.join("main.wasm"));
    let inspected = inspected.outcome().ends_with(0);
    assert!(
        inspected.text().contains("\n  128 KiB at the start"),
        "{inspected}"
    );
}

#[test]
fn zig() {
    by_zig("zig", "hello-zig");
}

#[test]
fn c_by_the_compiler_of_zig() {
    by_zig("c", "hello-c-by-zig");
}

#[test]
fn cpp_by_the_compiler_of_zig() {
    by_zig("cpp", "hello-cpp-by-zig");
}

/// Builds a program of two components, and runs it and its tests.
#[track_caller]
fn components(path: &Path, extension: &str, mut tests: Command) {
    let built = Warren::tool("build", path).outcome().ends_with(0);
    let shown = path.display();
    let expected = format!("{shown}/greeter.wasm\n{shown}/main.wasm\n");
    let built = built.prints(&expected);
    for name in ["greeter", "main"] {
        let line = |start: String| {
            let mut lines = built.stderr.lines();
            lines.any(|line| line.starts_with(&start) && line.ends_with(" s"))
        };
        let built_line = format!("building {shown}/{name}.{extension}: ");
        assert!(line(built_line), "size and time are told: {built}");
        let compiled = format!("compiling {shown}/{name}.wasm: done in ");
        assert!(line(compiled), "compiling is told: {built}");
    }
    assert!(
        !built.stderr.contains('\r'),
        "a pipe has plain text: {built}"
    );
    greets(path);

    let binary = warren_tests::binary();
    let own = binary.parent().map(Path::to_owned);
    let path_of_all = std::env::var_os("PATH").unwrap_or_default();
    let paths = own.into_iter().chain(std::env::split_paths(&path_of_all));
    let paths = std::env::join_paths(paths).unwrap_or_else(|error| panic!("{error}"));
    let output = tests
        .current_dir(path)
        .env("PATH", paths)
        .env("XDG_CACHE_HOME", warren_tests::cache())
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{said}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn javascript() {
    scripts::need_node();
    let path = place("hello-javascript");
    new("javascript", &path);
    let mut tests = Command::new("npm");
    tests.args(["test", "--silent"]);
    components(&path, "js", tests);
}

#[test]
fn python() {
    scripts::need_python();
    let path = place("hello-python");
    new("python", &path);
    let mut tests = Command::new("python3");
    tests.args(["-m", "unittest", "discover", "tests"]);
    components(&path, "py", tests);
}
