//! The contract's table "End of a process", and programs of every form.

use warren_guest::Error;
use warren_guest::mock::{self, Outcome};

use super::{output_of, run, run_in};

fn failure(source: &str) -> Error {
    match run(source).outcome {
        Outcome::Failed(error) => error,
        Outcome::Finished(result) => panic!("it finished with {result:?}"),
    }
}

fn result(source: &str) -> Option<Vec<u8>> {
    match run(source).outcome {
        Outcome::Finished(result) => result,
        Outcome::Failed(error) => panic!("it failed: {error}"),
    }
}

#[test]
fn a_file_that_returns_nil_and_an_error_has_failed() {
    let failed = |source: &str| match run(source).outcome {
        Outcome::Failed(error) => error.message,
        other => panic!("{source}: {other:?}"),
    };
    assert_eq!(failed("return nil, 'no config'"), "no config");
    assert_eq!(failed("return nil, errors.new('none')"), "none");
    for source in ["return nil", "return nil, nil", "return nil, 5", "return"] {
        assert_eq!(run(source).outcome, Outcome::Finished(None), "{source}");
    }
}

#[test]
fn a_result_of_too_many_bytes_ends_the_process_as_the_runtime_says_it() {
    let source = "return function() return ('x'):rep(2 << 20) end";
    let Outcome::Failed(error) = run(source).outcome else {
        panic!("it failed");
    };
    assert_eq!(
        (&*error.kind, &*error.message),
        ("Invalid", "result too large")
    );
}

#[test]
fn an_error_of_too_many_bytes_is_cut() {
    let letters = "x".repeat(1_000) + "... (this error has more than max_message = 1048576 bytes: ";
    let wide = "\u{e9}".repeat(500) + "... (this error has";
    for (source, kind, beginning) in [
        ("error(('x'):rep(2 << 20), 0)", "Internal", &*letters),
        ("error(('\u{e9}'):rep(1 << 20), 0)", "Internal", &*wide),
        ("return nil, ('x'):rep(2 << 20)", "", &*letters),
        (
            "error(errors.new { message = ('x'):rep(2 << 20), kind = errors.TIMEOUT })",
            "Timeout",
            &*letters,
        ),
        (
            "error(errors.new { message = 'm', kind = errors.TIMEOUT,
                                details = { ('x'):rep(2 << 20) } })",
            "Timeout",
            "m (this error has",
        ),
    ] {
        let source = format!("return function() {source} end");
        let Outcome::Failed(error) = run(&source).outcome else {
            panic!("{source}");
        };
        assert_eq!(error.kind, kind, "{source}");
        assert!(error.message.starts_with(beginning), "{source}: {error:?}");
        assert!(error.message.len() < 1_200, "{source}");
    }
}

#[test]
fn the_return_value_of_main_is_the_result() {
    assert_eq!(result("return function() end"), None);
    assert_eq!(result("return function() return nil, nil end"), None);
    assert_eq!(result("return function() return 5 end"), Some(vec![5]));
    assert_eq!(
        result("return { main = function() return 'x', nil end }"),
        Some(b"\xa1x".to_vec())
    );
    assert_eq!(result("print('nothing')"), None);
}

#[test]
fn a_second_value_is_an_error() {
    let error = failure(
        "return function() return nil, errors.new { kind = errors.TIMEOUT, message = 'late' } end",
    );
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        ("Timeout", "late")
    );
    assert_eq!(
        failure("return function() return 1, 'plain' end").message,
        "plain"
    );
}

