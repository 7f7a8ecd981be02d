//! Everybody who waits for the end of a process hears of it once, whatever the process
//! ends with.

use std::fs;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use warren::app::{App, AppOptions};
use warren::introspection::Change;
use warren::{
    Builder, CallError, Context, Details, Error, Event, Kind, Outcome, Runtime, ServiceError,
    Spawn, result_of,
};

use crate::setup::{builder, run};

/// Bytes that are no value.
const GARBAGE: [&[u8]; 8] = [
    b"\xc1",
    b"",
    b"\x81\xa4name",
    b"\xdd\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xffx",
    b"\x80\x80",
    b"\x81\xc0\x01",
    b"\xd4\x05\x00",
];

/// A module that calls this with some bytes, and then ends as `then` says.
fn module(call: &str, bytes: &[u8], then: &str) -> String {
    let len = bytes.len();
    let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module
          (import "warren:core/program@0.1.0" "{call}" (func $call (param i32 i32)))
          (memory (export "memory") 1)
          (data (i32.const 16) "{bytes}")
          (func (export "start") (call $call (i32.const 16) (i32.const {len})) {then}))"#
    )
}

/// Definitions whose processes end with garbage, and their ids.
fn definitions(mut builder: Builder) -> (Builder, Vec<String>) {
    let mut ids = Vec::new();
    for (number, bytes) in GARBAGE.iter().enumerate() {
        for (call, then) in [("finish", ""), ("fail", ""), ("finish", "unreachable")] {
            let id = format!("app:{call}{number}{then}");
            builder = builder.wasm(&id, module(call, bytes, then));
            ids.push(id);
        }
    }
    // Host functions end with what serde made, but for the details of an error.
    builder = builder.native("app:details", |_: Context| async {
        Err::<(), _>(Error {
            details: Some(Details::Encoded([0xc1][..].into())),
            ..Error::invalid("sold out")
        })
    });
    ids.push("app:details".to_owned());
    (builder, ids)
}

fn kind(error: &CallError) -> Kind {
    error.kind().clone()
}

#[test]
fn the_embedder_hears_of_every_end_once() {
    run(async {
        let (builder, ids) = definitions(builder());
        let runtime = builder.start().unwrap();
        let changes = runtime.inspector().observe(1_000);
        for id in &ids {
            let process = runtime.spawn(&**id).await.unwrap();
            let mut monitor = process.monitor();
            let ended = process.wait().await;
            let error = ended.result::<()>().unwrap_err();
            assert!(matches!(error, CallError::Failed(_)), "{id}: {error}");
            assert_eq!(
                kind(&process.result::<()>().await.unwrap_err()),
                kind(&error)
            );
            let told = monitor.next().await.expect("it ended");
            assert_eq!(told.ended.outcome, ended.outcome, "{id}");
            assert!(monitor.next().await.is_none(), "{id}");
            let again = runtime.exec::<()>(&**id).await.unwrap_err();
            assert_eq!(kind(&again), kind(&error), "{id}");
        }
        runtime.shutdown(Duration::ZERO).await;
        let ends = changes.filter(|change| {
            let is_end = matches!(change, Change::Ended { .. });
            async move { is_end }
        });
        assert_eq!(ends.count().await, 2 * ids.len());
    });
}

#[test]
fn links_and_monitors_hear_of_every_end_once() {
    run(async {
        let (builder, ids) = definitions(builder());
        let count = ids.len();
        let runtime = builder
            .lua("app:nothing", "return function() end")
            .start()
            .unwrap();
        let watcher = move |mut ctx: Context| {
            let ids = ids.clone();
            async move {
                ctx.set_trap_links(true);
                for id in &ids {
                    let child = ctx.spawn(Spawn::new(id).monitored().linked()).await?;
                    let (down, exit) = (ctx.event().await?, ctx.event().await?);
                    let (Event::LinkDown { from, outcome, .. }, Event::Exit { .. }) =
                        (&down, &exit)
                    else {
                        panic!("{id}: {down:?}, {exit:?}");
                    };
                    assert_eq!(*from, child);
                    assert!(result_of::<()>(outcome).is_err(), "{id}");
                    let error = ctx.exec::<()>(Spawn::new(id)).await.unwrap_err();
                    assert!(matches!(error, CallError::Failed(_)), "{id}: {error}");
                    // The next event is about another process: there was no second one.
                    let next = ctx.spawn(Spawn::new("app:nothing").monitored()).await?;
                    let event = ctx.event().await?;
                    assert!(matches!(&event, Event::Exit { from, .. } if *from == next));
                }
                Ok::<_, Error>(ids.len())
            }
        };
        let watched = runtime.spawn_native("app:watcher", watcher).await.unwrap();
        assert_eq!(watched.result::<usize>().await.unwrap(), count);
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn a_link_without_a_trap_ends_the_other_side_with_the_reason() {
    run(async {
        let (builder, ids) = definitions(builder());
        let linked = "return function(id)
            assert(process.spawn_linked(id, 'app:processes'))
            process.inbox():receive()
        end";
        let runtime = builder.lua("app:linked", linked).start().unwrap();
        for id in &ids {
            let spawn = Spawn::new("app:linked").arg(&**id);
            let error = runtime.exec::<()>(spawn).await.unwrap_err();
            assert!(
                error.to_string().contains("linked process failed: "),
                "{id}: {error}"
            );
        }
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn a_service_that_ends_with_garbage_is_one_that_failed() {
    run(async {
        for bytes in GARBAGE {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("main.lua"), "").unwrap();
            fs::write(dir.path().join("svc.wat"), module("finish", bytes, "")).unwrap();
            let manifest = "[services.\"app:svc\"]\nprocess = \"app:svc\"\ncritical = true\n\
                 restart = { initial_delay = \"1ms\", max_attempts = 3 }";
            fs::write(dir.path().join("warren.toml"), manifest).unwrap();
            let app = App::open(dir.path(), AppOptions::default()).unwrap();
            let runtime: Runtime = builder().app(app).start().unwrap();
            let changes = runtime.inspector().observe(100);
            runtime.start_services().await.unwrap();
            let failed = runtime.services_ended().await.unwrap_err();
            let ServiceError::Failed {
                restarts, error, ..
            } = failed
            else {
                panic!("{failed}");
            };
            assert_eq!((restarts, kind(&error)), (2, Kind::Invalid), "{bytes:?}");
            runtime.shutdown(Duration::ZERO).await;
            let ends = changes.filter_map(async |change| match change {
                Change::Ended { outcome, .. } => Some(outcome),
                _ => None,
            });
            let ends: Vec<_> = ends.collect().now_or_never().expect("the stream has ended");
            assert_eq!(ends.len(), 3, "{bytes:?}: {ends:?}");
            assert!(ends.iter().all(|end| matches!(**end, Outcome::Failed(_))));
        }
    });
}
