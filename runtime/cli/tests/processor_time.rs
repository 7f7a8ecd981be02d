//! Processor time as `ps` shows it, compared with the system's.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{outcome, warren};
use serde_json::Value;
use warren_tests::{Program, TIMEOUT};

/// A child that is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if the child has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the processor time of all threads of an OS process.
fn used(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // The name before may contain spaces.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum();
    // A hundred ticks a second, whatever the kernel counts in.
    Duration::from_millis(10 * ticks)
}

fn charged(dir: &Path) -> Vec<u64> {
    let ps = warren(dir, &["ps", "--json", "--control", "control"]);
    let listing: Value = serde_json::from_str(outcome(ps).ends_with(0).text()).unwrap();
    let processes = listing["processes"].as_array().unwrap();
    let times = processes.iter().map(|process| &process["cpu_ms"]);
    times.map(|time| time.as_u64().unwrap()).collect()
}

#[test]
fn processes_are_charged_what_they_use_beside_others_that_want_the_cores() {
    // Three processes compute as much as they get, and two of them yield often.
    let main = "
        for _ = 1, 2 do process.spawn('app:yields', 'app:processes') end
        while true do end";
    let yields = "while true do for _ = 1, 1000 do end time.sleep(0) end";
    let dir = Program::of(&[("main.lua", main), ("yields.lua", yields)]);
    let cores = thread::available_parallelism().unwrap().get();
    let busy = |_| {
        let mut busy = Command::new("sh");
        Running(busy.args(["-c", "while :; do :; done"]).spawn().unwrap())
    };
    let _busy: Vec<_> = (0..2 * cores).map(busy).collect();
    let mut command = warren(dir.path(), &["run", "--control", "control", "."]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(command.spawn().unwrap());
    let begun = Instant::now();
    let enough = Duration::from_secs(2);
    while used(running.0.id()) < enough {
        assert!(begun.elapsed() < TIMEOUT, "it gets no core");
        thread::sleep(Duration::from_millis(20));
    }
    let before = used(running.0.id()).as_millis();
    let times = charged(dir.path());
    let after = used(running.0.id()).as_millis();
    let charged = u128::from(times.iter().sum::<u64>());
    // Start, ticks and the answer belong to no process.
    let told = format!("{times:?} of {before} to {after} ms");
    assert!(charged >= before / 2, "{told}");
    assert!(charged <= after + after / 10, "{told}");
    assert_eq!(times.len(), 3, "{told}");
}