#[test]
fn both_results_of_require_are_a_result() {
    let main = |last: &str| {
        format!(
            "package.preload.m = function() return {{ 'x' }} end
             package.preload.word = function() return 'text' end
             return function() {last} end"
        )
    };
    for last in [
        "return require('m')",
        "require('m') return require('m')",
        "require('word') return require('m')",
        "package.preload.outer = function() return require('m') end return require('outer')",
        "local m, place = require('m') return m, place",
    ] {
        assert_eq!(result(&main(last)), Some(b"\x91\xa1x".to_vec()), "{last}");
    }
    assert_eq!(
        result(&main("return require('word')")),
        Some(b"\xa4text".to_vec())
    );
    for (last, message) in [
        ("return require('m'), 'other'", "other"),
        ("require('m') return { 'x' }, ':preload:'", ":preload:"),
        ("require('m') return nil, ':preload:'", ":preload:"),
        ("return nil, ':preload:'", ":preload:"),
        (
            "local m = require('m') require('word') return m, ':preload:'",
            ":preload:",
        ),
    ] {
        assert_eq!(failure(&main(last)).message, message, "{last}");
    }
}

#[test]
fn a_failing_task_closes_its_open_variables() {
    const OPEN: &str = "local function open(name)
           return setmetatable({}, { __close = function(_, raised) print(name, raised) end })
         end\n";
    for failing in [
        "local file <close> = open('file')\nerror('boom', 0)",
        "local file <close> = open('file')\nreturn function() error('boom', 0) end",
        "coroutine.spawn(function() local file <close> = open('file') error('boom', 0) end)
         time.sleep(1)",
    ] {
        let ended = run(&format!("{OPEN}{failing}"));
        let expected = if failing.contains("return") {
            ""
        } else {
            "file\tboom\n"
        };
        assert_eq!(
            ended.output.replace("file\tnil\n", ""),
            expected,
            "{failing}"
        );
        assert!(matches!(ended.outcome, Outcome::Failed(error) if error.message == "boom"));
    }
    let replaced = failure(
        "local x <close> = setmetatable({}, { __close = function() error('closing', 0) end })
         error('boom', 0)",
    );
    assert_eq!(replaced.message, "closing");
}

#[test]
fn a_traceback_has_no_frames_of_the_prelude() {
    let text = output_of(
        "table.sort({ 3, 2, 1 }, function(a, b)
           if not shown then shown = debug.traceback('here') end
           return a < b
         end)
         print(shown)
         print(debug.traceback(coroutine.create(print), nil), debug.traceback(5), debug.traceback(print) == print)",
    );
    assert!(
        text.starts_with("here\nstack traceback:\n\ttest.lua:2: in function <test.lua:1>\n"),
        "{text}"
    );
    assert!(text.contains("in function 'table.sort'"), "{text}");
    assert!(!text.contains("?:"), "{text}");
    assert!(
        text.contains("\nstack traceback:\t5\nstack traceback:"),
        "{text}"
    );
    assert!(text.ends_with("\ttrue\n"), "{text}");
}

#[test]
fn a_comparison_that_fails_in_sort_has_no_position_in_the_prelude() {
    assert_eq!(
        output_of("print(pcall(table.sort, { setmetatable({}, {}), {} }))"),
        "false\tattempt to compare two table values\n"
    );
}

#[test]
fn an_error_comes_with_position_and_traceback() {
    let error =
        failure("local function inner()\n  error('boom')\nend\nreturn function()\n  inner()\nend");
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        ("Internal", "test.lua:2: boom")
    );
    let stack = error.stack.unwrap_or_default();
    assert!(
        stack.starts_with("stack traceback:\n\t[C]: in function 'error'"),
        "{stack}"
    );
    assert!(
        stack.contains("test.lua:2: in upvalue 'inner'")
            && stack.contains("test.lua:5: in function"),
        "{stack}"
    );
}

/// Functions that fill a stack of Lua.
const DEEP: &str = "local function f() return 1 + f() end
    local function calls() local _, why = pcall(calls) error(why, 0) end
    local function nested() return load(('('):rep(1000)) end\n";

