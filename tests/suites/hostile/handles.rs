//! Attacks by components that hold thousands of handles to one thing.

use std::process::Command;

use warren_tests::{Program, TIMEOUT};

use crate::scene::Scene;

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "handles/of_an_unread_stream",
        tries: "to have 64 KiB kept for each of 4,000 handles to a standard stream that nobody \
                reads, each of which was permitted to write",
        end: "the process's one line has a bound, and the command stays small",
        run: of_an_unread_stream,
    },
    Scene {
        name: "handles/of_a_file",
        tries: "to have 64 KiB read ahead for each of 4,000 streams of one file",
        end: "most streams are refused, and the command stays small",
        run: of_a_file,
    },
];

/// Bytes that the command may occupy at its largest. The queue of a stream takes 16 MiB
/// of them, and 4,000 times 64 KiB are 250 MiB.
const MOST: u64 = 160 << 20;

const WRITES: &str = include_str!("components/writes.wat");
const READS: &str = include_str!("components/reads.wat");

fn of_an_unread_stream() {
    let program = Program::of(&[("main.wat", WRITES)]);
    let pipe = program.path().join("unread");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    let mut session = program
        .command()
        .unread_stderr(&pipe)
        .start()
        .within(TIMEOUT);
    session.wait_for_line("all written");
    let largest = session.largest_resident();
    session.kill();
    assert!(largest <= MOST, "it grew to {} MiB", largest >> 20);
}

fn of_a_file() {
    let program = Program::of(&[("main.wat", READS), ("shared/inside", "")]);
    let mut session = program
        .command()
        .current_dir(program.path())
        .options(["--write", "shared"])
        .start()
        .within(TIMEOUT);
    session.wait_for_line("all asked for");
    // The threads of the disk go on reading.
    let mut before = 0;
    loop {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let largest = session.largest_resident();
        assert!(largest <= MOST, "it grew to {} MiB", largest >> 20);
        if largest == before {
            break;
        }
        before = largest;
    }
    session.kill();
}
