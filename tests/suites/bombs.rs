//! Bombs in a program without a manifest, run as anybody would run it: the command keeps
//! to its memory, the machine keeps some, and a process beside the bomb answers.
//!
//! The catalogue of `tests/hostile` has more bombs, each in a host with limits of its own.

#![allow(clippy::expect_used, reason = "a test program")]

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::time::Duration;

use warren_tests::{Outcome, Warren, memory};

const MIB: u64 = 1 << 20;

/// Far longer than a bomb takes, which is up to four seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// Default `max_memory` of a process.
const MAX_MEMORY: u64 = 64 * MIB;

/// Bytes by which the command may grow beside what it charges processes for: its threads,
/// and pages that the allocator keeps.
const BESIDE: u64 = 32 * MIB;

/// Bytes that compiling the interpreter again takes, for more than 2,000 processes.
const COMPILING: u64 = 128 * MIB;

/// Bytes of a process of the fork bomb. It is charged 46 KiB, which its page tables are a
/// part of, and has started others before it waits.
const FORKED: u64 = 64 << 10;

/// Bytes of a process of the fork bomb that has waited for a second, and holds no mapping.
const PARKED: u64 = 8 << 10;

/// Default `max_processes` of a host.
const MAX_PROCESSES: u64 = 100_000;

/// Lets a bomb go off, and asserts that the command grows by no more than `most` bytes, that
/// the machine has memory left, and that another program runs to its end at the worst time.
#[track_caller]
fn bomb(name: &str, options: &[&str], most: u64) -> Outcome {
    let (typed, mut keyboard) = io::pipe().expect("a pipe");
    let mut session = Warren::run("tests/programs/bombs")
        .options(options)
        .arguments([name])
        .stdin(File::from(OwnedFd::from(typed)))
        .start()
        .within(PATIENCE);
    session.wait_for_line("ready");
    let before = session.own_memory();
    let watch = session.watch_memory();
    keyboard.write_all(b"\n").expect("it reads");
    session.wait_for_line("full");
    Warren::run("examples/hello.lua")
        .start()
        .within(PATIENCE)
        .end()
        .ends_with(0);
    let peak = watch.end();
    keyboard.write_all(b"\n").expect("it reads");
    let ended = session.end().ends_with(0);

    let grown = peak.own.saturating_sub(before);
    assert!(
        grown <= most,
        "{name}: the command grew by {} MiB, {} may be: {ended}",
        grown / MIB,
        most / MIB
    );
    // At half as much, the runtime would end processes.
    let left = (memory::total() / 16).clamp(32 * MIB, 1024 * MIB) / 2;
    assert!(
        peak.available >= left,
        "{name}: {} MiB of the machine's memory were left, {} have to be: {ended}",
        peak.available / MIB,
        left / MIB
    );
    println!("{name}: grew by {} MiB; {}", grown / MIB, ended.text());
    ended
}

#[test]
fn a_memory_bomb_takes_the_memory_of_one_process() {
    let ended = bomb("memory", &[], MAX_MEMORY + BESIDE);
    assert!(ended.text().contains("refused by not enough memory"));
}

#[test]
fn a_mailbox_bomb_takes_the_memory_of_one_process() {
    let ended = bomb("mailbox", &[], MAX_MEMORY + BESIDE);
    assert!(ended.text().contains("refused by max_memory\n"), "{ended}");
}

/// The machine bounds the number of processes that have an instance: six mappings for each.
/// Those that are parked meanwhile are bounded by their host.
#[test]
fn a_fork_bomb_takes_the_memory_of_all_processes_that_there_can_be() {
    let setting = fs::read_to_string("/proc/sys/vm/max_map_count").expect("this is Linux");
    let mappings: u64 = setting.trim().parse().expect("it is a number");
    let processes = (mappings / 6).min(MAX_PROCESSES);
    let parked = (MAX_PROCESSES - processes) * PARKED;
    let ended = bomb(
        "fork",
        &[],
        processes * FORKED + parked + BESIDE + COMPILING,
    );
    let limit = ended
        .text()
        .lines()
        .find_map(|line| line.strip_prefix("refused by "));
    let limits = [
        "vm.max_map_count",
        "max_processes",
        "max_memory_total",
        "runtime.max_memory_total",
        "machine.memory",
    ];
    assert!(
        limit.is_some_and(|limit| limits.contains(&limit)),
        "{ended}"
    );
}

/// Together the bombs would take 2 GiB.
#[test]
fn a_crowd_of_bombs_takes_the_memory_of_all_processes() {
    let options = ["--max-memory-total", "512MiB"];
    bomb("crowd", &options, 512 * MIB + BESIDE);
}
