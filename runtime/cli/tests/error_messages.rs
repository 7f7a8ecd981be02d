//! Each bad input gets one clear message with place and remedy, and its status:
//! 2 for an error of the command's input, 1 for an error of the program's code.

use crate::support::{outcome, run, warren};
use warren_tests::Program;

const HELLO: (&str, &str) = ("main.lua", "print('hello')\n");

#[test]
fn a_missing_program() {
    let dir = Program::of::<&str>(&[]);
    run(dir.path(), &["nope.lua"]).ends_with(2).says(&[
        "error: nope.lua: no such file or directory",
        "help: give the path of a .lua",
    ]);
}

#[test]
fn a_file_of_another_kind() {
    let dir = Program::of(&[("notes.txt", "")]);
    run(dir.path(), &["notes.txt"])
        .ends_with(2)
        .says(&["notes.txt: not a program", "help: rename it"]);
}

#[test]
fn a_directory_without_a_main() {
    let dir = Program::of(&[("shop/server.lua", "")]);
    run(dir.path(), &["shop"]).ends_with(2).says(&[
        "shop: there is no definition app:main",
        "main.lua, main.wasm, main.wat",
        "shop/server.lua",
    ]);
}

#[test]
fn two_files_for_one_definition() {
    let dir = Program::of(&[HELLO, ("main.wasm", "")]);
    run(dir.path(), &["."]).ends_with(2).says(&[
        "app:main is ambiguous: found main.lua, main.wasm",
        "help: remove all but one",
    ]);
}

#[cfg(unix)]
#[test]
fn an_unreadable_path() {
    let dir = Program::of::<&str>(&[]);
    std::os::unix::fs::symlink("loop.lua", dir.path().join("loop.lua")).unwrap();
    run(dir.path(), &["loop.lua"])
        .ends_with(2)
        .says(&["loop.lua: cannot be read: "]);
}

#[cfg(unix)]
#[test]
fn a_main_outside_of_the_program() {
    let dir = Program::of(&[("secret.lua", ""), ("app/x", "")]);
    std::os::unix::fs::symlink("../secret.lua", dir.path().join("app/main.lua")).unwrap();
    run(dir.path(), &["app"])
        .ends_with(2)
        .says(&["app/main.lua: cannot be read: it is a symbolic link that leads out"]);
}

#[test]
fn a_manifest_that_is_not_toml() {
    let dir = Program::of(&[HELLO, ("warren.toml", "[app]\nname = shop\n")]);
    run(dir.path(), &["."])
        .ends_with(2)
        .says(&["[warren.toml:2:8]", "name = shop"]);
}

#[test]
fn an_unknown_key_in_the_manifest() {
    let dir = Program::of(&[
        ("shop/main.lua", ""),
        ("shop/warren.toml", "[app]\nmian = \"app:main\"\n"),
    ]);
    run(dir.path(), &["shop"]).ends_with(2).says(&[
        "error: unknown key `mian` in [app]",
        "[shop/warren.toml:2:1]",
        "expected `name`, `main`, `max_memory_total`, `park_after` or `payloads`",
        "help: did you mean `main`?",
    ]);
}

#[test]
fn each_command_that_opens_a_program_names_the_line_of_its_manifest() {
    let dir = Program::of(&[
        ("main.lua", ""),
        ("main_test.lua", "return function() end"),
        ("warren.toml", "[app]\nmian = \"app:main\"\n"),
    ]);
    for command in [
        &["run", "."][..],
        &["serve", "."],
        &["test", "."],
        &["repl", "."],
        &["check", "."],
        &["doctor", "."],
        &["policy", "check", "."],
    ] {
        outcome(warren(dir.path(), command))
            .ends_with(2)
            .prints("")
            .says(&["error: unknown key `mian` in [app]", "warren.toml:2:1]"]);
    }
}

#[test]
fn a_wrong_value_in_the_manifest() {
    let dir = Program::of(&[
        HELLO,
        ("warren.toml", "[hosts.\"app:w\"]\nmax_memory = \"32MB\"\n"),
    ]);
    run(dir.path(), &["."]).ends_with(2).says(&[
        "`max_memory` in [hosts.\"app:w\"] is not a size",
        "warren.toml:2:14]",
        "write `MiB`",
    ]);
}

#[test]
fn a_manifest_that_names_missing_files() {
    let manifest = "[app]\nmain = \"app:mian\"\n[processes.\"app:main\"]\nhost = \"app:workers\"\n";
    let dir = Program::of(&[HELLO, ("warren.toml", manifest)]);
    run(dir.path(), &["."]).ends_with(2).says(&[
        "there is no definition `app:mian`",
        "warren.toml:2:8]",
        "unknown host `app:workers`",
        "warren.toml:4:8]",
    ]);
}

