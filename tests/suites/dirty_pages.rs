//! The cost of a Lua process in pages of its image that it has written to, and
//! so has for itself: counted, not measured.

#![allow(clippy::expect_used, reason = "a test program")]

use warren_tests::Warren;

const PROCESSES: usize = 40;

/// Stack, Lua state, and two of new objects; see
/// `guest-sdk/lua/src/allocator/layout.rs`.
const AFTER_ONE_MESSAGE: usize = 4;

/// Garbage of a young generation, in addition.
const AFTER_A_THOUSAND: usize = 8;

#[test]
fn a_process_that_has_answered_one_message_has_few_dirty_pages() {
    at_most(AFTER_ONE_MESSAGE, 1);
}

#[test]
fn a_process_that_has_answered_a_thousand_has_hardly_more() {
    at_most(AFTER_A_THOUSAND, 1_000);
}

/// Asserts the median over processes: reused places keep dirty pages of their
/// last process.
#[track_caller]
fn at_most(pages: usize, messages: usize) {
    // A command whose code another one compiled and stored at the same time runs its own
    // copy; the next finds what is stored.
    let mut runs = (0..3).map(|_| dirty_pages(messages));
    let complete = |dirty: &Vec<usize>| dirty.len() >= PROCESSES;
    let mut dirty = runs
        .find(complete)
        .expect("the images lie in files of the cache");
    dirty.sort_unstable();
    assert!(dirty[dirty.len() / 2] <= pages, "{dirty:?}");
}

/// Returns the dirty pages of each image, after the processes have answered messages.
fn dirty_pages(messages: usize) -> Vec<usize> {
    let mut session = Warren::run("tests/programs/parked")
        .options(["--wait"])
        .arguments([PROCESSES.to_string(), messages.to_string()])
        .start();
    session.wait_for_line("parked");
    let dirty = session.dirty_pages_of_images();
    session.kill();
    dirty
}
