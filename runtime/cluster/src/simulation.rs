//! Many short lives of a cluster, each from its seed: the real sessions, members, names and
//! groups, with real kernels behind them, over the simulated broker.
//!
//! `WARREN_CLUSTER_SEEDS=1000000` runs so many seeds, `WARREN_CLUSTER_SEED=7` one.

mod member;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use world::World;

/// Seeds of each run of the tests.
const SEEDS: u64 = 10_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn lives_of_clusters_keep_every_promise() {
    if let Some(seed) = number("WARREN_CLUSTER_SEED") {
        let mut world = World::new(seed, true);
        world.live();
        return;
    }
    let seeds = number("WARREN_CLUSTER_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let totals: Vec<AtomicU64> = world::COUNTED.iter().map(|_| AtomicU64::new(0)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let told = Told(seed);
                    let mut world = World::new(seed, false);
                    world.live();
                    for (total, count) in totals.iter().zip(world.counted()) {
                        total.fetch_add(count, Ordering::Relaxed);
                    }
                    std::mem::forget(told);
                }
            });
        }
    });
    let totals: Vec<u64> = totals
        .iter()
        .map(|total| total.load(Ordering::Relaxed))
        .collect();
    for (what, total) in world::COUNTED.iter().zip(&totals) {
        println!("{total:>12} {what}");
        assert!(*total > seeds / 100, "too few of {what}: {total}");
    }
}

/// Names the seed of a life that fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("WARREN_CLUSTER_SEED={} runs this life again", self.0);
    }
}
