//! Drops every public future at each of its polls, and with them handles and
//! the runtime. Afterwards the machine's resources are free again.
//!
//! A program of its own with one test: it counts threads and file descriptors.
#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program"
)]

mod alone;

use std::fs;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use tempfile::TempDir;
use tokio::sync::Notify;
use warren::app::{App, AppOptions, Restart, RestartPolicy, Service};
use warren::{Builder, Change, Context, Error, HostLimits, Inspector, Runtime, Spawn};

use alone::{PATIENCE, on_tokio};

/// More polls than any future needs.
const MOST_POLLS: usize = 200;

/// Number of first polls probed of futures that need a runtime of their own
/// each time.
const PROBES: usize = 6;

/// Waits for a message, then ends.
const WAITER: &str = "return function() process.listen('go'):receive() return 7 end";

fn start() -> Runtime {
    builder().start().unwrap()
}

fn builder() -> Builder {
    alone::builder()
        .lua("app:waiter", WAITER)
        .lua("app:seven", "return function() return 7 end")
        .native("app:native", native)
}

/// Two services, of which the second depends on the first.
const MANIFEST: &str = r#"
[services."app:one"]
process = "app:main"
[services."app:two"]
process = "app:main"
depends_on = ["app:one"]
"#;

/// Starts a runtime with a program on disk.
fn start_program() -> (TempDir, Runtime) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("main.lua"), WAITER).unwrap();
    fs::write(dir.path().join("warren.toml"), MANIFEST).unwrap();
    let app = App::open(dir.path(), AppOptions::default()).unwrap();
    let runtime = builder().app(app).start().unwrap();
    (dir, runtime)
}

async fn native(mut ctx: Context) -> Result<u8, Error> {
    ctx.message().await?.get::<()>()?;
    Ok(7)
}

/// The machine's resources that this program holds.
#[derive(Debug, PartialEq)]
struct Held {
    threads: usize,
    files: usize,
}

fn held() -> Held {
    Held {
        threads: threads().count(),
        files: fs::read_dir("/proc/self/fd").unwrap().count(),
    }
}

/// Returns the names of the threads, except those that compile: the first
/// compilation starts them for the whole program, which keeps them.
fn threads() -> impl Iterator<Item = String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| !name.starts_with("warren-compile"))
}

/// Returns whether a thread of a runtime is still there.
fn any_thread_of_a_runtime() -> bool {
    threads().any(|name| name.starts_with("warren-"))
}

/// Polls a condition: the end of a thread sends no event.
fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: {:?}", held());
        std::thread::yield_now();
    }
}

/// Returns whether no process, task or place of a runtime is left.
fn is_empty(inspector: &Inspector) -> bool {
    let totals = inspector.totals();
    (totals.processes, totals.tasks, totals.places) == (0, 0, 0)
}

/// Counts a future's own wakes, apart from those of a timer around it.
#[derive(Default)]
struct Wakes(Notify);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// The fate of a future that was polled a few times and dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Polled {
    Ready,
    /// The future wanted to be polled again.
    Woken,
    /// The future waited for an event that did not come.
    Waiting,
}

/// Polls a future up to `times` times, as long as it wants to be polled, and
/// drops it.
async fn polled<T>(future: impl Future<Output = T>, times: usize) -> Polled {
    let mut future = pin!(future);
    for _ in 0..times {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let polled = future
            .as_mut()
            .poll(&mut std::task::Context::from_waker(&waker));
        if polled.is_ready() {
            return Polled::Ready;
        }
        let woken = tokio::time::timeout(Duration::from_millis(200), wakes.0.notified());
        if woken.await.is_err() {
            return Polled::Waiting;
        }
    }
    Polled::Woken
}

/// Drops a future at each of its polls, until it is ready or waits for good.
async fn dropped_at_each_poll<T, F: Future<Output = T>>(
    what: &str,
    runtime: &Runtime,
    future: impl Fn() -> F,
) {
    let mut waited = 0;
    for times in 0..MOST_POLLS {
        let polled = polled(future(), times).await;
        // Processes that no drop has ended are ended by hand.
        while let Ok(left) = runtime.find("left") {
            left.terminate().ok();
            left.wait().await;
        }
        until(what, || is_empty(&runtime.inspector()));
        waited += u32::from(polled == Polled::Waiting);
        if polled == Polled::Ready || waited == 3 {
            return;
        }
    }
    panic!("{what} wants to be polled without end");
}