#[test]
fn a_lua_file_with_a_syntax_error() {
    let dir = Program::of(&[("main.lua", "local x = 1\nlocal y = = 2\n")]);
    run(dir.path(), &["main.lua"])
        .ends_with(1)
        .says(&[
            "error: main.lua:2: unexpected symbol near '='",
            "[main.lua:2:1]",
            "local y = = 2",
        ])
        .prints("");
}

#[test]
fn a_wasm_file_that_is_not_webassembly() {
    let dir = Program::of(&[("tool.wasm", "this is no wasm")]);
    run(dir.path(), &["tool.wasm"])
        .ends_with(1)
        .says(&["error: tool.wasm: not WebAssembly"]);
}

#[test]
fn wasm_text_with_an_error() {
    let dir = Program::of(&[("tool.wat", "(module\n  (funk))\n")]);
    run(dir.path(), &["tool.wat"])
        .ends_with(1)
        .says(&["tool.wat", "2:"]);
}

#[test]
fn unknown_imports() {
    let module = r#"(module (import "env" "launch" (func)) (memory (export "memory") 1)
                    (func (export "start")))"#;
    let dir = Program::of(&[("tool.wat", module)]);
    run(dir.path(), &["tool.wat"])
        .ends_with(1)
        .says(&["tool.wat", "env", "launch"]);
}

#[test]
fn a_module_without_start() {
    let dir = Program::of(&[("tool.wat", "(module)")]);
    run(dir.path(), &["tool.wat"])
        .ends_with(1)
        .says(&["tool.wat", "start"]);
}

#[test]
fn arguments_that_are_not_json() {
    let dir = Program::of(&[HELLO]);
    run(dir.path(), &["--args-json", "[1, two]", "main.lua"])
        .ends_with(2)
        .says(&[
            "--args-json is not JSON",
            "[--args-json:1:6]",
            "help: write a JSON array",
        ]);
    run(dir.path(), &["--args-json", "{}", "main.lua"])
        .ends_with(2)
        .says(&["--args-json is an object, not an array"]);
}

#[test]
fn a_grant_of_a_missing_path() {
    let dir = Program::of(&[HELLO]);
    run(dir.path(), &["--read", "data", "main.lua"])
        .ends_with(2)
        .says(&["--read data: there is no ", "help: "]);
    run(dir.path(), &["--write", "no/out.txt", "main.lua"])
        .ends_with(2)
        .says(&[
            "--write no/out.txt: there is no directory ",
            "help: create ",
        ]);
    run(dir.path(), &["--env", "=x", "main.lua"])
        .ends_with(2)
        .says(&["--env", "help: write NAME, or NAME=VALUE"]);
}

#[test]
fn a_wrong_command_line() {
    let dir = Program::of(&[HELLO]);
    run(dir.path(), &["-e"]).ends_with(2).says(&["<CODE>"]);
    run(dir.path(), &["--bogus", "main.lua"])
        .ends_with(2)
        .says(&["--bogus"]);
    run(dir.path(), &["--grace", "5", "main.lua"])
        .ends_with(2)
        .says(&["a unit is missing after `5`"]);
    run(dir.path(), &["--max-memory-total", "5B", "main.lua"])
        .ends_with(2)
        .says(&["expected 1 MiB to 128 TiB"]);
    run(dir.path(), &["--args-json", "[]", "main.lua", "x"])
        .ends_with(2)
        .says(&["not both"]);
    outcome(warren(dir.path(), &["build", "nosuch"]))
        .ends_with(2)
        .says(&["nosuch: no such file or directory", "help: give the path"]);
    outcome(warren(dir.path(), &["rnu"]))
        .ends_with(2)
        .says(&["rnu"]);
}

#[test]
fn an_interpreter_that_is_no_webassembly() {
    let dir = Program::of(&[HELLO]);
    let mut command = warren(dir.path(), &["run", "main.lua"]);
    command.env("WARREN_LUA_GUEST", "main.lua");
    outcome(command)
        .ends_with(2)
        .says(&["WARREN_LUA_GUEST: main.lua: not a WebAssembly file"]);
}

#[test]
fn an_invalid_log_filter() {
    let dir = Program::of(&[HELLO]);
    run(dir.path(), &["--log", "inof", "main.lua"])
        .ends_with(2)
        .says(&["--log: `inof` is not a level", "help: "]);
    let mut command = warren(dir.path(), &["run", "main.lua"]);
    command.env("WARREN_LOG", "loud");
    outcome(command)
        .ends_with(2)
        .says(&["WARREN_LOG: `loud` is not a level"]);
}
