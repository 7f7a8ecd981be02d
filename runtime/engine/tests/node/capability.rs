//! The import of capabilities: values, handles, and the end of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use warren_engine::capability::{Caller, Capability, Kept, Step};
use warren_engine::{HostLimits, Start};
use warren_kernel::{Error, Kind};

use crate::permissions::Denies;
use crate::support::component::component;
use crate::support::{
    HOST, Setup, World, decoded, encoded, error, escaped, field, guest, in_time, parked, small_host,
};

/// Operations that answer in each way, and counts of those that work.
#[derive(Default)]
struct Try {
    begun: Notify,
    ended: Notify,
    working: Arc<AtomicUsize>,
    /// Effects of guarded operations.
    effects: AtomicUsize,
    /// PID, host and definition of the last caller.
    caller: Mutex<Vec<String>>,
    /// Handles that processes hold.
    held: Arc<AtomicUsize>,
}

/// A handle of a process.
struct Handle(Arc<AtomicUsize>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A call that counts as work until it is dropped.
struct Working(Arc<Try>);

impl Working {
    fn begin(tried: &Arc<Try>) -> Working {
        tried.working.fetch_add(1, Ordering::SeqCst);
        tried.begun.notify_one();
        Working(Arc::clone(tried))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_one();
    }
}

impl Try {
    fn waits_for_ever(self: &Arc<Self>) -> Step {
        let this = Arc::clone(self);
        Step::wait(1 << 20, move |_| async move {
            let _working = Working::begin(&this);
            std::future::pending().await
        })
    }

    fn endless(self: &Arc<Self>) -> Step {
        let this = Arc::clone(self);
        Step::compute(1 << 20, move |progress| {
            this.working.fetch_add(1, Ordering::SeqCst);
            this.begun.notify_one();
            let ended = loop {
                if let Err(error) = progress.check() {
                    break error;
                }
            };
            this.working.fetch_sub(1, Ordering::SeqCst);
            this.ended.notify_one();
            Err(ended)
        })
    }
}

struct Tried(Arc<Try>);

impl Capability for Tried {
    fn name(&self) -> &'static str {
        "try"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let request = request.to_vec();
        match operation {
            "guarded" => Step::Done((|| {
                caller.permit("try.read", "one", &[])?;
                caller.permit("try.write", "two", &[("how", "now")])?;
                self.0.effects.fetch_add(1, Ordering::SeqCst);
                Ok(request)
            })()),
            "greedy" => {
                for number in 0.. {
                    if let Err(error) = caller.permit("try.read", &number.to_string(), &[]) {
                        return Step::Done(Err(error));
                    }
                }
                Step::Unknown
            }
            "hold" => {
                let held = &self.0.held;
                let handle = caller.kept().state(|| {
                    held.fetch_add(1, Ordering::SeqCst);
                    Handle(Arc::clone(held))
                });
                Step::Done(handle.map(|_| request))
            }
            "caller" => {
                let process = caller.process();
                let texts = [process.text(), process.host().name(), caller.definition()];
                *self.0.caller.lock() = texts.map(str::to_owned).to_vec();
                Step::Done(Ok(request))
            }
            "echo" => Step::Done(Ok(request)),
            "fail" => Step::Done(Err(Error::invalid("refused"))),
            "work" => Step::compute(0, move |progress| {
                progress.check()?;
                Ok(request)
            }),
            "wait" => Step::wait(0, |_| async move {
                tokio::task::yield_now().await;
                Ok(request)
            }),
            "fail_later" => Step::wait(0, |_| async { Err(Error::invalid("refused later")) }),
            "panic_later" => Step::wait(0, |_| async { panic!("on purpose") }),
            "grow" => Step::wait(0, |charge| async move {
                charge.grow(1 << 20)?;
                charge.grow(1 << 30)?;
                Ok(request)
            }),
            "wait_for_ever" => self.0.waits_for_ever(),
            "given" => Step::Done(match caller.kept().find::<Vec<u8>>() {
                Some(given) => Ok(given.to_vec()),
                None => Err(Error::not_found("nothing was given")),
            }),
            "large" => Step::compute(1 << 30, |_| Ok(b"\xc0".to_vec())),
            "panic" => Step::compute(0, |_| panic!("on purpose")),
            "endless" => self.0.endless(),
            _ => Step::Unknown,
        }
    }
}

