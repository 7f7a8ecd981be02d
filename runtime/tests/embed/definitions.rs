//! Definitions, modules and hosts given in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use warren::app::{App, AppOptions};
use warren::{CallError, Context, HostLimits, Kind, Level, Runtime, Sink, StartError, Stream};

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
            .exec(warren::Spawn::new("app:main").arg(21))
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
        let main = runtime.main().unwrap().args(("a", 2));
        let (first, second): (String, i64) = runtime.exec(main).await.unwrap();
        assert_eq!((&*first, second), ("a", 2));

        let without = builder().start().unwrap().main().unwrap_err();
        assert_eq!(without.kind, Kind::NotFound);
    });
}

#[test]
fn a_manifest_imports_definitions_of_memory() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "main.lua",
            "return function() return require('own') .. ' ' .. require('one') end",
        ),
        (
            "fails.lua",
            "return function() return tostring(select(2, pcall(require, 'guest'))) end",
        ),
        ("one.lua", "return 'of the file'"),
        (
            "warren.toml",
            "[imports.\"app:main\"]\nown = \"host:own\"\none = \"app:one\"\n\
             [imports.\"app:fails\"]\nguest = \"host:guest\"\n\
             [imports.\"host:code\"]\none = \"app:one\"\n\
             [processes.\"host:code\"]\nmodules = [\"time\"]\n",
        ),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let unknown = App::open(dir.path(), AppOptions::default()).unwrap_err();
    let unknown = unknown.to_string();
    assert!(
        unknown.contains("the definition `host:own` has no source"),
        "{unknown}"
    );
    run(async {
        let ids = ["host:own", "host:guest", "host:code"];
        let options = AppOptions {
            in_memory: ids.map(str::to_owned).into(),
            ..AppOptions::default()
        };
        let runtime = builder()
            .app(App::open(dir.path(), options).unwrap())
            .lua("host:own", "return 'of memory'")
            .lua("app:one", "return 'before the file'")
            .lua(
                "host:code",
                "return function() return require('one') .. tostring(json) end",
            )
            .wasm("host:guest", "(module)")
            .start()
            .unwrap();
        let first: String = runtime.exec("app:main").await.unwrap();
        assert_eq!(first, "of memory before the file");
        let of_memory: String = runtime.exec("host:code").await.unwrap();
        assert_eq!(of_memory, "before the filenil");
        let failed: String = runtime.exec("app:fails").await.unwrap();
        assert!(
            failed.contains("host:guest is not in Lua, and only Lua can be required"),
            "{failed}"
        );
    });
}

