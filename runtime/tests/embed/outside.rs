//! Embedders whose own code does not run on tokio.

use std::time::Duration;

use futures::executor::block_on;
use warren::{Context, Kind, NodeError, Spawn, StartError};

use crate::setup::builder;

/// Returns a tokio runtime without timers and I/O, for host function processes; all
/// else is polled elsewhere.
fn bare_tokio() -> tokio::runtime::Runtime {
    let mut tokio = tokio::runtime::Builder::new_multi_thread();
    tokio.worker_threads(1).build().unwrap()
}

#[test]
fn a_runtime_starts_within_tokio_only() {
    let refused = builder().start();
    assert!(
        matches!(refused, Err(StartError::Node(NodeError::NoRuntime))),
        "{refused:?}"
    );
}

#[test]
fn futures_need_no_tokio_around_them() {
    let tokio = bare_tokio();
    let inside = tokio.enter();
    let runtime = builder()
        // The code is not in memory yet and has to be compiled.
        .lua("app:sum", "return function(a, b) return a + b end")
        .lua("app:waiter", "process.inbox():receive()")
        .native("app:native", |mut ctx: Context| async move {
            ctx.event().await.map(drop)
        })
        .start()
        .unwrap();
    drop(inside);
    let sum = Spawn::new("app:sum").args((1, 2));
    assert_eq!(block_on(runtime.exec::<i64>(sum)).unwrap(), 3);

    let native = block_on(runtime.spawn("app:native")).unwrap();
    let late = block_on(runtime.spawn("app:waiter")).unwrap();
    late.cancel(Some(Duration::from_millis(1))).unwrap();
    let error = block_on(late.result::<()>()).unwrap_err();
    assert_eq!(error.kind(), &Kind::Canceled);
    block_on(runtime.spawn("app:waiter")).unwrap();
    block_on(runtime.shutdown(Duration::from_millis(1)));
    assert!(native.has_ended());
    assert_eq!(runtime.live(), 0);
}

#[test]
fn services_are_looked_after_without_tokio_around_the_embedder() {
    let tokio = bare_tokio();
    let inside = tokio.enter();
    let (_dir, runtime) = crate::services::program("restart = { initial_delay = \"1ms\" }");
    drop(inside);
    block_on(runtime.start_services()).unwrap();
    let mut changes = runtime.inspector().observe(100);
    let first = runtime.find("app:svc").unwrap();
    first.terminate().unwrap();
    // Restarted, under its name.
    block_on(async {
        use warren::introspection::Change;
        while !matches!(changes.next().await, Some(Change::Named { name, .. }) if *name == *"app:svc")
        {
        }
    });
    runtime.send("app:svc", "stop", ()).unwrap();
    block_on(runtime.services_ended()).unwrap();
    block_on(runtime.shutdown(Duration::ZERO));
}
