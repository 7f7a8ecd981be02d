//! Services of a manifest, run by the command.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{run, warren};
use warren_tests::{Outcome, Program, Session};

/// A service that answers `ask` and fails at `fail`. It tells the process
/// `main`, if there is one, the number of its start.
const WORKER: &str = r#"
    return function(...)
        process.send("main", "up", tostring((...)) .. " " .. process.id())
        local inbox = process.inbox()
        while true do
            local message = inbox:receive()
            if message:topic() == "fail" then error("told to fail") end
            if message:topic() == "stop" then return end
            process.send(message:from(), "answer", "from " .. process.id())
        end
    end
"#;

/// The worker as a service.
const MANIFEST: &str = "[services.\"app:worker\"]\nprocess = \"app:worker\"\n";

/// Runs a program whose `app:worker` the manifest makes a service.
#[track_caller]
fn run_with_worker(main: &str, worker: &str, manifest: &str) -> Outcome {
    let dir = Program::of(&[
        ("main.lua", main),
        ("worker.lua", worker),
        ("warren.toml", manifest),
    ]);
    run(dir.path(), &["."])
}

#[test]
fn a_service_starts_with_the_program_under_its_name() {
    let main = r#"
        local answers = process.listen("answer")
        assert(process.send("app:worker", "ask"))
        print((answers:receive()))
        assert(process.send("app:worker", "stop"))
    "#;
    run_with_worker(main, WORKER, MANIFEST)
        .ends_with(0)
        .prints("from app:worker#1\n");
}

#[test]
fn arguments_host_and_identity_come_from_the_manifest() {
    let service = r#"
        return function(region, options)
            print(region, options.depth, math.type(options.rate), security.actor():id(), process.pid():match("app:%a+"))
        end
    "#;
    let manifest = r#"
        [security]
        [hosts."app:hall"]
        actor = { id = "host" }
        [services."app:svc"]
        process = "app:worker"
        host = "app:hall"
        args = ["eu", { depth = 3, rate = 1.0 }]
        actor = { id = "svc" }
    "#;
    run_with_worker("", service, manifest)
        .ends_with(0)
        .prints("eu\t3\tfloat\tsvc\tapp:hall\n");
}

#[test]
fn a_service_that_fails_is_started_again_under_its_name() {
    let main = r#"
        local ups, answers = process.listen("up"), process.listen("answer")
        assert(process.registry.register("main"))
        for i = 1, 3 do
            assert(process.send("app:worker", "fail"))
            repeat local up = ups:receive() until up == ("eu app:worker#%d"):format(i + 1)
        end
        assert(process.send("app:worker", "ask"))
        print((answers:receive()))
        assert(process.send("app:worker", "stop"))
    "#;
    let manifest = r#"
        [services."app:worker"]
        process = "app:worker"
        args = ["eu"]
        restart = { initial_delay = "1ms", max_delay = "2ms", reset_after = "1h" }
    "#;
    run_with_worker(main, WORKER, manifest)
        .ends_with(0)
        .prints("from app:worker#4\n")
        .says(&["told to fail", "service=\"app:worker\" attempt=4 of=10"]);
}

#[test]
fn a_critical_service_that_uses_up_its_attempts_ends_the_program() {
    let manifest = r#"
        [services."app:worker"]
        process = "app:worker"
        critical = true
        restart = { max_attempts = 2, initial_delay = "1ms", reset_after = "1h" }
    "#;
    let main = "process.inbox():receive()";
    run_with_worker(main, "return function() error('no luck') end", manifest)
        .ends_with(1)
        .says(&[
            "error: worker.lua:1: no luck",
            "the service app:worker gave up after 1 restart",
        ]);
}

#[test]
fn a_service_that_is_not_critical_may_give_up() {
    let manifest = r#"
        [services."app:worker"]
        process = "app:worker"
        restart = { policy = "never" }
    "#;
    run_with_worker(
        "print('main')",
        "return function() error('no luck') end",
        manifest,
    )
    .ends_with(0)
    .prints("main\n")
    .says(&["the service app:worker failed and has used up its restarts (0)"]);
}