#[test]
fn the_error_of_a_full_stack_has_its_limit() {
    let values = ("max_lua_stack", 400_000);
    let calls = ("max_lua_calls", 200);
    for (main, message, (limit, value)) in [
        ("f()", "test.lua:1: stack overflow", values),
        ("coroutine.wrap(f)()", ": stack overflow", values),
        (
            "coroutine.spawn(f) time.sleep(1)",
            ": stack overflow",
            values,
        ),
        (
            "local _, why = pcall(f) error(why, 0)",
            "stack overflow",
            values,
        ),
        (
            "local _, why = pcall(f) error(why)",
            "stack overflow",
            values,
        ),
        ("assert(pcall(f))", "stack overflow", values),
        (
            "table.unpack({}, 1, 1e6)",
            "too many results to unpack",
            values,
        ),
        (
            "string.byte(('x'):rep(500000), 1, -1)",
            "(string slice too long)",
            values,
        ),
        ("calls()", "C stack overflow", calls),
        ("error((select(2, nested())), 0)", "C stack overflow", calls),
        ("assert(nested())", "C stack overflow", calls),
        (
            "string.find(('a'):rep(300000), ('a?'):rep(300000))",
            "pattern too complex",
            calls,
        ),
        (
            "string.gsub(('a'):rep(300000), ('a?'):rep(300000), print)",
            "pattern too complex",
            calls,
        ),
        (
            "local function g() return (('x'):gsub('x', g)) end g()",
            "C stack overflow",
            calls,
        ),
        (
            "local x <close> = setmetatable({}, { __close = f }) f()",
            "error in error handling",
            values,
        ),
    ] {
        let error = failure(&format!("{DEEP}return function() {main} end"));
        assert!(error.message.ends_with(message), "{main}: {error}");
        assert_eq!(error.kind, "RateLimited", "{main}: {error}");
        assert_eq!(error.retryable, Some(false), "{main}");
        let found = error.limit().unwrap_or_else(|| panic!("{main}: {error:?}"));
        assert_eq!((&*found.name, found.value), (limit, value), "{main}");
        assert_eq!(found.host.as_deref(), Some("app:test"), "{main}");
    }
}

#[test]
fn an_error_that_follows_a_full_stack_has_no_limit() {
    for (main, message) in [
        ("pcall(f) error('stack overflow', 0)", "stack overflow"),
        (
            "local _, why = pcall(f) error('deep: ' .. why, 0)",
            "deep: test.lua:1: stack overflow",
        ),
        (
            "local x <close> = setmetatable({}, { __close = function() error('other', 0) end }) f()",
            "other",
        ),
    ] {
        let error = failure(&format!("{DEEP}return function() {main} end"));
        assert_eq!(
            (&*error.kind, &*error.message),
            ("Internal", message),
            "{main}"
        );
        assert_eq!(error.limit(), None, "{main}");
    }
}

#[test]
fn the_error_of_a_full_stack_is_the_text_of_lua() {
    let output = output_of(&format!(
        "{DEEP}print(pcall(f))
         print(xpcall(f, function(why) return type(why) .. ' ' .. why end))
         print(nested())"
    ));
    assert_eq!(
        output,
        "false\ttest.lua:1: stack overflow\nfalse\tstring test.lua:1: stack overflow\n\
         nil\tC stack overflow\n"
    );
}

#[test]
fn a_source_that_nests_too_deeply_is_refused_with_the_limit() {
    let error = failure(&format!(
        "return {}1{}",
        "(".repeat(1_000),
        ")".repeat(1_000)
    ));
    assert_eq!(
        (&*error.kind, &*error.message),
        ("Invalid", "test.lua: C stack overflow")
    );
    let limit = error.limit().expect("the error has a limit");
    assert_eq!((&*limit.name, limit.value), ("max_lua_calls", 200));
}