async fn every_future() {
    let runtime = start();
    // Compiled beforehand, so that only the futures' own polls are counted.
    let seven: u8 = runtime.exec("app:seven").await.unwrap();
    assert_eq!(seven, 7);

    let named = |id: &str| Spawn::new(id).name("left");
    let spawn = || runtime.spawn(named("app:waiter"));
    dropped_at_each_poll("spawn", &runtime, spawn).await;
    let spawn = || runtime.spawn_native(named("app:own"), native);
    dropped_at_each_poll("spawn_native", &runtime, spawn).await;
    for id in ["app:seven", "app:waiter", "app:native"] {
        let exec = || runtime.exec::<u8>(Spawn::new(id));
        dropped_at_each_poll("exec", &runtime, exec).await;
    }
    for id in ["app:waiter", "app:native"] {
        let waits = || async {
            let handle = runtime.spawn(named(id)).await.unwrap();
            let mut monitor = handle.monitor();
            let (_, result, _) = tokio::join!(handle.wait(), handle.result(), monitor.next());
            let _: u8 = result.unwrap();
        };
        dropped_at_each_poll("wait", &runtime, waits).await;
    }
    // The futures of a host function process, dropped by it at each of their polls.
    let native = runtime
        .spawn_native("app:drops", |mut ctx: Context| async move {
            for times in 0..3 {
                polled(ctx.message(), times).await;
                polled(ctx.event(), times).await;
                polled(ctx.next(), times).await;
                let topic = ctx.listen("topic")?;
                polled(ctx.message_on(&topic), times).await;
                ctx.unlisten(topic);
                polled(ctx.exec::<u8>("app:waiter"), times).await;
                polled(ctx.exec::<u8>("app:seven"), times).await;
                let spawned = ctx.spawn(Spawn::new("app:waiter").name("left"));
                if polled(spawned, times).await == Polled::Ready {
                    ctx.terminate("left").ok();
                    while ctx.lookup("left").is_ok() {
                        tokio::task::yield_now().await;
                    }
                }
            }
            Ok(ctx.exec::<u8>("app:seven").await?)
        })
        .await
        .unwrap();
    assert_eq!(native.result::<u8>().await.unwrap(), 7);
    until("native", || is_empty(&runtime.inspector()));
    let inspector = runtime.inspector();
    dropped_at_each_poll("stack", &runtime, || async {
        let handle = runtime.spawn(named("app:waiter")).await.unwrap();
        inspector.stack(handle.pid()).await
    })
    .await;
    let observed = || async {
        let mut changes = inspector.observe(10);
        let (_, started) = tokio::join!(runtime.spawn(named("app:waiter")), changes.next());
        started.unwrap()
    };
    dropped_at_each_poll("an event", &runtime, observed).await;
    drop(inspector);
    every_future_of_a_change(&runtime).await;

    let waiter = runtime.spawn("app:waiter").await.unwrap();
    for times in 0..3 {
        polled(runtime.shutdown(Duration::from_secs(60)), times).await;
    }
    waiter.wait().await;
    runtime.shutdown(Duration::ZERO).await;
    assert!(is_empty(&runtime.inspector()), "after its shutdown");
}

/// The futures of changes, dropped at each of their polls: each change is in place whole
/// or not at all, and none blocks the next.
async fn every_future_of_a_change(runtime: &Runtime) {
    runtime.start_services().await.unwrap();
    let next = AtomicU64::new(0);
    // A host, a definition in it, and a service of that, each of another number.
    let change = || {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let (host, id) = (format!("app:host{n}"), format!("app:new{n}"));
        let definition = Change::new()
            .host(&host, HostLimits::default())
            .lua(&id, WAITER)
            .grace(Duration::ZERO);
        definition.service(Service::new(id.as_str(), id.as_str()).host(host.as_str()))
    };
    let undone = |applied: bool| async move {
        if applied {
            let back = runtime.rollback(Duration::ZERO).await.unwrap();
            back.settled().await.unwrap();
        }
    };
    for times in 0..MOST_POLLS {
        let version = runtime.version();
        let polled = polled(runtime.apply(change()), times).await;
        let applied = runtime.version() != version;
        assert!(applied || polled != Polled::Ready);
        undone(applied).await;
        until("apply", || is_empty(&runtime.inspector()));
        if polled == Polled::Ready {
            break;
        }
    }
    let plan = || runtime.plan(change());
    dropped_at_each_poll("plan", runtime, plan).await;
    for times in 0..PROBES {
        let (planned, version) = (plan().await.unwrap(), runtime.version());
        let polled = polled(planned.apply(), times).await;
        let applied = runtime.version() != version;
        assert!(times > 0 || !applied, "it was not polled");
        assert!(applied || polled != Polled::Ready);
        undone(applied).await;
        until("a plan applied", || is_empty(&runtime.inspector()));
    }
    for times in 0..PROBES {
        let applied = runtime.apply(change()).await.unwrap();
        let version = applied.version;
        polled(applied.settled(), times).await;
        polled(runtime.rollback(Duration::ZERO), times).await;
        undone(runtime.version() == version).await;
        until("settled", || is_empty(&runtime.inspector()));
    }
}

