//! Attacks by services that end as they start.

use warren_tests::{Program, Warren};

use crate::scene::{Scene, refused};

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "services/restart_storm",
        tries: "20 services that end at once, to be started again without a delay",
        end: "each is given up after its attempts, and the others go on",
        run: storm,
    },
    Scene {
        name: "services/critical_storm",
        tries: "a critical service that fails at once, beside a program that would go on",
        end: "the program ends with 1 after its attempts",
        run: critical,
    },
    Scene {
        name: "services/that_do_not_compile",
        tries: "a service that does not compile",
        end: "the program does not start",
        run: broken,
    },
    Scene {
        name: "services/name_taken_by_another",
        tries: "to take the name of a service while it waits to be started again",
        end: "it is given up after its attempts, and the others go on",
        run: taken,
    },
];

/// Services of this definition, without a delay between their starts.
fn manifest(services: usize, attempts: usize, more: &str) -> String {
    let services: String = (0..services)
        .map(|n| {
            format!(
                "[services.\"app:s{n}\"]\nprocess = \"app:storm\"\nhost = \"app:storms\"\n{more}\n\
                 restart = {{ policy = \"always\", max_attempts = {attempts}, \
                 initial_delay = \"0s\", reset_after = \"1h\" }}\n"
            )
        })
        .collect();
    format!("{services}[hosts.\"app:storms\"]\nmax_processes = 100\n")
}

fn storm() {
    const ATTEMPTS: usize = 100;
    let main = r#"
        local starts, replies = process.listen("start"), process.listen("reply")
        process.registry.register("main")
        local other = assert(process.spawn("app:other", "app:processes", process.pid()))
        local expected = tonumber((...))
        for i = 1, expected do
            assert(process.send(other, "ask", i))
            assert(replies:receive() == i)
            starts:receive()
        end
        -- No further one comes while the others go on.
        for i = 1, 1000 do
            assert(process.send(other, "ask", i))
            assert(replies:receive() == i)
        end
        local more = channel.select { starts:case_receive(), default = true }
        print(more.channel and "more" or "over")
        process.send(other, "stop")
    "#;
    let other = r#"return function(to)
        local inbox = process.inbox()
        while true do
            local message = inbox:receive()
            if message:topic() == "stop" then return end
            process.send(to, "reply", message:payload())
        end
    end"#;
    let storm = r#"
        while not process.registry.lookup("main") do time.sleep("1ms") end
        assert(process.send("main", "start"))
        error("at once")"#;
    let program = Program::of(&[
        ("main.lua", main),
        ("other.lua", other),
        ("storm.lua", storm),
        ("warren.toml", &manifest(20, ATTEMPTS, "")),
    ]);
    let expected = (20 * ATTEMPTS).to_string();
    let outcome = program.command().arguments([&expected]).outcome();
    let outcome = outcome.ends_with(0).prints("over\n");
    let given_up = outcome.stderr.matches("has used up its restarts").count();
    assert_eq!(given_up, 20, "{outcome}");
}

fn critical() {
    let program = Program::of(&[
        ("main.lua", "process.listen('never'):receive()"),
        ("storm.lua", "error('at once')"),
        ("warren.toml", &manifest(1, 50, "critical = true")),
    ]);
    let outcome = program.run().ends_with(1);
    let outcome = outcome.says(&["app:s0", "gave up after 49 restarts", "at once"]);
    assert_eq!(
        outcome.stderr.matches("will be restarted").count(),
        49,
        "{outcome}"
    );
}

fn broken() {
    let program = Program::of(&[
        ("main.lua", "print('started')"),
        ("storm.lua", "this is no Lua"),
        ("warren.toml", &manifest(3, 1_000, "")),
    ]);
    let check = Warren::tool("check", ".").current_dir(program.path());
    refused(check.outcome(), 1, &["storm.lua:1"]);
    let outcome = refused(program.run(), 1, &["app:s0", "storm.lua:1"]);
    assert_eq!(outcome.text(), "");
}

fn taken() {
    let main = r#"
        local starts = process.listen("start")
        process.registry.register("main")
        starts:receive()
        while not process.registry.register("app:s0") do time.sleep("1ms") end
        print("taken")
        process.inbox():receive()
    "#;
    let storm = r#"
        while not process.registry.lookup("main") do time.sleep("1ms") end
        process.send("main", "start")"#;
    // The name is free for the delays between the starts; the first is enough.
    let delay = r#"initial_delay = "2s", backoff = 1.0"#;
    let manifest = manifest(1, 3, "critical = true");
    let manifest = manifest.replace(r#"initial_delay = "0s""#, delay);
    let program = Program::of(&[
        ("main.lua", main),
        ("storm.lua", storm),
        ("warren.toml", &manifest),
    ]);
    let outcome = program.run().ends_with(1);
    outcome
        .says(&["app:s0", "already registered"])
        .prints("taken\n");
}