#[test]
fn the_program_goes_on_until_no_service_is_left() {
    let service = r#"
        return function()
            local asked = process.inbox():receive()
            assert(process.monitor(asked:from()))
            process.send(asked:from(), "watched")
            assert(process.events():receive().kind == "pid.exit")
            print("main has ended")
        end
    "#;
    let main = r#"
        local watched = process.listen("watched")
        assert(process.send("app:worker", "watch"))
        watched:receive()
    "#;
    run_with_worker(main, service, MANIFEST)
        .ends_with(0)
        .prints("main has ended\n");
}

#[test]
fn a_failed_main_ends_the_services_too() {
    run_with_worker("error('no')", WORKER, MANIFEST)
        .ends_with(1)
        .says(&["error: main.lua:1: no"]);
}

#[test]
fn a_service_that_cannot_be_started_stops_the_start() {
    run_with_worker("print('main')", "return = 3", MANIFEST)
        .ends_with(1)
        .prints("")
        .says(&["worker.lua:1: ", "the service app:worker was not started"]);
}

#[test]
fn services_start_after_those_they_depend_on_and_end_before_them() {
    let store = r#"
        return function()
            local inbox, events = process.inbox(), process.events()
            while true do
                local got = channel.select{ inbox:case_receive(), events:case_receive() }
                if got.channel == events then break end
                process.send(got.value:from(), "stored")
            end
            print("store ends")
        end
    "#;
    let orders = r#"
        return function()
            local stored, events = process.listen("stored"), process.events()
            assert(process.send("app:store", "put"), "the store is there")
            stored:receive()
            print("ready")
            assert(events:receive().kind == "pid.cancel")
            assert(process.send("app:store", "put"), "the store is still there")
            stored:receive()
            print("orders end")
        end
    "#;
    let manifest = r#"
        [services."app:orders"]
        process = "app:orders"
        depends_on = ["app:store"]
        [services."app:store"]
        process = "app:store"
    "#;
    let dir = Program::of(&[
        ("main.lua", ""),
        ("orders.lua", orders),
        ("store.lua", store),
        ("warren.toml", manifest),
    ]);
    let mut session = Session::start(warren(dir.path(), &["run", "--grace", "10m", "."]));
    session.wait_for_line("ready");
    session.signal("TERM");
    session
        .end()
        .ends_with(143)
        .prints("ready\norders end\nstore ends\n");
}

#[test]
fn a_signal_before_the_first_process_ends_services_in_order() {
    let worker = r#"
        return function()
            local events = process.events()
            print("ready")
            assert(events:receive().kind == "pid.cancel")
            print("worker ends")
        end
    "#;
    let manifest = r#"
        [services."app:worker"]
        process = "app:worker"
    "#;
    // Takes longer to compile than a signal takes to arrive.
    let function = "(func (param i32) (result i32) local.get 0 i32.const 1 i32.add)\n";
    let main = format!(
        "(module (memory (export \"memory\") 1) (func (export \"_start\"))\n{})",
        function.repeat(20_000)
    );
    let dir = Program::of(&[
        ("main.wat", main.as_str()),
        ("worker.lua", worker),
        ("warren.toml", manifest),
    ]);
    let mut session = Session::start(warren(dir.path(), &["run", "--grace", "10m", "."]));
    session.wait_for_line("ready");
    session.signal("TERM");
    session.end().ends_with(143).prints("ready\nworker ends\n");
}

#[test]
fn problems_of_services_come_with_their_places() {
    let manifest = r#"
[services."app:a"]
process = "app:main"
depends_on = ["app:b"]
[services."app:b"]
process = "app:main"
depends_on = ["app:a"]
[services."app:c"]
process = "app:nobody"
host = "app:hal"
depends_on = ["app:bb"]
[services."app:d"]
process = "app.bound:x"
host = "app:processes"
[hosts."app:hall"]
[processes."app.bound:x"]
source = "main.lua"
host = "app:hall"
"#;
    let dir = Program::of(&[("main.lua", ""), ("warren.toml", manifest)]);
    run(dir.path(), &["."]).ends_with(2).says(&[
        "services wait for each other: `app:a` -> `app:b` -> `app:a`",
        "warren.toml:4:15]",
        "there is no definition `app:nobody`",
        "unknown host `app:hal`",
        "did you mean `app:hall`?",
        "unknown service `app:bb`",
        "`app.bound:x` may not run in `app:processes`",
    ]);
}
