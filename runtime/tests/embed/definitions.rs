//! Definitions, modules and hosts given in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use warren::app::{App, AppOptions};
use warren::{
    CallError, Context, HostConfig, HostLimits, Kind, Level, Runtime, Sink, StartError, Stream,
};

use crate::setup::{builder, run};

#[test]
fn a_module_is_required_from_memory() {
    run(async {
        let runtime = builder()
            .module("lib.double", "return function(n) return 2 * n end")
            .lua(
                "app:main",
                "return function(n) return require('lib.double')(n) end",
            )
            .start()
            .unwrap();
        let doubled: i64 = runtime
            .exec(warren::Spawn::of("app:main").arguments(&21))
            .await
            .unwrap();
        assert_eq!(doubled, 42);
    });
}

#[test]
fn a_guest_in_webassembly_runs_from_memory() {
    run(async {
        let guest = r#"(module (memory (export "memory") 1) (func (export "start")))"#;
        let runtime = builder().wasm("app:empty", guest).start().unwrap();
        runtime.exec::<()>("app:empty").await.unwrap();
    });
}

#[test]
fn the_first_process_is_that_of_the_program() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("main.lua"),
        "return function(...) return { ... } end",
    )
    .unwrap();
    run(async {
        let app = App::open(dir.path(), AppOptions::default()).unwrap();
        let runtime = builder().app(app).start().unwrap();
        let main = runtime.main().unwrap().arguments(&("a", 2));
        let (first, second): (String, i64) = runtime.exec(main).await.unwrap();
        assert_eq!((&*first, second), ("a", 2));

        let without = builder().start().unwrap().main().unwrap_err();
        assert_eq!(without.kind, Kind::NotFound);
    });
}

#[test]
fn guests_spawn_a_native_definition() {
    run(async {
        let runtime = builder()
            .native("app:add", |ctx: Context| async move {
                let (a, b): (i64, i64) = ctx.arguments()?;
                Ok(a + b)
            })
            .lua(
                "app:main",
                "return function() return process.exec('app:add', 'app:processes', 3, 4) end",
            )
            .start()
            .unwrap();
        assert_eq!(runtime.exec::<i64>("app:main").await.unwrap(), 7);
    });
}

#[test]
fn nobody_becomes_native_by_an_upgrade() {
    run(async {
        let source = "return function()
            local _, err = process.upgrade('app:native')
            return err:kind() .. ': ' .. err:message()
        end";
        let runtime = builder()
            .native("app:native", |_: Context| async { Ok(()) })
            .lua("app:main", source)
            .start()
            .unwrap();
        let refused: String = runtime.exec("app:main").await.unwrap();
        assert_eq!(
            refused,
            "Invalid: app:native is a host function process, which has no instance"
        );
    });
}

#[test]
fn a_compile_error_is_the_error_of_the_spawn() {
    run(async {
        let runtime = builder().lua("app:main", "local x = = 1").start().unwrap();
        let Err(CallError::Refused(error)) = runtime.spawn("app:main").await else {
            panic!("it is no Lua");
        };
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.starts_with("app:main.lua:1:"), "{error}");
    });
}

#[test]
fn ids_are_checked_and_unique() {
    run(async {
        let twice = builder().lua("app:x", "").lua("app:x", "").start();
        assert!(
            matches!(twice, Err(StartError::Duplicate { .. })),
            "{twice:?}"
        );
        let wrong = builder().lua("nothing", "").start();
        assert!(matches!(wrong, Err(StartError::Id(_))), "{wrong:?}");
    });
}

#[test]
fn a_host_has_its_own_limits() {
    run(async {
        let limits = HostLimits {
            processes: HostConfig {
                max_processes: 1,
                ..HostConfig::default()
            },
            max_memory: 4 << 20,
            ..HostLimits::default()
        };
        let eater = "return function() return #string.rep('x', 16 * 1024 * 1024) end";
        let runtime = builder()
            .host("tenant:small", limits)
            .lua("app:eater", eater)
            .lua("app:waiter", "process.inbox():receive()")
            .start()
            .unwrap();
        assert_eq!(runtime.exec::<i64>("app:eater").await.unwrap(), 16 << 20);
        let small = |id: &str| warren::Spawn::of(id).host("tenant:small");
        let error = runtime.exec::<i64>(small("app:eater")).await.unwrap_err();
        assert!(error.to_string().contains("max_memory"), "{error}");

        let waiter = runtime.spawn(small("app:waiter")).await.unwrap();
        let error = runtime.spawn(small("app:waiter")).await.unwrap_err();
        assert_eq!(error.kind(), &Kind::RateLimited);
        assert_eq!(
            warren::error_details::<warren::Value>(&error.into())
                .unwrap()
                .get("limit"),
            Some(&"max_processes".into())
        );
        waiter.terminate().unwrap();
        waiter.wait().await;
        // A process that heard of the end can have the place.
        runtime.spawn(small("app:waiter")).await.unwrap();
    });
}

/// Keeps the output.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<String>>);

impl Sink for Kept {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap();
        kept.push_str(&String::from_utf8_lossy(bytes));
    }
}

#[test]
fn output_and_log_go_where_they_are_sent() {
    run(async {
        let (kept, lines) = (Kept::default(), Arc::new(Mutex::new(Vec::new())));
        let hooked = Arc::clone(&lines);
        let runtime = builder()
            .lua("app:main", "print('out') logger.warn('low', { left = 3 })")
            .output(kept.clone())
            .log(move |record| {
                let fields: warren::Value =
                    warren::values::from_value(record.fields.unwrap()).unwrap();
                let left = fields.get("left").cloned();
                let line = (record.level, record.message.to_owned(), left);
                hooked.lock().unwrap().push(line);
            })
            .start()
            .unwrap();
        runtime.exec::<()>("app:main").await.unwrap();
        runtime.shutdown(std::time::Duration::ZERO).await;
        assert_eq!(*kept.0.lock().unwrap(), "out\n");
        assert_eq!(
            *lines.lock().unwrap(),
            [(Level::Warn, "low".to_owned(), Some(3.into()))]
        );
    });
}

#[test]
fn repeated_short_waits_find_the_compilation_done_at_last() {
    run(async {
        // Without a cache, the interpreter is compiled, which takes seconds.
        let builder = Runtime::builder().lua("app:main", "return function() return 42 end");
        let runtime = builder.start().unwrap();
        loop {
            let asked = runtime.exec::<i64>("app:main");
            if let Ok(answer) = tokio::time::timeout(Duration::from_millis(50), asked).await {
                assert_eq!(answer.unwrap(), 42);
                break;
            }
        }
    });
}
