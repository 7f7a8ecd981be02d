//! A process that exceeds its limit ends with a clear reason; the others go on.

use warren_tests::{Program, Warren};

const HOGS: &[&str] = &[
    "one_string",
    "many_strings",
    "tables",
    "closures",
    "coroutines",
    "scheduled_coroutines",
    "own_messages",
    "metatables",
];

#[test]
fn a_process_that_takes_too_much_memory_ends_and_the_others_go_on() {
    let ended = Warren::run("tests/programs/hogs").outcome().ends_with(0);
    let lines: Vec<&str> = ended.text().lines().collect();
    for hog in HOGS {
        let prefix = format!("{hog}: ");
        let line = lines.iter().find(|line| line.starts_with(&prefix));
        assert!(
            line.is_some_and(|line| {
                line.ends_with("not enough memory: max_memory = 16 MiB of host app:hogs")
            }),
            "{hog}: {line:?}: {ended}"
        );
    }
    assert_eq!(lines.len(), HOGS.len() + 1, "{ended}");
    assert!(
        lines
            .last()
            .is_some_and(|line| line.starts_with("the others: ")),
        "{ended}"
    );
}

#[test]
fn a_main_that_takes_too_much_memory_ends_with_1() {
    Program::lua("local t = {}\nwhile true do t[#t + 1] = ('x'):rep(1000) .. #t end")
        .run()
        .ends_with(1)
        .says(&[
            "not enough memory",
            "max_memory = 64 MiB of host app:processes",
            "{app:processes|0x00001}",
        ]);
}

