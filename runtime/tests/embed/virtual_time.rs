//! Virtual time: clocks, deadlines and timers jump when every process waits.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use warren::app::{App, AppOptions, Consumer};
use warren::capability::{Caller, Capability, QueueSettings, Step};
use warren::{Builder, Code, Definition, Grants, Runtime, Source, Uses};

use crate::setup::{PATIENCE, builder, in_time, run};

const HOUR: Duration = Duration::from_secs(3_600);

fn in_virtual_time() -> Builder {
    builder().virtual_time(true)
}

/// Runs a program in Lua within real seconds, and returns its result in nanoseconds.
async fn nanoseconds(code: &str) -> u128 {
    let runtime = in_virtual_time()
        .lua("app:main", code)
        .lua("app:sleeper", "return function() time.sleep('1h') end")
        .start()
        .unwrap();
    let passed: i64 = in_time(runtime.exec("app:main")).await.unwrap();
    runtime.shutdown(Duration::ZERO).await;
    u128::try_from(passed).unwrap()
}

#[test]
fn a_sleep_takes_no_time_and_is_exact() {
    run(async {
        let code = "return function()
            local begun = time.now():unix_nano()
            time.sleep('1h')
            return time.now():unix_nano() - begun
        end";
        assert_eq!(nanoseconds(code).await, HOUR.as_nanos());
    });
}

#[test]
fn timers_tickers_and_timeouts_come_in_their_order() {
    run(async {
        let code = "return function()
            local begun, seen = time.now():unix_nano(), {}
            local ticker, after = time.ticker('40m'), time.after('1h')
            local none = process.listen('none')
            for _ = 1, 4 do
                local got = channel.select {
                    ticker:channel():case_receive(), after:case_receive(),
                }
                seen[#seen + 1] = got.channel == after and 'after' or 'tick'
                if got.channel == after then break end
            end
            assert(table.concat(seen, ' ') == 'tick after', table.concat(seen, ' '))
            ticker:stop()
            local value, _, why = none:receive('1h')
            assert(value == nil and why == 'timeout')
            return time.now():unix_nano() - begun
        end";
        assert_eq!(nanoseconds(code).await, 2 * HOUR.as_nanos());
    });
}

#[test]
fn the_clock_jumps_only_while_all_processes_wait() {
    run(async {
        // The sleeper of an hour ends while the first process waits for two, not before.
        let code = "return function()
            local begun = time.now():unix_nano()
            local pid, ended = process.spawn_monitored('app:sleeper'), process.events()
            for _ = 1, 1e4 do end
            assert(time.now():unix_nano() == begun)
            assert(ended:receive('2h').kind == process.event.EXIT)
            return time.now():unix_nano() - begun
        end";
        assert_eq!(nanoseconds(code).await, HOUR.as_nanos());
    });
}

#[test]
fn a_process_that_computes_until_a_time_comes_to_an_end() {
    run(async {
        let code = "return function()
            local begun = time.now():unix_nano()
            while time.now():unix_nano() == begun do end
            return time.now():unix_nano() - begun
        end";
        assert!(nanoseconds(code).await > 0);
    });
}

/// A thing outside of the program that takes real time.
struct Outside;

impl Capability for Outside {
    fn name(&self) -> &str {
        "outside"
    }

    fn call(&self, _: &mut dyn Caller, _: &str, _: &[u8]) -> Step {
        Step::wait(0, |_| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(vec![0x90])
        })
    }
}

