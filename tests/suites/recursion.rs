//! Recursion without end is an error of Lua or the end of its process, in every
//! form; never the runtime's end.

use std::collections::BTreeMap;

use warren_tests::{Program, Warren};

/// The end of each form of `programs/recursion/forms.lua`.
const FORMS: &[(&str, &str)] = &[
    ("add", "stack overflow"),
    ("call", "stack overflow"),
    ("calls", "stack overflow"),
    ("close", "stack overflow"),
    ("closures", "stack overflow"),
    ("concat", "stack overflow"),
    ("coroutine_resume", "stack overflow"),
    ("coroutine_wrap", "stack overflow"),
    ("eq", "stack overflow"),
    ("error_details", "deeper than 100"),
    ("format", "stack overflow"),
    ("gsub", "stack overflow"),
    ("index", "stack overflow"),
    ("index_chain", "chain too long"),
    ("json_decode", "nested deeper"),
    ("json_decode_objects", "nested deeper"),
    ("json_encode", "nested deeper"),
    ("len", "stack overflow"),
    ("lt", "stack overflow"),
    ("newindex", "stack overflow"),
    ("newindex_chain", "chain too long"),
    ("pairs", "stack overflow"),
    ("parser_blocks", "stack overflow"),
    ("parser_calls", "stack overflow"),
    ("parser_concat", "stack overflow"),
    ("parser_conditions", "stack overflow"),
    ("parser_functions", "stack overflow"),
    ("parser_parentheses", "stack overflow"),
    ("parser_reader", "stack overflow"),
    ("parser_tables", "stack overflow"),
    ("parser_unary", "stack overflow"),
    ("pattern", "pattern too complex"),
    ("pattern_captures", "too many captures"),
    ("pattern_lazy", "pattern too complex"),
    ("pcall", "stack overflow"),
    ("require", "requires itself"),
    ("send", "deeper than 100"),
    ("smallest", "stack overflow"),
    ("sort", "stack overflow"),
    ("table_concat", "stack overflow"),
    ("tables", "stack overflow"),
    ("tostring", "stack overflow"),
    ("varargs", "stack overflow"),
    ("xpcall_handler", "error in error handling"),
];

#[test]
fn every_form_is_an_error_that_its_process_can_catch() {
    let ended = Warren::run("tests/programs/recursion")
        .outcome()
        .ends_with(0);
    let mut outcomes: BTreeMap<&str, (&str, &str)> = ended
        .text()
        .lines()
        .filter_map(|line| {
            let (form, rest) = line.split_once('\t')?;
            Some((form, rest.split_once('\t')?))
        })
        .collect();
    let mut wrong = Vec::new();
    for (form, expected) in FORMS {
        match outcomes.remove(form) {
            Some(("caught", message)) if message.contains(expected) => {}
            other => wrong.push(format!("{form}: expected {expected:?}, got {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(outcomes.is_empty(), "not listed: {outcomes:?}");
}

#[test]
fn a_main_that_recurses_ends_with_1() {
    Program::lua("local function f(n)\n  return 1 + f(n + 1)\nend\nf(1)")
        .run()
        .ends_with(1)
        .says(&[
            "error: main.lua:2: stack overflow (RateLimited)\n",
            "\n  stack traceback:\n  \tmain.lua:2: in upvalue 'f'\n  \t... 9 more\n",
            "max_lua_stack",
        ]);
}

#[test]
fn a_main_that_nests_too_deeply_does_not_compile() {
    let source = format!("return {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    Program::lua(&source).run().ends_with(1).says(&[
        "main.lua: ",
        "overflow",
        "limit = max_lua_calls, value = 200, host = app:processes",
    ]);
}

#[test]
fn a_module_that_recurses_is_its_processs_end() {
    let recursive = r#"(module
        (memory (export "memory") 1)
        (func $f (param i32) (result i32)
            (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
        (func (export "start") (drop (call $f (i32.const 0)))))"#;
    let main = r#"
        local events = process.events()
        for _ = 1, 20 do
          assert(process.spawn_monitored("app:deep", "app:processes"))
          print(events:receive().result.error)
        end
    "#;
    let ended = Program::of(&[("main.lua", main), ("deep.wat", recursive)])
        .run()
        .ends_with(0);
    let lines: Vec<&str> = ended.text().lines().collect();
    assert_eq!(lines.len(), 20, "{ended}");
    assert!(
        lines.iter().all(|line| line.contains("stack")),
        "the reason names the stack: {ended}"
    );
}