fn world(limits: HostLimits) -> (World, Arc<Try>) {
    let tried = Arc::new(Try::default());
    let world = World::set_up(Setup {
        capabilities: vec![Arc::new(Tried(Arc::clone(&tried)))],
        hosts: vec![(HOST.to_owned(), limits)],
        ..Setup::default()
    });
    (world, tried)
}

/// A guest that calls an operation with the request at 64, and ends with the answer, the
/// outcome behind the handle, or the error.
fn caller(operation: &str, request: &str, bytes: usize) -> String {
    let len = operation.len();
    guest(
        &format!(
            r#"(memory (export "memory") 40) (data (i32.const 0) "{operation}") (data (i32.const 64) "{request}")"#
        ),
        &format!(
            "(local $status i32) (local $n i32)
             (local.set $status (call $capability.call (i32.const 0) (i32.const {len})
               (i32.const 64) (i32.const {bytes}) (i32.const 2097152) (i32.const 8)))
             (if (i32.lt_s (local.get $status) (i32.const 0)) (then
               (local.set $n (i32.sub (i32.const 0) (local.get $status)))
               (drop (call $held.take (i32.const 2097152) (local.get $n)))
               (call $program.fail (i32.const 2097152) (local.get $n))
               (return)))
             (if (i32.and (i32.eq (local.get $status) (i32.const 6))
                   (i32.eq (i32.load16_u (i32.const 2097152)) (i32.const 0x03d6))) (then
               (local.set $n (call $mailbox.receive-one (i32.load (i32.const 2097154)) (i64.const -1)
                 (i32.const 2097152) (i32.const 300000)))
               ;; Behind the record's head, the topic `@exec` and the head of an array.
               (call $program.finish (i32.const 2097170) (i32.sub (local.get $n) (i32.const 18)))
               (return)))
             (call $program.finish (i32.const 2097152) (local.get $status))"
        ),
    )
}

