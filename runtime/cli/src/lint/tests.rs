//! Tests of the rules, each with what it finds and what it leaves alone.

use super::*;

fn found(text: &str) -> Vec<String> {
    of_files(&[("main.lua", text)])
}

fn of_files(files: &[(&str, &str)]) -> Vec<String> {
    let definitions = ["app:main", "app:worker", "app.lib:util"];
    let program = Program {
        app: "app",
        definitions: &definitions,
        has_definition: &|id| definitions.contains(&id),
        has_module: &|name| name == "pool",
    };
    let files: Vec<File> = files
        .iter()
        .map(|(path, text)| File {
            path: (*path).to_owned(),
            text: text.as_bytes().to_vec(),
        })
        .collect();
    let findings = lint(&files, &program);
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn globals_are_those_of_the_api_and_of_the_program() {
    assert_eq!(
        found("local result = 1\nprnt(reslt)\nprint(result, _G, arg, _VERSION)"),
        [
            "main.lua:2:1: unknown global `prnt`; did you mean `print`? [unknown-global]",
            "main.lua:2:6: unknown global `reslt`; did you mean `result`? [unknown-global]",
        ]
    );
    assert_eq!(
        found("count = 1\nprint(count)\ncount = 2\nfunction go() end\n_G.meant = 3\nprint(meant)"),
        [
            "main.lua:1:1: `count` becomes a global of the whole process; \
             write `local count`, or `_G.count` for a global [set-global]",
            "main.lua:4:10: `go` becomes a global of the whole process; \
             write `local go`, or `_G.go` for a global [set-global]",
        ]
    );
    // Another file of the process sets it, or anything may be there.
    let set = ("a.lua", "_G.shared = 1");
    assert_eq!(of_files(&[set, ("b.lua", "print(shared)")]), [""; 0]);
    assert_eq!(found("setmetatable(_G, {})\nprint(anything)"), [""; 0]);
    assert_eq!(found("local _ENV = { x = 1 }\nreturn x"), [""; 0]);
}

#[test]
fn names_of_fields_methods_and_labels_are_no_variables() {
    let text = "local t = { name = 1, [1] = 2, 3 }\nt.other = t.name\nt:call(t['x'].y.z)\n\
                goto done\n::done::\nfunction t.a.b() end\nfunction t:c() return self end\n\
                return t, #'text', ...";
    assert_eq!(found(text), [""; 0]);
}

#[test]
fn locals_are_read() {
    assert_eq!(
        found("local a = 1\nlocal b\nb = 2\nlocal function f() end\nreturn function(p) end"),
        [
            "main.lua:1:7: the local `a` is never used [unused-local]",
            "main.lua:2:7: the local `b` is set and never read [unused-local]",
            "main.lua:4:16: the function `f` is never used [unused-local]",
        ]
    );
    // Its place, its end or its name says that it is meant.
    let fine = "local a, b = f()\nlocal _, _unused = b\nlocal c <close> = b\n\
                for i, v in pairs(b) do end\nfor i = 1, 2 do end";
    assert_eq!(found(&format!("local f = print\n{fine}")), [""; 0]);
    // The inner variable is another one.
    assert_eq!(
        found("local x = 1\ndo local x = 2 end\nreturn x"),
        ["main.lua:2:10: the local `x` is never used [unused-local]"]
    );
    // A closure reads it; the condition of a loop sees the body's; a value is before its name.
    let fine = "local n = 0\nlocal function add() n = n + 1 end\nadd()\n\
                repeat local done = n > 1 until done\nlocal n = n\nreturn n";
    assert_eq!(found(fine), [""; 0]);
}

#[test]
fn arguments_are_counted() {
    assert_eq!(
        found(
            "print(process.pid(1), process.send('x'), uuid.v4(), time.sleep())\n\
             local r = process.registry\nprint(r.lookup(), r.lookup('a'), r.lookup('a', 2, 3))"
        ),
        [
            "main.lua:1:7: process.pid takes no arguments, and is given 1 [arguments]",
            "main.lua:1:23: process.send takes at least 2 arguments, and is given 1 [arguments]",
            "main.lua:1:53: time.sleep takes 1 argument, and is given 0 [arguments]",
            "main.lua:3:7: process.registry.lookup takes 1 argument, and is given 0 [arguments]",
            "main.lua:3:34: process.registry.lookup takes 1 argument, and is given 3 [arguments]",
        ]
    );
    // Any number may come from a call or from `...`, unless it is in parentheses.
    assert_eq!(
        found("print(process.send(f()), time.sleep(...))\n_G.f = 1"),
        [""; 0]
    );
    assert_eq!(
        found("return process.send((...))"),
        ["main.lua:1:8: process.send takes at least 2 arguments, and is given 1 [arguments]"]
    );
    assert_eq!(
        found("return time.parse('layout', 'text', 'zone', anything())\n"),
        ["main.lua:1:45: unknown global `anything` [unknown-global]",]
    );
    assert_eq!(found("return json.encode { 1 }, require 'json'"), [""; 0]);
}

#[test]
fn functions_of_the_api_are_known() {
    assert_eq!(
        found("process.sned('a', 'b')\nlocal s = require('server')\ns.cal(1)\ns.call()"),
        [
            "main.lua:1:1: `process` has no function `sned`; did you mean `send`? [unknown-function]",
            "main.lua:3:1: `server` has no function `cal`; did you mean `call`? [unknown-function]",
            "main.lua:4:1: server.call takes 2 to 3 arguments, and is given 0 [arguments]",
        ]
    );
    // A module of the program, a local, a copy and a read are none of its business.
    let fine = "local pool = require('pool')\npool.any()\nlocal process = {}\nprocess.sned()\n\
                if time.nwo then return end";
    assert_eq!(found(fine), [""; 0]);
    assert_eq!(
        found("require('warren.pool').any()"),
        ["main.lua:1:1: `pool` has no function `any` [unknown-function]"]
    );
}

#[test]
fn results_of_send_and_spawn_are_looked_at() {
    let help = "it can fail: for example, take them with assert [discarded]";
    assert_eq!(
        found("process.send('room', 'say')\nif x then process.spawn('app:worker') end\n_G.x = 1"),
        [
            format!("main.lua:1:1: nobody looks at the results of process.send; {help}"),
            format!("main.lua:2:11: nobody looks at the results of process.spawn; {help}"),
        ]
    );
    let fine = "assert(process.send('room', 'say'))\nlocal _ = process.spawn('app:worker')\n\
                local m = process.inbox():receive()\nprocess.send(m:from(), 'reply')\n\
                return process.send('a', 'b')";
    assert_eq!(found(fine), [""; 0]);
}

#[test]
fn definitions_exist() {
    assert_eq!(
        found(
            "local a = process.spawn('app:wroker')\nlocal s = process.with_context {}\n\
             return a, s:exec('app.lib:utl'), process.exec('worker'), process.exec('app:none')"
        ),
        [
            "main.lua:1:25: the program has no definition `app:wroker`; \
             did you mean `app:worker`? [unknown-definition]",
            "main.lua:3:18: the program has no definition `app.lib:utl`; \
             did you mean `app.lib:util`? [unknown-definition]",
            "main.lua:3:47: the program has no definition `worker`; \
             did you mean `app:worker`? [unknown-definition]",
            "main.lua:3:71: the program has no definition `app:none` [unknown-definition]",
        ]
    );
    // A program around it may have given it.
    assert_eq!(
        found("return process.exec('host:database', nil, 'app:none')"),
        [""; 0]
    );
}

#[test]
fn comments_silence() {
    for comment in [
        "-- lint: off",
        "-- luacheck: ignore",
        "-- luacheck: ignore 113",
        "-- luacheck: ignore 11",
        "-- luacheck: ignore prnt",
        "-- luacheck: ignore unused-local, unknown-global",
    ] {
        assert_eq!(found(&format!("prnt(1) {comment}")), [""; 0], "{comment}");
        assert_eq!(found(&format!("{comment}\nprnt(1)")), [""; 0], "{comment}");
        let of_another_line = format!("{comment}\n\nprnt(1)");
        assert_eq!(found(&of_another_line).len(), 1, "{comment}");
    }
    for comment in ["-- luacheck: ignore 211", "-- lint: offer", "-- luacheck"] {
        assert_eq!(found(&format!("prnt(1) {comment}")).len(), 1, "{comment}");
    }
}

#[test]
fn hostile_files_end() {
    let deep = |open: &str, close: &str, number: usize| {
        format!("return {}1{}", open.repeat(number), close.repeat(number))
    };
    for text in [
        deep("(", ")", 100_000),
        deep("{", "}", 100_000),
        deep("-", "", 100_001),
        format!("return f{}", "()".repeat(100_000)),
        format!("return print{}", ".x".repeat(100_000)),
        format!("return 1{}", " + 1".repeat(100_000)),
        "do ".repeat(100_000) + &"end ".repeat(100_000),
        "function f() ".repeat(50_000) + &"end ".repeat(50_000),
        "local x ".repeat(50_000),
        "x = ".repeat(100_000),
        "prnt() ".repeat(100_000),
        "--[[ ]] ".repeat(100_000),
        "\0\u{fffd}".repeat(10_000),
    ] {
        // The end is what counts.
        let _ = found(&text);
    }
    let large = format!("-- {}", "x".repeat(5 << 20));
    let unread = found(&large);
    assert_eq!(
        unread,
        ["main.lua:1:1: the file is not read for mistakes: it has more than 4 MiB [unread]"]
    );
    let broken = found("local x = = 1");
    assert!(broken[0].ends_with("[unread]"), "{broken:?}");
}
