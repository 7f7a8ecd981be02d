//! Processes that wait without an instance.

use std::time::Duration;

use crate::support::{
    HOST, PATIENCE, Setup, World, bytes, error, guest, in_time, parked as waiting, small_host,
    until,
};
use warren_engine::Running;
use warren_kernel::{Activity, Kind, Outcome};

/// A world that parks processes as soon as they wait.
fn parking() -> World {
    World::set_up(Setup {
        park_after: Some(Duration::ZERO),
        ..Setup::default()
    })
}

/// Waits for a message in the inbox up to `$deadline`, and answers with 1 if there was one,
/// and with 0 if the process is to return. A receive that asks for that is followed by
/// `mailbox.await`.
const NEXT: &str = r#"
    (func $next (param $deadline i64) (result i32)
      (local $status i32)
      (local.set $status (call $mailbox.receive-one (i32.const 1) (local.get $deadline)
        (i32.const 1024) (i32.const 1000)))
      (if (i32.eq (local.get $status) (i32.const 0x80000000))
        (then
          (i32.store (i32.const 4096) (i32.const 1))
          (if (call $mailbox.await (i32.const 4096) (i32.const 1) (local.get $deadline)) (then unreachable))
          (return (i32.const 0))))
      (i32.const 1))"#;

/// A guest that counts the messages of its inbox. It ends with the number at the topic
/// `stop`. Its memory grows by a page for each topic that begins with `g`.
fn counter() -> String {
    guest(
        &format!(
            r#"{NEXT}
            (func $count
              (local $topic i32)
              (loop $more
                (if (i32.eqz (call $next (i64.const -1))) (then (return)))
                (local.set $topic (i32.load8_u (i32.const 1036)))
                (if (i32.eq (local.get $topic) (i32.const 115))
                  (then (call $finish-bytes (i32.const 100) (i32.const 4)) (return)))
                (if (i32.eq (local.get $topic) (i32.const 103))
                  (then
                    (drop (memory.grow (i32.const 1)))
                    (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 7))))
                (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (i32.const 1)))
                (br $more)))
            (func (export "resume") (call $count))"#
        ),
        "(drop (call $mailbox.inbox)) (call $count)",
    )
}