#[test]
fn running_out_of_memory_can_be_caught() {
    // The memory of the failed part is free again: the operation succeeds after
    // it.
    Program::lua(
        "for i = 1, 5 do
           local ok, message = pcall(function()
             local t = {}
             while true do t[#t + 1] = ('x'):rep(100000) .. #t end
           end)
           assert(not ok and tostring(message):find('not enough memory'), message)
           collectgarbage()
         end
         print(#('x'):rep(20 << 20))",
    )
    .run()
    .ends_with(0)
    .prints("20971520\n");
}

#[test]
fn the_limit_is_named_by_what_happened_and_not_by_the_text() {
    let main = r#"
        local events = process.events()
        for _, how in ipairs { "fails for it", "gets some again" } do
          assert(process.spawn_monitored("app:child", "app:processes", how))
          local result = events:receive().result
          print(result.cause:kind(), result.error)
        end
    "#;
    let child = r#"
        return function(how)
          local function take(bytes) return #("x"):rep(bytes) end
          if how == "fails for it" then take(1 << 30) end
          assert(not pcall(take, 1 << 30))
          take(8 << 20)
          error("the memory of an elephant", 0)
        end
    "#;
    Program::of(&[("main.lua", main), ("child.lua", child)])
        .run()
        .ends_with(0)
        .prints(
            "RateLimited\tnot enough memory: max_memory = 64 MiB of host app:processes\n\
             Internal\tthe memory of an elephant\n",
        );
}

/// The larger source does not even fit into the memory of the interpreter that prepares it.
#[test]
fn a_source_of_any_size_is_refused_with_the_limit() {
    let main = r#"
        for _, id in ipairs { "app:large", "app:huge" } do
          local pid, err = process.spawn(id, "app:small")
          local details = err:details()
          print(pid, err:kind(), err:retryable(), details.limit, details.value, details.host)
        end
    "#;
    let source = |lines: usize| "x = {x, 'some text'}\n".repeat(lines);
    Program::of(&[
        (
            "warren.toml",
            "[hosts.\"app:small\"]\nmax_memory = \"4MiB\"\n".to_owned(),
        ),
        ("main.lua", main.to_owned()),
        ("large.lua", source(100_000)),
        ("huge.lua", source(400_000)),
    ])
    .run()
    .ends_with(0)
    .prints(&"nil\tRateLimited\tfalse\tmax_memory\t4194304\tapp:small\n".repeat(2));
}

#[test]
fn a_module_of_any_size_is_refused_with_the_limit() {
    let main = r#"
        local _, result = process.exec("app:user", "app:small")
        print(_, result:kind(), result:details().limit)
        print(process.exec("app:careful", "app:small"))
    "#;
    let careful = r#"
        return function()
          local loaded, err = pcall(require, "large")
          local details = err:details()
          assert(not loaded and err:kind() == errors.RATE_LIMITED and details.value == 4194304)
          assert(err:find("error loading module 'large' from file 'large.lua': ", 1, true), err)
          return details.limit
        end
    "#;
    Program::of(&[
        (
            "warren.toml",
            "[hosts.\"app:small\"]\nmax_memory = \"4MiB\"\n",
        ),
        ("main.lua", main),
        ("user.lua", "require('large')"),
        ("careful.lua", careful),
        ("large.lua", &"x = {x, 'some text'}\n".repeat(400_000)),
    ])
    .run()
    .ends_with(0)
    .prints("nil\tRateLimited\tmax_memory\nmax_memory\tnil\n");
}

#[test]
fn a_module_that_grows_its_memory_is_refused_more() {
    let greedy = r#"(module
        (memory (export "memory") 1)
        (func (export "start")
            (loop $more
                (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
            unreachable))"#;
    let manifest = "[hosts.\"app:small\"]\nmax_memory = \"1MiB\"\n";
    let main = r#"
        local events = process.events()
        assert(process.spawn_monitored("app:greedy", "app:small"))
        print(events:receive().result.error)
    "#;
    let ended = Program::of(&[
        ("main.lua", main),
        ("greedy.wat", greedy),
        ("warren.toml", manifest),
    ])
    .run()
    .ends_with(0);
    assert!(
        ended
            .text()
            .contains("max_memory = 1 MiB of host app:small"),
        "{ended}"
    );
}

#[test]
fn a_host_too_small_for_the_interpreter_says_so() {
    let manifest = "[hosts.\"app:tiny\"]\nmax_memory = \"64KiB\"\n";
    let main = r#"
        local pid, err = process.spawn_monitored("app:child", "app:tiny")
        local result = pid and process.events():receive().result
        print(err and err:message() or result.error)
    "#;
    let ended = Program::of(&[
        ("main.lua", main),
        ("child.lua", "process.inbox():receive()"),
        ("warren.toml", manifest),
    ])
    .run()
    .ends_with(0);
    assert!(ended.text().contains("memory"), "{ended}");
}

#[test]
fn a_flood_of_messages_is_refused_to_its_sender() {
    // The receiver never reads. No process fails, and the sender gets an error.
    Program::of(&[
        (
            "main.lua",
            r#"
            local pid = assert(process.spawn("app:deaf", "app:processes"))
            local sent = 0
            while true do
              local ok, err = process.send(pid, "t", ("x"):rep(1000))
              if not ok then
                assert(errors.is(err, errors.RATE_LIMITED), err)
                break
              end
              sent = sent + 1
            end
            assert(sent > 100 and sent <= 10000, sent)
            assert(process.terminate(pid))
            print("refused")
            "#,
        ),
        ("deaf.lua", "process.listen('other'):receive()"),
    ])
    .run()
    .ends_with(0)
    .prints("refused\n");
}

#[test]
fn spawning_without_end_is_refused_to_the_spawner() {
    let manifest = "[hosts.\"app:few\"]\nmax_processes = 100\n";
    let main = r#"
        local live = 0
        while true do
          local pid, err = process.spawn("app:child", "app:few")
          if not pid then
            assert(errors.is(err, errors.RATE_LIMITED) and err:retryable(), err)
            break
          end
          live = live + 1
        end
        print(live)
    "#;
    Program::of(&[
        ("main.lua", main),
        ("child.lua", "process.inbox():receive()"),
        ("warren.toml", manifest),
    ])
    .run()
    .ends_with(0)
    .prints("100\n");
}
