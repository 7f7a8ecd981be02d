//! Endless spawns, calls and output.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use warren_engine::{Sink, Stream};

use super::check_good;
use crate::support::{HOST, Setup, World, guest, in_time, is_alone, parked, resident, small_host};

/// A guest that spawns `t:child` until that fails, and ends with the error.
fn storm() -> String {
    guest(
        &format!(r#"(data (i32.const 16) "t:child{HOST}")"#),
        "(local $n i32)
         (loop $more
           (local.set $n (call $process.spawn (i32.const 16) (i32.const 7) (i32.const 23) (i32.const 9) (i32.const 0) (i32.const 0)
             (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 256)))
           (br_if $more (i32.ge_s (local.get $n) (i32.const 0))))
         (drop (call $held.take (i32.const 1024) (i32.const 4096)))
         (call $finish-bytes (i32.const 1024) (i32.sub (i32.const 0) (local.get $n)))",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_spawns_ends_at_the_hosts_limit() {
    let world = World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), small_host().max_processes(50))],
        ..Setup::default()
    });
    world.define("t:storm", &storm());
    world.define("t:child", &parked());
    let result = world.result("t:storm").await;
    let text = String::from_utf8_lossy(&result).into_owned();
    assert!(text.contains("RateLimited"), "{text}");
    assert!(text.contains("max_processes = 50"), "{text}");
    assert_eq!(world.node.kernel().live(), 49);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_guest_whose_imports_return_at_once_leaves_others_their_turn() {
    // Calls that fail or return at once, repeated for ever without a wait.
    let calls = [
        "(drop (call $process.spawn (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 256)))",
        "(call $logger.log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1))",
        "(drop (call $process.upgrade (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))",
        "(drop (call $program.module (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))",
    ];
    for call in calls {
        let world = World::new(&[("t:busy", guest("", &format!("(loop {call} (br 0))")))]);
        let mut busy = world.start("t:busy").await;
        check_good(&world).await;
        world.terminate(&busy);
        in_time(busy.wait()).await;
        world.close().await;
    }
}

/// A reader that is slower than the guests that print. It records the most memory
/// that the program used.
struct SlowReader {
    bytes: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

impl Sink for SlowReader {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        std::thread::sleep(Duration::from_micros(50));
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.most.fetch_max(resident(), Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_output_wait_for_their_reader() {
    if !is_alone("hostile::floods::floods_of_output_wait_for_their_reader").await {
        return;
    }
    const EACH: u64 = 15 << 20;
    let (bytes, most) = (Arc::default(), Arc::default());
    let world = World::set_up(Setup {
        sink: Some(Box::new(SlowReader {
            bytes: Arc::clone(&bytes),
            most: Arc::clone(&most),
        })),
        ..Setup::default()
    });
    world.define(
        "t:flood",
        &guest(
            r#"(memory (export "memory") 250)"#,
            &format!(
                "(local $n i32)
                 (loop $more
                   (call $stdio.write (i32.const 0) (i32.const 0) (i32.const {EACH}))
                   (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 40))))"
            ),
        ),
    );
    let before = resident();
    world.run("t:flood").await;
    in_time(world.node.terminate_all(std::time::Duration::from_secs(60))).await;
    assert_eq!(bytes.load(Ordering::Relaxed), 40 * EACH);
    let grown = most.load(Ordering::Relaxed).saturating_sub(before);
    assert!(grown < 200 << 20, "{} MiB", grown >> 20);
    world.assert_empty();
}