#[test]
fn the_clock_does_not_jump_over_a_wait_for_something_outside() {
    run(async {
        let runtime = in_virtual_time()
            .capability(Outside)
            .lua(
                "app:main",
                "return function()
                    local answers = process.listen('answer')
                    process.spawn('app:asks', nil, process.pid())
                    local _, open, why = answers:receive('1h')
                    return open and 'in time' or why
                end",
            )
            .lua(
                "app:asks",
                "return function(to)
                    capability.call('outside.wait')
                    process.send(to, 'answer')
                end",
            )
            .start()
            .unwrap();
        let answer: String = in_time(runtime.exec("app:main")).await.unwrap();
        assert_eq!(answer, "in time");
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn delays_of_queues_follow() {
    let main = "return function()
        process.registry.register('reader')
        local told, begun = process.listen('told'), time.now():unix_nano()
        assert(queue.publish('tasks', 1, { delay = '1h' }))
        assert(told:receive('2h'))
        return time.now():unix_nano() - begun
    end";
    let definition = Definition {
        id: "app:main".into(),
        code: Code::Lua(Source {
            name: "main.lua".into(),
            bytes: main.as_bytes().into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::new(Grants {
            uses: Uses::default().with("queue", "app:tasks"),
            ..Grants::default()
        }),
    };
    run(async {
        let runtime = in_virtual_time()
            .queue(QueueSettings::new("app:tasks"))
            .consumer(Consumer::new("app:worker", "app:tasks", "app:tell"))
            .definition(definition)
            .lua(
                "app:tell",
                "return function() process.send('reader', 'told', true) end",
            )
            .start()
            .unwrap();
        runtime.start_services().await.unwrap();
        let took: i64 = in_time(runtime.exec("app:main")).await.unwrap();
        assert_eq!(u128::try_from(took).unwrap(), HOUR.as_nanos());
        runtime.shutdown(Duration::ZERO).await;
    });
}

/// Sleeps for an hour in `poll_oneoff`, as the library of C does.
const NAP: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff"
      (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "start")
      (i32.store (i32.const 16) (i32.const 1))
      (i64.store (i32.const 24) (i64.const 3600000000000))
      (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))"#;

#[test]
fn guests_of_wasi_sleep_in_virtual_time() {
    run(async {
        let runtime = in_virtual_time().wasm("app:nap", NAP).start().unwrap();
        let nap = runtime.spawn("app:nap").await.unwrap();
        let begun = Instant::now();
        tokio::join!(
            async {
                in_time(nap.wait()).await.result::<()>().unwrap();
            },
            runtime.sleep(HOUR),
        );
        assert!(begun.elapsed() < PATIENCE);
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn the_deadline_of_a_cancel_follows() {
    run(async {
        let runtime = in_virtual_time()
            .lua(
                "app:deaf",
                "return function()
                    process.events()
                    process.listen('never'):receive()
                end",
            )
            .start()
            .unwrap();
        let deaf = runtime.spawn("app:deaf").await.unwrap();
        deaf.cancel(Some(HOUR)).unwrap();
        let ended = in_time(deaf.wait()).await.result::<()>().unwrap_err();
        assert_eq!(*ended.kind(), warren::Kind::Canceled);
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn restarts_of_services_follow() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let service = "return function()
            local log = process.registry.lookup('app:log')
            process.send(log, 'begun', time.now():unix_nano())
            error('it fails')
        end";
        let log = "return function()
            process.registry.register('app:log')
            local first, last, begun = nil, nil, process.listen('begun')
            for _ = 1, 3 do
                local at = begun:receive()
                first = first or at
                last = at
            end
            return last - first
        end";
        fs::write(dir.path().join("main.lua"), "").unwrap();
        fs::write(dir.path().join("svc.lua"), service).unwrap();
        fs::write(dir.path().join("log.lua"), log).unwrap();
        let manifest = "[services.\"app:svc\"]\nprocess = \"app:svc\"\nrestart = { \
                        initial_delay = \"1h\", backoff = 2, max_delay = \"24h\", jitter = 0 }";
        fs::write(dir.path().join("warren.toml"), manifest).unwrap();
        let app = App::open(dir.path(), AppOptions::default()).unwrap();
        let runtime: Runtime = in_virtual_time().app(app).start().unwrap();
        let log = runtime.spawn("app:log").await.unwrap();
        in_time(async {
            while runtime.find("app:log").is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        runtime.start_services().await.unwrap();
        let took: i64 = in_time(log.result()).await.unwrap();
        assert_eq!(u128::try_from(took).unwrap(), 3 * HOUR.as_nanos());
        runtime.shutdown(Duration::ZERO).await;
    });
}
