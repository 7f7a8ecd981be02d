//! Listings, waits, and calls on closed descriptors.

use warren_engine::Grants;

use super::place::Place;
use super::preview1::*;
use super::script::{BUFFER, COUNT, Script};
use super::{run_alone, world};
use crate::support::{bytes, in_time, small_host};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_can_be_read_in_pieces_and_under_another_number() {
    let place = Place::new();
    let mut script = Script::new();
    script.open(3, ".", DIRECTORY, READ, 0);
    script.call("fd_renumber", &[-1, 3]);
    script.call("fd_readdir", &[3, BUFFER.into(), 4_096, 0, COUNT.into()]);
    // The first two entries are `.` and `..`; an entry that was cut off comes
    // again.
    script.call("fd_readdir", &[3, BUFFER.into(), 30, 2, COUNT.into()]);
    script.call("fd_readdir", &[3, BUFFER.into(), 30, 2, COUNT.into()]);
    script.call("fd_readdir", &[3, BUFFER.into(), 4_096, 100, COUNT.into()]);
    script.call("fd_readdir", &[3, BUFFER.into(), 1 << 21, 0, COUNT.into()]);
    script.call("fd_readdir", &[1, BUFFER.into(), 64, 0, COUNT.into()]);
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    assert_eq!(results, [0, 0, 0, 0, 0, 0, INVAL, NOTDIR]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_on_a_closed_descriptor_return_badf() {
    let mut script = Script::new();
    let mut names = Vec::new();
    for (name, parameters) in FUNCTIONS {
        if !name.starts_with("fd_") && !name.starts_with("sock_") && !name.starts_with("path_") {
            continue;
        }
        let mut given: Vec<i64> = parameters.chars().map(|_| 0).collect();
        // Every range is empty, and no given descriptor is open.
        let fd = if *name == "path_symlink" { 2 } else { 0 };
        given[fd] = 77;
        if matches!(*name, "path_link" | "path_rename") {
            given[parameters.len() - 3] = 77;
        }
        script.call(name, &given);
        names.push(*name);
    }
    let results = run_alone(&script, Grants::default()).await;
    for (name, result) in names.iter().zip(results) {
        assert_eq!(result, BADF, "{name}");
    }
    // The standard streams are no files and no sockets.
    let mut script = Script::new();
    for fd in 0..3 {
        script.call("sock_shutdown", &[fd, 0]);
        script.call("fd_filestat_set_size", &[fd, 0]);
        script.call("fd_sync", &[fd]);
        script.open(fd, "x", 0, READ, 0);
    }
    let results = run_alone(&script, Grants::default()).await;
    assert_eq!(results, [NOTSOCK, BADF, BADF, BADF].repeat(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poll_oneoff_returns_after_its_time() {
    let mut script = Script::new();
    // A relative time of 1 ms on the monotonic clock.
    let mut subscription = [0_u8; 48];
    subscription[16] = 1;
    subscription[24..32].copy_from_slice(&1_000_000_u64.to_le_bytes());
    script.put(BUFFER, &subscription);
    script.call("poll_oneoff", &[BUFFER.into(), 16_384, 1, COUNT.into()]);
    script.call("sched_yield", &[]);
    script.call("proc_raise", &[9]);
    let world = world(small_host());
    world.define("t:waits", &script.wat());
    let mut running = world.start("t:waits").await;
    let results = bytes(&in_time(running.wait()).await);
    assert_eq!(results[3..], [0, 0, NOTSUP]);
    world.close().await;
}