#[test]
fn guests_spawn_a_native_definition() {
    run(async {
        let runtime = builder()
            .native("app:add", |ctx: Context| async move {
                let (a, b): (i64, i64) = ctx.args()?;
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
        let limits = HostLimits::default().max_processes(1).max_memory(4 << 20);
        let eater = "return function() return #string.rep('x', 16 * 1024 * 1024) end";
        let runtime = builder()
            .host("tenant:small", limits)
            .lua("app:eater", eater)
            .lua("app:waiter", "process.inbox():receive()")
            .start()
            .unwrap();
        assert_eq!(runtime.exec::<i64>("app:eater").await.unwrap(), 16 << 20);
        let small = |id: &str| warren::Spawn::new(id).host("tenant:small");
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

#[test]
fn code_from_memory_is_checked_before_a_process_runs_it() {
    run(async {
        let empty = r#"(module (memory (export "memory") 1) (func (export "start")))"#;
        let imports = r#"(module (import "no" "such" (func))
            (memory (export "memory") 1) (func (export "start")))"#;
        let runtime = builder()
            .lua("app:lua", "return 1")
            .lua("app:not_lua", "retrun 1")
            .wasm("app:wasm", empty)
            .wasm("app:not_wasm", "no WebAssembly")
            .wasm("app:imports", imports)
            .native("app:native", |_: Context| async { Ok(()) })
            .host("app:other", HostLimits::default())
            .start()
            .unwrap();
        for id in ["app:lua", "app:wasm", "app:native"] {
            runtime.prepare(id).await.unwrap();
        }
        for (id, text) in [
            ("app:not_lua", "app:not_lua.lua:1:"),
            ("app:not_wasm", "app:not_wasm.wasm: not WebAssembly"),
            ("app:imports", "`no` `such`"),
        ] {
            let error = runtime.prepare(id).await.unwrap_err();
            assert_eq!(error.kind(), &Kind::Invalid, "{id}: {error}");
            assert!(error.to_string().contains(text), "{id}: {error}");
            assert_eq!(runtime.spawn(id).await.unwrap_err(), error, "{id}");
        }
        let other = warren::Spawn::new("app:wasm").host("app:nowhere");
        let error = runtime.prepare(other).await.unwrap_err();
        assert_eq!(error.kind(), &Kind::NotFound, "{error}");
        let other = warren::Spawn::new("app:wasm").host("app:other");
        runtime.prepare(other).await.unwrap();
        assert_eq!(runtime.live(), 0);
        let compiled = runtime.compiled();
        for id in ["app:lua", "app:wasm", "app:native"] {
            runtime.spawn(id).await.unwrap().wait().await;
        }
        assert_eq!(runtime.compiled(), compiled);
    });
}

#[test]
fn a_missing_definition_is_sought_in_memory_and_among_the_files() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.lua"), "return 1").unwrap();
    run(async {
        let without = builder().lua("tenant:eat", "return 1").start().unwrap();
        let app = App::open(dir.path(), AppOptions::default()).unwrap();
        let with = builder().lua("tenant:eat", "return 1").app(app).start();
        let with = with.unwrap();
        let error = async |runtime: &Runtime, id: &str| {
            let error = runtime.spawn(id).await.unwrap_err();
            assert_eq!(error.kind(), &Kind::NotFound, "{error}");
            error.to_string()
        };
        let meant = "did you mean tenant:eat, which was given in memory?";
        for runtime in [&without, &with] {
            let error = error(runtime, "tenant:eta").await;
            assert!(error.contains(meant), "{error}");
        }
        let plain = error(&without, "tenant:another").await;
        assert_eq!(plain, "definition not found: tenant:another");
        let files = error(&with, "tenant:another").await;
        assert!(files.ends_with("files of the program are definitions that begin with `app`"));
        let near = error(&with, "app:mian").await;
        assert!(near.ends_with("did you mean app:main?"), "{near}");
    });
}

#[test]
fn a_definition_runs_in_its_host_if_the_spawn_names_none() {
    run(async {
        let mut bound = plain("app:bound", "return 1");
        bound.host = Some("app:own".into());
        let runtime = builder()
            .host("app:own", HostLimits::default())
            .definition(bound)
            .lua("app:free", "return 1")
            .start()
            .unwrap();
        let native = |mut ctx: Context| async move {
            let bound = ctx.spawn("app:bound").await?;
            let free = ctx.spawn("app:free").await?;
            Ok((bound.host().to_owned(), free.host().to_owned()))
        };
        let native = runtime.spawn_native("app:native", native).await.unwrap();
        assert_eq!(native.pid().host(), warren::app::DEFAULT_HOST);
        let hosts: (String, String) = native.result().await.unwrap();
        assert_eq!((&*hosts.0, &*hosts.1), ("app:own", "app:processes"));
        let bound = runtime.spawn("app:bound").await.unwrap();
        assert_eq!(bound.pid().host(), "app:own");
    });
}

fn plain(id: &str, source: &str) -> warren::Definition {
    warren::Definition {
        id: id.into(),
        code: warren::Code::Lua(warren::Source {
            name: format!("{id}.lua").into(),
            bytes: source.as_bytes().into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::default(),
    }
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
