//! Budgets of memory, and a machine that runs out of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use warren_engine::MachineMemory;
use warren_kernel::{Kind, Outcome};

use crate::support::{HOST, Setup, World, guest, in_time, parked, small_host};

/// A machine whose free memory the test sets.
struct Told(AtomicU64);

impl MachineMemory for Told {
    fn total(&self) -> Option<u64> {
        Some(1 << 30)
    }

    fn available(&self) -> Option<u64> {
        Some(self.0.load(Ordering::SeqCst))
    }
}

/// A guest that takes `pages` pages of memory and waits.
fn holds(pages: u32) -> String {
    guest(
        "",
        &format!(
            "(if (i32.lt_s (memory.grow (i32.const {pages})) (i32.const 0)) (then unreachable))
             (drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 0) (i32.const 0)))"
        ),
    )
}

fn machine(available: u64) -> (Arc<Told>, World) {
    let told = Arc::new(Told(AtomicU64::new(available)));
    let world = World::set_up(Setup {
        max_memory_total: Some(64 << 20),
        memory: Some(Arc::clone(&told) as _),
        hosts: vec![
            (HOST.to_owned(), small_host()),
            (
                "test:other".to_owned(),
                small_host().max_memory_total(8 << 20),
            ),
        ],
        ..Setup::default()
    });
    (told, world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_process_ends_when_the_machine_is_nearly_out_of_memory() {
    let (told, world) = machine(1 << 30);
    world.define("t:large", &holds(200));
    world.define("t:small", &holds(20));
    let mut large = world.start("t:large").await;
    let small = world.start("t:small").await;
    let (large_process, small_process) = (large.process().clone(), small.process().clone());
    in_time(async {
        while large_process.usage().memory() < 200 << 16
            || small_process.usage().memory() < 20 << 16
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    told.0.store(0, Ordering::SeqCst);
    let ended = in_time(large.wait()).await;
    let Outcome::Failed(error) = &*ended.outcome else {
        panic!("being ended is a failure");
    };
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(error.message.contains("nearly out of memory"), "{error}");
    told.0.store(1 << 30, Ordering::SeqCst);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_processes_give_back_their_memory() {
    let (_told, world) = machine(1 << 30);
    world.define("t:large", &holds(200));
    world.define("t:parked", &parked());
    let host = world.node.kernel().host(HOST).unwrap();
    for _ in 0..20 {
        let mut large = world.start("t:large").await;
        let process = large.process().clone();
        in_time(async {
            while process.usage().memory() < 200 << 16 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert!(host.budget().used() > 200 << 16);
        world.terminate(&large);
        in_time(large.wait()).await;
        assert_eq!(host.budget().used(), 0);
    }
    // A used slot keeps some pages.
    assert!(world.node.kernel().budget().used() <= 20 * (64 << 10));
    world.close().await;
    assert_eq!(host.budget().used(), 0);
}