/// The futures of a runtime that was made for a program.
async fn every_future_of_a_program() {
    let (_dir, runtime) = start_program();
    let main = || runtime.spawn(runtime.main().unwrap().name("left"));
    dropped_at_each_poll("main", &runtime, main).await;
    drop(runtime);
    for times in 0..=PROBES {
        let (_dir, runtime) = start_program();
        let all_started = polled(runtime.start_services(), times).await;
        // No service has ended, if any was started.
        let all_ended = polled(runtime.services_ended(), times).await;
        assert!(all_started != Polled::Ready || all_ended != Polled::Ready);
        // Nothing that was dropped blocks the next start.
        runtime.start_services().await.unwrap();
        assert_eq!(runtime.live(), 2);
        for times in 0..3 {
            polled(runtime.shutdown(Duration::from_secs(60)), times).await;
        }
        runtime.shutdown(Duration::ZERO).await;
        let ended = tokio::time::timeout(PATIENCE, runtime.services_ended());
        ended.await.expect("none is left").unwrap();
        assert!(is_empty(&runtime.inspector()), "after its shutdown");
    }
}

/// Drops futures that compile code this program has never seen. A compilation
/// that began is finished, and kept for the next.
async fn every_future_that_compiles() {
    for times in 0..=PROBES {
        let unseen = format!("return function() return {times} end");
        let runtime = builder().lua("app:unseen", unseen).start().unwrap();
        let id = "app:unseen";
        polled(runtime.prepare(id), times).await;
        polled(runtime.exec::<usize>(id), times).await;
        let spawned = runtime.spawn_native("app:spawns", move |mut ctx: Context| async move {
            polled(ctx.exec::<usize>(id), times).await;
            Ok(())
        });
        spawned.await.unwrap().result::<()>().await.unwrap();
        until("what has to be compiled", || is_empty(&runtime.inspector()));
        runtime.prepare(id).await.unwrap();
        assert_eq!(runtime.exec::<usize>(id).await.unwrap(), times);
    }
}

/// Drops runtimes at any time, with all they have.
async fn every_runtime() {
    drop(start());
    let runtime = start();
    let left = runtime.spawn("app:waiter").await.unwrap();
    let native = runtime.spawn("app:native").await.unwrap();
    let looping = Runtime::clone(&runtime);
    let inspector = runtime.inspector();
    assert!(left.wait().now_or_never().is_none());
    drop(runtime);
    assert!(!native.has_ended(), "a clone keeps it going");
    drop(looping);
    // The remaining handles hear of the end.
    assert!(left.wait().await.result::<u8>().is_err());
    assert!(native.wait().await.result::<u8>().is_err());
    until("a runtime that is gone", || is_empty(&inspector));
    every_runtime_with_a_change().await;
}

/// Drops runtimes in which a change starts a service that is started again without end.
async fn every_runtime_with_a_change() {
    let token = Arc::new(());
    for _ in 0..20 {
        let runtime = start();
        runtime.start_services().await.unwrap();
        let held = Arc::clone(&token);
        let code = move |_: Context| {
            let held = Arc::clone(&held);
            async move {
                drop(held);
                Ok::<_, Error>(())
            }
        };
        let restart = Restart {
            policy: RestartPolicy::Always,
            initial_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(1),
            max_attempts: u32::MAX,
            ..Restart::default()
        };
        let service = Service::new("app:again", "app:again").restart(restart);
        let change = Change::new().native("app:again", code).service(service);
        drop(runtime.apply(change).await.unwrap());
        drop(runtime);
        until("a runtime with a change", || Arc::strong_count(&token) == 1);
    }
}

#[test]
fn dropped_futures_and_runtimes_leave_nothing_behind() {
    // Resources a program takes once and keeps, for example its code cache.
    on_tokio(async { start().exec::<u8>("app:seven").await.map(drop).unwrap() });
    until("warming up", || !any_thread_of_a_runtime());
    let before = held();
    on_tokio(every_future());
    until("futures: all is given back", || held() == before);
    on_tokio(every_future_of_a_program());
    until("a program: all is given back", || held() == before);
    on_tokio(every_future_that_compiles());
    until("compiling: all is given back", || held() == before);
    on_tokio(every_runtime());
    until("runtimes: all is given back", || held() == before);
}