async fn result_of(world: &World, mut running: Running) -> u32 {
    world.send(&running, "stop", b"\x90");
    let end = in_time(running.wait()).await;
    u32::from_le_bytes(bytes(&end).try_into().expect("are four bytes"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_process_holds_no_slot_and_a_message_wakes_it() {
    let world = parking();
    world.define("t:counter", &counter());
    let running = world.start("t:counter").await;
    for topic in ["a", "b", "grow", "c"] {
        until(&running, Activity::Parked).await;
        assert_eq!(world.node.slots_taken(), 0);
        world.send(&running, topic, b"\x90");
    }
    until(&running, Activity::Parked).await;
    assert_eq!(result_of(&world, running).await, 4);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_process_is_charged_for_its_record() {
    let world = parking();
    world.define("t:counter", &counter());
    let budget = world.node.kernel().budget();
    let before = budget.used();
    let running = world.start("t:counter").await;
    for _ in 0..8 {
        world.send(&running, "grow", b"\x90");
    }
    in_time(async {
        while running.process().depth().messages > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    until(&running, Activity::Parked).await;
    let footprint = running.process().footprint();
    assert!(footprint < 8 << 10, "{footprint}");
    assert!(running.process().usage().memory() < 4 << 10);
    for _ in 0..100 {
        until(&running, Activity::Parked).await;
        world.send(&running, "a", b"\x90");
    }
    assert_eq!(result_of(&world, running).await, 108);
    world.idle().await;
    // A pool keeps pages for a slot that was used.
    let after = budget.used();
    assert!(after <= before + (64 << 10), "{before} {after}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_wakes_a_parked_process() {
    let world = parking();
    let sleeper = guest(
        &format!(
            r#"{NEXT}
            (func $sleep
              (if (i32.eqz (call $next (i64.load (i32.const 200)))) (then (return)))
              (call $finish-bytes (i32.const 200) (i32.const 1)))
            (func (export "resume") (call $sleep))"#
        ),
        "(drop (call $mailbox.inbox))
         (i64.store (i32.const 200) (i64.add (call $clock.monotonic) (i64.const 200000000)))
         (call $sleep)",
    );
    world.define("t:sleeper", &sleeper);
    let mut running = world.start("t:sleeper").await;
    until(&running, Activity::Parked).await;
    let end = in_time(running.wait()).await;
    assert!(matches!(&*end.outcome, Outcome::Returned(Some(_))));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_process_is_terminated_and_cancelled_like_one_that_waits() {
    let world = parking();
    world.define("t:counter", &counter());
    let mut running = world.start("t:counter").await;
    until(&running, Activity::Parked).await;
    world.terminate(&running);
    let end = in_time(running.wait()).await;
    assert_eq!(error(&end).kind, Kind::Canceled);

    let mut running = world.start("t:counter").await;
    until(&running, Activity::Parked).await;
    let mut deadline = world.node.now();
    deadline.monotonic.0 += 50_000_000;
    let kernel = world.node.kernel();
    kernel
        .cancel(
            None,
            running.process(),
            Some(deadline),
            true,
            world.node.now(),
        )
        .expect("it lives");
    let end = in_time(running.wait()).await;
    assert_eq!(error(&end).kind, Kind::Canceled);
    world.close().await;
}

/// A guest that never returns when it is asked, and one that does not know of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_does_not_return_goes_on_waiting() {
    let mut world = parking();
    let stubborn = guest(
        r#"(data (i32.const 0) "asked\nheard\n")
           (func (export "resume") unreachable)"#,
        "(drop (call $mailbox.inbox))
         (loop $more
           (if (i32.eq (i32.const 0x80000000)
                 (call $mailbox.receive-one (i32.const 1) (i64.const -1) (i32.const 1024) (i32.const 1000)))
             (then
               (call $stdio.write (i32.const 0) (i32.const 0) (i32.const 6))
               (br $more))))
         (call $stdio.write (i32.const 0) (i32.const 6) (i32.const 6))",
    );
    world.define("t:stubborn", &stubborn);
    world.define("t:waiting", &waiting());
    let plain = world.start("t:waiting").await;
    world.expect_line("ready").await;
    let mut running = world.start("t:stubborn").await;
    // Asked again and again, less and less often.
    for _ in 0..4 {
        world.expect_line("asked").await;
    }
    assert_eq!(world.node.slots_taken(), 2);
    world.send(&running, "a", b"\x90");
    loop {
        match &*world.line().await {
            "asked" => {}
            line => break assert_eq!(line, "heard"),
        }
    }
    in_time(running.wait()).await;
    until(&plain, Activity::Waiting).await;
    world.close().await;
}

/// Without a call of `mailbox.await`, a `start` that returns ends the process, although it
/// was asked to return.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_returns_without_a_wait_ends() {
    let world = parking();
    let ends = guest(
        r#"(func (export "resume") unreachable)"#,
        "(drop (call $mailbox.inbox))
         (drop (call $mailbox.receive-one (i32.const 1) (i64.const -1) (i32.const 1024) (i32.const 1000)))",
    );
    world.define("t:ends", &ends);
    assert_eq!(world.result("t:ends").await, b"");
    world.close().await;
}

/// A guest that handles each message in a call of its own: `start` returns at once, and no
/// stack is held between two messages, whether processes are parked or not.
fn served() -> String {
    guest(
        r#"(func $await
             (i32.store (i32.const 4096) (i32.const 1))
             (drop (call $mailbox.await (i32.const 4096) (i32.const 1) (i64.const -1))))
           (func (export "resume")
             (if (i32.lt_s (i32.const 0)
                   (call $mailbox.receive-one (i32.const 1) (i64.const 0) (i32.const 1024) (i32.const 1000)))
               (then
                 (if (i32.eq (i32.load8_u (i32.const 1036)) (i32.const 115))
                   (then (call $finish-bytes (i32.const 100) (i32.const 4)) (return)))
                 (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (i32.const 1)))))
             (call $await))"#,
        "(drop (call $mailbox.inbox)) (call $await)",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_driven_guest_is_entered_for_each_message() {
    for park_after in [None, Some(Duration::ZERO), Some(PATIENCE)] {
        let world = World::set_up(Setup {
            park_after,
            ..Setup::default()
        });
        world.define("t:served", &served());
        let running = world.start("t:served").await;
        let rests = match park_after {
            Some(Duration::ZERO) => Activity::Parked,
            _ => Activity::Waiting,
        };
        for _ in 0..5 {
            until(&running, rests).await;
            world.send(&running, "a", b"\x90");
        }
        assert_eq!(result_of(&world, running).await, 5);
        world.close().await;
    }
}

/// A guest that never takes its message is entered again and again, and yields to others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_is_always_entered_again_is_preempted() {
    let mut world = World::set_up(Setup::default());
    let greedy = guest(
        r#"(data (i32.const 0) "again\n")
           (func $await
             (i32.store (i32.const 4096) (i32.const 1))
             (drop (call $mailbox.await (i32.const 4096) (i32.const 1) (i64.const -1))))
           (func (export "resume")
             (if (i32.eqz (i32.load (i32.const 100)))
               (then
                 (i32.store (i32.const 100) (i32.const 1))
                 (call $stdio.write (i32.const 0) (i32.const 0) (i32.const 6))))
             (call $await))"#,
        "(drop (call $mailbox.inbox)) (call $await)",
    );
    world.define("t:greedy", &greedy);
    let mut running = world.start("t:greedy").await;
    world.send(&running, "a", b"\x90");
    world.expect_line("again").await;
    world.terminate(&running);
    let end = in_time(running.wait()).await;
    assert_eq!(error(&end).kind, Kind::Canceled);
    world.close().await;
}

/// The limit of the memory holds when the process returns, not only when it is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_grows_before_it_returns_is_not_parked() {
    let mut world = parking();
    let growing = guest(
        r#"(data (i32.const 0) "grown\nwoken\n")
           (func (export "resume") (call $stdio.write (i32.const 0) (i32.const 6) (i32.const 6)))"#,
        "(drop (call $mailbox.inbox))
         (drop (call $mailbox.receive-one (i32.const 1) (i64.const -1) (i32.const 1024) (i32.const 1000)))
         (if (i32.eq (i32.const -1) (memory.grow (i32.const 144))) (then unreachable))
         (call $stdio.write (i32.const 0) (i32.const 0) (i32.const 6))
         (i32.store (i32.const 4096) (i32.const 1))
         (drop (call $mailbox.await (i32.const 4096) (i32.const 1) (i64.const -1)))",
    );
    world.define("t:growing", &growing);
    world.define("t:counter", &counter());
    let mut running = world.start("t:growing").await;
    world.expect_line("grown").await;
    // Looks have passed once another process is parked.
    let counter = world.start("t:counter").await;
    for _ in 0..3 {
        until(&counter, Activity::Parked).await;
        world.send(&counter, "a", b"\x90");
    }
    until(&running, Activity::Waiting).await;
    world.send(&running, "a", b"\x90");
    world.expect_line("woken").await;
    in_time(running.wait()).await;
    world.close().await;
}

/// State beside the memory is not in a record: such a module is never asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_with_more_state_than_memory_is_not_parked() {
    let world = parking();
    let items = r#"(global $a (mut i32) (i32.const 0)) (global $b (mut i32) (i32.const 0))
                   (func (export "resume") unreachable)"#;
    let start = "(drop (call $mailbox.inbox))
        (global.set $a (i32.const 1)) (global.set $b (i32.const 1))
        (if (i32.le_s (call $mailbox.receive-one (i32.const 1) (i64.const -1) (i32.const 1024) (i32.const 1000))
              (i32.const 0)) (then unreachable))";
    world.define("t:globals", &guest(items, start));
    world.define("t:counter", &counter());
    let mut running = world.start("t:globals").await;
    // Looks have passed once another process is parked.
    let counter = world.start("t:counter").await;
    for _ in 0..3 {
        until(&counter, Activity::Parked).await;
        world.send(&counter, "a", b"\x90");
    }
    assert_eq!(
        running.process().summary().unwrap().activity,
        Activity::Waiting
    );
    world.send(&running, "a", b"\x90");
    let end = in_time(running.wait()).await;
    assert!(matches!(&*end.outcome, Outcome::Returned(_)));
    world.close().await;
}

/// No message is lost however often the processes are parked and woken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_parking_and_waking_loses_nothing() {
    const PROCESSES: usize = 100;
    const MESSAGES: u32 = 100;
    let world = World::set_up(Setup {
        park_after: Some(Duration::ZERO),
        hosts: vec![(HOST.to_owned(), small_host())],
        ..Setup::default()
    });
    world.define("t:counter", &counter());
    world.define("t:served", &served());
    let mut all = Vec::new();
    for number in 0..PROCESSES {
        let id = if number % 2 == 0 {
            "t:counter"
        } else {
            "t:served"
        };
        all.push(world.start(id).await);
    }
    // The delays spread the messages over all steps of parking and waking.
    let mut seed = 1_u64;
    for _ in 0..MESSAGES {
        for running in &all {
            world.send(running, "a", b"\x90");
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            for _ in 0..seed >> 58 {
                tokio::task::yield_now().await;
            }
        }
    }
    for running in all {
        assert_eq!(result_of(&world, running).await, MESSAGES);
    }
    world.idle().await;
    world.close().await;
}
