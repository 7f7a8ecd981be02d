//! Bad content of a program gets one clear message with its place, and the
//! right exit status. The command's own tests cover its options, the manifest
//! and the program's path.

use warren_tests::Program;

#[test]
fn a_required_module_with_a_syntax_error() {
    Program::of(&[
        ("main.lua", "print('before')\nrequire('lib.broken')\n"),
        ("lib/broken.lua", "local x = 1\nif x the\nend\n"),
    ])
    .run()
    .ends_with(1)
    .prints("before\n")
    .says(&[
        "error loading module 'lib.broken'",
        "lib/broken.lua:2: 'then' expected near 'the'",
        "main.lua:2: in",
    ]);
}

#[test]
fn a_required_module_that_is_missing() {
    Program::lua("local x = 1\nrequire('lib.util')\n")
        .run()
        .ends_with(1)
        .says(&["main.lua:2:", "module 'lib.util' not found", "lib/util.lua"]);
}

#[test]
fn a_spawned_definition_that_is_missing() {
    Program::lua("assert(process.spawn('app.workers:handler', 'app:processes'))")
        .run()
        .ends_with(1)
        .says(&[
            "definition not found: app.workers:handler",
            "workers/handler.lua, workers/handler.wasm",
        ]);
}

#[test]
fn a_spawned_definition_with_a_syntax_error() {
    Program::of(&[
        (
            "main.lua",
            "assert(process.spawn('app:child', 'app:processes'))",
        ),
        ("child.lua", "\n\nx = = 1\n"),
    ])
    .run()
    .ends_with(1)
    .says(&["child.lua:3: unexpected symbol near '='", "main.lua:1:"]);
}

#[test]
fn a_host_that_is_not_there() {
    Program::lua("assert(process.spawn('app:main', 'app:workers'))")
        .run()
        .ends_with(1)
        .says(&["app:workers"]);
}

#[test]
fn bytecode_in_a_lua_file() {
    Program::of(&[("main.lua", b"\x1bLua\x54\x00\x19\x93\r\n\x1a\n".as_slice())])
        .run()
        .ends_with(1)
        .prints("")
        .says(&["main.lua"]);
}

#[test]
fn text_that_is_no_program() {
    Program::of(&[("main.lua", b"\0\0\0\0".as_slice())])
        .run()
        .ends_with(1)
        .says(&["main.lua:1:"]);
    Program::of(&[(
        "main.lua",
        b"-- \xff\xfe is fine here\nlocal \xff = 1\n".as_slice(),
    )])
    .run()
    .ends_with(1)
    .says(&["main.lua:2:"]);
    Program::lua("local s = 'not closed\n")
        .run()
        .ends_with(1)
        .says(&["main.lua:1: unfinished string"]);
    Program::lua("--[[ not closed\n\n")
        .run()
        .ends_with(1)
        .says(&["main.lua:", "unfinished long comment"]);
}

#[test]
fn more_than_lua_allows() {
    let locals: String = (0..300).map(|n| format!("local v{n} = {n}\n")).collect();
    Program::lua(&locals)
        .run()
        .ends_with(1)
        .says(&["main.lua:201:", "too many local variables"]);
}

#[test]
fn unusual_but_fine() {
    Program::lua("").run().ends_with(0).prints("");
    Program::lua("#!/usr/bin/env -S warren run\nprint('shebang')")
        .run()
        .ends_with(0)
        .prints("shebang\n");
    Program::lua("\u{feff}print('byte order mark')")
        .run()
        .ends_with(0)
        .prints("byte order mark\n");
    Program::lua("print('a')\r\nprint('b')\r\n")
        .run()
        .ends_with(0)
        .prints("a\nb\n");
    let long = format!("return {}", "1 + ".repeat(200_000) + "1");
    Program::lua(&format!("local f = function()\n{long}\nend\nprint(f())"))
        .run()
        .ends_with(0)
        .prints("200001\n");
}

#[test]
fn a_module_that_is_cut() {
    let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60";
    Program::of(&[("main.wasm", module.as_slice())])
        .run()
        .ends_with(1)
        .says(&["main.wasm"]);
}

#[test]
fn a_component_that_wants_what_nothing_provides() {
    let component = r#"(component
        (import "acme:rockets/launch@1.0.0" (instance (export "now" (func))))
        (core module $m (func (export "start")))
        (core instance $i (instantiate $m))
        (func (export "start") (canon lift (core func $i "start"))))"#;
    Program::of(&[("main.wat", component)])
        .run()
        .ends_with(1)
        .says(&["main.wat", "acme:rockets/launch@1.0.0"]);
}

#[test]
fn a_module_that_wants_another_version() {
    let module = r#"(module
        (import "warren:core/process@9.0.0" "pid" (func (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "start")))"#;
    Program::of(&[("main.wat", module)])
        .run()
        .ends_with(1)
        .says(&["main.wat", "warren:core/process@9.0.0"]);
}

#[test]
fn a_module_that_breaks_the_rules_of_its_imports() {
    // A range outside of its memory.
    let module = r#"(module
        (import "warren:core/stdio@0.1.0" "write" (func $write (param i32 i32 i32)))
        (memory (export "memory") 1)
        (func (export "start")
            (call $write (i32.const 0) (i32.const 65530) (i32.const 100))))"#;
    Program::of(&[("main.wat", module)])
        .run()
        .ends_with(1)
        .says(&[
            "`bytes`",
            "outside the guest's memory",
            "{app:processes|0x00001}",
        ]);
}

#[test]
fn raised_values_that_are_no_text() {
    Program::lua("error({ code = 7 })")
        .run()
        .ends_with(1)
        .says(&["table", "code", "7", "{app:processes|0x00001}"]);
    Program::lua("error(setmetatable({}, { __tostring = function() return 'as text' end }))")
        .run()
        .ends_with(1)
        .says(&["as text"]);
    Program::lua("error()").run().ends_with(1).says(&["nil"]);
    Program::lua("return function() return nil, 'only text' end")
        .run()
        .ends_with(1)
        .says(&["only text"]);
    Program::lua("return 7")
        .run()
        .ends_with(1)
        .says(&["the file returned a number"]);
}

#[test]
fn an_error_with_details_shows_them() {
    Program::lua(
        "return function()
           return nil, errors.new { message = 'no stock', kind = errors.CONFLICT, details = { item = 'tea' } }
         end",
    )
    .run()
    .ends_with(1)
    .says(&["no stock (Conflict)", "item", "tea"]);
}
