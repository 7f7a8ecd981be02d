//! The life of processes: slices, waits, ends.

use std::time::{Duration, Instant};

use crate::support::child::{BUSY, CHILD, FINISH_WITH_EVENT, event, names, spawn};
use crate::support::{
    HOST, PATIENCE, Setup, World, bytes, echo, error, field, guest, in_time, parked,
};
use warren_engine::{Gate, Start};
use warren_kernel::{Kind, Outcome};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_loops_leave_others_their_turn() {
    let world = World::new(&[("t:busy", guest("", BUSY)), ("t:echo", echo())]);
    let mut busy = Vec::new();
    for _ in 0..8 {
        busy.push(world.start("t:busy").await);
    }
    for _ in 0..20 {
        let mut echo = world.start("t:echo").await;
        world.send(&echo, "t", b"\xc0");
        bytes(&in_time(echo.wait()).await);
    }
    for running in &mut busy {
        world.terminate(running);
        in_time(running.wait()).await;
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receive_ends_at_its_deadline_and_not_before() {
    let after_20_ms = "(call $mailbox.receive-one (call $mailbox.inbox)
         (i64.add (call $clock.monotonic) (i64.const 20000000)) (i32.const 0) (i32.const 100))";
    let world = World::new(&[(
        "t:wait",
        guest(
            "",
            &format!(
                "(local $began i64)
                 (local.set $began (call $clock.monotonic))
                 (if {after_20_ms} (then unreachable))
                 (if (i64.lt_u (i64.sub (call $clock.monotonic) (local.get $began)) (i64.const 20000000)) (then unreachable))
                 ;; One that has passed is a poll.
                 (if (call $mailbox.receive-one (i32.const 1) (i64.const 1) (i32.const 0) (i32.const 100)) (then unreachable))
                 ;; Numbers that are no subscription never have a message.
                 (if (call $mailbox.receive-one (i32.const 77) (i64.const 0) (i32.const 0) (i32.const 100)) (then unreachable))"
            ),
        ),
    )]);
    let began = Instant::now();
    assert_eq!(world.result("t:wait").await, b"");
    assert!(began.elapsed() < PATIENCE / 2);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminate_ends_a_loop_and_a_wait() {
    let mut world = World::new(&[("t:busy", guest("", BUSY)), ("t:parked", parked())]);
    let mut busy = world.start("t:busy").await;
    let mut waiting = world.start("t:parked").await;
    world.expect_line("ready").await;
    for running in [&mut busy, &mut waiting] {
        world.terminate(running);
        let error = error(&in_time(running.wait()).await);
        assert_eq!(error.kind, Kind::Canceled);
        assert_eq!(error.message, "process terminated");
        let again = world.node.kernel().terminate(running.process());
        assert_eq!(again.expect_err("it has ended").kind, Kind::NotFound);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_behind_a_shut_gate_runs_nothing() {
    let world = World::new(&[("t:trap", guest("", "unreachable"))]);
    for (is_open, kind) in [(false, Kind::Canceled), (true, Kind::Internal)] {
        let start = Start {
            gate: Some(Gate::new(move || is_open)),
            ..Start::new("t:trap", HOST)
        };
        let started = world.node.start_process(start, None, false);
        let mut running = in_time(started).await.unwrap();
        assert_eq!(error(&in_time(running.wait()).await).kind, kind);
    }
    world.close().await;
}

/// An interpreter that never finishes preparing a source.
fn stuck_interpreter() -> String {
    guest(
        r#"(data (i32.const 0) "preparing\n")
           (func (export "prepare")
             (call $stdio.write (i32.const 0) (i32.const 0) (i32.const 10))
             (loop (br 0)))"#,
        "",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preparing_ends_with_its_caller() {
    let mut world = World::set_up(Setup {
        interpreter: Some(stuck_interpreter()),
        ..Setup::default()
    });
    world.define_source("t:child", "a source");
    world.define(
        "t:parent",
        &guest(&names(), &format!("(local $pid i32) {}", spawn(0))),
    );
    let mut parent = world.start("t:parent").await;
    world.expect_line("preparing").await;
    assert_eq!(world.node.slots_taken(), 2);
    world.terminate(&parent);
    in_time(parent.wait()).await;
    // The instance that prepares ends at the end of its slice.
    in_time(world.idle()).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_deadline_is_enforced_on_loops_waits_and_jobs() {
    let stuck = stuck_interpreter();
    let guests = [
        guest("", BUSY),
        guest(
            "",
            "(drop (call $mailbox.receive (i32.const 0) (i32.const 0) (i64.const -1) (i32.const 0) (i32.const 0)))",
        ),
        guest(
            "",
            "(drop (call $mailbox.receive-one (i32.const 1) (i64.const 0x7fffffffffffffff) (i32.const 0) (i32.const 0)))",
        ),
        guest(&names(), &format!("(local $pid i32) {}", spawn(0))),
    ];
    for victim in guests {
        let world = World::set_up(Setup {
            interpreter: Some(stuck.clone()),
            ..Setup::default()
        });
        world.define_source("t:child", "never prepared");
        world.define("t:victim", &victim);
        let mut victim = world.start("t:victim").await;
        let now = world.node.now();
        let deadline = now.after(Duration::from_millis(30));
        let kernel = world.node.kernel();
        kernel
            .cancel(None, victim.process(), Some(deadline), true, now)
            .unwrap();
        let error = error(&in_time(victim.wait()).await);
        assert_eq!(error.kind, Kind::Canceled);
        assert!(world.node.now().monotonic >= deadline.monotonic);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_through_the_abi_is_read_or_enforced() {
    // A guest that prints each event, and never ends.
    let child = guest(
        r#"(data (i32.const 0) "ready\nasked\n")"#,
        "(call $stdio.write (i32.const 0) (i32.const 0) (i32.const 6))
         (drop (call $mailbox.receive-one (call $mailbox.events) (i64.const -1) (i32.const 4096) (i32.const 8192)))
         (call $stdio.write (i32.const 0) (i32.const 6) (i32.const 6))
         (loop (br 0))",
    );
    // A guest that cancels with an hour's time, and with 20 ms after a message.
    let parent = guest(
        &names(),
        &format!(
            "(local $pid i32) {}
             (if (call $process.cancel (i32.const 2048) (local.get $pid) (i64.const 3600000000000)) (then unreachable))
             (drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 4096) (i32.const 8192)))
             (if (call $process.cancel (i32.const 2048) (local.get $pid) (i64.const 20000000)) (then unreachable))
             {FINISH_WITH_EVENT}",
            spawn(1)
        ),
    );
    let mut world = World::new(&[("t:child", child), ("t:parent", parent)]);
    let mut parent = world.start("t:parent").await;
    // The CANCEL may come before or after the first line is printed.
    let lines = [world.line().await, world.line().await];
    assert_eq!(lines, ["ready", "asked"]);
    world.send(&parent, "now", b"\x90");
    let exit = event(&bytes(&in_time(parent.wait()).await));
    assert_eq!(field(&exit, "kind").as_str(), Some("pid.exit"));
    let result = field(&exit, "result");
    assert_eq!(field(result, "error").as_str(), Some("process terminated"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_grows_up_to_the_hosts_limit() {
    // A guest that grows its memory page by page until that is refused, and ends
    // with the number of pages.
    let grower = guest(
        r#"(memory (export "memory") 1)"#,
        "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         (i32.store (i32.const 0) (memory.size))
         (call $finish-bytes (i32.const 0) (i32.const 4))",
    );
    let world = World::new(&[("t:grower", grower)]);
    let pages = u32::from_le_bytes(world.result("t:grower").await.try_into().unwrap());
    assert_eq!(pages, 16 << 4, "16 MiB in pages of 64 KiB");
    world.close().await;
}

/// A guest that reads standard input and returns it.
fn reader() -> String {
    guest(
        "",
        "(local $n i32)
         (local.set $n (call $stdio.read (i32.const 1024) (i32.const 100)))
         (if (i32.lt_s (local.get $n) (i32.const 0))
           (then
             (drop (call $held.take (i32.const 1024) (i32.const 4096)))
             (local.set $n (i32.sub (i32.const 0) (local.get $n)))))
         (call $finish-bytes (i32.const 1024) (local.get $n))",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_first_process_reads_standard_input() {
    const INNER: &str = "WARREN_TEST_READS_STDIN";
    if std::env::var_os(INNER).is_some() {
        let world = World::new(&[("t:reader", reader())]);
        assert_eq!(world.result("t:reader").await, b"hello");
        return;
    }
    let parent = guest(
        &names(),
        &format!(
            "(call $finish-bytes (i32.const 4096)
               (call $mailbox.receive-one
                 (call $process.exec {CHILD} (i32.const 32) (i32.const 1) (i32.const 0) (i32.const 0))
                 (i64.const -1) (i32.const 4096) (i32.const 8192)))"
        ),
    );
    let world = World::new(&[("t:parent", parent), ("t:child", reader())]);
    let outcome = world.result("t:parent").await;
    let text = String::from_utf8_lossy(&outcome);
    assert!(text.contains("PermissionDenied"), "{text}");
    world.close().await;

    // Runs this test again in a new program, with text on standard input.
    let read = tokio::task::spawn_blocking(|| {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "life::only_the_first_process_reads_standard_input",
            ])
            .env(INNER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"hello").unwrap();
        child.wait_with_output().unwrap()
    });
    let output = in_time(read).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_ends_the_process_with_its_status() {
    let world = World::new(&[
        (
            "t:zero",
            guest("", "(call $program.exit (i32.const 0)) unreachable"),
        ),
        (
            "t:three",
            guest("", "(call $program.exit (i32.const 3)) unreachable"),
        ),
    ]);
    let ended = world.run("t:zero").await;
    assert_eq!(ended.status, Some(0));
    assert!(matches!(*ended.outcome, Outcome::Returned(None)));
    let ended = world.run("t:three").await;
    assert_eq!(ended.status, Some(3));
    assert_eq!(error(&ended).message, "exited with status 3");
    world.close().await;
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_refused_memory_can_still_throw() {
    let guest = guest(
        r#"(memory (export "memory") 1) (tag $full)
           (data (i32.const 0) "caught")"#,
        "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         (block $caught (try_table (catch $full $caught) (throw $full)) unreachable)
         (call $finish-bytes (i32.const 0) (i32.const 6))",
    );
    let world = World::new(&[("t:full", guest)]);
    assert_eq!(world.result("t:full").await, b"caught");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_of_a_guest_that_was_refused_memory_tells_the_limit() {
    let guest = guest(
        r#"(memory (export "memory") 1)"#,
        "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         (call $program.exit (i32.const 3))",
    );
    let world = World::new(&[("t:full", guest)]);
    let ended = world.run("t:full").await;
    assert_eq!(ended.status, Some(3));
    let error = error(&ended);
    assert_eq!(error.kind, Kind::Internal);
    let limit = "max_memory = 16 MiB of host test:host";
    assert!(
        error.message.starts_with("exited with status 3;"),
        "{error}"
    );
    assert!(error.message.contains(limit), "{error}");
    assert!(error.details.is_some());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_keeps_the_error_that_was_given_before() {
    // The error `["Conflict", "m"]`.
    let guest = guest(
        r#"(data (i32.const 0) "\c7\0c\01\92\a8Conflict\a1m")"#,
        "(call $program.fail (i32.const 0) (i32.const 15)) (call $program.exit (i32.const 3))",
    );
    let world = World::new(&[("t:failing", guest)]);
    let ended = world.run("t:failing").await;
    assert_eq!(ended.status, Some(3));
    let error = error(&ended);
    assert_eq!((error.kind, &*error.message), (Kind::Conflict, "m"));
    world.close().await;
}