#[test]
fn calls_that_repeat_are_folded_in_the_stack_of_a_failure() {
    let error = failure("local function f()\n  return 1 + f()\nend\nreturn f");
    let stack = error.stack.unwrap_or_default();
    assert!(
        stack.contains("\ttest.lua:2: in upvalue 'f'\n\t... 9 more\n\t... (skipping "),
        "{stack}"
    );
    let error = failure(
        "local function f(n)
           if n == 0 then return nil, errors.new('no') end
           local result, err = f(n - 1)
           return result, err
         end
         return function() local result, err = f(50) return result, err end",
    );
    assert_eq!(
        error.stack.unwrap_or_default(),
        "test.lua:2: in upvalue 'f'\ntest.lua:3: in upvalue 'f'\n... 18 more\n..."
    );
}

#[test]
fn an_error_folds_calls_that_repeat_and_debug_traceback_does_not() {
    let output = output_of(
        "local function deep(n, make)
           if n == 0 then local made = make() return made end
           local made = deep(n - 1, make)
           return made
         end
         local function fails() local err = errors.new('x') return err end
         print(deep(50, fails):stack())
         print(#errors.call_stack(deep(50, fails)).frames)
         print(deep(2, fails):stack())
         local text = deep(12, debug.traceback)
         print(select(2, text:gsub('\\n\\ttest.lua:3: in ', '')), text:find('more'))",
    );
    assert_eq!(
        output,
        "test.lua:6: in local 'make'\ntest.lua:2: in upvalue 'deep'\n\
         test.lua:3: in upvalue 'deep'\n... 17 more\n...\n20\n\
         test.lua:6: in local 'make'\ntest.lua:2: in upvalue 'deep'\n\
         test.lua:3: in upvalue 'deep'\ntest.lua:3: in local 'deep'\n\
         test.lua:9: in main chunk\n12\tnil\n"
    );
}

#[test]
fn the_prelude_is_not_in_tracebacks() {
    let error =
        failure("return function() table.sort({ 2, 1 }, function() error('in sort') end) end");
    let stack = error.stack.unwrap_or_default();
    assert!(
        stack.contains("in function 'table.sort'") && !stack.contains("?: in"),
        "{stack}"
    );
}

#[test]
fn a_structured_error_that_is_raised_arrives_intact() {
    let error = failure(
        "return function() error(errors.new { kind = errors.CONFLICT, message = 'm', retryable = true, details = { 1 } }) end",
    );
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        ("Conflict", "m")
    );
    assert_eq!(
        (error.retryable, error.details),
        (Some(true), vec![0x91, 1])
    );
    assert!(error.stack.is_some());
}

#[test]
fn other_values_that_are_raised_are_described() {
    assert_eq!(failure("error()").message, "(error object is a nil value)");
    assert_eq!(failure("error(42)").message, "42");
    let error = failure("error({ code = 7 })");
    assert_eq!(
        (error.message.as_str(), error.details),
        (
            "(error object is a table value)",
            b"\x81\xa4code\x07".to_vec()
        )
    );
    assert_eq!(
        failure("error(setmetatable({}, { __tostring = function() return 'text' end }))").message,
        "text"
    );
}

#[test]
fn a_raised_error_keeps_its_details_beside_what_cannot_cross() {
    let why = "a function cannot leave its process";
    assert_eq!(
        failure("error({ f = print })").details,
        [&b"\x81\xa1f\xd9\x23"[..], why.as_bytes()].concat()
    );
    for (details, kept) in [
        ("{ 1, { print, 2 } }", &b"\x92\x01\x92\xd9\x23"[..]),
        ("{ { y = print }, 3 }", &b"\x92\x81\xa1y\xd9\x23"[..]),
    ] {
        let error = failure(&format!(
            "error(errors.new {{ message = 'm', kind = 'Own', details = {details} }})"
        ));
        assert_eq!((&*error.kind, &*error.message), ("Own", "m"));
        assert!(
            error.details.starts_with(&[kept, why.as_bytes()].concat()),
            "{details}: {error:?}"
        );
    }
    let keyed = failure("error(errors.new { message = 'm', details = { [{}] = 5 } })").details;
    let key = b"a key that is a table cannot leave its process";
    assert_eq!(
        keyed,
        [&b"\x81\xd9\x2e"[..], &key[..], &b"\x05"[..]].concat()
    );
    let cycle = failure("local t = { 1 } t.t = t error(errors.new { message = 'm', details = t })");
    assert!(
        cycle
            .details
            .ends_with(b"a table that contains itself cannot leave its process")
    );
}

