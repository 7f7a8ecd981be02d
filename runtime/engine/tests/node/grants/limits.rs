//! Limits of operands, open files and bytes on disk.

use std::fs;
use std::sync::Arc;

use super::place::Place;
use super::preview1::*;
use super::script::{BUFFER, COUNT, STAT, Script, VECTOR};
use super::{run, run_alone, world};
use crate::support::small_host;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lengths_of_operands_are_bounded() {
    let place = Place::new();
    fs::write(place.root.join("data/large"), vec![7; 3 << 20]).unwrap();
    let mut script = Script::new();
    let large = [BUFFER.to_le_bytes(), (2_u32 << 20).to_le_bytes()].concat();
    script.put(600, &large);
    script.call("random_get", &[BUFFER.into(), 3 << 20]);
    script.call("random_get", &[BUFFER.into(), 1 << 16]);
    script.call(
        "poll_oneoff",
        &[BUFFER.into(), BUFFER.into(), 0, COUNT.into()],
    );
    script.call(
        "poll_oneoff",
        &[BUFFER.into(), BUFFER.into(), 1_025, COUNT.into()],
    );
    script.call("path_create_directory", &[3, BUFFER.into(), 1 << 20]);
    script.open(3, "large", 0, READ, 0);
    // A vector of 2 MiB.
    script.call("fd_read", &[-1, 600, 1, COUNT.into()]);
    script.call("fd_tell", &[-1, STAT.into()]);
    script.call("fd_pread", &[-1, 600, 1, 0, COUNT.into()]);
    // Before the beginning, and beyond the largest position.
    script.call("fd_seek", &[-1, -1, 0, STAT.into()]);
    script.call("fd_seek", &[-1, i64::MAX, 2, STAT.into()]);
    script.call("fd_pread", &[0, VECTOR.into(), 1, 0, COUNT.into()]);
    script.call("fd_pwrite", &[1, VECTOR.into(), 1, 0, COUNT.into()]);
    let results = run_alone(&script, place.grants(&[("data", false)])).await;
    assert_eq!(
        results,
        [
            0,
            0,
            INVAL,
            INVAL,
            NAMETOOLONG,
            0,
            0,
            0,
            0,
            INVAL,
            INVAL,
            SPIPE,
            SPIPE
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_files_have_a_limit() {
    let place = Place::new();
    let world = world(small_host().max_files(3).max_files_total(4));
    let mut script = Script::new();
    for slot in 0..4 {
        script.open(3, "a.txt", 0, READ, slot);
    }
    script.call("fd_close", &[-1]);
    script.open(3, ".", DIRECTORY, READ, 0);
    script.open(3, "a.txt", 0, READ, 5);
    // A failed call does not use up a descriptor.
    script.call("fd_close", &[-1]);
    script.open(3, "none", 0, READ, 5);
    script.open(3, "a.txt", 0, READ, 0);
    let expected = [0, 0, 0, MFILE, 0, 0, MFILE, 0, NOENT, 0];
    for _ in 0..3 {
        // The files of the process before are given back soon after its end.
        loop {
            let results = run(&world, &script, place.grants(&[("data", false)])).await;
            if results == expected {
                break;
            }
            assert!(results.contains(&MFILE), "{results:?}");
        }
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_on_disk_have_a_limit() {
    let place = Place::new();
    let world = world(small_host().max_disk(20_000));
    let mut script = Script::new();
    let [a, w, made] = ["a", "w.txt", "made"].map(|name| script.text(name));
    // 4,096 bytes for the file, and its length.
    script.open(3, "a", CREATE, READ | WRITE, 0);
    script.call("fd_filestat_set_size", &[-1, 15_000]);
    script.call("fd_filestat_set_size", &[-1, 16_000]);
    script.call("fd_pwrite", &[-1, VECTOR.into(), 1, 100_000, COUNT.into()]);
    script.call("fd_pwrite", &[-1, VECTOR.into(), 1, 0, COUNT.into()]);
    script.call("path_create_directory", &[3, made[0], made[1]]);
    script.call("path_symlink", &[a[0], a[1], 3, made[0], made[1]]);
    script.open(3, "b", CREATE, WRITE, 1);
    // Overwriting existing bytes is free.
    script.open(3, "w.txt", 0, WRITE, 1);
    script.call("fd_write", &[-2, VECTOR.into(), 1, COUNT.into()]);
    script.call("path_unlink_file", &[3, a[0], a[1]]);
    // The removed file is still open, and counts.
    script.call("path_create_directory", &[3, made[0], made[1]]);
    script.call("fd_close", &[-1]);
    script.call("path_create_directory", &[3, made[0], made[1]]);
    script.call("path_remove_directory", &[3, made[0], made[1]]);
    script.call("path_unlink_file", &[3, w[0], w[1]]);
    let results = run(&world, &script, place.grants(&[("work", true)])).await;
    assert_eq!(
        results,
        [
            0, 0, DQUOT, DQUOT, 0, DQUOT, DQUOT, DQUOT, 0, 0, 0, DQUOT, 0, 0, 0, 0
        ]
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_process_gives_back_its_open_files() {
    let place = Place::new();
    let mut world = world(small_host().max_files(2).max_files_total(2));
    let mut script = Script::new();
    script.open(3, "a.txt", 0, READ, 0);
    script.open(3, "a.txt", 0, READ, 1);
    script.put(BUFFER, b"both are opened\n");
    script.call("fd_write", &[1, VECTOR.into(), 1, COUNT.into()]);
    let endless = script
        .wat()
        .replace("(call $finish", "(loop $again (br $again)) (call $finish");
    world.define_with("t:holder", &endless, place.grants(&[("data", false)]));
    let holder = world.start("t:holder").await;
    let mut another = Script::new();
    another.open(3, "a.txt", 0, READ, 0);
    let reader = Arc::new(place.grants(&[("data", false)]));
    world.expect_line("both are opened").await;
    assert_eq!(run(&world, &another, (*reader).clone()).await, [MFILE]);
    world.terminate(&holder);
    loop {
        if run(&world, &another, (*reader).clone()).await == [0] {
            break;
        }
    }
    world.close().await;
}