async fn outcome(world: &World, operation: &str) -> rmpv::Value {
    let id = format!("t:{operation}");
    world.define(&id, &caller(operation, "\\91\\07", 2));
    let bytes = world.result(&id).await;
    decoded(&bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_a_value_or_comes_behind_a_handle() {
    let (world, _) = world(small_host());
    let request = decoded(b"\x91\x07");
    assert_eq!(outcome(&world, "try.echo").await, request);
    let worked = outcome(&world, "try.work").await;
    assert_eq!(*field(&worked, "value"), request);
    let panicked = outcome(&world, "try.panic").await;
    assert_eq!(
        field(&panicked, "error").as_str(),
        Some("the operation panicked")
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_waits_comes_behind_a_handle() {
    let (world, _) = world(small_host());
    let waited = outcome(&world, "try.wait").await;
    assert_eq!(*field(&waited, "value"), decoded(b"\x91\x07"));
    for (operation, says) in [
        ("try.fail_later", "refused later"),
        ("try.panic_later", "the operation panicked"),
        ("try.grow", "max_memory"),
    ] {
        let failed = outcome(&world, operation).await;
        let message = field(&failed, "error").as_str().unwrap();
        assert!(message.contains(says), "{operation}: {message}");
    }
    // A long request is checked on a thread first.
    let nils = format!("\\dc\\9c\\40{}", "\\c0".repeat(40_000));
    world.define("t:long", &caller("try.wait", &nils, 40_003));
    let answer = decoded(&world.result("t:long").await);
    assert_eq!(field(&answer, "value").as_array().unwrap().len(), 40_000);
    let calls = world.node.capability_calls();
    let counts = calls
        .iter()
        .map(|calls| (calls.begun, calls.failed, calls.open));
    assert_eq!(counts.collect::<Vec<_>>(), [(5, 3, 0)]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_waits_is_dropped_with_its_process() {
    let (world, tried) = world(small_host());
    let nils = format!("\\dc\\9c\\40{}", "\\c0".repeat(40_000));
    world.define("t:short", &caller("try.wait_for_ever", "\\90", 1));
    world.define("t:long", &caller("try.wait_for_ever", &nils, 40_003));
    for id in ["t:short", "t:long"] {
        let mut running = world.start(id).await;
        in_time(tried.begun.notified()).await;
        assert_eq!(tried.working.load(Ordering::SeqCst), 1);
        assert!(running.process().footprint() > 1 << 20);
        world.terminate(&running);
        in_time(running.wait()).await;
        in_time(tried.ended.notified()).await;
        assert_eq!(tried.working.load(Ordering::SeqCst), 0, "{id}");
    }
    world.close().await;
}

/// A component that calls an operation, and ends with the answer, the values of the message
/// that has the outcome, or the kind of the error.
fn calling_component(operation: &str) -> String {
    let len = operation.len();
    component(
        &format!(r#"(data (i32.const 0) "{operation}") (data (i32.const 64) "\91\07")"#),
        &format!(
            "(call $call (i32.const 0) (i32.const {len}) (i32.const 64) (i32.const 2) (i32.const 4096))
             (if (i32.load8_u (i32.const 4096)) (then
               (call $finish-bytes (i32.load (i32.const 4100)) (i32.load (i32.const 4104)))
               (return)))
             (if (i32.load8_u (i32.const 4100)) (then
               (call $receive-one (i32.load (i32.const 4104)) (i32.const 0) (i64.const 0) (i32.const 128))
               (call $finish (i32.const 1) (i32.load (i32.const 156)) (i32.load (i32.const 160)))
               (return)))
             (call $finish (i32.const 1) (i32.load (i32.const 4104)) (i32.load (i32.const 4108)))"
        ),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_calls_operations() {
    let (world, _) = world(small_host());
    let request = decoded(b"\x91\x07");
    world.define("t:echo", &calling_component("try.echo"));
    assert_eq!(decoded(&world.result("t:echo").await), request);
    for operation in ["try.work", "try.wait"] {
        world.define("t:later", &calling_component(operation));
        let values = decoded(&world.result("t:later").await);
        let outcome = &values.as_array().unwrap()[0];
        assert_eq!(*field(outcome, "value"), request, "{operation}");
    }
    world.define("t:none", &calling_component("try.missing"));
    assert_eq!(world.result("t:none").await, b"NotFound");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_is_judged_as_a_core_module() {
    let (world, tried, denies) = judged();
    world.define("t:call", &calling_component("try.guarded"));
    assert_eq!(decoded(&world.result("t:call").await), decoded(b"\x91\x07"));
    assert_eq!(tried.effects.load(Ordering::SeqCst), 1);
    denies.only_words(&["try.write"]);
    assert_eq!(world.result("t:call").await, b"PermissionDenied");
    world.define("t:greedy", &calling_component("try.greedy"));
    assert_eq!(world.result("t:greedy").await, b"Internal");
    assert_eq!(tried.effects.load(Ordering::SeqCst), 1);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_of_the_embedder_brings_state_for_one_process() {
    let (world, _) = world(small_host());
    world.define("t:given", &caller("try.given", "\\90", 1));
    let kept = Arc::new(Kept::default());
    kept.state(|| b"\x2a".to_vec()).unwrap();
    let start = Start {
        kept: Some(kept),
        ..Start::new("t:given", HOST)
    };
    let mut running = in_time(world.node.start_process(start, None, false))
        .await
        .unwrap();
    assert_eq!(
        crate::support::bytes(&in_time(running.wait()).await),
        [0x2a]
    );
    assert_eq!(world.failure("t:given").await.kind, Kind::NotFound);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_request_is_answered_behind_a_handle() {
    let (world, _) = world(small_host());
    // An array of 40,000 nils is longer than what is answered at once.
    let nils = format!("\\dc\\9c\\40{}", "\\c0".repeat(40_000));
    world.define("t:call", &caller("try.echo", &nils, 40_003));
    let answer = decoded(&world.result("t:call").await);
    assert_eq!(field(&answer, "value").as_array().unwrap().len(), 40_000);
    world.define("t:missing", &caller("try.missing", &nils, 40_003));
    let answer = decoded(&world.result("t:missing").await);
    assert_eq!(
        field(&answer, "error").as_str(),
        Some("operation not found: try.missing")
    );
    world.define("t:short", &caller("try.echo", &nils, 40_002));
    let answer = decoded(&world.result("t:short").await);
    let message = field(&answer, "error").as_str().unwrap();
    assert!(message.contains("`request`: not MessagePack"), "{message}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_called_is_refused() {
    let (world, _) = world(small_host());
    let nested = "\\91".repeat(300);
    let calls = [
        ("try.missing", "\\90", 1, Kind::NotFound, "try.missing"),
        ("other.echo", "\\90", 1, Kind::NotFound, "other.echo"),
        ("try", "\\90", 1, Kind::NotFound, "not found: try"),
        ("", "\\90", 1, Kind::NotFound, "not found: "),
        ("try.fail", "\\90", 1, Kind::Invalid, "refused"),
        ("try.echo", "\\c1", 1, Kind::Invalid, "not MessagePack"),
        ("try.echo", "\\c0", 1, Kind::Invalid, "array of values"),
        ("try.echo", "", 0, Kind::Invalid, "not MessagePack"),
        (
            "try.echo",
            "\\dd\\ff\\ff\\ff\\ff",
            5,
            Kind::Invalid,
            "not MessagePack",
        ),
        ("try.echo", &nested, 300, Kind::Invalid, "nested deeper"),
        ("try.large", "\\90", 1, Kind::RateLimited, "max_memory"),
    ];
    for (number, (operation, request, bytes, kind, says)) in calls.into_iter().enumerate() {
        let id = format!("t:{number}");
        world.define(&id, &caller(operation, request, bytes));
        let error = world.failure(&id).await;
        assert_eq!(error.kind, kind, "{operation} {request}: {error}");
        assert!(error.message.contains(says), "{operation}: {error}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_ends_with_its_process() {
    let (world, tried) = world(small_host());
    world.define("t:call", &caller("try.endless", "\\90", 1));
    let mut running = world.start("t:call").await;
    in_time(tried.begun.notified()).await;
    assert!(running.process().footprint() > 1 << 20);
    world.terminate(&running);
    in_time(running.wait()).await;
    in_time(tried.ended.notified()).await;
    assert_eq!(tried.working.load(Ordering::SeqCst), 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_is_charged_to_the_processor_time_of_its_process() {
    let (world, tried) = world(small_host().max_cpu(Duration::from_millis(20)));
    world.define("t:call", &caller("try.endless", "\\90", 1));
    let ended = world.run("t:call").await;
    in_time(tried.ended.notified()).await;
    let message = match &*ended.outcome {
        warren_kernel::Outcome::Failed(_) => error(&ended).message,
        // Too short a run after the work for a tick to come.
        warren_kernel::Outcome::Returned(value) => {
            let outcome = decoded(value.as_ref().unwrap());
            field(&outcome, "error").as_str().unwrap().to_owned()
        }
    };
    assert!(message.contains("max_cpu"), "{message}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_does_not_wait_for_endless_work() {
    let (world, tried) = world(small_host());
    world.define("t:endless", &caller("try.endless", "\\90", 1));
    for _ in 0..100 {
        world.start("t:endless").await;
    }
    in_time(tried.begun.notified()).await;
    world.define(
        "t:trap",
        &guest("(func $inner (unreachable))", "(call $inner)"),
    );
    let stack = world.failure("t:trap").await.stack.unwrap();
    assert!(stack.contains("\tinner\n"), "{stack:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_with_endless_work_does_not_keep_others_waiting() {
    let tried = Arc::new(Try::default());
    let world = World::set_up(Setup {
        capabilities: vec![Arc::new(Tried(Arc::clone(&tried)))],
        hosts: vec![
            (HOST.to_owned(), small_host()),
            ("test:other".to_owned(), small_host()),
        ],
        ..Setup::default()
    });
    world.define("t:endless", &caller("try.endless", "\\90", 1));
    for _ in 0..100 {
        world.start("t:endless").await;
    }
    world.define("t:call", &caller("try.work", "\\91\\07", 2));
    let mut running = in_time(world.node.run("t:call", "test:other", &[]))
        .await
        .unwrap();
    in_time(running.wait()).await;
    world.close().await;
}

/// A world whose authorizer denies what the test names.
fn judged() -> (World, Arc<Try>, Arc<Denies>) {
    let (tried, denies) = (Arc::new(Try::default()), Arc::new(Denies::default()));
    let world = World::set_up(Setup {
        capabilities: vec![Arc::new(Tried(Arc::clone(&tried)))],
        authorizer: Some(Arc::clone(&denies) as _),
        ..Setup::default()
    });
    (world, tried, denies)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_operation_has_no_effect_and_names_action_and_resource() {
    let (world, tried, denies) = judged();
    let nils = format!("\\dc\\9c\\40{}", "\\c0".repeat(40_000));
    world.define("t:short", &caller("try.guarded", "\\91\\07", 2));
    world.define("t:long", &caller("try.guarded", &nils, 40_003));
    assert_eq!(
        decoded(&world.result("t:short").await),
        decoded(b"\x91\x07")
    );
    let long = decoded(&world.result("t:long").await);
    assert!(field(&long, "value").is_array());
    assert_eq!(tried.effects.load(Ordering::SeqCst), 2);
    let asked = denies.seen();
    let asked: Vec<_> = asked
        .iter()
        .filter(|asked| asked.contains("try."))
        .collect();
    assert_eq!(asked.len(), 2, "each question is asked once: {asked:?}");
    denies.only_words(&["try.write"]);
    let error = world.failure("t:short").await;
    assert_eq!(error.kind, Kind::PermissionDenied);
    assert_eq!(error.message, "not allowed: try.write on two: by rule");
    let long = decoded(&world.result("t:long").await);
    assert_eq!(
        field(&long, "error").as_str(),
        Some("not allowed: try.write on two: by rule")
    );
    assert_eq!(tried.effects.load(Ordering::SeqCst), 2);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_asks_without_end_is_refused() {
    let (world, ..) = judged();
    let nils = format!("\\dc\\9c\\40{}", "\\c0".repeat(40_000));
    world.define("t:short", &caller("try.greedy", "\\90", 1));
    world.define("t:long", &caller("try.greedy", &nils, 40_003));
    let error = world.failure("t:short").await;
    assert_eq!(
        error.message,
        "the operation asks for more than 16 permissions"
    );
    let long = decoded(&world.result("t:long").await);
    assert_eq!(field(&long, "error").as_str(), Some(&*error.message));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_knows_its_caller() {
    let (world, tried) = world(small_host());
    world.define("t:call", &caller("try.caller", "\\90", 1));
    let mut running = world.start("t:call").await;
    in_time(running.wait()).await;
    let pid = running.process().text();
    assert_eq!(*tried.caller.lock(), [&**pid, HOST, "t:call"]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handles_go_with_the_process_or_its_code() {
    let (world, tried) = world(small_host());
    let hold = r#"(data (i32.const 0) "try.hold") (data (i32.const 16) "\\90") (data (i32.const 32) "t:parked")"#;
    let call = "(drop (call $capability.call (i32.const 0) (i32.const 8) (i32.const 16) (i32.const 1) (i32.const 64) (i32.const 8)))";
    let hold = hold.replace("\\\\", "\\");
    let park = "(drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 1024) (i32.const 1000)))";
    world.define("t:parked", &guest("", park));
    world.define("t:holder", &guest(&hold, &format!("{call} {call} {park}")));
    world.define(
        "t:upgraded",
        &guest(
            &hold,
            &format!(
                "{call} {park} (drop (call $process.upgrade (i32.const 32) (i32.const 8) (i32.const 16) (i32.const 1)))"
            ),
        ),
    );
    let held = |number| {
        let held = Arc::clone(&tried.held);
        async move {
            in_time(async {
                while held.load(Ordering::SeqCst) != number {
                    tokio::task::yield_now().await;
                }
            })
            .await;
        }
    };
    let mut ends = world.start("t:holder").await;
    let mut killed = world.start("t:holder").await;
    let mut upgraded = world.start("t:upgraded").await;
    held(3).await;
    world.terminate(&killed);
    in_time(killed.wait()).await;
    assert_eq!(tried.held.load(Ordering::SeqCst), 2);
    world.send(&ends, "end", b"\x90");
    in_time(ends.wait()).await;
    assert_eq!(tried.held.load(Ordering::SeqCst), 1);
    world.send(&upgraded, "upgrade", b"\x90");
    held(0).await;
    assert!(!upgraded.process().has_exited());
    world.terminate(&upgraded);
    in_time(upgraded.wait()).await;
    world.close().await;
}

/// A guest that reads one event, and returns its record.
fn listening() -> String {
    guest(
        r#"(data (i32.const 0) "ready\n")"#,
        "(local $events i32)
         (local.set $events (call $mailbox.events))
         (call $stdio.write (i32.const 0) (i32.const 0) (i32.const 6))
         (call $finish-bytes (i32.const 1024) (call $mailbox.receive-one
           (local.get $events) (i64.const -1) (i32.const 1024) (i32.const 60000)))",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_at_once_who_reads_no_events() {
    let (mut world, _, denies) = judged();
    world.define("t:deaf", &parked());
    world.define("t:listening", &listening());
    let hour = 3_600_000_000_000_u64;
    let mut number = 0;
    let mut stop = |world: &World, target: &str| {
        let request = rmpv::Value::Array(vec![target.into(), hour.into(), "enough".into()]);
        let request = encoded(&request);
        number += 1;
        let id = format!("t:stop-{number}");
        world.define(
            &id,
            &caller("process.stop", &escaped(&request), request.len()),
        );
        id
    };

    let mut deaf = world.start("t:deaf").await;
    world.expect_line("ready").await;
    let id = stop(&world, deaf.process().text());
    assert_eq!(world.result(&id).await, [0xc3]);
    assert_eq!(error(&in_time(deaf.wait()).await).kind, Kind::Canceled);
    assert_eq!(world.failure(&id).await.kind, Kind::NotFound);

    let mut listening = world.start("t:listening").await;
    world.expect_line("ready").await;
    let id = stop(&world, listening.process().text());
    assert_eq!(world.result(&id).await, [0xc3]);
    let record = crate::support::bytes(&in_time(listening.wait()).await);
    let record = String::from_utf8_lossy(&record);
    assert!(
        record.contains("pid.cancel") && record.contains("enough"),
        "{record}"
    );

    // A CANCEL is all that the caller may send.
    let deaf = world.start("t:deaf").await;
    world.expect_line("ready").await;
    denies.only_words(&["process.terminate"]);
    let id = stop(&world, deaf.process().text());
    assert_eq!(world.result(&id).await, [0xc3]);
    assert!(!deaf.process().is_doomed());
    denies.only_words(&["process.cancel"]);
    let id = stop(&world, deaf.process().text());
    assert_eq!(world.failure(&id).await.kind, Kind::PermissionDenied);
    assert!(!deaf.process().is_doomed());
    world.close().await;
}