#[test]
fn a_returned_error_whose_details_cannot_cross_is_invalid_and_says_its_message() {
    for source in [
        "return nil, errors.new { message = 'm', kind = 'Own', details = { x = print, y = 1 } }",
        "return function() return nil, errors.new { message = 'm', details = { x = print } } end",
    ] {
        let error = failure(source);
        assert_eq!(
            (&*error.kind, &*error.message),
            (
                "Invalid",
                "error:details().x: a function cannot leave its process; the error was: m"
            )
        );
    }
}

#[test]
fn a_result_that_cannot_cross_is_named_by_its_path() {
    let error = failure("return function() return { a = { print } } end");
    assert_eq!(error.kind, "Invalid");
    assert_eq!(
        error.message,
        "result.a[1]: a function cannot leave its process"
    );
}

#[test]
fn an_error_in_any_task_fails_the_process() {
    let error = failure(
        "coroutine.spawn(function() error('elsewhere', 0) end) time.sleep('1s') print('not reached')",
    );
    assert_eq!(error.message, "elsewhere");
}

#[test]
fn when_main_returns_the_other_tasks_end() {
    assert_eq!(
        output_of(
            "coroutine.spawn(function() time.sleep('1s'); print('not reached') end) time.sleep('1ms')"
        ),
        ""
    );
}

#[test]
fn a_missing_method_names_what_is_there() {
    let error = failure("return { b = print, a = print, n = 1 }");
    assert_eq!(error.kind, "NotFound");
    assert_eq!(
        error.message,
        "function 'main' not found: the file has 'a', 'b'"
    );
    assert!(
        failure("return 5")
            .message
            .starts_with("the file returned a number")
    );
}

#[test]
fn a_file_that_returns_no_function_says_the_error_behind_it() {
    let why = "a function or a table of functions was expected";
    for (source, kind, message) in [
        (
            "return false, 'x'",
            "",
            format!("the file returned a boolean; {why}: x"),
        ),
        (
            "return pcall(error, 'x')",
            "",
            format!("the file returned a boolean; {why}: x"),
        ),
        (
            "return 5, errors.new { message = 'm', kind = 'Own' }, 7",
            "Own",
            format!("the file returned a number; {why}: m"),
        ),
        (
            "return 5, 7",
            "Invalid",
            format!("the file returned a number; {why}"),
        ),
        (
            "package.preload.m = function() return 5 end return require('m')",
            "Invalid",
            format!("the file returned a number; {why}"),
        ),
    ] {
        let error = failure(source);
        assert_eq!(
            (&*error.kind, &*error.message),
            (kind, &*message),
            "{source}"
        );
    }
}

#[test]
fn a_source_that_does_not_compile_says_where() {
    let error = failure("print(1)\nlocal x = = 2");
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        ("Invalid", "test.lua:2: unexpected symbol near '='")
    );
    assert_eq!(
        output_of("#!/usr/bin/env warren\nprint(debug.getinfo(1, 'l').currentline)"),
        "2\n"
    );
}

#[test]
fn arguments_reach_the_file_and_main() {
    let mut runtime = mock::Runtime::default();
    runtime.arguments = b"\x94\xa1a\xc0\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xc0".to_vec();
    let run = run_in(
        runtime,
        "print(select('#', ...), ...) return function(...) print(select('#', ...), ...) end",
    );
    assert_eq!(run.output, "4\ta\tnil\t1.0\tnil\n4\ta\tnil\t1.0\tnil\n");
}
